"""The layers of a TorchScript program in the order in which they run: what tells the sizes of its inputs."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..captured.guessed import Layer
from .scripted import Part, Program

# Operator -> what torch.nn calls it, and the argument that is its weight.
_WEIGHTS = {
    "aten::linear": ("Linear", 1),
    "aten::addmm": ("Linear", 2),
    "aten::matmul": ("Linear", 1),
    "aten::mm": ("Linear", 1),
    "aten::embedding": ("Embedding", 0),
    "aten::batch_norm": ("BatchNorm", 1),
    "aten::layer_norm": ("LayerNorm", 2),
    "aten::_convolution": ("Conv", 1),
    **{f"aten::conv{dims}d": (f"Conv{dims}d", 1) for dims in (1, 2, 3)},
    **{f"aten::conv_transpose{dims}d": (f"ConvTranspose{dims}d", 1) for dims in (1, 2, 3)},
}
_RECURRENT = {"aten::lstm": "LSTM", "aten::gru": "GRU", "aten::rnn_tanh": "RNN", "aten::rnn_relu": "RNN"}
_TURNED = {"aten::addmm", "aten::matmul", "aten::mm"}  # their weights stand as (inputs, outputs)


def layers_in(program: Program) -> list[Layer]:
    """List the layers, the first that runs first."""
    graph = program.script.inlined_graph
    known: dict[str, Any] = {next(graph.inputs()).debugName(): program.module}
    paths: dict[str, str] = {}
    found: list[Layer] = []
    _walk(graph, known, paths, found)
    return found


def _walk(block: Any, known: dict[str, Any], paths: dict[str, str], found: list[Layer]) -> None:
    """Follow attributes and constants; all else is unknown (None)."""
    for node in block.nodes():
        kind = node.kind()
        names = [place.debugName() for place in node.inputs()]
        given = [known.get(name) for name in names]
        result: Any = None
        if kind == "prim::GetAttr" and isinstance(given[0], Part):
            result = given[0].attribute(node.s("name"))
            paths[node.output().debugName()] = f"{paths.get(names[0], '')}.{node.s('name')}".lstrip(".")
        elif kind == "prim::Constant" and node.hasAttribute("value"):
            result = getattr(node, node.kindOf("value"))("value")
        elif kind == "prim::ListConstruct":
            result = given
            paths[node.output().debugName()] = paths.get(names[0], "") if names else ""
        elif kind in {"aten::t", "aten::numpy_T"} and isinstance(given[0], Tensor):
            result = given[0].t()
            paths[node.output().debugName()] = paths.get(names[0], "")
        else:
            layer = _layer(kind, given, [paths.get(name, "") for name in names])
            if layer is not None:
                found.append(layer)
        if node.outputsSize() == 1:
            known[node.output().debugName()] = result
        for inner in node.blocks():
            _walk(inner, known, paths, found)


def _layer(kind: str, given: list[Any], paths: list[str]) -> Layer | None:
    if kind in _RECURRENT and len(given) == 9 and isinstance(given[2], list):
        weights = [weight for weight in given[2] if isinstance(weight, Tensor)]
        path = paths[2].rpartition(".")[0]
        return Layer(path, _RECURRENT[kind], tuple(weights[0].shape), bool(given[8])) if weights else None
    if kind not in _WEIGHTS:
        return None
    name, place = _WEIGHTS[kind]
    weight = given[place] if place < len(given) else None
    if not isinstance(weight, Tensor) or not weight.dim():
        return None
    shape = tuple(weight.shape)
    groups = 1
    if kind == "aten::_convolution":
        name = f"Conv{'Transpose' if given[6] else ''}{len(shape) - 2}d"
        groups = given[8]
    elif kind.startswith("aten::conv"):
        groups = given[7] if "transpose" in kind and len(given) > 7 else given[-1]
    if kind in _TURNED:
        shape = shape[::-1]
    return Layer(paths[place].rpartition(".")[0], name, shape, groups=groups if type(groups) is int else 1)
