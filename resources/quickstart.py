#!/usr/bin/env python3
"""From a fresh clone to relevance on the screen, with nothing but Python.

`python3 resources/quickstart.py` makes a virtual environment, installs the program into it and opens the window on an
example; without a display it draws the examples into ./lrp-pictures instead. `--test` runs the tests and the linters.

Only the standard library is used, and this file parses on old Pythons too, so that they can say that they are too old.
"""

import argparse
import contextlib
import ctypes
import errno
import hashlib
import importlib.util
import json
import os
import re
import select
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)


def version_problem(version, find=shutil.which):  # noqa: ANN001, ANN201 - an old Python has to be able to read this
    """Say in one sentence why this Python cannot be used, or return "" when it can."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    usable = ["python3.%d" % minor for minor in range(OLDEST[1], NEWEST[1] + 1)]  # noqa: UP031
    found = [name for name in usable if find(name)]
    advice = "run this again with %s" % found[0] if found else "install one of them and run this again with it"  # noqa: UP031
    return "This is Python %d.%d, and LRP Explorer needs 3.11, 3.12 or 3.13: %s." % (version[0], version[1], advice)  # noqa: UP031


if version_problem(sys.version_info):
    sys.exit(version_problem(sys.version_info))

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "resources" / "examples"
PICTURES = ROOT / "lrp-pictures"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
WINDOW_PARTS = 4
SPACE_NEEDED = 2_500_000_000  # bytes: the environment with the CPU torch, the test tools and pip's temporary copies

# Shared libraries that Qt takes from the system: (library, Debian package, needed "always" or only for that display).
QT_LIBRARIES = (
    ("libEGL.so.1", "libegl1", "always"),
    ("libGL.so.1", "libgl1", "always"),
    ("libX11.so.6", "libx11-6", "always"),
    ("libbrotlidec.so.1", "libbrotli1", "always"),
    ("libdbus-1.so.3", "libdbus-1-3", "always"),
    ("libfontconfig.so.1", "libfontconfig1", "always"),
    ("libfreetype.so.6", "libfreetype6", "always"),
    ("libglib-2.0.so.0", "libglib2.0-0", "always"),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2", "always"),
    ("libxkbcommon.so.0", "libxkbcommon0", "always"),
    ("libzstd.so.1", "libzstd1", "always"),
    ("libX11-xcb.so.1", "libx11-xcb1", "x11"),
    ("libxcb-cursor.so.0", "libxcb-cursor0", "x11"),
    ("libxcb-icccm.so.4", "libxcb-icccm4", "x11"),
    ("libxcb-image.so.0", "libxcb-image0", "x11"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", "x11"),
    ("libxcb-randr.so.0", "libxcb-randr0", "x11"),
    ("libxcb-render-util.so.0", "libxcb-render-util0", "x11"),
    ("libxcb-render.so.0", "libxcb-render0", "x11"),
    ("libxcb-shape.so.0", "libxcb-shape0", "x11"),
    ("libxcb-shm.so.0", "libxcb-shm0", "x11"),
    ("libxcb-sync.so.1", "libxcb-sync1", "x11"),
    ("libxcb-util.so.1", "libxcb-util1", "x11"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0", "x11"),
    ("libxcb-xkb.so.1", "libxcb-xkb1", "x11"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "x11"),
    ("libwayland-client.so.0", "libwayland-client0", "wayland"),
    ("libwayland-cursor.so.0", "libwayland-cursor0", "wayland"),
    ("libwayland-egl.so.1", "libwayland-egl1", "wayland"),
)

# What tests use of the system: program, Debian package. The first one is the display that windows need.
TEST_PROGRAMS = (
    *(("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("xprop", "x11-utils"), ("openbox", "openbox")),
    *(("pcmanfm", "pcmanfm"), ("desktop-file-validate", "desktop-file-utils"), ("appstreamcli", "appstream")),
    ("update-mime-database", "shared-mime-info"),
)

# What the output of a step that failed says -> what a person can do about it. The first match counts: without a network
# pip also says that it found no matching distribution.
ADVICE = {
    r"No space left on device": "the disk is full: free about 3 GB and run this again",
    r"CERTIFICATE_VERIFY_FAILED|SSLError": "the package index's certificate is not accepted: set PIP_CERT to your own",
    r"name resolution|getaddrinfo|Network is unreachable|Max retries|NewConnection|Timeout|ProxyError|Could not fetch|"
    r"Connection (refused|reset|aborted)": "the package index cannot be reached: check the network and run this again",
    r"Permission denied|Read-only file system": "a folder cannot be written: name another one with --venv DIR",
}


class Problem(Exception):
    """Something that ends the run, as one sentence for the person at the terminal."""


def say(text: str) -> None:
    print(text, flush=True)


# ------------------------------------------------------------------------------------------------------ the environment


def python_in(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def environment_problem(venv: Path) -> str:
    """Say why a folder cannot serve as the environment; "" where it can, or where nothing is there to lose."""
    if not venv.exists() or (venv.is_dir() and not any(venv.iterdir())):
        return ""
    if not (venv / "pyvenv.cfg").exists():
        return f"{venv} exists and is no virtual environment: name another folder with --venv DIR."
    about = (venv / "pyvenv.cfg").read_text("utf-8")
    version = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", about, re.MULTILINE)
    if version and not OLDEST <= (int(version[1]), int(version[2])) <= NEWEST:
        return f"{venv} holds Python {version[1]}.{version[2]}: remove it, or name another folder with --venv DIR."
    return ""


def make_environment(venv: Path) -> None:
    """Make the virtual environment unless it is there; make it again where its Python has gone."""
    problem = environment_problem(venv)
    if problem:
        raise Problem(problem)
    if python_in(venv).exists():
        return
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        install_system_packages([package], "This Python cannot make virtual environments")
    free = shutil.disk_usage(next(folder for folder in (venv, *venv.parents) if folder.exists())).free
    if free < SPACE_NEEDED:
        raise Problem(
            f"Only {free / 1e9:.1f} GB are free at {venv}, and the environment needs "
            f"{SPACE_NEEDED / 1e9:.1f} GB: free some, or name another place with --venv DIR."
        )
    say(f"Making the environment {venv}")
    made = quiet([sys.executable, "-m", "venv", "--clear", str(venv)])
    if made.returncode:
        raise Problem(f"The environment {venv} cannot be made: {reason_in(made.stdout + made.stderr)}.")


def stamp_of(project_file: bytes, root: Path) -> str:
    """What an installation depends on: the project file, and where the checkout lies."""
    return hashlib.sha256(project_file + b"\0" + str(root).encode()).hexdigest()


def installed(venv: Path, stamp: str, extras: frozenset) -> bool:
    """Whether the environment holds this very project with at least these extras."""
    try:
        found = json.loads((venv / "quickstart.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return found.get("stamp") == stamp and extras <= set(found.get("extras", ()))


def install(venv: Path, extras: frozenset) -> None:
    """Install the project, editable, with the CPU torch."""
    stamp = stamp_of((ROOT / "pyproject.toml").read_bytes(), ROOT)
    if installed(venv, stamp, extras):
        return
    if not os.access(ROOT, os.W_OK):
        raise Problem(f"{ROOT} cannot be written, which the installation needs: copy the project to a folder of yours.")
    say("Installing LRP Explorer and what it needs (a few minutes the first time)")
    (venv / "quickstart.json").unlink(missing_ok=True)
    if quiet([str(python_in(venv)), "-m", "pip", "--version"]).returncode:  # an environment made by another tool
        quiet([str(python_in(venv)), "-m", "ensurepip"])
    pip(venv, "install", "--upgrade", "pip")  # older ones download a whole package to read its description
    prefer_cpu_torch(venv)
    chosen = "[{}]".format(",".join(sorted(extras))) if extras else ""
    # "compat" puts the checkout on the path; the default's import hook would cost every start some 25 ms.
    pip(venv, "install", "--config-settings", "editable_mode=compat", "--editable", f"{ROOT}{chosen}")
    (venv / "quickstart.json").write_text(json.dumps({"stamp": stamp, "extras": sorted(extras)}), encoding="utf-8")


def prefer_cpu_torch(venv: Path) -> None:
    """Keep several GB of CUDA libraries off the disk where a build without them is to be had.

    On Linux the public index's torch asks for them; on macOS and Windows it does not. An index or a folder of wheels
    that the machine is set up with may hold a CPU build, so that is asked first, for its description only. PyTorch's
    own index is tried next, and where it cannot be reached the large build does the same work.
    """
    if not sys.platform.startswith("linux"):
        return
    wanted = torch_requirement()
    described = pip(venv, "install", "--quiet", "--dry-run", "--no-deps", "--report", "-", wanted, may_fail=True)
    if described is not None and not needs_cuda(described):
        return
    say("  looking for a torch without CUDA")
    hurried = ("--index-url", CPU_INDEX, "--timeout", "10", "--retries", "1")
    if pip(venv, "install", *hurried, wanted, may_fail=True) is None:
        say(f"  {CPU_INDEX} gives none: taking the large build, several GB")


def torch_requirement() -> str:
    import tomllib  # not in the Pythons that are told above that they are too old

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(line for line in project["dependencies"] if re.match(r"torch\b", line))


def needs_cuda(report: str) -> bool:
    """Whether pip's installation report names a torch that asks for CUDA libraries. An empty report needs nothing."""
    chosen = json.loads(report[report.index("{") :])["install"]
    needs = [need for package in chosen for need in package["metadata"].get("requires_dist", [])]
    return any(re.match(r"nvidia|cuda", need) for need in needs)


def pip(venv: Path, *arguments: str, may_fail: bool = False) -> "str | None":
    """Run the environment's pip, show what it downloads, and return its output; None if it failed and may."""
    command = [str(python_in(venv)), "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    heard = []
    with (venv / "quickstart.log").open("a", encoding="utf-8") as log:
        log.write("\n$ " + " ".join(command) + "\n")
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=clean_environment(),
        ) as process:
            for line in process.stdout or ():
                heard.append(line)
                log.write(line)
                shown = progress_in(line)
                if shown:
                    say("  " + shown)
    output = "".join(heard)
    if process.returncode == 0:
        return output
    if may_fail:
        return None
    raise Problem(f"The installation stopped: {reason_in(output)}. More is in {venv / 'quickstart.log'}.")


def progress_in(line: str) -> str:
    """Shorten a line of pip's to what a person waits for: a package with its size, or the unpacking; else ""."""
    package = re.match(r"\s*Downloading (\S+?)-(\d[^-]*)-\S*\.whl (\(.+\))", line)
    if package:
        return "downloading {} {} {}".format(*package.groups())
    return "unpacking" if line.startswith("Installing collected packages") else ""


def reason_in(output: str) -> str:
    """Say what the output of a step that failed means, as half a sentence."""
    for pattern, advice in ADVICE.items():
        if re.search(pattern, output, re.IGNORECASE):
            return advice
    errors = re.findall(r"^ *ERROR: (.+)$", output, re.MULTILINE)
    return (errors[-1] if errors else last_line(output)).strip().rstrip(".")


def clean_environment(**changes: str) -> dict:
    """Give the variables of this process without those that would lead another Python astray, and with `changes`."""
    astray = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    return {**{name: value for name, value in os.environ.items() if name not in astray}, **changes}


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


# --------------------------------------------------------------------------------------------------- the system's part


def missing_libraries(display: str, load=ctypes.CDLL) -> list:  # noqa: ANN001
    """List the rows of QT_LIBRARIES, for display "x11", "wayland" or "", that cannot be loaded."""
    missing = []
    for row in QT_LIBRARIES:
        if row[2] not in ("always", display):
            continue
        try:
            load(row[0])
        except OSError:
            missing.append(row)
    return missing


def install_system_packages(packages: list, why: str) -> None:
    """Install Debian packages, or end with the one line that does."""
    if shutil.which("apt-get") is None:
        raise Problem(f"{why}: install with your system's package manager what Debian calls {', '.join(packages)}.")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root and (shutil.which("sudo") is None or quiet(["sudo", "-n", "true"]).returncode):
        raise Problem(f"{why}. This line mends it: sudo apt-get install --no-install-recommends {' '.join(packages)}")
    say(f"{why}: installing {' '.join(packages)}")
    apt = [*([] if root else ["sudo", "-n"]), "env", "DEBIAN_FRONTEND=noninteractive"]
    apt += ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    updated = quiet([*apt, "update"])  # may fail for one source of many; the installation itself tells
    done = quiet([*apt, "install", "-y", "--no-install-recommends", *packages])
    if done.returncode:
        reason = last_line(done.stderr or updated.stderr or done.stdout)
        raise Problem(f"apt-get could not install {' '.join(packages)}: {reason}")


def quiet(command: list, env: "dict | None" = None, folder: "Path | None" = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=env, cwd=folder
    )


def display_kind(environment: dict, platform: str = sys.platform) -> str:
    """Name the display that a window would open on: "native" (macOS, Windows), "wayland", "x11" or "" for none."""
    if platform in ("darwin", "win32"):
        return "native"
    if environment.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "x11" if environment.get("DISPLAY") else ""


def qt_starts(venv: Path, env: dict) -> str:
    """Start Qt in a process of its own; return "" or what it says against it."""
    program = "from PySide6 import QtNetwork, QtSvg, QtWidgets; QtWidgets.QApplication([])"
    tried = quiet([str(python_in(venv)), "-c", program], env=env)
    return "" if tried.returncode == 0 else last_line(tried.stderr)


def make_qt_start(venv: Path, display: str, env: dict) -> bool:
    """Install what Qt lacks. Return whether it starts on this display; raise Problem where it does not start at all."""
    if not qt_starts(venv, env):
        return True
    if sys.platform.startswith("linux"):
        missing = missing_libraries(display)
        if missing:
            names = ", ".join(row[0] for row in missing)
            install_system_packages(sorted({row[1] for row in missing}), f"Qt lacks shared libraries ({names})")
            if not qt_starts(venv, env):
                return True
    offscreen = qt_starts(venv, {**env, "QT_QPA_PLATFORM": "offscreen"})
    if offscreen:
        raise Problem(f"Qt does not start: {offscreen}")
    return False


# --------------------------------------------------------------------------------------------------- what it is all for


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


@contextlib.contextmanager
def virtual_display():  # noqa: ANN201
    """Run Xvfb on a free display number and give the environment that leads to it."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        command, pass_fds=(writer,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        ready = select.select([reader], [], [], 30)[0]
        number = os.read(reader, 16).decode().strip() if ready else ""
        if not number:
            raise Problem("Xvfb, the display that the window's tests need, does not start: try it with `Xvfb :99`.")
        env = clean_environment(DISPLAY=f":{number}")
        env.pop("WAYLAND_DISPLAY", None)
        yield env
    finally:
        os.close(reader)
        server.terminate()
        server.wait()


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
