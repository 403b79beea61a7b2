"""Where journals lie: a folder for each process, with a lock that tells the next start whose process has ended."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QLockFile

LOCK = "lock"


def data_folder() -> Path:
    """The program's own place among the person's data."""
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and nobody knows whose it would be
        home = Path(tempfile.gettempdir())
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        given = os.environ.get("XDG_DATA_HOME", "")
        base = Path(given) if given.startswith("/") else home / ".local" / "share"
    return base / "lrp-explorer"


def journals() -> Path:
    """The folder with those of all processes."""
    return data_folder() / "journal"


def begun() -> tuple[Path, QLockFile]:
    """A folder for this process, locked.

    Raises
    ------
    OSError
        If there is no place for it.
    """
    whole = journals()
    whole.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=whole))
    lock = locked(folder)
    if lock is None:
        raise OSError(f"{folder / LOCK} cannot be written")
    return folder, lock


def locked(folder: Path) -> QLockFile | None:
    """The lock of a journal's folder; None while the process whose it is lives."""
    lock = QLockFile(str(folder / LOCK))
    lock.setStaleLockTime(0)  # only the end of its process makes it stale, not its age
    return lock if lock.tryLock(0) else None


def remove(folder: Path, lock: QLockFile) -> None:
    """Take a folder away, when nothing is in it any more."""
    lock.unlock()
    try:
        folder.rmdir()
    except OSError:
        return  # something is left in it, for the next start
