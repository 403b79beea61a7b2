"""A table from numpy's files: an array of samples (`.npy`), or several beside each other (`.npz`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError
from .formats import open_weights
from .table_raw import RawTable, check_count, from_values, in_words

if TYPE_CHECKING:
    import numpy as np

# Texts in an archive that are the columns' names.
NAMES = ("names", "columns", "feature_names")


def read_arrays(path: Path) -> RawTable:
    """Read the arrays that have one entry for each sample along their first axis.

    Raises
    ------
    FormatError
        If the file is damaged, or no array of real numbers is in it.
    UntrustedFile
        If all that it holds are arrays of Python objects.
    """
    import numpy as np

    opened = open_weights(path)
    notes = list(opened.notes)
    sizes = {name: info.shape for name, info in opened.tensors.items()}
    if len(sizes) == 1 and len(next(iter(sizes.values()))) == 1:
        ((only, shape),) = sizes.items()
        check_count(path, 1, shape[0])
        values = _real(path, only, opened.tensors[only].read()).reshape(1, -1)
        notes.append(f"The array has one axis: its {shape[0]} numbers were read as one sample.")
        return _unnamed(values, notes, 1)
    largest = max(sizes, key=lambda name: math.prod(sizes[name]))
    samples = sizes[largest][0] if sizes[largest] else 0
    used = [name for name, shape in sizes.items() if shape and shape[0] == samples]
    over = [f"“{name}”" for name in sizes if name not in used]
    if over:
        notes.append(f"Arrays without {samples} samples are left out: {in_words(over)}.")
    widths = {name: math.prod(sizes[name][1:]) for name in used}
    check_count(path, samples, sum(widths.values()))
    values = np.concatenate(
        [_real(path, name, opened.tensors[name].read()).reshape(samples, -1) for name in used], axis=1
    )
    given = next((opened.metadata[name] for name in NAMES if name in opened.metadata), None)
    if isinstance(given, list) and len(given) == widths[largest] and len(set(given)) == len(given):
        names = [one for name in used for one in (given if name == largest else _numbered(name, widths[name]))]
        return _with_texts(names, values, notes, opened.metadata)
    if all(len(sizes[name]) == 1 for name in used):
        return _with_texts(used, values, notes, opened.metadata)
    if len(used) == 1:
        return _unnamed(values, notes, len(sizes[largest]) - 1)
    names = [one for name in used for one in _numbered(name, widths[name])]
    return from_values(tuple(names), values, notes, named=False)


def _with_texts(names: list[str], values: np.ndarray, notes: list[str], metadata: Mapping[str, Any]) -> RawTable:
    """A table of numbers, and behind them the texts that have one entry for each sample."""
    import numpy as np

    found = {
        name: texts
        for name, texts in metadata.items()
        if name not in (*NAMES, *names) and isinstance(texts, list) and len(texts) == len(values)
    }
    texts = dict(enumerate(found.values(), len(names)))
    values = np.concatenate([values, np.empty((len(values), len(found)))], axis=1) if found else values
    return from_values((*names, *found), values, notes, texts=texts)


def _unnamed(values: np.ndarray, notes: list[str], axes: int) -> RawTable:
    if axes > 1:
        notes.append("Each sample's numbers were laid out in one row, the last axis first.")
    return from_values(tuple(_numbered("column", values.shape[1], " ")), values, notes, named=False)


def _numbered(name: str, width: int, between: str = " ") -> list[str]:
    return [name] if width == 1 else [f"{name}{between}{position}" for position in range(1, width + 1)]


def _real(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "c":
        raise FormatError(f"The array “{name}” in {path.name} holds complex numbers; a table takes real ones.")
    return array.astype("float64")
