"""The files that a project names: their hashes, where they are now, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_engine.errors import FormatError
from lrp_gui.jobs.browsing import sha256
from lrp_gui.project.records import places_of, program_and_class, source_of

if TYPE_CHECKING:
    from lrp_gui.document.files import Source
    from lrp_gui.jobs.steps import Steps
    from lrp_gui.project.schema import FileRecord, SourceRecord

MISSING, CHANGED = "missing", "changed"
WEIGHTS, ARCHITECTURE, PARTS = "weights", "architecture", "parts"


class Hashes:
    """Of files that were read once; one that was written since is read again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: str) -> str:
        """What is known without reading it, else ""."""
        stamp = _stamp(path)
        return self._known.get(stamp, "") if stamp is not None else ""

    def computing(self, paths: Iterable[str]) -> Steps[None]:
        """Read those that are not known; one that cannot be read stays unknown."""
        for path in dict.fromkeys(paths):
            stamp = _stamp(path)
            if stamp is None or stamp in self._known:
                continue
            try:
                digest = yield from sha256(path)
            except FormatError:
                continue
            if _stamp(path) == stamp:
                self._known[stamp] = digest


def files_of(source: Source | None, parts: Iterable[str]) -> list[str]:
    """All files of which a project notes what they hold."""
    if source is None:
        return []
    return [path for path in (source.path, program_and_class(source.architecture)[0], *parts) if path]


@dataclass(frozen=True, slots=True)
class Astray:
    """A file that is not where it was, or not what it was."""

    role: str  # WEIGHTS, ARCHITECTURE, or PARTS of the weights
    kind: str  # MISSING or CHANGED
    path: str  # where it was, or where the changed one lies


@dataclass(slots=True)
class Sought:
    """Where a project's files are now. Somebody may say where else those astray are."""

    record: SourceRecord
    folder: Path
    found: dict[str, str] = field(default_factory=dict)  # role -> path
    astray: list[Astray] = field(default_factory=list)

    @property
    def source(self) -> Source:
        """How the network is loaded, from where its files are, or were."""
        record = self.record
        weights = self.found.get(WEIGHTS, record.weights.path)
        architecture = self.found.get(ARCHITECTURE, record.architecture.path) if record.architecture else ""
        return source_of(record, weights, architecture)

    def records(self) -> dict[str, FileRecord]:
        """By role."""
        architecture = {ARCHITECTURE: self.record.architecture} if self.record.architecture is not None else {}
        return {WEIGHTS: self.record.weights, **architecture}


def seeking(sought: Sought, hashes: Hashes) -> Steps[Sought]:
    """Look for the files of a project, those that somebody told the place of first."""
    told, sought.found, sought.astray = sought.found, {}, []
    for role, record in sought.records().items():
        if role in told:
            sought.found[role] = told[role]
            continue
        changed = ""
        for place in places_of(record, sought.folder):
            path = str(place)
            if not place.exists():
                continue
            if (yield from _is_the_same(record, path, hashes)):
                sought.found[role] = path
                break
            changed = changed or path
        else:
            sought.astray.append(Astray(role, CHANGED if changed else MISSING, changed or record.path))
    if WEIGHTS in sought.found and WEIGHTS not in told:
        yield from _seek_parts(sought, hashes)
    return sought


def _seek_parts(sought: Sought, hashes: Hashes) -> Steps[None]:
    """Shards lie where the file that lists them says; here it only counts whether they are the same."""
    folder = Path(sought.found[WEIGHTS]).parent
    for record in sought.record.parts:
        path = folder / Path(record.path).name
        if path.exists() and not (yield from _is_the_same(record, str(path), hashes)):
            sought.astray.append(Astray(PARTS, CHANGED, str(path)))
            return


def _is_the_same(record: FileRecord, path: str, hashes: Hashes) -> Steps[bool]:
    place = Path(path)
    if place.is_dir() or not record.size:  # of a folder, or a file that was gone then, nothing is known
        return True
    if place.stat().st_size != record.size:
        return False
    if not record.sha256:
        return True
    yield from hashes.computing([path])
    return hashes.of(path) in ("", record.sha256)


def _stamp(path: str) -> tuple[str, int, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return (path, status.st_size, status.st_mtime_ns) if Path(path).is_file() else None
