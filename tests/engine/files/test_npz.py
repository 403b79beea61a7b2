"""numpy's files are opened as weights; arrays of Python objects are never read."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

import lrp_engine as lrp


class Runs:
    """Unpickled by Python, this makes a folder."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


ARRAYS = {
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "kernel": np.ones(1),
    "fortran": np.asfortranarray(np.arange(24).reshape(2, 3, 4)),
    "big": np.arange(4, dtype=">f8"),
    "one": np.float64(3.5),
    "none": np.zeros((0, 3), dtype=np.int16),
    "truth": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "half": np.array([0.5], dtype=np.float16),
    "unsigned": np.array([2**63], dtype=np.uint64),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_of_arrays(save, tmp_path):
    path = tmp_path / "weights.npz"
    save(path, **ARRAYS)
    opened = lrp.open_weights(path)
    assert opened.kind == "npz"
    assert list(opened.tensors) == list(ARRAYS)
    for name, array in ARRAYS.items():
        info = opened.tensors[name]
        assert info.shape == array.shape
        assert info.dtype == array.dtype.name
        np.testing.assert_array_equal(info.read(), array)
        assert np.concatenate([*info.blocks(2), np.empty(0)]).tolist() == info.read().flatten("A").tolist()


def test_one_array(tmp_path):
    np.save(tmp_path / "kernel.npy", ARRAYS["dense/kernel"])
    opened = lrp.open_weights(tmp_path / "kernel.npy")
    np.testing.assert_array_equal(opened.tensors["kernel"].read(), ARRAYS["dense/kernel"])
    assert isinstance(opened.tensors["kernel"].read().base, np.memmap)


def test_texts_are_metadata(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.ones(2), names=np.array(["Katze", "dög"]), codes=np.array([b"a", b"bc"]))
    opened = lrp.open_weights(tmp_path / "w.npz")
    assert opened.metadata == {"names": ["Katze", "dög"], "codes": ["a", "bc"]}


def test_what_has_no_numbers_is_named(tmp_path):
    records = np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])
    np.savez(tmp_path / "w.npz", w=np.ones(2), o=np.array([{}, 1], dtype=object), r=records, t=np.zeros(1, "M8[s]"))
    opened = lrp.open_weights(tmp_path / "w.npz")
    assert list(opened.tensors) == ["w"]
    (note,) = opened.notes
    assert "“o” (Python objects), “r” (records of several), “t” (records of several)" in note


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    marker = tmp_path / "marker"
    path = tmp_path / "w.npy"
    np.save(path, np.array([Runs(marker)], dtype=object), allow_pickle=True)
    np.load(path, allow_pickle=True)
    assert marker.exists()
    marker.rmdir()
    with pytest.raises(lrp.UntrustedFile, match="Python objects") as caught:
        lrp.open_weights(path)
    assert any("mkdir" in call for call in caught.value.calls)
    assert not marker.exists()


def with_header(path, header, data=b"\0" * 8, version=1):
    head = header.encode("latin-1")
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    path.write_bytes(b"\x93NUMPY" + bytes([version, 0]) + length + head + data)
    return path


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
        "{'shape':(2L,),'fortran_order':False,'descr':'<f4'}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}   ",
    ],
)
def test_headers_that_others_write(header, version, tmp_path):
    assert lrp.open_weights(with_header(tmp_path / "a.npy", header, version=version)).tensors["a"].read().size == 2


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1+1,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + {}",
        "[" * 1000,
        "{'shape': (" + "1, " * 20000 + "), 'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999, 99999999999999)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    ],
)
def test_headers_that_numpy_does_not_write(header, tmp_path):
    with pytest.raises(lrp.FormatError):
        lrp.open_weights(with_header(tmp_path / "a.npy", header))


def test_an_unknown_version(tmp_path):
    path = with_header(tmp_path / "a.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", version=9)
    with pytest.raises(lrp.FormatError, match="does not begin as numpy's arrays do"):
        lrp.open_weights(path)


def test_an_archive_with_other_members_is_none(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, w=np.ones(2))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(lrp.FormatError, match="not one that PyTorch wrote"):
        lrp.open_weights(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickled_arrays_are_weights(protocol, tmp_path):
    """As model zoos of numpy's time have them."""
    path = tmp_path / "model.pkl"
    value = {"model": {"conv.weight": ARRAYS["dense/kernel"], "f": ARRAYS["fortran"], "b": ARRAYS["big"]}, "epoch": 3}
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    opened = lrp.open_weights(path)
    assert opened.kind == "state dict"
    assert opened.metadata["epoch"] == 3
    for name, array in value["model"].items():
        assert opened.tensors[name].dtype == array.dtype.name
        np.testing.assert_array_equal(opened.tensors[name].read(), array)
