"""Between what a project file holds and what the document holds: records on one side, plain values on the other."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_engine import __version__
from lrp_gui.document import reference as references
from lrp_gui.document.files import Source
from lrp_gui.document.reference import NO_REFERENCE
from lrp_gui.document.results import Feature
from lrp_gui.document.state import ExplainSettings
from lrp_gui.document.table import InputTable
from lrp_gui.document.table_frozen import FrozenColumn, FrozenTable
from lrp_gui.document.table_storage import number_text
from lrp_gui.languages import tr
from lrp_gui.project.schema import (
    FeatureRecord,
    FileRecord,
    Project,
    ReferenceRecord,
    SettingsRecord,
    SourceRecord,
    TableRecord,
    damaged,
)
from lrp_gui.project.tensors import Array, Blocks, Tensors, packed

if TYPE_CHECKING:
    from lrp_gui.project.snapshot import Snapshot

_CLASS = re.compile(r":([A-Za-z_][A-Za-z0-9_]*)$")
# path -> SHA-256, "" where it is not known
HashOf = Callable[[str], str]

# ------------------------------------------------------------------------------------------------ to be written


def project_of(snapshot: Snapshot, folder: Path, hash_of: HashOf) -> Project:
    """The record of a snapshot for a file in this folder."""
    settings, reference = snapshot.settings, snapshot.settings.reference
    return Project(
        program=__version__,
        settings=SettingsRecord(
            *(settings.target, settings.composite, settings.own, settings.edits),
            ReferenceRecord(reference.kind, reference.title, reference.row, reference.explains),
        ),
        source=_source_record(snapshot.source, snapshot.files, folder, hash_of)
        if snapshot.source is not None
        else None,
        table=_table_record(snapshot.table) if snapshot.table is not None else None,
        selection=snapshot.selection,
        labels=snapshot.labels,
        views=snapshot.views,
    )


def arrays_of(snapshot: Snapshot) -> dict[str, Array]:
    """The tensors of a snapshot; the table's numbers come block by block."""
    arrays: dict[str, Array] = {}
    if snapshot.reference is not None:
        arrays["reference"] = np.asarray(snapshot.reference, dtype=np.float64)
    table = snapshot.table
    if table is None:
        return arrays
    arrays["values"] = Blocks(table.values.shape, table.values.blocks())
    arrays["ids"] = np.asarray(table.ids, dtype=np.int64)
    if table.given:
        arrays |= packed("given", table.given)
    arrays["names.ids"] = np.fromiter(table.names, dtype=np.int64, count=len(table.names))
    arrays |= packed("names", list(table.names.values()))
    cells = [(column, row, text) for column, texts in table.typed.items() for row, text in texts.items()]
    arrays["typed.columns"] = np.array([column for column, _row, _text in cells], dtype=np.int64)
    arrays["typed.ids"] = np.array([row for _column, row, _text in cells], dtype=np.int64)
    arrays |= packed("typed", [text for _column, _row, text in cells])
    for number, (_name, frozen) in enumerate(table.extras):
        column = frozen.whole()
        if column.dtype == object:
            arrays |= packed(f"extra.{number}", [_text(cell) for cell in column.tolist()])
        else:
            arrays[f"extra.{number}"] = np.asarray(column, dtype=np.float64)
    return arrays


def without_gone(table: FrozenTable) -> FrozenTable:
    """The table without names and texts of rows that are not in it: only undo, which is not saved, knew of them."""
    names = _present(table.names, table.ids)
    typed = {column: _present(texts, table.ids) for column, texts in table.typed.items()}
    there = np.isin(np.arange(len(table.given)), table.ids).tolist()
    given = [name if present else "" for name, present in zip(table.given, there, strict=True)]
    return FrozenTable(
        *(table.features, table.path, table.state, table.edited, table.next_id),
        *(table.values, table.row_ids, given, names, typed, table.extras),
    )


def _present(texts: Mapping[int, str], ids: np.ndarray) -> dict[int, str]:
    """Those of the rows that are there."""
    there = np.isin(np.fromiter(texts, dtype=np.int64, count=len(texts)), ids).tolist()
    return {row_id: text for (row_id, text), present in zip(texts.items(), there, strict=True) if present}


def _source_record(source: Source, files: Sequence[str], folder: Path, hash_of: HashOf) -> SourceRecord:
    architecture, class_name = program_and_class(source.architecture)
    return SourceRecord(
        file_record(source.path, folder, hash_of),
        tuple(file_record(path, folder, hash_of) for path in files if path != source.path),
        file_record(architecture, folder, hash_of) if architecture else None,
        *(class_name, source.text, source.candidate, source.sizes),
    )


def program_and_class(architecture: str) -> tuple[str, str]:
    """“model.py:Net” in its parts; any other path with "" behind it."""
    found = _CLASS.search(architecture)
    return (architecture[: found.start()], found[1]) if found else (architecture, "")


def file_record(path: str, folder: Path, hash_of: HashOf) -> FileRecord:
    """A file as it lies there now; of one that has gone only where it was."""
    try:
        size = Path(path).stat().st_size if Path(path).is_file() else 0
    except OSError:
        size = 0
    try:
        relative = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        relative = ""
    return FileRecord(path, relative, size, hash_of(path))


def _table_record(table: FrozenTable) -> TableRecord:
    lists: dict[int, int] = {}  # by identity: the tokens of a thousand places are one list
    categories: list[tuple[tuple[float, str], ...]] = []
    features = []
    for one in table.features:
        place = -1
        if one.categories:
            place = lists.setdefault(id(one.categories), len(categories))
            if place == len(categories):
                categories.append(one.categories)
        low, high = (bound if math.isfinite(bound) else None for bound in (one.low, one.high))
        features.append(FeatureRecord(one.name, one.unit, one.mean, one.scale, low, high, one.integer, place))
    return TableRecord(
        *(table.samples, tuple(features), table.path, tuple(name for name, _cells in table.extras)),
        *(tuple(categories), table.next_id, table.edited),
    )


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else "" if cell is None else number_text(float(cell))


# --------------------------------------------------------------------------------------------------- to be opened


def source_of(record: SourceRecord, weights: str, architecture: str) -> Source:
    """How the network is loaded, with the places where its files are now."""
    named = f"{architecture}:{record.class_name}" if record.class_name else architecture
    return Source(weights, named, record.text, record.candidate, record.sizes)


def places_of(record: FileRecord, folder: Path) -> Iterator[Path]:
    """Where a file may lie: beside the project as it was then, and where it was."""
    if record.relative:
        # Without "..": the journal's own folder may be gone when the file is read.
        yield Path(os.path.normpath(folder.joinpath(*PurePosixPath(record.relative).parts)))
    yield Path(record.path)


def settings_of(project: Project, tensors: Tensors, file: str) -> ExplainSettings:
    """What is explained.

    Raises
    ------
    FormatError
        If the reference lacks its numbers, or is a row that is not there.
    """
    record, table, values = project.settings.reference, project.table, None
    if record.kind not in (references.NONE, references.SAMPLE):
        values = tensors.array("reference", "float64", (len(table.features) if table is not None else 0,))
    samples = table.samples if table is not None else 0
    return settings_with(project, samples, values, file)


def settings_with(project: Project, samples: int, values: np.ndarray | None, file: str) -> ExplainSettings:
    """The same with the reference's numbers, for a table of so many samples.

    Raises
    ------
    FormatError
        If the reference is a row that is not there.
    """
    record, reference = project.settings.reference, NO_REFERENCE
    if record.kind:
        if record.kind == references.SAMPLE and not 0 <= record.row < samples:
            raise damaged(file, tr("its reference is a sample that it does not have"))
        row = record.row if record.kind == references.SAMPLE else -1
        reference = references.taken_again(record.kind, record.title, row, values, explains=record.explains)
    settings = project.settings
    return ExplainSettings(
        target=settings.target,
        composite=settings.composite,
        reference=reference,
        own=settings.own,
        edits=settings.edits,
    )


def table_of(record: TableRecord, tensors: Tensors, file: str) -> InputTable:
    """The table, with everything that was typed into it.

    Raises
    ------
    FormatError
        If its parts do not fit together.
    """
    samples, count = record.samples, len(record.features)
    features = _features_of(record, file)
    values = tensors.array("values", "float64", (samples, count))
    ids = tensors.array("ids", "int64", (samples,))
    given = tensors.texts("given") if "given.text" in tensors else []
    names = _by_id(tensors, "names", tensors.array("names.ids", "int64", (None,)))
    columns = tensors.array("typed.columns", "int64", (None,))
    rows = tensors.array("typed.ids", "int64", (len(columns),))
    texts = tensors.texts("typed", len(columns))
    known = np.concatenate([ids, rows, np.fromiter(names, dtype=np.int64, count=len(names))])
    outside = len(known) and (int(known.min()) < 0 or int(known.max()) >= record.next_id)
    if outside or len(np.unique(ids)) < samples or len(given) > record.next_id:
        raise damaged(file, tr("the rows of its table do not have the numbers that they should have"))
    if len(columns) and (int(columns.min()) < 0 or int(columns.max()) >= count):
        raise damaged(file, tr("a text of its table stands in no column"))
    typed: dict[int, dict[int, str]] = {}
    for column, row_id, text in zip(columns.tolist(), rows.tolist(), texts, strict=True):
        typed.setdefault(column, {})[row_id] = text
    extras = tuple((name, FrozenColumn(_extra(tensors, number, samples))) for number, name in enumerate(record.extras))
    frozen = FrozenTable(
        *(features, record.path, 0, record.edited, record.next_id),
        *(FrozenColumn(values), FrozenColumn(ids), given, names, typed, extras),
    )
    return InputTable.from_frozen(frozen, values)


def _features_of(record: TableRecord, file: str) -> tuple[Feature, ...]:
    features = []
    for one in record.features:
        if one.categories >= len(record.categories) or not one.scale:
            raise damaged(file, tr("the column “{name}” of its table is described wrongly").format(name=one.name))
        low = -math.inf if one.low is None else one.low
        high = math.inf if one.high is None else one.high
        categories = record.categories[one.categories] if one.categories >= 0 else ()
        features.append(Feature(one.name, one.unit, one.mean, one.scale, low, high, one.integer, categories))
    return tuple(features)


def _by_id(tensors: Tensors, name: str, ids: np.ndarray) -> dict[int, str]:
    return dict(zip(ids.tolist(), tensors.texts(name, len(ids)), strict=True))


def _extra(tensors: Tensors, number: int, samples: int) -> np.ndarray:
    name = f"extra.{number}"
    if name in tensors:
        return tensors.array(name, "float64", (samples,))
    cells = np.empty(samples, dtype=object)
    cells[:] = tensors.texts(name, samples)
    return cells
