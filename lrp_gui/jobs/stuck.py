"""Threads that hang in a call which does not come back, such as reading from a drive that is gone.

Nothing can end such a thread from outside. It is left where it is, another one takes its place, and where it still
hangs when the program ends, the process is ended without waiting for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QThread

PATIENCE = 30.0  # seconds that a step may go on after its job was cancelled; others wait for it no longer than a moment
CLOSING_MS = 10_000  # for which a window that closes waits
# Qt ends a process in which a running thread is destroyed, so they are kept.
_left: list[QThread] = []


def leave(thread: QThread) -> None:
    """Go on without a thread."""
    thread.setParent(None)
    _left.append(thread)


def any_left() -> bool:
    """Whether a thread hangs still."""
    _left[:] = [thread for thread in _left if thread.isRunning()]
    return bool(_left)
