"""The palette itself: a line over the window, and below it what fits, the best first. For the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from lrp_gui.fuzzy import match
from lrp_gui.languages import tr
from lrp_gui.palette.found import Found, FoundDelegate, FoundModel
from lrp_gui.palette.sources import ACTION, BY_SIGN, LAYER, SAMPLE, SOURCES, TENSOR, Item, note_used, sample_number
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.window import Window

WIDTH, WIDTH_SHARE = 720, 0.9
ROWS = 12  # in sight
MOST = 200  # in the list
AT_ONCE = 3000  # so many names are looked at in a turn of the main thread
MARGIN = 8
# How much worse it is to be found by the menu, and not to be usable now.
BY_MENU, UNUSABLE = 100, 5
# The program's name stands in titles as well; who types letters of it seldom means it.
NAME, BY_NAME = "LRP Explorer", 5
WALK = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}


class Palette(QFrame):
    """Lies over the top of the window while somebody looks for something."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._before: QWidget | None = None  # where the keyboard was
        self._left: Iterator[Item] = iter(())  # what has not been looked at yet
        self._words = ""
        self.setAutoFillBackground(True)
        self.setAccessibleName(self.tr("Command palette"))
        self.line = QLineEdit()
        self.line.setAccessibleName(self.tr("What to look for"))
        self.line.setPlaceholderText(
            self.tr("An action, or {layer} a layer, {tensor} a tensor, {sample} a sample").format(
                layer=LAYER, tensor=TENSOR, sample=SAMPLE
            )
        )
        self.line.setToolTip(self.tr("Up and Down choose, Enter takes, Esc closes"))
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.model = FoundModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FoundDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("What was found"))
        self.list.clicked.connect(lambda index: self.take(index.row()))
        self.note = QLabel()
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        for part in (self.line, self.list, self.note):
            column.addWidget(part)
        self._turn = Soon(self._look_on, self)
        window.installEventFilter(self)
        self.hide()

    def begin(self, text: str = "") -> None:
        """Show it, empty or with something to look for."""
        self._before = self._window.focusWidget()
        self.line.setText(text)
        self._search()
        self._place()
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def end(self) -> None:
        """Hide it; the keyboard goes back to where it was."""
        self._turn.stop()
        self._left = iter(())
        had = self.line.hasFocus()
        self.hide()
        if had and self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)

    def take(self, row: int) -> None:
        """Do what was chosen; what cannot be done now says why."""
        found = self.model.at(row)
        if found is None:
            return
        item = found.item
        if item.problem:
            self._say(tr("{title}: {problem}.").format(title=item.title, problem=item.problem))
            return
        self.end()
        if item.id:
            note_used(item.id)
        # When this event is over: what is chosen may open a dialog.
        QTimer.singleShot(0, self._window, item.run)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A frame that tells it from what lies below."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().highlight().color(), 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    # ------------------------------------------------------------------------------------------------ searching

    def _search(self) -> None:
        text = self.line.text().lstrip()
        sign = text[:1] if text[:1] in BY_SIGN else ACTION
        self._source = BY_SIGN[sign]
        self._words = text.removeprefix(sign).strip()
        self.model.show([])
        first = sample_number(self._window, self._words) if sign == SAMPLE else None
        if first is not None:
            self.model.show([Found(first, float("inf"), ())])
        self._left = self._source.items(self._window)
        self._look_on()

    def _look_on(self) -> None:
        """Look at some more of what there is; the best of all stay."""
        found, looked = list(self.model.found), 0
        for item in self._left:
            looked += 1
            if not self._words:
                found.append(Found(item, -len(found), ()))
            else:
                fit = self._fit(item)
                if fit is not None:
                    found.append(fit)
            if looked == AT_ONCE or (not self._words and len(found) >= MOST):
                break
        best = nlargest(MOST, found, key=lambda one: one.score)
        row = max(0, self.list.currentIndex().row())
        self.model.show(best)
        self._choose(min(row, len(best) - 1) if looked == AT_ONCE else 0)
        if self.isVisible():
            self._place()
        self._say("" if best else tr(self._source.none) if looked < AT_ONCE else self.tr("Looking …"))
        if looked == AT_ONCE:
            self._turn.start()

    def _fit(self, item: Item) -> Found | None:
        """How well an item fits what was typed; an action is also found by its menu, but after those by name."""
        less = UNUSABLE if item.problem else 0
        how = match(self._words, item.title)
        if how is not None:
            named = NAME in item.title and match(self._words, item.title.replace(NAME, "")) is None
            return Found(item, how.score - less - (BY_NAME if named else 0), how.places)
        how = match(self._words, f"{item.title} {item.about}") if item.id else None
        return Found(item, how.score - less - BY_MENU, how.places) if how is not None else None

    def _say(self, text: str) -> None:
        others = "   ".join(f"{source.sign} {tr(source.title)}" for source in SOURCES)
        self.note.setText(text or others)

    # ------------------------------------------------------------------------------------------------ the keyboard

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the line that belong to the list, and a window that changes its size or is clicked at."""
        if watched is self.line:
            if event.type() == QEvent.Type.FocusOut and self.isVisible():
                QTimer.singleShot(0, self, self._leave)
            if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
                if event.key() == Qt.Key.Key_Escape or Qt.Key(event.key()) in WALK:
                    event.accept()  # no action of the window may have them now
            elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(Qt.Key(event.key()))
        elif event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _key(self, key: Qt.Key) -> bool:
        if key == Qt.Key.Key_Escape:
            self.end()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.take(self.list.currentIndex().row())
        elif key in WALK:
            self._choose(min(max(self.list.currentIndex().row() + WALK[key], 0), self.model.rowCount() - 1))
        else:
            return False
        return True

    def _choose(self, row: int) -> None:
        index = self.model.index(row, 0)
        self.list.setCurrentIndex(index)
        found = self.model.at(row)
        self.line.setAccessibleDescription(found.item.sentence if found is not None else "")

    def _leave(self) -> None:
        """Somebody went elsewhere."""
        if self.isVisible() and not self.line.hasFocus() and self._window.isActiveWindow():
            self.end()

    def _place(self) -> None:
        window = self._window
        width = min(round(WIDTH * self.fontMetrics().height() / 16), round(WIDTH_SHARE * window.width()))
        top = window.menuBar().height() + MARGIN
        rows, row = min(ROWS, self.model.rowCount()), max(1, self.list.sizeHintForRow(0))
        self.list.setFixedHeight(min(rows * row + 4, round(0.6 * window.height())))
        self.setGeometry((window.width() - width) // 2, top, width, self.sizeHint().height())
