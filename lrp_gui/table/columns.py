"""What the table's columns are, and each of them as one array: for sorting, filtering, grouping and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document import predicting
from lrp_gui.languages import mark, tr
from lrp_gui.table.matching import Value, Words

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, TableResult
    from lrp_gui.document.table import InputTable


class Kind(Enum):
    """What stands in a column; the value is its name in an expression, where it has one."""

    NAME = mark("sample")
    TARGET = mark("target")
    OUTPUT = mark("output")
    PREDICTION = mark("prediction")
    CONFIDENCE = mark("confidence")
    PICTURE = ""  # a whole input in one cell
    FEATURE = "feature"
    EXTRA = "extra"


# The columns that stay in sight, from left to right.
PINNED = (Kind.NAME, Kind.TARGET, Kind.OUTPUT, Kind.PREDICTION, Kind.CONFIDENCE)
RESULTS = frozenset(PINNED) - {Kind.NAME}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: of a feature or another column of the file, which one."""

    kind: Kind
    number: int = 0


class TableColumns:
    """The columns of one state of the table, by name; what is computed is kept as long as this is.

    Holds references to arrays, so that the worker may read while the document goes on.
    """

    def __init__(
        self, table: InputTable, network: NetworkInfo | None, result: TableResult | None, target: str = ""
    ) -> None:
        self.samples = table.samples
        self._table, self._network, self._result, self._target = table, network, result, target
        self._values, self._sample_names = table.values, table.names
        self._extras = list(table.extras)
        self._kept: dict[Column, Value] = {}
        self._places: dict[str, Column] | None = None

    def names(self) -> Sequence[str]:
        """All columns by name; a feature that is called "output" goes before the output itself."""
        return list(self.places())

    def places(self) -> dict[str, Column]:
        """Which column a name means."""
        if self._places is None:
            found: dict[str, Column] = {}
            for number, feature in enumerate(self._table.features):
                found.setdefault(feature.name, Column(Kind.FEATURE, number))
            for number, extra in enumerate(self._extras):
                found.setdefault(extra.name, Column(Kind.EXTRA, number))
            for kind in PINNED:
                found.setdefault(kind.value, Column(kind))
                found.setdefault(tr(kind.value), Column(kind))
            self._places = found
        return self._places

    def name_of(self, column: Column) -> str:
        """What a column is called; two may share it."""
        if column.kind is Kind.FEATURE:
            return self._table.features[column.number].name
        return self._extras[column.number].name if column.kind is Kind.EXTRA else column.kind.value

    def number_of(self, column: Column) -> int:
        """Which column of the table it is: the features, and behind them the other columns of the file; else -1."""
        if column.kind is Kind.FEATURE:
            return column.number
        return len(self._table.features) + column.number if column.kind is Kind.EXTRA else -1

    def column(self, name: str) -> Value:
        """(samples,) of float or words."""
        return self.of(self.places()[name])

    def relevance(self, name: str) -> np.ndarray | None:
        """(samples,) of float, NaN where a row is not explained; None for what is no feature."""
        column = self.places()[name]
        if column.kind is not Kind.FEATURE:
            return None
        found = np.full(self.samples, np.nan)
        known = self._result
        if known is not None and column.number < known.relevance.shape[1]:
            count = min(self.samples, len(known.relevance))
            found[:count] = known.relevance[slice(count), column.number]
        return found

    def of(self, column: Column) -> Value:
        """(samples,) of float or words."""
        if column.kind is Kind.FEATURE:
            values = np.asarray(self._values[:, column.number], dtype=np.float64)
            return values if np.isfinite(values).all() else np.where(np.isfinite(values), values, np.nan)
        if column not in self._kept:
            self._kept[column] = self._computed(column)
        return self._kept[column]

    def _computed(self, column: Column) -> Value:
        if column.kind is Kind.NAME:
            return _words(list(self._sample_names))
        if column.kind is Kind.EXTRA:
            extra = self._extras[column.number]
            return _words(list(extra.texts)) if extra.numbers is None else np.array(extra.numbers)
        network, (rows, outputs) = self._network, self._outputs()
        if network is None or outputs is None:
            blank = np.full(self.samples, np.nan)
            return blank if column.kind in {Kind.OUTPUT, Kind.CONFIDENCE} else _words([""] * self.samples)
        if column.kind is Kind.OUTPUT:
            return self._spread(rows, predicting.leading_outputs(outputs), np.nan)
        if column.kind is Kind.CONFIDENCE:
            return self._spread(rows, predicting.confidences(network, outputs), np.nan)
        if column.kind is Kind.TARGET:
            codes, words = predicting.targets(network, self._target, outputs)
        else:
            codes, words = predicting.predictions(network, outputs)
        return Words(self._spread(rows, codes, 0), words)

    def _outputs(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Rows whose outputs are known, None for all of them; and (rows, output units)."""
        result = self._result
        if result is None or len(result.outputs) != self.samples:
            return None, None
        if isinstance(result.outputs, np.ndarray):
            return None, result.outputs
        rows = np.flatnonzero(result.outputs.kept(np.arange(self.samples)))  # of a large table not all are kept
        return rows, result.outputs[rows]

    def _spread(self, rows: np.ndarray | None, found: np.ndarray, blank: float) -> np.ndarray:
        """(samples,) what was found for some of the rows."""
        if rows is None:
            return found
        whole = np.full(self.samples, blank, dtype=found.dtype)
        whole[rows] = found
        return whole


def _words(texts: list[str]) -> Words:
    """Texts as numbers of words, in the order in which they first come."""
    places: dict[str, int] = {}
    codes = np.fromiter((places.setdefault(text, len(places)) for text in texts), dtype=np.int64, count=len(texts))
    return Words(codes, tuple(places))


def ranks(value: Value) -> np.ndarray:
    """(samples,) of float by which rows are sorted: words as people sort them, 2 before 10; NaN where missing."""
    if not isinstance(value, Words):
        return value
    places = sorted(range(len(value.words)), key=lambda code: _sort_key(value.words[code]))
    rank = np.full(len(value.words), np.nan)
    for place, code in enumerate(places):
        if value.words[code].strip():
            rank[code] = place
    return rank[value.codes] if rank.size else np.full(len(value.codes), np.nan)


def _sort_key(word: str) -> tuple[int, float, str]:
    try:
        return 0, float(word), ""
    except ValueError:
        return 1, 0.0, word.casefold()
