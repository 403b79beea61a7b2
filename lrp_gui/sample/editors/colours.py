"""Numbers as colours: values in greys or in their own colour, and relevance over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

# The highest value keeps so far away from the text's colour that relevance over it is still seen.
DEEPEST = 0.55
# Small relevance is seen too: colours grow faster than in proportion.
POWER = 0.7


def _parts(colour: QColor | str) -> np.ndarray:
    """Red, green and blue, 0 … 255."""
    colour = QColor(colour)
    return np.array([colour.red(), colour.green(), colour.blue()], dtype=float)


def greys(theme: Theme) -> tuple[QColor, QColor]:
    """What the lowest and the highest value look like."""
    low, high = _parts(theme.panel), _parts(theme.text)
    end = low + (high - low) * DEEPEST
    return QColor(theme.panel), QColor(*(round(part) for part in end.tolist()))


def picture(planes: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, theme: Theme) -> np.ndarray:
    """Values as pixels.

    Parameters
    ----------
    planes
        (1, height, width), shown in greys, or (3, height, width): red, green and blue.
    low, high
        What is shown darkest and brightest; one number, or one a plane.

    Returns
    -------
    (height, width, 4) of uint8; a pixel without a number has the colour of warnings.
    """
    count, height, width = planes.shape
    low, high = (np.broadcast_to(np.asarray(one, dtype=float), (count,))[:, None, None] for one in (low, high))
    share = np.clip((planes - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    pixels = np.full((height, width, 4), 255, dtype=np.uint8)
    lost = np.isnan(share).any(axis=0)
    share = np.nan_to_num(share)
    if count == 1:
        first, last = map(_parts, greys(theme))
        pixels[..., :3] = np.round(first + share[0][..., None] * (last - first))
    else:
        pixels[..., :3] = np.round(np.moveaxis(share[:3], 0, -1) * 255)
    pixels[lost, :3] = _parts(theme.warning)
    return pixels


def over(relevance: np.ndarray, limit: float, theme: Theme, opacity: float) -> np.ndarray:
    """Relevance as a layer of colour: (… , 4) of uint8, opaque at ±limit as `opacity` says, transparent at zero."""
    share = np.clip(np.nan_to_num(relevance / limit if limit else np.zeros_like(relevance)), -1.0, 1.0)
    pixels = np.empty((*relevance.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(share[..., None] >= 0, _parts(theme.positive), _parts(theme.negative))
    pixels[..., 3] = np.round(255 * opacity * np.abs(share) ** POWER)
    return pixels


def limit_of(relevance: np.ndarray) -> float:
    """The largest magnitude, at which colours end; 0 where there is none."""
    finite = np.abs(relevance[np.isfinite(relevance)])
    return float(finite.max()) if finite.size else 0.0
