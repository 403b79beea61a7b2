"""What a person typed into a cell, as a number."""

from __future__ import annotations

import math
import re

MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "?", "-", "–", "."})

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?inf(inity)?|[+-]?∞", re.IGNORECASE)
# 3,14 and 1.234,56 and ,5: only the comma may stand before the decimals
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def number(text: str, *, decimal_comma: bool = False) -> tuple[float, str]:
    """Read a cell.

    Parameters
    ----------
    text : str
        What stands in it. Spaces around it do not matter, and the typographic minus is one.
    decimal_comma : bool
        Whether the table writes 3,14.

    Returns
    -------
    value : float
        NaN where the text is no number.
    reason : str
        Empty if the value can be used, else why not: “missing”, “not a number”, “infinite”, “too large”.
    """
    text = text.strip().replace("−", "-")
    if text.casefold() in MISSING:
        return math.nan, "missing"
    if decimal_comma and writes_decimal_comma(text):
        text = text.replace(".", "").replace(",", ".")
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value, "too large" if math.isinf(value) else ""
    if _INFINITE.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf, "infinite"
    return math.nan, "not a number"


def writes_decimal_comma(text: str) -> bool:
    """Whether this is a number with a comma before its decimals."""
    return _DECIMAL_COMMA.fullmatch(text.strip().replace("−", "-")) is not None


def writes_decimal_point(text: str) -> bool:
    """Whether this is a number with a point before its decimals."""
    text = text.strip()
    return "." in text and _NUMBER.fullmatch(text) is not None
