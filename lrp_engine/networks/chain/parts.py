"""Which layers the tensors of a state dict belong to: told by their names and shapes, without torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...files import TensorInfo

# The last part of a tensor's name, for the layers of torch.nn.
_LEAF = re.compile(
    r"^(?:(?P<path>.+)\.)?(?P<leaf>weight|bias|running_mean|running_var|num_batches_tracked|in_proj_weight|in_proj_bias|"
    r"(?:weight|bias)_(?:ih|hh|hr)_l\d+(?:_reverse)?|weight_[guv]|weight_orig|weight_mask|bias_orig|bias_mask|"
    r"parametrizations\.\w+\.\w+)$"
)
# Of files whose names have no dots: fc1_weight, fc1/bias.
_FLAT = re.compile(r"^(?P<path>.+)[/_](?P<leaf>weight|bias|running_mean|running_var|num_batches_tracked)$")
# Of layers that torch quantised: their weight and bias in one, and how what they give is rounded.
_PACKED = re.compile(r"^(?P<path>.+)\._packed_params\._packed_params\.(?P<leaf>[01])$")
_ROUNDED = re.compile(r"^(?P<path>.+\.)?(scale|zero_point)$")
_REPARAMETRISED = re.compile(r"^(weight_[guv]|weight_orig|weight_mask|bias_orig|bias_mask|parametrizations\..*)$")
_EMBEDDING = re.compile(r"emb|wte|wpe|token|vocab|lookup", re.IGNORECASE)
_POSITION = re.compile(r"pos|wpe|(^|\.)pe$", re.IGNORECASE)
_ACTIVATION = re.compile(r"prelu|(^|\.)(act|relu|activation)\d*$", re.IGNORECASE)
_TRANSPOSED = re.compile(r"trans|deconv|convt|t_conv|upconv|(^|\.|_)up(\.|_|\d|$)|dec", re.IGNORECASE)
GATES = {4: "LSTM", 3: "GRU", 1: "RNN"}

# What a part does to the value that runs through the chain.
DENSE, CONVOLUTION, TRANSPOSED, NORM, ACTIVATION = "dense", "convolution", "transposed", "norm", "activation"
EMBEDDING, POSITION, RECURRENT, ENCODER, ATTENTION = "embedding", "position", "recurrent", "encoder", "attention"


@dataclass(slots=True, eq=False)
class Part:
    """A layer that was found.

    Attributes
    ----------
    path : str
        The prefix of its tensors.
    sort : str
        What it does, in the words above.
    type : str
        In `architecture.json`; "" for a norm, whose type depends on what it stands behind.
    parameters : dict
        As far as the tensors tell.
    reads, gives : int
        Channels or features.
    kernel : tuple of int
        Of a convolution.
    tensors : tuple of str
        Their names in the weights.
    renamed : dict of str to str
        Names in torch.nn -> names in the weights, where these are not joined by a dot.
    """

    path: str
    sort: str
    type: str
    parameters: dict[str, Any]
    reads: int
    gives: int
    kernel: tuple[int, ...] = ()
    tensors: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def container(self) -> str:
        """The path of the module that it is in."""
        return self.path.rpartition(".")[0]

    @property
    def number(self) -> int | None:
        """Its place in an nn.Sequential; None if it has a name of its own."""
        last = self.path.rpartition(".")[2]
        return int(last) if last.isdigit() else None


@dataclass(slots=True)
class Parts:
    """The layers in the file's order, and the tensors that belong to none, with a sentence for each.

    `rounding` are those that only say how a quantised layer rounds what it gives.
    """

    parts: list[Part] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    rounding: list[str] = field(default_factory=list)


def parts_of(tensors: Mapping[str, TensorInfo]) -> Parts:
    """Group tensors into layers."""
    groups: dict[str, dict[str, TensorInfo]] = {}
    found = Parts()
    flat = not any("." in name for name in tensors)
    quantised = any(info.quantization is not None for info in tensors.values())
    packed: dict[str, dict[str, str]] = {}
    for name, info in tensors.items():
        match = (_FLAT.match(name) if flat else None) or _LEAF.match(name)
        if match is not None:
            groups.setdefault(match["path"] or "", {})[match["leaf"]] = info
        elif (match := _PACKED.match(name)) is not None:
            leaf = "bias" if match["leaf"] == "1" else "weight"
            groups.setdefault(match["path"], {})[leaf] = info
            packed.setdefault(match["path"], {})[leaf] = name
        elif quantised and prod(info.shape) == 1 and _ROUNDED.match(name):
            found.rounding.append(name)
        elif _POSITION.search(name) and len(info.shape) in {2, 3} and info.dtype.startswith(("float", "bfloat")):
            groups[name] = {"": info}
        else:
            found.left[name] = (
                f"The tensor “{name}” ({_say(info.shape)}) belongs to no layer that is known by its name."
            )
    whole = _wholes(groups)
    for path, leaves in groups.items():
        of = next((other for other in whole if path == other or path.startswith(f"{other}.")), None)
        if of is not None:
            if whole[of] not in found.parts:
                found.parts.append(whole[of])
            continue
        part = _part(path, leaves)
        names = [_join(path, leaf) for leaf in leaves]
        if isinstance(part, Part):
            if flat and path:
                mark = "/" if f"{path}/{next(iter(leaves))}" in tensors else "_"
                names = [f"{path}{mark}{leaf}" for leaf in leaves]
                whole_names = zip(leaves, names, strict=True)
                part.renamed = {leaf: name for leaf, name in whole_names if leaf != "num_batches_tracked"}
            if path in packed:
                part.renamed = packed[path]
                names = list(packed[path].values())
            part.tensors = tuple(names)
            found.parts.append(part)
        else:
            found.left |= dict.fromkeys(names[:1], part)
    _settle_transposed(found.parts, tensors)
    _settle_embeddings(found.parts)
    return found


def reparametrised(tensors: Mapping[str, TensorInfo]) -> str:
    """Say of the first layer that is stored with a weight norm or the like that no architecture helps; else nothing."""
    for name in tensors:
        match = _LEAF.match(name)
        if match is not None and _REPARAMETRISED.match(match["leaf"]):
            return _stored_otherwise(match["path"] or "the top", name)
    return ""


def _stored_otherwise(layer: str, tensor: str) -> str:
    return (
        f"The layer “{layer}” is stored with a reparametrised weight (“{tensor}”); save the network again after the "
        "weight norm, spectral norm or pruning was removed."
    )


def _join(path: str, leaf: str) -> str:
    return ".".join(part for part in (path, leaf) if part)


def _say(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "one number"


# ------------------------------------------------------------------------------------------------ modules of several


def _wholes(groups: Mapping[str, dict[str, TensorInfo]]) -> dict[str, Part]:
    """torch.nn's attention and encoder layers, whose parts are not layers of the chain; by their path."""
    found = {}
    for path, leaves in groups.items():
        weight = leaves.get("in_proj_weight")
        if weight is None or len(weight.shape) != 2 or f"{path}.out_proj" not in groups:
            continue
        width, bias = weight.shape[1], "in_proj_bias" in leaves
        parent = path.rpartition(".")[0]
        own = {f"{parent}.{name}" for name in ("linear1", "linear2", "norm1", "norm2")}
        if path.endswith(".self_attn") and own <= groups.keys():
            if f"{parent}.norm3" in groups:
                continue  # of a decoder, which reads two values
            hidden = groups[f"{parent}.linear1"]["weight"].shape[0]
            given = {"d_model": width, "nhead": _heads(width), "dim_feedforward": hidden}
            part = Part(parent, ENCODER, "TransformerEncoderLayer", given, width, width)
        else:
            given = {"embed_dim": width, "num_heads": _heads(width)}
            part = Part(path, ATTENTION, "MultiheadAttention", given, width, width)
        if not bias:
            part.parameters["bias"] = False
        inside = [
            (other, leaf) for other in groups for leaf in groups[other] if f"{other}.".startswith(f"{part.path}.")
        ]
        part.tensors = tuple(_join(other, leaf) for other, leaf in inside)
        found[part.path] = part
    return found


def _heads(width: int) -> int:
    """A usual number of heads: of 64 features each, else as many up to 8 as divide the width."""
    if width % 64 == 0 and width >= 128:
        return width // 64
    return next(count for count in (8, 4, 2, 3, 5, 7, 1) if width % count == 0)


# ------------------------------------------------------------------------------------------------ one layer


def _part(path: str, leaves: Mapping[str, TensorInfo]) -> Part | str:
    """The layer that has these tensors; a sentence, if there is none."""
    name = path or "the top"
    odd = [leaf for leaf in leaves if _REPARAMETRISED.match(leaf)]
    if odd:
        return _stored_otherwise(name, _join(path, odd[0]))
    if "weight_ih_l0" in leaves:
        return _recurrent(path, leaves)
    if "running_mean" in leaves:
        size = leaves["running_mean"].shape[0] if leaves["running_mean"].shape else 0
        affine = {} if "weight" in leaves else {"affine": False}
        return Part(path, NORM, "BatchNorm", {"num_features": size, **affine}, size, size)
    info = leaves.get("", leaves.get("weight"))
    if info is None:
        return f"The tensors of “{name}” ({', '.join(leaves)}) are those of no layer that is known by its name."
    shape, bias = info.shape, leaves.get("bias")
    if "" in leaves:
        return Part(path, POSITION, "Parameter", {"shape": list(shape)}, shape[-1], shape[-1])
    if len(shape) == 1:
        return _of_vectors(path, shape[0], bias is not None)
    plain = {} if bias is not None else {"bias": False}
    if len(shape) == 2:
        rows, columns = shape
        if bias is None and _EMBEDDING.search(path):
            return _embedding(path, shape)
        return Part(path, DENSE, "Linear", {"in_features": columns, "out_features": rows, **plain}, columns, rows)
    if 3 <= len(shape) <= 5:
        return _convolution(path, shape, None if bias is None else bias.shape[0], plain)
    return f"The tensor “{_join(path, 'weight')}” ({_say(shape)}) is the weight of no layer that is known."


def _of_vectors(path: str, size: int, bias: bool) -> Part:
    """A norm without statistics, or an activation that learned its slopes."""
    if not bias and (size == 1 or _ACTIVATION.search(path)):
        return Part(path, ACTIVATION, "PReLU", {"num_parameters": size} if size > 1 else {}, size, size)
    return Part(path, NORM, "" if bias else "RMSNorm", {}, size, size)


def _embedding(path: str, shape: Sequence[int]) -> Part:
    given = {"num_embeddings": shape[0], "embedding_dim": shape[1]}
    if _POSITION.search(path):
        return Part(path, POSITION, "Parameter", {"shape": list(shape)}, shape[1], shape[1])
    return Part(path, EMBEDDING, "Embedding", given, 0, shape[1])


def _convolution(path: str, shape: Sequence[int], bias: int | None, plain: dict[str, Any]) -> Part:
    told = bias is not None and shape[0] != shape[1]  # there is one bias for each channel that it gives
    transposed = bias == shape[1] if told else bool(_TRANSPOSED.search(path))
    return _oriented(path, shape, plain, transposed=transposed)


def _oriented(path: str, shape: Sequence[int], plain: dict[str, Any], *, transposed: bool) -> Part:
    kernel = tuple(shape[2:])
    size = kernel[0] if len(set(kernel)) == 1 else list(kernel)
    reads, gives = (shape[0], shape[1]) if transposed else (shape[1], shape[0])
    kind = f"Conv{'Transpose' if transposed else ''}{len(kernel)}d"
    given = {"in_channels": reads, "out_channels": gives, "kernel_size": size, **plain}
    return Part(path, TRANSPOSED if transposed else CONVOLUTION, kind, given, reads, gives, kernel)


def _recurrent(path: str, leaves: Mapping[str, TensorInfo]) -> Part | str:
    first, again = leaves["weight_ih_l0"].shape, leaves.get("weight_hh_l0")
    if again is None or len(first) != 2 or len(again.shape) != 2:
        return f"The tensors of “{path}” are those of no recurrent layer."
    hidden = again.shape[1]
    kind = GATES.get(first[0] // hidden if hidden else 0)
    if kind is None or "weight_hr_l0" in leaves:
        return f"The recurrent layer “{path}” has {first[0]} rows for {hidden} units, as no LSTM, GRU or RNN has."
    layers = sum(1 for leaf in leaves if re.fullmatch(r"weight_ih_l\d+", leaf))
    given: dict[str, Any] = {"input_size": first[1], "hidden_size": hidden}
    if layers > 1:
        given["num_layers"] = layers
    ways = 1
    if "weight_ih_l0_reverse" in leaves:
        given["bidirectional"] = True
        ways = 2
    if "bias_ih_l0" not in leaves:
        given["bias"] = False
    return Part(path, RECURRENT, kind, given, first[1], ways * hidden)


def _settle_transposed(parts: list[Part], tensors: Mapping[str, TensorInfo]) -> None:
    """Where no bias tells which way round a convolution is, the norm behind it does, or else the layer before it."""
    for number, part in enumerate(parts):
        if part.sort != CONVOLUTION or "bias" not in part.parameters or part.reads == part.gives:
            continue
        behind = parts[number + 1] if number + 1 < len(parts) else None
        before = next((one for one in reversed(parts[:number]) if one.sort != NORM), None)
        if behind is not None and behind.sort == NORM and _stand_together(part, behind):
            turned = behind.reads == part.reads != part.gives
        else:
            turned = before is not None and before.sort == TRANSPOSED and before.gives == part.gives
        if turned:
            name = next(name for name in part.tensors if len(tensors[name].shape) > 2)
            shape = tensors[name].shape
            parts[number] = _oriented(part.path, shape, {"bias": False}, transposed=True)
            parts[number].tensors, parts[number].renamed = part.tensors, part.renamed


def _stand_together(part: Part, norm: Part) -> bool:
    """Whether a norm is a layer's own: the next in an nn.Sequential, or of the same numbers in their names."""
    if part.number is not None and norm.number is not None:
        return part.container == norm.container and norm.number == part.number + 1
    return re.findall(r"\d+", part.path) == re.findall(r"\d+", norm.path)


def _settle_embeddings(parts: list[Part]) -> None:
    """A dense layer without bias is a table of tokens, if the layers of a sequence read its rows and there is none."""
    if any(part.sort == EMBEDDING for part in parts):
        return
    tables = [part for part in parts if part.sort == DENSE and "bias" in part.parameters and part.reads != part.gives]
    following = next((part for part in parts[1:] if part.sort in {DENSE, CONVOLUTION, RECURRENT, ENCODER}), None)
    sequence = next((part for part in parts if part.sort in {RECURRENT, ENCODER}), None)
    for part in tables:
        leads = part is parts[0] and following is not None and following.reads == part.reads
        if leads or (sequence is not None and sequence.reads == part.reads):
            found = _embedding(part.path, (part.gives, part.reads))
            found.tensors, found.renamed = part.tensors, part.renamed
            parts.remove(part)
            parts.insert(0, found)
            return
