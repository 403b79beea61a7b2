"""Faults while the window is open: disks, files, drives, memory. Each is told in a sentence, and the window goes on."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lrp_gui import recent
from lrp_gui.document.exporting import Selection
from lrp_gui.jobs import stuck
from lrp_gui.jobs.queue import Job, Priority
from lrp_gui.jobs.steps import Progress
from tests.gui.example import DIABETES, DIGITS, settle

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="limits and devices of POSIX systems")
ROOM = 6000  # bytes of a file until the disk is full


@contextmanager
def full_disk():
    """No file grows beyond `ROOM`: the system then refuses in the middle of writing, as on a full disk.

    A limit of the process, so that it needs no rights; `test_a_real_full_disk` has a real one.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read_only(tmp_path):
    """A folder in which nobody can write; modes stop everybody but root, for whom there is one of the kernel's own."""
    if os.geteuid() != 0:
        folder = tmp_path / "read only"
        folder.mkdir(mode=0o500)
        return folder
    return Path("/sys/kernel") if Path("/sys/kernel").exists() else Path("/proc/self")


def export_table(window, path):
    everything = Selection(np.arange(window.document.table.samples), ("inputs", "others", "outputs", "relevance"))
    window.dialogs._table_export().write(path, everything)


def save_table(window, path):
    window.dialogs._table_export().save(window.document.table, path)


def export_picture(window, path):
    window.actions_["export"].trigger()
    dialog = window.dialogs.current
    dialog.save_to(path)
    return dialog


def save_composite(window, path):
    from lrp_gui.composite_dialog import write_composite

    window.dialogs._written(path, write_composite(window.document, path))


def save_python(window, path):
    window.help.show_python()
    window.help.python.text.setPlainText("x = 1  # a line\n" * 1000)
    window.help.python.write(path)
    return window.help.python


def save_project(window, path):
    window.session.save_as(path)


# What writes, and under what name.
WRITERS = {
    "a table": (save_table, "t.csv"),
    "a table as Excel": (export_table, "t.xlsx"),
    "a table as Parquet": (export_table, "t.parquet"),
    "a table as NumPy": (export_table, "t.npz"),
    "a picture": (export_picture, "p.png"),
    "a vector picture": (export_picture, "p.svg"),
    "a composite": (save_composite, "c.json"),
    "Python": (save_python, "e.py"),
    "a project": (save_project, "p.lrpx"),
}


def sentences(window, where):
    """Whatever is said now: above the picture, or in the dialog that writes."""
    labels = [getattr(where, name, None) for name in ("problem", "note")]
    return [window.messages.sentence, *(label.text() for label in labels if label is not None)]


def writing_fails(window, qtbot, name, path):
    """It is said, in a sentence that names the file."""
    window.messages.dismiss()
    where = WRITERS[name][0](window, str(path))
    found = []

    def said():
        found[:] = [text for text in sentences(window, where) if path.name in text]
        return bool(found)

    qtbot.waitUntil(said)
    settle(qtbot, window)
    assert "cannot be written" in found[0] or "refused" in found[0], found
    assert "unexpected" not in found[0]
    if hasattr(where, "reject"):
        where.reject()


def still_works(window, qtbot):
    """An edit is explained and undone."""
    document = window.document
    before = document.result.explained
    document.edit_cell(document.selected_sample, 2, "40")
    settle(qtbot, window)
    assert document.result.explained != before
    document.undo_stack.undo()
    settle(qtbot, window)
    assert document.result.explained == pytest.approx(before)


# ----------------------------------------------------------------------------------------------------------- disks


@POSIX
def test_a_full_disk_is_said_and_what_was_there_stays(diabetes, qtbot, tmp_path):
    for name, (_write, file) in WRITERS.items():
        if name == "a composite":
            continue  # smaller than any disk
        path = tmp_path / file
        path.write_text("what was there")
        with full_disk():
            writing_fails(diabetes, qtbot, name, path)
        assert path.read_text() == "what was there", name
        assert sorted(tmp_path.glob(f"*{path.suffix}*")) == [path], name  # nothing half written lies about
        path.unlink()
    gc.collect()  # what a library left open would be told of here
    still_works(diabetes, qtbot)


@POSIX
def test_a_read_only_folder_is_said(diabetes, qtbot, tmp_path):
    folder = read_only(tmp_path)
    for name, (_write, file) in WRITERS.items():
        writing_fails(diabetes, qtbot, name, folder / file)
    still_works(diabetes, qtbot)


@pytest.mark.exhaustive
@POSIX
def test_a_real_full_disk(diabetes, qtbot, tmp_path):
    """Needs the right to mount; the limit above stands in for it everywhere."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        for name, (_write, file) in WRITERS.items():
            if name == "a composite":
                continue
            (disk / file).write_text("what was there")
            writing_fails(diabetes, qtbot, name, disk / file)
            assert (disk / file).read_text() == "what was there", name
            (disk / file).unlink()
            assert list(disk.iterdir()) == [], name
        gc.collect()
        still_works(diabetes, qtbot)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


# ----------------------------------------------------------------------------------------------------------- files


def seen(widget):
    """All that labels below a widget say."""
    from PySide6.QtWidgets import QLabel

    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def open_copy(window, qtbot, folder, suffix):
    path = folder / f"copy{suffix}"
    shutil.copy(DIABETES.with_name(f"model_weights{suffix}"), path)
    shutil.copy(DIABETES.with_name("architecture.json"), folder)
    shutil.copy(DIABETES.with_name("diabetes.csv"), folder)
    window.opener.open([str(path)])
    settle(qtbot, window)
    assert window.document.result is not None
    return path


FATES = ("vanished", "cut off", "overwritten", "a folder")
SUFFIXES = (".safetensors", ".pth", ".npz")
# Each fate once in the plain run; each of each format in the long one.
QUICK = {("vanished", ".pth"), ("cut off", ".safetensors"), ("overwritten", ".npz"), ("a folder", ".pth")}


@pytest.mark.parametrize(
    ("fate", "suffix"),
    [
        pytest.param(fate, suffix, marks=() if (fate, suffix) in QUICK else pytest.mark.exhaustive)
        for fate in FATES
        for suffix in SUFFIXES
    ],
)
def test_a_file_that_changes_while_it_is_open_is_said_and_what_runs_goes_on(window, qtbot, tmp_path, fate, suffix):
    path = open_copy(window, qtbot, tmp_path, suffix)
    if fate == "cut off":
        os.truncate(path, 700)
    elif fate == "overwritten":
        path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))
    else:
        path.unlink()
        if fate == "a folder":
            path.mkdir()
    window.browser.measure()
    settle(qtbot, window)
    sentence = window.messages.sentence
    assert path.name in sentence
    assert "unexpected" not in sentence
    window.messages.dismiss()
    window.document.select_tensor("fc1.weight")
    settle(qtbot, window)
    qtbot.waitUntil(window.furniture.inspector.isVisible)
    assert "unexpected" not in seen(window.furniture.inspector)
    still_works(window, qtbot)  # the network is in memory
    window.opener.open([str(path)])
    settle(qtbot, window)
    assert path.name in (window.messages.sentence or window.document.obstacle.sentence)
    window.opener.open([str(DIABETES)])
    settle(qtbot, window)
    assert window.document.result is not None


@POSIX
def test_what_is_no_file_on_a_disk_is_not_waited_for(diabetes, qtbot, tmp_path):
    for name in ("model.pt", "table.csv"):
        os.mkfifo(tmp_path / name)  # nobody ever writes into it
        diabetes.opener.open([str(tmp_path / name)])
        settle(qtbot, diabetes)
        assert "is not a file on a disk" in diabetes.messages.sentence
    still_works(diabetes, qtbot)


# ------------------------------------------------------------------------------------------------- drives that hang


@pytest.fixture
def drive(monkeypatch):
    """A drive that does not answer, until it is let go: a step of a job that never returns."""
    answers = threading.Event()
    monkeypatch.setattr(stuck, "PATIENCE", 0.3)
    monkeypatch.setattr("lrp_gui.jobs.queue.WATCH_MS", 50)
    yield answers
    answers.set()
    end = time.monotonic() + 10
    while stuck.any_left() and time.monotonic() < end:
        time.sleep(0.01)


def hang_on(monkeypatch, window, drive, name):
    """Reading this file hangs."""
    engine, browse = window.explainer.engine, type(window.explainer.engine).browse

    def hanging(paths, *arguments, **options):
        if any(name in path for path in paths):
            drive.wait()
        return (yield from browse(engine, paths, *arguments, **options))

    monkeypatch.setattr(engine, "browse", hanging)


def test_a_drive_that_hangs_can_be_cancelled_and_everything_else_goes_on(diabetes, qtbot, monkeypatch, drive):
    window = diabetes
    window.jobs._watch.setInterval(50)
    hang_on(monkeypatch, window, drive, "far away")
    window.opener.open(["/far away/model.pt"])
    qtbot.waitUntil(lambda: window.jobs.status is not None)
    turns = []
    qtbot.waitUntil(lambda: turns.append(True) or len(turns) > 20)  # the window lives
    window.document.select_layer("fc2")
    assert window.actions_["cancel"].isEnabled()
    window.actions_["cancel"].trigger()
    qtbot.waitUntil(lambda: "does not answer" in window.messages.sentence)
    settle(qtbot, window)
    still_works(window, qtbot)
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    assert window.document.result is not None
    assert stuck.any_left()
    drive.set()  # it answers after all: nobody listens any more
    qtbot.waitUntil(lambda: not stuck.any_left())
    assert window.document.name == "digits"


def test_recent_files_are_listed_while_a_drive_hangs(window, qtbot, monkeypatch, drive, tmp_path):
    gone, far = str(tmp_path / "gone.pt"), "/far away/model.pt"

    def exists(path):
        assert threading.current_thread() is not threading.main_thread()
        return drive.wait() if path == far else Path(path).exists()

    monkeypatch.setattr(recent.os.path, "exists", exists)
    for path in (far, str(DIGITS), gone):  # the last one comes first
        recent.remember(path)
    menu, looks, known = window.menus["Recent"], [], {}
    monkeypatch.setattr(recent, "Look", lambda paths, look=recent.Look: looks.append(look(paths)) or looks[-1])
    for _time in range(3):
        menu.aboutToShow.emit()
        known = {action.toolTip(): action for action in menu.actions()}
        assert known[far].isEnabled()
    qtbot.waitUntil(lambda: not known[gone].isEnabled())
    assert known[str(DIGITS)].isEnabled()
    assert len(looks) == 1  # no further thread waits for the drive
    drive.set()
    qtbot.waitUntil(lambda: looks[0].done)


def test_a_window_closes_while_a_drive_hangs(diabetes, qtbot, monkeypatch, drive):
    window = diabetes
    monkeypatch.setattr(stuck, "CLOSING_MS", 200)
    hang_on(monkeypatch, window, drive, "far away")
    window.opener.open(["/far away/model.pt"])
    qtbot.waitUntil(lambda: window.jobs._worker.at is not None)
    began = time.monotonic()
    assert window.close()
    assert time.monotonic() - began < 10
    assert stuck.any_left()


def test_waiting_jobs_are_done_by_the_next_thread(qtbot, window, drive):
    jobs, done = window.jobs, []
    jobs._watch.setInterval(50)

    def reading():
        drive.wait()
        yield Progress()

    def later():
        yield Progress()

    hanging = jobs.submit(Job("Reading", Priority.OPEN, reading))
    jobs.submit(Job("Later", Priority.TABLE, later, done=lambda _value: done.append(True)))
    qtbot.waitUntil(lambda: jobs._worker.at is hanging)
    with qtbot.waitSignal(jobs.given_up) as told:
        hanging.cancel()
    assert told.args == ["Reading"]
    qtbot.waitUntil(lambda: bool(done))
    assert hanging.ended


# ------------------------------------------------------------------------------------------------ the engine fails


def failing_with(monkeypatch, error):
    import lrp_engine

    def explaining(*_arguments, **_options):
        raise error() if isinstance(error, type) else error
        yield

    monkeypatch.setattr(lrp_engine, "explaining", explaining)


def real_lack_of_memory():
    import torch

    try:
        torch.empty(1 << 58)
    except RuntimeError as error:
        return error
    raise AssertionError("so much memory cannot be had")


def test_memory_that_is_not_enough_is_said(diabetes, qtbot, monkeypatch):
    import torch

    for lacking in (real_lack_of_memory, MemoryError, torch.OutOfMemoryError):
        with monkeypatch.context() as patch:
            failing_with(patch, lacking())
            diabetes.document.set_composite("gamma")
            settle(qtbot, diabetes)
            assert "the memory is not enough" in diabetes.document.problem, lacking
            assert diabetes.document.result is None
        diabetes.document.set_composite("epsilon")
        settle(qtbot, diabetes)
        assert diabetes.document.result is not None
    still_works(diabetes, qtbot)


def test_a_fault_in_the_worker_is_said_with_details_and_the_window_goes_on(diabetes, qtbot, monkeypatch):
    with monkeypatch.context() as patch:
        failing_with(patch, ValueError("of no use"))
        diabetes.document.set_composite("gamma")
        settle(qtbot, diabetes)
        assert "something unexpected happened (ValueError: of no use)" in diabetes.document.problem
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    still_works(diabetes, qtbot)


@pytest.mark.parametrize("what", ["load", "explanation"])
def test_after_a_cancel_the_next_thing_is_done_though_a_long_step_has_not_ended(diabetes, qtbot, monkeypatch, what):
    window, go_on, at_it = diabetes, threading.Event(), threading.Event()
    engine, name = window.explainer.engine, {"load": "open", "explanation": "explain_sample"}[what]
    real = getattr(engine, name)

    def with_a_long_step(*arguments):
        at_it.set()
        go_on.wait(60)
        return (yield from real(*arguments))

    monkeypatch.setattr(engine, name, with_a_long_step)
    window.opener.open([str(DIGITS)]) if what == "load" else window.explainer.explain_anew()
    qtbot.waitUntil(at_it.is_set, timeout=20000)
    qtbot.waitUntil(window.actions_["cancel"].isEnabled)
    window.actions_["cancel"].trigger()
    # At once, whatever the step is doing.
    assert window.jobs.status is None or window.jobs.status.title == "Starting the engine"
    if what == "load":
        assert window.document.obstacle.kind == "stopped"
    else:
        assert window.document.stale
    monkeypatch.setattr(engine, name, real)
    window.opener.open([str(DIGITS)])
    qtbot.waitUntil(lambda: window.document.name == "digits" and window.document.result is not None, timeout=30000)
    assert not go_on.is_set()
    go_on.set()
    settle(qtbot, window)
    assert window.document.name == "digits"
    assert window.document.obstacle is None


@pytest.mark.parametrize("turns", [pytest.param(0, marks=pytest.mark.exhaustive), 3])
def test_a_cancelled_load_leaves_the_file_and_can_be_taken_up_again(window, qtbot, turns):
    window.opener.open([str(DIGITS)])
    if turns:
        qtbot.waitUntil(lambda: window.document.file is not None)
    for _ in range(turns):
        qtbot.wait(1)
    window.actions_["cancel"].trigger()
    settle(qtbot, window)
    if window.document.obstacle is not None:
        assert window.document.obstacle.kind == "stopped"
        window.actions_["load_again"].trigger()
    elif window.document.file is None:
        window.opener.open([str(DIGITS)])
    else:
        window.actions_["run"].trigger()
    settle(qtbot, window)
    assert window.document.network is not None
    window.actions_["run"].trigger()
    settle(qtbot, window)
    assert window.document.result is not None
