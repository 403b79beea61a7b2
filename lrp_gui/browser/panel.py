"""The left dock: the network's layers, the file's tensors, and what is known of the file; one box searches both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTabWidget, QVBoxLayout, QWidget

from lrp_gui.browser.file_view import FileView
from lrp_gui.browser.layers_model import LAYER, PARAMETERS, RELEVANCE, RULE, LayersModel
from lrp_gui.browser.rule_delegate import RuleDelegate, edit_rule
from lrp_gui.browser.search import NotUnderstood
from lrp_gui.browser.search_bar import SearchBar
from lrp_gui.browser.tensor_bar import TensorBar
from lrp_gui.browser.tensors_model import MEASURED, ODD, ROLE, SHARE, SIZE, TensorsModel
from lrp_gui.browser.tree_view import SearchableTree
from lrp_gui.document.files import LOADING
from lrp_gui.document.measuring import Measurement
from lrp_gui.document.words import signed
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.browser.tree import TreeNode
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue

KEYS = Qt.Key
LONGEST, CELL_MARGIN = -8.888e-08, 4  # the sum of relevance with the most letters, and what is left beside it
FIT_MS = 250  # after a result, when its pictures are drawn


class Browser(QWidget):
    """Three tabs over the document's file and network, and the box that searches them."""

    def __init__(self, document: Document, parent: QWidget | None = None, jobs: JobQueue | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._turned = False  # to the tensors, because there were no layers
        self.search = SearchBar(self)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        # No tab out of sight, and none without its name: the dock is never narrower than they are together.
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self.tabs.setAccessibleName(self.tr("Model browser"))
        self.layers = LayersView(document, self)
        self.measurement = Measurement(document, jobs, self) if jobs is not None else None
        self.tensors = TensorsView(document, self, self.measurement)
        self.bar = TensorBar(self.tensors, document, self.measurement, self) if self.measurement is not None else None
        self.file = FileView(document, jobs, self)
        self.tabs.addTab(self.layers, self.tr("Layers"))
        self.tabs.addTab(self.tensors, self.tr("Tensors"))
        self.tabs.addTab(self.file, self.tr("File"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.search)
        if self.bar is not None:
            column.addWidget(self.bar)
        column.addWidget(self.tabs)
        self.setFocusProxy(self.tabs)
        self._counting = Soon(self._count, self)
        self.search.changed.connect(self._find)
        self.search.stepped.connect(self.step)
        self.search.left.connect(self._enter_tree)
        self.tabs.currentChanged.connect(self._find)
        for tree in self._trees:
            tree.selectionModel().currentChanged.connect(self._counting.start)
            tree.tree.modelReset.connect(self._counting.start)
            tree.tree.failed.connect(self._say_problem)
        document.file_changed.connect(self._turn)
        document.network_changed.connect(self._turn)
        document.reading_changed.connect(self._turn)
        self._find()
        self._turn()

    def step(self, by: int) -> None:
        """Go to the next thing that was found, or to the one before."""
        if (tree := self._tree) is not None:
            tree.step(by)

    def start_search(self) -> None:
        """Put the cursor into the box."""
        if self._tree is None:
            self.tabs.setCurrentWidget(self.layers if self._document.network is not None else self.tensors)
        self.search.box.setFocus()
        self.search.box.selectAll()

    def measure(self) -> None:
        """Go through the numbers of every tensor, and show what came of it."""
        if self.measurement is not None:
            self.tabs.setCurrentWidget(self.tensors)
            self.measurement.run()

    # ------------------------------------------------------------------------------------ searching

    @property
    def _trees(self) -> tuple[SearchableTree, ...]:
        return self.layers, self.tensors

    @property
    def _tree(self) -> SearchableTree | None:
        return next((tree for tree in self._trees if tree is self.tabs.currentWidget()), None)

    def _find(self) -> None:
        """Both tabs are searched by the same box, each when it is looked at."""
        tree = self._tree
        self.search.setVisible(tree is not None)
        if self.bar is not None:
            self.bar.setVisible(tree is self.tensors)
        if tree is None:
            return
        try:
            tree.look_for(self.search.box.text().strip())
        except NotUnderstood as problem:
            self._counting.stop()
            self.search.say("", str(problem))
            return
        if tree.tree.slices.busy:
            self.search.say(self.search.count.text(), steps=False)  # the rows come, and the count with them
        else:
            self.search.say(tree.count_text(), steps=bool(tree.tree.matches))

    def _say_problem(self, sentence: str) -> None:
        self._counting.stop()
        self.search.say("", sentence)

    def _count(self) -> None:
        if (tree := self._tree) is not None and not self.search.problem.text():
            self.search.say(tree.count_text(), steps=bool(tree.tree.matches))

    def _enter_tree(self) -> None:
        if (tree := self._tree) is not None:
            tree.setFocus()
            if tree.tree.matches and tree.tree.searching and tree.place() < 0:
                tree.step(1)

    def _turn(self) -> None:
        """Without a network there are no layers to look at, but tensors, or what the file says of itself."""
        document = self._document
        reads = document.reading is not None
        waits = reads or (document.obstacle is not None and document.obstacle.kind != LOADING)
        if document.network is None and waits and self.tabs.currentWidget() is self.layers:
            self._turned = True
            some = reads or (document.file is not None and document.file.tensors)
            self.tabs.setCurrentWidget(self.tensors if some else self.file)
        elif self._turned and (document.network is not None or (document.file is None and not reads)):
            self._turned = False
            self.tabs.setCurrentWidget(self.layers)


class LayersView(SearchableTree):
    """The tree of layers; what is chosen here is chosen in the document, and the other way round."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        self._document = document
        self._model = LayersModel(document)
        super().__init__(self._model, parent)
        self._model.setParent(self)
        self.setAccessibleName(self.tr("Layers"))
        self.setItemDelegateForColumn(RULE, RuleDelegate(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        # What people look for while something is explained stands before what never changes: a narrow dock shows it.
        header = self.header()
        header.moveSection(RELEVANCE, 1)
        header.moveSection(header.visualIndex(RULE), 2)
        header.moveSection(header.visualIndex(PARAMETERS), self._model.columnCount() - 2)
        document.layer_selected.connect(self.follow)
        document.network_changed.connect(self.fit_soon)
        document.labels_changed.connect(self.fit_soon)
        # Once whatever else shows a result has been painted.
        self._resulting = QTimer(self, interval=FIT_MS, singleShot=True)
        self._resulting.timeout.connect(self._fit_result_columns)
        document.result_changed.connect(self._resulting.start)
        document.settings_changed.connect(self._resulting.start)
        self.start()

    def choose(self, path: str) -> None:  # noqa: D102
        node = self._model.node_at(self._model.index_of(path))
        if layer := self._model.layer_of(node):
            self._document.select_layer(layer)

    def chosen_path(self) -> str:  # noqa: D102
        return self._document.selected_layer

    def follow(self, path: str) -> None:  # noqa: D102
        if path and any(self._model.layer_of(node) == path for node in self.selected_nodes()):
            return  # one of its nodes is selected
        super().follow(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 changes the rule, with Shift the layer's name, wherever in the row one is; Return folds and unfolds."""
        current = self.currentIndex()
        if event.key() == KEYS.Key_F2 and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.rename()
        elif event.key() == KEYS.Key_F2 and current.isValid():
            edit_rule(self, current.siblingAtColumn(RULE))
        elif event.key() in (KEYS.Key_Return, KEYS.Key_Enter) and self.tree.hasChildren(current.siblingAtColumn(0)):
            self.setExpanded(current.siblingAtColumn(0), not self.isExpanded(current.siblingAtColumn(0)))
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On a rule it is edited, elsewhere the row folds or unfolds."""
        index = self.indexAt(event.position().toPoint())
        editable = bool(index.flags() & Qt.ItemFlag.ItemIsEditable)
        self.setExpandsOnDoubleClick(not editable)
        super().mouseDoubleClickEvent(event)

    def menu(self) -> QMenu:  # noqa: D102
        menu = super().menu()
        at = self.currentIndex().siblingAtColumn(RULE)
        action = QAction(self.tr("Change Rule"), menu)
        action.setShortcut(KEYS.Key_F2)
        action.setEnabled(at.isValid() and bool(at.flags() & Qt.ItemFlag.ItemIsEditable))
        action.triggered.connect(lambda: edit_rule(self, at))
        name = QAction(self.tr("Rename Layer"), menu)
        name.setShortcut(QKeySequence("Shift+F2"))
        name.setEnabled(at.isValid() and self._model.named(self._model.node_at(at)))
        name.triggered.connect(self.rename)
        menu.insertActions(menu.actions()[0], [action, name])
        menu.insertSeparator(menu.actions()[2])
        return menu

    def rename(self) -> None:
        """Let somebody type what the chosen layer is called; its path takes that back."""
        at = self.currentIndex().siblingAtColumn(LAYER)
        if at.isValid():
            self._model.renaming = True
            try:
                if at.flags() & Qt.ItemFlag.ItemIsEditable:
                    self.edit(at)
            finally:
                self._model.renaming = False

    def unfolds(self, node: TreeNode) -> bool:
        """A layer's nodes wait until somebody asks for them."""
        return node.item is None and not node.repeats

    def width_of(self, column: int) -> int:
        """A number of relevance is not cut where longer ones unfold later."""
        width = super().width_of(column)
        if column == RELEVANCE and self._document.result is not None:
            return max(width, self.fontMetrics().horizontalAdvance(signed(LONGEST, 4)) + 2 * CELL_MARGIN)
        return width

    def _fit_result_columns(self) -> None:
        self.fit_soon(first=RULE)


class TensorsView(SearchableTree):
    """The tree of tensors; the one that is chosen is looked at elsewhere."""

    def __init__(
        self, document: Document, parent: QWidget | None = None, measurement: Measurement | None = None
    ) -> None:
        self._document, self._measurement = document, measurement
        self._model = TensorsModel(document, measurement=measurement)
        super().__init__(self._model, parent)
        self._model.setParent(self)
        self.setAccessibleName(self.tr("Tensors of the file"))
        header = self.header()
        header.moveSection(header.visualIndex(SHARE), ROLE)
        header.moveSection(header.visualIndex(SIZE), 1)
        header.moveSection(header.visualIndex(ODD), 2)
        header.sortIndicatorChanged.connect(self._show_sorted)
        document.tensor_selected.connect(self.follow)
        document.file_changed.connect(self._show_columns)
        self._fitted: tuple[int, bool] | None = None
        self._model.arranged.connect(self._fit_new)
        if measurement is not None:
            measurement.news.connect(self._show_columns)
            measurement.done.connect(self.fit_soon)
        self._show_columns()
        self.start()

    def choose(self, path: str) -> None:  # noqa: D102
        node = self._model.node_at(self._model.index_of(path))
        if node.item is not None and not self.tree.preliminary:
            self._document.select_tensor(path)

    def chosen_path(self) -> str:  # noqa: D102
        return "" if self.tree.preliminary else self._document.selected_tensor

    def _fit_new(self) -> None:
        """Other tensors, or a list of whole names in place of a tree, want other widths."""
        shown = (id(self._model.nodes), self._model.flat)
        if shown != self._fitted:
            self._fitted = shown
            self.fit_soon()

    def _show_sorted(self, column: int) -> None:
        """What somebody sorts by stands beside the names: in a narrow dock it would be out of sight."""
        header = self.header()
        if column > 0:
            header.moveSection(header.visualIndex(column), 1)
            self.horizontalScrollBar().setValue(0)

    def _show_columns(self) -> None:
        """Only those that have something to say."""
        self.setColumnHidden(ROLE, not self._model.several_roles)
        known = self._measurement is not None and bool(self._measurement.found)
        for column in range(MEASURED, self._model.columnCount()):
            self.setColumnHidden(column, not known)
