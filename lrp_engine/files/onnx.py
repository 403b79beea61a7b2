"""ONNX models as data: the graph, its initialisers and what the model says of itself, without the onnx package.

A reader of its own, so that numbers stay in the file until they are asked for, and what a hostile file can cost is
bounded.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import FormatError
from . import onnx_fields as fields
from .onnx_layers import LayerNames
from .onnx_model import OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxReference, OnnxValue
from .onnx_tensors import MOST_TENSORS, TensorReader
from .protobuf import BYTES, LONGEST_TEXT, VARINT, Message, Place, Wire
from .tensors import TensorInfo, check_unchanged, file_stamp, shown
from .weightfile import LARGEST_EXTRA, Candidate, FileNode, Found, WeightFile, tell_nobody

DEEPEST_GRAPH = 24  # If and Loop hold graphs of their own
MOST_NODES = 100_000

# ------------------------------------------------------------------------------------------------ recognising


def looks_like_onnx(candidate: Candidate) -> bool:
    """Whether it is a protocol buffer whose first fields are those of a model.

    There is no magic number: the fields' numbers and kinds have to be the model's, up to its graph, and the graph's
    first field one of a graph.
    """
    if candidate.head[:1] not in {bytes([number << 3 | kind]) for number, kind in _wires(fields.MODEL) if number < 16}:
        return False
    if not any(byte < 9 for byte in candidate.head):
        return False  # a text; a model's first fields hold small numbers
    wire = Wire(candidate.head, candidate.path.name, most=64)
    known, texts = set(_wires(fields.MODEL)), 0
    try:
        for number, kind, value in wire.fields((0, candidate.size)):
            if (number, kind) not in known or (number == 1 and not 0 < value < 1000):
                return False
            if number == 7:
                first = next(iter(wire.fields(value)), None)
                return first is None or first[:2] in {*_wires(fields.GRAPH), (10, BYTES), (14, BYTES), (16, BYTES)}
            if number in {2, 3, 4}:
                texts += 1
                if value[1] - value[0] > LONGEST_TEXT:
                    return False
    except IndexError:
        return True  # what is beyond the first bytes is not looked at
    except FormatError:
        return texts > 0  # of a file that was cut off or damaged, the beginning counts
    return False


def _wires(message: Message) -> list[tuple[int, int]]:
    return [(number, VARINT if entry.kind == "int" else BYTES) for number, entry in message.items()]


# ------------------------------------------------------------------------------------------------ opening


def open_onnx(candidate: Candidate) -> WeightFile:
    """Read an ONNX model's tensors, its nodes, and what it says of itself.

    Raises
    ------
    FormatError
        If it is damaged, or keeps numbers outside its folder.
    """
    model = read_onnx(candidate.path, told=candidate.found)
    graph, tensors = model.graph, {}
    tensors.update(graph.initializers)
    tensors.update(graph.sparse_initializers)
    roles = {
        name: "weight" if "float" in info.dtype or info.dtype in _QUANTIZED else "constant"
        for name, info in tensors.items()
    }
    for node in graph.nodes:
        if node.operation == "BatchNormalization":
            roles.update({name: "buffer" for name in node.inputs[3:5] if name in tensors})
        elif node.operation == "Constant" and node.domain in {"", "ai.onnx"} and node.outputs:
            for value in node.attributes.values():
                if isinstance(value, TensorInfo) and node.outputs[0] not in tensors:
                    tensors[node.outputs[0]] = replace(value, name=node.outputs[0])
                    roles[node.outputs[0]] = "constant"
    return WeightFile(
        candidate.path,
        "ONNX model",
        "onnx",
        tensors,
        model.metadata,
        model.notes,
        roles=roles,
        files=model.files,
        extra=model.extra,
        graph=lambda: _listed(graph),
    )


_QUANTIZED = {"int8", "uint8", "int4", "uint4", "int2", "uint2"}


def _listed(graph: OnnxGraph) -> tuple[FileNode, ...]:
    names = LayerNames(graph.nodes, {**graph.initializers, **graph.sparse_initializers})
    return tuple(
        FileNode(node.name, _called(node), node.inputs, node.outputs, names.of(node)[0]) for node in graph.nodes
    )


def _called(node: OnnxNode) -> str:
    return node.operation if node.domain in {"", "ai.onnx"} else f"{node.domain}.{node.operation}"


def read_onnx(path: str | Path, *, value_info: bool = False, told: Found = tell_nobody) -> OnnxModel:
    """Read an ONNX model: the whole graph, but no numbers.

    Parameters
    ----------
    path : path
    value_info : bool
        Also read what the model states of the shapes of inner values.
    told : callable
        Called with each of the graph's tensors.

    Raises
    ------
    FormatError
        If it is damaged, has more parts than any model needs, or keeps numbers outside its folder.
    """
    path = Path(path)
    try:
        stamp = file_stamp(path)
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            check_unchanged(path, stamp)
            wire = Wire(data, f"The ONNX model {path.name}")
            return _Reader(wire, TensorReader(wire, path, stamp), value_info, told).model()
    except (OSError, ValueError) as error:
        raise FormatError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


LACKING = "Numbers of this model lie in files that are not beside it"  # how the note on them begins


class _Reader:
    def __init__(self, wire: Wire, tensors: TensorReader, value_info: bool, told: Found) -> None:
        self.wire = wire
        self.tensors = tensors
        self.file = wire.file
        self.value_info = value_info
        self.told = told
        self.nodes = 0

    def model(self) -> OnnxModel:
        said = self.wire.read(self.wire.whole, fields.MODEL)
        if len(said["graph"]) != 1:
            raise FormatError(
                f"{self.file} holds {len(said['graph'])} graphs where an ONNX model has one: it is damaged."
            )
        opsets = self._opsets(said["opset_import"])
        graph = self._graph(said["graph"][0], 0)
        functions: dict[tuple[str, str, str], OnnxFunction] = {}
        for place in said["functions"]:
            function = self._function(place, opsets)
            functions[function.domain, function.name, function.overload] = function
        notes = []
        if said["training_info"]:
            notes.append("What the model says on its training is left out.")
        missing = [shown(name) for name, region in self.tensors.files.items() if region is None]
        if missing:
            notes.append(f"{LACKING}: {', '.join(missing[:5])}.")
        here = self.tensors.path
        files = (here, *(here.parent / name for name, region in self.tensors.files.items() if region is not None))
        metadata, extra = self._metadata(said, opsets, graph, functions)
        return OnnxModel(here, opsets, graph, functions, metadata, tuple(notes), files, extra)

    def _opsets(self, places: list[Place]) -> dict[str, int]:
        found = {}
        for place in places:
            said = self.wire.read(place, fields.OPSET)
            domain = said["domain"] or ""
            found["" if domain == "ai.onnx" else domain] = said["version"] or 1
        return found

    def _metadata(
        self, said: dict[str, Any], opsets: dict[str, int], graph: OnnxGraph, functions: dict[Any, OnnxFunction]
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        listed: dict[str, Any] = {
            "IR version": said["ir_version"],
            "opset": ", ".join(f"{shown(domain)} {version}".strip() for domain, version in list(opsets.items())[:20]),
            "producer": shown(f"{said['producer_name'] or ''} {said['producer_version'] or ''}".strip()),
            "domain": shown(said["domain"] or ""),
            "model version": said["model_version"],
            "description": self.wire.opening(said["doc_string"]) if said["doc_string"] else "",
            "graph": shown(graph.name),
            "inputs": _declared([v for v in graph.inputs if v.name not in graph.initializers]),
            "outputs": _declared(graph.outputs),
            "functions": ", ".join(shown(f"{domain}.{name}") for domain, name, _ in list(functions)[:20]),
        }
        extra: dict[str, bytes] = {}
        for place in said["metadata_props"][:100]:
            entry = self.wire.read(place, fields.PROPERTY)
            key, (start, end) = entry["key"] or "", entry["value"] or (0, 0)
            if key.endswith(".json") and 0 < end - start <= LARGEST_EXTRA:
                self.wire.spend((end - start) >> 8)
                extra[key] = bytes(self.wire.data[start:end])
            elif key:
                text = self.wire.opening(entry["value"]) if entry["value"] else ""
                listed.setdefault(shown(key), shown(text, 1000))
        if extra:
            listed["extra files"] = ", ".join(shown(name) for name in list(extra)[:20])
        return {key: value for key, value in listed.items() if value not in ("", None)}, extra

    def _graph(self, place: Place, depth: int) -> OnnxGraph:
        if depth > DEEPEST_GRAPH:
            raise FormatError(f"{self.file} nests graphs deeper than any model: it is made to harm.")
        said = self.wire.read(place, fields.GRAPH)
        if len(said["initializer"]) > MOST_TENSORS:
            raise FormatError(f"{self.file} has over {MOST_TENSORS} tensors, more than any model needs.")
        dense, sparse = {}, {}
        for found, places, read in (
            (dense, said["initializer"], self.tensors.tensor),
            (sparse, said["sparse_initializer"], self.tensors.sparse),
        ):
            for inner in places:
                info = read(inner)
                if info.name in dense or info.name in sparse:
                    raise FormatError(
                        f"{self.file} has two tensors called “{shown(info.name)}”; it cannot be told which one counts."
                    )
                found[info.name] = info
                if not depth:
                    self.told(info, len(said["initializer"]) + len(said["sparse_initializer"]))
        declared = [self._value(inner) for inner in said["value_info"]] if self.value_info else []
        return OnnxGraph(
            said["name"] or "",
            [self._node(inner, depth) for inner in said["node"]],
            dense,
            sparse,
            [self._value(inner) for inner in said["input"]],
            [self._value(inner) for inner in said["output"]],
            {value.name: value for value in declared},
        )

    def _node(self, place: Place, depth: int) -> OnnxNode:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise FormatError(f"{self.file} has over {MOST_NODES} operations, more than any model needs.")
        self.wire.spend(3)
        said = self.wire.read(place, fields.NODE)
        return OnnxNode(
            said["name"] or "",
            said["op_type"] or "",
            said["domain"] or "",
            tuple(said["input"]),
            tuple(said["output"]),
            self._attributes(said["attribute"], depth),
            said["overload"] or "",
            self._said_of(said["metadata_props"]),
        )

    def _said_of(self, places: list[Place]) -> dict[str, str]:
        """What torch's exporter notes of a node: the modules around it, and the line of code."""
        found = {}
        for place in places[:_MOST_PROPERTIES]:
            entry = self.wire.read(place, fields.PROPERTY)
            key = (entry["key"] or "").removeprefix(_TORCHS)
            if key in _OF_NODES and entry["value"]:
                found[key] = self.wire.opening(entry["value"], _LONGEST_PROPERTY)
        return found

    def _attributes(self, places: list[Place], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place in places:
            said = self.wire.read(place, fields.ATTRIBUTE)
            found[said["name"] or ""] = self._attribute(said, depth)
        return found

    def _attribute(self, said: dict[str, Any], depth: int) -> Any:
        if said["reference"]:
            return OnnxReference(said["reference"])
        key = fields.ATTRIBUTE_TYPES.get(said["type"] or 0)
        if key is None:  # models of IR version 1 do not number the type
            key = next((name for name in fields.ATTRIBUTE_TYPES.values() if said[name] not in (None, [])), None)
        if key is None:
            return None
        value = said[key]
        if key in _DEFAULTS and value is None:
            return _DEFAULTS[key]
        read = self._of_kind(key, depth)
        if read is None or value is None:
            return value
        return [read(inner) for inner in value] if isinstance(value, list) else read(value)

    def _of_kind(self, key: str, depth: int) -> Callable[[Place], Any] | None:
        kinds: dict[str, Callable[[Place], Any]] = {
            "s": self._bytes,
            "t": self.tensors.tensor,
            "g": lambda place: self._graph(place, depth + 1),
            "sparse_tensor": self.tensors.sparse,
            "tp": lambda place: self._type(place)[0],
        }
        named = {"tensors": "t", "graphs": "g", "sparse_tensors": "sparse_tensor", "type_protos": "tp"}
        return kinds.get(named.get(key, key))

    def _bytes(self, place: Place) -> str:
        """A text, which may be longer than a name."""
        start, end = place[0], min(place[1], place[0] + 2**20)
        self.wire.spend((end - start) >> 8)
        return bytes(self.wire.data[start:end]).decode("utf-8", "replace")

    def _value(self, place: Place) -> OnnxValue:
        said = self.wire.read(place, fields.VALUE)
        dtype, shape = self._type(said["type"]) if said["type"] is not None else ("", None)
        return OnnxValue(said["name"] or "", dtype, shape)

    def _type(self, place: Place) -> tuple[str, tuple[int | str | None, ...] | None]:
        said, words = self.wire.read(place, fields.TYPE), ""
        for _ in range(8):  # sequences of sequences …
            key = "sequence" if said["sequence"] is not None else "optional"
            if said[key] is None:
                break
            words += "sequence of " if key == "sequence" else "optional "
            inner = self.wire.read(said[key], fields.INNER_TYPE)["elem_type"]
            if inner is None:
                return words.strip(), None
            said = self.wire.read(inner, fields.TYPE)
        tensor = said["tensor"] if said["tensor"] is not None else said["sparse"]
        if tensor is None:
            return words + ("map" if said["map"] is not None else ""), None
        found = self.wire.read(tensor, fields.TENSOR_TYPE)
        dtype = words + fields.ONNX_DTYPES.get(found["elem_type"] or 0, "")
        if found["shape"] is None:
            return dtype, None
        sizes = [self.wire.read(inner, fields.SIZE) for inner in self.wire.read(found["shape"], fields.SHAPE)["dim"]]
        return dtype, tuple(
            size["dim_value"] if size["dim_value"] is not None and size["dim_value"] >= 0 else size["dim_param"] or None
            for size in sizes
        )

    def _function(self, place: Place, opsets: dict[str, int]) -> OnnxFunction:
        said = self.wire.read(place, fields.FUNCTION)
        attributes = {**dict.fromkeys(said["attribute"]), **self._attributes(said["attribute_proto"], 0)}
        return OnnxFunction(
            said["name"] or "",
            said["domain"] or "",
            said["overload"] or "",
            tuple(said["input"]),
            tuple(said["output"]),
            attributes,
            [self._node(inner, 0) for inner in said["node"]],
            {**opsets, **self._opsets(said["opset_import"])},
        )


_DEFAULTS = {"f": 0.0, "i": 0, "s": ""}
_TORCHS = "pkg.torch.onnx."
_OF_NODES = {"name_scopes", "class_hierarchy", "stack_trace"}
_MOST_PROPERTIES = 20
_LONGEST_PROPERTY = 4000


def _declared(values: list[OnnxValue]) -> str:
    def one(value: OnnxValue) -> str:
        sizes = "" if value.shape is None else f" [{' × '.join('?' if s is None else str(s) for s in value.shape)}]"
        return shown(f"{value.name}: {value.dtype}{sizes}", 200)

    return ", ".join(one(value) for value in values[:20]) + (" …" if len(values) > 20 else "")
