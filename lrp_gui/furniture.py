"""The views in their docks: built when their libraries are there, arranged when there is a network to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDockWidget

from lrp_gui import settings
from lrp_gui.actions import ACTIONS, TABLE_BAR
from lrp_gui.turns import Turns

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.theme import Theme
    from lrp_gui.window import Window

# At most so wide and high; in a small window a share of it, for the picture in the centre needs the room most.
LEFT_WIDTH, BOTTOM_HEIGHT = 410, 250
LEFT_SHARE, BOTTOM_SHARE = 0.28, 0.3
LEFT, BOTTOM = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea


class Furniture(QObject):
    """Model browser on the left, input table below, relevance viewer in the centre."""

    ready = Signal()

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._arranged = False
        self.browser: Any = None
        self.table: Any = None
        self.viewer: Any = None
        self.docks: tuple[QDockWidget, ...] = ()

    def move_in(self) -> None:
        """Build the views, one a turn of the event loop, so that none of them holds the window up."""
        steps = (self._bring_browser, self._bring_table, self._bring_viewer, _warm_up, self.ready.emit)
        Turns(steps, self)

    def arrange(self) -> None:
        """Show the views as they were left last time, once there is something to show."""
        window = self._window
        if self._arranged or self.viewer is None or not window.document.name:
            return
        self._arranged = True
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        for dock, area in zip(self.docks, (LEFT, BOTTOM), strict=True):
            window.addDockWidget(area, dock)
            dock.show()
        if window.restoreState(settings.LAYOUT.read()):
            self.make_room()
        else:
            self._size()

    def remember(self) -> None:
        """Keep the arrangement for next time."""
        if self._arranged:
            settings.LAYOUT.write(self._window.saveState())

    def reset(self) -> None:
        """Put everything back to where it was at first."""
        if not self._arranged:
            return
        for dock, area in zip(self.docks, (LEFT, BOTTOM), strict=True):
            dock.setFloating(False)
            self._window.addDockWidget(area, dock)
            dock.show()
        self._size()

    def make_room(self) -> None:
        """In a window that became smaller the docks give way; Qt would let the centre alone pay."""
        if not self._arranged:
            return
        (left, bottom), (width, height) = self.docks, self._most()
        if left.width() > width and not left.isFloating():
            self._window.resizeDocks([left], [width], Qt.Orientation.Horizontal)
        if bottom.height() > height and not bottom.isFloating():
            self._window.resizeDocks([bottom], [height], Qt.Orientation.Vertical)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        for view in (self.table, self.viewer):
            if view is not None:
                view.set_theme(theme)

    def _bring_browser(self) -> None:
        from lrp_gui.browser import Browser

        self.browser = Browser(self._window.document)
        self._dock("browser", self.tr("Model"), self.browser, "Alt+1")

    def _bring_table(self) -> None:
        from lrp_gui.table import TablePanel

        window = self._window
        self.table = TablePanel(window.document, window.theme, window.actions_.pick(TABLE_BAR))
        for row in ACTIONS:
            if row.table_only:
                action = window.actions_[row.id]
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                self.table.view.addAction(action)
        self.table.set_tinted(window.actions_["tint"].isChecked())
        self._dock("table", self.tr("Inputs"), self.table, "Alt+2")

    def _bring_viewer(self) -> None:
        from lrp_gui.viewer import RelevanceViewer

        self.viewer = RelevanceViewer(self._window.document, self._window.theme)
        self.viewer.setObjectName("viewer")

    def _dock(self, name: str, title: str, widget: QWidget, keys: str) -> None:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setWidget(widget)
        dock.hide()
        toggle = dock.toggleViewAction()
        toggle.setShortcut(keys)
        self._window.menus["View"].insertAction(self._window.actions_["tint"], toggle)
        self.docks = (*self.docks, dock)

    def _most(self) -> tuple[int, int]:
        """How wide the left and how high the bottom dock should be in this window."""
        window = self._window
        return min(LEFT_WIDTH, round(LEFT_SHARE * window.width())), min(
            BOTTOM_HEIGHT, round(BOTTOM_SHARE * window.height())
        )

    def _size(self) -> None:
        (left, bottom), (width, height) = self.docks, self._most()
        self._window.resizeDocks([left], [width], Qt.Orientation.Horizontal)
        self._window.resizeDocks([bottom], [height], Qt.Orientation.Vertical)


def _warm_up() -> None:
    """Make the kept plot while the engine is still being imported: the first one of a process takes 50 ms."""
    from lrp_gui.viewer.plots import scaffold

    scaffold("bars")
