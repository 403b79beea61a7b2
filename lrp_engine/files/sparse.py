"""Sparse tensors with their zeros filled in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def filled(layout: str, places: Sequence[np.ndarray], values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Put the values into an array of zeros; values at the same place are added.

    Parameters
    ----------
    layout : str
        “COO”, with one array of indices (axes, values), or “CSR” or “CSC”, with the starts of the rows (columns) and
        the columns (rows).
    places : sequence of ndarray
    values : ndarray
        (values, …): the axes after the first are dense.
    shape : tuple of int

    Raises
    ------
    ValueError
        If the layout is another one, or its parts contradict each other.
    """
    if layout == "COO":
        indices = places[0]
    elif layout in ("CSR", "CSC") and len(shape) == 2:
        starts, others = places
        if starts.ndim != 1 or (np.diff(starts) < 0).any() or not (starts[0] == 0 and starts[-1] == len(values)):
            raise ValueError("its rows do not follow each other")
        along = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        indices = np.stack([along, others] if layout == "CSR" else [others, along])
    else:
        raise ValueError(f"its layout {layout} with {len(shape)} axes is not read; save it as a dense one")
    if indices.ndim != 2 or indices.shape[1] != len(values) or values.shape[1:] != shape[len(indices) :]:
        raise ValueError("its indices and values do not fit together")
    sizes = np.array(shape[: len(indices)]).reshape(-1, 1)
    if (indices < 0).any() or (indices >= sizes).any():
        raise ValueError("an index lies outside")
    array = np.zeros(shape, dtype=values.dtype)
    np.add.at(array, tuple(indices), values)
    return array
