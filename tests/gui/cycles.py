"""Opens and closes windows, one after the other, and counts what is left: `python -m tests.gui.cycles N EVERY`.

In a process of its own, so that nothing of other tests is counted, and nothing of it ends them. A line of JSON after
each EVERY windows. A window opens an example, is explained, edited and undone, and shows what its docks can show; some
are closed before they opened anything, or before they stood.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QSettings, QStandardPaths, QTimer
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken

from lrp_gui import app as program
from lrp_gui.settings import EXAMPLES

PATIENCE = 60  # seconds
DRAINED_MS = 40
PROC = Path("/proc/self")


def wait(over):
    """Let the event loop run until something is so."""
    end = time.monotonic() + PATIENCE
    while not over():
        turn(5)
        assert time.monotonic() < end, "the window did not come to rest"


def turn(milliseconds):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def live(number):
    """One window, from start to end."""
    window = program.make_window("dark" if number % 2 else "light")
    window.resize(1300, 800)
    window.show()
    program.move_in(window)
    furnished = []
    window.furnished.connect(lambda: furnished.append(True))
    turn(number % 5)
    if number % 5 != 4:
        wait(lambda: furnished)
    if number % 5 < 3:
        use(window, EXAMPLES[number % len(EXAMPLES)])
    assert window.close()
    window.deleteLater()  # as `lrp_gui.app` ends


def use(window, example):
    """What a person does, as far as it makes something."""
    document, furniture = window.document, window.furniture

    def at_rest():
        return not window.jobs.busy and not window.explainer.busy

    window.opener.open([str(example.path())])
    wait(at_rest)
    assert document.result is not None
    document.edit_cell(0, 0, "0.5")
    wait(at_rest)
    document.undo_stack.undo()
    wait(at_rest)
    document.select_layer(document.network.layers[0].path)
    tensor = max(document.file.tensors, key=lambda row: len(row.shape))
    document.select_tensor(tensor.name)
    for part in (furniture.browser, furniture.inspector, furniture.sample):
        for tab in range(part.tabs.count()):
            if part.tabs.isTabVisible(tab):
                part.tabs.setCurrentIndex(tab)
                wait(at_rest)
    window.set_theme("light")


def drain():
    """Nothing is left that only waits for its end."""
    turn(DRAINED_MS)
    gc.collect()
    turn(DRAINED_MS)


def counted():
    """What is there now."""
    found = {"objects": sum(isinstance(one, QObject) for one in Shiboken.getAllValidWrappers())}
    found["widgets"] = len(QApplication.allWidgets())
    QPixmapCache.clear()  # Qt keeps up to 10 MB of pictures that it drew
    if PROC.exists():
        ctypes.CDLL(None).malloc_trim(0)
        pages = int((PROC / "statm").read_text().split()[1])
        found["memory"] = pages * os.sysconf("SC_PAGE_SIZE")
        found["threads"] = len(list((PROC / "task").iterdir()))
        found["files"] = len(list((PROC / "fd").iterdir()))
    return found


def main(windows, every):
    QStandardPaths.setTestModeEnabled(True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    app = QApplication(["cycles", "-style", "Fusion"])
    app.setOrganizationName("LRP Explorer tests")
    app.setApplicationName("lrp-gui-cycles")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        for number in range(windows):
            live(number)
            drain()
            if (number + 1) % every == 0:
                print(json.dumps({"window": number + 1} | counted()), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
