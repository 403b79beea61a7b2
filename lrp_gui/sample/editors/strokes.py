"""What a tool touches, as masks over a picture's pixels: numpy alone, so that it is tested without a window."""

from __future__ import annotations

import numpy as np

Pixel = tuple[int, int]  # row, column


def brush(shape: tuple[int, int], start: Pixel, end: Pixel, size: int) -> np.ndarray:
    """(height, width) of bool: what a round brush, `size` pixels wide, touches on its way from one pixel to another.

    It never leaves a gap, however fast it was moved; the way is clipped at the picture's edges.
    """
    height, width = shape
    reach = (size - 1) / 2
    # The brush's middle lies on a corner of pixels where its size is even.
    shift = 0.0 if size % 2 else 0.5
    (row0, column0), (row1, column1) = start, end
    top, bottom = _clip(min(row0, row1) - size, height), _clip(max(row0, row1) + size + 1, height)
    left, right = _clip(min(column0, column1) - size, width), _clip(max(column0, column1) + size + 1, width)
    touched = np.zeros(shape, dtype=bool)
    rows = np.arange(top, bottom)[:, np.newaxis] - (row0 + shift)
    columns = np.arange(left, right)[np.newaxis] - (column0 + shift)
    along_rows, along_columns = row1 - row0, column1 - column0
    length = along_rows**2 + along_columns**2
    # How far along the way each pixel's nearest point lies, and how far that is from the pixel.
    part = np.clip((rows * along_rows + columns * along_columns) / length, 0, 1) if length else np.zeros(1)
    distance = np.hypot(rows - part * along_rows, columns - part * along_columns)
    touched[top:bottom, left:right] = distance <= (reach + 0.25 if size > 1 else 0.5)
    return touched


def box(shape: tuple[int, int], start: Pixel, end: Pixel) -> np.ndarray:
    """(height, width) of bool: the rectangle between two pixels, both inside it."""
    (row0, column0), (row1, column1) = start, end
    touched = np.zeros(shape, dtype=bool)
    rows = slice(_clip(min(row0, row1), shape[0]), _clip(max(row0, row1) + 1, shape[0]))
    columns = slice(_clip(min(column0, column1), shape[1]), _clip(max(column0, column1) + 1, shape[1]))
    touched[rows, columns] = True
    return touched


def patch(shape: tuple[int, int], middle: Pixel, size: int) -> np.ndarray:
    """(height, width) of bool: a square of `size` pixels about one."""
    first = (middle[0] - (size - 1) // 2, middle[1] - (size - 1) // 2)
    return box(shape, first, (first[0] + size - 1, first[1] + size - 1))


def region(planes: np.ndarray, start: Pixel, tolerance: float) -> np.ndarray:
    """(height, width) of bool: the pixels that hang together with one and are like it.

    Parameters
    ----------
    planes
        (planes, height, width).
    start
        Where to begin.
    tolerance
        How far a pixel may be from the first one, in every plane.
    """
    first = planes[:, start[0], start[1]][:, np.newaxis, np.newaxis]
    # What holds no number is like what holds no number.
    same = (np.abs(planes - first) <= tolerance) | (np.isnan(planes) & np.isnan(first))
    alike = same.all(axis=0)
    touched = np.zeros(alike.shape, dtype=bool)
    touched[start] = True
    edge = touched.copy()
    while edge.any():
        grown = np.zeros_like(edge)
        grown[1:] |= edge[:-1]
        grown[:-1] |= edge[1:]
        grown[:, 1:] |= edge[:, :-1]
        grown[:, :-1] |= edge[:, 1:]
        edge = grown & alike & ~touched
        touched |= edge
    return touched


def noise(values: np.ndarray, spread: float, low: float, high: float, seed: int) -> np.ndarray:
    """Normal noise of a standard deviation onto values, held within bounds; the same seed gives the same noise."""
    noisy = values + np.random.default_rng(seed).normal(0.0, spread, values.shape)
    # A value that lay outside before stays where it was, and is not pulled in.
    return np.clip(noisy, np.minimum(low, values), np.maximum(high, values))


def _clip(place: int, size: int) -> int:
    return min(max(place, 0), size)
