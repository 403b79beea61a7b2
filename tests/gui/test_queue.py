"""The worker's queue: order, giving way, cancelling, faults, and its end."""

from __future__ import annotations

import threading
import time
from importlib import import_module

import pytest

from lrp_engine.errors import FormatError
from lrp_gui.jobs.gentle import import_torch
from lrp_gui.jobs.queue import MOST_BEHIND, WATCH_MS, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Part, Progress, run_now


@pytest.fixture
def jobs(qtbot):
    queue = JobQueue()
    yield queue
    queue.close()


def settle(qtbot, queue):
    qtbot.waitUntil(lambda: not queue.busy, timeout=5000)


def test_a_job_runs_in_the_worker_and_reports_to_the_main_thread(qtbot, jobs):
    seen = {}

    def work():
        seen["worker"] = threading.get_ident()
        yield Progress(1, 2)
        yield Part("half")
        return "whole"

    def done(value):
        seen["done"] = value, threading.get_ident()

    def part(value):
        seen["part"] = value, threading.get_ident()

    jobs.submit(Job("Working", Priority.OPEN, work, done=done, part=part))
    settle(qtbot, jobs)
    main = threading.get_ident()
    assert seen["worker"] != main
    assert seen["part"] == ("half", main)
    assert seen["done"] == ("whole", main)


def test_an_urgent_job_overtakes_one_that_runs(qtbot, jobs):
    order, first_step = [], threading.Event()

    def slow():
        for _ in range(50):
            first_step.set()
            time.sleep(0.002)
            yield Progress()
        order.append("table")

    def quick():
        order.append("sample")
        yield Progress()

    jobs.submit(Job("Table", Priority.TABLE, slow))
    assert first_step.wait(5)
    jobs.submit(Job("Sample", Priority.SAMPLE, quick))
    settle(qtbot, jobs)
    assert order == ["sample", "table"]


def test_cancelling_ends_a_job_at_its_next_step_and_nothing_arrives(qtbot, jobs):
    steps, closed, arrived, started = [], [], [], threading.Event()

    def endless():
        try:
            while True:
                started.set()
                time.sleep(0.005)
                steps.append(len(steps))
                yield Part("news")
        finally:
            closed.append(True)

    job = jobs.submit(Job("Endless", Priority.OPEN, endless, part=arrived.append, done=arrived.append))
    assert started.wait(5)
    job.cancel()
    done, arrived[:] = len(steps), []
    settle(qtbot, jobs)
    assert closed
    assert len(steps) <= done + 1
    assert not arrived


def test_nobody_waits_for_the_long_step_of_a_cancelled_job(qtbot, jobs):
    started, go_on, threads, arrived, steps = threading.Event(), threading.Event(), [], [], []

    def long_step():
        threads.append(threading.get_ident())
        yield Progress()
        started.set()
        go_on.wait(20)  # one convolution, one copy of a large tensor
        yield Part("late")
        steps.append("went on")

    def next_one():
        threads.append(threading.get_ident())
        yield Progress()
        return "next"

    job = jobs.submit(Job("Long", Priority.OPEN, long_step, part=arrived.append, done=arrived.append))
    assert started.wait(5)
    job.cancel()
    jobs.submit(Job("Next", Priority.OPEN, next_one, done=arrived.append))
    qtbot.waitUntil(lambda: bool(arrived), timeout=5000)
    assert arrived == ["next"]
    assert threads[0] != threads[1]
    assert jobs.busy  # it is still at its end
    assert not job.ended
    go_on.set()
    settle(qtbot, jobs)
    assert job.ended
    assert arrived == ["next"]
    assert not steps
    assert [past.end for past in jobs.past] == ["done", "cancelled"]
    qtbot.waitUntil(lambda: not jobs._behind, timeout=5000)


def test_no_more_than_a_few_steps_come_to_their_end_behind(qtbot, jobs, monkeypatch):
    monkeypatch.setattr("lrp_gui.jobs.queue.TAKE_OVER_SECONDS", 0)
    go_on, begun = threading.Event(), []

    def long_step():
        begun.append(threading.get_ident())
        go_on.wait(20)
        yield Progress()

    for number in range(MOST_BEHIND + 1):
        jobs.submit(Job("Long", Priority.OPEN, long_step))
        qtbot.waitUntil(lambda number=number: len(begun) == number + 1, timeout=5000)
        jobs.cancel_work()
    jobs.submit(Job("Last", Priority.OPEN, long_step))
    qtbot.wait(5 * WATCH_MS)
    assert len(begun) == MOST_BEHIND + 1
    go_on.set()
    settle(qtbot, jobs)
    assert len(begun) == MOST_BEHIND + 2
    assert not jobs.cancellable


def test_every_worker_computes_without_gradients(qtbot):
    found = []

    def asks():
        yield from import_torch()
        found.append(import_module("torch").is_grad_enabled())

    for _ in range(2):  # torch may be there already, and then is not imported anew
        queue = JobQueue()
        queue.submit(Job("Asking", Priority.OPEN, asks))
        qtbot.waitUntil(lambda: not queue.busy, timeout=60000)  # noqa: B023
        queue.close()
    assert found == [False, False]


def test_closing_waits_for_what_comes_to_its_end_behind(qtbot, monkeypatch):
    monkeypatch.setattr("lrp_gui.jobs.queue.TAKE_OVER_SECONDS", 0)
    queue, started, closed = JobQueue(), threading.Event(), []

    def long_step():
        try:
            started.set()
            time.sleep(0.3)
            yield Progress()
        finally:
            closed.append(True)

    queue.submit(Job("Long", Priority.OPEN, long_step))
    assert started.wait(5)
    queue.cancel_work()
    queue.submit(Job("Next", Priority.OPEN, lambda: iter(())))
    qtbot.waitUntil(lambda: bool(queue._behind), timeout=5000)
    queue.close()
    assert closed


def test_results_on_their_way_when_a_job_is_cancelled_are_dropped(qtbot, jobs):
    arrived, finished = [], threading.Event()

    def work():
        yield Progress()
        finished.set()
        return "too late"

    job = jobs.submit(Job("Working", Priority.OPEN, work, done=arrived.append))
    assert finished.wait(5)
    time.sleep(0.02)  # the result waits in the event queue, which does not run here
    job.cancel()
    settle(qtbot, jobs)
    assert not arrived


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FormatError("a.csv is empty; put something in."), "a.csv is empty; put something in."),
        (ZeroDivisionError("by zero"), "Opening: something unexpected happened (ZeroDivisionError: by zero)."),
        (PermissionError(13, "Permission denied", "a.pt"), "Opening: the system refused a.pt (Permission denied)."),
        (MemoryError(), "Opening: the memory is not enough; close other programs or use fewer samples."),
    ],
)
def test_a_fault_becomes_one_sentence_and_the_worker_lives_on(qtbot, jobs, error, sentence):
    failures, results = [], []

    def fails():
        yield Progress()
        raise error

    def works():
        yield Progress()
        return 7

    jobs.submit(Job("Opening", Priority.OPEN, fails, failed=failures.append))
    jobs.submit(Job("After it", Priority.OPEN, works, done=results.append))
    settle(qtbot, jobs)
    assert [failure.sentence for failure in failures] == [sentence]
    assert ("Traceback" in failures[0].details) != isinstance(error, FormatError)
    assert results == [7]


def test_status_names_the_most_urgent_job_and_its_progress(qtbot, jobs):
    seen, go = [], threading.Event()

    def work():
        yield Progress(1, 4, "Reading")
        go.wait(5)

    jobs.status_changed.connect(lambda: seen.append(jobs.status))
    jobs.submit(Job("Opening", Priority.OPEN, work))
    assert jobs.status.title == "Opening"
    qtbot.waitUntil(lambda: any(status.progress.done == 1 for status in seen if status), timeout=5000)
    assert jobs.status.title == "Reading"
    go.set()
    settle(qtbot, jobs)
    assert jobs.status is None


def test_closing_ends_what_runs_and_takes_nothing_more(qtbot):
    queue, closed, started = JobQueue(), [], threading.Event()

    def endless():
        try:
            while True:
                started.set()
                time.sleep(0.002)
                yield Progress()
        finally:
            closed.append(True)

    queue.submit(Job("Endless", Priority.OPEN, endless))
    assert started.wait(5)
    queue.close()
    assert closed == [True]
    assert queue.submit(Job("Late", Priority.OPEN, endless)).cancelled


def test_run_now_gives_the_result_and_the_parts():
    def work():
        yield Part(1)
        yield Progress(1, 2)
        yield Part(2)
        return 3

    parts = []
    assert run_now(work(), parts.append) == 3
    assert parts == [1, 2]
