"""Every layer type that an architecture.json may name is torch's own: values, shapes, and relevance that adds up."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.architecture import Architecture, InputEntry, LayerEntry
from lrp_engine.networks.fitting import fit
from lrp_engine.networks.modules import LAYER_TYPES


class Last(nn.Module):
    """A recurrent module whose value is one of what it returns."""

    def __init__(self, inner: nn.RNNBase, hidden: bool):
        super().__init__()
        self.inner, self.hidden = inner, hidden

    def forward(self, x):
        sequence, states = self.inner(x)
        if not self.hidden:
            return sequence[:, -1]
        final = states[0] if isinstance(states, tuple) else states
        return torch.cat([final[-2], final[-1]], 1) if self.inner.bidirectional else final[-1]

    def state_dict(self, *args, **kwargs):
        return self.inner.state_dict(*args, **kwargs)


class Sequence(Last):
    def forward(self, x):
        return self.inner(x)[0]


class Attention(nn.Module):
    def __init__(self, inner: nn.MultiheadAttention):
        super().__init__()
        self.inner = inner

    def forward(self, query, key=None, value=None):
        key = query if key is None else key
        return self.inner(query, key, key if value is None else value, need_weights=False)[0]

    def state_dict(self, *args, **kwargs):
        return self.inner.state_dict(*args, **kwargs)


class Table(nn.Module):
    """A tensor of its own."""

    def __init__(self):
        super().__init__()
        self.own = nn.Parameter(torch.randn(4, 6))

    def forward(self):
        return self.own


def trained(norm: nn.Module) -> nn.Module:
    """A norm that has seen data, and whose weights are not 1."""
    for tensor in norm.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    return norm


LSTM = {"input_size": 3, "hidden_size": 4}
D1 = (2, 6)
D2 = (2, 6, 6)
D3 = (2, 4, 4, 4)


def conv(dims: int, **options) -> tuple:
    parameters = {"in_channels": 2, "out_channels": 4, "kernel_size": 3, **options}
    shape = {1: D1, 2: D2, 3: D3}[dims]
    return f"Conv{dims}d", parameters, shape, getattr(nn, f"Conv{dims}d")(**parameters)


def transposed(dims: int, **options) -> tuple:
    parameters = {"in_channels": 2, "out_channels": 4, "kernel_size": 3, **options}
    shape = {1: D1, 2: D2, 3: D3}[dims]
    return f"ConvTranspose{dims}d", parameters, shape, getattr(nn, f"ConvTranspose{dims}d")(**parameters)


def plain(kind: str, shape: tuple = (6,), **parameters) -> tuple:
    """A type that is torch.nn's with the same parameters."""
    return kind, parameters, shape, getattr(nn, kind)(**parameters)


def norm(kind: str, shape: tuple, **parameters) -> tuple:
    return kind, parameters, shape, trained(getattr(nn, kind)(**parameters))


def cases() -> list[tuple]:
    torch.manual_seed(0)
    d = {1: D1, 2: D2, 3: D3}
    rows = [
        plain("Linear", in_features=6, out_features=4),
        plain("Linear", (3, 6), in_features=6, out_features=4, bias=False),
    ]
    rows += [conv(dims) for dims in d]
    rows += [
        conv(2, kernel_size=[3, 2], stride=2, groups=2, bias=False),
        conv(2, padding="same"),
        conv(2, padding="valid"),
    ]
    rows += [conv(1, kernel_size=4, padding="same"), conv(2, dilation=2, padding=2)]
    rows += [transposed(dims, stride=2, padding=1, output_padding=1) for dims in d]
    rows += [transposed(2, kernel_size=2, stride=2, groups=2, bias=False)]
    rows += [("Embedding", {"num_embeddings": 9, "embedding_dim": 5}, (4,), nn.Embedding(9, 5))]
    rows += [("Parameter", {"shape": [4, 6]}, (4, 6), Table())]
    rows += [norm(f"BatchNorm{n}d", d[n], num_features=2) for n in d]
    rows += [norm("BatchNorm1d", (6,), num_features=6), norm("BatchNorm2d", D2, num_features=2, affine=False)]
    rows += [norm(f"InstanceNorm{n}d", d[n], num_features=2, affine=True) for n in d]
    rows += [norm("InstanceNorm2d", D2, num_features=2, track_running_stats=True)]
    rows += [
        norm("GroupNorm", (4, 6), num_groups=2, num_channels=4),
        norm("LayerNorm", (3, 6), normalized_shape=[3, 6]),
    ]
    rows += [norm("LayerNorm", (3, 6), normalized_shape=6, bias=False), norm("RMSNorm", (3, 6), normalized_shape=6)]
    rows += [plain("LeakyReLU", negative_slope=0.3), plain("ELU", alpha=0.5), plain("CELU", alpha=0.5)]
    rows += [plain("GELU", approximate="tanh"), plain("Hardtanh", min_val=-0.5), plain("Softplus", beta=2.0)]
    rows += [plain("PReLU", (6, 3), num_parameters=6), plain("PReLU"), plain("GLU"), plain("GLU", (4, 3), dim=1)]
    rows += [
        plain("Hardshrink", lambd=0.2),
        plain("Softshrink", lambd=0.2),
        plain("Threshold", threshold=0.1, value=0.2),
    ]
    others = ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Tanh", "Hardswish", "Hardsigmoid", "Softsign")
    rows += [plain(name) for name in (*others, "Sigmoid", "LogSigmoid")]
    rows += [plain("Softmax", (3, 4), dim=1)]
    for n, shape in d.items():
        rows += [plain(f"MaxPool{n}d", shape, kernel_size=2), plain(f"AvgPool{n}d", shape, kernel_size=2)]
        rows += [
            plain(f"AdaptiveAvgPool{n}d", shape, output_size=2),
            plain(f"AdaptiveMaxPool{n}d", shape, output_size=2),
        ]
        rows += [plain(f"ZeroPad{n}d", shape, padding=1), plain(f"ConstantPad{n}d", shape, padding=1, value=0.5)]
        rows += [plain(f"ReflectionPad{n}d", shape, padding=1), plain(f"ReplicationPad{n}d", shape, padding=2)]
        modes = {1: ("nearest", "linear"), 2: ("nearest", "bilinear", "bicubic"), 3: ("nearest", "trilinear")}[n]
        rows += [plain("Upsample", shape, scale_factor=1.5, mode=mode) for mode in modes]
    rows += [
        plain("MaxPool2d", D2, kernel_size=3, stride=2, padding=1),
        plain("MaxPool2d", (2, 5, 5), kernel_size=2, ceil_mode=True),
    ]
    rows += [plain("AvgPool2d", D2, kernel_size=3, padding=1, count_include_pad=False)]
    rows += [
        plain("AdaptiveAvgPool2d", (2, 7, 5), output_size=[3, 2]),
        plain("AdaptiveMaxPool2d", (2, 7, 5), output_size=[3, 2]),
    ]
    rows += [
        (
            "Upsample",
            {"size": [7, 5], "mode": "bilinear", "align_corners": True},
            D2,
            nn.Upsample((7, 5), mode="bilinear", align_corners=True),
        )
    ]
    rows += [plain("ReflectionPad2d", (1, 4, 5), padding=[1, 2, 0, 3])]
    rows += [plain("PixelShuffle", (8, 2, 3), upscale_factor=2), plain("PixelUnshuffle", (2, 4, 6), downscale_factor=2)]
    rows += [plain("Flatten", (2, 3)), plain("Flatten", (2, 3, 4), start_dim=2), plain("Flatten", (6,))]
    rows += [
        plain("Unflatten", (6,), dim=1, unflattened_size=[2, -1]),
        ("Reshape", {"shape": [3, -1]}, (2, 6), lambda x: x.reshape(-1, 3, 4)),
    ]
    rows += [
        ("Permute", {"dims": [0, 2, 1]}, (2, 6), lambda x: x.permute(0, 2, 1)),
        ("Transpose", {"dim0": 1, "dim1": -1}, (2, 3, 4), lambda x: x.transpose(1, 3)),
    ]
    rows += [
        ("Squeeze", {"dim": 1}, (1, 6), lambda x: x.squeeze(1)),
        ("Unsqueeze", {"dim": -1}, (6,), lambda x: x[..., None]),
    ]
    rows += [
        ("Select", {"dim": 1, "index": -1}, (3, 4), lambda x: x[:, -1]),
        ("Slice", {"dim": 1, "start": 1, "end": -1}, (4, 3), lambda x: x[:, 1:-1]),
    ]
    rows += [
        ("Mean", {"dim": [2, 3]}, D2, lambda x: x.mean((2, 3))),
        ("Sum", {"dim": -1, "keepdim": True}, (3, 4), lambda x: x.sum(-1, True)),
    ]
    rows += [
        ("Max", {"dim": 1}, (3, 4), lambda x: x.amax(1)),
        ("Scale", {"factor": 2.5, "offset": -1.0}, (6,), lambda x: 2.5 * x - 1),
    ]
    rows += [
        plain("Dropout", p=0.1),
        plain("Dropout1d", D1),
        plain("Dropout2d", D2),
        plain("Dropout3d", D3),
        plain("Identity"),
    ]
    for kind in ("LSTM", "GRU", "RNN"):
        make = getattr(nn, kind)
        rows += [(kind, LSTM, (5, 3), Sequence(make(3, 4, batch_first=True), False))]
        deep = {"num_layers": 2, "bidirectional": True}
        rows += [(kind, {**LSTM, **deep, "output": "last"}, (5, 3), Last(make(3, 4, batch_first=True, **deep), False))]
        rows += [(kind, {**LSTM, **deep, "output": "hidden"}, (5, 3), Last(make(3, 4, batch_first=True, **deep), True))]
        rows += [
            (
                kind,
                {**LSTM, "bias": False, "output": "hidden"},
                (5, 3),
                Last(make(3, 4, bias=False, batch_first=True), True),
            )
        ]
    rows += [
        (
            "RNN",
            {**LSTM, "nonlinearity": "relu"},
            (5, 3),
            Sequence(nn.RNN(3, 4, nonlinearity="relu", batch_first=True), False),
        )
    ]
    rows += [
        (
            "MultiheadAttention",
            {"embed_dim": 6, "num_heads": 2},
            (4, 6),
            Attention(nn.MultiheadAttention(6, 2, batch_first=True)),
        )
    ]
    rows += [
        (
            "MultiheadAttention",
            {"embed_dim": 6, "num_heads": 3, "bias": False},
            (4, 6),
            Attention(nn.MultiheadAttention(6, 3, bias=False, batch_first=True)),
        )
    ]
    encoder = {"d_model": 6, "nhead": 2, "dim_feedforward": 8}
    rows += [("TransformerEncoderLayer", encoder, (4, 6), nn.TransformerEncoderLayer(**encoder, batch_first=True))]
    first = {**encoder, "norm_first": True, "activation": "gelu"}
    rows += [("TransformerEncoderLayer", first, (4, 6), nn.TransformerEncoderLayer(**first, batch_first=True))]
    return rows


CASES = cases()
JOINED = [
    ("Add", {}, [(2, 3), (2, 3), (2, 3)], lambda a, b, c: a + b + c),
    ("Add", {}, [(2, 3), (1, 3)], torch.add),
    ("Sub", {}, [(2, 3), (2, 3)], torch.sub),
    ("Mul", {}, [(2, 3), (2, 1)], torch.mul),
    ("Div", {}, [(2, 3), (2, 3)], torch.div),
    ("Maximum", {}, [(2, 3), (2, 3)], torch.maximum),
    ("Minimum", {}, [(2, 3), (2, 3)], torch.minimum),
    ("Concat", {}, [(2, 3), (5, 3), (1, 3)], lambda *xs: torch.cat(xs, 1)),
    ("Concat", {"dim": -1}, [(2, 3), (2, 1)], lambda *xs: torch.cat(xs, -1)),
    ("Stack", {}, [(2, 3), (2, 3)], lambda *xs: torch.stack(xs, 1)),
    ("MatMul", {}, [(2, 3), (3, 4)], torch.matmul),
    (
        "MultiheadAttention",
        {"embed_dim": 6, "num_heads": 2},
        [(4, 6), (3, 6)],
        Attention(nn.MultiheadAttention(6, 2, batch_first=True)),
    ),
    (
        "MultiheadAttention",
        {"embed_dim": 6, "num_heads": 2},
        [(4, 6), (3, 6), (3, 6)],
        Attention(nn.MultiheadAttention(6, 2, batch_first=True)),
    ),
]


def names(rows: list[tuple]) -> list[str]:
    return [f"{row[0]} {','.join(f'{k}={v}' for k, v in row[1].items())}" for row in rows]


def test_every_type_has_a_case():
    assert {row[0] for row in (*CASES, *JOINED)} | {"LogSoftmax"} == set(LAYER_TYPES)


def explained(folder, kind, parameters, shapes, module):
    """Load the layer with a dense head behind it, and explain a unit; gives the explanation and what torch computes."""
    dtype = "int64" if kind == "Embedding" else "float32"
    module = module.eval() if isinstance(module, nn.Module) else module
    xs = [torch.randint(9, (3, *shape)) if dtype == "int64" else torch.randn(3, *shape) + 0.1 for shape in shapes]
    with torch.no_grad():
        value = xs[0] + module() if kind == "Parameter" else module(*xs)
    head = nn.Linear(value.flatten(1).shape[1], 2)
    state = module.state_dict() if isinstance(module, nn.Module) else {}
    tensors = {"a" if key == "own" else f"a.{key}": tensor for key, tensor in state.items()}
    torch.save(OrderedDict({**tensors, **{f"head.{k}": v for k, v in head.state_dict().items()}}), folder / "w.pt")
    inputs = [InputEntry(f"x{n}", list(shape), dtype=dtype) for n, shape in enumerate(shapes)]
    read = [entry.name for entry in inputs]
    layers = [LayerEntry("a", kind, parameters, inputs=[] if kind == "Parameter" else read)]
    if kind == "Parameter":
        layers += [LayerEntry("sum", "Add", inputs=["x0", "a"])]
    layers += [LayerEntry("flat", "Flatten")]
    layers += [LayerEntry("head", "Linear", {"in_features": head.in_features, "out_features": 2})]
    architecture = Architecture(1, inputs, layers)
    fitted = fit(architecture, lrp.open_weights(folder / "w.pt").tensors)
    assert fitted.problems == []
    if kind != "Parameter":
        assert fitted.shapes["a"] == (None, *value.shape[1:])
    network = lrp.load(folder / "w.pt", architecture)
    given = dict(zip(read, xs, strict=True))
    return lrp.explain(network, given, target=1), head(value.flatten(1)).detach()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # torch of its own module
@pytest.mark.parametrize(("kind", "parameters", "shape", "module"), CASES, ids=names(CASES))
def test_each_layer_type_is_torchs_own(tmp_path, kind, parameters, shape, module):
    torch.manual_seed(1)
    e, expected = explained(tmp_path, kind, parameters, [shape], module)
    torch.testing.assert_close(e.outputs["output"], expected, rtol=1e-4, atol=1e-5)
    total = e.inputs["x0"].flatten(1).sum(1) + sum(row.absorbed for row in e.ledger)
    torch.testing.assert_close(total, e.score, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "parameters", "shapes", "module"), JOINED, ids=names(JOINED))
def test_each_type_of_several_inputs_is_torchs_own(tmp_path, kind, parameters, shapes, module):
    torch.manual_seed(1)
    e, expected = explained(tmp_path, kind, parameters, shapes, module)
    torch.testing.assert_close(e.outputs["output"], expected, rtol=1e-4, atol=1e-5)
    total = sum(r.flatten(1).sum(1) for r in e.inputs.values()) + sum(row.absorbed for row in e.ledger)
    torch.testing.assert_close(total, e.score, rtol=1e-4, atol=1e-4)


def test_a_log_softmax_stands_at_the_end(tmp_path):
    torch.save({"head.weight": torch.randn(3, 4), "head.bias": torch.randn(3)}, tmp_path / "w.pt")
    layers = [LayerEntry("head", "Linear", {"in_features": 4, "out_features": 3}), LayerEntry("log", "LogSoftmax")]
    network = lrp.load(tmp_path / "w.pt", Architecture(1, [InputEntry("x", [4])], layers))
    x = torch.randn(2, 4)
    state = torch.load(tmp_path / "w.pt", weights_only=True)
    logits = F.linear(x, state["head.weight"], state["head.bias"])
    e = lrp.explain(network, x, target=1)
    torch.testing.assert_close(e.outputs["output"], logits.log_softmax(-1))
    torch.testing.assert_close(e.score, logits[:, 1])
