"""Qt objects in cycles are never taken down by the worker."""

import gc
import threading

from PySide6.QtCore import QObject

from lrp_gui.garbage import collect


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
