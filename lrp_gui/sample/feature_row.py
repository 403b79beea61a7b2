"""One feature of the chosen sample: its name, a slider over the data's range, its number, its relevance, a way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from lrp_gui.document.ranges import STEPS
from lrp_gui.document.words import plain, signed
from lrp_gui.fonts import text_scale
from lrp_gui.sample.number_box import NumberBox

if TYPE_CHECKING:
    from lrp_gui.document.ranges import Range
    from lrp_gui.document.results import Feature
    from lrp_gui.theme import Theme

NAME_WIDTH, NUMBER_WIDTH, BAR_WIDTH = 150, 68, 120


class QuietSlider(QSlider):
    """A slider that leaves the wheel to the list, and marks where the value was."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme, self._mark = theme, -1.0
        self.setRange(0, STEPS)
        self.setPageStep(STEPS // 20)
        self.setMinimumWidth(70)

    def set_mark(self, share: float, theme: Theme) -> None:
        """Where the value was, 0 … 1; negative for nowhere."""
        self._mark, self._theme = share, theme
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The mark lies under the handle."""
        if self._mark >= 0:
            painter = QPainter(self)
            room = self.width() - 15  # Fusion's handle is 15 wide
            x = 7.5 + self._mark * room
            painter.fillRect(QRectF(x - 1.5, 1, 3, self.height() - 2), QColor(self._theme.accent))
            painter.end()
        super().paintEvent(event)


class RelevanceBar(QWidget):
    """A bar from the middle, to the right for positive relevance, with the number beside it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._value, self._limit = theme, float("nan"), 0.0
        self.setFixedWidth(round(BAR_WIDTH * text_scale()))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.minimumWidth(), QFontMetrics(self.font()).height() + 4)

    def show_value(self, value: float, limit: float, theme: Theme, noun: str) -> None:
        """The feature's relevance, and the largest of all, which fills half the bar."""
        self._value, self._limit, self._theme = value, limit, theme
        self.setToolTip(self.tr("{noun} {value}").format(noun=noun.capitalize(), value=signed(value, 4, "–")))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        text = signed(self._value, 3, "–")
        number = round(NUMBER_WIDTH * text_scale())
        middle = number + (self.width() - number) / 2
        if self._limit > 0 and not math.isnan(self._value):
            length = self._value / self._limit * (self.width() - number) / 2
            colour = QColor(self._theme.positive if length >= 0 else self._theme.negative)
            painter.fillRect(QRectF(min(middle, middle + length), 4, abs(length), self.height() - 8), colour)
        painter.fillRect(QRectF(middle - 0.5, 2, 1, self.height() - 4), QColor(self._theme.dim))
        painter.setPen(self.palette().windowText().color())
        painter.drawText(
            QRectF(0, 0, number - 6, self.height()), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text
        )
        painter.end()


class FeatureRow(QWidget):
    """A row of the list; which feature it shows may change."""

    moved = Signal(int, float, bool)  # column, value, whether it is being dragged
    reset_asked = Signal(int)
    sweep_asked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.column, self._range = -1, None
        self.name = QLabel(self)
        self.name.setFixedWidth(round(NAME_WIDTH * text_scale()))
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.slider = QuietSlider(theme, self)
        self.box = NumberBox(self)
        self.name.setBuddy(self.box)
        self.bar = RelevanceBar(theme, self)
        self.back, self.sweep = QToolButton(self), QToolButton(self)
        self.back.setText("↺")
        self.sweep.setText("∿")
        for button in (self.back, self.sweep):
            button.setAutoRaise(True)
        keeps = self.back.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(keeps)
        line = QHBoxLayout(self)
        line.setContentsMargins(6, 0, 6, 0)
        line.setSpacing(6)
        for widget in (self.name, self.slider, self.box, self.back, self.bar, self.sweep):
            line.addWidget(widget, 1 if widget is self.slider else 0)
        self.slider.valueChanged.connect(self._slid)
        self.box.edited.connect(lambda value: self.moved.emit(self.column, value, False))
        self.back.clicked.connect(lambda: self.reset_asked.emit(self.column))
        self.sweep.clicked.connect(lambda: self.sweep_asked.emit(self.column))

    @property
    def range(self) -> Range | None:
        """From where to where the slider goes; None while nobody knows."""
        return self._range

    def show_feature(self, column: int, feature: Feature, extent: Range | None) -> None:
        """Which feature, and its range."""
        self.column, self._range = column, extent
        title = f"{feature.name} ({feature.unit})" if feature.unit else feature.name
        metrics = QFontMetrics(self.name.font())
        self.name.setText(metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, self.name.maximumWidth()))
        self.slider.setEnabled(extent is not None)
        tip = title
        if extent is not None:
            self.box.setSingleStep(extent.step)
            span = self.tr("{low} to {high}").format(low=plain(extent.low, 4), high=plain(extent.high, 4))
            where = {
                "data": self.tr("{span} in the data"),
                "file": self.tr("{span}, as stated for this feature"),
                "guess": self.tr("{span}: the data hold only one value, so this is a guess"),
            }
            tip = f"{title}\n{where[extent.source].format(span=span)}"
            whole = extent.whole and extent.high - extent.low <= STEPS
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, round(extent.high - extent.low) if whole else STEPS)
        words = "\n".join(f"{plain(number, 6)} = {word}" for number, word in feature.categories[:20])
        tip = f"{tip}\n{words}" if words else tip
        for widget in (self.name, self.slider, self.box):
            widget.setToolTip(tip)
        self.slider.setAccessibleName(self.tr("{name}, slider").format(name=title))
        self.box.setAccessibleName(title)
        self.sweep.setToolTip(self.tr("Sweep {name}: output and relevance over its range").format(name=feature.name))
        self.sweep.setAccessibleName(self.tr("Sweep {name}").format(name=feature.name))

    def show_value(self, value: float, text: str, was: float, was_text: str, *, edited: bool) -> None:
        """What stands in the table now, and what stood there at first."""
        with QSignalBlocker(self.slider):
            if self._range is not None and not self.slider.isSliderDown():
                self.slider.setValue(round(self._range.share(value) * self.slider.maximum()))
        if not self.box.hasFocus() or self.box.value() != value:
            self.box.show_number(value, text)
        bad = not math.isfinite(value)
        self.box.setStyleSheet(f"color: {self._theme.warning}" if bad else "")
        self.back.setVisible(edited)
        self.back.setToolTip(self.tr("Back to {value}").format(value=was_text or self.tr("empty")))
        self.back.setAccessibleName(self.tr("Reset {name}").format(name=self.box.accessibleName()))
        font = self.name.font()
        font.setBold(edited)
        self.name.setFont(font)
        self.slider.set_mark(self._range.share(was) if edited and self._range is not None else -1.0, self._theme)

    def show_relevance(self, value: float, limit: float, noun: str) -> None:
        """Its relevance, as a bar beside those of the others."""
        self.bar.show_value(value, limit, self._theme, noun)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme

    def _slid(self, step: int) -> None:
        if self._range is not None:
            self.moved.emit(self.column, self._range.at(step / self.slider.maximum()), True)
