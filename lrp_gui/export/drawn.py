"""The numbers of pictures that show more than one table of the explanation: graphs, and all samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.viewer.matrix.picture import MatrixPicture
from lrp_gui.viewer.operations.picture import OperationsPicture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.tokens.picture import TokenPicture

if TYPE_CHECKING:
    from lrp_gui.viewer.picture import Drawing

Columns = dict[str, Any]
Arrays = dict[str, np.ndarray]
BOX, EDGE = "box", "edge"


def drawn_numbers(picture: Drawing | None) -> tuple[Columns, Arrays] | None:
    """Columns of equal length, and arrays in their own shapes; None of a picture that shows a part of the explanation.

    Amounts that are not told are NaN.
    """
    if isinstance(picture, MatrixPicture):
        return _samples(picture)
    if isinstance(picture, StagePicture) and picture.graph is not None:
        return _boxes(picture)
    if isinstance(picture, OperationsPicture) and picture.layout is not None and picture.amounts is not None:
        return _operations(picture)
    if isinstance(picture, TokenPicture) and picture.grid is not None and picture.grid.points:
        return _tokens(picture)
    return None


def _samples(picture: MatrixPicture) -> tuple[Columns, Arrays]:
    """A row for each sample and a column for each feature, in the order in which they are drawn."""
    rows, across = picture.relevance.shape
    columns: Columns = {"sample": [picture.rows[row] for row in range(rows)], "row": picture.samples.tolist()}
    for column in range(across):
        name = str(picture.columns[column])
        while name in columns:
            name += "_"
        columns[name] = picture.relevance[:, column]
    return columns, {"relevance": picture.relevance, "rows": picture.samples, "features": picture.features}


def _boxes(picture: StagePicture) -> tuple[Columns, Arrays]:
    """What arrived at each box of the graph of layers, then what each hands back to another; both signs apart."""
    assert picture.graph is not None
    stages = picture.graph.stages
    rows = [(BOX, stage.name, "", stage.positive, stage.negative) for stage in stages]
    rows += [
        (EDGE, stages[one.reader].name, stages[one.source].name)
        + ((one.positive, one.negative) if one.known else (np.nan, np.nan))
        for one in picture.graph.branches
    ]
    return _listed(("kind", "layers", "hand back to", "positive relevance", "negative relevance"), rows)


def _operations(picture: OperationsPicture) -> tuple[Columns, Arrays]:
    """The same for every operation, opened or folded."""
    assert picture.layout is not None
    assert picture.amounts is not None
    graph, amounts = picture.layout.graph, picture.amounts
    rows = [(BOX, name, "", *pair) for name, pair in zip(graph.names, amounts.nodes.tolist(), strict=True)]
    ends = zip(graph.edges.tolist(), amounts.edges.tolist(), strict=True)
    rows += [(EDGE, graph.names[reader], graph.names[source], *pair) for (source, reader), pair in ends]
    return _listed(("kind", "operation", "hands back to", "positive relevance", "negative relevance"), rows)


def _tokens(picture: TokenPicture) -> tuple[Columns, Arrays]:
    """Each position at each point; as arrays also what goes from position to position in each block."""
    grid = picture.grid
    assert grid is not None
    rows: list[tuple[Any, ...]] = []
    arrays: Arrays = {}
    for point in grid.points:
        sums = np.asarray(point.relevance, dtype=float).tolist()
        names = picture.labels if len(picture.labels) == len(sums) else [""] * len(sums)
        told = enumerate(zip(names, sums, strict=True))
        rows += [(n, name, point.name, point.layer, amount) for n, (name, amount) in told]
    for number, gap in enumerate(grid.gaps):
        arrays[f"{number} {gap.kind} branch"], arrays[f"{number} {gap.kind} skip"] = gap.branch, gap.skip
        if gap.mixing is not None:
            ends = (gap.mixing.right, gap.mixing.left, gap.mixing.amount)
            arrays[f"{number} {gap.kind} from, to, relevance"] = np.stack([np.asarray(end, float) for end in ends], 1)
    columns, listed = _listed(("position", "token", "point", "layer", "relevance"), rows)
    return columns, listed | arrays


def _listed(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> tuple[Columns, Arrays]:
    columns: Columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    return columns, {name: np.asarray(column) for name, column in columns.items()}
