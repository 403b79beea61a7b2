"""The language of the search box: words, /patterns/, `shape:3x3`, `dtype:`, `op:`, `role:`, `rule:` and `>1M`.

All of what is typed has to hold. Nothing here draws.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRegularExpression

from lrp_gui.browser.slices import STRIDE, Sliced
from lrp_gui.languages import mark, tr

HELP = (
    ("conv", mark("the name contains it")),
    ("/^features.*bias$/", mark("the name fits the pattern")),
    ("shape:3x3", mark("these sizes next to each other; * stands for any")),
    ("op:conv", mark("operation or kind")),
    ("dtype:float16", mark("type of the numbers")),
    ("role:buffer", mark("what a tensor is for")),
    ("rule:epsilon", mark("rule of the layer")),
    (">1M", mark("more than a million numbers; also <10k, >=2MiB")),
)
# A pattern may try so many ways on one name, and all names together may take so long.
MOST_WAYS, MOST_SECONDS = 20_000, 1.0
SLOW_SECONDS = 0.003
_PARTS = re.compile(r"(?:(?<=\s)|^)/(?P<pattern>.+?)/(?=\s|$)|(?P<word>\S+)")
_AMOUNT = re.compile(r"(?P<sign>[<>]=?)(?P<number>\d+(?:[.,]\d+)?)(?P<unit>[kmgt]?)(?P<bytes>i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
}


class NotUnderstood(ValueError):
    """What is typed makes no search; the text says why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What one row offers to be found by. Words are in lower case, but for the name."""

    name: str
    shape: tuple[int, ...] = ()
    operation: str = ""
    dtype: str = ""
    role: str = ""
    rule: str = ""
    numbers: int = 0  # parameters of a layer, elements of a tensor
    nbytes: int = 0


Test = Callable[[Subject], bool]


def conditions_of(text: str) -> tuple[Test, ...]:
    """Translate what is typed into the tests that all have to hold; none for an empty text.

    Raises
    ------
    NotUnderstood
        If a pattern, a shape or a number is none; half of a word that is still being typed is no error.
    """
    return tuple(_test_of(part) for part in _PARTS.finditer(text))


def matching_steps(tests: tuple[Test, ...], subjects: Sequence[tuple[int, Subject]]) -> Sliced[list[int]]:
    """The numbers of the subjects for which all tests hold, in slices.

    Raises
    ------
    NotUnderstood
        If a pattern takes so long that nobody would wait for it.
    """
    spent, found = 0.0, []
    began = time.perf_counter()
    for count, (number, subject) in enumerate(subjects):
        if all(test(subject) for test in tests):
            found.append(number)
        # A pattern that is slow on one name is slow on the next as well.
        if not count % STRIDE or (not count % 8 and time.perf_counter() - began > SLOW_SECONDS):
            spent += time.perf_counter() - began
            if spent > MOST_SECONDS:
                raise NotUnderstood(tr("This search takes too long; a simpler pattern finds it sooner."))
            yield
            began = time.perf_counter()
    return found


def _test_of(part: re.Match[str]) -> Test:
    if part["pattern"] is not None:
        return _pattern(part["pattern"])
    word = part["word"]
    key, colon, value = word.partition(":")
    if colon and key.lower() in _KEYS:
        return _KEYS[key.lower()](value)
    if word[0] in "<>":
        return _amount(word)
    wanted = word.lower()
    return lambda subject: wanted in subject.name.lower()


def _pattern(pattern: str) -> Test:
    plain = QRegularExpression(pattern)
    if not plain.isValid():
        where = plain.patternErrorOffset()
        raise NotUnderstood(
            tr("/{pattern}/ is no pattern: {errorstring}, at character {where}.").format(
                pattern=pattern, errorstring=plain.errorString(), where=where + 1
            )
        )
    insensitive = QRegularExpression.PatternOption.CaseInsensitiveOption
    # A pattern that tries without end finds nothing there, instead of holding the window.
    bounded = QRegularExpression(f"(*LIMIT_MATCH={MOST_WAYS}){pattern}", insensitive)
    return lambda subject: bounded.match(subject.name).hasMatch()


def _shape(value: str) -> Test:
    parts = [part for part in re.split(r"[x×,]", value.lower()) if part]
    if not all(part.isdecimal() or part == "*" for part in parts):
        raise NotUnderstood(tr("“{value}” is no shape; write it like 64x3x3, with * for any size.").format(value=value))
    wanted = [None if part == "*" else int(part) for part in parts]
    length = len(wanted)

    def holds(subject: Subject) -> bool:
        shape = subject.shape
        return any(
            all(size is None or size == shape[first + n] for n, size in enumerate(wanted))
            for first in range(len(shape) - length + 1)
        )

    return holds


def _amount(word: str) -> Test:
    if word in _COMPARED:
        return lambda _subject: True  # the number is still to come
    found = _AMOUNT.fullmatch(word)
    if found is None:
        raise NotUnderstood(tr("“{word}” is no amount; write it like >1M, <10k or >=2MiB.").format(word=word))
    compare = _COMPARED[found["sign"]]
    binary = (found["bytes"] or "").lower() == "ib"
    limit = float(found["number"].replace(",", ".")) * (1024 if binary else 1000) ** _POWERS[found["unit"].lower()]
    if found["bytes"]:
        return lambda subject: compare(subject.nbytes, limit)
    return lambda subject: compare(subject.numbers, limit)


def _within(attribute: str) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        wanted = value.lower()
        return lambda subject: wanted in getattr(subject, attribute)

    return make


_KEYS: dict[str, Callable[[str], Test]] = {
    "shape": _shape,
    "op": _within("operation"),
    "dtype": _within("dtype"),
    "role": _within("role"),
    "rule": _within("rule"),
}
