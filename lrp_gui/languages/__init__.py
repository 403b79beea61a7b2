"""The language of the window's texts: English in the code, others from a catalogue beside this module.

`self.tr` of Qt's objects, and `tr`, `trn` and `mark` of this module, all look into the same catalogue, which is read
when a language other than English is taken. `resources/translate.py` collects the texts and compiles the catalogue.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrp_gui.languages.catalogue import Catalogue

SOURCE = "en"
AVAILABLE = {"en": "English", "de": "Deutsch"}
# Between thousands. German has a narrow space there: a point would read like the decimal one of the tables.
_SEPARATORS = {"de": "\u202f"}

_language = SOURCE
_catalogue: Catalogue | None = None


def use(name: str) -> str:
    """Take the language for every text from now on; "system" is the one that the desktop is set to.

    Returns
    -------
    The language taken, one of `AVAILABLE`. What is shown already stays as it is.
    """
    global _language, _catalogue  # noqa: PLW0603 - a program speaks one language at a time
    chosen = name if name in AVAILABLE else system_language()
    if chosen != _language:
        _catalogue = _read(chosen) if chosen != SOURCE else None
        _language = chosen
    return chosen


def current() -> str:
    """The language of the texts, one of `AVAILABLE`."""
    return _language


def system_language() -> str:
    """The desktop's language where we speak it, otherwise English."""
    names = [os.environ.get(name, "") for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    named = next((name for name in names if name), "")
    if not named:
        import locale  # the way to the first paint has no time for it

        named = locale.getlocale()[0] or ""
    code = named.partition(":")[0].partition("_")[0].partition(".")[0].lower()
    code = {"german": "de", "english": "en"}.get(code, code)  # as Windows writes them
    return code if code in AVAILABLE else SOURCE


def tr(text: str) -> str:
    """Give `text` in the window's language; placeholders like {name} are filled in afterwards."""
    return text if _catalogue is None or not text else _catalogue.gettext(text)


def trn(one: str, many: str, n: int) -> str:
    """Give the form of a text that goes with the number `n`, with {n} filled in; other placeholders stay."""
    form = (one if n == 1 else many) if _catalogue is None else _catalogue.ngettext(one, many, n)
    return form.replace("{n}", thousands(n))


def mark(text: str) -> str:
    """Mark a text of a table at module level; `tr` translates it where it is shown."""
    return text


def thousands(value: int) -> str:
    """Write a whole number with its thousands apart, as the language does."""
    text = f"{value:,}"
    return text.replace(",", _SEPARATORS[_language]) if _language in _SEPARATORS else text


def capital(text: str) -> str:
    """Write a text as at the beginning of a sentence; German nouns in it keep theirs."""
    return text[:1].upper() + text[1:]


def engine(sentence: str) -> str:
    """Give a sentence of the engine, which speaks English only, in the window's language; one not known stays."""
    return sentence if _catalogue is None or not sentence else _catalogue.sentence(sentence)


def _read(language: str) -> Catalogue:
    from lrp_gui.languages.catalogue import read

    return read(language)
