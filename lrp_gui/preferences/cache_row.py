"""How much is kept in the cache, and a button that clears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from lrp_gui.languages import trn

if TYPE_CHECKING:
    from lrp_gui.document.computing import EngineSettings
    from lrp_gui.jobs.computing import CacheUse

MIB = 1 << 20


class CacheRow(QWidget):
    """Asks the worker; it may take a while on a slow disk."""

    def __init__(self, computing: EngineSettings) -> None:
        super().__init__()
        self._computing = computing
        self.words = QLabel(self.tr("Looking …"))
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.clear = QPushButton(self.tr("&Clear Cache"))
        self.clear.setAutoDefault(False)
        self.clear.setAccessibleName(self.tr("Clear Cache"))
        self.clear.setToolTip(self.tr("Remove all networks that are kept; they are made again when they are opened"))
        self.clear.setEnabled(False)
        self.clear.clicked.connect(self._clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.clear)
        computing.cache_looked.connect(self._show)

    def look(self) -> None:
        """Ask how much there is."""
        self._computing.look_at_cache()

    def _clear(self) -> None:
        self.clear.setEnabled(False)
        self.words.setText(self.tr("Clearing …"))
        self._computing.clear_cache()

    def _show(self, use: CacheUse) -> None:
        self.clear.setEnabled(use.entries > 0)
        if not use.entries:
            self.words.setText(self.tr("Nothing is kept in {folder}.").format(folder=use.folder))
            return
        text = trn(
            "{n} network takes {size} MiB in {folder}.", "{n} networks take {size} MiB in {folder}.", use.entries
        )
        self.words.setText(text.format(size=f"{use.size / MIB:,.1f}", folder=use.folder))
