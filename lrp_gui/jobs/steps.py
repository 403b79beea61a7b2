"""What a job's generator may yield, and how to run one to its end without a thread.

A job is a generator function: between two yields it may be cancelled or give way to a more urgent
one, so it yields often. What it returns is its result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from threading import local
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Progress(NamedTuple):
    """How far a job is; `total` 0 means that nobody knows. An empty text keeps the job's title."""

    done: int = 0
    total: int = 0
    text: str = ""


class Part(NamedTuple):
    """A piece of the result that is of use before the rest is there."""

    value: Any


Steps = Generator[Progress | Part, None, Result]


class Cancelled(Exception):
    """Somebody cancelled the job while it was inside a call that only reports."""


class _Here(local):
    """Who listens in this thread while a job is inside a call that cannot yield."""

    listener: Callable[[Progress | Part], None] | None = None


here = _Here()


def report(done: int = 0, total: int = 0, text: str = "") -> None:
    """Say how far a long call has come, from inside of it.

    Raises
    ------
    Cancelled
        If the job is not wanted any more; let it through.
    """
    if here.listener is not None:
        here.listener(Progress(done, total, text))


def hand_over(value: Any) -> None:
    """Hand a piece of the result over from inside of a long call, as a `Part` that a job yields.

    Raises
    ------
    Cancelled
        If the job is not wanted any more; let it through.
    """
    if here.listener is not None:
        here.listener(Part(value))


def run_now(steps: Steps[Result], on_part: Callable[[Any], None] | None = None) -> Result:
    """Run a job in the calling thread, for `--render` and for tests.

    Parameters
    ----------
    steps
        The generator of the job.
    on_part
        Called with the value of each `Part`.

    Returns
    -------
    The result of the job. What it raises is passed on.
    """
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            return stop.value
        if on_part is not None and isinstance(step, Part):
            on_part(step.value)
