"""Every test of the window: settings apart from the person's own, no thread left behind."""

from __future__ import annotations

import gc
import itertools
import threading

import pytest
from pytestqt.qtbot import QtBot

from lrp_gui.garbage import forget_items

PATIENCE_MS = 60_000
FULLY_EVERY = 10
_ENDED = itertools.count(1)


class PatientBot(QtBot):
    """Waits for what is to come as long as a busy machine may need: how long that takes is no claim of these tests."""

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **options):  # noqa: N802 - pytest-qt's name
        if options.get("raising", True):  # else it must not come: then there is nothing to be patient about
            timeout = max(timeout, PATIENCE_MS)
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):  # noqa: N802 - pytest-qt's name
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))


@pytest.fixture
def qtbot(qapp, request):
    return PatientBot(request)


@pytest.fixture(autouse=True)
def settings_apart(tmp_path, qapp, monkeypatch):
    """Settings, and the journal of what is edited, lie in this test's own folder."""
    from PySide6.QtCore import QSettings, QStandardPaths

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    QStandardPaths.setTestModeEnabled(True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    qapp.setOrganizationName("LRP Explorer tests")
    qapp.setApplicationName("lrp-gui-tests")
    yield
    QStandardPaths.setTestModeEnabled(False)


@pytest.fixture(autouse=True)
def no_key_held(qapp):
    """A click with Shift leaves it held for Qt, and the next test selects otherwise than it says."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QWidget

    yield
    if QGuiApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)


@pytest.fixture(autouse=True)
def no_thread_left(monkeypatch, request):
    """A thread that outlives its test fails it, by name."""
    from PySide6.QtCore import QThread

    started: list[QThread] = []
    start = QThread.start

    def recorded(self, *arguments):
        started.append(self)
        start(self, *arguments)

    monkeypatch.setattr(QThread, "start", recorded)
    before = set(threading.enumerate())
    yield
    # What this test made is young. To go through torch's objects after each test took half of the suite's time.
    gc.collect(2 if next(_ENDED) % FULLY_EVERY == 0 else 1)
    forget_items()  # many a test has no window, which would see to it
    left = [thread.objectName() or type(thread).__name__ for thread in started if _still_runs(thread)]
    # Dummy threads are Python's notes of foreign threads that once called in; they are no threads of ours. Nor is the
    # one that tqdm, which torch's export uses, keeps for as long as the process lives.
    left += [
        thread.name
        for thread in threading.enumerate()
        if thread not in before
        and thread.is_alive()
        and thread.name != "tqdm_monitor"
        and not isinstance(thread, threading._DummyThread)
    ]
    assert not left, f"{request.node.name} left threads running: {', '.join(left)}"


def _still_runs(thread) -> bool:
    from shiboken6 import isValid

    return isValid(thread) and thread.isRunning()


@pytest.fixture
def window(qtbot, monkeypatch):
    """The real window, with its views in place."""
    from lrp_gui.app import make_window, move_in
    from lrp_gui.document import commands

    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    window = make_window("light")
    qtbot.addWidget(window)
    window.resize(1300, 800)
    window.show()
    move_in(window)
    with qtbot.waitSignal(window.furnished, timeout=20000):
        pass
    yield window
    window.jobs.close()


@pytest.fixture
def diabetes(window, qtbot):
    """The window with the diabetes example explained."""
    from tests.gui.example import DIABETES, settle

    window.opener.open([str(DIABETES)])
    settle(qtbot, window)
    assert window.document.result is not None
    return window
