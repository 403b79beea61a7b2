"""The real program in a process of its own: it opens the diabetes example, prints what came of it, and ends.

`python -m tests.gui.driven WHAT…`: of WHAT, "no-torch" and "broken-torch" take the engine away, and "kept" opens the
example's ONNX file, whose network is kept although it is made in no time.
"""

from __future__ import annotations

import json
import sys
import time

from lrp_gui import app, settings

PATIENCE = 60  # seconds
LOOK_MS = 30


def look_at(window, *_arguments):
    """Wait until the example is open and all is at rest, then tell and leave."""
    from PySide6.QtCore import QTimer

    told, opened = [], []
    window.document.message.connect(lambda message: told.append(message.sentence))
    end = time.monotonic() + PATIENCE
    timer = QTimer(window, interval=LOOK_MS)

    def look():
        ready = window.viewer is not None and window.opener is not None
        if ready and not opened:
            opened.append(True)
            path = settings.EXAMPLES[0].path()
            window.opener.open([str(path.with_name("diabetes.onnx") if "kept" in sys.argv else path)])
        elif (ready and not window.jobs.busy and not window.explainer.busy) or time.monotonic() > end:
            timer.stop()
            document = window.document
            found = {
                "tensors": len(document.file.tensors) if document.file else 0,
                "explained": document.result.explained if document.result else None,
                "obstacle": document.obstacle.sentence if document.obstacle else "",
                "told": told,
                "seen": window.isVisible(),
            }
            print("FOUND" + json.dumps(found), flush=True)
            window.close()

    timer.timeout.connect(look)
    timer.start()


class Without:
    """Stands in the way of `import torch`."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, name, _path=None, _target=None):
        if name == "torch" or name.startswith("torch."):
            raise self.error


GONE = {
    "no-torch": ModuleNotFoundError("No module named 'torch'", name="torch"),
    "broken-torch": OSError("libtorch_cpu.so: undefined symbol: _ZN3c10"),
}


def keep_everything():
    from lrp_engine.networks import cache

    kept = cache.kept
    cache.kept = lambda make, files, **options: kept(make, files, **{**options, "at_least": 0.0})


if __name__ == "__main__":
    if "kept" in sys.argv:
        keep_everything()
    report = app.report_faults
    app.report_faults = lambda window, *arguments: (report(window, *arguments), look_at(window))
    sys.meta_path[:0] = [Without(GONE[what]) for what in sys.argv[1:] if what in GONE]
    sys.exit(app.main([]))
