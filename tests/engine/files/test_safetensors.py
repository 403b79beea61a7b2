"""safetensors: read as it was written, and every lie in its header refused."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

import lrp_engine as lrp

from .making import safetensors_bytes, safetensors_file

arrays = st.dictionaries(
    st.text(min_size=1, max_size=20).filter(lambda name: name != "__metadata__"),
    some.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.float16, np.bool_, np.uint8]),
        some.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(arrays)
def test_round_trip(tmp_path, values):
    opened = lrp.open_weights(safetensors_file(tmp_path / "m.safetensors", values, {"format": "pt"}))
    assert opened.kind == "safetensors"
    assert opened.metadata == {"format": "pt"}
    assert list(opened.tensors) == list(values)
    for name, value in values.items():
        info = opened.tensors[name]
        assert info.dtype == str(value.dtype)
        assert info.shape == value.shape
        np.testing.assert_array_equal(info.read(), value)


def test_bfloat16(tmp_path):
    path = tmp_path / "m.safetensors"
    header = {"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    path.write_bytes(safetensors_bytes(header, struct.pack("<HH", 0x3FC0, 0xC000)))
    info = lrp.open_weights(path).tensors["w"]
    assert info.dtype == "bfloat16"
    assert info.nbytes == 4
    np.testing.assert_array_equal(info.read(), np.array([1.5, -2.0], dtype=np.float32))


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


DATA = b"\0" * 16
LIES = {
    "overlap": ({"a": entry(), "b": entry(offsets=(4, 12))}, "overlaps"),
    "same place": ({"a": entry(), "b": entry()}, "overlaps"),
    "beyond the end": ({"a": entry(shape=(5,), offsets=(0, 20))}, "ends beyond"),
    "backwards": ({"a": entry(offsets=(8, 0))}, "wrongly"),
    "negative": ({"a": entry(offsets=(-8, 0))}, "wrongly"),
    "no numbers": ({"a": entry(offsets=(0.0, 8.0))}, "wrongly"),
    "true": ({"a": entry(shape=(1,), dtype="BOOL", offsets=(False, True))}, "wrongly"),
    "three offsets": ({"a": entry(offsets=(0, 4, 8))}, "wrongly"),
    "shape too small": ({"a": entry(shape=(1,))}, "take 4"),
    "shape too large": ({"a": entry(shape=(3,))}, "needs 12"),
    "shape immense": ({"a": entry(shape=(2**40, 2**40))}, "impossible"),
    "shape negative": ({"a": entry(shape=(-2,))}, "impossible"),
    "shape of texts": ({"a": entry(shape=("2",))}, "impossible"),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, "wrongly"),
    "no dictionary": ({"a": 5}, "wrongly"),
    "unknown format": ({"a": entry(dtype="Q4")}, "number format Q4"),
    "metadata of numbers": ({"__metadata__": {"a": 1}, "b": entry()}, "metadata"),
    "metadata of another kind": ({"__metadata__": [], "b": entry()}, "metadata"),
    "nothing": ({}, "without tensors"),
    "twice": (b'{"a": 1, "a": 2}', "twice"),
    "no JSON": (b'{"a": ', "not valid JSON"),
    "too deep": (b'{"a":' + b"[" * 100_000, "not valid JSON"),
    "not UTF-8": (b'{"\xff": 1}', "not valid JSON"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies(name, tmp_path):
    header, says = LIES[name]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(safetensors_bytes(header, DATA))
    with pytest.raises(lrp.FormatError) as caught:
        lrp.open_weights(path)
    assert says in str(caught.value)
    assert "bad.safetensors" in str(caught.value)


def test_a_header_that_is_too_long(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", 100_000_001) + b"{}")
    with pytest.raises(lrp.FormatError, match="the format allows 100000000"):
        lrp.open_weights(path)


def test_a_header_that_is_cut_off(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", 1000) + b'{"a": ')
    with pytest.raises(lrp.FormatError, match="cut off"):
        lrp.open_weights(path)


def test_against_the_library(tmp_path):
    """Where it is installed: not a dependency of the engine."""
    library = pytest.importorskip("safetensors.numpy")
    values = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones((), dtype=np.int64)}
    path = tmp_path / "m.safetensors"
    library.save_file(values, path, metadata={"step": json.dumps(7)})
    opened = lrp.open_weights(path)
    assert opened.metadata == {"step": "7"}
    for name, value in values.items():
        np.testing.assert_array_equal(opened.tensors[name].read(), value)
