"""Each rule against its formula, written out over the whole matrix z_ij in float64.

The matrix of a map is found by putting unit vectors through it, so nothing here uses the engine's own adjoints. For w²
and flat the map is a copy with other weights, put through likewise: places that padding adds have no column.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lrp_engine as lrp


def matrix_of(module: nn.Module, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """W (outputs, inputs) and b (outputs,) of an affine module."""
    inputs = torch.Size(shape).numel()
    zero = module(torch.zeros(1, *shape, dtype=torch.float64)).flatten()
    columns = module(torch.eye(inputs, dtype=torch.float64).reshape(inputs, *shape)).flatten(1) - zero
    return columns.T.contiguous(), zero


def sign(z: Tensor) -> Tensor:
    return torch.where(z >= 0, 1.0, -1.0).to(z)


def by_formula(
    rule: str, parameters: dict[str, Any], x: Tensor, w: Tensor, b: Tensor, r: Tensor, bounds: tuple | None = None
) -> Tensor:
    """What each input gets, from the papers' formulas, one sample; also what each pair exchanges.

    `w` is W² for w², and the number of paths from input to output for flat.
    """
    if rule in {"wsquare", "flat"}:
        return w / (w.sum(1) + parameters.get("epsilon", 1e-12))[:, None] * r[:, None]
    zij = w * x  # (outputs, inputs)
    if rule == "zbox":
        low, high = bounds
        inside = zij - low * w.clamp(min=0) - high * w.clamp(max=0)
        total = inside.sum(1)
        return inside / (total + parameters.get("epsilon", 1e-6) * sign(total))[:, None] * r[:, None]
    z = zij.sum(1) + b
    eps = parameters.get("epsilon", 1e-12 if rule == "lrp_0" else 1e-6)
    plus, minus = zij.clamp(min=0), zij.clamp(max=0)
    if rule in {"lrp_0", "epsilon"}:
        return zij / (z + eps * sign(z))[:, None] * r[:, None]
    if rule == "gamma":
        g = parameters.get("gamma", 0.25)
        up = (zij + g * plus) / ((zij + g * plus).sum(1) + b + g * b.clamp(min=0) + eps)[:, None]
        down = (zij + g * minus) / ((zij + g * minus).sum(1) + b + g * b.clamp(max=0) - eps)[:, None]
        return torch.where((z >= 0)[:, None], up, down) * r[:, None]
    alpha, beta = (1.0, 0.0) if rule == "zplus" else (parameters.get("alpha", 2.0), parameters.get("beta", 1.0))
    up = plus / (plus.sum(1) + b.clamp(min=0) + eps)[:, None]
    down = minus / (minus.sum(1) + b.clamp(max=0) - eps)[:, None]
    return (alpha * up - beta * down) * r[:, None]


RULES = [
    ("lrp_0", {}),
    ("epsilon", {}),
    ("epsilon", {"epsilon": 0.1}),
    ("gamma", {}),
    ("gamma", {"gamma": 3.0, "epsilon": 0.01}),
    ("alpha_beta", {}),
    ("alpha_beta", {"alpha": 1.5, "beta": 0.5}),
    ("zplus", {}),
    ("zplus", {"epsilon": 0.1}),
]
WITHOUT_X = [("wsquare", {}), ("wsquare", {"epsilon": 0.3}), ("flat", {}), ("flat", {"epsilon": 0.3})]

MAPS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(7, 5), (7,)),
    "linear without bias": (nn.Linear(7, 5, bias=False), (7,)),
    "linear over positions": (nn.Linear(4, 3), (3, 4)),
    "conv1d": (nn.Conv1d(2, 3, 3, stride=2, padding=1), (2, 7)),
    "conv2d": (nn.Conv2d(2, 4, 3, padding=1), (2, 5, 4)),
    "conv2d in groups": (nn.Conv2d(4, 4, 2, groups=2, dilation=2, bias=False), (4, 5, 5)),
    "conv3d": (nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    "transposed conv": (nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 3, 3)),
    "transposed conv in groups": (
        nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2),
        (4, 5),
    ),
    "transposed conv3d": (nn.ConvTranspose3d(1, 2, 2, padding=1), (1, 3, 3, 3)),
    "padded with other numbers": (nn.Conv2d(2, 3, 3, padding="same", dilation=2), (2, 5, 4)),
}


def merged() -> nn.Module:
    torch.manual_seed(3)
    norm = nn.BatchNorm2d(3)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.weight.data.uniform_(-1, 2)
    norm.bias.data.normal_()
    return nn.Sequential(nn.Conv2d(2, 3, 3), norm)


MAPS["conv2d with batch norm"] = (merged(), (2, 5, 5))


@cache
def captured(name: str) -> lrp.Network:
    module, shape = MAPS[name]
    return lrp.capture(nn.Sequential(settled(module)), torch.zeros(2, *shape, dtype=torch.float64))


class Products(nn.Module):
    """Products with a constant side, in any place."""

    def __init__(self, equation: str, *shape: int) -> None:
        super().__init__()
        self.equation = equation
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        if self.equation == "left":
            return self.weight @ x
        if self.equation == "right":
            return torch.matmul(x, self.weight)
        if self.equation.endswith("turned"):
            return torch.einsum(self.equation.removesuffix(" turned"), self.weight, x)
        return torch.einsum(self.equation, x, self.weight)


MAPS |= {
    "matmul with the constant on the left": (Products("left", 5, 3), (3, 4)),
    "matmul with a constant for each sample's rows": (Products("right", 3, 4, 2), (3, 2, 4)),
    "einsum": (Products("nij,jk->nik", 4, 5), (3, 4)),
    "einsum over two axes": (Products("nij,kij->nk", 5, 3, 4), (3, 4)),
    "einsum with the constant first": (Products("kij,nij->nki turned", 2, 3, 4), (3, 4)),
    "einsum in heads": (Products("nthd,hde->nthe", 2, 3, 4), (2, 2, 3)),
}


def settled(module: nn.Module) -> nn.Module:
    torch.manual_seed(5)
    for name, parameter in module.named_parameters():
        if "norm" not in name and not isinstance(module, nn.Sequential):
            nn.init.normal_(parameter)
    return module.double().eval()


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def with_weights(module: nn.Module, change: Any) -> nn.Module:
    """A copy with other weights, and no bias."""
    other = deepcopy(module)
    for name, parameter in other.named_parameters():
        parameter.data = change(parameter.data) if name.endswith("weight") else torch.zeros_like(parameter)
    return other


def check(
    module: nn.Module,
    network: lrp.Network,
    shape: tuple[int, ...],
    rule: str,
    parameters: dict[str, Any],
    x: Tensor,
    bounds: tuple | None = None,
) -> lrp.Explanation:
    seen = {"wsquare": torch.square, "flat": torch.ones_like}.get(rule)
    w, b = matrix_of(module if seen is None else with_weights(module, seen), shape)
    out = module(x)
    seed = numbers(*out.shape, seed=1)
    composite = lrp.Composite.single(rule, **parameters)
    e = lrp.explain(network, x, target=seed, composite=composite)
    for sample in range(len(x)):
        r = seed[sample].flatten()
        expected = by_formula(rule, parameters, x[sample].flatten(), w, b, r, bounds).sum(0).detach()
        torch.testing.assert_close(e.inputs["input"][sample].flatten(), expected, rtol=1e-9, atol=1e-9)
    (row,) = e.ledger
    assert row.unexplained.abs().max() < 1e-9
    return e


def cases() -> list[tuple[str, str, dict[str, Any]]]:
    """All of them; of a merged batch norm a copy with other weights would need other statistics."""
    found = [(name, *row) for name in MAPS for row in RULES]
    return found + [(name, *row) for name in MAPS if name != "conv2d with batch norm" for row in WITHOUT_X]


@pytest.mark.parametrize("sided", ["positive", "mixed"])
@pytest.mark.parametrize(("name", "rule", "parameters"), cases(), ids=str)
def test_rule_is_its_formula(name, rule, parameters, sided):
    module, shape = MAPS[name]
    module = settled(module)
    x = numbers(3, *shape, seed=0)
    x[0].view(-1)[0] = 0.0
    check(module, captured(name), shape, rule, parameters, x.abs() if sided == "positive" else x)


@pytest.mark.parametrize("rule", ["wsquare", "flat"])
def test_a_merged_batch_norm_scales_the_weights_of_w_square_and_is_none_of_flats(rule):
    module, shape = MAPS["conv2d with batch norm"]
    module = settled(module)
    conv, norm = module
    effective = deepcopy(conv)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    effective.weight.data = conv.weight.data * scale[:, None, None, None]
    x = numbers(2, *shape, seed=8)
    w, b = matrix_of(with_weights(effective, torch.square if rule == "wsquare" else torch.ones_like), shape)
    seed = numbers(*module(x).shape, seed=1)
    e = lrp.explain(captured("conv2d with batch norm"), x, target=seed, composite=lrp.Composite.single(rule))
    for sample in range(2):
        expected = by_formula(rule, {}, x[sample].flatten(), w, b, seed[sample].flatten()).sum(0)
        torch.testing.assert_close(e.inputs["input"][sample].flatten(), expected.detach(), rtol=1e-9, atol=1e-9)


def bounds_of(kind: str, shape: tuple[int, ...], x: Tensor, *, channels_last: bool) -> tuple[dict[str, Any], tuple]:
    """The parameters of zbox, and the two bounds written out for every value of a sample."""
    whole = torch.zeros(shape, dtype=torch.float64)
    if kind == "numbers":
        given = -3.5, 4.0
    elif kind == "data":
        given = None, None
        return {}, ((whole + x.min()).flatten(), (whole + x.max()).flatten())
    elif kind == "channels":
        axis = -1 if channels_last else 0
        given = -4.0 - numbers(shape[axis], seed=11).abs(), 4.0 + numbers(shape[axis], seed=12).abs()
        spread = [one if channels_last else one.reshape(-1, *[1] * (len(shape) - 1)) for one in given]
        return dict(zip(("low", "high"), given, strict=True)), tuple((whole + one).flatten() for one in spread)
    else:
        given = -4.0 - numbers(*shape, seed=11).abs(), 4.0 + numbers(*shape, seed=12).abs()
    return dict(zip(("low", "high"), given, strict=True)), tuple((whole + one).flatten() for one in given)


@pytest.mark.parametrize("kind", ["numbers", "channels", "values", "data"])
@pytest.mark.parametrize(
    "name",
    [
        *("linear", "linear over positions", "conv1d", "conv2d", "conv2d in groups", "conv3d", "transposed conv"),
        *("transposed conv in groups", "padded with other numbers", "conv2d with batch norm"),
    ],
)
def test_zbox_is_its_formula_and_padding_has_no_bounds(name, kind):
    module, shape = MAPS[name]
    x = numbers(3, *shape, seed=3)
    parameters, bounds = bounds_of(kind, shape, x, channels_last=name.startswith("linear"))
    check(settled(module), captured(name), shape, "zbox", parameters, x, bounds)
    # chunks of samples have the bounds of all of them
    seed = numbers(*module(x).shape, seed=1)
    composite = lrp.Composite.single("zbox", **parameters)
    whole = lrp.explain(captured(name), x, target=seed, composite=composite)
    chunked = lrp.explain(captured(name), x, target=seed, composite=composite, batch=2)
    torch.testing.assert_close(chunked.inputs["input"], whole.inputs["input"], rtol=1e-10, atol=1e-12)
    said = any("smallest and the largest value" in note for note in whole.notes)
    assert said == (kind == "data")


@pytest.mark.parametrize(("low", "high"), [(-2.0, [0.0, 0.0, 0.0]), ([[1.0], [1.0, 2.0]], 1.0), ([], 1.0)], ids=str)
def test_bounds_that_do_not_fit_are_one_clear_sentence(low, high):
    composite = lrp.Composite.single("zbox", low=low, high=high)
    with pytest.raises(lrp.CompositeError, match="A bound of the rule zbox does not fit an input of samples×2×7"):
        lrp.explain(captured("conv1d"), numbers(2, 2, 7, seed=0), composite=composite)


class Shallow(nn.Module):
    """A map, a ReLU, a map: in front of the ReLU and behind it the engine takes ways of its own."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        torch.manual_seed(2)
        dense = kind == "dense"
        self.first = nn.Linear(6, 7) if dense else nn.Conv2d(2, 4, 3, padding=1, stride=2)
        self.second = nn.Linear(7, 5) if dense else nn.Conv2d(4, 3, 2)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


SHALLOW = {"dense": (6,), "conv": (2, 5, 5)}


@cache
def shallow(kind: str) -> tuple[Shallow, lrp.Network]:
    module = Shallow(kind)
    return module, lrp.capture(module, torch.zeros(2, *SHALLOW[kind], dtype=torch.float64))


@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize("keep", ["inputs", "layers", "nodes"])
@pytest.mark.parametrize(("rule", "parameters"), RULES + WITHOUT_X, ids=str)
@pytest.mark.parametrize("kind", SHALLOW)
def test_rule_around_a_relu_is_its_formula(kind, rule, parameters, keep, seeded):
    """The ReLU may write over the values before it, if nobody asked for them; there is no relevance where it cuts."""
    module, network = shallow(kind)
    x = numbers(3, *SHALLOW[kind], seed=5)
    seen = {"wsquare": torch.square, "flat": torch.ones_like}.get(rule)
    first = module.first if seen is None else with_weights(module.first, seen)
    second = module.second if seen is None else with_weights(module.second, seen)
    hidden = F.relu(module.first(x))
    (w1, b1), (w2, b2) = matrix_of(first, x.shape[1:]), matrix_of(second, hidden.shape[1:])
    out = module(x)
    seed = numbers(*out.shape, seed=6) if seeded else torch.ones_like(out)
    target = seed if seeded else torch.ones(out.shape[1:], dtype=torch.bool)
    given = x.clone()
    e = lrp.explain(network, given, target=target, composite=lrp.Composite.single(rule, **parameters), keep=keep)
    assert torch.equal(given, x)
    torch.testing.assert_close(next(iter(e.outputs.values())), out)
    for sample in range(3):
        r = (seed if seeded else out)[sample].flatten()
        middle = by_formula(rule, parameters, hidden[sample].flatten(), w2, b2, r).sum(0)
        expected = by_formula(rule, parameters, x[sample].flatten(), w1, b1, middle).sum(0).detach()
        torch.testing.assert_close(e.inputs["x"][sample].flatten(), expected, rtol=1e-8, atol=1e-9)
        if keep == "layers":
            torch.testing.assert_close(e.layers["relu"][sample].flatten(), middle.detach(), rtol=1e-8, atol=1e-9)
            torch.testing.assert_close(e.activations["first"], module.first(x).detach())
    for row in e.ledger:
        assert row.unexplained.abs().max() < 1e-9, row.node


@pytest.mark.parametrize("again", [lambda y: torch.einsum("ij->ij", y), lambda y: +y, torch.Tensor.clone])
@pytest.mark.parametrize("keep", ["inputs", "nodes"])
def test_what_a_relu_reads_is_written_over_only_if_it_is_nobody_elses(again, keep):
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.fc, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            y = self.fc(x)
            return self.head(F.relu(again(y)) + y) + self.head(F.relu(again(x)))

    module = Twice().double()
    x = numbers(3, 4, seed=7)
    given = x.clone()
    e = lrp.explain(lrp.capture(module, x), given, 0, "epsilon", keep=keep)
    torch.testing.assert_close(next(iter(e.outputs.values())), module(x))
    assert torch.equal(given, x)
    torch.testing.assert_close(
        e.inputs["x"].sum(1) + sum(row.absorbed for row in e.ledger), module(x)[:, 0], rtol=1e-9, atol=1e-9
    )


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_convolutions_of_any_geometry(data):
    groups = data.draw(st.sampled_from([1, 2]))
    kernel = data.draw(st.integers(1, 3))
    dilation = data.draw(st.integers(1, 2))
    size = data.draw(st.integers(dilation * (kernel - 1) + 1, 7))
    conv = nn.Conv2d(
        *(2 * groups, 2 * groups, kernel),
        stride=data.draw(st.integers(1, 3)),
        padding=data.draw(st.integers(0, 2)),
        dilation=dilation,
        groups=groups,
        bias=data.draw(st.booleans()),
    )
    rule, parameters = data.draw(st.sampled_from(RULES + WITHOUT_X))
    shape = (2 * groups, size, size)
    x = numbers(2, *shape, seed=size)
    check(settled(conv), lrp.capture(conv, x), shape, rule, parameters, x)


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_transposed_convolutions_of_any_geometry(data):
    groups, stride = data.draw(st.sampled_from([1, 2])), data.draw(st.integers(1, 3))
    kernel, dilation = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    padding = data.draw(st.integers(0, min(1, dilation * (kernel - 1))))
    kind = data.draw(st.sampled_from([nn.ConvTranspose1d, nn.ConvTranspose2d]))
    conv = kind(
        *(2 * groups, 3 * groups, kernel),
        stride=stride,
        padding=padding,
        output_padding=data.draw(st.integers(0, max(stride, dilation) - 1)),
        dilation=dilation,
        groups=groups,
        bias=data.draw(st.booleans()),
    )
    shape = (2 * groups, *[data.draw(st.integers(2, 4))] * (1 if kind is nn.ConvTranspose1d else 2))
    rule, parameters = data.draw(st.sampled_from([*RULES, *WITHOUT_X, ("zbox", {"low": -4.0, "high": 4.0})]))
    x = numbers(2, *shape, seed=groups)
    bounds = (-4.0, 4.0) if rule == "zbox" else None
    check(settled(conv), lrp.capture(conv, x), shape, rule, parameters, x, bounds)


@pytest.mark.parametrize(("rule", "parameters"), RULES, ids=str)
@pytest.mark.parametrize("name", ["linear", "linear over positions"])
def test_flow_between_units_is_the_formulas_matrix(name, rule, parameters):
    module, shape = MAPS[name]
    module = settled(module)
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    network = captured(name)
    seed = torch.randn(module(x).shape, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    e = lrp.explain(network, x, target=seed, composite=lrp.Composite.single(rule, **parameters))
    flow = e.flow("0")
    assert e.flow_source("0") == "input"
    for sample in range(2):
        positions = x[sample].reshape(-1, shape[-1])
        expected = sum(
            by_formula(rule, parameters, position, module.weight, module.bias, r)
            for position, r in zip(positions, seed[sample].reshape(len(positions), -1), strict=True)
        )
        torch.testing.assert_close(flow[sample], expected.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv2d in groups", "conv3d", "transposed conv"])
@pytest.mark.parametrize("rule", ["epsilon", "alpha_beta"])
def test_flow_of_a_convolution_is_summed_over_places(name, rule):
    module, shape = MAPS[name]
    module = settled(module)
    w, b = matrix_of(module, shape)
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    out = module(x)
    seed = torch.randn(out.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    e = lrp.explain(captured(name), x, target=seed, composite=lrp.Composite.single(rule))
    flow = e.flow("0")
    for sample in range(2):
        pairs = by_formula(rule, {}, x[sample].flatten(), w, b, seed[sample].flatten())
        blocks = pairs.reshape(out.shape[1], -1, shape[0], x[sample, 0].numel()).sum((1, 3))
        torch.testing.assert_close(flow[sample], blocks.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("z", [0.0, 1e-9, -1e-9, -9.5e-7, 5.0])
def test_the_stabilizer_has_the_sign_of_z(z):
    """An unsigned ε gives ±2e7 at z = −9.5e-7; at z = 0 relevance is absorbed, not lost."""
    module = nn.Linear(2, 1, bias=False).double()
    module.weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    x = torch.tensor([[1.0 + z, 1.0]], dtype=torch.float64)
    seed = torch.ones(1, 1, dtype=torch.float64)
    e = lrp.explain(lrp.capture(module, x), x, target=seed, composite="epsilon")
    row = e.ledger[0]
    exact = (x[0, 0] - x[0, 1]).item()
    assert row.stabilizer.item() == pytest.approx(1e-6 / (abs(exact) + 1e-6), rel=1e-9)
    assert e.inputs["input"].sum().item() + row.stabilizer.item() == pytest.approx(1.0)


def test_gamma_keeps_relevance_where_z_is_zero():
    module = nn.Linear(2, 1, bias=False).double()
    module.weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    x = torch.ones(1, 2, dtype=torch.float64)
    e = lrp.explain(lrp.capture(module, x), x, target=torch.ones(1, 1, dtype=torch.float64), composite="gamma")
    assert e.inputs["input"].sum().item() == pytest.approx(1.0, abs=1e-4)
