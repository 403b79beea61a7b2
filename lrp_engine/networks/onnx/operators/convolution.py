"""Convolutions."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten

_PLAIN = {1: aten.conv1d.default, 2: aten.conv2d.default, 3: aten.conv3d.default}


def conv(emit: Emitter, node: Call) -> Any:
    """Conv: paddings that differ between the sides are put on before."""
    x, weight = node.input(0), node.input(1)
    axes = emit.rank(x) - 2
    if axes not in _PLAIN:
        raise emit.refusal(f"a convolution over {axes} axes is not among what torch computes")
    kernel = node.attribute("kernel_shape") or list(emit.shape(weight)[2:])
    strides = node.attribute("strides") or [1] * axes
    dilations = node.attribute("dilations") or [1] * axes
    begins, ends = _pads(emit, node, x, kernel, strides, dilations)
    if begins != ends:
        sides = [side for pair in zip(reversed(begins), reversed(ends), strict=True) for side in pair]
        x, begins = emit(aten.constant_pad_nd.default, x, sides, 0.0), [0] * axes
    group = node.attribute("group", 1)
    return emit(_PLAIN[axes], x, weight, node.optional(2), strides, begins, dilations, group)


def _pads(
    emit: Emitter, node: Call, x: Any, kernel: list[int], strides: list[int], dilations: list[int]
) -> tuple[list[int], list[int]]:
    """Padding at the beginning and the end of each axis."""
    axes, auto = len(kernel), node.attribute("auto_pad", "NOTSET")
    if auto in {"SAME_UPPER", "SAME_LOWER"}:
        sizes = emit.shape(x)[2:]
        totals = [
            max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
            for size, s, k, d in zip(sizes, strides, kernel, dilations, strict=True)
        ]
        small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
        return (small, large) if auto == "SAME_UPPER" else (large, small)
    pads = [0] * (2 * axes) if auto == "VALID" else node.attribute("pads") or [0] * (2 * axes)
    return list(pads[:axes]), list(pads[axes:])


OPERATORS = {"Conv": conv}
