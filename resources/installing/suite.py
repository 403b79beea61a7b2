"""The whole test suite and the linters, as `quickstart.py --test` runs them."""

import contextlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from installing.basics import ROOT, Problem, clean_environment, python_in, quiet, say
from installing.system import install_system_packages, make_qt_start, qt_starts, virtual_display

WINDOW_PARTS = 4

# What tests use of the system: program, Debian package. The first one is the display that windows need.
TEST_PROGRAMS = (
    *(("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("xprop", "x11-utils"), ("openbox", "openbox")),
    *(("pcmanfm", "pcmanfm"), ("desktop-file-validate", "desktop-file-utils"), ("appstreamcli", "appstream")),
    ("update-mime-database", "shared-mime-info"),
)


def have_test_programs() -> None:
    """Install what the tests need of the system; only without a display they cannot go on."""
    missing = [row for row in TEST_PROGRAMS if shutil.which(row[0]) is None]
    if not missing or not sys.platform.startswith("linux"):
        return
    why = "Tests of the window and the desktop need {}".format(", ".join(row[0] for row in missing))
    try:
        install_system_packages([row[1] for row in missing], why)
    except Problem as problem:
        if missing[0] == TEST_PROGRAMS[0]:
            raise
        say(f"{problem}\nTests that need them are left out.")


def test(venv: Path) -> int:
    """Run all tests and all linters, each to its end, and say which did not pass."""
    with contextlib.ExitStack() as stack:
        if sys.platform.startswith("linux"):
            env = stack.enter_context(virtual_display())
            if not make_qt_start(venv, "x11", env):
                raise Problem(f"Qt does not start on Xvfb, which the window's tests need: {qt_starts(venv, env)}")
            chosen = []
        else:
            say("There is no Xvfb on this system: the tests that drive a real window are left out")
            env, chosen = clean_environment(), ["-m", "not exhaustive and not xvfb"]
        python = str(python_in(venv))
        # two files at a time: these tests share nothing; the others share a display
        twice = [python, "-m", "pytest", "-n", "2", "--dist", "loadfile", *chosen]
        engine, gui = "tests/engine", "tests/gui"
        # hundreds of windows after another in one process have ended it: every few files get their own
        files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / gui).rglob("test_*.py"))]
        window = [
            (f"tests of the window, part {part + 1} of {WINDOW_PARTS}", [*twice, *files[part::WINDOW_PARTS]])
            for part in range(WINDOW_PARTS)
        ]
        tests = (
            ("tests of the engine", [*twice, engine]),
            *window,
            ("tests of all else", [python, "-m", "pytest", f"--ignore={engine}", f"--ignore={gui}", *chosen]),
        )
        linters = (
            ("ruff", [python, "-m", "ruff", "check", "."]),
            ("import contracts", [str(python_in(venv).with_name("lint-imports"))]),
            ("types", [python, "-m", "basedpyright"]),
        )
        failed = []

        def run(name: str, command: list) -> None:
            say(f"\n== {name}")
            if subprocess.run(command, cwd=ROOT, env=env, check=False, stdin=subprocess.DEVNULL).returncode:
                failed.append(name)

        for name, command in tests[:-1]:
            run(name, command)
        # The last tests share a display and so run one after another: that leaves a core to the linters.
        with ThreadPoolExecutor(max_workers=1) as beside:
            linted = [(name, beside.submit(quiet, command, env, ROOT)) for name, command in linters]
            run(*tests[-1])
            for name, linter in linted:
                say(f"\n== {name}\n{linter.result().stdout}{linter.result().stderr}")
                if linter.result().returncode:
                    failed.append(name)
    if failed:
        raise Problem(f"Not passed: {', '.join(failed)}.")
    say("\nAll passed: " + ", ".join(name for name, _ in (*tests, *linters)))
    return 0
