"""What a project holds at one moment: taken in the main thread, cheap whatever its size, and written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document.state import ExplainSettings, Labels
from lrp_gui.project.schema import SelectionRecord, ViewsRecord

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import Source
    from lrp_gui.document.state import Work
    from lrp_gui.document.table_frozen import FrozenTable
    from lrp_gui.project.results import Kept


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Plain values and frozen arrays; whoever has read the table releases it."""

    name: str  # of the network or its file
    source: Source | None
    files: tuple[str, ...]  # all that the weights are made of
    settings: ExplainSettings
    labels: Labels
    selection: SelectionRecord
    views: ViewsRecord
    table: FrozenTable | None
    reference: np.ndarray | None  # (features,)
    work: Work  # to tell later whether anything is another
    results: Kept | None = None  # where somebody wants them in the project

    def release(self) -> None:
        """Nobody reads the table any more."""
        if self.table is not None:
            self.table.release()


def taken(document: Document, views: ViewsRecord, *, with_table: bool = True) -> Snapshot:
    """What the document holds now. Without the table it costs next to nothing."""
    work, table, waiting = document.work, document.table, document.opening and document.opening.restored
    chosen = (document.selected_sample, document.selected_layer, document.selected_unit)
    others = (document.selected_node, document.selected_tensor)
    if waiting:  # what a project brought, and no network took over yet, must not be lost
        table = waiting.table
        chosen, others = (waiting.sample, waiting.layer, waiting.unit), (waiting.node, waiting.tensor)
    sample, layer, unit = chosen
    return Snapshot(
        *(document.name, work.source, document.file.files if document.file is not None else ()),
        *(work.settings, work.labels, SelectionRecord(max(-1, sample), layer, max(-1, unit), *others), views),
        table.freeze() if table is not None and with_table else None,
        work.settings.reference.values,
        work,
    )
