"""The program's log: what happened, in a file that does not grow without end, and at hand for the window.

Programs that run at the same time write into one file, each line with the number of its process.

Lines are kept in memory from the first moment; the file comes after the first paint, and gets them all.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMessageLogContext, QtMsgType

FILE = "lrp-gui.log"
BYTES, FILES = 1 << 20, 3  # of one file; how many older ones stay beside it
LINES = 5000  # in memory
FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"
# Qt's kinds of messages, by the names of its enumeration.
_QT_LEVELS = {
    "QtDebugMsg": logging.DEBUG,
    "QtInfoMsg": logging.INFO,
    "QtWarningMsg": logging.WARNING,
    "QtCriticalMsg": logging.ERROR,
    "QtFatalMsg": logging.CRITICAL,
}


class Line(NamedTuple):
    """One entry of the log: `number` counts them from 1, `level` is logging's, `text` holds the whole entry."""

    number: int
    level: int
    text: str


class Kept(logging.Handler):
    """The last lines, in memory; whoever shows them asks for what came since. Any thread may write."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter(FORMAT))
        self._lines: deque[Line] = deque(maxlen=LINES)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; `logging` holds the handler's lock meanwhile."""
        self.count += 1
        self._lines.append(Line(self.count, record.levelno, self.format(record)))

    def since(self, number: int) -> list[Line]:
        """The kept lines after that number."""
        with self.lock:  # type: ignore[union-attr]
            return [line for line in self._lines if line.number > number]


kept = Kept()
_tell_of_the_end: Callable[[str], object] | None = None


def folder() -> Path:
    """Where the log lies: the system's place for what a program notes down about itself."""
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and nobody knows whose it would be
        home = Path(tempfile.gettempdir())
    if sys.platform == "darwin":
        return home / "Library" / "Logs" / "LRP Explorer"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "lrp-explorer" / "log"
    given = os.environ.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else home / ".local" / "state") / "lrp-explorer"


def start() -> None:
    """Keep what is logged, Qt's own messages included; warnings go to the terminal as well."""
    from PySide6.QtCore import qInstallMessageHandler

    root = logging.getLogger()
    if kept in root.handlers:
        return
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    for handler in root.handlers:  # the terminal
        handler.setLevel(logging.WARNING)
    root.setLevel(logging.INFO)
    root.addHandler(kept)
    logging.getLogger("lrp_gui").info("Python %s on %s", sys.version.split()[0], sys.platform)
    logging.captureWarnings(True)
    qInstallMessageHandler(_from_qt)


def before_the_end(tell: Callable[[str], object]) -> None:
    """Hand over the last thing that Qt says before it ends the process with a signal."""
    global _tell_of_the_end  # noqa: PLW0603 - as there is one handler of Qt's messages
    _tell_of_the_end = tell


def write_to_file() -> Path | None:
    """Write to the file from now on, after what was kept so far.

    Returns
    -------
    The file, or None where it cannot be written; the log says so.
    """
    from logging.handlers import RotatingFileHandler

    class Rotating(RotatingFileHandler):
        def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802
            """Another start of the program writes into the same file, and may have put it aside."""
            stream = self.stream
            if stream is not None and not self._is_there(stream.fileno()):
                stream.close()
                self.stream = None  # type: ignore[assignment]  (it is opened again there)
            return super().shouldRollover(record)

        def _is_there(self, number: int) -> bool:
            try:
                return os.path.samestat(os.stat(self.baseFilename), os.fstat(number))  # noqa: PTH116
            except FileNotFoundError:
                return False

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            """A full disk is no reason to fill the terminal as well: the lines are still in memory."""

    path = folder() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = Rotating(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8", errors="backslashreplace")
        for line in kept.since(0):
            handler.stream.write(f"{line.text}\n")  # type: ignore[union-attr]
        handler.flush()
    except OSError as error:
        logging.getLogger("lrp_gui").warning("The log %s cannot be written: %s", path, error.strerror or error)
        return None
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    return path


def _from_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    level = _QT_LEVELS.get(kind.name, logging.WARNING)
    if level == logging.CRITICAL and _tell_of_the_end is not None:
        _tell_of_the_end(text)
    logging.getLogger(f"qt.{context.category}" if context.category else "qt").log(level, "%s", text)
