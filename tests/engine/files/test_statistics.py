"""Statistics of tensors, against numpy, and without loading them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files.statistics import statistics

from .making import safetensors_file, torch_file

CHANCE = np.random.default_rng(3)
ARRAYS = {
    "normal": CHANCE.standard_normal((37, 11)).astype(np.float32),
    "far from zero": 1e6 + CHANCE.standard_normal(5000),
    "with zeros": np.where(CHANCE.random(1000) < 0.9, 0, CHANCE.standard_normal(1000)),
    "constant": np.full(100, 2.5),
    "whole": np.arange(-50, 50),
    "truth": CHANCE.random(100) < 0.3,
    "bytes": CHANCE.integers(0, 256, 999).astype(np.uint8),
    "half": CHANCE.standard_normal(1000).astype(np.float16),
    "one": np.array(3.0),
    "huge": np.array([-1.7e308, 1.7e308, 0.0]),
    "tiny": np.array([0.0, 5e-324]),
}


def of(array, tmp_path, **options):
    path = safetensors_file(tmp_path / "w.safetensors", {"w": array})
    return statistics(lrp.open_weights(path).tensors["w"], **options)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("block", [7, 1000, 2**20])
def test_against_numpy(name, block, tmp_path):
    array = ARRAYS[name]
    found = of(array, tmp_path, block=block)
    wide = array.astype(np.float64)
    assert found.count == array.size
    assert (found.min, found.max) == (wide.min(), wide.max())
    assert found.zeros == (array == 0).sum()
    assert (found.nans, found.infs) == (0, 0)
    with np.errstate(over="ignore"):
        assert found.mean == pytest.approx(wide.mean(), rel=1e-12, abs=1e-300 if name == "tiny" else 1e-9)
        if name != "huge":
            assert found.std == pytest.approx(wide.std(), rel=1e-9, abs=1e-150)
            assert found.norm == pytest.approx(np.linalg.norm(wide), rel=1e-12, abs=1e-150)
    assert sum(found.histogram) == array.size
    if name not in ("huge", "tiny", "constant", "one"):
        expected, edges = np.histogram(wide, bins=64)
        assert np.abs(np.array(found.histogram) - expected).max() <= 1  # at an edge rounding decides
        np.testing.assert_allclose(found.edges, edges, rtol=1e-12, atol=1e-12)


def test_what_is_not_finite_is_counted_apart(tmp_path):
    found = of(np.array([1.0, np.nan, np.inf, -np.inf, np.inf, 3.0, 0.0]), tmp_path, block=2)
    assert (found.count, found.nans, found.infs, found.zeros) == (7, 1, 3, 1)
    assert (found.min, found.max, found.mean) == (0.0, 3.0, pytest.approx(4 / 3))
    assert sum(found.histogram) == 3


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.array([np.nan, np.nan])], ids=["empty", "nothing finite"])
def test_no_numbers(array, tmp_path):
    found = of(array, tmp_path)
    assert found.count == array.size
    assert math.isnan(found.mean)
    assert math.isnan(found.min)
    assert found.histogram == found.edges == ()
    assert found.zeros == 0


@pytest.mark.filterwarnings("ignore:torch.quantize")
def test_formats_of_torch(tmp_path):
    quantised = torch.quantize_per_tensor(torch.tensor([0.0, 1.0, 2.0]), 0.1, 3, torch.qint8)
    value = {
        "brain": torch.tensor([1.0, 3.0]).bfloat16(),
        "small": torch.tensor([1.0, 3.0]).to(torch.float8_e4m3fn),
        "complex": torch.tensor([3 + 4j, 0j]),
        "view": torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)[::2],
        "repeated": torch.tensor([1.0, 3.0]).expand(500, 2),
        "quantised": quantised,
    }
    tensors = lrp.open_weights(torch_file(tmp_path / "w.pt", value)).tensors
    assert statistics(tensors["brain"]).mean == statistics(tensors["small"]).mean == 2.0
    assert statistics(tensors["complex"]).max == 5.0
    for block in (1, 5, 1000):
        assert statistics(tensors["view"], block).mean == pytest.approx(float(value["view"].mean()))
        found = statistics(tensors["repeated"], block)
        assert (found.count, found.mean) == (1000, pytest.approx(2.0))
        assert statistics(tensors["quantised"], block).max == pytest.approx(2.0)


def test_progress_ends_at_the_total(tmp_path):
    seen = []
    of(np.ones(100), tmp_path, block=30, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [30, 60, 90, 100, 130, 160, 190, 200]
    assert {total for _, total in seen} == {200}


def test_work_that_nobody_wants_any_more_ends(tmp_path):
    class Stopped(Exception):
        pass

    def stop(done, total):
        raise Stopped

    with pytest.raises(Stopped):
        of(np.ones(100), tmp_path, block=30, progress=stop)


def test_a_large_tensor_streams_through(tmp_path):
    """A hole of 400 MB: never more than a few blocks of it are in memory."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not say how much memory a process took")
    path = tmp_path / "w.safetensors"
    count = 100_000_000
    header = f'{{"w":{{"dtype":"F32","shape":[{count // 4},4],"data_offsets":[0,{4 * count}]}}}}'.encode()
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + 4 * count)
    code = (
        "import sys, pathlib, numpy as np, lrp_engine as lrp\n"
        "from lrp_engine.files.statistics import statistics\n"
        "np.zeros(3).mean(); np.bincount([0])\n"
        "def kib(field): return int(next(l for l in open('/proc/self/status') if l.startswith(field)).split()[1])\n"
        "pathlib.Path('/proc/self/clear_refs').write_text('5')\n"
        "before = kib('VmRSS:')\n"
        f"assert statistics(lrp.open_weights(sys.argv[1]).tensors['w']).zeros == {count}\n"
        "print(kib('VmHWM:') - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 30 * 1024
