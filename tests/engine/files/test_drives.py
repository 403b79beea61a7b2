"""Files on drives that may hang are read, not mapped; the numbers are the same."""

import sys
from pathlib import Path

import numpy as np
import pytest

import lrp_engine as lrp
from lrp_engine.errors import FormatError
from lrp_engine.files import drives

MOUNTS = """\
22 1 {here} / / rw,relatime - {kind} server:/share rw
30 22 9:99 / /elsewhere rw shared:1 - ext4 /dev/sdb1 rw
"""


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Pretends that the test's folder is on a drive of a kind."""

    def at(kind):
        device = tmp_path.stat().st_dev
        table = tmp_path / "mountinfo"
        table.write_text(MOUNTS.format(here=f"{drives.os.major(device)}:{drives.os.minor(device)}", kind=kind))
        monkeypatch.setattr(drives, "_MOUNTS", table)
        drives._kind.cache_clear()

    yield at
    drives._kind.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how drives are mounted")
@pytest.mark.parametrize(
    ("kind", "far"),
    [("ext4", False), ("fuseblk", False), ("tmpfs", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True)],
)
def test_which_drives_may_hang(mounted, tmp_path, kind, far):
    mounted(kind)
    assert drives.is_far(tmp_path) is far


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how drives are mounted")
def test_on_a_far_drive_numbers_are_read_and_the_same(mounted, tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "w.safetensors"
    numbers = np.arange(600, dtype=np.float32).reshape(20, 30)
    save_file({"w": numbers}, path)
    found = {}
    for kind in ("ext4", "nfs4"):
        mounted(kind)
        tensor = lrp.open_weights(path).tensors["w"]
        found[kind] = tensor.read()
        np.testing.assert_array_equal(found[kind], numbers)
    assert isinstance(base_of(found["ext4"]), np.memmap)
    assert not isinstance(base_of(found["nfs4"]), np.memmap)
    opened = lrp.open_weights(path).tensors["w"]
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FormatError, match=r"has changed since it was opened"):
        opened.read()


def base_of(array):
    """Whose memory it is."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def test_where_nothing_tells_it_is_a_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(drives, "_MOUNTS", Path("/no such file"))
    drives._kind.cache_clear()
    assert not drives.is_far(tmp_path)
    drives._kind.cache_clear()
