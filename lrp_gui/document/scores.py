"""Keeping the table's results beside its rows, while rows come, go and change; and within a budget of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lrp_gui.document import table_moved
from lrp_gui.document.results import TableResult
from lrp_gui.languages import thousands, tr

# Bytes for the relevance of a table, and as many for its outputs. What does not fit is computed for the rows that
# somebody looks at.
BUDGET = 128 * 1024**2
# To fill more than this with NaN at once would be felt.
AT_ONCE = 8 * 1024**2
# So many rows are kept at least, however wide they are: a screen of them, and some to scroll back to.
FEWEST = 256


class Pool:
    """An array of which only so many rows are kept, those that came last; all others are NaN.

    It is read like the array itself, by row, by rows, or by row and column.

    Parameters
    ----------
    rows, width
        The shape.
    room
        How many rows are kept.
    """

    ndim = 2

    def __init__(self, rows: int, width: int, room: int) -> None:
        self._slot = table_moved.with_room(rows, (), -1, np.int32)  # of each row
        self._row = np.full(room, -1, dtype=np.int32)  # in each slot
        self._free = np.arange(room, dtype=np.int32)[::-1].copy()  # slots; the last `_left` are free
        self._left = room
        # Not filled with NaN: memory that nobody writes into costs nothing.
        self._data = np.empty((room, width), dtype=np.float32)
        self._next = 0

    @property
    def shape(self) -> tuple[int, int]:
        """As if all of it were there."""
        return len(self._slot), self._data.shape[1]

    @property
    def size(self) -> int:
        """As if all of it were there."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return self._data.nbytes + self._slot.nbytes + self._row.nbytes

    @property
    def room(self) -> int:
        """How many rows are kept."""
        return len(self._row)

    def __len__(self) -> int:
        return len(self._slot)

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(rows, np.ndarray) and rows.ndim == 2:  # np.ix_
            rows = rows.ravel()
            columns = np.asarray(columns).ravel()
        slots = self._slot[rows]
        if np.ndim(slots) == 0:
            blank = np.full(self._data.shape[1], np.nan, dtype=np.float32)
            return (self._data[slots] if slots >= 0 else blank)[columns]
        one = isinstance(columns, (int, np.integer))
        found = self._data[slots, columns] if one else self._data[slots][:, columns]
        found[slots < 0] = np.nan  # not kept: what stands there is of the last slot
        return found

    def kept(self, rows: np.ndarray) -> np.ndarray:
        """(rows,) of bool: which of them are there."""
        return np.asarray(self._slot[rows] >= 0)

    def put(self, rows: np.ndarray, block: np.ndarray, *, seen: bool = True) -> None:
        """Keep rows; where there is no room left the oldest ones give way to what is seen, and to nothing else."""
        self.forget(rows)
        if seen:
            rows, block = rows[-self.room :], block[-self.room :]
        free = min(len(rows), self._left)
        slots = self._free[self._left - free : self._left]
        self._left -= free
        if seen and free < len(rows):
            ring = (self._next + np.arange(self.room)) % self.room
            ring = ring[~np.isin(ring, slots)][: len(rows) - free] if free else ring[: len(rows)]
            gone = self._row[ring]
            self._slot[gone[gone >= 0]] = -1
            self._next = int(ring[-1] + 1) % self.room
            slots = np.concatenate([slots, ring])
        rows, block = rows[: len(slots)], block[: len(slots)]
        self._data[slots], self._row[slots], self._slot[rows] = block, rows, slots

    def forget(self, rows: np.ndarray) -> None:
        """These rows are no longer what they were."""
        slots = self._slot[rows]
        slots = slots[slots >= 0]
        self._row[slots] = -1
        self._slot[rows] = -1
        self._free[self._left : self._left + len(slots)] = slots
        self._left += len(slots)

    def came(self, at: int, count: int) -> Pool:
        """The same after rows came, none of which is kept; it is this one, changed."""
        self._slot = table_moved.opened_up(self._slot, at, count, -1)
        np.add(self._row, count, out=self._row, where=self._row >= at)
        return self

    def went(self, at: int, count: int) -> Pool:
        """The same after rows went; it is this one, changed."""
        self.forget(np.arange(at, at + count))
        _close(self._slot, at, count)
        self._slot = self._slot[: len(self._slot) - count]
        np.subtract(self._row, count, out=self._row, where=self._row >= at)
        return self

    def moved(self, before: np.ndarray) -> Pool:
        """The same after rows came, or went, in several places; it is this one, changed."""
        if len(before) < len(self):
            slot = table_moved.closed_up(self._slot, before)
        else:
            slot = np.where(before >= 0, self._slot[before], -1).astype(np.int32)
        self._row[:] = -1
        there = np.flatnonzero(slot >= 0)
        self._row[slot[there]] = there
        self._slot = slot
        free = np.flatnonzero(self._row < 0)
        self._left = len(free)
        self._free[: self._left] = free[::-1]
        return self


def blank(samples: int, outputs: int, features: int, budget: int = 0) -> TableResult:
    """A result for every row, none of it known yet: NaN stands for "not explained". A `budget` of 0 is `BUDGET`."""
    budget = budget or BUDGET
    # The outputs are what tables are sorted by: they are an array wherever that can be.
    relevance, kept = _array(samples, features, budget, AT_ONCE), _array(samples, outputs, budget, budget)
    return TableResult(
        rows=table_moved.with_room(samples, (), np.arange(samples), np.intp),
        outputs=kept,
        explained=table_moved.with_room(samples, (), np.nan, np.float64),
        relevance=relevance,
        partial=_partial(kept, relevance),
    )


def put(result: TableResult, part: TableResult, *, seen: bool = True) -> TableResult:
    """Write the rows of `part` into `result`; the newer one decides when the shapes differ.

    `seen`: somebody looks at them, so that they may take the place of others where not all can be kept.
    """
    samples = len(result.rows)
    if result.outputs.shape[1] != part.outputs.shape[1] or result.relevance.shape[1] != part.relevance.shape[1]:
        result = blank(samples, part.outputs.shape[1], part.relevance.shape[1])
    pairs: tuple[tuple[Any, Any], ...] = ((result.outputs, part.outputs), (result.relevance, part.relevance))
    for known, new in pairs:
        if type(known) is Pool:
            known.put(part.rows, new, seen=seen)
        else:
            known[part.rows] = new
    result.explained[part.rows] = part.explained
    if result.refused:
        for row in part.rows.tolist():
            result.refused.pop(row, None)
    result.refused.update(part.refused)
    return result


def forget(result: TableResult, rows: np.ndarray) -> None:
    """These rows are not what was explained any more."""
    for known in (result.outputs, result.relevance):
        if isinstance(known, Pool):
            known.forget(rows)
        else:
            known[rows] = np.nan
    result.explained[rows] = np.nan
    if result.refused:
        for row in rows.tolist():
            result.refused.pop(row, None)


def found(result: TableResult, piece: slice) -> np.ndarray:
    """(rows,) of bool: of which of these rows something is known."""
    known = ~np.isnan(result.explained[piece])
    if result.refused:
        refused = np.fromiter(result.refused, dtype=np.intp, count=len(result.refused)) - piece.start
        known[refused[(refused >= 0) & (refused < len(known))]] = True
    return known


def wanting(result: TableResult, rows: np.ndarray) -> np.ndarray:
    """Which of these rows were explained, but not all that is known of them was kept."""
    missing = np.zeros(len(rows), dtype=bool)
    for known in (result.outputs, result.relevance):
        if isinstance(known, Pool):
            missing |= ~known.kept(rows)
    return rows[missing & ~np.isnan(result.explained[rows])]


def moved(result: TableResult, before: np.ndarray) -> TableResult:
    """The result after rows came, or went, in several places; it may be this one, changed.

    Parameters
    ----------
    result
        Of the rows as they stood.
    before
        (rows,) which row each was, -1 for a new one.
    """
    refused: dict[int, str] = {}
    if result.refused:
        there = np.flatnonzero(np.isin(before, np.fromiter(result.refused, dtype=np.intp, count=len(result.refused))))
        refused = {row: result.refused[int(before[row])] for row in there.tolist()}
    if len(before) < len(result.rows):
        return _resized(result, refused, lambda known: _closed_up(known, before))
    new = before < 0
    outputs, explained, relevance = (
        _moved(known, before, new) for known in (result.outputs, result.explained, result.relevance)
    )
    return replace(
        result,
        rows=np.arange(len(before)),
        outputs=outputs,
        explained=explained,
        relevance=relevance,
        refused=refused,
    )


def came(result: TableResult, at: int, count: int) -> TableResult:
    """The result after `count` rows came in one place, of which nothing is known yet."""
    refused = {row + count if row >= at else row: why for row, why in result.refused.items()}
    return _resized(result, refused, lambda known: _with_gap(known, at, count))


def went(result: TableResult, at: int, count: int) -> TableResult:
    """The result after `count` rows that stood in one place went."""
    refused = {
        row - count if row >= at else row: why for row, why in result.refused.items() if not at <= row < at + count
    }
    return _resized(result, refused, lambda known: _without(known, at, count))


def _resized(result: TableResult, refused: dict[int, str], change: Callable[[Any], Any]) -> TableResult:
    explained = change(result.explained)
    more = len(explained) - len(result.rows)
    rows = result.rows[: len(explained)]
    if more > 0:
        numbers = np.arange(len(rows), len(explained))
        rows = table_moved.opened_up(result.rows, len(rows), more, numbers)
    return replace(
        result,
        rows=rows,
        outputs=change(result.outputs),
        explained=explained,
        relevance=change(result.relevance),
        refused=refused,
    )


def _with_gap(known: Any, at: int, count: int) -> Any:
    if isinstance(known, Pool):
        return known.came(at, count)
    return table_moved.opened_up(known, at, count, np.nan)


def _without(known: Any, at: int, count: int) -> Any:
    if isinstance(known, Pool):
        return known.went(at, count)
    _close(known, at, count)
    return known[: len(known) - count]


def _close(rows: np.ndarray, at: int, count: int) -> None:
    """Move what stands behind a gap into it; memory of its own for millions of rows would be felt."""
    width = rows[:1].size
    flat = rows.reshape(-1)  # along one axis numpy does it in place
    flat[at * width : flat.size - count * width] = flat[(at + count) * width :]


def _closed_up(known: Any, before: np.ndarray) -> Any:
    return known.moved(before) if isinstance(known, Pool) else table_moved.closed_up(known, before)


def _moved(known: Any, before: np.ndarray, new: np.ndarray) -> Any:
    if isinstance(known, Pool):
        return known.moved(before)
    if not len(known):
        return np.full((len(before), *known.shape[1:]), np.nan, dtype=known.dtype)
    found = known[before]
    found[new] = np.nan
    return found


def _array(rows: int, width: int, budget: int, at_once: int) -> Any:
    nbytes = rows * width * 4
    if nbytes <= min(budget, at_once):
        return table_moved.with_room(rows, (width,), np.nan, np.float32)
    return Pool(rows, width, min(rows, max(FEWEST, budget // (4 * max(width, 1)))))


def _partial(outputs: Any, relevance: Any) -> str:
    pools = {tr("outputs"): outputs, tr("relevance"): relevance}
    kept = {name: pool.room for name, pool in pools.items() if isinstance(pool, Pool) and pool.room < len(pool)}
    if not kept:
        return ""
    what = tr(" and ").join(kept)
    rows = min(kept.values())
    return tr(
        "The table is too large to keep the {what} of every sample: {rows} are kept at a time, "
        "and the others are computed again when you look at them."
    ).format(what=what, rows=thousands(rows))
