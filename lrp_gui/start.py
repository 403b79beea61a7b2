"""What stands in the centre before a file is open: two examples, one button, and a place to drop a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCommandLinkButton, QLabel, QVBoxLayout, QWidget

from lrp_gui.settings import EXAMPLES

if TYPE_CHECKING:
    from lrp_gui.actions import Actions

WIDTH = 460
TITLE_SCALE = 2.0


class StartPage(QWidget):
    """Every way to begin, each one click or one key away."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Start"))
        title = QLabel(self.tr("Why did the network decide so?"), self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * TITLE_SCALE)
        title.setFont(font)
        about = QLabel(
            self.tr(
                "Open a weight file and look at a sample: the output's score is handed back through every layer "
                "to the inputs. Everything stays on this computer."
            ),
            self,
        )
        about.setWordWrap(True)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(about)
        column.addSpacing(12)
        self.buttons: dict[str, QCommandLinkButton] = {}
        for one in EXAMPLES:
            self._add(
                column, actions, f"example_{one.name}", self.tr("Example: {title}").format(title=one.title), one.about
            )
        self._add(
            column,
            actions,
            "open",
            self.tr("Open a file…"),
            self.tr("or drop one anywhere on this window: .pth .pt .pt2 .safetensors, with a .csv if you have one"),
        )
        self._busy = QLabel(self)
        column.addSpacing(8)
        column.addWidget(self._busy)
        box = QWidget(self)
        box.setLayout(column)
        box.setFixedWidth(WIDTH)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(box, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def say(self, text: str) -> None:
        """What is going on while a first file is being opened."""
        self._busy.setText(text)

    def _add(self, column: QVBoxLayout, actions: Actions, name: str, text: str, about: str) -> None:
        button = QCommandLinkButton(text, about, self)
        button.setObjectName(f"start_{name}")
        action = actions[name]
        button.setToolTip(action.toolTip())
        button.setEnabled(action.isEnabled())
        button.clicked.connect(lambda _checked=False: action.trigger())
        column.addWidget(button)
        self.buttons[name] = button
