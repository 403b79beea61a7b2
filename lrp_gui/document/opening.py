"""Opening files in two steps: what a file holds is shown at once, its network follows; a failure loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.document import files
from lrp_gui.document.connecting import Connector
from lrp_gui.document.files import FileInfo, Obstacle, Reading, ReadRows, SizeRow, Source
from lrp_gui.document.rules import for_another_network
from lrp_gui.document.state import Contents, ExplainSettings, Message, Opening, Restored
from lrp_gui.jobs.browsing import are_pictures, program_of, sorted_paths
from lrp_gui.jobs.opening import features_of, read_table
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import engine

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import Size
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import Browsed, Opened, TableData
    from lrp_gui.jobs.steps import Steps


PROJECT = ".lrpx"


class Opener(QObject):
    """Reads files in the worker and hands what they hold to the document."""

    table_misfit = Signal(tuple)  # the paths of a table that cannot be read, or does not fit
    table_told = Signal(str)  # what was assumed on reading a table
    project_given = Signal(str)  # a project among the files: it is opened elsewhere, and then comes to `restore`

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine = document, jobs, engine
        self._job: Job | None = None
        self._reading: Reading | None = None  # the file that is being read
        self._loading: Opening | None = None  # the one whose network is on its way
        self._left_out: tuple[str, ...] = ()  # what of the files that were given is not used; said at the end
        document.file_changed.connect(self._follow)
        jobs.status_changed.connect(self._notice_cancelled)

    # ------------------------------------------------------------------------------------- what people ask

    def open(self, paths: Sequence[str], architecture: str = "", *, trust: bool = False) -> None:
        """Open files that were chosen, dropped or given on the command line together."""
        whole = [str(Path(path).absolute()) for path in paths]
        projects = [path for path in whole if path.lower().endswith(PROJECT)]
        if projects:
            self.project_given.emit(projects[0])
            self._say_left_out(*(path for path in whole if path != projects[0]))
            return
        given = sorted_paths(whole)
        if given.weights:
            self._browse(whole, architecture, trust=trust)
            return
        connections = (*([architecture] if architecture else []), *given.architectures, *given.programs)
        if connections and self.connectable:
            self.connect_by(connections[0], given.tables[0] if given.tables else "")
        elif given.tables:
            together = given.tables if are_pictures(given.tables) else given.tables[:1]
            self.open_table(*together)
        elif connections:
            name = Path(connections[0]).name
            sentence = (
                self.tr("{name} describes an architecture; open it together with its weight file.")
                if connections[0].lower().endswith(".json")
                else self.tr("{name} is a program; open it together with its weight file.")
            )
            self._say(sentence.format(name=name))
        over = () if not connections and are_pictures(given.tables) else given.tables[1:]
        self._say_left_out(*connections[1:], *over)

    def open_table(self, *paths: str) -> None:
        """Replace the table of the open network by a file, or by several pictures."""
        from lrp_gui.document.importing import plans_for

        network, path = self._document.network, paths[0]
        if network is None:
            self._say(
                self.tr("Open a network first: {name} can only be read as the inputs of one.").format(
                    name=Path(path).name
                )
            )
            return
        name, plans = Path(path).name, plans_for(network)
        self._submit(
            Job(
                self.tr("Opening {name}").format(name=name),
                Priority.OPEN,
                lambda: read_and_made(network, read_table(network, paths, plans)),
                done=lambda read: self._table_read(network, *read),
                failed=lambda failure: self._table_failed(paths, failure),
            )
        )

    @property
    def kind(self) -> str:
        """Of what kind the obstacle is, "" when there is none."""
        return self._document.obstacle.kind if self._document.obstacle is not None else ""

    @property
    def connectable(self) -> bool:
        """Whether an opened file has tensors, and somebody may say how they are connected."""
        file = self._document.file
        connected = self.kind in {"", files.REFUSED, files.LOADING}
        weights = file is not None and any(amount.role == "weight" for amount in file.amounts)
        return file is not None and weights and not file.nodes and not connected

    @property
    def consentable(self) -> bool:
        """Whether a program in the opened file waits for consent."""
        return self.kind == files.CONSENT

    @property
    def loadable(self) -> bool:
        """Whether loading the network was stopped or failed, and may be tried again."""
        return self.kind in {files.STOPPED, files.FAILED}

    @property
    def sizes(self) -> tuple[SizeRow, ...]:
        """The sizes that the file leaves open: those that were taken, or those that are wanted."""
        network, obstacle = self._document.network, self._document.obstacle
        return network.sizes if network is not None else obstacle.sizes if obstacle is not None else ()

    def take_sizes(self, sizes: tuple[tuple[str, Size], ...]) -> None:
        """Load the network with these sizes."""
        network, obstacle = self._document.network, self._document.obstacle
        if network is not None:
            self.load(replace(network.source, sizes=sizes))
        elif obstacle is not None:
            self.load(replace(obstacle.source, sizes=sizes), obstacle.table)

    def connector(self) -> Connector | None:
        """What a dialog asks the worker about the open file; None when nothing is open."""
        file, obstacle = self._document.file, self._document.obstacle
        if file is None:
            return None
        return Connector(self._jobs, self._engine, obstacle.source if obstacle is not None else Source(file.path))

    def connect_by(self, architecture: str, table: str = "") -> None:
        """Load the open file with an architecture, another file's graph or a program that somebody chose."""
        file = self._document.file
        if file is None:
            return
        source, table = Source(file.path, architecture), table or self._given_table()
        if program_of(source) == file.path:
            self.load(source, table)
            return
        sentence = self.tr("{name} is a program that would run on this computer.")
        self._stop()
        self._put(Obstacle(files.CONSENT, sentence.format(name=Path(architecture).name), source, table=table))

    def load(self, source: Source, table: str = "") -> None:
        """Load the network of the open file, in this way.

        Where the file has no network yet, this is a part of opening it. Otherwise it is an edit of its own, and the
        network that is there stays until the other one has come.
        """
        document, opening = self._document, self._document.opening
        file = document.file
        if file is None:
            return
        title = self._loading_title(file)
        if document.network is None and opening is not None:
            self._stop()
            self._loading = opening
            self._put(Obstacle(files.LOADING, title, source, table=table))
            done, failed = self._loaded, self._not_loaded
        else:
            done, failed = self._loaded_anew, self._failed
        # A project brings its own table.
        waiting = opening.restored if opening is not None else None
        wanted = None if waiting is not None and waiting.table is not None else table
        kept = waiting.table if waiting is not None else self._document.table
        self._submit(
            Job(
                title,
                Priority.OPEN,
                lambda: opened_and_made(self._engine.open(source, wanted), kept),
                done=lambda made: done(*made),
                failed=failed,
            )
        )

    def load_again(self) -> None:
        """Try once more, as it was tried."""
        obstacle = self._document.obstacle
        if obstacle is not None:
            self.load(obstacle.source, obstacle.table)

    def trust(self, source: Source, sha256: str) -> None:
        """Somebody consented to run the program with this hash."""
        self._engine.trust(sha256)
        self.load(replace(source, trusted=sha256), self._given_table())

    def restore(self, restored: Restored, project: str, missing: str = "") -> None:
        """Open what a project holds; what was open before is gone then.

        Parameters
        ----------
        project
            The file that it stands in, "" if it is to get one.
        missing
            Why its weights cannot be opened, in one sentence; then everything else waits for them.
        """
        source, name = restored.source, Path(restored.source.path).name
        if missing:
            file = FileInfo(source.path, name, "", status=files.REFUSED, need=missing)
            self._begin(restored, project, file, Obstacle(files.FAILED, missing, source))
            return
        self._read([source.path], name, done=lambda browsed: self._browsed_again(browsed, restored, project))

    def _browsed_again(self, browsed: Browsed, restored: Restored, project: str) -> None:
        file, source = browsed.file, restored.source
        obstacle = Obstacle(files.LOADING, self._loading_title(file), source)
        connected = source.architecture or source.text or source.candidate
        if program_of(source) != source.path:
            sentence = self.tr("{name} is a program that would run on this computer.")
            obstacle = Obstacle(files.CONSENT, sentence.format(name=Path(program_of(source)).name), source)
        elif file.status in {files.CONSENT, files.REFUSED} or (file.status == files.ARCHITECTURE and not connected):
            kind = files.FAILED if file.status == files.REFUSED and file.tensors else file.status
            obstacle = Obstacle(kind, file.need, source, file.calls)
        self._begin(restored, project, file, obstacle)

    def _begin(self, restored: Restored, project: str, file: FileInfo, obstacle: Obstacle) -> None:
        self._stop()
        contents = Contents(None, None, restored.settings, -1, file=file, obstacle=obstacle, labels=restored.labels)
        opening = Opening(contents, project=project)
        opening.restored = restored
        self._document.begin(opening)
        if restored.saved:
            self._document.mark_saved()

    # -------------------------------------------------------------------------------- first: what it holds

    def _browse(self, paths: Sequence[str], architecture: str, *, trust: bool) -> None:
        name = Path(sorted_paths(paths).weights[0]).name
        self._read(paths, name, architecture, trust=trust, done=self._browsed)

    def _read(
        self,
        paths: Sequence[str],
        name: str,
        architecture: str = "",
        *,
        trust: bool = False,
        done: Callable[[Browsed], None],
    ) -> None:
        """Look into files; what is open stays until that is done, and what was read of a large one is shown."""
        self._submit(
            Job(
                self.tr("Opening {name}").format(name=name),
                Priority.OPEN,
                lambda: self._engine.browse(paths, architecture, trust=trust, telling=True),
                done=done,
                part=self._take_rows,
                failed=self._not_read,
            )
        )

    def _take_rows(self, part: ReadRows) -> None:
        reading = self._reading
        if reading is None or not part.first:
            reading = self._reading = Reading(part.path, Path(part.path).name)
        reading.rows += part.rows
        reading.total = part.total
        self._document.put_reading(reading)

    def _not_read(self, failure: Failure) -> None:
        self._read_no_more()
        self._failed(failure)

    def _read_no_more(self) -> None:
        """What was read of a file that does not come counts for nothing."""
        self._reading = None
        self._document.put_reading(None)

    def _browsed(self, browsed: Browsed) -> None:
        file, source = browsed.file, browsed.source
        runs = file.status == files.RUNS or bool(source.trusted)
        kind = files.LOADING if runs else file.status
        if kind == files.REFUSED and file.tensors:
            kind = files.FAILED  # it could be read all right, only that there is no network in it
        sentence = self._loading_title(file) if runs else file.need
        obstacle = Obstacle(kind, sentence, source, file.calls, table=browsed.table)
        settings = for_another_network(self._document.settings)
        # Before anything hears of the new file: what was being loaded is wanted no more.
        self._stop()
        self._document.open(
            Contents(None, None, settings, -1, file=file, obstacle=obstacle),
            self.tr("Open {name}").format(name=file.name),
        )
        self._left_out = browsed.left_out
        if not runs:
            self._say_rest()

    # -------------------------------------------------------------------------------- then: its network

    def _follow(self) -> None:
        """Load what is shown as being loaded, and nothing else: undo and redo lead in and out of openings."""
        document = self._document
        if self._loading is not None and document.opening is not self._loading:
            self._stop()
        obstacle = document.obstacle
        if obstacle is not None and obstacle.kind == files.LOADING and self._loading is None:
            self.load(obstacle.source, obstacle.table)

    def _loaded(self, opened: Opened, table: InputTable) -> None:
        opening, self._loading = self._loading, None
        if opening is None:
            return
        if opening.restored is not None:
            self._put_back(opening, opening.restored, opened, table)
            return
        before = opening.contents
        contents = replace(before, network=opened.network, table=table, sample=0, obstacle=None)
        self._document.complete(opening, contents)
        self._say_rest(opened.problem)
        if opened.problem and before.obstacle is not None and before.obstacle.table:
            self.table_misfit.emit((before.obstacle.table,))

    def _put_back(self, opening: Opening, restored: Restored, opened: Opened, made: InputTable) -> None:
        """The network of a project is there, and takes over what waited for it."""
        document, table = self._document, restored.table
        count, problem = sum(len(one.features) for one in opened.network.inputs), ""
        if table is not None and len(table.features) != count:
            problem = self.tr(
                "The network takes {wanted} numbers a sample, the table of the project has {found}: it is left out."
            ).format(wanted=count, found=len(table.features))
            table = None
        contents = replace(
            opening.contents,
            network=opened.network,
            table=table or made,
            sample=max(0, restored.sample),
            layer=restored.layer if any(one.path == restored.layer for one in opened.network.layers) else "",
            obstacle=None,
        )
        opening.restored = None
        document.complete(opening, contents)
        document.select_node(restored.node, contents.layer)
        document.select_unit(restored.unit if contents.layer else -1)
        if document.file is not None and any(one.name == restored.tensor for one in document.file.tensors):
            document.select_tensor(restored.tensor)
        self._say_rest(problem)

    def _loaded_anew(self, opened: Opened, table: InputTable) -> None:
        document = self._document
        kept = document.settings
        settings = ExplainSettings(composite=kept.composite, own=kept.own, edits=kept.edits)
        contents = Contents(opened.network, table, settings, 0, file=document.file, labels=document.labels)
        document.open(contents, self.tr("Load {name} anew").format(name=opened.network.name))
        self._say_rest(opened.problem)

    def _not_loaded(self, failure: Failure) -> None:
        from lrp_engine.errors import NeedsArchitecture, NeedsSizes, UntrustedFile

        self._loading = None
        error, obstacle = failure.error, self._document.obstacle
        if obstacle is None:
            return
        kind, calls, sizes = files.FAILED, (), ()
        if isinstance(error, NeedsArchitecture):
            kind = files.ARCHITECTURE
        elif isinstance(error, NeedsSizes):
            asked = dict(obstacle.source.sizes)
            kind, sizes = files.SIZES, tuple(SizeRow(name, asked.get(name, ())) for name in error.inputs)
        elif isinstance(error, UntrustedFile):
            kind, calls = (files.CONSENT if error.consent else files.REFUSED), error.calls
            obstacle = replace(obstacle, source=replace(obstacle.source, trusted=""))
        self._put(Obstacle(kind, failure.sentence, obstacle.source, calls, failure.details, obstacle.table, sizes))
        self._say_rest()

    def _notice_cancelled(self) -> None:
        """Somebody pressed Esc: the file stays, its network does not come; or what was being read does not."""
        if self._reading is not None and self._job is not None and self._job.cancelled:
            self._read_no_more()
        obstacle = self._document.obstacle
        if self._loading is None or self._job is None or not self._job.cancelled or obstacle is None:
            return
        self._loading = None
        self._put(replace(obstacle, kind=files.STOPPED, sentence=self.tr("Loading the network was stopped.")))

    def _put(self, obstacle: Obstacle) -> None:
        opening = self._document.opening
        if opening is not None and obstacle != self._document.obstacle:
            self._document.complete(opening, replace(opening.contents, obstacle=obstacle))

    def _loading_title(self, file: FileInfo) -> str:
        return self.tr("Loading {name}").format(name=file.name)

    def _given_table(self) -> str:
        return self._document.obstacle.table if self._document.obstacle is not None else ""

    def _stop(self) -> None:
        self._loading = self._reading = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _submit(self, job: Job) -> None:
        self._read_no_more()
        if self._job is not None:
            self._job.cancel()
        self._job = self._jobs.submit(job)

    # -------------------------------------------------------------------------------- tables and sentences

    def _table_read(self, network: NetworkInfo, data: TableData, table: InputTable) -> None:
        if self._document.network is not network:
            return
        contents = replace(self._document.contents, table=table, sample=0)
        self._document.open(contents, self.tr("Open {name}").format(name=Path(data.path).name))
        self.table_told.emit(" ".join(map(engine, data.notes)))

    def _table_failed(self, paths: tuple[str, ...], failure: Failure) -> None:
        """What does not fit by itself may fit once somebody has said how it is meant."""
        from lrp_engine.errors import FormatError

        self._failed(failure)
        if isinstance(failure.error, FormatError):
            self.table_misfit.emit(paths)

    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, failure.details)

    def _say_rest(self, table_problem: str = "") -> None:
        """What of all that was given is not used, in one message: a second one would take the first one's place."""
        sentences = (*self._left_out, *((table_problem,) if table_problem else ()))
        self._left_out = ()
        if sentences:
            self._say(" ".join(sentences), remedy="open_table" if table_problem else "")

    def _say_left_out(self, *paths: str) -> None:
        if paths:
            self._say(
                self.tr("One network and one table are open at a time: {names} were left out.").format(
                    names=", ".join(Path(path).name for path in paths)
                )
            )

    def _say(self, sentence: str, details: str = "", remedy: str = "") -> None:
        self._document.message.emit(Message(sentence, details, remedy))


def opened_and_made(opening: Steps[Opened], kept: InputTable | None = None) -> Steps[tuple[Opened, InputTable]]:
    """In the worker: a network, and the table for it; to make that for a hundred thousand inputs takes long.

    `kept`: a table that may stay or comes with a project; what it calls the network's features is found here, too.
    """
    from lrp_gui.document.called import as_in_table
    from lrp_gui.document.table import fresh_table

    opened = yield from opening
    network, data = opened.network, opened.table
    as_in_table(network, kept)
    return opened, fresh_table(features_of(network)) if data is None else input_table(network, data)


def read_and_made(network: NetworkInfo, reading: Steps[TableData]) -> Steps[tuple[TableData, InputTable]]:
    """In the worker, for of millions of rows both take long: a table as it is read, and as the document holds it."""
    data = yield from reading
    return data, input_table(network, data)


def input_table(network: NetworkInfo, data: TableData) -> InputTable:
    """Make the table of a file that was read for this network."""
    from lrp_gui.document.called import as_in_table
    from lrp_gui.document.table import InputTable

    features = data.features or features_of(network)
    columns = data.values, data.typed, data.extras, data.path, data.names, data.audit
    table = InputTable.from_columns(features, *columns)
    as_in_table(network, table)
    return table
