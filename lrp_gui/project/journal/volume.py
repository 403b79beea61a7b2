"""The files of a journal: bases, which are whole projects, and logs of what changed after each of them.

`3.base` is the work as it stood when log 3 began; it gets this name when it is whole and on the disk. Until then the
base before it, with every log since, holds the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_engine.errors import LrpError
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.project import file, schema
from lrp_gui.project.journal import records
from lrp_gui.project.records import HashOf, project_of, settings_with

if TYPE_CHECKING:
    from lrp_gui.document.state import ExplainSettings
    from lrp_gui.project.file import Loaded
    from lrp_gui.project.snapshot import Snapshot

BASE, LOG, ABOUT = ".base", ".log", "about.json"
_LARGEST_ABOUT = 1 << 20


class Volume:
    """One piece of work in a folder of its own. Only the writer's thread calls it.

    Parameters
    ----------
    folder
        Is made.
    about
        What a person has to know to choose: the name of the work, and its project file.
    """

    def __init__(self, folder: Path, about: dict[str, str], hash_of: HashOf) -> None:
        self._folder, self._about, self._hash_of = folder, about, hash_of
        self._number = 0
        self._log: Path | None = None
        self._waiting: list[records.Record] = []
        self.log_bytes = 0  # since the newest base

    def begin_base(self, snapshot: Snapshot) -> Iterator[None]:
        """Start another log, and write the base that it goes with, block by block."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = self._folder / ABOUT
        if not about.exists():
            about.write_text(json.dumps(self._about), encoding="utf-8")
        self.sync()  # what was appended belongs behind the base before
        self._number, self.log_bytes = self._number + 1, 0
        log = self._folder / f"{self._number}{LOG}"
        log.write_bytes(records.MAGIC)
        self._log = log
        return self._writing(snapshot, self._number)

    def _writing(self, snapshot: Snapshot, number: int) -> Iterator[None]:
        part = self._folder / f"{number}.part"
        try:
            with part.open("wb") as stream, closing(file.write(stream, snapshot, self._folder, self._hash_of)) as steps:
                for _progress in steps:
                    yield
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self._folder / f"{number}{BASE}")
            file.sync_folder(self._folder)
        finally:
            snapshot.release()
            part.unlink(missing_ok=True)
        for old in self._folder.iterdir():
            if old.suffix in {BASE, LOG} and int(old.stem) < number:
                old.unlink()

    def append(self, record: records.Record) -> None:
        """Put a record behind the others; `sync` writes it."""
        if self._log is not None:
            self._waiting.append(record)

    def sync(self) -> None:
        """What was appended is on the disk. The log is open only meanwhile: whatever ends, nothing is left open."""
        if self._log is None or not self._waiting:
            return
        with self._log.open("ab") as stream:
            for record in self._waiting:
                self.log_bytes += records.write(stream, record)
            stream.flush()
            os.fsync(stream.fileno())
        self._waiting.clear()

    def give_up(self) -> None:
        """The disk refused: what is there stays as it is, and nothing goes behind it until there is another base."""
        self._log = None
        self._waiting.clear()

    def discard(self) -> None:
        """Nobody needs it any more."""
        self.give_up()
        remove(self._folder)


def state_record(snapshot: Snapshot, folder: Path, *, clean: bool) -> records.StateRecord:
    """All but the table, as a record. Of the files it names no hash is computed."""
    reference = records.array_of(snapshot.reference) if snapshot.reference is not None else None
    return records.StateRecord(schema.encoded(project_of(snapshot, folder, lambda _path: "")), reference, clean)


def remove(folder: Path) -> None:
    """Take a volume away, its bases first: without one the rest is nothing."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix != BASE):
        path.unlink(missing_ok=True)
    folder.rmdir()


# ---------------------------------------------------------------------------------------------- after a sudden end


@dataclass(frozen=True, slots=True)
class Found:
    """Work that was not saved when its program ended."""

    folder: Path
    name: str
    project: str  # its file, or ""
    when: float  # the last edit, in seconds since 1970


def found_in(folder: Path) -> Found | None:
    """What a volume holds; None where it holds nothing that would be lost."""
    if not _files(folder)[0]:
        return None
    clean = False
    for record in records_in(folder):
        clean = isinstance(record, records.StateRecord) and record.clean
    if clean:
        return None
    about = _about(folder)
    when = max((path.stat().st_mtime for path in folder.iterdir() if path.suffix in {BASE, LOG}), default=0.0)
    return Found(folder, about.get("name", ""), about.get("project", ""), when)


def records_in(folder: Path) -> Iterator[records.Record]:
    """What was written since the newest base."""
    bases, logs = _files(folder)
    yield from _records(logs, bases[-1] if bases else 0)


def replaying(folder: Path, most: int | None = None) -> Steps[Loaded]:
    """The work as it stood after the last record that is whole, or after so many of them.

    Raises
    ------
    FormatError
        If no base can be read.
    """
    bases, logs = _files(folder)
    loaded, error, base = None, None, 0
    for number in reversed(bases):  # an older one is left where the newest was not finished with
        try:
            loaded, base = (yield from file.reading(str(folder / f"{number}{BASE}"))), number
            break
        except LrpError as problem:
            error = error or problem
    if loaded is None:
        raise error or schema.damaged(folder.name, "no base")
    project, settings = loaded.project, loaded.settings
    for done, record in enumerate(islice(_records(logs, base), most)):
        yield Progress(done)
        try:
            if isinstance(record, records.StateRecord):
                project, settings = _state(record, loaded)
            elif loaded.table is not None:
                records.apply(record, loaded.table)
        except (LrpError, ValueError, IndexError, KeyError):
            break  # as after a torn record: what follows rests on it
    if loaded.table is not None:
        loaded.table.touch()
    return file.Loaded(loaded.path, project, settings, loaded.table, recovered=True)


def _state(record: records.StateRecord, loaded: Loaded) -> tuple[schema.Project, ExplainSettings]:
    project = schema.decoded(record.project, "journal")
    reference = records.numbers_of(record.reference) if record.reference is not None else None
    return project, settings_with(
        project, loaded.table.samples if loaded.table is not None else 0, reference, "journal"
    )


def _files(folder: Path) -> tuple[list[int], list[Path]]:
    numbers: dict[str, list[int]] = {BASE: [], LOG: []}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix in numbers and path.stem.isdecimal():
            numbers[path.suffix].append(int(path.stem))
    bases, logs = sorted(numbers[BASE]), sorted(numbers[LOG])
    return bases, [folder / f"{number}{LOG}" for number in logs]


def _records(logs: list[Path], base: int) -> Iterator[records.Record]:
    for path in logs:
        if int(path.stem) >= base:
            with path.open("rb") as stream:
                yield from records.read(stream, path.stat().st_size)


def _about(folder: Path) -> dict[str, str]:
    try:
        text = (folder / ABOUT).read_bytes()[:_LARGEST_ABOUT]
        about = json.loads(text)
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in about.items()} if isinstance(about, dict) else {}
