"""One instance for a user and a screen: a second start hands its files over to the first and ends.

Who holds the lock is the first. The lock is there from the first moment on, the socket only once the window can open
files, so that of two quick starts the later one waits for the earlier. The socket is the user's alone, and what it says
is read as a stranger's all the same: bounded, checked, and never a consent to run something.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

VERSION = 1
LARGEST = 1 << 20  # bytes of a message
MOST_FILES = 1000
LONGEST = 4096  # characters of a path or of a token
PATIENCE = 10.0  # seconds for the first instance to listen; it may just be starting
ANSWER_MS = 5000
TALK_MS = 5000  # how long somebody may take to say something
OK = b"ok\n"
LONGEST_FOLDER = 40  # a socket's path ends at 107 bytes, and Qt makes it in a folder of its own first

_log = logging.getLogger(__name__)


class Request(NamedTuple):
    """What a second start asks the first one for. Paths are absolute; `token` lets the window come to the front."""

    files: tuple[str, ...] = ()
    architecture: str = ""
    token: str = ""


class Lock:
    """What the first instance holds while it lives: the system lets go of it, however the process ends.

    A lock file that names a process would have to be judged by whether that one still lives. One that was killed and
    that nobody has taken leave of yet seems to, and so does a later one of the same number; and writing the name to
    the disk takes a tenth of the start.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._held: Any = None

    def take(self) -> bool:
        """Whether it could be had; where it cannot be made at all, every start is a first one."""
        if sys.platform == "win32":
            return self._take_windows()
        import fcntl

        try:
            self._held = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            return False
        except OSError as error:
            _log.warning("Whether another window is open cannot be told: %s", error)
        return True

    def unlock(self) -> None:
        """Let another start be the first one."""
        held, self._held = self._held, None
        if held is not None:
            held.unlock() if sys.platform == "win32" else os.close(held)

    def _take_windows(self) -> bool:
        from PySide6.QtCore import QLockFile

        self._held = QLockFile(self._path)
        self._held.setStaleLockTime(0)  # however old, while its process lives
        return self._held.tryLock(0) or self._held.error() != QLockFile.LockError.LockFailedError


def first_or_served(request: Request) -> tuple[Lock | None, bool]:
    """Become the first instance, or let the one that is there do what this start was for.

    Returns
    -------
    lock : Lock or None
        To be kept while this instance lives and listens; None where another one has it.
    served : bool
        Whether the other one does it. Where neither, it hangs, and this start had better open a window of its own.
    """
    until = time.monotonic() + PATIENCE
    while True:
        lock = claim()
        if lock is not None or hand_over(request):
            return lock, lock is None
        if time.monotonic() > until:
            return None, False
        time.sleep(0.05)  # the first one is just starting, or just ending


def claim() -> Lock | None:
    """The lock of the first instance; None where another one has it."""
    lock = Lock(f"{_stem()}.lock")
    return lock if lock.take() else None


def hand_over(request: Request) -> bool:
    """Ask the first instance to open something and to come to the front; whether it said that it will."""
    import json  # the way to the first paint has no time for it

    from PySide6.QtNetwork import QLocalSocket

    message = json.dumps({"version": VERSION, **request._asdict()}).encode() + b"\n"
    socket = QLocalSocket()
    socket.connectToServer(_address())
    if len(message) > LARGEST or not socket.waitForConnected(500):
        return False
    socket.write(message)
    socket.waitForBytesWritten(ANSWER_MS)
    return socket.waitForReadyRead(ANSWER_MS) and socket.readAll().data() == OK


class Receiver(QObject):
    """Listens for second starts."""

    asked = Signal(object)  # Request

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        from PySide6.QtNetwork import QLocalServer

        self._heard: dict[Any, bytes] = {}
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        # Who holds the lock may remove what a process that was killed left behind.
        QLocalServer.removeServer(_address())
        if not self._server.listen(_address()):
            _log.warning("Other starts cannot reach this window: %s", self._server.errorString())

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _welcome(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._heard[socket] = b""
            socket.readyRead.connect(self._listen)
            socket.disconnected.connect(self._forget)
            QTimer.singleShot(TALK_MS, socket, socket.abort)
            self._read(socket)

    def _listen(self) -> None:
        self._read(self.sender())

    def _read(self, socket: Any) -> None:
        if socket not in self._heard:
            return
        heard = self._heard[socket] + socket.read(LARGEST + 1 - len(self._heard[socket])).data()
        self._heard[socket] = heard
        if not heard.endswith(b"\n") and len(heard) <= LARGEST:
            return
        request = understood(heard)
        self._heard.pop(socket)
        if request is None:
            _log.warning("A message that no start of this program sends was ignored (%d bytes).", len(heard))
            socket.abort()
            return
        socket.write(OK)
        socket.flush()
        self.asked.emit(request)

    def _forget(self) -> None:
        socket = self.sender()
        self._heard.pop(socket, None)
        if socket is not None:
            socket.deleteLater()


def understood(message: bytes) -> Request | None:
    """The request that a message is; None for anything else."""
    if len(message) > LARGEST:
        return None
    import json

    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("version") != VERSION:
        return None
    files, architecture, token = (said.get(name) for name in ("files", "architecture", "token"))
    if not isinstance(files, list) or len(files) > MOST_FILES:
        return None
    texts = [text for text in (*files, architecture, token) if isinstance(text, str) and len(text) <= LONGEST]
    if len(texts) != len(files) + 2 or any("\0" in text for text in texts):
        return None
    *paths, architecture, token = texts
    if not all(os.path.isabs(path) for path in paths):  # noqa: PTH117
        return None
    return Request(tuple(paths), architecture, token)


def request_for(files: Sequence[str], architecture: str = "") -> Request:
    """What to ask for, in paths that hold whatever folder the first instance runs in."""
    token = os.environ.get("XDG_ACTIVATION_TOKEN") or os.environ.get("DESKTOP_STARTUP_ID") or ""
    # "model.py:ClassName" is made absolute as any path is
    return Request(
        tuple(os.path.abspath(file) for file in files),  # noqa: PTH100  (a link's own place is meant)
        os.path.abspath(architecture) if architecture else "",  # noqa: PTH100
        token,
    )


def _address() -> str:
    """The socket's path, or on Windows the pipe's name."""
    stem = _stem()
    return Path(stem).name if sys.platform == "win32" else f"{stem}.socket"


def _stem() -> str:
    """Path of the lock and the socket without their endings: one for each user, screen and set of settings."""
    names = ("HOME", "USERNAME", "DISPLAY", "WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    which = "\0".join(os.environ.get(name, "") for name in names)
    return str(_own_folder() / f"lrp-explorer-{zlib.crc32(os.fsencode(which)):08x}")


@cache
def _own_folder() -> Path:
    """A folder that nobody else can write into, with a path short enough for a socket."""
    if sys.platform == "win32":
        return Path(os.environ.get("TEMP", "."))
    uid = os.getuid()
    own = f"lrp-explorer-{uid}"
    for folder in (os.environ.get("XDG_RUNTIME_DIR", ""), f"{os.environ.get('TMPDIR', '/tmp')}/{own}", f"/tmp/{own}"):  # noqa: S108
        if not os.path.isabs(folder) or len(folder) > LONGEST_FOLDER:  # noqa: PTH117
            continue
        try:
            if folder != os.environ.get("XDG_RUNTIME_DIR"):
                os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
            about = os.lstat(folder)
        except OSError:
            continue
        if stat.S_ISDIR(about.st_mode) and about.st_uid == uid and not about.st_mode & 0o022:
            return Path(folder)
    # Somebody else sits where ours should be: then every start is a first one.
    import tempfile  # the way to the first paint has no time for it

    return Path(tempfile.mkdtemp(prefix="lrp-explorer-"))
