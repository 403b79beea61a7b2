"""Two weight files side by side: names that find each other, norms against numpy, what cannot be compared."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import lrp_engine as lrp
from lrp_engine.cli import main
from lrp_engine.files import differences
from lrp_engine.files.differences import compare, comparing, difference_of, matched


def saved(folder, name, tensors):
    path = folder / name
    if path.suffix == ".pt":
        torch.save(tensors, path)
    else:
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    return lrp.open_weights(path)


def by_name(found):
    return {one.name or one.other: one for one in found}


@pytest.mark.parametrize("block", [5, 64, 10**6])
def test_norms_of_the_difference_are_those_of_numpy(tmp_path, monkeypatch, block):
    monkeypatch.setattr(differences, "BLOCK", block)
    generator = torch.Generator().manual_seed(0)
    a = {
        "w": torch.randn(7, 5, 3, generator=generator),
        "same": torch.randn(9, generator=generator),
        "n": torch.tensor(3),
    }
    b = {**a, "w": a["w"] + 0.1 * torch.randn(7, 5, 3, generator=generator)}
    b["w"][2, 2, 2] = a["w"][2, 2, 2]
    found = by_name(compare(saved(tmp_path, "a.safetensors", a), saved(tmp_path, "b.pt", b)))
    x, y = a["w"].double().numpy().ravel(), b["w"].double().numpy().ravel()
    one = found["w"]
    assert (one.change, one.changed) == ("changed", 104)
    assert one.norm == pytest.approx(np.linalg.norm(x))
    assert one.other_norm == pytest.approx(np.linalg.norm(y))
    assert one.distance == pytest.approx(np.linalg.norm(x - y))
    assert one.relative == pytest.approx(np.linalg.norm(x - y) / np.linalg.norm(x))
    assert one.largest == pytest.approx(np.abs(x - y).max())
    assert one.cosine == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y))
    assert (found["same"].change, found["same"].distance, found["same"].cosine) == ("same", 0, pytest.approx(1))
    assert found["n"].change == "same"


def test_added_removed_other_shapes_and_types(tmp_path):
    a = {"gone": torch.ones(4), "shape": torch.ones(2, 3), "half": torch.linspace(0, 1, 7), "exact": torch.arange(5.0)}
    b = {"new": torch.ones(9), "shape": torch.ones(3, 2), "half": a["half"].half(), "exact": a["exact"].double()}
    found = by_name(compare(saved(tmp_path, "a.safetensors", a), saved(tmp_path, "b.safetensors", b)))
    assert {name: one.change for name, one in found.items()} == {
        "gone": "removed",
        "shape": "another shape",
        "half": "another type",
        "exact": "another type",
        "new": "added",
    }
    assert (found["gone"].norm, found["new"].other_norm) == (2, 3)
    assert math.isnan(found["gone"].other_norm)
    assert math.isnan(found["shape"].distance)
    assert found["shape"].norm == pytest.approx(math.sqrt(6))
    assert 0 < found["half"].relative < 1e-3
    assert (found["exact"].distance, found["exact"].changed) == (0, 0)


@pytest.mark.parametrize(
    ("first", "second", "notes"),
    [
        ("", "module.", ("second",)),
        ("model.", "", ("first",)),
        ("module.model.", "", ("first",)),
        ("model.", "_orig_mod.net.", ("first", "second")),
        ("", "", ()),
    ],
)
def test_what_a_wrapper_puts_in_front_of_names_is_left_out_and_told(first, second, notes):
    names = ["conv.weight", "conv.bias", "fc.weight", "fc.bias"]
    found = matched([first + name for name in names], [second + name for name in names] + ["head.weight"])
    assert found.pairs == (*((first + name, second + name) for name in names), ("", "head.weight"))
    assert len(found.notes) == len(notes)
    for note, which in zip(found.notes, notes, strict=True):
        assert f"the names of the {which} file" in note


def test_names_that_are_in_both_files_stay_together():
    found = matched(["a.x", "a.y", "y"], ["y", "a.x", "z"])
    assert found.pairs == (("a.x", "a.x"), ("a.y", ""), ("y", "y"), ("", "z"))
    assert found.notes == ()


def test_files_of_nothing_in_common(tmp_path):
    found = compare(
        saved(tmp_path, "a.safetensors", {"a": torch.ones(1)}), saved(tmp_path, "b.safetensors", {"b": torch.ones(1)})
    )
    assert [one.change for one in found] == ["removed", "added"]


def test_what_is_not_finite_is_counted_apart(tmp_path):
    a = torch.tensor([1.0, float("nan"), float("inf"), 4.0])
    b = torch.tensor([1.0, float("nan"), 3.0, 5.0])
    (one,) = compare(saved(tmp_path, "a.safetensors", {"w": a}), saved(tmp_path, "b.safetensors", {"w": b}))
    assert (one.bad, one.changed, one.distance) == (2, 2, 1)


def test_whole_numbers_flags_and_complex_numbers(tmp_path):
    big = 2**60
    a = {
        "i": torch.tensor([big, 1]),
        "f": torch.tensor([True, False]),
        "c": torch.tensor([3 + 4j, 1j]),
        "e": torch.ones(0),
    }
    b = {
        "i": torch.tensor([big + 1, 1]),
        "f": torch.tensor([True, True]),
        "c": torch.tensor([0j, 1j]),
        "e": torch.ones(0),
    }
    found = by_name(compare(saved(tmp_path, "a.safetensors", a), saved(tmp_path, "b.safetensors", b)))
    assert (found["i"].change, found["i"].changed) == ("changed", 1)  # though float64 cannot tell them apart
    assert (found["f"].changed, found["f"].distance) == (1, 1)
    assert (found["c"].changed, found["c"].largest) == (1, 5)
    assert found["e"].change == "same"


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_the_tensor_of_differences_reads_as_any_other(tmp_path, suffix):
    a, b = (np.random.default_rng(seed).normal(size=(6, 4, 5)).astype(np.float32) for seed in (0, 1))
    for name, value in (("a", a), ("b", b)):
        if suffix == "npz":
            np.savez_compressed(tmp_path / f"{name}.npz", w=value)
        else:
            saved(tmp_path, f"{name}.safetensors", {"w": torch.from_numpy(value)})
    one, two = (lrp.open_weights(tmp_path / f"{name}.{suffix}").tensors["w"] for name in "ab")
    info = difference_of(one, two)
    expected = a.astype(float) - b
    assert info.in_parts == (suffix == "safetensors")
    assert np.array_equal(info.read(), expected)
    assert np.array_equal(info.part((slice(1, 3), slice(0, 4), slice(2, 5))), expected[1:3, :, 2:5])
    assert np.array_equal(np.concatenate(list(info.blocks(7))), expected.ravel())


def test_the_comparison_tells_how_far_it_is_and_can_be_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(differences, "BLOCK", 10)
    a = saved(tmp_path, "a.safetensors", {"w": torch.ones(25), "v": torch.ones(5)})
    news = list(comparing(a, a))
    assert news[-1].done == news[-1].total == 30
    assert [one.name for step in news for one in step.found] == list(a.tensors)
    steps = comparing(a, a)
    next(steps)
    steps.close()


def test_compare_prints_what_differs(tmp_path, capsys):
    a = {"w": torch.ones(4), "s": torch.ones(2), "r": torch.ones(3), "t": torch.ones(5)}
    b = {
        "module.w": torch.zeros(4),
        "module.s": torch.ones(2),
        "module.r": torch.ones(1),
        "module.t": torch.ones(5).half(),
    }
    for name, tensors in (("a", a), ("b", b)):
        saved(tmp_path, f"{name}.safetensors", tensors)
    files = [str(tmp_path / "a.safetensors"), str(tmp_path / "b.safetensors")]
    assert main(["compare", *files]) == 0
    text = capsys.readouterr().out
    assert "note: “module.” in front of the names of the second file was left out." in text
    assert "4 tensors: 1 another shape, 1 changed, 1 another type, 1 same" in text
    assert "3 -> 1" in text
    assert "float32 -> float16" in text
    assert "\n  s " not in text
    assert main(["compare", "--all", *files]) == 0
    assert "\n  s " in capsys.readouterr().out
    assert main(["compare", "--json", *files]) == 0
    said = {one["name"]: one for one in json.loads(capsys.readouterr().out)["tensors"]}
    assert (said["w"]["distance"], said["w"]["cosine"], said["r"]["distance"]) == (2, None, None)


def test_a_file_that_went_is_told_of_for_its_tensors(tmp_path):
    a, b = (saved(tmp_path, f"{name}.safetensors", {"w": torch.ones(25)}) for name in "ab")
    b.path.unlink()
    (one,) = compare(a, b)
    assert one.change == "not read"
    assert "b.safetensors" in one.problem
