"""The layers as a tree: modules by dotted path, in a layer its nodes, with what the explanation says of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from lrp_gui.browser.repeats import fold_repeats
from lrp_gui.browser.search import Subject
from lrp_gui.browser.tree import Column, Planting, TreeModel, TreeNode
from lrp_gui.document.results import InputInfo, LayerInfo, NodeInfo
from lrp_gui.document.words import shape_text, signed

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import LedgerRow, SampleResult

LAYER, OPERATION, SHAPE, PARAMETERS, RULE, RELEVANCE, ABSORBED, PRODUCTS = range(8)
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported")
# Rule and reason, as the composite gives them.
Chosen = tuple[str, str]


class LayersModel(TreeModel):
    """A tree over the document's network; the columns of the explanation follow its result."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(self._columns(), parent)
        self._document = document
        self._parameters: dict[int, int] = {}  # by the id of a node of the tree, with all below it
        self._products: dict[int, int] = {}
        self._sums: dict[str, float] = {}
        self._arrived: dict[str, float] = {}  # by name of a node of the graph
        self._absorbed: dict[int, float] = {}  # by the id of a node of the tree, with all below it
        self._ledger: dict[str, LedgerRow] = {}
        self._by_layer: dict[str, tuple[Chosen, ...]] = {}  # as the explanation had it
        document.network_changed.connect(self._rebuild)
        document.result_changed.connect(self._on_result)
        document.settings_changed.connect(self._on_result)
        self._rebuild()

    # ------------------------------------------------------------------------------ what the tree asks

    def subject(self, node: TreeNode) -> Subject | None:  # noqa: D102
        item = node.item
        if item is None:
            return None
        operation = "input" if isinstance(item, InputInfo) else f"{item.operation} {item.kind}"
        rules = ", ".join(rule for rule, _reason in self.chosen(node))
        return Subject(
            name=node.path,
            shape=item.shape,
            operation=operation.lower(),
            rule=rules.lower(),
            numbers=item.parameters if isinstance(item, LayerInfo) else 0,
        )

    def tip(self, node: TreeNode) -> str:  # noqa: D102
        item = node.item
        if node.repeats:
            return f"{node.repeats} modules of the same layers, {node.path}"
        if item is None or isinstance(item, InputInfo):
            return node.path
        lines = [f"{node.path}: {item.operation} ({item.kind})"]
        if isinstance(item, LayerInfo) and item.merged_into:
            return f"{lines[0]}; computed inside {item.merged_into}"
        lines += [f"Rule: {rule or 'none'}" + (f" ({why})" if why else "") for rule, why in self.chosen(node)]
        return "\n".join(lines)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        result = self._document.result
        if section == RELEVANCE and result is not None and not result.words.flows:
            if role == Qt.ItemDataRole.DisplayRole:
                return result.words.total
            if role == Qt.ItemDataRole.ToolTipRole:
                return f"The sum of the {result.words.noun}s at its output"
        return super().headerData(section, orientation, role)

    # -------------------------------------------------------------------------------- what views ask

    def layer_of(self, node: TreeNode) -> str:
        """The layer or input that is chosen with this row, "" for a module that only holds others."""
        if isinstance(node.item, NodeInfo):
            return self.nodes[node.parent].path
        return node.path if node.item is not None else ""

    def chosen(self, node: TreeNode) -> tuple[Chosen, ...]:
        """The rules of a row, in the order in which relevance meets them, each once, with the reason."""
        item = node.item
        if item is None or isinstance(item, InputInfo):
            return ()
        network, composite = self._document.network, self._document.settings.composite
        planned = network.rules.get(composite) if network is not None else None
        result = self._document.result
        if planned is None or (result is not None and result.composite == composite):
            if isinstance(item, LayerInfo) and (found := self._by_layer.get(item.path)):
                return found
            if isinstance(item, NodeInfo) and (row := self._ledger.get(item.name)):
                return ((row.rule, row.reason),)
        nodes = item.nodes if isinstance(item, LayerInfo) else (item,)
        return tuple(dict.fromkeys(planned[one.name] for one in reversed(nodes) if planned and one.name in planned))

    # ------------------------------------------------------------------------------------ the columns

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("Layer", "The module path, as the network's author named it", _name),
            Column("Operation", "What the layer computes", _operation),
            Column("Shape", "The shape of the output, without the sample axis", _shape, _plain_shape),
            Column(
                "Params",
                "How many numbers it has learned",
                lambda node: _count(self._parameters.get(id(node), 0)),
                lambda node: self._parameters.get(id(node), 0),
                number=True,
            ),
            Column("Rule", "How relevance is handed back through it, by the chosen composite", self._rule),
            # To the left: its sign comes first, and lines up.
            Column("ΣR", "The sum of the relevance at its output", self._sum, self._plain_sum),
            Column(
                "Absorbed",
                "Relevance that ends in it: in biases, the stabilizer, softmax and whatever else keeps some",
                lambda node: _amount(self._absorbed.get(id(node))),
                lambda node: self._absorbed.get(id(node), 0.0),
            ),
            Column(
                "Mult-adds",
                "How many products one sample takes in it, in convolutions, matrix products and recurrent cells",
                lambda node: _count(self._products.get(id(node), 0)),
                lambda node: self._products.get(id(node), 0),
                number=True,
            ),
        )

    def _rule(self, node: TreeNode) -> str:
        if isinstance(node.item, LayerInfo) and node.item.merged_into:
            return f"in {node.item.merged_into}"
        # Without its parameters, which are in the tool tip; of several rules one is as long as the column allows.
        return ", ".join(dict.fromkeys(rule.partition("(")[0] for rule, _reason in self.chosen(node) if rule))

    def _sum(self, node: TreeNode) -> str:
        return _amount(self._relevance(node))

    def _plain_sum(self, node: TreeNode) -> float:
        return self._relevance(node) or 0.0

    def _relevance(self, node: TreeNode) -> float | None:
        if isinstance(node.item, NodeInfo):
            return self._arrived.get(node.item.name)
        return self._sums.get(node.path) if node.item is not None else None

    # --------------------------------------------------------------------------------- small parts

    def _rebuild(self) -> None:
        self.beginResetModel()
        planting = Planting()
        network = self._document.network
        if network is not None:
            for one in network.inputs:
                planting.node(one.name, dotted=False).item = one
            for layer in network.layers:
                planting.node(layer.path).item = layer
            for layer in network.layers:
                if len(layer.nodes) > 1:
                    for node in layer.nodes:
                        planting.child(layer.path, node.name, node)
        self.nodes, self.top = fold_repeats(planting.nodes)
        layers = [node.item if isinstance(node.item, LayerInfo) else None for node in self.nodes]
        self._parameters = self._summed([layer.parameters if layer else 0 for layer in layers])
        self._products = self._summed([_products(layer) if layer else 0 for layer in layers])
        for node in self.nodes:
            if isinstance(node.item, NodeInfo):
                self._products[id(node)] = node.item.multiply_adds
        self._read_result()
        self.fill(self.top)
        self.endResetModel()

    def _on_result(self) -> None:
        self._read_result()
        self.forget_subjects()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, RELEVANCE, RELEVANCE)
        self.tell(RULE)

    def _read_result(self) -> None:
        result = self._document.result
        self._sums = _sums(result)
        rows = result.ledger if result else ()
        self._ledger = {row.node: row for row in rows}
        self._arrived = {row.node: row.arrived for row in rows}
        self._by_layer = _rules(rows)
        self._absorbed = {}
        if result is None or not result.words.flows:
            return
        by_layer: dict[str, float] = {}
        for row in rows:
            by_layer[row.layer] = by_layer.get(row.layer, 0.0) + _sunk(row)
        own = [by_layer.get(node.path, 0.0) if isinstance(node.item, LayerInfo) else 0.0 for node in self.nodes]
        self._absorbed = self._summed(own)
        for node in self.nodes:
            if isinstance(node.item, NodeInfo) and (row := self._ledger.get(node.item.name)):
                self._absorbed[id(node)] = _sunk(row)

    def _summed(self, own: list[Any]) -> dict[int, Any]:
        """Each node's own amount with that of all below it; without what is zero."""
        sums = list(own)
        walk, waiting = [], list(self.top)
        while waiting:
            number = waiting.pop()
            walk.append(number)
            waiting += self.nodes[number].children
        for number in reversed(walk):
            if (parent := self.nodes[number].parent) >= 0:
                sums[parent] += sums[number]
        return {id(node): amount for node, amount in zip(self.nodes, sums, strict=True) if amount}


def _name(node: TreeNode) -> str:
    return node.name


def _operation(node: TreeNode) -> str:
    if isinstance(node.item, InputInfo):
        return "input"
    return node.item.operation if node.item else ""


def _shape(node: TreeNode) -> str:
    return shape_text(node.item.shape) if node.item else ""


def _plain_shape(node: TreeNode) -> tuple[int, ...]:
    return node.item.shape if node.item else ()


def _products(layer: LayerInfo) -> int:
    return sum(node.multiply_adds for node in layer.nodes)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _amount(number: float | None) -> str:
    return "" if number is None else signed(number, 4)


def _sunk(row: LedgerRow) -> float:
    return sum(getattr(row, name) for name in SINKS)


def _rules(rows: tuple[LedgerRow, ...]) -> dict[str, tuple[Chosen, ...]]:
    """Of a layer with several nodes, the rules in the order relevance meets them, each once."""
    found: dict[str, dict[Chosen, None]] = {}
    for row in rows:
        if row.layer and row.rule:
            found.setdefault(row.layer, {})[row.rule, row.reason] = None
    return {layer: tuple(rules) for layer, rules in found.items()}


def _sums(result: SampleResult | None) -> dict[str, float]:
    if result is None:
        return {}
    sums = {path: float(layer.relevance.sum()) for path, layer in result.layers.items()}
    return sums | {name: float(relevance.sum()) for name, relevance in result.inputs.items()}
