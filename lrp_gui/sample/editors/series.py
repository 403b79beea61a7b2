"""The editor of series: draw the curve, drag its points, cover a stretch or add noise, with relevance behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from lrp_gui.document.words import plain, signed
from lrp_gui.languages import tr
from lrp_gui.sample.editors import colours
from lrp_gui.sample.editors.curves import Curves, Place
from lrp_gui.sample.editors.drawn import DrawnEditor
from lrp_gui.sample.editors.options import HIDDEN, LINE, Options
from lrp_gui.sample.editors.tools import BOX, SERIES_TOOLS, STROKE

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme


class SeriesEditor(DrawnEditor):
    """A series input of the chosen sample; `places` are (channels, time)."""

    def __init__(self, document: Document, theme: Theme, input_name: str) -> None:
        super().__init__(document, theme, input_name, SERIES_TOOLS, Options.of_series)
        self._start = 0
        self._last: Place = (0.0, 0.0)
        self.canvas = Curves(theme, self.tr("Series {name}").format(name=input_name))
        bottom = QHBoxLayout()
        bottom.addWidget(self.readout, 1)
        bottom.addWidget(self.legend)
        right = QVBoxLayout()
        right.setContentsMargins(2, 4, 4, 2)
        right.setSpacing(4)
        right.addWidget(self.options)
        right.addWidget(self.canvas, 1)
        right.addLayout(bottom)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.tools)
        row.addLayout(right, 1)
        self.canvas.pressed.connect(self._press)
        self.canvas.moved.connect(self._move)
        self.canvas.released.connect(self._release)
        self.canvas.hovered.connect(self._tell)
        self.canvas.nudged.connect(self._nudge_by)
        self.show_tool()
        self.setFocusProxy(self.canvas)

    @property
    def channel(self) -> int:
        """The one that is edited."""
        return self.options.chosen_planes[0]

    # ---------------------------------------------------------------------------------- what is shown

    def refresh(self) -> None:
        """Draw the curves and what is known of their relevance."""
        super().refresh()
        spread = self.spread()
        self.canvas.show_series(self.numbers(), self.channel, spread.low, spread.high)
        known, limit, strength = self.known(), 0.0, self.strength
        if known is None or self.options.show_.currentData() == HIDDEN:
            self.canvas.show_shade(None)
        else:
            # One scale for all channels: which of them matters is seen as well.
            limit = colours.limit_of(known)
            self.canvas.show_shade(colours.over(known[self.channel], limit, self.theme, strength))
        self.legend.show_ranges(None, limit, self.letter, strength)
        self._tell(self.canvas.pointed)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.canvas.set_theme(theme)

    def _tell(self, step: int | None) -> None:
        text = self.say_state()
        if step is not None and self.row >= 0:
            text = self.tr("step {step}: {value}").format(
                step=step, value=plain(self.numbers()[self.channel, step], 4, self.tr("no number"))
            )
            known = self.known()
            if known is not None:
                text += f" · {self.letter} {signed(known[self.channel, step])}"
            self.canvas.setAccessibleDescription(text)
        self.show_readout(text)

    # ------------------------------------------------------------------------------------------ edits

    def _press(self, place: Place) -> None:
        if not self.begin_stroke():
            return
        self._start, self._last = self.canvas.step_at(place[0]), place
        if self.tools.tool.drag == STROKE:
            self._draw(place)
            self.follow()

    def _move(self, place: Place) -> None:
        if not self.drawing:
            return
        if self.tools.tool.drag == STROKE:
            self._draw(place)
            self._last = place
        else:
            self.canvas.show_band(self._start, self.canvas.step_at(place[0]))

    def _release(self, place: Place) -> None:
        if not self.drawing:
            return
        if self.tools.tool.drag == BOX:
            first, last = sorted((self._start, self.canvas.step_at(place[0])))
            self._change(first, last)
        self.finish_stroke()

    def end_stroke(self) -> None:
        """Forget the working copy, and what was drawn about it."""
        super().end_stroke()
        self.canvas.show_band(None)

    def _draw(self, place: Place) -> None:
        """The point that was taken, or all steps of time on the way from the last place to this one."""
        assert self.work is not None
        curve = self.work[self.channel]
        if self.tools.tool.id == "drag":
            curve[self._start] = place[1]
        else:
            (from_time, from_value), (time, value) = self._last, place
            first, last = sorted((self.canvas.step_at(from_time), self.canvas.step_at(time)))
            steps = np.arange(first, last + 1)
            part = (steps - from_time) / (time - from_time) if time != from_time else np.ones(len(steps))
            curve[steps] = from_value + np.clip(part, 0, 1) * (value - from_value)
        self.refresh_soon()

    def _change(self, first: int, last: int) -> None:
        """Cover a stretch, or add noise to it; both ends are inside."""
        assert self.work is not None
        tool, curve = self.tools.tool, self.work[self.channel]
        if tool.id == "occlude" and self.options.covers == LINE:
            ends = curve[max(first - 1, 0)], curve[min(last + 1, len(curve) - 1)]
            curve[first : last + 1] = np.linspace(*ends, last - first + 3)[1:-1]
            return
        mask = np.zeros(len(curve), dtype=bool)
        mask[first : last + 1] = True
        if tool.id == "noise":
            self.new_noise()
        self.put(self.channel, mask, tool)

    def _nudge_by(self, step: int, part: float) -> None:
        """Move one point with the keyboard; keys that follow each other at once are one step to undo."""
        value = self.values()[self.places[self.channel, step]]
        if self.row < 0 or not np.isfinite(value):
            return
        text = tr("Move a point of {input} of {sample}").format(input=self.input_name, sample=self.sample_title())
        moved = np.array([value + part * self.spread().width])
        self.write(
            self.places[self.channel, [step]], moved, text, f"{self.input_name} {self.channel} {step} {self.row}"
        )
