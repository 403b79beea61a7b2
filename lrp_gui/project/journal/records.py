"""The records of a journal: each change of the table, and whatever else changed, as bytes that can be checked."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import numpy as np

from lrp_gui.document.table_blocks import Numbers, Patch, RowBlock, Snapshot, Titles, Words
from lrp_gui.document.table_changes import Assigned, Came, Change, PutBack, Went, Written
from lrp_gui.document.table_storage import ExtraColumn

if TYPE_CHECKING:
    from lrp_gui.document.table import InputTable

MAGIC = b"LRPJ1\n"
_HEAD = struct.Struct("<QI")  # length and CRC-32 of what follows
_DTYPES = frozenset({"float64", "float32", "int64", "bool"})

Texts = dict[int, str]


class Array(msgspec.Struct, forbid_unknown_fields=True):
    """Numbers; one alone stands for an array that holds nothing else."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class NumbersRecord(msgspec.Struct, tag="numbers", forbid_unknown_fields=True):
    """A block of cells."""

    rows: Array
    columns: Array
    values: Array
    texts: list[tuple[int, int, str]]


class WordsRecord(msgspec.Struct, tag="words", forbid_unknown_fields=True):
    """Cells of an extra column."""

    rows: Array
    extra: int
    cells: list[str]
    features: int


class TitlesRecord(msgspec.Struct, tag="titles", forbid_unknown_fields=True):
    """Names of samples."""

    rows: Array
    names: list[str]


class WrittenRecord(msgspec.Struct, tag="written", forbid_unknown_fields=True):
    """Cells and names."""

    patches: list[NumbersRecord | WordsRecord | TitlesRecord]


class CameRecord(msgspec.Struct, tag="came", forbid_unknown_fields=True):
    """Samples that were put in, with all that belongs to them."""

    rows: Array
    ids: Array
    values: Array
    extras: list[Array | list[str]]
    names: Texts
    typed: dict[int, Texts]


class WentRecord(msgspec.Struct, tag="went", forbid_unknown_fields=True):
    """Samples that were taken out."""

    rows: Array


class AssignedRecord(msgspec.Struct, tag="assigned", forbid_unknown_fields=True):
    """Columns that were given to other features."""

    order: Array


class PutBackRecord(msgspec.Struct, tag="put back", forbid_unknown_fields=True):
    """Columns as they were before."""

    columns: Array
    values: Array
    typed: list[Texts]
    extras: list[tuple[str, Array | list[str]]]


class StateRecord(msgspec.Struct, tag="state", forbid_unknown_fields=True):
    """All but the table: the project's JSON, and the reference's numbers. `clean`: nothing would be lost."""

    project: bytes
    reference: Array | None
    clean: bool


Record = WrittenRecord | CameRecord | WentRecord | AssignedRecord | PutBackRecord | StateRecord


# ------------------------------------------------------------------------------------------------- to be written


def array_of(numbers: np.ndarray) -> Array:
    """An array as a record; it is copied."""
    numbers = np.asarray(numbers)
    if numbers.dtype.kind in "iu":
        numbers = numbers.astype(np.int64, copy=False)
    if numbers.size > 1 and not any(numbers.strides):
        return Array(numbers.dtype.name, numbers.shape, numbers[(0,) * numbers.ndim].tobytes())
    return Array(numbers.dtype.name, numbers.shape, np.ascontiguousarray(numbers).tobytes())


def held(change: Change, table: InputTable) -> Change | tuple[Came, Texts, dict[int, Texts]]:
    """What the writer needs of a change, fetched in the main thread: nothing in it is changed afterwards."""
    if isinstance(change, Written):
        return Written(tuple(_in_memory(patch) for patch in change.patches))
    if isinstance(change, Came):
        block = RowBlock(change.block.ids, np.asarray(change.block.values), change.block.extras)
        return Came(change.rows, block), *table.belongings(block)
    return change


def record_of(change: Change | tuple[Came, Texts, dict[int, Texts]]) -> Record:
    """What was held of a change, as a record."""
    if isinstance(change, tuple):
        came, names, typed = change
        block = came.block
        extras = [_cells(cells) for cells in block.extras]
        rows, ids, values = map(array_of, (came.rows, block.ids, np.asarray(block.values)))
        return CameRecord(rows, ids, values, extras, names, typed)
    if isinstance(change, Written):
        return WrittenRecord([_patch(patch) for patch in change.patches])
    if isinstance(change, Went):
        return WentRecord(array_of(change.rows))
    if isinstance(change, Assigned):
        return AssignedRecord(array_of(change.order))
    assert isinstance(change, PutBack)
    snapshot = change.snapshot
    return PutBackRecord(
        *(array_of(snapshot.columns), array_of(snapshot.values), [dict(texts) for texts in snapshot.typed]),
        [(extra.name, _cells(extra.cells)) for extra in snapshot.extras],
    )


def write(stream: BinaryIO, record: Record) -> int:
    """Append a record; gives its length in bytes."""
    payload = msgspec.msgpack.encode(record)
    stream.write(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
    return _HEAD.size + len(payload)


def _in_memory(patch: Patch) -> Patch:
    if isinstance(patch, Numbers):
        return Numbers(patch.rows, patch.columns, np.asarray(patch.values), patch.texts)
    return patch


def _patch(patch: Patch) -> NumbersRecord | WordsRecord | TitlesRecord:
    if isinstance(patch, Numbers):
        texts = [(row, column, text) for (row, column), text in patch.texts.items()]
        rows, columns, values = map(array_of, (patch.rows, patch.columns, np.asarray(patch.values)))
        return NumbersRecord(rows, columns, values, texts)
    if isinstance(patch, Words):
        return WordsRecord(array_of(patch.rows), patch.extra, list(patch.cells), patch.features)
    return TitlesRecord(array_of(patch.rows), list(patch.names))


def _cells(cells: np.ndarray) -> Array | list[str]:
    return [str(cell) for cell in cells.tolist()] if cells.dtype == object else array_of(cells.astype(np.float64))


# ------------------------------------------------------------------------------------------------------ to be read


def read(stream: BinaryIO, size: int) -> Iterator[Record]:
    """The records of a journal that are whole; what follows the first one that is not was never promised."""
    if stream.read(len(MAGIC)) != MAGIC:
        return
    left = size - len(MAGIC)
    while left >= _HEAD.size:
        length, checksum = _HEAD.unpack(stream.read(_HEAD.size))
        left -= _HEAD.size + length
        if left < 0:
            return
        payload = stream.read(length)
        if len(payload) != length or zlib.crc32(payload) != checksum:
            return
        try:
            yield msgspec.msgpack.decode(payload, type=Record)
        except msgspec.MsgspecError:
            return


def apply(record: Record, table: InputTable) -> None:
    """Do to a copy of the table what was done to it.

    Raises
    ------
    ValueError, IndexError
        If the record does not fit this table.
    """
    if isinstance(record, WrittenRecord):
        for patch in record.patches:
            _written(patch).write(table)
    elif isinstance(record, CameRecord):
        extras = tuple(_column(cells) for cells in record.extras)
        block = RowBlock(numbers_of(record.ids), numbers_of(record.values), extras)
        table.adopt(block, record.names, record.typed, numbers_of(record.rows))
    elif isinstance(record, WentRecord):
        table.remove(numbers_of(record.rows))
    elif isinstance(record, AssignedRecord):
        table.assign(numbers_of(record.order))
    elif isinstance(record, PutBackRecord):
        typed: tuple[Mapping[int, str], ...] = tuple(record.typed)
        extras_before = tuple(ExtraColumn(name, _column(cells)) for name, cells in record.extras)
        table.restore(Snapshot(numbers_of(record.columns), numbers_of(record.values), typed, extras_before))


def numbers_of(array: Array) -> np.ndarray:
    """The array of a record.

    Raises
    ------
    ValueError
        If its bytes do not fit its shape.
    """
    if array.dtype not in _DTYPES:
        raise ValueError(f"no numbers: {array.dtype}")
    numbers = np.frombuffer(array.data, dtype=array.dtype)
    if numbers.size == 1:
        return np.broadcast_to(numbers[0], array.shape).copy()
    return numbers.reshape(array.shape).copy()


def _written(patch: NumbersRecord | WordsRecord | TitlesRecord) -> Patch:
    if isinstance(patch, NumbersRecord):
        texts = {(row, column): text for row, column, text in patch.texts}
        return Numbers(numbers_of(patch.rows), numbers_of(patch.columns), numbers_of(patch.values), texts)
    if isinstance(patch, WordsRecord):
        return Words(numbers_of(patch.rows), patch.extra, patch.cells, patch.features)
    return Titles(numbers_of(patch.rows), patch.names)


def _column(cells: Array | list[str]) -> np.ndarray:
    if isinstance(cells, Array):
        return numbers_of(cells)
    texts = np.empty(len(cells), dtype=object)
    texts[:] = cells
    return texts
