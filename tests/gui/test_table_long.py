"""Edits that take longer than a frame: the worker makes them, the window goes on, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_gui.document import commands, long_edits
from lrp_gui.document.document import Document
from lrp_gui.document.long_edits import LongEdits
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table_storage import Column
from lrp_gui.jobs.queue import JobQueue
from tests.gui import fakes
from tests.gui.test_table_store import EDITS, everything, table_of


def document_of(order="F"):
    document = Document()
    document.open(Contents(fakes.mlp().info, table_of(order=order), ExplainSettings(), 0), "Open")
    return document


@pytest.fixture
def jobs(qapp, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    monkeypatch.setattr(long_edits, "AT_ONCE", -1)
    jobs = JobQueue()
    yield jobs
    jobs.close()


@pytest.fixture(params=["F", "C"])
def document(jobs, request):
    document = document_of(request.param)
    document.long = LongEdits(document, jobs, document)
    return document


def rest(qtbot, jobs):
    qtbot.waitUntil(lambda: not jobs.busy, timeout=20000)


@pytest.mark.parametrize("name", EDITS)
def test_what_the_worker_makes_is_what_would_be_made_at_once_and_comes_back(document, jobs, qtbot, name):
    at_once = document_of()
    for one in (at_once, document):
        one.table.set_text(2, 1, "typed before")
        one.table.mark_kept()
    before = everything(document)
    EDITS[name](at_once)
    EDITS[name](document)
    rest(qtbot, jobs)
    after = everything(document)
    assert after == everything(at_once)
    assert document.undo_stack.count() == at_once.undo_stack.count() == 1
    assert document.undo_stack.undoText() == at_once.undo_stack.undoText()
    assert document.selected_sample == at_once.selected_sample
    for _turn in range(2):
        document.undo()
        rest(qtbot, jobs)
        assert everything(document) == before
        document.redo()
        rest(qtbot, jobs)
        assert everything(document) == after


def test_the_history_goes_through_long_steps_in_the_worker(document, jobs, qtbot):
    from lrp_gui.project.history import HistoryView
    from lrp_gui.theme import LIGHT

    view = HistoryView(document, LIGHT)
    qtbot.addWidget(view)
    states = [everything(document)]
    for value in ("1", "2", "3"):
        document.fill(np.arange(5), np.array([1]), value)
        rest(qtbot, jobs)
        states.append(everything(document))
    chosen = lambda: view.steps.currentIndex().row()  # noqa: E731
    for step in (1, 3, 0, 2):
        before = everything(document)
        view.steps.setCurrentIndex(view.steps.model().index(step, 0))
        assert everything(document) == before  # nothing long is done in the main thread
        rest(qtbot, jobs)
        qtbot.waitUntil(lambda step=step: chosen() == step)
        assert everything(document) == states[step]
    view.steps.setCurrentIndex(view.steps.model().index(0, 0))
    document.undo()  # stops it
    rest(qtbot, jobs)
    qtbot.waitUntil(lambda: chosen() == 2)
    assert everything(document) == states[2]


def test_a_long_block_is_read_and_pasted_by_the_worker(document, jobs, qtbot):
    plans, rows, columns = [], np.array([4, 5]), np.array([1, 2, 3, 4])
    before = everything(document)
    document.plan_soon("1\t2\n3\tfour\n1\t6\n", rows, columns, plans.append)
    assert not plans
    rest(qtbot, jobs)
    document.run_paste(plans[0])
    rest(qtbot, jobs)
    assert [document.cell_text(row, 2) for row in (4, 5, 6)] == ["2", "four", "6"]
    document.undo()
    rest(qtbot, jobs)
    assert everything(document) == before


def test_the_table_is_as_it_was_until_the_worker_has_done(document, jobs, qtbot):
    before = everything(document)
    document.delete_samples([0, 2, 5])
    assert document.long.running
    assert everything(document) == before
    assert not document.undo_stack.count()
    rest(qtbot, jobs)
    assert document.table.samples == 3


def test_what_is_typed_meanwhile_goes_first_and_the_long_edit_says_that_it_was_not_done(document, jobs, qtbot):
    said = []
    document.message.connect(said.append)
    document.delete_samples([0, 2, 5])
    document.edit_cell(1, 2, "27.5")
    rest(qtbot, jobs)
    assert document.table.samples == 6
    assert document.cell_text(1, 2) == "27.5"
    assert [one.sentence for one in said] == [
        "Delete 3 samples was not done, for something else changed meanwhile; do it again."
    ]


def test_undo_stops_what_is_on_its_way_and_a_second_one_has_to_wait(document, jobs, qtbot):
    said = []
    document.message.connect(said.append)
    before = everything(document)
    document.delete_samples([0, 2, 5])
    document.add_noise(np.arange(6), np.array([0]), 1.0)
    assert "still on its way" in said[0].sentence
    document.undo()
    rest(qtbot, jobs)
    assert everything(document) == before
    assert not document.undo_stack.count()


def test_escape_stops_it(document, jobs, qtbot):
    before = everything(document)
    document.delete_samples([0, 2, 5])
    jobs.cancel_work()
    rest(qtbot, jobs)
    assert everything(document) == before
    document.delete_samples([1])
    rest(qtbot, jobs)
    assert document.table.samples == 5


def test_another_table_that_was_opened_meanwhile_stays_as_it_is(document, jobs, qtbot):
    document.delete_samples([0, 2, 5])
    document.open(Contents(fakes.mlp().info, table_of(4), ExplainSettings(), 0), "Open")
    rest(qtbot, jobs)
    assert document.table.samples == 4


def test_what_a_finished_edit_leaves_is_written_into_without_another_copy(document, jobs, qtbot):
    document.add_noise(np.arange(6), np.array([0, 2]), 1.0)
    rest(qtbot, jobs)
    values = document.table.values
    document.table.set_text(1, 2, "27.5")
    assert np.shares_memory(values, document.table.values)
    assert document.table.values[1, 2] == 27.5


@pytest.mark.parametrize("count", [1, 24, 30])
def test_a_table_that_comes_with_room_takes_rows_where_it_lies(count):
    room = np.zeros(3 * 64)
    values = room.reshape(3, 64).T[:40]
    values[:] = np.arange(120).reshape(3, 40).T
    column, before = Column(values), values.copy()
    new = np.arange(10, 10 + count)
    column.insert(new, np.ones((count, 3)))
    assert np.shares_memory(column.data, room) == (count <= 24)
    assert (np.delete(column.data, new, axis=0) == before).all()
    assert (column.data[new] == 1).all()
