"""The wire format of protocol buffers, read with distrust: where each field lies, and its value when it is asked for.

Nothing is copied but names and numbers: a field of bytes is the place where it lies. A message within a message is a
place too, which is read by a call of its own, so that no nesting in a file can make the reader recurse.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import FormatError

if TYPE_CHECKING:
    import numpy as np

MOST_WORK = 800_000  # about two microseconds each; a graph of 30,000 operations takes half of that
LONGEST_TEXT = 64 * 1024

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

Place = tuple[int, int]  # the first byte, and the one after the last


@dataclass(frozen=True, slots=True)
class Field:
    """A row in the table of a message.

    Attributes
    ----------
    name : str
        What the value is called.
    kind : str
        “int” (signed, 64 bits), “float”, “text”, “bytes” or “message” (both of these give the place), or “numbers”:
        the places of a list of numbers that are left where they are.
    repeated : bool
        Whether all of them count; otherwise the last one does, as the format prescribes.
    """

    name: str
    kind: str
    repeated: bool = False


Message = dict[int, Field]

_WIRES = {"int": VARINT, "float": FIXED32, "text": BYTES, "bytes": BYTES, "message": BYTES}
_FLOAT = struct.Struct("<f")


class Wire:
    """A file, or a part of one, as fields.

    Parameters
    ----------
    data : mmap or bytes
        The bytes.
    file : str
        What the errors call it.
    most : int
        How much work it may be: a field is 1, and what is made of it has a price too.
    """

    def __init__(self, data: mmap.mmap | bytes, file: str, most: int = MOST_WORK) -> None:
        self.data = data
        self.file = file
        self.left = most

    @property
    def whole(self) -> Place:
        """All of it."""
        return 0, len(self.data)

    def fields(self, place: Place) -> Iterator[tuple[int, int, Any]]:
        """Go through the fields of the message at `place`.

        Yields
        ------
        number : int
        wire : int
            `VARINT`, `FIXED64`, `BYTES` or `FIXED32`.
        value : int or Place
            The number itself for a varint (never negative), else where the bytes lie.

        Raises
        ------
        FormatError
            If it is cut off or damaged, or the file has more fields than are read.
        """
        data, (position, end) = self.data, place
        while position < end:
            self.left -= 1
            if self.left < 0:
                self.spend(0)
            key = data[position]
            if key < 0x80:
                position += 1
            else:
                key, position = self._varint(position, end)
            number, wire = key >> 3, key & 7
            if wire == BYTES:
                size, position = self._varint(position, end)
                value: Any = (position, position + size)
                position += size
            elif wire == VARINT:
                value, position = self._varint(position, end)
            elif wire == FIXED32:
                value = (position, position + 4)
                position += 4
            elif wire == FIXED64:
                value = (position, position + 8)
                position += 8
            else:
                raise self._damaged(position)
            if position > end:
                raise FormatError(f"{self.file} ends within one of its parts (at byte {end}): it was cut off.")
            if number == 0:
                raise self._damaged(position)
            yield number, wire, value

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = shift = 0
        data = self.data
        while position < end:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, position
            shift += 7
            if shift >= 70:
                raise self._damaged(position)
        raise FormatError(f"{self.file} ends within one of its parts (at byte {end}): it was cut off.")

    def _damaged(self, position: int) -> FormatError:
        return FormatError(f"{self.file} is damaged at byte {position}: no protocol buffer has that there.")

    def read(self, place: Place, message: Message) -> dict[str, Any]:
        """Read the fields that `message` names; others are skipped, as the format prescribes.

        Returns
        -------
        dict
            By the fields' names; a list for each repeated field, and None for a single one that is not there.
        """
        found: dict[str, Any] = {field.name: [] if field.repeated else None for field in message.values()}
        for number, wire, value in self.fields(place):
            field = message.get(number)
            if field is None:
                continue
            if field.kind == "numbers":
                found[field.name].append((wire, value))
            elif wire == _WIRES[field.kind]:
                if field.repeated:
                    found[field.name].append(self._value(field.kind, value))
                else:
                    found[field.name] = self._value(field.kind, value)
            elif wire == BYTES and field.repeated and field.kind in {"int", "float"}:
                found[field.name] += self._packed(field.kind, value)
        return found

    def _value(self, kind: str, value: Any) -> Any:
        if kind == "int":
            return value - 2**64 if value >= 2**63 else value
        if kind == "text":
            return self.text(value)
        if kind == "float":
            return _FLOAT.unpack(self.data[value[0] : value[1]])[0]
        return value

    def spend(self, work: int) -> None:
        """Count work.

        Raises
        ------
        FormatError
            If it becomes more than any model needs.
        """
        self.left -= work
        if self.left < 0:
            raise FormatError(f"{self.file} has more parts than any model needs: it is damaged or made to harm.")

    def text(self, place: Place) -> str:
        """The text at `place`.

        Raises
        ------
        FormatError
            If it is far longer than any name.
        """
        start, end = place
        if end - start > LONGEST_TEXT:
            raise FormatError(f"{self.file} has a name of {end - start} bytes: it is damaged or made to harm.")
        self.spend((end - start) >> 8)
        return bytes(self.data[start:end]).decode("utf-8", "replace")

    def opening(self, place: Place, most: int = 1000) -> str:
        """The beginning of a text that may be long."""
        return self.text((place[0], min(place[1], place[0] + most)))

    def _packed(self, kind: str, place: Place) -> list[Any]:
        start, end = place
        if kind == "float":
            count = (end - start) // 4
            self.spend(count)
            return list(struct.unpack(f"<{count}f", self.data[start : start + 4 * count]))
        values = []
        while start < end:
            self.spend(1)
            value, start = self._varint(start, end)
            values.append(self._value("int", value))
        return values


def varints(raw: np.ndarray, block: int = 1 << 20) -> np.ndarray:
    """The numbers of a packed list of varints.

    Parameters
    ----------
    raw : ndarray
        The bytes, as uint8.
    block : int
        How many bytes are taken at once, so that a large list needs little more memory than its numbers.

    Returns
    -------
    ndarray
        As uint64; a negative number is its two's complement.
    """
    import numpy as np

    parts, start = [], 0
    while start < len(raw):
        piece = raw[start : start + block]
        ends = np.flatnonzero(piece < 0x80)
        if not len(ends):
            break  # no varint has as many bytes: what is left is damaged, and the count of numbers will tell
        piece = piece[: ends[-1] + 1]
        begins = np.concatenate(([0], ends[:-1] + 1))
        place = np.arange(len(piece)) - np.repeat(begins, ends - begins + 1)
        bits = (piece & 0x7F).astype(np.uint64) << (7 * np.minimum(place, 9)).astype(np.uint64)
        parts.append(np.add.reduceat(bits, begins))
        start += len(piece)
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
