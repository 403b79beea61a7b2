"""What stands in the centre before a file is open: two examples, one button, and a place to drop a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lrp_gui.settings import EXAMPLES

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from lrp_gui.actions import Actions
    from lrp_gui.theme import Theme

WIDTH = 500
TITLE_SCALE = 1.9
ICON_SIZE = 26


class StartPage(QWidget):
    """Every way to begin, each one click or one key away."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Start"))
        title = QLabel(self.tr("Why did the network decide so?"), self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * TITLE_SCALE)
        title.setFont(font)
        about = _wrapped(
            self.tr(
                "Open a weight file and look at a sample: the output's score is handed back through every layer to the "
                "inputs. Everything stays on this computer."
            )
        )
        self._busy = QLabel(self)
        self.buttons = {
            f"example_{one.name}": Card(
                actions[f"example_{one.name}"],
                self.tr("Example: {title}").format(title=one.title),
                one.about,
                "table" if one.name == "diabetes" else "grid",
            )
            for one in EXAMPLES
        }
        self.buttons["open"] = Card(
            actions["open"],
            self.tr("Open a file…"),
            self.tr(
                "or drop it on this window: PyTorch, safetensors, ONNX or NumPy, with a .csv of samples if there is one"
            ),
            "open",
        )
        box = QWidget(self)
        box.setFixedWidth(WIDTH)
        column = QVBoxLayout(box)
        column.setSpacing(10)
        for widget in (title, about, *self.buttons.values(), self._busy):
            column.addWidget(widget)
        middle = QHBoxLayout()
        middle.addStretch()
        middle.addWidget(box)
        middle.addStretch()
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)

    def say(self, text: str) -> None:
        """What is going on while a first file is being opened."""
        self._busy.setText(text)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        for card in self.buttons.values():
            card.set_theme(theme)


class Card(QPushButton):
    """A large button: an icon, what it does, and a line about it."""

    def __init__(self, action: QAction, title: str, about: str, icon: str) -> None:
        super().__init__()
        self._icon_name = icon
        self.setObjectName(f"start_{action.objectName()}")
        self.setAccessibleName(title)
        self.setAccessibleDescription(about)
        self.setToolTip(action.toolTip())
        self.clicked.connect(lambda _checked=False: action.trigger())
        self._icon = QLabel(self)
        name = QLabel(title, self)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        self._about = _wrapped(about)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(self._about)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(14)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        self._icon.setFixedWidth(ICON_SIZE)
        # A button's own size hint knows its text, not the labels on it.
        self.setFixedHeight(row.totalHeightForWidth(WIDTH - 24))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours, and draw the icon in them."""
        from lrp_gui.icons import pixmap

        self._icon.setPixmap(pixmap(self._icon_name, theme.accent, ICON_SIZE, self.devicePixelRatioF()))
        palette = self._about.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.dim)
        self._about.setPalette(palette)


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
