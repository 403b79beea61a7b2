"""What stands in a stage's box: its name, its strongest channels as bars, where in the plane, and its sums."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.document.results import SampleResult
from lrp_gui.document.words import plain, shape_text, signed, total_text
from lrp_gui.languages import tr
from lrp_gui.viewer.cells import draw_cells, pooled
from lrp_gui.viewer.colouring import draw_marks
from lrp_gui.viewer.ink import (
    CENTRE,
    LEFT,
    RIGHT,
    Ink,
    elided,
    fitting,
    last_parts,
    mix,
    relevance_table,
    width_of,
)
from lrp_gui.viewer.stages import Stage

SMALL_BOX = 90.0  # no room for shape and operations
CELLS = 16  # a thumbnail with no more cells a side is drawn as rectangles, so it stays sharp in a vector file
GLYPH = 13.0
FAR_TEXT, FAR_LINE = 9.0, 10.5  # pixels of a name in a box that has no room for more, and from line to line
SMALLEST_PRINT = 6.5  # pixels; what would be smaller is left out
FAR_ROOM = 26.0  # pixels; a narrower box has no name
LEGIBLE = 0.42  # of the size that text is laid out for; below it, boxes are drawn without words
THINNEST_MAP = 8.0  # pixels of a map with few rows or columns
PRINT = 8.0  # pixels of letters that one reads without effort


def legible(ink: Ink) -> bool:
    """Whether text can be read where the painter stands."""
    return abs(ink.painter.worldTransform().m11()) >= LEGIBLE


def letters(ink: Ink, size: float, most: float) -> float:
    """A size of text, or as much more as it takes to be read on the screen, up to `most`, for which there is room."""
    return max(size, min(PRINT * ink.pixel, most))


def glyph_rect(box: QRectF) -> QRectF:
    """Where a box says that it can be opened or closed."""
    return QRectF(box.right() - GLYPH - 6, box.top() + 6, GLYPH, GLYPH)


def draw_glyph(ink: Ink, rect: QRectF, opened: bool) -> None:
    """+ or − in a small square."""
    ink.box(rect, ink.theme.background, ink.theme.dim, 1, 3)
    middle, arm = rect.center(), rect.width() * 0.28
    ink.line(QPointF(middle.x() - arm, middle.y()), QPointF(middle.x() + arm, middle.y()), ink.theme.text, 1.4)
    if not opened:
        ink.line(QPointF(middle.x(), middle.y() - arm), QPointF(middle.x(), middle.y() + arm), ink.theme.text, 1.4)


def draw_shell(ink: Ink, stage: Stage, box: QRectF, chosen: bool) -> None:
    """The box itself; of repeated blocks a few behind each other."""
    theme = ink.theme
    if stage.repeats:
        for step in (6, 3):
            ink.box(box.translated(step, -step), theme.panel, theme.line, 1.2, 7)
    ink.box(box, theme.panel, theme.accent if chosen else theme.line, 2.4 if chosen else 1.2, 7)


def draw_stage(
    ink: Ink, stage: Stage, box: QRectF, result: SampleResult | None, chosen: bool, last: bool, *, marks: bool = False
) -> None:
    """All of a box, in layout units; from afar its name, its bars and its map without the small print."""
    theme = ink.theme
    draw_shell(ink, stage, box, chosen)
    inner = box.adjusted(9, 6, -9, -6)
    from_afar = result is not None and _is_far(ink)
    size = FAR_TEXT * ink.pixel if from_afar else 12.5
    draw_name(ink, stage, inner, chosen, size)
    small = box.height() < SMALL_BOX and result is not None
    if not (small or from_afar):
        what = f"{shape_text(stage.shape)} · {' · '.join(map(tr, stage.operations))}"
        ink.text(QRectF(inner.left(), inner.top() + 16, inner.width(), 14), what, 10.5, theme.dim, LEFT)
    above, below = (1.25 * size + 2, 0) if from_afar else (18 if small else 34, 16)
    body = QRectF(inner.left(), inner.top() + above, inner.width(), inner.height() - above - below)
    foot = QRectF(inner.left(), inner.bottom() - 14, inner.width(), 14)
    words = max(10.5, size * 0.9) if from_afar else 10.5
    if result is None:
        return
    if stage.held:
        ink.text(body, tr("no {noun}").format(noun=result.words.noun), words, theme.dim, CENTRE)
        return
    if not stage.sums.finite:
        ink.text(body, tr("not a number"), words, theme.warning, CENTRE)
        if not from_afar:
            ink.text(foot, tr("no sum can be given"), 10.5, theme.warning, LEFT)
        return
    _body(ink, stage, body, numbered=not from_afar, marks=marks)
    if from_afar:
        return
    total = f"{result.words.total} {total_text(stage.positive, stage.negative)}"
    ink.text(foot, total, 10.5, theme.text, LEFT)
    text = f"{result.words.score} = {plain(result.explained, 3)}"
    known = last and np.isfinite(result.explained)
    if known and width_of(total, 10.5) + width_of(text, 10.5, True) + 8 < foot.width():
        ink.text(foot, text, 10.5, theme.text, RIGHT, bold=True)


def _is_far(ink: Ink) -> bool:
    """Whether the small print could not be read; on paper one looks closer."""
    return ink.in_sight() is not None and ink.pixel * SMALLEST_PRINT > 10.5


def draw_far(ink: Ink, stage: Stage, box: QRectF, chosen: bool, *, marks: bool = False) -> None:
    """A box that is too small to be read: the colour of its sign and, as large as on the screen, its name."""
    total = stage.positive - stage.negative
    share = (stage.positive + stage.negative) / total if total else 0.0
    pixel = ink.pixel
    most = int((box.height() / pixel - 2) // FAR_LINE)
    name = repeated_name(stage) if most == 1 else ""
    lines = _name_lines(name or stage.name, (box.width() / pixel) - 4, most)
    strength = 0.12 + 0.33 * abs(share) if lines else 0.25 + 0.6 * abs(share)
    border, thick = (ink.theme.accent, 2.4 * pixel) if chosen else (ink.theme.line, 1.2)
    ink.box(box, mix(ink.theme.panel, ink.sign(share), strength), border, thick, 7)
    top = box.center().y() - len(lines) * FAR_LINE * pixel / 2
    letters_of = []
    for n, line in enumerate(lines):
        rect = QRectF(box.left(), top + n * FAR_LINE * pixel, box.width(), FAR_LINE * pixel)
        ink.text(rect, line, FAR_TEXT * pixel, ink.theme.text, CENTRE)
        half = QPointF(width_of(line, FAR_TEXT) * pixel / 2, FAR_TEXT * pixel / 2)
        letters_of.append(QRectF(rect.center() - half, rect.center() + half))
    if marks and share and box.width() / pixel >= FAR_ROOM:
        corner = _free_corner(box, QSizeF(10 * pixel, 10 * pixel), letters_of)
        ink.text(corner, "+" if share > 0 else "−", FAR_TEXT * pixel, ink.theme.text, CENTRE, bold=True)


def _free_corner(box: QRectF, size: QSizeF, taken: list[QRectF]) -> QRectF:
    """The corner on the left, above or below, that less is written in."""
    corners = (QRectF(box.topLeft(), size), QRectF(box.bottomLeft() - QPointF(0, size.height()), size))
    covered = [
        sum(both.width() * both.height() for both in map(corner.intersected, taken) if both.isValid())
        for corner in corners
    ]
    return corners[covered.index(min(covered))]


def _name_lines(name: str, room: float, most: int) -> list[str]:
    """A path broken at its dots into lines that have room, the last parts where that is too many; [] without room."""
    if room < FAR_ROOM or most < 1:
        return []
    lines: list[str] = []
    for part in name.partition(" + ")[0].split("."):
        joined = f"{lines[-1]}.{part}" if lines else part
        if lines and width_of(joined, FAR_TEXT) <= room:
            lines[-1] = joined
        else:
            lines.append(part)
    if len(lines) > most:
        lines = [f"…{lines[-most]}", *lines[len(lines) - most + 1 :]]
    return [elided(line, room, FAR_TEXT) for line in lines]


def draw_name(ink: Ink, stage: Stage, inner: QRectF, chosen: bool, size: float = 12.5) -> None:
    """The name, and whether there is more inside."""
    room = inner.width() - (GLYPH + 4 if stage.opens else 0)
    first = stage.name.partition(" + ")[0]
    shorter = [last_parts(first, room, size, bold=True)]
    if len(shorter[0]) <= len(first.rpartition(".")[2]):  # its last part was cut, which is worth more than a "…"
        shorter.insert(0, first.rpartition(".")[2])
    name = fitting((stage.name, *filter(None, [repeated_name(stage)]), *shorter), room, size, bold=True)
    colour = ink.theme.accent if chosen else ink.theme.text
    ink.text(QRectF(inner.left(), inner.top(), room, 1.28 * size), name, size, colour, LEFT, bold=True)
    if stage.opens:
        draw_glyph(ink, glyph_rect(inner.adjusted(-9, -6, 9, 6)), stage.unfolded)


def repeated_name(stage: Stage) -> str:
    """Of blocks of the same build in one box the module's name and how many: layer1.0 – 49 ×50 is layer1 ×50.

    "" for any other stage, and where the blocks have no module in common.
    """
    first, between, last = stage.name.partition(" – ")
    home = first.rpartition(".")[0]
    return f"{home} ×{stage.repeats}" if stage.repeats and between and home and "." not in last else ""


def _body(ink: Ink, stage: Stage, body: QRectF, *, numbered: bool, marks: bool) -> None:
    plane, bars = stage.plane, body
    if plane is not None:
        side = min(body.height(), body.width() * 0.6)
        across, down = map_size(plane, side, side, ink.pixel)
        draw_map(ink, plane, QRectF(body.left(), body.top(), across, down), marks=marks)
        bars = body.adjusted(across + 10, 0, 0, 0)
    if stage.channels.size > 1 or plane is None:
        _bars(ink, stage, bars, numbered)
    elif numbered and bars.height() >= 30:
        for n, value in enumerate((stage.positive, stage.negative)):
            line = QRectF(bars.left(), bars.top() + n * 15, bars.width(), 14)
            ink.text(line, signed(value), 10.5, ink.sign(value), LEFT)


def _bars(ink: Ink, stage: Stage, rect: QRectF, numbered: bool) -> None:
    """The strongest channels as small bars about zero, largest first."""
    top = stage.top
    limit = float(np.abs(stage.channels[top]).max()) if top.size else 0.0
    zero = rect.center().y()
    if not limit:
        ink.text(rect, tr("zero"), 10.5, ink.theme.dim, CENTRE)
        return
    ink.line(QPointF(rect.left(), zero), QPointF(rect.right(), zero), ink.theme.line, 1)
    flat = len(stage.shape) < 2
    step = min(26.0 if flat else 14.0, rect.width() / max(len(top), 4))
    for n, channel in enumerate(top):
        value = float(stage.channels[channel])
        word = stage.top_names[n] if stage.top_names else str(channel)
        if numbered and flat and value and width_of(word, 9) <= step + 1:
            spot = QRectF(rect.left() + n * step, zero if value < 0 else zero + 1, step, 12)
            spot.moveTop(zero - 13 if value < 0 else zero + 1)
            ink.text(spot, word, 9, ink.theme.dim, CENTRE)
        tall = value / limit * rect.height() / 2
        bar = QRectF(rect.left() + n * step + 1, zero - tall, step - 2, tall).normalized()
        ink.box(bar, ink.sign(value))


def map_size(plane: np.ndarray, width: float, height: float, pixel: float = 1.0) -> tuple[float, float]:
    """Width and height of the largest map of square cells in a room; where that were a line, of taller or wider ones.

    `pixel`: how large one of the screen is in these units.
    """
    rows, columns = plane.shape
    cell, least = min(width / columns, height / rows), THINNEST_MAP * max(1.0, pixel)
    return max(cell * columns, min(least, width)), max(cell * rows, min(least, height))


def draw_map(ink: Ink, plane: np.ndarray, rect: QRectF, limit: float = 0.0, *, marks: bool = False) -> None:
    """A plane of signed numbers, symmetric about zero; `limit`: what has the fullest colour, the largest if 0."""
    limit = limit or float(np.abs(plane).max()) or 1.0
    shown, real = plane, ink.painter.worldTransform().m11()
    for axis, length in enumerate((rect.height(), rect.width())):
        shown = pooled(shown, axis, max(1, round(length * real)))
    index = np.clip(((shown / limit + 1) * 127.5).round(), 0, 255).astype(int)
    draw_cells(ink, rect, relevance_table(ink.theme)[index], CELLS)
    if marks:
        draw_marks(ink, rect, plane, limit)
    ink.box(rect.adjusted(-0.5, -0.5, 0.5, 0.5), None, ink.theme.line, 1)  # what matters may be its last row
