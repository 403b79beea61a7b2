"""Samples by features as one map, in any order of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lrp_gui.document.words import signed
from lrp_gui.viewer.inputs.maps import GridPicture
from lrp_gui.viewer.picture import Hit


@dataclass(frozen=True, slots=True)
class SampleHit(Hit):
    """A cell of the matrix: also which row of the table it is of."""

    row: int = -1


@dataclass
class MatrixPicture(GridPicture):
    """`relevance` is (samples, features) in the order in which they are drawn.

    `samples` and `features` say which row of the table and which feature each line is; `owners` to which input, and as
    which of its units, a feature belongs.
    """

    samples: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    features: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    owners: Sequence[tuple[str, int]] = ()
    remark: str = ""

    def __post_init__(self) -> None:
        """Room for many lines."""
        self.size = (640.0, 620.0)

    def notes(self) -> str:
        """Also which samples are not in it."""
        return "; ".join(part for part in (self.remark, super().notes()) if part)

    def cell(self, row: int, column: int) -> Hit:
        """Sample and feature by name, and the relevance there."""
        feature = int(self.features[column])
        layer, unit = self.owners[feature] if feature < len(self.owners) else ("", -1)
        text = f"{self.rows[row]}, {self.columns[column]}\n{self.letter} {signed(self.relevance[row, column], 4)}"
        return SampleHit(layer, unit, text, row=int(self.samples[row]))
