"""A view of a tree that can be searched, sorted and copied; what was unfolded stays so while one searches."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from lrp_gui.browser.popup import pop_up
from lrp_gui.browser.tree import PATH_ROLE, TOP, TreeModel, TreeNode
from lrp_gui.document.words import shape_text
from lrp_gui.languages import thousands
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_COLUMN = 200
# In a narrow dock something has to stand beside the names.
LEAST_NAME, NAME_SHARE = 110, 0.62
# Names of networks are nested deeply: twenty pixels a step would leave no room for them.
STEP = 12
# So many rows are looked at to find how wide a column should be: all of a large file would take a second.
FITTED_ROWS, FITTED_NAMES = 30, 100
ROW_ROOM = 6
# Of more rows only the top is unfolded by itself.
MOST_UNFOLDED = 400


class SearchableTree(QTreeView):
    """The tree of one `TreeModel`. Who inherits says what choosing a row means."""

    def __init__(self, model: TreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = model
        self._unfolded: set[str] = set()  # of the whole tree, whatever is searched or sorted meanwhile
        self._touched = False  # somebody folded or unfolded something
        self._unfolding = False
        self._arranging = False
        self._arranged: list[TreeNode] = []  # the nodes for which it was decided what is unfolded
        # The same of a file that may come back, while another one is being read.
        self._set_aside: tuple[list[TreeNode], set[str], bool] | None = None
        self.setModel(model)
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIndentation(STEP)
        self.setItemDelegate(Roomy(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setResizeContentsPrecision(FITTED_ROWS)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as in the file, until a title is clicked
        self.setSortingEnabled(True)
        # Not the current item: a tree that gets the focus makes its first row current, which nobody chose.
        self.selectionModel().selectionChanged.connect(self._on_selection)
        model.modelAboutToBeReset.connect(self._before)
        model.modelReset.connect(self._after)
        model.arranged.connect(self._settle)
        self._fits, self._sized = False, False  # whether a width is being found, and whether somebody chose one
        self._unfitted: list[int] = []  # columns that wait to be measured
        self._widths: dict[int, int] = {}  # pixels, of those that were
        self._fitting = Soon(self._fit_next, self)
        self._widening = Soon(self._widen, self)  # once for all that is unfolded in a turn
        header.sectionResized.connect(self._on_resized)
        self.expanded.connect(self._widening.start)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)

    # ------------------------------------------------------------------------------ what others say

    @abstractmethod
    def choose(self, path: str) -> None:
        """Somebody chose the row of that path."""

    @abstractmethod
    def chosen_path(self) -> str:
        """What is chosen in the document."""

    # ------------------------------------------------------------------------------------ searching

    @property
    def count(self) -> int:
        """How many rows there are that can be found, folded or not."""
        return self.tree.count

    def look_for(self, text: str) -> None:
        """Show what fits the text.

        Raises
        ------
        NotUnderstood
            If the text makes no search.
        """
        self.tree.find(text)

    def step(self, by: int) -> None:
        """Go to the next thing that was found, or the one before; behind the last comes the first."""
        self.tree.slices.finish()
        matches = self.tree.matches
        if not matches:
            return
        place = self.place()
        number = matches[(place + by) % len(matches) if place >= 0 else (0 if by > 0 else -1)]
        self.show_row(self.tree.reach(number))

    def place(self) -> int:
        """Which of those that were found is the current one; -1 if it is none of them."""
        current = self.currentIndex()
        matches = self.tree.matches if self.tree.searching else []
        number = current.internalId() if current.isValid() else -1
        return matches.index(number) if number in matches else -1

    def count_text(self) -> str:
        """3 of 62; before the first step only how many there are."""
        if not self.tree.searching:
            return ""
        found = len(self.tree.matches)
        if not found:
            return self.tr("none found")
        place = self.place()
        return (
            self.tr("{place} of {found}").format(place=place + 1, found=thousands(found))
            if place >= 0
            else (self.tr("{found} found").format(found=thousands(found)))
        )

    def show_row(self, index: QModelIndex) -> None:
        """Make a row current and bring it into sight."""
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    # ------------------------------------------------------------------------------------- copying

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
            event.accept()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a row; by the keyboard too, beside the current row."""
        pop_up(self, self.menu(), event)

    def menu(self) -> QMenu:
        """The menu of a row."""
        menu = QMenu(self)
        rows = self.selected_nodes()
        for text, do, some in (
            (self.tr("Copy Name"), self.copy_names, bool(rows)),
            (self.tr("Copy Path"), self.copy_paths, bool(rows)),
            (self.tr("Copy Rows") if len(rows) > 1 else self.tr("Copy Row"), self.copy_rows, bool(rows)),
            (self.tr("Copy Table"), self.copy_table, self.tree.rowCount() > 0),
        ):
            action = menu.addAction(text)
            action.triggered.connect(do)
            action.setEnabled(some)
            if do == self.copy_rows:
                action.setShortcut(QKeySequence.StandardKey.Copy)
        menu.addSeparator()
        for text, do in ((self.tr("Unfold All"), self.unfold_all), (self.tr("Fold All"), self.fold_all)):
            action = menu.addAction(text)
            action.triggered.connect(do)
            action.setEnabled(self.tree.nested)
        return menu

    def selected_nodes(self) -> list[TreeNode]:
        """The rows that are selected, from the top."""
        rows = self.selectionModel().selectedRows()
        if len(rows) > 1:
            chosen = {index.internalId() for index in rows}
            nodes = self.tree.nodes
            picked = {id(nodes[number]) for number in chosen}
            return [node for node in self.tree.shown_nodes() if id(node) in picked]
        return [self.tree.node_at(index) for index in rows]

    def copy_names(self) -> None:
        """The last part of each name."""
        self._put("\n".join(node.name for node in self.selected_nodes()))

    def copy_paths(self) -> None:
        """Each name as a whole."""
        self._put("\n".join(node.path for node in self.selected_nodes()))

    def copy_rows(self) -> None:
        """The selected rows, for a spreadsheet."""
        if rows := self.selected_nodes():
            self._put("\n".join(self._cells(rows)))

    def copy_table(self) -> None:
        """All that is shown, folded or not, with titles, for a spreadsheet."""
        titles = [str(self.tree.headerData(column, Qt.Orientation.Horizontal)) for column in self._columns()]
        self._put("\n".join(["\t".join(titles), *self._cells(self.tree.shown_nodes())]))

    def unfold_all(self) -> None:
        """Unfold everything."""
        self.expandAll()
        self._touched = True
        self._unfolded = {node.path for node in self.tree.nodes if node.children}

    def fold_all(self) -> None:
        """Fold everything."""
        self.collapseAll()
        self._touched = True
        self._unfolded = set()

    # --------------------------------------------------------------------------------- small parts

    def start(self) -> None:
        """Show what is there already."""
        self._after()
        self._settle()
        self.fit()

    def arrange(self) -> None:
        """What is unfolded at first: a small tree as a whole, of a large one as much as can be looked at."""
        self.setRootIsDecorated(self.tree.nested)
        if self.tree.searching:
            self._unfold(lambda _node: True)
        else:
            self._unfold(self.unfolds)

    def unfolds(self, node: TreeNode) -> bool:
        """Whether a node is unfolded at first."""
        return not node.repeats

    def fit(self, first: int = 0) -> None:
        """Columns as wide as what stands in them, within reason."""
        self._ask_widths(first)
        while self._unfitted:
            self._fit_next()

    def fit_soon(self, first: int = 0) -> None:
        """As `fit`, a column in a turn of the event loop; all become wider or narrower at once, with the last."""
        self._ask_widths(first)
        self._fitting.start()

    def _ask_widths(self, first: int) -> None:
        shown = (column for column in range(first, self.tree.columnCount()) if not self.isColumnHidden(column))
        self._unfitted = sorted({*self._unfitted, *self._widths, *shown})
        self._widths = {}

    def _fit_next(self) -> None:
        if self._unfitted:
            column = self._unfitted.pop(0)
            self._widths[column] = self.width_of(column)
        if self._unfitted:
            self._fitting.start()
            return
        self._fitting.stop()
        self._fits = True
        for column, width in self._widths.items():
            if not self.isColumnHidden(column):
                self.header().resizeSection(column, width)
        self._fits = False
        self._sized, self._widths = self._sized and 0 not in self._widths, {}

    def width_of(self, column: int) -> int:
        """Pixels in which a column's cells and its title can be read, within reason."""
        if not column:
            return self._name_width()
        return min(max(self.sizeHintForColumn(column), self.header().sectionSizeHint(column)) + 2, MAX_COLUMN)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a wider dock there is more room for names."""
        super().resizeEvent(event)
        self._widening.start()

    def _widen(self) -> None:
        """Make room for names that were unfolded, unless somebody chose how much there is."""
        if not self._sized and 0 not in self._unfitted:
            self._fits = True
            self.header().resizeSection(0, max(self.header().sectionSize(0), self._name_width()))
            self._fits = False

    def _on_resized(self, column: int, _before: int, _now: int) -> None:
        self._sized = self._sized or (not self._fits and column == 0)

    def _name_width(self) -> int:
        """Of the first names that are unfolded, as far as something finds room beside them."""
        most, width = max(LEAST_NAME, round(NAME_SHARE * self.width())), 0
        index = self.tree.index(0, 0)
        for _row in range(FITTED_NAMES):
            if not index.isValid() or width >= most:
                break
            depth, parent = int(self.rootIsDecorated()), index.parent()
            while parent.isValid():
                depth, parent = depth + 1, parent.parent()
            width = max(width, depth * self.indentation() + self.sizeHintForIndex(index).width() + 2)
            index = self.indexBelow(index)
        return min(max(width, self.header().sectionSizeHint(0)), most)

    def _unfold(self, wanted: Any) -> None:
        """Level by level, for as long as not too many rows would stand there."""
        level: list[QModelIndex] = [TOP]
        rows = self.tree.rowCount()
        while level:
            below = [
                index
                for parent in level
                for row in range(min(self.tree.rowCount(parent), MOST_UNFOLDED))
                if self.tree.rowCount(index := self.tree.index(row, 0, parent)) and wanted(self.tree.node_at(index))
            ]
            more = sum(self.tree.rowCount(index) for index in below)
            if rows + more > MOST_UNFOLDED:
                return
            rows += more
            self._unfolding = True
            for index in below:
                self.expand(index)
            self._unfolding = False
            level = below

    def _before(self) -> None:
        """Before the rows are arranged anew: nobody chooses anything by it."""
        self._arranging = True

    def _after(self) -> None:
        if self.tree.nodes is not self._arranged:
            self._change_nodes()
        if self.tree.searching:
            self.arrange()
        elif not self.tree.flat:
            for path in tuple(self._unfolded):
                self.expand(self.tree.index_of(path))
        self.setRootIsDecorated(self.tree.nested)
        self.follow(self.chosen_path())
        self._arranging = False

    def _change_nodes(self) -> None:
        """Of other nodes nothing is unfolded yet, unless they were shown before another file was read."""
        kept = self._set_aside
        if not self.tree.preliminary:
            self._set_aside = None
        elif kept is None:
            self._set_aside = self._arranged, self._unfolded, self._touched
        known = kept is not None and kept[0] is self.tree.nodes
        self._arranged, self._unfolded, self._touched = kept if known and kept else (self.tree.nodes, set(), False)

    def _settle(self) -> None:
        """All rows are there: unfold as much as can be looked at, unless somebody has begun to."""
        if not self.tree.preliminary:
            self._set_aside = None
        self.setRootIsDecorated(self.tree.nested)
        if not self._touched and not self.tree.searching and not self.tree.flat and not self._unfolded:
            self._arranging = True
            self.arrange()
            self.follow(self.chosen_path())
            self._arranging = False

    def _on_expanded(self, index: QModelIndex) -> None:
        if not self.tree.searching and not self.tree.flat:
            self._unfolded.add(index.data(PATH_ROLE))
            self._touched = self._touched or not (self._unfolding or self._arranging)

    def _on_collapsed(self, index: QModelIndex) -> None:
        if not self.tree.searching and not self.tree.flat:
            self._unfolded.discard(index.data(PATH_ROLE))
            self._touched = True

    def follow(self, path: str) -> None:
        """Select what is chosen in the document, unless a row that stands for it is selected already."""
        index = self.tree.reach(self.tree.by_path.get(path, -1))
        if not index.isValid():
            self.selectionModel().clear()
        elif not self.selectionModel().isSelected(index):
            self.show_row(index)

    def _on_selection(self) -> None:
        if self._arranging:
            return
        current = self.currentIndex()
        rows = self.selectionModel().selectedRows()
        chosen = current.siblingAtColumn(0) if current.siblingAtColumn(0) in rows else (rows[0] if rows else None)
        if chosen is not None:
            self.choose(chosen.data(PATH_ROLE))

    def _columns(self) -> list[int]:
        header = self.header()
        columns = [header.logicalIndex(place) for place in range(header.count())]
        return [column for column in columns if not self.isColumnHidden(column)]

    def _cells(self, nodes: Iterable[TreeNode]) -> Iterable[str]:
        columns = self._columns()
        for node in nodes:
            cells = [node.path if column == 0 else self.tree.columns[column].plain(node) for column in columns]
            yield "\t".join(_cell(cell) for cell in cells)

    def _put(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)


class Roomy(QStyledItemDelegate):
    """Rows with room to breathe, and to be hit by a mouse."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: D102
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + ROW_ROOM)


def _cell(value: Any) -> str:
    """A value in a spreadsheet's cell: shapes as people write them, no tabs or line ends of a hostile name."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return shape_text(value) if value else ""
    text = repr(value) if isinstance(value, float) else str(value)
    return " ".join(text.split("\t")).replace("\n", " ").replace("\r", " ")
