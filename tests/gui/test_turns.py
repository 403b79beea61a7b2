"""Work of the main thread in small pieces: `lrp_gui.turns`."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEventLoop, QObject, QTimer

from lrp_gui import turns
from lrp_gui.turns import PATIENCE, YOUNG, Soon, Turns


class Clock:
    """This thread's processor time, as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def thread_time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch, qapp):
    turns._line()  # the one there is keeps its own beginning
    found = Clock()
    monkeypatch.setattr(turns, "time", found)
    turns._line()._began = 0.0
    return found


@pytest.fixture
def parent(qapp):
    made = QObject()
    yield made
    made.deleteLater()


def test_what_is_asked_for_often_is_done_once(parent, qtbot):
    done = []
    piece = Soon(lambda: done.append(1), parent)
    for _ in range(3):
        piece.start("news of a signal")
    assert piece.isActive()
    assert not done
    qtbot.waitUntil(lambda: not piece.isActive())
    qtbot.wait(5)
    assert done == [1]


def test_long_pieces_have_a_turn_each_and_short_ones_share_one(parent, qtbot, qapp, clock):
    done, turn = [], [0]
    awake = qapp.eventDispatcher().awake
    begin = lambda: turn.__setitem__(0, turn[0] + 1)  # noqa: E731
    awake.connect(begin)

    def piece(name, seconds):
        def work():
            clock.now += seconds
            done.append((name, turn[0]))

        Soon(work, parent).start()

    for name in "abc":
        piece(name, 2 * YOUNG)
    for name in "de":
        piece(name, YOUNG / 10)
    qtbot.waitUntil(lambda: len(done) == 5)
    awake.disconnect(begin)
    assert [name for name, _ in done] == list("abcde"), "first come, first served"
    a, b, c, d, e = [number for _, number in done]
    assert a < b < c < d == e


def test_a_turn_that_has_painted_for_long_begins_nothing_but_not_for_ever(parent, qtbot, qapp, clock):
    done, late = [], []
    painting = lambda: setattr(clock, "now", clock.now + 2 * YOUNG)  # noqa: E731 - after the line noted the beginning
    qapp.eventDispatcher().awake.connect(painting)
    piece = Soon(lambda: done.append(turns._line()._late), parent)
    piece.start()
    while not done:
        qapp.processEvents()
        late.append(turns._line()._late)
        assert len(late) < 10_000
    qapp.eventDispatcher().awake.disconnect(painting)
    assert max(late) == PATIENCE
    assert done == [0]


def test_one_that_fails_does_not_hold_up_the_others(parent, qtbot, qapp):
    done = []

    def fail():
        raise ValueError("on purpose")

    Soon(fail, parent).start()
    Soon(lambda: done.append(1), parent).start()
    with qtbot.capture_exceptions() as caught:
        qtbot.waitUntil(lambda: bool(done))
    assert [kind for kind, *_ in caught] == [ValueError]


def test_others_go_on_in_an_event_loop_that_one_waits_in(parent, qtbot):
    loop, done = QEventLoop(), []

    def wait():
        QTimer.singleShot(5000, loop.quit)
        loop.exec()
        done.append("waited")

    def leave():
        done.append("left")
        loop.quit()

    Soon(wait, parent).start()
    Soon(leave, parent).start()
    qtbot.waitUntil(lambda: len(done) == 2)
    assert done == ["left", "waited"]


def test_what_is_gone_or_not_wanted_any_more_is_not_done(parent, qtbot):
    done = []
    gone = QObject()
    Soon(lambda: done.append("gone"), gone).start()
    unwanted = Soon(lambda: done.append("unwanted"), parent)
    unwanted.start()
    Soon(lambda: done.append("wanted"), parent).start()
    unwanted.stop()
    gone.deleteLater()
    del gone
    qtbot.waitUntil(lambda: bool(done))
    qtbot.wait(5)
    assert done == ["wanted"]
    assert not unwanted.isActive()


def test_steps_follow_each_other_and_a_failure_ends_them(parent, qtbot):
    done, failed = [], []

    def fail():
        raise ValueError("on purpose")

    steps = (lambda: done.append(1), lambda: done.append(2), fail, lambda: done.append(3))
    Turns(steps, parent, failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    qtbot.wait(5)
    assert done == [1, 2]
    assert str(failed[0]) == "on purpose"
