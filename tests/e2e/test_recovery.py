"""The program is killed while somebody edits: what was edited a second ago is there at the next start."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lrp_gui.jobs.steps import run_now
from lrp_gui.project import file
from lrp_gui.project.journal import volume
from tests.e2e.killed import digest

ROOT = Path(__file__).resolve().parents[2]
KILLS, ALL = 5, 100
START_SECONDS = 90


def killed(seed: int, folder: Path) -> float:
    """Run the program, kill it at a random moment of its editing, and give that moment."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        environment[f"XDG_{name}_HOME"] = str(folder / name.lower())
    arguments = [sys.executable, "-m", "tests.e2e.killed", str(seed), str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=log, stderr=log)
    end = time.monotonic() + START_SECONDS
    try:
        while not (folder / "edits").exists() or (folder / "edits").stat().st_size < 200:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.02)
        time.sleep(random.Random(seed).uniform(0.0, 3.0))
    finally:
        process.send_signal(signal.SIGKILL)
        moment = time.monotonic()
        process.wait()
    return moment


def states(folder: Path) -> list[tuple[str, float, str]]:
    """What the work was after each edit: its name, when, and the digest; a last "begin" is in between."""
    lines = [line.split() for line in (folder / "edits").read_text().splitlines()]
    found = [(word, float(when), state) for word, when, state in lines if word != "begin"]
    return [*found, ("begin", 0.0, "")] if lines[-1][0] == "begin" else found


def check(seed: int, folder: Path) -> None:
    """Kill it once; nothing older than a second may be lost, and no file may be damaged."""
    moment = killed(seed, folder)
    known = states(folder)
    between = known[-1][0] == "begin"
    known = known[:-1] if between else known
    # What had been there for a second has to be there, or something later.
    promised = max((place for place, one in enumerate(known) if one[1] <= moment - 1.0), default=0)
    if (folder / "work.lrpx").exists():
        run_now(file.reading(str(folder / "work.lrpx")))  # whole, whenever it was
    works = sorted((folder / "data/lrp-explorer/journal").glob("*/*/about.json"))
    found = [one for one in (volume.found_in(path.parent) for path in works) if one is not None]
    assert len(found) <= 1
    if not found:
        saved = [place for place, one in enumerate(known) if one[0] == "save"]
        clean = {known[0][2], *([known[saved[-1]][2]] if saved else [])}
        assert known[promised][2] in clean or any(one[2] in clean for one in known[promised:]), known[promised:]
        return
    recovered = prefixes(found[0].folder)
    wanted = {one[2] for one in known[promised:]}
    assert recovered[-1] in wanted or (between and known[-1][2] in recovered), (known[promised:], recovered[-3:])


def prefixes(folder: Path) -> list[str]:
    """The work before each of the last records of a journal, and after them all."""
    found: list[str] = []
    count = sum(1 for _record in volume.records_in(folder))
    for most in range(max(0, count - 6), count + 1):
        part = run_now(volume.replaying(folder, most))
        found.append(digest(part.table, part.settings, part.project.labels))
    return found


@pytest.mark.xvfb
@pytest.mark.timeout(240)
def test_somebody_saves_goes_on_is_killed_and_takes_the_work_back(display, tmp_path):
    for name, code in (("save_go_on_and_be_killed", -signal.SIGKILL), ("take_it_back", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.killed_stories", name, str(tmp_path)],
            env=display | {f"XDG_{one}_HOME": str(tmp_path / one.lower()) for one in ("CONFIG", "DATA", "STATE")},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == code, f"{name}\n{done.stdout}\n{done.stderr}"
    journals = tmp_path / "data/lrp-explorer/journal"
    assert not list(journals.glob("*/*/*.base"))  # what was saved is offered to nobody


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_kill_loses_nothing_older_than_a_second(seed, tmp_path):
    check(seed, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_nothing_older_than_a_second(tmp_path):
    for seed in range(KILLS, ALL):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check(seed, folder)
