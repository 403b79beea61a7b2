"""A tree of dotted names that can be searched and sorted: what the trees of layers and of tensors have in common.

The whole tree is kept; what is shown of it is an arrangement: all, what a search found with all that stands above it,
or, sorted by a column, a plain list.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QGuiApplication, QPalette

from lrp_gui.browser.search import NotUnderstood, Subject, conditions_of, matching

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
PATH_ROLE = Qt.ItemDataRole.UserRole
NOWHERE = -1
MOST_DEPTH = 40


@dataclass(eq=False, slots=True)
class TreeNode:
    """A place in the tree. Without an item it only holds others."""

    path: str
    name: str
    parent: int = NOWHERE  # number of the parent's node
    item: Any = None
    children: list[int] = field(default_factory=list)
    repeats: int = 0  # of a node that stands for that many alike


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is called, why it is there, its text for a node, and the value behind the text."""

    title: str
    tip: str
    text: Callable[[TreeNode], str]
    value: Callable[[TreeNode], Any] | None = None  # to sort by and to copy; the text if there is none
    number: bool = False

    def plain(self, node: TreeNode) -> Any:
        """The value behind the text."""
        return self.text(node) if self.value is None else self.value(node)


class TreeModel(QAbstractItemModel):
    """The tree as Qt wants it. Who inherits fills `nodes`, and says what the columns are and what can be found."""

    def __init__(self, columns: Sequence[Column], parent: Any = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.nodes: list[TreeNode] = []
        self.top: list[int] = []  # the nodes that stand in no other
        self.by_path: dict[str, int] = {}
        self.search = ""
        self.order: tuple[int, Qt.SortOrder] | None = None  # the column it is sorted by
        self.matches: list[int] = []  # of the search, as they stand in the tree
        self._matched: set[int] | None = None  # None: nothing is searched
        self._subjects: list[tuple[int, Subject]] | None = None
        self._shown: dict[int, list[int]] = {NOWHERE: []}  # number of a node -> its children that are shown
        self._rows: dict[int, int] = {}  # number of a node that is shown -> its row

    # ------------------------------------------------------------------------------ what others say

    @abstractmethod
    def subject(self, node: TreeNode) -> Subject | None:
        """What a node can be found by; None for one that is never found."""

    def tip(self, node: TreeNode) -> str:
        """What is said of a node when the mouse rests on it."""
        return node.path

    def emphasised(self, node: TreeNode, column: int) -> bool:  # noqa: ARG002
        """Whether a cell stands out."""
        return False

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        if parent.column() > 0:
            return 0
        return len(self._shown.get(parent.internalId() if parent.isValid() else NOWHERE, ()))

    def hasChildren(self, parent: Index = TOP) -> bool:  # noqa: D102
        return self.rowCount(parent) > 0

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: ARG002, D102
        return len(self.columns)

    def index(self, row: int, column: int, parent: Index = TOP) -> QModelIndex:  # noqa: D102
        if parent.column() > 0 or not 0 <= column < len(self.columns):
            return QModelIndex()
        shown = self._shown.get(parent.internalId() if parent.isValid() else NOWHERE, ())
        return self.createIndex(row, column, shown[row]) if 0 <= row < len(shown) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # noqa: D102
        if not index.isValid() or self.flat:
            return QModelIndex()
        above = self.nodes[index.internalId()].parent
        return QModelIndex() if above < 0 else self.createIndex(self._rows[above], 0, above)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        number = index.internalId()
        node, column = self.nodes[number], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return node.path if self.flat and index.column() == 0 else column.text(node)
        if role == PATH_ROLE:
            return node.path
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(node)
        if role == Qt.ItemDataRole.FontRole and self.emphasised(node, index.column()):
            bold = QFont()
            bold.setBold(True)
            return bold
        if role == Qt.ItemDataRole.ForegroundRole and self._matched is not None and number not in self._matched:
            # What only stands above something that was found steps back.
            return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        return _side(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Show a plain list, sorted by that column; the tree again for column -1."""
        wanted = (column, order) if 0 <= column < len(self.columns) else None
        if wanted != self.order:
            self.beginResetModel()
            self.order = wanted
            self._show()
            self.endResetModel()

    # ------------------------------------------------------------------------------ what views ask

    @property
    def flat(self) -> bool:
        """Whether a plain list is shown."""
        return self.order is not None

    @property
    def nested(self) -> bool:
        """Whether anything that is shown holds others."""
        return len(self._shown) > 1

    @property
    def searching(self) -> bool:
        """Whether only what a search found is shown."""
        return self._matched is not None

    @property
    def count(self) -> int:
        """How many there are that can be found."""
        return len(self._subjects_now())

    def find(self, text: str) -> None:
        """Show only what fits; everything for an empty text.

        Raises
        ------
        NotUnderstood
            If the text makes no search; what is shown stays as it is.
        """
        tests = conditions_of(text)
        found = matching(tests, self._subjects_now()) if tests else []
        self.search = text
        if not tests and self._matched is None:
            return
        self.beginResetModel()
        self.matches = found
        self._matched = set(found) if tests else None
        self._show()
        self.endResetModel()

    def index_of(self, path: str) -> QModelIndex:
        """Where a path stands; invalid when it is not there, or not shown."""
        return self.index_of_number(self.by_path.get(path, NOWHERE))

    def index_of_number(self, number: int) -> QModelIndex:
        """Where a node stands; invalid when it is not shown."""
        row = self._rows.get(number, NOWHERE)
        return QModelIndex() if row < 0 else self.createIndex(row, 0, number)

    def node_at(self, index: Index) -> TreeNode:
        """The node of a valid index."""
        return self.nodes[index.internalId()]

    def shown_nodes(self) -> Iterator[TreeNode]:
        """All that is shown, folded or not, as it stands there."""
        waiting = [iter(self._shown[NOWHERE])]
        while waiting:
            number = next(waiting[-1], NOWHERE)
            if number == NOWHERE:
                waiting.pop()
                continue
            yield self.nodes[number]
            waiting.append(iter(self._shown.get(number, ())))

    # ------------------------------------------------------------------------- for those who inherit

    def fill(self, top: list[int] | None = None) -> None:
        """To be called within a reset, when `nodes` were made anew: search again, in the same order.

        `top` are the numbers of those that stand in no other, where they are not simply in the order of the nodes.
        """
        self.by_path = {}
        for number, node in enumerate(self.nodes):
            self.by_path.setdefault(node.path, number)
        self.top = [number for number, node in enumerate(self.nodes) if node.parent < 0] if top is None else top
        self._subjects = None
        if self._matched is not None:
            try:
                self.matches = matching(conditions_of(self.search), self._subjects_now())
                self._matched = set(self.matches)
            except NotUnderstood:  # among so many more names the search takes too long; the box says it when it asks
                self.matches, self._matched = [], None
        self._show()

    def forget_subjects(self) -> None:
        """What can be found changed, though the nodes are the same."""
        self._subjects = None

    def tell(self, first_column: int) -> None:
        """Say that the columns from there on changed, at every depth."""
        last = len(self.columns) - 1
        for above, shown in self._shown.items():
            if shown:
                first = self.createIndex(0, first_column, shown[0])
                self.dataChanged.emit(first, self.createIndex(len(shown) - 1, last, shown[-1]))
            if self.flat and above == NOWHERE:
                return

    # --------------------------------------------------------------------------------- small parts

    def _subjects_now(self) -> list[tuple[int, Subject]]:
        if self._subjects is None:
            found = ((number, self.subject(node)) for number, node in enumerate(self.nodes))
            self._subjects = [(number, subject) for number, subject in found if subject is not None]
        return self._subjects

    def _show(self) -> None:
        if self.order is not None:
            self._show_list(*self.order)
        else:
            self._show_tree()
        self._rows = {number: row for shown in self._shown.values() for row, number in enumerate(shown)}
        if self._matched is not None:
            place = {id(node): row for row, node in enumerate(self.shown_nodes())}
            self.matches.sort(key=lambda number: place[id(self.nodes[number])])

    def _show_list(self, column: int, order: Qt.SortOrder) -> None:
        numbers = [number for number, _subject in self._subjects_now()] if self._matched is None else self.matches
        key = self.columns[column].plain
        by = (lambda number: self.nodes[number].path) if column == 0 else (lambda number: key(self.nodes[number]))
        self._shown = {NOWHERE: sorted(numbers, key=by, reverse=order == Qt.SortOrder.DescendingOrder)}

    def _show_tree(self) -> None:
        wanted: set[int] | None = None
        if self._matched is not None:
            wanted = set()
            for found in self._matched:
                number = found
                while number >= 0 and number not in wanted:
                    wanted.add(number)
                    number = self.nodes[number].parent
        self._shown = {NOWHERE: [number for number in self.top if wanted is None or number in wanted]}
        for number, node in enumerate(self.nodes):
            children = node.children if wanted is None else [child for child in node.children if child in wanted]
            if children and (wanted is None or number in wanted):
                self._shown[number] = children


class Planting:
    """Makes nodes by dotted path; the modules above them on the way."""

    def __init__(self) -> None:
        self.nodes: list[TreeNode] = []
        self.by_path: dict[str, int] = {}

    def node(self, path: str, *, dotted: bool = True) -> TreeNode:
        """The node of a path."""
        return self.nodes[self._number(path, dotted=dotted)]

    def child(self, parent: str, name: str, item: Any) -> None:
        """One more below a node: a part that has no path of its own."""
        above = self.by_path[parent]
        self.nodes[above].children.append(len(self.nodes))
        self.nodes.append(TreeNode(f"{parent}.{name}", name, above, item))

    def _number(self, path: str, *, dotted: bool = True) -> int:
        known = self.by_path.get(path)
        if known is not None:
            return known
        above = _above(path) if dotted else ""
        parent = self._number(above) if above else NOWHERE
        number = self.by_path[path] = len(self.nodes)
        self.nodes.append(TreeNode(path, path[len(above) + 1 :] if above else path, parent))
        if parent >= 0:
            self.nodes[parent].children.append(number)
        return number


def _above(path: str) -> str:
    """The path of the module above; a name of thousands of dots is not taken apart down to the last."""
    parts = path.split(".", MOST_DEPTH)
    return ".".join(parts[:-1])


def _side(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
