"""The importer as a backend of the onnx package's own suites."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper
from onnx.backend.base import Backend, BackendRep

from lrp_engine.errors import CaptureError, LrpError, UnsupportedOperation
from lrp_engine.networks.onnx import imported

# how much of a case was given as a constant: the suites give settings, as shapes and axes, as inputs
OPEN, SETTINGS, ALL = "open", "settings held", "all held"


@dataclass
class Prepared(BackendRep):
    """A model that waits for its inputs, as settings among them have to be known when the graph is made."""

    model: onnx.ModelProto
    held: str = ""
    errors: list[str] = field(default_factory=list)

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        graph = model.graph
        wanted = inputs_of(graph)
        if len(inputs) > len(wanted):  # what the file has for them are only defaults
            named = {value.name for value in graph.input}
            kept = [stored for stored in graph.initializer if stored.name not in named]
            del graph.initializer[:]
            graph.initializer.extend(kept)
            wanted = inputs_of(graph)
        given = {value.name: tensor(array) for value, array in zip(wanted, inputs, strict=True)}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            path.write_bytes(model.SerializeToString())
            results = self._results(path, wanted, given)
        return tuple(results[value.name] for value in graph.output)

    def _results(self, path: Path, wanted: list[Any], given: dict[str, torch.Tensor]) -> dict[str, Any]:
        first = next((name for name, value in given.items() if value.is_floating_point()), None)
        ways = {
            OPEN: {},
            SETTINGS: {name: value for name, value in given.items() if name != first},
            ALL: given,
        }
        for way, fixed in ways.items():
            sizes = {
                value.name: shape for value in wanted if value.name not in fixed and (shape := open_shape(value, given))
            }
            try:
                found = imported(path, fixed=fixed, sizes=sizes)
                follows = [note for note in found.notes if "decides by the input" in note]
                if follows and way != ALL:  # the way that the importer's own example takes need not be this one
                    self.errors.append(f"{way}: {follows[0]}")
                    continue
                results = found.run({name: value for name, value in given.items() if name not in fixed})
                results = {value.name: array(results.get(value.name), value) for value in self.model.graph.output}
            except (CaptureError, UnsupportedOperation) as error:
                self.errors.append(f"{way}: {error}")
                if way == ALL:
                    raise
            else:
                self.held = way
                return results
        raise AssertionError(self.errors)


def inputs_of(graph: Any) -> list[Any]:
    """The inputs that the graph does not hold itself."""
    stored = {one.name for one in graph.initializer} | {one.values.name for one in graph.sparse_initializer}
    return [value for value in graph.input if value.name not in stored]


_NUMPYS = {"bool", "complex64", "complex128", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def tensor(value: Any) -> torch.Tensor:
    """An array of a suite as what the importer computes with."""
    value = np.asarray(value)
    if value.dtype.name not in _NUMPYS:  # bfloat16 and the formats of 8, 4 and 2 bits
        plain = np.float32 if "float" in value.dtype.name else np.int8 if value.dtype.name[0] == "i" else np.uint8
        value = value.astype(plain)
    wider = {"float16": np.float32, "uint16": np.int32, "uint32": np.int64, "uint64": np.int64}
    return torch.from_numpy(np.array(value.astype(wider.get(value.dtype.name, value.dtype)), order="C"))


def array(result: Any, value: onnx.ValueInfoProto) -> np.ndarray:
    """What the importer computed, in the format that the model declares."""
    if result is None:
        raise CaptureError(f"The output “{value.name}” is left out.")
    return result.detach().numpy().astype(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))


def open_shape(value: onnx.ValueInfoProto, given: dict[str, torch.Tensor]) -> tuple[int | None, ...] | None:
    """The shape of an input that leaves sizes open."""
    sizes = value.type.tensor_type.shape.dim
    if value.name not in given or all(size.HasField("dim_value") for size in sizes):
        return None
    shape = tuple(given[value.name].shape)
    free = sizes and not sizes[0].HasField("dim_value")
    return (None, *shape[1:]) if free else shape


class LrpBackend(Backend):
    """What the suites call."""

    last: Prepared | None = None

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        cls.last = Prepared(model)
        return cls.last

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device == "CPU"


__all__ = ["ALL", "OPEN", "SETTINGS", "LrpBackend", "LrpError", "Prepared"]
