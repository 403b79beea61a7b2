"""The bar above the picture that says in one sentence what went wrong, and what can be done. It never blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from lrp_gui.icons import icon, pixmap

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from lrp_gui.document.state import Message
    from lrp_gui.theme import Theme


SIZE = 20


class MessageBar(QFrame):
    """Shows the latest message until it is dismissed or something succeeds."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messageBar")
        self.setAccessibleName(self.tr("Message"))
        self._details = ""
        self._action: QAction | None = None
        self._icon = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._remedy = QPushButton(self)
        self._remedy.clicked.connect(self._do_remedy)
        self._copy = QPushButton(self.tr("Copy Details"), self)
        self._copy.setToolTip(self.tr("What a fault report needs"))
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._details))
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.setAccessibleName(self.tr("Dismiss the message"))
        self._close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        for widget in (self._icon, self._text, self._remedy, self._copy, self._close):
            row.addWidget(widget)
        self.set_theme(theme)
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says now, "" while it is closed."""
        return "" if self.isHidden() else self._text.text()

    def show_message(self, message: Message, remedy: QAction | None = None) -> None:
        """Say something; `remedy` becomes a button."""
        self._text.setText(message.sentence)
        self._details = message.details
        self._action = remedy
        self._remedy.setVisible(remedy is not None)
        if remedy is not None:
            self._remedy.setText(remedy.text())
        self._copy.setVisible(bool(message.details))
        self.setAccessibleDescription(message.sentence)
        self.show()

    def dismiss(self) -> None:
        """Put it away."""
        self.hide()
        self.closed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._icon.setPixmap(pixmap("warning", theme.warning, SIZE, self.devicePixelRatioF()))
        self._close.setIcon(icon("close", theme))
        self.setStyleSheet(
            f"#messageBar {{ background: {theme.raised}; border: none; border-left: 4px solid {theme.warning};"
            f" border-bottom: 1px solid {theme.line}; }}"
        )

    def _do_remedy(self) -> None:
        action = self._action
        if action is not None:
            self.dismiss()
            action.trigger()
