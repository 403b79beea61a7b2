"""Which rows an attention in windows joins: numbers of rows are sent through what only moves rows or treats each alone.

Windows are cut, shifted and padded by movements. A number that enters with its row at the block's root, stands at a
query, and returns in its own row at the block's output says exactly which row that query is; so do those at the values.
Where anything else lies between, or a number comes back elsewhere, nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import Node

    from lrp_gui.jobs.token_stream import Attention, Block, Structure

DENSE = {"linear": 0, "mm": 0, "matmul": 0, "addmm": 1}  # by name, which operand the rows are in; each is mapped alone
PADS = {"pad", "constant_pad_nd"}


class Windows:
    """Follows the rows of every block whose attention does not join all of them, node by node of a forward pass."""

    def __init__(self, structure: Structure, blocks: Sequence[Block]) -> None:
        self._waiting = [_Rows(structure, block) for block in blocks if in_windows(structure, block)]
        self.found: dict[Node, np.ndarray] = {}  # by product: (heads, positions of a window), -1 for padding

    def waits(self, product: Node) -> bool:
        """Whether more may be known of an attention further on."""
        return any(product in one.attentions for one in self._waiting)

    def follow(self, node: Node, values: Mapping[Node, Any]) -> None:
        """A node has got its value; those that it reads still have theirs."""
        for one in tuple(self._waiting):
            one.follow(node, values)
            if node is one.block.branch:
                self._waiting.remove(one)
                if one.returned(node):
                    self.found |= one.products


def in_windows(structure: Structure, block: Block) -> bool:
    """Whether the block's attentions read other positions than all rows of the stream."""
    rows = structure.table(block.root)[0]
    return any(one.weights.meta["shape"][-1] != rows for one in block.attentions)


class _Rows:
    """The numbers of rows, from 1 on, in one block; 0 where a value is of no row."""

    def __init__(self, structure: Structure, block: Block) -> None:
        self._structure, self.block = structure, block
        self._numbers: dict[Node, Any] = {}
        self.attentions = {one.product: one for one in block.attentions}
        self.products: dict[Node, np.ndarray] = {}

    def follow(self, node: Node, values: Mapping[Node, Any]) -> None:
        import torch

        if node is self.block.root:
            rows, units = self._structure.table(node)
            value = values[node]
            if value.numel() == rows * units:
                numbers = torch.arange(1, rows + 1, dtype=torch.int32).repeat_interleave(units)
                self._numbers[node] = numbers.reshape(value.shape)
            return
        one = self.attentions.get(node)
        found = self._pushed(node, values) if one is None else self._attended(one, values[node])
        if found is not None:
            self._numbers[node] = found

    def returned(self, branch: Node) -> bool:
        """Whether every row came back as itself."""
        import torch

        numbers, (rows, units) = self._numbers.get(branch), self._structure.table(branch)
        if numbers is None or len(self.products) < len(self.attentions) or numbers.numel() != rows * units:
            return False
        table = numbers.reshape(rows, units)
        return bool((table == torch.arange(1, rows + 1)[:, None]).all())

    def _attended(self, one: Attention, value: Tensor) -> Tensor | None:
        """An output is of its query's row; queries, keys and values have to be of the same rows."""
        import torch

        key = one.scores.args[1] if one.scores is not None else None
        sides = [self._numbers.get(node) for node in (one.queries, key, one.values)]  # type: ignore[call-overload]
        if any(side is None for side in sides):
            return None
        queries, keys, read = (_alone(side, axis) for side, axis in zip(sides, (-1, -2, -1), strict=True))
        if queries is None or keys is None or read is None:
            return None
        if not (queries.shape == keys.shape == read.shape == value.shape[:-1]):
            return None
        if not (torch.equal(queries, keys) and torch.equal(queries, read)):
            return None
        self.products[one.product] = queries.reshape(-1, queries.shape[-1]).numpy().astype(int) - 1
        return queries[..., None].expand(value.shape)

    def _pushed(self, node: Node, values: Mapping[Node, Any]) -> Any:
        """The numbers at a node; None where they are not known."""
        from lrp_engine.networks.graphs.graph import evaluate
        from lrp_engine.networks.graphs.operations import ACTIVATION, MOVEMENT, NORMALIZATION, PRODUCT, QUOTIENT, SUM

        read = self._structure.inputs.get(node, [])
        if not read or any(one not in self._numbers for one in read):
            return None
        kind, family = self._structure.kinds[node]
        name = self._structure.names[node]
        if kind == MOVEMENT:
            if name in PADS and any(_other_than_nothing(one) for one in (*node.args[2:], *node.kwargs.values())):
                return None
            known = {one: values[one] for one in node.all_input_nodes}
            return evaluate(node, known | {one: self._numbers[one] for one in read})
        shape, numbers = values[node].shape, [self._numbers[one] for one in read]
        if family == "dense":
            place = DENSE.get(name, -1)
            rows = _alone(numbers[0], -1)
            fits = 0 <= place < len(node.args) and node.args[place] is read[0]
            if not fits or rows is None or rows.shape != shape[:-1]:
                return None
            return rows[..., None].expand(shape)
        if kind in {ACTIVATION, NORMALIZATION, PRODUCT, QUOTIENT, SUM} or family == "scaling":
            same = all(one.shape == shape and bool((one == numbers[0]).all()) for one in numbers)
            return numbers[0] if same else None
        return None


def _alone(numbers: Any, axis: int) -> Tensor | None:
    """The numbers without an axis along which they are all the same; None where they are not."""
    first = numbers.narrow(axis, 0, 1)
    return first.squeeze(axis) if numbers.dim() > 1 and bool((numbers == first).all()) else None


def _other_than_nothing(value: Any) -> bool:
    """Whether this is a number that padding would put in, or a way of padding that copies."""
    return value not in (None, 0, 0.0, "constant")
