"""Qt objects in cycles are never taken down by the worker; what PySide makes of layouts' items is forgotten."""

import gc
import threading

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from shiboken6 import Shiboken

from lrp_gui import garbage
from lrp_gui.garbage import collect, forget_items, wrapped_items
from lrp_gui.opening.page import ObstaclePage
from lrp_gui.sample.editors.flow import FlowLayout
from lrp_gui.theme import LIGHT


class Knot(QObject):
    """An object in a cycle, which writes down where it ends."""

    def __init__(self, ended):
        super().__init__()
        self.itself, self.ended = self, ended

    def __del__(self):
        self.ended.append(threading.current_thread() is threading.main_thread())


def allocate():
    return [[[number]] for number in range(200_000)]


def test_a_worker_that_allocates_collects_nothing(diabetes):
    ended = []
    Knot(ended)
    worker = threading.Thread(target=allocate)
    worker.start()
    worker.join()
    assert not gc.isenabled()
    gc.collect()
    assert ended == [True]


def test_what_is_due_is_collected(window):
    collect()
    ended = []
    Knot(ended)
    kept = allocate()
    collect()
    assert kept
    assert ended == [True]


def test_what_outlives_a_long_collection_is_set_aside_until_nobody_looks(window, monkeypatch):
    monkeypatch.setattr(garbage, "FELT_SECONDS", -1.0)
    collector = window.findChild(garbage.Collector)
    ended = []
    knot = Knot(ended)
    collector.collect()
    assert gc.get_freeze_count()
    del knot
    gc.collect()
    assert not ended
    monkeypatch.setattr(garbage, "FELT_SECONDS", 1000.0)
    for limit in ("SET_ASIDE_SECONDS", "MOST_SET_ASIDE_SECONDS"):
        monkeypatch.setattr(garbage, limit, -1.0)
    collector.collect()
    assert ended == [True]


def rows_of(widget, *, filled_first):
    """Two rows below each other, a button in the first."""
    column, above, below = QVBoxLayout(widget), QHBoxLayout(), QHBoxLayout()
    button = QPushButton()
    if filled_first:
        above.addWidget(button)
    column.addLayout(above)
    column.addLayout(below)
    if not filled_first:
        above.addWidget(button)
    return column, above, below, button


def test_a_layout_that_is_filled_in_its_place_has_no_wrapped_items(qapp):
    widget = QWidget()
    kept = rows_of(widget, filled_first=False)
    assert wrapped_items() == []
    assert kept


def test_wrapped_items_are_forgotten_before_their_widgets_go(qapp):
    widget = QWidget()
    column, above, below, button = rows_of(widget, filled_first=True)
    assert len(wrapped_items()) == 1
    forget_items()
    assert wrapped_items() == []
    below.addWidget(button)  # the item in the first row ends; Shiboken has no address of it
    assert wrapped_items() == []
    assert (column.count(), above.count(), below.count()) == (2, 0, 1)
    assert below.itemAt(0).widget() is button
    forget_items()
    assert Shiboken.isValid(button)


def test_items_that_a_layout_of_ours_keeps_stay_usable(qapp):
    widget = QWidget()
    layout = FlowLayout(widget)
    layout.addWidget(QPushButton("a"))
    forget_items()
    assert layout.itemAt(0).widget().text() == "a"
    assert layout.minimumSize().width() > 0


def test_the_way_back_may_change_rows(window, qtbot):
    page = ObstaclePage(window.document, window.actions_.by_id, LIGHT)
    qtbot.addWidget(page)
    assert page.back not in [item.widget() for item in wrapped_items()]


def test_the_window_forgets_the_items_while_it_runs(qtbot, window):
    qtbot.waitUntil(lambda: not wrapped_items(), timeout=5000)
