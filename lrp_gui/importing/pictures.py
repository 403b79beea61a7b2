"""How pictures become numbers: size, values, normalising; with the first ones before and after."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from lrp_gui.document.importing import Import
from lrp_gui.jobs.imported import PictureInput
from lrp_gui.languages import mark

FITS = (
    ("crop", mark("Cut out the middle")),
    ("pad", mark("Fill up with black")),
    ("stretch", mark("Stretch")),
)
VALUES = (((0.0, 1.0), mark("0 to 1")), ((0.0, 255.0), mark("0 to 255")), ((-1.0, 1.0), mark("−1 to 1")))
# Means and deviations of ImageNet's colours, with which most networks for photographs were trained.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
OWN = "own"
SETTLE_MS = 500
THUMBNAIL = 112


class PicturesPage(QWidget):
    """Choices about pictures, and the first ones as the network gets them."""

    def __init__(self, source: Import, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.fit, self.values, self.normalise = QComboBox(), QComboBox(), QComboBox()
        for value, text in FITS:
            self.fit.addItem(self.tr(text), value)
        for number, (_value, text) in enumerate(VALUES):
            self.values.addItem(self.tr(text), number)
        self.values.addItem(self.tr("Other numbers"), OWN)
        self.normalise.addItem(self.tr("As they are"), "")
        self.normalise.addItem(self.tr("By a mean and a deviation"), OWN)
        self.low, self.high = QLineEdit(), QLineEdit()
        self.mean, self.std = QLineEdit(), QLineEdit()
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.strip = QHBoxLayout()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SETTLE_MS)
        self._wait.timeout.connect(self._choose)
        self._build()
        for box in (self.fit, self.values, self.normalise):
            box.activated.connect(lambda _index: self._choose())
        for line in (self.low, self.high, self.mean, self.std):
            line.textEdited.connect(lambda _text: self._wait.start())
        source.checked.connect(self.follow)
        source.previewed.connect(self.follow)

    def _build(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("Another &size"), self.fit)
        form.addRow(self.tr("&Black to white"), self.values)
        self._own = _pair(self.low, self.high, self.tr("Black"), self.tr("White"))
        form.addRow("", self._own)
        form.addRow(self.tr("N&ormalise"), self.normalise)
        self._numbers = _pair(
            self.mean, self.std, self.tr("Mean of each channel"), self.tr("Deviation of each channel")
        )
        form.addRow("", self._numbers)
        form.addRow(self.remark)
        left = QWidget()
        left.setLayout(form)
        left.setMaximumWidth(420)
        shown = QWidget()
        shown.setLayout(self.strip)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(shown)
        self.area.setAccessibleName(self.tr("Pictures before and after"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(left)
        row.addWidget(self.area, 1)

    def follow(self) -> None:
        """Show what is chosen, and the pictures."""
        picture = self._source.picture
        if picture is None:
            self.remark.setText(self.tr("The network takes no pictures; they are read in their own size."))
            return
        ranges = [value for value, _text in VALUES]
        known = (picture.low, picture.high) in ranges
        for box, index in (
            (self.fit, self.fit.findData(picture.fit)),
            (self.values, ranges.index((picture.low, picture.high)) if known else len(VALUES)),
            (self.normalise, int(bool(picture.mean or picture.std))),
        ):
            with QSignalBlocker(box):
                box.setCurrentIndex(index)
        if not any(line.hasFocus() for line in (self.low, self.high, self.mean, self.std)):
            for line, numbers in (
                *((self.low, (picture.low,)), (self.high, (picture.high,))),
                *((self.mean, picture.mean), (self.std, picture.std)),
            ):
                line.setText(", ".join(f"{one:g}" for one in numbers))
        self._own.setVisible(self.values.currentData() == OWN)
        self._numbers.setVisible(self.normalise.currentData() == OWN)
        colours = {1: self.tr("grey"), 3: self.tr("red, green, blue")}.get(picture.channels, self.tr("with opacity"))
        self.remark.setText(
            self.tr("The network takes {width} × {height} pixels, {colours}.").format(
                width=picture.width, height=picture.height, colours=colours
            )
        )
        self._show()

    def _choose(self) -> None:
        self._wait.stop()
        picture = self._source.picture
        if picture is None:
            return
        self._own.setVisible(self.values.currentData() == OWN)
        self._numbers.setVisible(self.normalise.currentData() == OWN)
        chosen = self._chosen(picture)
        if isinstance(chosen, str):
            self.remark.setText(chosen)
        else:
            self._source.make_pictures(chosen)

    def _chosen(self, picture: PictureInput) -> PictureInput | str:
        """What the boxes and lines say, or what is wrong with it."""
        place = self.values.currentData()
        ends = VALUES[place][0] if place != OWN else (*numbers_in(self.low.text()), *numbers_in(self.high.text()))
        if len(ends) != 2 or ends[0] == ends[1]:
            return self.tr("Type a number for black and another one for white.")
        mean: tuple[float, ...] = ()
        std: tuple[float, ...] = ()
        if self.normalise.currentData() == OWN:
            if not self.mean.text().strip() and not self.std.text().strip() and picture.channels == 3:
                mean, std = IMAGENET
                self.mean.setText(", ".join(f"{one:g}" for one in mean))
                self.std.setText(", ".join(f"{one:g}" for one in std))
            else:
                mean, std = numbers_in(self.mean.text()), numbers_in(self.std.text())
            if {len(mean), len(std)} - {picture.channels} or 0 in std:
                return self.tr("Type {count} means and as many deviations other than 0, separated by commas.").format(
                    count=picture.channels
                )
        return replace(picture, fit=self.fit.currentData(), low=ends[0], high=ends[1], mean=mean, std=std)

    def _show(self) -> None:
        while (item := self.strip.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for one in self._source.thumbnails:
            column = QVBoxLayout()
            column.setContentsMargins(4, 4, 4, 4)
            for array, what in ((one.before, self.tr("in the file")), (one.after, self.tr("for the network"))):
                label = QLabel()
                label.setAccessibleName(f"{one.name} {what}")
                label.setToolTip(f"{one.name} {what}")
                label.setMinimumSize(THUMBNAIL, THUMBNAIL)
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)
                height, width = array.shape[:2]
                image = QImage(array.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
                label.setPixmap(QPixmap.fromImage(image))
                column.addWidget(label)
            text = QLabel(f"{one.name}\n{one.size[0]} × {one.size[1]}")
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            text.setTextFormat(Qt.TextFormat.PlainText)
            column.insertWidget(0, text)
            column.addStretch()
            box = QWidget()
            box.setLayout(column)
            self.strip.addWidget(box)
        self.strip.addStretch()


def numbers_in(text: str) -> tuple[float, ...]:
    """The numbers in a line, separated by commas or blanks; () where one of them is none."""
    found: list[float] = []
    for word in text.replace(",", " ").replace(";", " ").replace("−", "-").split():
        try:
            number = float(word)
        except ValueError:
            return ()
        if not math.isfinite(number):
            return ()
        found.append(number)
    return tuple(found)


def _pair(first: QLineEdit, second: QLineEdit, one: str, other: str) -> QWidget:
    for line, name in ((first, one), (second, other)):
        line.setPlaceholderText(name)
        line.setToolTip(name)
        line.setAccessibleName(name)
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(first)
    row.addWidget(second)
    return box
