"""How the program is started: by a double click, a second time, and without a network."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lrp_gui.settings import EXAMPLES
from tests.e2e.conftest import ROOT
from tests.e2e.desk import PATIENCE, PROGRAM, a_desk, needs
from tests.e2e.watched import REACH_OUT

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(180)]

ICONS = {"lrp-explorer.desktop": (2300, 100), "patients.pth": (2300, 300)}


@pytest.fixture
def desk(tmp_path):
    needs("Xvfb", "xdotool", "openbox")
    with a_desk(tmp_path / "home") as there:
        yield there


def test_double_click_the_launcher_and_then_a_weight_file(desk):
    needs("pcmanfm", "update-mime-database")
    for source, name in (("model_weights.pth", "patients.pth"), ("architecture.json", "architecture.json")):
        shutil.copyfile(EXAMPLES[0].path().with_name(source), desk.home / "Desktop" / name)
    assert "Installed" in desk.ask(*PROGRAM, "--install-desktop")
    desk.lay_out(ICONS)
    desk.double_click("lrp-explorer.desktop", desk.windows, "the launcher opens the window")
    shown = lambda: [title for title in desk.titles() if "LRP Explorer" in title and title != "LRP Explorer"]  # noqa: E731
    desk.double_click("patients.pth", shown, "the weight file is open")
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
