"""Rules as other engines define them, each formula written out over the matrix z_ij in float64.

`test_golden` compares with those engines' own numbers; here is every sign of x, z, w and b.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from lrp_engine.composites import Entry, Selector
from tests.engine.test_pools import POOLS, captured_pool, choosing, each, pooled_back, tied
from tests.engine.test_rules_by_matrix import by_formula, matrix_of, numbers, settled, sign, with_weights

MAPS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(6, 4), (6,)),
    "linear without bias": (nn.Linear(6, 4, bias=False), (6,)),
    "conv2d": (nn.Conv2d(2, 3, 3, padding=1, groups=1), (2, 4, 3)),
    "transposed conv": (nn.ConvTranspose1d(2, 4, 3, stride=2, groups=2), (2, 4)),
}
OTHERS = ["zennit", "captum", "toolbox"]


@cache
def captured(name: str) -> lrp.Network:
    module, shape = MAPS[name]
    return lrp.capture(nn.Sequential(settled(module)), numbers(2, *shape, seed=0))


def theirs(conventions: str, rule: str, given: dict[str, Any], x: Tensor, w: Tensor, b: Tensor, r: Tensor) -> Tensor:
    """What each input gets of one sample; `w` is W² for w², and ones in its place for flat."""
    zij = w * x
    if conventions == "captum":
        g = {"gamma": given.get("gamma", 0.25)}.get(rule)
        if rule in {"lrp_0", "epsilon"}:
            return by_formula(rule, {"epsilon": 1e-9, **given}, x, w, b, r).sum(0)
        part = x * (w.clamp(min=0) if g is None else w + g * w.clamp(min=0))
        z = part.sum(1) + b
        return (part / (z + given.get("epsilon", 1e-9) * sign(z))[:, None] * r[:, None]).sum(0)
    if conventions == "zennit":
        z = zij.sum(1) + b
        if rule == "gamma":
            r = torch.where(z == 0, 0.0, r)
        if rule == "wsquare":
            return (w / (w.sum(1) + b.square() + given.get("epsilon", 1e-6))[:, None] * r[:, None]).sum(0)
        if rule == "flat":
            return by_formula(rule, {"epsilon": 1e-6, **given}, x, w, b, r).sum(0)
    if conventions == "toolbox" and rule in {"wsquare", "flat"}:
        return by_formula(rule, {"epsilon": 0.0}, x, w, b, r).sum(0)
    if conventions == "toolbox" and rule in {"lrp_0", "alpha_beta", "zplus"}:
        given = {"epsilon": 1e-16, **given}
    return by_formula(rule, given, x, w, b, r, (-9.0, 9.0)).sum(0)


RULES: list[tuple[str, str, dict[str, Any]]] = [
    *(("zennit", rule, {}) for rule in ("epsilon", "gamma", "zplus", "alpha_beta", "wsquare", "flat")),
    ("zennit", "gamma", {"gamma": 2.0, "epsilon": 0.1}),
    ("zennit", "wsquare", {"epsilon": 0.1}),
    ("zennit", "zbox", {"low": -9.0, "high": 9.0}),
    *(("captum", rule, {}) for rule in ("lrp_0", "epsilon", "gamma", "zplus")),
    ("captum", "gamma", {"gamma": 2.0, "epsilon": 0.1}),
    ("captum", "epsilon", {"epsilon": 0.1}),
    *(("toolbox", rule, {}) for rule in ("lrp_0", "epsilon", "zplus", "alpha_beta", "wsquare", "flat")),
]


@pytest.mark.parametrize("as_option", [True, False])
@pytest.mark.parametrize(("conventions", "rule", "parameters"), RULES, ids=str)
@pytest.mark.parametrize("name", MAPS)
def test_rule_is_their_formula(name, conventions, rule, parameters, as_option):
    module, shape = MAPS[name]
    module = settled(module)
    x = numbers(3, *shape, seed=1)
    seed = numbers(*module(x).shape, seed=2)
    if as_option:
        composite = lrp.Composite.single(rule, **parameters)
        e = lrp.explain(captured(name), x, seed, composite, conventions=conventions)
    else:
        e = lrp.explain(captured(name), x, seed, lrp.Composite.single(rule, conventions=conventions, **parameters))
    seen = {"wsquare": torch.square, "flat": torch.ones_like}.get(rule)
    w, b = matrix_of(module if seen is None else with_weights(module, seen), shape)
    _, b = matrix_of(module, shape)
    for sample in range(3):
        expected = theirs(conventions, rule, parameters, x[sample].flatten(), w, b, seed[sample].flatten())
        torch.testing.assert_close(e.inputs["input"][sample].flatten(), expected.detach(), rtol=1e-8, atol=1e-9)
    (row,) = e.ledger
    size = torch.maximum(row.arrived.abs(), row.absorbed.abs()).clamp(min=1)
    assert (row.unexplained.abs() / size).max() < 1e-9
    assert f"Rules are defined as {conventions} has them." in e.notes


def flat_unit(bias: float) -> tuple[lrp.Network, Tensor]:
    """One unit whose z is 0."""
    module = nn.Sequential(nn.Linear(2, 1)).double()
    module[0].weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    module[0].bias.data.fill_(bias)
    x = torch.tensor([[1.0 - bias, 1.0]], dtype=torch.float64)
    return lrp.capture(module, x), x


def test_zennit_drops_gamma_where_z_is_zero_and_the_ledger_says_where_it_went():
    network, x = flat_unit(0.5)
    seed = torch.ones(1, 1, dtype=torch.float64)
    dropped = lrp.explain(network, x, seed, "gamma", conventions="zennit")
    assert dropped.inputs["input"].abs().max() == 0
    assert dropped.ledger[0].stabilizer.item() == pytest.approx(1.0)
    assert lrp.explain(network, x, seed, "gamma").inputs["input"].sum().item() != 0


@pytest.mark.parametrize("conventions", ["captum", "zennit"])
def test_beside_ours_another_bias_tells(conventions):
    """A negative bias is in captum's denominators and not in ours; zennit's γ and z⁺ are ours."""
    module, shape = MAPS["linear"]
    x = numbers(4, *shape, seed=1)
    seed = numbers(*settled(module)(x).shape, seed=2)
    ours = lrp.explain(captured("linear"), x, seed, lrp.Composite.single("zplus")).inputs["input"]
    other = lrp.explain(captured("linear"), x, seed, lrp.Composite.single("zplus"), conventions=conventions)
    assert torch.allclose(ours, other.inputs["input"], rtol=1e-4) == (conventions == "zennit")


# ----------------------------------------------------------------------------------------------------- batch norm


class Normed(nn.Module):
    """A batch norm behind a dense layer, and one alone."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.fc, self.behind, self.alone = nn.Linear(5, 4), nn.BatchNorm1d(4), nn.BatchNorm1d(4)
        for norm in (self.behind, self.alone):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.uniform_(-1, 2)
            norm.bias.data.normal_()
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.alone(F.relu(self.behind(self.fc(x))))


@pytest.fixture(scope="module")
def normed() -> tuple[Normed, lrp.Network]:
    module = Normed()
    return module, lrp.capture(module, numbers(2, 5, seed=0))


def stabilized(z: Tensor, epsilon: float) -> Tensor:
    return z + epsilon * sign(z)


@pytest.mark.parametrize("conventions", ["", *OTHERS])
def test_batch_norm_is_merged_passed_or_shared(normed, conventions):
    module, network = normed
    x = numbers(3, 5, seed=1)
    epsilon = {"captum": 1e-9}.get(conventions, 1e-6)
    z = module.fc(x)
    n = module.behind(z)
    a = F.relu(n)
    y = module.alone(a)
    r = numbers(3, 4, seed=2)
    composite = lrp.Composite.named("epsilon_plus", conventions=conventions)
    e = lrp.explain(network, x, r, composite, keep="nodes")

    def scale(norm: nn.BatchNorm1d) -> Tensor:
        return norm.weight / (norm.running_var + norm.eps).sqrt()

    alone = r if conventions == "zennit" else a * scale(module.alone) / stabilized(y, epsilon) * r
    if conventions == "":
        w = module.fc.weight * scale(module.behind)[:, None]
        share = alone / stabilized(n, epsilon)
        expected = x * (share @ w)
    else:
        between = alone if conventions == "zennit" else z * scale(module.behind) / stabilized(n, epsilon) * alone
        expected = x * ((between / stabilized(z, epsilon)) @ module.fc.weight)
    torch.testing.assert_close(e.inputs["x"], expected.detach(), rtol=1e-9, atol=1e-10)
    reasons = {row.layer: (row.rule.split("(")[0], row.reason) for row in e.ledger}
    assert ("behind" in reasons) == (conventions != "")
    assert ("default" in reasons["alone"][1]) == (conventions == "")
    assert reasons["alone"][0] == ("pass" if conventions == "zennit" else "epsilon")
    if conventions:
        assert reasons["alone"][1] == f"as {conventions} has it"
    for row in e.ledger:
        assert row.unexplained.abs().max() < 1e-9


def test_the_same_network_is_explained_by_two_conventions_in_turn(normed):
    """Merged weights and plain ones are not mixed up in the cache."""
    _, network = normed
    x, r = numbers(3, 5, seed=1), numbers(3, 4, seed=2)
    before = lrp.explain(network, x, r, "gamma").inputs["x"]
    theirs_ = lrp.explain(network, x, r, "gamma", conventions="zennit").inputs["x"]
    fresh = lrp.capture(Normed(), x)
    torch.testing.assert_close(theirs_, lrp.explain(fresh, x, r, "gamma", conventions="zennit").inputs["x"])
    torch.testing.assert_close(lrp.explain(network, x, r, "gamma").inputs["x"], before)
    assert not torch.allclose(before, theirs_)


# --------------------------------------------------------------------------------------- pools, sums, what is refused


@pytest.mark.parametrize("conventions", ["", *OTHERS])
def test_only_the_toolbox_splits_ties(conventions):
    pool, shape = POOLS["2d overlapping"]
    x = tied(2, *shape, seed=3)
    seed = numbers(*pool(x).shape, seed=4)
    e = lrp.explain(captured_pool("2d overlapping"), x, seed, "epsilon_plus", conventions=conventions)
    geometry = [each(value, 2) for value in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)]
    for sample in range(2):
        expected = pooled_back(x[sample], seed[sample], *geometry, split=conventions == "toolbox")
        torch.testing.assert_close(e.inputs["input"][sample], expected)
    # who says it himself is heard
    first = lrp.explain(captured_pool("2d overlapping"), x, seed, choosing("first"), conventions=conventions)
    torch.testing.assert_close(first.inputs["input"][0], pooled_back(x[0], seed[0], *geometry, split=False))


@pytest.mark.parametrize(("conventions", "epsilon"), [("", 1e-6), ("zennit", 1e-6), ("captum", 1e-9)])
def test_sums_have_the_stabilizer_of_the_convention(conventions, epsilon):
    class Sum(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return a + b

    a, b = numbers(2, 3, seed=1), numbers(2, 3, seed=2)
    b = -a + 1e-7 * b  # so small a sum that the stabilizer tells
    seed = numbers(2, 3, seed=3)
    e = lrp.explain(lrp.capture(Sum(), (a, b)), {"a": a, "b": b}, seed, "epsilon_plus", conventions=conventions)
    torch.testing.assert_close(e.inputs["a"], a / stabilized(a + b, epsilon) * seed, rtol=1e-9, atol=1e-9)


REFUSED = [
    *(("captum", rule) for rule in ("alpha_beta", "zbox", "wsquare", "flat")),
    *(("toolbox", rule) for rule in ("gamma", "zbox")),
]


@pytest.mark.parametrize(("conventions", "rule"), REFUSED)
def test_a_rule_that_the_other_engine_lacks_is_refused_wherever_it_is_asked_for(conventions, rule):
    says = f"{conventions} has no rule {rule}"
    entries = (Entry(Selector(family="dense"), lrp.Rule(rule)),)
    text = lrp.Composite("mine", entries=entries).to_json()
    network, x = flat_unit(0.0)
    for asked in (
        lambda: lrp.Composite.single(rule, conventions=conventions),
        lambda: lrp.Composite("mine", entries=entries, conventions=conventions),
        lambda: lrp.Composite.from_json(text.replace("{", f'{{"conventions": "{conventions}",', 1)),
        lambda: lrp.explain(network, x, composite=lrp.Composite.single(rule), conventions=conventions),
        lambda: next(lrp.explaining(network, x, composite=lrp.Composite.single(rule), conventions=conventions)),
        lambda: lrp.explain_each(network, x, composite=lrp.Composite.single(rule), conventions=conventions),
    ):
        with pytest.raises(lrp.CompositeError, match=says):
            asked()


@pytest.mark.parametrize(
    ("name", "conventions", "rule"),
    [
        ("epsilon_gamma_box", "captum", "zbox"),
        ("epsilon_gamma_box", "toolbox", "zbox"),
        ("gamma", "toolbox", "gamma"),
        ("epsilon_alpha2_beta1", "captum", "alpha_beta"),
        ("epsilon_plus_flat", "captum", "flat"),
    ],
)
def test_named_composites_with_such_a_rule_are_refused(name, conventions, rule):
    with pytest.raises(lrp.CompositeError, match=f"{conventions} has no rule {rule}"):
        lrp.Composite.named(name, conventions=conventions)


def test_conventions_that_do_not_exist_are_one_clear_sentence():
    network, x = flat_unit(0.0)
    for asked in (
        lambda: lrp.Composite.named("gamma", conventions="innvestigate"),
        lambda: lrp.explain(network, x, conventions="innvestigate"),
    ):
        with pytest.raises(lrp.CompositeError, match="“innvestigate”; there are zennit, captum, toolbox"):
            asked()


@pytest.mark.parametrize("conventions", OTHERS)
def test_a_composite_keeps_its_conventions_as_json(conventions):
    composite = lrp.Composite.named("epsilon_plus", conventions=conventions, epsilon=0.01)
    again = lrp.Composite.from_json(composite.to_json())
    assert again == composite
    assert again.conventions == conventions
