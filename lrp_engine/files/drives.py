"""Where a file lies: on a disk of this computer, or on a drive that may stop answering.

A mapped file is read whenever its numbers are touched, and Python's lock is held meanwhile: while a far drive hangs,
no other thread could run. What lies on one is therefore read by calls that let go of the lock.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# As Linux calls them. FUSE counts, since anything may stand behind it; fuseblk is a disk.
_FAR = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs", "coda", "davfs"),
        *("fuse", "virtiofs"),
    }
)


def is_far(path: Path) -> bool:
    """Whether a file is on a drive that is reached over a network, or may be.

    Raises
    ------
    OSError
        If there is no such file.
    """
    if sys.platform == "win32":
        return str(path.resolve()).startswith("\\\\")
    device = path.stat().st_dev
    return _kind(device).partition(".")[0] in _FAR


@lru_cache(maxsize=64)
def _kind(device: int) -> str:
    """The kind of file system of a device, "" where nobody tells."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 2 and fields[2] == number:
            return after.split(" ", 1)[0]
    return ""
