"""What several families of operators need: axes, plain numbers, windows along axes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten


def unary(target: Any) -> Callable[[Emitter, Call], Any]:
    """An operator that is one ATen operation on its first input."""
    return lambda emit, node: emit(target, node.input(0))


def scalar(value: Any) -> Any:
    """A constant of one number and no axes as a plain number; anything else as it is."""
    return value.item() if isinstance(value, Tensor) and value.dim() == 0 and not value.is_complex() else value


def positive(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    return axis + rank if axis < 0 else axis


def axes_of(emit: Emitter, node: Call, place: int = 1, name: str = "axes") -> list[int] | None:
    """Axes that newer opsets give as an input and older ones as an attribute; None if there are none."""
    given = node.optional(place)
    if given is not None:
        return emit.integers(given)
    attribute = node.attribute(name)
    return None if attribute is None else [int(axis) for axis in attribute]


def is_number(size: Any, number: int) -> bool:
    """Whether a size is this plain number."""
    return not isinstance(size, Node) and size == number


def product(emit: Emitter, sizes: Sequence[Any]) -> Any:
    """The product of sizes; some may be nodes."""
    total: Any = 1
    for size in sizes:
        total = size if is_number(total, 1) else total if is_number(size, 1) else emit(operator.mul, total, size)
    return total


def no_negative(emit: Emitter, index: Any, size: Any) -> Any:
    """Indices that may count from the end, counted from the front."""
    index = emit.cast(index, torch.int64)
    if isinstance(index, Tensor) and not bool((index < 0).any()):
        return index
    shifted = emit(aten.add.Tensor, index, size)
    return emit(aten.where.self, emit(aten.lt.Scalar, index, 0), shifted, index)


@dataclass(frozen=True, slots=True)
class Windows:
    """How a kernel moves over the axes behind samples and channels.

    Attributes
    ----------
    begins, ends : list of int
        Padding at both sides of each axis.
    ceil : bool
        Whether a last window may reach beyond the padding.
    """

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    begins: list[int]
    ends: list[int]
    ceil: bool = False

    @property
    def even(self) -> bool:
        """Whether both sides are padded alike."""
        return self.begins == self.ends

    @property
    def reach(self) -> list[int]:
        """How far a window extends."""
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]

    def counts(self, sizes: Sequence[int]) -> list[int]:
        """How many windows there are along each axis; none starts beyond the input and its first padding."""
        found = []
        for size, reach, s, a, b in zip(sizes, self.reach, self.strides, self.begins, self.ends, strict=True):
            room = size + a + b - reach
            count = (-(-room // s) if self.ceil else room // s) + 1
            if self.ceil and (count - 1) * s >= size + a:
                count -= 1
            found.append(max(count, 0))
        return found

    def padding(self) -> list[int]:
        """Both sides in the order of `constant_pad_nd`: the last axis first."""
        return [side for pair in zip(reversed(self.begins), reversed(self.ends), strict=True) for side in pair]


def windows(emit: Emitter, node: Call, x: Any, kernel: Sequence[int]) -> Windows:
    """Read the attributes that convolutions and pools share.

    Parameters
    ----------
    x : Value
        Of shape (samples, channels, …).
    kernel : sequence of int
        Its sizes.
    """
    axes = len(kernel)
    strides = list(node.attribute("strides") or [1] * axes)
    dilations = list(node.attribute("dilations") or [1] * axes)
    auto = node.attribute("auto_pad", "NOTSET")
    ceil = bool(node.attribute("ceil_mode", 0))
    if auto in {"SAME_UPPER", "SAME_LOWER"}:
        totals = [
            max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
            for size, s, k, d in zip(emit.shape(x)[2:], strides, kernel, dilations, strict=True)
        ]
        small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
        begins, ends = (small, large) if auto == "SAME_UPPER" else (large, small)
        return Windows(list(kernel), strides, dilations, begins, ends)
    pads = [0] * (2 * axes) if auto == "VALID" else list(node.attribute("pads") or [0] * (2 * axes))
    return Windows(list(kernel), strides, dilations, pads[:axes], pads[axes:], ceil)
