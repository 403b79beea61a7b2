"""A catalogue of texts: looked up as they are, and the engine's sentences by their shape."""

from __future__ import annotations

import re
import string
from functools import lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from typing import Any

from lrp_gui.languages import capital, mark, thousands

# The context of the engine's sentences, and what stands between a context and its text in a `.mo`.
ENGINE = "engine\x04"
DEEPEST = 4  # sentences in sentences
_FIELD = re.compile(r"\{(\w+)\}")
_VERBS = "is|are|has|have"
OF = mark("{some} of {all}")  # “2 of 32 units”, “2 of the 10 columns”
_SOME = re.compile(r"([\d,]+) of ([\d,]+ [a-z ]+)")
_PART = re.compile(r"[\d,]+ of [\d,]+ [a-z]+|its softmax")
# Gaps that would begin or end in the wrong place if they could hold anything.
_GAPS = {**dict.fromkeys(("are", "be", "has", "have", "is"), _VERBS), "of": _PART.pattern}
_SHARED = ("fits",)  # single words that the window says as well
_AND = mark(" and ")
_BOTH = re.compile(r"([\d,]+ \w+|\S+) and ([\d,]+ \w+|\S+)")
_COUNTED = re.compile(r"([\d,]+) ([a-z ]+?)s?")
_ENDING = re.compile(r"(?<=[a-z])\{(\w+)\}")


def read(language: str) -> Catalogue:
    """The catalogue that comes with the program."""
    with (files("lrp_gui.languages") / f"{language}.mo").open("rb") as stream:
        return Catalogue(stream)


class Catalogue(GNUTranslations):
    """One language's texts.

    The engine fills its sentences in before anybody can translate them: “{name} holds {count} tensors” arrives as
    “net.pth holds 3 tensors”. Such a sentence is compared with all shapes, those with the most letters first; what
    stands in the gaps may be a sentence of the engine again.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.sentence = lru_cache(maxsize=4096)(self._sentence)
        self._shapes: list[tuple[re.Pattern[str], str]] | None = None

    def _sentence(self, text: str) -> str:
        return self._said(text, 0) or self._parts(text) or self._both(text, 0) or text

    def _said(self, text: str, depth: int) -> str:
        """A text in this language, "" where it is not known."""
        for form, mend in _forms(text):
            plain = self._known(form) or self._counted(form) or self._some(form) or self._shaped(form, depth)
            if plain:
                return mend(plain)
        return ""

    def _known(self, text: str) -> str:
        for key in (ENGINE + text, text):
            found = self.gettext(key)
            if found != key:
                return found
        return ""

    def _shaped(self, text: str, depth: int) -> str:
        for shape, key in self._all_shapes():
            found = shape.fullmatch(text)
            if found is not None:
                gaps = {name: self._gap(value, depth) for name, value in found.groupdict().items()}
                gaps |= {name: "" for name in _ENDING.findall(key) if gaps[name] == "s"}  # English makes its plural so
                return string.Formatter().vformat(self._known(key), (), gaps)
        return ""

    def _gap(self, text: str, depth: int) -> str:
        if " " not in text.strip():
            key = text if text in _SHARED else ENGINE + text  # names stay, whatever they mean elsewhere
            word = self.gettext(key)
            return text if word == key else word
        if depth >= DEEPEST:
            return text
        return self._said(text, depth + 1) or self._parts(text, depth + 1) or self._both(text, depth + 1) or text

    def _both(self, text: str, depth: int) -> str:
        """Two things: “1 NaN and 1 infinite”, “fc1.weight and fc2.weight”; not what stands in quotes."""
        found = _BOTH.fullmatch(text)
        return f"{self._gap(found[1], depth)}{self.gettext(_AND)}{self._gap(found[2], depth)}" if found else ""

    def _counted(self, text: str) -> str:
        """A number of things, which the window counts as well: “3 tensors”."""
        found = _COUNTED.fullmatch(text)
        if found is None:
            return ""
        number, one = found[1], f"{{n}} {found[2]}"
        form = self.ngettext(one, f"{one}s", 1 if number == "1" else 2)
        return "" if form in {one, f"{one}s"} else form.replace("{n}", thousands(int(number.replace(",", ""))))

    def _some(self, text: str) -> str:
        """Some of a number of things: “2 of 32 units”."""
        found = _SOME.fullmatch(text)
        every = self._counted(found[2]) if found is not None else ""
        return self.gettext(OF).format(some=found[1], all=every) if found is not None and every else ""

    def _parts(self, text: str, depth: int = 0) -> str:
        """Sentences that stand one after the other, each on its own; "" where none is known."""
        parts = re.split(r"(?<=[.!?:;]) ", text)
        if depth and len(parts) == 1:
            return ""
        said = [self._said(part, depth) for part in parts]
        return " ".join(new or old for new, old in zip(said, parts, strict=True)) if any(said) else ""

    def _all_shapes(self) -> list[tuple[re.Pattern[str], str]]:
        if self._shapes is None:
            keys = [key.removeprefix(ENGINE) for key in self._texts() if key.startswith(ENGINE) and "{" in key]
            keys.sort(key=lambda key: -len(_FIELD.sub("", key)))
            self._shapes = [(_shape(key), key) for key in keys]
        return self._shapes

    def _texts(self) -> list[str]:
        return [key for key in self._catalog if isinstance(key, str)]  # type: ignore[attr-defined]


def _shape(text: str) -> re.Pattern[str]:
    """What a template looks like once it is filled in."""
    shape, seen = "", set[str]()
    for before, name, _spec, _conversion in string.Formatter().parse(text):
        shape += re.escape(before)
        if name is not None:
            gap = _GAPS.get(name, ".*?")
            shape += f"(?P={name})" if name in seen else f"(?P<{name}>{gap})"
            seen.add(name)
    return re.compile(shape, re.DOTALL)


def _forms(text: str) -> list[tuple[str, Any]]:
    """A text as it may stand in the catalogue, and what makes its translation look as the text did."""
    forms: list[tuple[str, Any]] = [(text, str)]
    if text.endswith(".") and not text.endswith(".."):
        forms.append((text[:-1], lambda said: said if said.endswith((".", "!", "?")) else f"{said}."))
    elif text.endswith(":"):
        forms.append((text[:-1], lambda said: f"{said}:"))
    elif text[-1:].isalnum():
        forms.append((f"{text}.", lambda said: said.removesuffix(".")))
    if text[:1].isupper():
        forms += [(form[:1].lower() + form[1:], _capital(mend)) for form, mend in list(forms) if form[:1] == text[:1]]
    return forms


def _capital(mend: Any) -> Any:
    return lambda said: capital(mend(said))
