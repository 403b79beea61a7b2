"""The QActions of one window, made from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QPixmap

from lrp_gui.actions.row import ActionRow, Facts
from lrp_gui.actions.table import ACTIONS, BY_ID, MENUS, SUBMENUS
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QMenuBar

    from lrp_gui.theme import Theme

ICON_SIZE = 24


class Actions(QObject):
    """The QActions of one window, made from the table."""

    keys_changed = Signal()

    def __init__(self, handlers: Mapping[str, Callable[..., object]], parent: QObject) -> None:
        super().__init__(parent)
        self.by_id: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        blank = _blank()
        for row in ACTIONS:
            action = QAction(tr(row.text), self)
            action.setObjectName(row.id)
            action.setCheckable(row.checkable)
            if row.brief:
                action.setIconText(tr(row.brief))
            if row.icon:
                action.setIcon(blank)  # keeps the place; drawn once the theme is known
            action.setToolTip(tr(row.tip))
            action.setStatusTip(tr(row.tip))
            if row.group:
                action.setActionGroup(groups.setdefault(row.group, QActionGroup(self)))
            follows = row.group or row.dock  # its mark says how something is, and is set by others as well
            (action.toggled if row.checkable and not follows else action.triggered).connect(handlers[row.id])
            action.setVisible(not row.dock)
            self.by_id[row.id] = action
        self.update(Facts())

    def __getitem__(self, name: str) -> QAction:
        return self.by_id[name]

    def pick(self, names: tuple[str, ...]) -> list[QAction]:
        """Some of them, in that order."""
        return [self.by_id[name] for name in names]

    def update(self, facts: Facts) -> None:
        """Enable what makes sense now."""
        for row in ACTIONS:
            if row.when:
                self.by_id[row.id].setEnabled(getattr(facts, row.when))

    def add_shortcuts(self) -> None:
        """Give them their keys, and say so in the tool tips. Not needed, and not cheap, before the first paint."""
        from PySide6.QtGui import QKeySequence

        from lrp_gui.actions import keys

        for name, given in keys.every().items():
            action = self.by_id[name]
            wanted = [QKeySequence(one) for one in given]
            if action.shortcuts() != wanted:
                action.setShortcuts(wanted)
                action.setToolTip(tip_of(BY_ID[name], action))
        self.keys_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in the theme's ink."""
        from lrp_gui.icons import icon

        for row in ACTIONS:
            if row.icon:
                self.by_id[row.id].setIcon(icon(row.icon, theme))

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; returns them by name."""
        menus = {name: bar.addMenu(_mnemonic(tr(name))) for name in MENUS}
        sections: dict[str, int] = {}
        for row in ACTIONS:
            if row.menu in SUBMENUS and row.menu not in menus:
                menus[row.menu] = menus[SUBMENUS[row.menu]].addMenu(tr(row.menu))
            menu = menus[row.menu]
            if sections.setdefault(row.menu, row.section) != row.section:
                menu.addSeparator()
                sections[row.menu] = row.section
            menu.addAction(self.by_id[row.id])
        return menus


def tip_of(row: ActionRow, action: QAction) -> str:
    """What it does, and the keys that do it."""
    from PySide6.QtGui import QKeySequence

    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tr(row.tip)} ({keys})" if keys else tr(row.tip)


def _blank() -> QIcon:
    image = QPixmap(ICON_SIZE, ICON_SIZE)
    image.fill(QColor(0, 0, 0, 0))
    return QIcon(image)


def _mnemonic(text: str) -> str:
    return f"&{text}"
