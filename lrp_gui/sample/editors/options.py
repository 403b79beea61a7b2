"""What the tools are used with: value, size, cover, plane; and how relevance is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from lrp_gui.fonts import text_scale
from lrp_gui.languages import tr
from lrp_gui.sample.editors.flow import FlowLayout

if TYPE_CHECKING:
    from lrp_gui.sample.editors.editor import Spread
    from lrp_gui.sample.editors.tools import Tool

OVER, BESIDE, HIDDEN = "over", "beside", "hidden"
LOWEST, ZERO, MEAN, CHOSEN, LINE = "lowest", "zero", "mean", "chosen", "line"
LARGEST_BRUSH = 99
WIDEST = 1e12
SWATCH, VALUE_WIDTH = 14, 92
OPACITY = 70  # percent
ALL = -1
COLOURS = 3


class Options(QWidget):
    """The boxes beside a picture or a curve; those that do not matter to the tool are hidden.

    Parameters
    ----------
    planes
        What the planes or channels are called.
    covers, shows
        What may take the place of what was there, and how relevance may be shown: (name, text).
    word
        What one of them is.
    in_colour
        Whether the planes are red, green and blue, and are edited together at first.
    """

    changed = Signal()  # how relevance or which plane is shown
    sized = Signal(int)

    def __init__(
        self,
        planes: Sequence[str],
        covers: Sequence[tuple[str, str]],
        shows: Sequence[tuple[str, str]],
        *,
        word: str = "",
        in_colour: bool = False,
    ) -> None:
        super().__init__()
        self._word = word or tr("P&lane")
        self.planes = len(planes)
        self._spread: Spread | None = None
        self.colours = np.zeros(self.planes)  # the value of each plane
        self.value = QDoubleSpinBox(self)
        self.value.setRange(-WIDEST, WIDEST)
        self.value.setKeyboardTracking(False)
        self.value.setFixedWidth(round(VALUE_WIDTH * text_scale()))
        self.colour = QPushButton(self)
        self.colour.setToolTip(self.tr("Choose the colour to paint with"))
        self.size_ = QSpinBox(self)
        self.size_.setRange(1, LARGEST_BRUSH)
        self.size_.setSuffix(self.tr(" px"))
        self.size_.setToolTip(self.tr("How many pixels wide ([ and ])"))
        self.with_ = _combo(self, covers)
        self.with_.setToolTip(self.tr("What takes the place of what was there; the mean is each feature's own"))
        self.amount = QSpinBox(self)
        self.amount.setRange(1, 200)
        self.amount.setValue(10)
        self.amount.setSuffix(self.tr(" % of range"))
        self.amount.setToolTip(self.tr("The noise's standard deviation, as a part of the data's range"))
        self.plane = QComboBox(self)
        if in_colour:
            self.plane.addItem(self.tr("colour"), ALL)
        for number, name in enumerate(planes):
            self.plane.addItem(name, number)
        self.show_ = _combo(self, shows)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(10, 100)
        self.opacity.setValue(OPACITY)
        self.opacity.setFixedWidth(70)
        self.opacity.setToolTip(self.tr("How much relevance covers what is below it"))
        self._lay_out()
        self._show_opacity()
        self.value.valueChanged.connect(self._take_value)
        self.colour.clicked.connect(self._ask_colour)
        self.plane.currentIndexChanged.connect(self._show_value)
        self.plane.currentIndexChanged.connect(self.changed)
        self.show_.currentIndexChanged.connect(self._show_opacity)
        self.show_.currentIndexChanged.connect(self.changed)
        self.opacity.valueChanged.connect(self.changed)
        self.size_.valueChanged.connect(self.sized)

    @classmethod
    def of_picture(cls, planes: int) -> Options:
        """The boxes of a picture with so many planes."""
        in_colour = planes == COLOURS
        names = [tr("red"), tr("green"), tr("blue")] if in_colour else []
        names = names or [tr("plane {number}").format(number=plane) for plane in range(planes)]
        covers = (
            (LOWEST, tr("lowest value")),
            (ZERO, tr("zero")),
            (MEAN, tr("mean of the data")),
            (CHOSEN, tr("chosen value")),
        )
        # Hues over hues would be told apart by nobody.
        shows = (
            ((OVER, tr("over it")), (BESIDE, tr("beside it")))
            if not in_colour
            else ((BESIDE, tr("beside it")), (OVER, tr("over it")))
        )
        return cls(names, covers, (*shows, (HIDDEN, tr("hidden"))), in_colour=in_colour)

    @classmethod
    def of_series(cls, channels: int) -> Options:
        """The boxes of a series with so many channels."""
        names = [tr("channel {number}").format(number=channel) for channel in range(channels)]
        covers = (
            (MEAN, tr("mean of the data")),
            (LINE, tr("line between its ends")),
            (ZERO, tr("zero")),
            (LOWEST, tr("lowest value")),
        )
        return cls(names, covers, ((OVER, tr("behind it")), (HIDDEN, tr("hidden"))), word=tr("Chan&nel"))

    def _lay_out(self) -> None:
        flow = FlowLayout(self, gap=8)
        self.groups = {
            "plane": self._labelled(self._word, self.plane),
            "value": self._labelled(self.tr("Val&ue"), self.value, self.colour),
            "size": self._labelled(self.tr("Si&ze"), self.size_),
            "with": self._labelled(self.tr("&With"), self.with_),
            "amount": self._labelled(self.tr("N&oise"), self.amount),
            "show": self._labelled(self.tr("&Relevance"), self.show_, self.opacity),
        }
        for group in self.groups.values():
            flow.addWidget(group)
        self.groups["plane"].setVisible(self.planes > 1)
        self.opacity.setAccessibleName(self.tr("How much relevance covers what is below it"))

    def _labelled(self, text: str, *widgets: QWidget) -> QWidget:
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel(text, group)
        label.setBuddy(widgets[0])
        row.addWidget(label)
        for widget in widgets:
            widget.setAccessibleName(text.replace("&", ""))
            row.addWidget(widget)
        return group

    # ---------------------------------------------------------------------------------- what is chosen

    @property
    def chosen_planes(self) -> list[int]:
        """The planes that an edit writes into."""
        plane = self.plane.currentData()
        return list(range(self.planes)) if plane == ALL else [int(plane)]

    @property
    def in_colour(self) -> bool:
        """Whether red, green and blue are edited together."""
        return self.plane.currentData() == ALL

    @property
    def covers(self) -> str:
        """What takes the place of what was there."""
        return self.with_.currentData()

    def show_tool(self, tool: Tool) -> None:
        """Only what matters to the tool."""
        covers = "with" in tool.options
        for name in ("value", "size", "amount", "with"):
            self.groups[name].setVisible(name in tool.options or (name == "value" and covers and self.covers == CHOSEN))
        layout = self.layout()
        assert layout is not None
        layout.invalidate()
        self.updateGeometry()

    def show_spread(self, spread: Spread) -> None:
        """The data's range: steps of the boxes, and at first the highest value to paint with."""
        first, self._spread = self._spread is None, spread
        decimals = max(0, min(6, 2 - int(np.floor(np.log10(spread.width)))))
        self.value.setDecimals(decimals)
        self.value.setSingleStep(max(spread.width / 20, 10.0**-decimals))
        self.value.setToolTip(
            self.tr("What is painted with; the data reach from {low} to {high}").format(
                low=f"{spread.low:g}", high=f"{spread.high:g}"
            )
        )
        if first:
            self.take(np.full(self.planes, spread.high))

    def take(self, values: np.ndarray) -> None:
        """Paint with these from now on, one number a plane; NaN leaves a plane's as it is."""
        self.colours = np.where(np.isnan(values), self.colours, values)
        self._show_value()

    def _take_value(self, value: float) -> None:
        self.colours[self.chosen_planes] = value

    def _show_value(self) -> None:
        self.value.setVisible(not self.in_colour)
        self.colour.setVisible(self.in_colour)
        self.value.blockSignals(True)
        self.value.setValue(float(self.colours[self.chosen_planes[0]]))
        self.value.blockSignals(False)
        if self.in_colour:
            colour = self._as_colour()
            swatch = QPixmap(SWATCH, SWATCH)
            swatch.fill(self.palette().mid().color())
            painter = QPainter(swatch)
            painter.fillRect(swatch.rect().adjusted(1, 1, -1, -1), colour)
            painter.end()
            self.colour.setIcon(QIcon(swatch))
            self.colour.setIconSize(QSize(SWATCH, SWATCH))
            self.colour.setText(colour.name())

    def _show_opacity(self) -> None:
        self.opacity.setEnabled(self.show_.currentData() == OVER)

    # ----------------------------------------------------------------------------------------- colours

    def _as_colour(self) -> QColor:
        spread = self._spread
        low, width = (spread.low, spread.width) if spread is not None else (0.0, 1.0)
        red, green, blue = np.clip((self.colours[:COLOURS] - low) / width, 0, 1).tolist()
        return QColor.fromRgbF(red, green, blue)

    def _ask_colour(self) -> None:
        dialog = QColorDialog(self._as_colour(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(self.take_colour)
        dialog.open()

    def take_colour(self, colour: QColor) -> None:
        """Paint with a colour of the screen, within the data's range."""
        if self._spread is not None:
            parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
            self.take(self._spread.low + parts * self._spread.width)


def _combo(parent: QWidget, rows: Sequence[tuple[str, str]]) -> QComboBox:
    box = QComboBox(parent)
    for name, text in rows:
        box.addItem(text, name)
    return box
