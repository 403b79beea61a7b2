"""The table of operations: ATen name -> kind. It is also the allow-list of what a weight file's graph may call.

A *kind* says how an operation hands relevance back; `family` splits a kind where composites tell its members apart.
Nothing here imports torch.
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
SHAPE: Final = "shape"  # yields integers, carries no relevance
OUTPUT: Final = "output activation"  # may only stand at the end, where its logit is explained

KINDS: Final = {
    AFFINE: "linear in its one live input: each input takes the share that it contributed",
    SUM: "several live inputs are added: each term takes its signed share",
    MOVEMENT: "values are moved: relevance goes back to where each value came from",
    ACTIVATION: "an elementwise function: relevance passes",
    SELECTION: "one of several values is chosen: the winner takes all",
    NORMALIZATION: "scaled and shifted by fixed statistics: merged into the map before it, or an affine map",
    OUTPUT: "the last function of a network: the logit before it is explained",
    SHAPE: "a size: an integer, no relevance",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: an ATen operation.

    Attributes
    ----------
    name : str
        Without namespace and overload: `"conv2d"`.
    kind : str
        One of `KINDS`.
    family : str
        "dense", "convolution", "scaling", "weightless" among affine maps; else the kind.
    zero_at_zero : bool
        For an activation: f(0) = 0, so that relevance can be carried as R = x·G.
    nonnegative : bool
        The result is never negative.
    keeps_sign : bool
        A non-negative input gives a non-negative result.
    """

    name: str
    kind: str
    family: str
    zero_at_zero: bool = True
    nonnegative: bool = False
    keeps_sign: bool = False


_CONVOLUTIONS: Final = (
    *("conv1d", "conv2d", "conv3d", "convolution"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
)


def _rows() -> list[Operation]:
    rows = [Operation(name, AFFINE, "dense") for name in ("linear", "addmm", "mm", "matmul")]
    rows += [Operation(name, AFFINE, "convolution") for name in _CONVOLUTIONS]
    rows += [Operation(name, AFFINE, "scaling") for name in ("mul", "div", "neg")]
    rows += [
        Operation(name, AFFINE, "weightless", keeps_sign=True)
        for name in (
            *("avg_pool1d", "avg_pool2d", "avg_pool3d"),
            *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d"),
            *("mean", "sum"),
        )
    ]
    rows += [Operation(name, SUM, "sum") for name in ("add", "sub")]
    rows += [
        Operation(name, MOVEMENT, "movement", keeps_sign=True)
        for name in (
            *("view", "reshape", "_unsafe_view", "flatten", "unflatten", "permute", "transpose", "t", "squeeze"),
            *("unsqueeze", "expand", "slice", "select", "narrow", "cat", "clone", "contiguous", "alias", "detach"),
            *("dropout", "feature_dropout", "pad", "constant_pad_nd", "flip", "roll", "lift_fresh_copy", "movedim"),
        )
    ]
    rows += [
        Operation(name, ACTIVATION, "activation", nonnegative=nonnegative, zero_at_zero=at_zero)
        for name, nonnegative, at_zero in (
            *(("relu", True, True), ("relu6", True, True), ("leaky_relu", False, True), ("elu", False, True)),
            *(("selu", False, True), ("gelu", False, True), ("silu", False, True), ("mish", False, True)),
            *(("tanh", False, True), ("hardtanh", False, False), ("hardswish", False, True)),
            *(("softplus", True, False), ("hardsigmoid", True, False), ("sigmoid", True, False)),
        )
    ]
    rows += [
        Operation(name, SELECTION, "selection", keeps_sign=True)
        for name in ("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool2d", "amax")
    ]
    rows += [Operation("batch_norm", NORMALIZATION, "batch norm")]
    rows += [Operation(name, OUTPUT, "output activation", nonnegative=True) for name in ("softmax", "_softmax")]
    rows += [Operation(name, OUTPUT, "output activation") for name in ("log_softmax", "_log_softmax", "log_sigmoid")]
    rows += [Operation("sym_size", SHAPE, "shape")]
    return rows


OPERATIONS: Final[dict[str, Operation]] = {row.name: row for row in _rows()}

# What may stand after the logits; a sigmoid elsewhere is an activation like any other.
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
_REWRITTEN: Final = frozenset({"_native_batch_norm_legit_no_training", "feature_alpha_dropout", "alpha_dropout"})


def is_allowed(name: str) -> bool:
    """Whether a graph that comes from a file may call the ATen operation `name` (without overload)."""
    return name in OPERATIONS or name in _REWRITTEN or (name.endswith("_") and name[:-1] in OPERATIONS)
