"""LSTM, GRU and RNN: as torch's whole operations where these compute the same, else unrolled into steps.

ONNX's gates stand in the order i o f c (LSTM) and z r h (GRU), torch's in i f c o and r z n. Sequences are
(time, samples, units), states (directions, samples, units), unless `layout` puts the samples first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..values import Call
from .recurrent_steps import STEPS, Cell

aten = torch.ops.aten


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the three.

    Attributes
    ----------
    order : tuple of int
        Torch's gates, as places in ONNX's order.
    activations : tuple of str
        Of one direction, unless given.
    states : int
        How many there are: h, and of an LSTM c.
    """

    name: str
    order: tuple[int, ...]
    activations: tuple[str, ...]
    states: int = 1


_LSTM = _Kind("lstm", (0, 2, 3, 1), ("sigmoid", "tanh", "tanh"), 2)
_GRU = _Kind("gru", (1, 0, 2), ("sigmoid", "tanh"))
_RNN = _Kind("rnn", (0,), ("tanh",))


class _Recurrent:
    """What a node says, in one order of axes."""

    def __init__(self, emit: Emitter, node: Call, kind: _Kind) -> None:
        self.emit, self.node, self.kind = emit, node, kind
        self.batch_first = bool(node.attribute("layout", 0))
        x = node.input(0)
        self.x = emit(aten.transpose.int, x, 0, 1) if self.batch_first else x
        self.w, self.r, self.b = node.input(1), node.input(2), node.optional(3)
        self.direction = node.attribute("direction", "forward")
        self.directions = 2 if self.direction == "bidirectional" else 1
        self.units = emit.shape(self.r)[-1]
        self.samples = emit.size(self.x, 1)
        self.states = [self._state(5 + place) for place in range(kind.states)]
        self.peepholes = node.optional(7) if kind.states == 2 else None
        self.lengths = self._lengths()
        self.activations = self._activations()

    def _state(self, place: int) -> Any:
        """The initial state (directions, samples, units); one that is made for one sample is that of all."""
        emit, given = self.emit, self.node.optional(place)
        sizes = [self.directions, self.samples, self.units]
        if given is None:
            return emit(aten.full.default, sizes, 0.0, dtype=emit.dtype(self.x))
        given = emit(aten.transpose.int, given, 0, 1) if self.batch_first else given
        if isinstance(self.samples, Node) and not emit.is_sized(given, 1) and emit.shape(given)[1] == 1:
            given = emit(aten.expand.default, given, sizes)
        return given

    def _lengths(self) -> Any:
        """How long each sample's sequence is; None where all are as long as the longest."""
        given = self.node.optional(4)
        steps = self.emit.shape(self.x)[0]
        if given is None or (isinstance(given, Tensor) and bool((given == steps).all())):
            return None
        return given

    def _activations(self) -> list[list[tuple[str, dict[str, float]]]]:
        """For each direction the functions, with their settings."""
        names = [str(one).lower() for one in self.node.attribute("activations") or []]
        alphas = list(self.node.attribute("activation_alpha") or [])
        betas = list(self.node.attribute("activation_beta") or [])
        each = len(self.kind.activations)
        names = names or list(self.kind.activations) * self.directions
        found = []
        for name in names:  # settings stand in the order of the functions that take some
            settings = {}
            if name in _WITH_ALPHA and alphas:
                settings["alpha"] = alphas.pop(0)
            if name in _WITH_BETA and betas:
                settings["beta"] = betas.pop(0)
            found.append((name, settings))
        if len(found) < each * self.directions:
            raise self.emit.refusal(f"it names {len(found)} activations and needs {each * self.directions}")
        return [found[start : start + each] for start in range(0, each * self.directions, each)]

    # ------------------------------------------------------------------------------------------------------ whole

    def is_plain(self) -> bool:
        """Whether torch's operation computes the same."""
        names = {tuple(name for name, _ in one) for one in self.activations}
        plain = {self.kind.activations} | ({("relu",)} if self.kind is _RNN else set())
        after = self.kind is not _GRU or self.node.attribute("linear_before_reset", 0) == 1
        coupled = self.node.attribute("input_forget", 0)
        return (
            len(names) == 1
            and names <= plain
            and after
            and not coupled
            and self.node.attribute("clip") is None
            and self.peepholes is None
            and self.lengths is None
        )

    def whole(self) -> tuple[Any, ...]:
        """Torch's operation: the sequence of states, and the last ones."""
        emit = self.emit
        name = self.kind.name if self.kind is not _RNN else f"rnn_{self.activations[0][0][0]}"
        target = getattr(aten, name).input
        weights = [one for place in range(self.directions) for one in self._torch_weights(place)]
        reverse = self.direction == "reverse"
        x = emit(aten.flip.default, self.x, [0]) if reverse else self.x
        states = self.states if len(self.states) > 1 else self.states[0]
        settings = (self.b is not None, 1, 0.0, False, self.directions == 2, False)
        result = emit(target, x, states, weights, *settings)
        output, *last = (emit.item(result, place) for place in range(1 + self.kind.states))
        output = emit(aten.flip.default, output, [0]) if reverse else output
        if self.directions == 1:
            return emit(aten.unsqueeze.default, output, 1), *last
        apart = emit(aten.unflatten.int, output, 2, [2, self.units])
        return emit(aten.transpose.int, apart, 1, 2), *last

    def _torch_weights(self, direction: int) -> list[Any]:
        emit, gates = self.emit, len(self.kind.order)
        w, r = (emit(aten.select.int, one, 0, direction) for one in (self.w, self.r))
        found = [w, r]
        if self.b is not None:
            both = emit(aten.select.int, self.b, 0, direction)
            found += [
                emit(aten.slice.Tensor, both, 0, half * gates * self.units, (half + 1) * gates * self.units)
                for half in (0, 1)
            ]
        return [self._ordered(one) for one in found]

    def _ordered(self, value: Any) -> Any:
        """The gates in torch's order."""
        if len(self.kind.order) == 1:
            return value
        parts = [
            self.emit(aten.slice.Tensor, value, 0, gate * self.units, (gate + 1) * self.units)
            for gate in self.kind.order
        ]
        return self.emit(aten.cat.default, parts, 0)

    # ------------------------------------------------------------------------------------------------------ unrolled

    def unrolled(self) -> tuple[Any, ...]:
        """Step by step: the sequence of states, and the last ones."""
        emit = self.emit
        sequences, last = [], []
        for place in range(self.directions):
            sequence, states = self._direction(place)
            sequences.append(sequence)
            last.append(states)
        output = emit(aten.stack.default, sequences, 1)
        return output, *(emit(aten.stack.default, list(column), 0) for column in zip(*last, strict=True))

    def _direction(self, place: int) -> tuple[Any, list[Any]]:
        emit = self.emit
        steps = emit.size(self.x, 0)
        if isinstance(steps, Node):
            raise emit.refusal("its sequence runs over the samples; give it an axis for samples and one for time")
        own = [self.w, self.r, self.b, self.peepholes]
        w, r, b, peephole = (None if one is None else emit(aten.select.int, one, 0, place) for one in own)
        cell = Cell(emit, self.node, w, r, b, self.units, self.activations[place], peephole)
        states = [emit(aten.select.int, state, 0, place) for state in self.states]
        backwards = self.direction == "reverse" or place == 1
        found: list[Any] = []
        for step in reversed(range(steps)) if backwards else range(steps):
            new = STEPS[self.kind.name](cell, emit(aten.select.int, self.x, 0, step), states)
            output = new[0]
            if self.lengths is not None:
                runs = emit(aten.unsqueeze.default, emit(aten.gt.Scalar, self.lengths, step), 1)
                new = [emit(aten.where.self, runs, a, b) for a, b in zip(new, states, strict=True)]
                output = emit(aten.where.ScalarOther, runs, output, 0.0)
            states = list(new)
            found.append(output)
        return emit(aten.stack.default, found[::-1] if backwards else found, 0), states

    # ------------------------------------------------------------------------------------------------------ the result

    def result(self) -> tuple[Any, ...]:
        """Y (time, directions, samples, units) and the last states."""
        output, *last = self.whole() if self.is_plain() else self.unrolled()
        if self.batch_first:
            output = self.emit(aten.permute.default, output, [2, 0, 1, 3])
            last = [self.emit(aten.transpose.int, one, 0, 1) for one in last]
        return output, *last


_WITH_ALPHA = {"affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu"}
_WITH_BETA = {"affine", "scaledtanh", "hardsigmoid"}


OPERATORS = {
    "LSTM": lambda emit, node: _Recurrent(emit, node, _LSTM).result(),
    "GRU": lambda emit, node: _Recurrent(emit, node, _GRU).result(),
    "RNN": lambda emit, node: _Recurrent(emit, node, _RNN).result(),
}
