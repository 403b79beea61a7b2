"""The left dock: the network's layers, the file's tensors, and what is known of the file."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTabWidget,
    QTextBrowser,
    QTreeView,
    QWidget,
)

from lrp_gui.browser.layers_model import COLUMNS, PARAMETERS, PATH_ROLE, RELEVANCE, LayersModel
from lrp_gui.browser.tensors_model import ROLE, SORT_ROLE, TensorsModel
from lrp_gui.document.files import LOADING
from lrp_gui.document.words import counted, shape_text, size_text

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import FileInfo, Source

# The engine's words for what tensors are for, as headings.
ROLES = {"weight": "Weights", "buffer": "Buffers", "ema": "Averages (EMA)", "constant": "Constants"}
MAX_COLUMN = 170
# So many rows are looked at to find how wide a column should be: all of a large file would take a second.
FITTED_ROWS = 30
ROW_ROOM = 6


class Browser(QTabWidget):
    """Three tabs over the document's file and network."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("Model browser"))
        self.layers = LayersView(document, self)
        self.tensors = _tensors_view(document, self)
        self.tensors.setAccessibleName(self.tr("Tensors of the file"))
        self.file = FileView(document, self)
        self.addTab(self.layers, self.tr("Layers"))
        self.addTab(self.tensors, self.tr("Tensors"))
        self.addTab(self.file, self.tr("File"))
        self._document = document
        self._turned = False  # to the tensors, because there were no layers
        document.file_changed.connect(self._turn)
        document.network_changed.connect(self._turn)
        self._turn()

    def _turn(self) -> None:
        """Without a network there are no layers to look at, but tensors, or what the file says of itself."""
        document = self._document
        waits = document.obstacle is not None and document.obstacle.kind != LOADING
        if document.network is None and waits and self.currentWidget() is self.layers:
            self._turned = True
            self.setCurrentWidget(self.tensors if document.file and document.file.tensors else self.file)
        elif document.network is not None and self._turned:
            self._turned = False
            self.setCurrentWidget(self.layers)


class LayersView(QTreeView):
    """The tree of layers; what is chosen here is chosen in the document, and the other way round."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._model = LayersModel(document, self)
        self.setModel(self._model)
        self.setAccessibleName(self.tr("Layers"))
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegate(Roomy(self))
        self.header().setStretchLastSection(False)
        self.header().setResizeContentsPrecision(FITTED_ROWS)
        # What people look for while something is explained stands before what never changes: a narrow dock shows it.
        self.header().moveSection(RELEVANCE, 1)
        self.header().moveSection(self.header().visualIndex(PARAMETERS), len(COLUMNS) - 1)
        # Not the current item: a tree that gets the focus makes its first row current, which nobody chose.
        self.selectionModel().selectionChanged.connect(self._on_selection)
        document.layer_selected.connect(self._on_selected)
        document.network_changed.connect(self._arrange)
        document.result_changed.connect(self._fit_result_columns)
        self._arrange()
        self._on_selected(document.selected_layer)

    def _on_selection(self) -> None:
        chosen = self.selectionModel().selectedRows()
        path = chosen[0].data(PATH_ROLE) if chosen else ""
        if path and self._model.selectable(path):
            self._document.select_layer(path)

    def _on_selected(self, path: str) -> None:
        index = self._model.index_of(path)
        if not index.isValid():
            self.selectionModel().clear()
        elif not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def _arrange(self) -> None:
        """A small network is shown whole; of a large one only the top."""
        self.setRootIsDecorated(self._model.nested)
        self.expandToDepth(1)
        _fit(self, self.header())

    def _fit_result_columns(self) -> None:
        _fit(self, self.header(), first=4)


class Roomy(QStyledItemDelegate):
    """Rows with room to breathe, and to be hit by a mouse."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: D102
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + ROW_ROOM)


class FileView(QTextBrowser):
    """Format, path, metadata and everything that was inferred."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setOpenLinks(False)
        self.setAccessibleName(self.tr("About the file"))
        document.file_changed.connect(self._fill)
        document.network_changed.connect(self._fill)
        document.table_changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        file, network, table = self._document.file, self._document.network, self._document.table
        if file is None and network is None:
            self.setPlainText(self.tr("No file is open."))
            self._html = ""
            return
        facts: list[tuple[str, str]] = []
        if network is not None:
            facts.append((self.tr("Network"), network.name))
        if file is not None:
            facts += _facts_of_file(file)
        if network is not None:
            facts += [("Connected by", connection)] if (connection := _connection(network.source)) else []
            facts += [
                (self.tr("Inputs"), "; ".join(f"{one.name} ({shape_text(one.shape)})" for one in network.inputs)),
                (self.tr("Outputs"), _shortened(network.outputs)),
                (self.tr("After the output"), network.output_activation or self.tr("nothing")),
            ]
            facts += [(self.tr("Open size"), f"{one.name} = {one.text}") for one in network.sizes]
        if table is not None:
            facts.append((self.tr("Table"), table.path or self.tr("typed here")))
        facts += file.metadata if file is not None else ()
        rows = "".join(
            f"<tr><td style='padding:2px 10px 2px 0'><b>{escape(name)}</b></td>"
            f"<td style='padding:2px 0'>{escape(str(value))}</td></tr>"
            for name, value in facts
        )
        known = network.notes if network is not None else ((file.need,) if file is not None and file.need else ())
        known = (*known, *(note for note in (file.notes if file is not None else ()) if note not in known))
        notes = "".join(f"<li>{escape(note)}</li>" for note in known)
        heading = f"<p><b>{escape(self.tr('Good to know'))}</b></p><ul>{notes}</ul>" if notes else ""
        html = f"<table>{rows}</table>{heading}"
        if html != getattr(self, "_html", ""):
            self._html = html
            self.setHtml(html)


def _facts_of_file(file: FileInfo) -> list[tuple[str, str]]:
    """Where it is, what it is, and how much of what it holds."""
    facts = [("File", file.path), ("Format", file.file_format), ("Size", size_text(file.nbytes))]
    others = [Path(path).name for path in file.files if path != file.path]
    if others:
        facts.append(("Made of", _shortened(tuple(others))))
    facts += [
        (ROLES.get(one.role, one.role.capitalize()), f"{counted(one.count, 'tensor')}, {size_text(one.nbytes)}")
        for one in file.amounts
    ]
    if file.nodes:
        facts.append(("Graph", counted(file.nodes, "operation")))
    return [(name, value) for name, value in facts if value]


def _connection(source: Source) -> str:
    """What somebody chose to connect the tensors by, "" where nobody had to."""
    return "an architecture edited here" if source.text else source.candidate or Path(source.architecture).name


def _shortened(names: tuple[str, ...], limit: int = 12) -> str:
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" … ({rest} more)" if rest > 0 else "")


def _tensors_view(document: Document, parent: QWidget) -> QTableView:
    """A table, not a tree: it asks its model only for the rows that can be seen, however many there are."""
    view = QTableView(parent)
    order = QSortFilterProxyModel(view)
    order.setSortRole(SORT_ROLE)
    model = TensorsModel(document, view)
    order.setSourceModel(model)
    view.setModel(order)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + ROW_ROOM)
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setResizeContentsPrecision(FITTED_ROWS)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as in the file, until a header is clicked
    view.setSortingEnabled(True)

    def arrange() -> None:
        view.setColumnHidden(ROLE, not model.several_roles)
        _fit(view, header)

    document.file_changed.connect(arrange)
    arrange()
    return view


def _fit(view: QTreeView | QTableView, header: QHeaderView, first: int = 0) -> None:
    """Columns as wide as what stands in them, within reason."""
    for column in range(first, header.count()):
        view.resizeColumnToContents(column)
        header.resizeSection(column, min(header.sectionSize(column) + 2, MAX_COLUMN))
