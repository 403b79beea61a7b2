"""`architecture.json`: how the tensors of a state dict are connected, and what the inputs mean. Data, never code.

The file is read with msgspec into the structures below; unknown keys and wrong types are refused with their place.
`resources/docs/architecture-json.md` explains it with examples.
"""

from __future__ import annotations

import json
import math
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from ..errors import ArchitectureError
from ..files.features import Feature

VERSION = 1


class FeatureEntry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An input unit: network value = (value in the table − mean) / scale; and which values are to be expected."""

    name: str
    unit: str = ""
    mean: float = 0.0
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    integer: bool = False
    categories: list[float] | dict[str, float] = []


class InputEntry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An input: its shape without the sample axis, one feature per unit (or none), and “int64” for tokens."""

    name: str
    shape: list[int]
    features: list[FeatureEntry] = []
    dtype: Literal["float32", "int64"] = "float32"


class DescribedInput(msgspec.Struct, forbid_unknown_fields=True):
    """The features of an input whose shape the graph knows already."""

    name: str
    features: list[FeatureEntry] = []


class LayerEntry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A layer: its type with its parameters, and what it reads.

    `weights` is the prefix of its tensors in the state dict (its name, if left out); `tensors` names single ones that
    are called otherwise.
    """

    name: str
    type: str
    parameters: dict[str, Any] = {}
    weights: str | None = None
    inputs: list[str] = []
    tensors: dict[str, str] = {}


class OutputEntry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An output: what it is called and the names of its units."""

    name: str = "output"
    classes: list[str] = []
    layer: str = ""


class Description(msgspec.Struct, forbid_unknown_fields=True):
    """What a `.pt2` archive's `lrp.json` may add to its graph: names of features and classes."""

    version: int
    inputs: list[DescribedInput] = []
    outputs: list[OutputEntry] = []


class Architecture(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file.

    Attributes
    ----------
    version : int
    inputs : list of InputEntry
    layers : list of LayerEntry
        In the order in which they are computed.
    name : str
    outputs : list of OutputEntry
        Without any, the last layer's value is the output.
    assumptions : list of str
        What the weights did not tell when the architecture was inferred, in sentences; a network says so in its notes.
    """

    version: int
    inputs: list[InputEntry]
    layers: list[LayerEntry]
    name: str = ""
    outputs: list[OutputEntry] = []
    assumptions: list[str] = []

    def to_json(self) -> str:
        """The file's text: a layer, a feature and an output take one line each."""
        return _written(msgspec.to_builtins(self)) + "\n"


_Schema = TypeVar("_Schema", Architecture, Description)


def read_architecture(path: str | Path) -> Architecture:
    """Read an architecture.

    Raises
    ------
    ArchitectureError
        If the file is missing, is not JSON, or breaks the schema; the sentence says where.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ArchitectureError(f"The architecture {path.name} cannot be read: {error.strerror}.") from error
    return parse_architecture(text, path.name)


def parse_architecture(text: bytes | str, name: str) -> Architecture:
    """Read the text of an architecture; `name` is what its errors call it.

    Raises
    ------
    ArchitectureError
        If it is not JSON, or breaks the schema; the sentence says where.
    """
    architecture = _decode(text, Architecture, name)
    if not architecture.inputs or not architecture.layers:
        raise ArchitectureError(f"{name} names no {'inputs' if not architecture.inputs else 'layers'}.")
    return architecture


def write_architecture(
    architecture: Architecture, path: str | Path | None = None, *, beside: str | Path | None = None
) -> Path:
    """Write an architecture.

    Parameters
    ----------
    architecture : Architecture
    path : path, optional
        The file to write.
    beside : path, optional
        Instead of it, the weight file that it is for: `NAME.architecture.json` is written into its folder, where `load`
        finds it.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ArchitectureError
        If it cannot be written.
    """
    if path is None and beside is None:
        raise ArchitectureError("Say where the architecture goes: a path, or the weight file that it is for.")
    target = Path(path) if path is not None else name_beside(beside or "")
    fresh = target.with_name(f"{target.name}.new")
    try:
        fresh.write_text(architecture.to_json(), encoding="utf-8")
        fresh.replace(target)
    except OSError as error:
        raise ArchitectureError(f"The architecture cannot be written to {target}: {error.strerror}.") from error
    return target


def name_beside(path: str | Path) -> Path:
    """How the architecture of this weight file is called."""
    path = Path(path)
    return path.with_name(f"{path.stem}.architecture.json")


def _written(value: Any, margin: str = "") -> str:
    """JSON in which a layer, a feature and an output take one line each."""
    if not _opened(value):
        return json.dumps(value, ensure_ascii=False)
    within = f"{margin}  "
    if isinstance(value, dict):
        items = [f"{within}{json.dumps(key)}: {_written(item, within)}" for key, item in value.items()]
    else:
        items = [f"{within}{_written(item, within)}" for item in value]
    opens, closes = "{}" if isinstance(value, dict) else "[]"
    return "\n".join((opens, ",\n".join(items), margin + closes))


def _opened(value: Any) -> bool:
    """Whether it takes several lines: a list of structures or of much, and what holds one."""
    if isinstance(value, list):
        return any(isinstance(item, dict) for item in value) or sum(len(str(item)) for item in value) > 100
    return isinstance(value, dict) and any(map(_opened, value.values()))


def read_description(text: bytes, name: str) -> Description:
    """Read the description inside an archive.

    Raises
    ------
    ArchitectureError
        If it is not JSON, or breaks the schema.
    """
    return _decode(text, Description, name)


def _decode(text: bytes | str, kind: type[_Schema], name: str) -> _Schema:
    try:
        read = msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArchitectureError(f"{name} does not follow the schema: {error}.") from error
    if read.version != VERSION:
        raise ArchitectureError(f"{name} has version {read.version}; this program reads version {VERSION}.")
    return read


def features_of(name: str, shape: tuple[int, ...], entries: list[FeatureEntry]) -> tuple[Feature, ...]:
    """The features of an input, checked against the shape of one sample.

    Raises
    ------
    ArchitectureError
        If there are features, but not one per unit, or a scale is zero.
    """
    if entries and len(entries) != prod(shape):
        raise ArchitectureError(
            f"The input “{name}” has {prod(shape)} units but {len(entries)} features; give one feature per unit."
        )
    for entry in entries:
        if entry.scale == 0:
            raise ArchitectureError(
                f"The feature “{entry.name}” of the input “{name}” has scale 0; use 1 for no scaling."
            )
        if entry.low is not None and entry.high is not None and entry.low > entry.high:
            raise ArchitectureError(
                f"The feature “{entry.name}” of the input “{name}” has low {entry.low:g} above high {entry.high:g}."
            )
    return tuple(map(_feature, entries))


def _feature(entry: FeatureEntry) -> Feature:
    known = entry.categories
    pairs = ((number, word) for word, number in known.items()) if isinstance(known, dict) else ((n, "") for n in known)
    return Feature(
        entry.name,
        entry.unit,
        entry.mean,
        entry.scale,
        -math.inf if entry.low is None else entry.low,
        math.inf if entry.high is None else entry.high,
        entry.integer,
        tuple(pairs),
    )


def classes_of(entry: OutputEntry, units: int) -> tuple[str, ...]:
    """The names of an output's units, checked against how many there are.

    Raises
    ------
    ArchitectureError
        If there are names, but not one per unit.
    """
    if entry.classes and len(entry.classes) != units:
        raise ArchitectureError(
            f"The output “{entry.name}” has {units} units but {len(entry.classes)} class names; give one per unit."
        )
    return tuple(entry.classes)
