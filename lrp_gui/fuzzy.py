"""How well typed letters fit a text: in one piece, at the beginning of words, or at least in their order."""

from __future__ import annotations

from dataclasses import dataclass

# What counts, in favour of a text.
_WHOLE, _WORD, _NEXT = 60, 12, 8
_SEPARATORS = " ._-/:→"


@dataclass(frozen=True, slots=True)
class Match:
    """How good a match is, the larger the better, and which letters of the text were meant."""

    score: float
    places: tuple[int, ...]


def match(typed: str, text: str) -> Match | None:
    """Find the typed letters in a text, case aside; several words may stand anywhere. None if they are not there."""
    low = text.lower()
    score, places = 0.0, set[int]()
    for word in typed.lower().split():
        found = _one(word, low)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
    return Match(score - 0.1 * len(text), tuple(sorted(places)))


def _one(word: str, text: str) -> Match | None:
    starts = [at for at in range(len(text)) if text.startswith(word, at)] if word in text else []
    if starts:
        at = next((at for at in starts if _begins(text, at)), starts[0])
        return Match(_WHOLE + (_WORD if _begins(text, at) else 0) * len(word), tuple(range(at, at + len(word))))
    places: list[int] = []
    score, at = 0.0, 0
    for letter in word:
        place = _next(letter, text, at)
        if place < 0:
            return None
        score += _WORD if _begins(text, place) else _NEXT if places and place == places[-1] + 1 else 0
        places.append(place)
        at = place + 1
    # Letters that are scattered over words that nobody meant are no match.
    return Match(score, tuple(places)) if score >= _NEXT * (len(word) - 1) else None


def _next(letter: str, text: str, start: int) -> int:
    """The next place of a letter: right here, else at the beginning of a word, else anywhere."""
    if start < len(text) and text[start] == letter:
        return start
    at = text.find(letter, start)
    while at >= 0 and not _begins(text, at):
        at = text.find(letter, at + 1)
    return at if at >= 0 else text.find(letter, start)


def _begins(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in _SEPARATORS
