"""Crashes: a process that really dies leaves its stacks, the next start tells of it once, and a report can be saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from lrp_gui import crash, log

# The real program, with something done to it at a moment of its start; `told` is printed at the end.
PROGRAM = """
import ctypes, faulthandler, os, signal, sys, threading
from PySide6.QtCore import QTimer
from lrp_gui import app
report = app.report_faults
def dereference_null():
    ctypes.string_at(0)
def hooked(window, *arguments):
    report(window, *arguments)
    def leave():
        print("told:", window.messages.sentence, flush=True)
        window.close()
    what = sys.argv[1]
    if what == "segfault":
        window.painted.connect(dereference_null)
    elif what == "abort":
        window.painted.connect(os.abort)
    elif what == "kill":
        window.painted.connect(lambda: os.kill(os.getpid(), signal.SIGKILL))
    elif what == "raise":
        def fail():
            QTimer.singleShot(0, window, lambda: os.kill(os.getpid(), signal.SIGKILL))
            raise ZeroDivisionError("by zero")
        window.painted.connect(fail)
    else:
        window.furnished.connect(lambda: QTimer.singleShot(0, window, leave))
app.report_faults = hooked
sys.exit(app.main([]))
"""


@pytest.fixture
def program(tmp_path):
    """Runs the real program in a home of its own, without a screen."""
    homes = {name: str(tmp_path / name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}

    def run(what):
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, what],
            env=os.environ | homes | {"QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    run.folder = tmp_path / "XDG_STATE_HOME" / "lrp-explorer"
    return run


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to die of")
def test_a_program_that_died_is_told_of_once_with_its_stacks(program):
    assert program("segfault").returncode == -signal.SIGSEGV
    [left] = program.folder.glob("running-*")
    assert "Fatal Python error: Segmentation fault" in left.read_text()
    assert "dereference_null" in left.read_text()
    told = program("look")
    assert told.returncode == 0, told.stderr
    assert "told: The program ended unexpectedly the last time (Segmentation fault)." in told.stdout
    [kept] = program.folder.glob("crash-*")
    assert "dereference_null" in kept.read_text()
    assert list(program.folder.glob("running-*")) == []  # the second one ended in order
    assert crash.crashes(program.folder) == []  # once


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to die of")
@pytest.mark.parametrize(("how", "why"), [("abort", "Aborted"), ("kill", None), ("raise", "")])
def test_what_ended_it_is_told_apart(program, how, why):
    program(how)
    found = crash.crashes(program.folder)
    if why is None:  # from outside: nobody's fault
        assert found == []
        assert list(program.folder.glob("crash-*")) == []
    else:
        assert found[0].signal == why
        assert why or "ZeroDivisionError: by zero" in found[0].text


def test_who_still_runs_is_no_crash(tmp_path):
    keeping = (
        "import sys, pathlib\nfrom lrp_gui import crash\nwatch = crash.Watch(pathlib.Path(sys.argv[1]))\n"
        "print(watch.start(), flush=True)\nwatch.note('A fault', 'Traceback …')\nsys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", keeping, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "True\n"
    assert crash.crashes(tmp_path) == []
    other.communicate("")  # it ends without saying so
    [found] = crash.crashes(tmp_path)
    assert "A fault" in found.text


def test_where_nothing_can_be_written_the_program_starts_all_the_same(tmp_path, caplog):
    (tmp_path / "state").write_text("a file where a folder should be")
    watch = crash.Watch(tmp_path / "state")
    assert not watch.start()
    assert "cannot be noted" in caplog.text
    watch.note("A fault", "of no account")
    watch.end()


def test_of_many_crashes_the_last_ones_are_kept(tmp_path):
    for number in range(crash.MOST_KEPT + 4):
        (tmp_path / f"running-{900000000 + number}").write_text("Traceback …")
    assert len(crash.crashes(tmp_path)) == crash.MOST_KEPT + 4
    assert len(list(tmp_path.glob("crash-*"))) == crash.MOST_KEPT


def test_faults_of_threads_and_of_destructors_are_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    watch = crash.Watch(tmp_path)
    monkeypatch.setattr(crash.faulthandler, "enable", lambda _file: None)  # pytest's own stays
    monkeypatch.setattr(crash.faulthandler, "disable", lambda: None)
    assert watch.start()
    crash.watch_threads(watch)

    class Fragile:
        def __del__(self):
            raise OSError("gone while it went")

    thread = threading.Thread(target=lambda: {}["what is not there"], name="a helper")
    thread.start()
    thread.join()
    Fragile()
    text = watch.path.read_text()
    assert "A fault in the thread a helper" in text
    assert "KeyError" in text
    assert "gone while it went" in text
    watch.end()
    assert not watch.path.exists()


def test_a_report_names_nobodys_files_unless_that_is_wanted(tmp_path):
    found = crash.Crash(
        tmp_path / "crash-20260101-000000-77.txt",
        'File "/home/ada/secret project/x.py", line 3\nFile "/opt/venv/lib/python3.11/site-packages/torch/nn.py"\n'
        "Opening patients.csv: cannot open /home/ada/patients.csv (No such file), C:\\Users\\ada\\model.pt; see https://pytorch.org/docs\n",
    )
    (tmp_path / log.FILE).write_text(
        "2026-01-01 00:00:00,000 ERROR   77 lrp_gui: mine\n2026-01-01 00:00:00,000 ERROR   78 lrp_gui: another's\n"
    )
    shown = crash.report(found)
    assert not any(word in shown for word in ("ada", "secret", "x.py", "patients", "model.pt"))
    assert "…/site-packages/torch/nn.py" in shown
    assert "https://pytorch.org/docs" in shown
    assert "lrp_gui: mine" in shown
    assert "another's" not in shown
    assert "LRP Explorer" in shown
    assert "PySide6" in shown
    assert "/home/ada/patients.csv" in crash.report(found, paths=True)


def test_the_report_is_shown_whole_and_saved(window, tmp_path):
    window.help.crash = crash.Crash(
        tmp_path / "crash-20260101-000000-77.txt", "Fatal Python error: Aborted\n/home/ada/x"
    )
    window.actions_["fault_report"].trigger()
    dialog = window.help.report
    assert "/home/ada/x" not in dialog.text.toPlainText()
    dialog.paths.setChecked(True)
    assert "/home/ada/x" in dialog.text.toPlainText()
    dialog.write(str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text() == dialog.text.toPlainText()
    dialog.write(str(tmp_path / "nowhere" / "report.txt"))
    assert "report.txt cannot be written" in dialog.note.text()
    dialog.reject()
    assert window.help.report is None
