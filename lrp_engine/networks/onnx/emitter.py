"""Writes a graph of ATen operations while running it on examples.

The examples are two batches side by side, of two and of three samples. What is the same in both is a constant; what
differs was made of sizes; and what is computed from the inputs becomes a node. So the arithmetic that exporters leave
on shapes folds by itself, without symbols.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ...files.onnx_fields import ONNX_DTYPES
from .recorder import Recorder, merge
from .values import DTYPES, Call, Result, Sized, Value

aten = torch.ops.aten


class Emitter(Recorder):
    """What operator functions write with, and what they can ask of values.

    It is called to emit an operation (`Recorder.__call__`).
    """

    # ------------------------------------------------------------------------------------------ what is known of values

    def examples(self, value: Any) -> tuple[Any, ...]:
        """The value in each example batch."""
        if isinstance(value, Node):
            return self._held(value)
        return value.examples if isinstance(value, Sized) else (value,) * self.count

    def example(self, value: Any) -> Tensor:
        """The value in the first example batch."""
        return self.examples(value)[0]

    def shape(self, value: Any) -> tuple[int, ...]:
        """The shape, with the number of samples of the first example: never write one of its sizes into the graph.

        `sizes` gives what may be written.
        """
        return tuple(self.example(value).shape)

    def rank(self, value: Any) -> int:
        """How many axes it has."""
        return self.example(value).dim()

    def dtype(self, value: Any) -> torch.dtype:
        """In what it is computed."""
        return self.example(value).dtype

    def sizes(self, value: Any) -> list[Any]:
        """The sizes of its axes: numbers, and a node where the samples run."""
        return [self.size(value, axis) for axis in range(self.rank(value))]

    def size(self, value: Any, axis: int) -> Any:
        """The size of one axis: a number, or a node where the samples run."""
        return self._linear(tuple(example.shape[axis] for example in self.examples(value)))

    def is_sized(self, value: Any, axis: int) -> bool:
        """Whether the size of this axis depends on the number of samples."""
        return len({example.shape[axis] for example in self.examples(value)}) > 1

    def constant(self, value: Any) -> Tensor:
        """A value that has to be known while the graph is made.

        Raises
        ------
        UnsupportedOperation
            If it depends on the input's values; the sentence names the node.
        """
        if isinstance(value, Tensor):
            return value
        if value is not None and not isinstance(value, list):
            examples = self.examples(value)
            merged = merge(examples) if not isinstance(value, Node) else value
            if isinstance(merged, Tensor):
                return merged
        what = "the number of samples" if isinstance(value, Sized) else "the input's values"
        raise self.refusal(f"a setting of it depends on {what}; export the network with this setting fixed")

    def taken(self, value: Any, what: str) -> Tensor:
        """A value that decides which way is taken through the graph: the examples', where the input decides.

        Raises
        ------
        UnsupportedOperation
            If it depends on the number of samples.
        """
        examples = self.examples(value)
        if isinstance(value, Node):
            assert self.call is not None
            self.note(
                f"{self.call.where[0].upper()}{self.call.where[1:]} decides by the input {what}; the way that an "
                "example takes is followed, and explanations hold for inputs that take it too."
            )
        elif isinstance(merge(examples), Sized):
            raise self.refusal("it decides by the number of samples; export the network with a fixed number")
        return examples[0]

    def integers(self, value: Any) -> list[int]:
        """The same for whole numbers, flat."""
        return [int(one) for one in self.constant(value).reshape(-1).tolist()]

    def number(self, value: Any) -> float:
        """The same for one number."""
        return self.constant(value).reshape(-1)[0].item()

    def ints(self, value: Any) -> list[Any]:
        """Whole numbers for a place that wants sizes: int, or a node where they depend on the number of samples.

        Raises
        ------
        UnsupportedOperation
            If they depend on the input's values.
        """
        if isinstance(value, Sized):
            columns = zip(*(example.reshape(-1).tolist() for example in value.examples), strict=True)
            return [self._linear(tuple(int(one) for one in column)) for column in columns]
        return self.integers(value)

    def node(self, value: Any) -> Node:
        """The value as a node of the graph."""
        if isinstance(value, Node):
            return value
        if isinstance(value, Tensor):
            return self._attribute(value)
        return self._made_of_sizes(value)

    def _made_of_sizes(self, value: Sized) -> Node:
        first = value.examples[0]
        if first.dtype is torch.bool:
            raise self.refusal(
                "a condition in it depends on the number of samples; export the network with a fixed number"
            )
        columns = list(zip(*(example.reshape(-1).tolist() for example in value.examples), strict=True))
        scalars = [self(aten.full.default, [], self._linear(column), dtype=first.dtype) for column in columns]
        return self.node(scalars[0] if first.dim() == 0 else self._stacked(scalars, list(first.shape)))

    def _stacked(self, scalars: list[Any], shape: list[int]) -> Any:
        stacked = self(aten.stack.default, scalars)
        return stacked if len(shape) == 1 else self(aten.reshape.default, stacked, shape)

    def _linear(self, values: tuple[Any, ...]) -> Any:
        """The number that takes these values in the examples: plain, or a · samples + b as a node."""
        if len(set(values)) == 1:
            return values[0]
        assert self._batch is not None
        few, more = self._examples[self._batch][:2]
        slope = (values[1] - values[0]) / (more - few)
        slope = int(slope) if slope == int(slope) else slope
        shift = values[0] - slope * few
        if (slope, shift) not in self._sizes:
            scaled = self._batch if slope == 1 else self(operator.mul, self._batch, slope)
            self._sizes[slope, shift] = self(operator.add, scaled, shift) if shift else scaled
        return self._sizes[slope, shift]

    # --------------------------------------------------------------------------------------------------------- helpers

    def cast(self, value: Any, dtype: torch.dtype) -> Any:
        """The value in another number format."""
        return value if self.dtype(value) == dtype else self(aten._to_copy.default, value, dtype=dtype)

    def reshape(self, value: Any, sizes: Sequence[Any]) -> Any:
        """Reshape; a single size that depends on the samples is left to be inferred."""
        sizes = list(sizes)
        open_sizes = [place for place, size in enumerate(sizes) if isinstance(size, Node)]
        if len(open_sizes) == 1 and -1 not in sizes and 0 not in sizes:
            sizes[open_sizes[0]] = -1
        return self(aten.reshape.default, value, sizes)

    def format_of(self, number: int) -> str:
        """The name of an ONNX number format; "" for 0."""
        return ONNX_DTYPES.get(number, "")

    def dtype_of(self, number: int) -> torch.dtype:
        """The torch format in which values of an ONNX number format are computed."""
        if number not in DTYPES:
            raise self.refusal(f"it makes values of the number format {number}, which are no numbers")
        return DTYPES[number]

    def formatted(self, value: Tensor | Node, name: str) -> None:
        """Remember the number format that the file has for a value, where it is computed in another one."""
        self.formats[id(value)] = value, name

    def format(self, value: Any) -> str:
        """The number format that the file has for a value, as far as is known: “uint4”."""
        if id(value) in self.formats:
            return self.formats[id(value)][1]
        return str(self.dtype(value)).removeprefix("torch.")

    def run(
        self, operation: str, *inputs: Any, domain: str = "", opset: int = 0, outputs: int = 1, **attributes: Any
    ) -> Any:
        """Emit what another ONNX operator is made of, by its name.

        `opset` is the current call's unless given. The result is what that operator's function gives.
        """
        from .operators import OPERATORS

        assert self.call is not None
        name = self.call.name
        call = Call(name, operation, domain, opset or self.call.opset, inputs, attributes, outputs)
        return OPERATORS[domain, operation].function(self, call)


__all__ = ["Emitter", "Result", "Value", "merge"]
