"""A network in another precision: the same graph, with its numbers, and what the graph says about them, converted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.fx import Graph, Node

if TYPE_CHECKING:
    from ..network import Network

PRECISIONS = ("float32", "float64")


def in_precision(network: Network, dtype: str) -> Network:
    """The network with all its real numbers of this type; itself, where they are.

    Parameters
    ----------
    network : Network
    dtype : {"float32", "float64"}

    Returns
    -------
    Network
        Kept with the network, so that it is made once.
    """
    if dtype not in PRECISIONS:
        raise ValueError(f"A network is computed in {' or '.join(PRECISIONS)}, not in {dtype}.")
    wanted = getattr(torch, dtype)
    if all(found == wanted for found in _types(network)):
        return network
    if dtype not in network.cache:
        network.cache[dtype] = _converted(network, wanted)
    return network.cache[dtype]


def _types(network: Network) -> set[torch.dtype]:
    """Of what types the network's real numbers are."""
    given = {tensor.dtype for tensor in network.tensors.values()}
    given |= {getattr(torch, one.dtype) for one in network.inputs}
    given |= {node.meta["dtype"] for node in network.graph.nodes if isinstance(node.meta.get("dtype"), torch.dtype)}
    return {one for one in given if one.is_floating_point}


def _converted(network: Network, wanted: torch.dtype) -> Network:
    graph = Graph()
    made: dict[Node, Node] = {}
    for node in network.graph.nodes:
        new = made[node] = graph.node_copy(node, made.__getitem__)
        # An operation that makes numbers, or turns them into others, says of which type.
        new.args = tuple(_as(value, wanted) for value in new.args)
        new.kwargs = {name: _as(value, wanted) for name, value in new.kwargs.items()}
        new.meta = {**node.meta, "dtype": _as(node.meta["dtype"], wanted)} if "dtype" in node.meta else node.meta
    tensors = {
        name: tensor.to(wanted) if tensor.is_floating_point() else tensor for name, tensor in network.tensors.items()
    }
    name = str(wanted).rpartition(".")[2]
    inputs = tuple(
        replace(one, dtype=name) if getattr(torch, one.dtype).is_floating_point else one for one in network.inputs
    )
    return replace(network, graph=graph, tensors=tensors, inputs=inputs, cache={})


def _as(value: Any, wanted: torch.dtype) -> Any:
    """The type that is wanted in the place of another one of real numbers."""
    return wanted if isinstance(value, torch.dtype) and value.is_floating_point else value
