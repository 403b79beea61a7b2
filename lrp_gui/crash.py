"""What is left behind when the program ends in the middle of its work, and how the next start tells of it.

Each running program holds one file in the folder of the log, `running-PID`. Python's fault handler writes the stacks
into it if the process dies of a signal; faults that Python itself saw are noted there as well. Who ends in order
takes the file away. One whose process is gone is therefore a crash: it is told once, and offered as a report. One that
holds nothing was ended from outside (a kill, the end of a session), which is nobody's fault. Nothing is sent.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from lrp_gui import log

if TYPE_CHECKING:
    from types import TracebackType

PREFIX, CRASHED = "running-", "crash-"
MOST_KEPT = 5  # crashes; older ones are thrown away
MOST_BYTES = 1 << 20  # of one file that is read
LOG_LINES = 200
FATAL = "Fatal Python error"

logger = logging.getLogger("lrp_gui.crash")


class Crash(NamedTuple):
    """A program that did not end in order."""

    path: Path
    text: str  # when and what, as it was noted

    @property
    def signal(self) -> str:
        """What ended it as the fault handler says it, "" where nothing was noted (a kill, a power cut)."""
        found = re.search(rf"^{FATAL}: (.*)$", self.text, re.MULTILINE)
        return found[1] if found else ""

    @property
    def noted(self) -> bool:
        """Whether there is more to report than that it ended."""
        return bool(self.signal) or "Traceback" in self.text


class Watch:
    """Holds this program's file from start to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: TextIO | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The file of this process."""
        return self.folder / f"{PREFIX}{os.getpid()}"

    def start(self) -> bool:
        """From now on a crash leaves its stacks; False where nothing can be written, which the log says."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self.path.chmod(0o600)
            _hold(self._file)
            self._file.write(f"started {time.strftime('%Y-%m-%d %H:%M:%S %z')}\n")
            self._file.flush()
        except OSError as error:
            logger.warning("Crashes cannot be noted in %s: %s", self.folder, error.strerror or error)
            return False
        faulthandler.enable(self._file)
        return True

    def note(self, title: str, details: str) -> None:
        """Note a fault that Python saw. From any thread."""
        logger.error("%s\n%s", title, details)
        with self._lock:
            if self._file is not None and not self._file.closed:
                try:
                    self._file.write(f"\n{time.strftime('%H:%M:%S')} {title}\n{details}\n")
                    self._file.flush()
                except OSError as error:  # a full disk; the log in memory has it
                    logger.warning("The fault cannot be noted: %s", error.strerror or error)

    def end(self) -> None:
        """The program ends in order."""
        faulthandler.disable()
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self.path.unlink(missing_ok=True)


def watch_threads(watch: Watch) -> None:
    """Faults in threads and in what is torn down go to the log and into the file, not only to a terminal."""

    def in_thread(found: threading.ExceptHookArgs) -> None:
        name = found.thread.name if found.thread is not None else "?"
        watch.note(f"A fault in the thread {name}", _told(found.exc_type, found.exc_value, found.exc_traceback))

    def unraisable(found: Any) -> None:
        where = f"{found.err_msg or 'Exception ignored in'}: {found.object!r}"
        watch.note(where, _told(found.exc_type, found.exc_value, found.exc_traceback))

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


def _told(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> str:
    return "".join(traceback.format_exception(kind, error, trace))


def crashes(folder: Path | None = None) -> list[Crash]:
    """Programs that ended without saying so, the latest first; each is told once, and kept for a report."""
    folder = folder or log.folder()
    found = []
    for path in sorted(folder.glob(f"{PREFIX}*"), key=_age) if folder.is_dir() else []:
        number = path.name.removeprefix(PREFIX)
        if not number.isdigit() or int(number) == os.getpid() or _held(path):
            continue
        try:
            kept = path.with_name(
                f"{CRASHED}{time.strftime('%Y%m%d-%H%M%S', time.localtime(_changed(path)))}-{number}.txt"
            )
            path.replace(kept)
            with kept.open(encoding="utf-8", errors="replace") as stream:
                crash = Crash(kept, stream.read(MOST_BYTES))
            if crash.noted:
                found.append(crash)
            else:
                kept.unlink()
        except OSError as error:
            logger.warning("%s cannot be read: %s", path, error.strerror or error)
    for old in sorted(folder.glob(f"{CRASHED}*"), key=_age)[MOST_KEPT:]:
        old.unlink(missing_ok=True)
    return found


def _age(path: Path) -> float:
    return -_changed(path)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _hold(file: TextIO) -> None:
    """Lock the file for as long as the process lives; on Windows a file that is open cannot be renamed anyhow."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _held(path: Path) -> bool:
    """Whether the process that made a file still runs; its number may long be another one's."""
    if sys.platform == "win32":
        return False  # then renaming it fails
    import fcntl

    try:
        with path.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def versions() -> str:
    """What is installed, a line each; nothing is imported for it."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from lrp_engine import __version__

    lines = [f"LRP Explorer {__version__}", f"Python {platform.python_version()}", f"system {platform.platform()}"]
    for name in ("torch", "numpy", "PySide6-Essentials", "pyqtgraph", "polars"):
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} is not known to be installed")
    return "\n".join(lines)


# Compiled when a report is made, not at each start.
# What looks like a path: a drive or a slash, then names; in quotes also with spaces. Then single names of data.
_QUOTED = r"(?P<quote>[\"'])(?P<path>(?:[A-Za-z]:[\\/]|~?/)[^\"'\n]*)(?P=quote)"
_PATH = r"(?<![\w:/.\\…])(?P<path>(?:[A-Za-z]:[\\/]|~?/)(?!/)[^\s\"'<>|:,;)]+)"
_DATA = "csv tsv txt parquet xlsx jsonl ndjson png jpg jpeg npy npz pt pth pt2 bin ckpt tar safetensors onnx json lrpx"
_NAME = rf"(?i)(?<![\w/])[\w.\-]+\.(?P<kind>{'|'.join(_DATA.split())})\b(?!\.)"
# Where our own and others' published code lies: what comes after it is of use to whoever reads a stack.
_CODE = ("lrp_gui/", "lrp_engine/", "site-packages/", "dist-packages/", "lib/python3")


def without_paths(text: str) -> str:
    """The text without the names of anybody's folders and files; of code that is published, its place there stays."""

    def hidden(found: re.Match[str]) -> str:
        path = found["path"].replace("\\", "/")
        part = next((part for part in _CODE if part in path), "")
        shown = f"…/{part}{path.partition(part)[2]}" if part else "(a path)"
        return found[0].replace(found["path"], shown)

    def unnamed(found: re.Match[str]) -> str:
        line = text_without[: found.start()].rpartition("\n")[2]
        return found[0] if "…/" in line else f"(a file).{found['kind']}"

    text_without = re.sub(_PATH, hidden, re.sub(_QUOTED, hidden, text))
    return re.sub(_NAME, unnamed, text_without)


def report(crash: Crash | None = None, *, paths: bool = False) -> str:
    """All that whoever mends the program needs: versions, the crash, the log's last lines.

    Parameters
    ----------
    paths
        Whether the names of folders and files stay in it.
    """
    parts = ["LRP Explorer: a report about a fault", versions()]
    if crash is not None:
        parts.append(f"What was noted when the program ended ({crash.path.name}):\n{crash.text}")
        earlier = _older_lines(crash)
        if earlier:
            parts.append(f"The log before it:\n{earlier}")
    lines = "\n".join(line.text for line in log.kept.since(max(0, log.kept.count - LOG_LINES)))
    parts.append(f"The log of this session:\n{lines or '(nothing)'}")
    text = "\n\n".join(parts) + "\n"
    return text if paths else without_paths(text)


def _older_lines(crash: Crash) -> str:
    """The last lines that the process which crashed wrote to the log; each line of the log names its process."""
    process = crash.path.stem.rpartition("-")[2]
    path = crash.path.with_name(log.FILE)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace")[-MOST_BYTES:].splitlines()
    except OSError:
        return ""
    return "\n".join([line for line in lines if re.search(rf"\b{process}\b", line[:60])][-LOG_LINES:])
