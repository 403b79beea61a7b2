"""All shortcuts in one list, to look up and to change; a change holds at once, in menus, tool tips and palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.actions import ACTIONS, BY_ID, SUBMENUS, ActionRow
from lrp_gui.actions import keys as store
from lrp_gui.fuzzy import match
from lrp_gui.languages import tr
from lrp_gui.sample.editors.tools import shortcuts as editors_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.actions import Actions
    from lrp_gui.theme import Theme

SIZE = (720, 560)
ACTION, KEYS, MENU = range(3)
ID_ROLE = Qt.ItemDataRole.UserRole
MOST_CHORDS = 2


class ShortcutsDialog(QDialog):
    """A list of actions with their keys; below it the keys of the chosen one."""

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions, self._theme = actions, theme
        self.setWindowTitle(self.tr("Keyboard Shortcuts"))
        self.resize(*SIZE)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search by name, menu or keys"))
        self.search.setAccessibleName(self.tr("Search in the shortcuts"))
        self.search.setToolTip(self.tr("Show only actions that fit"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = self._make_list()
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(MOST_CHORDS)
        self.keys.setAccessibleName(self.tr("New keys"))
        self.keys.setToolTip(self.tr("Press the keys that the action is to have"))
        self.keys.keySequenceChanged.connect(self._show_choice)
        button = self._button
        self.set_button = button(self.tr("&Set"), self.tr("Give the action these keys, and no others"), self.set_keys)
        self.add_button = button(self.tr("&Add"), self.tr("These keys as well as those that it has"), self.add_keys)
        self.clear_button = button(self.tr("&Clear"), self.tr("The action without any keys"), self.clear)
        self.reset_button = button(self.tr("&Reset"), self.tr("The keys that the action has at first"), self.reset)
        self.reset_all_button = button(
            self.tr("Reset A&ll"), self.tr("Every action's keys as they are at first"), self.reset_all
        )
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.close)
        box.addButton(self.reset_all_button, QDialogButtonBox.ButtonRole.ResetRole)
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        column.addLayout(row)
        label = QLabel(self.tr("&Keys:"))
        label.setBuddy(self.keys)
        row.addWidget(label)
        row.addWidget(self.keys, 1)
        for one in (self.set_button, self.add_button, self.clear_button, self.reset_button):
            row.addWidget(one)
        column.addWidget(self.note)
        column.addWidget(box)
        self.fill()
        self.choose(ACTIONS[0].id)
        self.search.setFocus()

    def _make_list(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setHeaderLabels([self.tr("Action"), self.tr("Keys"), self.tr("Menu")])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setAccessibleName(self.tr("Actions and their keys"))
        tree.header().setSectionResizeMode(ACTION, QHeaderView.ResizeMode.Stretch)
        tree.header().setStretchLastSection(False)
        for column, widest in ((KEYS, "Ctrl+Shift+Z, Ctrl+Y"), (MENU, "Explain → Examples")):
            tree.header().resizeSection(column, tree.fontMetrics().horizontalAdvance(widest) + 24)
        tree.currentItemChanged.connect(lambda _now, _before: self._begin())
        tree.itemActivated.connect(lambda _item, _column: self.keys.setFocus())
        return tree

    def _button(self, text: str, tip: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.setAccessibleName(text.replace("&", ""))
        button.clicked.connect(lambda _checked=False: call())
        return button

    # ------------------------------------------------------------------------------------------------- the list

    def fill(self) -> None:
        """Show the keys as they are now; the chosen action stays chosen."""
        chosen, changed, now = self.chosen, store.read(), store.every()
        if not self.list.topLevelItemCount():
            self.list.addTopLevelItems([QTreeWidgetItem() for _row in ACTIONS])
            self.list.addTopLevelItems([self._fixed(name, keys) for name, keys in editors_keys()])
        for place, row in enumerate(ACTIONS):
            item = self.list.topLevelItem(place)
            assert item is not None
            other = row.id in changed and changed[row.id] != store.usual(row)
            for column, text in ((ACTION, tr(row.text)), (KEYS, store.native(now[row.id])), (MENU, _menu(row))):
                item.setText(column, text)
                font = QFont(self.list.font())
                font.setBold(other)
                item.setFont(column, font)
            item.setData(ACTION, ID_ROLE, row.id)
            item.setToolTip(ACTION, tr(row.tip))
            usual = store.native(store.usual(row)) or self.tr("none")
            item.setToolTip(KEYS, self.tr("Changed; at first: {keys}").format(keys=usual) if other else "")
        if chosen:
            self.choose(chosen)
        self.reset_all_button.setEnabled(bool(changed))
        self._filter()

    def _fixed(self, name: str, keys: str) -> QTreeWidgetItem:
        """Keys that hold within an editor only, where they are part of how it works."""
        item = QTreeWidgetItem([name, keys, self.tr("in the editor")])
        for column in (ACTION, KEYS, MENU):
            item.setForeground(column, QColor(self._theme.dim))
            item.setToolTip(column, self.tr("These keys hold in the editor only, and cannot be changed"))
        return item

    def choose(self, name: str) -> None:
        """Choose an action."""
        item = self.list.topLevelItem([row.id for row in ACTIONS].index(name))
        if item is not None:
            self.list.setCurrentItem(item)

    @property
    def chosen(self) -> str:
        """The chosen action."""
        item = self.list.currentItem()
        return (item.data(ACTION, ID_ROLE) or "") if item is not None else ""

    def _filter(self) -> None:
        words = self.search.text().strip()
        for place in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(place)
            assert item is not None
            fits = not words or any(match(words, item.text(column)) for column in (ACTION, KEYS, MENU))
            item.setHidden(not fits)

    # ---------------------------------------------------------------------------------------- the chosen action

    def _begin(self) -> None:
        self.keys.clear()
        self._show_choice()

    @property
    def typed(self) -> str:
        """The keys that were pressed, in the portable form."""
        return self.keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _show_choice(self) -> None:
        """What could be done with the chosen action and the keys that were pressed, and whose they are."""
        name, typed = self.chosen, self.typed
        now = store.every()
        owners = store.owners(typed, now, name) if typed else []
        refused = bool(typed) and store.swallows_typing(typed)
        usable = bool(name and typed) and not refused
        self.set_button.setEnabled(usable)
        self.add_button.setEnabled(usable and bool(now[name]) and typed not in now[name])
        self.clear_button.setEnabled(bool(name) and bool(now[name]))
        self.reset_button.setEnabled(bool(name) and now[name] != store.usual(BY_ID[name]))
        if refused:
            note = self.tr("{keys} is needed for typing; take Ctrl, Alt or a function key along.")
        elif owners:
            names = ", ".join(tr(BY_ID[one].text) for one in owners)
            note = self.tr("{keys} belongs to “{names}”, which would lose it.").replace("{names}", names)
        elif not name:
            note = self.tr("These keys hold in the editor only, and cannot be changed")
        else:
            note = self.tr("Press the new keys in the field, then Set or Add.") if not typed else ""
        self.note.setText(note.format(keys=store.native([typed])))
        palette = self.note.palette()
        palette.setColor(self.note.foregroundRole(), self._theme.warning if owners or refused else self._theme.dim)
        self.note.setPalette(palette)

    def set_keys(self) -> None:
        """Give the chosen action the pressed keys; whoever had them loses them."""
        self._give((self.typed,))

    def add_keys(self) -> None:
        """The pressed keys besides those that the action has."""
        self._give((*store.every()[self.chosen], self.typed))

    def clear(self) -> None:
        """Take the chosen action its keys."""
        self._give(())

    def reset(self) -> None:
        """The chosen action's keys as at first; whoever got them since loses them."""
        self._give(store.usual(BY_ID[self.chosen]))

    def reset_all(self) -> None:
        """All keys as at first."""
        store.write({})
        self._changed()

    def _give(self, keys: store.Keys) -> None:
        name, now = self.chosen, store.every()
        for one in keys:
            for owner in store.owners(one, now, name):
                now[owner] = tuple(theirs for theirs in now[owner] if not store.owners(one, {owner: (theirs,)}))
        now[name] = keys
        store.write(now)
        self._changed()

    def _changed(self) -> None:
        self._actions.add_shortcuts()
        self.keys.clear()
        self.fill()
        self._show_choice()


def _menu(row: ActionRow) -> str:
    return f"{tr(SUBMENUS[row.menu])} → {tr(row.menu)}" if row.menu in SUBMENUS else tr(row.menu)
