"""The files and projects that were opened last: newest first, pinned ones before all others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import NamedTuple

from lrp_gui import settings

KEPT = 12  # beside the pinned ones


class Recent(NamedTuple):
    """One of them. `path` is absolute; `title` is shown for it, by default the name of the file."""

    path: str
    pinned: bool = False
    title: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or os.path.basename(self.path)  # noqa: PTH119  (on the way to the first paint)

    @property
    def is_project(self) -> bool:
        """Whether it is a project, not a weight file."""
        return self.path.endswith(".lrpx")


class Look:
    """Which of some files are still there: asked in a thread of its own, for a drive that is away never answers."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        self._there: dict[str, bool] = {}
        self._thread = threading.Thread(target=self._look, name="recent files", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether all of them are known."""
        return not self._thread.is_alive()

    def missing(self, path: str) -> bool:
        """Whether it is known to be gone."""
        return not self._there.get(path, True)

    def _look(self) -> None:
        for path in self.paths:
            self._there[path] = os.path.exists(path)  # noqa: PTH110


def entries() -> tuple[Recent, ...]:
    """All that are remembered. What cannot be read any more counts as nothing."""
    import json  # the way to the first paint has no time for it

    try:
        rows = json.loads(settings.RECENT.read() or "[]")
        return tuple(Recent(str(row["path"]), bool(row["pinned"]), str(row["title"])) for row in rows)
    except (ValueError, TypeError, LookupError):
        return ()


def remember(path: str, title: str = "") -> None:
    """Put a file that was opened just now in front."""
    path = os.path.abspath(path)  # noqa: PTH100  (a link's own place is what the person knows)
    known = {one.path: one for one in entries()}
    first = known.pop(path, Recent(path))._replace(title=title)
    _write((first, *known.values()))


def pin(path: str, pinned: bool) -> None:
    """Keep one whatever comes after it, or no longer."""
    _write(tuple(one._replace(pinned=pinned) if one.path == path else one for one in entries()))


def forget(path: str) -> None:
    """Leave one out."""
    _write(tuple(one for one in entries() if one.path != path))


def clear() -> None:
    """Forget all that are not pinned."""
    _write(tuple(one for one in entries() if one.pinned))


def _write(recent: tuple[Recent, ...]) -> None:
    import json

    pinned, others = (tuple(one for one in recent if one.pinned == which) for which in (True, False))
    settings.RECENT.write(json.dumps([one._asdict() for one in (*pinned, *others[:KEPT])]))
