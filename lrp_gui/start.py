"""What stands in the centre before a file is open: examples, a place to drop one, what was open last, what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from lrp_gui.languages import tr
from lrp_gui.settings import EXAMPLES

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from lrp_gui.actions import Actions
    from lrp_gui.start_recent import RecentColumn
    from lrp_gui.theme import Theme

# In lines of text: what the columns have at most and at least, and between them.
LEFT, LEFT_LEAST = 33, 20
RIGHT, RIGHT_LEAST, RIGHT_HEIGHT = 26, 18, 28
GAP = 3
TITLE_SCALE = 1.9
ICON_SIZE = 26


class StartPage(QScrollArea):
    """Every way to begin, each one click or one key away.

    The right column moves in after the first paint; its place is kept, so that nothing jumps.
    """

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Start"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        line = self.fontMetrics().lineSpacing()
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
        self.buttons: dict[str, Card] = {
            f"example_{one.name}": Card(
                actions[f"example_{one.name}"],
                self.tr("Example: {title}").format(title=tr(one.title)),
                tr(one.about),
                "table" if one.name == "diabetes" else "grid",
            )
            for one in EXAMPLES
        }
        self.buttons["open"] = DropCard(
            actions["open"],
            self.tr("Open a file…"),
            self.tr(
                "or drop it on this window: PyTorch, safetensors, ONNX or NumPy, with a .csv of samples if there is one"
            ),
            "open",
        )
        self.recent: RecentColumn | None = None
        page = QWidget(self)
        page.setAutoFillBackground(False)
        box, left, self._right = QWidget(page), QWidget(page), QWidget(page)
        box.setMaximumWidth((LEFT + GAP + RIGHT) * line)
        left.setMinimumWidth(LEFT_LEAST * line)
        self._right.setMinimumSize(RIGHT_LEAST * line, RIGHT_HEIGHT * line)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in (about, *self.buttons.values(), self._busy):
            column.addWidget(widget)
        column.addStretch()
        both = QHBoxLayout()
        inner = QVBoxLayout(box)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(14)
        inner.addWidget(title)
        inner.addLayout(both)
        both.setSpacing(GAP * line)
        both.addWidget(left, LEFT)
        both.addWidget(self._right, RIGHT)
        middle = QHBoxLayout()
        outer = QVBoxLayout(page)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)
        middle.addStretch()
        middle.addWidget(box, 1000)
        middle.addStretch()
        self.setWidget(page)

    def bring_recent(self, actions: Actions, theme: Theme) -> RecentColumn:
        """Fill the right column: what was open last, and what is new."""
        from lrp_gui.start_recent import RecentColumn

        self.recent = RecentColumn(actions, self._right)
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.recent)
        self.recent.set_theme(theme)
        return self.recent

    def say(self, text: str) -> None:
        """What is going on while a first file is being opened."""
        self._busy.setText(text)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        for card in self.buttons.values():
            card.set_theme(theme)
        if self.recent is not None:
            self.recent.set_theme(theme)


class Card(QPushButton):
    """A large button: an icon, what it does, and a line about it."""

    MARGIN = 10

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
        words.addStretch()
        words.addWidget(name)
        words.addWidget(self._about)
        words.addStretch()
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(14, self.MARGIN, 14, self.MARGIN)
        row.setSpacing(14)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        self._icon.setFixedWidth(ICON_SIZE)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    # A button's own sizes are those of its text, not of the labels on it.

    def hasHeightForWidth(self) -> bool:  # noqa: D102, N802
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: D102
        return self._row.totalHeightForWidth(width)

    def sizeHint(self) -> QSize:  # noqa: D102
        return self._row.totalSizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self._row.totalMinimumSize()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours, and draw the icon in them."""
        from lrp_gui.icons import pixmap

        self._icon.setPixmap(pixmap(self._icon_name, theme.accent, ICON_SIZE, self.devicePixelRatioF()))
        palette = self._about.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.dim)
        self._about.setPalette(palette)


class DropCard(Card):
    """A card that looks like a place to drop something; the whole window takes it."""

    MARGIN = 16

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._colours = QColor(theme.dim), QColor(theme.accent), QColor(theme.raised)
        super().set_theme(theme)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        if not hasattr(self, "_colours"):
            return
        rest, chosen, pressed = self._colours
        pen = QPen(chosen if self.hasFocus() or self.underMouse() else rest, 1.6 if self.hasFocus() else 1.2)
        pen.setDashPattern([5, 4])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        if self.isDown() or self.underMouse():
            painter.setBrush(pressed)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 6, 6)
        painter.end()


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
