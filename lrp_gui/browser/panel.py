"""The left dock: the network's layers, the file's tensors, and what is known of the file; one box searches both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from lrp_gui.browser.file_view import FileView
from lrp_gui.browser.layers_model import PARAMETERS, RELEVANCE, RULE, LayersModel
from lrp_gui.browser.search import NotUnderstood
from lrp_gui.browser.search_bar import SearchBar
from lrp_gui.browser.tensors_model import ROLE, SHARE, TensorsModel
from lrp_gui.browser.tree_view import SearchableTree
from lrp_gui.document.files import LOADING

if TYPE_CHECKING:
    from lrp_gui.browser.tree import TreeNode
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue


class Browser(QWidget):
    """Three tabs over the document's file and network, and the box that searches them."""

    def __init__(self, document: Document, parent: QWidget | None = None, jobs: JobQueue | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._turned = False  # to the tensors, because there were no layers
        self.search = SearchBar(self)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Model browser"))
        self.layers = LayersView(document, self)
        self.tensors = TensorsView(document, self)
        self.file = FileView(document, jobs, self)
        self.tabs.addTab(self.layers, self.tr("Layers"))
        self.tabs.addTab(self.tensors, self.tr("Tensors"))
        self.tabs.addTab(self.file, self.tr("File"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.search)
        column.addWidget(self.tabs)
        self.setFocusProxy(self.tabs)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(0)
        self._counting.timeout.connect(self._count)
        self.search.changed.connect(self._find)
        self.search.stepped.connect(self._step)
        self.search.left.connect(self._enter_tree)
        self.tabs.currentChanged.connect(self._find)
        for tree in self._trees:
            tree.selectionModel().currentChanged.connect(self._counting.start)
            tree.tree.modelReset.connect(self._counting.start)
        QShortcut(QKeySequence.StandardKey.Find, self).activated.connect(self.start_search)
        document.file_changed.connect(self._turn)
        document.network_changed.connect(self._turn)
        self._turn()

    def start_search(self) -> None:
        """Put the cursor into the box."""
        if self._tree is None:
            self.tabs.setCurrentWidget(self.layers if self._document.network is not None else self.tensors)
        self.search.box.setFocus()
        self.search.box.selectAll()

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
        if tree is None:
            return
        try:
            tree.look_for(self.search.box.text().strip())
        except NotUnderstood as problem:
            self._counting.stop()
            self.search.say("", str(problem))
            return
        self.search.say(tree.count_text(), steps=bool(tree.tree.matches))

    def _count(self) -> None:
        if (tree := self._tree) is not None and not self.search.problem.text():
            self.search.say(tree.count_text(), steps=bool(tree.tree.matches))

    def _step(self, by: int) -> None:
        if (tree := self._tree) is not None:
            tree.step(by)

    def _enter_tree(self) -> None:
        if (tree := self._tree) is not None:
            tree.setFocus()
            if tree.tree.matches and tree.tree.searching and tree.place() < 0:
                tree.step(1)

    def _turn(self) -> None:
        """Without a network there are no layers to look at, but tensors, or what the file says of itself."""
        document = self._document
        waits = document.obstacle is not None and document.obstacle.kind != LOADING
        if document.network is None and waits and self.tabs.currentWidget() is self.layers:
            self._turned = True
            self.tabs.setCurrentWidget(self.tensors if document.file and document.file.tensors else self.file)
        elif document.network is not None and self._turned:
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
        # What people look for while something is explained stands before what never changes: a narrow dock shows it.
        header = self.header()
        header.moveSection(RELEVANCE, 1)
        header.moveSection(header.visualIndex(PARAMETERS), self._model.columnCount() - 2)
        document.layer_selected.connect(self.follow)
        document.network_changed.connect(self.fit)
        document.result_changed.connect(self._fit_result_columns)
        document.settings_changed.connect(self._fit_result_columns)
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

    def unfolds(self, node: TreeNode) -> bool:
        """A layer's nodes wait until somebody asks for them."""
        return node.item is None and not node.repeats

    def _fit_result_columns(self) -> None:
        self.fit(first=RULE)


class TensorsView(SearchableTree):
    """The tree of tensors; the one that is chosen is looked at elsewhere."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        self._document = document
        self._model = TensorsModel(document)
        super().__init__(self._model, parent)
        self._model.setParent(self)
        self.setAccessibleName(self.tr("Tensors of the file"))
        self.header().moveSection(self.header().visualIndex(SHARE), ROLE)
        document.tensor_selected.connect(self.follow)
        document.file_changed.connect(self._show_roles)
        self.start()
        self._show_roles()

    def choose(self, path: str) -> None:  # noqa: D102
        node = self._model.node_at(self._model.index_of(path))
        if node.item is not None:
            self._document.select_tensor(path)

    def chosen_path(self) -> str:  # noqa: D102
        return self._document.selected_tensor

    def _show_roles(self) -> None:
        self.setColumnHidden(ROLE, not self._model.several_roles)
        self.fit()
