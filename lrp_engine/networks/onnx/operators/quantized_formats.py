"""The numbers of the formats that values are quantised to."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter

aten = torch.ops.aten

# Smallest and largest whole number.
BOUNDS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (2, 4, 8, 16, 32)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (2, 4, 8, 16)},
}

_EIGHTHS = {
    "float8_e4m3fn": torch.float8_e4m3fn,
    "float8_e4m3fnuz": torch.float8_e4m3fnuz,
    "float8_e5m2": torch.float8_e5m2,
    "float8_e5m2fnuz": torch.float8_e5m2fnuz,
}


def rounded(emit: Emitter, value: Any, format_: str, *, saturate: bool = True) -> Any:
    """The nearest numbers of a floating format, kept in single precision; beyond its largest one, that one."""
    if format_ in _EIGHTHS:
        narrow = _EIGHTHS[format_]
        largest = torch.finfo(narrow).max
        clamped = emit(aten.clamp.default, value, -largest, largest) if saturate else value
        found = emit(aten._to_copy.default, emit(aten._to_copy.default, clamped, dtype=narrow), dtype=torch.float32)
        if saturate or format_ != "float8_e4m3fn":
            return found
        # torch clips where this one format has no infinity; from half a step above its largest number on there is none
        beyond = emit(aten.gt.Scalar, emit(aten.abs.default, value), 464.0)
        return emit(aten.masked_fill.Scalar, found, beyond, float("nan"))
    if format_ == "float4_e2m1fn":
        return _fourth(emit, value)
    raise emit.refusal(f"it quantises to the number format {format_}, which this version does not know")


def _fourth(emit: Emitter, value: Any) -> Any:
    """0, ½, 1, 1½, 2, 3, 4, 6 and their negatives; halfway to the even one of two neighbours."""
    size = emit(aten.clamp.default, emit(aten.abs.default, value), 0.0, 6.0)
    steps = [
        emit(aten.mul.Scalar, emit(aten.round.default, emit(aten.div.Scalar, size, step)), step)
        for step in (0.5, 1.0, 2.0)
    ]
    upper = emit(aten.where.self, emit(aten.lt.Scalar, size, 4.0), steps[1], steps[2])
    found = emit(aten.where.self, emit(aten.lt.Scalar, size, 2.0), steps[0], upper)
    return emit(aten.mul.Tensor, found, emit(aten.sign.default, value))
