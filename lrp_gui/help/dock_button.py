"""A small ? in the title of a dock, beside Qt's own buttons: what am I looking at."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QToolButton

# Docks that show something to ask about, by their names.
DOCKS = frozenset({"browser", "table", "inspector", "sample", "comparison", "operations", "jobs"})
FLOAT = "qt_dockwidget_floatbutton"  # as Qt calls it


class DockQuestion(QToolButton):
    """Follows the dock's own buttons, whose places Qt alone knows."""

    def __init__(self, dock: QDockWidget, ask: Callable[[], object]) -> None:
        super().__init__(dock)
        self._dock = dock
        self.setText("?")
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(self.tr("What am I looking at? (Shift+F1)"))
        self.setAccessibleName(self.tr("What is shown in {title}").format(title=dock.windowTitle()))
        self.clicked.connect(lambda _checked=False: ask())
        dock.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The title was laid out anew."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        beside = self._dock.findChild(QAbstractButton, FLOAT, Qt.FindChildOption.FindDirectChildrenOnly)
        seen = beside is not None and self._dock.titleBarWidget() is None and not beside.geometry().isEmpty()
        self.setVisible(seen)
        if seen and beside is not None:
            place = beside.geometry()
            self.setGeometry(place.x() - place.width() - 3, place.y(), place.width() + 2, place.height())
            self.raise_()
