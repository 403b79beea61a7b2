"""What `torch.save` wrote before torch 1.6: pickles one after the other, then the storages' numbers.

The pickles are a magic number, a version, a description of the machine, the value, and the storages' keys. Then each
storage follows: how many numbers it has, in eight bytes, and these. They are found by counting, without reading them.
"""

from __future__ import annotations

import mmap
import struct
from typing import Any, cast

from ..errors import FormatError
from .archive import LARGEST_TEXT
from .checkpoint import weight_file
from .pickles import Pickled, read_pickle, refuse_calls
from .placing import number_size
from .tensor_records import Storage, storage
from .tensors import Region, file_stamp, mapped, shown
from .torch_values import TORCH_VALUES
from .weightfile import Candidate, WeightFile

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_VERSION = 1001
_BEFORE_VALUE = 3  # pickles
_COUNT = struct.Struct("<q")


def looks_like_legacy(candidate: Candidate) -> bool:
    """Whether it begins with torch's magic number, pickled by the protocol 2 or a later one."""
    head = candidate.head
    return head.startswith(MAGIC) or (head[:1] == b"\x80" and MAGIC[2:] in head[2:32])


def open_legacy(candidate: Candidate) -> WeightFile:
    """Read what an old `torch.save` wrote.

    Raises
    ------
    FormatError
        If the file is damaged or holds no tensors.
    UntrustedFile
        If one of its pickles would call functions.
    """
    path, file = candidate.path, candidate.path.name
    stamp = file_stamp(path)
    held: dict[str, Storage] = {}

    def persistent(identifier: Any) -> Any:
        found = storage(identifier)
        if isinstance(found, Storage):
            known = held.setdefault(found.key, found)
            if (known.count, number_size(known.dtype)) != (found.count, number_size(found.dtype)):
                raise ValueError("a storage of two sizes")
        return found

    parts = _pickles(candidate, persistent)
    _, version, machine, value, keys = (part.value for part in parts)
    if version != _VERSION:
        raise FormatError(f"{file} has the unknown version {shown(version)} of torch's old format.")
    little = machine.get("little_endian", True) if isinstance(machine, dict) else True
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FormatError(f"{file} holds a damaged list of its storages.")
    regions = _storages(candidate, stamp, parts[-1].end, keys, held, big_endian=little is False)

    def place(one: Storage, name: str) -> Region:
        region = regions.get(one.key)
        if region is None:
            raise FormatError(f"{file} lacks the storage of the tensor “{shown(name)}”: it was cut off or changed.")
        size = number_size(one.dtype)
        return region.within(one.start * size, region.size - one.start * size) if one.start else region

    everything = Pickled(
        value,
        tuple(dict.fromkeys(call for part in parts for call in part.calls)),
        tuple(dict.fromkeys(name for part in parts for name in part.objects)),
        parts[-1].end,
    )
    return weight_file(
        path,
        everything,
        place,
        what="PyTorch state dict (format before torch 1.6)",
        kind="legacy",
        big_endian=little is False,
        metadata={"byte order": "big"} if little is False else None,
        found=candidate.found,
    )


def _pickles(candidate: Candidate, persistent: Any) -> list[Pickled]:
    """Read the five pickles; the numbers after them are not touched."""
    file, found, start = candidate.path.name, [], 0
    try:
        with (
            candidate.path.open("rb") as stream,
            mmap.mmap(stream.fileno(), min(candidate.size, LARGEST_TEXT), access=mmap.ACCESS_READ) as content,
        ):
            for _ in range(_BEFORE_VALUE + 2):
                part = read_pickle(
                    cast("bytes", content), file=file, known=TORCH_VALUES, persistent=persistent, start=start
                )
                refuse_calls(part, file)
                found.append(part)
                start = part.end
    except (OSError, ValueError) as error:
        raise FormatError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    return found


def _storages(
    candidate: Candidate,
    stamp: tuple[int, int],
    start: int,
    keys: list[str],
    held: dict[str, Storage],
    *,
    big_endian: bool,
) -> dict[str, Region]:
    """Find each storage by the lengths of those before it."""
    file, regions = candidate.path.name, {}
    with candidate.path.open("rb") as stream:
        for key in keys:
            one = held.get(key)
            if one is None or key in regions:
                raise FormatError(f"{file} lists the storage “{shown(key)}”, which no tensor has or another one is.")
            stream.seek(start)
            head = stream.read(_COUNT.size)
            count = _COUNT.unpack(head)[0] if len(head) == _COUNT.size else -1
            if big_endian and count != one.count:
                count = int.from_bytes(head, "big")
            start += _COUNT.size
            size = one.count * number_size(one.dtype)
            if count != one.count or start + size > candidate.size:
                raise FormatError(
                    f"The storage “{shown(key)}” in {file} is not the {size} bytes that its tensors need: "
                    "the file is cut off or damaged."
                )
            regions[key] = mapped(candidate.path, size, stamp, start)
            start += size
    return regions
