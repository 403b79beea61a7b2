"""The colour of a cell by its relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from lrp_gui.table.colours import Scale, between

if TYPE_CHECKING:
    from lrp_gui.theme import Theme


class Tint:
    """The theme's diverging map, ready for cells, with text that can be read on each colour."""

    def __init__(self, theme: Theme) -> None:
        self._scale = Scale(list(theme.relevance_map))
        self.warning = QColor(theme.warning)
        self.warned = between([QColor(theme.panel), self.warning], 0.18)
        self.read_only = QColor(theme.raised)
        self.dim = QColor(theme.dim)

    def background(self, share: float) -> QColor:
        """The colour of a relevance, as a share of the largest: -1 … +1."""
        return self._scale.pair(share)[0]

    def text(self, share: float) -> QColor:
        """Black or white, whichever is read on that colour."""
        return self._scale.pair(share)[1]
