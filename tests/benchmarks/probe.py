"""What runs inside a measured process: `-m tests.benchmarks.probe bare|start|stall|edit [FILE]`.

It prints one line of JSON. The program itself runs unchanged; the probe steps in where its event loop begins.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

if sys.argv[1:2] != ["bare"]:
    import lrp_gui.app  # noqa: F401  (before Qt, as the program's own start does)

from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from shiboken6 import isValid

EDITS = 20
BEAT_MS = 1


class AfterPaint(QObject):
    """Calls `then` once, right after the next painting of any of `widgets` has reached the screen."""

    def __init__(self, widgets: list[QWidget], then: Callable[[], object]) -> None:
        super().__init__()
        self._widgets, self._then = widgets, then
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._widgets:
            for widget in filter(isValid, self._widgets):  # some may be gone by now
                widget.removeEventFilter(self)
            self._widgets = []
            # All of the window is painted in one go; before anything else gets its turn, this event arrives.
            QCoreApplication.postEvent(self, QEvent(QEvent.Type.User), Qt.EventPriority.HighEventPriority.value)
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.User:
            self._then()
        return super().event(event)


def tell(**figures: object) -> None:
    """Print the figures and end at once: what closing costs is another question."""
    print(json.dumps(figures), flush=True)
    os._exit(0)


def main_window() -> QMainWindow:
    return next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMainWindow))


def at_event_loop(then: Callable[[], object]) -> None:
    """Run `then` where the program enters its event loop."""
    enter = QApplication.exec

    def entering(*_arguments: object) -> int:
        then()
        return enter()

    QApplication.exec = entering


def visible() -> None:
    """Tell the moment at which the first picture of the window has been handed to the screen."""

    def drawn() -> None:
        tell(visible=time.monotonic(), processor=time.process_time(), torch="torch" in sys.modules)

    kept.append(AfterPaint([main_window()], drawn))


def bare() -> None:
    app = QApplication([])
    window = QMainWindow()
    window.resize(1440, 900)
    window.show()
    visible()
    app.exec()


def when_shown(window: QMainWindow, then: Callable[[], object]) -> None:
    """Call `then` each time the viewer has taken over all of a result, the last part of it not painted yet."""
    window.furnished.connect(lambda: window.viewer.caught_up.connect(then))


def stall() -> None:
    """Tell the longest gaps of a 1 ms heartbeat in the main thread, until the first explanation is drawn."""
    window = main_window()
    clock = QElapsedTimer()
    gaps: list[tuple[float, float, str]] = []  # how long, when it ended, which job ran
    last = [0.0]
    clock.start()

    def beat(doing: str = "") -> None:
        now = clock.nsecsElapsed() / 1e6
        status = window.jobs.status
        gaps.append((now - last[0], now, doing or (status.title if status else "")))
        last[0] = now

    def shown() -> None:
        if window.document.result is not None:
            kept.append(AfterPaint([window.viewer, *window.viewer.findChildren(QWidget)], drawn))

    def drawn() -> None:
        beat("drawing the explanation")
        longest = [[round(gap, 1), round(when), what] for gap, when, what in sorted(gaps, reverse=True)[:5]]
        tell(longest=longest, until=gaps[-1][1], beats=len(gaps))

    timer = QTimer(window)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(BEAT_MS)
    when_shown(window, shown)


def edit() -> None:
    """Tell how long it takes from the edit of a cell until its explanation is drawn, edit by edit."""
    window = main_window()
    times: list[float] = []
    began = [0.0]

    def change() -> None:
        column = next(i for i, feature in enumerate(window.document.table.features) if feature.name == "bmi")
        began[0] = time.perf_counter()
        window.document.edit_cell(0, column, f"{20 + len(times) * 0.5}")

    def shown() -> None:
        if began[0] and window.document.result is not None:
            kept.append(AfterPaint([window.viewer, *window.viewer.findChildren(QWidget)], drawn))

    def drawn() -> None:
        times.append((time.perf_counter() - began[0]) * 1e3)
        began[0] = 0.0
        if len(times) == EDITS:
            tell(times=times)
        QTimer.singleShot(200, window, change)  # a person's pause, in which the table and animations come to rest

    when_shown(window, shown)
    QTimer.singleShot(6000, window, change)


kept: list[AfterPaint] = []


def main(what: str, *files: str) -> None:
    if what == "bare":
        bare()
        return
    from lrp_gui.app import main as program

    at_event_loop({"start": visible, "stall": stall, "edit": edit}[what])
    program(list(files))


if __name__ == "__main__":
    main(*sys.argv[1:])
