"""One time step of an LSTM, GRU or RNN in plain operations: for the forms that torch has no operation for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten

Functions = list[tuple[str, dict[str, float]]]


class Cell:
    """The weights and functions of one direction.

    Parameters
    ----------
    w, r, b : Value
        Weights (gates · units, inputs) and (gates · units, units), and both biases behind one another, or None.
    functions : list
        The activations f, g, h with their settings.
    peephole : Value or None
        Of an LSTM: weights of the cell in the gates i, o, f (3 · units,).
    """

    def __init__(
        self, emit: Emitter, node: Call, w: Any, r: Any, b: Any, units: int, functions: Functions, peephole: Any
    ) -> None:
        self.emit, self.units = emit, units
        self.functions, self.peephole = functions, peephole
        self.clip = node.attribute("clip")
        self.coupled = bool(node.attribute("input_forget", 0))
        self.after = bool(node.attribute("linear_before_reset", 0))
        self._parts: dict[tuple[int, int, int], Any] = {}
        self._weights = {0: w, 1: r, 2: b}
        self._gates = emit.shape(w)[0] // units

    def part(self, which: int, gate: int, offset: int = 0) -> Any:
        """The rows of one gate: of w (0), r (1), or the biases (2) of w, and with `offset` of r."""
        whole = self._weights[which]
        if whole is None:
            return None
        key = which, gate, offset
        if key not in self._parts:
            start = (gate + offset * self._gates) * self.units
            self._parts[key] = self.emit(aten.slice.Tensor, whole, 0, start, start + self.units)
        return self._parts[key]

    def of_input(self, x: Any, gate: int) -> Any:
        """W x + b."""
        return self.emit(aten.linear.default, x, self.part(0, gate), self.part(2, gate))

    def of_state(self, h: Any, gate: int) -> Any:
        """R h + b."""
        return self.emit(aten.linear.default, h, self.part(1, gate), self.part(2, gate, 1))

    def both(self, x: Any, h: Any, gate: int) -> Any:
        """Their sum."""
        return self.emit(aten.add.Tensor, self.of_input(x, gate), self.of_state(h, gate))

    def peeping(self, value: Any, c: Any, place: int) -> Any:
        """With what the gate sees of the cell."""
        if self.peephole is None:
            return value
        weights = self.emit(aten.slice.Tensor, self.peephole, 0, place * self.units, (place + 1) * self.units)
        return self.emit(aten.add.Tensor, value, self.emit(aten.mul.Tensor, c, weights))

    def activated(self, value: Any, which: int) -> Any:
        """An activation, of what the clip leaves."""
        if self.clip is not None:
            value = self.emit(aten.clamp.default, value, -self.clip, self.clip)
        return self.function(value, which)

    def function(self, value: Any, which: int) -> Any:
        """An activation."""
        name, settings = self.functions[which]
        if name not in _FUNCTIONS:
            raise self.emit.refusal(f"its activation “{name}” is unknown")
        return _FUNCTIONS[name](self.emit, value, **settings)


def _lstm(cell: Cell, x: Any, states: list[Any]) -> list[Any]:
    """The new h and c; the gates are i, o, f and c."""
    emit, (h, c) = cell.emit, states
    i = cell.activated(cell.peeping(cell.both(x, h, 0), c, 0), 0)
    f = emit(aten.rsub.Scalar, i, 1) if cell.coupled else cell.activated(cell.peeping(cell.both(x, h, 2), c, 2), 0)
    new = cell.activated(cell.both(x, h, 3), 1)
    c = emit(aten.add.Tensor, emit(aten.mul.Tensor, f, c), emit(aten.mul.Tensor, i, new))
    o = cell.activated(cell.peeping(cell.both(x, h, 1), c, 1), 0)
    return [emit(aten.mul.Tensor, o, cell.function(c, 2)), c]


def _gru(cell: Cell, x: Any, states: list[Any]) -> list[Any]:
    """The new h; the gates are z, r and h."""
    emit, h = cell.emit, states[0]
    z, r = (cell.activated(cell.both(x, h, gate), 0) for gate in (0, 1))
    if cell.after:
        inner = emit(aten.mul.Tensor, r, cell.of_state(h, 2))
    else:
        inner = cell.of_state(emit(aten.mul.Tensor, r, h), 2)
    new = cell.activated(emit(aten.add.Tensor, cell.of_input(x, 2), inner), 1)
    kept = emit(aten.mul.Tensor, z, h)
    return [emit(aten.add.Tensor, emit(aten.mul.Tensor, emit(aten.rsub.Scalar, z, 1), new), kept)]


def _rnn(cell: Cell, x: Any, states: list[Any]) -> list[Any]:
    """The new h."""
    return [cell.activated(cell.both(x, states[0], 0), 0)]


STEPS: dict[str, Callable[[Cell, Any, list[Any]], list[Any]]] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}


def _affine(emit: Emitter, x: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
    return emit(aten.add.Scalar, emit(aten.mul.Scalar, x, alpha), beta)


def _scaled_tanh(emit: Emitter, x: Any, alpha: float = 1.0, beta: float = 1.0) -> Any:
    return emit(aten.mul.Scalar, emit(aten.tanh.default, emit(aten.mul.Scalar, x, beta)), alpha)


def _hard_sigmoid(emit: Emitter, x: Any, alpha: float = 0.2, beta: float = 0.5) -> Any:
    return emit(aten.clamp.default, _affine(emit, x, alpha, beta), 0.0, 1.0)


def _softsign(emit: Emitter, x: Any) -> Any:
    return emit(aten.div.Tensor, x, emit(aten.add.Scalar, emit(aten.abs.default, x), 1.0))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "relu": lambda emit, x: emit(aten.relu.default, x),
    "tanh": lambda emit, x: emit(aten.tanh.default, x),
    "sigmoid": lambda emit, x: emit(aten.sigmoid.default, x),
    "affine": _affine,
    "leakyrelu": lambda emit, x, alpha=0.01: emit(aten.leaky_relu.default, x, alpha),
    "thresholdedrelu": lambda emit, x, alpha=1.0: emit(aten.threshold.default, x, alpha, 0.0),
    "scaledtanh": _scaled_tanh,
    "hardsigmoid": _hard_sigmoid,
    "elu": lambda emit, x, alpha=1.0: emit(aten.elu.default, x, alpha),
    "softsign": _softsign,
    "softplus": lambda emit, x: emit(aten.softplus.default, x),
}
