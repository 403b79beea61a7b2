"""The path that a module takes for one example, where `torch.export` refuses because values decide what is computed.

`make_fx` follows the real values; what is not an operation on tensors (a branch, a loop, a number read from a tensor)
becomes a constant. So the graph holds for this path only.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from ..build import finish
from ..graphs.graph import operation_name
from ..network import Network, Shape
from .arguments import Example
from .from_program import source_line

PATH_NOTE = (
    "What this network computes depends on its values (a branch, a loop, or a number read from a tensor): the graph "
    "is the path that the example takes, and holds for inputs that take the same path."
)


# Where gradients or autocast were switched; nothing of it is left in the graph.
_MODES = {"_set_grad_enabled", "_enter_autocast", "_exit_autocast"}


def trace(
    module: nn.Module, example: Example, *, name: str, notes: list[str], output_names: tuple[str, ...] = ()
) -> Network:
    """Make a network of the path that the example takes; the module returns a tuple of tensors."""
    traced, names = _traced(module, example)
    stored = {_key(t): key for key, t in [*module.named_parameters(), *module.named_buffers()]}
    learned = {key for key, _ in module.named_parameters()}
    graph = Graph()
    copies: dict[Node, Node] = {}
    tensors: dict[str, Tensor] = {}
    inputs: dict[str, tuple[Shape, torch.dtype]] = {}
    examples = example.tensors
    waiting = iter(examples.items())
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            called, value = next(waiting)
            copies[node] = graph.placeholder(called)
            inputs[called] = (tuple(value.shape), value.dtype)
        elif node.op == "get_attr":
            value = getattr(traced, str(node.target))
            key = stored.get(_key(value), str(node.target).lstrip("_"))
            tensors[key] = value.detach()
            copies[node] = graph.create_node("get_attr", key)
        elif node.op == "output":
            results = node.args[0] if isinstance(node.args[0], tuple | list) else (node.args[0],)
            graph.output(tuple(copies[result] for result in results))
        elif operation_name(node) not in _MODES:
            args, kwargs = map_arg((node.args, node.kwargs), lambda n: copies[n])
            copy = graph.create_node("call_function", node.target, args, kwargs, name=operation_name(node))
            layer, kind = names.get(node.name, ("", ""))
            copy.meta = {"layer": layer, "module": kind, "source": source_line(node.meta.get("stack_trace") or "")}
            copies[node] = copy
    return finish(
        graph,
        tensors,
        inputs,
        parameters=frozenset(learned),
        notes=[PATH_NOTE, *notes],
        name=name,
        output_names=output_names,
        examples=examples,
    )


def _key(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.data_ptr() or id(tensor), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _traced(module: nn.Module, example: Example) -> tuple[torch.fx.GraphModule, dict[str, tuple[str, str]]]:
    from torch._subclasses.functional_tensor import FunctionalTensorMode, dispatch_functionalize
    from torch.fx.experimental.proxy_tensor import make_fx

    def run(*values: Tensor) -> Any:
        called = example.with_tensors(list(values))
        return module(*called.args, **called.kwargs)

    functional = dispatch_functionalize(run, mode=FunctionalTensorMode(pre_dispatch=True, export=True))
    settings: dict[str, Any] = {"pre_dispatch": True, "tracing_mode": "real", "_error_on_data_dependent_ops": False}
    if "record_stack_traces" in inspect.signature(make_fx).parameters:
        settings["record_stack_traces"] = True
    with _watching(module) as names, torch.no_grad():
        traced = make_fx(functional, **settings)(*(t.detach().clone() for t in example.tensors.values()))
    return traced, names


@contextmanager
def _watching(module: nn.Module) -> Iterator[dict[str, tuple[str, str]]]:
    """Write down for each node that is traced, by name, the module that was running: its path and class."""
    names: dict[str, tuple[str, str]] = {}
    running: list[tuple[str, str]] = []
    calls: dict[str, int] = {}

    def settle() -> None:
        """Since the last module began or ended, all new nodes are those of the innermost one that runs."""
        from torch.fx.experimental.proxy_tensor import get_proxy_mode

        mode = get_proxy_mode()
        if mode is None:
            return
        for node in reversed(mode.tracer.graph.nodes):  # type: ignore[union-attr]
            if node.name in names:
                return
            names[node.name] = running[-1] if running else ("", "")

    def begin(path: str, part: nn.Module) -> None:
        settle()
        number = calls.get(path, 0)
        calls[path] = number + 1
        running.append((f"{path}@{number}" if number and path else path, type(part).__name__ if path else ""))

    def end() -> None:
        settle()
        running.pop()

    handles = []
    for path, part in module.named_modules():
        handles.append(part.register_forward_pre_hook(lambda m, _, p=path: begin(p, m), prepend=True))
        handles.append(part.register_forward_hook(lambda *_: end(), always_call=True))
    try:
        yield names
    finally:
        for handle in handles:
            handle.remove()
