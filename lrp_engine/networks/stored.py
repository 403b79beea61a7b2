"""A network as a file that holds data only: a safetensors file, one of whose tensors is the graph as JSON.

Nothing in it can make this program call anything but the operations of the table: a node names an ATen operation, which
is looked up in the allow-list, or integer arithmetic, and its arguments are numbers, texts, earlier nodes and lists.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import torch
from torch.fx import Graph, Node

from ..errors import FormatError
from ..files import open_weights
from .graphs.graph import integer_functions
from .graphs.operations import is_allowed
from .network import Layer, Network, NetworkInput, NetworkOutput
from .tensors import to_torch

VERSION = 1
GRAPH = "graph"  # the tensor that holds the JSON

_TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (*_TYPES, torch.float16, torch.bfloat16)}
_FORMATS = {
    str(form).removeprefix("torch."): form
    for form in (torch.contiguous_format, torch.channels_last, torch.channels_last_3d, torch.preserve_format)
}
_OTHERS = {"strided": torch.strided, "cpu": torch.device("cpu"), "inf": math.inf, "-inf": -math.inf, "nan": math.nan}
_ATEN = re.compile(r"aten\.([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)")


class NotStorable(Exception):
    """The network holds what the format has no form for."""


# ------------------------------------------------------------------------------------------------- what is written


class Earlier(msgspec.Struct, tag="node", forbid_unknown_fields=True):
    """An argument: the value of the node with this number."""

    number: int


class Torchs(msgspec.Struct, tag="torch", forbid_unknown_fields=True):
    """An argument: a number format, a memory format, a layout, or a float that JSON does not know."""

    name: str


class Items(msgspec.Struct, tag="list", forbid_unknown_fields=True):
    """An argument: a list or a tuple."""

    items: list[Argument]
    is_tuple: bool = False


Argument = bool | int | float | str | Earlier | Torchs | Items | None


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A node. What its meta does not have is not set."""

    op: str
    name: str
    target: str
    args: list[Argument] = []
    kwargs: dict[str, Argument] = {}
    layer: str | msgspec.UnsetType = msgspec.UNSET
    module: str | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET
    shape: tuple[int | None, ...] | msgspec.UnsetType = msgspec.UNSET
    dtype: str | msgspec.UnsetType = msgspec.UNSET
    samples: tuple[int, int] | msgspec.UnsetType | None = msgspec.UNSET


class Held(msgspec.Struct, forbid_unknown_fields=True):
    """A tensor of the network: which one of the file it is, and the order in memory of its axes."""

    stored: str
    order: tuple[int, ...]


class Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The whole."""

    version: int
    name: str
    nodes: list[Entry]
    tensors: dict[str, Held]
    inputs: list[NetworkInput]
    outputs: list[NetworkOutput]
    layers: list[Layer]
    notes: list[str]
    parameters: list[str]
    metadata: dict[str, Any]
    checksum: int
    depends: dict[str, str] = {}


_TEXTS = ("layer", "module", "source")


def write(network: Network, stream: BinaryIO, depends: dict[str, str] | None = None) -> None:
    """Write a network.

    Parameters
    ----------
    depends : dict, optional
        Files by path, with their hashes, that it was made of beside those that everybody knows of.

    Raises
    ------
    NotStorable
        If an operation is not in the table, or an argument or tensor is of an unusual type; nothing is written then.
    OSError
        If there is no room.
    """
    numbers = {node: number for number, node in enumerate(network.graph.nodes)}
    nodes = [_entry(node, numbers) for node in network.graph.nodes]
    held: dict[str, Held] = {}
    arrays: dict[str, np.ndarray] = {}
    types: dict[str, tuple[str, list[int]]] = {}
    known: dict[tuple[Any, ...], str] = {}
    for name, tensor in network.tensors.items():
        if tensor.dtype not in _TYPES or tensor.layout is not torch.strided or tensor.device.type != "cpu":
            raise NotStorable(f"the tensor {name} is {tensor.dtype}")
        order = _order(tensor)
        identity = (tensor.data_ptr() or id(tensor), tensor.dtype, tensor.shape, tensor.stride())
        stored = known.setdefault(identity, f"t{len(known)}")
        held[name] = Held(stored, order)
        if stored not in arrays:
            dense = tensor.detach().permute(order).contiguous()
            arrays[stored] = dense.reshape(-1).view(torch.uint8).numpy()
            types[stored] = _TYPES[tensor.dtype], list(dense.shape)
    stored_graph = Stored(
        VERSION,
        network.name,
        nodes,
        held,
        list(network.inputs),
        list(network.outputs),
        list(network.layers),
        list(network.notes),
        sorted(network.parameters),
        _plain(network.metadata),
        _checksum(arrays.values()),
        depends or {},
    )
    content = np.frombuffer(msgspec.json.encode(stored_graph), np.uint8)
    types = {GRAPH: ("U8", [len(content)]), **types}
    _write_safetensors(stream, types, {GRAPH: content, **arrays})


def _plain(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        same = msgspec.json.decode(msgspec.json.encode(metadata)) == metadata
    except (TypeError, ValueError):
        same = False
    if not same:
        raise NotStorable("the metadata is more than plain values")
    return metadata


def _write_safetensors(
    stream: BinaryIO, types: dict[str, tuple[str, list[int]]], arrays: dict[str, np.ndarray]
) -> None:
    header, place = {}, 0
    for name, array in arrays.items():
        dtype, shape = types[name]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        stream.write(array.data)


def _order(tensor: torch.Tensor) -> tuple[int, ...]:
    """The axes from the one with the largest steps in memory to the one with the smallest."""
    order = tuple(sorted(range(tensor.dim()), key=lambda axis: -tensor.stride(axis)))
    return order if tensor.permute(order).is_contiguous() else tuple(range(tensor.dim()))


def _checksum(arrays: Any) -> int:
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(array, checksum)
    return checksum


def _entry(node: Node, numbers: dict[Node, int]) -> Entry:
    entry = Entry(node.op, node.name, _target(node))
    entry.args = [_argument(value, numbers) for value in node.args]
    entry.kwargs = {key: _argument(value, numbers) for key, value in node.kwargs.items()}
    for key in _TEXTS:
        if key in node.meta:
            setattr(entry, key, str(node.meta[key]))
    if "shape" in node.meta:
        entry.shape = tuple(node.meta["shape"])
    if "dtype" in node.meta:
        entry.dtype = str(node.meta["dtype"]).removeprefix("torch.")
    if "samples" in node.meta:
        entry.samples = node.meta["samples"]
    return entry


def _target(node: Node) -> str:
    if node.op != "call_function":
        return str(node.target)
    for name, function in integer_functions().items():
        if node.target is function:
            return name
    name = str(node.target)
    try:
        if _look_up(name) is node.target:
            return name
    except ValueError as error:
        raise NotStorable(str(error)) from error
    raise NotStorable(f"{name} is not the operation of this name")


def _argument(value: Any, numbers: dict[Node, int]) -> Argument:
    if isinstance(value, Node):
        return Earlier(numbers[value])
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return Items([_argument(item, numbers) for item in value], isinstance(value, tuple))
    for table in (_DTYPES, _FORMATS, _OTHERS):
        for name, known in table.items():
            if type(value) is type(known) and repr(value) == repr(known):
                return Torchs(name)
    raise NotStorable(f"an argument is a {type(value).__name__}")


# -------------------------------------------------------------------------------------------------- what is read


def read(path: Path, valid: Callable[[dict[str, str]], bool] = lambda _: True) -> Network | None:
    """Read a network.

    Parameters
    ----------
    valid : callable
        Whether the files that it depends on are still as they were.

    Returns
    -------
    Network or None
        None if `valid` says no.

    Raises
    ------
    FormatError
        If the file is damaged, or says what `write` never does.
    """
    weights = open_weights(path)
    if GRAPH not in weights.tensors or weights.kind != "safetensors":
        raise FormatError(f"{path.name} holds no stored network.")
    try:
        stored = msgspec.json.decode(weights.tensors[GRAPH].read().tobytes(), type=Stored)
        if stored.version != VERSION:
            raise FormatError(f"{path.name} is a stored network of version {stored.version}.")
        if not valid(stored.depends):
            return None
        graph = _graph(stored.nodes)
        read_once = {name: to_torch(info) for name, info in weights.tensors.items() if name != GRAPH}
        if _checksum(t.reshape(-1).view(torch.uint8).numpy() for t in read_once.values()) != stored.checksum:
            raise FormatError(f"The numbers in the stored network {path.name} are not those that were written.")
        tensors = {name: _ordered(read_once[entry.stored], entry.order) for name, entry in stored.tensors.items()}
        _check(graph, tensors, stored)
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise FormatError(f"The stored network {path.name} is damaged: {error}.") from error
    return Network(
        graph=graph,
        tensors=tensors,
        inputs=tuple(stored.inputs),
        outputs=tuple(stored.outputs),
        layers=tuple(stored.layers),
        notes=tuple(stored.notes),
        name=stored.name,
        parameters=frozenset(stored.parameters),
        metadata=stored.metadata,
    )


def _ordered(tensor: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    back = sorted(range(len(order)), key=order.__getitem__)
    return tensor.permute(back)


def _graph(entries: list[Entry]) -> Graph:
    graph = Graph()
    made: list[Node] = []
    for entry in entries:
        args = tuple(_value(value, made) for value in entry.args)
        kwargs = {key: _value(value, made) for key, value in entry.kwargs.items()}
        if entry.op not in {"placeholder", "get_attr", "call_function", "output"}:
            raise ValueError(f"a node that is {entry.op}")
        target: Any = entry.target
        if entry.op == "call_function":
            functions = integer_functions()
            target = functions[entry.target] if entry.target in functions else _look_up(entry.target)
        node = graph.create_node(entry.op, target, args, kwargs, name=entry.name)
        if node.name != entry.name:
            raise ValueError(f"two nodes called {entry.name}")
        node.meta = dict(_meta(entry))
        made.append(node)
    return graph


def _look_up(target: str) -> Any:
    """The operation of this name.

    Raises
    ------
    ValueError
        If the table does not have it.
    """
    match = _ATEN.fullmatch(target)
    if match is not None and is_allowed(match[1]):
        found = getattr(getattr(torch.ops.aten, match[1]), match[2], None)
        if isinstance(found, torch._ops.OpOverload):
            return found
    raise ValueError(f"the operation {target} is not in the table")


def _meta(entry: Entry) -> Iterator[tuple[str, Any]]:
    for key in (*_TEXTS, "shape", "samples"):
        value = getattr(entry, key)
        if value is not msgspec.UNSET:
            yield key, value
    if isinstance(entry.dtype, str):
        yield "dtype", _DTYPES[entry.dtype]


def _value(value: Argument, made: list[Node]) -> Any:
    if isinstance(value, Earlier):
        if not 0 <= value.number < len(made):
            raise ValueError("a node reads a later one")
        return made[value.number]
    if isinstance(value, Torchs):
        return {**_DTYPES, **_FORMATS, **_OTHERS}[value.name]
    if isinstance(value, Items):
        items = [_value(item, made) for item in value.items]
        return tuple(items) if value.is_tuple else items
    return value


def _check(graph: Graph, tensors: dict[str, torch.Tensor], stored: Stored) -> None:
    """The parts have to fit together, as the rest of the engine relies on it."""
    nodes = list(graph.nodes)
    taken = [str(node.target) for node in nodes if node.op == "placeholder"]
    missing = {str(node.target) for node in nodes if node.op == "get_attr"} - set(tensors)
    ends = [node for node in nodes if node.op == "output"]
    if missing or len(ends) != 1 or nodes[-1] is not ends[0] or taken != [entry.name for entry in stored.inputs]:
        raise ValueError("its nodes do not fit its inputs, tensors or outputs")
    results = ends[0].args[0] if ends[0].args else None
    if not isinstance(results, tuple) or len(results) != len(stored.outputs):
        raise ValueError("its outputs are not those that it names")
    if not {name for layer in stored.layers for name in layer.nodes} <= {node.name for node in nodes}:
        raise ValueError("a layer names a node that there is not")
