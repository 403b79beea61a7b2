"""A tour over the real window: each step lights a part of it up and says what it is for. It never blocks the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lrp_gui.languages import mark, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from lrp_gui.theme import Theme

DIM = 110  # of 255: how dark the rest becomes
MARGIN, GAP, RADIUS = 4, 12, 6
WIDTH = 330
EXAMPLE = "diabetes"
# Instead of the number of a step.
ENDED, OFFERED = -1, -2


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the window. `find` gives its widget; `before` brings it into sight."""

    title: str
    text: str
    find: Callable[[Any], QWidget | None]
    before: Callable[[Any], object] = lambda _window: None


def _show_dock(name: str) -> Callable[[Any], object]:
    return lambda window: window.furniture and window.furniture.show_dock(getattr(window, name))


STEPS: tuple[Step, ...] = (
    Step(
        mark("What this program is for"),
        mark(
            "A network gave a score. Here you see why: the score is handed back through every layer to "
            "the inputs. This tour shows it on an example: 442 patients, ten measurements each. It is "
            "opened when you go on."
        ),
        lambda window: window.pages,
    ),
    Step(
        mark("The table"),
        mark(
            "Each row is a sample, here a patient. Click a row and it is explained. Type into a cell: "
            "the explanation follows at once, and Ctrl+Z takes the edit back."
        ),
        lambda window: window.table,
        _show_dock("table"),
    ),
    Step(
        mark("The graph"),
        mark(
            "Inputs on the left, output on the right. Ribbons are relevance handed back, the wider the "
            "more; one hue speaks for the score, the other against it. Click a unit to see the path "
            "through it."
        ),
        lambda window: window.viewer.canvas if window.viewer else None,
    ),
    Step(
        mark("The layer strip"),
        mark(
            "The books: what arrived at each layer and where it went. Nothing is lost in silence; what a "
            "bias or a stabilizer absorbs has a colour of its own, and what should worry you is marked."
        ),
        lambda window: window.viewer.strip_area if window.viewer else None,
    ),
    Step(
        mark("The detail"),
        mark(
            "The inputs and the chosen layer, drawn and in numbers. Images, series and texts are shown "
            "as what they are."
        ),
        lambda window: window.viewer.detail if window.viewer else None,
    ),
    Step(
        mark("The model"),
        mark(
            "Layers, tensors, and what the file says of itself. Health finds what is odd or broken in "
            "it. A tensor that you choose opens on the right."
        ),
        lambda window: window.browser,
        _show_dock("browser"),
    ),
    Step(
        mark("What is explained"),
        mark(
            "The sample, the target (a class, a difference of two …) and the composite, the set of rules "
            "by which relevance is handed back. Change one, and everything follows."
        ),
        lambda window: window.composite.parentWidget().parentWidget(),
    ),
    Step(
        mark("Where help is"),
        mark(
            "Shift+F1 explains whatever you are looking at, with its present numbers. F1 opens the guide "
            "there. Menus and tool tips name the keys. This tour stays in the menu Help."
        ),
        lambda window: window.menuBar(),
    ),
)


class Tour(QObject):
    """Steps through the window; Esc, or the cross, ends it at any moment."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window
        self.at = ENDED
        self._light: Spotlight | None = None
        self.bubble: Bubble | None = None
        self._placing = QTimer(self, singleShot=True, interval=0)
        self._placing.timeout.connect(self._place)

    @property
    def running(self) -> bool:
        """Whether a step is shown."""
        return self.at >= 0

    def offer(self) -> None:
        """Ask in the corner whether somebody wants the tour; who opens something instead has answered."""
        self._build()
        bubble = self.bubble
        assert bubble is not None
        bubble.ask(self.tr("New here?"), self.tr("A tour of two minutes shows on an example what is where."))
        self.at = OFFERED
        self._window.document.file_changed.connect(self._answered)
        self._place()
        bubble.show()

    def begin(self) -> None:
        """Begin with the first step, or again."""
        self._build()
        self.go(0)

    def _answered(self) -> None:
        if self.at == OFFERED:
            self.end()

    def _build(self) -> None:
        if self._light is None:
            self._light = Spotlight(self._window)
            self.bubble = Bubble(self._window)
            self.bubble.next.clicked.connect(lambda: self.go(max(self.at, ENDED) + 1))
            self.bubble.back.clicked.connect(lambda: self.go(self.at - 1))
            self.bubble.skip.clicked.connect(self.end)
            self._window.installEventFilter(self)
            self._window.document.network_changed.connect(self._place_soon)
        self.set_theme(self._window.theme)

    def go(self, step: int) -> None:
        """Show a step; after the last one the tour is over."""
        if not 0 <= step < len(STEPS):
            self.end()
            return
        if step == 1 and self.at == 0 and not self._window.document.name:
            self._window.actions_[f"example_{EXAMPLE}"].trigger()
        self.at = step
        one, bubble = STEPS[step], self.bubble
        one.before(self._window)
        assert bubble is not None
        bubble.tell(tr(one.title), tr(one.text), step, len(STEPS))
        self._place()
        self._placing.start()  # once more when what was brought into sight has its place
        bubble.show()
        bubble.next.setFocus()

    def end(self) -> None:
        """Leave the tour."""
        self.at = ENDED
        for part in (self._light, self.bubble):
            if part is not None:
                part.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        if self._light is not None and self.bubble is not None:
            self._light.accent = theme.accent
            self.bubble.set_theme(theme)
            self._light.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window changed its size, or something in it moved."""
        if self.at != ENDED and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._placing.start()
        return super().eventFilter(watched, event)

    def _place_soon(self) -> None:
        if self.running:
            self._placing.start(300)  # the docks come a moment after the network
            self._placing.setInterval(0)

    def _place(self) -> None:
        light, bubble = self._light, self.bubble
        if light is None or bubble is None:
            return
        if self.at == OFFERED:
            bubble.fit()
            corner = self._window.rect().bottomRight() - QPoint(bubble.width() + GAP, bubble.height() + 3 * GAP)
            bubble.move(corner)
            bubble.raise_()
        if not self.running:
            return
        widget = STEPS[self.at].find(self._window)
        seen = widget is not None and widget.isVisible()
        hole = QRect(widget.mapTo(self._window, QPoint(0, 0)), widget.size()) if seen and widget else QRect()
        light.setGeometry(self._window.rect())
        light.hole = hole.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN) if seen else hole
        light.update()
        light.show()
        light.raise_()
        bubble.fit()
        bubble.move(place_beside(hole, bubble.size().toTuple(), self._window.rect()))
        bubble.raise_()


def place_beside(hole: QRect, size: Any, window: QRect) -> QPoint:
    """Where a bubble of this size goes: beside what it tells about where there is room, else into its corner."""
    width, height = size
    inside = window.adjusted(GAP, GAP, -GAP, -GAP)
    if hole.isNull():
        return QPoint(window.center().x() - width // 2, window.center().y() - height // 2)
    middle_x, middle_y = hole.center().x() - width // 2, hole.center().y() - height // 2
    places = (
        QPoint(hole.right() + GAP, middle_y),
        QPoint(hole.left() - width - GAP, middle_y),
        QPoint(middle_x, hole.bottom() + GAP),
        QPoint(middle_x, hole.top() - height - GAP),
        QPoint(hole.right() - width - GAP, hole.bottom() - height - GAP),
    )

    def within(at: QPoint) -> QPoint:
        x = max(inside.left(), min(at.x(), inside.right() - width))
        return QPoint(x, max(inside.top(), min(at.y(), inside.bottom() - height)))

    beside = (within(at) for at in places)
    return next((at for at in beside if not QRect(at.x(), at.y(), width, height).intersects(hole)), within(places[-1]))


class Spotlight(QWidget):
    """Dims all but one part. The mouse goes through it: whoever wants to work, works."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.hole = QRect()
        self.accent = "#000000"
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Everything darker, but for the hole and its frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path, frame = QPainterPath(), QPainterPath()
        path.addRect(QRectF(self.rect()))
        if not self.hole.isNull():
            frame.addRoundedRect(QRectF(self.hole), RADIUS, RADIUS)
            path = path.subtracted(frame)
        painter.fillPath(path, QColor(0, 0, 0, DIM))
        if not self.hole.isNull():
            painter.setPen(QPen(QColor(self.accent), 2))
            painter.drawPath(frame)
        painter.end()


class Bubble(QFrame):
    """What a step says, and the way on, back and out."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAutoFillBackground(True)
        self.title, self.text, self.count = QLabel(self), QLabel(self), QLabel(self)
        for label in (self.title, self.text):
            label.setWordWrap(True)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.back = QPushButton(self.tr("Back"), self)
        self.next = QPushButton(self)
        self.next.setDefault(True)
        self.skip = QPushButton(self.tr("End Tour"), self)
        self.skip.setToolTip(self.tr("Leave the tour (Esc); it stays in the menu Help"))
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        for label in (self.title, self.text):
            column.addWidget(label)
        row = QHBoxLayout()
        column.addLayout(row)
        row.addWidget(self.skip)
        row.addWidget(self.count, 1, Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self.back)
        row.addWidget(self.next)
        self.hide()

    def tell(self, title: str, text: str, step: int, steps: int) -> None:
        """Say one step."""
        self.title.setText(title)
        self.text.setText(text)
        self.count.setText(f"{step + 1} / {steps}")
        self.count.setAccessibleName(self.tr("Step {at} of {all}").format(at=step + 1, all=steps))
        self.back.show()
        self.back.setEnabled(step > 0)
        self.skip.setText(self.tr("End Tour"))
        self.next.setText(self.tr("Done") if step + 1 == steps else self.tr("Next"))
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)

    def ask(self, title: str, text: str) -> None:
        """Offer the tour."""
        self.tell(title, text, 0, 1)
        self.count.setText("")
        self.back.hide()
        self.next.setText(self.tr("Take the Tour"))
        self.skip.setText(self.tr("Not Now"))

    def fit(self) -> None:
        """As wide as the buttons need it, as high as the text is then."""
        column = self.layout()
        assert column is not None
        width = max(WIDTH, column.totalMinimumSize().width())
        self.setFixedSize(width, column.totalHeightForWidth(width))

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.setStyleSheet(
            f"#tour {{ background: {theme.panel}; border: 1px solid {theme.accent}; border-radius: {RADIUS}px; }}"
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends the tour, arrows go on and back."""
        keys = {
            Qt.Key.Key_Escape: self.skip,
            Qt.Key.Key_Right: self.next,
            Qt.Key.Key_Left: self.back,
            Qt.Key.Key_Return: self.next,
            Qt.Key.Key_Enter: self.next,
        }
        button = keys.get(Qt.Key(event.key()))
        if button is None:
            super().keyPressEvent(event)
        else:
            button.click()
