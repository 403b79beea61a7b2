"""A table on its way in: how its file is read, which column becomes which input, and what is remembered of that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from lrp_gui import settings
from lrp_gui.document.opening import read_and_made
from lrp_gui.document.state import Message
from lrp_gui.jobs import importing
from lrp_gui.jobs.imported import (
    MEAN,
    MISSING,
    NONE,
    Plan,
    Preview,
    Reading,
    Thumbnail,
    Whole,
    columns_key,
    load_plan,
    network_key,
)
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import engine

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import Feature, NetworkInfo
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.imported import PictureInput
    from lrp_gui.jobs.requests import TableData

# So many files are remembered, those of the longest ago are forgotten.
MOST_REMEMBERED = 60


class Import(QObject):
    """One file that becomes the table of the open network. A dialog shows it, and asks for changes."""

    previewed = Signal()  # the first rows are there
    checked = Signal()  # the file was read whole, or it is known why it cannot be
    mapped = Signal()  # another column for a feature
    failed = Signal(str)  # not even the first rows can be read
    busy_changed = Signal()
    imported = Signal(int, str)  # how many samples, and what was assumed on reading them

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        network: NetworkInfo,
        paths: Sequence[str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.network, self.paths = network, tuple(paths)
        self.plan = Plan()
        self.preview: Preview | None = None
        self.thumbnails: tuple[Thumbnail, ...] = ()
        self.whole: Whole | None = None  # None while it is being read
        self.order: list[int] = []
        self.remembers = True
        self._key = ""
        self._job: Job | None = None

    # --------------------------------------------------------------------------------------- what is known

    @property
    def name(self) -> str:
        """The file, or the folder."""
        if len(self.paths) == 1:
            return Path(self.paths[0]).name
        folder = Path(self.paths[0]).parent.name
        return self.tr("{count} files of {folder}").format(count=len(self.paths), folder=folder)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The network's inputs, one unit after the other."""
        return importing.features_of(self.network)

    def input_of(self, feature: int) -> str:
        """The input that a feature belongs to, where there are several."""
        if len(self.network.inputs) < 2:
            return ""
        for one in self.network.inputs:
            feature -= len(one.features)
            if feature < 0:
                return one.name
        return ""

    @property
    def names(self) -> tuple[str, ...]:
        """The file's columns."""
        return self.preview.names if self.preview is not None else ()

    @property
    def picture(self) -> PictureInput | None:
        """How pictures become numbers; None if the network takes none."""
        return self.plan.picture or importing.picture_of(self.network)

    @property
    def busy(self) -> bool:
        """Whether the file is being read."""
        return self._job is not None

    @property
    def unmapped(self) -> list[int]:
        """The features that have no column."""
        return [feature for feature, column in enumerate(self.order) if column == NONE]

    @property
    def unused(self) -> list[int]:
        """The columns that no feature takes."""
        used = set(self.order)
        return [column for column in range(len(self.names)) if column not in used]

    @property
    def ready(self) -> bool:
        """Whether there is something to import."""
        return self.whole is not None and self.whole.table is not None and any(one != NONE for one in self.order)

    # ----------------------------------------------------------------------------------------- what is asked

    def look(self) -> None:
        """Read the file as planned; the first rows come first."""
        self._stop()
        self.whole = None
        plan = self.plan
        self._job = self._jobs.submit(
            Job(
                self.tr("Reading {name}").format(name=self.name),
                Priority.OPEN,
                lambda: importing.look(self.network, self.paths, plan),
                done=self._looked,
                part=self._part,
                failed=self._failed,
            )
        )
        self.busy_changed.emit()

    def read_as(self, **changes: Any) -> None:
        """Read it another way: attributes of `Reading`."""
        self.plan = replace(self.plan, reading=replace(self.plan.reading, **changes), columns=())
        self.look()

    def make_pictures(self, picture: PictureInput) -> None:
        """Make numbers of the pictures another way."""
        if picture != self.picture:
            self.plan = replace(self.plan, picture=picture)
            self.look()

    def assign(self, feature: int, column: int) -> None:
        """Let a feature take a column, or `NONE`; a column is taken by one feature only."""
        if self.order[feature] == column:
            return
        if column != NONE:
            self.order = [NONE if one == column else one for one in self.order]
            if self.names[column] == self.plan.sample_names:
                self.plan = replace(self.plan, sample_names="")
        self.order[feature] = column
        self.mapped.emit()

    def match_by_name(self) -> None:
        """Let every feature take the column of its name."""
        self._match(named=True)

    def match_by_position(self) -> None:
        """Let the features take the columns of numbers, one after the other."""
        self._match(named=False)

    def clear(self) -> None:
        """Let no feature take a column."""
        self.order = [NONE] * len(self.features)
        self.mapped.emit()

    def name_samples_by(self, column: int) -> None:
        """Take the samples' names from a column, or `NONE`."""
        name = self.names[column] if column != NONE else ""
        if name != self.plan.sample_names:
            self.plan = replace(self.plan, sample_names=name)
            if column in self.order:
                self.order[self.order.index(column)] = NONE
            self.mapped.emit()

    def keep(self, column: int, *, kept: bool) -> None:
        """Keep a column beside the inputs, or leave it out."""
        left_out = [name for name in self.plan.left_out if name != self.names[column]]
        if not kept:
            left_out.append(self.names[column])
        self.plan = replace(self.plan, left_out=tuple(left_out))
        self.mapped.emit()

    def fill_absent(self, absent: str) -> None:
        """What features without a column get: `MISSING` or `MEAN`."""
        self.plan = replace(self.plan, absent=absent)
        self.mapped.emit()

    def take(self) -> None:
        """Put the table in the place of the one that is open."""
        if not self.ready or self.whole is None:
            return
        whole, order, plan = self.whole, tuple(self.order), self.plan
        self._job = self._jobs.submit(
            Job(
                self.tr("Importing {name}").format(name=self.name),
                Priority.OPEN,
                lambda: read_and_made(
                    self.network, importing.take(self.network, self.paths[0], whole.table, order, plan)
                ),
                done=lambda taken: self._taken(*taken),
                failed=self._failed,
            )
        )
        self.busy_changed.emit()

    def leave(self) -> None:
        """Nobody looks any more."""
        self._stop()

    # ------------------------------------------------------------------------------------------- what comes

    def _part(self, value: Preview | tuple[Thumbnail, ...]) -> None:
        if not isinstance(value, Preview):
            self.thumbnails = value
            return
        first = self.preview is None
        self.preview = value
        if first:
            # What its columns are called if nobody chooses how it is read: so it is known again.
            self._key = columns_key(value.kind, () if value.kind == "pictures" else value.names)
            plan = plans_for(self.network).get(self._key, self.plan)
            if plan != self.plan:
                self.plan = plan
                self.look()
                return
        if len(self.order) != len(self.features) or max(self.order, default=NONE) >= len(value.names):
            self.order = [NONE] * len(self.features)
        self.previewed.emit()

    def _looked(self, whole: Whole) -> None:
        self._job = None
        self.whole = whole
        if whole.table is not None and self.preview is not None:
            self.preview = replace(self.preview, names=tuple(whole.table.names), found=whole.table.found)
            planned = self.plan.order(self.names) if len(self.plan.columns) == len(self.features) else ()
            self.order = list(planned or whole.order)
        self.busy_changed.emit()
        self.checked.emit()

    def _match(self, *, named: bool) -> None:
        from lrp_engine.files.columns import suggest_columns

        if self.whole is not None and self.whole.table is not None:
            self.order = list(suggest_columns(self.features, named, self.whole.table))  # type: ignore[arg-type]
            self.mapped.emit()

    def _taken(self, data: TableData, table: InputTable) -> None:
        self._job = None
        document = self._document
        if self.remembers:
            self._remember()
        if document.network is self.network:
            contents = replace(document.contents, table=table, sample=0)
            document.open(contents, self.tr("Import {name}").format(name=self.name))
        self.imported.emit(table.samples, " ".join(map(engine, data.notes)))
        self.busy_changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._job = None
        self.busy_changed.emit()
        if self.preview is None:
            self._document.message.emit(Message(failure.sentence, failure.details))
        else:
            self.whole = Whole(problem=failure.sentence)
            self.checked.emit()
        self.failed.emit(failure.sentence)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # ---------------------------------------------------------------------------------------- remembering

    def _remember(self) -> None:
        names = self.names
        columns = tuple(names[column] if column != NONE else "" for column in self.order)
        if self.preview is not None and self.preview.kind == "pictures":
            columns = ()  # they follow from the size
        plan = replace(self.plan, columns=columns)
        remember(self.network, self._key, plan)


def plans_for(network: NetworkInfo) -> dict[str, Plan]:
    """How tables were imported into this network, by what their columns are called."""
    own = f"{network_key(network)}/"
    found = {key.removeprefix(own): load_plan(stored) for key, stored in _stored().items() if key.startswith(own)}
    return {key: plan for key, plan in found.items() if plan is not None}


def remember(network: NetworkInfo, key: str, plan: Plan) -> None:
    """Keep how a table was imported, for the next one of the same columns."""
    stored, own = _stored(), f"{network_key(network)}/{key}"
    stored.pop(own, None)
    stored[own] = plan.dump()
    kept = dict(list(stored.items())[-MOST_REMEMBERED:])
    settings.IMPORTS.write(json.dumps(kept))


def _stored() -> dict[str, Any]:
    try:
        stored = json.loads(settings.IMPORTS.read() or "{}")
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}


__all__ = ["MEAN", "MISSING", "NONE", "Import", "Reading", "plans_for", "remember"]
