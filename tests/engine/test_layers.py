"""Layers of modules that compute something between their parts: none reads what was made of its own output."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrp_engine as lrp


class Block(nn.Module):
    """A residual block: a ReLU of its own between two maps, and a sum after them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Gate(nn.Module):
    """Two functions of its own, one on the way into its part, and a product after it."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.score(torch.tanh(x)))


def captured(*modules: nn.Module) -> lrp.Network:
    torch.manual_seed(0)
    return lrp.capture(nn.Sequential(*modules).eval(), torch.randn(2, 6))


@pytest.mark.parametrize("modules", [(Block(), Block()), (Gate(),), (Block(), Gate(), nn.Linear(6, 3))])
def test_a_layer_reads_only_what_stands_before_it(modules):
    network = captured(*modules)
    known = {entry.name for entry in network.inputs}
    for layer in network.layers:
        assert set(layer.sources) <= known, layer.path
        known.add(layer.path)


def test_what_a_module_computes_before_its_part_is_a_layer_of_its_own():
    layers = {layer.path: layer for layer in captured(Block()).layers}
    assert list(layers) == ["0.first", "0.relu", "0.second", "0"]
    assert layers["0.relu"].operation == "relu"
    assert layers["0"].operation == "Block"
    assert layers["0.second"].sources == ("0.relu",)
    assert set(layers["0"].sources) == {layers["0.first"].sources[0], "0.second"}


def test_the_ledger_names_the_parts():
    network = captured(Block(), nn.Linear(6, 3))
    result = lrp.explain(network, torch.randn(3, 6))
    assert {row.layer for row in result.ledger} == {"0.first", "0.relu", "0.second", "0", "1"}
    assert set(result.layers) == {layer.path for layer in network.layers}
