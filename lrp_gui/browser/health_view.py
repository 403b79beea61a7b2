"""The tab about health: what was found, how grave it is, what it means, and the way to the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStyleOptionViewItem,
    QTextEdit,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.browser.health_model import PLACE, SHORT, HealthModel
from lrp_gui.browser.popup import pop_up
from lrp_gui.browser.tree_view import Roomy
from lrp_gui.document.health import DONE, FAILED, IDLE, RUNNING, STOPPED
from lrp_gui.document.words import counted
from lrp_gui.jobs.findings import SEVERITIES
from lrp_gui.languages import capital, thousands, tr
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.document import Document
    from lrp_gui.document.health import HealthCheck
    from lrp_gui.jobs.findings import HealthRow
    from lrp_gui.theme import Theme

ICON = 14
KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# A kind of more findings is folded at first.
MOST_UNFOLDED = 200
DETAIL_LINES = 6
INDENT = 14
SHORT_SHARE = 0.65  # of the width, at most
PADDING = 14


class HealthTab(QWidget):
    """Keeps the place of the view, which is built when somebody first looks."""

    def __init__(self, make: Callable[[], HealthView], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self.view: HealthView | None = None
        QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self.view is None:
            self.view = self._make()
            self.layout().addWidget(self.view)  # type: ignore[union-attr]
            self.view.show()  # at once, not when the layout gets round to it

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        if self.view is not None:
            self.view.set_theme(theme)


class HealthView(QWidget):
    """A button, what was checked, the tree of findings, and below it the sentence of the chosen one."""

    wanted = Signal(str)  # "layers" or "tensors": the tab in which the chosen place should be shown

    def __init__(self, document: Document, check: HealthCheck, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self.check = document, check
        self.setAccessibleName(self.tr("Health of the network"))
        self.model = HealthModel(self)
        self._build()
        self.set_theme(theme)
        self._add(tuple(check.rows))
        check.changed.connect(self._show)
        check.progressed.connect(self._progress)
        check.found.connect(self._add)
        check.cleared.connect(self.model.clear)
        # When all of what was opened is there: the table comes after the network.
        self._soon = Soon(self._look, self)
        document.network_changed.connect(self._soon.start)
        document.file_changed.connect(self._soon.start)
        self._show()

    # ------------------------------------------------------------------------------------------ construction

    def _build(self) -> None:
        self.button = QPushButton(self)
        self.button.clicked.connect(self._toggle)
        self.button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName(self.tr("How far the check is"))
        self.filter = QComboBox(self)
        self.filter.setAccessibleName(self.tr("Which findings are shown"))
        self.filter.addItem(self.tr("All"), "")
        for severity in SEVERITIES:
            self.filter.addItem(capital(tr(severity)), severity)
        self.box = QLineEdit(self)
        self.box.setPlaceholderText(self.tr("Find a place or a word"))
        self.box.setClearButtonEnabled(True)
        self.box.setAccessibleName(self.tr("Find in the findings"))
        self.filter.currentIndexChanged.connect(self._filter)
        self.box.textChanged.connect(self._filter)
        self.about = _wrapped(QLabel(self))
        self.about.setAccessibleName(self.tr("What was checked"))
        self.tree = Findings(self.model, self)
        self.tree.chosen.connect(self._choose)
        self.tree.followed.connect(self._lead)
        self.detail = QTextEdit(self)
        self.detail.setReadOnly(True)
        self.detail.setTabChangesFocus(True)
        # Names may be longer than a line.
        self.detail.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.detail.setAccessibleName(self.tr("The chosen finding"))
        self.detail.setFrameShape(QFrame.Shape.NoFrame)
        self.detail.setMinimumHeight(DETAIL_LINES * self.fontMetrics().lineSpacing())
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.button)
        first.addWidget(self.progress, 1)
        first.addStretch(0)
        second.addWidget(self.filter)
        second.addWidget(self.box, 1)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.tree)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setChildrenCollapsible(False)
        split.setSizes([10_000, self.detail.minimumHeight()])  # the list has what the sentence does not need
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 4)
        column.setSpacing(4)
        column.addLayout(first)
        column.addWidget(self.about)
        column.addLayout(second)
        column.addWidget(split, 1)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        colours = dict(zip(SEVERITIES, (theme.warning, theme.positive, theme.dim), strict=True))
        scale = self.devicePixelRatioF()
        icons = {severity: _icon(severity, colour, scale) for severity, colour in colours.items()}
        self.model.set_icons(icons)
        for number, severity in enumerate(SEVERITIES, start=1):
            self.filter.setItemIcon(number, icons[severity])
        self.about.setStyleSheet(f"color: {theme.dim}")

    # ------------------------------------------------------------------------------------- what is shown

    def _show(self) -> None:
        check = self.check
        running = check.state == RUNNING
        self.progress.setVisible(running)
        self._progress()
        self.button.setText(
            self.tr("S&top") if running else (self.tr("Check &Again") if check.state != IDLE else self.tr("&Check"))
        )
        self.button.setToolTip(
            self.tr("What was found so far stays")
            if running
            else self.tr("Go through all numbers of the file, and run the network on the table's samples")
        )
        self.button.setEnabled(running or check.possible)
        self.about.setText(self._about())
        many = bool(check.rows)
        self.filter.setVisible(many)
        self.box.setVisible(many)
        if not self.tree.currentIndex().isValid():
            self._tell_nothing()

    def _progress(self) -> None:
        if self.check.state == RUNNING:
            self.progress.setValue(round(1000 * self.check.share))

    def _about(self) -> str:
        check, document = self.check, self._document
        if not check.possible:
            return self.tr("Open a file to check it.")
        if check.state == IDLE:
            return self.tr("Finds dead and saturated units, weights that explode or vanish, NaN, duplicates …")
        if check.state == FAILED:
            return check.problem
        counts = {one: check.count(one) for one in SEVERITIES if check.count(one)}
        words = [self.tr("Nothing found")]
        if counts:
            of = ", ".join(_amount(number, one) for one, number in counts.items())
            words = [f"{counted(sum(counts.values()), 'finding')} ({of})"]
        if check.state == RUNNING:
            words.append(self.tr("so far"))
        text = " ".join(words)
        file = document.file
        where = []
        if file is not None and file.tensors:
            where.append(self.tr("in {tensors}").format(tensors=counted(len(file.tensors), "tensor")))
        if check.samples and not check.units_problem:
            of = (
                ""
                if check.samples == check.of_samples
                else self.tr(" of {all}").format(all=thousands(check.of_samples))
            )
            where.append(self.tr("on {samples}{of}").format(samples=counted(check.samples, "sample"), of=of))
        text = f"{text} {self.tr(' and ').join(where)}." if where else f"{text}."
        return " ".join(part for part in (text, self._about_units()) if part)

    def _about_units(self) -> str:
        """Why units were not watched, or what has changed since."""
        check = self.check
        if check.state == STOPPED:
            return self.tr("The check was stopped.")
        if check.units_problem:
            return self.tr("Units were not watched: {why}").format(why=check.units_problem)
        if self._document.network is None:
            return self.tr("Only the weights were checked: there is no network whose units could be watched.")
        if not check.samples:
            return self.tr("Only the weights were checked: the table has no sample to watch the units on.")
        return self.tr("The table has changed since.") if check.outdated else ""

    def _tell_nothing(self) -> None:
        check = self.check
        if check.state == DONE and not check.rows:
            self.detail.setPlainText(self.tr("Everything that was checked looks well."))
        elif check.rows:
            self.detail.setPlainText(self.tr("Choose a finding to see it. Return leads to the place."))
        else:
            self.detail.clear()

    def _add(self, rows: tuple[HealthRow, ...]) -> None:
        self.model.add(rows)
        self.tree.arrange()
        self._unfold()

    def _unfold(self) -> None:
        """Kinds with few findings; those with thousands would take long to lay out, and nobody reads them all."""
        for row in range(self.model.rowCount()):
            kind = self.model.index(row, 0)
            self.tree.setExpanded(kind, self.model.rowCount(kind) <= MOST_UNFOLDED)

    def _filter(self) -> None:
        self.model.show_only(self.filter.currentData() or "", self.box.text())
        self._unfold()
        if not self.model.rowCount() and self.check.rows:
            self.detail.setPlainText(self.tr("No finding fits."))

    # --------------------------------------------------------------------------------------- what is done

    def _toggle(self) -> None:
        if self.check.state == RUNNING:
            self.check.stop()
        else:
            self.check.start()

    def _look(self) -> None:
        if self.isVisible():
            self.check.look()

    def _choose(self, index: QModelIndex) -> None:
        """Tell the sentence, and choose the place in the document."""
        row = self.model.row_at(index)
        meaning = self.model.meaning_at(index)
        self.detail.setPlainText(f"{row.sentence}\n\n{meaning}" if row is not None else meaning)
        if row is None:
            return
        layer = self._layer_of(row)
        if layer:
            self._document.select_layer(layer)
            if row.units and not row.tensor:
                self._document.select_unit(row.units[0])
        if row.tensor:
            self._document.select_tensor(row.tensor)

    def _lead(self, index: QModelIndex) -> None:
        """Show the place where it stands among the others."""
        row = self.model.row_at(index)
        if row is not None and (row.tensor or self._layer_of(row)):
            self.wanted.emit("tensors" if row.tensor else "layers")

    def _layer_of(self, row: HealthRow) -> str:
        network = self._document.network
        if network is None or not row.layer:
            return ""
        return next((one.path for one in network.layers if one.path == row.layer), "")

    # ------------------------------------------------------------------------------------------ Qt's events

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(320, 300)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.check.look()


class Cells(Roomy):
    """Of a name the end tells more than its beginning."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: D102
        super().initStyleOption(option, index)
        if index.column() == PLACE:
            option.textElideMode = Qt.TextElideMode.ElideLeft  # type: ignore[attr-defined]  # missing from Qt's stubs


class Findings(QTreeView):
    """The tree itself: choosing, following and copying by mouse and keyboard."""

    chosen = Signal(QModelIndex)
    followed = Signal(QModelIndex)

    def __init__(self, model: HealthModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._findings = model
        self.setModel(model)
        self.setAccessibleName(self.tr("Findings"))
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setIconSize(QSize(ICON, ICON))
        self.setItemDelegate(Cells(self))
        self.setExpandsOnDoubleClick(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(PLACE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(SHORT, QHeaderView.ResizeMode.Interactive)
        self.setIndentation(INDENT)
        model.modelReset.connect(self.arrange)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.doubleClicked.connect(self._follow)

    def arrange(self) -> None:
        """A kind of finding has the whole width; figures have what they need."""
        for row in range(self._findings.rowCount()):
            if not self.isFirstColumnSpanned(row, QModelIndex()):
                self.setFirstColumnSpanned(row, QModelIndex(), True)
        self._fit()

    def _fit(self) -> None:
        width = self.fontMetrics().horizontalAdvance
        longest = max((width(row.short) for row in self._findings.shown()[:MOST_UNFOLDED]), default=0)
        wanted = longest + 2 * INDENT + PADDING
        self.header().resizeSection(SHORT, min(wanted, round(SHORT_SHARE * self.viewport().width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _on_selection(self) -> None:
        current = self.currentIndex()
        if current.isValid() and self.selectionModel().isSelected(current):
            self.chosen.emit(current)

    def _follow(self, index: QModelIndex) -> None:
        if self._findings.row_at(index) is None:
            self.setExpanded(index.siblingAtColumn(0), not self.isExpanded(index.siblingAtColumn(0)))
        else:
            self.followed.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in KEYS and self.currentIndex().isValid():
            self._follow(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a finding; by the keyboard too, beside the current row."""
        pop_up(self, self.menu(), event)

    def menu(self) -> QMenu:
        """The menu of a row."""
        menu = QMenu(self)
        index = self.currentIndex()
        row = self._findings.row_at(index)
        lead = menu.addAction(self.tr("Go to the Place"))
        lead.setEnabled(row is not None and bool(row.place))
        lead.triggered.connect(lambda: self._follow(index))
        menu.addSeparator()
        copy = menu.addAction(self.tr("Copy"))
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setEnabled(index.isValid())
        copy.triggered.connect(self.copy)
        everything = menu.addAction(self.tr("Copy All"))
        everything.setEnabled(bool(self._findings.rowCount()))
        everything.triggered.connect(lambda: self._put(self._findings.shown()))
        return menu

    def copy(self) -> None:
        """The selected findings; of a kind all that stand below it."""
        rows: dict[int, HealthRow] = {}
        for index in self.selectionModel().selectedRows():
            row = self._findings.row_at(index)
            count = self._findings.rowCount(index)
            below = [self._findings.row_at(self._findings.index(n, 0, index)) for n in range(count)]
            rows |= {id(one): one for one in (row, *below) if one is not None}
        self._put(list(rows.values()))

    def _put(self, rows: list[HealthRow]) -> None:
        """As lines for a spreadsheet or a report."""
        lines = [f"{row.severity}\t{row.title}\t{row.place}\t{row.short}\t{row.sentence}" for row in rows]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(["Severity\tFinding\tPlace\tAmount\tSentence", *lines]))


def _amount(number: int, severity: str) -> str:
    """2 doubtful, 3 remarks."""
    return counted(number, "remark") if severity == SEVERITIES[2] else f"{thousands(number)} {tr(severity)}"


def _wrapped(label: QLabel) -> QLabel:
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _icon(severity: str, colour: str, scale: float) -> QIcon:
    """A filled triangle, an empty one, a dot: told apart without their colours."""
    image = QPixmap(round(ICON * scale), round(ICON * scale))
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = painter.pen()
    pen.setColor(QColor(colour))
    pen.setWidthF(1.6)
    painter.setPen(pen)
    painter.setBrush(QColor(colour) if severity == SEVERITIES[0] else Qt.BrushStyle.NoBrush)
    if severity == SEVERITIES[2]:
        painter.setBrush(QColor(colour))
        painter.drawEllipse(5, 5, 4, 4)
    else:
        painter.drawPolygon(QPolygonF([QPointF(7, 1.5), QPointF(13, 12.5), QPointF(1, 12.5)]))
    painter.end()
    return QIcon(image)
