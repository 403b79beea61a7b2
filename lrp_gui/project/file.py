"""Project files: a zip of `project.json` and tables as safetensors. Written whole or not at all, read with distrust."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lrp_engine.errors import FormatError, LrpError
from lrp_engine.files.archive import Archive
from lrp_engine.files.safetensors import tensors_in
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import tr
from lrp_gui.project import results, schema
from lrp_gui.project.records import HashOf, arrays_of, project_of, settings_of, table_of, without_gone
from lrp_gui.project.tensors import Tensors, write_tensors

if TYPE_CHECKING:
    from lrp_gui.document.state import ExplainSettings
    from lrp_gui.document.table import InputTable
    from lrp_gui.project.results import Kept
    from lrp_gui.project.schema import Project
    from lrp_gui.project.snapshot import Snapshot

log = logging.getLogger("lrp_gui.project")

SUFFIX = ".lrpx"
RECORD, TABLES = "project.json", "tables.safetensors"
RESULTS, RESULT_NUMBERS = "results.json", "results.safetensors"
LARGEST_RECORD = 64 * 1024**2
BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a project file holds, with its table made."""

    path: str
    project: Project
    settings: ExplainSettings
    table: InputTable | None
    recovered: bool = False  # it stands in no file yet
    results: Kept | None = None  # where the project keeps them, and what made them is the same


# ---------------------------------------------------------------------------------------------------------- writing


def saving(path: str, snapshot: Snapshot, hash_of: HashOf) -> Steps[None]:
    """Write a project; what stood there is replaced once the new file is whole and on the disk.

    Raises
    ------
    OSError
        If the place cannot be written to, or is full; then nothing there has changed.
    """
    # Through a link the file is written to which it leads.
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            # What only undo knows is not saved, for undo is not.
            kept = replace(snapshot, table=without_gone(snapshot.table)) if snapshot.table is not None else snapshot
            yield from write(stream, kept, target.parent, hash_of)
            stream.flush()
            os.fsync(stream.fileno())
        _as_before(part, target)
        part.replace(target)
        sync_folder(target.parent)
    finally:
        snapshot.release()
        part.unlink(missing_ok=True)


def write(stream: BinaryIO, snapshot: Snapshot, folder: Path, hash_of: HashOf) -> Steps[None]:
    """Write a project into an open file that lies in a folder."""
    title = tr("Saving {name}").format(name=snapshot.name)
    project, arrays = project_of(snapshot, folder, hash_of), arrays_of(snapshot)
    total = snapshot.table.values.shape[0] * snapshot.table.values.shape[1] * 8 if snapshot.table is not None else 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(RECORD, schema.encoded(project), zipfile.ZIP_DEFLATED)
        if arrays:
            with archive.open(TABLES, "w", force_zip64=True) as member:
                for written in write_tensors(member, arrays):  # type: ignore[arg-type]
                    yield Progress(min(written, total) >> 10, total >> 10, title)
        if snapshot.results is not None and arrays:
            made = results.made_by(project, archive.getinfo(TABLES).CRC)
            text, numbers = results.packed(snapshot.results, made)
            archive.writestr(RESULTS, text, zipfile.ZIP_DEFLATED)
            with archive.open(RESULT_NUMBERS, "w", force_zip64=True) as member:
                for _written in write_tensors(member, numbers):  # type: ignore[arg-type]
                    yield Progress(text=title)


def _as_before(part: Path, target: Path) -> None:
    """Who may read it: as the file that it replaces, else as any new file."""
    if target.exists():
        shutil.copymode(target, part)
        return
    mask = os.umask(0)
    os.umask(mask)
    part.chmod(0o666 & ~mask)


def sync_folder(folder: Path) -> None:
    """See to it that a file's new name is on the disk, where the system can say so of folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ---------------------------------------------------------------------------------------------------------- reading


def reading(path: str) -> Steps[Loaded]:
    """Read a project and make its table; nothing in it can make this program do anything.

    Raises
    ------
    FormatError
        If it cannot be read, is damaged, or of a newer version.
    """
    name = Path(path).name
    yield Progress(text=tr("Opening {name}").format(name=name))
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        sentence = tr("{name} cannot be read: {error}.")
        raise FormatError(sentence.format(name=name, error=error.strerror or error)) from error
    if head != b"PK\3\4":
        sentence = tr("{name} is no project of LRP Explorer: it is no zip archive, or its beginning is damaged.")
        raise FormatError(sentence.format(name=name))
    archive = Archive(Path(path))
    if RECORD not in archive:
        raise FormatError(tr("{name} is a zip archive, but no project of LRP Explorer.").format(name=name))
    project = schema.decoded(archive.read(RECORD, LARGEST_RECORD), name)
    tensors = Tensors({}, name)
    if TABLES in archive:
        yield from _check(archive, TABLES, name)
        tensors = Tensors(tensors_in(archive.region(TABLES), name), name)
    settings = settings_of(project, tensors, name)
    yield Progress(text=tr("Opening {name}").format(name=name))
    table = table_of(project.table, tensors, name) if project.table is not None else None
    kept = None
    if table is not None and RESULTS in archive and RESULT_NUMBERS in archive:
        try:
            kept = yield from _results(archive, project, table.samples, name)
        except LrpError as error:  # they are computed again: nothing is lost
            log.warning("%s: its results are left out: %s", name, error)
    return Loaded(path, project, settings, table, results=kept)


def _results(archive: Archive, project: Project, samples: int, name: str) -> Steps[Kept | None]:
    """The results that a project keeps; None if something else made them."""
    record = results.record_of(archive.read(RESULTS, LARGEST_RECORD), name)
    made = results.made_by(project, archive.members[TABLES].CRC)
    if not made or record.made_by != made:
        return None
    yield from _check(archive, RESULT_NUMBERS, name)
    return results.unpacked(record, Tensors(tensors_in(archive.region(RESULT_NUMBERS), name), name), samples, name)


def _check(archive: Archive, member: str, name: str) -> Steps[None]:
    """Go through the tables once: a disk may have turned bits that would be taken for numbers."""
    region, entry = archive.region(member), archive.members[member]
    if entry.compress_type != zipfile.ZIP_STORED:
        raise schema.damaged(name, tr("its tables are packed, which no LRP Explorer does"))
    found = 0
    for first in range(0, region.size, BLOCK):
        size = min(BLOCK, region.size - first)
        found = zlib.crc32(region.within(first, size).load().data, found)
        yield Progress(first >> 10, region.size >> 10)
    if found != entry.CRC:
        raise schema.damaged(name, tr("its tables are not what was written"))
