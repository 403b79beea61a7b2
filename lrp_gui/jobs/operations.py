"""The graph of operations as plain values: every node that relevance can reach, in groups by module path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lrp_engine import Network

# A group with more members than this is cut into groups of neighbours: nobody reads more side by side.
MOST_MEMBERS = 48
# So much is shown before anybody opens anything, if whole levels fit.
SHOWN_AT_FIRST = 24


@dataclass(frozen=True, slots=True)
class Operations:
    """Nodes in forward order; `edges` is (edges, 2): from a node to the one that reads it."""

    names: tuple[str, ...]
    operations: tuple[str, ...]
    layers: tuple[str, ...]  # the module path that a node stands in, "" at the top
    shapes: tuple[tuple[int, ...], ...]
    edges: np.ndarray
    final: int  # the node that is explained


@dataclass(slots=True)
class Group:
    """Nodes of one module, or a run of neighbours where there are too many. A member is a node's number or a group."""

    path: str
    name: str
    parent: Group | None = None
    members: list[int | Group] = field(default_factory=list)

    @property
    def first(self) -> int:
        """The first node in it."""
        member = self.members[0]
        return member if isinstance(member, int) else member.first

    def nodes(self) -> Iterator[int]:
        """Every node in it, at whatever depth."""
        for member in self.members:
            if isinstance(member, int):
                yield member
            else:
                yield from member.nodes()

    def groups(self) -> Iterator[Group]:
        """Every group in it, at whatever depth."""
        for member in self.members:
            if not isinstance(member, int):
                yield member
                yield from member.groups()


def operations_of(network: Network) -> Operations:
    """Every node that relevance can reach."""
    from lrp_engine.networks.graphs.graph import live_inputs, live_nodes, operation_name

    live = live_nodes(network.graph)
    nodes = [node for node in network.graph.nodes if node in live]
    number = {node: n for n, node in enumerate(nodes)}
    edges = [(number[source], number[node]) for node in nodes for source in live_inputs(node, live)]
    final = next((number[node] for node in network.output_nodes if node in number), len(nodes) - 1)
    return Operations(
        names=tuple(str(node.target) if node.op == "placeholder" else node.name for node in nodes),
        operations=tuple("input" if node.op == "placeholder" else operation_name(node) for node in nodes),
        layers=tuple(node.meta.get("layer") or "" for node in nodes),
        shapes=tuple(tuple(size for size in node.meta.get("shape", ()) if size is not None) for node in nodes),
        edges=np.array(edges, dtype=np.int32).reshape(-1, 2),
        final=final,
    )


def grouped(found: Operations) -> Group:
    """The groups that the module paths make: a module of one node is that node, a chain of modules is one group."""
    alone = {path for path, count in Counter(found.layers).items() if count == 1}
    prefixes = {path[:at] for path in found.layers for at in range(len(path)) if path[at] == "."}
    root = Group("", "")
    known = {"": root}
    for node, path in enumerate(found.layers):
        home = path.rpartition(".")[0] if path in alone and path not in prefixes else path
        _group(home, known).members.append(node)
    _tidy(root)
    return root


def _group(path: str, known: dict[str, Group]) -> Group:
    if path not in known:
        above, _, name = path.rpartition(".")
        parent = _group(above, known)
        known[path] = Group(path, name, parent)
        parent.members.append(known[path])
    return known[path]


def _tidy(group: Group) -> None:
    """Groups of one member give way to it; too many members become groups of neighbours."""
    members: list[int | Group] = []
    for member in group.members:
        one = member
        while isinstance(one, Group) and len(one.members) == 1:
            inner = one.members[0]
            if isinstance(inner, Group):
                inner.name = f"{one.name}.{inner.name}"
            one = inner
        if isinstance(one, Group):
            one.parent = group
            _tidy(one)
        members.append(one)
    members.sort(key=_first)
    while len(members) > MOST_MEMBERS:
        members = _runs(group, members)
    group.members = members


def _first(member: int | Group) -> int:
    return member if isinstance(member, int) else member.first


def _runs(group: Group, members: list[int | Group]) -> list[int | Group]:
    count = -(-len(members) // MOST_MEMBERS)
    cuts = [round(n * len(members) / count) for n in range(count + 1)]
    runs: list[int | Group] = []
    for low, high in pairwise(cuts):
        run = Group("", "", group, members[low:high])
        nodes = list(run.nodes())
        run.name = f"{nodes[0] + 1} – {nodes[-1] + 1}"
        run.path = f"{group.path}#{nodes[0]}-{nodes[-1]}"
        for member in run.members:
            if isinstance(member, Group):
                member.parent = run
        runs.append(run)
    return runs


def opened_at_first(root: Group) -> frozenset[str]:
    """Groups that are open before anybody says otherwise: whole levels, as long as not too much is shown."""
    opened: set[str] = set()
    shown: list[int | Group] = list(root.members)
    while True:
        inside = [group for group in shown if isinstance(group, Group)]
        following = [one for member in shown for one in (member.members if isinstance(member, Group) else [member])]
        if not inside or len(following) > SHOWN_AT_FIRST:
            return frozenset(opened)
        opened |= {group.path for group in inside}
        shown = following


def opened_by(root: Group, toggled: Iterable[str]) -> frozenset[str]:
    """Which groups are open after these were opened or folded otherwise than at first."""
    return opened_at_first(root) ^ frozenset(toggled)
