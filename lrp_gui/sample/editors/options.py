"""What a picture's tools are used with: value, size, cover, plane; and how relevance is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
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

from lrp_gui.sample.editors.flow import FlowLayout

if TYPE_CHECKING:
    from lrp_gui.sample.editors.editor import Spread
    from lrp_gui.sample.editors.tools import Tool

OVER, BESIDE, HIDDEN = "over", "beside", "hidden"
LOWEST, ZERO, MEAN, CHOSEN = "lowest", "zero", "mean", "chosen"
LARGEST_BRUSH = 99
WIDEST = 1e12
SWATCH = 14
OPACITY = 70  # percent
ALL = -1


class Options(QWidget):
    """The boxes above the picture; those that do not matter to the tool are hidden.

    Parameters
    ----------
    planes
        How many planes the picture has; three make a picture in colour.
    """

    changed = Signal()  # how relevance or which plane is shown
    sized = Signal(int)

    def __init__(self, planes: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.planes = planes
        self._spread: Spread | None = None
        self.colours = np.zeros(planes)  # the value of each plane
        self.value = QDoubleSpinBox(self)
        self.value.setRange(-WIDEST, WIDEST)
        self.value.setKeyboardTracking(False)
        self.colour = QPushButton(self)
        self.colour.setToolTip(self.tr("Choose the colour to paint with"))
        self.size_ = QSpinBox(self)
        self.size_.setRange(1, LARGEST_BRUSH)
        self.size_.setSuffix(self.tr(" px"))
        self.size_.setToolTip(self.tr("How many pixels wide ([ and ])"))
        self.with_ = _combo(
            self,
            ((LOWEST, self.tr("lowest value")), (ZERO, self.tr("zero")), (MEAN, self.tr("mean of the data"))),
            (CHOSEN, self.tr("chosen value")),
        )
        self.with_.setToolTip(self.tr("What takes the place of what was there; the mean is each pixel's own"))
        self.amount = QSpinBox(self)
        self.amount.setRange(1, 200)
        self.amount.setValue(10)
        self.amount.setSuffix(self.tr(" % of range"))
        self.amount.setToolTip(self.tr("The noise's standard deviation, as a part of the data's range"))
        self.plane = QComboBox(self)
        if planes == 3:
            self.plane.addItem(self.tr("colour"), ALL)
        names = (self.tr("red"), self.tr("green"), self.tr("blue"))
        for plane in range(planes):
            self.plane.addItem(names[plane] if planes == 3 else self.tr("plane {n}").format(n=plane), plane)
        self.show_ = _combo(
            self,
            ((OVER, self.tr("over it")), (BESIDE, self.tr("beside it")), (HIDDEN, self.tr("hidden"))),
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(10, 100)
        self.opacity.setValue(OPACITY)
        self.opacity.setFixedWidth(70)
        self.opacity.setToolTip(self.tr("How much relevance covers the picture"))
        self._lay_out()
        self.value.valueChanged.connect(self._take_value)
        self.colour.clicked.connect(self._ask_colour)
        self.plane.currentIndexChanged.connect(self._show_value)
        self.plane.currentIndexChanged.connect(self.changed)
        self.show_.currentIndexChanged.connect(self._show_opacity)
        self.show_.currentIndexChanged.connect(self.changed)
        self.opacity.valueChanged.connect(self.changed)
        self.size_.valueChanged.connect(self.sized)

    def _lay_out(self) -> None:
        flow = FlowLayout(self, gap=8)
        self.groups = {
            "plane": self._labelled(self.tr("P&lane"), self.plane),
            "value": self._labelled(self.tr("&Value"), self.value, self.colour),
            "size": self._labelled(self.tr("Si&ze"), self.size_),
            "with": self._labelled(self.tr("&With"), self.with_),
            "amount": self._labelled(self.tr("Noi&se"), self.amount),
            "show": self._labelled(self.tr("Rele&vance"), self.show_, self.opacity),
        }
        for group in self.groups.values():
            flow.addWidget(group)
        self.groups["plane"].setVisible(self.planes > 1)
        self.opacity.setAccessibleName(self.tr("How much relevance covers the picture"))

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
        return self.planes == 3 and self.plane.currentData() == ALL

    def show_tool(self, tool: Tool) -> None:
        """Only what matters to the tool."""
        for name in ("value", "size", "amount", "with"):
            wanted = name in tool.options or (name == "value" and self.covers == CHOSEN and "with" in tool.options)
            self.groups[name].setVisible(wanted)
        layout = self.layout()
        assert layout is not None
        layout.invalidate()
        self.updateGeometry()

    @property
    def covers(self) -> str:
        """What takes the place of what was there."""
        return self.with_.currentData()

    def show_spread(self, spread: Spread) -> None:
        """The data's range: steps of the boxes, and at first the highest value to paint with."""
        first, self._spread = self._spread is None, spread
        decimals = max(0, min(6, 2 - int(np.floor(np.log10(spread.width)))))
        self.value.setDecimals(decimals)
        self.value.setSingleStep(spread.width / 20 if spread.width < 20 else max(1.0, round(spread.width / 20)))
        self.value.setToolTip(
            self.tr("What is painted with; the data reach from {low:g} to {high:g}").format(
                low=spread.low, high=spread.high
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
            swatch.fill(colour)
            self.colour.setIcon(QIcon(swatch))
            self.colour.setIconSize(QSize(SWATCH, SWATCH))
            self.colour.setText(colour.name())

    def _show_opacity(self) -> None:
        self.opacity.setEnabled(self.show_.currentData() == OVER)

    # ----------------------------------------------------------------------------------------- colours

    def _as_colour(self) -> QColor:
        spread = self._spread
        low, width = (spread.low, spread.width) if spread is not None else (0.0, 1.0)
        parts = np.clip((self.colours[:3] - low) / width, 0, 1)
        return QColor.fromRgbF(*(float(part) for part in parts))

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


def _combo(parent: QWidget, rows: tuple[tuple[str, str], ...], *more: tuple[str, str]) -> QComboBox:
    box = QComboBox(parent)
    for name, text in (*rows, *more):
        box.addItem(text, name)
    return box
