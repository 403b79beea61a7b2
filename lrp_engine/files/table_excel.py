"""A table from a sheet of an Excel workbook (.xlsx).

fastexcel gives the cells; it says nothing of formulas, errors and merged cells, so those are looked up in the sheet's
own text. A formula is never computed: what the spreadsheet program saved with it is its value.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import FormatError
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


def read_excel(path: Path) -> RawTable:
    """Read the first sheet of a workbook that is not empty.

    Raises
    ------
    FormatError
        If it is damaged, empty or too large, or has two columns of one name.
    """
    import fastexcel

    notes: list[str] = []
    sheets = _sheets(path)
    with damaged(path, "an Excel workbook"):
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        for name in names:
            sheet = book.load_sheet(name, header_row=None, dtypes="string")
            if sheet.height and sheet.width:
                break
        else:
            raise FormatError(f"{path.name} is empty; a table needs a row of names and at least one row of numbers.")
        check_count(path, sheet.height, sheet.width)
        rows = [[("" if cell is None else cell).strip() for cell in row] for row in sheet.to_polars().rows()]
    if len(names) > 1:
        others = in_words([f"“{one}”" for one in names if one != name])
        notes.append(f"The sheet “{name}” was read; {others} {'is' if len(names) == 2 else 'are'} left out.")
    marks = _marks(sheets.get(name, b""))
    top, left = marks.first
    for (row, column), text in marks.unknown.items():
        if row - top < len(rows) and column - left < len(rows[0]) and not rows[row - top][column - left]:
            rows[row - top][column - left] = text
    notes += _said(marks)
    lines = [(row, cells) for row, cells in enumerate(rows, start=top) if any(cells)]
    table = from_text(path, lines, notes, row="Row", commas=False)
    return replace(table, bad={place: (text, _reason(text, why)) for place, (text, why) in table.bad.items()})


def _reason(text: str, why: str) -> str:
    if text.startswith("="):
        return "a formula without a value"
    return "an error of the spreadsheet" if text.startswith("#") else why


def _said(marks: _Marks) -> Iterator[str]:
    without = [f"{_name(*place)}" for place, text in marks.unknown.items() if text.startswith("=")]
    errors = [f"{_name(*place)} ({text})" for place, text in marks.unknown.items() if text.startswith("#")]
    if marks.formulas > len(without):
        yield "Formulas are not computed: the values that were saved with them were read."
    if without:
        yield f"No value was saved with the formula in {in_words(without)}; save the file in a spreadsheet program."
    if errors:
        yield f"The spreadsheet could not compute {in_words(errors)}."
    if marks.merged:
        yield f"Of the merged cells {in_words(list(marks.merged))} only the first has a value; the others are missing."


def _sheets(path: Path) -> dict[str, bytes]:
    """Each sheet's text by its name; nothing where the workbook is not put together as usual."""
    try:
        with zipfile.ZipFile(path) as archive:
            # A few bytes may say that they are gigabytes.
            if sum(member.file_size for member in archive.infolist()) > 2 * LARGEST_TEXT:
                raise FormatError(
                    f"{path.name} takes more than {2 * LARGEST_TEXT // 1024**2} MiB when it is unpacked; save it as "
                    "Parquet, or fewer rows."
                )
            members = set(archive.namelist())
            book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
            if not {book, links} <= members:
                return {}
            targets = dict(_pairs(archive.read(links), b"Relationship", b"Id", b"Target"))
            found = {}
            for name, link in _pairs(archive.read(book), b"sheet", b"name", b"r:id"):
                member = targets.get(link, "").removeprefix("/")
                member = member if member.startswith("xl/") else f"xl/{member}"
                if member in members:
                    found[_unescaped(name)] = archive.read(member)
            return found
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise FormatError(f"{path.name} is a damaged Excel workbook: {error}.") from error


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
