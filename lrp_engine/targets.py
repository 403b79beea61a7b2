"""What is explained: a unit, the best, a place in a map, any weighting of these; of one output or of several.

Reading a target needs no torch; `seeds` makes the relevance that a target starts with. A target consists of *terms*,
each with a weight: a unit by its number, the k-th best, or a place that numpy would index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import TargetError

Target = (
    Any  # int, "max", "best:2", "2-5", {unit: weight}, an index tuple, an array, {output: target}, or a list of these
)

MOST_UNITS = 4096
NOTHING = object()


@dataclass(frozen=True, slots=True)
class Best:
    """The unit with the k-th largest value, of each sample; 1 is the largest."""

    rank: int


@dataclass(frozen=True, slots=True)
class Place:
    """An index into one sample's output, as numpy reads it; what it chooses is summed."""

    index: tuple[Any, ...]


Term = int | Best | Place
Terms = list[tuple[float, Term]]


# --------------------------------------------------------------------------------------------------- what is typed

_BEST = re.compile(r"(?:best(?:\s*:\s*|\s+)(\d+)|(\d+)(?:st|nd|rd|th)\s+best|(best|max))", re.IGNORECASE)
_ALONG = r"(?:-?\d+|\*|\.\.\.|-?\d*:-?\d*)"
_PLACE = re.compile(rf"\*|\.\.\.|{_ALONG}(?:\s*,\s*{_ALONG})+")
_DIGITS = re.compile(r"\d+\s*[-−]\s*\d+")
_DASH = re.compile(r"\s+[-−]\s+|[-−]")


def parse_target(text: str, classes: Sequence[str] = ()) -> int | str | dict[int | str, float] | tuple[Any, ...]:
    """Read a target that a person typed.

    Parameters
    ----------
    text : str
        "max", "best:2" or "2nd best", a unit's number, a class name, a place in a map ("3,10,12", "3,*,*", "-1,7"), or
        a difference of two of these: "2-5", "cat - dog", "max - 2nd best".
    classes : sequence of str
        The names of the output units, if they have any.

    Returns
    -------
    int, str, dict or tuple
        A target as `explain` takes it, in which no class is named.

    Raises
    ------
    TargetError
        If it is none of these.
    """
    text = text.strip()
    (_, first), *second = _read(text, classes)
    if not second:
        return first.index if isinstance(first, Place) else _typed(first)
    difference = _typed(first), _typed(second[0][1])
    if re.sub(r"\s", "", text).replace("−", "-") == "{}-{}".format(*difference) and _DIGITS.fullmatch(text):
        return text
    return {difference[0]: 1.0, difference[1]: -1.0}


def _read(text: str, classes: Sequence[str]) -> Terms:
    text = text.strip()
    term = _read_term(text, classes)
    if term is not None:
        return [(1.0, term)]
    for dash in _DASH.finditer(text):
        first, second = (_read_term(part.strip(), classes) for part in (text[: dash.start()], text[dash.end() :]))
        if first is None or second is None:
            continue
        if first == second:
            raise TargetError(f"“{text}” is the difference of a unit with itself, which is always 0.")
        return [(1.0, first), (-1.0, second)]
    names = [name for name in classes if name][:12]
    known = f", or one of {', '.join(names)}" if names else ""
    raise TargetError(
        f"“{text}” is not a target: write max, best:2, a unit's number, a place such as 3,10,12, or a difference such "
        f"as 2-5{known}."
    )


def _read_term(text: str, classes: Sequence[str]) -> Term | None:
    best = _BEST.fullmatch(text)
    if best:
        return _best(int(best[1] or best[2] or 1), text)
    if text in classes:
        return list(classes).index(text)
    if re.fullmatch(r"\d+", text):
        return int(text)
    return Place(tuple(map(_along, text.split(",")))) if _PLACE.fullmatch(text) else None


def _best(rank: int, text: str) -> Best:
    if rank < 1:
        raise TargetError(f"“{text}” is not a target: the largest is best:1, the next one best:2.")
    return Best(rank)


def _along(part: str) -> Any:
    part = part.strip()
    if part in {"*", "..."}:
        return slice(None) if part == "*" else ...
    if ":" not in part:
        return int(part)
    first, last = part.split(":")
    return slice(int(first) if first else None, int(last) if last else None)


def _typed(term: Term) -> int | str:
    """A term as `explain` takes it, and as it can be a key."""
    if isinstance(term, Best):
        return "max" if term.rank == 1 else f"best:{term.rank}"
    return said_place(term) if isinstance(term, Place) else term


def said_place(place: Place) -> str:
    """An index in words that `parse_target` reads, as far as it holds numbers: "3,*,*"."""
    return ",".join(map(_said_along, place.index)) or "..."


def _said_along(part: Any) -> str:
    if part is ...:
        return "..."
    if isinstance(part, slice):
        if part == slice(None):
            return "*"
        ends = ("" if end is None else str(end) for end in (part.start, part.stop, part.step)[: 3 if part.step else 2])
        return ":".join(ends)
    if hasattr(part, "__index__") and not getattr(part, "shape", ()):
        return str(part.__index__())
    return "mask" if "bool" in str(getattr(part, "dtype", "")) else "chosen"


# ------------------------------------------------------------------------------------------------ what a caller gives


def terms_of(target: Target, classes: Sequence[str] = ()) -> Terms:
    """The terms of a target that is a number, a string, an index or a mapping of these to weights.

    Digits in a string are a unit's number here, even if a class has that name.

    Raises
    ------
    TargetError
        If it is none of these, or weighs no unit.
    """
    if isinstance(target, str):
        return _read(target, ["" if name.isdigit() else name for name in classes])
    if isinstance(target, tuple):
        return [(1.0, Place(target))]
    if not isinstance(target, Mapping):
        return [(1.0, _number(target))]
    terms = [
        (_weight(given) * weight, term) for one, given in target.items() for weight, term in terms_of(one, classes)
    ]
    if not terms:
        raise TargetError("The target names no unit.")
    return terms


def _number(unit: Any) -> int:
    if isinstance(unit, bool) or "bool" in str(getattr(unit, "dtype", "")) or not hasattr(unit, "__index__"):
        raise TargetError(f"“{unit}” is not the number of an output unit.")
    return unit.__index__()


def _weight(given: Any) -> float:
    try:
        weight = float(given)
    except (TypeError, ValueError) as error:
        raise TargetError(f"“{given}” is not the weight of an output unit: give a number.") from error
    if weight - weight != 0:
        raise TargetError(f"A unit cannot weigh {weight}: give a finite number.")
    return weight


# --------------------------------------------------------------------------------------------------- several outputs


def by_output(target: Target, names: Sequence[str]) -> dict[str, Target]:
    """The target of each output that is explained; a plain target is about the first.

    Parameters
    ----------
    target
        As `explain` takes it.
    names : sequence of str
        The names of all outputs.

    Returns
    -------
    dict
        Output name -> target, in the outputs' order; in a list, NOTHING stands where a sample explains another output.

    Raises
    ------
    TargetError
        If the target names an output beside others that do not exist.
    """
    if isinstance(target, list) and any(_names_outputs(one, names) for one in target):
        split = [by_output(one, names) for one in target]
        return {name: [one.get(name, NOTHING) for one in split] for name in names if any(name in one for one in split)}
    if not (isinstance(target, Mapping) and _names_outputs(target, names)):
        return {names[0]: target}
    unknown = [key for key in target if key not in names]
    if unknown:
        raise TargetError(f"There is no output “{unknown[0]}”; the outputs are {', '.join(names)}.")
    return {name: target[name] for name in names if name in target}


def _names_outputs(target: Target, names: Sequence[str]) -> bool:
    return isinstance(target, Mapping) and any(isinstance(key, str) and key in names for key in target)


def expand_targets(targets: Any, outputs: Mapping[str, int], limit: int = MOST_UNITS) -> list[Target]:
    """The targets of one call that explains several.

    Parameters
    ----------
    targets
        A list of targets (or a range), "all" for each unit of the first output, or {output: "all"}.
    outputs : mapping
        Name -> number of units of one sample, for every output.
    limit : int
        So many units at most can be "all".

    Raises
    ------
    TargetError
        If there are none, or "all" would be too many.
    """
    if isinstance(targets, str) and targets == "all":
        return list(_each_unit(next(iter(outputs)), outputs, limit))
    if isinstance(targets, Mapping) and len(targets) == 1:
        ((name, which),) = targets.items()
        if name in outputs and isinstance(which, str) and which == "all":
            return [{name: unit} for unit in _each_unit(name, outputs, limit)]
    if not isinstance(targets, list | range):
        says = f"“{targets}”" if isinstance(targets, str) else f"a {type(targets).__name__}"
        raise TargetError(f"The targets are a list of them, all, or {{output: all}}; got {says}.")
    if not targets:
        raise TargetError("There are no targets.")
    return list(targets)


def _each_unit(name: str, outputs: Mapping[str, int], limit: int) -> range:
    units = outputs[name]
    if units > limit:
        raise TargetError(
            f"The output “{name}” has {units} units, too many to explain each: name up to {limit} of them."
        )
    return range(units)
