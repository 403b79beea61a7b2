"""Activation beside relevance: for units as bars, for channels as maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from lrp_gui.document.words import counted, plain, signed
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.charts import LEGEND, NOTE, ROW, Chart
from lrp_gui.viewer.colouring import Colouring, draw_marks, marked
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, elided, fitting, width_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.visible import smallest_set, strongest_channels


@dataclass
class PairsPicture(Chart):
    """For each of the strongest units its activation and its relevance, each about a zero line of its own."""

    names: Sequence[str] = ()
    relevance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    activation: np.ndarray = field(default_factory=lambda: np.zeros(0))
    layer: str = ""
    selected: int = -1

    def __post_init__(self) -> None:
        """As tall as its rows."""
        self.size = (420.0, min(640.0, 90 + 21.0 * max(3, self.relevance.size)))

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Names, then two columns of bars."""
        theme = ink.theme
        most = max(1, int((rect.height() - 50) / ROW))
        shown = smallest_set(self.relevance, 1.0, most)
        names = [elided(self.names[int(unit)], rect.width() * 0.28, 10.5) for unit in shown]
        left = max((width_of(name, 10.5) for name in names), default=0.0) + 12
        half = (rect.width() - left - 16) / 2
        columns = (
            ("activation", self.activation, rect.left() + left),
            (self.letter, self.relevance, rect.left() + left + half + 12),
        )
        for title, _, x in columns:
            ink.text(QRectF(x, rect.top(), half, 16), title, 10.5, theme.dim, CENTRE)
        step = min(24.0, (rect.height() - 40) / max(1, len(shown)))
        top = rect.top() + 18
        for n, unit in enumerate(map(int, shown)):
            row = QRectF(rect.left(), top + n * step, rect.width(), step)
            ink.text(QRectF(row.left(), row.top(), left - 8, step), names[n], 10.5, theme.text, RIGHT)
            for title, values, x in columns:
                colour = "" if title == "activation" else ink.sign(float(values[unit]))
                self._bar(ink, QRectF(x, row.top(), half, step), values, shown, unit, colour or theme.other)
            words = tr("activation {value}").format(value=plain(self.activation[unit], 4))
            words += f"\n{self.letter} {signed(self.relevance[unit], 4)}"
            self.spots.append((row, Hit(self.layer, unit, f"{self.names[unit]}: {words}")))
            if unit == self.selected:
                ink.box(row.adjusted(1, 0.5, -1, -0.5), None, theme.accent, 1.5, 3)
        rest = self.relevance.size - len(shown)
        if rest:
            sums = float(self.relevance.sum() - self.relevance[shown].sum())
            text = f"{counted(rest, 'other')}: {self.total} {signed(sums)}"
            ink.text(QRectF(rect.left() + 6, top + len(shown) * step + 4, rect.width() - 12, 16), text, 10.5, theme.dim)

    @staticmethod
    def _bar(ink: Ink, cell: QRectF, values: np.ndarray, shown: np.ndarray, unit: int, colour: str) -> None:
        low, high = min(0.0, float(values[shown].min())), max(0.0, float(values[shown].max()))
        text = max(width_of(signed(v), 10) for v in (low, high)) + 14
        per = (cell.width() - text) / ((high - low) or 1.0)
        zero = cell.left() - low * per
        value = float(values[unit])
        bar = QRectF(min(zero, zero + value * per), cell.top() + 3, abs(value) * per, cell.height() - 6)
        ink.box(bar, colour)
        ink.line(QPointF(zero, cell.top()), QPointF(zero, cell.bottom()), ink.theme.dim)
        end = max(bar.right(), zero)
        ink.text(QRectF(end + 4, cell.top(), text + 20, cell.height()), signed(value), 10, ink.theme.dim, LEFT)


@dataclass
class PairMapsPicture(Chart):
    """For each of the strongest channels what it holds and what arrived there."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1)))
    activation: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1)))
    layer: str = ""
    selected: int = -1
    colouring: Colouring = field(default_factory=Colouring)
    most: int = 8

    def __post_init__(self) -> None:
        """Room for a few pairs."""
        self.size = (420.0, 470.0)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Pairs of maps in a grid."""
        from lrp_gui.viewer import plots

        top = strongest_channels(self.relevance, self.most, self.selected)
        each = self.colouring.limits == "each"
        shared = self.colouring.limit(self.relevance[top])
        note = self.colouring.clipped_each() if each else self.colouring.clipped(self.relevance[top], shared)
        count = self.relevance.shape[0]
        some = tr("{top} of {count} channels").format(top=len(top), count=thousands(count)) if len(top) < count else ""
        room = rect.adjusted(4, 0, -4, -LEGEND - (NOTE if note or some else 0))
        aspect = self.relevance.shape[1] / self.relevance.shape[2]

        def side(columns: int) -> float:
            rows = -(-len(top) // columns)
            wide = (room.width() - 14 * (columns - 1)) / columns / 2 - 2
            return max(4.0, min(wide, (room.height() / rows - 20) / aspect))

        columns = max(range(1, len(top) + 1), key=side)
        wide, tall = side(columns), side(columns) * aspect
        low, high = float(self.activation[top].min()), float(self.activation[top].max())
        tiles, frames = [], []
        for n, channel in enumerate(map(int, top)):
            row, column = divmod(n, columns)
            x, y = room.left() + column * (2 * wide + 18), room.top() + row * (tall + 20) + 14
            first, second = QRectF(x, y, wide, tall), QRectF(x + wide + 3, y, wide, tall)
            limit = self.colouring.limit(self.relevance[channel]) if each else shared
            tiles.append(
                (first, self.activation[channel], (low, high if high > low else low + 1), plots.grey_map(ink.theme))
            )
            tiles.append((second, self.relevance[channel], (-limit, limit), plots.colour_map(ink.theme)))
            frames.append((first, second, channel, limit))
        plots.heatmap(ink, tiles, room)
        sums = [f"{channel}  {signed(float(self.relevance[channel].sum()), 2)}" for channel in map(int, top)]
        summed = max(width_of(text, 10) for text in sums) <= 2 * wide + 3  # all of them or none
        for first, second, channel, limit in frames:
            total = float(self.relevance[channel].sum())
            whole = first.united(second)
            if marked(self.colouring):
                draw_marks(ink, second, self.relevance[channel], limit)
            chosen = channel == self.selected
            for frame in (first, second):
                ink.box(frame, None, ink.theme.accent if chosen else ink.theme.line, 2 if chosen else 1)
            label = f"{channel}  {signed(total, 2)}" if summed else str(channel)
            ink.text(QRectF(whole.left(), whole.top() - 14, whole.width(), 13), label, 10, ink.theme.dim)
            mean = plain(float(self.activation[channel].mean()), 3)
            text = tr("channel {channel}\nactivation {mean} in the mean\n{total} {total2}").format(
                channel=channel, mean=mean, total=self.total, total2=signed(total, 4)
            )
            self.spots.append((whole.adjusted(0, -14, 0, 0), Hit(self.layer, channel, text)))
        y = max(second.bottom() for _, second, _, _ in frames) + 8
        bar = QRectF(rect.left() + 34, y, min(110.0, rect.width() / 2 - 70), 9)
        ink.gradient_bar(bar, list(enumerate(plots.greys(ink.theme))))
        under = bar.adjusted(-30, 10, 30, 14)
        ends, what = (plain(low, 2), plain(high, 2)), tr("activation")
        for text, align in zip(ends, (LEFT, RIGHT), strict=True):
            ink.text(under, text, 10.5, ink.theme.dim, align)
        if width_of(what, 10.5) + 2 * max(width_of(text, 10.5) for text in ends) + 12 <= under.width():
            ink.text(under, what, 10.5, ink.theme.dim, CENTRE)
        ink.map_bar(bar.translated(rect.width() / 2, 0), self.colouring.each_limit() if each else plain(shared, 2))
        short = self.colouring.clipped_short() if note else ""
        choices = ["; ".join(filter(None, (some, told))) for told in (note, short)]
        note = fitting((*choices, short or some), rect.width() - 8, 10.5)
        ink.text(QRectF(rect.left(), y + LEGEND - 6, rect.width(), NOTE), note, 10.5, ink.theme.dim, CENTRE)
