"""What the chosen sample is compared with, or explained against: the mean, zeros, another sample, or a frozen copy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lrp_gui.document.words import counted
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import tr

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.document.table import InputTable

NONE, MEAN, ZEROS, SAMPLE, COPY = "", "mean", "zeros", "sample", "copy"
KINDS = (NONE, MEAN, ZEROS, SAMPLE, COPY)
_numbers = itertools.count(1)
# Rows at a time whose mean is added up.
BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Reference:
    """A sample to compare with. Another sample of the table is followed as it is edited; the others are kept here.

    Attributes
    ----------
    kind : str
        One of `KINDS`; "" for none.
    title : str
        In a sentence after "against": "the mean of 442 samples". Of a sample of the table, what it was called.
    row : int
        Which row of the table, for `SAMPLE`; else -1.
    explains : bool
        Whether samples are explained against it, or only compared with it.
    values : ndarray or None
        (features,) in the table's units; None for `SAMPLE`.
    number : int
        Tells two that were taken at different times apart.
    """

    kind: str = NONE
    title: str = ""
    row: int = -1
    explains: bool = False
    values: np.ndarray | None = field(default=None, compare=False, repr=False)
    number: int = 0

    def __bool__(self) -> bool:
        return bool(self.kind)

    def values_in(self, table: InputTable | None) -> np.ndarray | None:
        """(features,) in the table's units, as it stands now; None where there is none."""
        if table is None or not self:
            return None
        if self.kind != SAMPLE:
            return self.values if self.values is not None and len(self.values) == len(table.features) else None
        return table.values[self.row].copy() if 0 <= self.row < table.samples else None

    def name_in(self, table: InputTable | None) -> str:
        """What it is called in a sentence, as it is called now."""
        if self.kind == SAMPLE and table is not None and 0 <= self.row < table.samples:
            return sample_name(table.names[self.row])
        return self.title

    def problem_in(self, table: InputTable | None) -> str:
        """Why nothing can be explained against it, in one sentence; "" when it can."""
        values = self.values_in(table)
        if table is None or not self:
            return ""
        if values is None:
            return tr("The reference does not belong to this table; choose another one.")
        bad = next((column for column, value in enumerate(values.tolist()) if value - value != 0), -1)
        if bad < 0:
            return ""
        name = table.features[bad].name
        return tr("The reference, {reference}, has no number for {name}; mend it or choose another reference.").format(
            reference=self.name_in(table), name=name
        )

    @property
    def identity(self) -> tuple[int, bool]:
        """The same as long as it is the same choice, also when its row moves."""
        return self.number, self.explains

    def moved(self, at: int, count: int) -> Reference:
        """The same after `count` rows came in at a row, or went out where it is negative."""
        if self.kind != SAMPLE or self.row < at:
            return self
        return replace(self, row=self.row + count)


NO_REFERENCE = Reference()


def sample_name(name: str) -> str:
    """What a sample is called in a sentence: a bare number is "sample 3"."""
    return tr("sample {number}").format(number=name) if name.isdigit() else name


def takes_fractions(network: NetworkInfo | None) -> bool:
    """Whether every input takes any number: a mean of tokens is no token."""
    return network is not None and not any(one.integer for one in network.inputs)


def make(kind: str, document: Document, row: int = -1, *, explains: bool = False) -> Reference:
    """Take a reference of a kind from what is open now.

    Parameters
    ----------
    row
        For `SAMPLE` and `COPY`: of the table.
    """
    table = document.table
    if table is None or kind == NONE:
        return NO_REFERENCE
    if kind == SAMPLE:
        return Reference(SAMPLE, sample_name(table.names[row]), row, explains, number=next(_numbers))
    values, title = _values(kind, table, row)
    return _kept(kind, values, title, explains=explains)


def taken_again(kind: str, title: str, row: int, values: np.ndarray | None, *, explains: bool) -> Reference:
    """One that was kept in a file."""
    if values is not None:
        values.flags.writeable = False
    return Reference(kind, title, row, explains, values, next(_numbers))


def frozen(reference: Reference, table: InputTable) -> Reference:
    """A copy that stays when its sample goes."""
    values = reference.values_in(table)
    if reference.kind != SAMPLE or values is None:
        return reference
    title = tr("{name} as it was").format(name=reference.name_in(table))
    return Reference(COPY, title, -1, reference.explains, values, next(_numbers))


def _values(kind: str, table: InputTable, row: int) -> tuple[np.ndarray, str]:
    import numpy as np

    if kind == ZEROS:
        return np.zeros(len(table.features)), tr("zeros")
    if kind == COPY:
        return np.array(table.values[row], dtype=np.float64), tr("{name} as it was").format(
            name=sample_name(table.names[row])
        )
    steps = _mean(table)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def taking_mean(table: InputTable, *, explains: bool) -> Steps[Reference]:
    """The mean of a large table, in steps."""
    values, title = yield from _mean(table)
    return _kept(MEAN, values, title, explains=explains)


def _kept(kind: str, values: np.ndarray, title: str, *, explains: bool) -> Reference:
    values.flags.writeable = False
    return Reference(kind, title, -1, explains, values, next(_numbers))


def _mean(table: InputTable) -> Steps[tuple[np.ndarray, str]]:
    """Over the samples that can be explained; a large table is never copied whole."""
    import numpy as np

    values = table.values
    total, count = np.zeros(values.shape[1]), 0
    for first in range(0, len(values), BLOCK_ROWS):
        yield Progress(first, len(values))
        block = np.asarray(values[first : first + BLOCK_ROWS], dtype=np.float64)
        good = np.isfinite(block).all(axis=1)
        total += block[good].sum(axis=0)
        count += int(good.sum())
    if not count:
        return np.array([feature.mean for feature in table.features], dtype=np.float64), tr("the features' means")
    return total / count, tr("the mean of {samples}").format(samples=counted(count, "sample"))
