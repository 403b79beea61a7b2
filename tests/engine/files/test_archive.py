"""Zip archives that two programs could read differently, or that ask for more than they hold."""

from __future__ import annotations

import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files import archive as archive_module

from .making import repacked, torch_file


@pytest.fixture
def good(tmp_path):
    return torch_file(tmp_path / "good.pth", {"weight": torch.arange(1000.0)})


def open_and_read(path):
    return {name: info.read() for name, info in lrp.open_weights(path).tensors.items()}


def refused(path, match):
    with pytest.raises(lrp.FormatError, match=match) as caught:
        open_and_read(path)
    assert path.name in str(caught.value)


def with_name(path, name):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", b"}.")
        made.writestr(name, b"x")
    return path


@pytest.mark.parametrize(
    "name",
    ["../outside", "archive/../../outside", "/etc/passwd", "\\windows", "archive\\..\\..\\outside", "C:/windows"],
)
def test_paths_that_leave_the_archive(name, tmp_path):
    refused(with_name(tmp_path / "bad.pth", name), "leaves the archive")


def test_two_members_of_one_name(tmp_path):
    path = tmp_path / "bad.pth"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with_name(path, "archive/data.pkl")
    refused(path, "two members")


def test_compressed_members_are_read(good, tmp_path):
    packed = repacked(good, tmp_path / "packed.pth", {}, zipfile.ZIP_DEFLATED)
    np.testing.assert_array_equal(open_and_read(packed)["weight"], np.arange(1000, dtype=np.float32))


def test_a_bomb_is_not_unpacked(good, tmp_path, monkeypatch):
    packed = repacked(good, tmp_path / "packed.pth", {}, zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(archive_module, "LARGEST_COMPRESSED", 1000)
    refused(packed, "more than the")


def test_a_pickle_beyond_the_limit(good, tmp_path):
    path = tmp_path / "bomb.pth"
    repacked(good, path, {"data.pkl": b"\0" * (archive_module.LARGEST_TEXT + 1)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    refused(path, "more than the")


def test_a_size_that_lies_about_what_unpacks(good, tmp_path):
    """The directory says 100 bytes where 4,000 unpack."""
    path = repacked(good, tmp_path / "lies.pth", {}, zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 4000), struct.pack("<L", 100)))
    refused(path, "damaged|bytes instead of")


def test_an_unusual_compression(good, tmp_path):
    refused(repacked(good, tmp_path / "bad.pth", {}, zipfile.ZIP_BZIP2), "compressed in a way")


def test_an_encrypted_member(good, tmp_path):
    path = repacked(good, tmp_path / "secret.pth", {})
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 8] |= 1
    path.write_bytes(content)
    refused(path, "encrypted")


def test_a_member_that_is_not_where_the_directory_says(good, tmp_path):
    path = tmp_path / "moved.pth"
    content = bytearray(good.read_bytes())
    entry = next(
        at
        for at in range(len(content))
        if content[at : at + 4] == b"PK\1\2" and b"data/0" in content[at + 46 : at + 60]
    )
    content[entry + 42 : entry + 46] = struct.pack("<L", 0)
    path.write_bytes(content)
    refused(path, "shares bytes")


def test_no_zip_at_all(tmp_path):
    path = tmp_path / "bad.pth"
    path.write_bytes(b"PK\3\4" + b"\0" * 200)
    refused(path, "damaged zip")


def test_another_zip(tmp_path):
    path = tmp_path / "papers.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("notes/readme.txt", "hello")
    refused(path, "not one that PyTorch wrote")


def test_a_file_that_changed_after_it_was_opened(good):
    opened = lrp.open_weights(good)
    good.write_bytes(good.read_bytes()[:2000])
    with pytest.raises(lrp.FormatError, match="changed since"):
        opened.tensors["weight"].read()


def test_a_file_that_went_after_it_was_opened(good):
    opened = lrp.open_weights(good)
    good.unlink()
    with pytest.raises(lrp.FormatError, match="cannot be read any more"):
        opened.tensors["weight"].read()
    with pytest.raises(lrp.FormatError, match="cannot be read any more"):
        opened.sha256()
