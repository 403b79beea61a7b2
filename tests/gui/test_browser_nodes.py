"""What is told of single nodes: multiply-adds that one can count by hand, rules as an explanation has them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.plan import node_facts
from lrp_gui.document.results import LayerInfo, NetworkInfo
from lrp_gui.document.rules import Planned
from lrp_gui.document.state import ExplainSettings
from lrp_gui.jobs.nodes import node_infos


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return torch.softmax(self.query(x) @ self.key(x).transpose(1, 2), -1) @ x


class Summed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6, 3))

    def forward(self, x):
        return torch.einsum("ni,oi->no", x, self.weight.T.reshape(6, 3))


CASES = {
    "linear": (nn.Linear(10, 3), (10,), 30),
    "convolution": (nn.Conv2d(4, 8, 3, padding=1, groups=2), (4, 6, 6), 8 * 36 * 2 * 9),
    "transposed": (nn.ConvTranspose2d(4, 8, 2, stride=2), (4, 3, 3), 4 * 9 * 8 * 4),
    "recurrent": (Recurrent(), (7, 4), 7 * 4 * 5 * (4 + 5)),
    "attention": (Attention(), (6, 8), 2 * 6 * 8 * 8 + 2 * 6 * 6 * 8),
    "einsum": (Summed(), (3,), 18),
}


@pytest.mark.parametrize("name", CASES)
def test_multiply_adds_as_one_counts_them(name):
    module, shape, wanted = CASES[name]
    network = lrp.capture(module.eval(), torch.randn(2, *shape))
    assert sum(node.multiply_adds for node in node_infos(network).values()) == wanted


@pytest.fixture(scope="module")
def network():
    return lrp.capture(nn.Sequential(Attention(), nn.Flatten(), nn.Linear(48, 3)).eval(), torch.randn(2, 6, 8))


def told(network, composite):
    nodes = node_infos(network)
    layer = LayerInfo("all", "", "", (), 0, (), nodes=tuple(nodes.values()))
    planned = Planned(NetworkInfo("a", "a", (), (layer,), (), "", ()), ExplainSettings(composite=composite))
    return {name: planned.of(node) for name, node in nodes.items()}


@pytest.mark.parametrize("composite", [name for name, _about in lrp.composite_names()])
def test_rules_told_beforehand_are_those_of_the_explanation(network, composite):
    rules = told(network, composite)
    explained = lrp.explain(network, torch.randn(2, 6, 8), composite=composite)
    assert explained.ledger
    for row in explained.ledger:
        assert rules[row.node][0] == row.rule
        assert row.reason.startswith(rules[row.node][1])  # an operand that turns out to be a gate is added


def test_what_no_rule_covers_has_the_reason_instead():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.linalg.inv(x).sum((1, 2))

    network = lrp.capture(Odd(), torch.eye(3).repeat(2, 1, 1) * 2)
    assert any(refused for _facts, refused in node_facts(network).values())
    refused = [reason for rule, reason in told(network, "epsilon").values() if not rule]
    assert refused
    assert all(refused)
