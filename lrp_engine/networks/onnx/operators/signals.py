"""Fourier transforms, as the linear maps that they are, and windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .common import aten, positive


def dft(emit: Emitter, node: Call) -> Any:
    """DFT along one axis; the last axis holds the real part, and where there is one the imaginary one."""
    x, length = node.input(0), node.optional(1)
    rank = emit.rank(x)
    if node.opset >= 20:
        given = node.optional(2)
        axis = -2 if given is None else emit.integers(given)[0]
    else:
        axis = node.attribute("axis", 1)
    axis = positive(axis, rank)
    inverse, half = bool(node.attribute("inverse", 0)), bool(node.attribute("onesided", 0))
    count = emit.shape(x)[axis] if length is None else emit.integers(length)[0]
    parts = emit.shape(x)[rank - 1]
    if inverse and half:
        return _to_real(emit, x, axis, count)
    x = _to_length(emit, x, axis, count)
    kept = count // 2 + 1 if half else count
    matrix = fourier(count, kept, inverse=inverse, real=parts == 1)
    return _apply(emit, x, axis, matrix, kept)


def fourier(count: int, kept: int, *, inverse: bool, real: bool) -> Tensor:
    """The transform as a matrix.

    Returns
    -------
    Tensor
        (kept · 2, count · parts): from the real (and imaginary) parts to real and imaginary parts.
    """
    bounded(4, kept, count)
    angle = 2 * math.pi * torch.outer(torch.arange(kept), torch.arange(count)).remainder(count).double() / count
    cosine, sine = torch.cos(angle), torch.sin(angle) * (1 if inverse else -1)
    rows = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], 1)
    rows = rows / count if inverse else rows
    return (rows[..., :1] if real else rows).reshape(kept * 2, -1)


def _apply(emit: Emitter, x: Any, axis: int, matrix: Tensor, kept: int) -> Any:
    """Multiply along an axis and the last one together."""
    rank = emit.rank(x)
    order = [one for one in range(rank) if one not in {axis, rank - 1}] + [axis, rank - 1]
    turned = emit(aten.permute.default, x, order)
    flat = emit(aten.flatten.using_ints, turned, rank - 2, rank - 1)
    y = emit(aten.linear.default, flat, matrix.to(emit.dtype(x)))
    y = emit.reshape(y, [*emit.sizes(turned)[: rank - 2], kept, 2])
    return emit(aten.permute.default, y, [order.index(one) for one in range(rank)])


def _to_length(emit: Emitter, x: Any, axis: int, count: int) -> Any:
    has = emit.shape(x)[axis]
    if has > count:
        return emit(aten.slice.Tensor, x, axis, 0, count)
    if has < count:
        return emit(aten.constant_pad_nd.default, x, [0, 0] * (emit.rank(x) - 1 - axis) + [0, count - has], 0.0)
    return x


def _to_real(emit: Emitter, x: Any, axis: int, count: int) -> Any:
    """Back from the half of a spectrum whose other half mirrors it."""
    if count == emit.shape(x)[axis]:
        count = 2 * (count - 1)
    kept = count // 2 + 1
    x = _to_length(emit, x, axis, kept)
    bounded(4, kept, count)
    angle = 2 * math.pi * torch.outer(torch.arange(count), torch.arange(kept)).remainder(count).double() / count
    twice = torch.full([kept], 2.0, dtype=torch.float64)
    twice[0] = 1
    if count % 2 == 0:
        twice[-1] = 1
    matrix = torch.stack([torch.cos(angle) * twice, -torch.sin(angle) * twice], -1).reshape(count, -1) / count
    rank = emit.rank(x)
    order = [one for one in range(rank) if one not in {axis, rank - 1}] + [axis, rank - 1]
    flat = emit(aten.flatten.using_ints, emit(aten.permute.default, x, order), rank - 2, rank - 1)
    y = emit(aten.unsqueeze.default, emit(aten.linear.default, flat, matrix.to(emit.dtype(x))), rank - 1)
    return emit(aten.permute.default, y, [order.index(one) for one in range(rank)])


def stft(emit: Emitter, node: Call) -> Any:
    """STFT: overlapping frames, times a window, transformed each."""
    x, step = node.input(0), emit.integers(node.input(1))[0]
    window, length = node.optional(2), node.optional(3)
    count = emit.integers(length)[0] if length is not None else emit.shape(window)[0]
    half = bool(node.attribute("onesided", 1))
    real = emit.rank(x) == 2 or emit.shape(x)[-1] == 1
    if emit.rank(x) == 2:
        x = emit(aten.unsqueeze.default, x, 2)
    frames = emit(aten.unfold.default, x, 1, count, step)  # (samples, frames, parts, count)
    frames = emit(aten.permute.default, frames, [0, 1, 3, 2])
    if window is not None:
        frames = emit(aten.mul.Tensor, frames, emit.reshape(window, [-1, 1]))
    kept = count // 2 + 1 if half else count
    return _apply(emit, frames, 2, fourier(count, kept, inverse=False, real=real), kept)


def _window(*coefficients: float) -> Callable[[Emitter, Call], Any]:
    def made(emit: Emitter, node: Call) -> Any:
        size = emit.integers(node.input(0))[0]
        periodic = bool(node.attribute("periodic", 1))
        bounded(size)
        at = torch.arange(size, dtype=torch.float64) * 2 * math.pi / (size if periodic else size - 1)
        total = sum(c * torch.cos(order * at) for order, c in enumerate(coefficients))
        return torch.as_tensor(total).to(emit.dtype_of(node.attribute("output_datatype", 1)))

    return made


def mel_weights(emit: Emitter, node: Call) -> Any:
    """MelWeightMatrix: triangles over the bins of a spectrum."""
    bins, length, rate = (emit.integers(node.input(place))[0] for place in range(3))
    low, high = (emit.number(node.input(place)) for place in (3, 4))
    spectrum = length // 2 + 1
    bounded(64, bins, spectrum)
    mels = [2595 * math.log10(1 + edge / 700) for edge in (low, high)]
    step = (mels[1] - mels[0]) / (bins + 2)
    edges = [700 * (10 ** ((number * step + mels[0]) / 2595) - 1) for number in range(bins + 2)]
    places = [math.floor((length + 1) * edge / rate) for edge in edges]
    weights = torch.zeros(spectrum, bins, dtype=emit.dtype_of(node.attribute("output_datatype", 1)))
    for number in range(bins):
        start, middle, end = places[number : number + 3]
        if middle == start:
            weights[middle, number] = 1
        for place in range(start, middle + 1 if middle > start else start):
            weights[place, number] = (place - start) / (middle - start)
        for place in range(middle, end):
            weights[place, number] = (end - place) / (end - middle)
    return weights


OPERATORS = {
    "BlackmanWindow": _window(0.42, -0.5, 0.08),
    "DFT": dft,
    "HammingWindow": _window(25 / 46, -21 / 46),
    "HannWindow": _window(0.5, -0.5),
    "MelWeightMatrix": mel_weights,
    "STFT": stft,
}
