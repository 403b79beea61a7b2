"""What if: sliders over the chosen sample's features, and what the output makes of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.predicting import leading_output, prediction
from lrp_gui.document.table import shown_text
from lrp_gui.document.whatif import of_inputs
from lrp_gui.document.words import plain, signed
from lrp_gui.languages import thousands
from lrp_gui.sample.feature_row import FeatureRow
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched
    from lrp_gui.document.whatif import WhatIf
    from lrp_gui.theme import Theme

# So many rows of sliders at a time; more are asked for.
PAGE_ROWS = 30
BY_RELEVANCE, BY_NAME, BY_TABLE, EDITED = range(4)


class WhatIfPage(QWidget):
    """The features as rows; their order holds still while somebody drags."""

    sweep_asked = Signal(int)

    def __init__(self, document: Document, what_if: WhatIf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._what_if, self._theme = document, what_if, theme
        self.setAccessibleName(self.tr("What if"))
        self.rows: list[FeatureRow] = []
        self._shown: list[int] = []  # the columns, in the order of the rows
        self._matching = 0
        self._most = PAGE_ROWS
        self._named: object = None  # the features whose names these are
        self._lower: list[str] = []
        self._ordered_for: object = None  # the sample whose relevance the order is of
        self.search, self.sort = QLineEdit(self), QComboBox(self)
        self.search.setPlaceholderText(self.tr("Find a feature"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Find a feature"))
        self.sort.addItems(
            [self.tr("Largest |R| first"), self.tr("By name"), self.tr("As in the table"), self.tr("Edited")]
        )
        self.sort.setToolTip(self.tr("The order of the features, and which of them are shown"))
        self.sort.setAccessibleName(self.tr("Order of the features"))
        self.reset, self.keep = QPushButton(self.tr("&Reset All"), self), QPushButton(self.tr("&Keep"), self)
        self.reset.setToolTip(self.tr("Put every feature back to what it was"))
        self.keep.setToolTip(self.tr("Let the sample count as it is now: what follows is compared with this"))
        self.said = QLabel(self)
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.RichText)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.said.setAccessibleName(self.tr("What the network says now, and said before"))
        self.note = QLabel(self)
        self.more = QPushButton(self.tr("&More"), self)
        self.more.clicked.connect(self._show_more)
        self._build()
        self._refresh = Soon(self.refresh, self)
        self._arrange_due = False
        self.search.textChanged.connect(self._look_again)
        self.sort.activated.connect(self._look_again)
        self.reset.clicked.connect(self._reset)
        self.keep.clicked.connect(self._keep)
        for signal in (document.result_changed, document.stale_changed, document.problem_changed, what_if.changed):
            signal.connect(self._refresh.start)
        document.cells_changed.connect(self._on_cells)
        for signal in (
            document.sample_selected,
            document.table_replaced,
            document.settings_changed,
            what_if.ranges.changed,
        ):
            signal.connect(self._on_other)
        self.arrange()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(6, 4, 6, 0)
        top.addWidget(self.said, 1)
        top.addWidget(self.keep, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignTop)
        find = QHBoxLayout()
        find.setContentsMargins(6, 0, 6, 0)
        find.addWidget(self.search, 1)
        find.addWidget(self.sort)
        inside = QWidget(self)
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(6, 2, 6, 2)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.more)
        self._list.addLayout(foot)
        self._list.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setAccessibleName(self.tr("Features"))
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(top)
        column.addLayout(find)
        column.addWidget(self.area, 1)
        self.setFocusProxy(self.search)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        for row in self.rows:
            row.set_theme(theme)
        self.refresh()

    # --------------------------------------------------------------------------- which features, in what order

    def arrange(self) -> None:
        """Choose the features that are shown, and their order."""
        self._arrange_due = False
        table, row = self._document.table, self._document.selected_sample
        if table is None or row < 0:
            self._shown = []
        else:
            columns = self._columns()
            self._matching = len(columns)
            self._shown = columns[: self._most].tolist()
        while len(self.rows) < len(self._shown):
            self._add_row()
        self._what_if.ranges.ask(self._shown)
        for number, line in enumerate(self.rows):
            line.setVisible(number < len(self._shown))
        if table is not None:
            for line, column in zip(self.rows, self._shown, strict=False):
                line.show_feature(column, table.features[column], self._what_if.ranges.of(column))
        self.refresh()

    def _columns(self) -> np.ndarray:
        table = self._document.table
        assert table is not None
        features = table.features
        wanted = self.search.text().strip().casefold()
        columns = np.arange(len(features))
        if self.sort.currentIndex() == EDITED:
            columns = self._what_if.edited_columns
        if wanted:
            names = self._names()
            columns = np.array([n for n in columns.tolist() if wanted in names[n]], dtype=np.intp)
        if self.sort.currentIndex() == BY_NAME:
            return np.array(sorted(columns.tolist(), key=self._names().__getitem__), dtype=np.intp)
        if self.sort.currentIndex() == BY_RELEVANCE:
            relevance = self._relevance()
            known = relevance is not None and not self._document.stale
            self._ordered_for = self._sample() if known else None
            if relevance is not None:
                return columns[np.argsort(-np.abs(relevance[columns]), kind="stable")]
            # What keeps the sample from being explained comes first.
            usable = np.isfinite(table.values[self._document.selected_sample, columns])
            return columns[np.argsort(usable, kind="stable")]
        return columns

    def _names(self) -> list[str]:
        """What the features are called, for whoever looks for one."""
        table = self._document.table
        if table is not None and self._named is not table.features:
            self._named, self._lower = table.features, [feature.name.casefold() for feature in table.features]
        return self._lower

    def _relevance(self) -> np.ndarray | None:
        """(features,) of the chosen sample; None while it is not explained."""
        result, network, table = self._document.result, self._document.network, self._document.table
        if result is None or network is None or table is None or result.row != self._document.selected_sample:
            return None
        found = of_inputs(result, [one.name for one in network.inputs])
        return np.nan_to_num(found) if len(found) == len(table.features) else None

    def _sample(self) -> object:
        return self._document.network, id(self._document.table), self._document.selected_sample

    def _add_row(self) -> None:
        line = FeatureRow(self._theme, self)
        line.moved.connect(self._move)
        line.reset_asked.connect(lambda column: self._what_if.reset(np.array([column])))
        line.sweep_asked.connect(self.sweep_asked)
        self._list.insertWidget(len(self.rows), line)
        self.rows.append(line)

    def _look_again(self) -> None:
        self._most = PAGE_ROWS
        self.arrange()
        self.area.verticalScrollBar().setValue(0)

    def _show_more(self) -> None:
        self._most += PAGE_ROWS
        self.arrange()

    def _reset(self) -> None:
        self._what_if.reset()

    def _keep(self) -> None:
        self._what_if.keep()
        if self.sort.currentIndex() == EDITED:
            self.arrange()

    # ------------------------------------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Values, relevance, and what the network says."""
        self._refresh.stop()
        late = self.sort.currentIndex() == BY_RELEVANCE and self._ordered_for != self._sample()
        late = late and not self._document.stale and self._relevance() is not None
        if late or self._arrange_due:
            self.arrange()  # the first relevance of this sample: now there is an order
            return
        table, row, original = self._document.table, self._document.selected_sample, self._what_if.original
        edited = set(self._what_if.edited_columns.tolist())
        relevance = self._relevance()
        limit = float(np.abs(relevance).max()) if relevance is not None and relevance.size else 0.0
        noun = self._document.result.words.noun if self._document.result is not None else self.tr("relevance")
        if table is not None and row >= 0:
            for line, column in zip(self.rows, self._shown, strict=False):
                was = float(original.values[column]) if original is not None else math.nan
                text = (
                    original.typed.get(column, "")
                    if original is not None and not math.isfinite(was)
                    else shown_text(was)
                )
                value = float(table.values[row, column])
                line.show_value(value, table.text(row, column), was, text, edited=column in edited)
                line.show_relevance(float(relevance[column]) if relevance is not None else math.nan, limit, noun)
        self.reset.setEnabled(bool(edited))
        self.keep.setEnabled(bool(edited))
        self._show_said(len(edited))
        self._show_note()

    def _show_note(self) -> None:
        count = len(self._shown)
        self.more.setVisible(count < self._matching)
        if count:
            text = self.tr("{count} of {all} features").format(count=count, all=thousands(self._matching))
            self.note.setText(text if count < self._matching else "")
        elif self.sort.currentIndex() == EDITED and not self.search.text():
            self.note.setText(self.tr("Nothing of this sample is edited."))
        else:
            self.note.setText(self.tr("No feature has this name."))

    def _show_said(self, edited: int) -> None:
        """Output and score now, what they were, and the difference."""
        document, said = self._document, self._what_if.said
        network, result = document.network, document.result
        if network is None or document.selected_sample < 0:
            self.said.setText(self.tr("There is no sample."))
            return
        if document.problem:
            self.said.setText(f'<span style="color:{self._theme.warning}">{_html(document.problem)}</span>')
            return
        if result is None:
            self.said.setText(self.tr("Not explained yet."))
            return
        now = leading_output(result.outputs)
        name = prediction(network, result.outputs)
        output = f"<b>{plain(now, 4)}</b>" + (f" ({_html(name)})" if name else "")
        score = f"<b>{plain(result.explained, 4)}</b>"
        dim = f'<span style="color:{self._theme.dim}">'
        if edited and said is not None:
            before, called = leading_output(said.outputs), prediction(network, said.outputs)
            was = plain(before, 4) + (f" ({_html(called)})" if called and called != name else "")
            output += f" {dim}{self.tr('was')} {was}, Δ</span> <b>{signed(now - before, 3)}</b>"
            score += f" {dim}{self.tr('was')} {plain(said.explained, 4)}, Δ</span>"
            score += f" <b>{signed(result.explained - said.explained, 3)}</b>"
        elif edited:
            output += f" {dim}…</span>"
        score_of = self.tr("score of {target}")
        if result.against:
            score_of = self.tr("score of {target}, less that of the reference:")
        score_of = _html(score_of.format(target=result.target))
        self.said.setText(f"{dim}{self.tr('output')}</span> {output}<br>{dim}{score_of}</span> {score}")

    # ------------------------------------------------------------------------------------------------ what people do

    def _move(self, column: int, value: float, dragged: bool) -> None:
        document, table, row = self._document, self._document.table, self._document.selected_sample
        if table is None or row < 0 or table.values[row, column] == value:
            return
        text = self.tr("{name} of sample {sample}").format(name=table.features[column].name, sample=table.names[row])
        gesture = f"what if {row} {column}" if dragged else ""
        document.edit_values(np.array([row]), np.array([column]), np.array([[value]]), text, gesture)

    def _on_cells(self, touched: Touched) -> None:
        if self._document.selected_sample in touched.rows:
            self._refresh.start()

    def _on_other(self, *_news: object) -> None:
        self._arrange_due = True
        self._refresh.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._what_if.set_active(True)
        self._refresh.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._what_if.set_active(False)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
