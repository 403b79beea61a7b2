"""From a live module to a network, by `torch.export`."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from ..errors import CaptureError
from .build import finish
from .graph import operation_name
from .network import Network, Shape

aten = torch.ops.aten


def capture(module: nn.Module, example_inputs: Any, *, name: str = "") -> Network:
    """Turn a module into a network.

    Parameters
    ----------
    module : torch.nn.Module
        Its evaluation mode is captured; the module itself is left as it is.
    example_inputs : tensor, tuple of tensors, or dict of tensors by argument name
        Values that its `forward` takes. The first axis of each is taken for the samples, and may then have any size.
    name : str
        What to call the network; the module's class name if empty.

    Returns
    -------
    Network

    Raises
    ------
    CaptureError
        If the module cannot be exported; the sentence carries the reason that torch gives.
    """
    args, kwargs = _arguments(example_inputs)
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        program, notes = _export(module, args, kwargs)
    finally:
        for part in training:
            part.training = True
    return from_program(program, name=name or type(module).__name__, notes=notes)


def _arguments(example_inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example_inputs, dict):
        return (), dict(example_inputs)
    if isinstance(example_inputs, tuple | list):
        return tuple(example_inputs), {}
    return (example_inputs,), {}


def _export(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[str]]:
    from torch.export import Dim, export

    # torch takes a sample axis of one for a constant, so a lone sample is shown twice
    twice = tuple(_two(a) for a in args), {key: _two(a) for key, a in kwargs.items()}
    shapes = _dynamic(module, *twice, Dim.DYNAMIC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecations say nothing to our caller
        try:
            return export(module, *twice, dynamic_shapes=shapes, strict=False).run_decompositions({}), []
        except Exception as first:  # noqa: BLE001 – export fails in as many ways as modules do
            try:
                program = export(module, args, kwargs, strict=False).run_decompositions({})
            except Exception as error:
                raise CaptureError(f"{type(module).__name__} cannot be captured: {_first_line(error)}") from error
            return program, [_fixed(module, [*args, *kwargs.values()], first)]


def _fixed(module: nn.Module, examples: list[Any], reason: BaseException) -> str:
    """The note that a network's number of samples is fixed; refuses examples that seem to have no sample axis."""
    tensors = [example for example in examples if isinstance(example, torch.Tensor)]
    flat = next((tensor for tensor in tensors if tensor.dim() <= 1), None)
    if flat is not None:
        size = f"{flat.shape[0]} numbers" if flat.dim() else "a single number"
        raise CaptureError(
            f"An example input of {type(module).__name__} is {size} without a sample axis; add a first axis that "
            "runs over samples, as in x[None]."
        )
    why = _first_line(reason).split(" For more information")[0].rstrip("!.")
    return f"The network only takes {tensors[0].shape[0]} samples at a time, as it was captured ({why})."


def _two(value: Any) -> Any:
    """A copy, since export leaves marks on its examples, with at least two samples."""
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach()
    return torch.cat([value, value]) if value.dim() > 0 and value.shape[0] == 1 else value.clone()


def _dynamic(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], dynamic: Any) -> Any:
    def axis(value: Any) -> dict[int, Any] | None:
        return {0: dynamic} if isinstance(value, torch.Tensor) and value.dim() else None

    if isinstance(module, Replay):
        return {"inputs": tuple(axis(a) for a in args)}
    if not kwargs:
        return tuple(axis(a) for a in args)
    import inspect

    names = list(inspect.signature(module.forward).parameters)
    return {**{n: axis(a) for n, a in zip(names, args, strict=False)}, **{n: axis(a) for n, a in kwargs.items()}}


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def from_program(
    program: Any,
    *,
    name: str,
    notes: list[str] | None = None,
    input_names: tuple[str, ...] = (),
    output_names: tuple[str, ...] = (),
    rename: dict[str, str] | None = None,
) -> Network:
    """Make a network of a decomposed `torch.export.ExportedProgram`."""
    signature = program.graph_signature
    held: dict[str, str] = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    held |= signature.inputs_to_lifted_tensor_constants
    stores = {**program.constants, **program.state_dict}
    parameters: set[str] = set(signature.inputs_to_parameters.values())
    users = [n for n in program.graph.nodes if n.op == "placeholder" and n.name in signature.user_inputs]
    names = dict(zip([n.name for n in users], input_names, strict=True)) if input_names else {}

    graph = Graph()
    copies: dict[Node, Node] = {}
    tensors: dict[str, torch.Tensor] = {}
    inputs: dict[str, tuple[Shape, torch.dtype]] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in held:
            key = (rename or {}).get(held[node.name], held[node.name])
            tensors[key] = stores[held[node.name]]
            copies[node] = graph.create_node("get_attr", key)
        elif node.op == "placeholder":
            value = node.meta.get("val")
            if not isinstance(value, torch.Tensor):
                continue  # a constant argument; no node reads it
            called = names.get(node.name, str(node.target))
            copy = graph.placeholder(called)
            inputs[called] = (tuple(_size(s) for s in value.shape), value.dtype)
            copies[node] = copy
        elif node.op == "output":
            kept = [n for n in node.args[0] if isinstance(n, Node) and n.name in signature.user_outputs]
            graph.output(tuple(copies[n] for n in kept))
        elif node.op == "call_function" and not node.users and node.name.startswith("_assert"):
            continue
        else:
            args, kwargs = map_arg((node.args, node.kwargs), lambda n: copies[n])
            copy = graph.create_node("call_function", node.target, args, kwargs, name=operation_name(node))
            copy.meta = _meta(node)
            copies[node] = copy
    learned = frozenset((rename or {}).get(p) or p for p in parameters)
    return finish(graph, tensors, inputs, parameters=learned, notes=notes, name=name, output_names=output_names)


def _size(size: Any) -> int | None:
    """None for a symbolic size. `isinstance(size, int)` is False even for a symbolic size that is known."""
    if isinstance(size, int):
        return size
    return size.node.maybe_as_int()


def _meta(node: Node) -> dict[str, Any]:
    stack = list((node.meta.get("nn_module_stack") or {}).items())
    key, (path, kind) = stack[-1] if stack else ("", ("", ""))
    kind = kind if isinstance(kind, str) else kind.__name__
    return layer_meta(key, path, kind) | {"source": source_line(node.meta.get("stack_trace") or "")}


def layer_meta(key: str, path: str, kind: str) -> dict[str, str]:
    """A node's layer and module class, from the innermost entry of torch's module stack.

    The entry's key ends in @1 at a module's second call; without it, two calls would be taken for one layer.
    """
    if not path or path.startswith("_empty_nn_module_stack"):
        return {"layer": "", "module": ""}
    call = key.rpartition("@")[2]
    again = f"@{call}" if "@" in key and call.isdigit() and "@" not in path else ""
    return {"layer": path + again, "module": kind.rsplit(".", 1)[-1]}


def source_line(trace: str) -> str:
    """The author's own line in a stack trace: the last one outside torch, as `file:line: code`."""
    lines = [line.strip() for line in trace.strip().splitlines()]
    own = [  # a line of the trace says where, the next one what stands there
        (head, code)
        for head, code in zip(lines, [*lines[1:], ""], strict=False)
        if head.startswith("File ") and "torch/nn/" not in head and "torch/fx/" not in head
    ]
    if not own:
        return ""
    head, code = own[-1]
    parts = head.split('"')
    number = head.split("line ")[-1].split(",")[0] if "line " in head else "?"
    return f"{parts[1] if len(parts) > 1 else '?'}:{number}: {code}"


class Replay(nn.Module):
    """Runs a graph node by node, so that exporting it makes it functional and keeps where each node came from."""

    def __init__(self, graph_module: torch.fx.GraphModule) -> None:
        super().__init__()
        self.replayed = graph_module

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the graph on `inputs`."""
        from torch.fx import traceback

        with traceback.preserve_node_meta():
            return torch.fx.Interpreter(self.replayed).run(*inputs)


def recapture(graph_module: torch.fx.GraphModule, inputs: list[torch.Tensor], **names: Any) -> Network:
    """Make a network of a graph that still changes values in place or calls compound operations."""
    replay = Replay(graph_module).eval()
    program, notes = _export(replay, tuple(inputs), {})
    stored = {**program.state_dict, **program.constants}
    prefix = "replayed."
    rename = {key: key.removeprefix(prefix).replace("__dot__", ".") for key in stored}
    return from_program(program, notes=notes, rename=rename, **names)
