"""Each rule against its formula, written out over the whole matrix z_ij in float64.

The matrix of a map is found by putting unit vectors through it, so nothing here uses the engine's own adjoints.
"""

from __future__ import annotations

from functools import cache

import pytest
import torch
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


def by_formula(rule: str, parameters: dict[str, float], x: Tensor, w: Tensor, b: Tensor, r: Tensor) -> Tensor:
    """What each input gets, from the papers' formulas, one sample; also what each pair exchanges."""
    zij = w * x  # (outputs, inputs)
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
]

MAPS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(7, 5), (7,)),
    "linear without bias": (nn.Linear(7, 5, bias=False), (7,)),
    "linear over positions": (nn.Linear(4, 3), (3, 4)),
    "conv1d": (nn.Conv1d(2, 3, 3, stride=2, padding=1), (2, 7)),
    "conv2d": (nn.Conv2d(2, 4, 3, padding=1), (2, 5, 4)),
    "conv2d in groups": (nn.Conv2d(4, 4, 2, groups=2, dilation=2, bias=False), (4, 5, 5)),
    "conv3d": (nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    "transposed conv": (nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 3, 3)),
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


def settled(module: nn.Module) -> nn.Module:
    torch.manual_seed(5)
    for name, parameter in module.named_parameters():
        if "norm" not in name and not isinstance(module, nn.Sequential):
            nn.init.normal_(parameter)
    return module.double().eval()


def check(
    module: nn.Module, network: lrp.Network, shape: tuple[int, ...], rule: str, parameters: dict[str, float], x: Tensor
) -> None:
    w, b = matrix_of(module, shape)
    out = module(x)
    seed = torch.randn(out.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    composite = lrp.Composite.single(rule, **parameters)
    e = lrp.explain(network, x, target=seed, composite=composite)
    for sample in range(len(x)):
        expected = by_formula(rule, parameters, x[sample].flatten(), w, b, seed[sample].flatten()).sum(0)
        torch.testing.assert_close(e.inputs["input"][sample].flatten(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sided", ["positive", "mixed"])
@pytest.mark.parametrize(("rule", "parameters"), RULES, ids=str)
@pytest.mark.parametrize("name", MAPS)
def test_rule_is_its_formula(name, rule, parameters, sided):
    module, shape = MAPS[name]
    module = settled(module)
    x = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[0].view(-1)[0] = 0.0
    check(module, captured(name), shape, rule, parameters, x.abs() if sided == "positive" else x)


@pytest.mark.parametrize(("rule", "parameters"), RULES, ids=str)
def test_rule_behind_a_relu_is_its_formula(rule, parameters):
    """There the engine knows that x is never negative, and takes a shorter way."""
    torch.manual_seed(2)
    layer = nn.Linear(7, 5).double()
    module = nn.Sequential(nn.ReLU(), layer)
    x = torch.randn(3, 7, dtype=torch.float64)
    seed = torch.randn(3, 5, dtype=torch.float64)
    e = lrp.explain(lrp.capture(module, x), x, target=seed, composite=lrp.Composite.single(rule, **parameters))
    for sample in range(3):
        expected = by_formula(rule, parameters, x[sample].relu(), layer.weight, layer.bias, seed[sample]).sum(0)
        torch.testing.assert_close(e.inputs["input"][sample], expected.detach(), rtol=1e-9, atol=1e-9)


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
    rule, parameters = data.draw(st.sampled_from(RULES))
    shape = (2 * groups, size, size)
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    check(settled(conv), lrp.capture(conv, x), shape, rule, parameters, x)


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
