"""Two weight files side by side: which tensors are in both, and how far their numbers lie apart.

Both are gone through a block at a time; no tensor is in memory as a whole, but for those of compressed files.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import LrpError
from .blocks import boxes
from .tensors import TensorInfo

if TYPE_CHECKING:
    import numpy as np

    from .weightfile import WeightFile

SAME, CHANGED, RETYPED, RESHAPED = "same", "changed", "another type", "another shape"
ADDED, REMOVED, UNREADABLE = "added", "removed", "not read"
CHANGES = (UNREADABLE, RESHAPED, CHANGED, RETYPED, ADDED, REMOVED, SAME)
BLOCK = 2**18  # numbers of each file in memory at a time
_DEEPEST = 4  # parts of a name that may stand in front of all others
_MOST_OFTEN = 0.5  # a prefix is what so many names begin with


@dataclass(frozen=True, slots=True)
class Matching:
    """Which tensor of the one file is which of the other.

    Attributes
    ----------
    pairs : tuple of (str, str)
        The names in both files; "" where a file lacks it.
    notes : tuple of str
        What was left out of the names to find each other, in sentences.
    """

    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorDifference:
    """A tensor of one file beside that of the other.

    Attributes
    ----------
    name, other : str
        What it is called in each file; "" where a file lacks it.
    change : str
        One of `CHANGES`.
    shape, other_shape : tuple of int
        () where the file lacks it.
    dtype, other_dtype : str
        "" where the file lacks it.
    norm, other_norm, distance : float
        ‖a‖, ‖b‖ and ‖a − b‖, of the numbers that are finite in both; NaN where there is nothing to tell.
    largest : float
        The largest |a − b|.
    cosine : float
        Of the angle between both.
    changed : int
        How many numbers are not the same.
    bad : int
        How many are not finite in one of both, and so count for no other figure.
    problem : str
        Why the numbers were not compared.
    """

    name: str
    other: str
    change: str
    shape: tuple[int, ...] = ()
    other_shape: tuple[int, ...] = ()
    dtype: str = ""
    other_dtype: str = ""
    norm: float = math.nan
    other_norm: float = math.nan
    distance: float = math.nan
    largest: float = math.nan
    cosine: float = math.nan
    changed: int = 0
    bad: int = 0
    problem: str = ""

    @property
    def relative(self) -> float:
        """‖a − b‖ / ‖a‖."""
        if self.norm:
            return self.distance / self.norm
        return math.inf if self.distance > 0 else self.distance


@dataclass(frozen=True, slots=True)
class Comparing:
    """How far the comparison has come, and what was found since the last time."""

    done: int
    total: int
    tensor: str
    found: tuple[TensorDifference, ...] = ()


def matched(names: Iterable[str], others: Iterable[str]) -> Matching:
    """Find the tensors of one file in the other, also where something stands in front of all names of one.

    What a wrapper puts there (`module.`, `model.`, `_orig_mod.`) is found as that which most names of a file begin
    with, and left out where more names then agree.
    """
    names, others = list(names), list(others)
    left = dict.fromkeys(names)
    right = dict.fromkeys(others)
    partner = {name: name for name in left if name in right}
    rest, other_rest = [n for n in names if n not in partner], [n for n in others if n not in left]
    best, chosen = 0, ("", "")
    for prefix in _prefixes(names):
        stripped = {name.removeprefix(prefix) for name in rest}
        for other in _prefixes(others):
            agree = len(stripped & {name.removeprefix(other) for name in other_rest})
            if agree > best:
                best, chosen = agree, (prefix, other)
    by_rest = {name.removeprefix(chosen[1]): name for name in reversed(other_rest)}
    taken: set[str] = set()
    for name in rest if best else []:
        found = by_rest.get(name.removeprefix(chosen[0]))
        if found is not None and found not in taken:
            partner[name] = found
            taken.add(found)
    pairs = [(name, partner.get(name, "")) for name in names]
    pairs += [("", name) for name in others if name not in left and name not in taken]
    notes = tuple(
        f"“{prefix}” in front of the names of the {which} file was left out."
        for prefix, which in zip(chosen, ("first", "second"), strict=True)
        if prefix
    )
    return Matching(tuple(pairs), notes)


def comparing(
    first: WeightFile, second: WeightFile, matching: Matching | None = None
) -> Generator[Comparing, None, list[TensorDifference]]:
    """Go through both files; yields after each block, and closing the generator ends the work.

    Returns
    -------
    list of TensorDifference
        In the order of the first file, then what only the second has.
    """
    matching = matching or matched(first.tensors, second.tensors)
    sides = [(first.tensors.get(name), second.tensors.get(other)) for name, other in matching.pairs]
    total = sum(_numbers(one) + (_numbers(other) if not _alike(one, other) else 0) for one, other in sides)
    done = 0
    found: list[TensorDifference] = []
    for (name, other), (one, two) in zip(matching.pairs, sides, strict=True):
        begun = done
        try:
            steps = _together(one, two) if _alike(one, two) else _apart(one, two)
            while True:
                try:
                    done += next(steps)
                except StopIteration as stop:
                    sums = stop.value
                    break
                yield Comparing(done, total, name or other)
            difference = _told(name, other, one, two, sums)
        except LrpError as error:
            difference = _told(name, other, one, two, None, str(error))
        done = begun + _numbers(one) + (_numbers(two) if not _alike(one, two) else 0)
        found.append(difference)
        yield Comparing(done, total, name or other, (difference,))
    return found


def compare(first: WeightFile, second: WeightFile) -> list[TensorDifference]:
    """Compare two files, tensor by tensor, in the order of the first."""
    steps = comparing(first, second)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def difference_of(one: TensorInfo, other: TensorInfo) -> TensorInfo:
    """The tensor of the differences, one − other, read as it is asked for.

    Parameters
    ----------
    one, other : TensorInfo
        Of the same shape.
    """

    def box(slices: Sequence[slice]) -> np.ndarray:
        return _minus(one.part(slices), other.part(slices))

    def stream(numbers: int) -> Iterator[np.ndarray]:
        pair = _Pair(one, other)
        for _first, slices in boxes(one.shape, numbers):
            yield _minus(*pair.part(slices)).reshape(-1)

    dtype = "complex128" if "complex" in one.dtype + other.dtype else "float64"
    whole = tuple(slice(0, size) for size in one.shape)
    return TensorInfo(
        *(one.name, one.shape, dtype, _numbers(one) * (16 if dtype == "complex128" else 8)),
        source=lambda: box(whole),
        stream=stream,
        window=box if one.in_parts and other.in_parts else None,
    )


class _Pair:
    """Two tensors of one shape; what can only be read whole is read once."""

    def __init__(self, *infos: TensorInfo) -> None:
        self.infos = infos
        self.whole = [None if info.in_parts else info.read() for info in infos]

    def part(self, slices: tuple[slice, ...]) -> tuple[np.ndarray, ...]:
        """The same box of each."""
        return tuple(
            info.part(slices) if whole is None else whole[slices]
            for info, whole in zip(self.infos, self.whole, strict=True)
        )


class _Sums:
    """What both tensors and their difference add up to."""

    def __init__(self) -> None:
        self.one = self.two = self.both = self.apart = self.largest = 0.0
        self.changed = self.bad = 0

    def add(self, one: np.ndarray, two: np.ndarray) -> None:
        """Take in a box of both."""
        import numpy as np

        same = one == two
        if one.dtype.kind in "fc" and two.dtype.kind in "fc":
            same |= np.isnan(one) & np.isnan(two)
        x, y = _floats(one), _floats(two)
        parts = x.size // max(one.size, 1)  # of a complex number two
        self.changed += one.size - int(np.count_nonzero(same))
        with np.errstate(all="ignore"):
            if not (math.isfinite(float(x.sum())) and math.isfinite(float(y.sum()))):
                wrong = ~(np.isfinite(x) & np.isfinite(y))
                self.bad += int(wrong.reshape(-1, parts).any(1).sum())
                x[wrong] = y[wrong] = 0.0
            self.one += float(np.einsum("i,i->", x, x))
            self.two += float(np.einsum("i,i->", y, y))
            self.both += float(np.einsum("i,i->", x, y))
            x -= y
            self.apart += float(np.einsum("i,i->", x, x))
            if parts > 1:
                x = np.hypot(*x.reshape(-1, parts).T)
            self.largest = max(self.largest, float(np.abs(x).max()))

    @property
    def cosine(self) -> float:
        """Of the angle between both; NaN where one is zero."""
        length = math.sqrt(self.one) * math.sqrt(self.two)
        return max(-1.0, min(1.0, self.both / length)) if length else math.nan


def _together(one: TensorInfo | None, two: TensorInfo | None) -> Generator[int, None, _Sums]:
    assert one is not None
    assert two is not None
    sums, pair = _Sums(), _Pair(one, two)
    for _first, slices in boxes(one.shape, BLOCK):
        x, y = pair.part(slices)
        sums.add(x, y)
        yield x.size
    return sums


def _apart(one: TensorInfo | None, two: TensorInfo | None) -> Generator[int, None, _Sums]:
    """How long each is on its own, where they cannot be compared."""
    sums = _Sums()
    for info, side in ((one, "one"), (two, "two")):
        if info is None:
            continue
        for block in info.blocks(BLOCK):
            alone = _Sums()
            alone.add(block, block)
            setattr(sums, side, getattr(sums, side) + alone.one)
            sums.bad += alone.bad
            yield block.size
    return sums


def _told(
    name: str, other: str, one: TensorInfo | None, two: TensorInfo | None, sums: _Sums | None, problem: str = ""
) -> TensorDifference:
    change = UNREADABLE
    if one is None or two is None:
        change = ADDED if one is None else REMOVED
    elif one.shape != two.shape:
        change = RESHAPED
    elif sums is not None:
        change = CHANGED if sums.changed else (SAME if one.dtype == two.dtype else RETYPED)
        if sums.changed and one.dtype != two.dtype:
            change = RETYPED
    nan = math.nan
    compared = sums is not None and _alike(one, two)
    return TensorDifference(
        *(name, other, change),
        shape=one.shape if one else (),
        other_shape=two.shape if two else (),
        dtype=one.dtype if one else "",
        other_dtype=two.dtype if two else "",
        norm=math.sqrt(sums.one) if sums and one else nan,
        other_norm=math.sqrt(sums.two) if sums and two else nan,
        distance=math.sqrt(sums.apart) if sums and compared else nan,
        largest=sums.largest if sums and compared else nan,
        cosine=sums.cosine if sums and compared else nan,
        changed=sums.changed if sums and compared else 0,
        bad=sums.bad if sums else 0,
        problem=problem,
    )


def _alike(one: TensorInfo | None, two: TensorInfo | None) -> bool:
    """Whether both are there, of one shape."""
    return one is not None and two is not None and one.shape == two.shape


def _numbers(info: TensorInfo | None) -> int:
    return math.prod(info.shape) if info is not None else 0


def _minus(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    import numpy as np

    wide = np.complex128 if "c" in one.dtype.kind + two.dtype.kind else np.float64
    with np.errstate(all="ignore"):  # infinity minus infinity is NaN
        return np.subtract(one, two, dtype=wide)


def _floats(numbers: np.ndarray) -> np.ndarray:
    """A flat copy in float64; complex numbers as two each."""
    import numpy as np

    wide = np.complex128 if numbers.dtype.kind == "c" else np.float64
    return np.array(numbers, dtype=wide, order="C").reshape(-1).view(np.float64)


def _prefixes(names: Sequence[str]) -> list[str]:
    """What stands in front of most names, nothing first."""
    counts: dict[str, int] = {}
    for name in names:
        parts = name.split(".", _DEEPEST + 1)
        for depth in range(1, min(len(parts), _DEEPEST + 1)):
            prefix = ".".join(parts[:depth]) + "."
            counts[prefix] = counts.get(prefix, 0) + 1
    return ["", *(prefix for prefix, count in counts.items() if count >= _MOST_OFTEN * len(names))]
