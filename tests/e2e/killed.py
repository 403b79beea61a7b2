"""The real program with the diabetes example, in which somebody edits without a pause until it is killed.

python -m tests.e2e.killed SEED FOLDER writes a line to FOLDER/edits before and after each edit: what the work is then.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from pathlib import Path

import numpy as np

from lrp_gui.document import reference


def digest(table, settings, labels) -> str:
    """All of the work that must not be lost, in a word."""
    whole = hashlib.sha256(np.nan_to_num(table.values, nan=-12345.0).tobytes())
    whole.update(repr((list(table.names), sorted(table.typed.items()))).encode())
    whole.update(repr([(extra.name, list(extra.texts)) for extra in table.extras]).encode())
    kept = (settings.target, settings.composite, settings.reference.kind, settings.reference.row, settings.edits)
    whole.update(repr((kept, labels)).encode())
    return whole.hexdigest()[:16]


def edit(document, dice: random.Random, folder: Path, session) -> str:
    """One edit at random; gives its name."""
    table = document.table
    rows, features = table.samples, len(table.features)
    row, column, seed = dice.randrange(rows), dice.randrange(features), dice.randrange(1000)

    def some(count: int) -> np.ndarray:
        return np.array(sorted(dice.sample(range(rows), min(count, rows - 1))))

    def swap() -> None:
        order = list(range(features))
        other = dice.randrange(features)
        order[column], order[other] = order[other], order[column]
        document.assign_columns(order)

    edits = {
        "number": lambda: document.edit_cell(row, column, str(dice.randrange(100))),
        "text": lambda: document.edit_cell(row, column, dice.choice(("none", "Σ?", "12,5x", ""))),
        "block": lambda: document.edit_values(some(5), np.array([column]), np.full((5, 1), dice.random()), "Block"),
        "fill": lambda: document.fill(some(9), np.array([column]), "7"),
        "random": lambda: document.randomise(some(40), np.arange(features), "range", seed),
        "name": lambda: document.rename_sample(row, f"patient {seed}"),
        "insert": lambda: document.insert_random(row, dice.randrange(1, 4), "normal", seed),
        "duplicate": lambda: document.duplicate_samples(some(3)),
        "delete": lambda: document.delete_samples(some(dice.randrange(1, 6))),
        "columns": swap,
        "paste": lambda: document.paste(row, 0, [["1", "x", "3"], ["4", "5", "6"]]),
        "target": lambda: document.set_target(dice.choice(("max", "0", "not above median"))),
        "composite": lambda: document.set_composite(dice.choice(("epsilon", "gamma", "epsilon_plus"))),
        "reference": lambda: document.set_reference(reference.make("sample", document, row)),
        "label": lambda: document.rename_layer(dice.choice(document.network.layers).path, f"layer {seed}"),
        "undo": document.undo,
        "redo": document.redo,
    }
    name = dice.choice((*edits, "undo", "number", "number"))
    if dice.random() < 0.04:
        name = "save"
        session.save_as(str(folder / "work.lrpx"))
    else:
        edits[name]()
    return name


def main(seed: int, folder: Path) -> None:
    """Open the example, and edit it for good."""
    from PySide6.QtCore import QTimer

    from lrp_gui import app, settings
    from lrp_gui.document import commands

    commands.GESTURE_SECONDS = -1
    application = app._application(sys.argv[:1])
    settings.AUTO.write(False)
    window = app.make_window("light")
    window.painted.connect(lambda: app.move_in(window, [str(settings.EXAMPLES[0].path())]))
    window.show()
    document, dice = window.document, random.Random(seed)
    lines = os.open(folder / "edits", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(word: str) -> None:
        state = digest(document.table, document.settings, document.labels)
        os.write(lines, f"{word} {time.monotonic()} {state}\n".encode())

    def step() -> None:
        if document.table is None or window.session is None or window.furniture is None:
            timer.start(20)
            return
        if not begun:
            begun.append(True)
            note("start")
        os.write(lines, b"begin 0 -\n")
        note(edit(document, dice, folder, window.session))
        timer.start(dice.randrange(3, 40))  # longer than what follows from an edit in the same turn

    begun: list[bool] = []
    timer = QTimer(window, singleShot=True)
    timer.timeout.connect(step)
    timer.start(20)
    application.exec()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
