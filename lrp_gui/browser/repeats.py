"""Blocks that repeat, as one row: twelve encoder layers of the same parts are “0 … 11  ×12”, which unfolds."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lrp_gui.browser.tree import NOWHERE, TreeNode
from lrp_gui.document.results import NodeInfo

# Two alike are quicker read than unfolded.
FEWEST = 3


def fold_repeats(nodes: list[TreeNode]) -> tuple[list[TreeNode], list[int]]:
    """Put neighbours of the same parts below a node of their own.

    Parameters
    ----------
    nodes
        Parents stand before their children; changed in place, and the new nodes added behind.

    Returns
    -------
    tuple
        The nodes, and the numbers of those at the top.
    """
    alike = _alike(nodes)
    top = [number for number, node in enumerate(nodes) if node.parent == NOWHERE]
    for parent in range(len(nodes)):
        nodes[parent].children = _folded(nodes, parent, nodes[parent].children, alike)
    return nodes, _folded(nodes, NOWHERE, top, alike)


def _folded(nodes: list[TreeNode], parent: int, children: list[int], alike: list[int]) -> list[int]:
    found: list[int] = []
    for _kind, run in groupby(children, key=lambda number: alike[number]):
        same = list(run)
        if len(same) < FEWEST or not _is_module(nodes, same[0]):
            found += same
            continue
        first, last = nodes[same[0]], nodes[same[-1]]
        number = len(nodes)
        name = f"{first.name} … {last.name}  ×{len(same)}"
        nodes.append(TreeNode(f"{first.path} … {last.name}", name, parent, None, same, repeats=len(same)))
        for one in same:
            nodes[one].parent = number
        found.append(number)
    return found


def _is_module(nodes: list[TreeNode], number: int) -> bool:
    """Whether it holds layers, not only the nodes of one."""
    return any(not isinstance(nodes[child].item, NodeInfo) for child in nodes[number].children)


def _alike(nodes: list[TreeNode]) -> list[int]:
    """The same number for nodes of the same parts: operation, shape, parameters, and all below by name."""
    numbers: dict[Any, int] = {}
    alike = [0] * len(nodes)
    for number in range(len(nodes) - 1, -1, -1):
        node, item = nodes[number], nodes[number].item
        own = (item.operation, item.kind, item.shape, item.parameters) if hasattr(item, "parameters") else ()
        if isinstance(item, NodeInfo):
            own = (item.operation, item.kind, item.shape)
        parts = tuple((_part_name(nodes[child]), alike[child]) for child in node.children)
        alike[number] = numbers.setdefault((own, parts), len(numbers))
    return alike


def _part_name(node: TreeNode) -> str:
    """What a part is called in every block alike: nodes of the graph are numbered through all of them."""
    return node.item.operation if isinstance(node.item, NodeInfo) else node.name
