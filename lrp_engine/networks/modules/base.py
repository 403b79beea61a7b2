"""What a row of the table of layer types is, and what its functions are given. Nothing here imports torch.

A type is known by two functions: `shape` says which shapes it takes and gives, with plain arithmetic, so that an
architecture can be checked while it is edited; `build` writes its ATen operations into the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from ...errors import LrpError

if TYPE_CHECKING:
    from torch.fx import Graph, Node

# Of a value in the network: None where the samples run.
Shape: TypeAlias = tuple[int | None, ...]
Parameters: TypeAlias = dict[str, Any]


class MisfitError(LrpError):
    """A layer cannot take the shapes that it is given; the text completes “The layer … does not fit: ”."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor of a layer: its name in the state dict, its shape from the layer's parameters, whether it is needed.

    The name "" is a tensor that is called as the layer itself.
    """

    name: str
    shape: Callable[[Parameters], tuple[int, ...]]
    present: Callable[[Parameters], bool] = lambda _: True
    learned: bool = True


@dataclass(frozen=True, slots=True)
class LayerType:
    """One row of the table.

    Attributes
    ----------
    group : str
        Under which heading it stands in the documentation.
    shape : callable
        `(shapes of the inputs, parameters) -> shape`; raises `MisfitError`.
    build : callable
        `(builder, parameters) -> node`.
    required, optional : tuple, dict
        Parameters without and with a default, named as torch.nn names them.
    slots : tuple of Slot, or callable
        The tensors that it reads from the weights; a callable gives them from the parameters.
    words : dict
        For parameters that are words, or may be: which ones.
    inputs : (int, int)
        How many inputs it takes, at least and at most.
    takes : str
        “numbers”, “tokens” (whole numbers), or “any” where values are only moved.
    note : str
        What torch.nn does not have or does otherwise, for the documentation.
    """

    group: str
    shape: Callable[[Sequence[Shape], Parameters], Shape]
    build: Callable[[Builder, Parameters], Node]
    required: tuple[str, ...] = ()
    optional: Mapping[str, Any] = field(default_factory=dict)
    slots: tuple[Slot, ...] | Callable[[Parameters], tuple[Slot, ...]] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: tuple[int, int] = (1, 1)
    takes: str = "numbers"
    note: str = ""

    def slots_for(self, parameters: Parameters) -> tuple[Slot, ...]:
        """The tensors that a layer with these parameters has."""
        slots = self.slots(parameters) if callable(self.slots) else self.slots
        return tuple(slot for slot in slots if slot.present(parameters))


class Builder:
    """Writes one layer's operations into the graph.

    Attributes
    ----------
    inputs : tuple of Node
        What the layer reads.
    shapes : tuple of Shape
        Their shapes.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[Node],
        shapes: Sequence[Shape],
        tensors: Mapping[str, Node],
        meta: Mapping[str, str],
    ) -> None:
        self.graph, self.inputs, self.shapes = graph, tuple(inputs), tuple(shapes)
        self._tensors, self._meta = tensors, dict(meta)
        self._path = self._kind = ""

    @property
    def x(self) -> Node:
        """The first input."""
        return self.inputs[0]

    @property
    def axes(self) -> int:
        """How many axes the first input has, that of the samples among them."""
        return len(self.shapes[0])

    def __getitem__(self, slot: str) -> Node | None:
        """The tensor of a slot; None if the layer has none."""
        return self._tensors.get(slot)

    def __call__(self, operation: str, *args: Any, **kwargs: Any) -> Node:
        """Write the ATen operation, by its name with overload, as a node of this layer."""
        from torch import ops

        name, overload = operation.split(".")
        return self.call(getattr(getattr(ops.aten, name), overload), name, args, kwargs)

    def call(self, target: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Node:
        """Write a call of any function as a node of this layer."""
        node = self.graph.create_node("call_function", target, args, kwargs or {}, name=name)
        node.meta.update(self._meta)
        if self._path:
            node.meta.update(layer=f"{self._meta['layer']}.{self._path}", module=self._kind)
        return node

    def part(self, path: str = "", kind: str = "") -> Builder:
        """What is written from now on belongs to this part of the layer: `self_attn`; "" is the layer itself."""
        self._path, self._kind = path, kind
        return self

    def samples(self) -> Node:
        """How many samples there are."""
        return self("sym_size.int", self.x, 0)


# ------------------------------------------------------------------------------------------------ shapes


def say(shape: Sequence[int | None]) -> str:
    """A shape in words, without the samples' axis."""
    return "×".join(str(size) for size in shape if size is not None) or "one number"


def many(value: Any, dims: int) -> list[int]:
    """A parameter that torch.nn takes as one number or as one for each axis."""
    if isinstance(value, list | tuple):
        if len(value) != dims:
            raise ValueError(f"{list(value)} has {len(value)} numbers where {dims} are needed")
        return [int(v) for v in value]
    return [int(value)] * dims


def size_of(shape: Sequence[int | None]) -> int:
    """How many numbers one sample has."""
    return prod(size for size in shape if size is not None)


def axis_of(dim: int, shape: Sequence[int | None]) -> int:
    """The axis that `dim` means, counted from the front."""
    if not -len(shape) <= dim < len(shape):
        raise MisfitError(f"it names the axis {dim} of a value with {len(shape)} axes")
    return dim % len(shape)


def unit_axis(dim: int, shape: Sequence[int | None], does: str) -> int:
    """The same, where it may not be the samples' axis."""
    axis = axis_of(dim, shape)
    if shape[axis] is None:
        raise MisfitError(f"it {does} over axis {dim}, where the samples run")
    return axis


def same(shapes: Sequence[Shape], _: Parameters) -> Shape:
    """The shape function of everything elementwise."""
    return shapes[0]


def windows(
    sizes: Sequence[int | None],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] | None = None,
    *,
    ceil: bool = False,
) -> list[int]:
    """How many places a window has along each axis (torch.nn.Conv2d's and torch.nn.MaxPool2d's formula)."""
    found = []
    steps = dilation or [1] * len(kernel)
    for size, k, s, p, d in zip(sizes, kernel, stride, padding, steps, strict=True):
        if k < 1 or s < 1 or d < 1 or p < 0:
            raise ValueError("kernel, stride and dilation have to be at least 1, and the padding at least 0")
        room = (size or 0) + 2 * p - d * (k - 1) - 1
        if room < 0:
            raise MisfitError(f"its window of {d * (k - 1) + 1} is larger than the {(size or 0) + 2 * p} it runs over")
        places = -(-room // s) + 1 if ceil else room // s + 1
        if ceil and (places - 1) * s >= (size or 0) + p:
            places -= 1
        found.append(places)
    return found


def image(shapes: Sequence[Shape], dims: int) -> tuple[int | None, ...]:
    """The sizes behind samples and channels; complains if there are not so many axes."""
    shape = shapes[0]
    if len(shape) != dims + 2:
        wanted = ("channels×length", "channels×height×width", "channels×depth×height×width")[dims - 1]
        raise MisfitError(f"it takes {wanted}, but is given {say(shape)}")
    return shape[2:]


def channels(shape: Shape, wanted: int, axis: int = 1, what: str = "channels") -> None:
    """Complain if there is another number of channels."""
    if len(shape) < 2:
        raise MisfitError(f"it takes {wanted} {what}, but is given one number")
    if shape[axis] != wanted:
        of = f" ({say(shape)})" if len(shape) > 2 else ""
        raise MisfitError(f"it takes {wanted} {what}, but is given {shape[axis]}{of}")


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of an elementwise operation on several values."""
    axes = max(map(len, shapes))
    found: list[int | None] = []
    for axis in range(-axes, 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(sizes) > 1:
            raise MisfitError(f"the shapes {' and '.join(map(say, shapes))} cannot be brought together")
        found.append(sizes.pop() if sizes else 1)
    return tuple(found)
