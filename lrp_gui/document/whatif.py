"""What the tabs about the chosen sample ask: its values as they were, the data's ranges, and what the network said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.queue import JobQueue


class WhatIf(QObject):
    """Follows the chosen sample."""

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document, self.jobs, self.engine = document, jobs, engine
        self.sweep = self.comparison = self
