"""Whole files of every format, to be cut off and changed."""

from __future__ import annotations

import io
import json
import shutil
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..making import EXAMPLES

DIGITS, DIABETES = EXAMPLES / "digits", EXAMPLES / "diabetes"
NAME = "mutated.bin"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Whole:
    """A good file: its bytes, what its structure is (a key of `mutations.STRUCTURES`), and what lies beside it.

    `opens` is the file beside it that is opened in its place.
    """

    content: bytes
    structure: str
    beside: tuple[tuple[str, bytes], ...] = ()
    name: str = NAME
    opens: str = ""

    def write(self, folder: Path, content: bytes | None = None) -> Path:
        """Put it, or a changed form, into a folder together with what belongs beside it."""
        for name, other in self.beside:
            if not (folder / name).exists():
                (folder / name).write_bytes(other)
        path = folder / self.name
        path.write_bytes(self.content if content is None else content)
        return folder / self.opens if self.opens else path


def _saved(value: object, **how: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, **how)
    return stream.getvalue()


def _quantised() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch will make no more of them; files that hold them stay
        return torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 3, torch.qint8)


def checkpoint() -> dict[str, object]:
    """Views, other number formats, wrappers, an optimizer: what training programs leave."""
    views = torch.arange(24.0).reshape(4, 6)
    network = nn.Linear(2, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    weights = {
        "module.a": views.t(),
        "module.b": views[1:, ::2],
        "module.c": torch.ones(3, dtype=torch.bfloat16),
        "module.d": nn.Parameter(torch.ones(2)),
        "module.e": _quantised(),
        "module.f": torch.eye(3).to_sparse(),
    }
    return {
        "state_dict": weights,
        "ema": {"a": views},
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "class_names": ["a", "b"],
        "best": np.float64(0.5),
    }


class InPlace(nn.Module):
    """A module whose exported graph changes values in place, so that it is captured again."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.last = nn.Linear(4, 3), nn.ReLU(inplace=True), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.act(self.first(x)))


def exported(module: nn.Module, *inputs: torch.Tensor) -> bytes:
    """What `torch.export.save` writes."""
    shapes = {"x": {0: torch.export.Dim.DYNAMIC}}
    stream = io.BytesIO()
    torch.export.save(torch.export.export(module.eval(), inputs, dynamic_shapes=shapes), stream)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    """What `numpy.save` writes."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _shards() -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    whole = (DIABETES / "model_weights.safetensors").read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + length])
    header.pop("__metadata__", None)
    names = list(header)
    files, places = [], {}
    for number, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
        name, data, entries = f"model-0000{number}-of-00002.safetensors", b"", {}
        for tensor in part:
            first, last = header[tensor]["data_offsets"]
            piece = whole[8 + length + first : 8 + length + last]
            entries[tensor] = {**header[tensor], "data_offsets": [len(data), len(data) + len(piece)]}
            data += piece
            places[tensor] = name
        text = json.dumps(entries).encode()
        files.append((name, struct.pack("<Q", len(text)) + text + data))
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": places}).encode(), tuple(files)


def _with_architecture(folder: Path) -> tuple[tuple[str, bytes], ...]:
    return (("architecture.json", (folder / "architecture.json").read_bytes()),)


def wholes() -> dict[str, list[Whole]]:
    """By format; each has several, which are changed in turn."""
    diabetes, digits = _with_architecture(DIABETES), _with_architecture(DIGITS)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    index, shards = _shards()
    described = tuple(
        Whole(content, "json", (("weights.pth", (folder / weights).read_bytes()),), name, "weights.pth")
        for folder, weights, ((name, content),) in (
            (DIABETES, "model_weights.pth", diabetes),
            (DIGITS, "digits.pth", digits),
        )
    )
    return {
        "PyTorch zip": [
            Whole((DIABETES / "model_weights.pth").read_bytes(), "zip", diabetes),
            Whole(_saved(checkpoint()), "zip"),
            Whole((DIGITS / "digits.pth").read_bytes(), "zip", digits),
        ],
        "PyTorch before 1.6": [
            Whole((DIABETES / "model_weights_legacy.pth").read_bytes(), "pickles", diabetes),
            Whole(_saved(checkpoint(), _use_new_zipfile_serialization=False), "pickles"),
        ],
        "pickled module": [
            Whole(_saved(module), "zip"),
            Whole(_saved(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))), "zip"),
            Whole(_saved(module, _use_new_zipfile_serialization=False), "pickles"),
        ],
        "TorchScript": [
            Whole((DIABETES / "diabetes_torchscript.pt").read_bytes(), "zip"),
            Whole((DIGITS / "digits_torchscript.pt").read_bytes(), "zip"),
        ],
        ".pt2": [
            Whole((DIABETES / "diabetes.pt2").read_bytes(), "zip"),
            Whole((DIGITS / "digits.pt2").read_bytes(), "zip"),
            Whole(exported(InPlace(), torch.ones(2, 4)), "zip"),
        ],
        "safetensors": [Whole((DIABETES / "model_weights.safetensors").read_bytes(), "safetensors", diabetes)],
        "shards": [Whole(index, "json", (*shards, *diabetes), INDEX)],
        "ONNX": [
            Whole((DIABETES / "diabetes.onnx").read_bytes(), "protobuf"),
            Whole((DIGITS / "digits.onnx").read_bytes(), "protobuf"),
        ],
        "numpy": [
            Whole((DIABETES / "model_weights.npz").read_bytes(), "zip", diabetes),
            Whole(npy(np.arange(12.0).reshape(3, 4)), "npy"),
        ],
        "architecture.json": list(described),
    }


def write_all(folder: Path) -> tuple[Path, ...]:
    """Every whole file in a folder of its own, to be opened before others are judged."""
    paths = []
    for kind, several in wholes().items():
        for number, whole in enumerate(several):
            place = folder / f"{kind} {number}"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            paths.append(whole.write(place))
    return tuple(paths)
