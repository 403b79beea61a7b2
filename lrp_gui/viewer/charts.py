"""Charts of one layer or input: sorted bars, and a histogram of many units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.words import signed
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.bidi import joined
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, elided, fitting, width_of
from lrp_gui.viewer.picture import Drawing, Hit

ROW = 17.0
TALL_ROW = 24.0
HEAD = 24.0
LEGEND = 30.0
NOTE = 14.0
MANY = 4096
BEYOND = 3.0  # times the longest bar: a sum of all others that is longer still would leave nothing of the bars
LEAST_BARS = 3


class Texts(Sequence[str]):
    """So many texts, each made when it is read: naming 150,000 pixels takes longer than drawing the few that show."""

    def __init__(self, count: int, make: Callable[[int], str]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        """One text; like any sequence it ends where it ends."""
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)


@dataclass
class Chart(Drawing):
    """A heading, a note for what cannot be drawn, and the subclass's body."""

    heading: str = ""
    brief: str = ""  # the heading where it finds no room
    note: str = ""
    letter: str = "R"  # what stands before a number, and before a sum
    total: str = "ΣR"

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Heading and body; or the note in the body's place."""
        self.spots.clear()
        head = QRectF(10, 3, size.width() - 20, 18)
        bare = self.heading.split(": ")[-1]
        heading = fitting((self.heading, bare, self.brief or bare), head.width(), 12.5, bold=True)
        ink.text(head, heading, 12.5, ink.theme.text, LEFT, bold=True)
        body = QRectF(6, HEAD, max(20.0, size.width() - 12), max(20.0, size.height() - HEAD - 4))
        if self.note:
            ink.paragraph(body.adjusted(4, 4, -4, 0), self.note, 12, ink.theme.dim)
        else:
            self.body(ink, body)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """What the chart shows; a chart that is only a note shows nothing."""


@dataclass
class BarsPicture(Chart):
    """The strongest first; what finds no room is one grey bar, so the bars still sum to the whole."""

    names: Sequence[str] = ()
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    details: Sequence[str] = ()  # beside the name: the value with its unit
    layer: str = ""
    selected: int = -1

    def __post_init__(self) -> None:
        """Tall enough for every bar, within reason."""
        self.size = (420.0, min(640.0, HEAD + 40 + ROW * 1.25 * max(3, self.values.size)))

    def rows(self, room: int) -> tuple[np.ndarray, float]:
        """Indices that find room, strongest first, and the sum of all others."""
        sizes = np.abs(self.values)
        if sizes.size <= room:
            return np.argsort(-sizes, kind="stable"), 0.0
        holding = int(np.count_nonzero(sizes))
        if holding < room:  # what holds nothing needs no bar of its own
            room = max(holding, LEAST_BARS) + 1
        # Of very many, those that find room are picked before they are sorted.
        picked = np.sort(np.argpartition(-sizes, room - 1)[: room - 1]) if sizes.size > MANY else np.arange(sizes.size)
        order = picked[np.argsort(-sizes[picked], kind="stable")][: room - 1]
        folded = np.ones(sizes.size, dtype=bool)
        folded[order] = False
        return order, float(self.values[folded].sum())

    def body(self, ink: Ink, rect: QRectF) -> None:
        """One pyqtgraph plot."""
        from lrp_gui.viewer import plots

        theme = ink.theme
        room = max(2, int((rect.height() - 28 - NOTE) / ROW))
        order, rest = self.rows(room)
        left_out = self.values.size - order.size
        longest = float(np.abs(self.values[order]).max(initial=0.0))
        cut = left_out > 0 and abs(rest) > BEYOND * longest > 0
        most = rect.width() * 0.45
        names, values, texts, colours = [], [], [], []
        for unit in order:
            names.append(self._name(int(unit), most))
            values.append(float(self.values[unit]))
            texts.append(signed(values[-1]))
            colours.append(ink.sign(values[-1]))
        if left_out:
            names.append(elided(tr("{left_out} others").format(left_out=thousands(left_out)), most, plots.TICKS))
            values.append(math.copysign(longest, rest) if cut else rest)
            texts.append(f"{signed(rest)} »" if cut else signed(rest))
            colours.append(theme.other)
        widest = max(width_of(name, plots.TICKS) for name in names) + 12
        used = min(rect.height() - (NOTE if cut else 0), 28 + TALL_ROW * len(names) + 6)
        plot = QRectF(rect.left(), rect.top(), rect.width(), used)
        rows = plots.bars(ink, plot, names, np.array(values), texts, colours, widest_name=widest)
        for unit, row in zip(order, rows, strict=False):  # the last row may be that of all others
            text = f"{self._full(int(unit))}\n{self.letter} {signed(float(self.values[unit]), 4)}"
            self.spots.append((row, Hit(self.layer, int(unit), text)))
            if unit == self.selected:
                ink.box(row.adjusted(1, 0.5, -1, -0.5), None, theme.accent, 1.5, 3)
        if cut:
            note_cut(ink, rect, rect.top() + used)

    def _full(self, unit: int) -> str:
        detail = self.details[unit] if self.details else ""
        return joined(self.names[unit], detail, gap=" = ")

    def _name(self, unit: int, most: float) -> str:
        detail = self.details[unit] if self.details and most > 130 else ""
        if not detail:
            return elided(self.names[unit], most, 10.5)
        beside = width_of(f"  {detail}", 10.5)
        return joined(elided(self.names[unit], max(30.0, most - beside), 10.5), elided(detail, most, 10.5), gap="  ")


def note_cut(ink: Ink, rect: QRectF, top: float) -> None:
    """Say that the grey bar is longer than there is room for."""
    note = tr("» the sum of the others is longer than the scale")
    ink.text(QRectF(rect.left(), top, rect.width(), NOTE), note, 10.5, ink.theme.dim, CENTRE)


@dataclass
class HistogramPicture(Chart):
    """How the relevance is spread over many units."""

    values: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Symmetric bins about zero."""
        from lrp_gui.viewer import plots

        limit = float(np.abs(self.values).max()) or 1.0
        values = self.values[self.values != 0]
        nothing = self.values.size - values.size  # in a bin they would have a sign
        counts, edges = np.histogram(values, bins=40, range=(-limit, limit))
        plots.histogram(ink, rect.adjusted(0, 0, 0, -NOTE) if nothing else rect, edges, counts)
        if nothing:
            note = tr("{n} of {all} are zero and not counted")
            note = note.format(n=thousands(nothing), all=thousands(self.values.size))
            ink.text(QRectF(rect.left(), rect.bottom() - NOTE, rect.width(), NOTE), note, 10.5, ink.theme.dim, CENTRE)
