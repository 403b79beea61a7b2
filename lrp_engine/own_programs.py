"""How a file of this program is run in a process of its own, from a Python as well as from a bundle that holds none."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parents[1]
# The first argument that makes a bundle's executable one of these programs.
RUN = "--run-own-program"


def command(name: str, *flags: str) -> list[str]:
    """The command that runs the module `name`, such as "lrp_engine.files.table_decoding".

    `flags` are for Python; a bundle's is isolated anyway.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, RUN, name]
    return [sys.executable, *flags, str(_file(name))]


def run_if_asked(arguments: list[str]) -> bool:
    """Be such a program if the command line (with its own name first) says so; whether it did."""
    if len(arguments) != 3 or arguments[1] != RUN or not arguments[2].startswith("lrp_"):
        return False
    runpy.run_path(str(_file(arguments[2])), run_name="__main__")
    return True


def _file(name: str) -> Path:
    return _PACKAGES.joinpath(*name.split(".")).with_suffix(".py")
