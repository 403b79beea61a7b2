"""Beats of a long loading: between any two of them whoever asked for it may stop it, by an exception of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Here(threading.local):
    """Who listens in this thread."""

    listener: Callable[[], object] | None = None


_here = _Here()


def beat() -> None:
    """Say that another piece is done."""
    if _here.listener is not None:
        _here.listener()


@contextmanager
def heard(listener: Callable[[], object]) -> Iterator[None]:
    """Call `listener` at each beat of this thread; what it raises ends the loading."""
    before, _here.listener = _here.listener, listener
    try:
        yield
    finally:
        _here.listener = before
