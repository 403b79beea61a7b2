"""What only single precision on the CPU takes – packed weights, images of few channels – against double precision."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from itertools import product

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.rules.affine_maps import WeightCache

# channels in and out, kernel, stride, padding, size of the image
CONVOLUTIONS = [
    (3, 8, (3, 3), (1, 1), (1, 1), (12, 9)),
    (3, 8, (7, 7), (2, 2), (3, 3), (32, 31)),
    (3, 8, (3, 3), (2, 2), (0, 0), (14, 15)),  # a row that no window reaches
    (1, 4, (5, 3), (3, 2), (2, 0), (17, 20)),
    (4, 8, (4, 4), (4, 4), (0, 0), (16, 16)),
    (2, 4, (2, 2), (3, 3), (1, 1), (13, 13)),  # places between the windows
    (2, 4, (3, 5), (1, 2), (2, 4), (9, 9)),
    (192, 64, (3, 3), (1, 1), (1, 1), (5, 5)),
    (128, 256, (3, 3), (2, 2), (1, 1), (6, 7)),
    (256, 128, (1, 1), (2, 2), (0, 0), (6, 6)),
    (160, 192, (1, 1), (1, 1), (0, 0), (7, 7)),
    (128, 128, (2, 3), (1, 1), (2, 0), (5, 5)),
]
RULES = ["epsilon", "zplus", "alpha_beta", "gamma", "zbox"]
BOUNDS = {"low": -3.0, "high": 3.0}


def made(settings: tuple, *, last: int = 3) -> nn.Sequential:
    channels, units, kernel, stride, padding, _ = settings
    torch.manual_seed(5)
    convolution = nn.Conv2d(channels, units, kernel, stride, padding)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(units, last)).eval()


def captured(module: nn.Module, inputs: torch.Tensor) -> lrp.Network:
    return lrp.capture(module, (inputs[:1].repeat(2, *[1] * (inputs.dim() - 1)),))


@cache
def exactly(settings: tuple) -> lrp.Network:
    """The same in double precision, for all rules."""
    return captured(made(settings).double(), torch.zeros(2, settings[0], *settings[-1], dtype=torch.float64))


def compare(
    module: nn.Module, inputs: torch.Tensor, rule: str, network: lrp.Network, exact: lrp.Network | None = None
) -> None:
    """Relevance in single precision, the second time with what the first left in the cache, against double."""
    # with a large ε no unit is so close to 0 that rounding matters
    composite = lrp.Composite.single(rule, epsilon=0.05, **(BOUNDS if rule == "zbox" else {}))
    exact = exact or captured(deepcopy(module).double(), inputs.double())
    expected = lrp.explain(exact, inputs.double(), composite=composite, target=1)
    (want,) = expected.inputs.values()
    for _ in range(2):
        found = lrp.explain(network, inputs, composite=composite, target=1)
        (got,) = found.inputs.values()
        torch.testing.assert_close(got.double(), want, rtol=0, atol=2e-5 * float(want.abs().max()))


@pytest.mark.parametrize(("settings", "rule"), list(product(CONVOLUTIONS, RULES)))
def test_convolutions_in_single_precision_are_those_in_double(settings, rule):
    module = made(settings)
    inputs = torch.randn(3, settings[0], *settings[-1]).clamp(-3, 3)
    compare(module, inputs, rule, captured(module, inputs), exactly(settings))


@pytest.mark.parametrize("rule", ["epsilon", "alpha_beta"])
def test_a_weight_that_was_packed_for_some_samples_serves_any_number(rule):
    module = made(CONVOLUTIONS[7])
    inputs = torch.randn(40, 192, 5, 5)
    network = captured(module, inputs)
    for count in (2, 40, 1):
        compare(module, inputs[:count], rule, network)


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "alpha_beta", "gamma"])
def test_dense_layers_in_single_precision_are_those_in_double(rule):
    torch.manual_seed(6)
    module = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 3)).eval()
    inputs = torch.randn(32, 512)
    compare(module, inputs, rule, captured(module, inputs))


def test_weights_are_packed_only_while_there_is_room():
    module = made(CONVOLUTIONS[8])
    inputs = torch.randn(3, 128, 6, 7)
    network = captured(module, inputs)
    cache = network.cache["weights"] = WeightCache(budget=4 * module[0].weight.nbytes)
    lrp.explain(network, inputs, composite="epsilon", target=1)
    assert cache.nbytes == 2 * module[0].weight.nbytes  # for both ways
    tight = captured(module, inputs)
    cache = tight.cache["weights"] = WeightCache(budget=4 * module[0].weight.nbytes - 1)
    compare(module, inputs, "epsilon", tight)
    assert cache.nbytes == module[0].weight.nbytes


def test_what_another_thread_made_meanwhile_is_counted_once():
    cache = WeightCache()
    first = torch.ones(4)

    def made_late():
        assert cache.get("weight", lambda: first) is first
        return torch.ones(4)

    assert cache.get("weight", made_late) is first
    assert cache.nbytes == first.nbytes


@pytest.mark.parametrize("rule", ["epsilon", "lrp_0", "zplus", "alpha_beta", "gamma", "wsquare", "flat"])
@pytest.mark.parametrize("rectified", [True, False])
def test_without_a_stabilizer_a_dead_unit_gets_and_gives_nothing(rule, rectified):
    torch.manual_seed(7)
    first = nn.Linear(4, 3)
    with torch.no_grad():
        first.weight[1], first.bias[1] = 0.0, 0.0
    module = nn.Sequential(first, *[nn.ReLU()] * rectified, nn.Linear(3, 2)).eval()
    inputs = torch.randn(2, 4)
    composite = lrp.Composite.single(rule, epsilon=0.0)
    result = lrp.explain(captured(module, inputs), inputs, composite=composite, target=0)
    (relevance,) = result.inputs.values()
    assert relevance.isfinite().all()
    for row in result.ledger:
        assert row.unexplained.isfinite().all()
