"""Programs that run code of their own when the usual loaders read them: .pt2 archives and TorchScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..making import DIGITS, member, repacked
from .pickles import command
from .wholes import InPlace, exported


@dataclass(frozen=True, slots=True)
class Program:
    """A row.

    Attributes
    ----------
    make : callable
        (folder, marker) -> the file.
    run : callable
        What everybody does with it; that of machine code is also given the marker.
    opens, loads : bool
        Whether ours shows its tensors, and makes a network of it.
    """

    make: Callable[[Path, Path], Path]
    run: Callable[..., object]
    opens: bool = True
    loads: bool = False


def _expression(marker: Path) -> str:
    return f"__import__('os').system({command(marker)!r})"


def _replaced(value: Any, change: Callable[[Any], Any]) -> Any:
    """A copy with each value changed, from the inside out."""
    if isinstance(value, dict):
        value = {key: _replaced(inner, change) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [_replaced(inner, change) for inner in value]
    return change(value)


def _model(source: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    said = json.loads(member(source, "models/model.json"))
    said = change(said) or said
    return repacked(source, folder / "net.pt2", {"models/model.json": json.dumps(said).encode()})


def _sizes(folder: Path, marker: Path) -> Path:
    """The expressions of the sizes."""

    def change(value: Any) -> Any:
        if isinstance(value, dict) and "expr_str" in value:
            return {**value, "expr_str": _expression(marker)}
        return value

    return _model(DIGITS, folder, lambda said: _replaced(said, change))


def _in_place(folder: Path) -> Path:
    return _file(folder / "source.pt2", _in_place_bytes())


@cache
def _in_place_bytes() -> bytes:
    return exported(InPlace(), torch.ones(2, 4))


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _input_name(folder: Path, marker: Path) -> Path:
    """The name of an input, which torch.fx writes into the text of a function as it is."""
    new = json.dumps(f"x={_expression(marker)}")
    return _model(_in_place(folder), folder, lambda said: json.loads(json.dumps(said).replace('"x"', new)))


def quoted(marker: Path) -> str:
    """A name that is an expression once it stands between quotes; it has no dots, as they part a name."""
    return f'a" if open("{marker}", "w") else "b'


def _tensor_name(folder: Path, marker: Path) -> Path:
    """The name of a weight, which torch.fx puts between quotes as it is."""

    def change(value: Any) -> Any:
        return quoted(marker) if value == "first.weight" else value

    source = _in_place(folder)
    said = _replaced(json.loads(member(source, "models/model.json")), change)
    listed = json.loads(member(source, "data/weights/model_weights_config.json"))
    listed["config"] = {change(key): entry for key, entry in listed["config"].items()}
    changes = {
        "models/model.json": json.dumps(said).encode(),
        "data/weights/model_weights_config.json": json.dumps(listed).encode(),
    }
    return repacked(source, folder / "net.pt2", changes)


def _compiled_by_fx(path: Path) -> object:
    """What comes of a program's names when torch.fx compiles a graph that has them."""
    said = json.loads(member(path, "models/model.json"))["graph_module"]
    graph = torch.fx.Graph()
    held: dict[str, Any] = {}
    for spec in said["signature"]["input_specs"]:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            graph.placeholder(content["arg"]["as_tensor"]["name"])
        else:
            held[content["parameter_name"]] = torch.ones(1)
            graph.get_attr(content["parameter_name"])
    graph.output(0)
    return torch.fx.GraphModule(held, graph)(torch.ones(1))


def _library(folder: Path, marker: Path) -> Path:
    """Machine code: a library that runs when it is loaded, or one that is damaged where nothing can compile it."""
    source, target = folder / "x.c", folder / "x.so"
    source.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void run(void) "
        f'{{ FILE *f = fopen("{marker}", "w"); if (f) fclose(f); }}'
    )
    compiler = shutil.which("cc")
    if compiler:
        subprocess.run([compiler, "-shared", "-fPIC", "-o", target, source], check=True)
    changes = {
        "data/aotinductor/model/x.wrapper.so": target.read_bytes() if compiler else b"\x7fELF",
        "data/aotinductor/model/x.wrapper_metadata.json": b'{"AOTI_DEVICE_KEY": "cpu"}',
    }
    return repacked(DIGITS, folder / "net.pt2", changes)


def _load_library(path: Path, marker: Path) -> None:
    try:
        torch._inductor.aoti_load_package(str(path))
    except RuntimeError as error:
        if "dlopen" in str(error):  # it was given to the system to be run
            marker.touch()


class Saves(nn.Module):
    """TorchScript that writes a file when its state is set."""

    def __init__(self, marker: str) -> None:
        super().__init__()
        self.marker = marker
        self.training = False

    @torch.jit.export
    def __getstate__(self):
        return (self.marker, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.marker = state[0]
        self.training = state[1]
        torch.save(torch.ones(1), self.marker)

    def forward(self, x):
        return x * 2


def _script(folder: Path, marker: Path) -> Path:
    path = folder / "model.pt"
    torch.jit.script(Saves(str(marker))).save(str(path))
    return path


def _module_name(folder: Path, marker: Path) -> Path:
    """A pickled model with a module whose name is an expression."""
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(inplace=True))
    network._modules = {quoted(marker): network[0], "act": network[1]}
    path = folder / "model.pth"
    torch.save(network, path)
    return path


def _trace_module(path: Path) -> object:
    network = torch.load(path, weights_only=False)
    return torch.fx.symbolic_trace(network)(torch.ones(2, 4))


PROGRAMS = {
    "sizes of a .pt2": Program(_sizes, torch.export.load, loads=True),
    "an input's name in a .pt2": Program(_input_name, _compiled_by_fx, loads=True),
    "a tensor's name in a .pt2": Program(_tensor_name, _compiled_by_fx, loads=True),
    "machine code in a .pt2": Program(_library, _load_library, opens=False),
    "TorchScript's own state": Program(_script, torch.jit.load),
    "a module's name in a pickled model": Program(_module_name, _trace_module, loads=True),
}


def operator(folder: Path, target: str) -> Path:
    """A .pt2 whose graph calls something that is no operation."""

    def change(said: dict[str, Any]) -> None:
        node = said["graph_module"]["graph"]["nodes"][1]
        node["target"] = target
        node["inputs"] = [{"name": "x", "arg": {"as_string": "true"}, "kind": 1}]

    return _model(DIGITS, folder, change)
