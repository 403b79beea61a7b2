"""Collect the texts that people read, keep the catalogues of the other languages up to date, and compile them.

`python resources/translate.py` goes through `lrp_gui` and `lrp_engine`, brings `lrp_gui/languages/*.po` up to date
(what is new stands there without a translation, what is gone goes) and compiles each into the `.mo` that the program
reads. `--check` changes nothing and says what is missing.

In the window a text is a literal argument of `tr`, `trn` or `mark`, of `counted`, or of one of the rows in `ROWS`. The
engine knows no window: its sentences are found by where they stand (`engine_texts`), and recognised again by their
shape (`lrp_gui.languages.engine`).
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "lrp_gui" / "languages"
CALLS = ("tr", "mark")
# Rows of tables whose texts need no mark: the places and names of the arguments that people read.
ROWS: dict[str, tuple[int | str, ...]] = {
    "ActionRow": (1, 2, 3, "text", "tip", "menu", "brief"),
    "Example": (1, 2, "title", "about"),
}
ENGINE = "engine"  # the context of texts that are found in the engine
Text = str | tuple[str, str]
# What in the engine is no sentence: programs' messages, and what is written into files.
NOT_READ = ("cli.py", "inspection.py", "report.py")
TOO_PLAIN = re.compile(r"^\W*(\{\w+\}\W*)*$")


@cache
def window_texts() -> dict[Text, list[str]]:
    """Every text of the window, and every noun that the engine counts -> the files in which it stands."""
    found: dict[Text, list[str]] = {}
    for path in sorted([*(ROOT / "lrp_gui").rglob("*.py"), *(ROOT / "lrp_engine").rglob("*.py")]):
        place = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for text in _in_module(tree) if place.startswith("lrp_gui") else _nouns(tree):
            places = found.setdefault(text, [])
            if place not in places:
                places.append(place)
    return found


def _nouns(tree: ast.AST) -> Iterator[Text]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == "counted" and len(node.args) == 2:
            noun = literal(node.args[1])
            if noun:
                yield f"{{n}} {noun}", f"{{n}} {noun}s"


def _in_module(tree: ast.AST) -> Iterator[Text]:
    yield from _nouns(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        if name == "trn" and len(node.args) >= 2:
            one, many = (literal(argument) for argument in node.args[:2])
            if one and many:
                yield one, many
        elif name in CALLS and node.args:
            yield from literals(node.args[0])
        elif name in ROWS:
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            given = dict(enumerate(_flat(node.args))) | named
            yield from (text for key in ROWS[name] if key in given and (text := literal(given[key])))


def _flat(arguments: list[ast.expr]) -> Iterator[ast.expr]:
    for argument in arguments:
        if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple):
            yield from _flat(argument.value.elts)
        else:
            yield argument


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    function = node.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def literal(node: ast.expr) -> str:
    """A text that stands there as it is, "" where there is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be: itself, or either of `a if … else b`."""
    if isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif text := literal(node):
        yield text


# ---------------------------------------------------------------------------------------------------------- the engine


@cache
def engine_texts() -> dict[str, list[str]]:
    """Every sentence of the engine, with {placeholders} for what is filled in -> the files in which it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "lrp_engine").rglob("*.py")):
        if path.name in NOT_READ:
            continue
        place = path.relative_to(ROOT).as_posix()
        for text in _sentences(ast.parse(path.read_text(encoding="utf-8"))):
            places = found.setdefault(text, [])
            if place not in places:
                places.append(place)
    return found | {word: ["lrp_engine"] for word in _SINGLE}


# Words that the engine puts into its sentences; other single words are names.
# A composite that was edited is called so.
_SINGLE = (
    "{name}, edited",
    "are",
    "column",
    "columns",
    "first",
    "fits",
    "has",
    "have",
    "is",
    "numbers",
    "second",
    "texts",
    "tokens",
)
# Callables whose texts no person in front of the window reads: faults of a program's author, keys, patterns.
_SILENT = {
    *("ValueError", "TypeError", "AttributeError", "AssertionError", "KeyError", "RuntimeError", "ImportError"),
    *("compile", "warning", "debug", "getLogger", "startswith", "endswith", "removeprefix", "removesuffix", "split"),
    *(
        "partition",
        "rpartition",
        "replace",
        "join",
        "sub",
        "get",
        "NotStorable",
        "TooManyError",
        "TypeVar",
        "setdefault",
    ),
}
_WORDS = re.compile(r"[A-Za-z]{2,}[,;:”)]* [“(]?[A-Za-z]{2,}|[a-z]{3,}[,:;]? \{|\} [a-z]{3,}")
# Lists of names that are split, types, log lines, rows of a table in Markdown.
_NO_SENTENCE = re.compile(r"%[sd]|^\| |^(tuple|Network)[\[(]|^lrp |^\S*[A-Z]\w+( \S*[A-Z]\S+)+$|Dropout |\(\.\*")


def _sentences(tree: ast.Module) -> Iterator[str]:
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in _SILENT:
            silent.update(inner for argument in node.args for inner in ast.walk(argument))
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            silent.update(ast.walk(node.body[0]))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(node.value)
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            silent.update(ast.walk(node.annotation))
        elif isinstance(node, ast.JoinedStr):
            silent.update(part for part in node.values if isinstance(part, ast.Constant))
    for node in ast.walk(tree):
        if node in silent:
            continue
        text = template(node) if isinstance(node, ast.JoinedStr) else ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.replace("{}", "{value}")
        if _WORDS.search(text) and not TOO_PLAIN.match(text) and not _NO_SENTENCE.search(text):
            yield text


def template(node: ast.JoinedStr) -> str:
    """An f-string with names for what is filled in: "{name} holds {count} tensors"."""
    text, names = "", dict[str, str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            source = ast.unparse(part.value)
            words = [word for word in re.findall(r"[A-Za-z]\w*", source) if word not in _NO_NAMES]
            name = (words[-1] if words else "value").lower()
            free = next(
                one for one in (name, *(f"{name}{n}" for n in range(2, 99))) if names.get(one, source) == source
            )
            names[free] = source
            text += f"{{{free}}}"
    return text


_NO_NAMES = {"self", "len", "str", "int", "join", "name", "map", "for", "in", "if", "else", "and", "or", "not", "is"}

# ------------------------------------------------------------------------------------------------------- the catalogues


def texts() -> dict[Text, tuple[list[str], bool]]:
    """Every text -> the files in which it stands, and whether the engine says it."""
    window = window_texts()
    known = {form for text in window for form in ((text,) if isinstance(text, str) else text)}
    found: dict[Text, tuple[list[str], bool]] = {text: (places, False) for text, places in window.items()}
    found |= {text: (places, True) for text, places in engine_texts().items() if text not in known}
    return found


def catalogue(language: str) -> Catalog:
    """A language's catalogue as it stands."""
    with (FOLDER / f"{language}.po").open("rb") as stream:
        return read_po(stream, locale=language)


def updated(old: Catalog, language: str) -> Catalog:
    """The catalogue for the texts of today, with the translations that are known."""
    new = Catalog(locale=language, header_comment=old.header_comment, fuzzy=False)
    new.mime_headers = old.mime_headers
    for text, (places, engine) in sorted(texts().items(), key=lambda one: (one[1][1], one[1][0][0], str(one[0]))):
        context = ENGINE if engine else None
        known = old.get(text[0] if isinstance(text, tuple) else text, context)
        translation = known.string if known is not None else ""
        if isinstance(text, tuple) != isinstance(translation, tuple):
            translation = ("", "") if isinstance(text, tuple) else ""
        new.add(text, translation, [(place, None) for place in places], context=context)
    return new


def compiled(given: Catalog) -> bytes:
    """The `.mo` of a catalogue."""
    stream = io.BytesIO()
    write_mo(stream, given)
    return stream.getvalue()


def written(given: Catalog) -> bytes:
    """The `.po` of a catalogue."""
    stream = io.BytesIO()
    write_po(stream, given, width=116, sort_output=False, omit_header=False, include_lineno=False)
    return stream.getvalue()


def fields(text: str) -> list[str]:
    """The placeholders of a text with their formats, sorted; of one that is no template, none."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError:
        return []
    return sorted(f"{name}!{conversion}:{spec}" for _text, name, spec, conversion in parsed if name is not None)


def problems(language: str) -> list[str]:
    """What is the matter with a catalogue, a sentence each; nothing when it is complete and compiled."""
    known, found = catalogue(language), texts()
    said = [f"{one.id!r} is marked fuzzy" for one in known if one.fuzzy and one.id]
    said += [f"{one!r} is obsolete" for one in known.obsolete]
    ids = {one.id for one in known if one.id}
    said += [f"{one!r} is said nowhere any more" for one in ids if one not in found]
    for text, (_places, engine) in found.items():
        message = known.get(text[0] if isinstance(text, tuple) else text, ENGINE if engine else None)
        said += [f"{text!r} has no translation"] if message is None or not _complete(message) else _differing(message)
    if not said and (FOLDER / f"{language}.mo").read_bytes() != compiled(known):
        said.append(f"{language}.mo is not compiled from {language}.po: run python resources/translate.py")
    return said


def _complete(message: Message) -> bool:
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(forms)


def _differing(message: Message) -> list[str]:
    many = isinstance(message.id, tuple | list)
    pairs = list(zip(message.id, message.string, strict=False)) if many else [(message.id, message.string)]
    said = [
        f"{ours!r} has other placeholders than {theirs!r}" for theirs, ours in pairs if fields(ours) != fields(theirs)
    ]
    edges = [(theirs, ours) for theirs, ours in pairs if _edges(theirs) != _edges(ours)]
    return said + [f"{ours!r} begins or ends with other spaces than {theirs!r}" for theirs, ours in edges]


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def main() -> int:
    """Update and compile, or check."""
    bad = 0
    for path in sorted(FOLDER.glob("*.po")):
        language = path.stem
        if "--check" not in sys.argv:
            new = updated(catalogue(language), language)
            path.write_bytes(written(new))
            path.with_suffix(".mo").write_bytes(compiled(catalogue(language)))
        said = problems(language)
        bad += len(said)
        print(*said[:40], f"{language}: {len(said)} problems" if said else f"{language}: complete", sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
