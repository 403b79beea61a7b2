"""A tree of dotted names that can be searched and sorted: what the trees of layers and of tensors have in common.

The whole tree is kept; what is shown of it is an arrangement: all, what a search found with all that stands above it,
or, sorted by a column, a plain list. Arrangements are computed in slices, and of long lists only a page is handed to
the view until somebody scrolls further: a view asks about every row that it has.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QPalette

from lrp_gui.browser.arranging import NOWHERE, Arrangement, Wish, arranged, described
from lrp_gui.browser.search import Subject, Test, conditions_of
from lrp_gui.browser.slices import Sliced, Slices

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
PATH_ROLE = Qt.ItemDataRole.UserRole
# A view asks about each cell it paints by every role that there is: those that have an answer, as plain numbers.
DISPLAY, TIP, FONT, ALIGNMENT, FOREGROUND = (
    int(role)
    for role in (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.FontRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ForegroundRole,
    )
)
ROLES = frozenset((DISPLAY, TIP, FONT, ALIGNMENT, FOREGROUND, int(PATH_ROLE)))
# Made once: to put flags together takes longer than all else that is done for a cell.
NOT_THERE, CHOSEN = Qt.ItemFlag.NoItemFlags, Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
LISTED = CHOSEN | Qt.ItemFlag.ItemNeverHasChildren
TO_THE_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TO_THE_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
MOST_DEPTH = 40
PAGE = 250
# Parents whose children are named one by one when they change; of more the view looks at all that it shows.
MOST_TOLD = 200


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

    def key(self, node: TreeNode) -> Any:
        """To sort by; what is not known stands before everything else."""
        value = self.plain(node)
        return -math.inf if value is None else value


class TreeModel(QAbstractItemModel):
    """The tree as Qt wants it. Who inherits fills `nodes`, and says what the columns are and what can be found."""

    arranged = Signal()  # what is shown was computed anew, or the search failed
    failed = Signal(str)  # why a search came to nothing

    def __init__(self, columns: Sequence[Column], parent: Any = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.nodes: list[TreeNode] = []
        self.top: list[int] = []  # the nodes that stand in no other
        self.by_path: dict[str, int] = {}
        self.search = ""
        self.order: tuple[int, Qt.SortOrder] | None = None  # the column it is sorted by
        self.slices = Slices(self)
        self.filling = False  # nodes are still coming
        self.preliminary = False  # they are of a file that is being read, of which nothing else is known
        self._tests: tuple[Test, ...] = ()
        self._subjects: list[tuple[int, Subject]] | None = None
        self._now = Arrangement()
        self._loading = False  # rows are being handed to the view; it may not ask for others in between
        self._loaded: dict[int, int] = {}  # number of a node -> how many of its children the view has
        self._rows: dict[int, dict[int, int]] = {}  # number of a node -> the rows of its children

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
        return self._count(parent.internalId() if parent.isValid() else NOWHERE)

    def hasChildren(self, parent: Index = TOP) -> bool:  # noqa: D102
        return self.rowCount(parent) > 0

    def canFetchMore(self, parent: Index) -> bool:  # noqa: D102
        number = parent.internalId() if parent.isValid() else NOWHERE
        return parent.column() <= 0 and self._count(number) < len(self._children(number))

    def fetchMore(self, parent: Index) -> None:  # noqa: D102
        number = parent.internalId() if parent.isValid() else NOWHERE
        if not self._loading:
            self._load(number, self._count(number) + PAGE)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: ARG002, D102
        return len(self.columns)

    def index(self, row: int, column: int, parent: Index = TOP) -> QModelIndex:  # noqa: D102
        if parent.column() > 0 or not 0 <= column < len(self.columns):
            return QModelIndex()
        number = parent.internalId() if parent.isValid() else NOWHERE
        if not 0 <= row < self._count(number):
            return QModelIndex()
        return self.createIndex(row, column, self._children(number)[row])

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # noqa: D102
        if not index.isValid() or self.flat:
            return QModelIndex()
        above = self.nodes[index.internalId()].parent
        return QModelIndex() if above < 0 else self.createIndex(self._row_of(above), 0, above)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if role not in ROLES or not index.isValid():
            return None
        number = index.internalId()
        node, column = self.nodes[number], self.columns[index.column()]
        if role == DISPLAY:
            return node.path if self.flat and index.column() == 0 else column.text(node)
        if role == PATH_ROLE:
            return node.path
        if role == ALIGNMENT:
            return _side(column)
        if role == TIP:
            return self.tip(node)
        if role == FONT and self.emphasised(node, index.column()):
            bold = QFont()
            bold.setBold(True)
            return bold
        matched = self._now.matched
        if role == FOREGROUND and matched is not None and number not in matched:
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
            return NOT_THERE
        return LISTED if self.flat else CHOSEN

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Show a plain list, sorted by that column; the tree again for column -1."""
        wanted = (column, order) if 0 <= column < len(self.columns) else None
        if wanted != self.order:
            self.order = wanted
            self.arrange()

    # ------------------------------------------------------------------------------ what views ask

    @property
    def flat(self) -> bool:
        """Whether a plain list is shown."""
        return self._now.flat

    @property
    def nested(self) -> bool:
        """Whether anything that is shown holds others."""
        shown = self._now.shown
        return len(self.top) < len(self.nodes) if shown is None else len(shown) > 1

    @property
    def searching(self) -> bool:
        """Whether only what a search found is shown."""
        return self._now.matched is not None

    @property
    def matches(self) -> list[int]:
        """What the search found, by number, as it stands in the tree."""
        return self._now.matches

    @property
    def count(self) -> int:
        """How many there are that can be found."""
        return sum(self.subject(node) is not None for node in self.nodes)

    def find(self, text: str) -> None:
        """Show only what fits; everything for an empty text. Large trees answer with `arranged` a moment later.

        Raises
        ------
        NotUnderstood
            If the text makes no search; what is shown stays as it is.
        """
        tests = conditions_of(text)
        same = not tests and not self._tests
        self.search, self._tests = text, tests
        if not same:
            self.arrange()

    def arrange(self) -> None:
        """Compute anew what is shown; while nodes are still coming, they come first."""
        if not self.filling:
            self.slices.start(self._arranging(), self.give_up)

    def index_of(self, path: str) -> QModelIndex:
        """Where a path stands; invalid when it is not there, or not shown."""
        return self.index_of_number(self.by_path.get(path, NOWHERE))

    def index_of_number(self, number: int) -> QModelIndex:
        """Where a node stands; invalid when it is not shown."""
        if not 0 <= number < len(self.nodes):
            return QModelIndex()
        row = self._row_of(number)
        return QModelIndex() if row < 0 else self.createIndex(row, 0, number)

    def reach(self, number: int) -> QModelIndex:
        """The same, where a view did not scroll yet that far as well."""
        way = [number] if 0 <= number < len(self.nodes) else []
        while way and not self.flat and self.nodes[way[-1]].parent >= 0:
            way.append(self.nodes[way[-1]].parent)
        for one in reversed(way):
            parent = NOWHERE if self.flat else self.nodes[one].parent
            self._load(parent, self._rows_of(parent).get(one, NOWHERE) + 1)
        return self.index_of_number(number)

    def node_at(self, index: Index) -> TreeNode:
        """The node of a valid index."""
        return self.nodes[index.internalId()]

    def shown_nodes(self) -> Iterator[TreeNode]:
        """All that is shown, folded or not, as it stands there."""
        waiting = [iter(self._children(NOWHERE))]
        while waiting:
            number = next(waiting[-1], NOWHERE)
            if number == NOWHERE:
                waiting.pop()
                continue
            yield self.nodes[number]
            if not self.flat:
                waiting.append(iter(self._children(number)))

    # ------------------------------------------------------------------------- for those who inherit

    def install(self, nodes: list[TreeNode], top: list[int], by_path: dict[str, int]) -> None:
        """Show other nodes, all of them as a tree; `settle` is to follow."""
        self.filling = True
        self.beginResetModel()
        self.nodes, self.top, self.by_path = nodes, top, by_path
        self._subjects = None
        self._put(Arrangement())
        self.endResetModel()

    def settle(self) -> Sliced[None]:
        """All nodes are there: order them and search them as before."""
        self.filling = False
        if self._tests or self.order is not None:
            yield from self._arranging()
        else:
            self.arranged.emit()

    def grow(self, since: int) -> None:
        """Nodes from that number on came behind all others; whoever shows the whole tree gets them at once."""
        self._subjects = None
        if self._now.shown is not None:
            return
        grown: dict[int, int] = {}
        for number in range(since, len(self.nodes)):
            parent = self.nodes[number].parent
            if parent < since:
                grown[parent] = grown.get(parent, 0) + 1
        # Before the view hears of the first, what it knows of all the others is written down.
        for parent, more in grown.items():
            self._loaded.setdefault(parent, min(PAGE, len(self._children(parent)) - more))
        for parent in grown:
            self._load(parent, PAGE)

    def forget_subjects(self) -> None:
        """What can be found changed, though the nodes are the same."""
        self._subjects = None

    def tell(self, first_column: int) -> None:
        """Say that the columns from there on changed, at every depth."""
        last = len(self.columns) - 1
        parents = [NOWHERE]
        if not self.flat:
            shown = self._now.shown
            every = self._loaded if shown is None else shown
            parents += [number for number in every if number >= 0] if len(every) <= MOST_TOLD else []
        for number in parents:
            if count := self._count(number):
                children = self._children(number)
                first = self.createIndex(0, first_column, children[0])
                self.dataChanged.emit(first, self.createIndex(count - 1, last, children[count - 1]))

    # --------------------------------------------------------------------------------- small parts

    def _arranging(self) -> Sliced[None]:
        if self._subjects is None:
            subjects = yield from described(self.nodes, self.subject)
            self._subjects = subjects
        key = None
        if self.order is not None:
            column = self.columns[self.order[0]]
            key = column.key if self.order[0] else _path
        descending = self.order is not None and self.order[1] == Qt.SortOrder.DescendingOrder
        arrangement = yield from arranged(self.nodes, self.top, self._subjects, Wish(self._tests, key, descending))
        self.beginResetModel()
        self._put(arrangement)
        self.endResetModel()
        self.arranged.emit()

    def give_up(self, error: Exception) -> None:
        """A search that takes too long finds nothing; what is shown stays."""
        self.failed.emit(str(error))

    def _put(self, arrangement: Arrangement) -> None:
        self._now, self._loaded, self._rows = arrangement, {}, {}

    def _children(self, number: int) -> list[int]:
        shown = self._now.shown
        if shown is not None:
            return shown.get(number, _NONE)
        return self.nodes[number].children if number >= 0 else self.top

    def _count(self, number: int) -> int:
        """How many children the view has; from the first time on that it asks, it is told of more."""
        loaded = self._loaded.get(number)
        if loaded is None:
            loaded = min(PAGE, len(self._children(number)))
            if loaded:
                self._loaded[number] = loaded
        return loaded

    def _load(self, number: int, wanted: int) -> None:
        """Hand so many children to the view, if it does not have them."""
        have = self._count(number)
        wanted = min(wanted, len(self._children(number)))
        if wanted <= have:
            return
        parent = self.createIndex(self._row_of(number), 0, number) if number >= 0 else QModelIndex()
        self._loading = True
        self.beginInsertRows(parent, have, wanted - 1)
        self._loaded[number] = wanted
        self.endInsertRows()
        self._loading = False

    def _rows_of(self, number: int) -> dict[int, int]:
        children, rows = self._children(number), self._rows.get(number)
        if rows is None or len(rows) != len(children):
            rows = self._rows[number] = {child: row for row, child in enumerate(children)}
        return rows

    def _row_of(self, number: int) -> int:
        """The row of a node that the view has; -1 for any other."""
        parent = NOWHERE if self.flat else self.nodes[number].parent
        row = self._rows_of(parent).get(number, NOWHERE)
        return row if row < self._count(parent) and (parent < 0 or self._row_of(parent) >= 0) else NOWHERE


_NONE: list[int] = []


def _path(node: TreeNode) -> str:
    return node.path


class Planting:
    """Makes nodes by dotted path; the modules above them on the way."""

    def __init__(self) -> None:
        self.nodes: list[TreeNode] = []
        self.top: list[int] = []
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
        (self.nodes[parent].children if parent >= 0 else self.top).append(number)
        return number


def _above(path: str) -> str:
    """The path of the module above; a name of thousands of dots is not taken apart down to the last."""
    parts = path.split(".", MOST_DEPTH)
    return ".".join(parts[:-1])


def _side(column: Column) -> Qt.AlignmentFlag:
    return TO_THE_RIGHT if column.number else TO_THE_LEFT
