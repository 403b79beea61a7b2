"""safetensors: a length, a JSON header, and the numbers one after the other."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

from ..errors import FormatError
from .dtypes import DTYPES
from .json_text import parse
from .tensors import Region, TensorInfo, file_stamp, mapped, shown, tensor_in
from .weightfile import Candidate, Found, WeightFile, tell_nobody

LARGEST_HEADER = 100_000_000  # the format's own limit
MOST_TENSORS = 40_000

# The format's names -> torch's
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
}


def looks_like_safetensors(candidate: Candidate) -> bool:
    """Whether it begins with a length and then a JSON object."""
    # No length has its highest byte set, and no text has a zero there.
    return candidate.head[7:9] == b"\0{"


def open_safetensors(candidate: Candidate) -> WeightFile:
    """Read the header.

    Raises
    ------
    FormatError
        If the header is too long, is not what the format prescribes, or its tensors overlap or leave the file.
    """
    path, file = candidate.path, candidate.path.name
    stamp = file_stamp(path)
    length = struct.unpack("<Q", candidate.head[:8])[0]
    if length > LARGEST_HEADER:
        raise FormatError(f"{file} states a safetensors header of {length} bytes; the format allows {LARGEST_HEADER}.")
    if 8 + length > candidate.size:
        raise FormatError(f"{file} ends within its safetensors header: it was cut off.")
    header = _header(path.open("rb"), length, file)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise FormatError(f"The metadata in the safetensors header of {file} is not a list of texts.")

    start = 8 + length

    def stretch(first: int, size: int) -> Region:
        return mapped(path, size, stamp, start + first)

    in_order = _tensors(header, candidate.size - start, stretch, file, candidate.found)
    if not in_order:
        raise FormatError(f"{file} is a safetensors file without tensors.")
    return WeightFile(
        path, "safetensors", "safetensors", in_order, {shown(k): shown(v, 1000) for k, v in metadata.items()}
    )


def tensors_in(region: Region, file: str, most: int = LARGEST_HEADER) -> dict[str, TensorInfo]:
    """The tensors of a safetensors file that lies within another file.

    Raises
    ------
    FormatError
        As `open_safetensors`, or if the header is larger than `most` bytes.
    """
    start = 8
    if region.size < start:
        raise FormatError(f"{file} is cut off.")
    start += struct.unpack("<Q", region.within(0, start).load().tobytes())[0]
    if start - 8 > min(most, region.size - 8):
        raise FormatError(f"{file} ends within its safetensors header, or that is far too long: the file is damaged.")
    header = _header(io.BytesIO(region.within(0, start).load().tobytes()), start - 8, file)
    header.pop("__metadata__", None)
    return _tensors(header, region.size - start, lambda first, size: region.within(start + first, size), file)


def _tensors(
    header: dict[str, Any], room: int, stretch: Callable[[int, int], Region], file: str, found: Found = tell_nobody
) -> dict[str, TensorInfo]:
    """Those that the header lists, in its order; `stretch` gives the bytes behind it, of which there are `room`."""
    if len(header) > MOST_TENSORS:
        raise FormatError(f"{file} lists {len(header)} tensors, more than the {MOST_TENSORS} that one file may have.")
    tensors, end = {}, 0
    placed = sorted(((_place(name, entry, file), name) for name, entry in header.items()), key=lambda item: item[0][:2])
    for (first, last, dtype, shape), name in placed:
        where = f"The tensor “{shown(name)}” in {file}"
        if first < end:
            raise FormatError(f"{where} overlaps another one: the header is wrong.")
        if last > room:
            raise FormatError(f"{where} ends beyond the file: it was cut off.")
        info = tensor_in(stretch(first, last - first), name, dtype, shape, file=file)
        if info.nbytes != last - first:
            raise FormatError(f"{where} has {last - first} bytes, but its shape and type take {info.nbytes}.")
        tensors[name] = info
        found(info, len(header))
        end = max(end, last)
    return {name: tensors[name] for name in header}


def _header(stream: Any, length: int, file: str) -> dict[str, Any]:
    try:
        with stream:
            stream.seek(8)
            header = parse(stream.read(length))
    except OSError as error:
        raise FormatError(f"{file} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise FormatError(
            f"The safetensors header of {file} is not valid JSON, names a tensor twice, or is far too large ({error})."
        ) from error
    if not isinstance(header, dict):
        raise FormatError(f"The safetensors header of {file} is not a JSON object.")
    return header


def _place(name: str, entry: Any, file: str) -> tuple[int, int, str, list[int]]:
    """First byte, byte after the last, number format and shape, each checked by itself."""
    where = f"The tensor “{shown(name)}” in {file}"
    entry = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    first, last = offsets if isinstance(offsets, list) and len(offsets) == 2 else (-1, -1)
    if not isinstance(dtype, str) or not isinstance(shape, list) or not _is_stretch(first, last):
        raise FormatError(f"{where} is described wrongly in the safetensors header.")
    known = _DTYPES.get(dtype, dtype)
    if known not in DTYPES:
        raise FormatError(f"{where} has the number format {shown(dtype)}, which this version does not read.")
    return first, last, known, shape


def _is_stretch(first: object, last: object) -> bool:
    return type(first) is int and type(last) is int and 0 <= first <= last
