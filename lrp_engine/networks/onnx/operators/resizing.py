"""Images made larger or smaller.

What an exporter writes of PyTorch's `interpolate` becomes that operation again. All other forms are read off along each
axis by itself: every place of the result is a sum of a few places of the input, each times a plain number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .common import aten, positive

_NEAREST = {1: aten.upsample_nearest1d.default, 2: aten.upsample_nearest2d.default, 3: aten.upsample_nearest3d.default}


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis that is resized.

    Attributes
    ----------
    axis, size, length : int
        Which one, how long it is, and how long it becomes.
    scale : float
        As the file states it, which need not be length / size.
    start, end : float
        The part of the input that is taken, for `tf_crop_and_resize`.
    """

    axis: int
    size: int
    length: int
    scale: float
    start: float = 0.0
    end: float = 1.0

    def places(self, mode: str) -> Tensor:
        """Where in the input each place of the result lies."""
        bounded(self.length)
        at = torch.arange(self.length, dtype=torch.float32)  # as runtimes do: rounding decides which value is nearest
        if mode == "half_pixel":
            return (at + 0.5) / self.scale - 0.5
        if mode == "pytorch_half_pixel":
            return (at + 0.5) / self.scale - 0.5 if self.length > 1 else torch.zeros_like(at)
        if mode == "half_pixel_symmetric":
            adjusted = self.length / (self.scale * self.size)
            return self.size / 2 * (1 - adjusted) + (at + 0.5) / self.scale - 0.5
        if mode == "align_corners":
            full = self.scale * self.size - 1
            return at * (self.size - 1) / full if full else torch.zeros_like(at)
        if mode == "tf_half_pixel_for_nn":
            return (at + 0.5) / self.scale
        if mode == "tf_crop_and_resize":
            if self.length > 1:
                return self.start * (self.size - 1) + at * (self.end - self.start) * (self.size - 1) / (self.length - 1)
            return torch.full_like(at, 0.5 * (self.start + self.end) * (self.size - 1))
        return at / self.scale  # asymmetric


def resize(emit: Emitter, node: Call) -> Any:
    """Resize, by scales or to sizes."""
    x = node.input(0)
    if node.opset < 11 or len(node.inputs) == 2:
        coordinates, rounding = "asymmetric", "floor"
        scales, sizes, roi = node.input(1), None, None
    else:
        coordinates = node.attribute("coordinate_transformation_mode", "half_pixel")
        rounding = node.attribute("nearest_mode", "round_prefer_floor")
        roi, scales, sizes = node.optional(1), _filled(emit, node.optional(2)), node.optional(3)
    coordinates = node.attribute("coordinate_transformation_mode", coordinates)
    rounding = node.attribute("nearest_mode", rounding)
    axes = _axes(emit, node, x, scales, sizes, roi if coordinates == "tf_crop_and_resize" else None)
    mode = node.attribute("mode", "nearest")
    plain = _as_torch(emit, node, x, axes, coordinates, rounding, mode)
    if plain is not None:
        return plain
    for axis in axes:
        x = _along(emit, node, x, axis, axis.places(coordinates), mode, rounding)
    if coordinates == "tf_crop_and_resize":
        x = _beyond(emit, x, axes, node.attribute("extrapolation_value", 0.0))
    return x


def upsample(emit: Emitter, node: Call) -> Any:
    """Upsample, which newer opsets call Resize."""
    x = node.input(0)
    scales = node.optional(1)
    if scales is None:
        scales = node.attribute("scales")
        if scales is None:
            scales = [1.0, 1.0, node.required("height_scale"), node.required("width_scale")]
        scales = torch.tensor(scales)
    mode = {"bilinear": "linear"}.get(node.attribute("mode", "nearest"), node.attribute("mode", "nearest"))
    inner = Call(node.name, "Resize", "", 10, (x, scales), {"mode": mode}, 1)
    return resize(emit, inner)


def _filled(emit: Emitter, value: Any) -> Any:
    return None if value is None or 0 in emit.shape(value) else value


def _axes(emit: Emitter, node: Call, x: Any, scales: Any, sizes: Any, roi: Any) -> list[_Axis]:
    rank = emit.rank(x)
    given = [positive(axis, rank) for axis in node.attribute("axes") or range(rank)]
    has = emit.shape(x)
    if scales is None and sizes is None:
        raise emit.refusal("it has neither sizes nor scales")
    if sizes is not None:
        lengths = _lengths(emit, x, given, sizes)
        factors = [length / has[axis] for axis, length in lengths.items()]
        policy = node.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            factor = min(factors) if policy == "not_larger" else max(factors)
            factors = [factor] * len(factors)
            lengths = {axis: math.floor(factor * has[axis] + 0.5) for axis in lengths}
    else:
        factors = [float(one) for one in emit.constant(scales).reshape(-1).tolist()]
        lengths = {axis: math.floor(has[axis] * factor) for axis, factor in zip(given, factors, strict=True)}
    region = [0.0] * len(given) + [1.0] * len(given) if roi is None else emit.constant(roi).reshape(-1).tolist()
    found = []
    for place, (axis, factor) in enumerate(zip(lengths, factors, strict=True)):
        start, end = region[place], region[place + len(given)]
        changed = lengths[axis] != has[axis] or factor != 1 or (start, end) != (0.0, 1.0)
        if changed and emit.is_sized(x, axis):
            raise emit.refusal("it resizes along the samples")
        if changed:
            found.append(_Axis(axis, has[axis], lengths[axis], factor, start, end))
    return found


def _lengths(emit: Emitter, x: Any, axes: list[int], sizes: Any) -> dict[int, int]:
    """The wanted lengths; along the samples there is none to be wanted."""
    found = {}
    for axis, length in zip(axes, emit.ints(sizes), strict=True):
        same = isinstance(length, Node) or (emit.is_sized(x, axis) and length == 1)
        found[axis] = emit.shape(x)[axis] if same else length
    return found


def _as_torch(
    emit: Emitter, node: Call, x: Any, axes: list[_Axis], coordinates: str, rounding: str, mode: str
) -> Any | None:
    """The operation of PyTorch that does the same, or None."""
    rank = emit.rank(x)
    behind = rank - 2
    if not axes or [axis.axis for axis in axes] != list(range(2, rank)) or node.attribute("exclude_outside", 0):
        return None
    lengths = [axis.length for axis in axes]
    exact = all(math.isclose(axis.scale, axis.length / axis.size, rel_tol=1e-6) for axis in axes)
    if not exact or node.attribute("antialias", 0):
        return None
    whole = all(axis.length % axis.size == 0 for axis in axes)
    if mode == "nearest" and behind in _NEAREST:
        repeats = whole and (coordinates, rounding) in {
            ("asymmetric", "floor"),
            ("half_pixel", "round_prefer_floor"),
            ("half_pixel", "round_prefer_ceil"),
            ("tf_half_pixel_for_nn", "floor"),
        }
        if repeats or (coordinates, rounding) == ("asymmetric", "floor"):
            return emit(_NEAREST[behind], x, lengths)
        return None
    corners = {"align_corners": True, "half_pixel": False, "pytorch_half_pixel": False}.get(coordinates)
    if corners is None or (coordinates != "align_corners" and 1 in lengths):
        return None
    if mode == "linear" and behind in {1, 2, 3}:
        target = {1: aten.upsample_linear1d, 2: aten.upsample_bilinear2d, 3: aten.upsample_trilinear3d}[behind]
        return emit(target.default, x, lengths, corners)
    if mode == "cubic" and behind == 2 and node.attribute("cubic_coeff_a", -0.75) == -0.75:
        return emit(aten.upsample_bicubic2d.default, x, lengths, corners)
    return None


# ------------------------------------------------------------------------------------------------ along one axis


def _along(emit: Emitter, node: Call, x: Any, axis: _Axis, at: Tensor, mode: str, rounding: str) -> Any:
    """Resize along one axis: a sum of what each tap reads."""
    if mode == "nearest":
        places = _ROUNDINGS[rounding](at).clamp(0, axis.size - 1).long()
        return emit(aten.index_select.default, x, axis.axis, places)
    total = None
    for places, weights in _taps(node, axis, at, mode):
        read = emit(aten.index_select.default, x, axis.axis, places)
        shaped = weights.to(emit.dtype(x)).reshape([-1] + [1] * (emit.rank(x) - 1 - axis.axis))
        part = emit(aten.mul.Tensor, read, shaped)
        total = part if total is None else emit(aten.add.Tensor, total, part)
    return total


_ROUNDINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "round_prefer_floor": lambda at: torch.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: torch.floor(at + 0.5),
    "floor": torch.floor,
    "ceil": torch.ceil,
    "simple": torch.floor,
}


def _taps(node: Call, axis: _Axis, at: Tensor, mode: str) -> list[tuple[Tensor, Tensor]]:
    """For each tap the places that it reads and what they are multiplied with."""
    reach = 1.0 if mode == "linear" else 2.0
    stretch = max(1.0, 1.0 / axis.scale) if node.attribute("antialias", 0) else 1.0
    a = node.attribute("cubic_coeff_a", -0.75)
    first = torch.floor(at - reach * stretch).long() + 1
    count = math.ceil(2 * reach * stretch) + (1 if stretch > 1 else 0)
    bounded(len(first), count)
    places = first[:, None] + torch.arange(count)
    distance = (at[:, None] - places).abs() / stretch
    weights = (1 - distance).clamp_min(0) if mode == "linear" else _cubic(distance, a)
    if node.attribute("exclude_outside", 0):
        outside = (places < 0) | (places >= axis.size)
        weights = weights.masked_fill(outside, 0.0)
    weights = weights / weights.sum(1, keepdim=True)
    places = places.clamp(0, axis.size - 1)
    return [(places[:, tap], weights[:, tap]) for tap in range(count) if bool(weights[:, tap].any())]


def _cubic(distance: Tensor, a: float) -> Tensor:
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(distance)))


def _beyond(emit: Emitter, x: Any, axes: list[_Axis], value: float) -> Any:
    """What lies outside the input has a value of its own."""
    rank = emit.rank(x)
    outside = torch.zeros([1] * rank, dtype=torch.bool)
    for axis in axes:
        at = axis.places("tf_crop_and_resize")
        beyond = (at < 0) | (at > axis.size - 1)
        outside = outside | beyond.reshape([-1 if place == axis.axis else 1 for place in range(rank)])
    return emit(aten.masked_fill.Scalar, x, outside, value) if bool(outside.any()) else x


OPERATORS = {"Resize": resize, "Upsample": upsample}
