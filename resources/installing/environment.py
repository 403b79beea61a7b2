"""The virtual environment, and the project in it."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from installing.basics import NEWEST, OLDEST, ROOT, Problem, clean_environment, last_line, python_in, quiet, say
from installing.system import install_system_packages

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SPACE_NEEDED = 2_500_000_000  # bytes: the environment with the CPU torch, the test tools and pip's temporary copies

# What the output of a step that failed says -> what a person can do about it. The first match counts: without a network
# pip also says that it found no matching distribution.
ADVICE = {
    r"No space left on device": "the disk is full: free about 3 GB and run this again",
    r"CERTIFICATE_VERIFY_FAILED|SSLError": "the package index's certificate is not accepted: set PIP_CERT to your own",
    r"name resolution|getaddrinfo|Network is unreachable|Max retries|NewConnection|Timeout|ProxyError|Could not fetch|"
    r"Connection (refused|reset|aborted)": "the package index cannot be reached: check the network and run this again",
    r"Permission denied|Read-only file system": "a folder cannot be written: name another one with --venv DIR",
}


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
