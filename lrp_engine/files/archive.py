"""Zip archives as torch writes them, read with distrust: bounded, and only if both of the zip's lists agree."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError
from .tensors import Region, check_unchanged, file_stamp, mapped, shown

if TYPE_CHECKING:
    import numpy as np

MOST_MEMBERS = 100_000
LARGEST_TEXT = 64 * 1024**2  # JSON and pickles; those of a network with billions of weights have a few MiB
LARGEST_COMPRESSED = 256 * 1024**2  # torch never compresses; a repacked file may

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
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
            with zipfile.ZipFile(path) as opened:
                entries = opened.infolist()
        except _READ_ERRORS as error:
            raise FormatError(f"{path.name} is a damaged zip archive: it was cut off or changed.") from error
        if len(entries) > MOST_MEMBERS:
            raise FormatError(f"{path.name} has {len(entries)} members, more than any weight file needs.")
        self.members: dict[str, zipfile.ZipInfo] = {}
        folders = {entry.filename.partition("/")[0] for entry in entries if "/" in entry.filename}
        self._folder = folders.pop() + "/" if len(folders) == 1 else ""
        for entry in entries:
            self._admit(entry)

    def _admit(self, entry: zipfile.ZipInfo) -> None:
        name = entry.orig_filename
        parts = name.replace("\\", "/").split("/")
        say = f"The member “{shown(name)}” of {self.path.name}"
        if not name or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
            raise FormatError(f"{say} has a path that leaves the archive; no weight file needs that.")
        if entry.flag_bits & _ENCRYPTED:
            raise FormatError(f"{say} is encrypted; unpack it with its password first.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(f"{say} is compressed in a way that this program does not read.")
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise FormatError(f"{say} states two different sizes: the file is damaged.")
        if entry.header_offset < 0 or entry.header_offset + entry.compress_size > self._stamp[0]:
            raise FormatError(f"{say} lies beyond the end of the file: it was cut off or changed.")
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
            self._start(entry)
            # `open` stops at the stated size, so what a bomb would unpack beyond it is never made.
            with zipfile.ZipFile(self.path) as opened, opened.open(entry) as stream:
                content = stream.read(entry.file_size + 1)
        except _READ_ERRORS as error:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is damaged.") from error
        if len(content) != entry.file_size:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is cut off.")
        return content

    def json(self, name: str) -> dict[str, Any]:
        """Read a member that holds a JSON object.

        Raises
        ------
        FormatError
            As `read`, or if it is no JSON object.
        """
        try:
            value = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"The member “{shown(name)}” of {self.path.name} is not valid JSON.") from error
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
                except (OSError, struct.error) as error:
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
        if header[0] != b"PK\3\4" or name != entry.orig_filename.encode(encoding, errors="replace"):
            raise FormatError(
                f"The member “{shown(entry.filename)}” of {self.path.name} is not where the zip says it is."
            )
        if start + entry.compress_size > self._stamp[0]:
            raise FormatError(f"The member “{shown(entry.filename)}” of {self.path.name} is cut off.")
        return start
