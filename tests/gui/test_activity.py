"""Jobs and log: what runs is seen and can be stopped, what went wrong can be read and copied."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from PySide6.QtWidgets import QApplication

from lrp_gui import log
from lrp_gui.activity.jobs_model import RUNNING, STATE, STOPPING, TIME, WAITING, JobsModel
from lrp_gui.activity.jobs_panel import JobsPanel
from lrp_gui.activity.log_window import LogWindow
from lrp_gui.jobs.queue import CANCELLED, DONE, FAILED, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Progress


@pytest.fixture
def jobs(qtbot):
    queue = JobQueue()
    yield queue
    queue.close()


@pytest.fixture
def panel(jobs, qtbot):
    panel = JobsPanel(jobs, jobs.cancel)
    qtbot.addWidget(panel)
    panel.show()
    return panel


class Gate:
    """Work that goes on only while the gate is open."""

    def __init__(self):
        self.open = threading.Event()
        self.at = 0

    def steps(self):
        while not self.open.wait(0.01):
            yield Progress(self.at, 10)

    def job(self, title, priority=Priority.TABLE):
        return Job(title, priority, self.steps)


def states(panel):
    return {row.title: row.state for row in panel.model.rows}


def test_what_runs_and_waits_stands_in_the_order_of_the_worker(jobs, panel, qtbot):
    gate = Gate()
    jobs.submit(gate.job("later", Priority.BACKGROUND))
    jobs.submit(gate.job("now", Priority.SAMPLE))
    panel.refresh()
    assert [(row.title, row.state) for row in panel.model.rows] == [("now", RUNNING), ("later", WAITING)]
    gate.at = 4
    qtbot.waitUntil(lambda: panel.model.index(0, STATE).data() == "40 %", timeout=5000)
    assert panel.model.index(0, TIME).data().endswith("left")
    gate.open.set()
    qtbot.waitUntil(lambda: states(panel) == {"now": DONE, "later": DONE}, timeout=5000)


def test_a_chosen_job_is_cancelled_and_stays_so(jobs, panel, qtbot):
    gate = Gate()
    jobs.submit(gate.job("kept"))
    jobs.submit(gate.job("given up"))
    panel.refresh()
    panel.view.selectRow(1)
    panel.cancel_button.click()
    assert states(panel)["given up"] == STOPPING
    qtbot.waitUntil(lambda: states(panel) == {"kept": RUNNING, "given up": CANCELLED}, timeout=5000)
    gate.open.set()
    qtbot.waitUntil(lambda: states(panel)["kept"] == DONE, timeout=5000)


def test_what_the_window_cannot_do_without_is_not_cancelled(jobs, panel, qtbot):
    gate = Gate()
    job = jobs.submit(gate.job("Starting the engine", Priority.ENGINE))
    panel.refresh()
    assert not panel.cancel_button.isEnabled()
    jobs.cancel(job)
    assert not job.cancelled
    gate.open.set()
    qtbot.waitUntil(lambda: not jobs.busy)


def test_a_failure_is_told_with_details_to_copy(jobs, panel, qtbot, caplog):
    def broken():
        yield Progress()
        raise ZeroDivisionError("by zero")

    jobs.submit(Job("Dividing", Priority.TABLE, broken))
    qtbot.waitUntil(lambda: states(panel) == {"Dividing": FAILED}, timeout=5000)
    panel.view.selectRow(0)
    assert "by zero" in panel.details.toPlainText()
    panel.copy_button.click()
    assert "Traceback" in QApplication.clipboard().text()
    panel.clear_button.click()
    assert panel.model.rows == []
    assert panel.empty.isVisible()


def test_alike_jobs_in_a_row_are_counted(jobs, panel, qtbot):
    def quick():
        yield Progress()

    for _ in range(3):
        jobs.submit(Job("Explaining sample 1", Priority.SAMPLE, quick))
    qtbot.waitUntil(lambda: not jobs.busy)
    panel.refresh()
    assert [panel.model.index(0, 0).data()] == ["Explaining sample 1 (3 times)"]
    assert panel.model.rowCount() == 1


def test_many_jobs_are_forgotten_in_the_end(jobs, qtbot):
    def quick():
        yield Progress()

    for number in range(230):
        jobs.submit(Job(str(number), Priority.SAMPLE, quick))
    qtbot.waitUntil(lambda: not jobs.busy, timeout=10000)
    assert len(jobs.past) == 200
    assert jobs.past[-1].title == "229"


def test_a_job_that_takes_long_to_stop_is_noted(jobs, qtbot, caplog):
    began = threading.Event()

    def stubborn():
        began.set()
        time.sleep(0.3)
        yield Progress()

    job = jobs.submit(Job("Stubborn", Priority.TABLE, stubborn))
    assert began.wait(5)
    with caplog.at_level(logging.INFO, "lrp_gui.jobs"):
        job.cancel()
        qtbot.waitUntil(lambda: not jobs.busy, timeout=5000)
    assert "Stubborn: took" in caplog.text


def test_the_model_is_one(jobs, qtmodeltester):
    gate = Gate()
    jobs.submit(gate.job("runs"))
    model = JobsModel(jobs)
    model.refresh()
    qtmodeltester.check(model)
    gate.open.set()


@pytest.fixture
def logged(monkeypatch):
    """A log of this test's own."""
    kept, root = log.Kept(), logging.getLogger()
    monkeypatch.setattr(log, "kept", kept)
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield logging.getLogger("lrp_gui.test")
    root.setLevel(level)
    for handler in [one for one in root.handlers if one is kept or one.__class__.__name__ == "Rotating"]:
        root.removeHandler(handler)
        handler.close()


def test_the_log_is_shown_by_level_and_words_and_grows(logged, qtbot):
    logged.info("opened digits")
    logged.error("broken weights")
    window = LogWindow()
    qtbot.addWidget(window)
    window.show()
    assert "opened digits" in window.text.toPlainText()
    window.level.setCurrentIndex(window.level.findData(logging.ERROR))
    assert "opened digits" not in window.text.toPlainText()
    logged.error("another one")
    qtbot.waitUntil(lambda: "another one" in window.text.toPlainText(), timeout=5000)
    window.search.setText("weights")
    assert window.text.toPlainText().count("\n") == 0
    window.copy_button.click()
    assert QApplication.clipboard().text().endswith("lrp_gui.test: broken weights")
    window.close()


def test_only_the_last_lines_are_kept(logged, monkeypatch):
    for number in range(log.LINES + 10):
        logged.debug("%d", number)
    lines = log.kept.since(0)
    assert len(lines) == log.LINES
    assert lines[-1].number == log.LINES + 10
    assert log.kept.since(log.LINES + 9) == [lines[-1]]


def test_the_file_holds_what_came_before_it_and_does_not_grow_without_end(logged, monkeypatch, tmp_path):
    monkeypatch.setattr(log, "folder", lambda: tmp_path / "state")
    monkeypatch.setattr(log, "BYTES", 4000)
    logged.info("at first")
    path = log.write_to_file()
    assert "at first" in path.read_text()
    for number in range(400):
        logged.info("line %d of a long day", number)
    files = sorted(one.name for one in path.parent.iterdir())
    assert files == ["lrp-gui.log", "lrp-gui.log.1", "lrp-gui.log.2", "lrp-gui.log.3"]
    assert all(one.stat().st_size <= 4000 for one in path.parent.iterdir())


def test_two_programs_write_into_one_file_also_after_one_of_them_put_it_aside(logged, monkeypatch, tmp_path):
    monkeypatch.setattr(log, "folder", lambda: tmp_path)
    path = log.write_to_file()
    path.rename(tmp_path / "lrp-gui.log.1")
    path.write_text("of the other program\n")
    logged.info("after it")
    assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()] == ["program", "it"]
    assert "after it" not in (tmp_path / "lrp-gui.log.1").read_text()
    path.unlink()
    logged.info("begun anew")
    assert "begun anew" in path.read_text()


def test_a_log_that_cannot_be_written_is_said_and_kept_in_memory(logged, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(log, "folder", lambda: tmp_path / "file" / "state")
    assert log.write_to_file() is None
    assert "cannot be written" in log.kept.since(0)[-1].text


@pytest.mark.parametrize(
    ("given", "end"), [("/var/state", "/var/state/lrp-explorer"), ("relative", ".local/state/lrp-explorer")]
)
def test_the_folder_is_the_systems(monkeypatch, given, end):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", given)
    assert str(log.folder()).endswith(end)


def test_what_qt_says_is_logged(logged):
    from PySide6.QtCore import QMessageLogContext, QtMsgType

    log._from_qt(QtMsgType.QtWarningMsg, QMessageLogContext(), "QPainter::begin: no device")
    line = log.kept.since(0)[-1]
    assert line.level == logging.WARNING
    assert line.text.endswith("QPainter::begin: no device")
