"""A large file is looked at while it is read: its tensors come in parts, and go again if it does not come."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex

from lrp_gui.browser.panel import Browser
from lrp_gui.document.document import Document
from lrp_gui.document.files import FileInfo, Reading, TensorRow, amounts_of
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.jobs import browsing, reading
from lrp_gui.jobs.queue import Job, JobQueue, Priority
from tests.engine.files.making import safetensors_bytes, safetensors_file
from tests.gui.example import settle

COUNT = 1500


def large(folder, name="large.safetensors"):
    arrays = {f"model.layers.{n // 50}.part.{n % 50}.weight": np.full((2, 2), n, "f4") for n in range(COUNT)}
    return safetensors_file(folder / name, arrays)


def damaged(folder):
    """Cut off behind most of its tensors."""
    entries = {f"bad.{n}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * n, 4 * n + 4]} for n in range(COUNT)}
    path = folder / "damaged.safetensors"
    path.write_bytes(safetensors_bytes(entries, bytes(4 * (COUNT - 10))))
    return path


@pytest.fixture
def at_once(monkeypatch):
    """No part waits for its time."""
    monkeypatch.setattr(reading, "FIRST_AFTER", 0)
    monkeypatch.setattr(reading, "INTERVAL", 0)


@pytest.fixture
def gate(monkeypatch, at_once):
    """The reader stands still behind its first part until the gate is opened."""
    opened, told, hand_over = threading.Event(), threading.Event(), reading.hand_over

    def slowly(value):
        hand_over(value)
        told.set()
        opened.wait(30)

    monkeypatch.setattr(reading, "hand_over", slowly)
    yield opened
    opened.set()


def test_the_parts_are_the_file(qtbot, at_once, tmp_path):
    path, parts, done = large(tmp_path), [], []
    jobs = JobQueue()
    jobs.submit(
        Job("Open", Priority.OPEN, lambda: browsing.browse([str(path)], telling=True), done.append, parts.append)
    )
    qtbot.waitUntil(lambda: bool(done) and not jobs.busy, timeout=30000)
    jobs.close()
    told = [row for part in parts for row in part.rows]
    assert len(parts) > 1
    assert [part.first for part in parts] == [sum(len(one.rows) for one in parts[:n]) for n in range(len(parts))]
    assert {part.total for part in parts} == {COUNT}
    assert len(told) == COUNT
    assert all(one is other for one, other in zip(told, done[0].file.tensors, strict=True))


def test_nobody_who_did_not_ask_gets_parts(qtbot, at_once, tmp_path):
    path, parts, done = large(tmp_path), [], []
    jobs = JobQueue()
    jobs.submit(Job("Compare", Priority.OPEN, lambda: browsing.browse([str(path)]), done.append, parts.append))
    qtbot.waitUntil(lambda: bool(done) and not jobs.busy, timeout=30000)
    jobs.close()
    assert not parts


# ------------------------------------------------------------------------------------------------ the tree


def rows(count, name="new"):
    return tuple(TensorRow(f"{name}.{n // 4}.w{n % 4}", (2, n + 1), "float32", 8 * (n + 1)) for n in range(count))


def put(document, tensors, path="/data/a.pt"):
    file = FileInfo(path, path[6:], "PyTorch", tensors=tensors, amounts=amounts_of(tensors))
    document.open(Contents(None, None, ExplainSettings(), -1, file=file), "Open")


def more(document, growing, tensors):
    growing.rows += tensors
    growing.total = 40
    document.put_reading(growing)


def finish(browser):
    browser.tensors.tree.slices.finish()


@pytest.fixture
def shown(qtbot):
    document, jobs = Document(), JobQueue()
    browser = Browser(document, jobs=jobs)
    qtbot.addWidget(browser)
    browser.tabs.setCurrentWidget(browser.tensors)
    yield document, browser
    jobs.close()


def names(browser):
    return [node.path for node in browser.tensors.tree.shown_nodes() if node.item is not None]


def test_the_tree_grows_is_searched_and_stays_when_the_file_has_come(shown, qtmodeltester):
    document, browser = shown
    qtmodeltester.check(browser.tensors.tree)
    growing, all_rows = Reading("/data/b.pt", "b.pt"), rows(40)
    more(document, growing, all_rows[:12])
    finish(browser)
    assert names(browser) == [row.name for row in all_rows[:12]]
    assert browser.bar is not None
    assert browser.bar.told.text() == "12 of 40 tensors of b.pt read"
    assert not browser.bar.run.isEnabled()
    browser.search.box.setText("w3")
    finish(browser)
    assert len(names(browser)) == 3
    more(document, growing, all_rows[12:24])
    finish(browser)
    assert len(names(browser)) == 6, "what came since is found as well"
    browser.search.box.setText("")
    finish(browser)
    folded = browser.tensors.tree.index_of("new.0")
    browser.tensors.collapse(folded)
    nodes = browser.tensors.tree.nodes
    put(document, all_rows, "/data/b.pt")
    finish(browser)
    assert browser.tensors.tree.nodes is nodes, "nothing is built anew"
    assert names(browser) == [row.name for row in all_rows]
    assert not browser.tensors.isExpanded(browser.tensors.tree.index_of("new.0"))
    assert browser.tensors.tree.data(browser.tensors.tree.index(0, 5, QModelIndex())) == "100 %"
    assert browser.bar.run.isEnabled()
    assert not browser.bar.told.isVisibleTo(browser.bar)


def test_what_came_out_otherwise_replaces_what_was_told(shown):
    document, browser = shown
    growing, told = Reading("/data/b.pt", "b.pt"), rows(8)
    more(document, growing, told)
    put(document, tuple(reversed(rows(8))), "/data/b.pt")
    finish(browser)
    assert names(browser)[0] == "new.1.w3"
    assert len(names(browser)) == 8


def test_a_file_that_does_not_come_leaves_the_open_one_as_it_was(shown):
    document, browser = shown
    put(document, rows(20, "old"))
    finish(browser)
    browser.tensors.collapse(browser.tensors.tree.index_of("old.1"))
    document.select_tensor("old.2.w1")
    more(document, Reading("/data/b.pt", "b.pt"), rows(8))
    finish(browser)
    browser.tensors.show_row(browser.tensors.tree.index_of("new.0.w0"))
    assert document.selected_tensor == "old.2.w1", "of a file on its way nothing can be looked into"
    document.put_reading(None)
    finish(browser)
    tree = browser.tensors
    assert names(browser) == [row.name for row in rows(20, "old")]
    assert not tree.isExpanded(tree.tree.index_of("old.1"))
    assert tree.isExpanded(tree.tree.index_of("old.2"))
    assert tree.currentIndex() == tree.tree.index_of("old.2.w1")


# ---------------------------------------------------------------------------------------------- the window


def test_a_first_file_is_seen_while_it_is_read_and_cancelling_takes_it_away(window, qtbot, gate, tmp_path):
    browser = window.browser
    window.opener.open([str(large(tmp_path))])
    qtbot.waitUntil(lambda: window.document.reading is not None and browser.isVisible(), timeout=30000)
    finish(browser)
    assert browser.tabs.currentWidget() is browser.tensors
    assert names(browser) == [row.name for row in window.document.reading.rows]
    window.actions_["cancel"].trigger()
    gate.set()
    settle(qtbot, window)
    finish(browser)
    assert window.document.reading is None
    assert window.document.file is None
    assert not names(browser)
    assert browser.tabs.currentWidget() is browser.layers


def test_a_damaged_file_says_so_and_its_parts_go(diabetes, qtbot, gate, tmp_path):
    window, browser = diabetes, diabetes.browser
    file, network, before = window.document.file, window.document.network, names(diabetes.browser)
    window.opener.open([str(damaged(tmp_path))])
    qtbot.waitUntil(lambda: window.document.reading is not None, timeout=30000)
    finish(browser)
    assert names(browser)[0] == "bad.0"
    gate.set()
    settle(qtbot, window)
    finish(browser)
    assert "beyond the file" in window.messages.sentence
    assert (window.document.file, window.document.network) == (file, network)
    assert names(browser) == before
    # The same window then reads a whole one.
    window.opener.open([str(large(tmp_path))])
    settle(qtbot, window)
    finish(browser)
    assert len(names(browser)) == COUNT
    assert window.document.reading is None
