"""How the program is started: by a double click, a second time, and without a network."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lrp_gui.settings import EXAMPLES
from tests.e2e.conftest import ROOT, x_server
from tests.e2e.watched import REACH_OUT

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(180)]

WIDE_SCREEN = "2560x1440x24"  # so that the window leaves the desktop's icons free
PATIENCE = 60
ICONS = {"lrp-explorer.desktop": (2300, 100), "patients.pth": (2300, 300)}
DESKTOP = """\
[*]
wallpaper_mode=color
desktop_bg=#4a6a8a
desktop_fg=#ffffff
""" + "".join(f"[{name}]\nx={x}\ny={y}\n" for name, (x, y) in ICONS.items())  # fmt: skip
PROGRAM = [sys.executable, "-m", "lrp_gui"]


def needs(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"this test needs {', '.join(missing)} (resources/quickstart.py --test installs them)")


class Desk:
    """Somebody's home, screen and mouse."""

    def __init__(self, home: Path, runtime: Path, number: str) -> None:
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY")
        self.environment = {name: value for name, value in os.environ.items() if name not in names} | {
            "DISPLAY": number,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": str(ROOT),
            "LRP_CACHE": str(home / "networks"),
        }
        self.running: list[subprocess.Popen] = []

    def start(self, *command: str, cwd: Path | None = None) -> subprocess.Popen:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=self.environment, stdout=quiet, stderr=quiet, cwd=cwd, start_new_session=True
        )
        self.running.append(process)
        return process

    def ask(self, *command: str) -> str:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout.strip()

    def double_click(self, icon: str) -> None:
        x, y = ICONS[icon]
        self.ask("xdotool", "mousemove", str(x + 45), str(y + 35), "click", "--repeat", "2", "--delay", "90", "1")

    def windows(self) -> list[str]:
        """The numbers of our windows that can be seen."""
        return self.ask("xdotool", "search", "--onlyvisible", "--name", "LRP Explorer$").split()

    def titles(self) -> list[str]:
        return [self.ask("xdotool", "getwindowname", window) for window in self.windows()]

    def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}; windows: {self.titles()}"
            time.sleep(0.1)

    def leave(self) -> None:
        for window in self.windows():
            self.ask("xdotool", "windowclose", window)
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


@pytest.fixture
def desk(tmp_path):
    needs("Xvfb", "xdotool", "openbox")
    home = tmp_path / "home"
    (home / "Desktop").mkdir(parents=True)
    with x_server(WIDE_SCREEN) as number, tempfile.TemporaryDirectory(dir="/tmp") as runtime:  # short: for sockets
        there = Desk(home, Path(runtime), number)
        there.start("openbox")
        try:
            yield there
        finally:
            there.leave()


def test_double_click_the_launcher_and_then_a_weight_file(desk, tmp_path):
    needs("pcmanfm", "update-mime-database")
    home = Path(desk.environment["HOME"])
    for source, name in (("model_weights.pth", "patients.pth"), ("architecture.json", "architecture.json")):
        shutil.copyfile(EXAMPLES[0].path().with_name(source), home / "Desktop" / name)
    (home / ".config" / "pcmanfm" / "default").mkdir(parents=True)
    (home / ".config" / "pcmanfm" / "default" / "desktop-items-0.conf").write_text(DESKTOP)
    (home / ".config" / "libfm").mkdir()
    (home / ".config" / "libfm" / "libfm.conf").write_text("[config]\nquick_exec=1\nsingle_click=0\n")
    assert "Installed" in desk.ask(*PROGRAM, "--install-desktop")
    desk.start("pcmanfm", "--desktop")
    desk.until(lambda: desk.ask("xdotool", "search", "--class", "pcmanfm"), "the desktop is there")
    clicked = [0.0]

    def opened(icon: str, seen: Callable[[], object]) -> bool:
        """Click until something happens: the icons may not be in their places yet. One instance makes it harmless."""
        if not seen() and time.monotonic() - clicked[0] > 8:
            clicked[0] = time.monotonic()
            desk.double_click(icon)
        return bool(seen())

    desk.until(lambda: opened("lrp-explorer.desktop", desk.windows), "the launcher opens the window")
    clicked[0] = 0.0
    shown = lambda: [title for title in desk.titles() if "LRP Explorer" in title and title != "LRP Explorer"]  # noqa: E731
    desk.until(lambda: opened("patients.pth", shown), "the weight file is open")
    assert len(desk.windows()) == 1


def test_a_second_start_opens_its_file_in_the_first_window_and_brings_it_to_the_front(desk):
    needs("xprop")
    # At once, while the other is still starting; on a busy machine either of them may be the first.
    both = [desk.start(*PROGRAM), desk.start(*PROGRAM, EXAMPLES[0].weights, cwd=EXAMPLES[0].path().parent)]
    desk.until(lambda: [one.poll() for one in both].count(0) == 1, "one of them is the second")
    first = next(one for one in both if one.poll() is None)
    desk.until(lambda: any(title.startswith("diabetes") for title in desk.titles()), "the first window has the file")
    (window,) = desk.windows()
    desk.ask("xdotool", "windowminimize", window)
    desk.until(lambda: "Iconic" in desk.ask("xprop", "-id", window, "WM_STATE"), "the window is away")
    assert subprocess.run(PROGRAM, env=desk.environment, timeout=PATIENCE, check=False).returncode == 0
    desk.until(lambda: desk.ask("xdotool", "getactivewindow") == window, "it is in front")
    other = desk.start(*PROGRAM, "--new-window")
    desk.until(lambda: len(desk.windows()) == 2, "a window of its own is there")
    first.send_signal(signal.SIGKILL)  # leaves its lock and its socket behind
    first.wait()
    again = desk.start(*PROGRAM)
    desk.until(lambda: len(desk.windows()) == 2, "the next start is a first one again")
    assert other.poll() is None
    assert again.poll() is None


def traced(environment: dict[str, str], log: Path, name: str, folder: Path) -> str:
    """Tell a story without a network where the system allows that; what tried to reach one, from inside and outside."""
    command = [sys.executable, "-m", "tests.e2e.watched", name, str(folder)]
    for around in (
        ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,bind,sendto,sendmsg", "-o", str(log)],
        ["unshare", "--net"],
    ):
        if (
            shutil.which(around[0])
            and subprocess.run([*around, "true"], capture_output=True, check=False).returncode == 0
        ):
            command = [*around, *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    outside = log.read_text(errors="replace") if log.exists() else ""
    return done.stdout.strip() + "".join(re.findall(r".*sa_family=AF_INET6?\b.*\n", outside))


def test_nothing_reaches_for_a_network_from_the_start_to_an_exported_picture(display, tmp_path):
    settings = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data")}
    environment = display | settings | {"LRP_CACHE": str(tmp_path / "networks")}
    assert traced(environment, tmp_path / "log", "export_png_and_svg", tmp_path) == ""
    assert (tmp_path / "picture.png").exists()


def test_an_attempt_would_be_seen(tmp_path):
    assert "127.0.0.1" in traced(dict(os.environ), tmp_path / "log", REACH_OUT, tmp_path)
