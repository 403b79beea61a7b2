"""One number format and one device for a network: half precision becomes single, everything stands on the CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph
from torch.fx.node import map_aggregate

from ..network import Shape

WIDENED = "Computed in float32 is"  # how the note on it begins
HALF = frozenset({torch.float16, torch.bfloat16})


def widen(graph: Graph, tensors: dict[str, Tensor], inputs: dict[str, tuple[Shape, torch.dtype]]) -> list[str]:
    """Turn half precision into single, in place, also where a node asks for it; double precision stays.

    Returns
    -------
    list of str
        A note, if weights or inputs were changed.
    """
    formats = {tensor.dtype for tensor in tensors.values()} | {dtype for _, dtype in inputs.values()}
    for key, tensor in tensors.items():
        tensors[key] = tensor.detach().to("cpu", wide(tensor.dtype))
    for name, (shape, dtype) in inputs.items():
        inputs[name] = shape, wide(dtype)
    for node in graph.nodes:
        if node.op == "call_function":
            map_aggregate((node.args, node.kwargs), lambda v: formats.add(v) if isinstance(v, torch.dtype) else None)
            node.args, node.kwargs = map_aggregate((node.args, node.kwargs), _wide_argument)  # type: ignore[misc]
    narrow = sorted(str(dtype).removeprefix("torch.") for dtype in formats & HALF)
    return [f"{WIDENED} what the network has in {' and '.join(narrow)}."] if narrow else []


def wide(dtype: torch.dtype) -> torch.dtype:
    """The number format in which values of this one are computed."""
    return torch.float32 if dtype in HALF else dtype


def _wide_argument(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return wide(value)
    if isinstance(value, torch.device) and value.type != "meta":
        return torch.device("cpu")
    return value
