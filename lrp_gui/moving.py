"""The views' modules are imported in the main thread, in pieces that nobody notices.

PySide makes its classes when they are first named, and doing so in one thread while another is in Qt ends the process
(seen: a segmentation fault in one start of six). pyqtgraph names all of them as it is imported. So they are named here
first, a few a turn, then pyqtgraph, then the views; only what knows nothing of Qt is imported in the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

# What pyqtgraph copies from PySide, and what it opens.
QT_MODULES = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtOpenGL", "QtOpenGLWidgets")
NAMES_A_TURN = 60

# What opening files needs, and what that is made of.
OPENING_MODULES = (
    "hashlib",
    "msgspec",
    "lrp_gui.document.files",
    "lrp_gui.document.opening",
    "lrp_gui.document.explaining",
    "lrp_gui.document.long_edits",
    "lrp_gui.document.computing",
    "lrp_engine.networks.cache",
    "lrp_gui.jobs.engine",
    "lrp_gui.start_recent",
)
# In the order in which they need each other, so that each turn imports little. The last ones are here so that nothing
# is loaded by the window while torch's libraries are: the system loads one at a time.
VIEW_MODULES = (
    "lrp_gui.document.table_storage",
    "lrp_gui.document.table",
    "lrp_gui.browser",
    "lrp_gui.document.table_paste",
    "lrp_gui.table",
    "pyqtgraph",
    "lrp_gui.viewer.ink",
    "lrp_gui.viewer.plots",
    "lrp_gui.viewer.charts",
    "lrp_gui.viewer.neuron_picture",
    "lrp_gui.viewer.stage_picture",
    "lrp_gui.viewer.detail",
    "lrp_gui.viewer",
    "lrp_gui.viewer.pictures",
    "lrp_gui.document.exporting",
    "lrp_gui.export",
    "lrp_gui.inspector.plots",
    "lrp_gui.inspector",
    "lrp_gui.opening.candidates",
    "lrp_gui.opening.consent",
    "lrp_gui.help.book",
    "lrp_gui.help.helper",
    "PySide6.QtNetwork",
)


def opening_steps() -> Iterator[Callable[[], object]]:
    """What comes before files can be opened, a turn each."""
    yield partial(_name, "PySide6.QtCore", ["Qt"])  # a hundred enumerations
    for module in OPENING_MODULES:
        yield partial(import_module, module)


def steps() -> Iterator[Callable[[], object]]:
    """What to do, a turn each."""
    for module in QT_MODULES:
        yield from _naming(f"PySide6.{module}")
    for module in VIEW_MODULES:
        yield partial(import_module, module)


def _naming(module: str) -> Iterator[Callable[[], object]]:
    names: list[str] = []
    yield lambda: names.extend(dir(import_module(module)))
    # by now the turn above has been taken: the steps are asked for one by one
    for start in range(0, len(names), NAMES_A_TURN):
        yield partial(_name, module, names[start : start + NAMES_A_TURN])


def _name(module: str, names: list[str]) -> None:
    found = import_module(module)
    for name in names:
        getattr(found, name)
