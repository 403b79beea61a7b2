"""Whole networks: captured they compute the same, and explained nothing is lost on the way."""

from __future__ import annotations

import pytest
import torch

import lrp_engine as lrp
from tests.engine import zoo
from tests.engine.captured import one_thread, values_of  # noqa: F401 – a fixture

BY_SORT = {
    zoo.CONVOLUTIONAL: ("epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box", "epsilon_plus_flat"),
    zoo.TRANSFORMERS: ("epsilon", "gamma", "attn_lrp", "cp_lrp"),
    zoo.RECURRENT: ("epsilon", "gate"),
}
CASES = [(name, composite) for names, composites in BY_SORT.items() for name in names for composite in composites]


def composite_of(name: str) -> lrp.Composite:
    bounds = {"low": -5.0, "high": 5.0} if name.endswith("box") else {}
    return lrp.Composite.named(name, **bounds)


def check(e: lrp.Explanation, limit: float) -> None:
    """ΣR plus sinks = f; every node accounts for what arrived; no node went without a rule."""
    total = sum(relevance.flatten(1).sum(1) for relevance in e.inputs.values()) + sum(row.absorbed for row in e.ledger)
    arrived = torch.stack([row.arrived.abs() for row in e.ledger]).amax(0)
    scale = torch.maximum(e.score.abs(), arrived)
    assert ((total - e.score).abs() <= limit * scale).all(), f"{total} is not {e.score}"
    for row in e.ledger:
        assert (row.unexplained.abs() <= limit * scale).all(), f"{row.node} ({row.kind}, {row.rule}): {row.unexplained}"
        assert (row.unsupported == 0).all(), row.node
    assert all(torch.isfinite(relevance).all() for relevance in e.inputs.values())


@pytest.mark.parametrize("name", zoo.NAMES)
def test_the_graph_computes_what_the_network_computes(name):
    one = zoo.animal(name)
    got = next(iter(values_of(one.network, one.inputs).values()))
    torch.testing.assert_close(got, one.output, rtol=1e-4, atol=1e-5)
    assert all(entry.shape[0] is None for entry in one.network.inputs)
    assert got.abs().max() > 0.1
    assert not any("path" in note for note in one.network.notes)


@pytest.mark.parametrize(("name", "composite"), CASES, ids=[f"{name}-{composite}" for name, composite in CASES])
def test_relevance_and_sinks_are_the_score(name, composite):
    one = zoo.animal(name)
    e = lrp.explain(one.network, one.inputs, composite=composite_of(composite), keep="inputs")
    check(e, 1e-5)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_epsilon_takes_next_to_nothing(name):
    one = zoo.animal(name)
    e = lrp.explain(one.network, one.inputs, composite="epsilon", keep="inputs")
    taken = sum(row.stabilizer for row in e.ledger)
    assert (taken.abs() < 0.01 * e.score.abs()).all()


@pytest.mark.parametrize("name", ["unet", "inception", "bert", "vit", "lstm"])
def test_in_double_precision_nothing_is_lost(name):
    one = zoo.animal(name, torch.float64)
    check(lrp.explain(one.network, one.inputs, composite="epsilon", keep="inputs"), 1e-10)


@pytest.mark.parametrize("name", ["unet", "bert", "gru", "efficientnet"])
def test_a_sample_is_explained_alone_as_among_others(name):
    one = zoo.animal(name)
    both = lrp.explain(one.network, one.inputs, target=0, composite="epsilon_plus", keep="inputs")
    for sample in range(2):
        alone = {key: value[sample : sample + 1] for key, value in one.inputs.items()}
        single = lrp.explain(one.network, alone, target=0, composite="epsilon_plus", keep="inputs")
        for key, relevance in single.inputs.items():
            scale = float(relevance.abs().max())
            torch.testing.assert_close(both.inputs[key][sample : sample + 1], relevance, rtol=1e-3, atol=1e-4 * scale)


class Normed(torch.nn.Module):
    """Norms right behind weights, which only a batch norm is computed with."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.group = torch.nn.Conv1d(2, 4, 3), torch.nn.GroupNorm(2, 4)
        self.instance = torch.nn.InstanceNorm1d(4, affine=True)
        self.fc, self.layer, self.head = torch.nn.Linear(16, 6), torch.nn.LayerNorm(6), torch.nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.instance(self.group(self.conv(x)).relu())
        return self.head(self.layer(self.fc(x.flatten(1))).relu())


@pytest.mark.parametrize("composite", ["epsilon", "epsilon_plus", "gamma"])
def test_norms_of_each_sample_are_not_merged(composite):
    torch.manual_seed(2)
    network = lrp.capture(Normed(), torch.randn(2, 2, 6))
    assert not any(layer.merged_into for layer in network.layers)
    check(lrp.explain(network, torch.randn(3, 2, 6), composite=composite), 1e-5)
