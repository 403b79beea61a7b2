"""The input table at its largest: opening, pasting, scrolling, editing: `python -m tests.benchmarks.table`.

Every figure is of the document and the models that the window uses, in a process with the window's libraries. Beside
wall time stands processor time, which says more where other programs run.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .timing import table

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROWS, COLUMNS = 1_000_000, 100
PASTED = (40_000, 10)
SCREEN = (2560, 1000)  # of the table in a window that is 2560 × 1440
RUNS, FRAMES = 3, 25


def measured(run: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """The least wall and processor milliseconds of some runs."""
    wall, processor = [], []
    for _run in range(runs):
        began, used = time.perf_counter(), time.process_time()
        run()
        wall.append((time.perf_counter() - began) * 1e3)
        processor.append((time.process_time() - used) * 1e3)
    return min(wall), min(processor)


def large_file(folder: Path) -> Path:
    """A Parquet file of a million samples of a hundred features, with names."""
    import polars as pl

    rng = np.random.default_rng(0)
    path = folder / "large.parquet"
    pl.DataFrame({f"feature {n}": rng.normal(size=ROWS) for n in range(COLUMNS)}).write_parquet(path)
    return path


def network_of(columns: int):
    """A network that takes such a table."""
    from lrp_gui.document.results import Feature, InputInfo, NetworkInfo

    features = tuple(Feature(f"feature {n}", low=-4.0, high=4.0) for n in range(columns))
    return NetworkInfo("", "large", (InputInfo("x", (columns,), features, named=True),), (), ("a", "b"), "softmax", ())


def document_of(network, table):
    """A document with this open."""
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Contents, ExplainSettings

    document = Document()
    document.open(Contents(network, table, ExplainSettings(), 0), "Open")
    return document


def opening(path: Path, rows: list[list[object]]) -> object:
    """From the file to the document: what the worker does, then what the window does."""
    from lrp_gui.document.opening import input_table
    from lrp_gui.jobs.opening import read_table

    network = network_of(COLUMNS)
    found = {}

    def read() -> None:
        steps = read_table(network, str(path))
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                found["data"] = stop.value
                return

    def show() -> None:
        found["document"] = document_of(network, input_table(network, found["data"]))

    first, second = measured(read), measured(show)
    rows.append([f"open {ROWS:,} × {COLUMNS} Parquet: worker", *first])
    rows.append(["… and the window's own part", *second])
    print(f"  opening in all {(first[0] + second[0]) / 1e3:.2f} s; goal <= 1.5 s")
    return found["document"]


def pasting(rows: list[list[object]]) -> None:
    """A block of a spreadsheet, its undo record with it."""
    from lrp_gui.document.table import InputTable

    rng = np.random.default_rng(0)
    lines = rng.normal(size=PASTED)
    plain = "\n".join("\t".join(f"{value:.4f}" for value in line) for line in lines.tolist())
    texts = {"plain": plain, "decimal commas": plain.replace(".", ",")}
    network = network_of(PASTED[1])
    for what, text in texts.items():
        for there in (PASTED[0], 442):
            values = np.zeros((there, PASTED[1]))
            features = network.inputs[0].features
            document = document_of(network, InputTable.from_columns(features, values, {}, [], ""))
            size = there

            def paste(document=document, text=text, size=size) -> None:
                plan = document.plan_paste(text, np.arange(size), np.arange(PASTED[1]))
                assert plan is not None
                document.run_paste(plan)

            took = measured(paste, 1)
            undo = measured(document.undo_stack.undo, 1)
            where = "over rows" if there == PASTED[0] else "adding rows"
            rows.append([f"paste {PASTED[0]:,} × {PASTED[1]}, {what}, {where}", *took])
            rows.append(["… and its undo", *undo])
    print("  goal: paste <= 1000 ms")


def scrolling(document, rows: list[list[object]]) -> None:
    """Frames of the table in its dock, at the size of a large screen; the picture is painted, not shown."""
    from PySide6.QtWidgets import QApplication

    from lrp_gui.table.colours import Shade
    from lrp_gui.table.panel import TablePanel
    from lrp_gui.theme import LIGHT

    panel = TablePanel(document, LIGHT, [])
    panel.resize(*SCREEN)
    panel.show()
    for tinted in (False, True):
        panel.set_shade(Shade.RELEVANCE if tinted else Shade.NOTHING)
        for _turn in range(20):
            QApplication.processEvents()
        bar = panel.view.verticalScrollBar()
        frames = {"a row further": 1, "a screen further": panel.height() // 20, "a thousand rows further": 1000}
        for what, step in frames.items():
            times = []
            for turn in range(FRAMES):
                began, used = time.perf_counter(), time.process_time()
                bar.setValue(500_000 + (turn + 1) * step)
                QApplication.processEvents()  # what Qt paints for it: the rows that come in, or all
                times.append(((time.perf_counter() - began) * 1e3, (time.process_time() - used) * 1e3))
            wall, processor = (sorted(one)[len(times) // 2] for one in zip(*times, strict=True))
            rows.append([f"a frame, {what}{', tinted' if tinted else ''} (median)", wall, processor])
    panel.close()
    print("  goal: a frame of scrolling <= 16 ms")


def editing(document, rows: list[list[object]]) -> None:
    """Single steps in the large table."""
    rng = np.random.default_rng(0)
    gone = np.flatnonzero(rng.random(ROWS) < 0.1)
    half = np.arange(500_000)
    steps = {
        "type into a cell": lambda: document.edit_cell(500_000, 3, str(time.perf_counter())),
        "insert a sample in the middle": lambda: document.insert_sample(500_000),
        "delete it": lambda: document.delete_samples([500_000]),
        "delete a tenth, scattered": lambda: document.delete_samples(gone),
        "noise on 500,000 × 10": lambda: document.add_noise(half, np.arange(10), 0.1),
        "fill down 500,000 × 2": lambda: document.fill_down(half, np.arange(2)),
    }
    for what, step in steps.items():
        rows.append([what, *measured(step, 1)])
        rows.append(["… undone", *measured(document.undo_stack.undo, 1)])
        document.undo_stack.redo()


def long_editing(document, rows: list[list[object]]) -> None:
    """The same where a worker makes what takes long: the longest turn of the main thread, in its own processor time."""
    from PySide6.QtWidgets import QApplication

    from lrp_gui.document.long_edits import LongEdits
    from lrp_gui.jobs.queue import JobQueue

    jobs = JobQueue()
    LongEdits(document, jobs, document)
    rng = np.random.default_rng(0)
    gone = np.flatnonzero(rng.random(document.table.samples) < 0.1)
    half = np.arange(500_000)
    steps = {
        "delete a tenth, scattered": lambda: document.delete_samples(gone),
        "noise on 500,000 × 10": lambda: document.add_noise(half, np.arange(10), 0.1),
        "fill down 500,000 × 2": lambda: document.fill_down(half, np.arange(2)),
    }
    for what, step in steps.items():
        for name, run in ((f"by the worker: {what}", step), ("… undone", document.undo)):
            began, longest, turn = time.perf_counter(), 0.0, run
            while turn is run or jobs.busy:
                used = time.thread_time()
                turn()
                longest, turn = max(longest, time.thread_time() - used), QApplication.processEvents
                time.sleep(0.001)
            rows.append([f"{name} (wall, longest turn)", (time.perf_counter() - began) * 1e3, longest * 1e3])
    jobs.close()
    print("  goal: a turn of the main thread <= 16 ms")


def memory(document, rows: list[list[object]]) -> None:
    """What results of the large table take."""
    from lrp_gui.document import scores

    blank = scores.blank(document.table.samples, 2, COLUMNS)
    taken = sum(part.nbytes for part in (blank.outputs, blank.explained, blank.relevance))
    undo = document.shelf.nbytes
    print(f"  results: {taken / 2**20:.0f} MiB; undo keeps {undo / 2**20:.0f} MiB in memory, the rest in files")
    print(f"  {blank.partial}")


def main() -> None:
    from PySide6.QtWidgets import QApplication

    _application = QApplication.instance() or QApplication([])
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        document = opening(large_file(Path(folder)), rows)
    pasting(rows)
    scrolling(document, rows)
    editing(document, rows)
    long_editing(document, rows)
    memory(document, rows)
    table("The input table (least of some runs)", ["", "ms", "processor ms"], rows)


if __name__ == "__main__":
    main()
