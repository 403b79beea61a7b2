"""The graph of an exported program as a list of nodes to look at: names only, nothing of it is made or run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import FormatError
from .tensors import shown
from .weightfile import FileNode

DEEPEST = 20  # graphs within graphs
# Where a program's signature has the name of what stands behind an input of its graph
_NAMED = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
    "custom_obj": "custom_obj_name",
}


def nodes_of(program: dict[str, Any], file: str) -> tuple[FileNode, ...]:
    """List the operations of a parsed `models/<name>.json`.

    Raises
    ------
    FormatError
        If it is not described as torch.export writes it.
    """
    try:
        module = program["graph_module"]
        names = dict(_inputs(module["signature"]))
        return tuple(_nodes(module["graph"], names, 0))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise FormatError(f"The graph in {file} is not described as torch.export writes it.") from error


def ends_of(program: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The program's own inputs and outputs with their shapes, as texts; without those that are not described."""
    try:
        module = program["graph_module"]
        values, signature = module["graph"]["tensor_values"], module["signature"]
        found: dict[str, dict[str, str]] = {}
        for what, specs, kind in (
            ("inputs", signature["input_specs"], "user_input"),
            ("outputs", signature["output_specs"], "user_output"),
        ):
            held = [spec[kind]["arg"]["as_tensor"]["name"] for spec in specs if "as_tensor" in _argument(spec, kind)]
            found[what] = {shown(name): _shape(values[name]) for name in held[:100]}
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}
    return found


def _argument(spec: dict[str, Any], kind: str) -> dict[str, Any]:
    return spec[kind]["arg"] if kind in spec else {}


def _shape(value: dict[str, Any]) -> str:
    return "×".join(str(size["as_int"]) if "as_int" in size else "?" for size in value["sizes"]) or "one number"


def _inputs(signature: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The names that parameters and buffers have in the graph, with their own."""
    for spec in signature["input_specs"]:
        ((kind, content),) = spec.items()
        if kind in _NAMED:
            yield content["arg"]["name"], content[_NAMED[kind]]


def _nodes(graph: dict[str, Any], names: dict[str, str], depth: int) -> Iterator[FileNode]:
    if depth > DEEPEST:
        raise ValueError("graphs within graphs without end")
    for node in graph["nodes"]:
        outputs = tuple(_names(node["outputs"]))
        given = [entry["arg"] for entry in node["inputs"]]
        inputs = tuple(names.get(name, name) for name in _names(given))
        # key,path,class;key,path,class …: the innermost module comes last
        parts = (node.get("metadata") or {}).get("nn_module_stack", "").rsplit(";", 1)[-1].split(",")
        layer = parts[1] if len(parts) == 3 and not parts[1].startswith("_empty_nn_module_stack") else ""
        operation = node["target"].removeprefix("torch.ops.")
        name = node.get("name") or (outputs[0] if outputs else operation)
        yield FileNode(
            shown(name), shown(operation), tuple(map(shown, inputs)), tuple(map(shown, outputs)), shown(layer)
        )
        for argument in given:
            if "as_graph" in argument:
                yield from _nodes(argument["as_graph"]["graph"], names, depth + 1)


def _names(arguments: list[Any]) -> Iterator[str]:
    """The values that arguments name: tensors and symbols, also in lists."""
    for argument in arguments:
        for kind, value in argument.items():
            if kind.startswith(("as_tensor", "as_sym", "as_optional_tensor")) and value is not None:
                for one in value if isinstance(value, list) else [value]:
                    held = one.get("as_tensor", one)
                    name = held.get("name", held.get("as_name"))
                    if isinstance(name, str):
                        yield name
