"""Windows that come and go leave nothing behind, however many there were."""

import json
import os
import subprocess
import sys

import pytest

GROWTH = 1.05
SCRIPT = """
import sys
from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from lrp_gui.garbage import forget_items
app = QApplication([])
window = QWidget()
column = QVBoxLayout(window)
buttons = []
for _ in range(200):
    row = QHBoxLayout()
    buttons.append(QPushButton(window))
    row.addWidget(buttons[-1])
    column.addLayout(row)
if "forget" in sys.argv:
    forget_items()
for button in buttons:
    button.deleteLater()
def turn():
    loop = QEventLoop()
    QTimer.singleShot(20, loop.quit)
    loop.exec()
turn()
class Later(QObject):
    pass
later = [Later(window) for _ in range(2000)]  # some of them lie where items of the rows lay
for one in later:
    one.deleteLater()
del later, one
turn()
print("still there")
"""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=3600,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"} | environment,
        check=False,
    )


def counts_of(windows, every):
    ended = run("-X", "faulthandler", "-m", "tests.gui.cycles", str(windows), str(every))
    assert ended.returncode == 0, ended.stderr[-4000:]
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def grown(counts, warm):
    """What is more than a twentieth above what it was when all was warm."""
    first, last = next(row for row in counts if row["window"] >= warm), counts[-1]
    return {name: (first[name], last[name]) for name in first if name != "window" and last[name] > GROWTH * first[name]}


@pytest.mark.timeout(300)
def test_thirty_windows_leave_nothing_behind():
    assert not grown(counts_of(30, 5), warm=10)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_a_thousand_windows_leave_nothing_behind():
    assert not grown(counts_of(1000, 50), warm=250)  # what torch and the allocator keep for later fills that long


def test_forgotten_items_cannot_end_the_process():
    ended = run("-X", "faulthandler", "-c", SCRIPT, "forget")
    assert (ended.returncode, ended.stdout) == (0, "still there\n"), ended.stderr
