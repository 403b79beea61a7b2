"""The editor of pictures: paint, erase, occlude, add noise, fill and pick, and see the relevance move meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lrp_gui.document.words import plain, signed
from lrp_gui.sample.editors import colours, strokes
from lrp_gui.sample.editors.canvas import Canvas
from lrp_gui.sample.editors.editor import Editor
from lrp_gui.sample.editors.legend import Legend
from lrp_gui.sample.editors.options import BESIDE, CHOSEN, HIDDEN, LOWEST, MEAN, OVER, Options
from lrp_gui.sample.editors.strokes import Pixel
from lrp_gui.sample.editors.tools import BOX, CLICK, PICTURE_TOOLS, STROKE, Tool, ToolBar, say

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

# While the mouse is down what was painted goes to the document this often, as soon as the explanation before is there …
WRITE_MS = 30
# … and at least this often, for a network that takes longer.
LONGEST_WAIT = 0.5
# Fill takes pixels as alike that differ by no more than this part of the range.
ALIKE = 0.1
# A brush covers about this part of a picture's side at first.
BRUSH = 1 / 28
# Old relevance is shown so faintly.
FADED = 0.35


class ImageEditor(Editor):
    """A picture input of the chosen sample."""

    def __init__(self, document: Document, theme: Theme, input_name: str, parent: QWidget | None = None) -> None:
        super().__init__(document, theme, input_name, parent)
        self.places = self.layout_.places  # (planes, height, width)
        self._work: np.ndarray | None = None  # the planes while the mouse is down; the document follows
        self._stroke_row = -1
        self._start: Pixel = (0, 0)
        self._last: Pixel = (0, 0)
        self._gesture = ""
        self._written = 0.0
        self._seed = 0
        count, height, width = self.places.shape
        self.tools = ToolBar(PICTURE_TOOLS, theme, self)
        self.options = Options(count, self)
        self.canvas = Canvas(theme, self.tr("Picture {name}").format(name=input_name))
        self.legend = Legend(theme, self)
        self.readout = QLabel(self)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lay_out()
        self._write = QTimer(self)
        self._write.setInterval(WRITE_MS)
        self._write.timeout.connect(self._write_in_time)
        self.tools.chosen.connect(self._show_tool)
        self.options.changed.connect(self.refresh)
        self.options.with_.currentIndexChanged.connect(self._show_tool)
        self.options.sized.connect(self._show_tool)
        self.canvas.pressed.connect(self._press)
        self.canvas.moved.connect(self._move)
        self.canvas.released.connect(self._release)
        self.canvas.hovered.connect(self._tell)
        for keys, step in (("[", -1), ("]", 1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(shortcut.context().WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self.options.size_.setValue(self.options.size_.value() + step))
        self.options.size_.setValue(max(1, round(min(height, width) * BRUSH)))
        self.canvas.show_reach(self.options.size_.value())
        self._show_tool()
        self.setFocusProxy(self.canvas)

    def _lay_out(self) -> None:
        bottom = QHBoxLayout()
        bottom.setContentsMargins(4, 0, 4, 2)
        bottom.addWidget(self.readout, 1)
        bottom.addWidget(self.legend)
        right = QVBoxLayout()
        right.setContentsMargins(0, 4, 4, 0)
        right.setSpacing(4)
        right.addWidget(self.options)
        right.addWidget(self.canvas, 1)
        right.addLayout(bottom)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.tools)
        row.addLayout(right, 1)

    # ---------------------------------------------------------------------------------- what is shown

    def planes(self) -> np.ndarray:
        """(planes, height, width) of the chosen sample, as it is being painted."""
        if self._work is not None:
            return self._work
        return self.values()[self.places]

    def relevance_map(self) -> np.ndarray | None:
        """(height, width): relevance of the planes that are shown, added up; None where there is none."""
        found = self.relevance()
        return None if found is None else found[self.places][self.options.chosen_planes].sum(axis=0)

    def refresh(self) -> None:
        """Draw the picture and what is known of its relevance."""
        if self._work is not None and self.row != self._stroke_row:
            self._end_stroke()
        if self.row < 0:
            self._draw_nothing()
            return
        spread, options = self.spread(), self.options
        options.show_spread(spread)
        shown = self.planes()[options.chosen_planes]
        # Two planes, or five, are looked at one by one; only three make a colour.
        self.canvas.show_picture(colours.picture(shown, spread.low, spread.high, self.theme))
        how, found = options.show_.currentData(), self.relevance_map()
        if how == HIDDEN or found is None:
            self.canvas.show_relevance(None, None)
            limit, opacity = 0.0, 1.0
        else:
            limit = colours.limit_of(found)
            opacity = options.opacity.value() / 100 if how == OVER else 1.0
            drawn = colours.over(found, limit, self.theme, opacity * (FADED if self._is_old() else 1.0))
            self.canvas.show_relevance(drawn if how == OVER else None, drawn if how == BESIDE else None)
        self.canvas.show_beside(beside=how == BESIDE)
        ends = None if options.in_colour else (spread.low, spread.high)
        result = self.document.result
        self.legend.show_ranges(ends, limit, result.words.letter if result is not None else "R", opacity)
        self._tell(None)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        for part in (self.tools, self.canvas):
            part.set_theme(theme)
        self.legend.theme = theme

    def _draw_nothing(self) -> None:
        self.canvas.show_picture(np.zeros((*self.places.shape[1:], 4), dtype=np.uint8))
        self.canvas.show_relevance(None, None)
        self.legend.show_ranges(None, 0.0, "", 1.0)
        self.readout.setText(self.tr("No sample is chosen."))

    def _is_old(self) -> bool:
        """Whether the relevance belongs to an earlier state, and will until somebody asks for it again."""
        return self.document.stale and not self.document.settings.auto

    def _tell(self, pixel: Pixel | None) -> None:
        """What stands at a pixel; else what keeps relevance away."""
        document = self.document
        if pixel is not None and self.row >= 0:
            numbers = self.planes()[self.options.chosen_planes, pixel[0], pixel[1]]
            text = self.tr("row {row}, column {column}: {value}").format(
                row=pixel[0], column=pixel[1], value=", ".join(plain(one) for one in numbers)
            )
            found = self.relevance_map()
            if found is not None and document.result is not None:
                text += f" · {document.result.words.letter} {signed(found[pixel])}"
            self.canvas.setAccessibleDescription(text)
        elif self._is_old():
            text = self.tr("The relevance is of before the last edit; F5 explains again.")
        else:
            text = document.problem if document.result is None else ""
        self.readout.setText(text)
        self.readout.setToolTip(text)

    def _show_tool(self, _what: object = None) -> None:
        tool = self.tools.tool
        self.options.show_tool(tool)
        self.canvas.show_reach(1 if tool.drag == CLICK else self.options.size_.value())

    # ------------------------------------------------------------------------------------------ edits

    def _press(self, pixel: Pixel) -> None:
        tool = self.tools.tool
        if self.row < 0:
            return
        self._start = self._last = pixel
        if tool.drag == CLICK:
            self._click(tool, pixel)
            return
        self._work, self._stroke_row = self.planes().copy(), self.row
        self._gesture, self._written = self.new_gesture(), 0.0
        if tool.drag == STROKE:
            self._touch(strokes.brush(self.canvas.shape, pixel, pixel, self.options.size_.value()), tool)
            self._write_in_time()
            self._write.start()

    def _move(self, pixel: Pixel) -> None:
        tool = self.tools.tool
        if self._work is None:
            return
        if tool.drag == STROKE:
            self._touch(strokes.brush(self.canvas.shape, self._last, pixel, self.options.size_.value()), tool)
        else:
            self.canvas.show_band(self._start, pixel)
        self._last = pixel

    def _release(self, pixel: Pixel) -> None:
        tool = self.tools.tool
        if self._work is None:
            return
        if tool.drag == BOX:
            if pixel == self._start:
                mask = strokes.patch(self.canvas.shape, pixel, self.options.size_.value())
            else:
                mask = strokes.box(self.canvas.shape, self._start, pixel)
            self._touch(mask, tool)
        self._flush()
        self._end_stroke()
        self._due.start()

    def _click(self, tool: Tool, pixel: Pixel) -> None:
        planes, chosen = self.planes(), self.options.chosen_planes
        if tool.id == "pick":
            taken = np.full(len(planes), np.nan)
            taken[chosen] = planes[chosen, pixel[0], pixel[1]]
            self.options.take(taken)
            return
        self._work, self._stroke_row, self._gesture = planes.copy(), self.row, ""
        self._touch(strokes.region(planes[chosen], pixel, ALIKE * self.spread().width), tool)
        self._flush()
        self._end_stroke()

    def _touch(self, mask: np.ndarray, tool: Tool) -> None:
        """Do what the tool does where the mask is, and show it at once."""
        assert self._work is not None
        chosen = self.options.chosen_planes
        if tool.id == "noise":
            self._seed += 1
            spread = self.spread()
            width = self.options.amount.value() / 100 * spread.width
            for plane in chosen:
                block = self._work[plane]
                block[mask] = strokes.noise(block[mask], width, spread.low, spread.high, self._seed * 1000 + plane)
        else:
            values = self._paint() if tool.id in {"paint", "fill"} else self._cover()
            for plane in chosen:
                self._work[plane][mask] = values[plane][mask]
        if self.isVisible():
            self.refresh()

    def _paint(self) -> np.ndarray:
        return np.broadcast_to(self.options.colours[:, None, None], self.places.shape)

    def _cover(self) -> np.ndarray:
        """(planes, height, width): what takes the place of what was there."""
        how = self.options.covers
        if how == MEAN:
            return self.spread().means[self.places]
        if how == CHOSEN:
            return self._paint()
        return np.full(self.places.shape, self.spread().low if how == LOWEST else 0.0)

    def _write_in_time(self) -> None:
        """Hand over what was painted, not faster than it is explained."""
        now = time.monotonic()
        waits = self.document.stale and self.document.settings.auto
        if not waits or now - self._written > LONGEST_WAIT:
            self._written = now
            self._flush()

    def _flush(self) -> None:
        work = self._work
        if work is None or self.row != self._stroke_row:
            return
        before = self.values()[self.places]
        changed = (work != before) & ~(np.isnan(work) & np.isnan(before))
        if changed.any():
            text = say(self.tools.tool.step).format(input=self.input_name, sample=self.sample_title(), seed=self._seed)
            self.write(self.places[changed], work[changed], text, self._gesture)

    def _end_stroke(self) -> None:
        self._write.stop()
        self._work = None
        self.canvas.show_band(None)
