"""Whether an architecture fits the weights: every layer's parameters, tensors and shapes, with all that does not.

Plain arithmetic on shapes: nothing is read from the file, no torch is imported, so a person can be told while editing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from ..errors import ArchitectureError
from .modules import LAYER_TYPES, LayerType, MisfitError, Shape, Slot
from .modules.base import say

if TYPE_CHECKING:
    from ..files import TensorInfo
    from .architecture import Architecture, InputEntry, LayerEntry

MOST_VALUES = 2**28  # of one layer, for one sample
MOST_NUMBER = 2**40

# Parameters that take a list, that have to be one, and numbers that need not be whole.
_LISTS = frozenset(
    {
        *("kernel_size", "stride", "padding", "output_padding", "dilation", "output_size", "size", "scale_factor"),
        *("normalized_shape", "dim", "shape", "dims", "unflattened_size"),
    }
)
_ONLY_LISTS = frozenset({"shape", "dims", "unflattened_size"})
_FRACTIONS = frozenset({"eps", "scale_factor", "threshold", "value"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit: the layer, the tensor if it is one, and a sentence with both shapes."""

    layer: str
    tensor: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer that has been checked.

    Attributes
    ----------
    entry, kind, parameters
        The layer as it is written, its row of the table, its parameters with the defaults.
    sources : tuple of str
        The inputs and layers that it reads.
    shapes : tuple of Shape
        Of these; None for one that is not known.
    tensors : dict of str to str
        Slot -> the tensor's name in the weights.
    """

    entry: LayerEntry
    kind: LayerType
    parameters: dict[str, Any]
    sources: tuple[str, ...]
    shapes: tuple[Shape | None, ...]
    tensors: dict[str, str]
    learned: frozenset[str]


@dataclass(slots=True)
class Fit:
    """What checking an architecture found.

    Attributes
    ----------
    problems : list of Problem
        Everything that does not fit, in the layers' order; without any the network can be built.
    shapes : dict of str to Shape
        Of the inputs and of each layer's value, None where the samples run; without those that are not known.
    layers : list of Placed
        The layers that are understood.
    unused : list of str
        The network's tensors that no layer reads; counters of batches are not among them.
    outputs : list of (str, str)
        Name -> the layer that gives it.
    """

    problems: list[Problem] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    layers: list[Placed] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)


def fit(architecture: Architecture, tensors: Mapping[str, TensorInfo]) -> Fit:
    """Check an architecture against tensors by name."""
    return _Fitting(architecture, tensors).result


class _Fitting:
    def __init__(self, architecture: Architecture, tensors: Mapping[str, TensorInfo]) -> None:
        self.result = Fit()
        self._tensors = tensors
        # of every value by name: "numbers" or "tokens"
        self._sorts: dict[str, str] = {}
        for entry in architecture.inputs:
            self._add_input(entry)
        previous = architecture.inputs[0].name if architecture.inputs else ""
        for entry in architecture.layers:
            self._add_layer(entry, previous)
            if entry.type != "Parameter":
                previous = entry.name
        for output in architecture.outputs or [None]:
            name, layer = (output.name, output.layer or previous) if output else ("output", previous)
            if layer not in self._sorts:
                self._say(layer, "", f"The output “{name}” reads “{layer}”, which no layer is called.")
            self.result.outputs.append((name, layer))
        read = {name for layer in self.result.layers for name in layer.tensors.values()}
        self.result.unused = [name for name in tensors if name not in read and not name.endswith("num_batches_tracked")]

    def _say(self, layer: str, tensor: str, sentence: str) -> None:
        self.result.problems.append(Problem(layer, tensor, sentence))

    def _add_input(self, entry: InputEntry) -> None:
        if entry.name in self._sorts:
            self._say(entry.name, "", f"Two inputs are called “{entry.name}”; give each a name of its own.")
        self._sorts[entry.name] = "tokens" if entry.dtype == "int64" else "numbers"
        if any(size < 1 for size in entry.shape):
            self._say(entry.name, "", f"The input “{entry.name}” has a size below 1 in its shape {entry.shape}.")
        elif prod(entry.shape) > MOST_VALUES:
            self._say(entry.name, "", f"The input “{entry.name}” would have {prod(entry.shape)} values for one sample.")
        else:
            self.result.shapes[entry.name] = (None, *entry.shape)

    def _add_layer(self, entry: LayerEntry, previous: str) -> None:
        try:
            kind, parameters = _understood(entry)
            sources = self._sources(entry, kind, previous)
        except ArchitectureError as error:
            self._say(entry.name, "", str(error))
            self._sorts.setdefault(entry.name, "numbers")
            return
        self._sorts[entry.name] = self._sorts[sources[0]] if kind.takes == "any" and sources else "numbers"
        shapes = tuple(self.result.shapes.get(source) for source in sources)
        try:
            slots = kind.slots_for(parameters)
            found = self._found(entry, slots, parameters)
            self._shape(entry, kind, parameters, sources, shapes)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError) as error:
            sentence = f"The layer “{entry.name}” ({entry.type}) has a parameter that makes no sense: {error}."
            self._say(entry.name, "", sentence)
            return
        learned = frozenset(found[slot.name] for slot in slots if slot.learned)
        self.result.layers.append(Placed(entry, kind, parameters, sources, shapes, found, learned))

    def _sources(self, entry: LayerEntry, kind: LayerType, previous: str) -> tuple[str, ...]:
        if entry.name in self._sorts:
            raise ArchitectureError(f"The name “{entry.name}” is used twice; give each layer a name of its own.")
        least, most = kind.inputs
        sources = tuple(entry.inputs) or ((previous,) if least == 1 else ())
        if not least <= len(sources) <= most:
            wanted = _counted(least, most)
            raise ArchitectureError(f"The layer “{entry.name}” ({entry.type}) takes {wanted}, not {len(sources)}.")
        for name in sources:
            if name not in self._sorts:
                raise ArchitectureError(
                    f"The layer “{entry.name}” reads “{name}”, which no input or earlier layer is called."
                )
            if kind.takes != "any" and kind.takes != self._sorts[name]:
                wants, has = ("numbers", "tokens") if kind.takes == "numbers" else ("tokens", "numbers")
                raise ArchitectureError(
                    f"The layer “{entry.name}” ({entry.type}) takes {wants}, but “{name}” holds {has}; "
                    f'an input of tokens has "dtype": "int64", and an Embedding makes numbers of them.'
                )
        return sources

    def _found(self, entry: LayerEntry, slots: Sequence[Slot], parameters: dict[str, Any]) -> dict[str, str]:
        """For each slot of the layer its tensor's name in the weights; says what is missing or has another shape."""
        prefix = entry.name if entry.weights is None else entry.weights
        found = {}
        odd = sorted(set(entry.tensors) - {slot.name for slot in slots})
        if odd:
            has = ", ".join(slot.name for slot in slots) or "none"
            self._say(
                entry.name, "", f"The layer “{entry.name}” ({entry.type}) has no tensor “{odd[0]}”; it has {has}."
            )
        for slot in slots:
            key = entry.tensors.get(slot.name) or ".".join(part for part in (prefix, slot.name) if part)
            expected = tuple(slot.shape(parameters))
            info = self._tensors.get(key)
            if info is None:
                self._say(
                    entry.name,
                    key,
                    f"The architecture's layer “{entry.name}” ({entry.type}) needs the tensor “{key}” "
                    f"({say(expected)}), which the weights do not have.",
                )
            elif tuple(info.shape) != expected:
                self._say(
                    entry.name,
                    key,
                    f"The tensor “{key}” is {say(info.shape)} in the weights, but {say(expected)} by the "
                    f"architecture's layer “{entry.name}”.",
                )
            found[slot.name] = key
        return found

    def _shape(
        self,
        entry: LayerEntry,
        kind: LayerType,
        parameters: dict[str, Any],
        sources: Sequence[str],
        shapes: Sequence[Shape | None],
    ) -> None:
        known = [shape for shape in shapes if shape is not None]
        if len(known) < len(shapes):
            return
        try:
            shape = kind.shape(known, parameters)
        except MisfitError as error:
            what = " and ".join(f"“{name}”" for name in sources)
            why = str(error).removesuffix(".")
            sentence = f"The layer “{entry.name}” ({entry.type}) does not fit {what}, which it reads: {why}."
            self._say(entry.name, "", sentence)
            return
        if prod(size or 1 for size in shape) > MOST_VALUES:
            self._say(entry.name, "", f"The layer “{entry.name}” ({entry.type}) would make {say(shape)} values.")
        else:
            self.result.shapes[entry.name] = shape


def _counted(least: int, most: int) -> str:
    if most == 0:
        return "no inputs"
    if least == most:
        return "one input" if most == 1 else f"{most} inputs"
    return f"{least} to {most} inputs" if most < 100 else f"at least {least} inputs"


def _understood(entry: LayerEntry) -> tuple[LayerType, dict[str, Any]]:
    """The row of the table for a layer, and its parameters with the defaults."""
    kind = LAYER_TYPES.get(entry.type)
    if kind is None:
        known = ", ".join(LAYER_TYPES)
        raise ArchitectureError(f"The layer “{entry.name}” has the unknown type “{entry.type}”; known are {known}.")
    missing = [name for name in kind.required if name not in entry.parameters]
    unknown = [name for name in entry.parameters if name not in kind.required and name not in kind.optional]
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has the unknown parameter {', '.join(unknown)}"
        takes = ", ".join((*kind.required, *kind.optional)) or "none"
        raise ArchitectureError(f"The layer “{entry.name}” ({entry.type}) {what}; it takes {takes}.")
    for name, value in entry.parameters.items():
        wanted = _wanted(name, value, kind)
        if wanted:
            raise ArchitectureError(
                f"The layer “{entry.name}” ({entry.type}) has a parameter that makes no sense: "
                f"{name} has to be {wanted}, not {json.dumps(value, default=str)}."
            )
    return kind, {**kind.optional, **entry.parameters}


def _wanted(name: str, value: Any, kind: LayerType) -> str:
    """What a parameter has to be, if this value is not; else ""."""
    default = kind.optional.get(name)
    if name in kind.words and (isinstance(value, str) or isinstance(default, str)):
        words = kind.words[name]
        return "" if value in words else "one of " + ", ".join(words)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if value is None:
        return "" if name in kind.optional and default is None else "a number"
    if name in _FRACTIONS or isinstance(default, float):
        numbers = value if isinstance(value, list) and name in _LISTS else [value]
        return "" if all(map(_is_number, numbers)) else "a number"
    if isinstance(value, list):
        return "" if name in _LISTS and all(map(_is_whole, value)) else "a whole number"
    if name in _ONLY_LISTS:
        return "a list of whole numbers"
    return "" if _is_whole(value) else "a whole number"


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) <= MOST_NUMBER


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) <= MOST_NUMBER
