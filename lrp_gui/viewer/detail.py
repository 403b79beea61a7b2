"""Beside the graph: charts, facts and numbers of what is selected, and the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted
from lrp_gui.theme import Theme
from lrp_gui.viewer import detail_forms
from lrp_gui.viewer.balance import Balance
from lrp_gui.viewer.board import stacked
from lrp_gui.viewer.charts import Texts
from lrp_gui.viewer.colouring import GREY, Colouring
from lrp_gui.viewer.detail_bar import ColourButton, DetailBar, opacity_slider
from lrp_gui.viewer.detail_forms import unit_names
from lrp_gui.viewer.inputs import forms as input_forms
from lrp_gui.viewer.layer_charts import facts, input_charts, layer_charts, summary
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.selection import Selection, renamed
from lrp_gui.viewer.units_model import UnitsModel
from lrp_gui.viewer.views import PictureView

INPUTS, LAYER, NUMBERS, SAMPLES = range(4)
ROOM_FOR_WORDS = 300
NARROW = 340
CHANNELS_FIRST = 3  # axes: channels, height, width


class Detail(QTabWidget):
    """Three tabs: the inputs, the chosen layer, its numbers."""

    activated = Signal(object)  # a Hit
    looked = Signal(dict)  # what of the selection is wanted otherwise: form, layer_form, opacity, colouring

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        # Four names, none of them cut, in the narrowest window.
        small = self.tabBar().font()
        small.setPointSizeF(small.pointSizeF() * 0.9)
        self.tabBar().setFont(small)
        self.setMinimumWidth(272)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName(self.tr("Detail of what is selected"))
        self._words = ""
        self._facts = ""
        self._shown: tuple[NetworkInfo, SampleResult, Selection] | None = None
        self._number = -1  # the unit whose row was clicked
        self.inputs = PictureView(theme, self.tr("Relevance of the inputs"))
        self.layer = PictureView(theme, self.tr("Relevance of the selected layer"))
        for view in (self.inputs, self.layer):
            view.activated.connect(self.activated)
        self.opacity = opacity_slider(self.tr("Opacity of the relevance over the value"))
        self.opacity.valueChanged.connect(lambda value: self.looked.emit({"opacity": value / 100}))
        self.colours, self._layer_colours = ColourButton(), ColourButton()
        self.input_bar = DetailBar(self.tr("How the inputs are drawn"), (self.opacity, self.colours))
        self.layer_bar = DetailBar(self.tr("How the layer is drawn"), (self._layer_colours,))
        self.input_bar.forms.chosen.connect(lambda form: self.looked.emit({"form": form}))
        self.layer_bar.forms.chosen.connect(lambda form: self.looked.emit({"layer_form": form}))
        for button in (self.colours, self._layer_colours):
            button.changed.connect(self._recoloured)
        self.facts = _text(self.tr("Rule, sums and sinks of the selected layer"))
        self.summary = _text(self.tr("What is explained, and what was noted"))
        self.model = UnitsModel()
        self.numbers = self._table()
        self.addTab(column_of(self.input_bar, self.inputs, self.summary), self.tr("Inputs"))
        self.addTab(column_of(self.layer_bar, self.layer, self.facts), self.tr("Layer"))
        self.addTab(self.numbers, self.tr("Numbers"))

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Units by relevance"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSortingEnabled(True)
        table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(60)
        # The names come first: where there is not room for all, what is scrolled to is the share.
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.verticalHeader().setDefaultSectionSize(22)
        table.verticalHeader().hide()  # a place in the order, which takes the room of the share
        table.clicked.connect(self._clicked)
        copy = QShortcut(QKeySequence.StandardKey.Copy, table, context=Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        return table

    def show_selection(
        self,
        network: NetworkInfo,
        result: SampleResult,
        accounts: dict[str, Balance],
        selection: Selection,
        theme: Theme,
    ) -> None:
        """Fill all three tabs; what is not looked at is drawn when its tab is opened."""
        path = selection.layer or network.inputs[0].name
        chosen = replace(selection, layer=path)
        self._shown = (network, result, chosen)
        self.inputs.set_picture(stacked(theme, input_charts(network, result, theme, chosen)))
        charts = layer_charts(network, result, theme, chosen)
        for chart in charts if selection.labels else ():
            chart.heading = renamed(chart.heading, selection.labels)
        self.layer.set_picture(stacked(theme, charts))
        self._fill_bars(network, result, chosen, theme)
        self._facts = facts(network, result, accounts.get(path), path)
        self._words = summary(network, result)
        self._fit_words()
        self._fill_numbers(network, result, path, selection.unit)

    def _fill_bars(self, network: NetworkInfo, result: SampleResult, selection: Selection, theme: Theme) -> None:
        """What can be chosen about the pictures."""
        offered = input_forms.offered(network, result, theme, selection)
        self.input_bar.forms.offer(offered, selection.form)
        chosen = next((form for form in offered if form.id == selection.form), offered[0])
        self.opacity.setVisible(chosen.opacity and selection.colouring.scheme != GREY)
        self.colours.setVisible(chosen.maps)
        of_layer = detail_forms.offered(network, result, theme, selection)
        self.layer_bar.forms.offer(of_layer, selection.layer_form)
        drawn = next((form for form in of_layer if form.id == selection.layer_form), next(iter(of_layer), None))
        self._layer_colours.setVisible(drawn is not None and drawn.maps)
        self.layer_bar.setVisible(bool(of_layer))

    def _recoloured(self, colouring: Colouring) -> None:
        """Both menus say the same."""
        for button in (self.colours, self._layer_colours):
            button.show_colouring(colouring)
        self.looked.emit({"colouring": colouring})

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the picture needs the room more than the words below it."""
        super().resizeEvent(event)
        self._fit_words()
        # Four columns in the narrowest window, as far as numbers allow.
        self.numbers.setFont(self.tabBar().font() if self.width() < NARROW else self.font())

    def _fit_words(self) -> None:
        """All that was noted; without room for it, how many notes there are, and the rest under the pointer."""
        roomy = self.height() >= ROOM_FOR_WORDS
        first, _, more = self._facts.partition("\n")
        self.facts.setText(self._facts if roomy or not more else f"{first} …")
        self.facts.setToolTip("" if roomy else self._facts)
        self.facts.setAccessibleDescription(self._facts)
        notes = self._words.count("\n")
        self.summary.setText(
            self._words if roomy else self.tr("{notes}: point here").format(notes=counted(notes, "note"))
        )
        self.summary.setToolTip("" if roomy else self._words)
        self.summary.setAccessibleDescription(self._words)
        self.summary.setVisible(roomy or notes > 0)

    def show_tab_for(self, network: NetworkInfo | None, layer: str) -> None:
        """Inputs, or nothing, are looked at among the inputs, a layer by itself; numbers and samples stay open."""
        if network is None or self.currentIndex() in (NUMBERS, SAMPLES):
            return
        is_input = not layer or layer in {info.name for info in network.inputs}
        self.setCurrentIndex(INPUTS if is_input else LAYER)

    def clear_result(self) -> None:
        """Nothing is explained."""
        self._shown = None
        self.inputs.set_picture(None)
        self.layer.set_picture(None)
        self._words = self._facts = ""
        self._fit_words()
        self.model.show((), np.zeros(0), (), np.zeros(0))

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.inputs.set_theme(theme)
        self.layer.set_theme(theme)

    def current_picture(self) -> Drawing | None:
        """What the open tab shows; the numbers' picture is the layer's."""
        return self.inputs.picture if self.currentIndex() == INPUTS else self.layer.picture

    def _fill_numbers(self, network: NetworkInfo, result: SampleResult, path: str, unit: int) -> None:
        info = next((info for info in network.inputs if info.name == path), None)
        texts: Sequence[str] = ()
        if info is not None:
            relevance, values = result.inputs[path].ravel(), result.values[path].ravel()
            names = Texts(len(info.features), lambda n: info.features[n].name)
            texts = Texts(len(info.features), lambda n: feature_value(info.features[n], values[n]))
        elif path in result.layers:
            relevance, values = result.layers[path].relevance.ravel(), result.layers[path].activation.ravel()
            names = unit_names(network, path, result.layers[path].relevance.shape)
        else:
            relevance = values = np.zeros(0)
            names = ()
        self.model.show(names, values, texts, relevance, result.words.noun)
        self.numbers.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self._number = number = _number_of(self._number, unit, relevance, self._per_channel(path))
        row = self.model.row_of(number)
        if row >= 0:
            self.numbers.selectRow(row)

    def _per_channel(self, path: str) -> int:
        """How many of a layer's numbers are one unit to the graph: of layers with channels, a map."""
        layers = self._shown[1].layers if self._shown is not None else {}
        shape = layers[path].relevance.shape if path in layers else ()
        return int(np.prod(shape[1:])) if len(shape) == CHANNELS_FIRST else 1

    def _clicked(self, index: QModelIndex) -> None:
        if self._shown is not None:
            path, self._number = self._shown[2].layer, self.model.unit(index.row())
            self.activated.emit(Hit(path, self._number // self._per_channel(path)))

    def copy(self) -> None:
        """The chosen rows as text with tabs, for a spreadsheet."""
        rows = sorted({index.row() for index in self.numbers.selectionModel().selectedRows()})
        lines = [
            "\t".join(str(self.model.index(row, column).data()) for column in range(self.model.columnCount()))
            for row in rows
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))


def _number_of(clicked: int, unit: int, relevance: np.ndarray, each: int) -> int:
    """Which of a unit's numbers is chosen in the table: the one that was clicked, else the strongest; -1 for none."""
    if unit < 0 or (unit + 1) * each > relevance.size:
        return -1
    if clicked >= 0 and clicked // each == unit:
        return clicked
    own = np.abs(np.nan_to_num(relevance[unit * each : (unit + 1) * each]))
    return unit * each + int(own.argmax())


def _text(name: str) -> QLabel:
    """Words that can be selected and copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setAccessibleName(name)
    label.setContentsMargins(8, 2, 8, 6)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def column_of(*parts: QWidget) -> QWidget:
    """The picture takes what room the others leave."""
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        layout.addWidget(part, 1 if isinstance(part, PictureView) else 0)
    return column
