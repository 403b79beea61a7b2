"""Where a pickle can lie in a weight file, and the usual loader that reads it there."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..making import DIGITS, member, repacked, torch_file_with_pickle

_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
_VERSION = pickle.dumps(1001, protocol=2)
_MACHINE = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, protocol=2)
_LIST = pickle.dumps([], protocol=2)


@dataclass(frozen=True, slots=True)
class Container:
    """A row of the table.

    Attributes
    ----------
    put : callable
        (folder, pickle) -> the file.
    load : callable
        The usual loader.
    opens : bool
        Whether ours opens the file without the pickle, which it never touches.
    named : str
        What a refusal names where it refuses the place whatever lies there; "" if it names what the pickle calls.
    """

    put: Callable[[Path, bytes], Path]
    load: Callable[[Path], object]
    opens: bool = False
    named: str = ""


def _plain(folder: Path, content: bytes) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(content)
    return path


def _unpickle(path: Path) -> object:
    with path.open("rb") as stream:
        return pickle.load(stream)


def _torch(path: Path) -> object:
    return torch.load(path, weights_only=False)


def _zip(folder: Path, content: bytes) -> Path:
    return torch_file_with_pickle(folder / "model.pth", content)


def _legacy(place: int) -> Callable[[Path, bytes], Path]:
    def put(folder: Path, content: bytes) -> Path:
        parts = [_MAGIC, _VERSION, _MACHINE, pickle.dumps({}, protocol=2), _LIST]
        parts[place] = content
        path = folder / "model.pth"
        path.write_bytes(b"".join(parts))
        return path

    return put


def _object_array(content: bytes) -> bytes:
    """A .npy file whose array of objects is this pickle."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return header.getvalue() + content


def _npy(folder: Path, content: bytes) -> Path:
    path = folder / "model.npy"
    path.write_bytes(_object_array(content))
    return path


def _npz(folder: Path, content: bytes) -> Path:
    path = folder / "model.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weight.npy", _object_array(content))
    return path


def _numpy(path: Path) -> object:
    found = np.load(path, allow_pickle=True)
    return found["weight"] if hasattr(found, "files") else found


def inner_file(content: bytes) -> bytes:
    """What `torch.save` writes, with this pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def _sample_inputs(folder: Path, content: bytes) -> Path:
    return repacked(DIGITS, folder / "net.pt2", {"data/sample_inputs/model.pt": inner_file(content)})


def _pickled_weight(folder: Path, content: bytes) -> Path:
    config = json.loads(member(DIGITS, "data/weights/model_weights_config.json"))
    config["config"]["conv1.bias"]["use_pickle"] = True
    changes = {
        "data/weights/model_weights_config.json": json.dumps(config).encode(),
        "data/weights/weight_1": inner_file(content),
    }
    return repacked(DIGITS, folder / "net.pt2", changes)


def _opaque_constant(folder: Path, content: bytes) -> Path:
    entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
    changes = {
        "data/constants/model_constants_config.json": json.dumps({"config": {"secret": entry}}).encode(),
        "data/constants/opaque_obj_0": content,
    }
    return repacked(DIGITS, folder / "net.pt2", changes)


def _shard(folder: Path, content: bytes) -> Path:
    _zip(folder, content).rename(folder / "pytorch_model-00001-of-00001.bin")
    path = folder / "pytorch_model.bin.index.json"
    path.write_text(json.dumps({"metadata": {}, "weight_map": {"weight": "pytorch_model-00001-of-00001.bin"}}))
    return path


def _load_shards(path: Path) -> object:
    """What the libraries that write such an index do with torch before 2.6."""
    listed = json.loads(path.read_text())["weight_map"].values()
    return [torch.load(path.parent / one, weights_only=False) for one in listed]


CONTAINERS = {
    "plain pickle": Container(_plain, _unpickle),
    "torch zip": Container(_zip, _torch),
    "legacy version": Container(_legacy(1), _torch),
    "legacy machine": Container(_legacy(2), _torch),
    "legacy value": Container(_legacy(3), _torch),
    "legacy keys": Container(_legacy(4), _torch),
    "shard": Container(_shard, _load_shards),
    "npy": Container(_npy, _numpy),
    "npz": Container(_npz, _numpy),
    ".pt2 sample inputs": Container(_sample_inputs, torch.export.load, opens=True),
    ".pt2 weight": Container(_pickled_weight, torch.export.load, named="conv1.bias"),
    ".pt2 constant": Container(_opaque_constant, torch.export.load, named="secret"),
}
