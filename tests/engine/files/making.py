"""Files for the tests, whole, hostile and damaged."""

from __future__ import annotations

import io
import json
import os
import pickle
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


class Runs:
    """Unpickled by Python, this runs a command that makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"echo ran > '{self.marker}'",)


class RunsInSetState:
    """Unpickled by Python, this opens a file for writing when its state is set."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __setstate__(self, state):
        Path(state["marker"]).write_text("ran")


def _line(text: str) -> bytes:
    return text.encode() + b"\n"


def hostile_pickles(marker: Path) -> dict[str, tuple[bytes, str]]:
    """Name -> the pickle, and a part of what a refusal has to name."""
    command = f"echo ran > {marker}"
    quoted = _line(f"'{command}'")
    code = f"open({str(marker)!r}, 'w').close()"
    inner = pickle.dumps(Runs(marker), protocol=2)
    whole = io.BytesIO()
    torch.save(Runs(marker), whole)

    def called(module: str, name: str, *arguments: object) -> bytes:
        class Call:
            def __reduce__(self):
                return getattr(__import__(module, fromlist=["x"]), name), arguments

        return pickle.dumps(Call(), protocol=4)

    return {
        "os.system": (inner, "system"),
        "protocol 0": (pickle.dumps(Runs(marker), protocol=0), "system"),
        "protocol 5": (pickle.dumps(Runs(marker), protocol=5), "system"),
        "eval": (called("builtins", "eval", code), "builtins.eval"),
        "exec": (called("builtins", "exec", code), "builtins.exec"),
        "getattr chain": (
            b"cbuiltins\ngetattr\n(cimportlib\nimport_module\n(S'os'\ntRS'system'\ntR(S" + quoted + b"tR.",
            "builtins.getattr",
        ),
        "instance": (b"(S" + quoted + b"ios\nsystem\n.", "os.system"),
        "object": (b"(cos\nsystem\nS" + quoted + b"o.", "os.system"),
        "nested": (called("pickle", "loads", inner), "loads"),
        "torch again": (
            called("torch.storage", "_load_from_bytes", whole.getvalue()),
            "torch.storage._load_from_bytes",
        ),
        "within a dictionary": (pickle.dumps({"weights": [1, 2, Runs(marker)]}, protocol=2), "system"),
        "in a list's items": (b"]q\0(cos\nsystem\n(S" + quoted + b"tRe.", "os.system"),
        "as a key": (b"}cos\nsystem\n(S" + quoted + b"tRNs.", "os.system"),
    }
