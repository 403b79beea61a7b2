"""What a bundle runs: the window, the command line where it is called lrp-engine, or one of the program's helpers."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

from lrp_engine import own_programs


def main() -> int:
    multiprocessing.freeze_support()
    multiprocessing.set_start_method("spawn")  # a fork of a process with Qt's threads hangs
    # The bundle's own libraries are for it, not for the file manager or the browser that it opens.
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = os.environ.pop(f"{name}_ORIG", None)
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before
    if own_programs.run_if_asked(sys.argv):
        return 0
    if Path(sys.argv[0]).stem == "lrp-engine":
        from lrp_engine.cli import main as engine

        return engine()
    from lrp_gui.app import main as window

    return window()


if __name__ == "__main__":
    sys.exit(main())
