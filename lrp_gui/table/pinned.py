"""A table whose first columns stay in sight: a second view of the same model and selection lies over them."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView, QWidget

from lrp_gui.table.titles import Titles

Index = QModelIndex | QPersistentModelIndex
# The pinned columns leave at least so much of the width to the others; else fewer of them are pinned.
MOST_PINNED = 0.6
PER_PIXEL = QAbstractItemView.ScrollMode.ScrollPerPixel


class PinnedTable(QTableView):
    """Shows a model; its first `pinned` columns do not scroll sideways."""

    columns_moved = Signal()  # widths or what is pinned

    def __init__(self, pinned: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most, self.pinned = pinned, 0
        self._hidden: set[int] = set()
        self.front = self.make_front()
        self.front.setFocusProxy(self)
        self.front.setFrameShape(QFrame.Shape.NoFrame)
        self.front.setAccessibleName(self.tr("Pinned columns"))
        self.front.verticalHeader().hide()
        self._edge = QFrame(self)  # where what scrolls goes under what stays
        self._edge.setFrameShape(QFrame.Shape.VLine)
        self._edge.setForegroundRole(QPalette.ColorRole.Dark)
        for bar in (self.front.setHorizontalScrollBarPolicy, self.front.setVerticalScrollBarPolicy):
            bar(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for view in (self, self.front):
            view.setHorizontalScrollMode(PER_PIXEL)
            view.setWordWrap(False)
            view.setHorizontalHeader(Titles(view))
            view.verticalHeader().setSectionResizeMode(view.verticalHeader().ResizeMode.Fixed)
        self.front.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.verticalScrollBar().valueChanged.connect(self.front.verticalScrollBar().setValue)
        self.horizontalHeader().sectionResized.connect(self._on_resized)
        self.front.horizontalHeader().sectionResized.connect(self._on_front_resized)
        self.horizontalHeader().geometriesChanged.connect(self.place_front)
        self.verticalHeader().geometriesChanged.connect(self.place_front)

    def make_front(self) -> QTableView:
        """The view that lies over the others."""
        return QTableView(self)

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: D102
        super().setModel(model)
        if model is None:
            return
        self.front.setModel(model)
        own = self.front.selectionModel()
        self.front.setSelectionModel(self.selectionModel())
        own.deleteLater()
        model.modelReset.connect(self._scroll_back)
        model.modelReset.connect(self.pin)
        model.columnsInserted.connect(self.pin)
        model.columnsRemoved.connect(self.pin)
        self.pin()

    def set_row_height(self, height: int) -> None:
        """Of every row."""
        for view in (self, self.front):
            view.verticalHeader().setMinimumSectionSize(1)
            view.verticalHeader().setDefaultSectionSize(height)

    def hide_pinned(self, columns: set[int]) -> None:
        """Do not show these of the pinned columns."""
        if columns != self._hidden:
            self._hidden = columns
            self.pin()

    def pin(self) -> None:
        """Decide which columns are pinned, and lay them over the others."""
        model = self.model()
        if model is None:
            return
        count, room = model.columnCount(), max(1, self.viewport().width())
        for column in range(min(self._most, count)):
            self.setColumnHidden(column, column in self._hidden)
        pinned, width = 0, 0
        while pinned < min(self._most, count) and width + self.columnWidth(pinned) <= MOST_PINNED * room:
            width += self.columnWidth(pinned)
            pinned += 1
        self._show_front(max(pinned, min(1, count)))

    def pin_as(self, other: PinnedTable) -> None:
        """Pin what another table pins, whatever room there is."""
        if other.pinned != self.pinned:
            self._show_front(other.pinned)

    def _show_front(self, pinned: int) -> None:
        self.pinned, count = pinned, self.model().columnCount()
        with QSignalBlocker(self.front.horizontalHeader()):
            for column in range(count):
                shown = column < self.pinned and column not in self._hidden
                if self.front.isColumnHidden(column) == shown:
                    self.front.setColumnHidden(column, not shown)
                if shown:
                    self.front.setColumnWidth(column, self.columnWidth(column))
        self.place_front()
        self.columns_moved.emit()

    @property
    def pinned_width(self) -> int:
        """How much of the viewport the pinned columns cover."""
        return sum(self.columnWidth(column) for column in range(self.pinned))

    def place_front(self) -> None:
        """Lay the pinned columns over the others."""
        frame, rows, titles = self.frameWidth(), self.verticalHeader(), self.horizontalHeader()
        left = frame + (rows.width() if rows.isVisibleTo(self) else 0)
        top = titles.height() if titles.isVisibleTo(self) else 0
        if top:
            self.front.horizontalHeader().setFixedHeight(top)
        self.front.setGeometry(left, frame, self.pinned_width, top + self.viewport().height())
        self.front.setVisible(self.pinned_width > 0)
        self._edge.setGeometry(left + self.pinned_width - 1, frame, 2, top + self.viewport().height())
        self._edge.raise_()
        self.front.verticalScrollBar().setValue(self.verticalScrollBar().value())

    # ------------------------------------------------------------------------------- what Qt asks

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.pin()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Bring a cell into sight, not merely behind the pinned columns."""
        bar = self.horizontalScrollBar()
        before = bar.value()
        super().scrollTo(index, hint)
        if index.column() < self.pinned:
            bar.setValue(before)
            return
        hidden = self.pinned_width - self.columnViewportPosition(index.column())
        if hidden > 0:
            bar.setValue(bar.value() - hidden)

    def edit(self, index: Index, *how: QAbstractItemView.EditTrigger | QEvent) -> bool | None:  # type: ignore[override]
        """Open the editor where the cell is seen."""
        if how and index.column() < self.pinned and index.isValid():
            return self.front.edit(index, *how)  # type: ignore[call-overload]
        return super().edit(index, *how)  # type: ignore[call-overload]

    # ------------------------------------------------------------------------------------- inside

    def _scroll_back(self) -> None:
        """Into what rows there are now: further down, the headers would paint each of them, for seconds."""
        for view in (self, self.front):
            view.updateGeometries()

    def _on_resized(self, column: int, _old: int, new: int) -> None:
        if column < self.pinned:
            if self.front.columnWidth(column) != new:
                self.front.setColumnWidth(column, new)
            self.place_front()
        self.columns_moved.emit()

    def _on_front_resized(self, column: int, _old: int, new: int) -> None:
        if column < self.pinned and self.columnWidth(column) != new:
            self.setColumnWidth(column, new)
