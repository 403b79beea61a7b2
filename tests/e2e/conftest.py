"""A screen for the real window: the one that DISPLAY names, or an Xvfb of our own."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREEN = "1600x1000x24"
START_SECONDS = 30
STORY_SECONDS = 100


@contextlib.contextmanager
def x_server(screen: str = SCREEN):
    """Run Xvfb on a free number; give the DISPLAY that leads to it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no display and no Xvfb to make one (install xvfb)")
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], START_SECONDS)
        number = os.read(reader, 16).decode().strip() if ready else ""
        assert number, "Xvfb does not start"
        yield f":{number}"
    finally:
        os.close(reader)
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def display():
    """The environment of a process that is to appear on a screen."""
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    environment.pop("WAYLAND_DISPLAY", None)
    if os.environ.get("DISPLAY"):
        yield environment
        return
    with x_server() as number:
        yield environment | {"DISPLAY": number}


@pytest.fixture
def play(display, tmp_path):
    """Run a story in a process of its own; what it saved lies in the folder that comes back."""

    def run(name: str, *arguments: str) -> Path:
        settings = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data")}
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.stories", name, str(tmp_path), *arguments],
            env=display | settings,
            capture_output=True,
            text=True,
            timeout=STORY_SECONDS,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, f"{name}\n{done.stdout}\n{done.stderr}"
        assert not done.stderr, done.stderr
        return tmp_path

    return run
