"""What the positions of a stream are: tokens that were looked up, patches of an image, steps in time."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt, prod
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.jobs.token_grid import TokenGrid
from lrp_gui.jobs.token_stream import Structure

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Network
    from lrp_gui.jobs.requests import SampleRequest

Rows = tuple[str, int, str, "tuple[int, int] | tuple[()]"]


def rows_of(_network: Network, structure: Structure, start: Node, rows: int) -> Rows:
    """The input they belong to, the row of its first position, what they are called, and the patches' grid."""
    from lrp_engine.networks.graphs.operations import LOOKUP

    node, counted = start, rows
    while True:
        kind, family = structure.kinds.get(node, ("", ""))
        if node.op == "placeholder":
            return str(node.target), rows - counted, "position", ()
        here = structure.table(node)[0]
        if structure.names.get(node) in {"cat", "concat"} and here == counted:
            counted = max((structure.table(one)[0] for one in structure.inputs[node]), default=counted)
        if kind == LOOKUP:
            return _input(structure, node), rows - counted, "token", ()
        shape = node.meta.get("shape") or ()
        if family == "convolution":
            grid = tuple(size for size in shape[2:] if size is not None)
            if len(grid) == 2 and counted and grid[0] * grid[1] % counted == 0:
                merged = isqrt(grid[0] * grid[1] // counted)  # so many rows and columns have become one on the way
                if grid[0] * grid[1] == counted * merged**2 and not (grid[0] % merged or grid[1] % merged):
                    return _input(structure, node), rows - counted, "patch", (grid[0] // merged, grid[1] // merged)
            return "", 0, "position", ()
        before = structure.inputs[node]
        if not before:
            return "", 0, "position", ()
        following = [one for one in before if structure.kind(one) == LOOKUP] or before
        node = max(following, key=lambda one: structure.table(one)[0] if here else 0)


def _input(structure: Structure, node: Node) -> str:
    """The network's input that a value is made of, "" where they are several."""
    found = [one for one in structure.nodes if one.op == "placeholder" and structure.reads(node, one)]
    return str(found[0].target) if len(found) == 1 else ""


def with_texts(grid: TokenGrid, request: SampleRequest) -> TokenGrid:
    """What the tokens stand for, where a tokenizer lies beside the model."""
    from lrp_engine.errors import LrpError
    from lrp_engine.files.tokens import IDS, Tokenizer, role_of, tokenizer_beside
    from lrp_gui.jobs.wording import vocabulary

    if grid.positions != "token" or not grid.source or role_of(grid.source) != IDS:
        return grid
    try:
        path = tokenizer_beside(request.network.path)
        if path is None:
            return grid
        tokenizer = Tokenizer(path, vocabulary(request.network, grid.source))
    except LrpError as error:
        return replace(grid, notes=(*grid.notes, str(error)))
    ids = np.empty(0)
    first = 0
    for one in request.network.inputs:
        count = prod(one.shape)
        if one.name == grid.source:
            ids = request.values[first : first + count]
        first += count
    return replace(grid, texts=tuple(tokenizer.texts([int(one) for one in ids])))
