#!/usr/bin/env python3
"""Make what needs no Python to run: a folder, a .tar.xz and a Debian package, and try them in a root that has nothing.

`python3 resources/bundle.py` leaves them in ./dist. On Windows and macOS it makes the folder (and the .app); nobody has
run it there yet.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from bundling import deb, smoke
from installing import environment, system
from installing.basics import ROOT, Problem, python_in, say

RESOURCES = ROOT / "resources"
RECIPE = RESOURCES / "bundling" / "lrp-explorer.spec"
CUDA = re.compile(
    r"(^|_|^lib)(cu(da|dnn|blas|fft|rand|solver|sparse)|nccl|nvrtc|nvidia)[^/]*\.(so|dll|dylib)", re.IGNORECASE
)
LINUX = sys.platform.startswith("linux")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def make_folder(venv: Path, out: Path) -> Path:
    """Run PyInstaller; give the folder that it makes."""
    say("Bundling (some minutes)")
    command = [str(python_in(venv)), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    places = ["--distpath", str(out), "--workpath", str(out / "work")]
    if subprocess.run([*command, *places, str(RECIPE)], check=False, cwd=ROOT).returncode:
        raise Problem("PyInstaller did not make the bundle; its reasons stand above.")
    folder = out / "lrp-explorer"
    if LINUX:
        (folder / "lrp-engine").unlink(missing_ok=True)
        (folder / "lrp-engine").symlink_to("lrp-gui")
        strip(folder)
    licences = subprocess.run(
        [str(python_in(venv)), str(RESOURCES / "bundling" / "licences.py")], capture_output=True, text=True, check=True
    )
    (folder / "THIRD-PARTY.txt").write_text(licences.stdout, encoding="utf-8")
    return folder


def strip(folder: Path) -> None:
    """Leave out what only a debugger reads of Python itself; other libraries come stripped, or may not be."""
    if shutil.which("strip"):
        for library in (folder / "_internal").glob("libpython3*.so*"):
            subprocess.run(["strip", "--strip-unneeded", str(library)], check=True)


def check_no_cuda(folder: Path) -> None:
    found = [str(path.relative_to(folder)) for path in folder.rglob("*") if CUDA.search(path.name)]
    if found:
        raise Problem(f"The bundle holds libraries of CUDA ({', '.join(found[:3])}): install a torch for the CPU.")


def report(folder: Path) -> None:
    """Say how large it is, and its largest parts."""
    parts: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            place = path.relative_to(folder).parts
            name = "programs" if len(place) == 1 else place[1] if len(place) > 2 else "libraries and Python"
            parts[name.split("-")[0]] = parts.get(name.split("-")[0], 0) + path.stat().st_size
    say(f"  {megabytes(sum(parts.values()))}, no CUDA: " + ", ".join(
        f"{name} {megabytes(size)}" for name, size in sorted(parts.items(), key=lambda part: -part[1]) if size > 4e6
    ))  # fmt: skip


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


def make_archive(folder: Path, out: Path, stem: str) -> Path:
    """The folder as .tar.xz."""
    archive = out / f"{stem}.tar.xz"
    say(f"Packing {archive.name}")
    environment = {**os.environ, "XZ_OPT": "-1 -T0"}
    words = [
        "tar",
        "--owner=0",
        "--group=0",
        "--sort=name",
        "-cJf",
        str(archive),
        "-C",
        str(folder.parent),
        folder.name,
    ]
    subprocess.run(words, check=True, env=environment)
    return archive


def make_package(folder: Path, out: Path, architecture: str) -> Path:
    """The folder as a Debian package."""
    about = project()
    package = out / f"lrp-explorer_{about['version']}_{architecture}.deb"
    say(f"Packing {package.name}")
    tree = out / "work" / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    deb.lay_out(folder, RESOURCES, tree)
    needed, wanted = deb.depends(system.QT_LIBRARIES, platform.libc_ver()[1])
    fields = {
        "Version": about["version"],
        "Architecture": architecture,
        "Maintainer": about["authors"][0]["name"],
        "Depends": needed,
        "Recommends": wanted,
    }
    deb.build(tree, package, fields)
    shutil.rmtree(tree)
    return package


def try_it(package: Path, venv: Path, out: Path, root: Path) -> None:
    """Use the package in a root without Python."""
    say(f"Trying it in {root}: a fresh Debian, no Python, no network")
    smoke.make_root(root)
    parquet = out / "work" / "diabetes.parquet"
    table = RESOURCES / "examples" / "diabetes" / "diabetes.csv"
    read = f"polars.read_csv({str(table)!r}, infer_schema_length=None)"
    program = f"import polars; {read}.head(5).write_parquet({str(parquet)!r})"
    subprocess.run([str(python_in(venv)), "-c", program], check=True)
    with contextlib.ExitStack() as stack:
        seen = all(shutil.which(name) for name in ("Xvfb", "xdotool"))
        screen = stack.enter_context(system.virtual_display()) if seen else None
        for line in smoke.try_package(package, root, parquet, screen):
            say(f"  {line}")
        if not seen:
            say("  the window was not tried: that needs Xvfb and xdotool")


def make(options: argparse.Namespace) -> None:
    out, venv = options.out.absolute(), options.venv.absolute()
    hindered = "" if options.no_smoke or not LINUX else smoke.hindrance()
    if hindered:
        raise Problem(hindered)
    began = time.monotonic()
    environment.make_environment(venv)
    environment.install(venv, frozenset({"bundle", "text"}))
    (out / "work").mkdir(parents=True, exist_ok=True)
    folder = make_folder(venv, out)
    check_no_cuda(folder)
    report(folder)
    if LINUX and shutil.which("dpkg-deb"):
        asked = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
        package = make_package(folder, out, asked.stdout.strip())
        say(f"  {megabytes(package.stat().st_size)}")
        if not options.no_smoke:
            try_it(package, venv, out, options.root.absolute())
    elif LINUX:
        say("There is no dpkg-deb here: no Debian package, and no smoke test")
    if LINUX:
        archive = make_archive(folder, out, f"lrp-explorer-{project()['version']}-linux-{platform.machine()}")
        say(f"  {megabytes(archive.stat().st_size)}")
    say(f"Done in {(time.monotonic() - began) / 60:.0f} minutes; everything lies in {out}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bundle.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="where to (default: ./dist)")
    parser.add_argument(
        "--venv",
        type=Path,
        default=ROOT / "build" / "bundle-venv",
        metavar="DIR",
        help="the environment that is bundled (default: build/bundle-venv in the project)",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT / "build" / "clean-root",
        metavar="DIR",
        help="the fresh Debian that it is tried in (default: build/clean-root in the project)",
    )
    parser.add_argument("--no-smoke", action="store_true", help="do not try it")
    try:
        make(parser.parse_args(arguments))
    except (Problem, smoke.SmokeError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(
            f"`{error.cmd[0]}` ended with {error.returncode}: {(error.stderr or '').strip()[-1500:]}", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
