"""The thread that writes the journal: what was edited at once, and whole bases a block at a time in between."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from lrp_gui.project.journal import records

if TYPE_CHECKING:
    from lrp_gui.project.journal.volume import Volume
    from lrp_gui.project.snapshot import Snapshot

log = logging.getLogger("lrp_gui.journal")

Task = Callable[[], None]


class Writer:
    """Does in the order of the calls what the main thread says; the thread begins with the first call.

    Parameters
    ----------
    safe
        Called in the thread when a base is on the disk.
    failed
        Called in the thread with the error when the disk refuses. Of no piece of work anything is written then until
        it gets a new base.
    """

    def __init__(self, safe: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        self._safe, self._failed = safe, failed
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._bases: deque[tuple[Volume, Snapshot, Iterator[None]]] = deque()
        self._unsynced: set[Volume] = set()
        self._volumes: set[Volume] = set()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def base(self, volume: Volume, snapshot: Snapshot) -> None:
        """Write the whole of a piece of work."""

        def begin() -> None:
            self._volumes.add(volume)
            try:
                self._bases.append((volume, snapshot, volume.begin_base(snapshot)))
            except BaseException:
                snapshot.release()
                raise

        self._add(begin)

    def append(self, volume: Volume, *makes: Callable[[], records.Record]) -> None:
        """Write what changed, all of it at once; the records are made in the thread."""

        def write() -> None:
            for make in makes:
                volume.append(make())
            self._unsynced.add(volume)

        self._add(write)

    def discard(self, volume: Volume) -> None:
        """Take a piece of work away: it is in another file, or nobody wants it."""

        def away() -> None:
            self._unsynced.discard(volume)
            self._volumes.discard(volume)
            for one in [one for one in self._bases if one[0] is volume]:
                self._bases.remove(one)
                _drop(one)
            volume.discard()

        self._add(away)

    def end(self) -> None:
        """Do what is left, and let the thread end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _add(self, task: Task) -> None:
        if self._stopping:
            return
        with self._changed:
            self._tasks.append(task)
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="journal writer", daemon=True)
            self._thread.start()

    def _live(self) -> None:
        while self._wait():
            try:
                self._turn()
            except OSError as error:
                log.warning("The journal cannot be written: %s", error)
                self._give_up(error)
            # Whatever else is wrong, the window must hear of it: edits would not be safe, and nobody would know.
            except Exception as error:
                log.exception("The journal stopped")
                self._give_up(OSError(str(error)))

    def _give_up(self, error: OSError) -> None:
        """Leave unfinished what was being written, and tell; a base begins anew."""
        bases = list(self._bases)
        self._bases.clear()
        self._unsynced.clear()
        for volume in self._volumes:
            volume.give_up()
        for one in bases:
            _drop(one)
        if not self._stopping:  # else nobody hears it any more
            self._failed(error)

    def _wait(self) -> bool:
        """Whether there is anything to do, now or after a while."""
        with self._changed:
            while not self._tasks and not self._bases and not self._stopping:
                self._changed.wait()
            return bool(self._tasks or self._bases)

    def _turn(self) -> None:
        """All that was said, onto the disk together; then a block of a base."""
        while self._tasks:
            self._tasks.popleft()()
        for volume in self._unsynced:
            volume.sync()
        self._unsynced.clear()
        if self._bases:
            try:
                next(self._bases[0][2])
            except StopIteration:
                self._bases.popleft()
                if not self._stopping:
                    self._safe()


def _drop(base: tuple[Volume, Snapshot, Iterator[None]]) -> None:
    """Leave a base unfinished."""
    _volume, snapshot, steps = base
    # A full disk refuses the end of the file as well, which nobody needs; the file is closed all the same.
    with suppress(OSError):
        if isinstance(steps, Generator):
            steps.close()
    snapshot.release()  # a generator that never began does not
