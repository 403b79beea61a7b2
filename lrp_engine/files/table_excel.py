"""A table from a sheet of an Excel workbook (.xlsx).

fastexcel gives the cells; it says nothing of formulas, errors and merged cells, so those are looked up in the sheet's
own text. A formula is never computed: what the spreadsheet program saved with it is its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import FormatError
from .archive import Archive
from .table_options import AS_FOUND, Reading
from .table_raw import LARGEST_TEXT, RawTable, check_count, damaged, from_text, in_words

_CELL = re.compile(rb"<c\b([^>]*[^/>])>(.*?)</c>", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_FORMULA = re.compile(rb"<f\b[^>]*?(?:/>|>(.*?)</f>)", re.DOTALL)
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_VALUE = re.compile(rb"<v>([^<]+)</v>|<is>")


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a sheet's text says of its cells, by (row, column), both counted from 1."""

    first: tuple[int, int]  # the first row and the first column in which something stands
    unknown: dict[tuple[int, int], str]  # formulas without a value, and errors, by their text
    formulas: int
    merged: tuple[str, ...]


def read_excel(path: Path, reading: Reading = AS_FOUND, most: int = 0) -> RawTable:
    """Read a sheet of a workbook: the one that is named, or the first that is not empty.

    Parameters
    ----------
    path : Path
        The file.
    reading : Reading
        How somebody wants it to be read.
    most : int
        Read no more than so many rows; 0 for all.

    Raises
    ------
    FormatError
        If it is damaged, empty or too large, lacks the sheet, or has two columns of one name.
    """
    import fastexcel

    notes: list[str] = []
    archive = Archive(path)
    links = _sheets(archive)
    with damaged(path, "an Excel workbook"):
        book = fastexcel.read_excel(path)
        names = tuple(book.sheet_names)
        if reading.sheet and reading.sheet not in names:
            have = in_words([f"“{one}”" for one in names])
            raise FormatError(f"{path.name} has no sheet “{reading.sheet}”; it has {have}.", choice="sheet")
        name, sheet = _first_sheet(book, (reading.sheet,) if reading.sheet else names, most)
        if not sheet.height or not sheet.width:
            what = f"The sheet “{reading.sheet}” of {path.name}" if reading.sheet else path.name
            raise FormatError(
                f"{what} is empty; a table needs a row of names and at least one row of numbers.", choice="sheet"
            )
        check_count(path, sheet.height, sheet.width)
        rows = [[("" if cell is None else cell).strip() for cell in row] for row in sheet.to_polars().rows()]
    if len(names) > 1 and not reading.sheet:
        others = in_words([f"“{one}”" for one in names if one != name])
        notes.append(f"The sheet “{name}” was read; {others} {'is' if len(names) == 2 else 'are'} left out.")
    marks = _marks(archive.read(links[name], 2 * LARGEST_TEXT) if name in links else b"")
    top, left = marks.first
    for (row, column), text in marks.unknown.items():
        if row - top < len(rows) and column - left < len(rows[0]) and not rows[row - top][column - left]:
            rows[row - top][column - left] = text
    if reading.merged == "all":
        _spread(rows, marks)
    notes += _said(marks, spread=reading.merged == "all")
    lines = [(row, cells) for row, cells in enumerate(rows, start=top) if any(cells)]
    reading = replace(reading, sheet=name)
    table = from_text(path, lines, notes, row="Row", commas=False, reading=reading, kind="excel")
    bad = {place: (text, _reason(text, why)) for place, (text, why) in table.bad.items()}
    return replace(table, bad=bad, sheets=names)


def _first_sheet(book: Any, names: Sequence[str], most: int) -> tuple[str, Any]:
    """The first sheet that can be a table; if none can, the first in which something stands, or else the first."""
    found: list[tuple[int, str, Any]] = []
    for name in names:
        sheet = book.load_sheet(name, header_row=None, dtypes="string", n_rows=most or None)
        rows = min(sheet.height if sheet.width else 0, 2)
        if rows == 2:
            return name, sheet
        found.append((rows, name, sheet))
    return max(found, key=lambda one: one[0])[1:]


def _spread(rows: list[list[str]], marks: _Marks) -> None:
    """Give all of the merged cells the value of their first."""
    top, left = marks.first
    for merged in marks.merged:
        (first, start), (last, end) = (_at(place) for place in merged.split(":"))
        inside = [
            (row - top, column - left)
            for row in range(first, min(last, top + len(rows) - 1) + 1)
            for column in range(start, min(end, left + len(rows[0]) - 1) + 1)
        ]
        if inside and min(inside[0]) >= 0:
            value = rows[inside[0][0]][inside[0][1]]
            for row, column in inside:
                rows[row][column] = value


def _at(place: str) -> tuple[int, int]:
    """Row and column of B3, both counted from 1."""
    letters = place.rstrip("0123456789")
    return int(place[len(letters) :]), _column(letters.encode())


def _reason(text: str, why: str) -> str:
    if text.startswith("="):
        return "a formula without a value"
    return "an error of the spreadsheet" if text.startswith("#") else why


def _said(marks: _Marks, *, spread: bool) -> Iterator[str]:
    without = [f"{_name(*place)}" for place, text in marks.unknown.items() if text.startswith("=")]
    errors = [f"{_name(*place)} ({text})" for place, text in marks.unknown.items() if text.startswith("#")]
    if marks.formulas > len(without):
        yield "Formulas are not computed: the values that were saved with them were read."
    if without:
        yield f"No value was saved with the formula in {in_words(without)}; save the file in a spreadsheet program."
    if errors:
        yield f"The spreadsheet could not compute {in_words(errors)}."
    if marks.merged:
        which = f"Of the merged cells {in_words(list(marks.merged))}"
        what = "all have the value of the first." if spread else "only the first has a value; the others are missing."
        yield f"{which} {what}"


def _sheets(archive: Archive) -> dict[str, str]:
    """Each sheet's member by its name; nothing where the workbook is not put together as usual."""
    # A few bytes may say that they are gigabytes.
    if sum(member.file_size for member in archive.members.values()) > 2 * LARGEST_TEXT:
        raise FormatError(
            f"{archive.path.name} takes more than {2 * LARGEST_TEXT // 1024**2} MiB when it is unpacked; save it as "
            "Parquet, or fewer rows."
        )
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if book not in archive or links not in archive:
        return {}
    targets = dict(_pairs(archive.read(links), b"Relationship", b"Id", b"Target"))
    found = {}
    for name, link in _pairs(archive.read(book), b"sheet", b"name", b"r:id"):
        member = targets.get(link, "").removeprefix("/")
        member = member if member.startswith("xl/") else f"xl/{member}"
        if member in archive:
            found[_unescaped(name)] = member
    return found


def _pairs(text: bytes, tag: bytes, key: bytes, value: bytes) -> Iterator[tuple[str, str]]:
    """Two attributes of every element with this tag."""
    for element in re.finditer(rb"<" + tag + rb"\s([^>]*)>", text):
        one = re.search(rb"(?:^|\s)" + key + rb'="([^"]*)"', element[1])
        other = re.search(rb"(?:^|\s)" + value + rb'="([^"]*)"', element[1])
        if one and other:
            yield one[1].decode("utf-8", "replace"), other[1].decode("utf-8", "replace")


def _unescaped(text: str) -> str:
    for mark, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(mark, letter)
    return text


def _marks(text: bytes) -> _Marks:
    unknown: dict[tuple[int, int], str] = {}
    rows: list[int] = []
    columns: list[int] = []
    formulas = 0
    for cell in _CELL.finditer(text):
        place = _PLACE.search(cell[1])
        if not place:
            continue
        at = int(place[2]), _column(place[1])
        value, formula = _VALUE.search(cell[2]), _FORMULA.search(cell[2])
        if value or formula:
            rows.append(at[0])
            columns.append(at[1])
        formulas += bool(formula)
        if value and b't="e"' in cell[1]:
            unknown[at] = _unescaped((value[1] or b"#").decode("utf-8", "replace"))
        elif formula and not value:
            unknown[at] = "=" + _unescaped((formula[1] or b"").decode("utf-8", "replace"))
    merged = tuple(one.decode() for one in _MERGED.findall(text))
    return _Marks((min(rows, default=1), min(columns, default=1)), unknown, formulas, merged)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _name(row: int, column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
