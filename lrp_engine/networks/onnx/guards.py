"""How many numbers an operation is going to make, known before it runs: a few bytes of a file can ask for terabytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

MOST_NUMBERS = 2**29  # that one value may have while the graph is made: 2 GB in single precision
_LITTLE = 2**26  # two operands whose sizes multiply to less cannot make more


class TooManyError(Exception):
    """More numbers than any network has; the importer says at which node."""


def bounded(*sizes: int) -> None:
    """Look at the sizes of a constant that an operator function makes itself.

    Raises
    ------
    TooManyError
        If it is larger than any network's.
    """
    if prod(max(int(size), 0) for size in sizes) > MOST_NUMBERS:
        raise TooManyError


def growth(operation: str, args: Sequence[Any]) -> int:
    """The numbers that an ATen operation is going to make of these arguments, roughly; 0 where it cannot grow."""
    row = _GROWING.get(operation)
    if row is not None:
        return row(args)
    operands = [one for one in args[:3] if isinstance(one, Tensor)]
    if len(operands) < 2 or operands[0].numel() * operands[1].numel() <= _LITTLE:
        return 0
    try:
        return prod(torch.broadcast_shapes(*(one.shape for one in operands)))
    except RuntimeError:
        return 0  # not of a kind that is spread over another: the operation itself says what does not fit


def _product(args: Sequence[Any]) -> int:
    a, b = args[0], args[1]
    if a.dim() < 2 or b.dim() < 2:
        return 0
    return _spread(a.shape[:-2], b.shape[:-2]) * a.shape[-2] * b.shape[-1]


def _spread(*shapes: Sequence[int]) -> int:
    try:
        return prod(torch.broadcast_shapes(*(tuple(shape) for shape in shapes)))
    except RuntimeError:
        return 0


def _dense(args: Sequence[Any]) -> int:
    x, weight = args[0], args[1]
    return x.numel() // max(x.shape[-1], 1) * weight.shape[0] if x.dim() else 0


def _convolution(args: Sequence[Any]) -> int:
    x, weight, pads = args[0], args[1], args[4] if len(args) > 4 else [0]
    sizes = (size + 2 * max(pads, default=0) for size in x.shape[2:])
    return x.shape[0] * weight.shape[0] * prod(sizes) // max(prod(args[3]) if len(args) > 3 else 1, 1)


def _transposed(args: Sequence[Any]) -> int:
    x, weight, strides = args[0], args[1], args[3] if len(args) > 3 else [1]
    groups = args[6] if len(args) > 6 else 1
    sizes = (size * max(strides) + kernel for size, kernel in zip(x.shape[2:], weight.shape[2:], strict=True))
    return x.shape[0] * weight.shape[1] * groups * prod(sizes)


def _padded(args: Sequence[Any]) -> int:
    x, pads = args[0], args[1]
    sides = [sum(pads[start : start + 2]) for start in range(0, len(pads), 2)] + [0] * x.dim()
    return prod(size + more for size, more in zip(reversed(x.shape), sides, strict=False))


def _range(args: Sequence[Any]) -> int:
    if len(args) > 2:
        return int(abs(args[1] - args[0]) / (abs(args[2]) or 1))
    return int(abs(args[-1]))


def _resized(args: Sequence[Any]) -> int:
    return prod(args[0].shape[:2]) * prod(args[1]) if isinstance(args[1], list | tuple) else 0


def _indexed(args: Sequence[Any]) -> int:
    x, indices = args[0], [one for one in args[1] if isinstance(one, Tensor)]
    if not indices or any(one.dtype is torch.bool for one in indices):
        return x.numel()
    taken = prod(size for size, one in zip(x.shape, args[1], strict=False) if isinstance(one, Tensor))
    return _spread(*(one.shape for one in indices)) * (x.numel() // max(taken, 1))


def _picked(args: Sequence[Any]) -> int:
    x, axis, index = args[0], args[1], args[2]
    return x.numel() // max(x.shape[axis], 1) * index.numel() if x.dim() else 0


def _repeated(args: Sequence[Any]) -> int:
    times = args[1] if len(args) > 1 else 1
    return args[0].numel() * (times if isinstance(times, int) else 1)


_GROWING: dict[str, Callable[[Sequence[Any]], int]] = {
    "full": lambda a: prod(a[0]),
    "repeat": lambda a: a[0].numel() * prod(a[1]),
    "expand": lambda a: prod(max(size, 1) for size in a[1]),
    "repeat_interleave": _repeated,
    "arange": _range,
    "constant_pad_nd": _padded,
    "matmul": _product,
    "linear": _dense,
    "embedding": lambda a: a[1].numel() * a[0].shape[-1],
    "index": _indexed,
    "index_select": _picked,
    "affine_grid_generator": lambda a: prod(a[1]) if isinstance(a[1], list | tuple) else 0,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    **dict.fromkeys(
        (
            *("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_linear1d"),
            *("upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d"),
        ),
        _resized,
    ),
}
