"""What the jobs about tables hand over: how a file is read, its first rows, and how its columns become inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from lrp_engine.files.table_options import AS_FOUND, ENCODINGS, SEPARATORS, Reading
from lrp_engine.files.table_pictures import FITS, PictureInput

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.results import NetworkInfo

__all__ = ["AS_FOUND", "ENCODINGS", "FITS", "SEPARATORS", "PictureInput", "Reading"]

MISSING, MEAN = "missing", "mean"  # what a feature without a column gets
NONE = -1


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file, as they are written."""

    kind: str  # "text", "excel", "parquet", "json", "arrays", "pictures"
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    found: Reading
    named: bool = True
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture before and after it was brought to the network's size."""

    name: str
    before: np.ndarray  # (height, width, 3) of bytes
    after: np.ndarray  # (height, width, 3) of bytes
    size: tuple[int, int]  # width and height, as it is in the file


@dataclass(frozen=True, slots=True)
class Whole:
    """What reading the whole file came to.

    `problem` says why it cannot be read, or does not fit, and `choice` which part of `Reading` could help; `order` is
    the column of each feature, as far as one was found.
    """

    table: Any = None  # the engine's, to be imported; None where the file cannot be read
    samples: int = 0
    order: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file becomes a table of inputs, by the names of its columns: what is remembered."""

    reading: Reading = AS_FOUND
    columns: tuple[str, ...] = ()  # for each feature; "" for none. Empty: to be found
    sample_names: str = ""  # the column in which the samples' names stand
    left_out: tuple[str, ...] = ()  # columns that are not kept beside the inputs
    absent: str = MISSING
    picture: PictureInput | None = None

    def order(self, names: Sequence[str]) -> tuple[int, ...]:
        """The columns of the features in a table of these columns."""
        place = {name: column for column, name in enumerate(names)}
        return tuple(place.get(name, NONE) if name else NONE for name in self.columns)

    def dump(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def load_plan(stored: Mapping[str, Any]) -> Plan | None:
    """A plan as it was stored; None where it makes no sense any more."""
    try:
        picture = stored["picture"]
        return Plan(
            reading=_known(AS_FOUND, stored["reading"]),
            columns=tuple(map(str, stored["columns"])),
            sample_names=str(stored["sample_names"]),
            left_out=tuple(map(str, stored["left_out"])),
            absent=MEAN if stored["absent"] == MEAN else MISSING,
            picture=_known(PictureInput(1, 1, 1), {**picture, **_tuples(picture)}) if picture else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _known(start: Any, stored: Mapping[str, Any]) -> Any:
    names = {one.name for one in fields(start)}
    if set(stored) - names:
        raise ValueError("of another version")
    return replace(start, **stored)


def _tuples(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}


def network_key(network: NetworkInfo) -> str:
    """What tells networks apart whose inputs are called otherwise."""
    return _hashed([[one.name, one.shape, [feature.name for feature in one.features[:4096]]] for one in network.inputs])


def columns_key(kind: str, names: Sequence[str]) -> str:
    """What tells files apart whose columns are called otherwise."""
    return _hashed([kind, *names])


def _hashed(words: Any) -> str:
    return blake2b(json.dumps(words, default=list).encode(), digest_size=9).hexdigest()
