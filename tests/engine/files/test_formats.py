"""Files are recognised by content; what cannot be opened is said in one sentence."""

from __future__ import annotations

import os
import pickle
import shutil

import pytest

import lrp_engine as lrp

from .making import DIABETES, DIGITS


def sentence(path):
    with pytest.raises(lrp.FormatError) as caught:
        lrp.open_weights(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert path.name in text
    return text


def test_the_name_does_not_matter(tmp_path):
    for source, kind in ((DIABETES, "state dict"), (DIGITS, "pt2")):
        copy = tmp_path / "photo.jpg"
        shutil.copy(source, copy)
        assert lrp.open_weights(copy).kind == kind
        assert lrp.open_weights(str(copy)).kind == kind


def test_missing(tmp_path):
    assert "There is no file" in sentence(tmp_path / "none.pth")


def test_folder(tmp_path):
    assert "is a folder" in sentence(tmp_path)


def test_empty(tmp_path):
    path = tmp_path / "empty.pth"
    path.touch()
    assert "is empty" in sentence(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")
    path = tmp_path / "pipe.pth"
    os.mkfifo(path)
    assert "not a file on a disk" in sentence(path)


def test_unreadable(tmp_path):
    path = tmp_path / "locked.pth"
    shutil.copy(DIABETES, path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "cannot be read" in sentence(path)


def test_a_name_that_no_system_allows():
    with pytest.raises(lrp.FormatError, match=r"cannot be read|no file"):
        lrp.open_weights("a\0b.pth")


RECOGNISED = {
    "model.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x032.0" + b"\0" * 50, "ONNX"),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "HDF5"),
    "model.gguf": (b"GGUF\3\0\0\0" + b"\0" * 50, "GGUF"),
    "model.pth.gz": (b"\x1f\x8b\x08\x00" + b"\0" * 50, "compressed"),
    "model.tar": (b"a" * 257 + b"ustar\x0000" + b"\0" * 248, "tar archive"),
    "model.json": (b'{"version": 1}\n', "text file"),
    "model.csv": (b"a,b\n1,2\n", "text file"),
    "pointer.bin": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
    "page.pth": (b"\n<!DOCTYPE html><html>404", "web page"),
    "notes.txt": ("größe\n".encode(), "text file"),
    "model.npy": (b"\x93NUMPY\x01\0" + b"\0" * 50, "numpy"),
    "values.pkl": (pickle.dumps({"weights": [1.0, 2.0]}), "torch.save did not write"),
    "values0.pkl": (pickle.dumps([1.0, 2.0], protocol=0), "torch.save did not write"),
    "noise.bin": (b"\x00\x01\x02\x03" * 100, "not a weight file"),
    "short.bin": (b"\x00", "not a weight file"),
    "tiny.bin": (b"\x80", "not a weight file"),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_recognised_and_refused(name, tmp_path):
    content, says = RECOGNISED[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert says in sentence(path)
