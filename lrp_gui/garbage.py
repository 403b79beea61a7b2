"""Garbage is collected in the main thread only.

Python collects in whatever thread allocates, also in the worker; Qt objects that lie in a cycle (pyqtgraph makes such)
would then be taken down outside the main thread, which Qt does not allow.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1000


class Collector(QObject):
    """Takes over from Python's own collector, at its thresholds, a generation at a time."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(collect)
        timer.start(INTERVAL_MS)


def collect() -> None:
    """Collect the oldest generation that is due, and with it the younger ones."""
    due = [
        age for age, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if count > most
    ]
    if due:
        gc.collect(max(due))
