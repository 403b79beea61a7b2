"""The editor of pictures: paint, erase, occlude, add noise, fill and pick, and see the relevance move meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from lrp_gui.document.words import plain, signed
from lrp_gui.sample.editors import colours, strokes
from lrp_gui.sample.editors.canvas import Canvas
from lrp_gui.sample.editors.drawn import DrawnEditor
from lrp_gui.sample.editors.options import BESIDE, HIDDEN, OVER, Options
from lrp_gui.sample.editors.strokes import Pixel
from lrp_gui.sample.editors.tools import BOX, CLICK, PICTURE_TOOLS, STROKE

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

# Fill takes pixels as alike that differ by no more than this part of the range.
ALIKE = 0.1
# A brush covers about this part of a picture's side at first.
BRUSH = 1 / 28
# So much wider than high, the editor has room at the picture's side; that is so wide.
WIDE, SIDE = 1.8, 230
ANY_WIDTH = 2**24 - 1


class ImageEditor(DrawnEditor):
    """A picture input of the chosen sample."""

    def __init__(self, document: Document, theme: Theme, input_name: str) -> None:
        super().__init__(document, theme, input_name, PICTURE_TOOLS, Options.of_picture)
        self._start: Pixel = (0, 0)
        self._last: Pixel = (0, 0)
        _count, height, width = self.places.shape
        self.canvas = Canvas(theme, self.tr("Picture {name}").format(name=input_name))
        self._lay_out()
        self.canvas.pressed.connect(self._press)
        self.canvas.moved.connect(self._move)
        self.canvas.released.connect(self._release)
        self.canvas.hovered.connect(self._tell)
        for keys, step in (("[", -1), ("]", 1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(shortcut.context().WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self.options.size_.setValue(self.options.size_.value() + step))
        self.options.size_.setValue(max(1, round(min(height, width) * BRUSH)))
        self.show_tool()
        self.setFocusProxy(self.canvas)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.readout, 1)
        below.addWidget(self.legend)
        self._side = QWidget(self)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(6)
        side.addWidget(self.options)
        side.addLayout(below)
        side.addStretch(1)
        self._below, self._body = below, QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setContentsMargins(2, 4, 4, 2)
        self._body.addWidget(self._side)
        self._body.addWidget(self.canvas, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.tools)
        row.addLayout(self._body, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is more width than a picture needs, what belongs to it stands beside it."""
        super().resizeEvent(event)
        wide = self.width() > WIDE * self.height()
        directions = QBoxLayout.Direction
        self._body.setDirection(directions.LeftToRight if wide else directions.TopToBottom)
        self._below.setDirection(directions.TopToBottom if wide else directions.LeftToRight)
        self._side.setMinimumWidth(SIDE if wide else 0)
        self._side.setMaximumWidth(SIDE if wide else ANY_WIDTH)

    # ---------------------------------------------------------------------------------- what is shown

    def relevance_map(self) -> np.ndarray | None:
        """(height, width): relevance of the planes that are shown, added up; None where there is none."""
        known = self.known()
        return None if known is None else known[self.options.chosen_planes].sum(axis=0)

    def refresh(self) -> None:
        """Draw the picture and what is known of its relevance."""
        super().refresh()
        options, how = self.options, self.options.show_.currentData()
        self.canvas.show_beside(beside=how == BESIDE)
        if self.row < 0:
            self.canvas.show_picture(np.zeros((*self.places.shape[1:], 4), dtype=np.uint8))
            self.canvas.show_relevance(None, None)
            self.legend.show_ranges(None, 0.0, "", 1.0)
            self._tell(None)
            return
        spread = self.spread()
        options.show_spread(spread)
        shown = self.numbers()[options.chosen_planes]
        self.canvas.show_picture(colours.picture(shown, spread.low, spread.high, self.theme))
        found, limit, strength = self.relevance_map(), 0.0, self.strength
        if how == HIDDEN or found is None:
            self.canvas.show_relevance(None, None)
        else:
            limit, strength = colours.limit_of(found), strength if how == OVER else 1.0
            drawn = colours.over(found, limit, self.theme, strength)
            self.canvas.show_relevance(drawn if how == OVER else None, drawn if how == BESIDE else None)
        ends = None if options.in_colour else (spread.low, spread.high)
        self.legend.show_ranges(ends, limit, self.letter, strength)
        self._tell(self.canvas.pointed)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.canvas.set_theme(theme)

    def show_tool(self, _what: object = None) -> None:
        """What matters to the tool, and its outline."""
        super().show_tool()
        self.canvas.show_reach(1 if self.tools.tool.drag == CLICK else self.options.size_.value())

    def _tell(self, pixel: Pixel | None) -> None:
        """What stands at a pixel; else what keeps relevance away."""
        text = self.say_state()
        if pixel is not None and self.row >= 0:
            numbers = self.numbers()[self.options.chosen_planes, pixel[0], pixel[1]]
            place = self.tr("row {row}, column {column}: {value}")
            text = place.format(row=pixel[0], column=pixel[1], value=", ".join(plain(one) for one in numbers))
            found = self.relevance_map()
            if found is not None:
                text += f" · {self.letter} {signed(found[pixel])}"
            self.canvas.setAccessibleDescription(text)
        self.show_readout(text)

    # ------------------------------------------------------------------------------------------ edits

    def _press(self, pixel: Pixel) -> None:
        tool = self.tools.tool
        if tool.id == "pick":
            self._pick(pixel)
        elif self.begin_stroke():
            self._start = self._last = pixel
            if tool.drag == STROKE:
                self._touch(strokes.brush(self.canvas.shape, pixel, pixel, self.options.size_.value()))
                self.follow()

    def _move(self, pixel: Pixel) -> None:
        if self.drawing and self.tools.tool.drag == STROKE:
            self._touch(strokes.brush(self.canvas.shape, self._last, pixel, self.options.size_.value()))
            self._last = pixel
        elif self.drawing and self.tools.tool.drag == BOX:
            self.canvas.show_band(self._start, pixel)

    def _release(self, pixel: Pixel) -> None:
        if not self.drawing:
            return
        tool, shape = self.tools.tool, self.canvas.shape
        if tool.drag == BOX:
            if tool.id == "noise":
                self.new_noise()
            around = pixel == self._start
            self._touch(
                strokes.patch(shape, pixel, self.options.size_.value())
                if around
                else strokes.box(shape, self._start, pixel)
            )
        elif tool.drag == CLICK:
            shown = self.numbers()[self.options.chosen_planes]
            self._touch(strokes.region(shown, self._start, ALIKE * self.spread().width))
        self.finish_stroke()

    def end_stroke(self) -> None:
        """Forget the working copy, and what was drawn about it."""
        super().end_stroke()
        self.canvas.show_band(None)

    def _pick(self, pixel: Pixel) -> None:
        numbers, chosen = self.numbers(), self.options.chosen_planes
        taken = np.full(len(numbers), np.nan)
        taken[chosen] = numbers[chosen, pixel[0], pixel[1]]
        self.options.take(taken)

    def _touch(self, mask: np.ndarray) -> None:
        """Do what the tool does where the mask is, and show it at once."""
        for plane in self.options.chosen_planes:
            self.put(plane, mask, self.tools.tool)
        self.refresh_soon()
