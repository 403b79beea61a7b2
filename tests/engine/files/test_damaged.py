"""Cut-off and altered files: each gives its tensors or one sentence, quickly, and never anything else."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files.table import read_table

from .making import DIABETES, DIGITS, EXAMPLES, member, repacked, safetensors_file, torch_file

SECONDS = 5  # far more than any of these takes on a free machine


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    views = torch.arange(24.0).reshape(4, 6)
    checkpoint = {
        "state_dict": {"a": views.t(), "b": views[1:, ::2], "c": torch.ones(3, dtype=torch.bfloat16)},
        "epoch": 3,
    }
    old = folder / "old.pth"
    torch.save({"w": torch.ones(3)}, old, _use_new_zipfile_serialization=False)
    return {
        "state dict": DIABETES.read_bytes(),
        "checkpoint": torch_file(folder / "c.pth", checkpoint).read_bytes(),
        "pt2": DIGITS.read_bytes(),
        "safetensors": safetensors_file(
            folder / "s.safetensors", {"a": np.ones((3, 4), dtype=np.float32), "b": np.arange(5)}
        ).read_bytes(),
        "legacy": old.read_bytes(),
    }


KINDS = ["state dict", "checkpoint", "pt2", "safetensors", "legacy"]


def use(path):
    """Open it and read everything; True if that went well."""
    start = time.perf_counter()
    try:
        opened = lrp.open_weights(path)
        for info in opened.tensors.values():
            array = info.read()
            assert array.shape == info.shape
            np.sum(array, dtype=np.float64 if array.dtype.kind != "c" else None)
        went_well = True
    except lrp.LrpError as error:
        text = str(error)
        assert text
        assert "\n" not in text
        assert len(text) < 600
        went_well = False
    assert time.perf_counter() - start < SECONDS
    return went_well


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off(kind, files, tmp_path):
    content = files[kind]
    path = tmp_path / "cut.bin"
    lengths = {len(content) * percent // 100 for percent in range(0, 100, 5)} | {1, 4, 9, len(content) - 1}
    for length in sorted(lengths):
        path.write_bytes(content[:length])
        assert not use(path), f"cut to {length} of {len(content)} bytes"


def mutated(content, chance):
    """One to eight changes: bytes set, flipped, cut out, put in, or copied from elsewhere in the file."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data))
        length = chance.randint(1, 16)
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = chance.randbytes(length)
            case _:
                source = chance.randrange(len(data))
                data[at : at + length] = data[source : source + length]
        if not data:
            data = bytearray(b"x")
    return bytes(data)


def mutate(kind, files, path, count):
    chance = random.Random(f"{kind} 2026")
    with np.errstate(all="ignore"):  # sums of nonsense numbers
        for _ in range(count):
            path.write_bytes(mutated(files[kind], chance))
            use(path)


@pytest.mark.parametrize("kind", KINDS)
def test_mutations(kind, files, tmp_path):
    mutate(kind, files, tmp_path / "mutated.bin", 150)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
def test_all_mutations(kind, files, tmp_path):
    mutate(kind, files, tmp_path / "mutated.bin", 3000)


# In a zip a checksum notices most changes, so these are made before the zip.
MEMBERS = {
    "pickle": (DIABETES, "data.pkl"),
    "list of weights": (DIGITS, "data/weights/model_weights_config.json"),
    "byte order": (DIABETES, "byteorder"),
}


def mutate_member(name, folder, count):
    source, inner = MEMBERS[name]
    content = member(source, inner)
    chance = random.Random(f"{name} 2026")
    path = folder / "mutated.bin"
    outcomes = [use(repacked(source, path, {inner: mutated(content, chance)})) for _ in range(count)]
    assert not all(outcomes)


@pytest.mark.parametrize("name", MEMBERS)
def test_mutated_members(name, tmp_path):
    mutate_member(name, tmp_path, 150)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MEMBERS)
def test_all_mutated_members(name, tmp_path):
    mutate_member(name, tmp_path, 3000)


def test_mutated_tables(tmp_path):
    content = (EXAMPLES / "diabetes" / "diabetes.csv").read_bytes()[:2000]
    chance = random.Random("tables 2026")
    path = tmp_path / "mutated.csv"
    for _ in range(200):
        path.write_bytes(mutated(content, chance))
        try:
            table = read_table(path)
            assert table.values.shape == (len(table.cells), len(table.names))
        except lrp.FormatError as error:
            assert "\n" not in str(error)  # noqa: PT017 -- either outcome is right
