"""Which classes of a pickled model are rebuilt, by name: layers of torch.nn whose settings stand in it. No torch.

A class that is not listed is never looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...files.tensors import shown
from ..candidate import Candidate

if TYPE_CHECKING:
    from ...files import WeightFile
    from ...files.modules_tree import ModuleTree


def _dims(name: str) -> str:
    return " ".join(f"{name}{dims}d" for dims in (1, 2, 3))


# Module of torch.nn -> its classes that are made of their settings.
_LAYERS: Final = {
    "linear": "Identity Linear",
    "conv": f"{_dims('Conv')} {_dims('ConvTranspose')}",
    "batchnorm": _dims("BatchNorm"),
    "instancenorm": _dims("InstanceNorm"),
    "normalization": "LayerNorm GroupNorm RMSNorm LocalResponseNorm",
    "pooling": " ".join(_dims(name) for name in ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool"))
    + " LPPool1d LPPool2d",
    "activation": "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish "
    "PReLU ReLU ReLU6 RReLU SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink "
    "Threshold MultiheadAttention",
    "dropout": f"Dropout {_dims('Dropout')} AlphaDropout FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "padding": " ".join(_dims(name) for name in ("ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad")),
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "channelshuffle": "ChannelShuffle",
    "upsampling": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
    "fold": "Fold Unfold",
    "sparse": "Embedding",
    "rnn": "LSTM GRU RNN",
    "transformer": "TransformerEncoderLayer TransformerEncoder",
    "container": "Sequential",
}
KINDS: Final[dict[str, str]] = {
    f"torch.nn.modules.{module}.{name}": name for module, names in _LAYERS.items() for name in names.split()
}
# These stand only in classes of the table, which say what is done with them.
_INSIDE: Final = {
    "torch.nn.modules.container.ModuleList": "TransformerEncoder",
    "torch.nn.modules.linear.NonDynamicallyQuantizableLinear": "MultiheadAttention",
    "torch.nn.modules.linear._LinearWithBias": "MultiheadAttention",
}
_HOOKS: Final = (
    *("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"),
    *("_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs"),
)


def problems(tree: ModuleTree) -> tuple[str, ...]:
    """Say what of a pickled model cannot be rebuilt from its settings, a sentence for each class or module."""
    found: dict[str, None] = {}
    for path, module in tree.walk():
        where = f"“{shown(path)}”" if path else "The model itself"
        for key, child in module.children.items():
            needed = _INSIDE.get(child.kind) if child is not None else None
            if needed is not None and KINDS.get(module.kind) != needed:
                at = f"{path}.{key}" if path else key
                found[f"“{shown(at)}” is a {_short(child.kind)}, and what is done with it stands in code."] = None  # type: ignore[union-attr]
        if module.kind not in KINDS and module.kind not in _INSIDE:
            found[f"{where} is a {shown(module.kind)}, whose code the file does not hold."] = None
        elif not path and module.kind in _INSIDE:
            found[f"{where} is a {_short(module.kind)}, and what is done with it stands in code."] = None
        if any(module.attributes.get(hooks) for hooks in _HOOKS):
            found[f"{where} has hooks, which are code."] = None
    return tuple(found)


def candidate(weights: WeightFile) -> Candidate | None:
    """The model in a fully pickled file, as a way to make a network of it; None if the file holds no such model."""
    tree = weights.modules
    if tree is None:
        return None
    against = problems(tree)
    name = _short(tree.kind)
    count = sum(1 for _ in tree.walk())
    reason = f"The file holds a whole {name} of {count} module{'s' if count != 1 else ''}, "
    reason += "parts of which only their own code can rebuild." if against else "all of torch.nn, with their settings."
    return Candidate("module", f"The pickled {name}", reason, 0.1 if against else 1.0, against)


def _short(kind: str) -> str:
    return shown(kind.rpartition(".")[2])
