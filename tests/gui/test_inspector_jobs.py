"""What the worker finds out about a tensor: planes, kernels, numbers and files, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lrp_engine.errors import FormatError
from lrp_gui.jobs import inspecting
from lrp_gui.jobs.inspected import Slice, first_slice
from lrp_gui.jobs.inspecting import Reader
from lrp_gui.jobs.steps import run_now


@pytest.fixture
def numbers():
    return np.random.default_rng(0).normal(size=(4, 5, 6, 7)).astype(np.float32)


@pytest.fixture
def file(tmp_path, numbers):
    """The same numbers in a safetensors file, with stranger ones beside them."""
    path = tmp_path / "zoo.safetensors"
    wide = torch.arange(1300 * 3, dtype=torch.float32).reshape(1300, 3)
    wide[0, 0], wide[1, 1] = float("nan"), float("-inf")
    save_file(
        {
            "four": torch.from_numpy(numbers),
            "wide": wide,
            "half": torch.linspace(-2, 2, 50).to(torch.bfloat16).reshape(5, 10),
            "complex": torch.complex(torch.ones(2, 3), -2 * torch.ones(2, 3)),
            "flags": torch.tensor([[True, False, True]]),
            "one": torch.tensor(2.5),
            "line": torch.arange(10_000, dtype=torch.int64),
        },
        path,
    )
    return str(path)


def test_a_plane_of_any_two_axes_is_that_of_numpy(file, numbers):
    for rows, columns in ((0, 1), (1, 0), (2, 3), (3, 1)):
        wanted = Slice(rows, columns, (1, 2, 3, 4))
        places = [slice(None) if axis in {rows, columns} else at for axis, at in enumerate(wanted.places)]
        expected = numbers[tuple(places)]
        plane = run_now(Reader().plane(file, "four", wanted))
        assert np.array_equal(plane.mean, expected if rows < columns else expected.T)
        assert plane.step == (1, 1)


def test_a_large_plane_is_made_of_the_finite_numbers_of_each_block(file):
    plane = run_now(Reader().plane(file, "wide", first_slice((1300, 3))))
    whole = np.arange(3900.0).reshape(1300, 3)
    assert plane.step == (3, 1)
    assert plane.mean.shape == (434, 3)
    assert plane.bad == 2
    assert plane.mean[0].tolist() == [np.mean([3, 6]), np.mean([1, 7]), np.mean([2, 5, 8])]
    assert plane.extreme[1].tolist() == whole[5].tolist()
    assert plane.mean[-1].tolist() == whole[-1].tolist()  # the last block is a row alone


def test_reading_in_small_blocks_changes_nothing(file, monkeypatch):
    whole = run_now(Reader().plane(file, "wide", first_slice((1300, 3))))
    monkeypatch.setattr(inspecting, "BLOCK", 7)
    parts = run_now(Reader().plane(file, "wide", first_slice((1300, 3))))
    assert np.array_equal(whole.mean, parts.mean, equal_nan=True)
    assert np.array_equal(whole.extreme, parts.extreme, equal_nan=True)


def test_numbers_arrive_as_they_are(file, numbers):
    tiles = []
    wanted = Slice(2, 3, (3, 1, 0, 0))
    run_now(Reader().tiles(file, "four", wanted, [(0, 0)]), tiles.append)
    assert np.array_equal(tiles[0].values, numbers[3, 1])
    run_now(Reader().tiles(file, "complex", Slice(0, 1, (0, 0)), [(0, 0)]), tiles.append)
    assert tiles[1].values[0, 0] == 1 - 2j
    run_now(Reader().tiles(file, "flags", Slice(0, 1, (0, 0)), [(0, 0)]), tiles.append)
    assert tiles[2].values.tolist() == [[True, False, True]]
    run_now(Reader().tiles(file, "line", Slice(-1, 0, (0,)), [(0, 9984)]), tiles.append)
    assert tiles[3].values[0, -1] == 9999


def test_kernels_lie_where_the_note_says(file, numbers):
    kernels = run_now(Reader().kernels(file, "four", 1, 2))
    assert (list(kernels.outputs), list(kernels.inputs)) == ([1, 2, 3], [2, 3, 4])
    lines = -(-3 // kernels.bands)
    strip = 3 * 8 + 1
    for n, output in enumerate(kernels.outputs):
        top, left = n % lines * 7, n // lines * strip
        assert np.array_equal(kernels.image[top : top + 6, left + 8 : left + 15], numbers[output, 3])


def test_statistics_tell_of_what_is_not_finite(file):
    summary = run_now(Reader().measure(file, "wide"))
    assert (summary.count, summary.nans, summary.infs, summary.min, summary.max) == (3900, 1, 1, 1, 3899)
    assert summary.histogram.sum() == 3898


@pytest.mark.parametrize("name", ["four", "half", "complex", "flags", "one", "line"])
def test_an_exported_npy_is_the_tensor(file, tmp_path, name, monkeypatch):
    import lrp_engine

    monkeypatch.setattr(inspecting, "BLOCK", 11)
    target = tmp_path / "out.npy"
    run_now(Reader().export(file, name, str(target)))
    expected = lrp_engine.open_weights(file).tensors[name].read()
    loaded = np.load(target)
    assert loaded.dtype == expected.dtype
    assert np.array_equal(loaded, expected)


@pytest.mark.parametrize("block", [5, 64, 10**6])
def test_an_exported_csv_holds_every_digit_and_place(file, tmp_path, numbers, monkeypatch, block):
    monkeypatch.setattr(inspecting, "TEXT_BLOCK", block)
    target = tmp_path / "out.csv"
    run_now(Reader().export(file, "four", str(target)))
    lines = [line.split(",") for line in target.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == ["axis 0", "axis 1", "axis 2", "0", "1", "2", "3", "4", "5", "6"]
    assert len(lines) == 1 + 4 * 5 * 6
    for line in lines[1:]:
        place = tuple(map(int, line[:3]))
        assert np.array_equal(np.array(line[3:], dtype=np.float32), numbers[place])


def test_an_export_that_is_given_up_leaves_what_stood_there(file, tmp_path, monkeypatch):
    monkeypatch.setattr(inspecting, "BLOCK", 11)
    target = tmp_path / "out.npy"
    target.write_bytes(b"older")
    steps = Reader().export(file, "line", str(target))
    for _n in range(5):
        next(steps)
    steps.close()
    assert target.read_bytes() == b"older"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.npy", "zoo.safetensors"]


def test_a_file_that_has_gone_is_one_sentence(file, tmp_path):
    reader = Reader()
    run_now(reader.measure(file, "one"))
    (tmp_path / "zoo.safetensors").unlink()
    with pytest.raises(FormatError, match=r"zoo\.safetensors cannot be read any more"):
        run_now(reader.measure(file, "one"))


def test_a_compressed_tensor_is_read_whole_and_looks_the_same(tmp_path, numbers):
    path = tmp_path / "packed.npz"
    np.savez_compressed(path, four=numbers)
    plane = run_now(Reader().plane(str(path), "four", Slice(2, 3, (1, 1, 0, 0))))
    assert np.array_equal(plane.mean, numbers[1, 1])
