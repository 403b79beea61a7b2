"""The canonical form: compound operations are plain ones, functions written by hand are what they are."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.graphs.graph import evaluate, operation_name
from lrp_engine.networks.graphs.opened import SEVERAL
from tests.engine.captured import PLACES, RECURRENT, Function, one_thread, operations, same  # noqa: F401 – a fixture

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


# What no captured graph holds, whatever its arguments are.
GONE = (SEVERAL.keys() - PLACES - {"max", "min"}) | {
    *("scaled_dot_product_attention", "glu", "bmm", "mv", "dot", "baddbmm", "addbmm", "addmv", "addr", "outer"),
    *("addcmul", "addcdiv", "lerp", "diff", "rrelu", "dropout", "alpha_dropout", "copy", "type_as", "_softmax"),
}

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
    "formats": lambda x: x.to(torch.float64).double() + x.new_ones(6) + x.float().type_as(x.exp()),
    "of torch's own tables": lambda x: torch.cosine_similarity(x, x.exp(), 1) + F.pairwise_distance(x, x.exp()),
    "written in place": lambda x: x.clone().relu_().add_(1)[:, 1:].mul_(2),
    "written into": lambda x: torch.zeros_like(x).copy_(x) + x.clone().index_fill_(1, torch.tensor([2]), 1.0),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("function", COMPOUNDS.values(), ids=COMPOUNDS.keys())
def test_compound_operations_become_plain_ones(function):
    network = same(Function(function), (6,))
    assert not set(operations(network)) & GONE


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
