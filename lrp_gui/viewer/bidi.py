"""Names that are read from right to left beside numbers, which are not: each part keeps its place and its sign."""

from __future__ import annotations

from unicodedata import bidirectional

LEFT_TO_RIGHT, ISOLATE, END = "\u200e", "\u2068", "\u2069"


def joined(*parts: str, gap: str = " ") -> str:
    """The parts from left to right with a gap between them; a minus stays before its number whatever stands beside."""
    parts = tuple(filter(None, parts))
    if not any(bidirectional(letter) in ("R", "AL") for part in parts for letter in part):
        return gap.join(parts)
    return LEFT_TO_RIGHT + gap.join(f"{ISOLATE}{part}{END}" for part in parts)
