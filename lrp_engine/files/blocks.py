"""Going through a tensor in C order, in boxes that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence


def boxes(shape: Sequence[int], numbers: int) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Take a shape apart into boxes of at most so many numbers, each a run of numbers in C order.

    Parameters
    ----------
    shape : sequence of int
    numbers : int
        How many a box has at most.

    Yields
    ------
    int
        Where the box begins, counted in numbers.
    tuple of slice
        A start and a stop for each axis. All axes before the one that is cut have one place, all behind it are whole.
    """
    if not math.prod(shape):
        return
    split, inner = len(shape), 1
    while split and inner * shape[split - 1] <= numbers:
        inner, split = inner * shape[split - 1], split - 1
    whole = [slice(0, size) for size in shape]
    if not split:
        yield 0, tuple(whole)
        return
    length, cut = max(1, numbers // inner), shape[split - 1]
    for outer in range(math.prod(shape[: split - 1])):
        rest = outer
        for axis in reversed(range(split - 1)):
            rest, place = divmod(rest, shape[axis])
            whole[axis] = slice(place, place + 1)
        for first in range(0, cut, length):
            whole[split - 1] = slice(first, min(first + length, cut))
            yield (outer * cut + first) * inner, tuple(whole)
