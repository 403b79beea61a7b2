"""The bar below the panes: what is shown and how, what is going on, and what can be taken away."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QPushButton, QSlider, QWidget

from lrp_gui.compare.parts import Head, choices, flat_button
from lrp_gui.compare.pictures import GRAPH, VALUES
from lrp_gui.document.comparing import FAILED, RUNNING, STOPPED
from lrp_gui.languages import tr
from lrp_gui.viewer.scales import Scale

BESIDE, SWIPE, BLINK = "beside", "swipe", "blink"


class Bar(QWidget):
    """Its controls; the window listens to them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.whats = choices(
            self,
            (GRAPH, self.tr("&Graph"), self.tr("The network's graph in each pane")),
            (VALUES, self.tr("&Layer"), self.tr("The chosen layer or input in each pane, in one scale")),
        )
        self.ways = choices(
            self,
            (BESIDE, self.tr("&Side by Side"), self.tr("Each in its pane")),
            (SWIPE, self.tr("S&wipe"), self.tr("A left of a line, B right of it; drag the line")),
            (BLINK, self.tr("&Blink"), self.tr("A and B in turn, in the same place (Space)")),
        )
        self.scale = QComboBox(self)
        self.scale.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.scale.setAccessibleName(self.tr("Scale of the graphs"))
        self.scale.setToolTip(self.tr("At what scale both graphs are looked at"))
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setMaximumWidth(130)
        self.slider.setAccessibleName(self.tr("Where A ends and B begins"))
        self.slider.setToolTip(self.tr("Where A ends and B begins"))
        self.difference = flat_button(self, self.tr("&A − B"), self.tr("Show the difference in a pane of its own"))
        self.difference.setCheckable(True)
        self.swap = flat_button(self, self.tr("Swa&p"), self.tr("Left becomes right"))
        self.export = flat_button(self, self.tr("&Export…"), self.tr("Save the panes as PNG, SVG or PDF (Ctrl+E)"))
        self.save = flat_button(self, self.tr("&Table…"), self.tr("Write the table of layers to a CSV file"))
        self.note = Head(self)
        self.note.setAccessibleName(self.tr("State of the comparison"))
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 0)
        self.progress.setFixedSize(70, 8)
        self.progress.setAccessibleName(self.tr("How far the comparison is"))
        self.stop = QPushButton(self)
        self._arrange()

    def _arrange(self) -> None:
        bar = QHBoxLayout(self)
        bar.setContentsMargins(6, 2, 6, 2)
        for button in self.whats.buttons():
            bar.addWidget(button)
        bar.addWidget(self.scale)
        bar.addSpacing(10)
        for button in self.ways.buttons():
            bar.addWidget(button)
        bar.addWidget(self.slider)
        bar.addWidget(self.difference)
        bar.addSpacing(6)
        bar.addWidget(self.note, 1)
        for part in (self.progress, self.stop, self.swap, self.save, self.export):
            bar.addWidget(part)

    def say(self, text: str) -> None:
        """The line about what is going on; where it has no room, its tip says all."""
        self.note.setText(text)

    def show_state(self, state: str, *, known: bool) -> None:
        """What can be pressed while it runs, after it was stopped or failed, and when something is `known`."""
        running = state == RUNNING
        self.progress.setVisible(running)
        self.stop.setVisible(running or state in (STOPPED, FAILED))
        self.stop.setText(self.tr("Stop") if running else self.tr("Compare Again"))
        for part in (self.export, self.save):
            part.setEnabled(known)

    def offer(self, scales: Sequence[Scale], chosen: str, *, shown: bool) -> None:
        """The scales that fit both graphs; `shown` where graphs are looked at."""
        if [self.scale.itemData(n) for n in range(self.scale.count())] != [one.id for one in scales]:
            self.scale.clear()
            for n, one in enumerate(scales):
                self.scale.addItem(tr(one.title), one.id)
                self.scale.setItemData(n, tr(one.tip), Qt.ItemDataRole.ToolTipRole)
        self.scale.setCurrentIndex(max(0, self.scale.findData(chosen)))
        self.show_scales(shown=shown)

    def show_scales(self, *, shown: bool) -> None:
        """Whether a scale can be chosen; of one alone there is no choice."""
        self.scale.setVisible(shown and self.scale.count() > 1)
