"""What all editors share: which part of the table they show, what the worker found, and how an edit is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from lrp_gui.document.layout import layout_of
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import InputInfo
    from lrp_gui.theme import Theme

# The data's range is read from so many numbers at most, of rows that lie evenly in the table.
MOST_LOOKED_AT = 2_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """What the table holds in the columns of one input, in the table's units: bounds over all, and means of each."""

    low: float
    high: float
    means: np.ndarray  # (features,)

    @property
    def width(self) -> float:
        """The range, never zero."""
        return self.high - self.low or 1.0


class Editor(QWidget):
    """An editor of one input of the chosen sample.

    Parameters
    ----------
    document
        Where it reads, and what it calls to edit.
    theme
        Its colours.
    input_name
        One of the network's inputs, with a layout that fits the editor.
    """

    def __init__(self, document: Document, theme: Theme, input_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert document.network is not None
        self.document, self.theme, self.input_name = document, theme, input_name
        self.network = document.network
        self.info: InputInfo = next(one for one in self.network.inputs if one.name == input_name)
        self.layout_ = layout_of(self.info)
        self._spread: Spread | None = None
        self._due = Soon(self._refresh_if_seen, self)  # many signals for one edit are one drawing
        self._unseen = True
        for signal in (
            *(document.table_replaced, document.table_changed, document.sample_selected),
            *(document.result_changed, document.stale_changed),
        ):
            signal.connect(self.refresh_soon)
        for signal in (document.table_replaced, document.rows_inserted, document.rows_removed):
            signal.connect(self._forget_spread)

    # ---------------------------------------------------------------------------------- what is shown

    @property
    def row(self) -> int:
        """The table's row that is edited, -1 where there is none, or where another network was opened."""
        return self.document.selected_sample if self.document.network is self.network else -1

    @property
    def columns(self) -> slice:
        """The table's columns of this input."""
        return self.document.input_columns(self.input_name)

    def values(self) -> np.ndarray:
        """(features,) of the chosen sample in the table's units, NaN where a cell holds no number."""
        table = self.document.table
        if table is None or self.row < 0:
            return np.full(self.layout_.places.size, np.nan)
        return np.array(table.values[self.row, self.columns], dtype=np.float64)

    def relevance(self) -> np.ndarray | None:
        """(features,) of what the chosen sample's explanation hands this input, or None where there is none yet."""
        result = self.document.result
        if result is None or self.row < 0 or result.row != self.row or self.input_name not in result.inputs:
            return None
        found = result.inputs[self.input_name].reshape(-1)
        return found if found.size == self.layout_.places.size else None

    def spread(self) -> Spread:
        """The data's range and means: what low, high and mean stand for."""
        if self._spread is None:
            self._spread = self._read_spread()
        return self._spread

    def _read_spread(self) -> Spread:
        table, count = self.document.table, self.layout_.places.size
        if table is None or not table.samples:
            return Spread(0.0, 1.0, np.zeros(count))
        step = -(-table.samples * count // MOST_LOOKED_AT) or 1
        block = np.asarray(table.values[::step, self.columns], dtype=np.float64)
        there = np.isfinite(block)
        sums, counts = np.where(there, block, 0.0).sum(axis=0), there.sum(axis=0)
        low = float(np.min(block, where=there, initial=np.inf))
        high = float(np.max(block, where=there, initial=-np.inf))
        said = self._said
        if said is not None:
            low, high = said
        elif low > high:
            low, high = 0.0, 1.0
        elif low == high:
            low, high = min(low, 0.0), max(high, low + 1.0)
        return Spread(low, high, sums / np.maximum(counts, 1))

    @cached_property
    def _said(self) -> tuple[float, float] | None:
        """The range that somebody has said the features have; None where they have not, of all of them."""
        features = self.info.features  # a picture has a hundred thousand: mostly the first one tells
        if not all(math.isfinite(one.low) and math.isfinite(one.high) for one in features):
            return None
        return min(one.low for one in features), max(one.high for one in features)

    def _forget_spread(self) -> None:
        self._spread = None

    # ------------------------------------------------------------------------------------------ edits

    def write(self, places: np.ndarray, values: np.ndarray, text: str, gesture: str = "") -> None:
        """Put numbers into features of the chosen sample, in the table's units; one gesture is one step to undo."""
        if self.row < 0 or not len(places):
            return
        columns = np.asarray(places, dtype=np.intp) + self.columns.start
        numbers = np.asarray(values, dtype=np.float64)[np.newaxis]
        self.document.edit_values(np.array([self.row], dtype=np.intp), columns, numbers, text, gesture)

    @staticmethod
    def new_gesture() -> str:
        """A name that no other stroke has."""
        return uuid4().hex

    def sample_title(self) -> str:
        """The chosen sample as an edit names it."""
        table = self.document.table
        name = table.names[self.row] if table is not None and self.row >= 0 else ""
        return self.tr("sample {name}").format(name=name)

    # -------------------------------------------------------------------------------------- refreshing

    def refresh_soon(self, *_news: object) -> None:
        """Once, after all that is going on now."""
        self._due.start()

    def refresh(self) -> None:
        """Show what the document holds now."""
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.theme = theme
        self.refresh_soon()

    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self._unseen = False
            self.refresh()
        else:
            self._unseen = True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self._unseen:
            self.refresh_soon()
