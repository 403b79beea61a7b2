"""The open project: the one place where the truth is. Views read it, call it, and listen to it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from PySide6.QtCore import QObject, Signal

from lrp_gui.document.commands import ChangeSettings, Open, RenameLayer
from lrp_gui.document.editing import Editing
from lrp_gui.document.state import Contents, ExplainSettings, Labels, Opening, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from lrp_gui.document.files import FileInfo, Obstacle, Reading
    from lrp_gui.document.more import More
    from lrp_gui.document.reference import Reference
    from lrp_gui.document.results import Arriving, NetworkInfo, SampleResult, TableResult
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.requests import SampleRequest


class Document(Editing):
    """File, network, table, settings, selection and results, with a signal for each.

    Methods that begin with `put` and `take` change the state at once and are for the undo commands;
    everything else that edits pushes a command.
    """

    file_changed = Signal()  # also when only the obstacle did
    network_changed = Signal()
    result_changed = Signal()
    settings_changed = Signal()
    labels_changed = Signal()
    saved_changed = Signal()  # something else is in the project file now, or another file is the project's
    layer_selected = Signal(str)
    unit_selected = Signal(int)
    node_selected = Signal(str)
    tensor_selected = Signal(str)  # also when another file made its name mean another tensor
    problem_changed = Signal()
    stale_changed = Signal()
    reading_changed = Signal()  # more of a large file is there, or it is there as a whole, or was given up
    arriving_changed = Signal()  # more is known of an explanation on its way, or it was given up
    more_changed = Signal(str)  # something of that kind came which a view had asked for; see `more`
    more_came = Signal(str)  # a part of it did; see `more_part`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.file: FileInfo | None = None
        self.reading: Reading | None = None  # a large file on its way; `file` is what is open until it has come
        self.network: NetworkInfo | None = None
        self.obstacle: Obstacle | None = None  # why the file shows no network
        self.settings = ExplainSettings()
        self.labels: Labels = ()  # what the person calls layers of this network
        self.result: SampleResult | None = None
        self.request: SampleRequest | None = None  # what was asked to get the result
        self.selected_layer = ""
        self.selected_unit = -1
        self.selected_node = ""  # an operation by its name, or a group of them by "/" and its path
        self.selected_tensor = ""  # by name, of the open file
        self.problem = ""
        self.arriving: Arriving | None = None  # of an explanation that takes its time
        self.stopped = False  # somebody stopped it before there was a result
        self.stale = False  # the result is of an earlier state of the table or of the settings
        self.opening: Opening | None = None  # the one that brought what is shown
        self._more: More | None = None
        self._called: tuple[object, object, NetworkInfo | None] = (None, None, None)
        self._tables: WeakSet[InputTable] = WeakSet()  # the open one, and those to which undo leads back

    # ---------------------------------------------------------------------------- what is selected

    def select_layer(self, path: str) -> None:
        """Choose a layer, an input by its name, or "" for none."""
        if path == self.selected_layer:
            return
        self.selected_layer = path
        self.layer_selected.emit(path)
        self.select_unit(-1)
        self.select_node("", "")  # it stood for the layer before

    def select_unit(self, unit: int) -> None:
        """Choose a unit of the chosen layer, or -1."""
        if unit != self.selected_unit:
            self.selected_unit = unit
            self.unit_selected.emit(unit)

    def select_node(self, name: str, layer: str) -> None:
        """Choose an operation, or "" for none, and the layer that it stands for: "" where it stands for none."""
        if name or layer:  # an operation in no layer leaves none chosen: what is told of a layer is not told of it
            self.select_layer(layer)
        if name != self.selected_node:
            self.selected_node = name
            self.node_selected.emit(name)

    def select_tensor(self, name: str) -> None:
        """Choose a tensor of the file, or "" for none; to choose it again is to ask for it again."""
        if name or self.selected_tensor:
            self.selected_tensor = name
            self.tensor_selected.emit(name)

    # -------------------------------------------------------------------- edits that can be undone

    def open(self, contents: Contents, text: str) -> None:
        """Take over what was read from a file. The first file of a session is where history begins.

        Another file of weights is another piece of work; another table or way to load the same file is an edit of it.
        """
        reference = contents.settings.reference
        if reference and self.table is not None and contents.table is not self.table:
            from lrp_gui.document.reference import frozen

            settings = replace(contents.settings, reference=frozen(reference, self.table))
            contents = replace(contents, settings=settings)
        before, edit = self.opening, contents.file is not None and contents.file is self.file
        opening = Opening(contents, self.name, before.project if edit and before is not None else "")
        if edit and before is not None:
            opening.root = before.root
            if before.project or self.modified:
                opening.kept = before.kept
        if self.network is None and self.file is None:
            self.begin(opening)
        else:
            self.undo_stack.push(Open(self, opening, text))
        if opening.kept is None:
            opening.kept = self.work

    def begin(self, opening: Opening) -> None:
        """Start anew with what this brings: nothing leads back to what was open before."""
        self.undo_stack.clear()
        self._tables.clear()
        self.put_contents(opening.contents, opening)
        self.undo_stack.clear()

    def complete(self, opening: Opening, contents: Contents) -> None:
        """Put what took longer, the network, in the place of what an opening brought at first; it stays one edit."""
        opening.contents = contents
        untouched = opening.kept == self.work
        if self.opening is opening:
            self.put_contents(contents, opening)
            if untouched:
                self.mark_saved()

    @property
    def called(self) -> NetworkInfo | None:
        """The network as it is shown: what it does not name is called as in the table."""
        from lrp_gui.document.called import as_in_table

        key = (self.network, self.table.features if self.table is not None else None)
        if self._called[0] is not key[0] or self._called[1] is not key[1]:
            self._called = (*key, self.network and as_in_table(self.network, self.table))
        return self._called[2]

    def input_columns(self, name: str) -> slice:
        """The columns of the table that are the units of one input; none for a name that is no input's."""
        first = 0
        for one in self.network.inputs if self.network is not None else ():
            if one.name == name:
                return slice(first, first + len(one.features))
            first += len(one.features)
        return slice(0, 0)

    def set_target(self, target: str) -> None:
        """Explain something else; the text is what a person types: "max", "2", "2-5", a class's name."""
        self._change(replace(self.settings, target=target.strip()), self.tr("Change target"))

    def set_composite(self, composite: str) -> None:
        """Explain by another composite, by name."""
        self.set_rules(replace(self.settings, composite=composite, own=None, edits=()), self.tr("Change composite"))

    def set_rules(self, settings: ExplainSettings, text: str) -> None:
        """Explain by other rules; `text` names the step in the Edit menu."""
        self._change(settings, text)

    def set_reference(self, reference: Reference) -> None:
        """Compare with something, or explain against it."""
        text = self.tr("Change reference") if reference else self.tr("Take the reference away")
        self._change(replace(self.settings, reference=reference), text)

    def rename_layer(self, path: str, label: str) -> None:
        """Call a layer something else wherever it is shown; "" or its path takes that back."""
        label = " ".join(label.split())
        label = "" if label == path else label
        if label == self.labelled(path, ""):
            return
        others = [pair for pair in self.labels if pair[0] != path]
        labels = tuple(sorted([*others, (path, label)] if label else others))
        self.undo_stack.push(RenameLayer(self, labels, self.tr("Rename layer {name}").format(name=path)))

    def set_auto(self, auto: bool) -> None:
        """Explain after each edit, or only when asked. A mode of working, not an edit: nothing to undo."""
        if auto != self.settings.auto:
            self.put_settings(replace(self.settings, auto=auto))

    # ------------------------------------------------------ the state, as the undo commands set it

    @property
    def name(self) -> str:
        """What is open, "" when nothing is."""
        named = self.network or self.file
        return named.name if named is not None else ""

    def labelled(self, path: str, otherwise: str | None = None) -> str:
        """What a layer is called where it is shown: as the person calls it, else by its path, or `otherwise`."""
        found = dict(self.labels).get(path) if self.labels else None
        return found or (path if otherwise is None else otherwise)

    @property
    def work(self) -> Work:
        """All that the person made, to compare with what is kept."""
        network, obstacle, table = self.network, self.obstacle, self.table
        source = network.source if network is not None else obstacle.source if obstacle is not None else None
        # A consent is given anew for each session.
        source = replace(source, trusted="") if source is not None else None
        state = table.state if table is not None else 0
        return Work(source, table, state, replace(self.settings, auto=True), self.labels)

    @property
    def modified(self) -> bool:
        """Whether anything is another than when it was opened or saved as a project."""
        return self.opening is not None and self.opening.kept != self.work

    def mark_saved(self, work: Work | None = None, project: str | None = None) -> None:
        """What was made, all of it or this work, is in a project file, or in no need of one."""
        if self.opening is not None:
            self.opening.kept = work or self.work
            if project is not None:
                self.opening.project = project
            self.saved_changed.emit()

    @property
    def contents(self) -> Contents:
        """All that opening a file would replace."""
        return Contents(
            self.network,
            self.table,
            self.settings,
            self.selected_sample,
            self.selected_layer,
            self.file,
            self.obstacle,
            self.labels,
        )

    def unsaved_tables(self) -> list[InputTable]:
        """Tables with edits that are in no file, the open one first: what closing the window would lose."""
        tables = sorted(self._tables, key=lambda table: table is not self.table)
        return [table for table in tables if table.edited]

    def discard_edits(self) -> None:
        """Nobody wants what is in no file: it is not asked about again."""
        if self.table is not None:
            self.table.mark_kept()
        self.mark_saved()

    def put_contents(self, contents: Contents, opening: Opening | None = None) -> None:
        """Replace file, network, table and settings; results of the old ones go."""
        self.opening = opening
        another_file = contents.file is not self.file or contents.obstacle != self.obstacle
        another_network = contents.network is not self.network
        self.file, self.obstacle = contents.file, contents.obstacle
        self.network, self.table = contents.network, contents.table
        if contents.table is not None:
            self._tables.add(contents.table)
        self.settings = replace(contents.settings, auto=self.settings.auto)
        self.labels = contents.labels
        self.selected_sample, self.selected_unit, self.selected_node = -1, -1, ""
        self.selected_layer = contents.layer
        self.result, self.request, self.table_result, self.problem = None, None, None, ""
        self.arriving, self.stopped = None, False
        if self._more is not None:
            self._more.begin(None)
        if another_file:
            names = {one.name for one in contents.file.tensors} if contents.file is not None else set[str]()
            if self.selected_tensor not in names:
                self.selected_tensor = ""
            was_read, self.reading = self.reading is not None, None
            self.file_changed.emit()
            if was_read:
                self.reading_changed.emit()
            self.tensor_selected.emit(self.selected_tensor)
        if another_network:
            self.network_changed.emit()
        self.table_replaced.emit()
        self.table_changed.emit()
        self.settings_changed.emit()
        self.labels_changed.emit()
        self.result_changed.emit()
        self.table_result_changed.emit()
        self.problem_changed.emit()
        self.layer_selected.emit(contents.layer)
        self.unit_selected.emit(-1)
        self.select_sample(contents.sample)

    def start_with(self, composite: str, known: Sequence[str]) -> None:
        """Explain by the composite that somebody wants at first, unless there is something open by now."""
        if composite in known and self.file is None and self.network is None:
            self.put_settings(replace(self.settings, composite=composite))

    def put_settings(self, settings: ExplainSettings) -> None:
        """Replace target, composite and mode."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit()

    def put_labels(self, labels: Labels) -> None:
        """Replace what layers are called."""
        if labels != self.labels:
            self.labels = labels
            self.labels_changed.emit()

    # ----------------------------------------------------------------------- what the worker found

    def put_result(
        self,
        result: SampleResult | None,
        problem: str = "",
        request: SampleRequest | None = None,
        parts: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """The chosen sample's explanation, what was asked, and what is known of more by kind; or why there is none."""
        self.result, self.request, self.stale = result, request, False
        self.arriving, self.stopped = None, False
        if self._more is not None:
            self._more.begin(request, parts)
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit()
        self.result_changed.emit()
        self.stale_changed.emit()

    def put_reading(self, reading: Reading | None) -> None:
        """What is there of a file that is being read; None where it will not come."""
        if reading is not None or self.reading is not None:
            self.reading = reading
            self.reading_changed.emit()

    def put_arriving(self, arriving: Arriving | None, *, stopped: bool = False) -> None:
        """What is known of the explanation that is on its way; None where it will not come."""
        changed = arriving is not self.arriving or stopped != self.stopped
        self.arriving, self.stopped = arriving, stopped
        if changed:
            self.arriving_changed.emit()

    def take_more(self, more: More) -> None:
        """From now on views can ask for more than the explanation."""
        self._more = more
        more.changed.connect(self.more_changed)
        more.came.connect(self.more_came)

    def more(self, kind: str) -> Any:
        """What the worker has of a kind (of `jobs.more`) for the explanation that is shown.

        None while it is being made, which asking begins, or where it cannot be made: `more_problem` says why.
        """
        return None if self._more is None else self._more.get(kind)

    def more_part(self, kind: str) -> Any:
        """What is known of a kind while the rest of it is being made; None where that is nothing."""
        return None if self._more is None else self._more.part(kind)

    @property
    def looked_at_more(self) -> tuple[str, ...]:
        """The kinds that views asked for when an explanation was last shown."""
        return () if self._more is None else self._more.looked_at

    def more_problem(self, kind: str) -> str:
        """Why there is none of a kind, in one sentence; "" otherwise."""
        return "" if self._more is None else self._more.problem(kind)

    def put_table_result(self, result: TableResult | None) -> None:
        """What is known of the whole table."""
        self.table_result = result
        self.table_result_changed.emit()

    def mark_stale(self) -> None:
        """The result no longer belongs to what the table and the settings say."""
        if self.result is not None and not self.stale:
            self.stale = True
            self.stale_changed.emit()

    # --------------------------------------------------------------------------------- small parts

    def before_rows_go(self, rows: np.ndarray) -> None:
        """Before the sample that others are compared with goes, a copy takes its place."""
        reference = self.settings.reference
        if self.table is not None and reference and reference.row in rows:
            from lrp_gui.document.reference import frozen

            copy = frozen(reference, self.table)
            self._change(replace(self.settings, reference=copy), self.tr("Keep the reference"))

    def follow_rows(self, rows: np.ndarray, *, coming: bool) -> None:
        """The sample that others are compared with stands at another row now."""
        import numpy as np

        reference = self.settings.reference
        # Those that come count where they are put in; those that go, where they stood.
        places = rows - np.arange(len(rows)) if coming else rows
        above = int(np.searchsorted(places, reference.row, side="right" if coming else "left"))
        self.put_settings(replace(self.settings, reference=reference.moved(0, above if coming else -above)))

    def _change(self, settings: ExplainSettings, text: str) -> None:
        if settings != self.settings:
            self.undo_stack.push(ChangeSettings(self, settings, text))
