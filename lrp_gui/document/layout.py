"""What form an input has, picture, series or tokens, and where its features stand in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lrp_gui.document.results import InputInfo

PICTURE, SERIES, TOKENS, NONE = "picture", "series", "tokens", ""
KINDS = (PICTURE, SERIES, TOKENS)
# Fewer numbers in a row are a form to fill in, not a curve.
SHORTEST_SERIES = 16
# So many times longer than wide, two axes are channels and time rather than height and width.
SLENDER = 4
MOST_CHANNELS = 64
# Nothing is seen in a picture of fewer rows or columns.
NARROWEST_PICTURE = 5
COLOURS = 3  # planes that are shown as one picture in colour
WITH_ALPHA = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an input's features stand.

    Attributes
    ----------
    kind : str
        One of `KINDS`, or "" where sliders and the table say all.
    places : ndarray of intp
        The features' numbers, counted within the input: (planes, height, width) of a picture, (channels, time) of a
        series, (time,) of tokens.
    """

    kind: str
    places: np.ndarray


def layout_of(info: InputInfo) -> Layout:
    """Find the editor of an input by how the network reads it, its shape, its type and its features' names."""
    count = prod(info.shape)
    places = np.arange(count, dtype=np.intp).reshape(info.shape)
    shape = tuple(size for size in info.shape if size != 1)
    if count <= 1 or count != len(info.features):
        return Layout(NONE, places.reshape(-1))
    if info.integer:
        return Layout(TOKENS, places.reshape(-1)) if len(shape) == 1 else Layout(NONE, places.reshape(-1))
    places = places.reshape(shape)
    if len(shape) == 1:
        fits = count >= SHORTEST_SERIES and (not info.named or _numbered(info))
        return Layout(SERIES if fits else NONE, places.reshape(1, -1) if fits else places)
    if len(shape) == 2 and info.time >= 0 and _in_few_channels(info):
        return Layout(SERIES, np.moveaxis(places.reshape(info.shape), info.time, -1).reshape(-1, info.shape[info.time]))
    if len(shape) == 2:
        short, long = min(shape), max(shape)
        slender = short <= MOST_CHANNELS and long >= max(SLENDER * short, SHORTEST_SERIES)
        if slender or (short < NARROWEST_PICTURE and short < long):
            return Layout(SERIES, places if shape[1] == long else places.T)
        return Layout(PICTURE, places[np.newaxis])
    if len(shape) == 3 and shape[-1] in {COLOURS, WITH_ALPHA} and shape[0] not in {COLOURS, WITH_ALPHA}:
        return Layout(PICTURE, np.moveaxis(places, -1, 0))
    return Layout(PICTURE, places.reshape(-1, *shape[-2:]))


def _in_few_channels(info: InputInfo) -> bool:
    """Whether it can be drawn as curves over time."""
    steps = info.shape[info.time]
    return steps > 1 and prod(info.shape) // steps <= MOST_CHANNELS


def _numbered(info: InputInfo) -> bool:
    """Whether the names only count: t0, t1, t2 and so on."""
    return len({re.sub(r"\d+", "#", feature.name) for feature in info.features}) == 1
