"""Tokens as text, each on the colour of its relevance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from lrp_gui.document.words import counted, plain, signed
from lrp_gui.languages import tr
from lrp_gui.viewer.charts import LEGEND, Chart
from lrp_gui.viewer.colouring import Colouring, marked, text_on
from lrp_gui.viewer.ink import CENTRE, Ink, elided, relevance_colours, width_of
from lrp_gui.viewer.picture import Hit

SIZES = (13.0, 11.5, 10.0, 9.0)
GAP = 2.0
WIDEST = 0.9  # of a line


@dataclass
class TokensPicture(Chart):
    """Running text. What finds no room is one grey box with its sum, so that the numbers still close."""

    texts: Sequence[str] = ()
    relevance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    colouring: Colouring = field(default_factory=Colouring)
    limit: float = 0.0
    layer: str = ""
    selected: int = -1

    def __post_init__(self) -> None:
        """A few lines, or many."""
        self.size = (420.0, 70.0 + min(560.0, 24.0 * max(2, len(self.texts) // 6)))

    @property
    def strongest(self) -> float:
        """The relevance of the strongest colour."""
        return self.limit or self.colouring.limit(self.relevance)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Lines of boxes, in the largest size in which all of them have room."""
        room = rect.adjusted(4, 2, -4, -LEGEND - 16)
        fitting = (size for size in SIZES if len(self._places(room, size)) == len(self.texts))
        size = next(fitting, SIZES[-1])
        places = self._places(room, size)
        colours = relevance_colours(ink.theme)
        for n, place in enumerate(places):
            self._token(ink, n, place, size, colours)
        bottom = max((place.bottom() for place in places), default=room.top())
        left_out = len(self.texts) - len(places)
        if left_out:
            rest = signed(float(self.relevance[len(places) :].sum()))
            rest = tr("… {tokens} more: {total} {rest}").format(
                tokens=counted(left_out, "token"), total=self.total, rest=rest
            )
            ink.text(QRectF(room.left(), bottom + 2, room.width(), 14), rest, 10.5, ink.theme.dim)
            bottom += 14
        bar = QRectF(rect.center().x() - 75, bottom + 10, 150, 9)
        ink.map_bar(bar, plain(self.strongest, 2))
        clipped = self.colouring.clipped(self.relevance, self.strongest)
        ink.text(QRectF(rect.left(), bar.bottom() + 16, rect.width(), 14), clipped, 10.5, ink.theme.dim, CENTRE)

    def _places(self, room: QRectF, size: float) -> list[QRectF]:
        """Boxes of the first tokens, as many as have room."""
        tall = round(size * 1.75)
        x, y, places = room.left(), room.top(), []
        for text in self.texts:
            wide = min(max(width_of(text, size) + 9, 14.0), WIDEST * room.width())
            if x + wide > room.right() and x > room.left():
                x, y = room.left(), y + tall + GAP
            if y + tall > room.bottom() and places:
                return places
            places.append(QRectF(x, y, wide, tall))
            x += wide + GAP
        return places

    def _token(self, ink: Ink, n: int, place: QRectF, size: float, colours: Sequence[QColor]) -> None:
        value = float(self.relevance[n])
        share = min(1.0, max(-1.0, value / self.strongest))
        colour = colours[round((share + 1) / 2 * (len(colours) - 1))]
        chosen = n == self.selected
        ink.box(place, colour, ink.theme.accent if chosen else ink.theme.line, 2.0 if chosen else 0.6, 3)
        ink.text(
            place.adjusted(3, 0, -3, 0), elided(self.texts[n], place.width() - 6, size), size, text_on(colour), CENTRE
        )
        if marked(self.colouring) and abs(share) > 0.08:
            y = place.bottom() - 1.8
            for start in (place.left() + 3, place.right() - 7) if value > 0 else (place.left() + 3,):
                ink.line(QPointF(start, y), QPointF(start + 4, y), text_on(colour), 1.6)
        text = tr("token {n}: {text}").format(n=n, text=self.texts[n]) + f"\n{self.letter} {signed(value, 4)}"
        self.spots.append((place, Hit(self.layer, n, text)))
