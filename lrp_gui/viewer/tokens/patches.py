"""Thumbnails beside the rows: what of the image a patch sees."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtGui import QImage

from lrp_gui.document.layout import COLOURS, PICTURE, layout_of
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.jobs.token_grid import TokenGrid


class Patches:
    """The image of a sample, cut as the network cuts it."""

    def __init__(self, pixels: np.ndarray, patches: tuple[int, int]) -> None:
        self._pixels, self._patches = pixels, patches
        self.image = lru_cache(maxsize=4096)(self._image)

    @classmethod
    def of(cls, grid: TokenGrid, network: NetworkInfo, result: SampleResult) -> Patches | None:
        """None where rows are no patches, or the input is no image."""
        info = next((one for one in network.inputs if one.name == grid.source), None)
        if not grid.patches or info is None or grid.source not in result.values:
            return None
        layout = layout_of(info)
        if layout.kind != PICTURE:
            return None
        planes = np.asarray(result.values[grid.source], dtype=float).ravel()[layout.places]
        if not np.isfinite(planes).all():
            return None
        if len(planes) != COLOURS:
            planes = np.repeat(planes.mean(axis=0, keepdims=True), COLOURS, axis=0)
        low, high = planes.min(), planes.max()
        pixels = (255 * (planes - low) / ((high - low) or 1)).round().astype(np.uint8)
        return cls(np.ascontiguousarray(np.moveaxis(pixels, 0, -1)), grid.patches)

    def _image(self, at: int) -> QImage:
        """Of the n-th patch, row by row."""
        down, across = self._patches
        row, column = divmod(at, across)
        tall, wide = self._pixels.shape[:2]
        part = self._pixels[row * tall // down : (row + 1) * tall // down,
                            column * wide // across : (column + 1) * wide // across]  # fmt: skip
        part = np.ascontiguousarray(part)
        return QImage(part.data, part.shape[1], part.shape[0], 3 * part.shape[1], QImage.Format.Format_RGB888).copy()
