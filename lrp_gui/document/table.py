"""The input table: samples by named features, and everything that a person typed into it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from lrp_gui.document.results import Feature, NetworkInfo
from lrp_gui.document.table_blocks import Numbers, Row, RowBlock, Snapshot
from lrp_gui.document.table_checks import (
    BLOCKING,
    Audit,
    Checks,
    Problem,
    counted,
    read_cell,
    read_typed,
    sentence,
    usable,
)
from lrp_gui.document.table_frozen import FrozenTable
from lrp_gui.document.table_storage import Column, ExtraColumn, Names, Typed, number_text, shown_text
from lrp_gui.languages import tr

__all__ = [
    "ExtraColumn", "InputTable", "Problem", "Row", "fresh_rows", "fresh_table", "mean_values", "number_text",
    "shown_text",
]  # fmt: skip


class InputTable:
    """The rows that are explained. Only the document changes it; views read.

    Numbers lie in one array, which moves as little as possible when rows come and go. Every row has an id that stays
    with it; names that were given and texts that were typed are kept by it, apart from the numbers, for they are few.

    Parameters
    ----------
    features
        One per column, in the network's order.
    rows
        The samples.
    extra_names
        Names of the columns that are no inputs.
    path
        The file it came from, or "".
    """

    def __init__(
        self, features: Sequence[Feature], rows: Sequence[Row] = (), extra_names: Sequence[str] = (), path: str = ""
    ) -> None:
        self._begin(features, np.empty((0, len(features))), path)
        self.extras = [ExtraColumn(name, []) for name in extra_names]
        if rows:
            self.insert(np.arange(len(rows)), self.block_of(rows))
        self.mark_kept()

    def _begin(self, features: Sequence[Feature], values: np.ndarray, path: str, names: Sequence[str] = ()) -> None:
        self.features = tuple(features)
        self.path = path
        self.checks = Checks(self.features)
        self.called: list[tuple[NetworkInfo, NetworkInfo]] = []  # networks, and what `as_in_table` made of them
        self.extras: list[ExtraColumn] = []
        self._values, self._ids = Column(values), Column(np.arange(len(values), dtype=np.int64))
        self._good = Column(np.ones(len(values), dtype=bool))
        self._counts = np.zeros(len(Problem), dtype=np.int64)
        self.names = Names(lambda: self._ids.data, names)
        self._typed = Typed()
        self._next_id = len(values)
        self._states = itertools.count(1)
        self.state = self._kept = 0  # of what it holds; an undo command puts the one before back

    @classmethod
    def from_columns(
        cls,
        features: Sequence[Feature],
        values: np.ndarray,
        typed: Mapping[tuple[int, int], str],
        extras: Sequence[tuple[str, Sequence[str] | np.ndarray]],
        path: str,
        names: Sequence[str] = (),
        audit: Audit | None = None,
    ) -> InputTable:
        """A table as a file holds it; without names its samples are called by their number.

        The numbers are taken over, not copied, where they are float64 and may be written. `audit` is what somebody
        found out about them before, in a thread of their own.
        """
        table = cls.__new__(cls)
        if values.dtype != np.float64 or not values.flags.writeable:
            values = np.array(values, dtype=np.float64)
        table._begin(features, values, path, names)
        audit = audit or table.checks.audit(values)
        table._good, table._counts = Column(audit.good), audit.counts
        table._take_texts(typed)
        table.extras = [ExtraColumn(name, cells) for name, cells in extras]
        table.mark_kept()
        return table

    @classmethod
    def from_frozen(cls, frozen: FrozenTable, values: np.ndarray) -> InputTable:
        """The table that was frozen, edited as it was.

        Parameters
        ----------
        values
            (samples, features), its numbers; taken over.
        """
        table = cls.__new__(cls)
        table._begin(frozen.features, values, frozen.path, frozen.given)
        table._ids, table._next_id = Column(frozen.ids), frozen.next_id
        for row_id, name in frozen.names.items():
            table.names.give(row_id, name)
        for column, texts in frozen.typed.items():
            table._typed.replace(column, texts)
        table.extras = [ExtraColumn(name, column.whole()) for name, column in frozen.extras]
        table._look_again()
        if not frozen.edited:
            table.mark_kept()
        return table

    def freeze(self) -> FrozenTable:
        """What it holds now, for one reader in another thread; cheap, whatever its size."""
        return FrozenTable(
            *(self.features, self.path, self.state, self.edited, self._next_id),
            *(self._values.freeze(), self._ids.freeze(), *self.names.frozen(), self._typed.frozen()),
            tuple((extra.name, extra.freeze()) for extra in self.extras),
        )

    def copy(self) -> InputTable:
        """A table that says the same, for the worker to change: its numbers lie in the same memory until then.

        It costs next to nothing. This one may not be changed before the copy has taken its place or is forgotten.
        """
        table = InputTable.__new__(type(self))
        table.__dict__.update(self.__dict__)
        table._values, table._ids, table._good = self._values.copy(), self._ids.copy(), self._good.copy()
        table._counts, table._typed = self._counts.copy(), self._typed.copy()
        table.names = self.names.of_rows(lambda: table._ids.data)
        table.extras = [extra.copy() for extra in self.extras]
        return table

    def become(self, changed: InputTable) -> None:
        """Be what a copy of it has become."""
        self._values, self._ids, self._good = changed._values, changed._ids, changed._good
        self._counts, self._typed, self.extras = changed._counts, changed._typed, changed.extras
        self._next_id = changed._next_id
        for part in (self._values, self._ids, self._good, *self.extras):
            part.keep()
        self.touch()

    def takes(self, rows: np.ndarray) -> bool:
        """Whether samples can be put in without moving all others to another place, or copying them first."""
        return self._values.takes(rows)

    def gives(self, rows: np.ndarray) -> bool:
        """The same of taking samples out."""
        return self._values.gives(rows)

    @property
    def samples(self) -> int:
        """The number of rows."""
        return len(self._ids.data)

    @property
    def values(self) -> np.ndarray:
        """(samples, features): NaN where a cell is empty or holds text, infinite where that was typed."""
        return self._values.data

    @property
    def ids(self) -> np.ndarray:
        """(samples,) what each row is, wherever it stands; of a row of the file its place there."""
        return self._ids.data

    @property
    def typed(self) -> dict[tuple[int, int], str]:
        """(row, column) -> what was typed there, where it is no finite number."""
        return self._typed.inside(self.ids, np.arange(len(self.features)))

    @property
    def edited(self) -> bool:
        """Whether it holds anything that is in no file; an edit that was undone leaves nothing."""
        return self.state != self._kept

    def mark_kept(self) -> None:
        """What it holds now is in a file, or nothing that a person made."""
        self._kept = self.state

    def touch(self) -> None:
        """Something in it is another now."""
        self.state = next(self._states)

    # ------------------------------------------------------------------------------ what its cells say

    def text(self, row: int, column: int) -> str:
        """A cell as it is shown, copied and typed."""
        return self.typed_text(row, column) or number_text(float(self.values[row, column]))

    def typed_text(self, row: int, column: int) -> str:
        """What was typed into a cell that holds no finite number, "" where nothing was."""
        return self._typed.get(int(self.ids[row]), column)

    def texts_in(self, rows: np.ndarray, columns: np.ndarray) -> dict[tuple[int, int], str]:
        """(row, column) of a block -> what was typed there, where it is no finite number."""
        return self._typed.inside(self.ids[rows], columns)

    def codes(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(rows, columns) of `Problem`."""
        return self._with_texts(self.checks.codes(self.values[np.ix_(rows, columns)], columns), self.ids[rows], columns)

    def problem_at(self, row: int, column: int) -> Problem:
        """What is the matter with a cell."""
        problem = self.checks.code(column, float(self.values[row, column]))
        if problem == Problem.MISSING and (text := self.typed_text(row, column)):
            return problem if read_cell(text, self.features[column])[1] == "missing" else Problem.TEXT
        return problem

    def problem(self, row: int, column: int) -> str:
        """Why this cell cannot be used, in one sentence; "" when it can."""
        problem = self.problem_at(row, column)
        return self.remark(row, column) if problem in BLOCKING else ""

    def remark(self, row: int, column: int) -> str:
        """What is the matter with this cell, in one sentence, also when it can be used; "" when nothing is."""
        value = float(self.values[row, column])
        return sentence(self.features[column], self.problem_at(row, column), value, self.text(row, column))

    def row_problem(self, row: int) -> str:
        """Why this sample cannot be explained, in one sentence; "" when it can."""
        bad = np.flatnonzero(~np.isfinite(self.values[row]))
        if not bad.size:
            return ""
        sentence = self.problem(row, int(bad[0]))
        more = tr(" {size} more of its cells cannot be used.").format(size=bad.size - 1) if bad.size > 1 else ""
        return tr("Sample {names} is not explained: {sentence}{more}").format(
            names=self.names[row], sentence=sentence, more=more
        )

    def good_rows(self) -> np.ndarray:
        """(samples,) of bool: which rows hold finite numbers only. Not to be written into."""
        return self._good.data

    @property
    def blocked(self) -> int:
        """How many samples cannot be explained."""
        return self.samples - int(np.count_nonzero(self._good.data))

    def problem_counts(self) -> dict[Problem, int]:
        """How many cells have which problem."""
        return {problem: int(self._counts[problem]) for problem in Problem if self._counts[problem] and problem}

    def row(self, row: int) -> Row:
        """A complete copy of one sample."""
        texts = self._typed.inside(self.ids[row : row + 1], np.arange(len(self.features)))
        typed = {column: text for (_row, column), text in texts.items()}
        return Row(self.names[row], self.values[row].copy(), typed, tuple(extra.texts[row] for extra in self.extras))

    # ------------------------------------------------------------------------------------ changing cells

    def set_text(self, row: int, column: int, text: str) -> None:
        """Take over what was typed; what is no finite number stays in the cell as text."""
        value, texts = self.read(column, text)
        self.put(Numbers(np.array([row]), np.array([column]), np.array([[value]]), texts))

    def read(self, column: int, text: str) -> tuple[float, dict[tuple[int, int], str]]:
        """A typed text as a number, and as the texts of a block of this one cell."""
        value, reason = read_typed(text, self.features[column])
        return value, {(0, 0): text} if reason and text.strip() else {}

    def put(self, new: Numbers) -> Numbers:
        """Write a block of numbers and texts, and give the block that was there."""
        rows, columns, values = new.rows, new.columns, np.asarray(new.values)
        self._own()
        ids, place = self.ids[rows], _place(rows, columns)
        before = self.values[place].copy()
        texts = self._typed.inside(ids, columns)
        self._counts -= counted(self._with_texts(self.checks.codes(before, columns), ids, columns))
        self._values.before_write(rows)
        self.values[place] = values
        for i, j in texts:
            self._typed.put(int(ids[i]), int(columns[j]), "")
        for (i, j), text in new.texts.items():
            self._typed.put(int(ids[i]), int(columns[j]), text)
        codes = self._with_texts(self.checks.codes(self.values[place], columns), ids, columns)
        self._counts += counted(codes)
        well = usable(codes)
        others = np.flatnonzero(well & ~self._good.data[rows])  # mended here, but is the rest of the row well?
        self._good.data[rows] = well & self._good.data[rows]
        if others.size:
            self._good.data[rows[others]] = np.isfinite(self.values[rows[others]]).all(axis=1)
        self.touch()
        return Numbers(rows, columns, before, texts)

    def _own(self) -> None:
        """Before anything is written."""
        self._values.own()
        self._good.own()

    def _take_texts(self, typed: Mapping[tuple[int, int], str]) -> None:
        """Texts that came with a file; their numbers are in place already: NaN or infinite."""
        known: dict[tuple[int, str], tuple[float, str]] = {}
        for (row, column), text in typed.items():
            found = known.get((column, text))
            if found is None:
                found = known[column, text] = read_cell(text, self.features[column])
            if not found[1]:
                self.set_text(row, column, text)  # a category by its name
            elif text.strip():
                self._typed.put(row, column, text)
                if found[1] == "not a number":
                    self._counts[Problem.MISSING] -= 1
                    self._counts[Problem.TEXT] += 1

    def _with_texts(self, codes: np.ndarray, ids: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Tell texts from what is missing: to the numbers both are NaN."""
        if self._typed:
            for (row, place), text in self._typed.inside(ids, columns).items():
                _value, reason = read_cell(text, self.features[int(columns[place])])
                if codes[row, place] == Problem.MISSING and reason != "missing":
                    codes[row, place] = Problem.TEXT
        return codes

    # --------------------------------------------------------------------------------- changing columns

    def assign(self, order: np.ndarray) -> Snapshot:
        """Give each feature another column's data; what is displaced takes the place of what it gave way to.

        Parameters
        ----------
        order
            (features,) for each feature the column that it gets: a feature, or an extra column behind them. None may
            stand there twice.
        """
        self._own()
        count = len(self.features)
        changed = np.flatnonzero(order != np.arange(count))
        snapshot = Snapshot(
            changed,
            self.values[:, changed].copy(),
            tuple(dict(self._typed.column(column)) for column in changed.tolist()),
            tuple(self.extras),
        )
        displaced = iter(column for column in changed.tolist() if column not in set(order.tolist()))
        extras = list(self.extras)
        for source in order[changed][order[changed] >= count].tolist():
            column = next(displaced)
            cells = np.array([*(self.text(row, column) for row in range(self.samples)), None], dtype=object)[:-1]
            extras[source - count] = ExtraColumn(self.features[column].name, cells)
        place = {column: position for position, column in enumerate(changed.tolist())}
        self._values.before_write()
        for column in changed.tolist():
            source = int(order[column])
            if source < count:
                self.values[:, column] = snapshot.values[:, place[source]]
                self._typed.replace(column, snapshot.typed[place[source]])
                continue
            self._typed.replace(column, {})
            for row, text in enumerate(self.extras[source - count].texts):
                value, texts = self.read(column, text)
                self.values[row, column] = value
                if texts:
                    self._typed.put(int(self.ids[row]), column, text)
        self.extras = extras
        self._look_again()
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        """Put columns back."""
        self._own()
        self._values.before_write()
        self.values[:, snapshot.columns] = snapshot.values
        for column, typed in zip(snapshot.columns.tolist(), snapshot.typed, strict=True):
            self._typed.replace(column, typed)
        self.extras = list(snapshot.extras)
        self._look_again()

    def _look_again(self) -> None:
        audit = self.checks.audit(self.values)
        self._good, self._counts = Column(audit.good), audit.counts
        for (row, column), text in self.typed.items():
            if np.isnan(self.values[row, column]) and read_cell(text, self.features[column])[1] != "missing":
                self._counts[Problem.MISSING] -= 1
                self._counts[Problem.TEXT] += 1
        self.touch()

    # ------------------------------------------------------------------------------------- changing rows

    def insert(self, rows: np.ndarray, block: RowBlock) -> None:
        """Put samples in, so that they stand at `rows`, which are ascending."""
        values, columns = np.asarray(block.values), np.arange(len(self.features))
        codes = self._with_texts(self.checks.codes(values, columns), block.ids, columns)
        self._counts += counted(codes)
        self._values.insert(rows, values)
        self._ids.insert(rows, block.ids)
        self._good.insert(rows, usable(codes))
        for column, cells in zip(self.extras, block.extras, strict=True):
            column.insert(rows, cells)
        self.touch()

    def remove(self, rows: np.ndarray) -> RowBlock:
        """Take samples out, complete; `rows` are ascending."""
        ids, values, columns = self.ids[rows].copy(), self.values[rows].copy(), np.arange(len(self.features))
        self._counts -= counted(self._with_texts(self.checks.codes(values, columns), ids, columns))
        for column in (self._values, self._ids, self._good):
            column.remove(rows)
        self.touch()
        return RowBlock(ids, values, tuple(column.remove(rows) for column in self.extras))

    def new_block(
        self,
        values: np.ndarray,
        names: Sequence[str],
        extras: Sequence[np.ndarray] = (),
        texts: Mapping[tuple[int, int], str] | None = None,
    ) -> RowBlock:
        """Samples that may be put in: they get ids, names, and the texts of their cells."""
        ids = np.arange(self._next_id, self._next_id + len(values), dtype=np.int64)
        self._next_id += len(values)
        for row_id, name in zip(ids.tolist(), names, strict=True):
            self.names.give(row_id, name)
        for (row, column), text in (texts or {}).items():
            self._typed.put(int(ids[row]), column, text)
        blank = [np.full(len(values), "", dtype=object) for _column in self.extras]
        return RowBlock(ids, np.asarray(values, dtype=np.float64), tuple(extras) or tuple(blank))

    def give_text(self, row_id: int, column: int, text: str) -> None:
        """What stands in a cell of a sample that is not in the table yet."""
        self._typed.put(row_id, column, text)

    def belongings(self, block: RowBlock) -> tuple[dict[int, str], dict[int, dict[int, str]]]:
        """What somebody called the samples of a block, and typed into them: id -> name; column -> id -> text."""
        names = {row_id: self.names.of(row_id) for row_id in block.ids.tolist()}
        typed: dict[int, dict[int, str]] = {}
        for (row, column), text in self._typed.inside(block.ids, np.arange(len(self.features))).items():
            typed.setdefault(column, {})[int(block.ids[row])] = text
        return names, typed

    def adopt(
        self, block: RowBlock, names: Mapping[int, str], typed: Mapping[int, Mapping[int, str]], rows: np.ndarray
    ) -> None:
        """Put samples of another copy of this table in, so that they stand at `rows`; with their `belongings`."""
        for row_id, name in names.items():
            self.names.give(row_id, name)
        for column, texts in typed.items():
            for row_id, text in texts.items():
                self._typed.put(row_id, column, text)
        self._next_id = max(self._next_id, int(block.ids.max()) + 1)
        self.insert(rows, block)

    def block_of(self, rows: Sequence[Row]) -> RowBlock:
        """Samples that somebody wrote down one by one."""
        extras = [
            np.array([*(row.extras[place] if place < len(row.extras) else "" for row in rows), None], dtype=object)[:-1]
            for place in range(len(self.extras))
        ]
        texts = {(place, column): text for place, row in enumerate(rows) for column, text in row.typed.items()}
        return self.new_block(np.stack([row.values for row in rows]), [row.name for row in rows], extras, texts)


def _place(rows: np.ndarray, columns: np.ndarray) -> tuple:
    """How numpy is asked for a block; neighbouring rows as a slice, which it need not look up one by one."""
    if len(rows) and len(rows) == int(rows[-1]) - int(rows[0]) + 1 and (len(rows) < 2 or (np.diff(rows) == 1).all()):
        return slice(int(rows[0]), int(rows[-1]) + 1), columns
    return np.ix_(rows, columns)


def mean_values(features: Sequence[Feature]) -> np.ndarray:
    """Every feature at its mean: where one starts when nothing else is known."""
    return np.array([feature.mean for feature in features], dtype=np.float64)


def fresh_table(features: Sequence[Feature]) -> InputTable:
    """A table of one sample, for a network that came without data."""
    return InputTable(features, [Row("1", mean_values(features))])


def fresh_rows(table: InputTable, count: int) -> RowBlock:
    """New samples for a table, every feature at its mean, named so that they can be told from the others."""
    values = np.broadcast_to(mean_values(table.features), (count, len(table.features)))
    return table.new_block(values, table.names.free("new", count))
