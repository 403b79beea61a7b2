"""Cut-off and changed files of every format: nothing runs, nothing crashes, nothing takes long, and each is told why.

The plain run takes a twentieth; `-m exhaustive` all, as does `python -m tests.engine.files.fuzz` for the document.
"""

from __future__ import annotations

import pytest

from .fuzz import CUTS, MUTATIONS, run
from .hostile.watched import Watched
from .hostile.wholes import wholes, write_all

KINDS = (
    *("PyTorch zip", "PyTorch before 1.6", "pickled module", "TorchScript", ".pt2"),
    *("safetensors", "shards", "ONNX", "numpy", "architecture.json"),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return wholes(), write_all(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def browsing(files):
    with Watched(warm=files[1]) as process:
        yield process


@pytest.fixture(scope="module")
def loading(files):
    with Watched(loads=True, warm=files[1]) as process:
        yield process


def test_the_whole_files_open(files, browsing):
    for path in files[1]:
        outcome = browsing.look(path)
        assert outcome.what == "opened", (path, outcome)
        assert not outcome.complaints(path)
    assert set(files[0]) == set(KINDS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_twentieth(kind, files, browsing, loading, tmp_path):
    count = run(kind, files[0][kind], tmp_path, browsing, loading, MUTATIONS // 20, CUTS // 20)
    assert not count.findings
    assert count.refused + count.not_loaded > 0


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_all(kind, files, browsing, loading, tmp_path):
    count = run(kind, files[0][kind], tmp_path, browsing, loading)
    assert not count.findings
    assert count.refused + count.not_loaded > 0
