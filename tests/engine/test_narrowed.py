"""Rows that nobody reads are left out where only the inputs are asked for, and nobody can tell by the numbers."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import lrp_engine as lrp
from lrp_engine.networks.graphs.narrowed import narrowed

TOKENS, WIDTH = 7, 12
COMPOSITES = ("epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "attn_lrp", "gamma", "gradient")


class Block(nn.Module):
    """Attention and a dense part, both beside a residual, with a constant for each place and a mask."""

    def __init__(self, *, masked: bool) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 20), nn.Linear(20, WIDTH)
        self.places = nn.Parameter(torch.randn(1, TOKENS, WIDTH))
        self.scale = nn.Parameter(torch.rand(TOKENS, 1) + 0.5)
        self.masked = masked

    def forward(self, x: Tensor) -> Tensor:
        samples = x.shape[0]
        q, k, v = self.qkv(self.first(x)).view(samples, TOKENS, 3, 2, WIDTH // 2).permute(2, 0, 3, 1, 4)
        mask = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril() if self.masked else None
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(y.transpose(1, 2).reshape(samples, TOKENS, WIDTH))
        return x * self.scale + self.down(F.gelu(self.up(self.second(x)))) + self.places


class Classifier(nn.Module):
    """Reads only some tokens of its last block."""

    def __init__(self, pick: str, *, masked: bool) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(masked=masked), Block(masked=masked))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 3)
        self.pick = pick

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.blocks(x))
        if self.pick == "first":
            return self.head(x[:, 0])
        if self.pick == "last":
            return self.head(x[:, -1])
        if self.pick == "some":
            return self.head(x[:, 2:4]).mean(1)
        if self.pick == "two places":
            return self.head(x[:, 1]) + self.head(x[:, 2])
        return self.head(x).mean(1)


@cache
def made(pick: str, *, masked: bool = False) -> tuple[lrp.Network, Tensor]:
    torch.manual_seed(3)
    module, inputs = Classifier(pick, masked=masked).double().eval(), torch.randn(3, TOKENS, WIDTH).double()
    return lrp.capture(module, (inputs[:2],)), inputs


def last_rows(network: lrp.Network) -> set[int | None]:
    """How many tokens the last block's dense layer is computed for."""
    nodes = [n for n in network.graph.nodes if n.meta.get("layer") == "blocks.1.up" and n.op == "call_function"]
    return {node.meta["shape"][1] for node in nodes}


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize(("pick", "rows", "masked"), [("first", 1, False), ("last", 1, True), ("some", 2, False)])
def test_the_inputs_get_the_same_relevance(pick, rows, masked, composite):
    network, inputs = made(pick, masked=masked)
    assert last_rows(narrowed(network)) == {rows}
    short = lrp.explain(network, inputs, composite=composite, keep="inputs")
    whole = lrp.explain(network, inputs, composite=composite, keep="layers")
    torch.testing.assert_close(short.inputs, whole.inputs, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(short.outputs, whole.outputs, rtol=1e-12, atol=1e-12)
    whole_rows = {row.node: row for row in whole.ledger}
    for row in short.ledger:
        if row.node in whole_rows:  # what picks the rows stands there besides
            for sink in ("arrived", "bias", "stabilizer", "softmax", "cut", "unsupported"):
                torch.testing.assert_close(
                    getattr(row, sink), getattr(whole_rows[row.node], sink), rtol=1e-9, atol=1e-11
                )
    assert {row.node for row in whole.ledger} <= {row.node for row in short.ledger}


@pytest.mark.parametrize("pick", ["two places", "all"])
def test_where_several_rows_are_read_apart_nothing_changes(pick):
    network, _inputs = made(pick)
    assert narrowed(network) is network


def test_what_is_asked_later_is_told_of_all_rows():
    network, inputs = made("first")
    short = lrp.explain(network, inputs, composite="epsilon", keep="inputs")
    whole = lrp.explain(network, inputs, composite="epsilon", keep="layers")
    torch.testing.assert_close(short.flow("head"), whole.flow("head"), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        short.weight_relevance("blocks.1.up"), whole.weight_relevance("blocks.1.up"), rtol=1e-10, atol=1e-12
    )


def test_modified_weights_are_kept_once():
    network, inputs = made("first")
    composite = lrp.Composite.single("zplus")
    lrp.explain(network, inputs, composite=composite, keep="layers")
    before = network.cache["weights"].nbytes
    lrp.explain(network, inputs, composite=composite, keep="inputs")
    assert network.cache["weights"].nbytes == before > 0


def test_samples_of_several_targets_and_chunks_are_told_alike():
    network, inputs = made("last", masked=True)
    apart = [lrp.explain(network, inputs, target=unit, composite="epsilon", keep="inputs") for unit in range(3)]
    for one, other in zip(
        lrp.explain_each(network, inputs, "all", composite="epsilon", keep="inputs", batch=2), apart, strict=True
    ):
        torch.testing.assert_close(one.inputs, other.inputs, rtol=1e-10, atol=1e-12)
