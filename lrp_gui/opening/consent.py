"""The dialog before a program in a file may run: what it is, what that means, and two deliberate steps to allow it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.words import size_text
from lrp_gui.opening.page import Names

if TYPE_CHECKING:
    from lrp_gui.document.connecting import Connector
    from lrp_gui.document.files import Consent
    from lrp_gui.theme import Theme

WIDTH = 620


class ConsentDialog(QDialog):
    """Cancel is what Return and Esc do; to run it takes a ticked box and then the other button."""

    agreed = Signal(str)  # the hash of what somebody consented to

    def __init__(self, connector: Connector, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connector, self._consent = connector, None
        self.setWindowTitle(self.tr("Run a Program From a File?"))
        self.headline = _text(self.tr("Reading the file …"), scale=1.35)
        self.meaning = _text("")
        self.plain = _text(
            self.tr(
                "A program may read, change and delete your files and use the network, as you may yourself. This one "
                "has not been looked at by anybody on your behalf. Let it run only if you know where the file comes "
                "from and trust whoever made it."
            )
        )
        self.where, self.amount, self.sha256 = (_text("", selectable=True) for _ in range(3))
        self.hashing = QProgressBar()
        self.hashing.setRange(0, 0)
        self.hashing.setTextVisible(False)
        self.hashing.setAccessibleName(self.tr("Computing the hash"))
        self.names = Names(self.tr("What the program names"))
        facts = QFormLayout()
        facts.setHorizontalSpacing(14)
        facts.addRow(self.tr("File"), self.where)
        facts.addRow(self.tr("Size"), self.amount)
        facts.addRow("SHA-256", self.sha256)
        self.trusts = QCheckBox(self.tr("I &trust whoever made this file, and want its program to run"))
        self.trusts.setEnabled(False)
        self.trusts.toggled.connect(self._follow)
        self.holds = _text(self.tr("This holds for exactly this content of the file, until the window is closed."))
        self.holds.setStyleSheet(f"color: {theme.dim};")
        self.warning = _text("")
        self.warning.setStyleSheet(f"color: {theme.warning};")
        self.warning.hide()
        self.run = QPushButton(self.tr("&Run the Program"))
        self.run.setEnabled(False)
        self.run.setAutoDefault(False)
        self.run.clicked.connect(self._agree)
        buttons = QDialogButtonBox()
        buttons.addButton(self.run, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.cancel.setIcon(QIcon())  # a cross in red would say that this is the dangerous one
        self.cancel.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.setContentsMargins(20, 18, 20, 16)
        for widget in (self.headline, self.meaning, self.plain):
            column.addWidget(widget)
        column.addLayout(facts)
        for widget in (self.hashing, self.names, self.warning, self.trusts, self.holds, buttons):
            column.addWidget(widget)
        self.names.hide()
        self.cancel.setDefault(True)  # once it is in the dialog: before that, the dialog would not hear of it
        self.setMinimumWidth(WIDTH)
        connector.setParent(self)
        connector.consent_found.connect(self._found)
        connector.failed.connect(self._failed)
        connector.progressed.connect(self._progress)
        connector.look_for_consent()
        self.finished.connect(connector.stop)

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard begins at Cancel."""
        super().showEvent(event)
        self.cancel.setFocus()

    def _progress(self, done: int, total: int) -> None:
        self.hashing.setRange(0, total)
        self.hashing.setValue(done)

    def _found(self, consent: Consent) -> None:
        self._consent = consent
        name = Path(consent.path).name
        self.headline.setText(self.tr("“{name}” is a program").format(name=name))
        self.meaning.setText(consent.meaning)
        self.where.setText(consent.path)
        self.amount.setText(size_text(consent.nbytes))
        digest = consent.sha256
        self.sha256.setText(f"{digest[:32]}\n{digest[32:]}")
        self.sha256.setAccessibleName(f"SHA-256 {digest}")
        self.names.show_names(self.tr("What it names"), consent.names)
        self.hashing.hide()
        self.trusts.setEnabled(True)
        self._grow()

    def _failed(self, sentence: str) -> None:
        self.headline.setText(self.tr("This file cannot be used"))
        self.warning.setText(sentence)
        self.warning.show()
        self.hashing.hide()
        self._grow()

    def _grow(self) -> None:
        """Labels that wrap tell a dialog their height only for a width."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    def _follow(self, ticked: bool) -> None:
        self.run.setEnabled(ticked and self._consent is not None)

    def _agree(self) -> None:
        if self._consent is not None and self.trusts.isChecked():
            self.agreed.emit(self._consent.sha256)
            self.accept()


def _text(text: str, *, scale: float = 1.0, selectable: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    label.setFont(font)
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return label
