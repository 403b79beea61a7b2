"""Capture: the graph computes what the module computes, in plain operations, and says what it stands for."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.graph import evaluate, operation_name
from lrp_engine.networks.opened import ONE, SEVERAL

RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
PLACES = {"median", "kthvalue", "cummax", "adaptive_max_pool2d"}  # their values are gathered, by the places they yield


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Networks this small only wait for a second one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def values_of(network: lrp.Network, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The outputs of the graph, run node by node."""
    values = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            values[node] = given[node.target]
        elif node.op == "get_attr":
            values[node] = network.tensors[node.target]
        elif node.op == "call_function":
            values[node] = evaluate(node, values)
            several = not isinstance(values[node], torch.Tensor | int)
            assert not several or operation_name(node) in RECURRENT | PLACES, f"{node.name} has several values"
    return {o.name: values[node] for o, node in zip(network.outputs, network.output_nodes, strict=True)}


def operations(network: lrp.Network) -> list[str]:
    return [operation_name(node) for node in network.graph.nodes if node.op == "call_function"]


def same(module: nn.Module, *shapes_or_tensors, samples: int = 4, **settings) -> lrp.Network:
    """Capture with two samples, and compare the outputs for two and for more."""
    torch.manual_seed(3)
    module = module.double().eval()
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.5)
    examples = []
    for count in (2, samples):
        torch.manual_seed(count)
        made = [torch.randn(count, *s).double() if isinstance(s, tuple) else s(count) for s in shapes_or_tensors]
        examples.append(made)
    network = lrp.capture(module, tuple(examples[0]), **settings)
    for made in examples:
        with torch.no_grad():
            expected = module(*made)
        got = values_of(network, {entry.name: x for entry, x in zip(network.inputs, made, strict=True)})
        torch.testing.assert_close(next(iter(got.values())), expected)
    return network


class Function(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


# ------------------------------------------------------------------------------------------------ attention


class Attention(nn.Module):
    """Attention with everything that it may be asked for."""

    def __init__(self, mask=None, **settings) -> None:
        super().__init__()
        self.project = nn.Linear(6, 18)
        self.mask, self.settings = mask, settings

    def forward(self, x):
        q, k, v = self.project(x).unflatten(-1, (3, 2, 3)).permute(2, 0, 3, 1, 4)
        if self.settings.get("enable_gqa"):
            k, v = k[:, :1], v[:, :1]
        mask = self.mask(x) if self.mask else None
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, **self.settings).transpose(1, 2).flatten(2)


def _below(x):
    return torch.ones(5, 5, dtype=torch.bool).tril()


def _empty_rows(x):
    """Depends on the sample: those whose first number is negative may look at nothing."""
    return (x[:, :1, 0] > 0)[:, :, None, None].expand(-1, 1, 5, 5)


MASKS = {
    "none": {},
    "scale": {"scale": 0.7},
    "causal": {"is_causal": True},
    "grouped queries": {"enable_gqa": True},
    "true and false": {"mask": _below},
    "rows wholly blocked": {"mask": _empty_rows},
    "added numbers": {"mask": lambda x: torch.linspace(-1, 1, 25).double().reshape(5, 5)},
    "added -inf": {"mask": lambda x: torch.zeros(5, 5).double().masked_fill(~_below(x), -math.inf)},
    "added -inf in whole rows": {
        "mask": lambda x: torch.zeros(5, 5).double().index_fill(0, torch.tensor(2), -math.inf)
    },
    "added by the input": {"mask": lambda x: torch.where(_empty_rows(x), 0.0, -math.inf).double()},
    "added and learned from the input": {"mask": lambda x: x[:, None, :, :5]},
}


@pytest.mark.parametrize("settings", MASKS.values(), ids=MASKS.keys())
def test_attention_is_opened_up(settings):
    network = same(Attention(**settings), (5, 6))
    names = operations(network)
    assert names.count("matmul") == 2
    assert names.count("softmax") == 1
    assert not {"scaled_dot_product_attention", "bmm"} & set(names)
    softmax = next(node for node in network.graph.nodes if operation_name(node) == "softmax")
    assert softmax.meta["shape"] == (None, 2, 5, 5)
    assert "scaled_dot_product_attention" in softmax.meta["source"]


def test_no_value_of_an_attention_is_nan_or_infinite_where_a_row_is_blocked():
    network = lrp.capture(Attention(_empty_rows), torch.randn(2, 5, 6))
    values = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            values[node] = -torch.ones(2, 5, 6)
        elif node.op == "get_attr":
            values[node] = network.tensors[node.target]
        elif node.op == "call_function":
            values[node] = evaluate(node, values)
    assert all(torch.isfinite(v).all() for v in values.values() if isinstance(v, torch.Tensor))
    assert values[network.output_nodes[0]].abs().max() == 0


class Multihead(nn.Module):
    def __init__(self, *, weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.weights = weights

    def forward(self, x, blocked):
        return self.attention(x, x, x, key_padding_mask=blocked, need_weights=self.weights)[0]


@pytest.mark.parametrize("weights", [True, False], ids=["with weights", "without"])
def test_multihead_attention_with_a_padding_mask(weights):
    network = same(
        Multihead(weights=weights), (5, 6), lambda n: torch.arange(5).repeat(n, 1) >= torch.arange(2, n + 2)[:, None]
    )
    assert operations(network).count("softmax") == 1
    assert [entry.dtype for entry in network.inputs] == ["float64", "bool"]


@pytest.mark.parametrize("first", [True, False], ids=["norm first", "norm last"])
def test_a_transformer_encoder(first):
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, norm_first=first, activation="gelu")
    network = same(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), (5, 6))
    assert {"layers.0.self_attn", "layers.1.linear2", "layers.1.norm1"} <= {entry.path for entry in network.layers}
    assert torch.backends.mha.get_fastpath_enabled()


# ------------------------------------------------------------------------------------------------ compounds


def _parts(x):
    a, b = x.chunk(2, 1)
    c, d = torch.split(x, [2, 4], 1)
    first, *_ = x.unbind(1)
    t = torch.tensor_split(x, 4, 1)
    u = torch.tensor_split(x, (1, 3), 1)
    return a * b + d[:, :3] * first[:, None] + c.sum(1, keepdim=True) + t[3] + t[0][:, :1] + u[1][:, :1] + u[2]


def _chosen(x):
    largest, where = x.max(1)
    smallest = x.min(1, keepdim=True).values
    best = x.topk(2, 1).values.sum(1) + x.topk(1, 1, largest=False).values[:, 0]
    ordered = x.sort(1, descending=True).values[:, 1] + x.median(1).values + x.kthvalue(2, 1).values
    return largest + best + ordered + smallest[:, 0] + x.gather(1, where[:, None])[:, 0] + x.cummax(1).values[:, 2]


def _products(x):
    a, b = x[:, :3], x[:, 3:]
    square = a[:, :, None] * b[:, None]
    return (
        torch.bmm(square, a[:, :, None])[..., 0]
        + torch.baddbmm(a[:, :, None], square, b[:, :, None], beta=0.5, alpha=2)[..., 0]
        + torch.addcmul(a, a, b, value=0.3)
        + torch.addcdiv(a, a, b.exp(), value=0.3)
        + torch.lerp(a, b, 0.3)
        + torch.lerp(a, b, torch.sigmoid(a))
        + torch.einsum("ni,nj->nij", a, b).sum(1)
    )


def _hyper(x):
    w = torch.tanh(x[0, :3].outer(x[0, 3:]))
    return (
        F.linear(x[:, :3], w, x[0, :3])
        + x[:, 3:] @ w
        + torch.addmm(x[:, :3], x[:, 3:], w)
        + torch.mv(x[:, :3], w[0])[:, None]
    )


COMPOUNDS = {
    "parts": _parts,
    "chosen": _chosen,
    "products": _products,
    "gated": lambda x: F.glu(x, 1) + F.glu(x.T[None], 1)[0].T.sum(1, keepdim=True),
    "weights from the input": _hyper,
    "norms": lambda x: F.group_norm(x[:, :, None], 2)[..., 0] + F.layer_norm(x, (6,)) + F.rms_norm(x, (6,)),
    "statistics": lambda x: (x - torch.var_mean(x, 1, keepdim=True)[1]) / torch.std_mean(x, 1, keepdim=True)[0],
    "pools": lambda x: F.adaptive_max_pool1d(x[:, None], 3)[:, 0] + F.max_pool1d_with_indices(x[:, None], 2)[0][:, 0],
    "uneven pools": lambda x: F.adaptive_max_pool2d(x[:, None, :, None].expand(-1, 1, 6, 4), (3, 2))[:, 0, :, 0],
    "random switched off": lambda x: F.rrelu(x) + F.dropout(x, 0.5, False) + F.alpha_dropout(x, 0.5, False),
    "differences": lambda x: x.diff() + torch.diff(x, n=2, prepend=x[:, :1], append=x[:, 1:2])[:, :5],
    "padding in words": lambda x: (
        F.conv1d(x[:, None], torch.linspace(-1, 1, 4).double()[None, None], padding="same", dilation=1)[:, 0]
        + F.conv2d(x[:, None, None], torch.linspace(-1, 1, 3).double()[None, None, None], padding="same")[:, 0, 0]
        + F.conv1d(x[:, None], torch.ones(1, 1, 1).double(), padding="valid")[:, 0]
    ),
    "formats": lambda x: x.to(torch.float64).double() + x.new_ones(6),
    "of torch's own tables": lambda x: torch.cosine_similarity(x, x.exp(), 1) + F.pairwise_distance(x, x.exp()),
    "written in place": lambda x: x.clone().relu_().add_(1)[:, 1:].mul_(2),
    "written into": lambda x: torch.zeros_like(x).copy_(x) + x.clone().index_fill_(1, torch.tensor([2]), 1.0),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("function", COMPOUNDS.values(), ids=COMPOUNDS.keys())
def test_compound_operations_become_plain_ones(function):
    network = same(Function(function), (6,))
    not_always = {
        "max",
        "min",
        "mm",
        "linear",
        "addmm",
        "softmax",
        "_to_copy",
        "instance_norm",
        "slice",
        "conv1d",
        "conv2d",
    } | PLACES
    assert not set(operations(network)) & ((ONE.keys() | SEVERAL.keys()) - not_always)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
def test_recurrent_layers_stay_whole(kind, both):
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.run = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=both, batch_first=True)

        def forward(self, x):
            y, last = self.run(x)
            return y[:, -1] + (last[0] if kind == "LSTM" else last).sum(0).repeat(1, 1 + both)

    network = same(Recurrent(), (5, 3))
    assert len([name for name in operations(network) if name in RECURRENT]) == 1
    assert network.layers[0].kind == "recurrent"


# ------------------------------------------------------------------------------------------------ written by hand


def _softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


BY_HAND = {
    "softmax": _softmax,
    "softmax, unshifted": lambda x: x.exp() / x.exp().sum(1, keepdim=True),
    "softmax, two axes apart": lambda x: (
        (x - x.amax(1, True)).exp() * (x - x.amax(1, True)).exp().sum(1)[:, None].reciprocal()
    ),
    "softmax, by logsumexp": lambda x: (x - x.logsumexp(1, keepdim=True)).exp(),
    "gelu": lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))),
    "gelu, otherwise": lambda x: (x + x * torch.erf(x * 0.7071067811865476)) * 0.5,
    "gelu, by erfc": lambda x: x * 0.5 * torch.erfc(-x / math.sqrt(2)),
    "gelu (tanh form)": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu (tanh form), otherwise": lambda x: x * (torch.tanh(x * 0.7978845608028654 * (1 + x * x * 0.044715)) + 1) / 2,
    "silu": lambda x: torch.sigmoid(x) * x,
    "silu, by exp": lambda x: x / (1 + torch.exp(-x)),
    "mish": lambda x: x * torch.tanh(F.softplus(x)),
    "mish, by log": lambda x: torch.log(1 + torch.exp(x)).tanh() * x,
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "softplus": lambda x: torch.log1p(torch.exp(x)),
    "hardswish": lambda x: x * F.relu6(x + 3) / 6,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_functions_written_by_hand_are_recognised(name):
    network = same(Function(lambda x: BY_HAND[name](x * 2.0) + x), (6,))
    word = name.split(",")[0]
    assert network.notes == (f"1 handwritten {word} recognised.",)
    assert word.split()[0] in operations(network)
    assert len(operations(network)) == 3


NOT_THAT = {
    "a quick gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "softsign": lambda x: x / (1 + x.abs()),
    "a layer norm": lambda x: (x - x.mean(1, True)) * torch.rsqrt(x.var(1, keepdim=True, unbiased=False) + 1e-5),
    "an rms norm": lambda x: x * torch.rsqrt(x.pow(2).mean(1, True) + 1e-6),
    "a softmax that leaks": lambda x: x.exp() / (x.exp().sum(1, True) + 1),
    "a softmax over two axes": lambda x: (y := x.exp().unflatten(1, (2, 3))) / y.sum((1, 2), True),
    "a softmax of something else": lambda x: x.exp() / (2 * x).exp().sum(1, True),
    "a gelu of two values": lambda x: 0.5 * x * (1 + torch.erf(x.flip(1) / math.sqrt(2))),
    "a gelu's size by units": lambda x: torch.arange(6).double() * x * (1 + torch.erf(x / math.sqrt(2))),
    "a gelu with another constant": lambda x: 0.5 * x * (1 + torch.erf(x / 1.414)),
}


@pytest.mark.parametrize("function", NOT_THAT.values(), ids=NOT_THAT.keys())
def test_what_only_looks_like_it_stays(function):
    assert same(Function(function), (6,), samples=2).notes == ()


def test_several_functions_are_counted():
    block = Function(BY_HAND["gelu"])
    network = same(nn.Sequential(nn.Linear(6, 6), block, nn.Linear(6, 6), block), (6,))
    assert network.notes == ("2 handwritten gelu recognised.",)
    assert [layer.path for layer in network.layers] == ["0", "1", "2", "3"]


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
