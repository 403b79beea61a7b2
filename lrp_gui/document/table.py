"""The input table: samples by named features, and everything that a person typed into it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from lrp_engine.files.cells import number, writes_decimal_comma
from lrp_gui.document.results import Feature

# The engine's reason why a cell is no number, in the words of a sentence.
REASONS = {"missing": "no number", "infinite": "infinite", "too large": "too large", "not a number": "no number"}


@dataclass(frozen=True, slots=True)
class Row:
    """One sample, complete: what is taken out of the table can be put back as it was."""

    name: str
    values: np.ndarray  # (features,), NaN where the cell holds text
    typed: dict[int, str] = field(default_factory=dict)  # column -> text that is not a number
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column that is no input, such as the true label: shown, never explained."""

    name: str
    texts: list[str]


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number: 59, not 59.0."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(float(value))


class InputTable:
    """The rows that are explained. Only the document changes it; views read.

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
        self.features = tuple(features)
        self.path = path
        self.names: list[str] = []
        self.values = np.empty((0, len(self.features)))
        self.typed: dict[tuple[int, int], str] = {}
        self.extras = [ExtraColumn(name, []) for name in extra_names]
        self._kept = b""  # the digest of what is in its file
        if rows:
            self.insert(0, rows)
        self.mark_kept()

    @classmethod
    def from_columns(
        cls,
        features: Sequence[Feature],
        values: np.ndarray,
        typed: dict[tuple[int, int], str],
        extras: Sequence[tuple[str, Sequence[str]]],
        path: str,
    ) -> InputTable:
        """A table as a file holds it; its samples are named by their number."""
        table = cls(features, path=path)
        table.values = np.array(values, dtype=np.float64)
        # As when it is typed: what cannot be used is text, and NaN to everybody else.
        table.values[~np.isfinite(table.values)] = np.nan
        table.names = [str(number) for number in range(1, len(values) + 1)]
        table.typed = dict(typed)
        table.extras = [ExtraColumn(name, list(texts)) for name, texts in extras]
        table.mark_kept()
        return table

    @property
    def samples(self) -> int:
        """The number of rows."""
        return len(self.names)

    @property
    def edited(self) -> bool:
        """Whether it holds anything that is in no file; an edit that was undone leaves nothing."""
        return self._digest() != self._kept

    def mark_kept(self) -> None:
        """What it holds now is in a file, or nothing that a person made."""
        self._kept = self._digest()

    def _digest(self) -> bytes:
        words = repr((self.names, sorted(self.typed.items()), [column.texts for column in self.extras]))
        return blake2b(self.values.tobytes() + words.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def text(self, row: int, column: int) -> str:
        """A cell as it is shown, copied and typed."""
        typed = self.typed.get((row, column))
        return number_text(self.values[row, column]) if typed is None else typed

    def problem(self, row: int, column: int) -> str:
        """Why this cell cannot be used, in one sentence; "" when it can."""
        value = self.values[row, column]
        if np.isfinite(value):
            return ""
        name, text = self.features[column].name, self.text(row, column).strip()
        if not text:
            return f"{name} is empty; type a number."
        if writes_decimal_comma(text):
            return f"{name} is “{text}”; write the decimals after a point."
        _value, reason = number(text)
        return f"{name} is “{text}”, which is {REASONS.get(reason, 'no number')}; type a finite number."

    def row_problem(self, row: int) -> str:
        """Why this sample cannot be explained, in one sentence; "" when it can."""
        bad = np.flatnonzero(~np.isfinite(self.values[row]))
        if not bad.size:
            return ""
        sentence = self.problem(row, int(bad[0]))
        more = f" {bad.size - 1} more of its cells cannot be used." if bad.size > 1 else ""
        return f"Sample {self.names[row]} is not explained: {sentence}{more}"

    def good_rows(self) -> np.ndarray:
        """(samples,) of bool: which rows hold finite numbers only."""
        return np.asarray(np.isfinite(self.values).all(axis=1))

    def row(self, row: int) -> Row:
        """A complete copy of one sample."""
        typed = {column: text for (at, column), text in self.typed.items() if at == row}
        extras = tuple(column.texts[row] for column in self.extras)
        return Row(self.names[row], self.values[row].copy(), typed, extras)

    def set_text(self, row: int, column: int, text: str) -> None:
        """Take over what was typed; what is no finite number stays in the cell as text."""
        value, reason = number(text)
        self.values[row, column] = np.nan if reason else value
        if reason:
            self.typed[row, column] = text
        else:
            self.typed.pop((row, column), None)

    def put_values(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Write numbers into a block of cells; texts that stood there are gone."""
        self.values[np.ix_(rows, columns)] = values
        if self.typed:
            inside, across = set(rows.tolist()), set(columns.tolist())
            for cell in [cell for cell in self.typed if cell[0] in inside and cell[1] in across]:
                del self.typed[cell]

    def insert(self, at: int, rows: Sequence[Row]) -> None:
        """Put samples before row `at`."""
        count = len(rows)
        self.typed = {(r + count if r >= at else r, c): text for (r, c), text in self.typed.items()}
        self.values = np.insert(self.values, at, np.stack([row.values for row in rows]), axis=0)
        self.names[at:at] = [row.name for row in rows]
        for place, column in enumerate(self.extras):
            column.texts[at:at] = [row.extras[place] if place < len(row.extras) else "" for row in rows]
        for offset, row in enumerate(rows):
            self.typed.update({(at + offset, column): text for column, text in row.typed.items()})

    def remove(self, at: int, count: int) -> list[Row]:
        """Take samples out, complete."""
        taken = [self.row(row) for row in range(at, at + count)]
        kept = ((r, c, text) for (r, c), text in self.typed.items() if not at <= r < at + count)
        self.typed = {(r - count if r >= at else r, c): text for r, c, text in kept}
        self.values = np.delete(self.values, np.s_[at : at + count], axis=0)
        del self.names[at : at + count]
        for column in self.extras:
            del column.texts[at : at + count]
        return taken

    def free_name(self, wanted: str) -> str:
        """A sample name that is not taken yet."""
        return free_names(self.names, wanted, 1)[0]


def free_names(taken: Sequence[str], wanted: str, count: int) -> list[str]:
    """`count` names that are not taken: the wanted one if it is free, then with a number behind it."""
    used = set(taken)
    candidates = itertools.chain([wanted], (f"{wanted} ({copy})" for copy in itertools.count(2)))
    return list(itertools.islice((name for name in candidates if name not in used), count))


def mean_values(features: Sequence[Feature]) -> np.ndarray:
    """Every feature at its mean: where one starts when nothing else is known."""
    return np.array([feature.mean for feature in features], dtype=np.float64)


def fresh_table(features: Sequence[Feature]) -> InputTable:
    """A table of one sample, for a network that came without data."""
    return InputTable(features, [Row("1", mean_values(features))])


def fresh_rows(table: InputTable, count: int) -> list[Row]:
    """New samples for a table, named so that they can be told from the others."""
    values = mean_values(table.features)
    blanks = ("",) * len(table.extras)
    return [Row(name, values.copy(), {}, blanks) for name in free_names(table.names, "new", count)]
