"""Running a network's graph as it stands, to compare it with what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..network import Network
from .graph import evaluate

CLOSE = 1e-4  # of the largest output: how far two ways to compute the same network may differ


def outputs_of(network: Network, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Run the graph.

    Parameters
    ----------
    given : dict
        A value for every input; it is cut to the samples that the network takes, where their number is fixed.

    Returns
    -------
    dict of str to Tensor
        The outputs by name.
    """
    given = cut(network, given)
    dtypes = {entry.name: getattr(torch, entry.dtype) for entry in network.inputs}
    values: dict[Any, Any] = {}
    with torch.no_grad():
        for node in network.graph.nodes:
            if node.op == "placeholder":
                values[node] = given[str(node.target)].to(dtypes[str(node.target)])
            elif node.op == "get_attr":
                values[node] = network.tensors[str(node.target)]
            elif node.op == "call_function":
                values[node] = evaluate(node, values)
    return {entry.name: values[node] for entry, node in zip(network.outputs, network.output_nodes, strict=True)}


def cut(network: Network, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The first samples, as many as the network takes."""
    found = {}
    for entry in network.inputs:
        value = given[entry.name]
        if entry.axis is not None:
            fixed = entry.shape[entry.axis]
            value = value if fixed is None else value.narrow(entry.axis, 0, fixed)
        found[entry.name] = value
    return found


def differing(network: Network, given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """The first output that is not as expected, to 1e-4 of its largest value; "" if all are."""
    for name, found in outputs_of(network, given).items():
        right = expected[name].detach().to("cpu")
        largest = float(right.abs().nan_to_num(posinf=0.0).max()) if right.numel() else 0.0
        if right.shape != found.shape or not torch.allclose(
            right.to(found.dtype), found, rtol=0.0, atol=CLOSE * largest, equal_nan=True
        ):
            return name
    return ""
