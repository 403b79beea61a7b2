"""The dialog about rules: one for a layer, its kind or a pattern; below, all that was changed about the composite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSaveFile, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.composite_form import RuleForm
from lrp_gui.document.rules import composite_text, described, takers, without
from lrp_gui.document.words import counted
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

SIZE = (560, 560)


class RulesDialog(QDialog):
    """Stands beside the window, which goes on living: another layer can be chosen, and every change is seen at once.

    Parameters
    ----------
    document
    actions
        Those that read and write composites, which become buttons.
    """

    def __init__(self, document: Document, actions: tuple[QAction, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setWindowTitle(self.tr("Rules"))
        self.form = RuleForm(document, self)
        self.title = QLabel(self)
        self.title.setWordWrap(True)
        self.edits = QListWidget(self)
        self.edits.setAccessibleName(self.tr("What was changed about the composite"))
        self.edits.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.edits.setWordWrap(True)
        self.trouble = QLabel(self)
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.remove = QPushButton(self.tr("Re&move"), self)
        self.remove.setToolTip(self.tr("Take the selected changes back (Delete)"))
        self.remove_all = QPushButton(self.tr("Reset &All"), self)
        self.remove_all.setToolTip(self.tr("The composite as it was"))
        close = QPushButton(self.tr("Close"), self)
        below = QHBoxLayout()
        below.addWidget(self.remove)
        below.addWidget(self.remove_all)
        below.addStretch(1)
        for action in actions:
            button = QPushButton(action.text(), self)
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            below.addWidget(button)
        below.addWidget(close)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(button is self.form.apply)
        line = QFrame(self)
        line.setFrameShape(QFrame.Shape.HLine)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.form)
        column.addWidget(line)
        column.addWidget(self.title)
        column.addWidget(self.edits, 1)
        column.addWidget(self.trouble)
        column.addLayout(below)
        delete = QAction(self)
        delete.setShortcut(QKeySequence.StandardKey.Delete)
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(self.take_back)
        self.edits.addAction(delete)
        self.remove.clicked.connect(self.take_back)
        self.remove_all.clicked.connect(lambda: reset(document))
        close.clicked.connect(self.close)
        self.edits.itemSelectionChanged.connect(self._enable)
        self.edits.itemActivated.connect(self._go_to)
        document.settings_changed.connect(self._fill)
        document.network_changed.connect(self._fill)
        document.problem_changed.connect(self._show_trouble)
        self.resize(*SIZE)
        self._fill()
        self._show_trouble()

    def take_back(self) -> None:
        """Take the selected changes back, in one step."""
        rows = {self.edits.row(item) for item in self.edits.selectedItems()}
        document = self._document
        found = [entry for row, entry in enumerate(document.settings.edits) if row in rows]
        if found:
            text = self.tr("Reset {count}").format(count=counted(len(found), "rule"))
            document.set_rules(without(document.settings, found), text)

    def _fill(self) -> None:
        settings, network = self._document.settings, self._document.network
        self.edits.clear()
        for entry in settings.edits:
            nodes = takers(network, entry.select)
            fits = [node for node in nodes if entry.rule.fits(node.kind, node.family)]
            item = QListWidgetItem(f"{described(entry.select)} → {entry.rule}")
            item.setToolTip(
                self.tr("{count} of this network; Enter goes there").format(count=counted(len(fits), "node"))
                if fits
                else self.tr("No node of this network")
            )
            item.setData(Qt.ItemDataRole.UserRole, fits[0].layer if fits else "")
            self.edits.addItem(item)
        base = settings.composite
        self.title.setText(
            self.tr("Changed about {name}; the first that fits a node decides:").format(name=base)
            if settings.edits
            else self.tr("Nothing is changed about {name}.").format(name=base)
        )
        self.remove_all.setEnabled(bool(settings.edits))
        self._enable()

    def _enable(self) -> None:
        self.remove.setEnabled(bool(self.edits.selectedItems()))

    def _go_to(self, item: QListWidgetItem) -> None:
        if layer := item.data(Qt.ItemDataRole.UserRole):
            self._document.select_layer(layer)

    def _show_trouble(self) -> None:
        """What the explanation says of these rules, at the place where they can be mended."""
        problem = self._document.problem
        self.trouble.setText(f"⚠ {problem}" if problem else "")
        self.trouble.setVisible(bool(problem))


def reset(document: Document) -> None:
    """The composite as it was before anything about it was changed."""
    if document.settings.edits:
        settings = replace(document.settings, edits=())
        document.set_rules(settings, document.tr("Reset rules of {name}").format(name=settings.composite))


def write_composite(document: Document, path: str) -> str:
    """Write the composite as JSON, whole or not at all; returns what went wrong in one sentence, or ""."""
    file = QSaveFile(path)
    text = composite_text(document.settings).encode()
    if file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(text) >= 0 and file.commit():
        return ""
    return tr("{name} cannot be written ({errorstring}); choose another place.").format(
        name=Path(path).name, errorstring=file.errorString()
    )
