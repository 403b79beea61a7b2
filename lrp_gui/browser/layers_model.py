"""The layers as a tree: modules by dotted path, in a layer its nodes, with what the explanation says of each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from lrp_gui.browser.repeats import fold_repeats
from lrp_gui.browser.search import Subject
from lrp_gui.browser.tree import Column, Planting, TreeModel, TreeNode
from lrp_gui.document.results import InputInfo, LayerInfo, NodeInfo
from lrp_gui.document.rules import Chosen, Planned, main_node, offers, scope_at, with_rule
from lrp_gui.document.state import Message
from lrp_gui.document.words import kind_text, shape_text, signed
from lrp_gui.languages import thousands, tr

if TYPE_CHECKING:
    from lrp_gui.browser.tree import Index
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import LedgerRow, SampleResult
    from lrp_gui.document.state import ExplainSettings

LAYER, OPERATION, SHAPE, PARAMETERS, RULE, RELEVANCE, ABSORBED, PRODUCTS = range(8)
TEXTS = (Qt.ItemDataRole.EditRole, Qt.ItemDataRole.DisplayRole)
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported")


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
        self.renaming = False  # a view is about to let somebody type a layer's name
        self._planned = Planned(None, document.settings)
        document.network_changed.connect(self._rebuild)
        document.result_changed.connect(self._on_result)
        document.stale_changed.connect(self._on_result)
        document.settings_changed.connect(self._on_settings)
        document.labels_changed.connect(self._on_labels)
        self._rebuild()

    # ------------------------------------------------------------------------------ what the tree asks

    def subject(self, node: TreeNode) -> Subject | None:  # noqa: D102
        item = node.item
        if item is None:
            return None
        operation = "input" if isinstance(item, InputInfo) else f"{item.operation} {item.kind}"
        rules = ", ".join(rule for rule, _reason in self.chosen(node))
        label = self._document.labelled(node.path, "") if self.named(node) else ""
        return Subject(
            name=f"{node.path} {label}".rstrip(),
            shape=item.shape,
            operation=operation.lower(),
            rule=rules.lower(),
            numbers=item.parameters if isinstance(item, LayerInfo) else 0,
        )

    def tip(self, node: TreeNode) -> str:  # noqa: D102
        item = node.item
        if node.repeats:
            return tr("{repeats} modules of the same layers, {path}").format(repeats=node.repeats, path=node.path)
        if item is None or isinstance(item, InputInfo):
            return node.path
        lines = [f"{node.path}: {item.operation} ({kind_text(item.kind)})"]
        if self.named(node) and (label := self._document.labelled(node.path, "")):
            lines[0] = f"{label} – {lines[0]}"
        if isinstance(item, LayerInfo) and item.merged_into:
            return tr("{layer}; computed inside {other}").format(layer=lines[0], other=item.merged_into)
        lines += [
            tr("Rule: {rule}").format(rule=rule or tr("none")) + (f" ({why})" if why else "")
            for rule, why in self.chosen(node)
        ]
        if self.editable(node):
            lines.append(tr("F2 or a double click on the rule changes it, Ctrl+R also for its kind or a pattern."))
        return "\n".join(lines)

    def emphasised(self, node: TreeNode, column: int) -> bool:
        """What somebody changed about the composite stands out."""
        return column == RULE and bool(self._planned.edits(nodes_of(node)))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        result = self._document.result
        if section == RELEVANCE and result is not None and not result.words.flows:
            if role == Qt.ItemDataRole.DisplayRole:
                return result.words.total
            if role == Qt.ItemDataRole.ToolTipRole:
                return tr("The sum of the {nouns} at its output").format(nouns=result.words.nouns)
        return super().headerData(section, orientation, role)

    # -------------------------------------------------------------------------------- what views ask

    def layer_of(self, node: TreeNode) -> str:
        """The layer or input that is chosen with this row, "" for a module that only holds others."""
        if isinstance(node.item, NodeInfo):
            return self.nodes[node.parent].path
        return node.path if node.item is not None else ""

    def chosen(self, node: TreeNode) -> tuple[Chosen, ...]:
        """The rules of a row, in the order in which relevance meets them, each once, with the reason."""
        item, result = node.item, self._document.result
        if item is None or isinstance(item, InputInfo):
            return ()
        planned = [self._planned.of(one) for one in reversed(nodes_of(node))]
        title = self._document.settings.composite_title
        # Until another composite is computed, the explanation that is there tells of the one before.
        told = result is not None and result.composite == title and not self._document.stale
        if told or not any(planned):
            if isinstance(item, LayerInfo) and (found := self._by_layer.get(item.path)):
                return found
            if isinstance(item, NodeInfo) and (row := self._ledger.get(item.name)):
                return ((row.rule, row.reason),)
        return tuple(dict.fromkeys(one for one in planned if one is not None))

    # ---------------------------------------------------------------------------------- layers' names

    def named(self, node: TreeNode) -> bool:
        """Whether a person may call this row something else: layers, not what holds them or is in them."""
        return isinstance(node.item, LayerInfo)

    def _on_labels(self) -> None:
        self.forget_subjects()
        self.tell(LAYER)

    # ------------------------------------------------------------------------------------ editing rules

    def editable(self, node: TreeNode) -> bool:
        """Whether there is a choice of rules here; what is computed inside another layer has that one's."""
        merged = isinstance(node.item, LayerInfo) and node.item.merged_into
        return not merged and len(offers(nodes_of(node))) > 1

    def rule_problem(self, node: TreeNode, text: str) -> str:
        """Why this text is no rule for a row, in one sentence; "" where it is one."""
        return self._changed(node, text)[1]

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        flags = super().flags(index)
        if not index.isValid():
            return flags
        node = self.node_at(index)
        named = index.column() == LAYER and self.renaming and self.named(node)
        if named or (index.column() == RULE and self.editable(node)):
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if index.isValid() and index.column() == RULE and role == Qt.ItemDataRole.EditRole:
            return next((rule for rule, _reason in self._of_main(self.node_at(index))), "")
        if index.isValid() and index.column() == LAYER and role in TEXTS:
            node = self.node_at(index)
            label = self._document.labelled(node.path, "") if self.named(node) else ""
            if role == Qt.ItemDataRole.EditRole:
                return label or node.path
            if label:
                return label
        return super().data(index, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: D102
        if role == Qt.ItemDataRole.EditRole and index.isValid() and index.column() == LAYER:
            node = self.node_at(index)
            if self.named(node):
                self._document.rename_layer(node.path, str(value))
            return self.named(node)
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        node, document = self.node_at(index), self._document
        settings, problem = self._changed(node, str(value))
        if problem:
            document.message.emit(Message(problem))
            return False
        text = self.tr("Rule of {name}").format(name=node.name if isinstance(node.item, NodeInfo) else node.path)
        document.set_rules(settings, text)
        return True

    def _changed(self, node: TreeNode, text: str) -> tuple[ExplainSettings, str]:
        layer, one = self.place(node)
        if layer is None:
            return self._document.settings, ""
        select = scope_at(layer, one).select
        return with_rule(self._document.settings, self._document.network, select, text)

    def place(self, node: TreeNode) -> tuple[LayerInfo | None, NodeInfo | None]:
        """The layer of a row, and its node where the row is one."""
        if isinstance(node.item, NodeInfo):
            return self.nodes[node.parent].item, node.item
        return (node.item, None) if isinstance(node.item, LayerInfo) else (None, None)

    def _of_main(self, node: TreeNode) -> list[Chosen]:
        layer, one = self.place(node)
        main = one or (main_node(layer) if layer is not None else None)
        found = self._planned.of(main) if main is not None else None
        return [found] if found is not None else []

    # ------------------------------------------------------------------------------------ the columns

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column(tr("Layer"), tr("The module path, as the network's author named it"), _name),
            Column(tr("Operation"), tr("What the layer computes"), _operation),
            Column(tr("Shape"), tr("The shape of the output, without the sample axis"), _shape, _plain_shape),
            Column(
                tr("Params"),
                tr("How many numbers it has learned"),
                lambda node: _count(self._parameters.get(id(node), 0)),
                lambda node: self._parameters.get(id(node), 0),
                number=True,
            ),
            Column(tr("Rule"), tr("How relevance is handed back through it, by the chosen composite"), self._rule),
            # To the left: its sign comes first, and lines up.
            Column("ΣR", tr("The sum of the relevance at its output"), self._sum, self._plain_sum),
            Column(
                tr("Absorbed"),
                tr("Relevance that ends in it: in biases, the stabilizer, softmax and whatever else keeps some"),
                lambda node: _amount(self._absorbed.get(id(node))),
                lambda node: self._absorbed.get(id(node), 0.0),
            ),
            Column(
                "Mult-adds",
                tr("How many products one sample takes in it, in convolutions, matrix products and recurrent cells"),
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
        """A network has at most some thousand layers: they are shown at once, as blocks that repeat are folded."""
        self.slices.cancel()
        planting = Planting()
        network = self._document.network
        self._planned = Planned(network, self._document.settings)
        if network is not None:
            for one in network.inputs:
                planting.node(one.name, dotted=False).item = one
            for layer in network.layers:
                planting.node(layer.path).item = layer
            for layer in network.layers:
                if len(layer.nodes) > 1:
                    for node in layer.nodes:
                        planting.child(layer.path, node.name, node)
        nodes, top = fold_repeats(planting.nodes)
        by_path: dict[str, int] = {}
        for number, node in enumerate(nodes):
            by_path.setdefault(node.path, number)
        layers = [node.item if isinstance(node.item, LayerInfo) else None for node in nodes]
        self._parameters = _summed(nodes, top, [layer.parameters if layer else 0 for layer in layers])
        self._products = _summed(nodes, top, [_products(layer) if layer else 0 for layer in layers])
        for node in nodes:
            if isinstance(node.item, NodeInfo):
                self._products[id(node)] = node.item.multiply_adds
        self.install(nodes, top, by_path)
        self._read_result()
        self.slices.start(self.settle(), self.give_up)

    def _on_settings(self) -> None:
        self._planned = Planned(self._document.network, self._document.settings)
        self._on_result()

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
        self._absorbed = _summed(self.nodes, self.top, own)
        for node in self.nodes:
            if isinstance(node.item, NodeInfo) and (row := self._ledger.get(node.item.name)):
                self._absorbed[id(node)] = _sunk(row)


def _summed(nodes: list[TreeNode], top: list[int], own: list[Any]) -> dict[int, Any]:
    """Each node's own amount with that of all below it; without what is zero."""
    sums = list(own)
    walk, waiting = [], list(top)
    while waiting:
        number = waiting.pop()
        walk.append(number)
        waiting += nodes[number].children
    for number in reversed(walk):
        if (parent := nodes[number].parent) >= 0:
            sums[parent] += sums[number]
    return {id(node): amount for node, amount in zip(nodes, sums, strict=True) if amount}


def nodes_of(node: TreeNode) -> tuple[NodeInfo, ...]:
    """The nodes of the graph that a row stands for; none for a module that only holds others."""
    if isinstance(node.item, LayerInfo):
        return node.item.nodes
    return (node.item,) if isinstance(node.item, NodeInfo) else ()


def _name(node: TreeNode) -> str:
    return node.name


def _operation(node: TreeNode) -> str:
    if isinstance(node.item, InputInfo):
        return tr("input")
    return node.item.operation if node.item else ""


def _shape(node: TreeNode) -> str:
    return shape_text(node.item.shape) if node.item else ""


def _plain_shape(node: TreeNode) -> tuple[int, ...]:
    return node.item.shape if node.item else ()


def _products(layer: LayerInfo) -> int:
    return sum(node.multiply_adds for node in layer.nodes)


def _count(number: int) -> str:
    return thousands(number) if number else ""


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
    # Where values are no numbers, what the rest of them adds up to is no sum of the layer.
    sums = {path: layer.sums.total if layer.sums.finite else math.nan for path, layer in result.layers.items()}
    return sums | {name: float(relevance.sum()) for name, relevance in result.inputs.items()}
