"""The language of the window's texts: English in the code, others from a catalogue."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

AVAILABLE = {"en": "English"}


def tr(text: str) -> str:
    """Give `text` in the window's language; placeholders like {name} are filled in afterwards."""
    return QCoreApplication.translate("", text)


def trn(one: str, many: str, n: int) -> str:
    """Give the form of a text that goes with the number `n`, with {n} filled in."""
    return tr(one if n == 1 else many).format(n=f"{n:,}")


def mark(text: str) -> str:
    """Mark a text of a table at module level; `tr` translates it where it is shown."""
    return text
