"""Whether the network reads an input as a series: by the first operation on it that knows what time is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Network

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
ALONG_ONE_AXIS = frozenset({"conv1d", "conv_transpose1d"})
# Where `batch_first` stands among the arguments of a recurrent operation.
BATCH_FIRST = 8
# So many operations are followed.
FARTHEST = 32


def time_axis(network: Network, name: str) -> int:
    """Along which axis of its shape, samples left out, an input is read step by step; -1 where nothing tells."""
    start = next((node for node in network.graph.nodes if node.op == "placeholder" and node.name == name), None)
    start = start or next((n for n in network.graph.nodes if n.op == "placeholder" and n.target == name), None)
    if start is None or len(start.meta.get("shape", ())) < 2:
        return -1
    # Nodes with the input's axes in another order: of each of their axes which one it was.
    waiting = [(start, tuple(range(len(start.meta["shape"]))))]
    seen = {start}
    for node, axes in waiting:
        for user in node.users:
            if user in seen or user.op != "call_function":
                continue
            seen.add(user)
            read = _read_along(user, node)
            if read is not None:
                return axes[read] - 1 if read < len(axes) else -1
            order = _order(user, node)
            if order is not None and len(waiting) < FARTHEST:
                waiting.append((user, tuple(axes[axis] for axis in order)))
    return -1


def _read_along(user: Node, node: Node) -> int | None:
    """The axis along which an operation goes through a node; None where it does not."""
    from lrp_engine.networks.graphs.graph import operation_name

    name = operation_name(user)
    if not user.args or user.args[0] is not node:
        return None
    if name in RECURRENT:
        first = len(user.args) > BATCH_FIRST and bool(user.args[BATCH_FIRST])
        return 1 if first else 0
    return 2 if name in ALONG_ONE_AXIS else None


def _order(user: Node, node: Node) -> list[int] | None:
    """Of each axis of what an operation makes of a node, which of the node's it was; None where they are others."""
    from lrp_engine.networks.graphs.graph import operation_name

    shape, name = tuple(node.meta.get("shape", ())), operation_name(user)
    order = list(range(len(shape)))
    if name == "permute":
        return [int(axis) % len(shape) for axis in user.args[1]]  # type: ignore[union-attr, arg-type]
    if name == "transpose":
        a, b = (int(axis) % len(shape) for axis in user.args[1:3])  # type: ignore[arg-type]
        order[a], order[b] = order[b], order[a]
        return order
    # What keeps the shape keeps the axes: dropout, norms, scalings, activations.
    return order if tuple(user.meta.get("shape") or ()) == shape else None
