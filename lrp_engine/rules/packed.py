"""Weights as oneDNN holds them: a product is spared to bring them into that order, at every call.

That matters where there are few rows to a weight, as in the last layers for a few samples: a convolution of 512
channels over 7 × 7 places takes half the time for one sample, and four fifths for four. It costs the memory of another
copy, which `WeightCache` grants only where it has room.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .kernels import CONVOLUTION, LINEAR, SMALL, found, on_cpu

# (outputs, inputs) weights beyond this, as behind the last pool of VGG16, would double what a network holds.
_LARGEST = 2**25  # bytes
# Read the other way round, oneDNN takes a plain weight about as well, unless there are few rows.
_LARGEST_ADJOINT = 2**21  # bytes
_FEW_ROWS = 512

_PACK_LINEAR: Any = found("_reorder_linear_weight")
_PACK: Any = found("_reorder_convolution_weight")
_PACK_TRANSPOSED: Any = found("_reorder_convolution_transpose_weight")
_TRANSPOSED: Any = found("_convolution_transpose_pointwise")


def packs_linear(weight: Tensor, rows: int, *, adjoint: bool = False) -> bool:
    """Whether a copy of the weight pays for products with so many rows."""
    if LINEAR is None or _PACK_LINEAR is None or not on_cpu(weight) or weight.numel() * rows <= SMALL:
        return False
    return weight.nbytes <= (_LARGEST_ADJOINT if adjoint and rows > _FEW_ROWS else _LARGEST)


def packed_linear(weight: Tensor) -> Tensor:
    """The weight (outputs, inputs) for `kernels.linear`."""
    return _PACK_LINEAR(weight)


def packs_convolution(weight: Tensor, settings: tuple[Any, ...], places: int) -> bool:
    """Whether a copy of the weight pays for a convolution, or its adjoint, with so many places in its output."""
    known = all(one is not None for one in (CONVOLUTION, _PACK, _PACK_TRANSPOSED, _TRANSPOSED))
    plain = not settings[3] and settings[-1] == 1 and weight.dim() == 4
    return known and plain and on_cpu(weight) and places <= _FEW_ROWS and weight.numel() * places > SMALL


def packed_convolution(weight: Tensor, settings: tuple[Any, ...], shape: torch.Size) -> Tensor:
    """The weight for `kernels.convolution` of inputs of a shape."""
    stride, padding, dilation, _, _, groups = settings
    return _PACK(weight, padding, stride, dilation, groups, list(shape))


def packed_for_adjoint(weight: Tensor, settings: tuple[Any, ...], share: torch.Size, shape: torch.Size) -> Tensor:
    """The weight for `convolution_adjoint`, from the shapes of shares and inputs."""
    stride, padding, dilation, _, _, groups = settings
    return _PACK_TRANSPOSED(
        weight, padding, _left(weight, settings, share, shape), stride, dilation, groups, list(share)
    )


def convolution_adjoint(
    share: Tensor, packed: Tensor, weight: Tensor, settings: tuple[Any, ...], shape: torch.Size
) -> Tensor:
    """The adjoint of a convolution, as a transposed convolution of the shares."""
    stride, padding, dilation, _, _, groups = settings
    left = _left(weight, settings, share.shape, shape)
    return _TRANSPOSED(share, packed, None, padding, left, stride, dilation, groups, "none", [], "")


def _left(weight: Tensor, settings: tuple[Any, ...], share: torch.Size, shape: torch.Size) -> list[int]:
    """How many rows and columns of the input the last windows do not reach."""
    stride, padding, dilation, *_ = settings
    return [
        shape[2 + axis]
        - ((share[2 + axis] - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (weight.shape[2 + axis] - 1) + 1)
        for axis in range(2)
    ]
