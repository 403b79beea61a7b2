"""Start-up, stalls, and from an edit to its picture, each in its own process: `python -m tests.benchmarks.window`."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from .timing import ratio, table

ROOT = Path(__file__).resolve().parents[2]
DIABETES = ROOT / "resources" / "examples" / "diabetes" / "model_weights.pth"
STARTS, RUNS = 9, 5


@contextlib.contextmanager
def screen() -> Iterator[dict[str, str]]:
    """Give the environment of a measured process: the display there is, else Xvfb, else none; settings of its own."""
    with contextlib.ExitStack() as stack:
        if os.environ.get("DISPLAY"):
            env = dict(os.environ, QT_QPA_PLATFORM="xcb")
        elif shutil.which("Xvfb"):
            sys.path.insert(0, str(ROOT / "resources"))
            system = importlib.import_module("installing.system")
            env = dict(stack.enter_context(system.virtual_display()), QT_QPA_PLATFORM="xcb")
        else:
            env = dict(os.environ, QT_QPA_PLATFORM="offscreen")
        home = stack.enter_context(tempfile.TemporaryDirectory())
        yield {**env, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home}


def probe(env: dict[str, str], *arguments: str) -> dict:
    """Run the probe; give its figures, and as "began" the moment before its process was made."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.benchmarks.probe", *arguments]
    ran = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if not ran.stdout.strip():
        raise SystemExit(f"The probe {' '.join(arguments)} gave no figures: {ran.stderr.strip()[-2000:]}")
    return {"began": began, **json.loads(ran.stdout.splitlines()[-1])}


def start(env: dict[str, str]) -> None:
    """Time from the making of the process until the window has been drawn, beside a bare QMainWindow."""
    times: dict[str, list[float]] = {"bare": [], "start": []}
    work: dict[str, list[float]] = {"bare": [], "start": []}
    torch_was_there = False
    for turn in range(STARTS + 1):
        for what, taken in times.items():
            figures = probe(env, what)
            torch_was_there |= figures["torch"]
            if turn:  # the first turn fills the disk's cache
                taken.append((figures["visible"] - figures["began"]) * 1e3)
                work[what].append(figures["processor"] * 1e3)
    rows = [
        [
            name,
            median(times[what]),
            ratio(times[what], times["bare"]),
            median(work[what]),
            ratio(work[what], work["bare"]),
        ]
        for what, name in (("bare", "bare QMainWindow"), ("start", "LRP Explorer"))
    ]
    titles = ["", "ms", "ratio", "processor ms", "ratio"]
    table(f"Process start to window drawn (median of {STARTS}, in turns)", titles, rows)
    print(f"  torch imported before the window shows: {'yes' if torch_was_there else 'no'}; goal <= 1.5")


def stall(env: dict[str, str]) -> None:
    """Find the longest stalls of the main thread from the window's start until the first explanation is drawn."""
    runs = sorted((probe(env, "stall", str(DIABETES)) for _ in range(RUNS)), key=lambda run: run["longest"][0][0])
    middle = runs[len(runs) // 2]
    rows = [[what or "(no job)", when, gap] for gap, when, what in middle["longest"]]
    table("Longest stalls of the main thread, start to first explanation", ["while", "at ms", "stall ms"], rows)
    longest = ", ".join(f"{run['longest'][0][0]:.0f}" for run in runs)
    print(f"  longest in each of {RUNS} runs: {longest} ms; the middle one is shown; explained after "
          f"{middle['until'] / 1e3:.1f} s; goal <= 50 ms")  # fmt: skip


def edit(env: dict[str, str]) -> None:
    """Time from the edit of one cell to its explanation on the screen."""
    times = probe(env, "edit", str(DIABETES))["times"]
    rows = [["diabetes, bmi of sample 1", median(times), min(times), max(times)]]
    table(f"Edit of a cell to explanation drawn ({len(times)} edits)", ["", "median ms", "least", "most"], rows)
    print("  the debounce is in it; goal <= 100 ms")


def main() -> None:
    with screen() as env:
        print(f"Qt platform: {env['QT_QPA_PLATFORM']}")
        for measure in (start, stall, edit):
            measure(env)


if __name__ == "__main__":
    main()
