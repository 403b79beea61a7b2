"""The menu of a row, where the mouse asks for it, and by the keyboard beside the current row."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu


def pop_up(view: QAbstractItemView, menu: QMenu, event: QContextMenuEvent) -> None:
    """Open the menu; it goes when it closes."""
    at = event.globalPos()
    if event.reason() == QContextMenuEvent.Reason.Keyboard:
        at = view.viewport().mapToGlobal(view.visualRect(view.currentIndex()).bottomLeft())
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
