"""Many boxes and ways at once: one call of the painter for each colour and width, and only what is in sight."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath

CURVE = 7  # points of a smooth piece
WIDTHS = 8
SHARPEST = 0.6  # at sharper bends than about 115° a way that is moved aside cuts the corner


def in_sight(painter: QPainter) -> QRectF:
    """The part of the painter's plane that its device shows."""
    device = painter.device()
    back, invertible = painter.deviceTransform().inverted()
    if not invertible:
        return QRectF()
    ratio = device.devicePixelRatioF()
    return back.mapRect(QRectF(0, 0, device.width() * ratio, device.height() * ratio))


def seen(rects: np.ndarray, view: QRectF) -> np.ndarray:
    """Numbers of the boxes (left, top, width, height) that reach into a view."""
    left, top, width, height = rects.T
    return np.flatnonzero(
        (left <= view.right()) & (left + width >= view.left()) & (top <= view.bottom()) & (top + height >= view.top())
    )


def smooth(points: np.ndarray, starts: np.ndarray, curve: int = CURVE) -> tuple[np.ndarray, np.ndarray]:
    """Ways with soft bends: between two points of a way it leaves and comes in upright.

    Parameters
    ----------
    points
        (points, 2), of all ways one after the other.
    starts
        (ways + 1,) into `points`.

    Returns
    -------
    The finer points and their starts.
    """
    counts = np.diff(starts)
    if curve < 2 or not len(points):
        return points, starts
    first = np.ones(len(points) - 1, dtype=bool)
    first[starts[1:-1] - 1] = False  # no piece leads from a way to the next
    a, b = points[:-1][first], points[1:][first]
    t = (np.arange(curve) / curve)[None, :]
    eased = t * t * (3 - 2 * t)
    x = a[:, :1] + (b[:, :1] - a[:, :1]) * eased
    y = a[:, 1:] + (b[:, 1:] - a[:, 1:]) * t
    pieces = np.stack([x, y], axis=2)  # (pieces, curve, 2), without their last points
    new_counts = (counts - 1) * curve + 1
    new_starts = np.concatenate([[0], np.cumsum(new_counts)])
    fine = np.empty((new_starts[-1], 2))
    last = np.zeros(len(fine), dtype=bool)
    last[new_starts[1:] - 1] = True
    fine[~last] = pieces.reshape(-1, 2)
    fine[last] = points[starts[1:] - 1]
    return fine, new_starts


def path_of(
    points: np.ndarray, starts: np.ndarray, chosen: np.ndarray, shift: np.ndarray | None = None
) -> QPainterPath:
    """Some of the ways as one path, each moved aside by its shift: to the right where it leads down."""
    from pyqtgraph.functions import arrayToQPath

    if not chosen.size:
        return QPainterPath()
    counts = np.diff(starts)[chosen]
    ends = np.cumsum(counts)
    picks = np.arange(ends[-1]) + np.repeat(starts[chosen] - np.concatenate([[0], ends[:-1]]), counts)
    x, y = points[picks, 0], points[picks, 1]
    connect = np.ones(len(picks), dtype=np.int32)
    connect[ends - 1] = 0
    if shift is not None and shift[chosen].any():
        aside = _aside(np.stack([x, y], axis=1), connect == 0) * np.repeat(shift[chosen], counts)[:, None]
        x, y = x + aside[:, 0], y + aside[:, 1]
    return arrayToQPath(x, y, connect)  # pyright: ignore[reportArgumentType]


def _aside(points: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(points, 2): where each moves so that its way is moved by one, square to itself; `last`: of a way."""
    along = np.zeros_like(points)
    along[:-1] = np.diff(points, axis=0)
    length = np.hypot(along[:, 0], along[:, 1])
    along /= np.maximum(length, 1e-9)[:, None]
    first = np.roll(last, 1)
    before = np.roll(along, 1, axis=0)
    # At its ends, and where it stands still, a way has one direction only.
    one = last | (length < 1e-9)
    along[one] = before[one]
    before[first] = along[first]
    bend = np.maximum(1 + (along * before).sum(axis=1), SHARPEST)[:, None]
    middle = (along + before) / bend
    return np.stack([middle[:, 1], -middle[:, 0]], axis=1)


def bounds(points: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(ways, 4): left, top, width, height of each."""
    if len(starts) < 2:
        return np.zeros((0, 4))
    low = np.minimum.reduceat(points, starts[:-1], axis=0)
    high = np.maximum.reduceat(points, starts[:-1], axis=0)
    return np.concatenate([low, high - low], axis=1)


def width_bins(amounts: np.ndarray, widest: float) -> np.ndarray:
    """Widths in so many steps, so that few pens draw all."""
    return np.ceil(amounts * WIDTHS) / WIDTHS * widest
