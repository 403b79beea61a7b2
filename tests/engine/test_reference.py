"""Explaining a difference to a reference: the rule `reference`, DeepLIFT's rescale form."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from tests.engine.nets import NETS, make


@cache
def made(name: str, *, bias: bool = True):
    module, x = make(name, bias=bias)
    return module, lrp.capture(module, x), x


def logits(name: str, module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    out = module(x).detach()
    return torch.logit(out) if name == "mlp" else out


@pytest.mark.parametrize("name", [name for name in NETS if name != "scaled"])
def test_relevance_is_the_difference_of_the_score_and_nothing_is_absorbed(name):
    module, network, x = made(name)
    reference = torch.randn(x[:1].shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    e = lrp.explain(network, x, 1, reference=reference)
    difference = logits(name, module, x)[:, 1] - logits(name, module, reference)[:, 1]
    torch.testing.assert_close(e.score, difference, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(e.inputs["x"].flatten(1).sum(1), difference, rtol=1e-8, atol=1e-8)
    for row in e.ledger:
        assert row.absorbed.abs().max() == 0
        assert row.unexplained.abs().max() < 1e-9
        assert row.rule == "reference"


def test_a_linear_network_gives_weight_times_difference():
    module = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2)).double()
    x, reference = torch.randn(3, 5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    e = lrp.explain(lrp.capture(module, x), x, {0: 1.0, 1: -1.0}, reference=reference)
    effective = module[1].weight @ module[0].weight
    expected = (x - reference) * (effective[0] - effective[1])
    torch.testing.assert_close(e.inputs["input"], expected.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["cnn", "residual", "reused", "matmuls"])
def test_without_biases_a_reference_of_zero_is_lrp_0(name):
    _, network, x = made(name, bias=False)
    compared = lrp.explain(network, x, 1, reference=torch.zeros_like(x[:1]))
    plain = lrp.explain(network, x, 1, "lrp_0")
    torch.testing.assert_close(compared.inputs["x"], plain.inputs["x"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("activation", [nn.Sigmoid(), nn.Tanh(), nn.GELU(), nn.Softplus(), nn.ReLU()], ids=repr)
def test_an_activation_hands_back_the_whole_difference(activation):
    module = nn.Sequential(activation, nn.Linear(4, 1)).double()
    x = torch.randn(2, 4, dtype=torch.float64)
    reference = torch.randn(1, 4, dtype=torch.float64)
    reference[0, 0] = x[0, 0]  # no difference there: no relevance, and no division by it
    e = lrp.explain(lrp.capture(module, x), x, 0, reference=reference)
    expected = (activation(x) - activation(reference)) * module[1].weight
    torch.testing.assert_close(e.inputs["input"], expected.detach(), rtol=1e-9, atol=1e-12)


def test_a_pool_gives_a_rise_to_its_winner_and_a_fall_to_the_references():
    module = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1, 1, bias=False)).double()
    module[2].weight.data.fill_(1.0)
    network = lrp.capture(module, torch.zeros(2, 1, 2, 2, dtype=torch.float64))
    high = torch.tensor([[[[5.0, 1.0], [0.0, 2.0]]]], dtype=torch.float64)
    low = torch.tensor([[[[1.0, 3.0], [0.0, 2.0]]]], dtype=torch.float64)
    rise = lrp.explain(network, high, 0, reference=low).inputs["input"]
    fall = lrp.explain(network, low, 0, reference=high).inputs["input"]
    torch.testing.assert_close(rise.flatten(), torch.tensor([2.0, 0, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(fall.flatten(), torch.tensor([-2.0, 0, 0, 0], dtype=torch.float64))


def test_flow_and_chunks_and_one_reference_for_each():
    _, network, x = made("mlp")
    reference = x.flip(0)
    whole = lrp.explain(network, x, "max", reference=reference)
    chunked = lrp.explain(network, x, "max", reference=reference, batch=2)
    torch.testing.assert_close(chunked.inputs["x"], whole.inputs["x"])
    torch.testing.assert_close(whole.flow("fc1").sum(1), whole.inputs["x"])
    torch.testing.assert_close(whole.flow("fc2").sum(1), whole.layers["relu"])
    assert whole.composite == "reference"


def test_what_cannot_be_compared_is_said():
    _, network, x = made("mlp")
    with pytest.raises(lrp.InputError, match="2 references for 5 samples"):
        lrp.explain(network, x, reference=x[:2])
    with pytest.raises(lrp.InputError, match="the network takes"):
        lrp.explain(network, x, reference=torch.zeros(1, 7))
    with pytest.raises(lrp.TargetError, match="cannot be compared with a reference"):
        lrp.explain(network, x, torch.ones(3), reference=x)
    with pytest.raises(lrp.CompositeError, match="needs a reference"):
        lrp.explain(network, x, composite=lrp.Composite("mine", entries=lrp.composites.AGAINST_REFERENCE.entries))
