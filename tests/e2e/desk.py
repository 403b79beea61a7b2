"""Somebody's home, screen, mouse and keyboard: the real program is driven from outside, as a desktop does it."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, x_server

WIDE_SCREEN = "2560x1440x24"  # so that the window leaves the desktop's icons free
PATIENCE = 60
AGAIN_AFTER = 8
ICON_SIZE = (45, 35)  # from an icon's corner to its middle
# What is tried: this source tree, or a bundle or an installed program that somebody names.
PROGRAM = shlex.split(os.environ.get("LRP_PROGRAM", "")) or [sys.executable, "-m", "lrp_gui"]
HOMES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY")


def needs(*programs: str) -> None:
    """Skip where a desktop's programs are missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"this test needs {', '.join(missing)} (resources/quickstart.py --test installs them)")


class Desk:
    """One person's; `icons` says where which file on the desktop has its icon."""

    def __init__(self, home: Path, runtime: Path, number: str) -> None:
        self.home = home
        self.icons: dict[str, tuple[int, int]] = {}
        self.environment = {name: value for name, value in os.environ.items() if name not in HOMES} | {
            "DISPLAY": number,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": str(ROOT),
            "LRP_CACHE": str(home / "networks"),
        }
        self.running: list[subprocess.Popen] = []
        (home / "Desktop").mkdir(parents=True)

    def start(self, *command: str, cwd: Path | None = None) -> subprocess.Popen:
        """Start a program beside all others."""
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=self.environment, stdout=quiet, stderr=quiet, cwd=cwd, start_new_session=True
        )
        self.running.append(process)
        return process

    def ask(self, *command: str) -> str:
        """What a short program says."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout.strip()

    # ----------------------------------------------------------------------------------------- the desktop

    def lay_out(self, icons: Mapping[str, tuple[int, int]]) -> None:
        """Show a desktop with icons in these places."""
        self.icons = dict(icons)
        wanted = "[*]\nwallpaper_mode=color\ndesktop_bg=#4a6a8a\ndesktop_fg=#ffffff\n"
        wanted += "".join(f"[{name}]\nx={x}\ny={y}\n" for name, (x, y) in icons.items())
        settings = self.home / ".config"
        (settings / "pcmanfm" / "default").mkdir(parents=True)
        (settings / "pcmanfm" / "default" / "desktop-items-0.conf").write_text(wanted)
        (settings / "libfm").mkdir()
        (settings / "libfm" / "libfm.conf").write_text("[config]\nquick_exec=1\nsingle_click=0\n")
        self.start("pcmanfm", "--desktop")
        self.until(lambda: self.ask("xdotool", "search", "--class", "pcmanfm"), "the desktop is there")

    def double_click(self, icon: str, until: Callable[[], object], what: str) -> None:
        """Click until something happens: the icons may not be in their places yet. One instance makes it harmless."""
        x, y = (corner + middle for corner, middle in zip(self.icons[icon], ICON_SIZE, strict=True))
        click = ("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "2", "--delay", "90", "1")
        self.do_until(lambda: self.ask(*click), until, what)

    # ----------------------------------------------------------------------------------------- the program

    def keys(self, *names: str) -> None:
        """Press keys, one after the other, such as "ctrl+s"."""
        self.ask("xdotool", "key", "--delay", "30", *names)

    def type(self, text: str) -> None:
        """Type a text."""
        self.ask("xdotool", "type", "--delay", "12", text)

    def windows(self, name: str = "LRP Explorer$") -> list[str]:
        """The numbers of our windows that can be seen."""
        return self.ask("xdotool", "search", "--onlyvisible", "--name", name).split()

    def titles(self) -> list[str]:
        """What their title bars say."""
        return [self.ask("xdotool", "getwindowname", window) for window in self.windows()]

    def title(self) -> str:
        """What the title bar of the window in front says."""
        return self.ask("xdotool", "getactivewindow", "getwindowname")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something to be so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}; windows: {self.titles()}"
            time.sleep(0.1)

    def do_until(self, do: Callable[[], object], condition: Callable[[], object], what: str) -> None:
        """Do something, and again after a while, until something is so."""
        done = 0.0

        def doing() -> object:
            nonlocal done
            if not condition() and time.monotonic() - done > AGAIN_AFTER:
                done = time.monotonic()
                do()
            return condition()

        self.until(doing, what)

    def leave(self) -> None:
        """Close and end everything."""
        for window in self.windows():
            self.ask("xdotool", "windowclose", window)
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


@contextlib.contextmanager
def a_desk(home: Path) -> Iterator[Desk]:
    """A screen with a window manager, until everything on it is closed."""
    with x_server(WIDE_SCREEN) as number, tempfile.TemporaryDirectory(dir="/tmp") as runtime:  # short: for sockets
        there = Desk(home, Path(runtime), number)
        there.start("openbox")
        try:
            yield there
        finally:
            there.leave()
