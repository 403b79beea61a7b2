"""A tab about the chosen sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme


class SweepPage(QWidget):
    """A tab about the chosen sample."""

    def __init__(self, document: Document, asked: Any, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._asked, self._theme = document, asked, theme

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
