"""Who has a project open: a lock file beside it, which another start of the program sees."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLockFile

from lrp_gui.languages import tr


class Lock:
    """Of one project at a time. A lock of a process that ended, however it did, counts for nothing."""

    def __init__(self) -> None:
        self._file: QLockFile | None = None
        self._path = ""

    def take(self, path: str) -> str:
        """Lock a project, and let go of the one before; gives who has it open, "" when nobody else has.

        Where no lock file can be written, as in a folder that is read-only, it goes without.
        """
        if path == self._path:
            return ""
        file = _lock_file(path)
        if not file.tryLock(0) and file.error() == QLockFile.LockError.LockFailedError:
            return _owner(file)
        self.release()
        self._file, self._path = file, path
        return ""

    def release(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.unlock()
        self._file, self._path = None, ""

    @staticmethod
    def owner(path: str) -> str:
        """Who has a project open, "" when nobody has."""
        file = _lock_file(path)
        if file.tryLock(0):
            file.unlock()
        elif file.error() == QLockFile.LockError.LockFailedError:
            return _owner(file)
        return ""


def _lock_file(path: str) -> QLockFile:
    place = Path(path)
    file = QLockFile(str(place.with_name(f".{place.name}.lock")))
    file.setStaleLockTime(0)  # only the end of its process makes it stale, not its age
    return file


def _owner(file: QLockFile) -> str:
    process, host, _program = file.getLockInfo()
    return tr("another LRP Explorer (process {process} on {host})").format(process=process, host=host)
