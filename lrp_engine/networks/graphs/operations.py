"""The table of operations: ATen name -> kind. It is also the allow-list of what a weight file's graph may call.

A *kind* says how an operation hands relevance back; `family` splits a kind where composites tell its members apart.
What an operation is can depend on how many of its inputs are live: `live_kind` says what it is with two of them, as a
product with a constant is a scaling, and one of two live values is not. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AFFINE: Final = "affine map"
SUM: Final = "sum"
MOVEMENT: Final = "movement"
ACTIVATION: Final = "activation"
SELECTION: Final = "selection"
NORMALIZATION: Final = "normalization"
PRODUCT: Final = "product"
QUOTIENT: Final = "quotient"
BILINEAR: Final = "bilinear"
SOFTMAX: Final = "softmax"
RECURRENT: Final = "recurrent"
LOOKUP: Final = "lookup"
CONSTANT: Final = "constant"
OUTPUT: Final = "output activation"  # may only stand at the end, where its logit is explained
UNSUPPORTED: Final = "unsupported"

KINDS: Final = {
    AFFINE: "linear in its one live input: each input takes the share that it contributed",
    SUM: "several live inputs are added: each term takes its signed share",
    MOVEMENT: "values are moved: relevance goes back to where each value came from",
    ACTIVATION: "an elementwise function: relevance passes",
    SELECTION: "one of several values is chosen: the winner takes all",
    NORMALIZATION: "scaled and shifted by statistics, which are held: merged into the map before it, or an affine map",
    PRODUCT: "two live values are multiplied: a bounded operand is a gate and the signal takes all, else half each",
    QUOTIENT: "one live value divided by another: the denominator is held",
    BILINEAR: "a matrix product of two live values: the weights of an attention are held, or half each",
    SOFTMAX: "a softmax inside the network: held, or its Taylor expansion, whose remainder is a sink",
    RECURRENT: "an LSTM, GRU or RNN, opened into its steps: its gates are held",
    LOOKUP: "an embedding: relevance ends at its vector and is summed for each token",
    OUTPUT: "the last function of a network: the logit before it is explained",
    CONSTANT: "a size, a mask, a position: carries no relevance",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: an ATen operation.

    Attributes
    ----------
    name : str
        Without namespace and overload: `"conv2d"`.
    kind : str
        One of `KINDS`, where one input is live.
    family : str
        "dense", "convolution", "scaling", "weightless" among affine maps; else the kind.
    live_kind : str
        What it is where two of its inputs are live; "" if that is the same.
    zero_at_zero : bool
        For an activation: f(0) = 0, so that relevance can be carried as R = x·G.
    """

    name: str
    kind: str
    family: str
    live_kind: str = ""
    zero_at_zero: bool = True


def _suffixed(name: str, suffixes: str) -> tuple[str, ...]:
    return tuple(f"{name}{suffix}" for suffix in suffixes.split())


_DENSE: Final = ("linear", "addmm", "mm", "matmul", "bmm", "mv", "dot", "einsum", "linalg_vecdot")
_CONVOLUTIONS: Final = (*_suffixed("conv", "1d 2d 3d"), "convolution", *_suffixed("conv_transpose", "1d 2d 3d"))
_WEIGHTLESS: Final = (
    *_suffixed("avg_pool", "1d 2d 3d"),
    *_suffixed("adaptive_avg_pool", "1d 2d 3d"),
    *("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "mean", "sum", "cumsum", "trace", "col2im"),
    *_suffixed("upsample_nearest", "1d 2d 3d"),
    *_suffixed("_upsample_nearest_exact", "1d 2d 3d"),
    *_suffixed("upsample_", "linear1d bilinear2d trilinear3d bicubic2d"),
    *("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "fft_fftshift", "affine_grid_generator"),
)
_OF_ONE: Final = ("grid_sampler", "scatter_add", "index_add")
_MOVEMENTS: Final = (
    *("view", "reshape", "_unsafe_view", "_reshape_alias", "flatten", "unflatten", "view_as", "reshape_as"),
    *("permute", "transpose", "t", "numpy_T", "mT", "swapaxes", "swapdims", "movedim", "moveaxis"),
    *("squeeze", "unsqueeze", "expand", "expand_as", "broadcast_to", "repeat", "tile", "repeat_interleave"),
    *("slice", "select", "narrow", "index_select", "index", "gather", "take_along_dim", "diagonal", "unfold", "im2col"),
    *(
        "where",
        "masked_fill",
        "tril",
        "triu",
        "cat",
        "concat",
        "stack",
        "flip",
        "roll",
        "rot90",
        "pixel_shuffle",
        "pixel_unshuffle",
    ),
    *("channel_shuffle", "native_channel_shuffle", "slice_scatter", "select_scatter", "index_put", "scatter"),
    *("clone", "contiguous", "alias", "detach", "detach_copy", "lift_fresh_copy", "dropout", "feature_dropout"),
    *("alpha_dropout", "feature_alpha_dropout", "to", "_to_copy", "type_as"),
    *("pad", "constant_pad_nd", *_suffixed("reflection_pad", "1d 2d 3d"), *_suffixed("replication_pad", "1d 2d 3d")),
)
_ACTIVATIONS: Final = (  # f(0) = 0
    *("relu", "relu6", "leaky_relu", "prelu", "_prelu_kernel", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
    *("tanh", "hardswish", "hardshrink", "softshrink", "erf", "abs", "square", "sqrt"),
    *("sin", "tan", "asin", "atan", "sinh", "asinh", "atanh", "expm1", "log1p", "sign", "trunc", "round", "nan_to_num"),
)
_ACTIVATIONS_NOT_ZERO: Final = (  # f(0) ≠ 0, or it depends on its settings
    *("hardtanh", "clamp", "clamp_min", "clamp_max", "clip", "threshold", "softplus", "hardsigmoid", "sigmoid"),
    *("exp", "exp2", "log", "log2", "log10", "rsqrt", "reciprocal", "pow", "cos", "acos", "cosh", "acosh", "erfc"),
    *("floor", "ceil", "logit", "log_sigmoid"),
)
_SELECTIONS: Final = (
    *_suffixed("max_pool", "1d 2d 3d"),
    *_suffixed("adaptive_max_pool", "1d 2d 3d"),
    *("amax", "amin", "max", "min", "maximum", "minimum"),
)
_CONSTANTS: Final = (
    *("arange", "full", "zeros", "ones", "empty", "eye", "linspace", "scalar_tensor", "full_like", "zeros_like"),
    *("ones_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty", "tril_indices", "triu_indices"),
    *("eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "logical_and", "logical_or", "logical_not"),
    *("logical_xor", "bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor", "__and__", "__or__", "any", "all"),
    *("argmax", "argmin", "argsort", "one_hot", "bucketize", "nonzero", "bitwise_left_shift", "bitwise_right_shift"),
    *("searchsorted", "meshgrid", "sym_size", "sym_numel", "sym_stride"),
    "lift",  # changes nothing: what others are measured by, as the scale of a dynamic quantization
)
_NOWHERE: Final = (  # of a live value they are statistics, which norms hold, or masks; no rule leads back through them
    *("var", "std", "linalg_vector_norm", "norm", "logsumexp", "prod", "cumprod", "topk", "sort"),
    *("remainder", "fmod", "floor_divide", "scatter_reduce", "linalg_det"),
)


def _rows() -> list[Operation]:
    rows = [Operation(name, AFFINE, "dense", BILINEAR) for name in _DENSE]
    rows += [Operation(name, AFFINE, "convolution", BILINEAR) for name in _CONVOLUTIONS]
    rows += [Operation("mul", AFFINE, "scaling", PRODUCT), Operation("div", AFFINE, "scaling", QUOTIENT)]
    rows += [Operation(name, AFFINE, "scaling") for name in ("neg", "positive")]
    rows += [Operation(name, AFFINE, "weightless") for name in _WEIGHTLESS]
    rows += [Operation("_trilinear", AFFINE, "weightless", BILINEAR)]
    # linear in the image, not in the grid; in what is added, where that is added to a constant
    rows += [Operation(name, AFFINE, "weightless", UNSUPPORTED) for name in _OF_ONE]
    rows += [Operation(name, SUM, "sum") for name in ("add", "sub", "rsub")]
    rows += [Operation(name, MOVEMENT, "movement") for name in _MOVEMENTS]
    rows += [Operation(name, ACTIVATION, "activation") for name in _ACTIVATIONS]
    rows += [Operation(name, ACTIVATION, "activation", zero_at_zero=False) for name in _ACTIVATIONS_NOT_ZERO]
    rows += [Operation(name, SELECTION, "selection") for name in _SELECTIONS]
    rows += [Operation("batch_norm", NORMALIZATION, "batch norm")]
    rows += [
        Operation(name, NORMALIZATION, name.replace("_", " "))
        for name in ("layer_norm", "rms_norm", "group_norm", "instance_norm")
    ]
    rows += [Operation(name, SOFTMAX, "softmax") for name in ("softmax", "_softmax")]
    rows += [Operation(name, OUTPUT, "output activation") for name in ("log_softmax", "_log_softmax")]
    rows += [Operation(name, RECURRENT, "recurrent") for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")]
    rows += [Operation(name, RECURRENT, "cell") for name in ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")]
    rows += [Operation("embedding", LOOKUP, "lookup")]
    rows += [Operation(name, CONSTANT, "constant") for name in _CONSTANTS]
    rows += [Operation(name, UNSUPPORTED, "statistic") for name in _NOWHERE]
    return rows


OPERATIONS: Final[dict[str, Operation]] = {row.name: row for row in _rows()}

# What may stand after the logits; elsewhere they are what their rows say.
OUTPUT_ACTIVATIONS: Final[dict[str, str]] = {
    "sigmoid": "sigmoid",
    "log_sigmoid": "log_sigmoid",
    "softmax": "softmax",
    "_softmax": "softmax",
    "log_softmax": "log_softmax",
    "_log_softmax": "log_softmax",
}

# Allowed in a file's graph although the engine never propagates through them: capture rewrites them first
# (in-place forms are allowed where the plain form is).
REWRITTEN: Final = frozenset(
    {
        *("_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm", "_fused_rms_norm"),
        *("scaled_dot_product_attention", "glu", "addbmm", "baddbmm", "addmv", "addr", "addcmul", "addcdiv", "lerp"),
        *("chunk", "split", "split_with_sizes", "tensor_split", "unbind", "unsafe_chunk", "unsafe_split"),
        *("max_pool2d_with_indices", "max_pool3d_with_indices", "hstack", "vstack", "dstack", "chain_matmul"),
        *("embedding_renorm", "hardtanh_", "native_dropout", "mode", "median", "kthvalue"),
    }
)


def is_allowed(name: str) -> bool:
    """Whether a graph that comes from a file may call the ATen operation `name` (without overload)."""
    return name in OPERATIONS or name in REWRITTEN or (name.endswith("_") and name[:-1] in OPERATIONS)


def table() -> str:
    """The table of kinds with their operations, as Markdown for the documentation."""
    lines = ["| kind | what happens to relevance | operations |", "|---|---|---|"]
    for kind, words in KINDS.items():
        names = [row.name for row in OPERATIONS.values() if kind in {row.kind, row.live_kind}]
        lines.append(f"| {kind} | {words} | {', '.join(f'`{name}`' for name in sorted(names))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 – what the module is run for
