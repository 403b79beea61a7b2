"""The network: a graph of ATen operations with its weights, and what a person should know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from ..files.features import Feature

if TYPE_CHECKING:
    import torch
    from torch.fx import Graph, Node

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """One input.

    Attributes
    ----------
    name : str
    shape : tuple
        None where the samples run; without None, the number of samples on their axis is fixed.
    dtype : str
        As torch names it.
    features : tuple of Feature
        Empty, or one per unit, in C order.
    axis : int or None
        Where the samples run; None if the network's inputs are one sample as a whole.
    """

    name: str
    shape: Shape
    dtype: str
    features: tuple[Feature, ...] = ()
    axis: int | None = 0

    @property
    def unit_shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(size for axis, size in enumerate(self.shape) if axis != self.axis and size is not None)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """One output. `activation` is what stands after the logit that is explained: "sigmoid", "softmax" … or ""."""

    name: str
    shape: Shape
    classes: tuple[str, ...] = ()
    activation: str = ""

    @property
    def units(self) -> int:
        """How many output units one sample has."""
        return prod(size for size in self.shape if size is not None)


@dataclass(frozen=True, slots=True)
class Layer:
    """A module path as the author named it, or a functional node at the top; one or more nodes of the graph.

    Attributes
    ----------
    path : str
        `features.3`; a second call of the same module is `features.3@1`.
    operation : str
        The module's class, or the operation's name for a functional node.
    kind : str
        The kind of the layer's most telling node.
    shape : tuple
        Of its output, None where the samples run.
    parameters : int
        How many numbers its nodes learn.
    sources : tuple of str
        The layers, or inputs, whose output it reads.
    nodes : tuple of str
        Its nodes, in order; the last one gives its output.
    merged_into : str
        The layer whose affine map this batch norm is computed in, or "".
    """

    path: str
    operation: str
    kind: str
    shape: Shape
    parameters: int
    sources: tuple[str, ...]
    nodes: tuple[str, ...]
    merged_into: str = ""


@dataclass
class Network:
    """A runnable graph with its weights.

    The graph's nodes are `placeholder` (inputs; `target` is the name), `get_attr` (a tensor of `tensors`, by name),
    `call_function` (an ATen operation) and `output`. Each node's `meta` has `layer`, `module`, `source` (a line of
    the author's code, or ""), `shape` (None where the samples run), `dtype`, and `samples`: (axis, times), see
    `networks.shapes`.
    """

    graph: Graph
    tensors: dict[str, torch.Tensor]
    inputs: tuple[NetworkInput, ...]
    outputs: tuple[NetworkOutput, ...]
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    name: str = ""
    parameters: frozenset[str] = frozenset()
    metadata: dict[str, Any] = field(default_factory=dict)
    # compiled passes and modified weights, kept by `propagate`
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def output_nodes(self) -> tuple[Node, ...]:
        """The nodes whose values are the outputs, in the order of `outputs`."""
        (result,) = next(node for node in self.graph.nodes if node.op == "output").args
        return tuple(result)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        takes = ", ".join(f"{i.name} {_say(i.shape)}" for i in self.inputs)
        gives = ", ".join(f"{o.name} {_say(o.shape)}" for o in self.outputs)
        return f"Network({self.name or 'unnamed'}: {takes} → {gives}, {len(self.layers)} layers)"


def _say(shape: Shape) -> str:
    return "×".join("N" if size is None else str(size) for size in shape) or "number"
