"""A fully pickled model of torch.nn classes, built anew from its settings: nothing of the file is run or unpickled.

Each module is made by torch's own class, found by its name in a table, with the settings that stand in the file; the
tensors are put in afterwards. Everything is made without memory first, so that sizes that the file does not hold
cannot fill it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...errors import FormatError, LrpError, NeedsArchitecture
from ...files.modules_tree import Mention, ModuleTree
from ...files.tensors import shown
from .. import cache as kept_networks
from ..captured.filled import problems as misfits
from ..captured.filled import refuse_misfit
from ..captured.from_module import capture
from ..captured.guessed import Sizes, guess
from ..network import Network
from ..tensors import to_torch
from .pickled_kinds import KINDS, candidate

if TYPE_CHECKING:
    from ...files import WeightFile

MOST_MODULES = 20_000
_LARGEST = 2**31
_MOST_ITEMS = 64
# Settings by which a small input can become larger than the memory.
_WIDENING = frozenset({"scale_factor", "upscale_factor", "size", "output_size", "padding", "output_padding", "stride"})
_WIDEST = 4096
_NEVER = {"self", "device", "dtype", "_weight", "_freeze", "args", "kwargs"}
_RECURRENT = ("input_size", "hidden_size", "num_layers", "batch_first", "dropout", "bidirectional")
_FUNCTIONS = {"torch.nn.functional.relu": "relu", "torch.nn.functional.gelu": "gelu", "torch._C._nn.gelu": "gelu"}


def load_pickled(weights: WeightFile, *, sizes: Sizes | None = None, cache: bool = True) -> Network:
    """Make a network of a pickled model.

    Parameters
    ----------
    weights : WeightFile
        With `modules`.
    sizes : dict, optional
        As `guessed.guess` takes them.
    cache : bool
        Whether the network may come from the cache and be kept there.

    Raises
    ------
    NeedsArchitecture
        If the model holds classes that are not in the table; the sentence and its candidate name them.
    FormatError
        If its settings make no sense, or contradict its tensors.
    NeedsSizes, CaptureError
        If the inputs cannot be guessed, or the model cannot be captured.
    """
    found = candidate(weights)
    if found is None or weights.modules is None:
        raise NeedsArchitecture(f"{weights.path.name} holds no pickled model.")
    if found.problems:
        more = f" (and {len(found.problems) - 3} more)" if len(found.problems) > 3 else ""
        raise NeedsArchitecture(
            f"{weights.path.name} holds a pickled model that cannot be rebuilt from its settings: "
            f"{' '.join(found.problems[:3])}{more} Choose an architecture, or the Python file that defines it.",
            (found,),
        )
    options = {"source": "pickled module", "name": weights.path.stem, "sizes": dict(sizes or {})}
    return kept_networks.kept(lambda: _made(weights, sizes), weights.files, use=cache, **options)


def _made(weights: WeightFile, sizes: Sizes | None) -> Network:
    module = rebuild(weights)
    guessed = guess(module, sizes, what=f"The model in {weights.path.name}")
    network = capture(module, guessed.inputs, name=weights.path.stem, batch_axis=guessed.axes)
    network.notes = ("The pickled model was built anew from its settings.", *guessed.notes, *network.notes)
    return network


def rebuild(weights: WeightFile) -> nn.Module:
    """Build the module.

    Raises
    ------
    FormatError
        If a setting makes no sense, or the tensors are not those that the settings ask for.
    """
    assert weights.modules is not None
    builder = _Builder(weights)
    with torch.device("meta"):
        module = builder.module(weights.modules, "")
    builder.fill(weights.modules, module, "")
    meta = [name for name, tensor in [*module.named_parameters(), *module.named_buffers()] if tensor.is_meta]
    if meta:
        raise FormatError(f"{weights.path.name} lacks the tensor “{shown(meta[0])}” of its pickled model.")
    return module.eval()


class _Builder:
    def __init__(self, weights: WeightFile) -> None:
        self.weights = weights
        self.file = weights.path.name
        self.made: dict[int, nn.Module] = {}
        self.filled: set[int] = set()
        self.open: set[int] = set()
        self.tensors: dict[str, torch.Tensor] = {}

    def module(self, tree: ModuleTree, path: str) -> nn.Module:
        """The module of this part of the tree; a part that stands at two places is one module."""
        known = id(tree)
        if known in self.open:
            raise FormatError(f"The pickled model in {self.file} contains itself at “{shown(path)}”.")
        if known not in self.made:
            if len(self.open) > 100 or len(self.made) >= MOST_MODULES:
                raise FormatError(f"The pickled model in {self.file} is nested too deeply, or has too many modules.")
            self.open.add(known)
            try:
                self.made[known] = self._built(tree, path)
            except LrpError:
                raise
            except (TypeError, ValueError, RuntimeError, KeyError, AssertionError, OverflowError) as error:
                text = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
                raise FormatError(
                    f"The settings of “{shown(path or 'the model')}” ({KINDS.get(tree.kind, '?')}) in {self.file} make "
                    f"no sense: {text}."
                ) from error
            self.open.discard(known)
        return self.made[known]

    def _built(self, tree: ModuleTree, path: str) -> nn.Module:
        name = KINDS[tree.kind]
        kind: Callable[..., nn.Module] = getattr(nn, name)
        if name == "Sequential":
            made = nn.Sequential()
            for key, child in tree.children.items():
                if child is not None:
                    made.add_module(_plain_name(key), self.module(child, f"{path}.{key}".lstrip(".")))
            return made
        if name == "TransformerEncoder":
            return self._encoder(tree, path)
        if name in _SPECIAL:
            return kind(**_SPECIAL[name](tree))
        return kind(**_settings(tree, list(inspect.signature(kind).parameters)))

    def _encoder(self, tree: ModuleTree, path: str) -> nn.Module:
        held = tree.children["layers"]
        listed = list(held.children.items()) if held is not None else []
        layers = [self.module(child, f"{path}.layers.{key}".lstrip(".")) for key, child in listed if child is not None]
        norm = tree.children.get("norm")
        made = nn.TransformerEncoder(nn.TransformerEncoderLayer(2, 1), 0, enable_nested_tensor=False)
        made.layers = nn.ModuleList(layers)
        made.num_layers = len(layers)
        made.norm = None if norm is None else self.module(norm, f"{path}.norm".lstrip("."))
        return made

    def fill(self, tree: ModuleTree, module: nn.Module, path: str) -> None:
        """Put the tensors in."""
        if id(tree) in self.filled:
            return
        self.filled.add(id(tree))
        places: list[tuple[dict[str, str | None], dict[str, Any]]]
        places = [(tree.parameters, module._parameters), (tree.buffers, module._buffers)]
        for given, held in places:
            named = {key: name for key, name in given.items() if name is not None}
            wanted = {key: tuple(value.shape) for key, value in held.items() if value is not None}
            shapes = {key: self.weights.tensors[name].shape for key, name in named.items()}
            where = f"“{shown(path or 'the model')}” ({type(module).__name__}) as its settings describe it"
            refuse_misfit(misfits(wanted, shapes), where, self.file)
            for key, name in named.items():
                if key in wanted:
                    held[key] = self._tensor(name, learned=given is tree.parameters)
            for key in wanted.keys() - named.keys():  # counts of batches, which old versions did not have
                held[key] = torch.zeros((), dtype=torch.int64)
        for key, child in tree.children.items():
            if child is not None:
                self.fill(child, module.get_submodule(key), f"{path}.{key}".lstrip("."))
        if isinstance(module, nn.RNNBase):
            module._init_flat_weights()

    def _tensor(self, name: str, *, learned: bool) -> torch.Tensor:
        if name not in self.tensors:
            value = to_torch(self.weights.tensors[name])
            value = value.float() if value.is_floating_point() else value
            self.tensors[name] = nn.Parameter(value, requires_grad=False) if learned else value
        return self.tensors[name]


def _plain_name(key: str) -> str:
    if not key or "." in key or not key.isprintable():
        raise ValueError("a module's name is no name")
    return key


def _settings(tree: ModuleTree, names: list[str]) -> dict[str, Any]:
    """The arguments of these names, from the attributes of the same names."""
    found = {name: _plain(tree.attributes[name]) for name in names if name in tree.attributes and name not in _NEVER}
    for name in _WIDENING & found.keys():
        values = found[name] if isinstance(found[name], tuple) else (found[name],)
        if any(isinstance(value, int | float) and abs(value) > _WIDEST for value in values):
            raise ValueError(f"{name} is {found[name]}")
    if "bias" in names and "bias" in tree.parameters:
        found["bias"] = tree.parameters["bias"] is not None
    return found


def _plain(value: Any, depth: int = 2) -> Any:
    """A setting: a number of sensible size, a word, a truth value, None, or a few of these."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not abs(value) < _LARGEST and value not in (float("inf"), float("-inf")):
            raise ValueError(f"a setting is {value}")
        return value
    if isinstance(value, str) and len(value) < 100:
        return value
    if isinstance(value, list | tuple) and depth and len(value) <= _MOST_ITEMS:
        return tuple(_plain(item, depth - 1) for item in value)
    raise ValueError("a setting is no plain value")


def _recurrent(tree: ModuleTree, *more: str) -> dict[str, Any]:
    found = _settings(tree, [*_RECURRENT, *more])
    found["bias"] = bool(tree.attributes.get("bias", True))
    if not 0 < found.get("num_layers", 1) <= len(tree.parameters):
        raise ValueError(f"it has {found['num_layers']} layers, but {len(tree.parameters)} tensors")
    return found


def _attention(tree: ModuleTree) -> dict[str, Any]:
    found = _settings(tree, ["embed_dim", "num_heads", "dropout", "add_zero_attn", "kdim", "vdim", "batch_first"])
    found["bias"] = tree.parameters.get("in_proj_bias") is not None
    found["add_bias_kv"] = tree.parameters.get("bias_k") is not None
    return found


def _encoder_layer(tree: ModuleTree) -> dict[str, Any]:
    attention, linear, norm = (tree.children[key] for key in ("self_attn", "linear1", "norm1"))
    if attention is None or linear is None or norm is None:
        raise ValueError("one of its parts is missing")
    activation = tree.attributes.get("activation", Mention("torch.nn.functional.relu"))
    if str(activation) not in _FUNCTIONS:
        raise ValueError(f"its activation is {shown(activation)}")
    inner = _attention(attention)
    return {
        "d_model": inner["embed_dim"],
        "nhead": inner["num_heads"],
        "dim_feedforward": _plain(linear.attributes["out_features"]),
        "activation": _FUNCTIONS[str(activation)],
        "layer_norm_eps": _plain(norm.attributes["eps"]),
        "batch_first": inner.get("batch_first", False),
        "norm_first": bool(tree.attributes.get("norm_first", False)),
        "bias": linear.parameters.get("bias") is not None,
    }


# Classes whose settings are not all kept under the names of their arguments.
_SPECIAL: dict[str, Callable[[ModuleTree], dict[str, Any]]] = {
    "LSTM": lambda tree: _recurrent(tree, "proj_size"),
    "GRU": _recurrent,
    "RNN": lambda tree: _recurrent(tree, "nonlinearity"),
    "MultiheadAttention": _attention,
    "TransformerEncoderLayer": _encoder_layer,
}
