"""Goes through an ONNX graph and emits the ATen operations of each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.fx import Node

from ...errors import CaptureError, FormatError, LrpError, UnsupportedOperation
from ...files.onnx_layers import LayerNames
from ...files.onnx_model import OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxReference
from ...files.tensors import shown
from ..captured.from_program import source_line
from .emitter import Emitter
from .guards import MOST_NUMBERS, TooManyError
from .operators import OPERATORS
from .values import TEXTS, Call, Operator

_OWN = {"", "ai.onnx"}  # the domain of ONNX's own operators, in both spellings
_MOST_CALLS = 50_000
_LONGEST = 200  # letters of a name
_DEEPEST = 40  # functions may call functions


@dataclass
class _Scope:
    """The values that a graph's nodes can see.

    Attributes
    ----------
    prefix : str
        The layer that a function is called in.
    attributes : dict
        Of a function: what its attributes stand for.
    """

    graph: OnnxGraph | OnnxFunction
    opsets: Mapping[str, int]
    names: LayerNames
    parent: _Scope | None = None
    prefix: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class Importer:
    """Emits a model's graph.

    Parameters
    ----------
    model : OnnxModel
    emitter : Emitter
    initializers : callable
        Gives the tensor of an initialiser's description: the file's, or one of another file.
    """

    def __init__(self, model: OnnxModel, emitter: Emitter, initializers: Callable[[Any], Any]) -> None:
        self._model = model
        self._emit = emitter
        self._initializer = initializers
        self._holds: Counter[Node] = Counter()
        self._calls = 0
        self._depth = 0
        self._numbers: Counter[str] = Counter()

    def run(self, inputs: dict[str, Any]) -> list[Any]:
        """Emit the graph.

        Parameters
        ----------
        inputs : dict
            The values of the graph's inputs.

        Returns
        -------
        list
            The values of its outputs.

        Raises
        ------
        UnsupportedOperation
            If an operator is unknown, or cannot be run as it is used here.
        FormatError, CaptureError
            If the graph contradicts itself, or does not fit its inputs.
        """
        graph = self._model.graph
        weights = {**graph.initializers, **graph.sparse_initializers}
        scope = _Scope(graph, self._model.opsets, LayerNames(graph.nodes, weights))
        scope.values.update(inputs)
        return self._run(scope, [value.name for value in graph.outputs])

    def _run(self, scope: _Scope, outputs: Iterable[str]) -> list[Any]:
        nodes = scope.graph.nodes
        outputs = list(outputs)
        last = _last_reads(nodes, outputs)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormatError("The graph's functions call each other too deeply.")
        for value in scope.values.values():
            self._hold(value, 1)
        for position, node in enumerate(nodes):
            results = self._node(node, scope)
            for name, value in zip(node.outputs, results, strict=False):
                if name:
                    scope.values[name] = self._emit.name(value, name) if isinstance(value, Tensor) else value
                    self._hold(value, 1)
            self._emit.let_go(lambda one: self._holds[one] > 0)
            for name in last.get(position, ()):
                if name in scope.values:
                    self._hold(scope.values.pop(name), -1)
        found = [self._value(name, scope) for name in outputs]
        for value in scope.values.values():
            self._hold(value, -1, forget=False)
        self._depth -= 1
        return found

    def _hold(self, value: Any, by: int, *, forget: bool = True) -> None:
        for node in _nodes(value):
            self._holds[node] += by
            if forget and self._holds[node] <= 0:
                self._emit.forget(node)

    # ---------------------------------------------------------------------------------------------------------- a node

    def _node(self, node: OnnxNode, scope: _Scope) -> tuple[Any, ...]:
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise FormatError(
                f"The graph runs more than {_MOST_CALLS} operations; its loops or functions are too deep."
            )
        domain = "" if node.domain in _OWN else node.domain
        self._numbers[node.operation] += 1
        number = self._numbers[node.operation]
        name = shown(node.name or next(filter(None, node.outputs), f"{node.operation} {number}"), _LONGEST)
        call = Call(
            name,
            node.operation,
            domain,
            scope.opsets.get(domain, 1),
            tuple(self._value(one, scope) if one else None for one in node.inputs),
            _resolved(node.attributes, scope.attributes),
            max((place for place, one in enumerate(node.outputs, 1) if one), default=0),
        )
        if any(value is TEXTS for value in call.inputs):
            return (TEXTS,) * call.outputs
        path, kind = scope.names.of(node)
        layer = shown(".".join(part for part in (scope.prefix, path) if part), _LONGEST)
        line = source_line(node.properties.get("stack_trace", ""))
        meta = {
            "layer": layer,
            "module": kind if layer else "",
            "source": line or f"ONNX node {name} ({node.operation})",
        }
        function = self._function(node)
        row = OPERATORS.get((domain, node.operation))
        outside = self._emit.body
        self._emit.body = lambda graph, *given, **named: self._body(graph, scope, given, named)
        try:
            with self._emit.calling(call, meta):
                if function is not None:
                    return self._called(function, call, layer)
                if row is None:
                    raise _unknown(call)
                if row.note:
                    self._emit.note(row.note)
                result = _run(row, self._emit, call)
        finally:
            self._emit.body = outside
        return result if isinstance(result, tuple) else (result,)

    def _value(self, name: str, scope: _Scope | None) -> Any:
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            if isinstance(scope.graph, OnnxGraph):
                info = scope.graph.initializers.get(name) or scope.graph.sparse_initializers.get(name)
                if info is not None:
                    value = self._initializer(info)
                    scope.values[name] = self._emit.name(value, name) if isinstance(value, Tensor) else value
                    return scope.values[name]
            scope = scope.parent
        raise FormatError(f"The graph uses the value “{name}” before anything yields it.")

    def _function(self, node: OnnxNode) -> OnnxFunction | None:
        found = self._model.functions
        for domain in (node.domain, "") if node.domain in _OWN else (node.domain,):
            key = domain, node.operation, node.overload
            if key in found:
                return found[key]
        return None

    # ------------------------------------------------------------------------------------------------- graphs in graphs

    def _called(self, function: OnnxFunction, call: Call, layer: str) -> tuple[Any, ...]:
        """A function that the model defines: its nodes stand in its place."""
        given = {**{key: value for key, value in function.attributes.items() if value is not None}, **call.attributes}
        scope = _Scope(
            function,
            {**self._model.opsets, **function.opsets},
            LayerNames(function.nodes, {}),
            prefix=layer,
            attributes=given,
        )
        inputs = [*call.inputs, *[None] * (len(function.inputs) - len(call.inputs))]
        scope.values.update(zip(function.inputs, inputs, strict=False))
        return tuple(self._run(scope, function.outputs))

    def _body(self, graph: OnnxGraph, scope: _Scope, given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """A branch, or the body of a loop: it sees what stands around it."""
        names = [value.name for value in graph.inputs if value.name not in graph.initializers]
        if len(given) > len(names):
            raise FormatError(f"A graph inside the graph takes {len(names)} values, and is given {len(given)}.")
        inner = _Scope(graph, scope.opsets, LayerNames(graph.nodes, {}), scope, scope.prefix, scope.attributes)
        inner.values.update(zip(names, given, strict=False))
        inner.values.update(named)
        return self._run(inner, [value.name for value in graph.outputs])


def _run(row: Operator, emit: Emitter, call: Call) -> Any:
    """What the operator yields; whatever else it raises on values that it was not made for becomes a sentence."""
    try:
        return row.function(emit, call)
    except LrpError:
        raise
    except TooManyError as error:
        raise FormatError(
            f"In the graph, {call.where} makes more than {MOST_NUMBERS} numbers; no network does."
        ) from error
    except Exception as error:  # a file can give any operator anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CaptureError(f"In the graph, {call.where} does not fit what it is given: {reason}") from error


def _unknown(call: Call) -> UnsupportedOperation:
    called = f"{call.domain}.{call.operation}" if call.domain else call.operation
    return UnsupportedOperation(
        f"The ONNX operator {called} (opset {call.opset}) of {call.where} is not among those that this program runs; "
        "export the network without it, or as a .pt2 archive.",
        (called,),
    )


def unknown_operators(model: OnnxModel) -> dict[str, str]:
    """The operators, in functions too, that no row of the table translates, and the first node of each."""
    found: dict[str, str] = {}
    functions = {(domain, name) for domain, name, _ in model.functions}
    waiting = [model.graph.nodes, *(function.nodes for function in model.functions.values())]
    while waiting:
        for node in waiting.pop():
            domain = "" if node.domain in _OWN else node.domain
            if (domain, node.operation) not in OPERATORS and not {
                (domain, node.operation),
                (node.domain, node.operation),
            } & functions:
                found.setdefault(f"{domain}.{node.operation}" if domain else node.operation, node.name)
            waiting += [graph.nodes for graph in _graphs(node)]
    return found


def _graphs(node: OnnxNode) -> Iterator[OnnxGraph]:
    for value in node.attributes.values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, OnnxGraph))


def _reads(node: OnnxNode) -> Iterator[str]:
    """The values that a node reads, also those that graphs inside it read of what is around them."""
    yield from node.inputs
    for graph in _graphs(node):
        for inner in graph.nodes:
            yield from _reads(inner)
        yield from (value.name for value in graph.outputs)


def _last_reads(nodes: list[OnnxNode], outputs: list[str]) -> dict[int, list[str]]:
    """For each node by its position: the values that no later one reads."""
    last: dict[str, int] = {}
    for position, node in enumerate(nodes):
        for name in (*_reads(node), *node.outputs):
            last[name] = position
    found: dict[int, list[str]] = {}
    for name, position in last.items():
        if name and name not in outputs:
            found.setdefault(position, []).append(name)
    return found


def _resolved(attributes: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a node, where they stand for those of the function around it."""
    found = {
        name: given.get(value.name) if isinstance(value, OnnxReference) else value for name, value in attributes.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _nodes(one)
