"""Somebody at the window: looks, clicks, types, waits. Events go the way that those of a mouse and a keyboard go."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

COPY, LEFT, PLAIN = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PATIENCE = 30.0  # seconds
GLANCE_MS = 15


class Person:
    """Drives one window."""

    def __init__(self, window, folder: Path) -> None:
        self.window = window
        self.folder = folder

    # ----------------------------------------------------------------------------------------- waiting

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something to be so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}"
            self.wait(GLANCE_MS)

    def wait(self, milliseconds: int) -> None:
        """Do nothing. Not `QTest.qWait`: it keeps Python's lock, so the worker would stand still meanwhile."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop, loop.quit)
        loop.exec()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def until_still(self) -> None:
        """Wait until all is explained and drawn."""
        window = self.window
        self.until(lambda: window.viewer is not None and window.explainer is not None, "the views have moved in")
        self.until(lambda: not window.document.name or window.furniture.arranged, "the docks stand in their places")
        self.until(lambda: not window.jobs.busy and not window.explainer.busy, "nothing runs any more")
        self.wait(400)  # the viewer's sweep and its sharp redraw

    # ----------------------------------------------------------------------------------------- doing

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click on the middle of a widget, or at a place on it."""
        at = at or widget.rect().center()
        assert widget.isVisible(), f"{widget.objectName() or type(widget).__name__} cannot be seen"
        assert widget.isEnabled(), f"{widget.objectName() or type(widget).__name__} cannot be used"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def double_click(self, widget: QWidget, at: QPoint) -> None:
        """Two clicks, as the second one of which Qt takes a double click."""
        self.click(widget, at)
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def press(self, keys: str, where: QWidget | None = None) -> None:
        """Press a combination of keys, such as "Ctrl+Z"."""
        combination = QKeySequence(keys)[0]
        QTest.keyClick(where or self.focus(), combination.key(), combination.keyboardModifiers())

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        QTest.keyClicks(self.focus(), text)

    def focus(self) -> QWidget:
        """What has the focus."""
        return QApplication.focusWidget() or QApplication.activeWindow() or self.window

    def double_click_cell(self, row: int, column_name: str) -> None:
        """Double-click a cell of the table, by its column's title."""
        view = self.window.table.view
        model = view.model()
        titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
        names = [str(title).partition("\n")[0] for title in titles]
        index = model.index(row, names.index(column_name))
        view.scrollTo(index)
        self.double_click(view.viewport(), view.visualRect(index).center())

    def click_layer(self, path: str) -> None:
        """Click a layer in the browser."""
        tree = self.window.browser.layers
        index = tree.model().index_of(path)
        assert index.isValid(), path
        self.click(tree.viewport(), tree.visualRect(index).center())

    def drag(self, paths: list[Path]) -> None:
        """Drag files from elsewhere over the middle of the window."""
        self._dragged = QMimeData()
        self._dragged.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDragEnterEvent(self.window.rect().center(), COPY, self._dragged, LEFT, PLAIN)
        QApplication.sendEvent(self.window, event)
        assert event.isAccepted(), "the window does not take what is dragged over it"

    def let_go(self) -> None:
        """Let go of what is dragged."""
        middle = QPointF(self.window.rect().center())
        QApplication.sendEvent(self.window, QDropEvent(middle, COPY, self._dragged, LEFT, PLAIN))

    def dialog(self) -> Any:
        """The dialog that is open, once it is."""
        self.until(lambda: self.window.dialogs.current is not None, "a dialog is there")
        return self.window.dialogs.current

    # ----------------------------------------------------------------------------------------- seeing

    def look_at(self, widget: QWidget) -> QImage:
        """What stands there now."""
        return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)

    def photograph(self, name: str) -> None:
        """Keep a picture of the window."""
        self.window.grab().save(str(self.folder / f"{name}.png"))


def differing(one: QImage, other: QImage) -> int:
    """How many pixels differ."""
    assert one.size() == other.size()
    first, second = one.constBits(), other.constBits()
    pixels = range(0, one.sizeInBytes(), 4)
    return sum(first[i : i + 4] != second[i : i + 4] for i in pixels)


def colours(image: QImage) -> int:
    """How many colours a picture has: one or two mean that nothing is drawn."""
    return len({image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)})
