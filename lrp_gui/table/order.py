"""Which rows are shown, in which order: sorted, filtered, grouped. Arrays over the table's rows; nothing is copied."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lrp_gui.document.words import plain
from lrp_gui.languages import thousands, tr
from lrp_gui.table.columns import Column, TableColumns, ranks
from lrp_gui.table.expression import NotUnderstood
from lrp_gui.table.matching import Words, matching

# More headings than this tell nobody anything, and a column of numbers has as many as rows.
MOST_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants to see the rows."""

    sort: Column | None = None
    descending: bool = False
    filter: str = ""
    group: Column | None = None
    folded: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.sort is not None or bool(self.filter) or self.group is not None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that have a word in common; folded ones show their heading alone."""

    title: str
    count: int
    folded: bool


@dataclass(frozen=True, slots=True)
class Order:
    """The rows of the view from top to bottom: a row of the table, or -1 - n for the heading of group n."""

    samples: int
    rows: np.ndarray | None = None  # None: all of them, as in the file
    groups: tuple[Group, ...] = ()
    matches: int = 0  # samples that fit the filter, folded away or not
    _places: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    @property
    def length(self) -> int:
        """Rows of the view."""
        return self.samples if self.rows is None else len(self.rows)

    def row(self, place: int) -> int:
        """The table's row at a place of the view; negative for a heading."""
        return place if self.rows is None else int(self.rows[place])

    def place(self, row: int) -> int:
        """Where a row of the table is shown; -1 when it is not."""
        if not 0 <= row < self.samples:
            return -1
        if self.rows is None:
            return row
        if "places" not in self._places:
            places = np.full(self.samples, -1, dtype=np.int64)
            shown = np.flatnonzero(self.rows >= 0)
            places[self.rows[shown]] = shown
            self._places["places"] = places
        return int(self._places["places"][row])

    def table_rows(self, first: int, last: int) -> np.ndarray:
        """The table's rows at the places first … last, without headings."""
        if self.rows is None:
            return np.arange(max(first, 0), min(last + 1, self.samples))
        rows = self.rows[first : last + 1]
        return rows[rows >= 0]

    def moved(self, before: np.ndarray) -> Order:
        """The order after rows came, went or moved: new ones stand below their neighbour until it is renewed.

        Parameters
        ----------
        before
            (samples,) which row each was before, -1 for a new one.
        """
        samples = len(before)
        if self.rows is None:
            return Order(samples, matches=samples)
        old = before >= 0
        now = np.full(self.samples + 1, -1, dtype=np.int64)
        now[before[old]] = np.flatnonzero(old)
        rows = np.where(self.rows >= 0, now[self.rows], self.rows)
        gone = (self.rows >= 0) & (rows < 0)
        rows = rows[~gone]
        new = np.flatnonzero(~old)
        if len(new):
            above = np.maximum.accumulate(np.where(old, np.arange(samples), -1))[new]
            shown = np.flatnonzero(rows >= 0)
            places = np.full(samples + 1, len(rows), dtype=np.int64)
            places[rows[shown]] = shown + 1
            places[-1] = shown[0] if len(shown) else len(rows)  # nothing stands above the first row
            rows = np.insert(rows, places[above], new)
        return Order(samples, rows, self.groups, self.matches + len(new) - int(gone.sum()))


def arranged(wish: Wish, columns: TableColumns) -> Order:
    """Compute an order.

    Raises
    ------
    NotUnderstood
        If the filter is none, or there are too many groups.
    """
    if not wish:
        return Order(columns.samples, matches=columns.samples)
    rows = np.arange(columns.samples, dtype=np.int64)
    if wish.filter:
        rows = rows[matching(wish.filter, columns)]
    if wish.sort is not None:
        rows = rows[_sorted(ranks(columns.of(wish.sort))[rows], wish.descending)]
    if wish.group is None:
        return Order(columns.samples, rows, matches=len(rows))
    return _grouped(rows, wish, columns)


def _sorted(keys: np.ndarray, descending: bool) -> np.ndarray:
    """Places in order; equal ones stay as they stand, missing ones go last both ways."""
    return np.argsort(-keys if descending else keys, kind="stable")


def _grouped(rows: np.ndarray, wish: Wish, columns: TableColumns) -> Order:
    assert wish.group is not None
    value = columns.of(wish.group)
    if not isinstance(value, Words):
        numbers, codes = np.unique(value, return_inverse=True)
        value = Words(codes.reshape(-1), tuple("" if np.isnan(one) else plain(float(one), 6) for one in numbers))
    codes = value.codes[rows]
    present = np.unique(codes)
    if len(present) > MOST_GROUPS:
        raise NotUnderstood(
            tr("{group} has {present} different values; group by a column that has at most {most_groups}.").format(
                group=columns.name_of(wish.group), present=thousands(len(present)), most_groups=thousands(MOST_GROUPS)
            )
        )
    by_word = ranks(Words(np.arange(len(value.words)), value.words))
    present = present[_sorted(by_word[present], descending=False)]
    place = np.zeros(len(value.words), dtype=np.int64)
    place[present] = np.arange(len(present))
    order = np.argsort(place[codes], kind="stable")
    rows, counts = rows[order], np.bincount(place[codes], minlength=len(present))
    pieces, groups, first = [], [], 0
    for number, (code, count) in enumerate(zip(present, counts, strict=True)):
        title = value.words[code]
        folded = title in wish.folded
        groups.append(Group(title, int(count), folded))
        pieces.append(np.array([-1 - number]))
        if not folded:
            pieces.append(rows[first : first + count])
        first += int(count)
    whole = np.concatenate(pieces) if pieces else rows
    return Order(columns.samples, whole, tuple(groups), len(rows))
