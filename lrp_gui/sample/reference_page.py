"""Reference: what the chosen sample is compared with or explained against, and how the two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.predicting import leading_output, prediction
from lrp_gui.document.reference import COPY, KINDS, MEAN, NONE, SAMPLE, takes_fractions
from lrp_gui.document.whatif import of_inputs
from lrp_gui.document.words import plain, signed
from lrp_gui.languages import thousands
from lrp_gui.sample.comparison_model import NAME, Compared, ComparisonModel
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import SampleResult
    from lrp_gui.document.state import Touched
    from lrp_gui.document.whatif import WhatIf
    from lrp_gui.theme import Theme

NAME_WIDTH, COLUMN_WIDTH = 120, 112


class ReferencePage(QWidget):
    """A choice above, what it means in a sentence, and a table of differences."""

    def __init__(self, document: Document, what_if: WhatIf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self.comparison = what_if.comparison
        self.setAccessibleName(self.tr("Reference"))
        self._build()
        self._refresh = Soon(self.refresh, self)
        self.kind.activated.connect(self._choose)
        self.row.valueChanged.connect(self._choose_row)
        self.explains.toggled.connect(self.comparison.set_explains)
        self.freeze.clicked.connect(self._freeze)
        self.view.activated.connect(self._activate)
        news = self.comparison.changed, document.result_changed, document.settings_changed, document.stale_changed
        for signal in (*news, document.table_changed, document.problem_changed):
            signal.connect(self._refresh.start)
        document.sample_selected.connect(self._on_sample)
        document.cells_changed.connect(self._on_cells)
        self.refresh()

    def _build(self) -> None:
        self.kind, self.row = QComboBox(self), QSpinBox(self)
        titles = {
            NONE: (self.tr("None"), self.tr("Nothing to compare with")),
            MEAN: (
                self.tr("Mean of the table"),
                self.tr("Every feature's mean over the samples, as they are now"),
            ),
            "zeros": (self.tr("Zeros"), self.tr("Every feature 0, in the table's units")),
            SAMPLE: (self.tr("Another sample"), self.tr("A row of the table; edits of it are followed")),
            COPY: (self.tr("A copy of this sample"), self.tr("The chosen sample as it is now; it stays as it is")),
        }
        for kind in KINDS:
            self.kind.addItem(titles[kind][0], kind)
            self.kind.setItemData(self.kind.count() - 1, titles[kind][1], Qt.ItemDataRole.ToolTipRole)
        self.kind.setAccessibleName(self.tr("Reference"))
        self.kind.setToolTip(self.tr("What the chosen sample is compared with"))
        self.row.setKeyboardTracking(False)
        self.row.setPrefix(self.tr("row "))
        self.row.setAccessibleName(self.tr("The reference's row in the table"))
        self.row.setToolTip(self.tr("Which sample, by its row in the table"))
        self.explains = QCheckBox(self.tr("&Explain against it"), self)
        self.explains.setToolTip(
            self.tr(
                "Hand back f(sample) − f(reference): what sets the two apart. No composite is used for that. "
                "Where a layer is neither affine, a sum nor elementwise, a part may be lost: the ledger tells where"
            )
        )
        self.freeze = QPushButton(self.tr("Take a &Copy"), self)
        self.freeze.setToolTip(self.tr("Compare with the chosen sample as it is now"))
        self.said, self.meaning = QLabel(self), QLabel(self)
        for label in (self.said, self.meaning):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.said.setAccessibleName(self.tr("Outputs of the sample and of the reference"))
        self.model = ComparisonModel(self._theme, self)
        self.view = QTableView(self)
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Differences to the reference"))
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(3, Qt.SortOrder.DescendingOrder)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setWordWrap(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(self.view.fontMetrics().height() + 6)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.view.horizontalHeader().setDefaultSectionSize(COLUMN_WIDTH)
        self.view.setColumnWidth(NAME, NAME_WIDTH)
        self.setFocusProxy(self.kind)
        line = QHBoxLayout()
        line.setContentsMargins(6, 4, 6, 0)
        for widget in (self.kind, self.row, self.explains):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self.freeze)
        texts = QVBoxLayout()
        texts.setContentsMargins(6, 0, 6, 0)
        texts.setSpacing(1)
        texts.addWidget(self.meaning)
        texts.addWidget(self.said)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addLayout(texts)
        column.addWidget(self.view, 1)
        self._space = QWidget(self)
        column.addWidget(self._space, 1)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.model.set_theme(theme)
        self.refresh()

    # ------------------------------------------------------------------------------------------- what is shown

    def refresh(self) -> None:
        """The choice, what it means, and the numbers."""
        self._refresh.stop()
        document, reference = self._document, self.comparison.reference
        table, row = document.table, document.selected_sample
        samples = table.samples if table is not None else 0
        fractions = takes_fractions(document.network)
        with QSignalBlocker(self.kind), QSignalBlocker(self.row), QSignalBlocker(self.explains):
            self.kind.setCurrentIndex(self.kind.findData(reference.kind))
            self.row.setRange(min(1, samples), samples)
            self.row.setSuffix(self.tr(" of {samples}").format(samples=thousands(samples)))
            if reference.kind == SAMPLE:
                self.row.setValue(reference.row + 1)
            self.explains.setChecked(reference.explains)
        self._allow(MEAN, fractions, self.tr("An input takes whole numbers: a mean of them is none"))
        self.row.setVisible(reference.kind == SAMPLE)
        self.explains.setEnabled(bool(reference))
        self.freeze.setEnabled(row >= 0)
        values = reference.values_in(table)
        known = values is not None and table is not None and row >= 0
        self.view.setVisible(known)
        self._space.setVisible(not known)
        self.meaning.setText(self._meaning())
        self.said.setVisible(bool(reference))
        if not known or table is None or values is None:
            self.model.show_compared(Compared())
            return
        shown = self._shown()
        other = self.comparison.result
        words = shown.words.letter if shown is not None else "R"
        self.model.show_compared(
            Compared(
                *(table.features, table.values[row].astype(np.float64), values, self._relevance(shown)),
                *(self._relevance(other), words, reference.explains),
            )
        )
        self.said.setText(self._said(shown, other))

    def _allow(self, kind: str, allowed: bool, why: str) -> None:
        item = self.kind.model().item(self.kind.findData(kind))  # type: ignore[attr-defined]
        item.setEnabled(allowed)
        if not allowed:
            item.setToolTip(why)

    def _shown(self) -> SampleResult | None:
        """The chosen sample's explanation, where it is one against what is chosen now, or against nothing."""
        result, reference = self._document.result, self.comparison.reference
        if result is None or result.row != self._document.selected_sample:
            return None
        return result if bool(result.against) == reference.explains else None

    def _relevance(self, result: SampleResult | None) -> np.ndarray | None:
        network, table = self._document.network, self._document.table
        if result is None or network is None or table is None:
            return None
        found = of_inputs(result, [one.name for one in network.inputs]).astype(np.float64)
        return found if len(found) == len(table.features) else None

    def _meaning(self) -> str:
        reference, table = self.comparison.reference, self._document.table
        problem = self.comparison.problem or reference.problem_in(table)
        dim = f'<span style="color:{self._theme.dim}">'
        if problem:
            return f'<span style="color:{self._theme.warning}">{_html(problem)}</span>'
        if not reference:
            text = self.tr("Choose something to compare the chosen sample with, or to explain it against.")
            return f"{dim}{text}</span>"
        name = _html(reference.name_in(table))
        if reference.explains:
            text = self.tr("Relevance tells what sets the sample apart from {name}; where both agree there is none.")
        else:
            text = self.tr("Compared with {name}; each of the two is explained on its own, by the same rules.")
        return f"{dim}{text.format(name=name)}</span>"

    def _said(self, shown: SampleResult | None, other: SampleResult | None) -> str:
        """Outputs of both; and against a reference, where the difference of the scores went."""
        network, dim = self._document.network, f'<span style="color:{self._theme.dim}">'
        if network is None or shown is None or other is None:
            return f"{dim}{self.tr('Explaining …')}</span>"
        parts = []
        for result in (shown, other):
            name = prediction(network, result.outputs)
            parts.append(f"<b>{plain(leading_output(result.outputs), 4)}</b>" + (f" ({_html(name)})" if name else ""))
        text = f"{dim}{self.tr('output')}</span> {parts[0]} {dim}{self.tr('reference')}</span> {parts[1]}"
        if not shown.against:
            change = signed(shown.explained - other.explained, 4)
            scores = (
                f"{plain(shown.explained, 4)} {dim}−</span> {plain(other.explained, 4)} {dim}=</span> <b>{change}</b>"
            )
            if shown.target == other.target:
                return f"{text}<br>{dim}{self.tr('score of')} {_html(shown.target)}</span> {scores}"
            return f"{text}<br>{dim}{self.tr('explained are')} {_html(shown.target)} / {_html(other.target)}</span>"
        arrived = sum(float(relevance.sum()) for relevance in shown.inputs.values())
        gap = shown.explained - arrived
        return (
            f"{text}<br>{dim}{self.tr('difference of the scores of')} {_html(shown.target)}</span> "
            f"<b>{signed(shown.explained, 4)}</b> {dim}{self.tr('reached the inputs')}</span> {signed(arrived, 4)} "
            f"{dim}{self.tr('gap')}</span> {signed(gap, 2)}"
        )

    # ------------------------------------------------------------------------------------------ what people do

    def _choose(self, _index: int) -> None:
        kind, row = self.kind.currentData(), self._document.selected_sample
        if kind == SAMPLE:
            row = self._other_row()
        self.comparison.choose(kind, row)
        self._refresh.start()

    def _other_row(self) -> int:
        """Another sample than the chosen one, to begin with."""
        table, row = self._document.table, self._document.selected_sample
        return row + 1 if table is not None and row + 1 < table.samples else max(0, row - 1)

    def _choose_row(self, number: int) -> None:
        if self.comparison.reference.kind == SAMPLE:
            self.comparison.choose(SAMPLE, number - 1)

    def _freeze(self) -> None:
        self.comparison.choose(COPY, self._document.selected_sample)

    def _activate(self, index) -> None:  # noqa: ANN001
        """A feature that was chosen here is chosen in the pictures too."""
        network, feature = self._document.network, self.model.feature(index.row())
        for one in network.inputs if network is not None else ():
            if feature < len(one.features):
                self._document.select_layer(one.name)
                self._document.select_unit(feature)
                return
            feature -= len(one.features)

    def _on_sample(self, _row: int) -> None:
        self._refresh.start()

    def _on_cells(self, touched: Touched) -> None:
        if self._document.selected_sample in touched.rows:
            self._refresh.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.comparison.set_active(True)
        self._refresh.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self.comparison.set_active(False)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
