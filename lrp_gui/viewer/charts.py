"""Pictures of one layer or input: sorted bars, histogram, heatmap over the value, channels as small maps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.words import plain, signed
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Align, Ink, elided, fitting, width_of
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.visible import smallest_set

ROW = 17.0
TALL_ROW = 24.0
HEAD = 24.0
LEGEND = 30.0


@dataclass
class Chart(Drawing):
    """A heading, a note for what cannot be drawn, and the subclass's body."""

    heading: str = ""
    note: str = ""
    letter: str = "R"  # what stands before a number, and before a sum
    total: str = "ΣR"

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Heading and body; or the note in the body's place."""
        self.spots.clear()
        head = QRectF(10, 3, size.width() - 20, 18)
        heading = fitting((self.heading, self.heading.split(": ")[-1]), head.width(), 12.5, bold=True)
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

    names: tuple[str, ...] = ()
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    details: tuple[str, ...] = ()  # beside the name: the value with its unit
    layer: str = ""
    selected: int = -1

    def __post_init__(self) -> None:
        """Tall enough for every bar, within reason."""
        self.size = (420.0, min(640.0, HEAD + 40 + ROW * 1.25 * max(3, self.values.size)))

    def rows(self, room: int) -> tuple[np.ndarray, float]:
        """Indices that find room, strongest first, and the sum of all others."""
        order = np.argsort(-np.abs(self.values), kind="stable")
        if order.size <= room:
            return order, 0.0
        return order[: room - 1], float(self.values[order[room - 1 :]].sum())

    def body(self, ink: Ink, rect: QRectF) -> None:
        """One pyqtgraph plot."""
        from lrp_gui.viewer import plots

        theme = ink.theme
        room = max(2, int((rect.height() - 28) / ROW))
        order, rest = self.rows(room)
        left_out = self.values.size - order.size
        most = rect.width() * 0.45
        names, values, texts, colours = [], [], [], []
        for unit in order:
            names.append(self._name(int(unit), most))
            values.append(float(self.values[unit]))
            texts.append(signed(values[-1]))
            colours.append(ink.sign(values[-1]))
        if left_out:
            names.append(elided(f"{left_out:,} others", most, plots.TICKS))
            values.append(rest)
            texts.append(signed(rest))
            colours.append(theme.other)
        widest = max(width_of(name, plots.TICKS) for name in names) + 12
        used = min(rect.height(), 28 + TALL_ROW * len(names) + 6)
        plot = QRectF(rect.left(), rect.top(), rect.width(), used)
        plots.bars(ink, plot, names, np.array(values), texts, colours, widest_name=widest)
        step = (used - 24) / len(names)
        for n, unit in enumerate(order):
            text = f"{self._full(int(unit))}\n{self.letter} {signed(float(self.values[unit]), 4)}"
            row = QRectF(rect.left(), rect.top() + n * step, rect.width(), step)
            self.spots.append((row, Hit(self.layer, int(unit), text)))
            if unit == self.selected:
                ink.box(row.adjusted(1, 0.5, -1, -0.5), None, theme.accent, 1.5, 3)

    def _full(self, unit: int) -> str:
        detail = self.details[unit] if self.details else ""
        return f"{self.names[unit]} = {detail}" if detail else self.names[unit]

    def _name(self, unit: int, most: float) -> str:
        detail = self.details[unit] if self.details and most > 130 else ""
        if not detail:
            return elided(self.names[unit], most, 10.5)
        beside = width_of(f"  {detail}", 10.5)
        return f"{elided(self.names[unit], max(30.0, most - beside), 10.5)}  {elided(detail, most, 10.5)}"


@dataclass
class HistogramPicture(Chart):
    """How the relevance is spread over many units."""

    values: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Symmetric bins about zero."""
        from lrp_gui.viewer import plots

        limit = float(np.abs(self.values).max()) or 1.0
        counts, edges = np.histogram(self.values, bins=40, range=(-limit, limit))
        plots.histogram(ink, rect, edges, counts)


@dataclass
class HeatmapPicture(Chart):
    """A plane of relevance in colour, over the value in grey where there is one."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    value: np.ndarray | None = None
    opacity: float = 0.85
    layer: str = ""

    def __post_init__(self) -> None:
        """Square enough for the plane and its legend."""
        height, width = self.relevance.shape
        self.size = (420.0, min(700.0, max(200.0, 400.0 * height / width)) + HEAD + LEGEND)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Value, relevance, legend."""
        from lrp_gui.viewer import plots

        height, width = self.relevance.shape
        room = rect.adjusted(4, 0, -4, -LEGEND)
        cell = min(room.width() / width, room.height() / height)
        place = QRectF(0, 0, cell * width, cell * height)
        place.moveCenter(room.center())
        place.moveTop(room.top())
        limit = float(np.abs(self.relevance).max()) or 1.0
        tiles = []
        if self.value is not None:
            low, high = float(self.value.min()), float(self.value.max())
            tiles.append((place, self.value, (low, high if high > low else low + 1), plots.grey_map(ink.theme)))
            tiles.append((place, self.relevance, (-limit, limit), plots.colour_map(ink.theme, self.opacity)))
        else:
            tiles.append((place, self.relevance, (-limit, limit), plots.colour_map(ink.theme)))
        plots.heatmap(ink, tiles, place)
        ink.box(place, None, ink.theme.line, 1)
        if self.relevance.size <= 4096:
            self._spots(place, cell)
        self._legend(ink, rect, place.bottom() + 8, limit)

    def _legend(self, ink: Ink, rect: QRectF, top: float, limit: float) -> None:
        """Relevance, and beside it the value's greys where both are shown."""
        wide = min(130.0, (rect.width() - 130) / 2)
        both = self.value is not None and wide >= 50
        bar = QRectF(0, top, wide if both else min(150.0, rect.width() - 90), 9)
        bar.moveLeft(rect.center().x() - bar.width() / 2 - ((wide / 2 + 40) if both else 0))
        ink.map_bar(bar, plain(limit, 2), self.opacity if self.value is not None else None)
        if both:
            from lrp_gui.viewer import plots

            assert self.value is not None
            low, high = float(self.value.min()), float(self.value.max())
            grey = bar.translated(wide + 80, 0)
            ink.gradient_bar(grey, list(enumerate(plots.greys(ink.theme))))
            under = QRectF(grey.left() - 20, grey.bottom() + 1, grey.width() + 40, 14)
            ink.text(under, plain(low, 3), 10.5, ink.theme.dim, LEFT)
            ink.text(under, "value", 10.5, ink.theme.dim, CENTRE)
            ink.text(under, plain(high, 3), 10.5, ink.theme.dim, RIGHT)

    def _spots(self, place: QRectF, cell: float) -> None:
        height, width = self.relevance.shape
        for y in range(height):
            for x in range(width):
                text = f"row {y}, column {x}\n{self.letter} {signed(self.relevance[y, x], 4)}"
                if self.value is not None:
                    text += f", value {plain(self.value[y, x], 4)}"
                spot = QRectF(place.left() + x * cell, place.top() + y * cell, cell, cell)
                self.spots.append((spot, Hit(self.layer, -1, text)))


@dataclass
class ChannelsPicture(Chart):
    """The strongest channels of (channels, height, width), each a small map, all in one scale."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1)))
    most: int = 16
    selected: int = -1
    layer: str = ""

    def __post_init__(self) -> None:
        """Room for four by four."""
        self.size = (420.0, 470.0)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """A grid as square as the room allows."""
        from lrp_gui.viewer import plots

        sums = self.relevance.sum(axis=(1, 2))
        top = smallest_set(np.abs(self.relevance).sum(axis=(1, 2)), 1.0, self.most)
        if 0 <= self.selected < sums.size and self.selected not in top:
            top = np.append(top[: self.most - 1], self.selected)
        top = top[np.argsort(-np.abs(sums[top]), kind="stable")]
        height, width = self.relevance.shape[1:]
        room = rect.adjusted(4, 0, -4, -LEGEND)
        columns = max(range(1, len(top) + 1), key=lambda n: _tile(n, len(top), room, height / width))
        side = _tile(columns, len(top), room, height / width)
        tall = side * height / width
        limit = float(np.abs(self.relevance[top]).max()) or 1.0
        colours = plots.colour_map(ink.theme)
        tiles, spots = [], []
        for n, channel in enumerate(top):
            row, column = divmod(n, columns)
            place = QRectF(room.left() + column * (side + 8), room.top() + row * (tall + 20) + 14, side, tall)
            tiles.append((place, self.relevance[channel], (-limit, limit), colours))
            text = f"channel {int(channel)}\n{self.total} {signed(sums[channel], 4)}"
            spots.append((place.adjusted(0, -14, 0, 0), Hit(self.layer, int(channel), text)))
        plots.heatmap(ink, tiles, room)
        for (place, hit), channel in zip(spots, top, strict=True):
            chosen = int(channel) == self.selected
            ink.box(
                place.adjusted(0, 14, 0, 0), None, ink.theme.accent if chosen else ink.theme.line, 2 if chosen else 1
            )
            label = f"{int(channel)}  {signed(sums[channel], 2)}"
            if width_of(label, 10) > side:
                label = str(int(channel))
            ink.text(
                QRectF(place.left(), place.top(), side, 13),
                label,
                10,
                ink.theme.dim,
                Align.AlignLeft | Align.AlignVCenter,
            )
            self.spots.append((place, hit))
        bottom = max(place.bottom() for place, _ in spots)
        bar = QRectF(room.left() + 40, bottom + 8, min(150.0, room.width() - 90), 9)
        ink.map_bar(bar, plain(limit, 2))
        if len(top) < sums.size and room.width() > 330:
            rest = f"{len(top)} of {sums.size} channels"
            ink.text(
                QRectF(bar.right() + 50, bar.top() - 2, room.right() - bar.right() - 50, 14),
                rest,
                10.5,
                ink.theme.dim,
                CENTRE,
            )


def _tile(columns: int, count: int, room: QRectF, aspect: float) -> float:
    """The width of a tile with so many columns."""
    rows = -(-count // columns)
    return max(4.0, min((room.width() - 8 * (columns - 1)) / columns, (room.height() / rows - 20) / aspect))
