"""What is edited reaches the disk at once: the document's changes, handed to the writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from lrp_gui.document.state import Message
from lrp_gui.document.table_changes import Came, Went
from lrp_gui.project.journal import places
from lrp_gui.project.journal.records import held, record_of
from lrp_gui.project.journal.volume import Volume, state_record
from lrp_gui.project.journal.writer import Writer
from lrp_gui.project.snapshot import taken

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Opening
    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_changes import Change
    from lrp_gui.jobs.queue import JobQueue
    from lrp_gui.project.journal.records import Record
    from lrp_gui.project.records import HashOf
    from lrp_gui.project.schema import ViewsRecord

# What is chosen and looked at is no edit, but comes along.
LOOKS_MS = 500
# A log of so many bytes, and longer than the table, gives way to a new base.
LONG_LOG = 32 * 1024**2
# After the disk refused, it is tried again: at first after so many milliseconds, then with ever longer pauses.
PAUSE_MS, LONGEST_PAUSE_MS = 5_000, 80_000


class Work:
    """One piece of work in the journal: its volume, and which table the newest base is of."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.table: InputTable | None = None
        self.begun = False


class Journal(QObject):
    """Listens to the document of one window.

    Work gets a folder with its first edit, and loses it when it is saved, or the window is closed as people close
    windows. Work that undo leads back to keeps its own.
    """

    safe = Signal()  # a base is on the disk
    _written = Signal()  # the same, from the writer's thread
    _refused = Signal(str)

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        views: Callable[[], ViewsRecord],
        hash_of: HashOf,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._views, self._hash_of = document, views, hash_of
        self._works: dict[Opening, Work] = {}
        self._folder: Path | None = None
        self._lock: QLockFile | None = None
        self._number = 0
        self._writer = Writer(self._written.emit, lambda error: self._refused.emit(error.strerror or str(error)))
        self.destroyed.connect(self._writer.end)  # where nobody closes the window either
        self.refused = False  # whether the disk refused, so that edits are not safe at the moment
        self._pause = QTimer(self, interval=PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self._follow)
        # Once for all that changes in a turn, and after what follows from it in the same turn.
        self._due = QTimer(self, interval=0, singleShot=True)
        self._due.timeout.connect(self._follow)
        self._looks = QTimer(self, interval=LOOKS_MS, singleShot=True)
        self._looks.timeout.connect(self._note_looks)
        self._written.connect(self._on_written)
        self._refused.connect(self._on_refused)
        document.table_edited.connect(self._on_change)
        for signal in (document.table_replaced, document.settings_changed, document.labels_changed):
            signal.connect(self._due.start)
        document.saved_changed.connect(self._on_saved)
        for signal in (document.sample_selected, document.layer_selected, document.unit_selected):
            signal.connect(self._look_soon)
        jobs.closing.connect(self.stop)

    @property
    def folder(self) -> Path | None:
        """Where this process writes, once it does."""
        return self._folder

    def finish(self) -> None:
        """The window is closed as people close windows: nothing has to be offered back."""
        self._due.stop()
        for work in self._works.values():
            self._writer.discard(work.volume)
        self.stop()
        if self._folder is not None and self._lock is not None:
            places.remove(self._folder, self._lock)
        self._folder = self._lock = None

    def stop(self) -> None:
        """Write what is left, and no more."""
        if self._due.isActive() and self._folder is not None:
            self._follow()
        self._due.stop()
        self._looks.stop()
        self._pause.stop()
        self._writer.end()

    # -------------------------------------------------------------------------------------------- news

    def _on_change(self, change: Change) -> None:
        table, work = self._document.table, self._work()
        if table is None or work is None:
            return
        if work.table is not table or not work.begun:
            self._base(work)  # what changed is in it
        else:
            kept: Any = held(change, table)
            # Rows that come and go move the reference: both together, or it would mean another sample.
            moved = isinstance(change, Came | Went) and bool(self._document.settings.reference)
            more = [self._state(clean=False)] if moved else []
            self._writer.append(work.volume, lambda: record_of(kept), *more)
            if work.volume.log_bytes > max(LONG_LOG, table.values.nbytes):
                work.volume.log_bytes = 0
                self._base(work)

    def _follow(self) -> None:
        """Everything but the table, and which table it is."""
        document, opening = self._document, self._document.opening
        if opening is None:
            return
        if not document.undo_stack.count():  # nothing leads back to other work
            for root in [root for root in self._works if root is not opening.root]:
                self._writer.discard(self._works.pop(root).volume)
        work = self._works.get(opening.root)
        modified = document.modified
        if work is None or not work.begun:
            if modified and (work := self._work()) is not None:
                self._base(work)
        elif work.table is not self._table():
            self._base(work)
        else:
            self._note(work, clean=not modified)

    def _on_saved(self) -> None:
        opening = self._document.opening
        work = self._works.pop(opening.root, None) if opening is not None else None
        if work is not None:
            self._writer.discard(work.volume)
        self._due.start()

    def _look_soon(self, _what: object) -> None:
        if self._works and not self._looks.isActive():
            self._looks.start()

    def _note_looks(self) -> None:
        opening = self._document.opening
        work = self._works.get(opening.root) if opening is not None else None
        if work is not None and work.begun and work.table is self._table():
            self._note(work, clean=not self._document.modified)

    # ----------------------------------------------------------------------------------------- writing

    def _base(self, work: Work) -> None:
        work.table, work.begun = self._table(), True
        self._writer.base(work.volume, taken(self._document, self._views()))

    def _note(self, work: Work, *, clean: bool) -> None:
        self._writer.append(work.volume, self._state(clean=clean))

    def _state(self, *, clean: bool) -> Callable[[], Record]:
        snapshot, folder = taken(self._document, self._views(), with_table=False), self._folder or Path()
        return lambda: state_record(snapshot, folder, clean=clean)

    def _table(self) -> InputTable | None:
        """The table, or the one that waits for its network."""
        opening = self._document.opening
        if opening is not None and opening.restored is not None:
            return opening.restored.table
        return self._document.table

    def _work(self) -> Work | None:
        """Of what is open; None where nothing can be written."""
        opening = self._document.opening
        if opening is None or self._pause.isActive():
            return None
        if opening.root not in self._works:
            if self._folder is None:
                try:
                    self._folder, self._lock = places.begun()
                except OSError as error:
                    self._on_refused(error.strerror or str(error))
                    return None
            self._number += 1
            about = {"name": self._document.name, "project": opening.project}
            self._works[opening.root] = Work(Volume(self._folder / str(self._number), about, self._hash_of))
        return self._works[opening.root]

    # ------------------------------------------------------------------------------------- a full disk

    def _on_refused(self, why: str) -> None:
        """Say it once; what is open gets a new base after a pause, other work when somebody comes back to it."""
        for work in self._works.values():
            work.begun = False
        self._pause.setInterval(min(2 * self._pause.interval(), LONGEST_PAUSE_MS) if self.refused else PAUSE_MS)
        self._pause.start()
        if not self.refused:
            self.refused = True
            sentence = self.tr(
                "Edits are not kept safe against a sudden end of the program: {folder} cannot be written ({why}). "
                "Make room there, or save your work in a project; it is tried again by itself."
            )
            self._document.message.emit(Message(sentence.format(folder=places.journals(), why=why)))

    def _on_written(self) -> None:
        if self.refused and not self._pause.isActive():
            self.refused = False
            self._document.message.emit(
                Message(self.tr("Edits are kept safe against a sudden end of the program again."))
            )
        self.safe.emit()
