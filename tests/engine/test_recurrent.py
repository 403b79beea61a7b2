"""LSTM, GRU and RNN against the rules written out unit by unit, and against cells written by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.fx import Graph

import lrp_engine as lrp
from lrp_engine.composites import Composite, Entry, Rule, Selector
from lrp_engine.errors import InputError
from lrp_engine.networks.graphs.graph import live_nodes
from lrp_engine.rules.affine_maps import WeightCache
from lrp_engine.rules.recurrent import RecurrentStep, refusal
from lrp_engine.rules.steps import Context, Record
from tests.engine.recurrent_by_unit import CELLS, Ledger, by_unit

EPSILON = 0.01  # large enough to be seen in every sum
STEPS, SAMPLES, INPUTS, UNITS = 4, 3, 3, 2


def composite(rule: str, epsilon: float = EPSILON) -> Composite:
    everywhere = tuple(
        Entry(Selector(kind=kind), Rule("epsilon", {"epsilon": epsilon})) for kind in ("affine map", "sum")
    )
    return Composite(
        "of a test", "", (Entry(Selector(kind="recurrent"), Rule(rule, {"epsilon": epsilon})), *everywhere)
    )


# ------------------------------------------------------------------------------------------------------- the networks


class Sequence(nn.Module):
    """A recurrent network; its states are given, samples first, or left out."""

    def __init__(self, kind: str, layers: int, bidirectional: bool, batch_first: bool, bias: bool = True) -> None:
        super().__init__()
        name, _, function = kind.partition(" ")
        options = {"nonlinearity": function} if function else {}
        self.net = getattr(nn, name)(
            INPUTS, UNITS, layers, bias=bias, bidirectional=bidirectional, batch_first=batch_first, **options
        )
        self.states = 2 if name == "LSTM" else 1

    def forward(self, x, h=None, c=None):
        states = [state.transpose(0, 1) for state in (h, c) if state is not None]
        if not self.net.batch_first:
            x = x.transpose(0, 1)
        output, last = self.net(x, None if not states else tuple(states) if self.states == 2 else states[0])
        last = last if isinstance(last, tuple) else (last,)
        if not self.net.batch_first:
            output = output.transpose(0, 1)
        return {"output": output, **{name: end.transpose(0, 1) for name, end in zip("hc", last, strict=False)}}


def made(kind: str, layers: int = 1, bidirectional: bool = False, batch_first: bool = True, bias: bool = True):
    torch.manual_seed(layers + 2 * bidirectional)
    module = Sequence(kind, layers, bidirectional, batch_first, bias).double().eval()
    x = torch.randn(SAMPLES, STEPS, INPUTS, dtype=torch.float64)
    runs = layers * (1 + bidirectional)
    states = [torch.randn(SAMPLES, runs, UNITS, dtype=torch.float64) for _ in range(module.states)]
    return module, x, states


def parameters_of(module: Sequence) -> list[list[np.ndarray]]:
    found = []
    for names in module.net._all_weights:
        given = [getattr(module.net, name).detach().numpy() for name in names]
        found.append([*given, *[np.zeros(len(given[0]))] * (4 - len(given))])
    return found


def relevance_row(e: lrp.Explanation, kind: str = "recurrent"):
    (row,) = (row for row in e.ledger if row.kind == kind)
    return row


SHAPES = [(1, False, True), (1, False, False), (2, False, True), (1, True, False), (2, True, True)]


def targets_of(network: lrp.Network) -> dict[str, dict[str, np.ndarray]]:
    """Relevance as it is of every result, and as a factor: the sum of all values."""
    rng = np.random.default_rng(0)
    shapes = {output.name: output.shape[1:] for output in network.outputs}
    return {
        "relevance": {name: rng.normal(size=(SAMPLES, *shape)) for name, shape in shapes.items()},
        "factors": {name: np.ones(shape, bool) for name, shape in shapes.items()},
    }


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_relevance_is_that_of_the_rules_written_out_unit_by_unit(kind, shape):
    module, x, states = made(kind, *shape)
    network = lrp.capture(module, (x, *states))
    given = dict(zip((entry.name for entry in network.inputs), (x, *states), strict=True))
    for (form, target), rule in product(targets_of(network).items(), ("signal", "half")):
        e = lrp.explain(network, given, target=target, composite=composite(rule))
        row = relevance_row(e)
        for sample in range(SAMPLES):
            seeds = None if form == "factors" else [seed[sample] for seed in target.values()]
            ledger = Ledger(EPSILON, rule == "half")
            of_x, of_states, output = by_unit(
                *(kind, parameters_of(module), x[sample].numpy(), [state[sample].numpy() for state in states]),
                *(shape[0], 1 + shape[1], seeds, ledger),
            )
            np.testing.assert_allclose(e.outputs["output"][sample], output, rtol=1e-9, atol=1e-12)
            for name, expected in zip(given, (of_x, *of_states), strict=True):
                np.testing.assert_allclose(e.inputs[name][sample], expected, rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(row.bias[sample], ledger.bias, rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(row.stabilizer[sample], ledger.stabilizer, rtol=1e-7, atol=1e-9)
        assert (row.unexplained.abs() < 1e-10 * e.inputs["x"].abs().sum((1, 2)).clamp(min=1)).all()


class Classifier(nn.Module):
    """Classifies by the last step; its states begin at zero, at a constant, or at what another layer says."""

    def __init__(self, kind: str, begins: str = "zero", **options) -> None:
        super().__init__()
        name, _, function = kind.partition(" ")
        if function:
            options["nonlinearity"] = function
        self.net = getattr(nn, name)(INPUTS, UNITS, batch_first=True, **options)
        directions = 1 + self.net.bidirectional
        self.begins = begins
        self.first = nn.Parameter(torch.randn(self.net.num_layers * directions, 1, UNITS))
        self.say = nn.Linear(INPUTS, UNITS)
        self.head = nn.Linear(UNITS * directions, 3)

    def forward(self, x):
        state = None
        if self.begins == "constant":
            state = self.first.expand(-1, x.shape[0], -1).contiguous()
        elif self.begins == "live":
            state = torch.tanh(self.say(x[:, 0])).expand(self.first.shape[0], -1, -1)
        if state is not None and isinstance(self.net, nn.LSTM):
            state = (state, state)
        return self.head(self.net(x, state)[0][:, -1])


BEGINS = [
    ("zero", {}),
    ("live", {}),
    ("constant", {"num_layers": 3}),
    ("constant", {"bias": False}),
    ("live", {"num_layers": 2, "bidirectional": True}),
]


@pytest.mark.parametrize(("begins", "options"), BEGINS, ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_relevance_and_sinks_are_the_score(kind, begins, options):
    torch.manual_seed(3)
    module = Classifier(kind, begins, **options).double().eval()
    x = torch.randn(SAMPLES, STEPS, INPUTS, dtype=torch.float64)
    network = lrp.capture(module, x)
    for rule in ("signal", "half"):
        e = lrp.explain(network, x, target="max", composite=composite(rule), keep="nodes")
        torch.testing.assert_close(e.score, module(x).amax(1).detach())
        total = e.inputs["x"].sum((1, 2)) + sum(row.absorbed for row in e.ledger)
        scale = max(1.0, *(float(value.abs().sum()) for value in e.nodes.values()))
        assert (total - e.score).abs().max() < 1e-11 * scale
        for row in e.ledger:
            assert row.unexplained.abs().max() < 1e-11 * scale
            assert not row.unsupported.any()
        if kind != "RNN relu":  # which can be zero
            assert (e.inputs["x"].abs().sum((0, 2)) > 0).all()  # at every time step
            assert begins != "constant" or (relevance_row(e).bias != 0).all()


@pytest.mark.parametrize("kind", CELLS)
def test_a_batch_is_its_samples_one_by_one_and_targets_share_a_pass(kind):
    torch.manual_seed(4)
    module = Classifier(kind, "constant", num_layers=2, bidirectional=True).double().eval()
    x = torch.randn(SAMPLES, STEPS, INPUTS, dtype=torch.float64)
    network = lrp.capture(module, x)
    for rule in ("signal", "half"):
        each = lrp.explain_each(network, x, "all", composite(rule))
        for target, together in enumerate(each):
            for sample in range(SAMPLES):
                alone = lrp.explain(network, x[sample : sample + 1], target=target, composite=composite(rule))
                torch.testing.assert_close(together.inputs["x"][sample], alone.inputs["x"][0])
                for row, own in zip(together.ledger, alone.ledger, strict=True):
                    for key in ("arrived", "bias", "stabilizer"):
                        torch.testing.assert_close(getattr(row, key)[sample], getattr(own, key)[0])


# --------------------------------------------------------------------------------------------------------------- cells


class Cells(nn.Module):
    """A cell called at every step, in a loop of the author's own."""

    def __init__(self, kind: str, net: nn.Module) -> None:
        super().__init__()
        name, _, function = kind.partition(" ")
        self.cell = getattr(nn, f"{name}Cell")(INPUTS, UNITS, **({"nonlinearity": function} if function else {}))
        self.cell.load_state_dict({key.removesuffix("_l0"): value for key, value in net.state_dict().items()})

    def forward(self, x):
        state = None
        for t in range(STEPS):
            state = self.cell(x[:, t], state)
        h, c = state if isinstance(state, tuple) else (state, state)
        return {"h": h, "c": c}


class ByHand(nn.Module):
    """The same from sigmoid, tanh, products and sums."""

    def __init__(self, kind: str, net: nn.Module) -> None:
        super().__init__()
        self.kind = kind
        gates = CELLS[kind][1]
        self.of_x = nn.ModuleList(nn.Linear(INPUTS, UNITS) for _ in range(gates))
        self.of_h = nn.ModuleList(nn.Linear(UNITS, UNITS) for _ in range(gates))
        for layers, name in ((self.of_x, "ih"), (self.of_h, "hh")):
            weights = getattr(net, f"weight_{name}_l0").detach().chunk(gates)
            for layer, weight, bias in zip(
                layers, weights, getattr(net, f"bias_{name}_l0").detach().chunk(gates), strict=True
            ):
                layer.load_state_dict({"weight": weight, "bias": bias})

    def forward(self, x):
        h = c = torch.zeros(UNITS, dtype=x.dtype)
        for t in range(STEPS):
            a, b = ([layer(value) for layer in layers] for layers, value in ((self.of_x, x[:, t]), (self.of_h, h)))
            if self.kind == "LSTM":
                i, f, o = (torch.sigmoid(a[k] + b[k]) for k in (0, 1, 3))
                c = f * c + i * torch.tanh(a[2] + b[2])
                h = o * torch.tanh(c)
            elif self.kind == "GRU":
                r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
                h = c = (1 - z) * torch.tanh(a[2] + r * b[2]) + z * h
            else:
                h = c = getattr(torch, self.kind.partition(" ")[2] or "tanh")(a[0] + b[0])
        return {"h": h, "c": c}


@pytest.mark.parametrize("kind", CELLS)
def test_a_sequence_its_cells_and_the_same_by_hand_agree(kind):
    module, x, _ = made(kind)
    if kind == "GRU":
        # before the first step U h′ + b′ is the constant b′, of which by hand the live gate r would be the signal
        module.net.bias_hh_l0.data[2 * UNITS :] = 0
    few = 1e-12  # what ε takes depends on how often it stands there
    target = {"h": {0: 1.0, 1: -0.5}} | ({"c": 1} if kind == "LSTM" else {})
    found = []
    for net in (module, Cells(kind, module.net), ByHand(kind, module.net)):
        network = lrp.capture(net.double().eval(), x)
        e = lrp.explain(network, x, target=target, composite=composite("signal", few))
        found.append(e)
    for other in found[1:]:
        torch.testing.assert_close(other.score, found[0].score)
        torch.testing.assert_close(other.inputs["x"], found[0].inputs["x"], rtol=1e-6, atol=1e-8)
    if not kind.startswith("RNN"):
        assert "its gates are held" in relevance_row(found[0]).reason
        assert any("gate" in row.reason for row in found[2].ledger)
    halves = [
        lrp.explain(lrp.capture(net, x), x, target, composite("half")).inputs["x"]
        for net in (module, Cells(kind, module.net).double())
    ]
    torch.testing.assert_close(halves[0], halves[1])


def test_a_reused_cell_is_its_untied_copy():
    torch.manual_seed(5)

    class Twice(nn.Module):
        def __init__(self, tied):
            super().__init__()
            self.first = nn.LSTM(INPUTS, INPUTS, batch_first=True)
            self.second = self.first if tied else nn.LSTM(INPUTS, INPUTS, batch_first=True)
            self.second.load_state_dict(self.first.state_dict())

        def forward(self, x):
            return self.second(self.first(x)[0])[0][:, -1]

    tied = Twice(True).double().eval()
    untied = Twice(False).double().eval()
    untied.load_state_dict({**tied.state_dict()})
    x = torch.randn(2, STEPS, INPUTS, dtype=torch.float64)
    found = [lrp.explain(lrp.capture(net, x), x, composite=composite("signal")).inputs["x"] for net in (tied, untied)]
    torch.testing.assert_close(*found)


def test_without_biases_and_gates_small_epsilon_is_gradient_times_input():
    torch.manual_seed(6)
    module = Classifier("RNN relu", bias=False).double().eval()
    module.head = nn.Linear(UNITS, 3, bias=False).double()
    x = torch.randn(SAMPLES, STEPS, INPUTS, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x)[:, 0].sum(), x)
    e = lrp.explain(lrp.capture(module, x.detach()), x.detach(), target=0, composite=composite("signal", 1e-14))
    torch.testing.assert_close(e.inputs["x"], (gradient * x).detach(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_single_precision_is_double_precision_rounded(kind):
    torch.manual_seed(7)
    module = Classifier(kind, num_layers=2).eval()
    x = torch.randn(8, 20, INPUTS)
    single = lrp.explain(lrp.capture(module, x), x, target=0, composite=composite("signal", 1e-3))
    for row in single.ledger:
        assert (row.unexplained.abs() <= 1e-5 * torch.maximum(single.score.abs(), row.arrived.abs()).clamp(min=1)).all()
    double = lrp.explain(lrp.capture(module.double(), x.double()), x.double(), 0, composite("signal", 1e-3))
    torch.testing.assert_close(single.inputs["x"].double(), double.inputs["x"], rtol=1e-2, atol=1e-3)


class Folded(nn.Module):
    """Several sequences of a sample stand on its axis."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.LSTM(INPUTS, UNITS, batch_first=True)

    def forward(self, x):
        samples, pieces = x.shape[:2]
        return self.net(x.flatten(0, 1))[0][:, -1].reshape(samples, pieces, UNITS).sum(1)


class Unbatched(nn.Module):
    """One sequence without an axis for samples."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.LSTM(INPUTS, UNITS)

    def forward(self, x):
        return self.net(x)[0][-1]


class LastState(nn.Module):
    """Reads the state at the end, and not the output."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.LSTM(INPUTS, UNITS, batch_first=True)

    def forward(self, x):
        return self.net(x)[1][0][-1]


def test_sequences_folded_into_the_batch_single_ones_and_last_states_agree():
    torch.manual_seed(9)
    folded, unbatched, last = (kind().double().eval() for kind in (Folded, Unbatched, LastState))
    for other in (unbatched, last):
        other.load_state_dict(folded.state_dict())
    x = torch.randn(SAMPLES, 2, STEPS, INPUTS, dtype=torch.float64)
    rule = composite("signal", 1e-12)
    together = lrp.explain(lrp.capture(folded, x), x, 0, rule)
    pieces = lrp.explain(lrp.capture(last, x[:, 0]), x.flatten(0, 1), 0, rule)
    torch.testing.assert_close(together.inputs["x"].flatten(0, 1), pieces.inputs["x"])
    bias = relevance_row(pieces).bias.reshape(SAMPLES, 2).sum(1)
    torch.testing.assert_close(relevance_row(together).bias, bias, rtol=1e-6, atol=1e-9)
    single = lrp.explain(lrp.capture(unbatched, x[0, 0], batch_axis={"x": None}), x[0, 0], 0, rule)
    torch.testing.assert_close(single.inputs["x"], pieces.inputs["x"][0])
    torch.testing.assert_close(relevance_row(single).bias, relevance_row(pieces).bias[:1])


def test_gradient_and_reference_go_through():
    torch.manual_seed(8)
    module = Classifier("LSTM").double().eval()
    x = torch.randn(SAMPLES, STEPS, INPUTS, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x)[:, 0].sum(), x)
    network = lrp.capture(module, x.detach())
    e = lrp.explain(network, x.detach(), target=0, composite="gradient_x_input")
    torch.testing.assert_close(e.inputs["x"], (gradient * x).detach())
    compared = lrp.explain(network, x.detach(), target=0, reference=torch.zeros(1, STEPS, INPUTS, dtype=torch.float64))
    assert relevance_row(compared).unexplained.abs().max() < 1e-10


# ------------------------------------------------------------------------------------------------------------ refusals


def node_of(operation: Any, *shapes, build) -> Any:
    graph = Graph()
    places = []
    for number, shape in enumerate(shapes):
        place = graph.placeholder(f"x{number}")
        place.meta |= {
            "shape": shape,
            "dtype": torch.float64,
            "samples": (shape.index(None), 1) if None in shape else None,
        }
        places.append(place)
    node = graph.call_function(operation, *build(*places))
    node.meta["layer"] = "net"
    return graph, node


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"params": 5}, "projections"),
        ({"dropout": 0.5, "train": True, "layers": 2}, "evaluation mode"),
        ({"batch_first": True}, "runs over the samples"),
    ],
    ids=["fits", "projections", "dropout", "samples as time"],
)
def test_what_cannot_be_opened_is_refused_with_a_reason(change, says):
    layers = change.get("layers", 1)

    def build(x, h):
        params = [h] * change.get("params", 4 * layers)  # only counted
        rest = (change.get("dropout", 0.0), change.get("train", False), False, change.get("batch_first", False))
        return ((x, [h, h], params, True, layers, *rest),)

    _, node = node_of(torch.ops.aten.lstm.input, (4, None, 3), (1, None, 2), build=build)
    reason = refusal(node, set())
    assert says in reason
    assert bool(reason) == bool(says)


def test_live_weights_and_packed_sequences_are_refused():
    graph, node = node_of(
        torch.ops.aten.gru_cell.default, (None, 3), (None, 2), (6, 3), build=lambda x, h, w: ((x, h, w, w),)
    )
    assert "weights" in refusal(node, live_nodes(graph))
    _, node = node_of(
        torch.ops.aten.lstm.data,
        (None, 3),
        (1, None, 2),
        build=lambda x, h: ((x, x, [h, h], [], True, 1, 0.0, False, False),),
    )
    assert "packed" in refusal(node, set())


def test_an_initial_state_of_another_number_of_samples_is_refused_before_torch_crashes():
    weights = [nn.Parameter(torch.randn(*shape)) for shape in ((8, 3), (8, 2), (8,), (8,))]

    def build(x, h):
        return ((x, [h, h], weights, True, 1, 0.0, False, False, True),)

    graph, node = node_of(torch.ops.aten.lstm.input, (None, 4, 3), (1, None, 2), build=build)
    step = RecurrentStep(node, Context(live_nodes(graph), {}, WeightCache()), Rule("signal"), "")
    x, h = node.args[0], node.args[1][0]
    with pytest.raises(
        InputError, match="initial state of lstm_input in layer “net” is made for 1 samples, but there are 5"
    ):
        step.forward(Record({x: torch.randn(5, 4, 3), h: torch.randn(1, 1, 2)}))
