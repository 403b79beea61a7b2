"""Recurrent layers: samples on the first axis, time on the second, an initial state of zeros."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, Slot, say

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Recurrent"
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _names(p: Parameters) -> list[str]:
    """The tensors in the order in which torch takes them."""
    if not 1 <= p["num_layers"] <= 1000:
        raise ValueError("num_layers has to be at least 1")
    kinds = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if p["bias"] else [])]
    ways = ("", "_reverse") if p["bidirectional"] else ("",)
    return [f"{kind}_l{number}{way}" for number in range(p["num_layers"]) for way in ways for kind in kinds]


def _recurrent(kind: str) -> LayerType:
    gates = GATES[kind]

    def slot(name: str) -> Slot:
        what, _, where = name.partition("_l")

        def shape(p: Parameters) -> tuple[int, ...]:
            hidden, ways = p["hidden_size"], 2 if p["bidirectional"] else 1
            read = p["input_size"] if where in {"0", "0_reverse"} else ways * hidden
            return {"weight_ih": (gates * hidden, read), "weight_hh": (gates * hidden, hidden)}.get(
                what, (gates * hidden,)
            )

        return Slot(name, shape)

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        if len(shapes[0]) != 3 or shapes[0][2] != p["input_size"]:
            raise MisfitError(f"it takes time steps of {p['input_size']} features, but is given {say(shapes[0])}")
        width = p["hidden_size"] * (2 if p["bidirectional"] else 1)
        return (*shapes[0][:2], width) if p["output"] == "sequence" else (shapes[0][0], width)

    def build(b: Builder, p: Parameters) -> Node:
        states = p["num_layers"] * (2 if p["bidirectional"] else 1)
        samples = b.samples()
        zeros = [b("zeros.default", [states, samples, p["hidden_size"]]) for _ in range(2 if kind == "LSTM" else 1)]
        given = zeros if kind == "LSTM" else zeros[0]
        tensors = [b[name] for name in _names(p)]
        name = f"rnn_{p['nonlinearity']}" if kind == "RNN" else kind.lower()
        options = (p["bias"], p["num_layers"], 0.0, False, p["bidirectional"], True)
        sequence = b.call(operator.getitem, name, (b(f"{name}.input", b.x, given, tensors, *options), 0))
        if p["output"] == "sequence":
            return sequence
        last = b("select.int", sequence, 1, -1)
        if p["output"] == "last" or not p["bidirectional"]:
            return last
        # the way back has seen everything when it is at the first time step
        width = p["hidden_size"]
        first = b("select.int", sequence, 1, 0)
        return b(
            "cat.default", [b("slice.Tensor", last, 1, 0, width), b("slice.Tensor", first, 1, width, 2 * width)], 1
        )

    optional = {"num_layers": 1, "bias": True, "bidirectional": False, "output": "sequence"}
    if kind == "RNN":
        optional["nonlinearity"] = "tanh"
    return LayerType(
        GROUP,
        shape,
        build,
        ("input_size", "hidden_size"),
        optional,
        lambda p: tuple(map(slot, _names(p))),
        {"output": ("sequence", "last", "hidden"), "nonlinearity": ("tanh", "relu")},
        note="`output`: every time step, the output at the last one, or the last hidden state (both ways side by side)",
    )


TYPES: dict[str, LayerType] = {kind: _recurrent(kind) for kind in GATES}
