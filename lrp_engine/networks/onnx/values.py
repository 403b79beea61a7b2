"""What the importer's values are, and what an operator function is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

import torch
from torch import Tensor
from torch.fx import Node

from ...errors import CaptureError, FormatError
from ...files.onnx_fields import ONNX_DTYPES
from ...files.onnx_model import OnnxValue

if TYPE_CHECKING:
    from .emitter import Emitter


@dataclass(frozen=True, eq=False, slots=True)
class Sized:
    """A small tensor made of sizes: it depends on how many samples there are, and on nothing else of the input.

    Attributes
    ----------
    examples : tuple of torch.Tensor
        Its values, one for each example batch; all of one shape.
    """

    examples: tuple[Tensor, ...]


class Texts(list[Any]):
    """Texts, which are not computed: what is made of them is texts too, and an output of them is left out."""


TEXTS = Texts()

# A constant (the same whatever the input), a node of the graph, a value made of sizes, or a sequence of those.
Value = Union[Tensor, Node, Sized, "list[Value]"]
Optional = Value | None


@dataclass(frozen=True, slots=True)
class Call:
    """One ONNX node with its values, as an operator function sees it.

    Attributes
    ----------
    name : str
        The node's name, or what stands for it where the file gives none.
    operation, domain : str
        “Conv”, and "" for ONNX's own operators.
    opset : int
        The version of the domain's operators that the file asks for.
    inputs : tuple
        None where an optional one was left out.
    attributes : dict
        Plain values: int, float, str, list of these, ndarray or `TensorInfo`, `OnnxGraph`.
    outputs : int
        How many outputs are wanted: the last one that is named.
    """

    name: str
    operation: str
    domain: str
    opset: int
    inputs: tuple[Optional, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1

    @property
    def where(self) -> str:
        """The node in words."""
        return f"the node “{self.name}” ({self.operation})"

    def input(self, place: int) -> Any:
        """An input that has to be there.

        Raises
        ------
        FormatError
            If the node has no such input.
        """
        value = self.optional(place)
        if value is None:
            raise FormatError(f"{self.where[0].upper()}{self.where[1:]} lacks its input {place}.")
        return value

    def optional(self, place: int) -> Any:
        """An input, or None."""
        return self.inputs[place] if place < len(self.inputs) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default."""
        return self.attributes.get(name, default)

    def required(self, name: str) -> Any:
        """An attribute that has to be there.

        Raises
        ------
        FormatError
            If the node has none of this name.
        """
        if name not in self.attributes:
            raise FormatError(f"{self.where[0].upper()}{self.where[1:]} lacks its attribute “{name}”.")
        return self.attributes[name]


Result = Any  # a Value, or a tuple of Values and None, one for each wanted output
Function = Callable[["Emitter", Call], Result]


@dataclass(frozen=True, slots=True)
class Operator:
    """A row of the table of operators.

    Attributes
    ----------
    function : callable
        Emits the ATen operations, and gives the output or a tuple of outputs.
    note : str
        What a person should know where a network has this operator; "" for nothing.
    """

    function: Function
    note: str = ""


# Whole numbers that torch cannot calculate with are computed in wider ones, half precision in single.
_WIDER = {
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.int64,
}


_NARROW = {"uint4": torch.uint8, "int4": torch.int8, "uint2": torch.uint8, "int2": torch.int8}


def _format(name: str) -> torch.dtype:
    if name.startswith("float") and name not in {"float32", "float64"}:
        return torch.float32  # float16, and those of 8 and 4 bits
    return _NARROW.get(name) or runnable(getattr(torch, name))


def runnable(dtype: torch.dtype) -> torch.dtype:
    """The number format in which values of this one are computed."""
    return _WIDER.get(dtype, dtype)


# The number formats of ONNX, by the number that the file has for each, as the importer computes in them.
DTYPES: dict[int, torch.dtype] = {number: _format(name) for number, name in ONNX_DTYPES.items() if name != "string"}


def format_of(value: OnnxValue) -> torch.dtype:
    """The number format of a declared value.

    Raises
    ------
    CaptureError
        If it is no tensor of numbers.
    """
    if value.dtype not in _NAMED:
        raise CaptureError(
            f"The network's input “{value.name}” is {value.dtype or 'of no stated kind'}; "
            "only tensors of numbers can be given."
        )
    return _NAMED[value.dtype]


_NAMED = {name: DTYPES[number] for number, name in ONNX_DTYPES.items() if number in DTYPES}
