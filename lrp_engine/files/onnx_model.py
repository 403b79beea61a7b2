"""An ONNX model as data: what the importer makes a network of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .tensors import TensorInfo


@dataclass(frozen=True, slots=True)
class OnnxValue:
    """An input, output or inner value as the model declares it.

    Attributes
    ----------
    name : str
    dtype : str
        As torch calls it; “sequence of float32”, “optional float32” or “map” where it is no tensor; “” if not stated.
    shape : tuple of int, str or None, or None
        A size, the name of an open one, or None for one without a name; None if no shape is stated at all.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, slots=True)
class OnnxReference:
    """An attribute inside a function that stands for one of the function's own."""

    name: str


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One operation. An input or output that is left out has the name “”.

    Attributes
    ----------
    properties : dict of str to str
        What torch's exporter notes: `name_scopes` and `class_hierarchy`, the modules around the node and their classes
        as Python lists of texts, and `stack_trace`.
    """

    name: str
    operation: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    overload: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """Operations in their order, and the values that they start from and yield.

    Attributes
    ----------
    initializers : dict of str to TensorInfo
        The dense ones.
    sparse_initializers : dict of str to TensorInfo
        Each described by its dense form.
    inputs, outputs : list of OnnxValue
        Before IR version 4 the inputs hold the initialisers too.
    value_info : dict of str to OnnxValue
        What the model states of inner values; empty unless asked for.
    """

    name: str
    nodes: list[OnnxNode]
    initializers: dict[str, TensorInfo]
    sparse_initializers: dict[str, TensorInfo]
    inputs: list[OnnxValue]
    outputs: list[OnnxValue]
    value_info: dict[str, OnnxValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnnxFunction:
    """An operator that the model defines itself.

    Attributes
    ----------
    attributes : dict
        The names of its attributes, with their defaults; None for one that has to be given.
    """

    name: str
    domain: str
    overload: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    nodes: list[OnnxNode]
    opsets: dict[str, int]


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model as data.

    Attributes
    ----------
    path : Path
    opsets : dict of str to int
        Version by domain; “” is ONNX's own.
    graph : OnnxGraph
    functions : dict of (domain, name, overload) to OnnxFunction
    metadata : dict
        Producer, versions, properties: plain values.
    notes : tuple of str
    files : tuple of Path
        All files that hold the model.
    extra : dict of str to bytes
        The properties that hold a file's text, by its name (“lrp.json”).
    """

    path: Path
    opsets: dict[str, int]
    graph: OnnxGraph
    functions: dict[tuple[str, str, str], OnnxFunction]
    metadata: dict[str, Any]
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    extra: dict[str, bytes] = field(default_factory=dict)
