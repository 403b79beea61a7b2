"""The layer strip: the conservation ledger as a row of columns, from input to output.

Each column shows, about one zero line and in one scale for the whole strip, what arrived at the layer
(positive above, negative below) and beside it where that went: on to the layer before, or into a sink.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from lrp_gui.document.words import total_text
from lrp_gui.languages import tr
from lrp_gui.theme import SINKS
from lrp_gui.viewer.balance import TITLES, Balance
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, fitting, last_parts, mix, width_of
from lrp_gui.viewer.picture import Drawing, Hit, Step, batches

COLUMNS = 6  # in one step
MIN_COLUMN = 50.0
WIDEST_ALIGNED = 170.0
NAME_SIZES = (11.5, 10.5, 9.5)
HEADER = 18.0
LEGEND = 18.0
FOOTER = 15.0
HATCHED = ("unsupported", "unexplained")


@dataclass
class StripPicture(Drawing):
    """All columns and the legend."""

    columns: tuple[Balance, ...] = ()
    accounts: tuple[Balance, ...] = ()  # the same, layer by layer
    selected: str = ""
    labels: dict[str, str] = field(default_factory=dict)  # layer path -> what the person calls it
    headed: bool = True  # the legend stands in it; in a window it stands above, where it does not scroll
    over: Callable[[float], Sequence[float]] | None = None  # for the strip's width, where the graph's columns stand

    def __post_init__(self) -> None:
        """A size in which every column can be read."""
        self.size = (max(480.0, 70.0 * len(self.columns) + 16), 128.0)

    @property
    def minimum_width(self) -> float:
        """Below it the strip has to scroll."""
        return MIN_COLUMN * len(self.columns) + 16

    def column_of(self, layer: str) -> int:
        """The number of the column that speaks for a layer, or -1."""
        return next((n for n, column in enumerate(self.columns) if column.speaks_for(layer)), -1)

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """All steps at once."""
        for step in self.steps(size):
            step(ink)

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Legend, then the columns over one zero line."""
        spots: list[tuple[QRectF, Hit]] = []
        self.spots = spots
        if not self.columns:
            return
        above = LEGEND if self.headed else 0.0
        if self.headed:
            yield lambda ink: self.legend(ink, size.width())
        centres, width = self._places(size.width())
        body = QRectF(8, above + HEADER, size.width() - 16, max(10.0, size.height() - above - HEADER - FOOTER - 3))
        up, down = self._limits()
        per = body.height() / ((up + down) or 1.0)
        zero = body.top() + up * per if up + down else body.center().y()
        tall = size.height() - above - 1
        places = [QRectF(centre - width / 2, above, width, tall) for centre in centres]
        for found in batches(zip(self.columns, places, strict=True), COLUMNS):
            yield partial(self._some, columns=found, zero=zero, per=per, spots=spots)
        half, foot = width / 2, size.height() - 0.5
        yield lambda ink: ink.line(
            QPointF(centres[0] - half, zero), QPointF(centres[-1] + half, zero), ink.theme.dim, 1
        )
        yield lambda ink: ink.line(QPointF(0, foot), QPointF(size.width(), foot), ink.theme.line, 1)

    def _some(
        self,
        ink: Ink,
        columns: list[tuple[Balance, QRectF]],
        zero: float,
        per: float,
        spots: list[tuple[QRectF, Hit]],
    ) -> None:
        for column, rect in columns:
            self._column(ink, column, rect, zero, per)
            spots.append((rect, Hit(column.layer, -1, column.text())))

    def _places(self, width: float) -> tuple[Sequence[float], float]:
        """Centres and width of the columns: over those of the graph, or spread evenly."""
        count = len(self.columns)
        centres = list(self.over(width)) if self.over is not None else []
        if len(centres) == count > 1:
            gaps = [b - a for a, b in pairwise(centres)]
            room = min(*gaps, 2 * centres[0] - 8, 2 * (width - centres[-1]) - 8)
            if room >= MIN_COLUMN:
                return centres, min(room, WIDEST_ALIGNED)
        even = (width - 16) / count
        return [8 + (n + 0.5) * even for n in range(count)], even

    def _limits(self) -> tuple[float, float]:
        """The tallest stack above and below zero, over all columns."""
        up = max(max(c.arrived_positive, _stack(c, 1)) for c in self.columns)
        down = max(max(-c.arrived_negative, _stack(c, -1)) for c in self.columns)
        return up, down

    def _column(self, ink: Ink, column: Balance, rect: QRectF, zero: float, per: float) -> None:
        theme = ink.theme
        chosen = column.speaks_for(self.selected)
        if chosen:
            ink.box(rect.adjusted(1, 0, -1, -1), mix(theme.background, theme.accent, 0.12), theme.accent, 1.5, 4)
        name = QRectF(rect.left() + 4, rect.top() + 1, rect.width() - 8, HEADER - 2)
        if column.alarm:
            name.setLeft(name.left() + 12)
        layer = self.labels.get(column.layer, column.layer)
        fits = (size for size in NAME_SIZES if width_of(layer, size, chosen) <= name.width())
        size = next(fits, NAME_SIZES[-1])
        shown = last_parts(layer, name.width(), size, chosen)
        ink.text(name, shown, size, theme.text, CENTRE, bold=chosen)
        if column.alarm:
            half = min(width_of(shown, size, chosen) / 2, name.width() / 2)
            self._mark(ink, QPointF(name.center().x() - half - 8, name.center().y()))
        foot = QRectF(rect.left() + 2, rect.bottom() - FOOTER, rect.width() - 4, FOOTER - 1)
        if column.broken:
            ink.text(foot, fitting((tr("not a number"), "NaN"), foot.width(), 10.5), 10.5, theme.warning, CENTRE)
            return
        full, *shorter = (total_text(column.arrived_positive, column.arrived_negative, digits) for digits in (3, 2, 1))
        shorter = [text for one in shorter for text in (one, one.replace("e-0", "e-"))]
        total = fitting((f"Σ {full}", full, *shorter), foot.width(), 10.5)
        ink.text(foot, total, 10.5, theme.dim, CENTRE)
        bar = min(26.0, (rect.width() - 14) / 2)
        left = QRectF(rect.center().x() - bar - 1, zero, bar, 0)
        right = QRectF(rect.center().x() + 1, zero, bar, 0)
        if not column.rules:  # an input, or a layer that hands everything on as it is: nothing to divide
            left.moveLeft(rect.center().x() - bar / 2)
        self._piece(ink, left, column.arrived_positive * per, theme.positive)
        self._piece(ink, left, column.arrived_negative * per, theme.negative, glyph="-")
        if not column.rules:
            return
        offsets = {1: 0.0, -1: 0.0}
        for label, value in (("", column.passed_on), *column.sinks.items()):
            sign = 1 if value >= 0 else -1
            piece = QRectF(right.left(), zero - offsets[sign], right.width(), 0)
            if label:
                self._piece(ink, piece, value * per, theme.sink(label), hatched=label in HATCHED)
            else:
                self._passed(ink, piece, value * per)
            offsets[sign] += value * per

    def _piece(self, ink: Ink, at: QRectF, height: float, colour: str, glyph: str = "", hatched: bool = False) -> None:
        if abs(height) < 0.05:
            return
        rect = QRectF(at.left(), at.top() - height, at.width(), height).normalized()
        ink.box(rect, mix(ink.theme.background, colour, 0.35) if hatched else colour)
        if hatched:
            ink.hatch(rect, colour)
        if glyph and rect.height() > 7:  # negative is striped across, so the sign survives without colour
            y = rect.top() + 4
            while y < rect.bottom() - 1:
                ink.line(QPointF(rect.left() + 3, y), QPointF(rect.right() - 3, y), ink.theme.background, 1, 0.55)
                y += 5

    def _passed(self, ink: Ink, at: QRectF, height: float) -> None:
        if abs(height) < 0.05:
            return
        rect = QRectF(at.left(), at.top() - height, at.width(), height).normalized()
        ink.box(rect.adjusted(0.5, 0.5, -0.5, -0.5), mix(ink.theme.background, ink.theme.other, 0.45), ink.theme.other)

    @staticmethod
    def _mark(ink: Ink, centre: QPointF) -> None:
        """A small warning triangle."""
        path = QPainterPath(QPointF(centre.x(), centre.y() - 5.5))
        path.lineTo(centre.x() + 6, centre.y() + 4.5)
        path.lineTo(centre.x() - 6, centre.y() + 4.5)
        path.closeSubpath()
        ink.painter.setPen(QPen(Qt.PenStyle.NoPen))
        ink.painter.setBrush(QColor(ink.theme.warning))
        ink.painter.drawPath(path)
        ink.line(QPointF(centre.x(), centre.y() - 2.5), QPointF(centre.x(), centre.y() + 1), ink.theme.background, 1.6)
        ink.line(QPointF(centre.x(), centre.y() + 2), QPointF(centre.x(), centre.y() + 3.4), ink.theme.background, 1.6)

    def legend(self, ink: Ink, width: float) -> None:
        """In so much width, `LEGEND` high: only what occurs is listed; the scale is the strip's own."""
        theme, rect = ink.theme, QRectF(8, 2, width - 16, LEGEND - 2)
        least = 0.003 * max(*self._limits(), 1e-300)
        present = [name for name in SINKS if any(abs(column.sinks[name]) > least for column in self.columns)]
        flows = all(column.flows for column in self.columns)
        entries = [(tr("arrived +"), theme.positive), (tr("arrived −"), theme.negative), (tr("passed on"), theme.other)]
        if not flows:
            entries = [(tr("gradients +"), theme.positive), (tr("gradients −"), theme.negative)]
        entries += [(tr(TITLES[name]), theme.sink(name)) for name in present]
        x = rect.left()
        for text, colour in entries:
            width = width_of(text, 10.5) + 26
            if x + width > rect.right():
                ink.text(QRectF(x, rect.top(), rect.right() - x, rect.height()), "…", 10.5, theme.dim)
                return
            swatch = QRectF(x, rect.center().y() - 4.5, 9, 9)
            if colour == theme.other:
                self._passed(ink, QRectF(swatch.left(), swatch.bottom(), 9, 0), 9)
            else:
                hatched = text in {tr(TITLES[name]) for name in HATCHED}
                glyph = "-" if colour == theme.negative else ""
                self._piece(ink, QRectF(swatch.left(), swatch.bottom(), 9, 0), 9, colour, glyph, hatched)
            ink.text(QRectF(x + 13, rect.top(), width, rect.height()), text, 10.5, theme.dim, LEFT)
            x += width
        note = tr("input → output, bars in one scale") + ("" if flows else tr("; no relevance, nothing has to balance"))
        if x + width_of(note, 10.5) + 12 < rect.right():
            ink.text(QRectF(x, rect.top(), rect.right() - x, rect.height()), note, 10.5, theme.dim, RIGHT)


@dataclass
class StripLegend(Drawing):
    """The legend by itself, above a strip that scrolls."""

    strip: StripPicture | None = None

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """As it stands in the strip."""
        if self.strip is not None and self.strip.columns:
            self.strip.legend(ink, size.width())


def _stack(column: Balance, sign: int) -> float:
    """How tall the pieces of one sign stand on each other."""
    if not column.rules:
        return 0.0
    return sum(max(0.0, sign * value) for value in (column.passed_on, *column.sinks.values()))
