"""What every step of quickstart.py stands on: which Python, how it speaks, how it runs another program.

Like all of this folder it needs the standard library only, and parses on Pythons that are too old.
"""

import os
import shutil
import subprocess
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = Path(__file__).resolve().parents[2]


class Problem(Exception):
    """Something that ends the run, as one sentence for the person at the terminal."""


def say(text: str) -> None:
    print(text, flush=True)


def version_problem(version, find=shutil.which):  # noqa: ANN001, ANN201 - an old Python has to be able to read this
    """Say in one sentence why this Python cannot be used, or return "" when it can."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    usable = ["python3.%d" % minor for minor in range(OLDEST[1], NEWEST[1] + 1)]  # noqa: UP031
    found = [name for name in usable if find(name)]
    advice = "run this again with %s" % found[0] if found else "install one of them and run this again with it"  # noqa: UP031
    return "This is Python %d.%d, and LRP Explorer needs 3.11, 3.12 or 3.13: %s." % (version[0], version[1], advice)  # noqa: UP031


def clean_environment(**changes: str) -> dict:
    """Give the variables of this process without those that would lead another Python astray, and with `changes`."""
    astray = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    return {**{name: value for name, value in os.environ.items() if name not in astray}, **changes}


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


def quiet(command: list, env: "dict | None" = None, folder: "Path | None" = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=env, cwd=folder
    )


def python_in(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"
