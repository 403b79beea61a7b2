"""What the browser tells of single nodes: their shapes, their multiply-adds, and what composites look at."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from lrp_gui.document.results import NodeInfo

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Network

# Products by the place of the operand whose last axis is summed over.
PRODUCTS = {"linear": 0, "matmul": 0, "mm": 0, "bmm": 0, "mv": 0, "dot": 0, "addmm": 1, "baddbmm": 1, "addmv": 1}
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def node_infos(network: Network) -> dict[str, NodeInfo]:
    """Describe every operation of the graph, by the node's name."""
    from lrp_engine.networks.graphs.graph import kind_of, live_nodes, operation_name

    live, facts = live_nodes(network.graph), _facts(network)
    return {
        node.name: NodeInfo(
            name=node.name,
            operation=operation_name(node),
            kind=kind_of(node, live)[0],
            shape=tuple(size for size in node.meta.get("shape", ()) if size is not None),
            multiply_adds=multiply_adds(network, node, operation_name(node)),
            **facts.get(node.name, {}),
        )
        for node in network.graph.nodes
        if node.op == "call_function" and node in live
    }


def _facts(network: Network) -> dict[str, dict[str, Any]]:
    """What composites look at, by the name of the node; nothing where it cannot be told beforehand."""
    from lrp_engine.errors import LrpError
    from lrp_engine.plan import node_facts

    try:
        found = node_facts(network)
    except LrpError:
        return {}  # explaining meets the same error, and says it
    return {
        name: {"layer": facts.layer, "family": facts.family, "position": facts.position, "refused": refused}
        for name, (facts, refused) in found.items()
    }


def multiply_adds(network: Network, node: Node, name: str) -> int:
    """How many products one sample takes here: of convolutions, matrix products and recurrent cells; 0 of all else."""
    shapes = [_shape(network, one) for one in node.args]
    out = prod(_shape(network, node))
    if "conv" in name and len(shapes) > 1:
        turned = "transpose" in name or (name == "convolution" and len(node.args) > 6 and bool(node.args[6]))
        return (prod(shapes[0]) if turned else out) * prod(shapes[1][1:])
    if name in PRODUCTS and len(shapes) > PRODUCTS[name]:
        return out * (shapes[PRODUCTS[name]] or (1,))[-1]
    if name == "einsum" and isinstance(node.args[0], str):
        return _of_einsum(network, node)
    if name in RECURRENT:
        return _of_recurrent(network, node, shapes)
    return 0


def _of_einsum(network: Network, node: Node) -> int:
    """Every index once: the loops that one would write by hand."""
    equation = str(node.args[0]).replace(" ", "").partition("->")[0]
    operands: Any = node.args[1]
    terms = equation.split(",")
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=False):
        shape = _shape(network, operand, whole=True)
        if len(term) != len(shape):
            return 0  # an ellipsis stands for axes that nobody named
        sizes |= dict(zip(term, shape, strict=True))
    return prod(sizes.values())


def _of_recurrent(network: Network, node: Node, shapes: list[tuple[int, ...]]) -> int:
    """Every matrix once for each step in time."""
    weights: Any = next((one for one in node.args[1:] if isinstance(one, list | tuple) and len(one) > 2), ())
    matrices = [_shape(network, one) for one in weights]
    steps = shapes[0][0] if len(shapes[0]) > 1 else 1
    return steps * sum(prod(shape) for shape in matrices if len(shape) == 2)


def _shape(network: Network, value: Any, *, whole: bool = False) -> tuple[int, ...]:
    """A value's shape without its open sample axis; with a 1 in its place if `whole`."""
    from torch.fx import Node

    if not isinstance(value, Node):
        return ()
    if value.op == "get_attr" and str(value.target) in network.tensors:
        return tuple(network.tensors[str(value.target)].shape)
    shape = value.meta.get("shape", ())
    return tuple(1 if size is None else size for size in shape if whole or size is not None)
