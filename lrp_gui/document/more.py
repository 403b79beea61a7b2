"""What a view wants besides the explanation of the chosen sample: computed when it is asked for, once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import SampleRequest


class More(QObject):
    """By kind, what was found for the explanation that is shown; all of it goes with that explanation.

    The kinds are those of `lrp_gui.jobs.more.MAKERS`.
    """

    changed = Signal(str)  # the kind that came, or that could not be made
    came = Signal(str)  # of a kind more is known, while the rest is being made

    def __init__(self, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._engine = jobs, engine
        self._request: SampleRequest | None = None
        self._found: dict[str, Any] = {}
        self._parts: dict[str, Any] = {}
        self._problems: dict[str, str] = {}
        self._asked: dict[str, Job] = {}
        self._last: tuple[str, ...] = ()

    def begin(self, request: SampleRequest | None, parts: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Another explanation is shown, the one of this request: no more than these parts is known of it besides."""
        for job in self._asked.values():
            job.cancel()
        self._last = self.looked_at
        self._request = request
        self._found, self._problems, self._asked, self._parts = {}, {}, {}, dict(parts)

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The kinds that somebody asked for when an explanation was last shown."""
        return tuple(self._asked) if self._request is not None else self._last

    def get(self, kind: str) -> Any:
        """What there is of a kind; None while it is being made, or where it cannot be (see `problem`)."""
        if kind not in self._found and kind not in self._problems and kind not in self._asked:
            self._ask(kind)
        return self._found.get(kind)

    def part(self, kind: str) -> Any:
        """What is known of a kind that is being made; None where that is nothing."""
        return self._parts.get(kind)

    def problem(self, kind: str) -> str:
        """Why there is none of a kind, in one sentence; "" otherwise."""
        return self._problems.get(kind, "")

    def _ask(self, kind: str) -> None:
        request, engine = self._request, self._engine
        if request is None:
            return

        def done(value: Any) -> None:
            if request is self._request:
                self._found[kind] = value
                self._parts.pop(kind, None)
                self.changed.emit(kind)

        def told(value: Any) -> None:
            if request is self._request and kind not in self._found:
                self._parts[kind] = value
                self.came.emit(kind)

        def failed(failure: Failure) -> None:
            if request is self._request:
                self._problems[kind] = failure.sentence
                self.changed.emit(kind)

        title = self.tr("Looking closer at sample {name}").format(name=request.sample)
        make = lambda: engine.more(kind, request)  # noqa: E731
        self._asked[kind] = self._jobs.submit(Job(title, Priority.TABLE, make, part=told, done=done, failed=failed))
