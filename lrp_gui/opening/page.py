"""What stands in the viewer's place while an opened file has no network: why, and a button for each way on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.files import ARCHITECTURE, CONSENT, FAILED, LOADING, REFUSED, SIZES, STOPPED
from lrp_gui.document.words import counted, size_text
from lrp_gui.languages import mark

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import FileInfo
    from lrp_gui.theme import Theme

WIDTH = 640
TITLE_SCALE = 1.6
# What is over sooner than this is not worth a word: it would only flicker.
QUIET_MS = 250
LINES_SHOWN = 8
# Left to right, whatever the obstacle; more than so many leave no room for the way back beside them.
ORDER = ("cancel", "sizes", "candidates", "open_architecture", "consent", "load_again", "open")
MOST_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Way:
    """What is said of an obstacle besides the engine's sentence, and the actions that lead on."""

    headline: str
    advice: str
    actions: tuple[str, ...]
    warns: bool = False
    lists: str = ""  # the heading over the names that the file calls


WAYS = {
    LOADING: Way(
        mark("Loading the network …"), mark("What the file holds can be looked at on the left meanwhile."), ("cancel",)
    ),
    STOPPED: Way(mark("The network was not loaded"), mark("What the file holds is on the left."), ("load_again",)),
    ARCHITECTURE: Way(
        mark("How are these tensors connected?"),
        mark(
            "A file of this kind holds numbers and their names, but no connections. They can be "
            "inferred and corrected here, or be taken from a file: an architecture.json, an ONNX or "
            ".pt2 file of the same network, or the Python program that defines it."
        ),
        ("candidates", "open_architecture"),
    ),
    CONSENT: Way(
        mark("This network is a program"),
        mark(
            "Nothing of it has run. To see what it decides, it has to run on this computer, with "
            "your rights; read first what that means."
        ),
        ("consent",),
        lists=mark("What it names"),
    ),
    REFUSED: Way(
        mark("This file was not opened"),
        mark(
            "Weights need no program: whoever made the file can save the state dict alone, as .pth "
            "or safetensors, or export the network as .pt2 or ONNX."
        ),
        ("open",),
        warns=True,
        lists=mark("What it would have called"),
    ),
    SIZES: Way(
        mark("How large are its inputs?"),
        mark(
            "The file does not say what its inputs look like, and nothing in it gave them away. "
            "Whoever made the network knows: a photograph may be 3 × 224 × 224, a sentence 16 tokens."
        ),
        ("sizes",),
    ),
    FAILED: Way(
        mark("The network cannot be loaded"),
        mark("What the file holds is on the left."),
        ("candidates", "open_architecture", "load_again"),
        warns=True,
    ),
}


class ObstaclePage(QScrollArea):
    """Shows the document's obstacle; its buttons trigger the window's actions."""

    def __init__(
        self, document: Document, actions: Mapping[str, QAction], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._theme = theme
        self.setObjectName("obstacle")
        self.setAccessibleName(self.tr("Why there is no network"))
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.headline, self.file, self.sentence, self.advice = (_label() for _ in range(4))
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * TITLE_SCALE)
        self.headline.setFont(font)
        self.calls = Names(self.tr("What the file names"))
        self.buttons = {name: ActionButton(actions[name]) for name in ORDER}
        self.copy_details = QPushButton(self.tr("Copy Details"))
        self.copy_details.setToolTip(self.tr("What a fault report needs"))
        self.copy_details.clicked.connect(self._copy_details)
        self.back = QPushButton()
        self.back.clicked.connect(lambda _checked=False: actions["undo"].trigger())
        box = QWidget()
        box.setMaximumWidth(WIDTH)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(box)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(10)
        for widget in (self.headline, self.file, self.sentence, self.calls, self.advice):
            column.addWidget(widget)
        self._row, self._below = QHBoxLayout(), QHBoxLayout()
        for row, buttons in ((self._row, self.buttons.values()), (self._below, (self.back, self.copy_details))):
            # Filled where it stands: a layout that is put in its place with widgets in it gets its items wrapped by
            # PySide, and a button that changes rows would leave the wrapper of an item behind that is no more.
            column.addLayout(row)
            for button in buttons:
                row.addWidget(button)
            row.addStretch()
        self._box = box
        content = QWidget()
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch(1)
        middle.addWidget(box, 100)
        middle.addStretch(1)
        outer = QVBoxLayout(content)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)
        self.setWidget(content)
        self._quiet = QTimer(self, interval=QUIET_MS, singleShot=True)
        self._quiet.timeout.connect(box.show)
        document.file_changed.connect(self._show)
        document.undo_stack.indexChanged.connect(self._show)
        self.set_theme(theme)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        for label in (self.file, self.advice):
            palette = label.palette()
            palette.setColor(QPalette.ColorRole.WindowText, theme.dim)
            label.setPalette(palette)
        self._show()

    def _show(self) -> None:
        obstacle, file = self._document.obstacle, self._document.file
        if obstacle is None or file is None:
            self._quiet.stop()
            return
        way = WAYS[obstacle.kind]
        self.headline.setText(self.tr(way.headline))
        self.headline.setStyleSheet(f"color: {self._theme.warning};" if way.warns else "")
        self.file.setText(_about(file))
        self.file.setToolTip(file.path)
        self.sentence.setText(obstacle.sentence)
        self.sentence.setVisible(obstacle.kind != LOADING and bool(obstacle.sentence))
        self.advice.setText(self.tr(way.advice))
        self.advice.setVisible(obstacle.kind != FAILED or bool(file.nbytes))  # of a file that is gone nothing is there
        self.calls.show_names(self.tr(way.lists), obstacle.calls if way.lists else ())
        for name, button in self.buttons.items():
            button.offer(name in way.actions)
        for place, name in enumerate(way.actions):
            self.buttons[name].setDefault(place == 0)
        self.setFocusProxy(self.buttons[way.actions[0]])  # the keyboard begins at the first way on
        self.copy_details.setVisible(bool(obstacle.details))
        before = self._document.opening.before if self._document.opening is not None else ""
        self.back.setText(self.tr("Back to {name}").format(name=_shortened(before)))
        row = self._row if len(way.actions) <= MOST_IN_A_ROW else self._below
        row.insertWidget(len(self.buttons) if row is self._row else 0, self.back)
        self.back.setVisible(bool(before) and self._document.undo_stack.canUndo())
        self.setAccessibleDescription(f"{self.headline.text()} {obstacle.sentence}")
        if obstacle.kind != LOADING:
            self._quiet.stop()
            self._box.show()
        elif not self._quiet.isActive():
            self._box.hide()
            self._quiet.start()

    def _copy_details(self) -> None:
        obstacle = self._document.obstacle
        QGuiApplication.clipboard().setText(obstacle.details if obstacle is not None else "")


class ActionButton(QPushButton):
    """A button that does what an action does, and is there only while the action makes sense."""

    def __init__(self, action: QAction) -> None:
        super().__init__()
        self._action, self._offered = action, False
        self.setObjectName(f"obstacle_{action.objectName()}")
        self.clicked.connect(lambda _checked=False: action.trigger())
        action.changed.connect(self._follow)
        self._follow()

    def offer(self, offered: bool) -> None:
        """Whether it belongs to what is shown."""
        self._offered = offered
        self._follow()

    def _follow(self) -> None:
        text, brief = self._action.text(), self._action.iconText()
        # Qt makes the brief text of the long one by taking the dots away; one of its own keeps them.
        self.setText(brief if brief.endswith("…") else text)
        self.setToolTip(self._action.toolTip())
        self.setVisible(self._offered and self._action.isEnabled())


class Names(QWidget):
    """Names out of a file, to be selected and copied."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = _label()
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.list = QPlainTextEdit()
        self.list.setReadOnly(True)
        self.list.setTabChangesFocus(True)
        self.list.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.list.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.list.setAccessibleName(name)
        # A list that cannot be edited shows no cursor; the keyboard selects in it all the same.
        self.list.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy = QPushButton(self.tr("Copy List"))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.list.toPlainText()))
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.list)

    def show_names(self, heading: str, names: tuple[str, ...]) -> None:
        """Show these, a line each; without any, vanish."""
        self.setVisible(bool(names))
        self.heading.setText(f"{heading} ({len(names)})" if len(names) > 1 else heading)
        self.list.setPlainText("\n".join(names))
        lines = min(max(len(names), 2), LINES_SHOWN)
        self.list.setFixedHeight(lines * self.list.fontMetrics().lineSpacing() + 16)


def _about(file: FileInfo) -> str:
    parts = [file.name, file.file_format]
    if file.tensors:
        parts.append(counted(len(file.tensors), "tensor"))
    if file.nbytes:
        parts.append(size_text(file.nbytes))
    return "  ·  ".join(part for part in parts if part)


def _shortened(name: str, limit: int = 32) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)  # what stands in a file is no markup
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
