"""Which tensors of an ONNX graph were learned: the format does not say."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from torch import Tensor
from torch.fx import Graph, Node

from ..graphs.graph import operation_name, operation_of
from ..graphs.operations import RECURRENT

# Of norms: which of their arguments are weights, and not statistics.
_WEIGHTS: dict[str, tuple[int, ...]] = {
    "batch_norm": (1, 2),
    "layer_norm": (2, 3),
    "group_norm": (2, 3),
    "rms_norm": (2,),
    "embedding": (0,),
    "prelu": (1,),
    "_prelu_kernel": (1,),
}
_FAMILIES = {"dense", "convolution"}


def learned(graph: Graph, tensors: dict[str, Tensor], stored: Container[str]) -> frozenset[str]:
    """The names of the floating tensors that affine maps, norms, embeddings and recurrent layers hold as weights.

    A scale or shift counts where it is a named tensor of the file (`stored`) with more than one number: a bias that is
    added by a node of its own, a norm that is written out.
    """
    found = set()
    for node in graph.nodes:
        name = str(node.target)
        if node.op == "get_attr" and tensors[name].is_floating_point() and tensors[name].dim():
            own = name in stored and tensors[name].numel() > 1
            if any(_is_weight(reader, node, own) for reader in node.users):
                found.add(name)
    return frozenset(found)


def _is_weight(reader: Node, tensor: Node, own: bool) -> bool:
    name, row = operation_name(reader), operation_of(reader)
    if name in _WEIGHTS:
        return any(_at(reader, place) is tensor for place in _WEIGHTS[name])
    if row is None:
        return False
    if row.family in _FAMILIES or row.kind == RECURRENT:
        return tensor in (*reader.args[1:], *_inner(reader)) or (row.name in {"matmul", "einsum"} and own)
    return own and row.name in {"add", "sub", "mul"} and tensor.meta.get("dtype") is None


def _at(node: Node, place: int) -> Any:
    return node.args[place] if place < len(node.args) else None


def _inner(node: Node) -> list[Any]:
    return [one for argument in node.args if isinstance(argument, list | tuple) for one in argument]
