"""Planes of relevance as colour: one over its value, several channels beside each other, rows by columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.document.words import counted, plain, signed
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.charts import HEAD, LEGEND, Chart
from lrp_gui.viewer.colouring import Colouring, block_means, draw_marks, marked
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, elided, fitting, width_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.visible import strongest_channels

NOTE = 14.0  # a line below the legend
GAP = 8.0  # between maps of channels
BETWEEN = 6.0  # names of columns
NARROW = 330.0
WHOLE = 100  # per cent of all values within the colours


@dataclass
class PlanePicture(Chart):
    """A plane of relevance, its legend, and what the legend has to say. `limit`: of the strongest colour, or 0."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    colouring: Colouring = field(default_factory=Colouring)
    limit: float = 0.0
    layer: str = ""
    _place: QRectF = field(default_factory=QRectF, repr=False)

    @property
    def strongest(self) -> float:
        """The relevance of the strongest colour."""
        return self.limit or self.colouring.limit(self.relevance)

    def notes(self) -> str:
        """What the colours alone would hide."""
        return self.colouring.clipped(self.relevance, self.strongest)

    def room(self, rect: QRectF) -> QRectF:
        """Where the plane may stand: above the legend and its note."""
        return rect.adjusted(4, 0, -4, -LEGEND - NOTE * len(self.note_lines(rect)))

    def note_lines(self, rect: QRectF) -> list[str]:
        """The notes: in one line where they fit, else each in its own, of as many lines as it takes."""
        notes, room = self.notes(), rect.width() - 8
        if not notes:
            return []
        if width_of(notes, 10.5) <= room:
            return [notes]
        lines: list[str] = []
        for note in notes.split("; "):
            first, *words = note.split(" ")
            lines.append(first)
            for word in words:
                longer = f"{lines[-1]} {word}"
                if width_of(longer, 10.5) <= room:
                    lines[-1] = longer
                else:
                    lines.append(word)
        return lines

    def note_below(self, ink: Ink, rect: QRectF, top: float) -> None:
        """The notes, below the legend."""
        for n, line in enumerate(self.note_lines(rect)):
            place = QRectF(rect.left() + 4, top + n * NOTE, rect.width() - 8, NOTE)
            ink.text(place, line, 10.5, ink.theme.dim, CENTRE)

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """The cell under a point of the last painting."""
        place = self._place
        if self.note or not place.contains(point):
            return super().hit(point, size)
        rows, columns = self.relevance.shape
        row = min(rows - 1, int((point.y() - place.top()) / place.height() * rows))
        column = min(columns - 1, int((point.x() - place.left()) / place.width() * columns))
        return self.cell(row, column)

    def cell(self, row: int, column: int) -> Hit:
        """What is said of one cell."""
        text = tr("row {row}, column {column}").format(row=row, column=column)
        text += f"\n{self.letter} {signed(self.relevance[row, column], 4)}"
        return Hit(self.layer, -1, text)


@dataclass
class HeatmapPicture(PlanePicture):
    """A plane of relevance in colour, over the value in grey where there is one."""

    value: np.ndarray | None = None
    opacity: float = 0.85
    value_range: tuple[float, float] | None = None  # of the greys; None: that of its own values

    def __post_init__(self) -> None:
        """Square enough for the plane and its legend."""
        height, width = self.relevance.shape
        self.size = (420.0, min(700.0, max(200.0, 400.0 * height / width)) + HEAD + LEGEND)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Value, relevance, legend."""
        height, width = self.relevance.shape
        room = self.room(rect)
        cell = max(0.1, min(room.width() / width, room.height() / height))
        place = QRectF(0, 0, cell * width, cell * height)
        place.moveCenter(room.center())
        place.moveTop(room.top())
        self._place = place
        self.plane(ink, place)
        ink.box(place, None, ink.theme.line, 1)
        self.legend(ink, rect, place.bottom() + 8)
        self.note_below(ink, rect, place.bottom() + LEGEND + 2)

    def plane(self, ink: Ink, place: QRectF) -> None:
        """The value, and relevance over it."""
        from lrp_gui.viewer import plots

        limit = self.strongest
        tiles = self.value_tile(ink, place)
        colours = plots.colour_map(ink.theme, self.opacity if tiles else None)
        plots.heatmap(ink, [*tiles, (place, self.relevance, (-limit, limit), colours)], place)
        if marked(self.colouring):
            draw_marks(ink, place, self.relevance, limit)

    @property
    def greys(self) -> tuple[float, float]:
        """The values that are drawn darkest and lightest."""
        assert self.value is not None
        return self.value_range or (float(self.value.min()), float(self.value.max()))

    def value_tile(self, ink: Ink, place: QRectF) -> list:
        """The value in grey, as a tile; none where there is no value."""
        from lrp_gui.viewer import plots

        if self.value is None:
            return []
        low, high = self.greys
        return [(place, self.value, (low, high if high > low else low + 1), plots.grey_map(ink.theme))]

    def legend(self, ink: Ink, rect: QRectF, top: float) -> None:
        """Relevance, and beside it the value's greys where both are shown."""
        wide = min(130.0, (rect.width() - 130) / 2)
        both = self.value is not None and wide >= 50
        bar = QRectF(0, top, wide if both else min(150.0, rect.width() - 90), 9)
        bar.moveLeft(rect.center().x() - bar.width() / 2 - ((wide / 2 + 40) if both else 0))
        self.relevance_bar(ink, bar)
        if both:
            self.value_bar(ink, bar.translated(wide + 80, 0))

    def relevance_bar(self, ink: Ink, bar: QRectF) -> None:
        """What the colours mean."""
        ink.map_bar(bar, plain(self.strongest, 2), self.opacity if self.value is not None else None)

    def value_bar(self, ink: Ink, bar: QRectF) -> None:
        """What the greys mean."""
        from lrp_gui.viewer import plots

        low, high = self.greys
        ink.gradient_bar(bar, list(enumerate(plots.greys(ink.theme))))
        under = QRectF(bar.left() - 20, bar.bottom() + 1, bar.width() + 40, 14)
        texts = [(plain(low, digits), tr("value"), plain(high, digits)) for digits in (3, 2, 1)]
        half = under.width() / 2 - width_of(tr("value"), 10.5) / 2 - 5
        fits = (some for some in texts if max(width_of(some[0], 10.5), width_of(some[2], 10.5)) <= half)
        for text, align in zip(next(fits, texts[-1]), (LEFT, CENTRE, RIGHT), strict=True):
            ink.text(under, text, 10.5, ink.theme.dim, align)

    def cell(self, row: int, column: int) -> Hit:
        """With the value beside the relevance."""
        hit = super().cell(row, column)
        if self.value is None:
            return hit
        return Hit(
            hit.layer,
            hit.unit,
            tr("{text}, value {value}").format(text=hit.text, value=plain(self.value[row, column], 4)),
        )


@dataclass
class GridPicture(PlanePicture):
    """Rows by columns that fill their room, named at the left and below: time by feature, token by unit.

    Where there are more cells than room a cell is the mean of several, which the note says.
    """

    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    axes: tuple[str, str] = ("row", "column")
    units: np.ndarray | None = None  # (rows, columns) which unit of the layer a cell is
    marked_row: int = -1
    marked_column: int = -1

    def __post_init__(self) -> None:
        """Rows that can be read, within reason."""
        self.size = (420.0, min(560.0, max(190.0, 16.0 * self.relevance.shape[0])) + HEAD + LEGEND + 20)

    def notes(self) -> str:
        """Also how many cells share one."""
        blocks = self.blocks
        parts = [super().notes()]
        if blocks:
            parts.insert(0, tr("a cell is the mean of up to {values}").format(values=counted(blocks, "value")))
        return "; ".join(part for part in parts if part)

    @property
    def blocks(self) -> int:
        """How many values a drawn cell stands for at most, 0 where it is one."""
        rows, columns = self.relevance.shape
        down, across = self._room_for
        each = -(-rows // max(1, min(rows, down))) * -(-columns // max(1, min(columns, across)))
        return each if each > 1 else 0

    _room_for: tuple[int, int] = (100_000, 100_000)  # cells of at least a pixel, by the last painting

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Names, plane, legend."""
        from lrp_gui.viewer import plots

        count = self.relevance.shape[0]
        ends = (range(min(count, 200)), range(count - 1, count)) if self.rows else ()  # numbers grow longer to the end
        named = max((width_of(self.rows[n], 10.5) for some in ends for n in some), default=0.0)
        left = min(named + 10, rect.width() * 0.3)
        room = rect.adjusted(4 + left, 0, -8, -LEGEND - 16)
        self._room_for = (max(1, int(room.height())), max(1, int(room.width())))
        room.setBottom(room.bottom() - NOTE * len(self.note_lines(rect)))
        tall = min(room.height(), 34.0 * count)
        place = self._place = QRectF(room.left(), room.top(), room.width(), max(4.0, tall))
        means = block_means(self.relevance, int(place.height()), int(place.width()))
        limit = self.strongest
        if self.blocks and not self.limit and self.colouring.clip == WHOLE:
            limit = self.colouring.limit(means)  # one strong value among many would leave a mean without colour
        plots.heatmap(ink, [(place, means, (-limit, limit), plots.colour_map(ink.theme))], place)
        if marked(self.colouring):
            draw_marks(ink, place, self.relevance, limit)
        ink.box(place, None, ink.theme.line, 1)
        self._names(ink, place, left)
        self._frames(ink, place)
        ink.map_bar(QRectF(rect.center().x() - 70, place.bottom() + 24, 140, 9), plain(limit, 2))
        self.note_below(ink, rect, place.bottom() + LEGEND + 18)

    def _names(self, ink: Ink, place: QRectF, left: float) -> None:
        """As many names of rows as have room, and the columns' first, middle and last."""
        count, across = self.relevance.shape
        tall = place.height() / count
        step = max(1, int(np.ceil(13 / max(tall, 1e-9))))
        for row in range(step // 2, count, step) if self.rows else ():
            y = place.top() + (row + 0.5) * tall
            text = elided(self.rows[row], left - 6, 10.5)
            ink.text(QRectF(place.left() - left, y - 7, left - 6, 14), text, 10.5, ink.theme.text, RIGHT)
        wide = place.width() / across
        widest = (
            max((width_of(self.columns[n], 10.5) for n in (*range(min(across, 60)), across - 1)), default=0)
            if self.columns
            else 0
        )
        step = max(1, int(np.ceil(min(90.0, widest + 10) / max(wide, 1e-9))))
        for column in range(0, across, step) if self.columns else ():
            x = place.left() + (column + 0.5) * wide
            room = QRectF(x - step * wide / 2, place.bottom() + 2, step * wide, 14)
            room = room.intersected(QRectF(place.left() - left, room.top(), place.width() + left + 8, 14))
            if column and room.width() < min(step * wide - 1, width_of(self.columns[column], 10.5)):
                continue  # the edge would cut a name that has room elsewhere
            most = min(room.width(), step * wide - BETWEEN)
            text = fitting((self.columns[column], elided(self.columns[column], most, 10.5)), most, 10.5)
            ink.text(room, text, 10.5, ink.theme.dim, CENTRE)

    def _frames(self, ink: Ink, place: QRectF) -> None:
        """What is chosen."""
        count, across = self.relevance.shape
        tall, wide = place.height() / count, place.width() / across
        if 0 <= self.marked_row < count:
            row = QRectF(place.left(), place.top() + self.marked_row * tall, place.width(), max(3.0, tall))
            ink.box(row, None, ink.theme.accent, 1.5)
        if 0 <= self.marked_column < across:
            column = QRectF(place.left() + self.marked_column * wide, place.top(), max(3.0, wide), place.height())
            ink.box(column, None, ink.theme.accent, 1.5)

    def cell(self, row: int, column: int) -> Hit:
        """By the names of row and column."""
        across = self.columns[column] if self.columns else str(column)
        down = self.rows[row] if self.rows else str(row)
        text = f"{self.axes[0]} {down}, {self.axes[1]} {across}\n{self.letter} {signed(self.relevance[row, column], 4)}"
        return Hit(self.layer, int(self.units[row, column]) if self.units is not None else -1, text)


@dataclass
class ChannelsPicture(Chart):
    """The strongest channels of (channels, height, width), each a small map, in one scale or each in its own."""

    relevance: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1)))
    most: int = 16
    selected: int = -1
    layer: str = ""
    colouring: Colouring = field(default_factory=Colouring)
    limit: float = 0.0

    def __post_init__(self) -> None:
        """Room for four by four."""
        self.size = (420.0, 470.0)

    def body(self, ink: Ink, rect: QRectF) -> None:
        """A grid as square as the room allows."""
        from lrp_gui.viewer import plots

        sums = self.relevance.sum(axis=(1, 2))
        top = strongest_channels(self.relevance, self.most, self.selected)
        height, width = self.relevance.shape[1:]
        room = rect.adjusted(4, 0, -4, -LEGEND - NOTE)
        columns = max(range(1, len(top) + 1), key=lambda n: _tile(n, len(top), room, height / width))
        side = _tile(columns, len(top), room, height / width)
        tall = side * height / width
        colours = plots.colour_map(ink.theme)
        tiles, spots = [], []
        limits = self._limits(top)
        for n, channel in enumerate(top):
            row, column = divmod(n, columns)
            place = QRectF(room.left() + column * (side + GAP), room.top() + row * (tall + 20) + 14, side, tall)
            tiles.append((place, self.relevance[channel], (-limits[n], limits[n]), colours))
            text = tr("channel {channel}\n{total} {sums}, colours to ±{limits}").format(
                channel=int(channel), total=self.total, sums=signed(sums[channel], 4), limits=plain(limits[n], 2)
            )
            spots.append((place.adjusted(0, -14, 0, 0), Hit(self.layer, int(channel), text)))
        plots.heatmap(ink, tiles, room)
        wide = side + GAP - 2  # into the gap, for numbers of four digits
        told = [f"{channel}  {signed(sums[channel], 2)}" for channel in map(int, top)]
        if max(width_of(text, 10) for text in told) > wide:  # sums of all of them or of none
            told = [str(channel) for channel in map(int, top)]
        for n, ((place, hit), channel) in enumerate(zip(spots, top, strict=True)):
            chosen = int(channel) == self.selected
            frame = place.adjusted(0, 14, 0, 0)
            if marked(self.colouring):
                draw_marks(ink, frame, self.relevance[channel], limits[n])
            ink.box(frame, None, ink.theme.accent if chosen else ink.theme.line, 2 if chosen else 1)
            label = told[n] if width_of(told[n], 10) <= wide else ""  # no number but the whole one
            ink.text(QRectF(place.left(), place.top(), wide, 13), label, 10, ink.theme.dim, LEFT)
            self.spots.append((place, hit))
        self._legend(ink, room, max(place.bottom() for place, _ in spots) + 8, top, limits)

    def _limits(self, top: np.ndarray) -> list[float]:
        if self.colouring.limits == "each":
            return [self.colouring.limit(self.relevance[channel]) for channel in top]
        return [self.limit or self.colouring.limit(self.relevance[top])] * len(top)

    def _legend(self, ink: Ink, room: QRectF, y: float, top: np.ndarray, limits: Sequence[float]) -> None:
        count = self.relevance.shape[0]
        bar = QRectF(room.left() + 40, y, min(150.0, room.width() - 90), 9)
        each = self.colouring.limits == "each"
        ink.map_bar(bar, self.colouring.each_limit() if each else plain(limits[0], 2))
        some = tr("{top} of {count} channels").format(top=len(top), count=thousands(count))
        parts = [] if len(top) == count else [some]
        if each:
            parts += [tr("each map in its own scale"), self.colouring.clipped_each()]
        else:
            parts.append(self.colouring.clipped(self.relevance[top], limits[0]))
        text = "; ".join(part for part in parts if part)
        beside = QRectF(bar.right() + 50, y - 2, room.right() - bar.right() - 50, 14)
        if width_of(text, 10.5) > beside.width():
            beside = QRectF(room.left(), y + LEGEND - 4, room.width(), NOTE)
            clipped = self.colouring.clipped_each() if each else self.colouring.clipped_short()
            shorter = (clipped, self.colouring.clipped_short()) if clipped else ()
            text = fitting((text, "; ".join([*parts[:1], *shorter[:1]]), *shorter), beside.width(), 10.5)
        ink.text(beside, text, 10.5, ink.theme.dim, CENTRE)


def _tile(columns: int, count: int, room: QRectF, aspect: float) -> float:
    """The width of a tile with so many columns."""
    rows = -(-count // columns)
    return max(4.0, min((room.width() - GAP * (columns - 1)) / columns, (room.height() / rows - 20) / aspect))
