"""The menu of what was opened last."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from lrp_gui import recent

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu

    from lrp_gui.window import Window

LOOK_MS = 30


class RecentMenu(QObject):
    """Fills the menu above the action that forgets all of it; what is gone turns grey as soon as that is known."""

    def __init__(self, window: Window, menu: QMenu) -> None:
        super().__init__(window)
        self._window, self._menu = window, menu
        self._files: dict[str, QAction] = {}
        self._look: recent.Look | None = None
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._take_look)
        menu.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        menu, last = self._menu, self._window.actions_["clear_recent"]
        for action in menu.actions():
            if action is not last:
                menu.removeAction(action)
                action.deleteLater()
        entries = recent.entries()
        last.setEnabled(bool(entries))
        self._files = {}
        for one in entries:
            action = menu.addAction(one.name.replace("&", "&&"))
            menu.removeAction(action)
            menu.insertAction(last, action)
            action.setToolTip(one.path)
            action.setStatusTip(one.path)
            action.triggered.connect(partial(self._open, one.path))
            self._files[one.path] = action
        if entries:
            menu.insertSeparator(last)
            self._begin_look()

    def _begin_look(self) -> None:
        self._grey()  # as it was known the last time
        # One look that waits for a drive is enough, however often somebody opens the menu.
        if self._look is None or self._look.done or self._look.paths != tuple(self._files):
            self._look = recent.Look(self._files)
        self._timer.start()

    def _take_look(self) -> None:
        if self._look is None or self._look.done:
            self._timer.stop()
        self._grey()

    def _grey(self) -> None:
        if self._look is not None:
            for path, action in self._files.items():
                action.setEnabled(not self._look.missing(path))

    def _open(self, path: str, _checked: bool = False) -> None:
        if self._window.opener is not None:
            self._window.opener.open([path])
