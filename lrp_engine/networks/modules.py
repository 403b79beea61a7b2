"""The table of layer types that an `architecture.json` may name: torch.nn name -> parameters, tensors, ATen call.

A type is built straight into the graph: no module is made and no code of the file runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Graph, Node

aten = torch.ops.aten

Build = Callable[[Graph, Node, dict[str, Any], Callable[[str], Node | None]], Node]


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor of a layer: its name in the state dict, its shape from the layer's parameters, whether it is needed."""

    name: str
    shape: Callable[[dict[str, Any]], tuple[int, ...]]
    present: Callable[[dict[str, Any]], bool] = lambda _: True
    learned: bool = True


@dataclass(frozen=True, slots=True)
class LayerType:
    """One row of the table.

    Attributes
    ----------
    required, optional : tuple, dict
        Parameters without and with a default, named as torch.nn names them.
    slots : tuple of Slot
        The tensors that it reads from the weights.
    build : callable
        `(graph, x, parameters, tensor) -> node`; `tensor(name)` gives the node of a slot, or None.
    """

    required: tuple[str, ...]
    optional: dict[str, Any]
    slots: tuple[Slot, ...]
    build: Build


def _pair(value: Any, dims: int) -> list[int]:
    return [int(v) for v in value] if isinstance(value, list | tuple) else [int(value)] * dims


def _call(graph: Graph, target: Any, *args: Any) -> Node:
    return graph.create_node("call_function", target, args, name=target._schema.name.removeprefix("aten::"))


def _linear() -> LayerType:
    return LayerType(
        ("in_features", "out_features"),
        {"bias": True},
        (
            Slot("weight", lambda p: (p["out_features"], p["in_features"])),
            Slot("bias", lambda p: (p["out_features"],), lambda p: p["bias"]),
        ),
        lambda g, x, _, t: _call(g, aten.linear.default, x, t("weight"), t("bias")),
    )


def _convolution(dims: int) -> LayerType:
    target = {1: aten.conv1d.default, 2: aten.conv2d.default, 3: aten.conv3d.default}[dims]

    def shape(p: dict[str, Any]) -> tuple[int, ...]:
        return (p["out_channels"], p["in_channels"] // p["groups"], *_pair(p["kernel_size"], dims))

    def build(g: Graph, x: Node, p: dict[str, Any], t: Callable[[str], Node | None]) -> Node:
        stride, padding, dilation = (_pair(p[key], dims) for key in ("stride", "padding", "dilation"))
        return _call(g, target, x, t("weight"), t("bias"), stride, padding, dilation, p["groups"])

    return LayerType(
        ("in_channels", "out_channels", "kernel_size"),
        {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True},
        (Slot("weight", shape), Slot("bias", lambda p: (p["out_channels"],), lambda p: p["bias"])),
        build,
    )


def _batch_norm() -> LayerType:
    def size(p: dict[str, Any]) -> tuple[int, ...]:
        return (p["num_features"],)

    def build(g: Graph, x: Node, p: dict[str, Any], t: Callable[[str], Node | None]) -> Node:
        tensors = (t("weight"), t("bias"), t("running_mean"), t("running_var"))
        return _call(g, aten.batch_norm.default, x, *tensors, False, 0.1, p["eps"], False)

    return LayerType(
        ("num_features",),
        {"eps": 1e-5, "affine": True},
        (
            Slot("weight", size, lambda p: p["affine"]),
            Slot("bias", size, lambda p: p["affine"]),
            Slot("running_mean", size, learned=False),
            Slot("running_var", size, learned=False),
        ),
        build,
    )


def _max_pool(dims: int) -> LayerType:
    target = {1: aten.max_pool1d.default, 2: aten.max_pool2d.default, 3: aten.max_pool3d.default}[dims]

    def build(g: Graph, x: Node, p: dict[str, Any], _: Any) -> Node:
        kernel = _pair(p["kernel_size"], dims)
        stride = kernel if p["stride"] is None else _pair(p["stride"], dims)
        padding, dilation = _pair(p["padding"], dims), _pair(p["dilation"], dims)
        return _call(g, target, x, kernel, stride, padding, dilation, p["ceil_mode"])

    return LayerType(("kernel_size",), {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}, (), build)


def _average_pool(dims: int) -> LayerType:
    target = {1: aten.avg_pool1d.default, 2: aten.avg_pool2d.default, 3: aten.avg_pool3d.default}[dims]

    def build(g: Graph, x: Node, p: dict[str, Any], _: Any) -> Node:
        kernel = _pair(p["kernel_size"], dims)
        stride = kernel if p["stride"] is None else _pair(p["stride"], dims)
        return _call(g, target, x, kernel, stride, _pair(p["padding"], dims), p["ceil_mode"], p["count_include_pad"])

    optional = {"stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True}
    return LayerType(("kernel_size",), optional, (), build)


def _adaptive_average_pool(dims: int) -> LayerType:
    target = {1: aten.adaptive_avg_pool1d, 2: aten.adaptive_avg_pool2d, 3: aten.adaptive_avg_pool3d}[dims].default
    return LayerType(("output_size",), {}, (), lambda g, x, p, _: _call(g, target, x, _pair(p["output_size"], dims)))


def _plain(target: Any, *names: str, **optional: Any) -> LayerType:
    """An elementwise function; `names` are the parameters passed on to it, in order."""
    return LayerType((), optional, (), lambda g, x, p, _: _call(g, target, x, *(p[name] for name in names)))


def _gelu() -> LayerType:
    def build(g: Graph, x: Node, p: dict[str, Any], _: Any) -> Node:
        return g.call_function(aten.gelu.default, (x,), {"approximate": p["approximate"]})

    return LayerType((), {"approximate": "none"}, (), build)


LAYER_TYPES: dict[str, LayerType] = {
    "Linear": _linear(),
    **{f"Conv{d}d": _convolution(d) for d in (1, 2, 3)},
    **{f"BatchNorm{d}d": _batch_norm() for d in (1, 2, 3)},
    **{f"MaxPool{d}d": _max_pool(d) for d in (1, 2, 3)},
    **{f"AvgPool{d}d": _average_pool(d) for d in (1, 2, 3)},
    **{f"AdaptiveAvgPool{d}d": _adaptive_average_pool(d) for d in (1, 2, 3)},
    "ReLU": _plain(aten.relu.default),
    "ReLU6": _plain(aten.relu6.default),
    "LeakyReLU": _plain(aten.leaky_relu.default, "negative_slope", negative_slope=0.01),
    "ELU": _plain(aten.elu.default, "alpha", alpha=1.0),
    "SELU": _plain(aten.selu.default),
    "GELU": _gelu(),
    "SiLU": _plain(aten.silu.default),
    "Mish": _plain(aten.mish.default),
    "Tanh": _plain(aten.tanh.default),
    "Hardtanh": _plain(aten.hardtanh.default, "min_val", "max_val", min_val=-1.0, max_val=1.0),
    "Hardswish": _plain(aten.hardswish.default),
    "Hardsigmoid": _plain(aten.hardsigmoid.default),
    "Softplus": _plain(aten.softplus.default, "beta", "threshold", beta=1.0, threshold=20.0),
    "Sigmoid": _plain(aten.sigmoid.default),
    "Softmax": _plain(aten.softmax.int, "dim", dim=-1),
    "LogSoftmax": _plain(aten.log_softmax.int, "dim", dim=-1),
    "Flatten": _plain(aten.flatten.using_ints, "start_dim", "end_dim", start_dim=1, end_dim=-1),
    "Dropout": LayerType((), {"p": 0.5}, (), lambda g, x, _, __: _call(g, aten.clone.default, x)),
    "Identity": LayerType((), {}, (), lambda g, x, _, __: _call(g, aten.clone.default, x)),
}


def table_of_types() -> str:
    """The table as Markdown, for `resources/docs/architecture-json.md`."""
    lines = ["| type | parameters (with their defaults) | tensors |", "|---|---|---|"]
    for name, row in LAYER_TYPES.items():
        optional = (f"{key} = {'null' if value is None else str(value).lower()}" for key, value in row.optional.items())
        tensors = ", ".join(slot.name for slot in row.slots)
        lines.append(f"| `{name}` | {', '.join((*row.required, *optional)) or '–'} | {tensors or '–'} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table_of_types())  # noqa: T201 – this is what it is run for
