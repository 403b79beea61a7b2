"""The preferences as a form: pages on the left, entries on the right, everything in force as soon as it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.jobs.engine import composites
from lrp_gui.languages import engine, tr
from lrp_gui.preferences.cache_row import CacheRow
from lrp_gui.preferences.editors import EDITORS, ChoiceBox
from lrp_gui.preferences.effects import follow
from lrp_gui.preferences.table import CACHE, COMPOSITES, DEVICES, ENGINE, PAGES, Entry, Page

if TYPE_CHECKING:
    from lrp_gui.jobs.computing import Device
    from lrp_gui.window import Window

SIZE = (680, 440)
LEAST = 250  # so wide is every editor, for the eye


class PreferencesDialog(QDialog):
    """Made from the table of preferences; closing it keeps what was chosen."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.setWindowTitle(self.tr("Preferences"))
        self.resize(*SIZE)
        self.editors: dict[str, Any] = {}  # by the setting's key
        self.cache: CacheRow | None = None
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Pages"))
        self.list.setToolTip(self.tr("What the preferences are about"))
        self.pages = QStackedWidget()
        for page in PAGES:
            self.list.addItem(tr(page.title))
            self.pages.addWidget(self._page(page))
        self.list.setFixedWidth(self.list.sizeHintForColumn(0) + 40)
        self.list.currentRowChanged.connect(self.pages.setCurrentIndex)
        self.said = QLabel()
        self.said.setWordWrap(True)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.close)
        self.reset_page_button = self._reset(self.tr("&Reset Page"), self.tr("This page as it is at first"))
        self.reset_page_button.clicked.connect(lambda: self.reset(self.page))
        self.reset_all_button = self._reset(self.tr("Reset &All"), self.tr("Every preference as it is at first"))
        self.reset_all_button.clicked.connect(lambda: self.reset(*PAGES))
        for button in (self.reset_page_button, self.reset_all_button):
            box.addButton(button, QDialogButtonBox.ButtonRole.ResetRole)
        column = QVBoxLayout(self)
        row = QHBoxLayout()
        column.addLayout(row, 1)
        row.addWidget(self.list)
        row.addWidget(self.pages, 1)
        column.addWidget(self.said)
        column.addWidget(box)
        self.list.setCurrentRow(0)
        self._ask_worker()
        self.refresh()

    @property
    def page(self) -> Page:
        """The page that is seen."""
        return PAGES[self.list.currentRow()]

    def open_page(self, name: str) -> None:
        """Turn to a page."""
        self.list.setCurrentRow([page.id for page in PAGES].index(name))

    def refresh(self) -> None:
        """Show what is stored."""
        for page in PAGES:
            for entry in page.entries:
                self.editors[entry.setting.key].show_value(entry.setting.read())

    def reset(self, *pages: Page) -> None:
        """Put all of these pages back to what they are at first."""
        for page in pages:
            for entry in page.entries:
                if entry.setting.read() != entry.setting.default:
                    self._change(entry, entry.setting.default)
        self.refresh()

    # ------------------------------------------------------------------------------------------------ the form

    def _page(self, page: Page) -> QWidget:
        inside = QWidget()
        form = QFormLayout(inside)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for entry in page.entries:
            self._add(form, entry)
        if page is CACHE and self._window.computing is not None:
            self.cache = CacheRow(self._window.computing)
            form.addRow(self.cache)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _add(self, form: QFormLayout, entry: Entry) -> None:
        editor = EDITORS[entry.kind](entry)
        title = tr(entry.title)
        editor.setMinimumWidth(LEAST)
        editor.setToolTip(tr(entry.tip))
        editor.setAccessibleName(title)
        editor.setAccessibleDescription(tr(entry.tip))
        if entry.source == COMPOSITES and isinstance(editor, ChoiceBox):
            editor.offer([(name, name) for name, _about in composites()])
            for row, (_name, about) in enumerate(composites()):
                editor.setItemData(row, engine(about), Qt.ItemDataRole.ToolTipRole)
        editor.chosen.connect(partial(self._change, entry))
        self.editors[entry.setting.key] = editor
        if isinstance(editor, QCheckBox):
            editor.setText(tr(entry.tip))
        label = QLabel(self.tr("{title}:").format(title=title))
        label.setToolTip(tr(entry.tip))
        label.setBuddy(editor)
        form.addRow(label, editor)
        if entry.note:
            note = QLabel(tr(entry.note))
            note.setWordWrap(True)
            note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            note.setForegroundRole(note.palette().ColorRole.PlaceholderText)
            form.addRow("", note)

    def _reset(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.setAccessibleName(text.replace("&", ""))
        return button

    def _change(self, entry: Entry, value: Any) -> None:
        before = entry.setting.read()
        if value == before:
            return
        if value == entry.setting.default:
            entry.setting.reset()
        else:
            entry.setting.write(value)
        self.said.setText("")
        follow(self._window, entry.setting, before)
        if self.cache is not None and any(entry is one for one in CACHE.entries):
            self.cache.look()

    # ---------------------------------------------------------------------------------------------- the worker

    def _ask_worker(self) -> None:
        computing = self._window.computing
        if computing is None:
            return
        computing.devices_found.connect(self._offer_devices)
        computing.failed.connect(self.said.setText)
        computing.told.connect(self.said.setText)
        self._offer_devices(computing.devices)
        computing.look_for_devices()
        if self.cache is not None:
            self.cache.look()

    def _offer_devices(self, found: Sequence[Device]) -> None:
        choices = [(one.name, one.title) for one in found] or [("cpu", "CPU")]
        for entry in ENGINE.entries:
            if entry.source == DEVICES:
                editor = self.editors[entry.setting.key]
                editor.offer(choices)
                editor.show_value(entry.setting.read())
