"""The dock about the chosen sample: a tab for each input that has an editor, what if, a sweep, the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from lrp_gui.sample.editors import editor_for, make_editor
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.whatif import WhatIf
    from lrp_gui.theme import Theme

WHAT_IF, SWEEP, REFERENCE = "what_if", "sweep", "reference"
EDIT_INPUT = "edit_input"  # the first input that has an editor; the sliders where none has


class SamplePanel(QWidget):
    """Tabs that are built when they are first looked at.

    Parameters
    ----------
    what_if
        Makes what the tabs ask; called when the dock is first looked at.
    """

    def __init__(
        self, document: Document, theme: Theme, what_if: Callable[[], WhatIf], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._theme, self._make = document, theme, what_if
        self._what_if: WhatIf | None = None
        self._seen = False
        self.setAccessibleName(self.tr("The chosen sample"))
        self.pages: dict[str, Any] = {}  # those that were looked at, by the name of their tab
        self._keys: list[str] = []
        self._looked = False  # whether a tab was ever looked at
        self._holders: list[QWidget] = []
        self.nothing = QLabel(self.tr("The chosen sample stands here once there is a network to explain."), self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setMargin(24)
        self.nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName(self.tr("What is asked of the sample"))
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.currentChanged.connect(self._show_page)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.nothing)
        self.stack.addWidget(self.tabs)
        self.unseen = QWidget(self)
        self.stack.addWidget(self.unseen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.stack)
        self._soon = Soon(self._show_state, self)
        document.network_changed.connect(self._arrange)
        document.table_replaced.connect(self._soon.start)
        self._arrange()

    @property
    def what_if(self) -> WhatIf:
        """What the tabs ask."""
        if self._what_if is None:
            self._what_if = self._make()
        return self._what_if

    @property
    def page(self) -> Any:
        """The tab that is open, None before it was first looked at."""
        index = self.tabs.currentIndex()
        return self.pages.get(self._keys[index]) if 0 <= index < len(self._keys) else None

    def open_page(self, key: str) -> None:
        """Go to a tab: `WHAT_IF`, `SWEEP`, `REFERENCE`, "input " and an input's name, or `EDIT_INPUT`."""
        if key == EDIT_INPUT:
            key = next((one for one in self._keys if one.startswith("input ")), WHAT_IF)
        if key in self._keys:
            self.tabs.setCurrentIndex(self._keys.index(key))
            self._show_page()
            if self.page is not None:
                self.page.setFocus()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        for page in self.pages.values():
            page.set_theme(theme)

    def _arrange(self) -> None:
        """Another network has other inputs; the tab that was open stays open where there is one like it."""
        # Only a tab that somebody looked at; at first it is the input itself.
        open_key = self._keys[self.tabs.currentIndex()] if self._looked and self.tabs.currentIndex() >= 0 else ""
        network = self._document.network
        self._keys, titles = [], []
        for one in network.inputs if network is not None else ():
            if editor_for(one):
                self._keys.append(f"input {one.name}")
                titles.append(one.name)
        titles += [self.tr("What if"), self.tr("Sweep"), self.tr("Reference")]
        self._keys += [WHAT_IF, SWEEP, REFERENCE]
        self.tabs.blockSignals(True)
        for page in self.pages.values():
            page.deleteLater()
        self.pages.clear()
        for holder in self._holders:
            holder.deleteLater()
        self.tabs.clear()
        self._holders = [QWidget(self.tabs) for _title in titles]
        for holder, title in zip(self._holders, titles, strict=True):
            QVBoxLayout(holder).setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(holder, title)
        self.tabs.setCurrentIndex(self._keys.index(open_key) if open_key in self._keys else 0)
        self.tabs.blockSignals(False)
        self._soon.start()

    def _show_state(self) -> None:
        ready = self._document.network is not None and self._document.table is not None
        page = self.tabs if ready else self.nothing
        self.stack.setCurrentWidget(page if self._seen else self.unseen)
        self._show_page()

    def _show_page(self) -> None:
        """Build the tab that is looked at, the first time."""
        index = self.tabs.currentIndex()
        if not self._seen or not 0 <= index < len(self._keys) or self._document.table is None:
            return
        key = self._keys[index]
        if key not in self.pages:
            holder = self._holders[index]
            self.pages[key] = self._build(key, holder)
            self._looked = True
            holder.layout().addWidget(self.pages[key])  # type: ignore[union-attr]

    def _build(self, key: str, holder: QWidget) -> Any:
        if key == WHAT_IF:
            from lrp_gui.sample.what_if_page import WhatIfPage

            page = WhatIfPage(self._document, self.what_if, self._theme, holder)
            page.sweep_asked.connect(self._sweep)
            return page
        if key == SWEEP:
            from lrp_gui.sample.sweep_page import SweepPage

            return SweepPage(self._document, self.what_if, self._theme, holder)
        if key == REFERENCE:
            from lrp_gui.sample.reference_page import ReferencePage

            return ReferencePage(self._document, self.what_if, self._theme, holder)
        name = key.removeprefix("input ")
        return make_editor(self._document, self._theme, name, lambda: self.what_if.wording)

    def _sweep(self, column: int) -> None:
        self.what_if.sweep.choose(column)
        self.open_page(SWEEP)

    def set_seen(self, seen: bool) -> None:
        """Whether the dock is in front: to Qt, one that lies behind another is visible too."""
        self._seen = seen
        # While docks get their places this one is in front for a moment, in which nobody sees it.
        self._soon.start()
