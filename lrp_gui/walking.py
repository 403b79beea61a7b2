"""From part to part of the window by the keyboard: toolbar, docks, centre. In a table, Tab leads from cell to cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

if TYPE_CHECKING:
    from lrp_gui.window import Window


def parts(window: Window) -> list[QWidget]:
    """The toolbar, the centre and the docks that can be seen, as they stand: by rows, from the left."""
    docks = [dock for dock in window.findChildren(QDockWidget) if _seen(dock)]
    inside = [dock.widget() for dock in docks if dock.widget() is not None]

    def place(widget: QWidget) -> tuple[int, int]:
        corner = widget.mapToGlobal(QPoint(0, 0))
        return corner.x(), corner.y()

    return [window.bar, *sorted([window.pages, *inside], key=place)]


def enter(part: QWidget) -> None:
    """Give a part the keyboard: where it was there the last time, or its first control."""
    before = part.focusWidget()
    if before is None or not before.isVisible() or not before.isEnabled():
        before = next((one for one in part.findChildren(QWidget) if _takes_tab(one)), part)
    before.setFocus(Qt.FocusReason.ShortcutFocusReason)


def step(window: Window, by: int) -> None:
    """Go on to the next part, or back to the one before."""
    found = parts(window)
    focus = QApplication.focusWidget()
    here = next((n for n, part in enumerate(found) if focus is not None and is_in(part, focus)), -1)
    if here < 0 and by < 0:
        here = 0
    enter(found[(here + by) % len(found)])


def is_in(part: QWidget, focus: QWidget | None) -> bool:
    """Whether the keyboard is in a part."""
    return focus is not None and (focus is part or part.isAncestorOf(focus))


def _seen(dock: QDockWidget) -> bool:
    return not dock.isHidden() and not dock.visibleRegion().isEmpty()


def _takes_tab(widget: QWidget) -> bool:
    tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return tab and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
