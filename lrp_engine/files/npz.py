"""numpy's own files: one array (`.npy`), or a zip of them (`.npz`). Arrays of Python objects are pickles: never read.

An array begins with a short header, which is the text of a Python dictionary with three entries. It is matched against
what numpy writes, not evaluated.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from typing import Any

from ..errors import FormatError, UntrustedFile
from .pickles import read_pickle
from .tensor_records import ARRAYS
from .tensors import Region, TensorInfo, c_strides, file_stamp, mapped, shown, tensor_in
from .torch_values import TORCH_VALUES
from .weightfile import Candidate, WeightFile

MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"
LONGEST_HEADER = 10_000  # as numpy's own limit
MOST_ARRAYS = 10_000
_MOST_TEXT = 2**20  # bytes of texts that are shown, and of an array of objects whose pickle is looked into
_MOST_OBJECTS = 5
# the length of the header by the format's first version number
_LENGTHS = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
_ENTRY = re.compile(
    r"\s*'(descr|fortran_order|shape)'\s*:\s*"
    r"(?:'([^'\\]{1,100})'|(\[[^{}]*\])|(True|False)|\(((?:\d{1,19}L?,[ ]?)*(?:\d{1,19}L?)?)\))\s*(?:,|$)"
)
_KIND = re.compile(r"([<>|=]?)([a-zA-Z])(\d*)$")


def looks_like_numpy(candidate: Candidate) -> bool:
    """Whether it is an array, or a zip of nothing but arrays."""
    if candidate.head.startswith(MAGIC):
        return True
    names = candidate.archive.members if candidate.is_zip else ()
    return bool(names) and all(name.endswith(_SUFFIX) for name in names)


def open_numpy(candidate: Candidate) -> WeightFile:
    """Read the headers of the arrays.

    Raises
    ------
    FormatError
        If a header is not what numpy writes, an array is cut off, or there is none with numbers.
    UntrustedFile
        If all that it holds are arrays of Python objects.
    """
    path = candidate.path
    tensors: dict[str, TensorInfo] = {}
    metadata: dict[str, Any] = {}
    others: list[str] = []
    objects: list[str] = []
    texts = 0
    for name, region, head in _arrays(candidate):
        array = _Array(name, region, head, path.name)
        known = ARRAYS.get(array.kind)
        if known:
            tensors[name] = array.tensor(known)
            candidate.found(tensors[name], len(candidate.archive.members) if candidate.is_zip else 1)
        elif array.kind.startswith("O"):
            if len(others) < _MOST_OBJECTS and region.size <= _MOST_TEXT:
                objects += array.calls()
            others.append(f"“{shown(name)}” (Python objects)")
        elif array.kind.startswith(("U", "S")) and texts + region.size <= _MOST_TEXT:
            texts += region.size
            metadata[shown(name)] = array.texts()
        else:
            others.append(f"“{shown(name)}” ({shown(array.kind)})")
    if not tensors:
        if objects:
            raise UntrustedFile(
                f"{path.name} holds arrays of Python objects, which are pickles that name {', '.join(objects[:5])}; "
                "nothing of them was run: save arrays of numbers instead.",
                calls=tuple(objects),
            )
        raise FormatError(f"{path.name} holds no array of numbers{_listed(others)}.")
    notes = (f"Arrays without numbers are left out{_listed(others)}.",) if others else ()
    what = "numpy archive (.npz)" if candidate.is_zip else "numpy array (.npy)"
    return WeightFile(path, what, "npz", tensors, metadata, notes)


def _arrays(candidate: Candidate) -> Iterator[tuple[str, Region, bytes]]:
    """Each array's name, bytes, and the beginning of these."""
    path = candidate.path
    if not candidate.is_zip:
        with path.open("rb") as stream:
            head = stream.read(LONGEST_HEADER)
        yield path.stem, mapped(path, candidate.size, file_stamp(path)), head
        return
    archive = candidate.archive
    if len(archive.members) > MOST_ARRAYS:
        raise FormatError(f"{path.name} holds {len(archive.members)} arrays, more than any network.")
    for name, entry in archive.members.items():
        yield entry.filename.removesuffix(_SUFFIX), archive.region(name), archive.start(name, LONGEST_HEADER)


def _listed(others: list[str]) -> str:
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return f": {', '.join(others[:5])}{more}" if others else ""


class _Array:
    """An array by its header.

    Attributes
    ----------
    kind : str
        numpy's letter and size: “f4”; “[…]” for records of several.
    """

    def __init__(self, name: str, region: Region, head: bytes, file: str) -> None:
        self.name, self.file = name, file
        where = f"The array “{shown(name)}” in {file}"
        wrong = FormatError(f"{where} does not begin as numpy's arrays do: the file is damaged.")
        length = _LENGTHS.get(head[6]) if len(head) > 12 and head.startswith(MAGIC) else None
        if length is None:
            raise wrong
        first = 8 + length.size
        start = first + length.unpack_from(head, 8)[0]
        if start > len(head):
            raise FormatError(f"{where} has a header of {start} bytes: it is cut off or damaged.")
        entries = _entries(head[first:start].decode("latin-1"))
        if entries is None:
            raise wrong
        descr, fortran, shape = entries
        kind = _KIND.match(descr)
        self.kind = f"{kind[2]}{kind[3]}" if kind else "records of several"
        self.big = bool(kind) and kind[1] == ">"
        self.shape = shape
        self.fortran = fortran
        self.content = region.within(start, region.size - start)

    def tensor(self, dtype: str) -> TensorInfo:
        strides = c_strides(self.shape[::-1])[::-1] if self.fortran else None
        info = tensor_in(
            self.content, self.name, dtype, self.shape, strides=strides, big_endian=self.big, file=self.file
        )
        if info.nbytes != self.content.size:
            raise FormatError(
                f"The array “{shown(self.name)}” in {self.file} has {self.content.size} bytes, but its shape and type "
                f"take {info.nbytes}."
            )
        return info

    def texts(self) -> list[str]:
        """Read an array of texts, flat."""
        letters = int(self.kind[1:] or 0) if len(self.kind) < 8 else 0
        size = letters * (4 if self.kind[0] == "U" else 1)
        raw = self.content.load().tobytes()
        if not size or size * math.prod(self.shape) != len(raw):
            raise FormatError(f"The array “{shown(self.name)}” in {self.file} is cut off or damaged.")
        code = ("utf-32-be" if self.big else "utf-32-le") if self.kind[0] == "U" else "latin-1"
        pieces = (raw[at : at + size].decode(code, errors="replace") for at in range(0, len(raw), size))
        return [shown(piece.rstrip("\0")) for piece in pieces]

    def calls(self) -> list[str]:
        """What the pickle in it names, without running it."""
        pickled = read_pickle(self.content.load().tobytes(), file=self.file, known=TORCH_VALUES)
        return [*pickled.calls, *pickled.objects] or ["plain Python values"]


def _entries(text: str) -> tuple[str, bool, tuple[int, ...]] | None:
    """Read the three entries of a header, in any order; None if they are not all there, or something else is."""
    text = text.strip()
    if not text.startswith("{") or not text.endswith("}"):
        return None
    text, at = text[1:-1].strip(), 0
    found: dict[str, Any] = {}
    while at < len(text):
        entry = _ENTRY.match(text, at)
        if not entry or entry[1] in found:
            return None
        key, kind, several, truth, sizes = entry.groups()
        value: Any = {"descr": kind or several, "fortran_order": truth and truth == "True", "shape": sizes}[key]
        if value is None:
            return None
        found[key] = value
        at = entry.end()
    if set(found) != {"descr", "fortran_order", "shape"}:
        return None
    shape = tuple(int(size.strip(" L")) for size in found["shape"].split(",") if size.strip())
    return found["descr"], found["fortran_order"], shape
