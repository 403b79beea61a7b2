"""The numbers behind the pictures of a comparison: of one side as of any explanation, of a sheet those of all sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.compare.graphs import DIFFERENCE, LETTERS
from lrp_gui.compare.pictures import View
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.export.data import Numbers, numbers_of
from lrp_gui.jobs.comparing_results import Contrast

if TYPE_CHECKING:
    from lrp_gui.viewer.picture import Drawing

SIDE = "explanation"  # the column that says whose number it is


def compared_numbers(contrast: Contrast, view: View, title: str, picture: Drawing | None) -> Numbers:
    """What a picture of a comparison shows.

    Parameters
    ----------
    title
        Of one of `export_pictures`.
    picture
        The picture itself: where it shows more than one part of an explanation, its own numbers are given.
    """
    sides = _sides(contrast)
    kind = _kind(contrast, view) if "values" in title.split() else "graph"
    for letter, network, result in sides:
        if title.endswith(f" of {letter}"):
            return numbers_of(network, result, kind, picture)
    if kind == "graph" and len({bool(result.flows) for _, _, result in sides}) > 1:
        sides = [(letter, network, replace(result, flows={})) for letter, network, result in sides]  # layer by layer
    return _joined([(letter, numbers_of(network, result, kind, None)) for letter, network, result in sides])


def _sides(contrast: Contrast) -> list[tuple[str, NetworkInfo, SampleResult]]:
    """A, B and, where it is known, A − B; each by its letter."""
    results = [*contrast.results, *([contrast.difference] if contrast.difference is not None else [])]
    return [(letter, contrast.networks[n % DIFFERENCE], result)
            for n, (letter, result) in enumerate(zip(LETTERS, results, strict=False))]  # fmt: skip


def _kind(contrast: Contrast, view: View) -> str:
    """The chosen layer or input, as the viewer's pictures call it."""
    path = view.selection.layer or next(iter(contrast.results[0].inputs))
    return f"input {path}" if path in contrast.results[0].inputs else f"layer {path}"


def _joined(found: Sequence[tuple[str, Numbers]]) -> Numbers:
    """One below the other, in the columns that all have; as arrays each by itself."""
    shared = [name for name in found[0][1].columns if all(name in one.columns for _, one in found)]
    columns: dict[str, Any] = {SIDE: [letter for letter, one in found for _ in range(_rows(one))]}
    for name in shared:
        parts = [one.columns[name] for _, one in found]
        plain = any(isinstance(part, list) for part in parts)
        columns[name] = [value for part in parts for value in part] if plain else np.concatenate(parts)
    arrays = {f"{letter}: {name}": array for letter, one in found for name, array in one.arrays.items()}
    return Numbers(columns, arrays)


def _rows(numbers: Numbers) -> int:
    return max((len(column) for column in numbers.columns.values()), default=0)
