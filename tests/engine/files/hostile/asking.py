"""Programs whose graphs ask for more than there is: they open, and no network is made by making what they ask for."""

# A row of a table is a line.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .broken import changed_model


def _changed_node(operation: str, **arguments: Any) -> Callable[[Path], Path]:
    """Other arguments for the first node of an operation."""

    def change(said: dict[str, Any]) -> None:
        nodes = said["graph_module"]["graph"]["nodes"]
        node = next(one for one in nodes if one["target"].startswith(f"torch.ops.aten.{operation}."))
        known = {entry["name"]: entry for entry in node["inputs"]}
        node["inputs"] = [
            *(entry for name, entry in known.items() if name not in arguments),
            *({"name": name, "arg": arg, "kind": 1} for name, arg in arguments.items()),
        ]

    return changed_model(change)


def _made(target: str, **arguments: Any) -> Callable[[Path], Path]:
    """The division by a constant exchanged for another operation on the input."""

    def change(said: dict[str, Any]) -> None:
        node = next(n for n in said["graph_module"]["graph"]["nodes"] if ".div." in n["target"])
        node["target"] = target
        first = [entry for entry in node["inputs"] if entry["name"] == "self"]
        given = [{"name": name, "arg": arg, "kind": 1} for name, arg in arguments.items()]
        node["inputs"] = (first if "self" not in arguments and "full" not in target else []) + given

    return changed_model(change)


def _input_size(size: int) -> Callable[[Path], Path]:
    def change(said: dict[str, Any]) -> None:
        said["graph_module"]["graph"]["tensor_values"]["image"]["sizes"][2:] = [{"as_int": size}, {"as_int": size}]

    return changed_model(change)


# These open; a network is made of them, or not, without what they ask for.
LOADED = {
    "loaded: padding of 1,500": _changed_node("conv2d", padding={"as_ints": [1500, 1500]}),
    "loaded: padding of 5,000": _changed_node("conv2d", padding={"as_ints": [5000, 5000]}),
    "loaded: padding of 2^40": _changed_node("conv2d", padding={"as_ints": [2**40, 2**40]}),
    "loaded: a step of 0": _changed_node("conv2d", stride={"as_ints": [0, 0]}),
    "loaded: groups of -1": _changed_node("conv2d", groups={"as_int": -1}),
    "loaded: a view of 2^62": _changed_node("view", size={"as_ints": [2**62, 2**62]}),
    "loaded: repeated": _made("torch.ops.aten.repeat.default", repeats={"as_ints": [1, 1, 4000, 4000]}),
    "loaded: repeated less": _made("torch.ops.aten.repeat.default", repeats={"as_ints": [1, 1, 400, 400]}),
    "loaded: expanded": _made("torch.ops.aten.expand.default", size={"as_ints": [10_000, 10_000, 8, 8]}),
    "loaded: filled": _made("torch.ops.aten.full.default", size={"as_ints": [2**15, 2**15]}, fill_value={"as_float": 1.0}),
    "loaded: filled with 16 TB": _made("torch.ops.aten.full.default", size={"as_ints": [2**21, 2**21]}, fill_value={"as_float": 1.0}),
    "loaded: padded": _made("torch.ops.aten.constant_pad_nd.default", pad={"as_ints": [9999, 9999, 9999, 9999]}),
    "loaded: an input of 10^10": _input_size(100_000),
    "loaded: an input of 10^18": _input_size(10**9),
    "loaded: an input of 4,000,000": _input_size(2000),
    "loaded: an input of -1": _input_size(-1),
    "loaded: an input of text": changed_model(lambda said: said["graph_module"]["graph"]["tensor_values"]["image"].update(sizes="x")),
}
