"""The table of operators: (domain, name) -> what emits it. ONNX's own domain is ""."""

from __future__ import annotations

from ..values import Operator
from . import (
    activations,
    attention,
    classical,
    control,
    convolution,
    detection,
    elementwise,
    first_versions,
    linear_attention,
    losses,
    matrix,
    microsoft,
    microsoft_attention,
    normalization,
    pooling,
    quantized,
    recurrent,
    reduction,
    resizing,
    sampling,
    selection,
    sequence,
    shape,
    signals,
)

_MODULES = (
    *(activations, attention, classical, control, convolution, detection, elementwise, first_versions),
    *(linear_attention, losses),
    *(matrix, microsoft, microsoft_attention, normalization, pooling, quantized, recurrent, reduction, resizing),
    *(sampling, selection, sequence, shape, signals),
)

OPERATORS: dict[tuple[str, str], Operator] = {
    key if isinstance(key, tuple) else ("", key): row if isinstance(row, Operator) else Operator(row)
    for module in _MODULES
    for key, row in module.OPERATORS.items()
}
