"""Boxes to tick in lists, with a frame that can be seen in the dark as well."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QStyledItemDelegate, QStyleOptionViewItem

from lrp_gui.theme import TICKED


class TickDelegate(QStyledItemDelegate):
    """Frames the box of an item as `lrp_gui.theme` lets those of check boxes be framed."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """With the colour that the frame is a shade of."""
        super().initStyleOption(option, index)
        given: Any = option
        role = QPalette.ColorRole.Window
        given.palette.setColor(role, QApplication.palette(TICKED[0]).color(role))
