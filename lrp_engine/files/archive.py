"""Zip archives as torch writes them, read with distrust: bounded, and only if both of the zip's lists agree."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError
from .json_text import parse
from .tensors import Region, check_unchanged, file_stamp, mapped, shown

if TYPE_CHECKING:
    import numpy as np

MOST_MEMBERS = 100_000
LARGEST_DIRECTORY = 16 * 1024**2  # the list of the members
LARGEST_TEXT = 64 * 1024**2  # JSON and pickles; those of a network with billions of weights have a few MiB
LARGEST_COMPRESSED = 160 * 1024**2  # torch never compresses; a repacked file may
# Weights shrink little. What shrinks a hundredfold may still be zeros, so small members are let through.
SMALL, MOST_SHRUNK = 16 * 1024**2, 100

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENCRYPTED = 0x1
_UNIX = 3
_LATER = 0xFFFFFFFF  # this size stands elsewhere
_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
)


class Archive:
    """A zip whose members all lie in one folder, as torch writes it. It keeps no file open.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    path : Path
    members : dict of str to zipfile.ZipInfo
        By name, without the outermost folder.

    Raises
    ------
    FormatError
        If the zip is damaged, or arranged so that two programs could read it differently.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._stamp = file_stamp(path)
            count, directory = self._directory()
            with zipfile.ZipFile(path) as opened:
                entries = opened.infolist()
        except _READ_ERRORS as error:
            raise FormatError(f"{path.name} is a damaged zip archive: it was cut off or changed.") from error
        if len(entries) != count:
            raise FormatError(f"{path.name} is a damaged zip archive: it has not as many members as it says.")
        self.members: dict[str, zipfile.ZipInfo] = {}
        self._ends = self._in_order(entries, directory)
        folders = {entry.filename.rpartition("/")[0].partition("/")[0] for entry in entries}
        self._folder = f"{folders.pop()}/" if len(folders) == 1 and folders != {""} else ""
        for entry in entries:
            self._admit(entry)

    def _directory(self) -> tuple[int, int]:
        """How many members the zip says it has, and where its list of them begins; it is not read before it is small.

        The list has to lie at the very end, and nothing may stand before the first member: torch writes it so, and
        another reader could take what stands there for another archive.
        """
        size = self._stamp[0]
        with self.path.open("rb") as stream:
            stream.seek(max(size - _END.size - _LOCATOR_64.size - _END_64.size, 0))
            tail = stream.read()
        end = _END.unpack(tail[-_END.size :])
        if end[0] != b"PK\5\6" or end[-1] != 0:
            raise ValueError("no end, or a comment")
        count, length, start = end[4:7]
        tail, at = tail[: -_END.size], size - _END.size
        if tail[-_LOCATOR_64.size :].startswith(b"PK\6\7"):
            end_64 = _END_64.unpack(tail[: -_LOCATOR_64.size][-_END_64.size :])
            if end_64[0] != b"PK\6\6":
                raise ValueError("no end")
            count, length, start = end_64[7:10]
            at -= _LOCATOR_64.size + _END_64.size
        if start + length != at:
            raise ValueError("a list elsewhere")
        if count > MOST_MEMBERS or length > LARGEST_DIRECTORY:
            raise FormatError(f"{self.path.name} has {count} members, more than this program reads.")
        return count, start

    def _in_order(self, entries: list[zipfile.ZipInfo], directory: int) -> dict[int, int]:
        """Where each member's place ends: at the next one, by where its header begins.

        Raises
        ------
        FormatError
            If two share bytes, as in a bomb.
        """
        starts = sorted(entry.header_offset for entry in entries)
        ends = dict(zip(starts, [*starts[1:], directory][: len(starts)], strict=True))
        for entry in entries:
            least = entry.header_offset + _LOCAL_HEADER.size + len(entry.filename) + entry.compress_size
            if len(ends) < len(entries) or least > ends[entry.header_offset]:
                raise FormatError(
                    f"The member “{shown(entry.filename)}” of {self.path.name} shares bytes with another one or lies "
                    "beyond the end: the file is damaged or made to harm."
                )
        return ends

    def _admit(self, entry: zipfile.ZipInfo) -> None:
        name = entry.orig_filename
        parts = name.replace("\\", "/").split("/")
        say = f"The member “{shown(name)}” of {self.path.name}"
        if not name or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
            raise FormatError(f"{say} has a path that leaves the archive; nothing that this program reads needs that.")
        if entry.flag_bits & _ENCRYPTED:
            raise FormatError(f"{say} is encrypted; unpack it with its password first.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(f"{say} is compressed in a way that this program does not read.")
        if entry.create_system == _UNIX and stat.S_ISLNK(entry.external_attr >> 16):
            raise FormatError(f"{say} is a link to another file; nothing that this program reads needs that.")
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise FormatError(f"{say} states two different sizes: the file is damaged.")
        name = name.removeprefix(self._folder)
        if name in self.members:
            raise FormatError(
                f"{self.path.name} has two members called “{shown(name)}”; it cannot be told which one counts."
            )
        self.members[name] = entry

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def below(self, folder: str) -> list[str]:
        """List the names that start with `folder`."""
        return [name for name in self.members if name.startswith(folder) and name != folder]

    def read(self, name: str, most: int = LARGEST_TEXT) -> bytes:
        """Read a whole member.

        Raises
        ------
        FormatError
            If it is not there, is damaged, or has more than `most` bytes.
        """
        entry = self._entry(name)
        if entry.file_size > most:
            raise FormatError(
                f"The member “{shown(name)}” of {self.path.name} has {entry.file_size / 1024**2:,.0f} MiB, "
                f"more than the {most / 1024**2:,.0f} MiB that are read of its kind."
            )
        check_unchanged(self.path, self._stamp)
        try:
            content = self._unpacked(entry)
        except _READ_ERRORS as error:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is damaged.") from error
        if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is cut off or damaged.")
        return content

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        if entry.compress_size > entry.file_size + entry.file_size // 64 + 1024:
            raise ValueError("packed larger than unpacked")
        start = self._start(entry)
        with self.path.open("rb") as stream:
            stream.seek(start)
            packed = stream.read(entry.compress_size)
        if entry.compress_type == zipfile.ZIP_STORED:
            return packed
        # At the stated size it stops, so what a bomb would unpack beyond it is never made.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.file_size + 1)

    def start(self, name: str, count: int) -> bytes:
        """Read the first bytes of a member: at most so many, fewer where it is shorter.

        Raises
        ------
        FormatError
            If it is not there or is damaged.
        """
        entry = self._entry(name)
        check_unchanged(self.path, self._stamp)
        try:
            start = self._start(entry)
            with self.path.open("rb") as stream:
                stream.seek(start)
                packed = stream.read(min(entry.compress_size, count + 1024))
            if entry.compress_type == zipfile.ZIP_STORED:
                return packed[:count]
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, min(count, entry.file_size))
        except _READ_ERRORS as error:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is damaged.") from error

    def json(self, name: str) -> dict[str, Any]:
        """Read a member that holds a JSON object.

        Raises
        ------
        FormatError
            As `read`, or if it is no JSON object.
        """
        try:
            value = parse(self.read(name))
        except ValueError as error:
            raise FormatError(
                f"The member “{shown(name)}” of {self.path.name} is not valid JSON, or far too large ({error})."
            ) from error
        if not isinstance(value, dict):
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is not a JSON object.")
        return value

    def text(self, name: str, most: int = 1024) -> str:
        """Read a short text member, such as a version."""
        return self.read(name, most).decode("utf-8", errors="replace").strip()

    def region(self, name: str) -> Region:
        """Describe a member's raw bytes, to be mapped when a tensor in it is read."""
        entry = self._entry(name)
        if entry.compress_type == zipfile.ZIP_STORED:

            def part(first: int, count: int) -> np.ndarray:
                check_unchanged(self.path, self._stamp)
                try:
                    start = self._start(entry)
                except (OSError, ValueError, struct.error) as error:
                    raise FormatError(f"The member “{shown(name)}” of {self.path.name} cannot be read.") from error
                return mapped(self.path, count, self._stamp, start + first).load()

            return Region(entry.file_size, lambda: part(0, entry.file_size), part)

        def load() -> np.ndarray:
            import numpy as np

            return np.frombuffer(self.read(name, LARGEST_COMPRESSED), dtype=np.uint8)

        return Region(entry.file_size, load)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name not in self.members:
            raise FormatError(
                f"{self.path.name} lacks its member “{shown(name)}”: it was cut off or is of another kind."
            )
        return self.members[name]

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where the member's bytes begin, by the header before them, which must agree with the directory."""
        with self.path.open("rb") as stream:
            stream.seek(entry.header_offset)
            header = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
            name_length, extra_length = header[-2:]
            name = stream.read(name_length)
        start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        encoding = "utf-8" if entry.flag_bits & 0x800 else "cp437"
        same = header[3] == entry.compress_type and header[8] in (0, _LATER, entry.file_size)
        if header[0] != b"PK\3\4" or not same or name != entry.orig_filename.encode(encoding, errors="replace"):
            raise FormatError(
                f"The member “{shown(entry.filename)}” of {self.path.name} is not where the zip says it is."
            )
        if start + entry.compress_size > self._ends[entry.header_offset]:
            raise FormatError(f"The member “{shown(entry.filename)}” of {self.path.name} reaches into the next one.")
        return start
