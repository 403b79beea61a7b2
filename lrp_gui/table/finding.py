"""Finding a text in the cells that are shown, a few milliseconds at a time, so that the window stays answerable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.table.view import TableView

SLICE_SECONDS = 0.008
NEWS_SECONDS = 0.3


class Finder(QObject):
    """Goes from the current cell through all others, row by row, and round the end; Esc or another search stops it."""

    found = Signal(int, int)  # place, section
    told = Signal(str)

    def __init__(self, view: TableView) -> None:
        super().__init__(view)
        self._view = view
        self._text, self._step = "", 1
        self._at = self._left = 0
        self._wrapped = False
        self._told = 0.0
        self._turn = Soon(self._go_on, self)
        view.table_model.modelAboutToBeReset.connect(self.stop)

    @property
    def busy(self) -> bool:
        """Whether it is still looking."""
        return self._turn.isActive()

    def look_for(self, text: str, step: int) -> None:
        """Find the next cell that holds the text, in any case of letters; step -1 looks back."""
        model, current = self._view.table_model, self._view.currentIndex()
        columns, rows = model.columnCount(), model.rowCount()
        if not text or not columns or not rows:
            return
        self._text, self._step, self._wrapped = text.casefold(), step, False
        start = current.row() * columns + current.column() if current.isValid() else -1
        self._at, self._left, self._told = start, rows * columns, time.monotonic()
        self._go_on()

    def stop(self) -> None:
        """Look no further."""
        self._turn.stop()

    def _go_on(self) -> None:
        model, end = self._view.table_model, time.monotonic() + SLICE_SECONDS
        columns, total = model.columnCount(), model.columnCount() * model.rowCount()
        while self._left > 0:
            self._left -= 1
            self._at += self._step
            if not 0 <= self._at < total:
                self._at, self._wrapped = (0 if self._step > 0 else total - 1), True
            place, section = divmod(self._at, columns)
            row = model.row(place) if not self._view.isColumnHidden(section) else -1
            if row >= 0 and self._text in model.text(row, model.column(section)).casefold():
                self._turn.stop()
                self.told.emit(self.tr("Went on from the other end") if self._wrapped else "")
                self.found.emit(place, section)
                return
            if self._left % 64 == 0 and time.monotonic() > end:
                self._say_how_far(total)
                self._turn.start()
                return
        self._turn.stop()
        self.told.emit(self.tr("No cell that is shown holds “{text}”").format(text=self._text))

    def _say_how_far(self, total: int) -> None:
        if time.monotonic() - self._told > NEWS_SECONDS:
            self._told = time.monotonic()
            self.told.emit(self.tr("Looking … {share} %").format(share=round(100 * (1 - self._left / total))))
