"""Values read between the pixels of an image: grids and regions."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .common import aten

_MODES = {"linear": 0, "bilinear": 0, "nearest": 1, "cubic": 2, "bicubic": 2}
_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


def grid_sample(emit: Emitter, node: Call) -> Any:
    """GridSample over two or three axes."""
    x, grid = node.input(0), node.input(1)
    mode = _MODES[node.attribute("mode", "linear")]
    padding = _PADDINGS[node.attribute("padding_mode", "zeros")]
    corners = bool(node.attribute("align_corners", 0))
    if emit.rank(x) not in {4, 5}:
        raise emit.refusal("it reads in other than two or three axes")
    return emit(aten.grid_sampler.default, x, grid, mode, padding, corners)


def affine_grid(emit: Emitter, node: Call) -> Any:
    """AffineGrid."""
    theta, sizes = node.input(0), emit.ints(node.input(1))
    return emit(aten.affine_grid_generator.default, theta, sizes, bool(node.attribute("align_corners", 0)))


def roi_align(emit: Emitter, node: Call) -> Any:
    """RoiAlign: the mean, or largest, of what is read at points inside each cell of each region."""
    x, rois = node.input(0), node.input(1)
    batch = emit.cast(node.input(2), torch.int64)
    rows, columns = node.attribute("output_height", 1), node.attribute("output_width", 1)
    ratio, scale = node.attribute("sampling_ratio", 0), node.attribute("spatial_scale", 1.0)
    default = "half_pixel" if node.opset >= 16 else "output_half_pixel"
    half = node.attribute("coordinate_transformation_mode", default) == "half_pixel"
    height, width = emit.shape(x)[2:]
    corners = [emit(aten.mul.Tensor, emit(aten.select.int, rois, 1, place), scale) for place in range(4)]
    if half:
        corners = [emit(aten.sub.Tensor, corner, 0.5) for corner in corners]
    read = []
    for axis, (cells, size) in enumerate(((rows, height), (columns, width))):
        start, end = corners[1 - axis], corners[3 - axis]
        length = emit(aten.sub.Tensor, end, start)
        if not half:
            length = emit(aten.clamp_min.default, length, 1.0)
        points = ratio or _points(emit, length, cells)
        bounded(cells, points)
        at = (torch.arange(cells * points) + 0.5) / (cells * points)
        along = emit(aten.mul.Tensor, emit(aten.unsqueeze.default, length, 1), at)
        read.append((emit(aten.add.Tensor, along, emit(aten.unsqueeze.default, start, 1)), points, size))
    taps = [_linear_taps(emit, places, size) for places, _, size in read]
    most = node.attribute("mode", "avg") == "max"
    parts = []
    for row, row_weight in taps[0]:
        for column, column_weight in taps[1]:
            # (regions, channels, points of rows, points of columns)
            sample = emit(
                aten.index.Tensor,
                emit(aten.permute.default, x, [0, 2, 3, 1]),
                [
                    emit.reshape(batch, [-1, 1, 1]),
                    emit(aten.unsqueeze.default, row, 2),
                    emit(aten.unsqueeze.default, column, 1),
                ],
            )
            weight = emit(
                aten.mul.Tensor,
                emit(aten.unsqueeze.default, row_weight, 2),
                emit(aten.unsqueeze.default, column_weight, 1),
            )
            parts.append(emit(aten.mul.Tensor, sample, emit(aten.unsqueeze.default, weight, 3)))
    if most:
        values = parts[0]
        for part in parts[1:]:
            values = emit(aten.maximum.default, values, part)
    else:
        values = parts[0]
        for part in parts[1:]:
            values = emit(aten.add.Tensor, values, part)
    values = emit(aten.permute.default, values, [0, 3, 1, 2])
    cells = [read[0][1], read[1][1]]
    if most:
        return emit(aten.max_pool2d.default, values, cells, cells)
    return emit(aten.avg_pool2d.default, values, cells, cells)


def _points(emit: Emitter, length: Any, cells: int) -> int:
    """How many points a cell has where that follows from the regions: as many as it has pixels."""
    known = emit.constant(length)
    counts = torch.ceil(known / cells).clamp_min(1).long()
    if int(counts.min()) != int(counts.max()):
        raise emit.refusal("its regions differ in size; export it with a fixed sampling_ratio")
    return int(counts[0])


def _linear_taps(emit: Emitter, at: Any, size: int) -> list[tuple[Any, Any]]:
    """The pixel before and the one after each place, and how much of each is read; nothing far outside."""
    inside = emit.cast(
        emit(aten.logical_and.default, emit(aten.ge.Scalar, at, -1.0), emit(aten.le.Scalar, at, float(size))),
        emit.dtype(at),
    )
    at = emit(aten.clamp.default, at, 0.0, float(size - 1))
    low = emit(aten.floor.default, at)
    share = emit(aten.sub.Tensor, at, low)
    high = emit(aten.clamp_max.default, emit(aten.add.Tensor, low, 1.0), float(size - 1))
    first = emit(aten.mul.Tensor, emit(aten.rsub.Scalar, share, 1.0), inside)
    return [
        (emit.cast(low, torch.int64), first),
        (emit.cast(high, torch.int64), emit(aten.mul.Tensor, share, inside)),
    ]


OPERATORS = {"AffineGrid": affine_grid, "GridSample": grid_sample, "RoiAlign": roi_align}
