"""All cells of a view that are to be seen, painted in one go.

Qt asks a delegate cell by cell, with an object for each question: a large screen takes it 30 ms. Here a column of
numbers is looked at as an array, and only cells with something to tell are painted one by one, by the delegate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QStyle, QStyleOption, QTableView

from lrp_gui.document.table_checks import Problem
from lrp_gui.table.columns import Kind

if TYPE_CHECKING:
    from lrp_gui.table.cell import CellDelegate
    from lrp_gui.table.shown import ShownModel

MARGIN = 4
# As a number: Python's flags take longer than painting the cell.
RIGHT = (Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value
GRID = QStyle.StyleHint.SH_Table_GridLineColor


def paint_cells(view: QTableView, model: ShownModel, delegate: CellDelegate, event: QPaintEvent) -> None:
    """Paint what an event asks for; of a view without headings of groups, whose cells Qt paints."""
    painter = QPainter(view.viewport())
    painter.setFont(view.font())
    box = event.rect()
    spots, sections = _rows(view, box), _sections(view, box)
    places = np.array([place for place, _top, _height in spots], dtype=np.int64)
    order = model.arranger.order
    rows = places if order.rows is None else order.rows[places]
    page = _Page(view, model, delegate, painter, spots, rows)
    for section, left, width in sections:
        page.column(section, left, width)
    _paint_grid(view, painter, spots, sections)
    painter.end()


def _rows(view: QTableView, box: QRect) -> list[tuple[int, int, int]]:
    """(place, top, height) of the rows in a part of the viewport."""
    header = view.verticalHeader()
    first, last = header.visualIndexAt(box.top()), header.visualIndexAt(box.bottom())
    if first < 0:
        return []
    last = header.count() - 1 if last < 0 else last
    return [(one, header.sectionViewportPosition(one), header.sectionSize(one)) for one in range(first, last + 1)]


def _sections(view: QTableView, box: QRect) -> list[tuple[int, int, int]]:
    """(section, left, width) of the columns in a part of the viewport."""
    header = view.horizontalHeader()
    first, last = header.visualIndexAt(box.left()), header.visualIndexAt(box.right())
    if first < 0:
        return []
    last = header.count() - 1 if last < 0 else last
    return [
        (one, header.sectionViewportPosition(one), header.sectionSize(one))
        for one in range(first, last + 1)
        if not header.isSectionHidden(one)
    ]


def _paint_grid(
    view: QTableView, painter: QPainter, spots: list[tuple[int, int, int]], sections: list[tuple[int, int, int]]
) -> None:
    if not view.showGrid() or not spots or not sections:
        return
    option = QStyleOption()
    option.initFrom(view)
    colour = view.style().styleHint(GRID, option, view)
    painter.setPen(QPen(QColor.fromRgba(colour & 0xFFFFFFFF), 0))
    right, bottom = sections[-1][1] + sections[-1][2] - 1, spots[-1][1] + spots[-1][2] - 1
    for _place, top, height in spots:
        painter.drawLine(sections[0][1], top + height - 1, right, top + height - 1)
    for _section, left, width in sections:
        painter.drawLine(left + width - 1, spots[0][1], left + width - 1, bottom)


class _Page:
    """The rows of one painting, and what is known of them all."""

    def __init__(
        self,
        view: QTableView,
        model: ShownModel,
        delegate: CellDelegate,
        painter: QPainter,
        spots: list[tuple[int, int, int]],
        rows: np.ndarray,
    ) -> None:
        self._model, self._delegate, self._painter = model, delegate, painter
        self._spots, self._rows = spots, rows
        self._grid = int(view.showGrid())
        self._metrics = QFontMetrics(view.font())
        self._digit = self._metrics.horizontalAdvance("0")
        selection = view.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        self._boxes = [(one.top(), one.bottom(), one.left(), one.right()) for one in ranges]
        current, other = view.currentIndex(), view.focusProxy()
        focused = view.hasFocus() or (other is not None and other.hasFocus())
        self._current = (current.row(), current.column()) if focused and current.isValid() else (-1, -1)
        self._pen: QColor | None = None

    def column(self, section: int, left: int, width: int) -> None:
        """Paint one column's cells."""
        model = self._model
        column = model.column(section)
        chosen = [(top, bottom) for top, bottom, first, last in self._boxes if first <= section <= last]
        plain = [self._is_plain(place, section, chosen) for place, _top, _height in self._spots]
        if column.kind is Kind.FEATURE and model.table is not None:
            plain = self._paint_numbers(column.number, left, width, plain)
        else:
            plain = [False] * len(plain)
        for at, (place, top, height) in enumerate(self._spots):
            if not plain[at]:
                self._delegate.paint_cell(
                    self._painter,
                    QRect(left, top, width - self._grid, height - self._grid),
                    (int(self._rows[at]), column),
                    selected=any(first <= place <= last for first, last in chosen),
                    focused=self._current == (place, section),
                )
                self._pen = None

    def _is_plain(self, place: int, section: int, chosen: list[tuple[int, int]]) -> bool:
        return self._current != (place, section) and not any(first <= place <= last for first, last in chosen)

    def _paint_numbers(self, feature: int, left: int, width: int, plain: list[bool]) -> list[bool]:
        """Paint the cells that have nothing to tell beside their number and a colour; which ones those are."""
        model, painter = self._model, self._painter
        table, rows = model.table, self._rows
        assert table is not None
        one = np.array([feature])
        fine = (table.codes(rows, one)[:, 0] == Problem.FINE).tolist()
        texts = model.number_texts(rows, feature)
        shares = model.shading.shares(rows, feature)
        scale = model.colours.scales.get(model.shading.shade) if shares is not None else None
        known = shares.tolist() if shares is not None else []
        inner, grid, most = width - self._grid - 2 * MARGIN, self._grid, (width - 2 * MARGIN) // self._digit
        usual = model.colours.text
        painted = []
        for at, (_place, top, height) in enumerate(self._spots):
            well = plain[at] and fine[at]
            painted.append(well)
            if not well:
                continue
            ink = usual
            if scale is not None and (share := known[at]) == share:  # NaN alone is unlike itself
                back, ink = scale.pair(share)
                painter.fillRect(left, top, width - grid, height - grid, back)
            if ink is not self._pen:
                painter.setPen(ink)
                self._pen = ink
            text = texts[at]
            if len(text) > most:  # which may be too much
                text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, inner)
            painter.drawText(left + MARGIN, top, inner, height - grid, RIGHT, text)
        return painted
