"""How relevance becomes colour: which map, up to which limit, clipped at what, and whether its sign has a mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from lrp_gui.document.words import plain
from lrp_gui.languages import thousands, tr
from lrp_gui.theme import THEMES, Theme
from lrp_gui.viewer.ink import Ink, mix

CBD1, CBTD1, GREY = "cbd1", "cbtd1", "grey"
SHARED, EACH = "shared", "each"
CLIPS = ("100", "99.9", "99", "95")  # percentiles of |R|
MARK = 11.0  # logical pixels that a mark of the sign takes
WEAKEST_MARK = 0.08  # of the limit: fainter relevance gets no mark

# CET-CBTD1 at -1, -0.8 … +1 (Kovesi's map, as pyqtgraph ships it under that name).
_CBTD1 = (
    *("#29cae7", "#6dd3eb", "#96ddee", "#b9e6f2", "#daf0f6", "#f6f7f7"),
    *("#fde7e3", "#fed5cf", "#ffc4bb", "#feb2a7", "#fda094"),
)


@dataclass(frozen=True, slots=True)
class Colouring:
    """How the pictures of one view are coloured.

    Attributes
    ----------
    scheme : str
        "cbd1" for red-green deficiencies, "cbtd1" for blue-yellow ones, "grey" without colour.
    limits : str
        "shared": one limit for all maps of a kind that stand together; "each": every map its own.
    clip : float
        The percentile of |R| that has the strongest colour, 100 for the largest.
    marks : bool
        Whether the sign is also told by "+" and "−" on the colour.
    """

    scheme: str = CBD1
    limits: str = SHARED
    clip: float = 100.0
    marks: bool = False

    def limit(self, values: np.ndarray) -> float:
        """The relevance of the strongest colour, never 0."""
        sizes = np.abs(np.asarray(values, dtype=float).ravel())
        sizes = sizes[np.isfinite(sizes)]
        if not sizes.size:
            return 1.0
        largest = float(sizes.max())
        # Where most is zero a percentile may be zero too: then there is nothing to clip at.
        return (float(np.percentile(sizes, self.clip)) if self.clip < 100 else largest) or largest or 1.0

    def clipped(self, values: np.ndarray, limit: float) -> str:
        """What the legend has to say of values beyond the limit; "" where there are none."""
        beyond = int((np.abs(values) > limit * (1 + 1e-9)).sum())
        if not beyond:
            return ""
        return tr("clipped at the {clip:g} % quantile of |R|: {beyond} beyond, up to {largest}").format(
            clip=self.clip, beyond=thousands(beyond), largest=plain(_largest(values), 2)
        )

    def clipped_each(self) -> str:
        """What the legend has to say where every map has its own limit; "" where nothing is clipped."""
        return tr("each clipped at its {clip:g} % quantile of |R|").format(clip=self.clip) if self.clip < 100 else ""

    def clipped_short(self) -> str:
        """The same where there is little room, of whatever limits."""
        return tr("clipped at the {clip:g} % quantile").format(clip=self.clip) if self.clip < 100 else ""

    def each_limit(self) -> str:
        """What the strongest colour is where every map has its own limit."""
        return tr("max") if self.clip >= 100 else tr("limit")


def in_scheme(theme: Theme, scheme: str) -> Theme:
    """The theme with the hues of a scheme, in every picture that is drawn with it."""
    if theme.scheme == scheme:
        return theme
    theme = THEMES[theme.name]._replace(scheme=scheme, background=theme.background)  # which may be transparent
    if scheme == CBTD1:
        positive, negative = ("#ff8f80", "#2fc6e2") if theme.dark else ("#d9573f", "#0a93b0")
        return theme._replace(positive=positive, negative=negative, relevance_map=_map(theme, _CBTD1))
    if scheme == GREY:
        # Without hue only lightness is left, which tells the size; the sign is told by marks.
        far, near = ("#f2f2f2", "#8f8f8f") if theme.dark else ("#1a1a1a", "#8a8a8a")
        zero = mix(theme.background, theme.text, 0.03).name()
        return theme._replace(positive=far, negative=near, relevance_map=_through(near, zero, far))
    return theme


def marked(colouring: Colouring) -> bool:
    """Whether the sign needs a mark: asked for, or nothing else would tell it."""
    return colouring.marks or colouring.scheme == GREY


def draw_marks(ink: Ink, place: QRectF, plane: np.ndarray, limit: float) -> None:
    """A "+" or "−" on every patch of a map whose mean relevance can be seen."""
    room = MARK * max(1.0, ink.pixel)  # on the screen, never smaller than it can be seen
    rows = min(plane.shape[0], max(1, int(place.height() // room)))
    columns = min(plane.shape[1], max(1, int(place.width() // room)))
    means = block_means(plane, rows, columns)
    down, across = place.height() / rows, place.width() / columns
    half = max(1.5, min(4.0 * room / MARK, 0.28 * min(down, across)))
    theme, thick = ink.theme, room / MARK
    for row, column in np.argwhere(np.abs(np.nan_to_num(means)) >= WEAKEST_MARK * limit):
        centre = QPointF(place.left() + (column + 0.5) * across, place.top() + (row + 0.5) * down)
        arms = [QPointF(half, 0), QPointF(0, half)] if means[row, column] > 0 else [QPointF(half, 0)]
        for colour, width, more in ((theme.background, 3.0, 0.9), (theme.text, 1.2, 0.0)):  # seen on every colour
            for arm in arms:
                reach = arm * ((half + more) / half)
                ink.line(centre - reach, centre + reach, colour, width * thick)


def block_means(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows, columns): means over blocks of a plane, as even as whole cells allow."""
    height, width = plane.shape
    rows, columns = min(rows, height), min(columns, width)
    if (rows, columns) == (height, width):
        return np.asarray(plane, dtype=float)
    down, across = _edges(height, rows), _edges(width, columns)
    sums = np.add.reduceat(np.asarray(plane, dtype=float), down[:-1], axis=0)
    sums = np.add.reduceat(sums, across[:-1], axis=1)
    return sums / np.outer(np.diff(down), np.diff(across))


def _edges(length: int, parts: int) -> np.ndarray:
    return np.round(np.linspace(0, length, parts + 1)).astype(int)


def _map(theme: Theme, stops: Sequence[str]) -> tuple[str, ...]:
    """On a dark canvas zero is dark: the ends of the map meet in the background."""
    if not theme.dark:
        return tuple(stops)
    return _through(stops[0], theme.raised, stops[-1])


def _through(low: str, zero: str, high: str) -> tuple[str, ...]:
    """Eleven stops from -1 over 0 to +1."""
    shares = [n / 5 for n in range(5)]
    below = tuple(mix(low, zero, share).name() for share in shares)
    return (*below, zero, *(mix(zero, high, share + 0.2).name() for share in shares))


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(np.abs(values)))


def text_on(colour: QColor) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#ffffff"
