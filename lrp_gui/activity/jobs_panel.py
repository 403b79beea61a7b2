"""The dock about the worker's jobs: how far each is, a way to stop it, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.activity.jobs_model import SHARE_ROLE, STATE, TIME, TITLE, JobsModel, Row
from lrp_gui.activity.looking import Looking
from lrp_gui.jobs.queue import Job, JobQueue
from lrp_gui.languages import mark, tr

# Often enough for a clock, seldom enough to cost nothing.
REFRESH_MS = 200
EMPTY = mark("Nothing has run yet. What the worker does, and what goes wrong there, is listed here.")


class JobsPanel(QWidget):
    """A table of jobs, buttons above it, and the details of a failure beside it."""

    def __init__(self, jobs: JobQueue, cancel: Callable[[Job], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._cancel = jobs, cancel
        self.setAccessibleName(self.tr("Jobs"))
        self.model = JobsModel(jobs, self)
        self.view = _table(self.model, self.tr("Jobs of the worker"))
        self.view.selectionModel().selectionChanged.connect(self._show_chosen)
        self.cancel_button = self._button(
            self.tr("Cancel"), self.tr("Stop the chosen jobs (Delete)"), self.cancel_chosen
        )
        self.clear_button = self._button(self.tr("Clear"), self.tr("Forget the jobs that have ended"), jobs.forget)
        self.copy_button = self._button(
            self.tr("Copy Details"), self.tr("Copy what is known of the failure"), self.copy_details
        )
        self.empty = QLabel(tr(EMPTY))
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName(self.tr("Details of the failure"))
        self.parts = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.view, self.details):
            self.parts.addWidget(part)
        self.parts.setStretchFactor(0, 3)
        self.parts.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        row = QHBoxLayout()
        column.addLayout(row)
        for button in (self.cancel_button, self.clear_button, self.copy_button):
            row.addWidget(button)
        row.addStretch()
        column.addWidget(self.empty, 1)
        column.addWidget(self.parts, 1)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.view)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.cancel_chosen)
        Looking(self, REFRESH_MS, self.refresh)
        jobs.ended.connect(self._on_ended)
        self._show_chosen()

    def _button(self, text: str, tip: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _checked=False: call())
        return button

    # ------------------------------------------------------------------------------------------- what there is

    def refresh(self) -> None:
        """Look at the queue again; what was chosen stays chosen."""
        chosen = {row.number for row in self.chosen()}
        if self.model.refresh():
            self._choose(chosen)
        self._show_chosen()

    def chosen(self) -> list[Row]:
        """The rows that are selected."""
        return [self.model.rows[index.row()] for index in self.view.selectionModel().selectedRows()]

    def cancel_chosen(self) -> None:
        """Stop the selected jobs, or the one that runs where none is selected."""
        rows = self.chosen() or self.model.rows[:1]
        for row in rows:
            if row.cancellable and row.job is not None:
                self._cancel(row.job)
        self.refresh()

    def copy_details(self) -> None:
        """Put what is known of the failures on the clipboard."""
        QGuiApplication.clipboard().setText(self.details.toPlainText())

    def _choose(self, numbers: set[int]) -> None:
        selection = self.view.selectionModel()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row, one in enumerate(self.model.rows):
            if one.number in numbers:
                selection.select(self.model.index(row, 0), flags)

    def _show_chosen(self) -> None:
        rows = self.model.rows
        self.empty.setVisible(not rows)
        self.parts.setVisible(bool(rows))
        chosen = self.chosen()
        text = "\n\n".join(
            f"{row.failure.sentence}\n\n{row.failure.details}".rstrip() for row in chosen if row.failure is not None
        )
        if text != self.details.toPlainText():
            self.details.setPlainText(text)
        self.details.setVisible(bool(text))
        self.copy_button.setEnabled(bool(text))
        self.cancel_button.setEnabled(any(row.cancellable for row in chosen or rows[:1]))
        self.clear_button.setEnabled(bool(self._jobs.past))

    def _on_ended(self) -> None:
        if self.isVisible():
            self.refresh()


class ProgressDelegate(QStyledItemDelegate):
    """A bar behind the words of a running job."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the bar, then the cell."""
        share = index.data(SHARE_ROLE)
        if share is not None:
            rect: QRect = option.rect.adjusted(2, 2, -2, -2)  # type: ignore[attr-defined]
            rect.setWidth(round(rect.width() * min(1.0, share)))
            colour = option.palette.highlight().color()  # type: ignore[attr-defined]
            colour.setAlphaF(0.35)
            painter.fillRect(rect, colour)
        super().paint(painter, option, index)


def _table(model: JobsModel, name: str) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setItemDelegateForColumn(STATE, ProgressDelegate(view))
    view.setTabKeyNavigation(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
    header = view.horizontalHeader()
    header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
    for column, widest in ((STATE, tr("is being stopped")), (TIME, tr("59 min 59 s left"))):
        header.resizeSection(column, view.fontMetrics().horizontalAdvance(widest) + 24)
    return view
