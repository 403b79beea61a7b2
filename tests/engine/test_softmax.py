"""Softmax inside a network, with masks; attention end to end."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from tests.engine.asking import (
    TINY,
    captured,
    check_batch,
    check_total,
    composite,
    named,
    numbers,
    plainly,
    relevance,
    row_of,
    sinks,
)

INF = float("inf")
LOWEST = torch.finfo(torch.float64).min


class Softmax(nn.Module):
    """A softmax along an axis, masked or not, then something that reads it: nothing stands after the logits."""

    def __init__(self, mask: Tensor | None = None, fill: float = -INF, axis: int = -1, added: bool = False) -> None:
        super().__init__()
        self.register_buffer("mask", mask)
        self.fill, self.axis, self.added = fill, axis, added

    def forward(self, x: Tensor) -> Tensor:
        if self.mask is not None and self.added:
            x = x + torch.zeros(x.shape[1:], dtype=x.dtype).masked_fill(self.mask, self.fill)
        elif self.mask is not None:
            x = x.masked_fill(self.mask, self.fill)
        return torch.softmax(x, self.axis).flatten(1) * 3.0


def taylor(x: Tensor, r: Tensor, masked: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One row: x_i (R_i − s_i Σ R), 0 where masked; and what is missing."""
    free = torch.ones_like(x, dtype=torch.bool) if masked is None else ~masked
    s = torch.zeros_like(x)
    if free.any():
        s[free] = torch.softmax(x[free], -1)
    given = torch.zeros_like(x)
    for i in range(len(x)):
        if free[i]:
            given[i] = x[i] * (r[i] - s[i] * r.sum())
    return given, r.sum() - given.sum()


@pytest.mark.parametrize("axis", [1, 2, -1])
@pytest.mark.parametrize("form", ["relevance", "factor"])
def test_the_expansion_is_its_formula(axis, form):
    x = numbers(2, 3, 4) * 3
    out = Softmax(axis=axis)(x).reshape(x.shape)
    if form == "factor":
        target, seed = {1: 2.0, 6: -1.0}, torch.zeros(2, 12).double()
        seed[:, 1], seed[:, 6] = 2 * out.flatten(1)[:, 1], -out.flatten(1)[:, 6]
    else:
        target = seed = numbers(2, 12, seed=1)
    (found,), e = relevance(Softmax(axis=axis), (x,), target, plainly(softmax="attn_lrp"))
    rows, given = x.movedim(axis, -1), seed.reshape(x.shape).movedim(axis, -1)
    missing = torch.zeros(2).double()
    for i in range(2):
        for j in range(rows.shape[1]):
            expected, lost = taylor(rows[i, j], given[i, j])
            torch.testing.assert_close(found.movedim(axis, -1)[i, j], expected, rtol=1e-9, atol=1e-12)
            missing[i] += lost
    torch.testing.assert_close(sinks(e)["softmax"], missing, rtol=1e-9, atol=1e-12)
    check_total(e)


MASKS = {
    "causal": torch.ones(4, 4).triu(1).bool(),
    "padding": torch.tensor([False, True, False, True]).expand(4, 4).clone(),
    "a row of nothing": torch.tensor([[True] * 4, [False] * 4, [False, True, True, True], [False] * 4]),
}


# a row of nothing but −∞ is nan in the network itself
FILLED = [(mask, fill) for mask in MASKS for fill in (-INF, LOWEST, -1e9) if (mask, fill) != ("a row of nothing", -INF)]


@pytest.mark.parametrize("added", [False, True])
@pytest.mark.parametrize(("mask", "fill"), FILLED)
def test_masked_scores_get_nothing(mask, fill, added):
    blocked = MASKS[mask]
    x = numbers(2, 4, 4) * 2
    seed = numbers(2, 4, 4, seed=1)
    seed[:, blocked & ~blocked.all(-1, keepdim=True)] = 0.0  # what has no weight has no relevance
    (found,), e = relevance(Softmax(blocked, fill, added=added), (x,), seed.flatten(1), plainly(softmax="attn_lrp"))
    assert found.isfinite().all()
    for i in range(2):
        for j in range(4):
            expected, _ = taylor(x[i, j], seed[i, j], blocked[j])
            torch.testing.assert_close(found[i, j], expected, rtol=1e-9, atol=1e-12)
    check_total(e)


def test_a_row_of_minus_infinity_gives_nothing_to_its_scores():
    blocked = torch.tensor([[True, True], [False, False]])

    class Ignored(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            weights = torch.softmax(x.masked_fill(blocked, -INF), -1)
            return weights.masked_fill(blocked, 0.0).flatten(1) * 1.0

    x = numbers(2, 2, 2)
    (found,), _ = relevance(Ignored(), (x,), numbers(2, 4, seed=1), plainly(softmax="attn_lrp"))
    assert found.isfinite().all()
    assert found[:, 0].abs().max() == 0
    assert found[:, 1].abs().min() > 0


def test_constant_absorbs_all_and_asks_nothing_of_what_comes_before():
    x, seed = numbers(2, 3, 4), numbers(2, 12, seed=1)
    (found,), e = relevance(Softmax(), (x,), seed, plainly(softmax="constant"))
    assert found.abs().max() == 0
    torch.testing.assert_close(sinks(e)["softmax"], seed.sum(1))
    check_total(e)


@pytest.mark.parametrize("mask", [None, "causal"])
def test_against_a_reference_the_difference_is_shared_exactly(mask):
    module = Softmax(None if mask is None else MASKS[mask])
    x, x0 = numbers(2, 4, 4) * 3, numbers(2, 4, 4, seed=1)
    x0[0, 0] = x[0, 0]
    network = lrp.capture(module, x)
    for unit in (0, 5, 15):
        e = lrp.explain(network, x, unit, reference=x0)
        expected = module(x)[:, unit] - module(x0)[:, unit]
        torch.testing.assert_close(e.score, expected)
        torch.testing.assert_close(e.inputs["x"].flatten(1).sum(1), expected, rtol=1e-8, atol=1e-12)


def test_a_reference_nearby_is_the_gradient():
    x = numbers(2, 4, 4)
    nearby = x - 1e-6 * numbers(2, 4, 4, seed=1)
    e = lrp.explain(lrp.capture(Softmax(), x), x, 3, reference=nearby)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(Softmax()(leaf)[:, 3].sum(), leaf)
    torch.testing.assert_close(e.inputs["x"] / (x - nearby), gradient, rtol=1e-4, atol=1e-6)


# ------------------------------------------------------------------------------------------------ attention


class Scaled(torch.autograd.Function):
    """A value whose gradient is scaled: autograd's way to write a rule that shares."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.factor, None


class Block(nn.Module):
    """A transformer block: attention, an MLP with or without gate, layer or RMS norm, written out.

    With `as_autograd` its gradient is AttnLRP's factor: q/4, k/4, v/2, gated products /2, statistics detached, and
    activations by their slope f(x)/x.
    """

    def __init__(self, norm: str, gated: bool, mask: str | None) -> None:
        super().__init__()
        torch.manual_seed(4)
        width, self.heads = 8, 2
        self.norm, self.gated, self.as_autograd = norm, gated, False
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up, self.gate, self.down = nn.Linear(width, 12), nn.Linear(width, 12), nn.Linear(12, width)
        self.weight1, self.weight2 = (nn.Parameter(torch.rand(width) + 0.5) for _ in range(2))
        self.bias1, self.bias2 = (nn.Parameter(torch.randn(width)) for _ in range(2))
        self.head = nn.Linear(width, 3)
        self.register_buffer("mask", None if mask is None else MASKS[mask])
        self.double()

    def share(self, x: Tensor, factor: float) -> Tensor:
        return Scaled.apply(x, factor) if self.as_autograd else x

    def activation(self, x: Tensor) -> Tensor:
        function = F.silu if self.gated else F.gelu
        return x * (function(x) / x).detach() if self.as_autograd else function(x)

    def normalized(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if self.norm == "layer":
            if not self.as_autograd:
                return F.layer_norm(x, (8,), weight, bias)
            variance = x.var(-1, unbiased=False, keepdim=True)
            return (x - x.mean(-1, keepdim=True)) / (variance + 1e-5).sqrt().detach() * weight + bias
        if not self.as_autograd:
            return F.rms_norm(x, (8,), weight, 1e-5)
        return x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt().detach() * weight

    def attention(self, x: Tensor) -> Tensor:
        def heads(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = (
            self.share(heads(self.q(x)), 0.25),
            self.share(heads(self.k(x)), 0.25),
            self.share(heads(self.v(x)), 0.5),
        )
        if self.as_autograd:
            scores = q @ k.mT / 2
            if self.mask is not None:
                scores = scores.masked_fill(self.mask, -INF)
            out = torch.softmax(scores, -1) @ v
        else:
            mask = None if self.mask is None else ~self.mask
            out = F.scaled_dot_product_attention(q, k, v, mask)
        return self.o(out.transpose(1, 2).flatten(2))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.normalized(x, self.weight1, self.bias1))
        y = self.normalized(x, self.weight2, self.bias2)
        hidden = self.activation(self.gate(y))
        if self.gated:
            hidden = self.share(hidden * self.up(y), 0.5)
        x = x + self.down(hidden)
        return self.head(x[:, -1] + x.mean(1))


@pytest.mark.parametrize("mask", [None, "causal", "padding"])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_attn_lrp_is_the_gradient_of_a_changed_network(norm, gated, mask):
    module, x = Block(norm, gated, mask).eval(), numbers(3, 4, 8)
    how = plainly(bilinear="half", softmax="attn_lrp", product="half")
    (found,), e = relevance(module, (x,), 1, how)
    module.as_autograd = True
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(module(leaf)[:, 1].sum(), leaf)
    torch.testing.assert_close(found, x * gradient, rtol=1e-8, atol=1e-10)
    check_total(e)


@pytest.mark.parametrize("name", ["attn_lrp", "cp_lrp", "epsilon"])
def test_a_block_conserves_and_a_batch_is_its_samples(name):
    module, x = Block("layer", True, "causal").eval(), numbers(3, 4, 8)
    _, e = relevance(module, (x,), 0, name)
    check_total(e)
    check_batch(lrp.capture(module, x), (x,), name, e)
    single = lrp.explain(lrp.capture(module.float(), x.float()), x.float(), 0, name, keep="nodes")
    check_total(single, 1e-5)


def test_targets_that_share_a_forward_pass_are_explained_as_alone():
    module, x = Block("layer", True, "causal").eval(), numbers(3, 4, 8)
    network = captured(module, (x,))
    for unit, together in enumerate(lrp.explain_each(network, x, [0, 1, 2], "attn_lrp")):
        alone = lrp.explain(network, x, unit, "attn_lrp")
        torch.testing.assert_close(together.inputs["x"], alone.inputs["x"], rtol=1e-9, atol=1e-12)
        for one, other in zip(together.ledger, alone.ledger, strict=True):
            torch.testing.assert_close(one.softmax, other.softmax, rtol=1e-9, atol=1e-12)


def test_a_block_against_a_reference():
    module, x, x0 = Block("rms", True, "padding").eval(), numbers(3, 4, 8), numbers(3, 4, 8, seed=9)
    e = lrp.explain(captured(module, (x,)), x, 2, reference=x0)
    expected = (module(x) - module(x0))[:, 2].detach()
    torch.testing.assert_close(e.inputs["x"].flatten(1).sum(1), expected, rtol=1e-8, atol=1e-10)
    assert all(row.absorbed.abs().max() < 1e-12 for row in e.ledger)


def test_a_softmax_in_another_precision():
    class Rounded(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.softmax(x, -1, dtype=torch.float32).to(x.dtype).flatten(1) * 2.0

    x = numbers(2, 3, 4)
    (found,), e = relevance(Rounded(), (x,), 1, plainly(softmax="attn_lrp"))
    (expected,), _ = relevance(Softmax(), (x,), {1: 2 / 3}, plainly(softmax="attn_lrp"))
    assert found.dtype == x.dtype
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
    check_total(e, 1e-6)


def test_cp_lrp_never_reaches_queries_and_keys():
    module, x = Block("layer", False, None).eval(), numbers(3, 4, 8)
    _, e = relevance(module, (x,), 0, "cp_lrp")
    assert not any(row.layer in {"q", "k"} for row in e.ledger)
    assert row_of(e, "bilinear").reason.endswith("softmax is the gate")


class OfTorch(nn.Module):
    """nn.MultiheadAttention over a sequence with padding."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.mha = nn.MultiheadAttention(8, 2, batch_first=True)
        nn.init.normal_(self.mha.in_proj_bias)
        self.head = nn.Linear(8, 3)
        self.register_buffer("padding", torch.tensor([[False, False, False, True]]))
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        padding = self.padding.expand(x.shape[0], -1)
        return self.head(self.mha(x, x, x, key_padding_mask=padding, need_weights=False)[0].mean(1))


class ByHand(OfTorch):
    """The same computed by hand with AttnLRP's factors as its gradient."""

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = F.linear(x, self.mha.in_proj_weight, self.mha.in_proj_bias).chunk(3, -1)
        q, k, v = (
            Scaled.apply(one.unflatten(-1, (2, 4)).transpose(1, 2), f) for one, f in ((q, 0.25), (k, 0.25), (v, 0.5))
        )
        scores = (q @ k.mT / 2).masked_fill(self.padding, -INF)
        out = torch.softmax(scores, -1) @ v
        return self.head(self.mha.out_proj(out.transpose(1, 2).flatten(2)).mean(1))


def test_multihead_attention_of_torch():
    x = numbers(3, 4, 8)
    network, how = captured(OfTorch(), (x,)), plainly(bilinear="half", softmax="attn_lrp")
    (found,), _ = relevance(network, (x,), 2, how)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ByHand()(leaf)[:, 2].sum(), leaf)
    torch.testing.assert_close(found, x * gradient, rtol=1e-8, atol=1e-10)
    check_total(relevance(network, (x[:1],), 2, how)[1])


def test_a_mask_that_is_an_input_blocks():
    class Masked(nn.Module):
        def forward(self, q: Tensor, blocked: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(q, q, q, ~blocked).flatten(1)

    q = numbers(2, 1, 4, 3)
    blocked = torch.tensor([[[[False] * 4] * 4], [[[True] * 4] + [[False, False, True, True]] * 3]])
    module = Masked()
    network = lrp.capture(module, (q, blocked))
    e = lrp.explain(
        network,
        named(network, (q, blocked)),
        4,
        composite({"bilinear": "half", "softmax": "attn_lrp"}, epsilon=TINY),
        keep="nodes",
    )
    assert next(iter(e.inputs.values())).isfinite().all()
    check_total(e)
