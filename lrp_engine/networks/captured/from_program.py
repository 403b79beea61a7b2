"""From a program of `torch.export` to a network."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from ..build import finish
from ..graphs.formats import WIDENED
from ..graphs.graph import operation_name
from ..graphs.opened import ONE, SEVERAL
from ..graphs.operations import OPERATIONS
from ..network import Network, Shape


def exported(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, shapes: Any = None
) -> tuple[Any, list[str]]:
    """Export a module, made functional; operations that the engine does not know are decomposed where torch can.

    Returns
    -------
    torch.export.ExportedProgram, list of str
        The program, and notes on it.
    """
    from torch.export import default_decompositions, export

    with _quiet():
        program = export(module, args, kwargs, dynamic_shapes=shapes, strict=False)
        notes = [f"{WIDENED} what the network does by autocast."] if _inline(program.graph_module) else []
        program = program.run_decompositions({})
        for _ in range(_DEEPEST):
            unknown = _unknown(program.graph)
            table = default_decompositions() if unknown else {}
            table = {target: table[target] for target in unknown if target in table}
            if not table:
                break
            program = program.run_decompositions(table)
        return program, notes


def _inline(module: torch.fx.GraphModule) -> bool:
    """Put parts that run without gradients, or by autocast, among the other nodes, so that they keep their layers.

    They are then computed like the others, without autocast; whether there was any is returned.
    """
    graph, autocast = module.graph, False
    for node in list(graph.nodes):
        if getattr(node.target, "__name__", "") not in {"wrap_with_set_grad_enabled", "wrap_with_autocast"}:
            continue
        place = next(index for index, argument in enumerate(node.args) if _is_part(module, argument))
        part = getattr(module, node.args[place].target)
        autocast |= _inline(part) or getattr(node.target, "__name__", "") == "wrap_with_autocast"
        copies = dict(zip(part.graph.find_nodes(op="placeholder"), node.args[place + 1 :], strict=True))
        with graph.inserting_before(node):
            for inner in part.graph.nodes:
                if inner.op == "call_function" and not inner.name.startswith("_assert"):
                    copies[inner] = graph.node_copy(inner, copies.__getitem__)
        (results,) = part.graph.output_node().args
        for reader in list(node.users):
            reader.replace_all_uses_with(copies[results[reader.args[1]]])
            graph.erase_node(reader)
        graph.erase_node(node)
        for assertion in [n for n in graph.nodes if n.name.startswith("_assert") and not n.users]:
            graph.erase_node(assertion)  # on the number formats that autocast would make
    graph.eliminate_dead_code()
    module.recompile()
    return autocast


def _is_part(module: torch.fx.GraphModule, argument: Any) -> bool:
    return (
        isinstance(argument, Node)
        and argument.op == "get_attr"
        and hasattr(getattr(module, str(argument.target)), "graph")
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What torch warns of, logs and prints when it refuses says nothing to our caller; the error itself is raised."""
    loggers = [logging.getLogger(f"torch.{name}") for name in ("fx.experimental.symbolic_shapes", "export", "_export")]
    before = [logger.disabled for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.disabled = True
            yield
        finally:
            for logger, disabled in zip(loggers, before, strict=True):
                logger.disabled = disabled


_DEEPEST = 4  # how often what comes out of a decomposition is decomposed itself


def _unknown(graph: Graph) -> list[Any]:
    """The ATen operations of the graph that are in no table and yield floating values; others are masks and sizes."""
    return list(
        {
            node.target: None
            for node in graph.nodes
            if node.op == "call_function"
            and isinstance(node.target, torch._ops.OpOverload)
            and not {operation_name(node)} & (OPERATIONS.keys() | ONE.keys() | SEVERAL.keys())
            and _floats(node.meta.get("val"))
        }
    )


def from_program(
    program: Any,
    *,
    name: str,
    notes: list[str] | None = None,
    input_names: tuple[str, ...] = (),
    output_names: tuple[str, ...] = (),
    rename: dict[str, str] | None = None,
    examples: dict[str, torch.Tensor] | None = None,
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
        else:
            args, kwargs = map_arg((node.args, node.kwargs), lambda n: copies[n])
            copy = graph.create_node("call_function", node.target, args, kwargs, name=operation_name(node))
            copy.meta = _meta(node)
            copies[node] = copy
    learned = frozenset((rename or {}).get(p) or p for p in parameters)
    return finish(
        graph,
        tensors,
        inputs,
        parameters=learned,
        notes=notes,
        name=name,
        output_names=output_names,
        examples=examples,
    )


def _floats(value: Any) -> bool:
    first = value[0] if isinstance(value, tuple | list) and value else value
    return not isinstance(first, torch.Tensor) or first.is_floating_point()


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


def recapture(
    graph_module: torch.fx.GraphModule,
    inputs: list[torch.Tensor],
    *,
    tensor_names: dict[str, str] | None = None,
    **names: Any,
) -> Network:
    """Make a network of a graph that still changes values in place or calls compound operations.

    torch.fx has compiled the graph by then, with the names in it as Python: those of a file have to be kept out of it,
    and are given by `tensor_names` for the graph's own.
    """
    from torch.export import Dim

    replay = Replay(graph_module).eval()
    axes = tuple({0: Dim.DYNAMIC} if value.dim() else None for value in inputs)
    examples = tuple(inputs)
    try:
        program, notes = exported(replay, examples, shapes={"inputs": axes})
    except Exception:  # noqa: BLE001 – export fails in as many ways as graphs do; then the sizes are fixed
        program, notes = exported(replay, examples)
    stored = {**program.state_dict, **program.constants}
    rename: dict[str, str] = {key: key.removeprefix("replayed.").replace("__dot__", ".") for key in stored}
    if tensor_names:
        rename = {key: tensor_names.get(short, short) for key, short in rename.items()}
    return from_program(program, notes=notes, rename=rename, **names)
