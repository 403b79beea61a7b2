"""The layers as a tree of modules, by dotted path, with what the explanation says of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.words import shape_text, signed

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import InputInfo, LayerInfo, SampleResult

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
PATH_ROLE = Qt.ItemDataRole.UserRole


@dataclass(eq=False, slots=True)
class TreeNode:
    """A place in the tree: an input, a layer, or a module that only holds others."""

    path: str
    name: str
    parent: int  # number of the parent's node, -1 at the top
    row: int
    layer: LayerInfo | None = None
    input: InputInfo | None = None
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is called, why it is there, and its text for a node."""

    title: str
    tip: str
    text: Callable[[TreeNode, LayersModel], str]
    number: bool = False


def _operation(node: TreeNode, _model: LayersModel) -> str:
    if node.input is not None:
        return "input"
    return node.layer.operation if node.layer else ""


def _shape(node: TreeNode, _model: LayersModel) -> str:
    if node.input is not None:
        return shape_text(node.input.shape)
    return shape_text(node.layer.shape) if node.layer else ""


def _parameters(node: TreeNode, model: LayersModel) -> str:
    count = model.parameters(node)
    return f"{count:,}" if count else ""


def _rule(node: TreeNode, model: LayersModel) -> str:
    if node.layer is not None and node.layer.merged_into:
        return f"in {node.layer.merged_into}"
    # Without its parameters, which are in the tool tip; of several rules one is as long as the column allows.
    return ", ".join(dict.fromkeys(rule.partition("(")[0] for rule in model.rules.get(node.path, ())))


def _sum(node: TreeNode, model: LayersModel) -> str:
    total = model.sums.get(node.path)
    return "" if total is None else signed(total, 4)


COLUMNS = (
    Column("Layer", "The module path, as the network's author named it", lambda node, _model: node.name),
    Column("Operation", "What the layer computes", _operation),
    Column("Shape", "The shape of the output, without the sample axis", _shape),
    Column("Params", "How many numbers it has learned", _parameters, number=True),
    Column("Rule", "How relevance is handed back through it", _rule),
    # To the left: its sign comes first, and lines up.
    Column("ΣR", "The sum of the relevance at its output", _sum),
)
PARAMETERS, FIRST_RESULT_COLUMN, RELEVANCE = 3, 4, 5


class LayersModel(QAbstractItemModel):
    """A tree over the document's network; the columns of the explanation follow its result."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(parent)
        self._document = document
        self._nodes: list[TreeNode] = []
        self._top: list[int] = []
        self._by_path: dict[str, int] = {}
        self.rules: dict[str, tuple[str, ...]] = {}
        self.sums: dict[str, float] = {}
        document.network_changed.connect(self._rebuild)
        document.result_changed.connect(self._on_result)
        self._rebuild()
        self._on_result()

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.column() > 0 else len(self._children(parent))

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: ARG002, D102
        return len(COLUMNS)

    def index(self, row: int, column: int, parent: Index = TOP) -> QModelIndex:  # noqa: D102
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._children(parent)[row])

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # noqa: D102
        above = self._nodes[index.internalId()].parent if index.isValid() else -1
        return QModelIndex() if above < 0 else self.createIndex(self._nodes[above].row, 0, above)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        node, column = self._nodes[index.internalId()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(node, self)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(node)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == PATH_ROLE:
            return node.path
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(COLUMNS):
            result = self._document.result
            if section == RELEVANCE and result is not None and not result.words.flows:
                heads = {
                    Qt.ItemDataRole.DisplayRole: result.words.total,
                    Qt.ItemDataRole.ToolTipRole: f"The sum of the {result.words.noun}s at its output",
                }
                return heads.get(Qt.ItemDataRole(role))
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section].title
            if role == Qt.ItemDataRole.ToolTipRole:
                return COLUMNS[section].tip
            if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[section].number:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    @property
    def nested(self) -> bool:
        """Whether any module holds others."""
        return any(node.children for node in self._nodes)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    # ------------------------------------------------------------------------------ what views ask

    def index_of(self, path: str) -> QModelIndex:
        """Where a layer or input stands; invalid when there is none of that path."""
        number = self._by_path.get(path, -1)
        return QModelIndex() if number < 0 else self.createIndex(self._nodes[number].row, 0, number)

    def selectable(self, path: str) -> bool:
        """Whether this is a layer or an input, not only a module that holds some."""
        number = self._by_path.get(path, -1)
        return number >= 0 and (self._nodes[number].layer is not None or self._nodes[number].input is not None)

    def parameters(self, node: TreeNode) -> int:
        """Its own and those of everything below it."""
        own = node.layer.parameters if node.layer else 0
        return own + sum(self.parameters(self._nodes[child]) for child in node.children)

    # --------------------------------------------------------------------------------- small parts

    def _children(self, parent: Index) -> list[int]:
        return self._nodes[parent.internalId()].children if parent.isValid() else self._top

    def _tip(self, node: TreeNode) -> str:
        if node.layer is None:
            return node.path
        text = f"{node.path}: {node.layer.operation} ({node.layer.kind})"
        if node.layer.merged_into:
            text += f"; computed inside {node.layer.merged_into}"
        rules = self.rules.get(node.path, ())
        return f"{text}\nRule: {', '.join(rules)}" if rules else text

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._nodes, self._top, self._by_path = [], [], {}
        network = self._document.network
        if network is not None:
            for one in network.inputs:
                self._node(one.name, dotted=False).input = one
            for layer in network.layers:
                self._node(layer.path).layer = layer
        self.endResetModel()

    def _node(self, path: str, *, dotted: bool = True) -> TreeNode:
        """The node of a path; modules above it are made on the way."""
        if path in self._by_path:
            return self._nodes[self._by_path[path]]
        above, _, name = path.rpartition(".") if dotted else ("", "", path)
        if above:
            self._node(above)
        parent = self._by_path[above] if above else -1
        siblings = self._nodes[parent].children if above else self._top
        number = len(self._nodes)
        self._nodes.append(TreeNode(path, name, parent, len(siblings)))
        siblings.append(number)
        self._by_path[path] = number
        return self._nodes[number]

    def _on_result(self) -> None:
        result = self._document.result
        self.rules = _rules(result)
        self.sums = _sums(result)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, RELEVANCE, RELEVANCE)
        self._tell(QModelIndex())

    def _tell(self, parent: QModelIndex) -> None:
        """The explanation's columns changed, at every depth."""
        rows = self.rowCount(parent)
        if not rows:
            return
        first, last = self.index(0, FIRST_RESULT_COLUMN, parent), self.index(rows - 1, len(COLUMNS) - 1, parent)
        self.dataChanged.emit(first, last, [Qt.ItemDataRole.DisplayRole])
        for row in range(rows):
            self._tell(self.index(row, 0, parent))


def _rules(result: SampleResult | None) -> dict[str, tuple[str, ...]]:
    """Of a layer with several nodes, the rules in the order relevance meets them, each once."""
    found: dict[str, dict[str, None]] = {}
    for row in result.ledger if result else ():
        if row.layer and row.rule:
            found.setdefault(row.layer, {})[row.rule] = None
    return {layer: tuple(rules) for layer, rules in found.items()}


def _sums(result: SampleResult | None) -> dict[str, float]:
    if result is None:
        return {}
    sums = {path: float(layer.relevance.sum()) for path, layer in result.layers.items()}
    return sums | {name: float(relevance.sum()) for name, relevance in result.inputs.items()}
