"""The residual stream of a transformer, its attentions and what else adds to it, found by structure, not by names.

A sum is on the stream where one of its two terms, followed back through what only moves values, was also read by the
other: x + f(x). Attention is a product of two live values one of which comes from a softmax.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Network

SAME = {
    *("clone", "dropout", "feature_dropout", "alias", "contiguous", "detach", "to", "_to_copy", "type_as"),
    *("lift_fresh_copy", "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze"),
}
TURNED = {"transpose", "permute", "swapaxes", "movedim"}
MATRICES = {"matmul", "bmm"}


@dataclass(frozen=True, slots=True)
class Attention:
    """z = A v. `weights` is A as the product reads it, behind the softmax, its mask and dropout."""

    product: Node
    weights: Node
    values: Node
    softmax: Node
    scores: Node | None  # q kᵀ, where that is a product of two live values
    queries: Node | None


@dataclass(frozen=True, slots=True)
class Block:
    """`total` = stream + `branch`; the branch reads `root`, or what is made of it alone."""

    total: Node
    stream: Node
    branch: Node
    root: Node
    attentions: tuple[Attention, ...]
    alone: bool  # the branch treats every position by itself


@dataclass(frozen=True, slots=True)
class Stream:
    """The blocks in forward order, and the node before them, in which each position has its vector."""

    start: Node
    blocks: tuple[Block, ...]
    end: Node  # the last value of the stream


class Structure:
    """What the search needs to know of a graph: live values, kinds, and who depends on whom."""

    def __init__(self, network: Network) -> None:
        from lrp_engine.networks.graphs.graph import kind_of, live_inputs, live_nodes, operation_name

        self.network = network
        live = live_nodes(network.graph)
        self.order = {node: n for n, node in enumerate(network.graph.nodes)}
        self.nodes = [node for node in network.graph.nodes if node in live]
        calls = [node for node in self.nodes if node.op == "call_function"]
        self.kinds = {node: kind_of(node, live) for node in calls}
        self.names = {node: operation_name(node) for node in calls}
        self.inputs = {node: live_inputs(node, live) if node in self.kinds else [] for node in self.nodes}
        # Of a network for one sample at a time an axis may have come to hold nothing but positions.
        self.single = all(
            (node.meta.get("samples") or ("", 0))[1] == 1 == (node.meta.get("shape") or (None,))[0]
            for node in self.nodes
            if node.op == "placeholder"
        )
        self.before: dict[Node, int] = {}  # as bits of `order`
        for node in self.nodes:
            bits = 1 << self.order[node]
            for one in self.inputs[node]:
                bits |= self.before[one]
            self.before[node] = bits

    def kind(self, node: Node) -> str:
        """The node's kind; "" of inputs."""
        return self.kinds.get(node, ("", ""))[0]

    def reads(self, node: Node, other: Node) -> bool:
        """Whether `node` is made of `other`, or is it."""
        return bool(self.before[node] >> self.order[other] & 1)

    def between(self, first: Node, last: Node) -> Iterator[Node]:
        """All nodes that lead from one to another, the last among them."""
        inside = self.before[last] & ~self.before[first]
        return (node for node in self.nodes if inside >> self.order[node] & 1)

    def table(self, node: Node) -> tuple[int, int]:
        """Positions of one sample, and units of each; (0, 0) of what is no table of positions."""
        shape = node.meta.get("shape") or ()
        samples = node.meta.get("samples")
        if len(shape) < 2 or shape[-1] is None:
            return 0, 0
        if samples is None and self.single:
            return prod(size or 1 for size in shape[:-1]), shape[-1]
        if samples is None or samples[0] == len(shape) - 1:
            return 0, 0
        # Samples may run along an axis together with positions: that axis then has so many of them for each sample.
        count = samples[1] * prod(size or 1 for axis, size in enumerate(shape) if axis != samples[0])
        return count // max(shape[-1], 1), shape[-1]

    def settled(self, node: Node) -> Node:
        """The node, or the one of which it is only a copy or another view."""
        while self.same(node):
            node = self.inputs[node][0]
        return node

    def same(self, node: Node) -> bool:
        """Whether a node is only a copy or another view of the one before it."""
        before = self.inputs[node]
        name = self.names.get(node, "")
        if len(before) != 1 or self.table(node) != self.table(before[0]) or not self.table(node)[0]:
            return False
        if name in TURNED:
            return node.meta["samples"][0] != before[0].meta["samples"][0]
        return name in SAME


def find_streams(structure: Structure) -> list[Stream]:
    """All chains of x + f(x) in which there is attention, in forward order.

    They are several where positions are merged between blocks, and where one part of a network reads another.
    """
    sums: dict[Node, tuple[Node, Node, Node]] = {}
    for node in structure.nodes:
        found = _residual(structure, node, sums)
        if found is not None:
            sums[node] = found
    streams: list[Stream] = []
    taken: set[Node] = set()
    for last in reversed(sums):
        if last in taken:
            continue
        chain, before = _chain(structure, last, sums)
        taken.update(chain)
        blocks = []
        for total in chain:
            stream, branch, root = sums[total]
            inside = tuple(attentions(structure, root, branch))
            blocks.append(Block(total, stream, branch, root, inside, not inside and _alone(structure, root, branch)))
        if any(block.attentions for block in blocks):
            streams.append(Stream(before, tuple(blocks), chain[-1]))
    return streams[::-1]


def _residual(
    structure: Structure, node: Node, sums: dict[Node, tuple[Node, Node, Node]]
) -> tuple[Node, Node, Node] | None:
    """Stream, branch and what the branch reads, where a node is x + f(x)."""
    from lrp_engine.networks.graphs.operations import SUM

    terms = structure.inputs[node]
    shape = structure.table(node)
    if structure.kind(node) != SUM or len(terms) != 2 or not shape[0]:
        return None
    if any(structure.table(term) != shape for term in terms):
        return None
    for stream, branch in (terms, terms[::-1]):
        root = structure.settled(stream)
        if structure.settled(branch) is not root and structure.reads(branch, root):
            return stream, branch, root
        # attention and MLP side by side: x + f(x) + g(x)
        if root in sums and not structure.reads(root, branch) and structure.reads(branch, sums[root][2]):
            return stream, branch, sums[root][2]
    return None


def _chain(structure: Structure, last: Node, sums: dict[Node, tuple[Node, Node, Node]]) -> tuple[list[Node], Node]:
    """The sums from the first to `last`, and the value before the first."""
    chain = [last]
    shape = structure.table(last)
    node = sums[last][0]
    while True:
        if node in sums:
            chain.append(node)
            node = sums[node][0]
            continue
        before = _earlier(structure, node, shape)
        if before is None:
            return chain[::-1], node
        node = before


def _earlier(structure: Structure, node: Node, shape: tuple[int, int]) -> Node | None:
    """The value of the same positions and units that a norm or the like was made of."""
    from lrp_engine.networks.graphs.operations import ACTIVATION, MOVEMENT, NORMALIZATION, PRODUCT, QUOTIENT, SUM

    kind, family = structure.kinds.get(node, ("", ""))
    before = [one for one in structure.inputs[node] if structure.table(one) == shape]
    if kind == MOVEMENT:
        return before[0] if structure.same(node) else None
    if kind in {NORMALIZATION, ACTIVATION, SUM} or family == "scaling":
        return before[0] if len(before) == 1 == len(structure.inputs[node]) else None
    if kind in {PRODUCT, QUOTIENT}:  # a norm written by hand: x times what was made of x
        others = structure.inputs[node]
        whole = before and all(structure.reads(one, structure.settled(before[0])) for one in others)
        return before[0] if len(before) == 1 and whole else None
    return None


def attentions(structure: Structure, root: Node, branch: Node) -> Iterator[Attention]:
    """Every product of an attention map between two nodes."""
    from lrp_engine.networks.graphs.operations import BILINEAR

    for node in structure.between(root, branch):
        terms = structure.inputs[node]
        if structure.kind(node) != BILINEAR or len(terms) != 2 or structure.names[node] not in MATRICES:
            continue
        weights, values = node.args[0], node.args[1]
        softmax = _softmax(structure, weights)  # type: ignore[arg-type]
        if softmax is None or weights not in terms or values not in terms:
            continue
        scores = _product(structure, softmax)
        queries = scores.args[0] if scores is not None else None
        yield Attention(node, weights, values, softmax, scores, queries)  # type: ignore[arg-type]


def _softmax(structure: Structure, node: Node) -> Node | None:
    """The softmax that a value is a copy of, but for its mask."""
    from lrp_engine.networks.graphs.operations import MOVEMENT, SOFTMAX

    while structure.kind(node) != SOFTMAX:
        kind, family = structure.kinds.get(node, ("", ""))
        if len(structure.inputs[node]) != 1 or (kind != MOVEMENT and family != "scaling"):
            return None
        node = structure.inputs[node][0]
    return node


def _product(structure: Structure, node: Node) -> Node | None:
    """Q kᵀ, of which the softmax was taken: behind a scale, a mask, a bias of positions."""
    from lrp_engine.networks.graphs.operations import BILINEAR

    while structure.kind(node) != BILINEAR:
        if len(structure.inputs[node]) != 1:
            return None
        node = structure.inputs[node][0]
    return node if structure.names[node] in MATRICES else None


def _alone(structure: Structure, root: Node, branch: Node) -> bool:
    """Whether a block has no operation that could mix positions: dense layers, activations, norms, gates alone."""
    from lrp_engine.networks.graphs.operations import ACTIVATION, MOVEMENT, NORMALIZATION, PRODUCT, QUOTIENT, SUM

    rows = structure.table(root)[0]
    for node in structure.between(root, branch):
        kind, family = structure.kinds[node]
        if structure.table(node)[0] != rows:
            return False
        if kind == MOVEMENT:
            if not (structure.same(node) or structure.names[node] in {"slice", "narrow"}):
                return False
        elif structure.names[node] == "mean":
            continue
        elif kind not in {ACTIVATION, NORMALIZATION, PRODUCT, QUOTIENT, SUM} and family not in {"dense", "scaling"}:
            return False
    return True
