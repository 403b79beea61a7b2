"""The four oracles. A sum check alone misses wrong distributions, so each rule has to pass all four."""

from __future__ import annotations

from functools import cache

import pytest
import torch

import lrp_engine as lrp
from tests.engine.nets import NETS, Reused, Untied, make

# of composites that show gradients only the ledger is about relevance
COMPOSITES = [name for name, _ in lrp.composite_names() if lrp.Composite.named(name).shows == "relevance"]
LIMIT = {torch.float32: 1e-5, torch.float64: 1e-10}


@cache
def made(name: str, *, bias: bool = True, dtype: torch.dtype = torch.float64):
    """A module, its network and inputs; capturing is what takes time."""
    module, x = make(name, bias=bias, dtype=dtype)
    return module, lrp.capture(module, x), x


def scale_of(e: lrp.Explanation, row) -> torch.Tensor:
    """max(|f|, Σ|R| arriving), per sample."""
    arriving = e.nodes.get(row.node)
    total = arriving.flatten(1).abs().sum(1) if arriving is not None else e.score.abs()
    return torch.maximum(e.score.abs(), total).clamp(min=1e-30)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("name", NETS)
def test_inputs_and_sinks_make_the_score(name, composite, dtype):
    _, network, x = made(name, dtype=dtype)
    e = lrp.explain(network, x, target=1, composite=composite, keep="nodes")
    total = e.inputs["x"].flatten(1).sum(1) + sum(row.absorbed for row in e.ledger)
    largest = torch.stack([scale_of(e, row) for row in e.ledger]).amax(0)
    assert ((total - e.score).abs() / largest).max() < LIMIT[dtype]
    for row in e.ledger:
        assert (row.unexplained.abs() / scale_of(e, row)).max() < LIMIT[dtype], row.node


@pytest.mark.parametrize("name", NETS)
def test_outputs_are_the_modules_own(name):
    module, network, x = made(name)
    e = lrp.explain(network, x)
    (output,) = e.outputs.values()
    torch.testing.assert_close(output, module(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["mlp", "cnn", "residual", "reused", "movements", "matmuls"])
def test_lrp_0_is_gradient_times_input_without_biases(name):
    module, x = make(name, bias=False)
    x = x.requires_grad_()
    network = lrp.capture(module, x.detach())
    e = lrp.explain(network, x.detach(), target=1, composite="lrp_0")
    output = module(x)
    logit = torch.logit(output) if name == "mlp" else output
    (gradient,) = torch.autograd.grad(logit[:, 1].sum(), x)
    torch.testing.assert_close(e.inputs["x"], (x * gradient).detach(), rtol=1e-6, atol=1e-9)


@cache
def untied_copy() -> lrp.Network:
    reused, _, x = made("reused")
    assert isinstance(reused, Reused)
    return lrp.capture(Untied(reused), x)


@pytest.mark.parametrize("composite", COMPOSITES)
def test_a_reused_layer_is_its_untied_copies(composite):
    _, reused, x = made("reused")
    tied = lrp.explain(reused, x, target=2, composite=composite)
    untied = lrp.explain(untied_copy(), x, target=2, composite=composite)
    torch.testing.assert_close(tied.inputs["x"], untied.inputs["x"], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("name", NETS)
def test_a_batch_is_its_samples_one_by_one(name, composite):
    _, network, x = made(name)
    if composite == "epsilon_gamma_box":
        composite = lrp.Composite.named(composite, low=-4.0, high=4.0)  # not those of the batch
    together = lrp.explain(network, x, composite=composite)
    chunked = lrp.explain(network, x, composite=composite, batch=2)
    for index in range(len(x)):
        alone = lrp.explain(network, x[index : index + 1], composite=composite)
        torch.testing.assert_close(alone.inputs["x"][0], together.inputs["x"][index], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(chunked.inputs["x"], together.inputs["x"], rtol=1e-9, atol=1e-12)
    for one, other in zip(chunked.ledger, together.ledger, strict=True):
        torch.testing.assert_close(one.arrived, other.arrived, rtol=1e-9, atol=1e-12)
