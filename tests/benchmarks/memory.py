"""How much memory an explanation takes, each figure from a process of its own.

`-m tests.benchmarks.memory ROW COLUMN` prints one line of JSON: `peak`, the most that the process held above what it
held when network and modified weights were there, and `cached`, the size of those weights, both in bytes. Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import lrp_engine as lrp

from .engine_columns import composite_of, explanation, gradient_times_input, rows

ROOT = Path(__file__).resolve().parents[2]
GRADIENT = "gradient"
TIMES = 3


def available() -> bool:
    """Whether this system can say what a process held at most."""
    return Path("/proc/self/clear_refs").exists()


def figures(title: str, column: str) -> dict[str, int]:
    """Measure one row and column in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", title, column]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    if not ran.stdout.strip():
        raise SystemExit(f"{title}, {column}: no figures: {ran.stderr.strip()[-2000:]}")
    return json.loads(ran.stdout.splitlines()[-1])


def _status(field: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def main(title: str, column: str) -> None:
    """Measure in this process."""
    row = next(row for row in rows() if row.title == title)
    module, inputs = row.make()
    cached = 0
    if column == GRADIENT:
        work = gradient_times_input(module, inputs)
        work()
    else:
        network = lrp.capture(module, (inputs[:2],))
        try:
            work = explanation(network, inputs, composite_of(row.name, column))
            work()  # modified weights are made here
        except lrp.LrpError:
            print("{}")  # the table of times says why
            return
        cached = network.cache["weights"].nbytes
    print(json.dumps({"peak": median(_peak(work) for _ in range(TIMES)), "cached": cached}))


def _peak(work: Callable[[], object]) -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free goes back, or the peak would be hidden in it
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
    work()
    return _status("VmHWM") - before


if __name__ == "__main__":
    main(*sys.argv[1:])
