"""What was found on checking a file and its network: plain, frozen values for the list that leads to the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrp_gui.languages import mark

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.results import NetworkInfo

# How grave, in the engine's words, the gravest first.
SEVERITIES = (mark("serious"), mark("doubtful"), mark("remark"))


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One finding.

    Attributes
    ----------
    title, meaning : str
        Of its kind: what it is called, and what it means.
    severity : str
        One of `SEVERITIES`.
    short, sentence : str
        The figure alone, and all of it.
    tensor, layer : str
        Where it is; "" where there is no such place.
    units : tuple of int
        The units that are meant.
    """

    title: str
    meaning: str
    severity: str
    short: str
    sentence: str
    tensor: str = ""
    layer: str = ""
    units: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """The tensor by name, else the layer."""
        return self.tensor or self.layer


@dataclass(frozen=True, slots=True)
class HealthRequest:
    """Check a file's tensors, and the units of its network on some samples, in the table's units."""

    path: str
    network: NetworkInfo | None = None
    values: np.ndarray | None = None  # (samples, features)


@dataclass(frozen=True, slots=True)
class HealthNews:
    """What was found since the last time; `units`: on the samples, no more of the weights."""

    rows: tuple[HealthRow, ...]
    units: bool = False
    problem: str = ""  # why the units were not checked
