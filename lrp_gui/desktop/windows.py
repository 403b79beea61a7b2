"""What Windows wants to know of the program. Nobody has run it there yet."""

from __future__ import annotations

import ctypes

# The task bar groups windows and remembers pinned programs by it; the same stands in resources/desktop/associate.ps1.
APP_ID = "LRPExplorer.LRPExplorer"


def name_program() -> None:
    """Be a program of its own in the task bar, not a window of python.exe."""
    ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(APP_ID)  # type: ignore[attr-defined]
