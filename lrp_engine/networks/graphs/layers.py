"""Groups nodes into layers, as the author named them."""

from __future__ import annotations

from torch import Tensor
from torch.fx import Graph, Node

from ..network import Layer
from . import operations
from .graph import kind_of, live_nodes, operation_name, operation_of
from .operations import MOVEMENT

# Of a layer's nodes, the one that says most about it gives the layer its kind.
_TELLING = (
    *(operations.RECURRENT, operations.BILINEAR, operations.LOOKUP, operations.AFFINE, operations.NORMALIZATION),
    *(operations.SELECTION, operations.SOFTMAX, operations.PRODUCT, operations.QUOTIENT, operations.SUM),
    *(operations.OUTPUT, operations.ACTIVATION, operations.MOVEMENT, operations.CONSTANT, operations.UNSUPPORTED),
)


def find_layers(graph: Graph, tensors: dict[str, Tensor], parameters: frozenset[str]) -> tuple[Layer, ...]:
    """The layers in forward order; also writes each live node's layer path into `meta["layer"]`.

    A functional node at the top of the author's `forward` is a layer of its own, named after the node, unless it only
    moves values. What a module computes itself before it calls its parts, whose results it reads again, is one too
    (`block.relu`): the module's name stays with what it computes last. So no layer reads what was made of its output.
    """
    live = live_nodes(graph)
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.op != "call_function" or node not in live:
            continue
        row = operation_of(node)
        path = node.meta.get("layer", "")
        if not path and not (row and row.kind == MOVEMENT):
            path = node.meta["layer"] = node.name
        if path:
            groups.setdefault(path, []).append(node)
    # in the order of their outputs, so that a layer stands after everything it reads
    position = {node: index for index, node in enumerate(graph.nodes)}
    ordered_nodes = list(graph.nodes)
    for path, nodes in list(groups.items()):
        stretch = ordered_nodes[position[nodes[0]] : position[nodes[-1]] + 1]
        _part(path, _passages(nodes, stretch), groups)
    ordered = sorted(groups.items(), key=lambda item: position[item[1][-1]])
    return tuple(_layer(path, nodes, tensors, parameters, live) for path, nodes in ordered)


def _passages(nodes: list[Node], stretch: list[Node]) -> list[list[Node]]:
    """A layer's nodes, parted wherever a way from one to another leads through other layers."""
    own = set(nodes)
    passage: dict[Node, int] = {}  # of others: the last passage that they depend on
    for node in stretch:
        before = [
            passage[source] + (node in own and source not in own)
            for source in node.all_input_nodes
            if source in passage
        ]
        if before or node in own:
            passage[node] = max(before, default=0)
    return [[node for node in nodes if passage[node] == number] for number in sorted({passage[node] for node in nodes})]


def _part(path: str, passages: list[list[Node]], groups: dict[str, list[Node]]) -> None:
    """Make layers of all passages but the one that gives the layer's output, which keeps its path."""
    last = max(passages, key=lambda nodes: nodes[-1] is groups[path][-1])
    groups[path] = last
    for nodes in passages:
        if nodes is last:
            continue
        rows = [operation_of(node) for node in nodes]
        name = (
            ""
            if all(row and row.kind == MOVEMENT for row in rows)
            else _free(f"{path}.{operation_name(nodes[-1])}", groups)
        )
        for node in nodes:
            node.meta["layer"], node.meta["module"] = name, ""
        if name:
            groups[name] = nodes


def _free(name: str, taken: dict[str, list[Node]]) -> str:
    """The name, or the first of name@1, name@2 … that no layer has."""
    return next(one for n in range(len(taken) + 1) if (one := f"{name}@{n}" if n else name) not in taken)


def _layer(
    path: str, nodes: list[Node], tensors: dict[str, Tensor], parameters: frozenset[str], live: set[Node]
) -> Layer:
    kind = min((kind_of(node, live)[0] for node in nodes), key=_TELLING.index)
    module = nodes[-1].meta.get("module", "")
    learned = {
        str(argument.target): tensors[str(argument.target)].numel()
        for node in nodes
        for argument in node.all_input_nodes
        if argument.op == "get_attr" and str(argument.target) in parameters
    }
    return Layer(
        path=path,
        operation=module or operation_name(nodes[-1]),
        kind=kind,
        shape=nodes[-1].meta.get("shape", ()),
        parameters=sum(learned.values()),
        sources=_sources(path, nodes, live),
        nodes=tuple(node.name for node in nodes),
        merged_into=_merged_into(nodes, live),
    )


def _sources(path: str, nodes: list[Node], live: set[Node]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = [argument for node in nodes for argument in node.all_input_nodes]
    while waiting:
        node = waiting.pop(0)
        if node not in live or node.meta.get("layer") == path:
            continue
        name = str(node.target) if node.op == "placeholder" else node.meta.get("layer", "")
        if name:
            found[name] = None
        else:
            waiting.extend(node.all_input_nodes)
    return tuple(found)


def merges(norm: Node, live: set[Node]) -> Node | None:
    """The affine map into which this batch norm is computed: the dense layer or convolution that only it reads."""
    before = norm.args[0] if operation_name(norm) == "batch_norm" else None
    if not isinstance(before, Node) or len(before.users) != 1 or before not in live:
        return None
    source = operation_of(before)
    if source is None or source.family not in {"dense", "convolution"} or before.args[1] in live:
        return None
    # output channels have to stand on axis 1, and on axis 0 of the weight
    dense = source.name == "linear" and len(before.meta.get("shape", ())) == 2
    transposed = source.name.startswith("conv_transpose") or (source.name == "convolution" and before.args[6])
    convolution = source.family == "convolution" and not transposed
    return before if dense or convolution else None


def _merged_into(nodes: list[Node], live: set[Node]) -> str:
    if len(nodes) != 1:
        return ""
    before = merges(nodes[0], live)
    return (
        before.meta.get("layer", "")
        if before is not None and before.meta.get("layer") != nodes[0].meta["layer"]
        else ""
    )
