"""The journal's own faults: a disk that is full for a while, and an end that nobody announced."""

from __future__ import annotations

import errno
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import shiboken6

from lrp_gui.jobs.steps import run_now
from lrp_gui.project.journal import journal, places, volume


def newest():
    """The first cell that the tests edit, as the journal would give it back."""
    table = run_now(volume.replaying(next(places.journals().glob("*/*/about.json")).parent)).table
    return table.text(0, 2) if table is not None else ""


def writers():
    return [thread for thread in threading.enumerate() if thread.name == "journal writer"]


@pytest.fixture
def disk(monkeypatch):
    """A disk that refuses while it is `full`."""
    full, sync = [], os.fsync

    def fsync(handle):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(volume.os, "fsync", fsync)
    monkeypatch.setattr(journal, "PAUSE_MS", 300)
    return full


def test_a_disk_that_was_full_is_tried_again(diabetes, qtbot, disk):
    document, said = diabetes.document, []
    document.message.connect(lambda message: said.append(message.sentence))
    document.edit_cell(0, 2, "1")
    qtbot.waitUntil(lambda: bool(list(places.journals().glob("*/*/1.base"))))
    disk.append(True)
    document.edit_cell(0, 2, "2")
    qtbot.waitUntil(lambda: any("not kept safe" in one for one in said))
    document.edit_cell(0, 2, "3")
    qtbot.wait(1000)  # it is tried and refused several times
    assert len(said) == 1, said
    assert newest() in {"1", "2"}  # what was there before is not lost by it
    disk.clear()
    qtbot.waitUntil(lambda: len(said) == 2, timeout=10000)
    assert "safe against a sudden end of the program again" in said[1]
    assert newest() == "3"
    document.edit_cell(0, 2, "4")
    qtbot.waitUntil(lambda: newest() == "4")


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
def test_no_file_stays_open_and_the_thread_ends_with_the_journal(diabetes, qtbot):
    def left_open():
        targets = []
        for path in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                targets.append(path.readlink())
        return [one for one in targets if places.journals() in one.parents and one.name != places.LOCK]

    diabetes.document.edit_cell(0, 2, "1")
    qtbot.waitUntil(lambda: bool(list(places.journals().glob("*/*/1.base"))))
    diabetes.document.edit_cell(0, 2, "2")
    qtbot.waitUntil(lambda: newest() == "2")
    qtbot.waitUntil(lambda: not left_open())
    assert writers()
    shiboken6.delete(diabetes.findChild(journal.Journal))  # as when a window is taken down without being closed
    assert not writers()
