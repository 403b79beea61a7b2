"""What the colour of a cell stands for: its relevance, its value, or how far it is from the reference."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor

from lrp_gui.languages import tr
from lrp_gui.table.columns import Column, Kind

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.table.statistics import Statistics
    from lrp_gui.theme import Theme

STEPS = 128  # a side of zero
# Above this luminance black has the higher contrast, below it white; each then has at least 4.5 : 1.
BLACK_READS_BETTER = 0.18


class Shade(Enum):
    """What cells are coloured by."""

    NOTHING = ""
    RELEVANCE = "relevance"
    VALUE = "value"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Ends:
    """What a legend says: at both ends of the colours, and how they are meant."""

    low: str
    high: str
    tip: str


class Scale:
    """Colours from -1 to +1, with text that can be read on each of them."""

    def __init__(self, stops: list[str]) -> None:
        colours = [QColor(stop) for stop in stops]
        self.stops = colours
        self._colours = [between(colours, step / (2 * STEPS)) for step in range(2 * STEPS + 1)]
        dark, light = QColor("#000000"), QColor("#ffffff")
        self._texts = [dark if luminance(colour) > BLACK_READS_BETTER else light for colour in self._colours]

    def pair(self, share: float) -> tuple[QColor, QColor]:
        """The colour at -1 … +1, and the one to write on it."""
        step = round((min(1.0, max(-1.0, share)) + 1.0) * STEPS)
        return self._colours[step], self._texts[step]


class Colours:
    """The scales of a theme, and the few colours of cells that have something to tell.

    Relevance has its own hues everywhere. A difference has two that lie away from them and from the
    selection's, a value one of these.
    """

    def __init__(self, theme: Theme) -> None:
        middle = theme.relevance_map[len(theme.relevance_map) // 2]
        self.scales = {
            Shade.RELEVANCE: Scale(list(theme.relevance_map)),
            Shade.VALUE: Scale([theme.panel, theme.sink("stabilizer")]),
            Shade.DIFFERENCE: Scale([theme.sink("stabilizer"), middle, theme.sink("bias")]),
        }
        self.warning = QColor(theme.warning)
        self.warned = between([QColor(theme.panel), self.warning], 0.18)
        self.remarked = between([QColor(theme.panel), self.warning], 0.07)
        self.read_only = QColor(theme.raised)
        self.heading = between([QColor(theme.raised), QColor(theme.accent)], 0.16)
        self.accent, self.on_accent = QColor(theme.accent), QColor(theme.on_accent)
        self.line = QColor(theme.line)
        self.dim = QColor(theme.dim)
        self.text = QColor(theme.text)


class Shading:
    """The share, -1 … +1, of each cell under one way to colour; None where a cell has none."""

    def __init__(self, document: Document, statistics: Statistics) -> None:
        self._document, self._statistics = document, statistics
        self.shade = Shade.NOTHING
        self._limits: dict[int, float] = {}  # of a row, the largest |R|; of a column, the largest |difference|
        self._reference: np.ndarray | None = None
        self._reference_name = ""

    def forget(self) -> None:
        """The numbers are others now."""
        self._limits.clear()
        self._reference = None

    def share(self, row: int, feature: int) -> float | None:
        """Where on the scale a cell stands."""
        found = self.shares(np.array([row]), feature)
        return None if found is None or np.isnan(found[0]) else float(found[0])

    def shares(self, rows: np.ndarray, feature: int) -> np.ndarray | None:
        """(rows,) where on the scale cells of a feature stand, NaN for one that has no colour; None where none has."""
        if self.shade is Shade.NOTHING:
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            return {
                Shade.RELEVANCE: self._relevance, Shade.VALUE: self._value, Shade.DIFFERENCE: self._difference
            }[self.shade](rows, feature)  # fmt: skip

    def ends(self) -> Ends:
        """What the legend says."""
        if self.shade is Shade.VALUE:
            return Ends(
                tr("smallest"),
                tr("largest"),
                tr("Each column has its own scale, from its smallest to its largest value"),
            )
        if self.shade is Shade.DIFFERENCE:
            self._find_reference()
            tip = tr("Each column has its own scale: full colour is its largest distance from {reference}")
            return Ends(tr("− below"), tr("above +"), tip.format(reference=self._reference_name))
        result = self._document.result
        relevance = result is None or result.words.flows
        tip = tr("Full colour is the largest |R| of the sample, so rows compare by pattern, not by size")
        return Ends(tr("− against"), tr("for +"), tip if relevance else tip.replace("|R|", tr("|gradient|")))

    def reference_value(self, feature: int) -> float:
        """What a difference is measured from."""
        self._find_reference()
        return float("nan") if self._reference is None else float(self._reference[feature])

    @property
    def reference_name(self) -> str:
        """What the reference is called in a sentence."""
        self._find_reference()
        return self._reference_name

    def _relevance(self, rows: np.ndarray, feature: int) -> np.ndarray | None:
        result = self._document.table_result
        if result is None or feature >= result.relevance.shape[1]:
            return None
        there = rows < len(result.relevance)
        known = rows[there]
        if missing := [row for row in known.tolist() if row not in self._limits]:
            largest = np.max(np.abs(result.relevance[np.array(missing)]), axis=1, initial=0.0)
            self._limits.update(zip(missing, largest.tolist(), strict=True))
        limits = np.array([self._limits[row] for row in known.tolist()])
        found = np.full(len(rows), np.nan)
        found[there] = np.where(
            limits > 0, result.relevance[known, feature] / np.where(limits > 0, limits, 1.0), limits
        )
        return found

    def _value(self, rows: np.ndarray, feature: int) -> np.ndarray | None:
        known, table = self._statistics.of(Column(Kind.FEATURE, feature)), self._document.table
        if known is None or table is None:
            return None
        width = known.high - known.low
        values = table.values[rows, feature]
        return 2 * (values - known.low) / width - 1 if width > 0 else np.full(len(rows), -1.0)

    def _difference(self, rows: np.ndarray, feature: int) -> np.ndarray | None:
        known, table = self._statistics.of(Column(Kind.FEATURE, feature)), self._document.table
        self._find_reference()
        if known is None or table is None or self._reference is None:
            return None
        start = float(self._reference[feature])
        limit = max(abs(known.high - start), abs(known.low - start))
        values = table.values[rows, feature]
        return (values - start) / limit if limit > 0 else np.zeros(len(rows))

    def _find_reference(self) -> None:
        """The one that was chosen, or else the features' means."""
        table, chosen = self._document.table, self._document.settings.reference
        if self._reference is not None or table is None:
            return
        values = chosen.values_in(table) if chosen else None
        if values is not None:
            self._reference, self._reference_name = values, chosen.name_in(table)
        else:
            self._reference = np.array([one.mean for one in table.features], dtype=np.float64)
            self._reference_name = tr("the features' means")


def between(stops: list[QColor], at: float) -> QColor:
    """The colour at 0 … 1 along evenly spaced stops."""
    place = at * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    part, low, high = place - first, stops[first].getRgb(), stops[first + 1].getRgb()
    return QColor(*(round(a + (b - a) * part) for a, b in zip(low[:3], high[:3], strict=True)))  # type: ignore[index]


def luminance(colour: QColor) -> float:
    """Relative luminance after WCAG 2."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
