"""Targets, progress, what is kept, what is refused, and the ledger on the shipped examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.files.table import match_columns, read_table, standardise
from tests.engine.nets import make, said

# of composites that show gradients only the ledger is about relevance
COMPOSITES = [name for name, _ in lrp.composite_names() if lrp.Composite.named(name).shows == "relevance"]
EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"


@pytest.fixture(scope="module")
def net():
    module, x = make("mlp")
    return lrp.capture(module, x), x, torch.logit(module(x)).detach()


# ------------------------------------------------------------------------------------------------------- targets


@pytest.mark.parametrize(
    ("target", "score"),
    [
        (1, lambda z: z[:, 1]),
        ("2", lambda z: z[:, 2]),
        ("max", lambda z: z.amax(1)),
        ("2-0", lambda z: z[:, 2] - z[:, 0]),
        ({0: -1}, lambda z: -z[:, 0]),
        ({0: 0.5, 2: 2.0}, lambda z: 0.5 * z[:, 0] + 2 * z[:, 2]),
        ([0, 1, 2, "max", "1-2"], lambda z: torch.stack([z[0, 0], z[1, 1], z[2, 2], z[3].amax(), z[4, 1] - z[4, 2]])),
        (torch.tensor([1.0, 2.0, 3.0]), lambda z: torch.full((5,), 6.0).to(z)),
        (torch.arange(15.0).reshape(5, 3), lambda z: torch.arange(15.0).reshape(5, 3).sum(1).to(z)),
    ],
    ids=said,
)
def test_score_is_what_the_target_says(net, target, score):
    network, x, logits = net
    e = lrp.explain(network, x, target=target)
    torch.testing.assert_close(e.score, score(logits), rtol=1e-9, atol=1e-9)
    total = e.inputs["x"].sum(1) + sum(row.absorbed for row in e.ledger)
    torch.testing.assert_close(total, e.score, rtol=1e-9, atol=1e-9)
    chunked = lrp.explain(network, x, target=target, batch=2)
    torch.testing.assert_close(chunked.inputs["x"], e.inputs["x"])
    assert chunked.targets == e.targets


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (3, "no output unit 3: they are 0 to 2"),
        (-1, "no output unit -1"),
        ("0-7", "no output unit 7"),
        ("1-1", "always 0"),
        ("cat", "“cat” is not a target"),
        (True, "“True” is not the number"),
        ({}, "names no unit"),
        ([0, 1], "2 targets for 5 samples"),
        (np.ones(4), "The seed is 4, but the output is 5×3"),
        (None, "NoneType"),
    ],
    ids=said,
)
def test_a_target_that_does_not_exist_is_one_clear_sentence(net, target, says):
    network, x, _ = net
    with pytest.raises(lrp.TargetError, match=says) as caught:
        lrp.explain(network, x, target=target)
    assert "\n" not in str(caught.value)


def test_targets_are_read_as_typed():
    names = ("cat", "dog", "3")
    assert lrp.parse_target(" MAX ") == "max"
    assert lrp.parse_target("dog", names) == 1
    assert lrp.parse_target("3", names) == 2  # a class called 3 comes before the unit 3
    assert lrp.parse_target("cat - dog", names) == {0: 1.0, 1: -1.0}
    assert lrp.parse_target("2-5") == "2-5"
    with pytest.raises(lrp.TargetError, match="one of cat, dog"):
        lrp.parse_target("bird", names)


def test_the_opposite_class_of_a_sigmoid_is_the_negated_logit():
    network = lrp.load(EXAMPLES / "diabetes" / "model_weights.pth")
    x = torch.randn(3, 10)
    for_, against = lrp.explain(network, x, target=0), lrp.explain(network, x, target={0: -1})
    torch.testing.assert_close(against.inputs["x"], -for_.inputs["x"])
    assert for_.targets[0] == "above median (logit)"


# ---------------------------------------------------------------------------------------- progress, what is kept


def test_progress_ends_at_its_total_and_closing_cancels(net):
    network, x, _ = net
    steps = list(lrp.explaining(network, x, batch=2))
    assert [step.done for step in steps] == list(range(1, steps[-1].total + 1))
    assert {step.layer for step in steps} >= {"fc1", "fc2", "fc3"}
    running = lrp.explaining(network, x)
    next(running)
    running.close()
    with pytest.raises(StopIteration):
        next(running)


def test_between_steps_the_callers_gradients_are_as_they_were(net):
    network, x, _ = net
    for _ in lrp.explaining(network, x):
        assert torch.is_grad_enabled()
    first, second = lrp.explaining(network, x), lrp.explaining(network, x)
    next(first)
    next(second)
    first.close()
    second.close()
    assert torch.is_grad_enabled()


def test_keep_says_how_much_is_kept(net):
    network, x, _ = net
    inputs, layers, nodes = (lrp.explain(network, x, keep=keep) for keep in ("inputs", "layers", "nodes"))
    assert not inputs.layers
    assert list(layers.layers) == ["fc1", "relu", "fc2", "relu_1", "fc3"]
    assert set(nodes.nodes) > set(layers.layers) - {"fc1", "fc2", "fc3"}
    torch.testing.assert_close(inputs.inputs["x"], nodes.inputs["x"])
    for path, relevance in layers.layers.items():
        assert relevance.shape == layers.activations[path].shape
    with pytest.raises(lrp.InputError, match="keep has to be one of"):
        lrp.explain(network, x, keep="everything")


def test_flow_sums_to_the_relevance_on_both_sides(net):
    network, x, _ = net
    e = lrp.explain(network, x, target=0, flows=("fc2",))
    flow = e.flow("fc2")
    assert e.flow_source("fc2") == "relu"
    torch.testing.assert_close(flow.sum(1), e.layers["relu"])
    row = next(row for row in e.ledger if row.layer == "fc2")
    torch.testing.assert_close(flow.sum((1, 2)), row.passed_on)
    torch.testing.assert_close(e.flow("fc1").sum(1), e.inputs["x"])
    with pytest.raises(lrp.InputError, match="layers with weights are fc1, fc2, fc3"):
        e.flow("relu")


def test_results_are_detached_and_share_no_memory_with_the_inputs(net):
    network, x, _ = net
    e = lrp.explain(network, x.clone().requires_grad_())
    for tensor in (*e.inputs.values(), *e.layers.values(), *e.outputs.values(), e.score):
        assert not tensor.requires_grad
    given = x.clone()
    e = lrp.explain(network, given, keep="nodes")
    before = {name: value.clone() for name, value in e.nodes.items()}
    given.zero_()
    for name, value in e.nodes.items():
        torch.testing.assert_close(value, before[name])


# ----------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (torch.zeros(5, 7), "is 5×7; the network takes samples×6"),
        (torch.zeros(6), "is 6; the network takes samples×6"),
        (torch.zeros(0, 6), "has no samples"),
        (torch.full((2, 6), float("nan")), "Sample 0 of the input “x” holds nan at unit 0"),
        (torch.zeros(2, 6, dtype=torch.complex64), "takes float64"),
        ({"y": torch.zeros(2, 6)}, "should be x; got y"),
        ("text", "is not a tensor"),
    ],
    ids=said,
)
def test_inputs_that_do_not_fit_are_one_clear_sentence(net, inputs, says):
    with pytest.raises(lrp.InputError, match=says):
        lrp.explain(net[0], inputs)


def test_an_unknown_operation_is_refused_with_name_layer_and_source_line():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x):
            return torch.cumprod(self.fc(x), 1)

    x = torch.randn(2, 3)
    with pytest.raises(lrp.UnsupportedOperation) as caught:
        lrp.explain(lrp.capture(Odd(), x), x)
    text = str(caught.value)
    assert "cumprod" in text
    assert "layer “cumprod”" in text
    assert "test_explaining.py:" in text
    assert "torch.cumprod(self.fc(x), 1)" in text
    assert "affine map" in text
    assert caught.value.operations == ("cumprod",)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: torch.log_softmax(x, 1) + 1, "before the end of the network"),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), "rounds"),
        (lambda x: torch.pow(x, x), "base and exponent"),
        (lambda x: x.var(1), "a statistic"),
    ],
    ids=["log softmax inside", "rounding", "power", "variance"],
)
def test_what_no_rule_covers_is_refused(function, why):
    class Net(nn.Module):
        def forward(self, x):
            return function(x)

    x = torch.rand(2, 3) + 1
    with pytest.raises(lrp.UnsupportedOperation, match=why):
        lrp.explain(lrp.capture(Net(), x), x)


# ------------------------------------------------------------------------------------------------------ examples


def example(name: str, weights: str) -> tuple[lrp.Network, np.ndarray]:
    network = lrp.load(EXAMPLES / name / weights)
    table = read_table(EXAMPLES / name / f"{name}.csv")
    entry = network.inputs[0]
    values, bad = match_columns(entry.features, True, table).take(table)
    assert not bad
    return network, standardise(values, entry.features).reshape(-1, *entry.unit_shape)


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize(("name", "weights"), [("diabetes", "model_weights.pth"), ("digits", "digits.pt2")])
def test_relevance_and_sinks_equal_the_logit_on_every_sample(name, weights, composite):
    network, x = example(name, weights)
    e = lrp.explain(network, x, target="max", composite=composite, keep="nodes")
    assert len(e.score) == len(x)
    scale = e.score.abs().double()
    for row in e.ledger:
        if row.node in e.nodes:
            scale = torch.maximum(scale, e.nodes[row.node].flatten(1).abs().sum(1).double())
    total = sum(value.flatten(1).double().sum(1) for value in e.inputs.values())
    total = total + sum(row.absorbed.double() for row in e.ledger)
    assert ((total - e.score).abs() / scale).max() < 1e-5


def test_both_examples_are_right_far_above_chance():
    for name, weights, answer, least in (
        ("diabetes", "model_weights.pth", "above_median", 0.72),
        ("digits", "digits.pt2", "label", 0.97),
    ):
        network, x = example(name, weights)
        table = read_table(EXAMPLES / name / f"{name}.csv")
        truth = table.values[:, table.names.index(answer)]
        (output,) = lrp.explain(network, x, keep="inputs").outputs.values()
        guess = output.argmax(1) if output.shape[1] > 1 else output[:, 0] > 0.5
        assert (guess.numpy() == truth).mean() > least


def test_alarms_name_the_layer():
    module = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)).double()
    module[0].weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    network = lrp.capture(nn.Sequential(nn.Linear(2, 2), *module).double(), torch.zeros(2, 2, dtype=torch.float64))
    network.tensors["0.weight"].copy_(torch.eye(2))
    network.tensors["0.bias"].zero_()
    e = lrp.explain(network, torch.tensor([[10.0, 9.999]], dtype=torch.float64), composite="lrp_0")
    assert any("“0”" in warning and "100 times" in warning for warning in e.warnings)


def test_scaling_by_a_number_loses_nothing_where_the_input_is_zero():
    """z^B gives relevance to black pixels; the number that they are divided by has no part in it."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 3)

        def forward(self, x):
            return self.conv(x / 16).flatten(1)

    x = torch.rand(2, 1, 4, 4).mul(32).sub(16).clamp(min=0)
    e = lrp.explain(lrp.capture(Net(), x), x, 0, lrp.Composite.named("epsilon_gamma_box", low=0.0, high=1.0))
    assert (e.inputs["x"][x == 0] != 0).any()
    (row,) = (row for row in e.ledger if row.kind == "affine map" and row.rule.startswith("epsilon"))
    torch.testing.assert_close(row.passed_on, row.arrived)
