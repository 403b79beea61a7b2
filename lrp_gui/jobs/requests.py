"""What goes to the engine and what of a file comes back, as plain values that nobody changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from lrp_engine import Composite
    from lrp_gui.document.files import FileInfo, Source
    from lrp_gui.document.results import Feature, NetworkInfo
    from lrp_gui.jobs.auditing import Audit


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """Explain one sample, in full. `values` are in the table's units, one per feature.

    `along` are kinds of `more` that were looked at last: what they need is kept on the way.
    """

    network: NetworkInfo
    row: int
    sample: str
    values: np.ndarray
    target: str
    composite: str | Composite
    reference: np.ndarray | None = None  # (features,), in the table's units; then no composite is used
    against: str = ""  # what the reference is called in a sentence
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRequest:
    """Explain these rows: outputs and input relevance only. `values` is (rows, features), in the table's units."""

    network: NetworkInfo
    rows: list[int]
    values: np.ndarray
    target: str
    composite: str | Composite
    reference: np.ndarray | None = None
    done: int = 0  # rows of the table that need no more work
    total: int = 0  # all of them; 0: these rows are all


@dataclass(frozen=True, slots=True)
class TableData:
    """A table that fits a network: its columns in the network's order, and the others as text."""

    path: str
    values: np.ndarray  # (samples, features), NaN where the cell holds text
    typed: dict[tuple[int, int], str]  # (row, feature) -> text that is no finite number
    extras: tuple[tuple[str, Sequence[str] | np.ndarray], ...]  # (name, one text or number per sample)
    notes: tuple[str, ...] = ()
    names: Sequence[str] = ()  # of the samples; () where they are called by their number
    features: tuple[Feature, ...] = ()  # the network's, with what the file's header says of them
    audit: Audit | None = None  # of the values, by these features


@dataclass(frozen=True, slots=True)
class Browsed:
    """What was found in files that were given together: one to open, how, and its table; what is left over is said."""

    file: FileInfo
    source: Source
    table: str = ""
    left_out: tuple[str, ...] = ()  # sentences


@dataclass(frozen=True, slots=True)
class Opened:
    """What loading brought: a network, a table that fits it, and what went wrong with the table if anything did."""

    network: NetworkInfo
    table: TableData | None = None
    problem: str = ""
