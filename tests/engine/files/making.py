"""Files for the tests, whole, hostile and damaged."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch

EXAMPLES = Path(__file__).resolve().parents[3] / "resources" / "examples"
DIGITS = EXAMPLES / "digits" / "digits.pt2"
DIABETES = EXAMPLES / "diabetes" / "model_weights.pth"


def torch_file(path: Path, value: object) -> Path:
    torch.save(value, path)
    return path


def torch_file_with_pickle(path: Path, content: bytes) -> Path:
    """What `torch.save` writes, with this pickle in place of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return path


def repacked(
    source: Path, target: Path, changes: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED
) -> Path:
    """A copy of a zip with members (named without their folder) replaced, added, or left out where None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        folder = old.namelist()[0].partition("/")[0]
        for name in old.namelist():
            short = name.partition("/")[2]
            if short not in changes:
                new.writestr(name, old.read(name))
        for short, content in changes.items():
            if content is not None:
                new.writestr(f"{folder}/{short}", content)
    return target


def member(source: Path, name: str) -> bytes:
    with zipfile.ZipFile(source) as archive:
        return archive.read(archive.namelist()[0].partition("/")[0] + "/" + name)


def safetensors_bytes(header: dict | bytes, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors_file(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> Path:
    names = {"float32": "F32", "float64": "F64", "int64": "I64", "float16": "F16", "bool": "BOOL", "uint8": "U8"}
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, array in arrays.items():
        content = array.tobytes()
        header[name] = {
            "dtype": names[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    path.write_bytes(safetensors_bytes(header, data))
    return path
