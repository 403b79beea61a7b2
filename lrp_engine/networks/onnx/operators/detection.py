"""What stands behind a detector."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..emitter import Emitter
from ..values import Call


def non_max_suppression(emit: Emitter, node: Call) -> Any:
    """NonMaxSuppression: the boxes that are left when those that cover better ones are gone."""
    boxes, scores = (emit.taken(node.input(place), "which boxes are kept") for place in (0, 1))
    most = 0 if node.optional(2) is None else emit.integers(node.input(2))[0]
    overlap = 0.0 if node.optional(3) is None else emit.number(node.input(3))
    least = None if node.optional(4) is None else emit.number(node.input(4))
    corners = _corners(boxes, centred=bool(node.attribute("center_point_box", 0)))
    kept = []
    for sample in range(scores.shape[0]):
        for label in range(scores.shape[1]):
            own = scores[sample, label]
            order = torch.argsort(own, descending=True, stable=True)
            if least is not None:
                order = order[own[order] > least]
            kept += [[sample, label, box] for box in _apart(corners[sample], order.tolist(), most, overlap)]
    return torch.tensor(kept, dtype=torch.int64).reshape(-1, 3)


def _corners(boxes: Tensor, *, centred: bool) -> Tensor:
    if centred:
        x, y, width, height = boxes.unbind(-1)
        return torch.stack([y - height / 2, x - width / 2, y + height / 2, x + width / 2], -1)
    low = torch.minimum(boxes[..., :2], boxes[..., 2:])
    return torch.cat([low, torch.maximum(boxes[..., :2], boxes[..., 2:])], -1)


def _apart(corners: Tensor, order: list[int], most: int, overlap: float) -> list[int]:
    kept: list[int] = []
    for box in order:
        if len(kept) >= most:
            break
        if all(_cover(corners[box], corners[other]) <= overlap for other in kept):
            kept.append(box)
    return kept


def _cover(one: Tensor, other: Tensor) -> float:
    inner = (torch.minimum(one[2:], other[2:]) - torch.maximum(one[:2], other[:2])).clamp_min(0).prod()
    total = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - inner
    return float(inner / total) if float(total) > 0 else 0.0


OPERATORS = {"NonMaxSuppression": non_max_suppression}
