"""Whoever opens a large file hears of each tensor as it is read, in every format."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lrp_engine as lrp

from .making import EXAMPLES, safetensors_file

DIGITS = EXAMPLES / "digits"

# Of these formats it is not known beforehand how many there are.
UNCOUNTED = {"digits.pt2"}


def told_of(path):
    heard = []
    opened = lrp.open_weights(path, found=lambda info, count: heard.append((info.name, info.shape, info.nbytes, count)))
    return opened, heard


@pytest.mark.parametrize(
    "name",
    ["safetensors", "npz", "pth", "onnx", "pt2", "digits_legacy.pth", "digits_torchscript.pt"],
)
def test_every_tensor_is_told_as_it_is_read(name):
    path = DIGITS / (name if name.startswith("digits") else f"digits.{name}")
    opened, heard = told_of(path)
    described = {name: (name, info.shape, info.nbytes) for name, info in opened.tensors.items()}
    # A Constant among an ONNX file's operations is found when those are gone through.
    if opened.kind == "onnx":
        described = {name: one for name, one in described.items() if opened.roles[name] != "constant"}
    assert {one[:3] for one in heard} == set(described.values())
    assert {count for *_, count in heard} == ({0} if path.name in UNCOUNTED else {len(heard)})


def test_of_shards_those_are_told_that_the_list_names(tmp_path):
    safetensors_file(tmp_path / "one.safetensors", {"a": np.ones(2), "unlisted": np.ones(3)})
    safetensors_file(tmp_path / "two.safetensors", {"b": np.zeros(5)})
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}))
    _opened, heard = told_of(path)
    assert [(name, count) for name, *_, count in heard] == [("a", 2), ("b", 2)]


def test_what_the_listener_raises_ends_the_reading():
    def stop(_info, _count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lrp.open_weights(DIGITS / "digits.safetensors", found=stop)
