"""Series: the value as a line, on the colour of its relevance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainterPath, QPen

from lrp_gui.document.words import counted, plain, signed
from lrp_gui.languages import tr
from lrp_gui.viewer.charts import HEAD, LEGEND, Chart
from lrp_gui.viewer.colouring import Colouring, block_means, draw_marks, marked
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, elided, width_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.visible import smallest_set

MOST = 8  # channels below each other
ROW = 58.0  # what a channel takes at least: its name, a curve of which something is seen, and a gap
LEFT_ROOM = 46.0
GAP = 16.0
TALLEST = 0.4  # of its width, where a channel has all the room that it wants
OPACITY = 0.75


@dataclass
class SeriesPicture(Chart):
    """A row for each of the strongest channels, all with one scale of relevance; values have each their own."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))  # (channels, time)
    values: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    units: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), dtype=int))  # which unit of the input
    colouring: Colouring = field(default_factory=Colouring)
    limit: float = 0.0
    layer: str = ""
    selected: int = -1
    names: Sequence[str] = ()  # of the steps, where they are features in a row and nobody knows that it is time
    channels: np.ndarray | None = None  # (channels,) how much each weighs, where not its own relevance decides
    _rows: list[tuple[QRectF, int]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Rows that can be read."""
        self.size = (420.0, HEAD + LEGEND + 24 + 80.0 * min(MOST, self.relevance.shape[0]) + 40)

    @property
    def strongest(self) -> float:
        """The relevance of the strongest colour."""
        return self.limit or self.colouring.limit(self.relevance)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Rows, time below them, legend."""
        count, steps = self.relevance.shape
        most = max(1, min(MOST, count, int((rect.height() - LEGEND - 36) // ROW)))
        weights = np.abs(self.relevance).sum(axis=1) if self.channels is None else self.channels
        top = np.sort(smallest_set(weights, 1.0, most))
        room = rect.adjusted(LEFT_ROOM, 2, -8, -LEGEND - 36)
        gap = GAP if count > 1 else 0.0
        tall = min(max(150.0, room.width() * TALLEST), (room.height() - gap * (len(top) - 1)) / max(1, len(top)) - gap)
        self._rows = []
        y = room.top()
        for channel in map(int, top):
            if count > 1:
                total = tr("channel {channel}  {total} {relevance}").format(
                    channel=channel, total=self.total, relevance=signed(float(self.relevance[channel].sum()))
                )
                ink.text(QRectF(room.left(), y, room.width(), 14), total, 10.5, ink.theme.dim)
                y += gap
            place = QRectF(room.left(), y, room.width(), tall)
            self._row(ink, place, channel)
            self._rows.append((place, channel))
            y += tall + gap
        bottom = y - gap
        self._ends(ink, QRectF(room.left(), bottom + 2, room.width(), 13))
        ink.map_bar(QRectF(rect.center().x() - 75, bottom + 20, 150, 9), plain(self.strongest, 2))
        ink.text(
            QRectF(rect.left(), bottom + 45, rect.width(), 14),
            self._note(count, len(top), steps, room.width()),
            10.5,
            ink.theme.dim,
            CENTRE,
        )

    def _ends(self, ink: Ink, line: QRectF) -> None:
        """Where the row begins and ends: by the features' names, or the steps' numbers; between them, what they are."""
        last = int(self.relevance.shape[1]) - 1
        ends = (self.names[0], self.names[last]) if self.names else ("0", str(last))
        what = tr("feature") if self.names else tr("step")
        most = line.width() * 0.45
        first, final = (elided(end, most, 10.5) for end in ends)
        ink.text(line, first, 10.5, ink.theme.dim, LEFT)
        ink.text(line, final, 10.5, ink.theme.dim, RIGHT)
        beside = 2 * max(width_of(first, 10.5), width_of(final, 10.5))
        if beside + width_of(what, 10.5) + 16 <= line.width():
            ink.text(line, what, 10.5, ink.theme.dim, CENTRE)

    def _note(self, count: int, shown: int, steps: int, width: float) -> str:
        parts = [tr("line: value")]
        if shown < count:
            parts.append(tr("{shown} of {count} channels").format(shown=shown, count=count))
        if steps > width:
            each = -(-steps // max(1, int(width)))
            many = counted(each, "feature") if self.names else counted(each, "step")
            parts.append(tr("colour: mean of up to {steps}").format(steps=many))
        parts.append(self.colouring.clipped(self.relevance, self.strongest))
        return "; ".join(part for part in parts if part)

    def _row(self, ink: Ink, place: QRectF, channel: int) -> None:
        from lrp_gui.viewer import plots

        theme = ink.theme
        relevance, values = self.relevance[channel], self.values[channel]
        limit = self.strongest
        means = block_means(relevance[np.newaxis], 1, max(1, int(place.width())))
        plots.heatmap(ink, [(place, means, (-limit, limit), plots.colour_map(theme, OPACITY))], place)
        if marked(self.colouring):
            draw_marks(ink, QRectF(place.left(), place.top(), place.width(), 11), relevance[np.newaxis], limit)
        ink.box(place, None, theme.line, 1)
        known = bool(np.isfinite(values).all())  # of two samples there is no common value
        low, high = (float(values.min()), float(values.max())) if known else (0.0, 0.0)
        if known:
            ink.painter.setBrush(QColor(0, 0, 0, 0))
            ink.painter.setPen(QPen(QColor(theme.text), 1.3))
            ink.painter.drawPath(self._line(place, values, low, high))
        ends = ((high, place.top() - 1), (low, place.bottom() - 12)) if known else ()
        for value, y in ends if place.height() > 25 else ():
            ink.text(QRectF(place.left() - LEFT_ROOM, y, LEFT_ROOM - 5, 13), plain(value, 3), 10.5, theme.dim, RIGHT)
        step = np.flatnonzero(self.units[channel] == self.selected)
        if step.size:
            wide = place.width() / len(values)
            chosen = QRectF(place.left() + int(step[0]) * wide, place.top(), max(3.0, wide), place.height())
            ink.box(chosen, None, theme.accent, 1.5)

    @staticmethod
    def _line(place: QRectF, values: np.ndarray, low: float, high: float) -> QPainterPath:
        """Through the middle of every step; of very many, through the lowest and highest of each pixel."""
        inner = place.adjusted(0, 5, 0, -5)
        wide = place.width() / len(values)
        at = (np.arange(len(values)) + 0.5) * wide
        if len(values) > 4 * place.width():
            parts = np.array_split(np.arange(len(values)), int(place.width()))
            picked = [
                index for part in parts for index in sorted((part[values[part].argmin()], part[values[part].argmax()]))
            ]
            at, values = at[picked], values[picked]
        y = inner.bottom() - (values - low) / ((high - low) or 1.0) * inner.height()
        path = QPainterPath(QPointF(place.left() + at[0], y[0]))
        for x, height in zip(at[1:].tolist(), y[1:].tolist(), strict=True):
            path.lineTo(place.left() + x, height)
        return path

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """The step under a point of the last painting."""
        for place, channel in self._rows:
            if place.contains(point):
                steps = self.relevance.shape[1]
                step = min(steps - 1, int((point.x() - place.left()) / place.width() * steps))
                where = (
                    tr("channel {channel}, step {step}").format(channel=channel, step=step)
                    if len(self.relevance) > 1
                    else self.names[step]
                    if self.names
                    else tr("step {step}").format(step=step)
                )
                value, relevance = self.values[channel, step], self.relevance[channel, step]
                text = tr("{where}: value {value}").format(where=where, value=plain(value, 4))
                text += f"\n{self.letter} {signed(relevance, 4)}"
                return Hit(self.layer, int(self.units[channel, step]), text)
        return super().hit(point, size)
