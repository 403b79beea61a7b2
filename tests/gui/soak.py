"""One window through a long day in short: `python -m tests.gui.soak SECONDS EVERY`.

Somebody does a little of everything, in an order by chance, and goes away in between, while clocks go on: mouse moves,
palettes of the desktop, focus that comes and goes. After every EVERY seconds a line of JSON says what is there.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time

from PySide6.QtCore import QEvent, QPointF, QSettings, QStandardPaths, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from lrp_gui import app as program
from lrp_gui.settings import EXAMPLES
from lrp_gui.viewer.scales import fitting
from tests.gui.cycles import counted, drain, turn, wait

IDLE_MS = 30


class Day:
    """What can be done, by name; each leaves the window as it could be left."""

    def __init__(self, window, seed):
        self.window, self.document, self.random = window, window.document, random.Random(seed)

    def at_rest(self):
        return not self.window.jobs.busy and not self.window.explainer.busy

    def choose_a_sample(self):
        self.document.select_sample(self.random.randrange(40))

    def edit_and_undo(self):
        self.document.edit_cell(self.random.randrange(10), 0, str(self.random.randrange(10)))
        wait(self.at_rest)
        self.document.undo_stack.undo()

    def change_the_target(self):
        self.document.set_target(self.random.choice(("max", "0")))
        wait(self.at_rest)
        self.document.undo_stack.undo()

    def change_the_rules(self):
        self.document.set_composite(self.random.choice(("epsilon", "gamma")))
        wait(self.at_rest)
        self.document.undo_stack.undo()

    def look_at_a_layer(self):
        self.document.select_layer(self.random.choice(self.document.network.layers).path)

    def look_at_a_tensor(self):
        self.document.select_tensor(self.random.choice(self.document.file.tensors).name)

    def another_scale(self):
        scales = fitting(self.document.network, self.document.result)
        self.window.viewer.controls.scale_chosen.emit(self.random.choice(scales).id)

    def another_tab(self):
        tabs = self.random.choice((self.window.browser.tabs, self.window.viewer.detail))
        tabs.setCurrentIndex(self.random.randrange(tabs.count()))

    def ask_for_help(self):
        self.window.help.what_is_this("graph")
        turn(1)
        self.window.help.about.reject()

    def another_theme(self):
        self.window.set_theme(self.random.choice(("light", "dark")))

    def move_the_mouse(self):
        place = QPointF(self.random.randrange(600), self.random.randrange(400))
        target = self.window.viewer.canvas
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(QEvent.Type.MouseMove, place, place, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(target, event)

    def go_away(self):
        """An hour in which only the desktop stirs."""
        for kind in (QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationPaletteChange, QEvent.Type.WindowActivate):
            QApplication.sendEvent(self.window, QEvent(kind))
        turn(IDLE_MS)

    def live(self):
        does = [name for name in vars(Day) if not name.startswith("_") and name not in {"live", "at_rest"}]
        getattr(self, self.random.choice(does))()
        turn(1)
        wait(self.at_rest)


def main(seconds, every):
    QStandardPaths.setTestModeEnabled(True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    app = QApplication(["soak", "-style", "Fusion"])
    app.setOrganizationName("LRP Explorer tests")
    app.setApplicationName("lrp-gui-soak")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = program.make_window("light")
        window.resize(1200, 800)
        window.show()
        program.move_in(window)
        furnished = []
        window.furnished.connect(lambda: furnished.append(True))
        wait(lambda: furnished)
        window.opener.open([str(EXAMPLES[0].path())])
        day = Day(window, 7)
        wait(lambda: day.at_rest() and window.document.result is not None)
        steps, spent, told = 0, 0.0, 0
        while spent < seconds:
            began = time.process_time()
            day.live()
            steps += 1
            spent += time.process_time() - began
            if spent >= (told + 1) * every:
                told += 1
                drain()
                print(json.dumps({"seconds": round(spent), "steps": steps} | counted()), flush=True)
        window.hide()
        window.document.undo_stack.blockSignals(True)  # as when a window closes
        window.jobs.close()
        window.deleteLater()
        drain()


if __name__ == "__main__":
    main(*map(float, sys.argv[1:3]))
