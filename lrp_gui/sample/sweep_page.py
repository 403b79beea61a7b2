"""Sweep: the output and a feature's relevance over the feature's range, with the sample's own value marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, QStringListModel, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lrp_gui.document.sweep import POINT_CHOICES
from lrp_gui.document.whatif import of_inputs
from lrp_gui.document.words import plain, signed
from lrp_gui.sample.curves import GLYPHS, STYLES, Line, SweepPlot
from lrp_gui.sample.number_box import NumberBox
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched
    from lrp_gui.document.whatif import WhatIf
    from lrp_gui.theme import Theme


class SweepPage(QWidget):
    """Controls above, curves below, and a line that says what lies under the mouse."""

    def __init__(self, document: Document, what_if: WhatIf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._what_if, self._theme = document, what_if, theme
        self.sweep = what_if.sweep
        self.setAccessibleName(self.tr("Sweep"))
        self._build()
        self._refresh = Soon(self.refresh, self)
        self.feature.activated.connect(self.sweep.choose)
        self.value.edited.connect(lambda value: self._set(value, dragged=False))
        self.count.activated.connect(lambda n: self.sweep.set_count(POINT_CHOICES[n]))
        self.stop.clicked.connect(self._stop_or_go)
        self.plot.picked.connect(self._pick)
        self.plot.stepped.connect(self._step)
        self.plot.pointed.connect(self._tell)
        document.cells_changed.connect(self._on_cells)
        document.table_replaced.connect(self._fill)
        for signal in (self.sweep.changed, self.sweep.chosen, what_if.changed, document.result_changed):
            signal.connect(self._refresh.start)
        self._fill()

    def _build(self) -> None:
        self.feature, self.count = QComboBox(self), QComboBox(self)
        self._names = QStringListModel(self)
        self.feature.setModel(self._names)
        self.feature.setEditable(True)
        self.feature.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.feature.setAccessibleName(self.tr("Feature to sweep"))
        self.feature.setToolTip(self.tr("The feature whose value is changed from end to end; type a part of its name"))
        self.feature.setMinimumContentsLength(8)
        self.feature.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.feature.setMaximumWidth(260)
        completer = self.feature.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.count.addItems([self.tr("{count} points").format(count=count) for count in POINT_CHOICES])
        self.count.setCurrentIndex(POINT_CHOICES.index(self.sweep.count))
        self.count.setAccessibleName(self.tr("Number of points"))
        self.count.setToolTip(self.tr("At how many values the sample is explained"))
        self.value = NumberBox(self)
        self.value.setAccessibleName(self.tr("The sample's value"))
        self.value.setToolTip(self.tr("The sample's own value; a click in a curve sets it too"))
        self.stop = QPushButton(self)
        keeps = self.stop.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.stop.setSizePolicy(keeps)
        self.legend, self.note = QLabel(self), QLabel(self)
        for label in (self.legend, self.note):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.plot = SweepPlot(self._theme)
        self.plot.setAccessibleName(self.tr("Output and relevance over the feature's value; arrow keys move the value"))
        self.setFocusProxy(self.feature)
        line = QHBoxLayout()
        line.setContentsMargins(6, 4, 6, 0)
        for widget in (self.feature, self.value, self.count, self.stop):
            line.addWidget(widget, 1 if widget is self.feature else 0)
        line.addStretch(1)
        below = QHBoxLayout()
        below.setContentsMargins(6, 0, 6, 2)
        below.addWidget(self.note)
        above = QHBoxLayout()
        above.setContentsMargins(6, 0, 6, 0)
        above.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addLayout(above)
        column.addWidget(self.plot, 1)
        column.addLayout(below)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.plot.set_theme(theme)
        self.refresh()

    # ------------------------------------------------------------------------------------------- what is shown

    def refresh(self) -> None:
        """Curves, marker, and what is to be said."""
        self._refresh.stop()
        if self.isVisible():
            self._choose_first()
        table, row, column, curve = self._table_row_column()
        with QSignalBlocker(self.feature):
            self.feature.setCurrentIndex(column)
        self.value.setEnabled(column >= 0 and row >= 0)
        if table is None or row < 0 or column < 0:
            self.plot.show_curves(np.empty(0), [], np.empty(0))
            self.plot.show_marker(math.nan, math.nan)
            self._say(self.tr("Choose a feature to sweep."))
            return
        feature = table.features[column]
        self._show_value()
        extent = self.sweep.ranges.of(column)
        if extent is not None:
            self.value.setSingleStep(extent.step)
        title = f"{feature.name} ({feature.unit})" if feature.unit else feature.name
        noun = self._noun()
        lines = self._lines()
        self.plot.set_titles(title, self.tr("output"), self.tr("{noun} of {name}").format(noun=noun, name=feature.name))
        if curve is None:
            self.plot.show_curves(np.empty(0), [], np.empty(0))
        else:
            self.plot.show_curves(curve.points, lines, curve.relevance)
        self._show_legend(lines)
        self._say(self.sweep.problem or self._state())
        busy, stopped = self.sweep.busy, self.sweep.stopped
        self.stop.setVisible(busy or stopped)
        self.stop.setText(self.tr("S&top") if busy else self.tr("&Go on"))
        self.stop.setToolTip(self.tr("Stop the sweep; what is there stays") if busy else self.tr("Explain the rest"))

    def _table_row_column(self):  # noqa: ANN202
        document = self._document
        return document.table, document.selected_sample, self.sweep.column, self.sweep.curve

    def _noun(self) -> str:
        result = self._document.result
        return result.words.letter if result is not None else "R"

    def _lines(self) -> list[Line]:
        """The outputs that lead somewhere along the way, the explained one first."""
        curve, network = self.sweep.curve, self._document.network
        if curve is None or network is None or not curve.known.any():
            return []
        names = network.outputs
        if curve.outputs.shape[1] == 1:
            return [Line(names[0] if names else "", curve.outputs[:, 0])]
        known = curve.outputs[np.isfinite(curve.outputs).all(axis=1)]
        if not len(known):
            return []
        leading, counts = np.unique(known.argmax(axis=1), return_counts=True)
        order = leading[np.argsort(-counts, kind="stable")].tolist()
        if self.sweep.fixed in names:
            first = names.index(self.sweep.fixed)
            order = [first, *(unit for unit in order if unit != first)]
        second = [unit for unit in np.argsort(-known.max(axis=0), kind="stable").tolist() if unit not in order]
        units = [*order, *second[: max(0, 2 - len(order))]][: len(STYLES)]
        return [Line(names[unit] if unit < len(names) else str(unit), curve.outputs[:, unit]) for unit in units]

    def _show_legend(self, lines: list[Line]) -> None:
        dim = f'<span style="color:{self._theme.dim}">'
        parts = [
            f'<span style="color:{colour}">{glyph}</span> {line.name}'
            for line, colour, glyph in zip(lines, self.plot.colours, GLYPHS, strict=False)
        ]
        text = f"{dim}{self.tr('Output')}</span> " + " &nbsp; ".join(parts) if parts else ""
        asked = self.sweep.fixed or (self._document.result.target if self._document.result is not None else "")
        if text and asked:
            text += f" &nbsp; {dim}{self.tr('explained throughout:')}</span> {asked}"
            reference = self._document.settings.reference
            if reference.explains:
                text += f" {dim}{self.tr('against')}</span> {reference.name_in(self._document.table)}"
        self.legend.setText(text)

    def _state(self) -> str:
        curve = self.sweep.curve
        if curve is None:
            return self.tr("Waiting for the sample's own explanation …")
        known, total = int(curve.known.sum()), len(curve.points)
        if curve.refused:
            why = next(iter(curve.refused.values()))
            return self.tr("{count} points cannot be explained: {why}").format(count=len(curve.refused), why=why)
        if known < total:
            text = (
                self.tr("{known} of {total} points")
                if self.sweep.busy
                else self.tr("Stopped at {known} of {total} points")
            )
            return text.format(known=known, total=total)
        low, high = curve.explained[curve.known].min(), curve.explained[curve.known].max()
        return self.tr("The score goes from {low} to {high} along the way. Click in a curve to set the value.").format(
            low=plain(low, 4), high=plain(high, 4)
        )

    def _say(self, text: str) -> None:
        colour = self._theme.warning if self.sweep.problem else self._theme.dim
        self.note.setStyleSheet(f"color: {colour}")
        self.note.setText(text)

    def _show_value(self) -> None:
        table, row, column, _curve = self._table_row_column()
        if table is None or row < 0 or column < 0:
            return
        value, original = float(table.values[row, column]), self._what_if.original
        self.value.show_number(value, table.text(row, column))
        before = float(original.values[column]) if original is not None else math.nan
        self.plot.show_marker(value, math.nan if before == value else before)

    def _tell(self, x: float) -> None:
        """What lies under the mouse: the nearest point."""
        curve = self.sweep.curve
        if curve is None or not curve.known.any() or not math.isfinite(x):
            self._say(self.sweep.problem or self._state())
            return
        known = np.flatnonzero(curve.known)
        at = int(known[np.abs(curve.points[known] - x).argmin()])
        outputs = ", ".join(f"{line.name} {plain(line.values[at], 4)}" for line in self._lines())
        self._say(
            self.tr("At {value}: {outputs}; score {score}, {letter} {relevance}").format(
                value=plain(curve.points[at], 4),
                outputs=outputs,
                score=plain(curve.explained[at], 4),
                letter=self._noun(),
                relevance=signed(curve.relevance[at], 4),
            )
        )

    # ------------------------------------------------------------------------------------------ what people do

    def _fill(self) -> None:
        """The features' names, for whoever types."""
        table = self._document.table
        with QSignalBlocker(self.feature):
            names = [feature.name for feature in table.features] if table is not None else []
            self._names.setStringList(names)
        self._refresh.start()

    def _choose_first(self) -> None:
        """Where nobody chose a feature, the one that matters most."""
        result, network, table = self._document.result, self._document.network, self._document.table
        if self.sweep.column >= 0 or table is None or network is None or result is None:
            return
        relevance = of_inputs(result, [one.name for one in network.inputs])
        if len(relevance) == len(table.features):
            self.sweep.choose(int(np.nan_to_num(np.abs(relevance)).argmax()))

    def _pick(self, value: float, dragged: bool) -> None:
        extent = self.sweep.ranges.of(self.sweep.column)
        if extent is not None:
            self._set(extent.tidy(value), dragged=dragged)

    def _step(self, steps: int) -> None:
        table, row, column, _curve = self._table_row_column()
        extent = self.sweep.ranges.of(column)
        if table is not None and row >= 0 and extent is not None:
            value = float(table.values[row, column])
            start = extent.low if math.isnan(value) else value
            self._set(extent.tidy(float(f"{start + steps * extent.step:.12g}")), dragged=True)

    def _set(self, value: float, *, dragged: bool) -> None:
        table, row, column, _curve = self._table_row_column()
        if table is None or row < 0 or column < 0 or table.values[row, column] == value:
            return
        text = self.tr("{name} of sample {sample}").format(name=table.features[column].name, sample=table.names[row])
        gesture = f"sweep {row} {column}" if dragged else ""
        self._document.edit_values(np.array([row]), np.array([column]), np.array([[value]]), text, gesture)

    def _stop_or_go(self) -> None:
        if self.sweep.busy:
            self.sweep.stop()
        else:
            self.sweep.run()

    def _on_cells(self, touched: Touched) -> None:
        if self._document.selected_sample in touched.rows:
            self._show_value()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.sweep.set_active(True)
        self._refresh.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self.sweep.set_active(False)
