"""Which axis of an ONNX graph's inputs the samples run on, which sizes its open axes take, and examples of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import CaptureError
from ...files.onnx_model import OnnxValue
from .values import format_of

Sizes = Mapping[str, Any]  # name of an open size -> size, or name of an input -> its shape, None where samples run

_BATCH = re.compile(r"^(n|b|bs|none|samples?|.*batch.*)$", re.IGNORECASE)
_TAKEN = 16  # the size of an open axis that nobody says
_PIXELS = 224


@dataclass(frozen=True, slots=True)
class Input:
    """One input, with all sizes settled.

    Attributes
    ----------
    shape : tuple
        None where the samples run.
    axis : int or None
        Where that is; None if the input has one size only.
    """

    name: str
    dtype: torch.dtype
    shape: tuple[int | None, ...]

    @property
    def axis(self) -> int | None:
        """Where the samples run."""
        return self.shape.index(None) if None in self.shape else None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to take a graph's inputs: with several samples, or as the file has them.

    Attributes
    ----------
    inputs : list of Input
    pinned : bool
        Whether the graph may be made for one sample, and this tries several.
    notes : list of str
        Which sizes were taken.
    """

    inputs: list[Input]
    pinned: bool
    notes: list[str]

    @property
    def open(self) -> bool:
        """Whether there may be several samples."""
        return any(entry.axis is not None for entry in self.inputs)


def ways(values: Sequence[OnnxValue], sizes: Sizes) -> list[Way]:
    """The ways in which inputs can be taken, the best first; the last one is as the file has them.

    Raises
    ------
    CaptureError
        If an input is no tensor of numbers, has no stated shape, or `sizes` does not fit it.
    """
    names = list(dict.fromkeys(value.name for value in values))
    opened = [size for value in values for size in value.shape or () if isinstance(size, str)]
    unknown = set(sizes) - set(names) - {part for size in opened for part in _names(size)}
    if unknown:
        has = f"inputs: {', '.join(names)}" + f"; open sizes: {', '.join(dict.fromkeys(opened))}" * bool(opened)
        raise CaptureError(f"The network has no input and no open size called “{min(unknown)}” ({has}).")
    found: list[Way] = []
    plain, every = _Settled(values, sizes), _Settled(values, sizes, every=True)
    for settled in (every, plain):
        samples = settled.samples()
        if samples is None or (settled is plain and samples == every.samples()):
            continue
        inputs = _inputs(_entries(values, settled), samples)
        found += [Way(inputs, pinned=pinned, notes=settled.notes) for pinned in (False, True)]
    entries = _entries(values, plain)
    if not found and entries and all(shape[:1] == (1,) for _, _, shape in entries):
        found.append(Way(_inputs(entries, [0] * len(entries)), pinned=True, notes=plain.notes))
    return [*found, Way([Input(*entry) for entry in entries], pinned=False, notes=plain.notes)]


_Entry = tuple[str, torch.dtype, tuple[int, ...]]


def _entries(values: Sequence[OnnxValue], settled: _Settled) -> list[_Entry]:
    return [(value.name, format_of(value), settled.shape(value)) for value in values]


def _inputs(entries: list[_Entry], axes: Sequence[int | None]) -> list[Input]:
    return [
        Input(name, dtype, tuple(None if place == axis else size for place, size in enumerate(shape)))
        for (name, dtype, shape), axis in zip(entries, axes, strict=True)
    ]


class _Settled:
    """Sizes for all open axes.

    Parameters
    ----------
    every : bool
        Whether the first axis of each input is taken for the samples' where it is open, whatever its name.
    """

    def __init__(self, values: Sequence[OnnxValue], sizes: Sizes, *, every: bool = False) -> None:
        self.every = every
        self.values = values
        self.sizes = sizes
        self.notes: list[str] = []
        self.symbol = self._symbol()

    def _symbol(self) -> str | None:
        """The name of the size that counts samples: one that is called so, or the first axis of the first input."""
        names = [size for value in self.values for size in value.shape or () if isinstance(size, str)]
        called = next((name for name in names if _BATCH.match(name) and name not in self.sizes), None)
        if called:
            return called
        first = next((v.shape[0] for v in self.values if v.shape and isinstance(v.shape[0], str)), None)
        return first if first not in self.sizes else None

    def samples(self) -> list[int | None] | None:
        """For each input the axis where samples run; None if no input has an open one for them."""
        axes = [self._axis(value) for value in self.values]
        return axes if any(axis is not None for axis in axes) else None

    def _axis(self, value: OnnxValue) -> int | None:
        given = self.sizes.get(value.name)
        shape = value.shape or ()
        if isinstance(given, tuple | list):
            return list(given).index(None) if None in given else None
        if self.symbol is not None and self.symbol in shape:
            return shape.index(self.symbol)
        first = shape[0] if shape else 0
        return 0 if first is None or (self.every and isinstance(first, str) and first not in self.sizes) else None

    def shape(self, value: OnnxValue) -> tuple[int, ...]:
        """The input's sizes; 1 where the samples run."""
        if value.shape is None and value.name not in self.sizes:
            raise CaptureError(
                f"The network does not say how many axes its input “{value.name}” has; give its shape by sizes=."
            )
        given = self.sizes.get(value.name)
        if isinstance(given, tuple | list):
            return self._given(value, tuple(given))
        shape, axis = value.shape or (), self._axis(value)
        return tuple(1 if place == axis else self._size(value, place) for place in range(len(shape)))

    def _given(self, value: OnnxValue, given: tuple[int | None, ...]) -> tuple[int, ...]:
        stated = value.shape
        fits = stated is None or (
            len(given) == len(stated)
            and all(not isinstance(s, int) or g in {s, None} for g, s in zip(given, stated, strict=True))
        )
        if not fits or given.count(None) > 1:
            raise CaptureError(
                f"The input “{value.name}” has the shape {_said(stated or ())}; {_said(given)} does not fit it."
            )
        return tuple(1 if size is None else int(size) for size in given)

    def _size(self, value: OnnxValue, place: int) -> int:
        shape = list(value.shape or ())
        size = shape[place]
        if isinstance(size, int):
            return size
        parts = _parts(size) if size else [""]
        image = len(shape) == 4 and value.dtype.startswith("float")
        default = (_PIXELS if 3 in (shape[1], shape[-1]) else 2 * _TAKEN) if image else _TAKEN
        terms = [int(part) if part.isdigit() else self.sizes.get(part) for part in parts]
        taken = sum(default if term is None else int(term) for term in terms)
        if None in terms:
            called = f" (“{size}”)" if size else ""
            self._say(f"Axis {place} of the input “{value.name}”{called} may have any size; {taken} is taken.")
        return taken

    def _say(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def _parts(size: str) -> list[str]:
    """The terms of a size that is a sum: “past + sequence”."""
    return [part.strip() for part in size.split("+")]


def _names(size: str) -> list[str]:
    return [size, *_parts(size)]


def _said(shape: Sequence[Any]) -> str:
    return "×".join("N" if size is None else str(size) for size in shape) or "of one number"


def examples(entry: Input, counts: Sequence[int], *, plain: bool = False) -> tuple[Tensor, ...]:
    """Values of one input for several example batches.

    In a second batch the first sample of the first one stands elsewhere and among others: two samples become c, a, d of
    a, b. If its output is the same in both, no sample's output depends on where it stands or on what stands beside it.

    Parameters
    ----------
    counts : sequence of int
        How many samples each batch has.
    plain : bool
        Zeros for whole numbers: they are valid tokens whatever the network knows.
    """
    if entry.axis is None:
        value = _values(entry, [size or 0 for size in entry.shape], plain)
        return tuple(value for _ in counts)
    pool = _values(entry, [4 if size is None else size for size in entry.shape], plain)
    places = {1: [0], 2: [0, 1], 3: [2, 0, 3]}
    return tuple(pool.index_select(entry.axis, torch.tensor(places[count])).contiguous() for count in counts)


def _values(entry: Input, shape: list[int], plain: bool) -> Tensor:
    generator = torch.Generator().manual_seed(sum(map(ord, entry.name)))
    if entry.dtype.is_floating_point or entry.dtype.is_complex:
        return torch.rand(shape, generator=generator, dtype=torch.float32).to(entry.dtype)
    if "mask" in entry.name.lower():
        return torch.ones(shape, dtype=entry.dtype)  # nothing is hidden
    if plain:
        return torch.zeros(shape, dtype=entry.dtype)
    return torch.randint(0, 2, shape, generator=generator).to(entry.dtype)
