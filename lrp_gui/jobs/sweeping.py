"""A sweep: one sample explained many times, each time with another value of one of its features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lrp_gui.jobs.requests import TableRequest
from lrp_gui.jobs.steps import Part, Progress, Steps

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine import Composite
    from lrp_gui.document.results import NetworkInfo, TableResult
    from lrp_gui.jobs.engine import Engine

# Some points from end to end come first, so that the curve's shape is there at once.
FIRST_POINTS = 5
# Values of all points at a time: a picture at a hundred places is not copied a hundred times.
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Sweep one feature of a sample. `values` and `points` are in the table's units."""

    network: NetworkInfo
    sample: str
    values: np.ndarray  # (features,)
    column: int
    points: tuple[float, ...]
    target: str
    composite: str | Composite
    reference: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What came out at some of the points."""

    places: np.ndarray  # (some,) numbers of points
    outputs: np.ndarray  # (some, output units)
    explained: np.ndarray  # (some,)
    relevance: np.ndarray  # (some,) of the feature that is swept
    refused: dict[int, str] = field(default_factory=dict)  # number of a point -> why it was not explained


def sweeping(engine: Engine, request: SweepRequest) -> Steps[None]:
    """Explain the sample at every point, from coarse to fine; yields a `Stretch` as a `Part` now and then."""
    import numpy as np

    done, total = 0, len(request.points)
    for places in _stages(total, max(1, MOST_NUMBERS // max(1, request.values.size))):
        values = np.repeat(request.values[None], len(places), axis=0)
        values[:, request.column] = np.take(request.points, places)
        asked = TableRequest(request.network, places, values, request.target, request.composite, request.reference)
        steps = engine.explain_table(asked)
        try:
            for step in steps:
                if isinstance(step, Part):
                    yield Part(_stretch(step.value, request.column))
                else:
                    yield Progress(done, total)
        finally:
            steps.close()
        done += len(places)


def _stages(count: int, most: int) -> Iterator[list[int]]:
    """Numbers of points: a few from end to end, then those between them, and so on; at most so many at a time."""
    seen: set[int] = set()
    every = max(1, (count - 1) // (FIRST_POINTS - 1))
    while len(seen) < count:
        new = [place for place in (*range(0, count, every), count - 1) if place not in seen]
        new = list(dict.fromkeys(new))
        for first in range(0, len(new), most):
            yield new[first : first + most]
        seen.update(new)
        every = max(1, every // 2)


def _stretch(part: TableResult, column: int) -> Stretch:
    return Stretch(part.rows, part.outputs, part.explained, part.relevance[:, column].astype(float), dict(part.refused))
