"""Which column of a table is which input of the network, and which rows cannot be explained."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import FormatError
from .table_cells import Unusable, taken

if TYPE_CHECKING:
    import numpy as np

    from .features import Feature
    from .table_raw import RawTable

# Column names that mean the answer, not an input.
ANSWERS = frozenset(
    {"label", "labels", "target", "targets", "class", "classes", "y", "outcome", "output", "prediction"}
)

_LOOKED_AT = 1000  # rows of a column without numbers: whether texts stand there, or nothing
_BRACKETS = re.compile(r"[(\[{].*?[)\]}]")


@dataclass(frozen=True, slots=True)
class Matched:
    """Where a network finds its inputs in a table.

    Attributes
    ----------
    order : tuple of int
        The table's column for each feature, in the network's order; -1 where it has none, and the feature is missing.
    extras : tuple of str
        The names of the columns that the network does not use.
    notes : tuple of str
        What was assumed, in sentences.
    """

    order: tuple[int, ...]
    extras: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def take(self, table: RawTable) -> tuple[np.ndarray, Mapping[tuple[int, int], tuple[str, str]]]:
        """Pick the network's columns: values (samples, features), and the bad cells by (row, feature).

        Columns that stand side by side are not copied.
        """
        if isinstance(table.bad, Unusable):
            return taken(table.values, self.order), table.bad.of(self.order)
        place = {column: feature for feature, column in enumerate(self.order)}
        bad = {(row, place[column]): cell for (row, column), cell in table.bad.items() if column in place}
        absent = [feature for feature, column in enumerate(self.order) if column < 0]
        bad |= {(row, feature): ("", "missing") for feature in absent for row in range(len(table.values))}
        return taken(table.values, self.order), bad

    def typed(self, table: RawTable) -> dict[tuple[int, int], str]:
        """What stands in the cells that are no finite numbers, by (row, feature); an empty one is not among them."""
        if isinstance(table.bad, Unusable):
            return dict(table.bad.of(self.order).typed())
        place = {column: feature for feature, column in enumerate(self.order)}
        return {
            (row, place[column]): text for (row, column), (text, _) in table.bad.items() if text and column in place
        }


def match_columns(features: Sequence[Feature], named: bool, table: RawTable) -> Matched:
    """Find a column for every feature.

    Parameters
    ----------
    features : sequence of Feature
        The network's input units, in its order.
    named : bool
        Whether the features' names are the author's; invented ones are matched by position.
    table : RawTable
        The table.

    Raises
    ------
    FormatError
        If columns are missing, or if it cannot be told which column is which; the sentence names what is missing or
        both counts.
    """
    if named and table.named:
        return _by_name([feature.name for feature in features], table)
    return _by_position(len(features), table)


def suggest_columns(features: Sequence[Feature], named: bool, table: RawTable) -> tuple[int, ...]:
    """Propose a column for every feature where `match_columns` refuses: by name as far as they go, else by position.

    Parameters
    ----------
    features, named, table
        As for `match_columns`.

    Returns
    -------
    tuple of int
        -1 where there is none.
    """
    exact = {name: column for column, name in enumerate(table.names)}
    if named and table.named:
        loose: dict[str, int] = {}
        for column, name in enumerate(table.names):
            loose.setdefault(_plain(name), column)
        found: list[int] = []
        for feature in features:
            column = exact.get(feature.name, loose.get(_plain(feature.name), -1))
            found.append(-1 if column in found else column)
        if max(found) >= 0:
            return tuple(found)
    free = [column for column in range(len(table.names)) if not _set_aside(column, table)]
    return tuple([*free, *[-1] * len(features)][: len(features)])


def row_problems(
    values: np.ndarray,
    names: Sequence[str],
    bad: Mapping[tuple[int, int], tuple[str, str]] | None = None,
) -> dict[int, str]:
    """Say of each row that cannot be explained why not.

    Parameters
    ----------
    values : ndarray
        (samples, features).
    names : sequence of str
        The features' names.
    bad : mapping, optional
        (row, feature) -> (text, reason), as `Matched.take` gives it, so that the sentence can quote what was typed.

    Returns
    -------
    dict
        Row, counted from 0, -> one sentence that names the columns. Rows that are fine are left out.
    """
    import numpy as np

    found: dict[int, list[str]] = defaultdict(list)
    for row, column in zip(*(~np.isfinite(values)).nonzero(), strict=True):
        text, reason = (bad or {}).get((int(row), int(column)), ("", ""))
        if not reason:
            reason = "missing" if np.isnan(values[row, column]) else "infinite"
        quoted = f" (“{_short(text)}”)" if text and reason != "missing" else ""
        found[int(row)].append(f"{names[column]} is {reason}{quoted}")
    return {row: f"Row {row + 1}: {_listed(problems, 3)}." for row, problems in found.items()}


def _by_name(wanted: list[str], table: RawTable) -> Matched:
    twice = next((name for name in wanted if wanted.count(name) > 1), None)
    if twice is not None:
        raise FormatError(
            f"The network names the feature “{twice}” more than once, so columns cannot be matched by name."
        )
    exact = {name: column for column, name in enumerate(table.names)}
    loose: dict[str, list[int]] = defaultdict(list)
    for column, name in enumerate(table.names):
        loose[_plain(name)].append(column)

    notes: list[str] = []
    order: list[int] = []
    missing: list[str] = []
    renamed: list[str] = []
    for name in wanted:
        candidates = [exact[name]] if name in exact else loose.get(_plain(name), [])
        if len(candidates) > 1:
            both = " and ".join(f"“{table.names[column]}”" for column in candidates)
            raise FormatError(
                f"The columns {both} could both be the feature “{name}”; give one of them exactly that name."
            )
        if not candidates or candidates[0] in order:
            missing.append(f"“{name}”")
            continue
        order.append(candidates[0])
        if name not in exact:
            renamed.append(f"“{table.names[candidates[0]]}” was read as “{name}”")
    if missing:
        left_out = {f"“{name}”": why for name, why in (table.left_out or {}).items()}
        missing = [f"{name} (which {left_out[name]})" if name in left_out else name for name in missing]
        names, there = _listed(missing, 5), _listed(list(table.names), 5)
        if len(missing) == 1:
            raise FormatError(f"The table lacks the column {names}; it has {there}.")
        every = f"{len(missing)} of the {len(wanted)} columns that the network needs"
        raise FormatError(f"The table lacks {every}: {names}; it has {there}.")
    if renamed:
        notes.append(f"The column {_listed(renamed, 5)}.")
    if order != sorted(order):
        notes.append("The columns stand in another order than the network's inputs; they were matched by name.")
    return _matched(order, table, notes)


def _by_position(count: int, table: RawTable) -> Matched:
    """Without names on one side only the number of columns can tell."""
    every = list(range(len(table.names)))
    inputs = [column for column in every if not _set_aside(column, table)]
    for order in (every, inputs):
        if len(order) == count:
            why = "the table has no column names" if not table.named else "the network does not name its inputs"
            return _matched(order, table, [f"As {why}, columns were matched by their position."])
    columns = f"{len(every)} columns" if len(every) != 1 else "1 column"
    if not table.named:
        columns, what_to_do = f"{columns} without names", "add a line with the column names"
    else:
        what_to_do = (
            "leave out the columns that are not inputs"
            if len(every) > count
            else "open the table that goes with this network"
        )
        if len(inputs) < len(every):
            columns += f" ({len(inputs)} without answers and text)"
    raise FormatError(f"The table has {columns}, but the network takes {count} inputs; {what_to_do}.")


def _set_aside(column: int, table: RawTable) -> bool:
    """Whether this column is an answer, or holds nothing but text."""
    import numpy as np

    if _plain(table.names[column]) in ANSWERS:
        return True
    if not np.isnan(table.values[:, column]).all():
        return False
    first = range(min(len(table.values), _LOOKED_AT))
    return any(table.bad.get((row, column), ("", ""))[1] == "not a number" for row in first)


def _matched(order: list[int], table: RawTable, notes: list[str]) -> Matched:
    used = set(order)
    extras = tuple(name for column, name in enumerate(table.names) if column not in used)
    if extras:
        quoted = [f"“{name}”" for name in extras]
        what = "column" if len(extras) == 1 else "columns"
        notes = [
            *notes,
            f"The {what} {_listed(quoted, 5)} {'is' if len(extras) == 1 else 'are'} no input of the network.",
        ]
    return Matched(tuple(order), extras, tuple(notes))


def _plain(name: str) -> str:
    """A name without case, spaces, marks, and a unit in brackets."""
    bare = re.sub(r"[\W_]+", "", _BRACKETS.sub("", name.casefold()))
    return bare or name.casefold()


def _listed(parts: list[str], most: int) -> str:
    shown = ", ".join(parts[:most])
    return f"{shown} and {len(parts) - most} more" if len(parts) > most else shown


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"
