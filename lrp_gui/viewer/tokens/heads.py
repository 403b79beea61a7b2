"""An attention opened: for each head its map A, what went through it (A × relevance), and its sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from lrp_gui.document.words import percent, plain, signed
from lrp_gui.jobs.token_grid import Gap, Heads
from lrp_gui.languages import tr
from lrp_gui.viewer.cells import draw_cells, pooled
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, fitting, relevance_table, width_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.visible import smallest_set

LABEL = 48.0
SUMS = 30.0
MOST_HEADS = 24
NARROWEST, WIDEST_MAP = 46.0, 150.0
REACHED, MOST_CUT = 0.99, 0.95  # of |R|: at the rows that are shown; by the pairs whose colour is not cut
CELLS = 24  # up to so many positions a map is drawn as rectangles, which stay sharp in a vector file


def height_of_heads(gap: Gap, width: float, most: float) -> float:
    """How much of the picture's height they take, at most so much."""
    count, rows = _count(gap, width), 2 if gap.heads[0].maps is not None else 1
    side = min((width - LABEL - 12) / count - 10, WIDEST_MAP)
    return max(min(20 + SUMS + rows * (side + 4) + 6, most), min(most, 90.0))


def _count(gap: Gap, width: float) -> int:
    """For how many heads there is room."""
    heads = sum(len(one.totals) for one in gap.heads)
    return max(1, min(heads, MOST_HEADS, int((width - LABEL - 12) / NARROWEST)))


def draw_heads(
    ink: Ink, area: QRectF, gap: Gap, labels: Sequence[str], spots: list[tuple[QRectF, Hit]], name: str
) -> None:
    """A column for each head, all of one scale; the strongest where they are more than have room.

    `name` is what the attention's layer is called, `labels` what its positions are.
    """
    theme = ink.theme
    ink.box(area, theme.panel, theme.line, 1, 6)
    heads = [(one, n) for one in gap.heads for n in range(len(one.totals))]
    maps = gap.heads[0].maps is not None
    order = sorted(heads, key=lambda head: -abs(float(head[0].totals[head[1]])))
    count = _count(gap, area.width())
    chosen = sorted(order[:count], key=heads.index)
    column = min(
        (area.width() - LABEL - 12) / count, max(NARROWEST, (area.height() - SUMS - 26) / (2 if maps else 1) + 12)
    )
    handed = [one.handed for one in gap.heads if one.handed is not None]
    limit = _limit(handed)
    strongest = max((float(one.maps.max(initial=0.0)) for one in gap.heads if one.maps is not None), default=1.0) or 1.0
    reached = _reached(handed)
    titles = [_title(gap, called, len(heads), count, _rows_said(handed, reached)) for called in (name, _brief(name))]
    title = fitting(titles, area.width() - 16, 11, bold=True)
    scale = tr("A from 0 to {most}, its root as grey · A × R to ±{limit}, beyond that cut")
    scale = scale.format(most=plain(strongest, 2), limit=plain(limit, 2))
    room = area.width() - 16
    if width_of(title, 11, bold=True) + width_of(scale, 10) + 20 < room:
        ink.text(QRectF(area.left() + 8, area.top() + 2, room, 16), scale, 10, theme.dim, RIGHT)
    ink.text(QRectF(area.left() + 8, area.top() + 2, room, 16), title, 11, theme.text, LEFT, bold=True)
    body = area.adjusted(0, 20, 0, -SUMS)
    tall = body.height() / (2 if maps else 1) - 4
    side = min(column - 10, tall)
    if maps:
        ink.text(QRectF(area.left() + 4, body.top(), LABEL - 8, side), "A", 11, theme.dim, RIGHT)
    ink.text(
        QRectF(area.left() + 4, body.top() + (tall + 4 if maps else 0), LABEL - 8, side), "A × R", 11, theme.dim, RIGHT
    )
    ink.text(QRectF(area.left() + 4, area.bottom() - SUMS, LABEL - 8, 16), "ΣR", 11, theme.dim, RIGHT)
    most = max((abs(float(one.totals[n])) for one, n in chosen), default=0.0) or 1.0
    if not maps:
        only = QRectF(area.left() + LABEL, body.top(), side, side)
        _cells(ink, only, _of(gap.heads[0].handed, 0, reached), limit, signs=True)
    for place, (one, n) in enumerate(chosen):
        x = area.left() + LABEL + place * column
        total = float(one.totals[n])
        long, short = _names(one, n, heads.index((one, n)))
        if maps:
            top = QRectF(x, body.top(), side, side)
            _cells(ink, top, _of(one.maps, n, reached), strongest, signs=False)
            below = top.translated(0, tall + 4)
            _cells(ink, below, _of(one.handed, n, reached), limit, signs=True)
            text = f"{long}\nΣR {signed(total, 4)}"
            spots.append((top, Hit(text=f"{text}\n{_peak(one, n, labels, signs=False)}")))
            spots.append((below, Hit(text=f"{text}\n{_peak(one, n, labels, signs=True)}")))
        bar = QRectF(x, area.bottom() - SUMS + 16, max(side * abs(total) / most, 1), 5)
        ink.box(bar, ink.sign(total))
        texts = (f"{short}: {signed(total, 2)}", f"{short}: {signed(total, 1)}", short)
        label = fitting(texts, column - 2, 10)
        ink.text(QRectF(x, area.bottom() - SUMS, column - 2, 15), label, 10, theme.text, LEFT)
    if count == 0:
        ink.text(body, tr("No relevance reached these heads."), 11, theme.dim, CENTRE)


def heads_of_a_window(one: Heads) -> int:
    """How many heads each window has, which stand beside each other; 0 where there are no windows."""
    if one.rows is None or not len(one.rows):
        return 0
    other = np.flatnonzero((one.rows != one.rows[0]).any(axis=1))
    return int(other[0]) if other.size else len(one.rows)


def _title(gap: Gap, name: str, heads: int, count: int, rows_said: str) -> str:
    """How many of an attention's heads are shown."""
    each = heads_of_a_window(gap.heads[0]) if len(gap.heads) == 1 else 0
    if each:
        words = tr("{layer}: {count} of {heads} heads, {each} in each of {windows} windows")
        return words.format(layer=name, count=count, heads=heads, each=each, windows=heads // each)
    if count < heads:
        return tr("{layer}: {count} of {heads} heads").format(layer=name, count=count, heads=heads)
    return tr("{layer}: {heads} heads; {rows_said} read columns").format(layer=name, heads=heads, rows_said=rows_said)


def _brief(name: str) -> str:
    """The end of a long path."""
    return "…" + ".".join(name.split(".")[-2:]) if name.count(".") > 1 else name


def _names(one: Heads, n: int, number: int) -> tuple[str, str]:
    """What a head is called, and in short; in windows with its window, the first one 1.1."""
    each = heads_of_a_window(one)
    if not each:
        return tr("head {number}").format(number=number + 1), str(number + 1)
    window, head = n // each + 1, n % each + 1
    return tr("window {window}, head {head}").format(window=window, head=head), f"{window}.{head}"


def _limit(handed: Sequence[np.ndarray]) -> float:
    """Where colour ends: pairs that carry more are cut, a twentieth of all; one peak would leave nothing else."""
    limits = [0.0]
    for one in handed:
        sizes = np.sort(np.abs(np.nan_to_num(one)), axis=None)
        summed = np.cumsum(sizes)
        limits.append(float(sizes[np.searchsorted(summed, MOST_CUT * summed[-1])]) if summed[-1] else 0.0)
    return max(limits) or 1.0


def _reached(handed: Sequence[np.ndarray]) -> np.ndarray:
    """The queries at which nearly all relevance arrived: other rows are empty. Of several attentions, all."""
    if len(handed) != 1 or not np.nan_to_num(handed[0]).any():
        return np.arange(handed[0].shape[1]) if handed else np.arange(1)
    return np.sort(smallest_set(np.abs(np.nan_to_num(handed[0])).sum((0, 2)), REACHED))


def _rows_said(handed: Sequence[np.ndarray], reached: np.ndarray) -> str:
    every = handed[0].shape[1] if handed else 0
    return (
        tr("rows")
        if len(reached) == every
        else tr("rows ({reached} of {every}, with {share} of the relevance)").format(
            reached=len(reached), every=every, share=percent(REACHED)
        )
    )


def _of(values: np.ndarray | None, n: int, rows: np.ndarray | None = None) -> np.ndarray:
    """One head's map, or these rows of it; a second attention may have fewer rows than the first."""
    if values is None:
        return np.zeros((1, 1))
    whole = rows is None or not rows.size or int(rows[-1]) >= values.shape[1]
    return values[n] if whole else values[n][rows]


def _peak(one: Heads, n: int, labels: Sequence[str], signs: bool) -> str:
    """Which pair has most, in words."""
    values = _of(one.handed if signs else one.maps, n)
    i, j = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    rows = (int(i), int(j)) if one.rows is None else (int(one.rows[n, i]), int(one.rows[n, j]))
    names = [labels[row] if 0 <= row < len(labels) else tr("padding") for row in rows]
    number = signed(float(values[i, j]), 3) if signs else plain(float(values[i, j]), 3)
    return tr("most: “{reader}” reads “{read}”, {number}").format(reader=names[0], read=names[1], number=number)


def _cells(ink: Ink, rect: QRectF, values: np.ndarray, limit: float, signs: bool) -> None:
    """A map of relevance about zero, or of attention from 0 on in the text's colour, to a limit."""
    real = ink.painter.worldTransform().m11()
    for axis, length in enumerate((rect.height(), rect.width())):
        values = pooled(values, axis, max(round(length * real), CELLS + 1))
    if signs:
        index = np.clip(((values / limit + 1) * 127.5).round(), 0, 255).astype(int)
        pixels = relevance_table(ink.theme)[index]
    else:
        paper, text = (np.array(QColor(name).getRgb(), dtype=float) for name in (ink.theme.background, ink.theme.text))
        share = np.clip(values / limit, 0, 1)[..., None] ** 0.5
        pixels = (paper + (text - paper) * share).round().astype(np.ubyte)
    draw_cells(ink, rect, pixels, CELLS)
    ink.box(rect.adjusted(-1, -1, 1, 1), None, ink.theme.line, 1)  # around it: what matters may be its last row
