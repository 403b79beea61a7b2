"""The tab with all samples: which order, and the map."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from lrp_gui.document.reference import sample_name
from lrp_gui.document.words import counted, shown
from lrp_gui.languages import mark, thousands, tr
from lrp_gui.theme import Theme
from lrp_gui.turns import Soon
from lrp_gui.viewer.charts import Texts
from lrp_gui.viewer.colouring import Colouring
from lrp_gui.viewer.matrix.order import alike, by_number
from lrp_gui.viewer.matrix.picture import MatrixPicture
from lrp_gui.viewer.states import State, StatePicture
from lrp_gui.viewer.views import PictureView

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

MOST_SAMPLES = 2000
MOST_FEATURES = 1024
SLICE_SECONDS = 0.005
WAIT_MS = 150  # results come in parts
TABLE, SCORE, FEATURE, ALIKE = range(4)

NO_SAMPLES = State(
    mark("No samples"), mark("Open a table, or add a sample to the table below: then all of them stand here.")
)
NOT_YET = State(mark("Nothing explained yet"), mark("The samples appear here as soon as they are explained."))
ALL_ZERO = State(mark("Every relevance is zero"), mark("In no sample did anything of the score reach the inputs."))
NO_NUMBERS = State(
    mark("Some values are no numbers"),
    mark("Every sample's relevance holds NaN or infinite values: nothing can be drawn. Try another composite."),
    warns=True,
)


class MatrixTab(QWidget):
    """Follows the table's results while it is seen. A click chooses the sample and the feature."""

    activated = Signal(object)  # a SampleHit

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.theme = theme
        self.colouring = Colouring()
        self.view = PictureView(theme, self.tr("Relevance of all samples"))
        self.view.activated.connect(self.activated)
        self.order = QComboBox()
        self.order.addItems(
            [
                self.tr("In the table's order"),
                self.tr("By the score"),
                self.tr("By the chosen feature"),
                self.tr("Alike beside each other"),
            ]
        )
        self.order.setAccessibleName(self.tr("Order of the samples"))
        self.order.setToolTip(self.tr("Order of the samples; alike ones also put alike features together"))
        self.order.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.order.currentIndexChanged.connect(self._due)
        row = QHBoxLayout()
        row.setContentsMargins(6, 3, 6, 2)
        row.addWidget(self.order)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        self._stale = True
        self._steps: Generator[None, None, None] | None = None
        self._wait = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._wait.timeout.connect(self._begin)
        self._turns = Soon(self._turn, self)
        for signal in (
            *(document.table_result_changed, document.network_changed, document.sample_selected),
            *(document.unit_selected, document.layer_selected, document.table_changed),
        ):
            signal.connect(self._due)

    def set_look(self, theme: Theme, colouring: Colouring) -> None:
        """Other colours."""
        if (theme, colouring) != (self.theme, self.colouring):
            self.theme, self.colouring = theme, colouring
            self.view.set_theme(theme)
            self._due()

    @property
    def busy(self) -> bool:
        """Whether what is shown is about to change."""
        return self.isVisible() and (self._stale or self._steps is not None)

    def finish(self) -> None:
        """Build the picture now."""
        if self._stale:
            self._begin()
        while self._steps is not None:
            self._turn()

    def showEvent(self, event: QShowEvent) -> None:
        """Only what is seen is built."""
        super().showEvent(event)
        if self._stale:
            self._wait.start(0)

    def _due(self, *_what: object) -> None:
        self._stale = True
        if self.isVisible() and not self._wait.isActive():
            self._wait.start(WAIT_MS)

    def _begin(self) -> None:
        self._wait.stop()
        self._turns.stop()
        self._stale = False
        self._steps = self._build()
        self._turns.start()

    def _turn(self) -> None:
        """A slice of the work; the last one shows the picture."""
        until = time.monotonic() + SLICE_SECONDS
        while self._steps is not None and time.monotonic() < until:
            try:
                next(self._steps)
            except StopIteration:
                self._steps = None
        if self._steps is None:
            self._turns.stop()
        else:
            self._turns.start()

    def _build(self) -> Generator[None, None, None]:
        document = self._document
        network, table, result = document.network, document.table, document.table_result
        if network is None or table is None or not table.samples:
            self._state(NO_SAMPLES)
            return
        if result is None or len(result.rows) != table.samples:
            self._state(NOT_YET)
            return
        explained = np.asarray(result.explained, dtype=float)
        rows = np.flatnonzero(np.isfinite(explained))
        every = len(rows)
        if every > MOST_SAMPLES:
            rows = rows[np.linspace(0, every - 1, MOST_SAMPLES).astype(int)]
        yield
        values = np.asarray(result.relevance[rows], dtype=float)
        kept = np.isfinite(values).all(axis=1)
        rows, values = rows[kept], values[kept]
        if not len(rows):
            # Of a sample that was explained the outputs are kept, whatever came of it.
            nowhere = document.result is not None and not np.isfinite(document.result.explained)
            self._state(NO_NUMBERS if nowhere else NOT_YET)
            return
        if every == table.samples and not values.any():
            self._state(ALL_ZERO)
            return
        yield
        owners = [(one.name, unit) for one in network.inputs for unit in range(len(one.features))]
        features = np.arange(values.shape[1])
        if len(features) > MOST_FEATURES:
            sums = np.abs(values).sum(axis=0)
            features = np.sort(np.argpartition(-sums, MOST_FEATURES)[:MOST_FEATURES])
            values = values[:, features]
        yield
        order, across = np.arange(len(rows)), np.arange(len(features))
        chosen = next(
            (n for n, owner in enumerate(owners) if owner == (document.selected_layer, document.selected_unit)), -1
        )
        column = int(np.flatnonzero(features == chosen)[0]) if chosen in features else -1
        kind = self.order.currentIndex()
        if kind == SCORE:
            order = by_number(explained[rows])
        elif kind == FEATURE and column >= 0:
            order = by_number(values[:, column])
        elif kind == ALIKE:
            order = yield from alike(values)
            across = yield from alike(np.ascontiguousarray(values.T))
        self._show(rows[order], features[across], values[np.ix_(order, across)], owners, chosen)

    def _show(
        self,
        rows: np.ndarray,
        features: np.ndarray,
        values: np.ndarray,
        owners: list[tuple[str, int]],
        chosen: int,
    ) -> None:
        document = self._document
        table, network = document.table, document.network
        assert table is not None
        assert network is not None
        result = document.result
        words = result.words if result is not None else shown()
        row = np.flatnonzero(rows == document.selected_sample)
        column = np.flatnonzero(features == chosen)
        remarks = []
        if len(rows) < table.samples:
            remarks.append(f"{thousands(len(rows))} of {counted(table.samples, 'sample')}")
        if len(features) < len(owners):
            remarks.append(
                tr("the strongest {features} of {features2}").format(
                    features=thousands(len(features)), features2=counted(len(owners), "feature")
                )
            )
        if self.order.currentIndex() == FEATURE and chosen < 0:
            remarks.append(tr("choose a feature to sort by it"))
        caption = [network.name, f"{words.noun} of {counted(len(rows), 'sample')}"]
        if result is not None:
            caption += [f"{tr('target')} {document.settings.target}", result.how]
        picture = MatrixPicture(
            self.theme,
            title=tr("All samples of {name}").format(name=network.name),
            caption=" · ".join(caption),
            heading=f"{counted(len(rows), 'sample')} × {counted(len(features), 'feature')}",
            relevance=values,
            rows=Texts(len(rows), lambda n: sample_name(table.names[int(rows[n])])),
            columns=Texts(len(features), lambda n: table.features[int(features[n])].name),
            samples=rows,
            features=features,
            owners=owners,
            remark="; ".join(remarks),
            marked_row=int(row[0]) if row.size else -1,
            marked_column=int(column[0]) if column.size else -1,
            colouring=self.colouring,
        )
        picture.letter, picture.total = words.letter, words.total
        self.view.set_picture(picture)

    def _state(self, state: State) -> None:
        self.view.set_picture(StatePicture(self.theme, tr(state.headline), tr(state.sentence), state=state))
