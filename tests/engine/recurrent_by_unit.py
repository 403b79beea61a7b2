"""The recurrent rules written out: one unit, one gate and one time step after the other, from the formulas alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


@dataclass
class Ledger:
    """Relevance by place – ("x", layer, time), ("h", run, time), ("c", run, time) – and what is absorbed."""

    epsilon: float
    half: bool
    bias: float = 0.0
    stabilizer: float = 0.0
    of: dict[Any, np.ndarray] = field(default_factory=dict)

    def give(self, place: Any, relevance: np.ndarray) -> None:
        self.of[place] = self.of.get(place, 0.0) + relevance

    def take(self, place: Any, like: np.ndarray) -> np.ndarray:
        return self.of.pop(place, np.zeros_like(like)) + 0.0

    def sum(self, unit: int, relevance: float, total: float, terms: list[tuple[Any, np.ndarray]], bias: float) -> None:
        """R_k = term_k / (total + ε sgn total) R, for one unit's total and its terms, vectors of contributions."""
        sign = 1.0 if total >= 0 else -1.0
        share = relevance / (total + self.epsilon * sign)
        for place, contributions in terms:
            self.give(place, contributions * share)
        self.bias += bias * share
        self.stabilizer += self.epsilon * sign * share
        assert abs(sum(c.sum() for _, c in terms) + bias - total) < 1e-12, unit

    def product(self, relevance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the signal and what the gate get."""
        return (relevance / 2, relevance / 2) if self.half else (relevance, np.zeros_like(relevance))


def one(unit: int, value: float, size: int) -> np.ndarray:
    found = np.zeros(size)
    found[unit] = value
    return found


def weighted(ledger: Ledger, relevance: np.ndarray, pre: np.ndarray, w, u, b, x, h, places) -> None:
    """Through pre = W x + U h + b by ε, one unit after the other."""
    for j, (r, a) in enumerate(zip(relevance, pre, strict=True)):
        terms = [(places[0], np.array([x[i] * w[j, i] for i in range(len(x))]))]
        terms.append((places[1], np.array([h[i] * u[j, i] for i in range(len(h))])))
        ledger.sum(j, r, a, terms, b[j])


class Lstm:
    states = 2

    @staticmethod
    def step(w, u, b, bu, x, h, c):
        pre = [w[k] @ x + u[k] @ h + b[k] + bu[k] for k in range(4)]
        i, f, g, o = sigmoid(pre[0]), sigmoid(pre[1]), np.tanh(pre[2]), sigmoid(pre[3])
        cell = f * c + i * g
        return o * np.tanh(cell), cell, (pre, i, f, g)

    @staticmethod
    def back(ledger, w, u, b, bu, x, h, c, new_h, new_c, seen, places):
        pre, i, f, g = seen
        into_c, into_o = ledger.product(ledger.take(places["new_h"], new_h))
        into_c = into_c + ledger.take(places["new_c"], new_c)
        of_i, of_f, of_g = (np.zeros_like(new_c) for _ in range(3))
        for j, r in enumerate(into_c):
            ledger.sum(
                *(j, r, new_c[j]),
                [
                    (("kept", places["new_c"]), one(j, f[j] * c[j], len(c))),
                    (("new", places["new_c"]), one(j, i[j] * g[j], len(c))),
                ],
                0.0,
            )
        kept, of_f = ledger.product(ledger.take(("kept", places["new_c"]), c))
        ledger.give(places["c"], kept)
        of_g, of_i = ledger.product(ledger.take(("new", places["new_c"]), c))
        for k, r in enumerate((of_i, of_f, of_g, into_o)):
            if k == 2 or ledger.half:
                weighted(ledger, r, pre[k], w[k], u[k], b[k] + bu[k], x, h, (places["x"], places["h"]))


class Gru:
    states = 1

    @staticmethod
    def step(w, u, b, bu, x, h, _):
        pre_r, pre_z = (w[k] @ x + u[k] @ h + b[k] + bu[k] for k in range(2))
        r, z = sigmoid(pre_r), sigmoid(pre_z)
        pre_n = w[2] @ x + b[2] + r * (u[2] @ h + bu[2])
        n = np.tanh(pre_n)
        return (1 - z) * n + z * h, None, (pre_r, pre_z, pre_n, r, z, n)

    @staticmethod
    def back(ledger, w, u, b, bu, x, h, _, new_h, __, seen, places):
        pre_r, pre_z, pre_n, r, z, n = seen
        arrived = ledger.take(places["new_h"], new_h)
        of_n, of_kept, of_z, of_r = (np.zeros_like(h) for _ in range(4))
        for j, relevance in enumerate(arrived):
            share = Ledger(ledger.epsilon, ledger.half)
            share.sum(
                j,
                relevance,
                new_h[j],
                [("n", one(j, (1 - z[j]) * n[j], len(h))), ("h", one(j, z[j] * h[j], len(h)))],
                0.0,
            )
            ledger.stabilizer += share.stabilizer
            signal, gate = share.product(share.of["n"])
            of_n, of_z = of_n + signal, of_z + gate
            signal, gate = share.product(share.of["h"])
            of_kept, of_z = of_kept + signal, of_z + gate
        ledger.give(places["h"], of_kept)
        for j, relevance in enumerate(of_n):
            sign = 1.0 if pre_n[j] >= 0 else -1.0
            share = relevance / (pre_n[j] + ledger.epsilon * sign)
            ledger.stabilizer += ledger.epsilon * sign * share
            ledger.give(places["x"], np.array([x[i] * w[2][j, i] * share for i in range(len(x))]))
            ledger.bias += b[2][j] * share
            part = 0.5 if ledger.half else 1.0  # of r ⊙ (U h + b′)
            ledger.give(places["h"], np.array([h[i] * u[2][j, i] * r[j] * share * part for i in range(len(h))]))
            ledger.bias += bu[2][j] * r[j] * share * part
            of_r[j] = r[j] * (u[2][j] @ h + bu[2][j]) * share * (1 - part)
        if ledger.half:
            for k, pre, relevance in ((0, pre_r, of_r), (1, pre_z, of_z)):
                weighted(ledger, relevance, pre, w[k], u[k], b[k] + bu[k], x, h, (places["x"], places["h"]))


class Tanh:
    states = 1
    function = staticmethod(np.tanh)

    @classmethod
    def step(cls, w, u, b, bu, x, h, _):
        pre = w[0] @ x + u[0] @ h + b[0] + bu[0]
        return cls.function(pre), None, pre

    @staticmethod
    def back(ledger, w, u, b, bu, x, h, _, new_h, __, pre, places):
        relevance = ledger.take(places["new_h"], new_h)
        weighted(ledger, relevance, pre, w[0], u[0], b[0] + bu[0], x, h, (places["x"], places["h"]))


class Relu(Tanh):
    function = staticmethod(lambda a: np.maximum(a, 0))


CELLS = {"LSTM": (Lstm, 4), "GRU": (Gru, 3), "RNN": (Tanh, 1), "RNN relu": (Relu, 1)}


def by_unit(kind: str, parameters, x, states, layers: int, directions: int, seeds, ledger: Ledger):
    """One sample through the whole network and back.

    `x` (time, inputs), `states` one (layers · directions, units) each; `seeds` is relevance of the
    output and the last states; if None, their values. Returns relevance of x and of the initial states, and the output.
    """
    cell, gates = CELLS[kind]
    steps = len(x)
    value: dict[Any, np.ndarray] = {("x", 0, t): x[t] for t in range(steps)}
    seen: dict[Any, Any] = {}
    weights = []
    for run, given in enumerate(parameters):
        layer, reverse = run // directions, run % directions
        weights.append([p.reshape(gates, -1, *p.shape[1:]) for p in given])
        order = range(steps - 1, -1, -1) if reverse else range(steps)
        h, c = states[0][run], states[1][run] if len(states) > 1 else None
        value["h", run, "first"], value["c", run, "first"] = h, c
        for t in order:
            h, c, seen[run, t] = cell.step(*weights[run], value["x", layer, t], h, c)
            value["h", run, t], value["c", run, t] = h, c
        if run % directions == directions - 1:
            for t in range(steps):
                below = [value["h", layer * directions + d, t] for d in range(directions)]
                value["x", layer + 1, t] = np.concatenate(below)
    ends = [(run, 0 if run % directions else steps - 1) for run in range(layers * directions)]
    output = np.stack([value["x", layers, t] for t in range(steps)])
    last = [np.stack([value[name, run, t] for run, t in ends]) for name in ("h", "c")[: len(states)]]
    given = seeds or [output, *last]
    for t in range(steps):
        ledger.give(("x", layers, t), given[0][t])
    for name, seed in zip(("h", "c"), given[1:], strict=False):
        for (run, t), relevance in zip(ends, seed, strict=True):
            ledger.give((name, run, t), relevance)
    for layer in reversed(range(layers)):
        for t in range(steps):
            whole = ledger.take(("x", layer + 1, t), value["x", layer + 1, t])
            for d, part in enumerate(np.split(whole, directions)):
                ledger.give(("h", layer * directions + d, t), part)
        for run in range(layer * directions, (layer + 1) * directions):
            order = ["first", *(range(steps - 1, -1, -1) if run % directions else range(steps))]
            for before, t in reversed(list(pairwise(order))):
                places = {"x": ("x", layer, t), "h": ("h", run, before), "c": ("c", run, before)}
                places |= {"new_h": ("h", run, t), "new_c": ("c", run, t)}
                values = [value[places[name]] for name in ("x", "h", "c", "new_h", "new_c")]
                cell.back(ledger, *weights[run], *values, seen[run, t], places)
    of_x = np.stack([ledger.take(("x", 0, t), x[t]) for t in range(steps)])
    of_states = [
        np.stack([ledger.take((name, run, "first"), states[0][0]) for run in range(layers * directions)])
        for name in ("h", "c")[: len(states)]
    ]
    return of_x, of_states, output
