"""Names of layers, as the author of a network gave them, from what exporters leave of them in an ONNX graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from .onnx_model import OnnxNode

# “fc.weight”, “fc/kernel:0” and “fc_w_0” are the weights of the layer “fc”; what exporters number themselves
# (“onnx::MatMul_93”) says nothing.
_WEIGHT = re.compile(
    r"^(?P<layer>[^:]+?)([./_](weight|bias|kernel|gamma|beta|running_mean|running_var|weight_ih_l0|w|b|W|B|s|scale))"
    r"(_\d+|:\d+)?$"
)
_NUMBERED = re.compile(r"^(.+?)_\d+$")
_WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "BatchNormalization", "LayerNormalization", "PRelu", "Gather", "MatMul"}


def parameter_of(name: str) -> str:
    """The layer whose weight, bias or statistic a tensor's name says it is, or ""."""
    found = _WEIGHT.match(name)
    return found["layer"].replace("/", ".") if found else ""


def users(nodes: Iterable[OnnxNode]) -> dict[str, str]:
    """For each value that nodes read, the modules that the first of them stands in."""
    found: dict[str, str] = {}
    for node in nodes:
        for name in node.inputs:
            found.setdefault(name, _scope(node))
    return found


class LayerNames:
    """The layer of each node of a graph.

    Parameters
    ----------
    nodes : iterable of OnnxNode
        All nodes of the graph: whether a scope is one module or holds several shows in what stands in it.
    weights : mapping
        What the graph's initialisers are, by name.
    """

    def __init__(self, nodes: Iterable[OnnxNode], weights: Mapping[str, object]) -> None:
        self._weights = weights
        self._calls: Counter[str] = Counter()
        self._operations: dict[str, set[str]] = {}
        for node in nodes:
            if node.operation not in _HELPERS:
                self._operations.setdefault(_scope(node), set()).add(node.operation)

    def of(self, node: OnnxNode) -> tuple[str, str]:
        """The layer's path, or "" for a function at the top, and its class; a module's second call is `path@1`."""
        scope, weighted = _scope(node), self._of_weight(node)
        numbered = _NUMBERED.match(scope)
        again = numbered is not None and numbered[1] == weighted  # the exporter's name for a module's second call
        told = node.name.startswith("/") or "name_scopes" in node.properties
        # a convolution that a batch norm was merged into is noted in the norm's scope
        named = weighted if again or not told or node.operation in _MERGING else ""
        kind = class_of(node) if named in {"", scope} else node.operation
        path = named or scope
        alone = bool(named) or self._operations.get(path) == {node.operation}
        if path and alone and node.operation not in _HELPERS:
            self._calls[path] += 1
            path = path if self._calls[path] == 1 else f"{path}@{self._calls[path] - 1}"
        return path, kind

    def _of_weight(self, node: OnnxNode) -> str:
        """The layer that the name of one of a node's weights tells."""
        if node.operation not in _WEIGHTED:
            return ""
        return next((layer for name in node.inputs if name in self._weights and (layer := parameter_of(name))), "")


_MERGING = {"Conv", "ConvTranspose", "Gemm"}
_HELPERS = {
    *("Constant", "Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Cast", "Slice", "ConstantOfShape", "Range"),
    *("Reshape", "Transpose", "Expand", "Identity"),
}


def class_of(node: OnnxNode) -> str:
    """The class of the module that a node stands in, where the exporter notes it, else the operator."""
    classes = _listed(node, "class_hierarchy")
    scopes = _listed(node, "name_scopes")
    inside = len(classes) == len(scopes) > 2 and scopes[-2] != ""
    return classes[-2].rsplit(".", 1)[-1] if inside else node.operation


def _listed(node: OnnxNode, key: str) -> list[str]:
    """The texts of a list as Python writes it."""
    return _QUOTED.findall(node.properties.get(key, ""))


_QUOTED = re.compile(r"'([^']*)'")


def _scope(node: OnnxNode) -> str:
    """The modules that a node stands in: noted by the exporter (the last of the list is the node), or in its name."""
    noted = _listed(node, "name_scopes")
    return noted[-2] if len(noted) > 1 else _scope_of_name(node)


def _scope_of_name(node: OnnxNode) -> str:
    """The modules that a node's name lists: “/layer1/layer1.0/conv1/Conv_1” stands in layer1.0.conv1."""
    name = node.name
    if "/" not in name:
        plain = _NUMBERED.match(name)
        own = (plain[1] if plain else name).lower() == node.operation.lower()
        return "" if own or _MEANINGLESS.match(name) else name
    parts = [part for part in name.split("/") if part]
    plain = _NUMBERED.match(parts[-1])
    if name.startswith("/") or (plain[1] if plain else parts[-1]).lower() == node.operation.lower():
        parts = parts[:-1]
    path: list[str] = []
    for part in parts:
        # a module in a list is called by the list's name and its own: layer1/layer1.0
        if path and part.startswith(path[-1] + "."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path)


_MEANINGLESS = re.compile(r"^(n|node|op|Op)?[_.#]?\d*$|^node_|^\d")
