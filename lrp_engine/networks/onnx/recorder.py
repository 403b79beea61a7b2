"""Records a graph of ATen operations while running it on examples; `Emitter` says what is known of its values."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.node import map_aggregate

from ...errors import CaptureError, FormatError, LrpError, UnsupportedOperation
from ...files.tensors import TensorInfo
from ..graphs.graph import callable_of
from ..graphs.shapes import describe
from ..tensors import to_torch
from .guards import MOST_NUMBERS, growth
from .values import Call, Sized, runnable

aten = torch.ops.aten

_MOST_NODES = 50_000


class Recorder(ABC):
    """The graph that is being written, and the examples that run through it.

    Parameters
    ----------
    count : int
        How many examples there are: two batches, or one where the network's sizes are fixed.
    alone : bool
        Whether the network takes one sample at a time.

    Attributes
    ----------
    graph : torch.fx.Graph
    tensors : dict
        Weights and constants by `get_attr` name.
    notes : list of str
        What a person should know about the network.
    body : callable
        Runs a graph inside the current node (of If, Loop …) on values, and gives its outputs.
    formats : dict
        Of a tensor or node, by identity: itself, and the number format that the file has for it.
    centred : dict
        Of quantised values: the value less its zero point, and the zero point.
    pinned : bool
        Whether the file is made for one sample, and is tried with several: a leading 1 in a shape may mean the samples.
    """

    def __init__(self, count: int = 2, *, alone: bool = False) -> None:
        self.alone = alone
        self.graph = Graph()
        self.tensors: dict[str, Tensor] = {}
        self.notes: list[str] = []
        self.count = count
        self.pinned = False
        self.meta: dict[str, Any] = {}
        self.call: Call | None = None
        self.body: Callable[..., list[Any]] = _nowhere
        self._examples: dict[Node, tuple[Any, ...]] = {}
        self._names: dict[int, tuple[Tensor, str]] = {}  # by identity; the tensor is held so that it stays the same
        self.formats: dict[int, tuple[Any, str]] = {}
        self._attributes: dict[str, Node] = {}
        self.centred: dict[Node, tuple[Any, Any]] = {}
        self._batch: Node | None = None
        self._sizes: dict[tuple[int, int], Any] = {}
        self._born: list[Node] = []
        self._written = 0

    # --------------------------------------------------------------------------------------------- inputs and tensors

    def input(self, name: str, examples: tuple[Tensor, ...], samples: int | None = None) -> Node:
        """A placeholder; `samples` is the axis where its samples run, or None."""
        node = self.graph.placeholder(name)
        self._examples[node] = examples
        describe(node, examples[0], examples[-1], alone=self.alone)
        if samples is not None and self._batch is None and self.count > 1:
            self._batch = self.graph.call_function(aten.sym_size.int, (node, samples))
            self._examples[self._batch] = tuple(example.shape[samples] for example in examples)
        return node

    def name(self, tensor: Tensor, name: str) -> Tensor:
        """Give a constant the name that the file has for it."""
        self._names.setdefault(id(tensor), (tensor, name))
        return tensor

    def name_of(self, tensor: Tensor) -> str:
        """The name that a constant has, or ""."""
        return self._names[id(tensor)][1] if id(tensor) in self._names else ""

    def tensor(self, value: Any, dtype: torch.dtype | None = None) -> Tensor:
        """A constant of plain numbers, an array, or a tensor of the file.

        Half precision becomes single; whole numbers that torch cannot calculate with become wider ones.
        """
        if isinstance(value, Tensor):
            made = value
        elif isinstance(value, np.ndarray | np.generic):
            made = torch.from_numpy(np.array(value, copy=True, order="C"))
        elif isinstance(value, TensorInfo):
            made = to_torch(value)
        else:
            made = torch.tensor(value)
        made = made.to(dtype or runnable(made.dtype))
        if isinstance(value, TensorInfo):
            self.formats[id(made)] = made, value.dtype
        return made

    # ------------------------------------------------------------------------------------------------------- emitting

    def __call__(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute an operation of constants at once, or write its node and run it on the examples.

        Parameters
        ----------
        target : torch._ops.OpOverload or callable
            An ATen operation, or plain integer arithmetic on sizes.
        *args, **kwargs
            Values, and plain numbers and lists of these.

        Returns
        -------
        Value
            Of an operation with several results: the node that yields them (`item` picks one), or a tuple of constants.
        """
        nodes, sized, tensors = self._kinds((args, kwargs))
        if nodes:
            return self._node(target, args, kwargs)
        if not sized:
            (result,) = self._run(target, args, kwargs, 1)
            self._inherit(tensors, result)
            return result
        return self._merged(target, args, kwargs)

    def item(self, value: Any, number: int) -> Any:
        """One of the results of an operation that has several."""
        return self(operator.getitem, value, number) if isinstance(value, Node) else value[number]

    def _kinds(self, given: Any) -> tuple[bool, bool, list[Tensor]]:
        found: list[Any] = []
        map_aggregate(given, lambda value: found.append(value) if isinstance(value, Node | Sized | Tensor) else None)
        nodes = any(isinstance(value, Node) for value in found)
        sized = any(isinstance(value, Sized) for value in found)
        return nodes, sized, [value for value in found if isinstance(value, Tensor)]

    def _node(self, target: Any, args: Any, kwargs: Any) -> Node:
        args, kwargs = map_aggregate((args, kwargs), self._argument)
        overload = isinstance(target, torch._ops.OpOverload)
        results = self._run(target, args, kwargs, self.count)
        name = target._schema.name.removeprefix("aten::") if overload else target.__name__
        node = self.graph.create_node("call_function", target, args, kwargs, name=name)
        node.meta = dict(self.meta)
        describe(node, results[0], results[-1], alone=self.alone)
        self._written += 1
        if self._written > _MOST_NODES:
            raise FormatError(f"The graph grows beyond {_MOST_NODES} operations; its loops or functions are too deep.")
        self._remember(node, results)
        return node

    def _remember(self, node: Node, examples: tuple[Any, ...]) -> None:
        self._examples[node] = examples
        self._born.append(node)

    def _argument(self, value: Any) -> Any:
        """Turn what stands among the arguments of a node into what a graph can hold."""
        if isinstance(value, Tensor):
            return self._attribute(value)
        return self._made_of_sizes(value) if isinstance(value, Sized) else value

    @abstractmethod
    def _made_of_sizes(self, value: Sized) -> Node:
        """A node that takes the value for any number of samples."""

    def _attribute(self, tensor: Tensor) -> Node:
        name = self.name_of(tensor) or "constant"
        if id(tensor) not in self._names or self.tensors.get(name, tensor) is not tensor:
            name = _free(name, self.tensors)
            self._names[id(tensor)] = tensor, name
        if name not in self._attributes:
            self.tensors[name] = tensor
            self._attributes[name] = self.graph.create_node("get_attr", name)
            self._examples[self._attributes[name]] = (tensor,) * self.count
            describe(self._attributes[name], tensor, tensor, alone=self.alone)
        return self._attributes[name]

    def _run(self, target: Any, args: Any, kwargs: Any, count: int) -> tuple[Any, ...]:
        results = []
        for number in range(count):
            own_args, own_kwargs = map_aggregate((args, kwargs), lambda v, n=number: self._example(v, n))
            try:
                self._guard(target, own_args)
                results.append(target(*own_args, **own_kwargs))
            except LrpError:
                raise
            except Exception as error:  # any operation may refuse its arguments in its own way
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                where = self.call.where if self.call else "a node"
                raise CaptureError(f"In the graph, {where} does not fit what it is given: {reason}") from error
        return tuple(results)

    def _guard(self, target: Any, args: Any) -> None:
        if not isinstance(target, torch._ops.OpOverload):
            return
        try:
            numbers = growth(target._schema.name.removeprefix("aten::"), args)
        except (TypeError, ValueError, IndexError, AttributeError):
            return  # arguments that the operation itself refuses
        if numbers > MOST_NUMBERS:
            where = self.call.where if self.call else "a node"
            raise FormatError(f"In the graph, {where} makes more than {MOST_NUMBERS} numbers; no network does.")

    def _example(self, value: Any, number: int) -> Any:
        if isinstance(value, Node):
            return self._held(value)[number]
        return value.examples[number] if isinstance(value, Sized) else value

    def _held(self, node: Node) -> tuple[Any, ...]:
        if node not in self._examples:  # it was let go of after its last reader; run it again
            self._examples[node] = self._run(callable_of(node), node.args, node.kwargs, self.count)
            self._born.append(node)
        return self._examples[node]

    def _merged(self, target: Any, args: Any, kwargs: Any) -> Any:
        results = self._run(target, args, kwargs, self.count)
        several = isinstance(results[0], tuple | list)
        columns = list(zip(*results, strict=True)) if several else [results]
        if any(len({one.shape for one in column}) > 1 for column in columns if isinstance(column[0], Tensor)):
            return self._node(target, args, kwargs)
        merged = tuple(merge(column) for column in columns)
        return merged if several else merged[0]

    def _inherit(self, given: list[Tensor], result: Any) -> None:
        """What was folded from a weight keeps its name."""
        if not isinstance(result, Tensor) or id(result) in self._names:
            return
        named = [tensor for tensor in given if id(tensor) in self._names and tensor.dim()]
        if named and result.dim():
            largest = max(named, key=Tensor.numel)
            self._names[id(result)] = result, self.name_of(largest)

    # --------------------------------------------------------------------------------------------- the current node

    def note(self, sentence: str) -> None:
        """Say something about the network, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def refusal(self, reason: str) -> UnsupportedOperation:
        """The error, to be raised, that says that this node cannot be run; `reason` is the end of the sentence."""
        assert self.call is not None
        return UnsupportedOperation(f"In the graph, {self.call.where} cannot be run: {reason}.", (self.call.operation,))

    @contextmanager
    def calling(self, call: Call, meta: dict[str, Any]) -> Iterator[None]:
        """Emit for this node: its name stands in errors, `meta` in what is written."""
        before = self.call, self.meta
        self.call, self.meta = call, meta
        try:
            yield
        finally:
            self.call, self.meta = before

    def let_go(self, kept: Callable[[Node], bool]) -> None:
        """Forget the examples of what was written since the last time, but of those that are kept."""
        for node in self._born:
            if not kept(node) and not isinstance(self._examples.get(node, (0,))[0], int):
                self._examples.pop(node, None)
        self._born.clear()

    def forget(self, node: Node) -> None:
        """Let go of a value's examples."""
        if node.op == "call_function":
            self._examples.pop(node, None)


def merge(examples: Sequence[Any]) -> Any:
    """A constant where all examples are equal, else a value made of sizes."""
    first = examples[0]
    if not isinstance(first, Tensor):
        return first if all(one == first for one in examples) else Sized(tuple(torch.tensor(one) for one in examples))
    same = all(one.shape == first.shape and torch.equal(one, first) for one in examples[1:])
    return first if same else Sized(tuple(examples))


def _nowhere(*given: Any) -> list[Any]:
    raise AssertionError(given)  # the importer puts its own in this place before it calls an operator


def _free(name: str, taken: dict[str, Any]) -> str:
    return next(one for number in range(len(taken) + 1) if (one := f"{name}.{number}" if number else name) not in taken)
