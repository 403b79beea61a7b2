"""The choice of a composite: every name with a line about it, in groups, what is no LRP last and apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QWidget

from lrp_gui.languages import engine, mark

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

# From Qt.ItemDataRole.UserRole on, as a number: nothing before the first paint builds Qt's enumerations.
NAME_ROLE, ABOUT_ROLE, HEADING_ROLE, OWN_ROLE = 0x100, 0x101, 0x102, 0x103
MARGIN = 8


class Group(NamedTuple):
    """Composites whose line begins so; the beginning is the heading's, and left away below it."""

    heading: str
    beginning: str


GROUPS = (
    Group("LRP", ""),
    Group(mark("LRP for transformers, gates and recurrent networks"), "for "),
    Group(mark("Not LRP, to compare with"), "not LRP: "),
)


def grouped(names: tuple[tuple[str, str], ...]) -> list[tuple[Group, list[tuple[str, str]]]]:
    """The composites by group, in the engine's order within each; groups without any are left out."""
    found: dict[Group, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for name, about in names:
        home = next(group for group in reversed(GROUPS) if about.startswith(group.beginning))
        kept = engine(about)
        if home is GROUPS[-1]:  # the heading says so already
            kept = kept.partition(": ")[2] or kept
        found[home].append((name, kept))
    return [(group, members) for group, members in found.items() if members]


class CompositeBox(QComboBox):
    """Which rules hand the relevance back."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setAccessibleName(self.tr("Composite"))
        self.setMinimumContentsLength(12)
        # Room in the toolbar is scarce: the list may be wider than the box, the box need not be as wide as the list.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(len(GROUPS) + 24)
        self.addItem(document.settings.composite, document.settings.composite)
        self.activated.connect(self._choose)
        document.settings_changed.connect(self._show)
        self._show()

    def fill(self, names: tuple[tuple[str, str], ...]) -> None:
        """Offer composites: name and one line about each."""
        from lrp_gui.composite_list import TwoColumns, composites_model

        model = composites_model(names)
        model.setParent(self)
        with QSignalBlocker(self):
            self.setModel(model)
            self.setItemDelegate(TwoColumns(self))
        self._show()

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """As wide as the longest line, as far as the screen goes."""
        view = self.view()
        screen = self.screen().availableGeometry().width()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 2 * MARGIN, screen - 40))
        super().showPopup()

    def _choose(self, index: int) -> None:
        if not self.itemData(index, OWN_ROLE):  # that one is chosen already
            self._document.set_composite(str(self.itemData(index)))

    def _show(self) -> None:
        """One that is nobody's but this person's stands at the top, while it is chosen."""
        settings = self._document.settings
        with QSignalBlocker(self):
            if self.itemData(0, OWN_ROLE):
                self.removeItem(0)
            if settings.edits or settings.own is not None:
                self.insertItem(0, engine(settings.composite_title), settings.composite_title)
                self.setItemData(0, self._about_own(), ABOUT_ROLE)
                self.setItemData(0, True, OWN_ROLE)
                self.setCurrentIndex(0)
            else:
                self.setCurrentIndex(self.findData(settings.composite))
        about = self.currentData(ABOUT_ROLE) or ""
        tip = self.tr("The composite: which rule each layer gets")
        self.setToolTip(f"{tip}\n{self.currentText()}: {about}" if about else tip)
        self.setEnabled(not settings.reference.explains)
        if settings.reference.explains:
            self.setToolTip(self.tr("No composite is used while samples are explained against a reference (F8)"))

    def _about_own(self) -> str:
        settings = self._document.settings
        if not settings.edits:
            return settings.own.description if settings.own is not None else ""
        count = len(settings.edits)
        changed = self.tr("{count} rule changed") if count == 1 else self.tr("{count} rules changed")
        return f"{changed.format(count=count)}; {self.tr('Ctrl+R shows them')}"
