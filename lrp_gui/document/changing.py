"""The table as the document holds it: what changes it, and the news of each change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from lrp_gui.document.state import Touched

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.long_edits import LongEdits
    from lrp_gui.document.results import TableResult
    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_blocks import Made, Patch, RowBlock, Shelf, Snapshot


class TableState(QObject):
    """The part of the document that changes the table at once; only the undo commands call it.

    Rows are rows of the table. Columns are the features, and behind them the extra columns.
    """

    table_changed = Signal()  # after any change of rows, columns or cells
    # Finer news of the table, for item models and for whoever explains; `table_changed` follows each of them.
    table_replaced = Signal()
    cells_changed = Signal(object)  # a Touched
    rows_about_to_be_inserted = Signal(int, int)  # at, count
    rows_inserted = Signal(int, int)
    rows_about_to_be_removed = Signal(int, int)
    rows_removed = Signal(int, int)
    rows_about_to_move = Signal()  # rows come or go in several places
    rows_moved = Signal(object)  # (rows,) which row each was before, -1 for a new one
    columns_changed = Signal()  # the data of columns changed places; the number of columns did not
    table_edited = Signal(object)  # a `table_changes.Change`: what to do to have the same in another copy
    table_result_changed = Signal()
    looked_at = Signal(object)  # (rows,) those on the screen
    sample_selected = Signal(int)
    message = Signal(object)  # a Message

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.table: InputTable | None = None
        # One row per row of the table, NaN where a row is not explained (yet).
        self.table_result: TableResult | None = None
        self.selected_sample = -1
        self.decimal_comma = False  # what a comma in a pasted number is where nothing tells
        self._shelf: Shelf | None = None
        self._long: LongEdits | None = None

    @property
    def shelf(self) -> Shelf:
        """Where the steps keep their numbers."""
        if self._shelf is None:
            from lrp_gui.document.table_blocks import Shelf

            self._shelf = Shelf()
        return self._shelf

    def take_long_edits(self, long: LongEdits) -> None:
        """From now on edits of many numbers are made in the worker."""
        self._long = long

    def select_sample(self, row: int) -> None:
        """Choose a row of the table, or -1 when there is none."""
        samples = self.table.samples if self.table else 0
        row = min(max(row, -1), samples - 1)
        if row != self.selected_sample:
            self.selected_sample = row
            self.sample_selected.emit(row)

    def look_at(self, rows: np.ndarray) -> None:
        """These rows are on the screen: what is known of them comes first, and is computed again if it was not kept."""
        if len(rows):
            self.looked_at.emit(rows)

    def cell_text(self, row: int, column: int) -> str:
        """The text of one cell, "" outside the table."""
        table = self.table
        if table is None or not 0 <= row < table.samples:
            return ""
        if column < len(table.features):
            return table.text(row, column)
        extra = column - len(table.features)
        return table.extras[extra].texts[row] if extra < len(table.extras) else ""

    def column_name(self, column: int) -> str:
        """What a column of the table is called."""
        table = self.table
        if table is None:
            return ""
        features = len(table.features)
        return table.features[column].name if column < features else table.extras[column - features].name

    # ----------------------------------------------------------- the table, as the undo commands change it

    def put_patches(self, patches: Sequence[Patch], made: Made | None = None) -> list[Patch]:
        """Write into cells, look at the first of them, and give what undoes it, in the order in which it does.

        `made`, here and below: the worker did it already.
        """
        if self.table is None:
            return []
        import numpy as np

        from lrp_gui.document.table_changes import Written

        undoing = self._done(made) if made else [patch.write(self.table) for patch in patches][::-1]
        rows = ascending(np.concatenate([patch.rows for patch in patches]))
        columns = ascending(np.concatenate([patch.columns for patch in patches]))
        self.table_edited.emit(Written(tuple(patches)))
        self.cells_changed.emit(Touched(rows, columns))
        self.table_changed.emit()
        if self.selected_sample not in rows:
            self.select_sample(int(rows[0]))
        return undoing

    def put_rows(self, rows: np.ndarray, block: RowBlock, made: Made | None = None) -> None:
        """Put samples in, so that they stand at `rows`."""
        if self.table is None:
            return
        import numpy as np

        from lrp_gui.document.table_changes import Came

        self._announce(rows, coming=True)
        if made:
            self._done(made)
        else:
            self.table.insert(rows, block)
        # What stands at a row moves down by the new ones that are above it then.
        above = int(np.searchsorted(rows - np.arange(len(rows)), self.selected_sample, side="right"))
        if self.selected_sample >= 0:
            self.selected_sample += above
        self._moved(rows, coming=True, made=made)
        self.table_edited.emit(Came(rows, block))

    def take_rows(self, rows: np.ndarray, made: Made | None = None) -> RowBlock | None:
        """Remove samples and give them, complete."""
        if self.table is None:
            return None
        import numpy as np

        from lrp_gui.document.table_changes import Went

        self._announce(rows, coming=False)
        taken = self._done(made) if made else self.table.remove(rows)
        chosen = self.selected_sample
        gone = chosen in rows
        chosen -= int(np.searchsorted(rows, chosen))
        # Where it is gone, look at what stands there now.
        self.selected_sample = min(chosen, self.table.samples - 1) if gone else chosen
        self._moved(rows, coming=False, made=made)
        self.table_edited.emit(Went(rows))
        return taken

    def put_columns(self, order: np.ndarray, made: Made | None = None) -> Snapshot | None:
        """Give features other columns' data, and give what undoes it."""
        if self.table is None:
            return None
        from lrp_gui.document.table_changes import Assigned

        snapshot = self._done(made) if made else self.table.assign(order)
        self.table_edited.emit(Assigned(order))
        self._after_columns()
        return snapshot

    def put_snapshot(self, snapshot: Snapshot, made: Made | None = None) -> None:
        """Put columns back."""
        if self.table is not None:
            from lrp_gui.document.table_changes import PutBack

            if made:
                self._done(made)
            else:
                self.table.restore(snapshot)
            self.table_edited.emit(PutBack(snapshot))
            self._after_columns()

    # ------------------------------------------------------------------------------------- for the document

    def before_rows_go(self, rows: np.ndarray) -> None:
        """Steps that have to be made before rows are deleted."""

    def follow_rows(self, rows: np.ndarray, *, coming: bool) -> None:
        """Whatever else knows rows by their number follows them."""

    # ------------------------------------------------------------------------------------------ small parts

    def _done(self, made: Made) -> Any:
        """The table that the worker changed takes the place of the one that is here."""
        assert self.table is not None
        self.table.become(made.table)
        return made.taken

    def _announce(self, rows: np.ndarray, *, coming: bool) -> None:
        from lrp_gui.document.table_storage import is_run

        if not is_run(rows):
            self.rows_about_to_move.emit()
        elif coming:
            self.rows_about_to_be_inserted.emit(int(rows[0]), len(rows))
        else:
            self.rows_about_to_be_removed.emit(int(rows[0]), len(rows))

    def _moved(self, rows: np.ndarray, *, coming: bool, made: Made | None) -> None:
        assert self.table is not None
        from lrp_gui.document.table_moved import rows_before
        from lrp_gui.document.table_storage import is_run

        at, count, before = int(rows[0]), len(rows), made.before if made else None
        if before is None and not is_run(rows):
            before = rows_before(rows, self.table.samples, coming=coming)
        if self.table_result is not None:
            from lrp_gui.document import scores

            if before is not None:
                self.table_result = scores.moved(self.table_result, before)
            else:
                self.table_result = (scores.came if coming else scores.went)(self.table_result, at, count)
        self.follow_rows(rows, coming=coming)
        if before is not None:
            self.rows_moved.emit(before)
        elif coming:
            self.rows_inserted.emit(at, count)
        else:
            self.rows_removed.emit(at, count)
        self.table_changed.emit()
        self.table_result_changed.emit()
        # The same sample may stand at another row now.
        self.sample_selected.emit(self.selected_sample)

    def _after_columns(self) -> None:
        if self.table is None or not self.table.samples:
            return
        self.columns_changed.emit()
        features = ascending(range(len(self.table.features)))
        self.cells_changed.emit(Touched(ascending(range(self.table.samples)), features))
        self.table_changed.emit()


def ascending(rows: Iterable[int] | np.ndarray) -> np.ndarray:
    """Row numbers, each once and in order."""
    import numpy as np

    if isinstance(rows, range) and rows.step == 1:
        return np.arange(rows.start, rows.stop, dtype=np.intp)
    found = rows.astype(np.intp) if isinstance(rows, np.ndarray) else np.fromiter(rows, dtype=np.intp)
    if not len(found) or (np.diff(found) > 0).all():
        return found
    there = np.zeros(int(found.max()) + 1, dtype=bool)  # np.unique takes a hundred times as long
    there[found] = True
    return np.flatnonzero(there)
