"""The session: which project file the work stands in, saving it there, and opening another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_engine.errors import InputError
from lrp_gui import recent
from lrp_gui.document.state import Contents, ExplainSettings, Message, Opening, Restored
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import tr
from lrp_gui.project import file, results
from lrp_gui.project.locking import Lock
from lrp_gui.project.models import MISSING, PARTS, Hashes, Sought, files_of, seeking
from lrp_gui.project.schema import SelectionRecord, ViewsRecord
from lrp_gui.project.snapshot import Snapshot, taken

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.opening import Opener
    from lrp_gui.jobs.steps import Steps
    from lrp_gui.project.file import Loaded
    from lrp_gui.project.results import Kept

Then = Callable[[], object]


def nothing() -> None:
    """Nothing follows."""


class Session(QObject):
    """Saves and opens projects. What has to be asked of a person is a signal; a dialog answers by calling back."""

    changed = Signal()  # another project file, or the work differs from it, or does not any more
    saved = Signal(str)  # the path
    name_wanted = Signal(object)  # where to save? Call `save_as(path, then)` with the `Then` that this carries
    answer_wanted = Signal(object)  # save, discard or cancel? The signal carries what follows the first two
    astray = Signal(object, object)  # a Sought and the Loaded: `go_on`, `look_again` or nothing
    locked = Signal(str, str, object)  # path, by whom it is open, and a `Then` that opens a copy
    views_wanted = Signal(object)  # the ViewsRecord of what was opened
    closed = Signal()  # the window goes, and nothing that anybody wants is lost by it

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        opener: Opener,
        views: Callable[[], ViewsRecord],
        results: Callable[[], Kept | None] = nothing,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._opener, self._views = document, jobs, opener, views
        self._results = results
        self.hashes = Hashes()
        self._lock = Lock()
        self._job: Job | None = None
        self._waiting_views: ViewsRecord | None = None
        self._waiting_results: Kept | None = None
        opener.project_given.connect(self.open)
        for signal in (
            *(document.table_changed, document.settings_changed, document.labels_changed, document.saved_changed),
            *(document.file_changed, document.network_changed),
        ):
            signal.connect(self.changed)
        document.network_changed.connect(self._give_views)

    # -------------------------------------------------------------------------------------- what is so

    @property
    def path(self) -> str:
        """The project file, "" while the work has none."""
        opening = self._document.opening
        return opening.project if opening is not None else ""

    @property
    def name(self) -> str:
        """What it is called: the project, or the network."""
        return Path(self.path).stem if self.path else self._document.name

    @property
    def busy(self) -> bool:
        """Whether a project is being saved or opened."""
        return self._job is not None and not self._job.ended and not self._job.cancelled

    @property
    def precious(self) -> bool:
        """Whether something would be lost that somebody may miss.

        In a project that is whatever is another than in its file. Without one, what was typed, renamed and ruled: a
        target that was chosen in passing is not worth a question.
        """
        document, opening = self._document, self._document.opening
        if opening is None or not document.modified:
            return False
        kept = opening.kept
        if opening.project or kept is None:
            return True
        edited = document.table is not None and document.table.edited
        work = document.work
        return edited or work.labels != kept.labels or work.settings.edits != kept.settings.edits

    @property
    def would_lose(self) -> bool:
        """The same of all that undo leads to, too."""
        return self.precious or bool(self._document.unsaved_tables())

    # ------------------------------------------------------------------------------------------ saving

    def save(self, then: Then = nothing) -> None:
        """Save in the project file; without one, ask for it."""
        if self.path:
            self.save_as(self.path, then)
        else:
            self.name_wanted.emit(then)

    def save_as(self, path: str, then: Then = nothing) -> None:
        """Save in a file, which is the project's from then on."""
        if self._document.opening is None:
            return
        path = str(Path(path).absolute())
        if path != self.path:
            owner = Lock.owner(path)
            if owner:
                sentence = self.tr("{name} is open in {owner}; choose another name.")
                self._say(sentence.format(name=Path(path).name, owner=owner))
                return
        snapshot = replace(taken(self._document, self._views()), results=self._results())
        opening = self._document.opening

        def done(_nothing: None) -> None:
            self._saved(path, snapshot, opening)
            then()

        self._submit(self.tr("Saving {name}").format(name=Path(path).name), lambda: self._saving(path, snapshot), done)

    def _saving(self, path: str, snapshot: Snapshot) -> Steps[None]:
        try:
            yield from self.hashes.computing(files_of(snapshot.source, snapshot.files))
            yield from self._writing(path, snapshot)
        finally:
            snapshot.release()

    def _writing(self, path: str, snapshot: Snapshot) -> Steps[None]:
        try:
            yield from file.saving(path, snapshot, self.hashes.of)
        except OSError as error:
            sentence = tr("{name} cannot be written in {folder}: {reason}. What was saved before is as it was.")
            place, reason = Path(path), error.strerror or str(error)
            raise InputError(sentence.format(name=place.name, folder=place.parent, reason=reason)) from error

    def _saved(self, path: str, snapshot: Snapshot, opening: Opening) -> None:
        work, table = snapshot.work, snapshot.work.table
        if table is not None and table.state == work.state:
            table.mark_kept()
        if self._document.opening is opening:
            self._document.mark_saved(work, path)
            if not self._document.modified:
                self._document.undo_stack.setClean()  # the history marks it, and no later step becomes a part of it
            self._lock.take(path)
        else:
            opening.kept, opening.project = work, path
        recent.remember(path)
        self.saved.emit(path)

    # ----------------------------------------------------------------------------------------- opening

    def begin_new(self) -> None:
        """Close what is open, once nothing of it would be lost."""
        self.unless_precious(self._clear)

    def open(self, path: str) -> None:
        """Open a project, once nothing would be lost by it."""
        self.unless_precious(lambda: self._read(path))

    def revert(self) -> None:
        """Open the project as it was saved last, whatever was done since."""
        if self.path:
            self._read(self.path)

    def look_again(self, sought: Sought, loaded: Loaded) -> None:
        """Somebody told where a file lies: look for the rest."""
        self._submit(
            self.tr("Opening {name}").format(name=Path(loaded.path).name),
            lambda: seeking(sought, self.hashes),
            lambda found: self._found(found, loaded),
        )

    def go_on(self, sought: Sought, loaded: Loaded) -> None:
        """Open it with what was found; a file that changed is taken as it is, without one that is missing it waits."""
        missing = ""
        for one in sought.astray:
            if one.kind == MISSING:
                missing = self.tr("{path} is not there; put it back and load it, or open the weights from elsewhere.")
                missing = missing.format(path=one.path)
            elif one.role != PARTS:
                sought.found[one.role] = one.path
        sought.astray = []
        self._enter(replace(loaded, results=None), sought, missing)

    def recover(self, loaded: Loaded, project: str) -> None:
        """Open what a journal kept: work that stands in no file yet, of this project or of none."""
        if loaded.project.source is None:
            return
        sought = Sought(loaded.project.source, Path(loaded.path).parent)
        self.look_again(sought, replace(loaded, path=project, recovered=True))

    def _clear(self) -> None:
        self._lock.release()
        self._document.begin(Opening(Contents(None, None, ExplainSettings(), -1)))
        self._document.mark_saved()

    def _read(self, path: str) -> None:
        self._submit(
            self.tr("Opening {name}").format(name=Path(path).name),
            lambda: self._reading(path),
            lambda found: self._found(*found),
        )

    def _reading(self, path: str) -> Steps[tuple[Sought | None, Loaded]]:
        loaded = yield from file.reading(path)
        if loaded.project.source is None:
            return None, loaded
        return (yield from seeking(Sought(loaded.project.source, Path(path).parent), self.hashes)), loaded

    def _found(self, sought: Sought | None, loaded: Loaded) -> None:
        if sought is None:
            self._say(self.tr("{name} names no network, so there is nothing to open.").format(name=loaded.path))
        elif sought.astray:
            self.astray.emit(sought, loaded)
        else:
            self._enter(loaded, sought)

    def _enter(self, loaded: Loaded, sought: Sought, missing: str = "", *, copy: bool = False) -> None:
        path = "" if copy else loaded.path
        if path and path != self.path:
            lock = Lock()
            owner = lock.take(path)
            if owner:
                self.locked.emit(path, owner, lambda: self._enter(loaded, sought, missing, copy=True))
                return
            self._lock.release()
            self._lock = lock
        elif not path:
            self._lock.release()
        project, table = loaded.project, loaded.table
        if table is not None and not loaded.recovered:
            table.mark_kept()
        chosen: SelectionRecord = project.selection
        restored = Restored(
            *(sought.source, loaded.settings, project.labels, table),
            *(chosen.sample, chosen.layer, chosen.unit, chosen.node, chosen.tensor),
            saved=not loaded.recovered,
        )
        self._waiting_views, self._waiting_results = project.views, loaded.results
        self._opener.restore(restored, path, missing)
        if path and not loaded.recovered:
            recent.remember(path)

    # ------------------------------------------------------------------------------------- small parts

    def unless_precious(self, then: Then) -> None:
        """Do something that forgets the work, once that is saved or nobody wants it."""
        if self.would_lose:
            self.answer_wanted.emit(then)
        else:
            then()

    def _give_views(self) -> None:
        """Views are put back when the network they show is there."""
        views = self._waiting_views
        if views is not None and self._document.network is not None:
            kept, self._waiting_views, self._waiting_results = self._waiting_results, None, None
            # In a turn of its own: by then the views have heard of the table, too.
            QTimer.singleShot(0, self, lambda: self._show(views, kept))

    def _show(self, views: ViewsRecord, kept: Kept | None) -> None:
        if kept is not None:
            results.put_back(self._document, kept)
        self.views_wanted.emit(views)

    def _submit(self, title: str, make: Callable[[], Steps[Any]], done: Callable[[Any], None]) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self._jobs.submit(Job(title, Priority.OPEN, make, done=done, failed=self._failed))

    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, failure.details)

    def _say(self, sentence: str, details: str = "") -> None:
        self._document.message.emit(Message(sentence, details))

    def close(self) -> None:
        """The window goes."""
        self._lock.release()
        self.closed.emit()
