"""Keeping the table's results beside its rows, while rows come, go and change."""

from __future__ import annotations

import numpy as np

from lrp_gui.document.results import TableResult


def blank(samples: int, outputs: int, features: int) -> TableResult:
    """A result for every row, none of it known yet: NaN stands for "not explained"."""
    return TableResult(
        rows=np.arange(samples),
        outputs=np.full((samples, outputs), np.nan),
        explained=np.full(samples, np.nan),
        relevance=np.full((samples, features), np.nan, dtype=np.float32),
    )


def put(result: TableResult, part: TableResult) -> TableResult:
    """Write the rows of `part` into `result`; the wider one decides when the shapes differ."""
    samples = len(result.rows)
    if result.outputs.shape[1] != part.outputs.shape[1] or result.relevance.shape[1] != part.relevance.shape[1]:
        result = blank(samples, part.outputs.shape[1], part.relevance.shape[1])
    result.outputs[part.rows] = part.outputs
    result.explained[part.rows] = part.explained
    result.relevance[part.rows] = part.relevance
    for row in part.rows.tolist():
        result.refused.pop(row, None)
    result.refused.update(part.refused)
    return result


def forget(result: TableResult, rows: list[int]) -> None:
    """These rows are not what was explained any more."""
    result.outputs[rows] = np.nan
    result.explained[rows] = np.nan
    result.relevance[rows] = np.nan
    for row in rows:
        result.refused.pop(row, None)


def inserted(result: TableResult, at: int, count: int) -> TableResult:
    """The result after `count` rows came in before row `at`."""
    return TableResult(
        rows=np.arange(len(result.rows) + count),
        outputs=np.insert(result.outputs, [at] * count, np.nan, axis=0),
        explained=np.insert(result.explained, [at] * count, np.nan),
        relevance=np.insert(result.relevance, [at] * count, np.nan, axis=0),
        refused={row + count if row >= at else row: why for row, why in result.refused.items()},
    )


def removed(result: TableResult, at: int, count: int) -> TableResult:
    """The result after the rows from `at` on went out."""
    gone = np.s_[at : at + count]
    kept = ((row, why) for row, why in result.refused.items() if not at <= row < at + count)
    return TableResult(
        rows=np.arange(len(result.rows) - count),
        outputs=np.delete(result.outputs, gone, axis=0),
        explained=np.delete(result.explained, gone),
        relevance=np.delete(result.relevance, gone, axis=0),
        refused={row - count if row >= at else row: why for row, why in kept},
    )
