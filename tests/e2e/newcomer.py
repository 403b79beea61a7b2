"""A newcomer's first afternoon, from a double click to the German words, with a desktop's mouse and keyboard only.

`python -m tests.e2e.newcomer FOLDER` walks four times, in both languages and both themes, and leaves a picture of each
step in FOLDER (with ImageMagick's `import`). LRP_PROGRAM names another program than this source
tree's: a bundle's, or an installed one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lrp_gui.settings import LANGUAGE, THEME
from tests.e2e.desk import PROGRAM, Desk, a_desk

# pcmanfm gives what is new on the desktop the first free place
ICONS = {"lrp-explorer.desktop": (2300, 100), "study.lrpx": (14, 0)}
SAVED, LAST = "20.5", "41.25"
UNSAVED_SECONDS = 1.2  # the journal promises one
GLANCES, GLANCE_SECONDS, TICKS_AT_REST = 4, 0.08, 2
STILL_SECONDS, STILL_AT_MOST = 0.5, 15


@dataclass(frozen=True)
class Words:
    """What the window says in a language, as far as a walk has to know."""

    language: str
    save: str
    export: str
    where: str
    guide: str
    preferences: str
    recover: str  # the keys
    search: str


ENGLISH = Words(
    "en", "Save Project As", "Export Picture", "Save Picture", "Guide", "Preferences", "alt+r", "stabilizer"
)
GERMAN = Words(
    "de", "Projekt speichern", "Bild exportieren", "Bild speichern", "Handbuch", "Einstellungen", "alt+w", "Regel"
)

WALKS = ((ENGLISH, "light"), (GERMAN, "dark"), (GERMAN, "light"), (ENGLISH, "dark"))


class Newcomer:
    """Walks through the program; `look` is told of each step once it is done."""

    def __init__(self, desk: Desk, words: Words, look: Callable[[str], object] = lambda _step: None) -> None:
        self.desk, self.words, self.look = desk, words, look
        self.project = desk.home / "Desktop" / "study.lrpx"

    def install(self) -> None:
        """Put the program onto the desktop."""
        assert "Installed" in self.desk.ask(*PROGRAM, "--install-desktop")
        self.desk.lay_out(ICONS)

    def explain_the_example(self) -> None:
        """Double-click the launcher, and open the first example."""
        desk = self.desk
        desk.double_click("lrp-explorer.desktop", desk.windows, "the launcher opens the window")
        self.step("start")
        desk.do_until(lambda: desk.keys("ctrl+1"), self._titled("diabetes"), "the example is open")
        self.step("explained")

    def change_and_save(self) -> None:
        """Type another number into a cell, and save the project."""
        desk = self.desk
        self.step("before")
        desk.keys("alt+2", "Right", "Right")
        self.type_into_cell(SAVED)
        self.step("edited")
        desk.keys("ctrl+s")
        self.answer(self.words.save, self.project)
        desk.until(self._titled("study –"), "the window has the project's name")
        self.step("saved")

    def type_into_cell(self, number: str) -> None:
        """Type into the chosen cell; the title has a star then."""
        self.desk.type(number)
        self.desk.keys("Return")
        self.desk.until(lambda: "*" in self.desk.title(), "the window knows of the edit")

    def be_killed(self) -> None:
        """Edit again, and lose the program."""
        desk = self.desk
        desk.keys("Up")
        self.type_into_cell(LAST)
        self.step("edited-again")
        time.sleep(UNSAVED_SECONDS)
        (window,) = desk.windows()
        os.kill(int(desk.ask("xdotool", "getwindowpid", window)), signal.SIGKILL)
        desk.until(lambda: not desk.windows(), "the program is gone")
        self.step("killed")

    def take_it_back(self) -> None:
        """Double-click the project, and have the work recovered."""
        desk = self.desk
        desk.double_click("study.lrpx", self._titled("study –"), "a double click opens the project")
        self.step("offered")
        desk.keys(self.words.recover)
        desk.until(lambda: "*" in desk.title(), "the work is back")
        self.step("recovered")
        desk.keys("ctrl+s")
        desk.until(self._titled("study –"), "it is saved")

    def export(self, *names: str) -> list[Path]:
        """Export the picture under each of these names."""
        desk = self.desk
        for name in names:
            desk.keys("ctrl+e")
            self.await_window(self.words.export)
            self.step(f"export-{name.partition('.')[2]}")
            desk.keys("Return")
            self.answer(self.words.where, desk.home / name)
            desk.until(lambda: self.words.export not in desk.title(), "the dialog is gone")
        self.step("exported")
        return [desk.home / name for name in names]

    def read_the_help(self) -> None:
        """Open the guide, and search it."""
        desk = self.desk
        desk.keys("F1")
        self.await_window(self.words.guide)
        self.step("guide")
        desk.keys("ctrl+f")
        desk.type(self.words.search)
        self.step("found")
        desk.keys("Return")
        self.step("read")
        desk.ask("xdotool", "getactivewindow", "windowclose")
        desk.until(
            lambda: "LRP Explorer" in desk.title() and self.words.guide not in desk.title(), "the guide is closed"
        )

    def choose(self, theme: str, language: str) -> None:
        """Choose both in the preferences; the language is spoken at the next start."""
        desk = self.desk
        desk.keys("ctrl+comma")
        self.await_window(self.words.preferences)
        self.step("preferences")
        themes, languages = THEME.allowed.index(theme), LANGUAGE.allowed.index(language)
        desk.keys("Tab", "Home", *["Down"] * themes, "Tab", "Tab", "Tab", "Home", *["Down"] * languages)
        self.step("preferences-changed")
        desk.keys("Escape")
        desk.until(lambda: self.words.preferences not in desk.title(), "the dialog is gone")
        self.step(theme)

    def quit(self) -> None:
        """Leave as one does."""
        self.desk.keys("ctrl+q")
        self.desk.until(lambda: not self.desk.windows(), "the window is closed")

    # ----------------------------------------------------------------------------------------- waiting

    def step(self, name: str) -> None:
        """Let the program come to rest, and look at it."""
        for window in self.desk.windows():
            self.desk.until(lambda window=window: self._rests(window), "the program has done all that it had to")
        self.look(name)

    def _rests(self, window: str) -> bool:
        """Whether none of the program's threads ran for a while, or wanted to."""
        process = Path("/proc") / self.desk.ask("xdotool", "getwindowpid", window)
        begun = used(process)
        for _ in range(GLANCES):
            time.sleep(GLANCE_SECONDS)
            if any(state(thread) in "RD" for thread in (process / "task").iterdir()):
                return False
        return used(process) - begun <= TICKS_AT_REST

    def await_window(self, title: str) -> None:
        """Wait until a window with this in its title has the focus."""
        self.desk.until(lambda: title in self.desk.title(), f"there is {title}")

    def answer(self, title: str, path: Path) -> None:
        """Tell a dialog for files where."""
        self.await_window(title)
        self.desk.type(str(path))
        self.step(f"where-{path.suffix[1:]}")
        # A letter more and less closes Qt's list of what the name might become, which would take the key for itself.
        confirm = lambda: self.desk.keys("End", "x", "BackSpace", "Return")  # noqa: E731
        self.desk.do_until(confirm, lambda: title not in self.desk.title(), f"{title} is gone")
        self.desk.until(path.exists, f"{path.name} is written")

    def _titled(self, beginning: str) -> Callable[[], bool]:
        return lambda: any(title.startswith(beginning) for title in self.desk.titles())


def fields(process: Path) -> list[str]:
    """What the system says of a process or a thread, from its state on (proc_pid_stat(5))."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return ["X"] + ["0"] * 20


def state(thread: Path) -> str:
    """R: it runs or wants to, D: it waits for a disk, S: it sleeps."""
    return fields(thread)[0]


def used(process: Path) -> int:
    """The processor time that it took, in ticks of 10 ms."""
    return sum(int(ticks) for ticks in fields(process)[11:13])


class Photographer:
    """Takes a picture of the screen when nothing moves on it any more."""

    def __init__(self, desk: Desk, folder: Path, prefix: str) -> None:
        self.desk, self.folder, self.prefix, self.count = desk, folder, prefix, 0

    def __call__(self, step: str) -> None:
        self.count += 1
        path = self.folder / f"{self.prefix}-{self.count:02}-{step}.png"
        end, before = time.monotonic() + STILL_AT_MOST, b""
        while time.monotonic() < end:
            time.sleep(STILL_SECONDS)
            subprocess.run(
                ["import", "-window", "root", "-define", "png:exclude-chunks=date,time", str(path)],
                env=self.desk.environment,
                check=True,
            )
            if path.read_bytes() == before:
                return
            before = path.read_bytes()


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as home, a_desk(Path(home) / "ada") as desk:
        for number, (words, theme) in enumerate(WALKS):
            prefix = f"{words.language}-{theme}"
            one = Newcomer(desk, words, Photographer(desk, folder, prefix))
            if number == 0:
                one.install()
            one.step("desktop")
            one.explain_the_example()
            one.change_and_save()
            one.be_killed()
            one.take_it_back()
            for path in one.export(f"{prefix}.png", f"{prefix}.pdf"):
                shutil.copy(path, folder)
            one.read_the_help()
            if number + 1 < len(WALKS):
                following, other = WALKS[number + 1]
                one.choose(other, following.language)
            one.quit()
            one.project.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
