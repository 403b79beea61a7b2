#!/usr/bin/env python3
"""From a fresh clone to relevance on the screen, with nothing but Python.

`python3 resources/quickstart.py` makes a virtual environment, installs the program into it and opens the window on an
example; without a display it draws the examples into ./lrp-pictures instead. `--test` runs the tests and the linters.

Only the standard library is used, and this file and those in `installing/` parse on old Pythons too, so that they can
say that they are too old.
"""

import argparse
import errno
import os
import subprocess
import sys
from pathlib import Path

from installing.basics import ROOT, Problem, clean_environment, last_line, python_in, quiet, say, version_problem

if version_problem(sys.version_info):
    sys.exit(version_problem(sys.version_info))

from installing.environment import install, make_environment
from installing.suite import have_test_programs, test
from installing.system import display_kind, make_qt_start

EXAMPLES = ROOT / "resources" / "examples"
PICTURES = ROOT / "lrp-pictures"


def show(venv: Path) -> int:
    """Open the window on the diabetes example, or draw both examples where there is no display."""
    display = display_kind(dict(os.environ))
    env = clean_environment() if display else clean_environment(QT_QPA_PLATFORM="offscreen")
    usable = make_qt_start(venv, display, env)
    example = EXAMPLES / "diabetes" / "model_weights.pth"
    if display and usable:
        say("Opening the window on the diabetes example")
        return subprocess.run([str(python_in(venv)), "-m", "lrp_gui", str(example)], env=env, check=False).returncode
    say("The display cannot be used: drawing the examples" if display else "No display: drawing the examples")
    for file, table in ((example, "diabetes.csv"), (EXAMPLES / "digits" / "digits.pt2", "digits.csv")):
        folder = PICTURES / file.parent.name
        command = [str(python_in(venv)), "-m", "lrp_gui", "--render", str(folder), str(file)]
        command += ["--data", str(file.parent / table), "--rows", "0:3"]
        drawn = quiet(command, env={**env, "QT_QPA_PLATFORM": "offscreen"})
        if drawn.returncode:
            raise Problem(f"The {folder.name} example cannot be drawn: {last_line(drawn.stderr or drawn.stdout)}")
        say(f"  {folder.name}: {len(list(folder.glob('*.png')))} pictures")
    say(f"The pictures are in {PICTURES} (PNG and SVG)")
    return 0


def main(arguments: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(
        prog="quickstart.py",
        description="Make an environment, install LRP Explorer into it, and open the window on an example; "
        "without a display, draw the examples into ./lrp-pictures.",
    )
    parser.add_argument("--test", action="store_true", help="run the whole test suite and the linters instead")
    parser.add_argument(
        "--venv",
        type=Path,
        default=ROOT / ".venv",
        metavar="DIR",
        help="the folder of the environment (default: .venv in the project)",
    )
    chosen = parser.parse_args(arguments)
    venv = chosen.venv.absolute()
    try:
        if chosen.test:
            have_test_programs()  # first, because a person may have to do something about it
        make_environment(venv)
        install(venv, frozenset({"dev"}) if chosen.test else frozenset())
        return test(venv) if chosen.test else show(venv)
    except Problem as problem:
        reason = str(problem)
    except PermissionError as error:
        reason = f"{error.filename} cannot be read or written: name another folder with --venv DIR."
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = f"{where}{error.strerror or error}."
        if error.errno == errno.ENOSPC:
            reason = "The disk is full: free about 3 GB and run this again."
    except KeyboardInterrupt:
        reason = "Stopped; the next run goes on from here."
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
