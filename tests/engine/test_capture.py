"""Capture: inputs and outputs of every form, number formats, control flow, and what is refused."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from tests.engine.captured import Function, one_thread, operations, values_of  # noqa: F401 – a fixture

# ------------------------------------------------------------------------------------------------ inputs and outputs


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, tokens, weights=None, *, scale: float = 1.0, mean: bool = True):
        x = self.words(tokens)
        if weights is not None:
            x = x * weights[..., None]
        return self.head(x.mean(1) if mean else x.sum(1)) * scale


def test_tokens_with_settings_and_a_second_input():
    network = lrp.capture(
        Tokens(), {"tokens": torch.randint(11, (2, 5)), "weights": torch.rand(2, 5), "mean": False, "scale": 2.0}
    )
    assert [(entry.name, entry.shape, entry.dtype) for entry in network.inputs] == [
        ("tokens", (None, 5), "int64"),
        ("weights", (None, 5), "float32"),
    ]
    assert next(layer for layer in network.layers if layer.path == "words").kind == "lookup"


@dataclasses.dataclass
class Result:
    logits: torch.Tensor
    hidden: tuple
    label: torch.Tensor | None = None


class Answers(nn.Module):
    def __init__(self, form) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.form = form

    def forward(self, x):
        return self.form(self.fc(x))


@pytest.mark.parametrize(
    ("form", "names", "note"),
    [
        (lambda y: y, ["output"], None),
        (lambda y: (y, y.relu()), ["output_0", "output_1"], None),
        (lambda y: {"logits": y, "loss": None}, ["logits"], None),
        (lambda y: {"a": y, "deep": [y * 2, {"b": y * 3}]}, ["a", "deep.0", "deep.1.b"], None),
        (lambda y: Result(y, (y * 2,), y.argmax(1)), ["logits", "hidden.0"], "label (int64)"),
        (lambda y: (y, torch.ones(2), "text"), ["output_0"], "output_2 (str)"),
        (lambda y: torch.return_types.max((y, y.argmax(1))), ["output_0"], "output_1 (int64)"),
    ],
)
def test_whatever_a_module_returns(form, names, note):
    network = lrp.capture(Answers(form), torch.randn(2, 3))
    assert [entry.name for entry in network.outputs] == names
    assert note is None or any(note in line for line in network.notes)


def test_outputs_that_do_not_depend_on_the_input_are_left_out():
    network = lrp.capture(Answers(lambda y: (torch.ones(2), y)), torch.randn(2, 3))
    assert [entry.name for entry in network.outputs] == ["output_1"]
    assert any("depends on the inputs: output_0" in note for note in network.notes)


def test_arrays_nested_inputs_and_inputs_by_name():
    class Nested(nn.Module):
        def forward(self, x, states, *more, extra=None):
            return x + states[0] + 2 * states[1]["deep"] + sum(more) + (0 if extra is None else extra)

    def x():
        return torch.randn(2, 3)

    network = lrp.capture(Nested(), (x().numpy(), (x(), {"deep": x()}), x(), x()))
    assert [entry.name for entry in network.inputs] == ["x", "states_0", "states_1_deep", "more_0", "more_1"]
    network = lrp.capture(Nested(), {"states": [x(), {"deep": x()}], "x": x(), "extra": x()})
    assert {entry.name for entry in network.inputs} == {"x", "states_0", "states_1_deep", "extra"}


def test_samples_on_another_axis():
    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.run, self.head = nn.LSTM(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.run(x)[0][-1])

    module, x = Steps(), torch.randn(5, 2, 3)
    network = lrp.capture(module, x, batch_axis={"x": 1})
    assert (network.inputs[0].shape, network.inputs[0].axis, network.inputs[0].unit_shape) == ((5, None, 3), 1, (5, 3))
    more = torch.randn(5, 7, 3)
    torch.testing.assert_close(values_of(network, {"x": more})["output"], module(more))
    # without a word, its first axis cannot be the samples': all of it is one
    whole = lrp.capture(module, x)
    assert (whole.inputs[0].shape, whole.inputs[0].axis) == ((5, 2, 3), None)
    assert any("taken whole, as one sample" in note for note in whole.notes)


def test_samples_that_influence_each_other_are_said():
    network = lrp.capture(Function(lambda x: x - x.mean(0)), torch.randn(4, 3))
    assert any("batch_axis" in note for note in network.notes)
    assert network.inputs[0].shape == (None, 3)


@pytest.mark.parametrize("settings", [{}, {"batch_axis": {"x_1": None}}], ids=["they disagree", "it is said"])
def test_inputs_that_are_one_sample(settings):
    nodes, edges = torch.randn(5, 3), torch.rand(*((4, 5) if not settings else (5, 5)))
    network = lrp.capture(Function(lambda x, adjacency: adjacency @ x), (nodes, edges), **settings)
    assert [entry.axis for entry in network.inputs] == [None, None]
    assert network.inputs[0].unit_shape == (5, 3)


# ------------------------------------------------------------------------------------------------ number formats


class Formats(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

    def forward(self, x):
        y = self.norm(self.fc(x)) + torch.ones(4, dtype=x.dtype)
        return F.softmax(y, -1, dtype=torch.float32).to(x.dtype) * 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    module = Formats().to(dtype)
    network = lrp.capture(module, torch.randn(2, 4, dtype=dtype))
    assert {entry.dtype for entry in network.inputs} == {"float32"}
    assert {t.dtype for t in network.tensors.values() if t.is_floating_point()} == {torch.float32}
    assert any(str(dtype).removeprefix("torch.") in note for note in network.notes)
    x = torch.randn(3, 4)
    torch.testing.assert_close(values_of(network, {network.inputs[0].name: x})["output"], module.float().eval()(x))


def test_double_precision_stays():
    network = lrp.capture(Formats().double(), torch.randn(2, 4).double())
    assert network.notes == ()
    assert network.inputs[0].dtype == "float64"


def test_autocast_is_left_out():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return self.fc(x).float()

    module, x = Mixed(), torch.randn(2, 4)
    network = lrp.capture(module, x)
    assert operations(network) == ["linear"]
    assert [layer.path for layer in network.layers] == ["fc"]
    torch.testing.assert_close(values_of(network, {"x": x})["output"], module.fc(x))


# ------------------------------------------------------------------------------------------------ control flow


class Branches(nn.Module):
    """A branch, a loop and a number read from the values; changes in place, a module called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.act = nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.act(self.a(x)) + 0.1
        while x.abs().sum() < 50:
            x = self.a(x).abs() + 2 * x
        x = self.b(x) if x.sum() > 0 else self.a(x)
        x[:, 0] += int(x.abs().sum().item())
        return x


def test_the_path_of_the_example_is_traced():
    torch.manual_seed(0)
    module, x = Branches().eval(), torch.randn(1, 4)
    network = lrp.capture(module, x)
    assert any("holds for inputs that take the same path" in note for note in network.notes)
    torch.testing.assert_close(values_of(network, {"x": x})["output"], module(x))
    paths = [layer.path for layer in network.layers]
    assert paths[:2] == ["a", "act"]
    assert "b" in paths
    assert "a@1" in paths
    assert network.parameters == {"a.weight", "a.bias", "b.weight", "b.bias"}
    assert next(layer for layer in network.layers if layer.path == "b").operation == "Linear"
    assert not any(name.endswith("_") for name in operations(network))


def test_a_path_through_experts_chosen_by_value():
    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(4, 3)
            self.experts = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

        def forward(self, x):
            out = torch.zeros(len(x), 2)
            best = self.gate(x).argmax(1)
            for number, expert in enumerate(self.experts):
                rows = (best == number).nonzero()[:, 0]
                if len(rows):
                    out[rows] = expert(x[rows])
            return out

    module, x = Experts(), torch.randn(1, 4)
    network = lrp.capture(module, x)
    torch.testing.assert_close(values_of(network, {"x": x})["output"], module(x))


# ------------------------------------------------------------------------------------------------ refusals


class Random(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5, training=True)


class Packed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.run = nn.GRU(3, 4, batch_first=True)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.run(packed)[1][0]


class Projected(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.run = nn.LSTM(3, 4, proj_size=2, batch_first=True)

    def forward(self, x):
        return self.run(x)[0]


REFUSED = {
    "random": (Random(), torch.randn(2, 3), r"dropout in layer .*draws random numbers.*switch this off"),
    "packed": (Packed(), (torch.randn(2, 5, 3), torch.tensor([5, 3])), "packed sequences are not supported; pad them"),
    "projected": (Projected(), torch.randn(2, 5, 3), "LSTM with projections .* use a linear layer"),
    "batch statistics": (nn.BatchNorm1d(3, track_running_stats=False), torch.randn(4, 3), "statistics of the batch"),
    "integers": (Function(lambda x: x.argmax(1)), torch.randn(2, 3), r"returns output \(int64\)"),
    "a constant": (Function(lambda x: torch.ones(2, 3)), torch.randn(2, 3), "None of the network's outputs"),
    "wrong shape": (nn.Linear(3, 2), torch.randn(2, 4), "Linear does not run on the example"),
    "wrong name": (nn.Linear(3, 2), {"inputs": torch.randn(2, 3)}, "do not fit Linear.forward"),
    "no tensor": (nn.Linear(3, 2), "text", "hold no tensor"),
    "no sample": (nn.Linear(3, 2), torch.randn(0, 3), "hold no sample"),
    "twice": (Function(lambda x, y: x + y), ((x := torch.randn(2, 3)), x), "same tensor is given twice"),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("module", "example", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_captured_is_one_sentence(module, example, says):
    with pytest.raises(lrp.CaptureError, match=says) as caught:
        lrp.capture(module, example)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("axes", "says"),
    [({"y": 0}, "names the input “y”; the inputs are input"), ({"input": 4}, "axis 4 for the input “input”")],
)
def test_a_sample_axis_that_is_not_there(axes, says):
    with pytest.raises(lrp.CaptureError, match=says):
        lrp.capture(nn.Linear(3, 2), torch.randn(2, 3), batch_axis=axes)


def test_an_initial_state_of_another_size_is_refused_before_it_is_run():
    """torch reads beyond its memory there."""

    class State(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.run = nn.GRU(3, 4, batch_first=True)
            self.register_buffer("start", torch.zeros(1, 2, 4))

        def forward(self, x):
            return self.run(x, self.start)[0][:, -1]

    network = lrp.capture(State(), torch.randn(2, 5, 3))
    assert network.inputs[0].shape == (2, 5, 3)
    assert network.inputs[0].axis is None


# ------------------------------------------------------------------------------------------------ explained


def per_sample(relevance: torch.Tensor, axis: int | None) -> torch.Tensor:
    return relevance.sum()[None] if axis is None else relevance.movedim(axis, 0).flatten(1).sum(1)


def explained(network: lrp.Network, given) -> None:
    """Every sample is accounted for, and classes explained together are the same one by one."""
    for target, e in enumerate(lrp.explain_each(network, given, [0, 1])):
        total = sum(per_sample(e.inputs[entry.name], entry.axis) for entry in network.inputs)
        torch.testing.assert_close(total + sum(row.absorbed for row in e.ledger), e.score, rtol=1e-4, atol=1e-5)
        for key, relevance in lrp.explain(network, given, target).inputs.items():
            torch.testing.assert_close(e.inputs[key], relevance, rtol=1e-4, atol=1e-5)


def test_one_sample_at_a_time_is_explained_as_several():
    torch.manual_seed(0)
    network = lrp.capture(Branches().eval(), torch.randn(1, 4))
    x = torch.randn(3, 4)
    explained(network, x)
    assert lrp.explain(network, x).inputs["x"].shape == (3, 4)


def test_samples_on_another_axis_are_explained():
    network = lrp.capture(nn.GRU(3, 2), torch.randn(5, 2, 3), batch_axis={"input": 1})
    explained(network, torch.randn(5, 4, 3))


def test_inputs_that_are_one_sample_are_explained():
    network = lrp.capture(Function(lambda x, a: (a @ x.relu()).reshape(2, 6)), (torch.randn(5, 3), torch.rand(4, 5)))
    x = {"x_0": torch.randn(5, 3), "x_1": torch.rand(4, 5)}
    explained(network, x)
    assert lrp.explain(network, x).score.shape == (1,)


# ------------------------------------------------------------------------------------------------ from archives


class Precisions(nn.Module):
    """Parts without gradients and in another precision; attention, an embedding, settings."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 6)
        self.layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, activation="gelu")
        self.head = nn.Linear(6, 3)

    def forward(self, tokens):
        with torch.no_grad():
            x = self.layer(self.words(tokens))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.head(x)
        return y.to(x.dtype) + self.head(x).mean(1, keepdim=True)


@pytest.mark.parametrize("decomposed", [True, False], ids=["functional", "as it was exported"])
def test_an_archive_with_attention_and_parts_of_its_own(tmp_path, decomposed):
    module, tokens = Precisions().eval(), torch.randint(9, (2, 4))
    network = lrp.load(saved(tmp_path, module, tokens, decomposed=decomposed))
    assert operations(network).count("softmax") == 1
    if not decomposed:  # torch forgets where the nodes of such parts stand
        assert {"words", "layer.self_attn", "head"} <= {layer.path for layer in network.layers}
    expected = module.head(module.layer(module.words(tokens)))
    got = values_of(network, {"tokens": tokens})["output"]
    torch.testing.assert_close(got, (expected + expected.mean(1, keepdim=True)).detach())


@pytest.mark.parametrize(("dtype", "computed"), [(torch.float16, torch.float32), (torch.float64, torch.float64)])
def test_the_number_format_of_an_archive(tmp_path, dtype, computed):
    module = Formats().eval().to(dtype)
    network = lrp.load(saved(tmp_path, module, torch.randn(2, 4, dtype=dtype)))
    assert {t.dtype for t in network.tensors.values() if t.is_floating_point()} == {computed}
    assert bool(network.notes) == (dtype != computed)
    x = torch.randn(3, 4, dtype=computed)
    torch.testing.assert_close(next(iter(values_of(network, {"x": x}).values())), module.to(computed)(x).detach())


def saved(tmp_path: Path, module: nn.Module, x: torch.Tensor, *, decomposed: bool = True) -> Path:
    path = tmp_path / "net.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about its tree specifications
        program = torch.export.export(module, (x,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False)
        torch.export.save(program.run_decompositions({}) if decomposed else program, path)
    return path


class _OwnMask(nn.Module):
    """Attention over a mask that the network makes itself."""

    def forward(self, x):
        before = torch.ones(x.shape[0], 1, x.shape[1], x.shape[1]).tril().bool()
        mask = before & (x[:, None, None, :, 0] < 9).to("cpu")
        return nn.functional.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None], attn_mask=mask)[:, 0]


def test_large_networks_may_make_their_own_masks(monkeypatch, tmp_path):
    monkeypatch.setattr("lrp_engine.networks.graphs.shapes._SMALL", 0)
    program = torch.export.export(
        _OwnMask(), (torch.randn(2, 5, 4),), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
    )
    torch.export.save(program, tmp_path / "masked.pt2")
    assert lrp.load(tmp_path / "masked.pt2").outputs[0].shape == (None, 5, 4)
