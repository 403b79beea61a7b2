"""Weights in several files are opened as one, by their list."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import lrp_engine as lrp

from .making import safetensors_file, torch_file


def listed(folder, places, name="model.safetensors.index.json", **more):
    path = folder / name
    path.write_text(json.dumps({"metadata": {"total_size": 40}, "weight_map": places, **more}))
    return path


@pytest.fixture
def folder(tmp_path):
    safetensors_file(tmp_path / "model-00001-of-00002.safetensors", {"b": np.ones(2), "a.w": np.arange(3.0)})
    safetensors_file(tmp_path / "model-00002-of-00002.safetensors", {"c": np.zeros(5)}, {"format": "pt"})
    return tmp_path


PLACES = {
    "a.w": "model-00001-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors",
    "c": "model-00002-of-00002.safetensors",
}


def test_all_files_are_one(folder):
    opened = lrp.open_weights(listed(folder, PLACES))
    assert opened.kind == "safetensors"
    assert list(opened.tensors) == ["a.w", "b", "c"]
    np.testing.assert_array_equal(opened.tensors["a.w"].read(), [0, 1, 2])
    assert [path.name for path in opened.files] == ["model.safetensors.index.json", *sorted(set(PLACES.values()))]
    assert opened.metadata["shards"] == 2
    assert opened.metadata["total_size"] == 40
    assert opened.notes == ()


def test_the_hash_is_that_of_all_files(folder):
    path = listed(folder, PLACES)
    before = lrp.open_weights(path).sha256()
    assert lrp.open_weights(path).sha256() == before
    safetensors_file(folder / "model-00002-of-00002.safetensors", {"c": np.ones(5)})
    assert lrp.open_weights(path).sha256() != before


def test_torch_shards(tmp_path):
    torch_file(tmp_path / "pytorch_model-00001-of-00002.bin", {"a": torch.ones(2)})
    torch_file(tmp_path / "pytorch_model-00002-of-00002.bin", {"b": torch.ones(3)})
    places = {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}
    opened = lrp.open_weights(listed(tmp_path, places, "pytorch_model.bin.index.json"))
    assert opened.kind == "state dict"
    assert opened.format == "PyTorch state dict in 2 files"
    np.testing.assert_array_equal(opened.tensors["b"].read(), np.ones(3))


def test_one_of_the_files_says_where_the_others_are(folder):
    path = listed(folder, PLACES)
    one = lrp.open_weights(folder / "model-00002-of-00002.safetensors")
    assert list(one.tensors) == ["c"]
    assert "one of 2 files" in one.notes[-1]
    assert path.name in one.notes[-1]
    path.unlink()
    assert "is not beside it" in lrp.open_weights(folder / "model-00002-of-00002.safetensors").notes[-1]


def test_links_in_the_folder_are_followed(folder, tmp_path_factory):
    """As the hub's cache has them."""
    cache = tmp_path_factory.mktemp("cache")
    for name in set(PLACES.values()):
        (cache / name).symlink_to(folder / name)
    assert list(lrp.open_weights(listed(cache, PLACES)).tensors) == ["a.w", "b", "c"]


def test_a_missing_file_is_named(folder):
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(lrp.FormatError, match=r"of which model-00002-of-00002\.safetensors is not in its folder"):
        lrp.open_weights(listed(folder, PLACES))


def test_a_missing_tensor_is_named(folder):
    with pytest.raises(lrp.FormatError, match="“lost” \\(model-00001"):
        lrp.open_weights(listed(folder, {**PLACES, "lost": "model-00001-of-00002.safetensors"}))


def test_tensors_that_are_not_listed_are_counted(folder):
    opened = lrp.open_weights(listed(folder, {key: PLACES[key] for key in ("a.w", "c")}))
    assert list(opened.tensors) == ["a.w", "c"]
    assert opened.notes == ("The files hold 1 more tensors, which the list does not name.",)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../model.safetensors", "a/../../b", "C:\\model", "..\\b", "\\\\host\\b", "a\0b", ""]
)
def test_paths_that_leave_the_folder(name, folder):
    with pytest.raises(lrp.FormatError, match="not in its folder"):
        lrp.open_weights(listed(folder, {"a": name}))


@pytest.mark.parametrize(
    "content",
    [
        '{"weight_map": 1}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {}}',
        '{"weight_map": {"a": "x", "a": "y"}}',
        '{"weight_map": ',
        '{"weight_map": ' + "[" * 100_000,
        '{"other": "\\"weight_map\\""}',
    ],
)
def test_lists_that_are_damaged(content, tmp_path):
    path = tmp_path / "model.index.json"
    path.write_text(content)
    with pytest.raises(lrp.FormatError):
        lrp.open_weights(path)


def test_a_list_of_lists(tmp_path):
    path = listed(tmp_path, {"a": "model.safetensors.index.json"})
    with pytest.raises(lrp.FormatError, match="text file"):
        lrp.open_weights(path)


def test_files_of_two_formats(folder):
    torch_file(folder / "more.bin", {"d": torch.ones(2)})
    with pytest.raises(lrp.FormatError, match="different formats"):
        lrp.open_weights(listed(folder, {**PLACES, "d": "more.bin"}))
