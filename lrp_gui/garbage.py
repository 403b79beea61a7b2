"""What Python's and PySide's own housekeeping would do to a window, and is done here instead.

Python collects in whatever thread allocates, also in the worker; Qt objects that lie in a cycle (pyqtgraph makes such)
would then be taken down outside the main thread, which Qt does not allow. So garbage is collected in the main thread
only.

PySide wraps the items of a layout that is put into its place (`addLayout`, `setLayout`) with widgets in it. An item
ends without PySide hearing of it when its widget is deleted or moves to another layout; the wrapper stays in Shiboken's
map of addresses. As soon as an object with a Python class comes to lie at that address and is deleted, Shiboken 6.11
goes on with that object's freed wrapper, and the process ends with a segmentation fault, some hundred windows later
(seen: in `Object::destroy` -> `BindingManager::releaseWrapper`, under the deletion of a `Turns`). Nobody has a use for
these wrappers, so they are taken out of the map while their items live.
"""

from __future__ import annotations

import gc
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QSpacerItem, QWidgetItem
from shiboken6 import Shiboken

INTERVAL_MS = 1000


class Collector(QObject):
    """Takes over from Python's own collector, at its thresholds, a generation at a time."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(collect)
        timer.timeout.connect(forget_items)
        timer.start(INTERVAL_MS)


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
