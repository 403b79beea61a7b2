"""A timer that runs while its widget is seen: what nobody looks at costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget


class Looking(QTimer):
    """Calls `look` when the widget is shown, and every `interval` ms until it is hidden."""

    def __init__(self, widget: QWidget, interval: int, look: Callable[[], object]) -> None:
        super().__init__(widget, interval=interval)
        self._look = look
        self.timeout.connect(look)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Begin and end with what is seen."""
        if event.type() == QEvent.Type.Show:
            self._look()
            self.start()
        elif event.type() == QEvent.Type.Hide:
            self.stop()
        return super().eventFilter(watched, event)
