"""What is to be opened comes from more than one side: the command line, later starts, and macOS's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from lrp_gui.desktop.single import Request
    from lrp_gui.window import Window


class Program(QApplication):
    """The application, which macOS tells of files that were double-clicked."""

    file_asked = Signal(str)

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QFileOpenEvent):
            path = event.url().toLocalFile()
            if path:  # not an address on the network
                self.file_asked.emit(path)
            return True
        return super().event(event)


class Arrivals(QObject):
    """Opens what arrives in one window; what is too early waits."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._early: list[str] = []
        self._open = False

    def begin(self, listening: bool) -> None:
        """From now on the window can open files; as the first instance it hears of other starts, too."""
        self._open = True
        if self._early:
            self.open_file(*self._early)
        if listening:
            from lrp_gui.desktop.single import Receiver

            Receiver(self).asked.connect(self._serve)

    def open_file(self, *paths: str) -> None:
        """Open files that belong together."""
        if self._open and self._window.opener is not None:
            self._window.opener.open(list(paths))
        else:
            self._early.extend(paths)

    def _serve(self, request: Request) -> None:
        from lrp_gui.desktop.front import bring_to_front

        bring_to_front(self._window, request.token)
        if request.files and self._window.opener is not None:
            self._window.opener.open(list(request.files), request.architecture)
