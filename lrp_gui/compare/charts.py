"""Charts that stand beside each other: the same units in the same order and one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.words import counted, signed
from lrp_gui.viewer.bidi import joined
from lrp_gui.viewer.charts import BEYOND, HEAD, NOTE, ROW, TALL_ROW, Chart, note_cut
from lrp_gui.viewer.ink import Ink, elided, width_of
from lrp_gui.viewer.inputs.maps import ChannelsPicture
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.states import State, draw_state


@dataclass
class Said(Chart):
    """A pane in which nothing can be drawn: what it is of, and in its middle why (`note`)."""

    headline: str = ""
    warns: bool = False  # something is wrong, not merely without a difference

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """The heading as of any chart, then the state."""
        note, self.note = self.note, ""
        super().paint(ink, size)
        self.note = note
        area = QRectF(0, HEAD, size.width(), max(60.0, size.height() - HEAD))
        draw_state(ink, area, State(self.headline, note, self.warns))


@dataclass
class PairBars(Chart):
    """Bars of one of several explanations; what finds no room is one grey bar, so that they still sum to the whole.

    Attributes
    ----------
    order : ndarray
        (units,) strongest first, over all that stand beside each other.
    limit : float
        How far the axis reaches, for all of them.
    """

    names: Sequence[str] = ()
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    details: Sequence[str] = ()
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    limit: float = 0.0
    layer: str = ""
    selected: int = -1

    def __post_init__(self) -> None:
        """Tall enough for every bar, within reason."""
        self.size = (420.0, min(640.0, HEAD + 40 + ROW * 1.25 * max(3, self.values.size)))

    def body(self, ink: Ink, rect: QRectF) -> None:
        """One pyqtgraph plot."""
        from lrp_gui.viewer import plots

        room = max(2, int((rect.height() - 28 - NOTE) / ROW))
        shown = self.order if self.order.size <= room else self.order[: room - 1]
        most = rect.width() * 0.45
        names = [self._name(int(unit), most) for unit in shown]
        values = [float(self.values[unit]) for unit in shown]
        colours = [ink.sign(value) for value in values]
        left_out = self.values.size - shown.size
        limit = max(self.limit, *(abs(value) for value in values))
        cut = False
        if left_out:
            names.append(elided(counted(left_out, "other"), most, plots.TICKS))
            values.append(float(self.values.sum() - self.values[shown].sum()))
            cut = abs(values[-1]) > BEYOND * limit > 0
            limit = limit if cut else max(limit, abs(values[-1]))
            colours.append(ink.theme.other)
        used = min(rect.height() - (NOTE if cut else 0), 28 + TALL_ROW * len(names) + 6)
        widest = max(width_of(name, plots.TICKS) for name in names) + 12
        rows = plots.bars(
            *(ink, QRectF(rect.left(), rect.top(), rect.width(), used), names, np.clip(values, -limit, limit)),
            *([f"{signed(value)} »" if abs(value) > limit else signed(value) for value in values], colours),
            widest_name=widest,
            limit=limit,
        )
        if cut:
            note_cut(ink, rect, rect.top() + used)
        for unit, row in zip(shown, rows, strict=False):  # the last row may be that of all others
            text = f"{self._full(int(unit))}\n{self.letter} {signed(float(self.values[unit]), 4)}"
            self.spots.append((row, Hit(self.layer, int(unit), text)))
            if unit == self.selected:
                ink.box(row.adjusted(1, 0.5, -1, -0.5), None, ink.theme.accent, 1.5, 3)

    def _full(self, unit: int) -> str:
        detail = self.details[unit] if self.details else ""
        return joined(self.names[unit], detail, gap=" = ")

    def _name(self, unit: int, most: float) -> str:
        from lrp_gui.viewer.plots import TICKS

        detail = self.details[unit] if self.details and most > 130 else ""
        if not detail:
            return elided(self.names[unit], most, TICKS)
        beside = width_of(f"  {detail}", TICKS)
        return joined(elided(self.names[unit], max(30.0, most - beside), TICKS), elided(detail, most, TICKS), gap="  ")


@dataclass
class PairChannels(ChannelsPicture):
    """The same channels as beside it, in the same places."""

    channels: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))

    def shown(self, sums: np.ndarray) -> np.ndarray:  # noqa: ARG002 - chosen over all that stand beside each other
        """The channels that are strongest in any of them; the chosen one is among them."""
        if 0 <= self.selected < len(self.relevance) and self.selected not in self.channels:
            return np.append(self.channels[: self.most - 1], self.selected)
        return self.channels
