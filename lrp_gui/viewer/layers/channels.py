"""A layer that stands open: its sixteen strongest channels as maps, or one channel with its kernel."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF

from lrp_gui.document.results import Kernel, SampleResult
from lrp_gui.document.words import counted, shape_text, signed, total_text
from lrp_gui.languages import tr
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, fitting, width_of
from lrp_gui.viewer.layers.folds import channel_id
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.stage_boxes import draw_map, draw_name, draw_shell, letters, map_size
from lrp_gui.viewer.stages import Stage
from lrp_gui.viewer.visible import smallest_set

MOST = 16
ACROSS = 4
LINE = 16.0  # a number below its map
LARGEST = 12.5  # letters for which there is room
KERNELS = 12  # of the input channels whose weights are largest


def top_channels(stage: Stage) -> np.ndarray:
    """The channels with the largest |ΣR|, largest first."""
    return smallest_set(stage.channels, 1.0, MOST)


def tiles(stage: Stage, box: QRectF) -> dict[int, QRectF]:
    """Where each of the channels that are drawn lies in an open box, with its number below its map."""
    body, top = _body(_inner(box)), top_channels(stage)
    rows = max(1, -(-min(MOST, len(top)) // ACROSS))
    width, height = body.width() / ACROSS, min(body.height() / rows, body.width() / ACROSS + LINE)
    return {
        channel: QRectF(body.left() + n % ACROSS * width, body.top() + n // ACROSS * height, width - 6, height - 4)
        for n, channel in enumerate(map(int, top))
    }


def draw_channels(
    ink: Ink, stage: Stage, box: QRectF, result: SampleResult, chosen: int, selected: bool, *, marks: bool = False
) -> list[tuple[QRectF, Hit]]:
    """The grid; what lies where, in layout units."""
    inner, body = _head(ink, stage, box, selected)
    top = top_channels(stage)
    if not top.size:
        ink.text(body, tr("no {noun} in any channel").format(noun=result.words.noun), 11, ink.theme.dim, CENTRE)
        return []
    limit = float(np.abs(stage.relevance[top]).max())
    spots, small = [], letters(ink, 9.5, LARGEST)
    for channel, tile in tiles(stage, box).items():
        place = _square(stage.relevance[channel], tile.adjusted(0, 0, 0, -LINE))
        draw_map(ink, stage.relevance[channel], place, limit, marks=marks)
        value = float(stage.channels[channel])
        label = QRectF(tile.left(), tile.bottom() - LINE, tile.width(), LINE)
        # Shorter by its digits, never by its end: there stands how large it is.
        numbers = [signed(value, digits) for digits in (3, 2, 1)]
        texts = [f"{channel}: {text}" for one in numbers for text in (one, one.replace("e-0", "e-"))] + [str(channel)]
        ink.text(label, fitting(texts, label.width(), small), small, ink.sign(value), CENTRE)
        unit = _unit(stage, channel)
        if unit == chosen >= 0:
            ink.box(tile.adjusted(-2, -2, 2, 2), None, ink.theme.accent, 2, 3)
        said = f"{result.words.total} {signed(value, 4)}"
        text = tr("{layer} channel {channel}\n{said}\n(double click: map and kernel)").format(
            layer=stage.layer, channel=channel, said=said
        )
        spots.append((tile, Hit(stage.layer, unit, text, opens=channel_id(stage.layer, channel))))
    rest = float(np.delete(stage.channels, top).sum())
    count = stage.channels.size - len(top)
    said = tr("{some} of {all}").format(some=len(top), all=counted(stage.channels.size, "channel"))
    said += tr(", the others {rest}").format(rest=signed(rest)) if count else ""
    said += tr("; colours to ±{limit}").format(limit=signed(limit)[1:])
    size = letters(ink, 10, LARGEST)
    size = size if width_of(said, size) <= inner.width() else 10
    ink.text(QRectF(inner.left(), inner.bottom() - 15, inner.width(), 15), said, size, ink.theme.dim, LEFT)
    return spots


def draw_channel(
    ink: Ink, stage: Stage, box: QRectF, channel: int, kernel: Kernel | str, selected: bool, *, marks: bool = False
) -> list[tuple[QRectF, Hit]]:
    """One channel large, and the weights that make it."""
    _, body = _head(ink, stage, box, selected)
    plane = stage.relevance[channel]
    tile = QRectF(body.left(), body.top() + 16, body.width(), body.height() * 0.56)
    back = QRectF(body.left(), body.top(), body.width(), 15)
    words = tr("‹ all channels   channel {channel}: {plane}").format(
        channel=channel, plane=total_text(plane[plane > 0].sum(), plane[plane < 0].sum())
    )
    ink.text(back, words, letters(ink, 11, LARGEST), ink.theme.text, LEFT, bold=True)
    draw_map(ink, plane, _square(plane, tile), marks=marks)
    below = QRectF(body.left(), tile.bottom() + 4, body.width(), body.bottom() - tile.bottom() - 4)
    _kernel(ink, below, kernel, marks)
    close = Hit(stage.layer, -1, tr("back to the channels"), opens=channel_id(stage.layer, channel), at_once=True)
    said = tr("{layer} channel {channel}").format(layer=stage.layer, channel=channel)
    return [(tile, Hit(stage.layer, _unit(stage, channel), said)), (back, close)]


def _unit(stage: Stage, channel: int) -> int:
    """What is chosen with a channel: the units of an input are its features, and no channel is one of them."""
    return -1 if stage.is_input else channel


def _kernel(ink: Ink, area: QRectF, kernel: Kernel | str, marks: bool) -> None:
    """The weights from the channels that count most; else why there are none."""
    if isinstance(kernel, str):
        ink.paragraph(area.adjusted(0, 6, 0, 0), kernel, letters(ink, 11, LARGEST), ink.theme.dim)
        return
    weights = kernel.weights
    sums = np.abs(weights).reshape(len(weights), -1).sum(axis=1)
    top = np.argsort(-sums, kind="stable")[:KERNELS]
    ink.text(
        QRectF(area.left(), area.top(), area.width(), 14),
        tr("weights {shape}, from {top} of {channels}").format(
            shape=shape_text(weights.shape[1:]), top=len(top), channels=counted(len(weights), "input channel")
        ),
        letters(ink, 10.5, LARGEST),
        ink.theme.dim,
        LEFT,
    )
    across = 6
    rows = -(-len(top) // across)
    width, height = area.width() / across, (area.height() - 18) / max(rows, 1)
    limit = float(np.abs(weights).max())
    for n, source in enumerate(map(int, top)):
        tile = QRectF(area.left() + n % across * width, area.top() + 18 + n // across * height, width - 6, height - 2)
        square = _square(weights[source], tile.adjusted(0, 0, 0, -LINE))
        draw_map(ink, weights[source], square, limit, marks=marks)
        label = QRectF(tile.left(), tile.bottom() - LINE, tile.width(), LINE)
        text = tr("of {n}").format(n=kernel.first + source)
        ink.text(label, text, letters(ink, 9.5, LARGEST), ink.theme.dim, CENTRE)


def _head(ink: Ink, stage: Stage, box: QRectF, selected: bool) -> tuple[QRectF, QRectF]:
    """The shell with its name; the room within it, and the room below the heading."""
    draw_shell(ink, stage, box, selected)
    inner = _inner(box)
    draw_name(ink, stage, inner, selected)
    size = letters(ink, 10.5, LARGEST)
    ink.text(_second_line(inner), _what(stage), size, ink.theme.dim, LEFT)
    return inner, _body(inner)


def head_room(ink: Ink, stage: Stage, box: QRectF) -> tuple[QRectF, float]:
    """What an open box leaves free beside its shape, and the size of the letters there."""
    line, size = _second_line(_inner(box)), letters(ink, 10.5, LARGEST)
    return line.adjusted(width_of(_what(stage), size) + 8, 0, 0, 0), size


def _what(stage: Stage) -> str:
    return f"{shape_text(stage.shape)} · {' · '.join(map(tr, stage.operations))}"


def _second_line(inner: QRectF) -> QRectF:
    return QRectF(inner.left(), inner.top() + 17, inner.width(), 15)


def _inner(box: QRectF) -> QRectF:
    return box.adjusted(9, 6, -9, -6)


def _body(inner: QRectF) -> QRectF:
    """The room below the heading."""
    return inner.adjusted(0, 36, 0, -18)


def _square(plane: np.ndarray, room: QRectF) -> QRectF:
    """The largest rectangle of the plane's proportions in the middle of a room; never a mere line."""
    place = QRectF(0, 0, *map_size(plane, room.width(), room.height()))
    place.moveCenter(room.center())
    return place
