"""Several targets on one forward pass are the same targets explained one by one."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp
from tests.engine.nets import make
from tests.engine.test_rules_by_matrix import numbers


class Lstm(nn.Module):
    """Tokens, an LSTM of two layers, a dense head on its last step."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 5)
        self.lstm = nn.LSTM(5, 4, num_layers=2, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(tokens))[0][:, -1])


class Block(nn.Module):
    """A transformer block over a sequence, with a logit for each position and class."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(x))


class Folded(nn.Module):
    """The positions of a sequence folded into the samples, and a convolution of each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc, self.head = nn.Conv1d(2, 3, 2), nn.Linear(9, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:  # (samples, 5, 2, 4)
        y = F.relu(self.conv(x.reshape(-1, 2, 4)))
        return self.head(F.relu(self.fc(y.flatten(1))).reshape(-1, 5, 4).sum(1))


class Two(nn.Module):
    """Two outputs, one of them a map, and two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.shared = nn.Linear(4, 6), nn.Linear(3, 6), nn.Linear(6, 5)
        self.scores, self.places = nn.Linear(5, 3), nn.Linear(5, 4)

    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        y = F.relu(self.shared(F.relu(self.a(left) * torch.sigmoid(self.b(right)))))
        return {"scores": self.scores(y), "places": self.places(y).reshape(-1, 2, 2)}


class Turned(nn.Module):
    """Samples along the second axis."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(3, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.rnn(x)[0])).amax(0)


def tokens(*shape: int, below: int) -> Tensor:
    return torch.randint(0, below, shape, generator=torch.Generator().manual_seed(1))


@cache
def made(name: str) -> tuple[lrp.Network, Any]:
    torch.manual_seed(11)
    if name in {"cnn", "mlp", "movements"}:
        module, x = make(name)
        return lrp.capture(module, x), x
    module = {"lstm": Lstm, "block": Block, "folded": Folded, "two": Two, "turned": Turned}[name]().double().eval()
    if name == "two":
        x = {"left": numbers(5, 4, seed=1), "right": numbers(5, 3, seed=2)}
        return lrp.capture(module, x), x
    if name == "turned":
        x = numbers(6, 5, 3, seed=3)
        return lrp.capture(module, x, batch_axis={"x": 1}), x
    x = {
        "lstm": tokens(5, 6, below=9),
        "block": numbers(5, 4, 8, seed=4),
        "folded": numbers(5, 5, 2, 4, seed=5),
    }[name]
    return lrp.capture(module, x), x


def check_same(found: lrp.Explanation, alone: lrp.Explanation) -> None:
    def close(one: Any, other: Any) -> None:
        assert one.keys() == other.keys()
        for key, value in one.items():
            torch.testing.assert_close(value, other[key], rtol=1e-9, atol=1e-11)

    for part in ("inputs", "outputs", "layers", "activations", "nodes", "flows", "weights"):
        close(getattr(found, part), getattr(alone, part))
    torch.testing.assert_close(found.score, alone.score, rtol=1e-12, atol=1e-12)
    assert found.targets == alone.targets
    assert found.composite == alone.composite
    assert [(row.node, row.rule, row.reason) for row in found.ledger] == [
        (row.node, row.rule, row.reason) for row in alone.ledger
    ]
    for row, other in zip(found.ledger, alone.ledger, strict=True):
        for key in ("arrived", "passed_on", "bias", "stabilizer", "softmax", "cut", "unsupported"):
            torch.testing.assert_close(getattr(row, key), getattr(other, key), rtol=1e-9, atol=1e-11)


def samples_of(network: lrp.Network, x: Any) -> int:
    entry = network.inputs[0]
    return (x[entry.name] if isinstance(x, dict) else x).shape[entry.axis or 0]


LIST = [0, "max", "best:2", "2-1", {0: 0.5, 2: -2.0}, [0, 1, 2, "max", "1-2"], (slice(0, 2),)]
NETS = {
    "cnn": LIST,
    "mlp": LIST,
    "movements": LIST,
    "lstm": LIST,
    "block": [0, "max", (1, 2), "-1,0", (slice(None), 1), torch.ones(4, 3, dtype=torch.bool)],
    "folded": LIST,
    "turned": LIST,
    "two": [0, {"places": (1, 0)}, {"scores": "max", "places": "0,*"}, {"scores": 2, "places": 3}],
}


@pytest.mark.parametrize("composite", ["epsilon_plus", "gamma", "attn_lrp"])
@pytest.mark.parametrize("name", NETS)
def test_each_target_is_as_if_explained_alone(name, composite):
    network, x = made(name)
    together = lrp.explain_each(network, x, NETS[name], composite, keep="nodes")
    assert len(together) == len(NETS[name])
    outputs = [set(target) if isinstance(target, dict) and name == "two" else {"scores"} for target in NETS[name]]
    for target, named, found in zip(NETS[name], outputs, together, strict=True):
        alone = lrp.explain(network, x, target, composite, keep="nodes")
        if name == "two" and named != {"scores", "places"}:
            # explained together, both outputs are compiled: rows that relevance never reaches are not of this target
            torch.testing.assert_close(found.inputs, alone.inputs)
            torch.testing.assert_close(found.score, alone.score)
            continue
        check_same(found, alone)


@pytest.mark.parametrize("name", ["cnn", "lstm", "turned"])
def test_all_are_the_units_of_the_first_output(name):
    network, x = made(name)
    together = lrp.explain_each(network, x, keep="layers")
    assert len(together) == network.outputs[0].units
    for unit, found in enumerate(together):
        check_same(found, lrp.explain(network, x, unit))
    # the outputs are those of one forward pass, and the scores are they
    stacked = torch.stack([found.score for found in together], 1)
    torch.testing.assert_close(stacked, together[0].outputs[network.outputs[0].name])


def test_all_units_of_another_output():
    network, x = made("two")
    together = lrp.explain_each(network, x, {"places": "all"})
    assert [found.targets[0] for found in together] == ["unit 0, 0", "unit 0, 1", "unit 1, 0", "unit 1, 1"]
    for unit, found in enumerate(together):
        check_same(found, lrp.explain(network, x, {"places": unit}))


@pytest.mark.parametrize("name", ["cnn", "block", "folded", "turned"])
def test_little_memory_takes_targets_in_groups_and_samples_in_chunks(name):
    network, x = made(name)
    targets = [0, 1, 2, "max", "best:2"]
    whole = lrp.explain_each(network, x, targets, keep="layers")
    need = _bytes(network, x)
    for memory in (1, need // 2, need, 2 * need, 3 * need):
        found = lrp.explain_each(network, x, targets, keep="layers", memory=max(1, memory))
        for one, other in zip(found, whole, strict=True):
            check_same(one, other)
        chunked = any("samples were taken" in note for note in found[0].notes)
        assert chunked == (memory < need), memory


def _bytes(network: lrp.Network, x: Any) -> int:
    """What all samples need for one target, as the engine reckons it."""
    from lrp_engine.asked import kept_nodes
    from lrp_engine.plan import plan_of

    plan = plan_of(network, lrp.Composite.named("epsilon_plus"))
    return plan.bytes_per_sample(kept_nodes(network, plan, "layers")) * samples_of(network, x)


def test_groups_of_targets_run_the_forward_pass_once(monkeypatch):
    from lrp_engine.passes import Passes

    network, x = made("cnn")
    forward, backward = [], []
    run, back = Passes.forward, Passes.way_back
    monkeypatch.setattr(Passes, "forward", lambda self: forward.append(1) or run(self))
    monkeypatch.setattr(
        Passes, "way_back", lambda self, targets, *a, **k: backward.append(len(targets)) or back(self, targets, *a, **k)
    )
    need = _bytes(network, x)
    lrp.explain_each(network, x, [0, 1, 2, 3, "max"], memory=2 * need)
    assert (len(forward), backward) == (1, [2, 2, 1])
    forward.clear()
    backward.clear()
    lrp.explain_each(network, x, [0, 1, 2, 3, "max"])
    assert (len(forward), backward) == (1, [5])


@pytest.mark.parametrize("batch", [1, 2, 5, 9])
@pytest.mark.parametrize("name", ["cnn", "two", "turned"])
def test_batches_of_samples(name, batch):
    network, x = made(name)
    targets = NETS[name][:4] if name == "two" else [0, "max", [0, 1, 2, 0, 1]]
    for one, other in zip(
        lrp.explain_each(network, x, targets, batch=batch), lrp.explain_each(network, x, targets), strict=True
    ):
        check_same(one, other)


@pytest.mark.parametrize(
    ("name", "layer"), [("cnn", "features.4"), ("cnn", "head.2"), ("folded", "conv"), ("folded", "fc")]
)
def test_flow_relevance_of_weights_and_what_is_cut_are_each_targets_own(name, layer):
    network, x = made(name)
    through = {layer: [0, 2]}
    together = lrp.explain_each(network, x, [0, "max", "2-1"], flows=(layer,), through=through)
    for target, found in zip([0, "max", "2-1"], together, strict=True):
        alone = lrp.explain(network, x, target, flows=(layer,), through=through)
        check_same(found, alone)
        assert found.flows[layer].shape[0] == 5
        # computed on demand, by another way back
        later = lrp.explain(network, x, target, through=through)
        torch.testing.assert_close(later.flow(layer), found.flow(layer), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(found.weight_relevance(layer), alone.weight_relevance(layer))
        row = next(row for row in found.ledger if row.layer == layer)
        assert row.cut.abs().max() > 0 or layer == "head.2"
        torch.testing.assert_close(found.flow(layer).sum((1, 2)), row.passed_on, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(found.weight_relevance(layer).flatten(1).sum(1), row.passed_on)


@pytest.mark.parametrize("name", ["cnn", "movements", "block", "folded"])
def test_against_a_reference(name):
    network, x = made(name)
    reference = numbers(*x[:1].shape, seed=8)
    together = lrp.explain_each(network, x, [0, "max", "2-1"], reference=reference, keep="nodes")
    for target, found in zip([0, "max", "2-1"], together, strict=True):
        check_same(found, lrp.explain(network, x, target, reference=reference, keep="nodes"))


def test_seeds_beside_units():
    """One target given as relevance: the others are the same as without it."""
    network, x = made("cnn")
    seed = numbers(5, 4, seed=9)
    together = lrp.explain_each(network, x, [seed, 1])
    check_same(together[0], lrp.explain(network, x, seed))
    alone = lrp.explain(network, x, 1)
    torch.testing.assert_close(together[1].inputs["x"], alone.inputs["x"], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["cnn", "lstm", "block", "two"])
def test_results_are_detached_and_nobody_elses(name):
    network, x = made(name)
    given = {key: value.clone() for key, value in x.items()} if isinstance(x, dict) else x.clone()
    weights = {key: value.clone() for key, value in network.tensors.items()}
    found = lrp.explain_each(network, given, [0, 1], keep="nodes")
    held: dict[int, str] = {}
    for owner in (network.tensors, given if isinstance(given, dict) else {"x": given}):
        held |= {value.untyped_storage().data_ptr(): key for key, value in owner.items()}
    for e in found:
        tensors = [*e.inputs.values(), *e.outputs.values(), *e.layers.values(), *e.activations.values()]
        tensors += [*e.nodes.values(), e.score]
        tensors += [getattr(row, key) for row in e.ledger for key in ("arrived", "passed_on", "bias")]
        for tensor in tensors:
            assert not tensor.requires_grad
            assert tensor.device.type == "cpu"
            assert tensor.untyped_storage().data_ptr() not in held
    for key, value in weights.items():
        assert torch.equal(network.tensors[key], value), key
    # what is done to one result is not done to the other, nor to what comes later
    before = found[1].inputs[network.inputs[0].name].clone()
    for tensor in found[0].inputs.values():
        tensor.zero_()
    assert torch.equal(found[1].inputs[network.inputs[0].name], before)


def test_flow_asked_for_later_is_about_the_samples_as_they_were():
    network, x = made("mlp")
    given = x.clone()
    (e,) = lrp.explain_each(network, given, [0])
    expected = lrp.explain(network, x, 0, flows=["fc1"]).flow("fc1")
    given.zero_()
    torch.testing.assert_close(e.flow("fc1"), expected)


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        ([], "no targets"),
        ("most", "list of them, all"),
        (3, "list of them, all"),
        ([0, 7], "no output unit 7"),
        ([0, "cat"], "“cat” is not a target"),
    ],
    ids=str,
)
def test_targets_that_do_not_exist_are_one_clear_sentence(targets, says):
    network, x = made("mlp")
    with pytest.raises(lrp.TargetError, match=says):
        lrp.explain_each(network, x, targets)
