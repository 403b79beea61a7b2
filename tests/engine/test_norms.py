"""Layer, RMS, group and instance norm, as modules and written by hand."""

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
    numbers,
    plainly,
    relevance,
    row_of,
    sinks,
    stabilized,
)


class Norm(nn.Module):
    """A norm with settled weights; the product with 1 keeps it from being the logit alone."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.norm = norm
        for name, parameter in norm.named_parameters():
            nn.init.uniform_(parameter, 0.5, 2.0) if name == "weight" else nn.init.normal_(parameter)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x).flatten(1)


# module, shape of a sample, how the values of a sample fall into groups, whether the mean is taken off
NORMS = {
    "layer": (lambda: nn.LayerNorm(5), (3, 5), (3, 5), True),
    "layer, without weights": (lambda: nn.LayerNorm(5, elementwise_affine=False), (3, 5), (3, 5), True),
    "layer, two axes": (lambda: nn.LayerNorm((3, 5)), (2, 3, 5), (2, 15), True),
    "layer, without bias": (lambda: nn.LayerNorm(5, bias=False), (5,), (1, 5), True),
    "rms": (lambda: nn.RMSNorm(5, eps=1e-5), (3, 5), (3, 5), False),
    "rms, two axes, no eps": (lambda: nn.RMSNorm((3, 5)), (2, 3, 5), (2, 15), False),
    "group": (lambda: nn.GroupNorm(2, 4), (4, 3, 2), (2, 12), True),
    "group, one axis": (lambda: nn.GroupNorm(2, 4), (4, 6), (2, 12), True),
    "group, without axes": (lambda: nn.GroupNorm(2, 4), (4,), (2, 2), True),
    "instance": (lambda: nn.InstanceNorm2d(4, affine=True), (4, 3, 2), (4, 6), True),
    "instance, one axis": (lambda: nn.InstanceNorm1d(4), (4, 6), (4, 6), True),
}


@cache
def made(name: str) -> tuple[nn.Module, lrp.Network]:
    make, shape, _, _ = NORMS[name]
    module = Norm(make())
    return module, captured(module, (numbers(2, *shape),))


def by_formula(name: str, module: nn.Module, x: Tensor, r: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """One sample: z_j = Σ_i x_i w_ij + b_j by the whole matrix, statistics held; relevance and the bias's part."""
    _, _, (groups, size), centred = NORMS[name]
    norm = module.norm
    weight = getattr(norm, "weight", None)
    bias = getattr(norm, "bias", None)
    by_channel = isinstance(norm, nn.GroupNorm | nn.InstanceNorm1d | nn.InstanceNorm2d)

    def wide(parameter: Tensor | None, default: float) -> Tensor:
        if parameter is None:
            return torch.full((x.numel(),), default).double()
        shaped = parameter.reshape(-1, *[1] * (x.dim() - 1)) if by_channel else parameter
        return shaped.expand(x.shape).flatten().detach()

    flat = x.flatten()
    matrix = torch.zeros(x.numel(), x.numel()).double()
    inside = norm.eps if norm.eps is not None else torch.finfo(torch.float64).eps
    for g in range(groups):
        own = slice(g * size, (g + 1) * size)
        held = flat[own] - flat[own].mean() if centred else flat[own]
        scale = 1 / (held.square().mean() + inside).sqrt()
        matrix[own, own] = (torch.eye(size).double() - (1 / size if centred else 0)) * scale
    matrix = wide(weight, 1.0)[:, None] * matrix
    z = matrix @ flat + wide(bias, 0.0)
    torch.testing.assert_close(z, module(x[None])[0].detach())
    share = r.flatten() / stabilized(z, eps)
    return (flat * (matrix.T @ share)).reshape(x.shape), (share * wide(bias, 0.0)).sum()


@pytest.mark.parametrize("eps", [1e-6, 0.2])
@pytest.mark.parametrize("form", ["relevance", "factor"])
@pytest.mark.parametrize("name", NORMS)
def test_epsilon_is_its_formula(name, form, eps):
    module, network = made(name)
    x = numbers(3, *NORMS[name][1]) * 2 + 1
    out = module(x).detach()
    target = seed = numbers(*out.shape, seed=1)
    if form == "factor":
        target, seed = {0: 1.0, 3: -2.0}, torch.zeros_like(out)
        seed[:, 0], seed[:, 3] = out[:, 0], -2 * out[:, 3]
    (found,), e = relevance(network, (x,), target, composite({"normalization": "epsilon"}, epsilon=eps))
    for i in range(3):
        expected, bias = by_formula(name, module, x[i], seed[i], eps)
        torch.testing.assert_close(found[i], expected, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(sinks(e)["bias"].expand(3)[i], bias, rtol=1e-9, atol=1e-11)
    check_total(e)


@pytest.mark.parametrize("name", ["layer", "group"])
def test_pass(name):
    module, network = made(name)
    x = numbers(2, *NORMS[name][1])
    seed = numbers(*module(x).shape, seed=1)
    (found,), _ = relevance(network, (x,), seed, composite({"normalization": "pass"}))
    torch.testing.assert_close(found, seed.reshape(x.shape))
    (found,), e = relevance(network, (x,), 1, composite({"normalization": "pass"}))
    torch.testing.assert_close(found.flatten(1)[:, 1], module(x)[:, 1].detach())
    check_total(e)


@pytest.mark.parametrize("name", ["layer, two axes", "rms", "group", "instance"])
def test_a_batch_is_its_samples_and_single_precision_closes(name):
    module, network = made(name)
    x = numbers(3, *NORMS[name][1])
    _, e = relevance(network, (x,), 0, "epsilon")
    check_batch(network, (x,), "epsilon", e)
    single = module.float()
    _, e = relevance(single, (x.float(),), 0, "epsilon")
    module.double()
    check_total(e, 1e-5)


@pytest.mark.parametrize("name", NORMS)
def test_against_a_reference_the_difference_is_shared_exactly(name):
    module, network = made(name)
    x, x0 = numbers(3, *NORMS[name][1]) * 2 + 1, numbers(3, *NORMS[name][1], seed=5)
    e = lrp.explain(network, x, 1, reference=x0)
    expected = (module(x) - module(x0))[:, 1].detach()
    torch.testing.assert_close(e.inputs["x"].flatten(1).sum(1), expected, rtol=1e-8, atol=1e-10)
    assert all(row.absorbed.abs().max() < 1e-12 for row in e.ledger)


# ------------------------------------------------------------------------------------------------ by hand


class ByHand(nn.Module):
    """Norms as people write them, over the last axis of (samples, 3, 5)."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        reference = Norm(nn.RMSNorm(5, eps=1e-5) if form.startswith("rms") else nn.LayerNorm(5)).norm
        self.weight, self.bias = reference.weight, getattr(reference, "bias", None)

    def forward(self, x: Tensor) -> Tensor:
        return FORMS[self.form](x, self.weight, self.bias).flatten(1)


def _two_steps(x, w, b):
    mean = x.mean(-1, keepdim=True)
    return w * ((x - mean) / torch.sqrt((x - mean).pow(2).mean(-1, keepdim=True) + 1e-5)) + b


def _product(x, w, b):
    d = x - x.mean(-1, keepdim=True)
    return d * torch.rsqrt((d * d).mean(-1, keepdim=True) + 1e-5) * w + b


def _variance(x, w, b):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * w + b


def _folded(x, w, b):
    scale = w * (x.var(-1, unbiased=False, keepdim=True) + 1e-5) ** -0.5
    return (x - x.mean(-1, keepdim=True)) * scale + b


FORMS = {
    "layer in two steps": _two_steps,
    "layer as a product": _product,
    "layer by var_mean": _variance,
    "layer with the weight in the scale": _folded,
    "rms as in Llama": lambda x, w, b: w * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)),
    "rms by reciprocal": lambda x, w, b: x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt().reciprocal() * w,
    "rms by quotient": lambda x, w, b: x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * w,
    "rms by a constant's quotient": lambda x, w, b: x * (1.0 / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()) * w,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_norm_by_hand_is_explained_as_the_module(form):
    x, seed = numbers(3, 3, 5) * 2 + 1, numbers(3, 15, seed=1)
    name = "rms" if form.startswith("rms") else "layer"
    _, network = made(name)
    for target in (seed, {1: 1.0, 7: -1.0}):
        expected, module_e = relevance(network, (x,), target, plainly())
        found, e = relevance(ByHand(form), (x,), target, plainly())
        torch.testing.assert_close(found[0], expected[0], rtol=1e-8, atol=1e-9)
        check_total(e)
        torch.testing.assert_close(sinks(e)["bias"], sinks(module_e)["bias"], rtol=1e-8, atol=1e-9)


def test_response_normalization_by_hand_holds_its_norms():
    class Response(nn.Module):  # of ConvNeXt V2
        def forward(self, x: Tensor) -> Tensor:
            size = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
            scale = size / (size.mean(-1, keepdim=True) + 1e-6)
            return (0.7 * (x * scale) + 0.1 + x).flatten(1)

    x, seed = numbers(2, 3, 3, 4), numbers(2, 36, seed=1)
    (found,), e = relevance(Response(), (x,), seed, plainly())
    size = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
    scale = size / (size.mean(-1, keepdim=True) + 1e-6)
    z = (0.7 * x * scale + 0.1 + x).flatten(1)
    expected = seed / z * (z - 0.1)
    torch.testing.assert_close(found.flatten(1), expected, rtol=1e-8, atol=1e-10)
    assert "is a statistic, held" in row_of(e, "product").reason
    check_total(e)


def test_unit_length_by_hand():
    class Unit(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.normalize(x, dim=1) * 2.0

    x, seed = numbers(2, 4), numbers(2, 4, seed=1)
    (found,), e = relevance(Unit(), (x,), seed, plainly())
    torch.testing.assert_close(found, seed, rtol=1e-8, atol=1e-10)
    check_total(e)
