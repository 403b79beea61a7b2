"""What stands beside each row: the token's text, the patch's place, the step in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import plain
from lrp_gui.jobs.token_grid import TokenGrid
from lrp_gui.languages import tr


def row_labels(
    grid: TokenGrid, network: NetworkInfo, result: SampleResult, words: Mapping[str, Sequence[str]]
) -> list[str]:
    """One text a row; rows before the input's first belong to what the network adds, as a class token does."""
    values = result.values.get(grid.source)
    features, known = next(
        ((one.features, one.named) for one in network.inputs if one.name == grid.source), ((), False)
    )
    texts = words.get(grid.source) or grid.texts
    labels = []
    for row in range(grid.rows):
        at = row - grid.first
        if grid.source and at < 0:
            labels.append(tr("class") if grid.first == 1 else tr("added {row}").format(row=row + 1))
        elif grid.patches:
            labels.append(
                tr("row {row}, col {column}").format(row=at // grid.patches[1] + 1, column=at % grid.patches[1] + 1)
            )
        elif grid.positions == "token" and values is not None and at < values.size:
            value = float(values.ravel()[at])
            number = f"{value:.0f}" if value.is_integer() else plain(value)
            text = texts[at].strip() if at < len(texts) else ""
            named = features[at].name if at < len(features) and known else ""
            labels.append(text or (f"{named} = {number}" if named else number))
        else:
            labels.append(
                (tr("step {step}") if grid.positions in {"time step", "position"} else tr("token {step}")).format(
                    step=at + 1
                )
            )
    return [label.replace("\n", "⏎") for label in labels]


def feature_of(grid: TokenGrid, result: SampleResult, row: int) -> int:
    """The unit of the input that a row is, -1 where it is several or none."""
    values = result.values.get(grid.source)
    at = row - grid.first
    return at if values is not None and np.ndim(values) == 1 and 0 <= at < values.size else -1
