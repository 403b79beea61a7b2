"""The graph of a `.pt2` archive, rebuilt from its `models/model.json` as data.

`torch.export.load` is never called: it runs code that a file can hide in its sample inputs, its shape expressions and
its pickled weights. Here every operation is looked up in an allow-list, sizes come from running the graph, and no
string of the file is ever evaluated.
"""

from __future__ import annotations

import operator
import re
from math import prod
from typing import Any

import torch
from torch.fx import Graph, Node

from ...errors import CaptureError, FormatError, LrpError, UnsupportedOperation, UntrustedFile
from ...files.pt2 import DTYPES
from ..build import finish
from ..captured.from_program import layer_meta, recapture, source_line
from ..graphs.graph import integer_functions
from ..graphs.opened import ONE, SEVERAL
from ..graphs.operations import KINDS, is_allowed
from ..network import Network, Shape

aten = torch.ops.aten

_ATEN = re.compile(r"^torch\.ops\.aten\.([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)$")
_ASSERTION = re.compile(r"^torch\.ops\.aten\._assert_[a-z_]+\.[a-z]+$")
_INNER = re.compile(r"^torch\.ops\.higher_order\.wrap_with_(set_grad_enabled|autocast)$")
_OPERATOR = re.compile(r"^_operator\.([a-z]+)$")

_LARGEST_EXAMPLE = 2**26  # numbers of one sample of an input

# Of the formats that a program may name, those that a graph can run in.
_RUNNABLE = {
    *("uint8", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64", "bool"),
}
_DTYPES = {number: getattr(torch, name) for number, name in DTYPES.items() if name in _RUNNABLE}
_MEMORY_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}


def network_of(model: dict[str, Any], tensors: dict[str, torch.Tensor], *, name: str) -> Network:
    """Rebuild the network.

    Parameters
    ----------
    model : dict
        The parsed `models/model.json`.
    tensors : dict
        Weights and constants by the names that the program's signature uses.

    Raises
    ------
    FormatError
        If the description is incomplete or of a form that this version does not read.
    UnsupportedOperation
        If the graph calls an ATen operation that is not in the table; it is not run.
    UntrustedFile
        If it calls anything else.
    """
    try:
        reader = _Reader(model["graph_module"], tensors)
        graph = reader.read()
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise FormatError(f"The graph in {name} is not described as torch.export writes it ({error!r}).") from error
    if any(_changes_in_place(node) for node in graph.nodes):
        return _functional(reader, graph, name)
    return finish(
        graph,
        reader.tensors,
        reader.inputs,
        parameters=frozenset(reader.parameters),
        notes=reader.notes,
        name=name,
    )


def _functional(reader: _Reader, graph: Graph, name: str) -> Network:
    """Capture a graph that changes values in place.

    Capturing compiles the graph to Python, and torch.fx writes the names of inputs and tensors into that text as they
    are. So they get names of ours for it: one out of a file could be a program.
    """
    plain = {key: f"tensor_{number}" for number, key in enumerate(reader.tensors)}
    examples: list[torch.Tensor] = []
    for node in graph.nodes:
        if node.op == "get_attr":
            node.target = plain[str(node.target)]
        elif node.op == "placeholder":
            shape, dtype = reader.inputs[str(node.target)]
            if prod(size for size in shape if size is not None) > _LARGEST_EXAMPLE:
                raise FormatError(f"The input “{node.target}” of {name} has an impossible size: the file is damaged.")
            node.target = f"input_{len(examples)}"
            examples.append(torch.zeros([2 if size is None else size for size in shape], dtype=dtype))
    held: dict[str, Any] = {
        plain[key]: torch.nn.Parameter(tensor, requires_grad=False) if key in reader.parameters else tensor
        for key, tensor in reader.tensors.items()
    }
    try:
        return recapture(
            torch.fx.GraphModule(held, graph),
            examples,
            name=name,
            input_names=tuple(reader.inputs),
            tensor_names={short: key for key, short in plain.items()},
        )
    except LrpError:
        raise
    except Exception as error:  # capturing fails in as many ways as graphs do
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CaptureError(f"The graph in {name} changes values in place and cannot be run: {reason}.") from error


def _changes_in_place(node: Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


class _Reader:
    def __init__(self, module: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        self.described = module["graph"]
        self.signature = module["signature"]
        self.available = tensors
        self.tensors: dict[str, torch.Tensor] = {}
        self.parameters: set[str] = set()
        self.inputs: dict[str, tuple[Shape, torch.dtype]] = {}
        self.notes: list[str] = []
        self.graph = Graph()
        self.values: dict[str, Node] = {}

    def read(self) -> Graph:
        for spec in self.signature["input_specs"]:
            self._input(spec)
        for node in self.described["nodes"]:
            self._node(node)
        outputs = []
        for spec in self.signature["output_specs"]:
            ((kind, content),) = spec.items()
            if kind != "user_output":
                raise FormatError(
                    f"The program also yields a {kind.replace('_', ' ')}; export the module in evaluation mode."
                )
            if "as_tensor" in content["arg"]:
                outputs.append(self.values[content["arg"]["as_tensor"]["name"]])
        self.graph.output(tuple(outputs))
        return self.graph

    def _input(self, spec: dict[str, Any]) -> None:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            if "as_tensor" not in content["arg"]:
                return  # a constant argument: the graph already holds its value
            name = _text(content["arg"]["as_tensor"]["name"])
            self.values[name] = self.graph.placeholder(name)
            self.inputs[name] = self._shape_of(name)
            return
        keys = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
        if kind not in keys:
            raise FormatError(f"The program takes a {kind.replace('_', ' ')}, which this version does not read.")
        key = _text(content[keys[kind]])
        if key not in self.available:
            raise FormatError(f"The archive's graph uses the tensor “{key}”, which the archive does not hold.")
        name = content["arg"]["name"]
        self.tensors[key] = self.available[key]
        if kind == "parameter":
            self.parameters.add(key)
        self.values[name] = self.graph.create_node("get_attr", key)

    def _shape_of(self, name: str) -> tuple[Shape, torch.dtype]:
        described = self.described["tensor_values"][name]
        sizes: list[int | None] = []
        for axis, size in enumerate(described["sizes"]):
            if "as_int" in size:
                sizes.append(int(size["as_int"]))
            elif axis == 0:
                sizes.append(None)
            else:
                hint = (size["as_expr"].get("hint") or {}).get("as_int")
                if hint is None:
                    raise FormatError(
                        f"The input “{name}” has an open size on axis {axis}; export it with a fixed size."
                    )
                self.notes.append(f"Axis {axis} of the input “{name}” may have any size; {hint} is taken.")
                sizes.append(int(hint))
        return tuple(sizes), _DTYPES[described["dtype"]]

    def _inner(self, described: dict[str, Any]) -> None:
        """A part of the graph that was run without gradients or in another precision: its nodes stand like others."""
        arguments = [entry["arg"] for entry in described["inputs"]]
        place = next(index for index, argument in enumerate(arguments) if "as_graph" in argument)
        inner = arguments[place]["as_graph"]["graph"]
        given = [self._argument(argument) for argument in arguments[place + 1 :]]
        outside, self.values = self.values, dict(zip(map(_name, inner["inputs"]), given, strict=True))
        for node in inner["nodes"]:
            self._node(node)
        results = [self.values[_name(output)] for output in inner["outputs"]]
        self.values = outside
        self.values.update(zip(map(_name, described["outputs"]), results, strict=True))

    def _node(self, described: dict[str, Any]) -> None:
        if _ASSERTION.match(described["target"]):
            return  # what a program says of itself shows when it is run
        if _INNER.match(described["target"]):
            self._inner(described)
            return
        target, schema = _target(described["target"], described.get("metadata") or {})
        given = {entry["name"]: self._argument(entry["arg"]) for entry in described["inputs"]}
        args, kwargs = _arrange(schema, given, [self._argument(e["arg"]) for e in described["inputs"]])
        outputs = described["outputs"]
        single = len(outputs) == 1 and "as_tensors" not in outputs[0]
        node = self.graph.create_node("call_function", target, args, kwargs, name=_plain_name(target))
        node.meta = _meta(described.get("metadata") or {})
        if single:
            self.values[_name(outputs[0])] = node
            return
        named = outputs[0]["as_tensors"] if "as_tensors" in outputs[0] else [o.get("as_tensor") for o in outputs]
        for index, output in enumerate(named):
            if output is None:
                continue
            item = self.graph.call_function(operator.getitem, (node, index))
            item.meta = dict(node.meta)
            self.values[output["name"]] = item

    def _argument(self, arg: dict[str, Any]) -> Any:
        ((kind, value),) = arg.items()
        if kind == "as_none":
            return None
        if kind == "as_float":
            return _float(value)
        if kind == "as_floats":
            return [_float(one) for one in value]
        if kind in {"as_int", "as_bool", "as_string", "as_ints", "as_bools", "as_strings"}:
            return value
        if kind == "as_tensor":
            return self.values[value["name"]]
        if kind == "as_tensors":
            return [self.values[v["name"]] for v in value]
        if kind == "as_optional_tensors":
            return [None if "as_none" in v else self.values[v["as_tensor"]["name"]] for v in value]
        if kind in {"as_sym_int", "as_sym_float", "as_sym_bool"}:
            return self._symbol(value)
        if kind in {"as_sym_ints", "as_sym_floats", "as_sym_bools"}:
            return [self._symbol(v) for v in value]
        if kind == "as_scalar_type":
            return _DTYPES[value]
        if kind == "as_memory_format":
            return _MEMORY_FORMATS[value]
        if kind == "as_device":
            return torch.device("cpu")
        if kind == "as_layout":
            return torch.strided
        raise FormatError(f"The graph passes an argument of the kind “{kind}”, which this version does not read.")

    def _symbol(self, value: dict[str, Any]) -> Any:
        return self.values[value["as_name"]] if "as_name" in value else next(iter(value.values()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name that is no text")
    return value


def _float(value: Any) -> float:
    """JSON has no word for what is not finite; torch writes these as texts."""
    if isinstance(value, str) and value not in {"Infinity", "-Infinity", "NaN"}:
        raise TypeError("a number that is a text")
    return float(value)


def _name(output: dict[str, Any]) -> str:
    ((_, value),) = output.items()
    return value["name"] if "name" in value else value["as_name"]


def _target(text: str, metadata: dict[str, str]) -> tuple[Any, Any]:
    found = _ATEN.match(text)
    if found and (is_allowed(found[1]) or found[1] in ONE or found[1] in SEVERAL):
        overload = getattr(getattr(aten, found[1], None), found[2], None)
        if overload is not None:
            return overload, overload._schema
    elif found:
        meta = _meta(metadata)
        where = f" in layer “{meta['layer'] or 'the top'}”" + (f", {meta['source']}" if meta["source"] else "")
        raise UnsupportedOperation(
            f"No rule covers {found[1]} (not in the table of operations){where}. Covered are: {', '.join(KINDS)}.",
            (found[1],),
        )
    found = _OPERATOR.match(text)
    if found and found[1] in integer_functions():
        return integer_functions()[found[1]], None
    raise UntrustedFile(
        f"The graph calls “{text[:100]}”, which is not among the operations that this program runs.", (text,)
    )


def _arrange(schema: Any, given: dict[str, Any], ordered: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments in the schema's order; a gap before a given one is filled with the schema's default."""
    if schema is None:
        return tuple(ordered), {}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    gap: list[Any] = []
    for argument in schema.arguments:
        if argument.name not in given:
            gap.append(argument.default_value if argument.has_default_value() else None)
        elif argument.kwarg_only:
            kwargs[argument.name] = given[argument.name]
        else:
            args += [*gap, given[argument.name]]
            gap = []
    unknown = set(given) - {a.name for a in schema.arguments}
    if unknown:
        raise FormatError(f"The graph passes “{min(unknown)}” to {schema.name}, which takes no such argument.")
    return tuple(args), kwargs


def _plain_name(target: Any) -> str:
    """What a node is called: its operation, without the numbers that exporting leaves."""
    return target._schema.name.removeprefix("aten::") if isinstance(target, torch._ops.OpOverload) else target.__name__


def _meta(metadata: dict[str, str]) -> dict[str, Any]:
    # key,path,class;key,path,class … : the innermost module comes last
    key, path, kind = "", "", ""
    parts = metadata.get("nn_module_stack", "").rsplit(";", 1)[-1].split(",")
    if len(parts) == 3:
        key, path, kind = parts
    trace = metadata.get("stack_trace", "")
    # under torch's own names too, for a graph that has to be captured again
    torchs = {"nn_module_stack": {key: (path, kind)}, "stack_trace": trace}
    return layer_meta(key, path, kind) | torchs | {"source": source_line(trace)}
