"""Samples on other axes, precisions, devices, operations without a rule, references, warnings, bad input."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from lrp_engine import composites
from tests.engine.nets import make
from tests.engine.test_asking import check_sums, net
from tests.engine.test_rules_by_matrix import numbers

# ------------------------------------------------------------------------------------------- samples on other axes


class Recurrence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(9)
        self.first, self.fc, self.head = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:  # (steps, samples, 3)
        return self.head(F.relu(self.fc(F.relu(self.first(x)))).mean(0))


@pytest.mark.parametrize(
    "composite",
    [
        "epsilon",
        "gamma",
        "epsilon_plus_flat",
        lrp.Composite.single("zbox", low=-5.0, high=[5.0, 6.0, 7.0]),
        lrp.Composite.single("wsquare"),
    ],
    ids=str,
)
def test_samples_on_the_second_axis_and_all_inputs_as_one_sample(composite):
    module = Recurrence()
    x = numbers(5, 4, 3, seed=1)
    network = lrp.capture(module, x, batch_axis={"x": 1})
    single = isinstance(composite, lrp.Composite) and composite.name.startswith("zbox")
    if single:  # bounds of the first layer's inputs only
        composite = lrp.Composite(
            "mine", entries=(lrp.composites.Entry(lrp.composites.Selector(layer="first"), composite.entries[0].rule),)
        )
    e = lrp.explain(network, x, "max", composite, keep="nodes")
    assert e.inputs["x"].shape == x.shape
    torch.testing.assert_close(e.score, module(x).amax(1).detach())
    plain = lrp.capture(module, x[:, :1], batch_axis={"x": None})
    assert plain.inputs[0].axis is None
    for sample in range(4):
        alone = lrp.explain(network, x[:, sample : sample + 1], "max", composite)
        torch.testing.assert_close(alone.inputs["x"][:, 0], e.inputs["x"][:, sample], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(alone.flow("fc")[0], e.flow("fc")[sample], rtol=1e-9, atol=1e-12)
        one = lrp.explain(plain, x[:, sample : sample + 1], "max", composite)
        torch.testing.assert_close(one.score, e.score[sample : sample + 1])
        torch.testing.assert_close(one.inputs["x"][:, 0], e.inputs["x"][:, sample], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(one.flow("fc")[0], e.flow("fc")[sample], rtol=1e-9, atol=1e-12)
    chunked = lrp.explain(network, x, "max", composite, batch=3, keep="nodes")
    torch.testing.assert_close(chunked.inputs["x"], e.inputs["x"])
    torch.testing.assert_close(chunked.flow("first"), e.flow("first"))
    torch.testing.assert_close(
        e.flow("first").sum((1, 2)), next(row for row in e.ledger if row.layer == "first").passed_on
    )
    through = lrp.explain(network, x, 0, composite, through={"fc": [0, 1]})
    cut = sum(row.cut for row in through.ledger)
    assert cut.shape == (4,)
    torch.testing.assert_close(cut, lrp.explain(network, x, 0, composite).layers["fc"][:, :, 2:].sum((0, 2)))


def test_a_convolution_of_one_sample_without_an_axis_of_samples():
    torch.manual_seed(2)
    module = nn.Sequential(nn.Conv1d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(0), nn.Linear(15, 2)).double()
    x = numbers(2, 5, seed=1)
    batched = nn.Sequential(module[0], module[1], nn.Flatten(), module[3])
    network, usual = lrp.capture(module, x, batch_axis={"input": None}), lrp.capture(batched, x[None])
    for composite in ("epsilon", "gamma", "epsilon_alpha2_beta1", "epsilon_plus_flat", "epsilon_gamma_box"):
        one, other = lrp.explain(network, x, 0, composite), lrp.explain(usual, x[None], 0, composite)
        torch.testing.assert_close(one.inputs["input"], other.inputs["input"][0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(one.flow("0"), other.flow("0"), rtol=1e-9, atol=1e-12)
        for row, same in zip(one.ledger, (row for row in other.ledger), strict=True):
            torch.testing.assert_close(row.bias, same.bias, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------- operations without a rule


class Odd(nn.Module):
    """A function between two dense layers."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.function = function
        self.first, self.head = nn.Linear(5, 5), nn.Linear(5, 3)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.function(self.first(x)))


ODD = {
    "cumprod": lambda y: torch.cumprod(y, 1),
    "prod": lambda y: y + y.prod(1, keepdim=True),
    "log_softmax": lambda y: F.log_softmax(y, 1),
    "logsumexp": lambda y: y - torch.logsumexp(y, 1, keepdim=True),
    "pow": lambda y: torch.pow(y.abs() + 1, y),
}


@pytest.mark.parametrize("name", ODD)
def test_the_gradient_stands_in_where_it_may_and_the_ledger_says_what_it_loses(name):
    module, x = Odd(ODD[name]), numbers(4, 5, seed=1)
    network = lrp.capture(module, x)
    with pytest.raises(lrp.UnsupportedOperation, match=f"{name}.* at node .*on_unsupported=“gradient”") as caught:
        lrp.explain(network, x)
    assert name in caught.value.operations
    e = lrp.explain(network, x, 1, "epsilon", on_unsupported="gradient", keep="nodes")
    rows = [row for row in e.ledger if row.kind == "unsupported"]
    assert rows
    assert all("approximated by the gradient" in row.reason for row in rows)
    assert any("the gradient stands in there" in note and "No rule covers" in note for note in e.notes)
    assert max(float(row.unsupported.abs().max()) for row in rows) > 1e-6
    assert all(row.unsupported.abs().max() == 0 for row in e.ledger if row.kind != "unsupported")
    check_sums(e)
    # what reaches the first layer is the gradient of the function with what arrived behind it
    by_chunks = lrp.explain(network, x, 1, "epsilon", on_unsupported="gradient", batch=3)
    torch.testing.assert_close(by_chunks.inputs["x"], e.inputs["x"])
    together = lrp.explain_each(network, x, [1, 2], "epsilon", on_unsupported="gradient")
    torch.testing.assert_close(together[0].inputs["x"], e.inputs["x"], rtol=1e-9, atol=1e-11)


def test_the_gradient_that_stands_in_is_torchs():
    module, x = Odd(ODD["cumprod"]), numbers(4, 5, seed=1)
    e = lrp.explain(
        lrp.capture(module, x), x, 1, lrp.Composite.single("lrp_0"), on_unsupported="gradient", keep="nodes"
    )
    y = module.first(x).detach().requires_grad_()
    behind = torch.cumprod(y, 1)
    share = module.head.weight[1].expand_as(behind)
    (gradient,) = torch.autograd.grad(behind, y, share)
    torch.testing.assert_close(e.layers["first"], (y * gradient).detach(), rtol=1e-7, atol=1e-9)


def test_on_unsupported_is_one_of_two_words():
    _, network, x = net("mlp")
    with pytest.raises(lrp.InputError, match="on_unsupported has to be refuse or gradient, not “ignore”"):
        lrp.explain(network, x, on_unsupported="ignore")


# ---------------------------------------------------------------------------------------------------- precisions


@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon_alpha2_beta1", "gamma"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_networks_in_half_precision_are_explained_in_single(name, dtype, composite):
    module, network, x = net(name, dtype)
    assert any("float32" in note for note in network.notes)
    e = lrp.explain(network, x, 1, composite, keep="nodes")
    assert e.inputs["x"].dtype == torch.float32
    assert e.score.dtype == torch.float32
    # the same weights and inputs in single precision throughout
    torch.manual_seed(7)
    plain, _ = make(name)
    plain.load_state_dict(module.state_dict())
    plain = plain.float().eval()
    same = lrp.explain(lrp.capture(plain, x.float()), x.float(), 1, composite)
    torch.testing.assert_close(e.inputs["x"], same.inputs["x"], rtol=1e-4, atol=1e-6)
    check_sums(e, 1e-5)
    # inputs of any precision are taken
    torch.testing.assert_close(lrp.explain(network, x.double(), 1, composite).inputs["x"], e.inputs["x"])


# ------------------------------------------------------------------------------------------------ against a reference


class Attentive(nn.Module):
    """Attention, layer norm, a gated unit, an embedding beside."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm, self.gate, self.head = nn.LayerNorm(6), nn.Linear(6, 12), nn.Linear(6, 3)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.head(F.glu(self.gate(F.gelu(y)), dim=-1).mean(1))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.lstm, self.head = nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 3)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


@pytest.mark.parametrize("kind", [Attentive, Recurrent])
def test_against_a_reference_the_difference_is_accounted_for_in_every_kind(kind):
    module = kind()
    x, reference = numbers(3, 4, 6, seed=1), numbers(1, 4, 6, seed=2)
    network = lrp.capture(module, x)
    e = lrp.explain(network, x, 1, reference=reference, keep="nodes")
    torch.testing.assert_close(e.score, (module(x) - module(reference))[:, 1].detach(), rtol=1e-9, atol=1e-9)
    check_sums(e)
    for row in e.ledger:
        for sink in ("bias", "stabilizer", "softmax", "cut"):
            assert getattr(row, sink).abs().max() == 0, (row.node, sink)
    # a reference that is the sample itself leaves nothing to hand back
    same = lrp.explain(network, x, 1, reference=x)
    assert same.score.abs().max() == 0
    assert same.inputs["x"].abs().max() == 0
    chunked = lrp.explain(network, x, 1, reference=reference, batch=2)
    torch.testing.assert_close(chunked.inputs["x"], e.inputs["x"])


# -------------------------------------------------------------------------------------------------------- warnings


def test_the_first_node_whose_relevance_is_not_finite_is_named():
    module = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)).double()
    for layer in module:
        layer.weight.data.fill_(1.0)
    module[0].weight.data[1, 1] = 0.0
    x = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)  # the first sample makes 0 in the first unit
    network = lrp.capture(module, x)
    e = lrp.explain(network, x, 0, lrp.Composite("mine", entries=(entry("0", 1e-320), entry("1", 1e-6))))
    said = [warning for warning in e.warnings if "not finite" in warning]
    assert len(said) == 1
    assert "layer “0” on" in said[0]
    assert not lrp.explain(network, x[1:], 0, "epsilon").warnings


def entry(layer: str, epsilon: float) -> composites.Entry:
    return composites.Entry(composites.Selector(layer=layer), lrp.Rule("epsilon", {"epsilon": epsilon}))


def test_infinity_on_the_way_forward_is_a_warning_at_the_output():
    module = nn.Sequential(nn.Linear(2, 2), nn.ELU(), nn.Linear(2, 1)).double()
    module[0].weight.data.fill_(1e300)
    module[2].weight.data.fill_(1e300)
    x = numbers(2, 2, seed=1).abs()
    e = lrp.explain(lrp.capture(module, x), x, 0)
    assert any("not finite" in warning and "layer “2”" in warning for warning in e.warnings)


@pytest.mark.parametrize("keep", ["nodes", "inputs"])
def test_shares_that_cancel_are_a_warning_at_the_node_nearest_to_the_output(keep):
    module = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False)).double()
    module[0].weight.data = torch.eye(2, dtype=torch.float64)
    module[2].weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    x = torch.tensor([[10.0, 9.99], [10.0, 1.0]], dtype=torch.float64)
    e = lrp.explain(lrp.capture(module, x), x, 0, "lrp_0", keep=keep)
    (warning,) = e.warnings
    assert "100 times the explained score for 1 of 2 samples" in warning
    assert f"in layer “{'1' if keep == 'nodes' else 'input'}”" in warning
    assert not lrp.explain(lrp.capture(module, x), x[1:], 0, "lrp_0", keep=keep).warnings


# --------------------------------------------------------------------------------------------------------- devices


def test_the_processor_is_a_device():
    _, network, x = net("cnn")
    here = lrp.explain(network, x, 1)
    for device in ("cpu", torch.device("cpu")):
        torch.testing.assert_close(lrp.explain(network, x, 1, device=device).inputs["x"], here.inputs["x"])


@pytest.mark.parametrize("device", ["abacus", "meta", "cuda:99", 3.5])
def test_a_device_that_is_not_there_is_one_clear_sentence(device):
    _, network, x = net("cnn")
    with pytest.raises(lrp.InputError, match=f"There is no device “{device}” to compute on") as caught:
        lrp.explain(network, x, device=device)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("name", ["mlp", "cnn", "residual", "movements", "scaled", "matmuls"])
@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box", "gamma"])
def test_a_cuda_device_gives_what_the_processor_gives(name, composite):
    _, network, x = net(name)
    through = {network.layers[0].path: [0, 1]}
    options: dict[str, Any] = {"keep": "nodes", "through": through, "flows": [next(iter(network.layers)).path]}
    here = lrp.explain(network, x, "max", composite, **options)
    there = lrp.explain(network, x, "max", composite, device="cuda", **options)
    for part in ("inputs", "outputs", "layers", "activations", "nodes", "flows"):
        for key, value in getattr(there, part).items():
            assert value.device.type == "cpu"
            torch.testing.assert_close(value, getattr(here, part)[key], rtol=1e-6, atol=1e-8)
    for row, other in zip(there.ledger, here.ledger, strict=True):
        torch.testing.assert_close(row.passed_on, other.passed_on, rtol=1e-6, atol=1e-8)
    layer = next(iter(there.sources))
    torch.testing.assert_close(there.weight_relevance(layer), here.weight_relevance(layer), rtol=1e-6, atol=1e-8)
    for unit, e in enumerate(lrp.explain_each(network, x, [0, 1], composite, device="cuda")):
        alone = lrp.explain(network, x, unit, composite)
        torch.testing.assert_close(e.inputs["x"], alone.inputs["x"], rtol=1e-6, atol=1e-8)
    compared = [lrp.explain(network, x, 0, reference=x.flip(0), device=device) for device in ("cuda", "cpu")]
    torch.testing.assert_close(compared[0].inputs["x"], compared[1].inputs["x"], rtol=1e-6, atol=1e-8)


# ------------------------------------------------------------------------------------------------------- bad input


@cache
def pixels() -> tuple[lrp.Network, Tensor]:
    _, network, x = net("cnn", torch.float32)
    return network, x


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x[:, :1], "“x” is 5×1×8×8; the network takes samples×2×8×8"),
        (lambda x: x[0], "“x” is 2×8×8; the network takes samples×2×8×8"),
        (lambda x: x[:0], "“x” has no samples"),
        (lambda x: x.to(torch.complex64), "“x” is torch.complex64; the network takes float32"),
        (lambda x: ["a", "b"], "“x” is not a tensor or array of numbers"),
        (lambda x: [[1.0], [2.0, 3.0]], "“x” is not a tensor or array of numbers"),
        (lambda x: None, "“x” is not a tensor or array of numbers"),
        (lambda x: x.double() * 1e300, "holds inf at unit 0, 0, 0; every value has to be a finite number|holds -inf"),
        (lambda x: with_hole(x, float("nan")), "Sample 3 of the input “x” holds nan at unit 1, 2, 7; every value has"),
        (lambda x: with_hole(x, float("-inf")), "Sample 3 of the input “x” holds -inf at unit 1, 2, 7"),
    ],
)
def test_an_input_that_does_not_fit_is_one_clear_sentence(change, says):
    network, x = pixels()
    for how in (lrp.explain, lrp.explain_each):
        with pytest.raises(lrp.InputError, match=says) as caught:
            how(network, change(x))
        assert "\n" not in str(caught.value)
    if change(x) is not None:
        with pytest.raises(lrp.InputError, match=says):
            lrp.explain(network, x, reference=change(x))


def with_hole(x: Tensor, value: float) -> Tensor:
    x = x.clone()
    x[3, 1, 2, 7] = value
    return x


def test_arrays_lists_and_numbers_of_other_types_are_taken():
    network, x = pixels()
    wanted = lrp.explain(network, x.round(), 1).inputs["x"]
    array = x.round().numpy()
    array.flags.writeable = False
    for given in (array, array.tolist(), array.astype(np.float64), x.round().to(torch.int32), x.round().half()):
        torch.testing.assert_close(lrp.explain(network, given, 1).inputs["x"], wanted)


@pytest.mark.parametrize(
    ("rule", "selector", "says"),
    [
        (
            "gamma",
            {"layer": "features.2"},
            "rule gamma cannot be given to “features.2” \\(relu, of the kind activation\\)",
        ),
        ("zplus", {"layer": "trunk.*"}, "layer trunk.\\*” of the composite mine; the layers are called features.0"),
        ("pass", {"layer": "head.*"}, "rule pass cannot be given to “head.2” \\(linear, of the kind affine map\\)"),
        (
            "epsilon",
            {"layer": "head.2", "position": 0},
            "No node of this network is chosen by “layer head.2 and",
        ),
    ],
    ids=str,
)
def test_a_rule_for_nodes_that_cannot_take_it_finds_nothing_and_is_refused(rule, selector, says):
    network, x = pixels()
    composite = lrp.Composite("mine", entries=(composites.Entry(composites.Selector(**selector), lrp.Rule(rule)),))
    with pytest.raises(lrp.CompositeError, match=says):
        lrp.explain(network, x, composite=composite)


def test_the_sentence_about_an_operation_says_what_where_and_what_to_do():
    module, x = Odd(ODD["cumprod"]), numbers(2, 5, seed=1)
    with pytest.raises(lrp.UnsupportedOperation) as caught:
        lrp.explain(lrp.capture(module, x), x)
    text = str(caught.value)
    for part in (
        "cumprod",
        "node cumprod in layer “cumprod”",
        "test_circumstances.py:",
        "Covered are: affine map",
        "ask for",
    ):
        assert part in text
