"""The story of a sudden end, in two programs: `python -m tests.e2e.killed_stories NAME FOLDER`."""

from __future__ import annotations

import os
import signal
import sys

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.e2e.person import Person
from tests.e2e.stories import main, open_example, story, type_bmi

SAVED, LAST = "20.5", "41.25"


def in_front(person: Person) -> None:
    """Where no window manager brings the window back there."""
    person.window.activateWindow()
    person.until(person.window.isActiveWindow, "the window is in front")
    person.until_still()


@story
def save_go_on_and_be_killed(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    type_bmi(person, SAVED)
    in_front(person)
    person.press("Ctrl+S", window)
    dialog = person.dialog()
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    person.until(dialog.isActiveWindow, "it asks where")
    name.selectAll()
    QTest.keyClicks(name, str(person.folder / "study"))
    person.press("Return", name)
    person.until((person.folder / "study.lrpx").exists, "the project is there")
    person.until(lambda: not window.document.modified, "the window knows that it is saved")
    in_front(person)
    type_bmi(person, LAST)
    person.wait(1000)  # what is older than that may not be lost
    person.photograph("killed")
    os.kill(os.getpid(), signal.SIGKILL)


@story
def take_it_back(person: Person) -> None:
    window, document = person.window, person.window.document
    person.until(lambda: window.recovery is not None and window.recovery.isVisible(), "the work is offered back")
    assert "study.lrpx was saved" in window.recovery.sentence, window.recovery.sentence
    person.photograph("offered")
    person.click(window.recovery.recover)
    person.until(lambda: document.table is not None, "the work is there")
    person.until_still()
    person.photograph("recovered")
    assert document.table.text(0, 2) == LAST
    assert document.result is not None
    assert window.isWindowModified()
    assert window.windowTitle().startswith("study")
    in_front(person)
    person.press("Ctrl+S", window)  # into the project that it was
    person.until(lambda: not document.modified, "it is saved")
    assert not window.recovery.isVisible()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
