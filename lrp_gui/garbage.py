"""What Python's and PySide's own housekeeping would do to a window, and is done here instead.

Python collects in whatever thread allocates, also in the worker; Qt objects that lie in a cycle (pyqtgraph makes such)
would then be taken down outside the main thread, which Qt does not allow. So garbage is collected in the main thread
only. There it takes as long as there are objects: of a file with ten thousand tensors, a tenth of a second and more.
What outlives a collection that could be felt is therefore set aside, and not gone through again until nobody looks, or
some minutes have passed.

PySide wraps the items of a layout that is put into its place (`addLayout`, `setLayout`) with widgets in it. An item
ends without PySide hearing of it when its widget is deleted or moves to another layout; the wrapper stays in Shiboken's
map of addresses. As soon as an object with a Python class comes to lie at that address and is deleted, Shiboken 6.11
goes on with that object's freed wrapper, and the process ends with a segmentation fault, some hundred windows later
(seen: in `Object::destroy` -> `BindingManager::releaseWrapper`, under the deletion of a `Turns`). Nobody has a use for
these wrappers, so they are taken out of the map while their items live.
"""

from __future__ import annotations

import gc
import time
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSpacerItem, QWidgetItem
from shiboken6 import Shiboken

WRAPPERS_MS, COLLECTION_MS = 1000, 100  # what comes in a tenth of a second is gone through in a few milliseconds
FELT_SECONDS = 0.008
SET_ASIDE_SECONDS = 60.0  # until nobody looks; and where somebody always does
MOST_SET_ASIDE_SECONDS = 600.0


class Collector(QObject):
    """Takes over from Python's own collector, at its thresholds, a generation at a time."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._since: float | None = None  # something is set aside
        self.destroyed.connect(_take_back)  # what the window was made of, above all
        for work, interval in ((self.collect, COLLECTION_MS), (forget_items, WRAPPERS_MS)):
            timer = QTimer(self)
            timer.timeout.connect(work)
            timer.start(interval)

    def collect(self) -> None:
        """Collect what is due; what is left of much is set aside for a while."""
        began = time.monotonic()
        if self._since is not None and self._may_take_long(began - self._since):
            gc.unfreeze()
            gc.collect()
            self._since = None
        else:
            collect()
        if time.monotonic() - began > FELT_SECONDS:
            gc.freeze()
            self._since = began

    @staticmethod
    def _may_take_long(age: float) -> bool:
        looked_at = QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
        return age > (MOST_SET_ASIDE_SECONDS if looked_at else SET_ASIDE_SECONDS)


def _take_back(*_ended: QObject) -> None:
    gc.unfreeze()


def collect() -> None:
    """Collect the oldest generation that is due, and with it the younger ones."""
    due = [
        age for age, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if count > most
    ]
    if due:
        gc.collect(max(due))


def forget_items() -> None:
    """Take the wrappers that PySide made of layouts' items out of Shiboken's map."""
    for item in wrapped_items():
        Shiboken.invalidate(item)


def wrapped_items() -> list[Any]:
    """The wrappers that PySide made of layouts' items; a layout in Python that keeps its own items is left alone."""
    return [
        one
        for one in Shiboken.getAllValidWrappers()
        if type(one) in {QWidgetItem, QSpacerItem}
        and not Shiboken.createdByPython(one)
        and "\nparent" in Shiboken.dump(one)  # PySide's belong to the layout
    ]
