"""A network in another precision is the one that would have been captured in it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.graphs.precision import in_precision


class Mixed(nn.Module):
    """Makes numbers of a type itself, looks words up, and turns counts into real numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.norm = nn.Embedding(9, 6), nn.LayerNorm(6)
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3))

    def forward(self, x, tokens):
        weights = torch.ones(4, dtype=x.dtype) * (tokens > 3).to(x.dtype)
        return self.layers(self.norm(x + (self.words(tokens) * weights[..., None]).mean(1)))


@pytest.fixture
def both():
    torch.manual_seed(0)
    module = Mixed().eval()
    x, tokens = torch.randn(3, 6), torch.randint(0, 9, (3, 4))
    wide = lrp.capture(copy.deepcopy(module).double(), (x.double(), tokens))
    return lrp.capture(module, (x, tokens)), wide, {"x": x, "tokens": tokens}


def test_every_number_is_that_of_the_network_captured_so(both):
    single, double, inputs = both
    converted = in_precision(single, "float64")
    assert [entry.dtype for entry in converted.inputs] == ["float64", "int64"]
    inputs = inputs | {"x": inputs["x"].double()}
    ours, theirs = (lrp.explain(one, inputs, keep="nodes") for one in (converted, double))
    assert {name: value.dtype for name, value in ours.nodes.items()} == dict.fromkeys(ours.nodes, torch.float64)
    for name, value in ours.inputs.items():
        assert torch.allclose(value, theirs.inputs[name], rtol=1e-12, atol=1e-14)
    assert max(float(row.unexplained.abs().max()) for row in ours.ledger) < 1e-14


def test_it_is_made_once_and_not_where_nothing_changes(both):
    single, double, _inputs = both
    assert in_precision(single, "float32") is single
    assert in_precision(double, "float64") is double
    assert in_precision(single, "float64") is in_precision(single, "float64")
    assert in_precision(double, "float32").inputs[0].dtype == "float32"


def test_there_are_two_of_them(both):
    with pytest.raises(ValueError, match="not in float16"):
        in_precision(both[0], "float16")
