"""What can be asked of an explanation: what is kept, passed and weighed, of which inputs and outputs."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from tests.engine.nets import make, said
from tests.engine.test_rules_by_matrix import numbers, sign

EPSILON = 1e-6


def total(e: lrp.Explanation) -> Tensor:
    """What the inputs and the sinks got, per sample."""
    given = sum(value.double().flatten(1).sum(1) for value in e.inputs.values())
    return given + sum(row.absorbed.double() for row in e.ledger)


def check_sums(e: lrp.Explanation, limit: float = 1e-9) -> None:
    """All that was handed out arrived somewhere, and each row closes."""
    size = max(1.0, float(e.score.abs().max()), *(float(row.arrived.abs().max()) for row in e.ledger))
    assert (total(e) - e.score).abs().max() < limit * size
    for row in e.ledger:
        assert row.unexplained.abs().max() < limit * size, row.node


class Sequence(nn.Module):
    """A convolution over time, then a dense layer over the features of each step."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.conv, self.fc, self.head = nn.Conv1d(3, 4, 2), nn.Linear(4, 5), nn.Linear(5, 2)
        self.double().eval()

    def hidden(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.fc(self.hidden(x).transpose(1, 2))))


@cache
def sequence() -> tuple[Sequence, lrp.Network, Tensor]:
    module, x = Sequence(), numbers(3, 3, 6, seed=1)
    return module, lrp.capture(module, x), x


@cache
def net(name: str, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, lrp.Network, Tensor]:
    module, x = make(name, dtype=dtype)
    return module, lrp.capture(module, x), x


# ---------------------------------------------------------------------------------------------------- what is kept


def test_a_list_of_layers_and_nodes_is_kept():
    _, network, x = net("cnn")
    whole = lrp.explain(network, x, keep="layers")
    every = lrp.explain(network, x, keep="nodes")
    node = next(name for name in every.nodes if name not in {layer.nodes[-1] for layer in network.layers})
    e = lrp.explain(network, x, keep=["features.0", "head.2", node])
    # the batch norm is computed in the layer before it: what stands behind one stands behind both
    assert set(e.layers) == {"features.0", "features.1", "head.2"}
    assert set(e.nodes) >= {"x", node}
    for path, value in e.layers.items():
        torch.testing.assert_close(value, whole.layers[path])
        torch.testing.assert_close(e.activations[path], whole.activations[path])
    torch.testing.assert_close(e.nodes[node], every.nodes[node])
    torch.testing.assert_close(e.inputs["x"], whole.inputs["x"])
    alone = lrp.explain(network, x, keep="features.4")
    assert set(alone.layers) == {"features.4"}
    assert not lrp.explain(network, x, keep=()).layers


@pytest.mark.parametrize("keep", ["everything", ["features.0", "nothing"], 5, [3]], ids=said)
def test_what_cannot_be_kept_is_said(keep):
    with pytest.raises(lrp.InputError, match="keep has to be one of inputs, layers, nodes, or a list"):
        lrp.explain(net("cnn")[1], net("cnn")[2], keep=keep)


# ----------------------------------------------------------------------------------- only through chosen units


@pytest.mark.parametrize("composite", ["epsilon_plus", "gamma"])
@pytest.mark.parametrize("units", [[1], [0, 3], [], torch.tensor([2]), np.array([0, 1, 2, 3])], ids=said)
def test_relevance_goes_only_through_chosen_channels(units, composite):
    """What the inputs get is what a network that ends there hands back of the relevance that passed."""
    _, network, x = sequence()
    target = (slice(None), 0)
    whole = lrp.explain(network, x, target, composite)
    path = next(layer.path for layer in network.layers if layer.path.startswith("relu"))
    e = lrp.explain(network, x, target, composite, through={path: units})
    arrived = whole.layers[path]
    assert arrived.shape == (3, 4, 5)
    mask = torch.zeros(4, 1, dtype=torch.float64)
    mask[[int(unit) for unit in units]] = 1
    found = lrp.explain(first_part(), x, arrived * mask, composite).inputs["x"]
    torch.testing.assert_close(e.inputs["x"], found, rtol=1e-9, atol=1e-11)
    cut = sum(row.cut for row in e.ledger)
    torch.testing.assert_close(cut, (arrived * (1 - mask)).flatten(1).sum(1))
    assert [row.node for row in e.ledger if row.cut.abs().max() > 0] in ([path], [])
    check_sums(e)


@cache
def first_part() -> lrp.Network:
    class Part(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = sequence()[0].conv

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.conv(x))

    return lrp.capture(Part(), sequence()[2])


@pytest.mark.parametrize(("layer", "axis", "size"), [("conv", 1, 4), ("fc", 2, 5), ("head", 2, 2)])
def test_units_are_channels_of_a_convolution_and_else_run_along_the_last_axis(layer, axis, size):
    _, network, x = sequence()
    whole = lrp.explain(network, x, (slice(None), 0), "epsilon", keep="layers")
    arrived = whole.layers[layer]
    assert arrived.shape[axis] == size
    chosen = [0, size - 1]
    e = lrp.explain(network, x, (slice(None), 0), "epsilon", through={layer: chosen})
    rest = [unit for unit in range(size) if unit not in chosen]
    expected = arrived.index_select(axis, torch.tensor(rest, dtype=torch.long)).flatten(1).sum(1)
    row = next(row for row in e.ledger if row.layer == layer)
    torch.testing.assert_close(row.cut, expected)
    torch.testing.assert_close(
        e.layers[layer].index_select(axis, torch.tensor(chosen)).flatten(1).sum(1),
        arrived.index_select(axis, torch.tensor(chosen)).flatten(1).sum(1),
    )
    check_sums(e)
    # a mask over one sample's values says the same
    mask = torch.zeros(arrived.shape[1:], dtype=torch.bool)
    mask.index_fill_(axis - 1, torch.tensor(chosen), True)
    masked = lrp.explain(network, x, (slice(None), 0), "epsilon", through={layer: mask})
    torch.testing.assert_close(masked.inputs["x"], e.inputs["x"])
    assert torch.equal(
        lrp.explain(network, x, (slice(None), 0), "epsilon", through={layer: mask.numpy()}).inputs["x"],
        masked.inputs["x"],
    )


@pytest.mark.parametrize("layer", ["fc1", "relu", "fc2", "relu_1", "fc3"])
@pytest.mark.parametrize("keep", ["inputs", "nodes"])
def test_parts_through_complementary_units_make_the_whole(layer, keep):
    """Relevance is additive: through these units, and through all others."""
    _, network, x = net("mlp")
    whole = lrp.explain(network, x, 1, "epsilon", keep="layers")
    units = whole.layers[layer].shape[1]
    some = list(range(0, units, 2))
    others = [unit for unit in range(units) if unit not in some]
    parts = [lrp.explain(network, x, 1, "epsilon", through={layer: chosen}, keep=keep) for chosen in (some, others)]
    torch.testing.assert_close(parts[0].inputs["x"] + parts[1].inputs["x"], whole.inputs["x"], rtol=1e-9, atol=1e-11)
    for part in parts:
        check_sums(part)
    assert sum(row.cut.abs().max() for row in parts[0].ledger) > 0


def test_through_units_of_two_layers_and_of_a_merged_batch_norm():
    _, network, x = net("cnn")
    one = lrp.explain(network, x, 0, through={"features.1": [0, 2], "head.2": [0]})
    other = lrp.explain(network, x, 0, through={"features.0": [0, 2]})
    torch.testing.assert_close(one.inputs["x"], other.inputs["x"])
    check_sums(one)


@pytest.mark.parametrize(
    ("through", "says"),
    [
        ({"fc9": [0]}, "no layer “fc9” to pass through; they are fc1"),
        ({"fc1": [9]}, "no unit 9 in “fc1”: they are 0 to 8"),
        ({"fc1": [-1]}, "no unit -1 in “fc1”"),
        ({"fc1": [0.5]}, "no unit 0.5 in “fc1”"),
        ({"fc1": "all"}, "“fc1” to pass are a list of numbers, or an array of booleans"),
        ({"fc1": torch.ones(8, dtype=torch.bool)}, "mask for “fc1” is 8; it does not fit"),
    ],
    ids=said,
)
def test_units_that_are_not_there_are_said(through, says):
    with pytest.raises(lrp.InputError, match=says):
        lrp.explain(net("mlp")[1], net("mlp")[2], through=through)


# ------------------------------------------------------------------------------------------- relevance of weights


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "alpha_beta", "zbox", "wsquare", "flat"])
def test_relevance_of_dense_weights_is_the_flow(rule):
    _, network, x = net("mlp")
    e = lrp.explain(network, x, 1, lrp.Composite.single(rule))
    for layer in ("fc1", "fc2", "fc3"):
        torch.testing.assert_close(e.weight_relevance(layer), e.flow(layer), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "alpha_beta", "zbox", "wsquare", "flat"])
def test_relevance_of_a_kernel_sums_to_the_flow_and_to_what_is_passed_on(rule):
    module, network, x = net("cnn")
    e = lrp.explain(network, x, 1, lrp.Composite.single(rule))
    for layer, groups in (("features.0", 1), ("features.4", 2)):
        weights, flow = e.weight_relevance(layer), e.flow(layer)
        weight = module.get_parameter(f"{layer}.weight")
        assert weights.shape == (len(x), *weight.shape)
        by_channel = weights.flatten(3).sum(3)
        size, wide = flow.shape[1] // groups, flow.shape[2] // groups
        for group in range(groups):
            rows = slice(group * size, (group + 1) * size)
            columns = slice(group * wide, (group + 1) * wide)
            torch.testing.assert_close(by_channel[:, rows], flow[:, rows, columns], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(flow.sum((1, 2)), by_channel.sum((1, 2)))  # nothing between groups
        row = next(row for row in e.ledger if row.layer == layer)
        torch.testing.assert_close(weights.flatten(1).sum(1), row.passed_on, rtol=1e-9, atol=1e-11)


def test_relevance_of_a_kernel_is_its_formula():
    """W ⊙ ∂/∂W of what the shares make of the map's output, sample by sample."""
    module, network, x = sequence()
    target = (slice(None), 0)
    e = lrp.explain(network, x, target, "epsilon")
    z = module.conv(x)
    for sample in range(3):
        weight = module.conv.weight.detach().clone().requires_grad_()
        share = (e.layers["conv"] / (z + EPSILON * sign(z))).detach()[sample : sample + 1]
        (gradient,) = torch.autograd.grad((F.conv1d(x[sample : sample + 1], weight) * share).sum(), weight)
        found = e.weight_relevance("conv")[sample]
        torch.testing.assert_close(found, (weight * gradient).detach(), rtol=1e-9, atol=1e-11)


def test_dense_layers_over_steps_are_summed_over_them():
    module, network, x = sequence()
    e = lrp.explain(network, x, (slice(None), 0), "epsilon")
    given = module.hidden(x).transpose(1, 2)
    z = module.fc(given)
    share = e.layers["fc"] / (z + EPSILON * sign(z))
    expected = torch.einsum("nto,oi,nti->noi", share, module.fc.weight, given).detach()
    torch.testing.assert_close(e.flow("fc"), expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(e.weight_relevance("fc"), expected, rtol=1e-9, atol=1e-11)


def test_weights_have_no_relevance_against_a_reference():
    _, network, x = net("mlp")
    e = lrp.explain(network, x, 0, reference=x[:1])
    with pytest.raises(lrp.InputError, match="not told against a reference"):
        e.weight_relevance("fc1")


@pytest.mark.parametrize("layer", ["relu", "fc9", ""])
def test_what_has_no_weights_is_said(layer):
    _, network, x = net("mlp")
    e = lrp.explain(network, x, 0)
    for asked in (e.weight_relevance, e.flow, e.flow_source):
        with pytest.raises(lrp.InputError, match="the layers with weights are fc1, fc2, fc3"):
            asked(layer)
    if layer != "relu":
        with pytest.raises(lrp.InputError, match=f"no layer “{layer}” to show the flow into; they are fc1"):
            lrp.explain(network, x, 0, flows=[layer])


# --------------------------------------------------------------------------------------------- inputs and outputs


class Two(nn.Module):
    """Numbers and tokens in; scores and a map of segments out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.embedding, self.fc = nn.Embedding(7, 4), nn.Linear(3, 4)
        self.head, self.places = nn.Linear(4, 3), nn.Linear(4, 8)
        self.double().eval()

    def forward(self, values: Tensor, tokens: Tensor) -> dict[str, Tensor]:
        y = F.relu(self.fc(values) + self.embedding(tokens).sum(1))
        return {"scores": self.head(y), "segments": self.places(y).reshape(-1, 2, 2, 2)}


@pytest.fixture(scope="module")
def two() -> tuple[Two, lrp.Network, dict[str, Tensor]]:
    module = Two()
    x = {"values": numbers(4, 3, seed=1), "tokens": torch.tensor([[0, 1, 2], [3, 4, 5], [6, 0, 0], [2, 2, 2]])}
    return module, lrp.capture(module, x), x


def test_inputs_have_names_and_tokens_get_relevance_each(two):
    module, network, x = two
    e = lrp.explain(network, x, 1, "epsilon", keep="nodes")
    assert e.inputs["values"].shape == (4, 3)
    assert e.inputs["tokens"].shape == (4, 3)
    assert e.inputs["tokens"].is_floating_point()
    y = module.fc(x["values"]) + module.embedding(x["tokens"]).sum(1)
    r = (
        F.relu(y)
        * module.head.weight[1]
        * (module.head(F.relu(y))[:, 1:2] / stabilized(module.head(F.relu(y))[:, 1:2]))
    )
    rows = module.embedding(x["tokens"])
    added = rows.sum(1)
    expected = (rows * (added / stabilized(added) * r / stabilized(y))[:, None]).sum(2)
    torch.testing.assert_close(e.inputs["tokens"], expected.detach(), rtol=1e-8, atol=1e-9)
    check_sums(e)
    arrays = {"values": x["values"].numpy(), "tokens": x["tokens"].numpy()}
    torch.testing.assert_close(lrp.explain(network, arrays, 1, "epsilon").inputs["tokens"], e.inputs["tokens"])
    small = {**x, "tokens": x["tokens"].to(torch.uint8)}
    torch.testing.assert_close(lrp.explain(network, small, 1, "epsilon").inputs["tokens"], e.inputs["tokens"])


def stabilized(z: Tensor) -> Tensor:
    return z + EPSILON * sign(z)


MASK = torch.tensor([[[True, False], [False, False]], [[False, True], [True, False]]])


@pytest.mark.parametrize(
    ("target", "score"),
    [
        (2, lambda s, _: s[:, 2]),
        ({"scores": 2}, lambda s, _: s[:, 2]),
        ({"segments": (1, 0, 1)}, lambda _, m: m[:, 1, 0, 1]),
        ({"segments": "1,0,*"}, lambda _, m: m[:, 1, 0].sum(1)),
        ({"segments": MASK}, lambda _, m: m[:, MASK].sum(1)),
        ({"segments": "*"}, lambda _, m: m.flatten(1).sum(1)),
        ({"segments": "1,0,1 - 0,0,1"}, lambda _, m: m[:, 1, 0, 1] - m[:, 0, 0, 1]),
        ({"scores": "max", "segments": (0,)}, lambda s, m: s.amax(1) + m[:, 0].sum((1, 2))),
        (
            [0, {"segments": (1, 1, 1)}, "max", {"scores": 1}],
            lambda s, m: torch.stack([s[0, 0], m[1, 1, 1, 1], s[2].amax(), s[3, 1]]),
        ),
    ],
    ids=said,
)
def test_outputs_have_names_and_maps_have_places(two, target, score):
    module, network, x = two
    out = module(**x)
    e = lrp.explain(network, x, target, "epsilon", keep="nodes")
    torch.testing.assert_close(e.score, score(out["scores"], out["segments"]).detach(), rtol=1e-10, atol=1e-10)
    check_sums(e)
    assert set(e.outputs) == {"scores", "segments"}


def test_a_sequences_token_has_a_logit():
    module, network, x = sequence()
    e = lrp.explain(network, x, (2, 1), "epsilon", keep="nodes")
    torch.testing.assert_close(e.score, module(x)[:, 2, 1].detach())
    check_sums(e)
    # a convolution of two steps: the third step sees the third and the fourth input
    assert (e.inputs["x"].abs().sum((0, 1)) > 0).tolist() == [False, False, True, True, False, False]
    last = lrp.explain(network, x, "-1,1", "epsilon")
    torch.testing.assert_close(last.score, module(x)[:, -1, 1].detach())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x["values"], "takes 2 inputs; give them by name: values, tokens"),
        (lambda x: {"values": x["values"]}, "should be values, tokens; got values"),
        (lambda x: {**x, "more": x["values"]}, "should be values, tokens; got values, tokens, more"),
        (lambda x: {}, "should be values, tokens; got none"),
        (lambda x: {**x, "values": x["values"][:3]}, "different numbers of samples: 3, 4"),
        (
            lambda x: {**x, "tokens": x["tokens"] + 5},
            "is not in the vocabulary of layer “embedding”: its numbers run from 0 to 6",
        ),
        (
            lambda x: {**x, "tokens": x["tokens"] - 1},
            "is not in the vocabulary of layer “embedding”: its numbers run from 0 to 6",
        ),
        (lambda x: {**x, "tokens": x["tokens"].double()}, "“tokens” is torch.float64; the network takes int64"),
        (lambda x: {**x, "tokens": x["tokens"][:, :2]}, "“tokens” is 4×2; the network takes samples×3"),
        (lambda x: {key: value[:0] for key, value in x.items()}, "“values” has no samples"),
    ],
)
def test_inputs_that_do_not_fit_are_one_clear_sentence(two, change, says):
    with pytest.raises(lrp.InputError, match=re.escape(says)) as caught:
        lrp.explain(two[1], change(two[2]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"labels": 0}, "“labels”"),
        ({"scores": 0, "labels": 0}, "There is no output “labels”; the outputs are scores, segments"),
        ({"segments": (2, 0, 0)}, "no place 2,0,0 in “segments”|no place 2,0,0"),
        ({"segments": MASK[0]}, "mask is 2×2"),
        (7, "no output unit 7"),
    ],
    ids=said,
)
def test_targets_that_are_not_there_are_one_clear_sentence(two, target, says):
    with pytest.raises(lrp.TargetError, match=says):
        lrp.explain(two[1], two[2], target)


# ------------------------------------------------------------------------------------------------ how much at once


@pytest.mark.parametrize("name", ["cnn", "movements", "residual"])
def test_a_batch_too_large_for_the_memory_is_chunked_and_said(name):
    _, network, x = net(name)
    whole = lrp.explain(network, x, "max", keep="nodes")
    for options, noted in (
        ({"memory": 1}, True),
        ({"batch": 2}, False),
        ({"batch": 99}, False),
        ({"memory": 2**34}, False),
    ):
        e = lrp.explain(network, x, "max", keep="nodes", **options)
        for node, value in whole.nodes.items():
            torch.testing.assert_close(e.nodes[node], value, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(e.outputs, whole.outputs)
        torch.testing.assert_close(e.flow(next(iter(e.sources))), whole.flow(next(iter(e.sources))))
        assert any("The 5 samples were taken 1 at a time" in note for note in e.notes) == noted
        for row, other in zip(e.ledger, whole.ledger, strict=True):
            torch.testing.assert_close(row.passed_on, other.passed_on)


@pytest.mark.parametrize(
    ("name", "value"), [("batch", 0), ("batch", -1), ("batch", 1.5), ("memory", 0), ("memory", "1 GB"), ("batch", True)]
)
def test_how_much_at_once_is_a_whole_number(name, value):
    _, network, x = net("mlp")
    with pytest.raises(lrp.InputError, match=f"{name} has to be a whole number of at least 1, not {value}"):
        lrp.explain(network, x, **{name: value})


def test_an_option_that_is_not_there_is_a_mistake_of_the_code():
    _, network, x = net("mlp")
    with pytest.raises(TypeError, match="takes no argument “quickly”"):
        lrp.explain(network, x, quickly=True)
