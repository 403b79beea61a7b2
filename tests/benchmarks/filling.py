"""The whole window while relevance arrives: `python -m tests.benchmarks.filling [FILE.pt2]`.

Turns of the main thread from the moment an explanation is asked for until it is drawn, in this thread's processor time;
and how much longer a result takes where the picture fills meanwhile, in turns with explanations that come whole.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from .timing import ratio, table

ROUNDS = 7
PICTURE, BLOCKS = 96, 50
PATIENCE = 120.0  # seconds
NEVER = 1e9


class Shown:
    """A window that explains, and what its main thread had to do for it."""

    def __init__(self) -> None:
        from PySide6.QtWidgets import QApplication

        from lrp_gui.app import make_window, move_in

        self.turns: list[float] = []  # seconds of this thread
        self._process = QApplication.processEvents
        self.window: Any = make_window()
        self.window.resize(1600, 1000)
        self.window.show()
        move_in(self.window)
        self.until(lambda: self.window.session is not None and not self.window.jobs.busy)

    def until(self, done: Callable[[], bool]) -> None:
        """Let the window live, turn by turn."""
        end = time.monotonic() + PATIENCE
        while not done():
            began = time.thread_time()
            self._process()
            self.turns.append(time.thread_time() - began)
            time.sleep(0.0003)
            if time.monotonic() > end:
                raise SystemExit("The window did not come to rest.")

    def open(self, path: Path) -> None:
        """Open a network; its first explanation begins with the turns that are kept."""
        window = self.window
        window.opener.open([str(path)])
        self.until(lambda: window.explainer.busy)
        self.turns.clear()
        self._drawn()

    def explain(self) -> float:
        """Choose the other sample; seconds until its explanation is there. All is drawn when this returns."""
        window = self.window
        row = 1 - window.document.selected_sample
        before = window.document.result
        self.turns.clear()
        began = time.perf_counter()
        window.document.select_sample(row)
        self.until(lambda: window.document.result is not before and window.document.result is not None)
        took = time.perf_counter() - began
        self._drawn()
        return took

    def _drawn(self) -> None:
        window = self.window

        def drawn() -> bool:
            busy = window.jobs.busy or window.explainer.busy or window.document.result is None
            return not busy and not window.viewer.canvas.unfinished

        self.until(drawn)


def network(folder: Path) -> Path:
    """A random residual network that takes about a second to explain."""
    import torch

    from .viewer import resnet

    torch.manual_seed(0)
    module, _ = resnet(BLOCKS)
    path, inputs = folder / "network.pt2", torch.randn(2, 3, PICTURE, PICTURE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dynamic = ({0: torch.export.Dim.DYNAMIC},)
        torch.export.save(torch.export.export(module.eval(), (inputs,), dynamic_shapes=dynamic), path)
    return path


def measure(path: Path) -> None:
    """Print both tables."""
    from lrp_gui.jobs import arriving

    shown, first_after = Shown(), arriving.FIRST_AFTER
    shown.open(path)
    rows: list[list[object]] = [["first, from being asked to being drawn", max(shown.turns) * 1e3, sum(shown.turns)]]
    document = shown.window.document
    if document.table.samples < 2:
        document.insert_random(1, 1)
        shown.until(lambda: not shown.window.explainer.busy and not shown.window.jobs.busy)
    times: dict[str, list[float]] = {"whole": [], "filling": []}
    longest: dict[str, list[float]] = {"whole": [], "filling": []}
    spent: dict[str, list[float]] = {"whole": [], "filling": []}
    for turn in range(2 * ROUNDS + 2):
        what = "filling" if turn % 2 else "whole"
        arriving.FIRST_AFTER = first_after if what == "filling" else NEVER
        took = shown.explain()
        if turn > 1:
            times[what].append(took)
            longest[what].append(max(shown.turns) * 1e3)
            spent[what].append(sum(shown.turns))
    arriving.FIRST_AFTER = first_after
    rows += [[f"later, {what}", max(longest[what]), median(spent[what])] for what in times]
    table("Explanations in the window: main thread", ["", "longest turn ms", "seconds in all"], rows)
    found = [[what, median(taken), ratio(taken, times["whole"])] for what, taken in times.items()]
    table(f"Seconds until the result is there (median of {ROUNDS}, in turns)", ["", "seconds", "ratio"], found)
    print("  goals: no turn over 50 ms, ratio <= 1.1")


def main() -> None:
    """Measure with settings of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("CONFIG", "DATA", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = folder
        from lrp_gui.app import _application

        app = _application(sys.argv[:1], "en")
        measure(Path(sys.argv[1]) if len(sys.argv) > 1 else network(Path(folder)))
        app.quit()
        sys.stdout.flush()
        os._exit(0)  # what closing costs is another question


if __name__ == "__main__":
    main()
