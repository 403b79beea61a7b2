"""Pasting a block from a spreadsheet: what it says, what would become of it, and doing it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lrp_engine.files.cells import number, writes_decimal_point
from lrp_engine.files.features import header_feature
from lrp_gui.document.table import InputTable, fresh_rows
from lrp_gui.document.table_blocks import Numbers, Patch, RowBlock, Words
from lrp_gui.document.table_checks import read_cell
from lrp_gui.languages import tr, trn

LEFT_OUT = -1
# So many cells tell what stands before decimals; a whole table of them would say nothing else.
LOOKED_AT = 5000
_SPACES = " \u00a0\u202f'’"  # what may stand between thousands beside comma or point
_END = r"(?:[eE][+-]?\d+)?"
_PLAIN_COLUMN = re.compile(rf"(?:(?:[+-]?(?:\d+\.?\d*|\.\d+){_END})?\n)+", re.ASCII)
_WITH_POINT = rf"[+-]?(?:\d{{1,3}}(?:[,{_SPACES}]\d{{3}})+|\d*)(?:\.\d*)?{_END}"
_WITH_COMMA = rf"[+-]?(?:\d{{1,3}}(?:[.{_SPACES}]\d{{3}})+|\d*)(?:,\d*)?{_END}"
_POINT, _POINT_COLUMN = re.compile(_WITH_POINT, re.ASCII), re.compile(rf"(?:{_WITH_POINT}\n)+", re.ASCII)
_COMMA, _COMMA_COLUMN = re.compile(_WITH_COMMA, re.ASCII), re.compile(rf"(?:{_WITH_COMMA}\n)+", re.ASCII)
_WITHOUT_COMMAS = str.maketrans("", "", f",{_SPACES}")
_WITHOUT_POINTS = str.maketrans("", "", f".{_SPACES}")

Grid = list[list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class PastePlan:
    """What pasting would do. Nothing has happened yet.

    Attributes
    ----------
    cells : list of list of str
        The lines that are pasted, without the header, as they were copied.
    header : tuple of str
        The first line, where it was taken for names; else empty.
    rows : ndarray
        Rows of the table that are written over.
    added : int
        How many samples are added at the end.
    columns : tuple of int
        For each copied column the column of the table, -1 for one that is left out.
    decimal_comma : bool
        Whether 3,14 and 1.234,5 are numbers, instead of 3.14 and 1,234.5.
    by_name : bool
        Whether columns were found by the header.
    unusable : int
        How many cells of features would hold no number.
    notes : tuple of str
        What is remarkable about it, in sentences.
    problem : str
        Why it cannot be done like this; "" when it can.
    asks : bool
        Whether somebody should see this before it happens.
    read : dict
        Copied column -> its numbers, and by line the texts that are none; empty where lines differ in length.
    """

    cells: Grid
    header: tuple[str, ...]
    rows: np.ndarray
    added: int
    columns: tuple[int, ...]
    decimal_comma: bool
    by_name: bool
    unusable: int
    notes: tuple[str, ...] = ()
    problem: str = ""
    asks: bool = False
    read: Mapping[int, tuple[np.ndarray, dict[int, str]]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many columns are written."""
        return sum(column != LEFT_OUT for column in self.columns)


def grid(text: str) -> Grid:
    """Cells of a copied block; a quoted cell may hold tabs, quotes and line breaks."""
    separator = "\t" if "\t" in text or not _has_semicolons(text) else ";"
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:  # a quote that nobody closed: then it is no quote
        lines = [line.split(separator) for line in re.split(r"\r\n|\r|\n", text)]
    while lines and not any(lines[-1]):  # the line break behind the last row
        lines.pop()
    return [[cell.strip() for cell in line] for line in lines]


def _has_semicolons(text: str) -> bool:
    """Whether every line has the same number of them: a line of a European CSV file."""
    counts = {line.count(";") for line in text.splitlines() if line}
    return len(counts) == 1 and counts.pop() > 0


def plan(
    table: InputTable,
    text: str | Sequence[Sequence[str]],
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    selected: tuple[int, int] = (1, 1),
    header: bool | None = None,
    by_name: bool | None = None,
    decimal_comma: bool | None = None,
    order: Sequence[int] | None = None,
    comma_at_home: bool = False,
) -> PastePlan | None:
    """Find out what pasting would do.

    Parameters
    ----------
    table
        Where it goes.
    text
        Of the clipboard, or its cells.
    rows, columns
        Of the table, those that are shown from the cell on, in their order. What is longer adds samples.
    selected
        How many rows and columns are selected: a block that goes into them several times fills them.
    header
        Whether the first line holds names; None: find out.
    by_name
        Whether to go by these names; None: if they all are columns of the table.
    decimal_comma
        Whether a comma stands before decimals; None: find out.
    order
        For each copied column the column of the table, -1 for none; None: as found.
    comma_at_home
        What 1,234 is where nothing tells: with it 1.234, else one thousand two hundred and thirty-four.

    Returns
    -------
    PastePlan or None
        None where there is nothing to paste.
    """
    cells = grid(text) if isinstance(text, str) else [list(line) for line in text]
    if not cells or not any(map(len, cells)):
        return None
    notes: list[str] = []
    titles = _titles(table)
    named = _is_header(cells, titles) if header is None else header and len(cells) > 0
    names = tuple(cells.pop(0)) if named else ()
    even = len({len(line) for line in cells}) <= 1
    width = max((len(line) for line in cells), default=len(names))
    comma, unsure = _decimal_comma(cells) if decimal_comma is None else (decimal_comma, False)
    if unsure:
        comma = comma_at_home
        notes.append(
            tr("A number such as 1,234 could be read in two ways; it is read as {value}.").format(
                value="1.234" if comma else "1234"
            )
        )
    elif comma and decimal_comma is None:
        notes.append(tr("Decimal commas are read as decimal points."))
    found = [titles.get(_bare(name), LEFT_OUT) for name in names]
    wanted = by_name if by_name is not None else bool(found) and all(column >= 0 for column in found)
    problem = ""
    if order is not None:
        target = [int(column) for column in order][:width]
    elif wanted and names:
        target = found
        lost = [f"“{name}”" for name, column in zip(names, found, strict=True) if column < 0]
        if lost:
            notes.append(
                tr("No column is called {lost}; what stands there is left out.").format(lost=", ".join(lost[:5]))
            )
    else:
        target = columns[:width].tolist()
        if width > len(columns):
            notes.append(
                tr(
                    "{width} columns were copied, but from here on the table has {columns}; the rest is left out."
                ).format(width=width, columns=len(columns))
            )
    target += [LEFT_OUT] * (width - len(target))
    used = [column for column in target if column >= 0]
    if len(set(used)) < len(used):
        problem = tr("Two copied columns go into the same column of the table; choose another one for one of them.")
    elif not used:
        problem = tr("None of the copied columns has a place in the table; choose where they go.")
    elif not cells:
        problem = tr("Only names were copied; copy at least one line of numbers with them.")
    if not even:
        notes.append(tr("The lines differ in length; where a line ends early, the table stays as it is."))
    if order is None and even and not names:
        cells, target = _tiled(cells, target, columns, selected)
    read = {
        at: numbers(table, column, [line[at] for line in cells if at < len(line)], comma=comma)
        for at, column in enumerate(target)
        if 0 <= column < len(table.features)
    }
    unusable = sum(int(np.count_nonzero(~np.isfinite(values))) for values, _typed in read.values())
    if unusable:
        notes.append(
            trn(
                "{unusable} cell is no number; it is kept as it is and marked.",
                "{unusable} cells are no numbers; they are kept as they are and marked.",
                unusable,
            ).format(unusable=unusable)
        )
    added = max(0, len(cells) - len(rows))
    if added:
        said = trn("{added} sample is added at the end.", "{added} samples are added at the end.", added)
        notes.append(said.format(added=added))
    return PastePlan(
        cells=cells,
        header=names,
        rows=rows[: len(cells)],
        added=added,
        columns=tuple(target),
        decimal_comma=comma,
        by_name=wanted and bool(names),
        unusable=unusable,
        notes=tuple(notes),
        problem=problem,
        asks=bool(problem) or not even or unsure or LEFT_OUT in target,
        read=read if even else {},
    )


def made(table: InputTable, plan: PastePlan) -> tuple[list[Patch], RowBlock | None]:
    """What doing it comes to: patches for rows that are there, and samples that are added."""
    features = len(table.features)
    over = len(plan.rows)
    by_columns: dict[tuple[int, ...], list[int]] = {}
    used = tuple(at for at, column in enumerate(plan.columns) if column != LEFT_OUT)
    if plan.read and over:
        by_columns[used] = list(range(over))
    else:
        for place, line in enumerate(plan.cells[:over]):
            by_columns.setdefault(tuple(at for at in used if at < len(line)), []).append(place)
    patches: list[Patch] = []
    for places, lines in by_columns.items():
        patches += _patches(table, plan, np.array(lines, dtype=np.intp), places)
    if not plan.added:
        return patches, None
    block, rest = fresh_rows(table, plan.added), plan.cells[over:]
    values = np.array(block.values)
    extras = [column.copy() for column in block.extras]
    for at, column in enumerate(plan.columns):
        if column == LEFT_OUT:
            continue
        if at in plan.read:
            found, typed = plan.read[at]
            values[:, column] = found[over:]
            for line, text in typed.items():
                if line >= over:
                    table.give_text(int(block.ids[line - over]), column, text)
            continue
        lines = [row for row, line in enumerate(rest) if at < len(line)]
        texts = [rest[row][at] for row in lines]
        if column >= features:
            extras[column - features][lines] = texts
            continue
        values[lines, column], typed = numbers(table, column, texts, comma=plan.decimal_comma)
        for place, text in typed.items():
            table.give_text(int(block.ids[lines[place]]), column, text)
    return patches, RowBlock(block.ids, values, tuple(extras))


def numbers(table: InputTable, column: int, texts: Sequence[str], *, comma: bool) -> tuple[np.ndarray, dict[int, str]]:
    """(cells,) of numbers for a feature, and the texts that are none by their place."""
    # The most likely cases at once: an expression over the whole column costs what one over a few cells does.
    whole = _plain_column("\n".join(texts), comma=comma) if texts else ""
    if whole:
        cells = (float(cell) if cell else np.nan for cell in whole.split("\n"))
        values = np.fromiter(cells, dtype=np.float64, count=len(texts))
        if not np.isinf(values).any():
            return values, {}
    values, typed = np.empty(len(texts)), dict[int, str]()
    known: dict[str, tuple[float, str]] = {}
    for place, text in enumerate(texts):
        found = known.get(text)
        if found is None:
            found = known[text] = _read(table, column, text, comma=comma)
        values[place] = found[0]
        if found[1] and text.strip():
            typed[place] = text
    return values, typed


def _plain_column(whole: str, *, comma: bool) -> str:
    """Numbers of a column, a line each, as Python writes them; "" where something is neither number nor gap."""
    if not (comma and "." in whole) and _PLAIN_COLUMN.fullmatch(whole + "\n"):
        return whole
    whole = whole.replace("−", "-")
    if not (_COMMA_COLUMN if comma else _POINT_COLUMN).fullmatch(whole + "\n"):
        return ""
    whole = whole.translate(_WITHOUT_POINTS if comma else _WITHOUT_COMMAS).replace(",", ".")
    return whole if _PLAIN_COLUMN.fullmatch(whole + "\n") else ""


def _read(table: InputTable, column: int, text: str, *, comma: bool) -> tuple[float, str]:
    value, reason = read_cell(text, table.features[column])
    if reason or (comma and "." in text):
        plain = unlocalised(text, comma=comma)
        if plain != text:
            value, reason = number(plain)
    return value, reason


def unlocalised(text: str, *, comma: bool) -> str:
    """A number without marks between its thousands and with a point before its decimals; else the text as it is."""
    stripped = text.strip().replace("−", "-")
    pattern, mark, thousands = (_COMMA, ",", ".") if comma else (_POINT, ".", ",")
    if not any(letter.isdigit() for letter in stripped) or not pattern.fullmatch(stripped):
        return text
    for sign in (thousands, *_SPACES):
        stripped = stripped.replace(sign, "")
    return stripped.replace(mark, ".")


def with_decimal_comma(cell: str) -> str:
    """A number with a comma before its decimals; another text as it is."""
    return cell.replace(".", ",") if writes_decimal_point(cell) else cell


def _patches(table: InputTable, plan: PastePlan, lines: np.ndarray, places: Sequence[int]) -> list[Patch]:
    """The patches of lines that fill the same columns."""
    count, rows = len(table.features), plan.rows[lines]
    numeric = [at for at in places if plan.columns[at] < count]
    columns = np.array([plan.columns[at] for at in numeric], dtype=np.intp)
    values, texts = np.empty((len(columns), len(rows))).T, dict[tuple[int, int], str]()
    chosen = lines.tolist()
    for place, at in enumerate(numeric):
        if at in plan.read:
            found, typed = plan.read[at]
            values[:, place] = found[: len(rows)]
            texts |= {(row, place): text for row, text in typed.items() if row < len(rows)}
            continue
        cells = [plan.cells[line][at] for line in chosen]
        values[:, place], typed = numbers(table, int(columns[place]), cells, comma=plan.decimal_comma)
        texts |= {(row, place): text for row, text in typed.items()}
    patches: list[Patch] = [Numbers(rows, columns, values, texts)] if numeric else []
    for at in places:
        if plan.columns[at] >= count:
            cells = [plan.cells[line][at] for line in chosen]
            patches.append(Words(rows, plan.columns[at] - count, cells, count))
    return patches


def _titles(table: InputTable) -> Mapping[str, int]:
    """What columns are called, without case and units."""
    names = [one.name for one in table.features] + [column.name for column in table.extras]
    found: dict[str, int] = {}
    for column, name in enumerate(names):
        found.setdefault(_bare(name), column)
    return found


def _bare(name: str) -> str:
    return header_feature(name.replace("\n", " ")).name.casefold().strip()


def _is_header(cells: Grid, titles: Mapping[str, int]) -> bool:
    """Whether the first line names columns: no number in it, and either known names or numbers below."""
    first, rest = cells[0], cells[1:]
    filled = [cell for cell in first if cell]
    if not filled or any(_numeric(cell) for cell in filled):
        return False
    if sum(_bare(cell) in titles for cell in filled) * 2 > len(filled):
        return True
    if not rest:
        return False
    below = [line[at] for line in rest[:50] for at in range(min(len(line), len(first))) if first[at]]
    return bool(below) and sum(map(_numeric, below)) * 10 > len(below) * 8


def _numeric(cell: str) -> bool:
    return any(not number(unlocalised(cell, comma=comma))[1] for comma in (False, True))


def _decimal_comma(cells: Grid) -> tuple[bool, bool]:
    """Whether commas stand before decimals, and whether that cannot be told."""
    point = comma = either = False
    telling = (cell for line in cells for cell in line if "," in cell or "." in cell)
    for cell in itertools.islice(telling, LOOKED_AT):
        as_point = not number(unlocalised(cell, comma=False))[1]
        as_comma = not number(unlocalised(cell, comma=True))[1]
        point, comma = point or (as_point and not as_comma), comma or (as_comma and not as_point)
        either = either or (as_point and as_comma and "," in cell)
    return comma and not point, either and comma == point


def _tiled(cells: Grid, target: list[int], columns: np.ndarray, selected: tuple[int, int]) -> tuple[Grid, list[int]]:
    """A block that goes into the selection several times, so many times."""
    rows, across = selected
    height, width = len(cells), len(target)
    down = rows // height if height and rows % height == 0 else 1
    right = across // width if width and across % width == 0 and across <= len(columns) else 1
    if right > 1:
        cells, target = [line * right for line in cells], columns[: width * right].tolist()
    return cells * max(down, 1), target
