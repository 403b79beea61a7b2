"""Products, quotients and matrix products of two live values, against their formulas written out."""

from __future__ import annotations

from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from tests.engine.asking import (
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
    stabilized,
)


class Of2(nn.Module):
    """A function of two inputs, as (samples, outputs)."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.function(x, y).flatten(1)


class Of1(Of2):
    """A function of one input."""

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x).flatten(1)


SHAPES = {
    "same": ((3, 4), (3, 4)),
    "channels": ((3, 4), (3, 1)),
    "both repeated": ((3, 1), (1, 4)),
    "fewer axes": ((2, 3, 4), (1, 1, 1)),
}


def shares(rule: str, a: Tensor, b: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """One sample, element by element; what a repeated operand gets is summed."""
    a_wide, b_wide = torch.broadcast_tensors(a, b)
    to_a, to_b = torch.zeros_like(a), torch.zeros_like(b)
    for place in torch.cartesian_prod(*(torch.arange(n) for n in a_wide.shape)).tolist():
        where = tuple(place)
        x, y = a_wide[where].abs(), b_wide[where].abs()
        part = 0.5 if rule == "half" or x + y == 0 else x / (x + y)
        to_a[tuple(i if n > 1 else 0 for i, n in zip(where, a.shape, strict=True))] += part * r[where]
        to_b[tuple(i if n > 1 else 0 for i, n in zip(where, b.shape, strict=True))] += (1 - part) * r[where]
    return to_a, to_b


@cache
def product_of(shape: str) -> lrp.Network:
    return captured(Of2(torch.mul), tuple(torch.zeros(2, *one).double() for one in SHAPES[shape]))


@pytest.mark.parametrize("form", ["relevance", "factor"])
@pytest.mark.parametrize("rule", ["half", "proportional"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_is_shared_by_its_formula(shape, rule, form):
    a, b = (numbers(3, *one, seed=i) for i, one in enumerate(SHAPES[shape]))
    a[0].view(-1)[0] = 0.0
    z = a * b
    seed = numbers(*z.flatten(1).shape, seed=5)
    if form == "factor":  # weighted classes: relevance is a multiple of the value
        weights = {0: 1.0, 2: -2.0}
        target, seed = weights, torch.zeros_like(seed)
        for unit, weight in weights.items():
            seed[:, unit] = weight * z.flatten(1)[:, unit]
    else:
        target = seed
    (to_a, to_b), e = relevance(product_of(shape), (a, b), target, composite({"product": rule}))
    for i in range(3):
        expected = shares(rule, a[i], b[i], seed[i].reshape(z.shape[1:]))
        torch.testing.assert_close(to_a[i], expected[0], rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(to_b[i], expected[1], rtol=1e-10, atol=1e-12)
    check_total(e)


def test_where_both_are_zero_relevance_is_halved():
    a, b, seed = torch.zeros(1, 2).double(), torch.zeros(1, 2).double(), numbers(1, 2)
    (to_a, to_b), _ = relevance(Of2(torch.mul), (a, b), seed, composite({"product": "proportional"}))
    torch.testing.assert_close(to_a, seed / 2)
    torch.testing.assert_close(to_b, seed / 2)


@pytest.mark.parametrize("rule", ["half", "proportional", "signal"])
def test_a_square_hands_all_to_its_one_factor(rule):
    x, seed = numbers(2, 3), numbers(2, 3, seed=1)
    (found,), e = relevance(Of1(lambda x: x * x), (x,), seed, composite({"product": rule}))
    torch.testing.assert_close(found, seed)
    check_total(e)


def test_constant_hands_nothing_back():
    x, y = numbers(2, 3), numbers(2, 3, seed=1)
    (to_x, to_y), e = relevance(Of2(torch.mul), (x, y), 1, composite({"product": "constant"}))
    assert to_x.abs().max() == to_y.abs().max() == 0
    torch.testing.assert_close(sinks(e)["cut"], e.score)


# ------------------------------------------------------------------------------------------------ gates

GATES = {
    "sigmoid": torch.sigmoid,
    "hardsigmoid": F.hardsigmoid,
    "softmax": lambda y: torch.softmax(y, -1),
    "hardtanh": lambda y: F.hardtanh(y + 1, 0.0, 6.0) / 5,
    "tanh": lambda y: 0.5 * (1 + torch.tanh(y)),
    "erf": lambda y: 1 + torch.erf(y),
}


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("gate_first", [True, False])
def test_the_signal_takes_all_in_every_composite(gate, gate_first):
    x, y = numbers(2, 3), numbers(2, 3, seed=1)

    def function(x, y):
        return GATES[gate](y) * x if gate_first else x * GATES[gate](y)

    network = captured(Of2(function), (x, y))
    expected = torch.zeros_like(x)
    expected[:, 1] = function(x, y)[:, 1]
    for name in ("epsilon", "epsilon_plus", "attn_lrp", "cp_lrp", "gate"):
        (to_x, to_y), e = relevance(network, (x, y), 1, name)
        torch.testing.assert_close(to_x, expected)
        assert to_y.abs().max() == 0
        row = row_of(e, "product")
        assert row.rule.startswith("signal")
        assert row.reason.endswith(f"; {gate} is the gate")
        check_total(e)


def test_of_two_bounded_operands_the_narrower_or_the_repeated_one_is_the_gate():
    x, y = numbers(2, 3, 4), numbers(2, 3, 1, seed=1)
    (to_x, to_y), _ = relevance(Of2(lambda x, y: F.relu6(x) * torch.sigmoid(y)), (x, y), 1, "epsilon")
    assert to_y.abs().max() == 0
    (to_x, to_y), e = relevance(Of2(lambda x, y: torch.sigmoid(x) * torch.sigmoid(y)), (x, y), 1, "epsilon")
    assert to_y.abs().max() == 0
    assert to_x.abs().max() > 0
    check_total(e)


def test_two_gates_alike_get_half_each():
    x, y = numbers(2, 3), numbers(2, 3, seed=1)
    (to_x, to_y), _ = relevance(Of2(lambda x, y: torch.sigmoid(x) * torch.sigmoid(y)), (x, y), 1, "epsilon")
    torch.testing.assert_close(to_x, to_y)


def test_without_a_gate_signal_says_that_it_halves():
    x, y = numbers(2, 3), numbers(2, 3, seed=1)
    (to_x, to_y), e = relevance(Of2(torch.mul), (x, y), 1, composite({"product": "signal"}))
    torch.testing.assert_close(to_x, to_y)
    row = row_of(e, "product")
    assert row.rule == "half"
    assert "neither operand is known as a gate" in row.reason


class SqueezeAndExcitation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.down, self.up = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)
        self.head = nn.Linear(4, 3)
        self.double()

    def gate(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head((x * self.gate(x)).mean((2, 3)))


class HeldGate(SqueezeAndExcitation):
    """The same with the gate cut off from the graph of autograd."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head((x * self.gate(x).detach()).mean((2, 3)))


def test_squeeze_and_excitation_scales_but_is_not_explained():
    x = numbers(3, 2, 5, 5)
    (found,), e = relevance(SqueezeAndExcitation(), (x,), 1, plainly())
    held = HeldGate()
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(held(leaf)[:, 1].sum(), leaf)
    torch.testing.assert_close(found, x * gradient, rtol=1e-8, atol=1e-10)
    assert row_of(e, "product").reason.endswith("sigmoid is the gate")
    check_total(e)
    _, e = relevance(SqueezeAndExcitation(), (x,), 0, "epsilon_plus")
    check_batch(lrp.capture(SqueezeAndExcitation(), x), (x,), "epsilon_plus", e)


class GatedMlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.gate, self.up, self.down = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(6, 3)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


@pytest.mark.parametrize("name", ["attn_lrp", "cp_lrp"])
def test_a_gated_mlp(name):
    module, x = GatedMlp(), numbers(3, 4)
    rules = {"product": "half" if name == "attn_lrp" else "signal"}
    (found,), e = relevance(module, (x,), 2, plainly(**rules))
    for i in range(3):
        expected = torch.zeros_like(x[i])
        before, up = module.gate(x[i]), module.up(x[i])
        hidden = F.silu(before) * up
        r = module.down.weight[2] * hidden  # of each hidden unit, from the score
        half = 0.5 if name == "attn_lrp" else 0.0
        for layer, z, part in ((module.gate, before, half), (module.up, up, 1 - half)):
            expected += x[i] * (layer.weight.T @ (part * r / z))
        torch.testing.assert_close(found[i], expected.detach(), rtol=1e-8, atol=1e-10)
    check_total(e)
    if name == "cp_lrp":
        assert row_of(e, "product").reason.endswith("silu is the gate")


# ------------------------------------------------------------------------------------------------ quotients


@pytest.mark.parametrize("target", [1, None])
def test_the_numerator_takes_all(target):
    x, y = numbers(2, 3, 4), numbers(2, 3, 1, seed=1).abs() + 0.3
    seed = numbers(2, 12, seed=3) if target is None else target
    (to_x, to_y), e = relevance(Of2(torch.div), (x, y), seed, "epsilon")
    expected = seed.reshape(x.shape) if target is None else F.one_hot(torch.tensor([1]), 12).reshape(1, 3, 4) * x / y
    torch.testing.assert_close(to_x, expected.to(x))
    assert to_y.abs().max() == 0
    check_total(e)


def test_a_repeated_numerator_is_summed():
    x, y, seed = numbers(2, 1), numbers(2, 3, seed=1).exp(), numbers(2, 3, seed=2)
    (to_x, _), _ = relevance(Of2(torch.div), (x, y), seed, "epsilon")
    torch.testing.assert_close(to_x, seed.sum(1, keepdim=True))


def test_softsign_by_hand_passes():
    x, seed = numbers(2, 3), numbers(2, 3, seed=1)
    (found,), e = relevance(Of1(lambda x: x / (1 + x.abs())), (x,), seed, "epsilon")
    torch.testing.assert_close(found, seed)
    check_total(e)


# ------------------------------------------------------------------------------------------------ matrix products

PAIRS = {
    "bmm": (torch.bmm, (3, 4), (4, 2), "ik,kj->ij"),
    "matmul": (lambda a, b: a @ b, (2, 3, 4), (2, 4, 2), "hik,hkj->hij"),
    "matmul, one head for all": (lambda a, b: a @ b, (2, 3, 4), (1, 4, 2), "hik,okj->hij"),
    "matrix and vector": (lambda a, b: (a @ b.unsqueeze(-1)).squeeze(-1), (3, 4), (4,), "ik,k->i"),
    "einsum": (lambda a, b: torch.einsum("bik,bjk->bij", a, b), (3, 4), (2, 4), "ik,jk->ij"),
    "outer": (lambda a, b: torch.einsum("bi,bj->bij", a, b), (3,), (4,), "i,j->ij"),
    "inner": (lambda a, b: torch.einsum("bi,bi->b", a, b).unsqueeze(1), (3,), (3,), "i,i->"),
}


def bilinear_shares(equation: str, a: Tensor, b: Tensor, r: Tensor, eps: float, held: int | None) -> list[Tensor]:
    """Every z_ikj = a_ik b_kj is handed to both operands in halves, or to the one that is not held."""
    z = torch.einsum(equation, a, b)
    operands, out = equation.split("->")
    left, right = operands.split(",")
    share = r / (stabilized(2 * z, eps) if held is None else stabilized(z, eps))
    given = []
    for number, (own, x) in enumerate(((left, a), (right, b))):
        if number == held:
            given.append(torch.zeros_like(x))
            continue
        other, axes = (b, right) if number == 0 else (a, left)
        letters = "".join(dict.fromkeys(left + right))
        # the whole table of products, summed over what is not the operand's own
        table = torch.einsum(f"{own},{axes},{out}->{letters}", x, other, share)
        given.append(torch.einsum(f"{letters}->{own}", table))
    return given


@cache
def pair_of(pair: str) -> lrp.Network:
    function, *shapes, _ = PAIRS[pair]
    return captured(Of2(function), tuple(torch.zeros(2, *one).double() for one in shapes))


@pytest.mark.parametrize("eps", [1e-6, 0.3])
@pytest.mark.parametrize("pair", PAIRS)
def test_half_is_its_formula(pair, eps):
    function, a_shape, b_shape, equation = PAIRS[pair]
    a, b = numbers(2, *a_shape), numbers(2, *b_shape, seed=1)
    z = Of2(function)(a, b)
    seed = numbers(*z.shape, seed=2)
    found, e = relevance(pair_of(pair), (a, b), seed, composite({"bilinear": "half"}, epsilon=eps))
    for i in range(2):
        r = seed[i].reshape(torch.einsum(equation, a[i], b[i]).shape)
        expected = bilinear_shares(equation, a[i], b[i], r, eps, None)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one[i], other, rtol=1e-9, atol=1e-11)
    taken = seed - 2 * z * seed / stabilized(2 * z, eps)
    torch.testing.assert_close(sinks(e)["stabilizer"], taken.sum(1), rtol=1e-9, atol=1e-12)
    check_total(e)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("pair", ["matmul", "matmul, one head for all", "einsum"])
def test_signal_holds_the_weights(pair, side):
    function, a_shape, b_shape, equation = PAIRS[pair]
    a, b = numbers(2, *a_shape), numbers(2, *b_shape, seed=1)

    def with_weights(a, b):
        held = torch.softmax(b if side else a, -1)
        return function(a, held) if side else function(held, b)

    weights = torch.softmax(b if side else a, -1)
    operands = (a, weights) if side else (weights, b)
    seed = numbers(*Of2(with_weights)(a, b).shape, seed=2)
    how = composite({"bilinear": "signal"}, epsilon=0.2)
    found, e = relevance(Of2(with_weights), (a, b), seed, how)
    for i in range(2):
        x, y = operands[0][i], operands[1][i]
        r = seed[i].reshape(torch.einsum(equation, x, y).shape)
        expected = bilinear_shares(equation, x, y, r, 0.2, side)
        torch.testing.assert_close(found[1 - side][i], expected[1 - side], rtol=1e-9, atol=1e-11)
    assert found[side].abs().max() == 0
    assert row_of(e, "bilinear").reason.endswith("softmax is the gate")
    check_total(e)


def test_a_product_of_three_is_shared_in_thirds():
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    module = Of2(lambda a, b: torch.einsum("bi,bj,bi->b", a, b, a).unsqueeze(1))
    (to_a, to_b), e = relevance(module, (a, b), 0, composite({"bilinear": "half"}, epsilon=1e-14))
    expected = a * a * b.sum(1, keepdim=True) * 2 / 3
    torch.testing.assert_close(to_a, expected)
    torch.testing.assert_close(to_b.sum(1), expected.sum(1) / 2)
    check_total(e)


def test_a_matrix_with_itself():
    x = numbers(2, 3, 3)
    (found,), e = relevance(Of1(lambda x: x @ x), (x,), 4, composite({"bilinear": "half"}, epsilon=1e-14))
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((leaf @ leaf).flatten(1)[:, 4].sum(), leaf)
    torch.testing.assert_close(found, x * gradient / 2)
    check_total(e)


LAYERS = {  # one input is the layer's weights; together they are one sample
    "linear": (F.linear, (5, 4), (3, 4)),
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, padding=1), (5, 4, 6), (3, 4, 3)),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, stride=2), (2, 4, 5, 5), (3, 4, 2, 2)),
}


@pytest.mark.parametrize("live_bias", [False, True])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_whose_weights_are_live(layer, live_bias):
    function, x_shape, w_shape = LAYERS[layer]
    x, w, b = numbers(*x_shape), numbers(*w_shape, seed=1), numbers(3, seed=2)

    class Live(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.b = nn.Parameter(b)

        def forward(self, x: Tensor, w: Tensor) -> Tensor:
            return function(x, w, self.b).flatten().unsqueeze(0)

    class LiveBias(nn.Module):
        def forward(self, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
            return function(x, w, b).flatten().unsqueeze(0)

    leaves = [one.clone().requires_grad_() for one in (x, w, b)]
    gradients = torch.autograd.grad(function(*leaves).flatten()[4], leaves)
    expected = [x * gradients[0] / 2, w * gradients[1] / 2, b * gradients[2]]
    inputs = (x, w, b) if live_bias else (x, w)
    module = LiveBias() if live_bias else Live()
    network = lrp.capture(module, inputs, batch_axis=dict.fromkeys(("x", "w", "b")[: len(inputs)]))
    e = lrp.explain(network, named(network, inputs), 4, plainly(bilinear="half"), keep="nodes")
    for one, other in zip(e.inputs.values(), expected, strict=False):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)
    if not live_bias:
        torch.testing.assert_close(sinks(e)["bias"].sum(), expected[2].sum())


def test_bilinear_without_weights_says_that_it_halves():
    a, b = numbers(2, 3, 4), numbers(2, 4, 2, seed=1)
    halved = relevance(pair_of("bmm"), (a, b), 1, composite({"bilinear": "half"}))[0]
    found, e = relevance(pair_of("bmm"), (a, b), 1, composite({"bilinear": "signal"}))
    torch.testing.assert_close(found, halved)
    assert "neither operand" in row_of(e, "bilinear").reason


def test_bilinear_constant():
    a, b = numbers(2, 3, 4), numbers(2, 4, 2, seed=1)
    found, e = relevance(pair_of("bmm"), (a, b), 1, composite({"bilinear": "constant"}))
    assert max(one.abs().max() for one in found) == 0
    torch.testing.assert_close(sinks(e)["cut"], e.score)


# ------------------------------------------------------------------------------------------------ references

COMPARED = {
    "product": lambda x, y: x * y,
    "gated": lambda x, y: x * torch.sigmoid(y),
    "square": lambda x, y: x * x + y,
    "repeated": lambda x, y: x.unsqueeze(1) * y.unsqueeze(2),
    "quotient": lambda x, y: x / (1 + y.abs()),
    "of itself": lambda x, y: x / (x * x + y * y),
    "matmul": lambda x, y: x.unsqueeze(2) @ y.unsqueeze(1),
    "einsum": lambda x, y: torch.einsum("bi,bi->b", x, y).unsqueeze(1),
}


@pytest.mark.parametrize("name", COMPARED)
def test_against_a_reference_the_difference_is_shared_exactly(name):
    module = Of2(COMPARED[name])
    x, y, x0, y0 = (numbers(3, 4, seed=i) for i in range(4))
    network = lrp.capture(module, (x, y))
    e = lrp.explain(network, named(network, (x, y)), 0, reference=named(network, (x0, y0)))
    expected = module(x, y)[:, 0] - module(x0, y0)[:, 0]
    torch.testing.assert_close(e.score, expected)
    torch.testing.assert_close(sum(r.sum(1) for r in e.inputs.values()), expected, rtol=1e-9, atol=1e-12)
    assert all(row.absorbed.abs().max() == 0 for row in e.ledger)


def test_against_a_reference_a_product_is_shared_by_the_means():
    x, y, x0, y0 = (numbers(3, 4, seed=i) for i in range(4))
    network = lrp.capture(Of2(torch.mul), (x, y))
    e = lrp.explain(network, named(network, (x, y)), 2, reference=named(network, (x0, y0)))
    to_x, to_y = e.inputs.values()
    torch.testing.assert_close(to_x[:, 2], ((x - x0) * (y + y0) / 2)[:, 2])
    torch.testing.assert_close(to_y[:, 2], ((y - y0) * (x + x0) / 2)[:, 2])
