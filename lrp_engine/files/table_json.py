"""A table from JSON lines: each line an object of columns, or a list of numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import FormatError
from .json_text import parse
from .table_raw import RawTable, from_text
from .table_text import text_of


def read_json_lines(path: Path, most: int = 0) -> RawTable:
    """Read JSON lines, of a file of `most` bytes or more only the first. A column that a line lacks is missing there.

    Raises
    ------
    FormatError
        If a line is no JSON, or is of another kind than the first; the sentence names the line.
    """
    notes: list[str] = []
    text, _encoding = text_of(path, notes, most=most)
    lines = [
        (place, _parsed(path, place, line)) for place, line in enumerate(text.split("\n"), start=1) if line.strip()
    ]
    if not lines:
        raise FormatError(f"{path.name} is empty; a table of JSON lines needs at least one line.")
    kind = type(lines[0][1])
    for place, value in lines:
        if not isinstance(value, kind):
            raise FormatError(
                f"Line {place} of {path.name} holds {_kind(value)}, but the first line holds {_kind(lines[0][1])}."
            )
    if kind is list:
        return from_text(
            path, [(place, [_cell(path, place, one) for one in row]) for place, row in lines], notes, kind="json"
        )
    return _objects(path, [(place, row) for place, row in lines if isinstance(row, dict)], notes)


def _objects(path: Path, lines: list[tuple[int, dict[str, Any]]], notes: list[str]) -> RawTable:
    names = list(dict.fromkeys(name for _, row in lines for name in row))
    left_out = {
        name: f"holds {_kind(row[name])} in line {place}"
        for place, row in reversed(lines)
        for name in row
        if isinstance(row[name], dict | list)
    }
    kept = [name for name in names if name not in left_out]
    notes += [f"The column “{name}” {why}, and was left out." for name, why in left_out.items()]
    if any(isinstance(value, bool) for _, row in lines for value in row.values()):
        notes.append("true and false were read as 1 and 0.")
    if not kept:
        raise FormatError(
            f"{path.name} holds no column of numbers: “{names[0]}” {left_out[names[0]]}."
            if names
            else f"{path.name} holds objects without names; a table needs at least one column."
        )
    body = [(place, [_cell(path, place, row.get(name)) for name in kept]) for place, row in lines]
    table = from_text(path, body, notes, names=tuple(kept), kind="json")
    return replace(table, left_out=left_out or None)


def _parsed(path: Path, place: int, line: str) -> dict[str, Any] | list[Any]:
    try:
        value = parse(line.encode())
    except ValueError as error:
        raise FormatError(f"Line {place} of {path.name} is no JSON that can be read: {error}.") from error
    if not isinstance(value, dict | list):
        raise FormatError(f"Line {place} of {path.name} holds {_kind(value)}; write an object or a list in each line.")
    return value


def _cell(path: Path, place: int, value: Any) -> str:
    if isinstance(value, dict | list):
        raise FormatError(f"Line {place} of {path.name} holds {_kind(value)} in its list; write one number for each.")
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value).strip()


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
