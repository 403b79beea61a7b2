"""The parts of quickstart.py that decide: which Python, which libraries, which torch, which sentence."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "resources" / "quickstart.py"
PARTS = sorted((ROOT / "resources" / "installing").glob("*.py"))


@pytest.fixture
def part(monkeypatch):
    """Give one of the script's parts by its name."""
    monkeypatch.syspath_prepend(ROOT / "resources")
    return lambda name: importlib.import_module(f"installing.{name}")


@pytest.fixture
def basics(part):
    return part("basics")


@pytest.fixture
def system(part):
    return part("system")


@pytest.fixture
def environment(part):
    return part("environment")


@pytest.mark.parametrize("file", [SCRIPT, *PARTS], ids=lambda file: file.name)
def test_it_parses_on_pythons_that_it_has_to_turn_away(file):
    ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("file", [SCRIPT, *PARTS], ids=lambda file: file.name)
def test_it_uses_the_standard_library_only(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names | {"installing"}


def test_its_pythons_are_the_projects(basics):
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    oldest, newest = basics.OLDEST, basics.NEWEST
    assert required == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 1)])
def test_a_python_that_fits(basics, version):
    assert basics.version_problem(version) == ""


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0)])
def test_a_python_that_does_not_fit(basics, version):
    alone = basics.version_problem(version, find=lambda name: None)
    assert f"{version[0]}.{version[1]}" in alone
    assert "install one" in alone
    beside = basics.version_problem(version, find=lambda name: name if name == "python3.12" else None)
    assert "run this again with python3.12" in beside


def test_missing_libraries_are_those_that_do_not_load_on_that_display(system):
    def load(name):
        if name in {"libEGL.so.1", "libxcb-cursor.so.0", "libwayland-client.so.0"}:
            raise OSError(name)

    packages = {
        display: [row[1] for row in system.missing_libraries(display, load)] for display in ("", "x11", "wayland")
    }
    assert packages[""] == ["libegl1"]
    assert packages["x11"] == ["libegl1", "libxcb-cursor0"]
    assert packages["wayland"] == ["libegl1", "libwayland-client0"]


def test_a_person_who_may_not_install_gets_the_line_that_does(system, basics, monkeypatch):
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(system.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(basics.Problem, match=r"sudo apt-get install --no-install-recommends libegl1 libgl1$"):
        system.install_system_packages(["libegl1", "libgl1"], "Qt lacks shared libraries")


def test_a_system_without_apt_is_told_what_is_missing(system, basics, monkeypatch):
    monkeypatch.setattr(system.shutil, "which", lambda name: None)
    with pytest.raises(basics.Problem, match="package manager what Debian calls libegl1"):
        system.install_system_packages(["libegl1"], "Qt lacks shared libraries")


def test_an_installation_holds_until_the_project_file_or_the_place_changes(environment, tmp_path):
    stamp = environment.stamp_of(b"[project]", tmp_path)
    plain, dev = frozenset(), frozenset({"dev"})
    assert not environment.installed(tmp_path, stamp, plain)
    (tmp_path / "quickstart.json").write_text(json.dumps({"stamp": stamp, "extras": ["dev"]}))
    assert environment.installed(tmp_path, stamp, plain)
    assert environment.installed(tmp_path, stamp, dev)
    assert not environment.installed(tmp_path, environment.stamp_of(b"[project] ", tmp_path), plain)
    assert not environment.installed(tmp_path, environment.stamp_of(b"[project]", tmp_path / "moved"), plain)
    (tmp_path / "quickstart.json").write_text(json.dumps({"stamp": stamp, "extras": []}))
    assert not environment.installed(tmp_path, stamp, dev)
    (tmp_path / "quickstart.json").write_text("{cut off")
    assert not environment.installed(tmp_path, stamp, plain)


def test_the_environment_is_made_only_where_nothing_is_lost(environment, tmp_path):
    assert environment.environment_problem(tmp_path / "new") == ""
    assert environment.environment_problem(tmp_path) == ""
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "no virtual environment" in environment.environment_problem(tmp_path)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    assert environment.environment_problem(tmp_path) == ""
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.9.2\n")
    assert "holds Python 3.9" in environment.environment_problem(tmp_path)


def test_the_torch_that_is_asked_for_is_the_projects(environment):
    assert re.fullmatch(r"torch[<>=!].*", environment.torch_requirement())


@pytest.mark.parametrize(
    ("needs", "cuda"),
    [
        (["filelock", "sympy>=1.13.3"], False),
        (["filelock", 'nvidia-cublas-cu12==12.8.4.1; platform_system == "Linux"'], True),
        (["cuda-bindings<14,>=13.0.3; platform_system == 'Linux'"], True),
    ],
)
def test_a_torch_that_brings_cuda_is_told_from_its_description(environment, needs, cuda):
    report = "WARNING: a line before\n" + json.dumps(
        {"install": [{"metadata": {"name": "torch", "requires_dist": needs}}]}
    )
    assert environment.needs_cuda(report) is cuda


def test_a_torch_that_is_there_needs_nothing_more(environment):
    assert environment.needs_cuda('{"version": "1", "install": []}') is False


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying … Temporary failure in name resolution\nERROR: No matching distribution found", "network"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …", "PIP_CERT"),
        ("error: [Errno 13] Permission denied: '/opt/x'", "--venv DIR"),
        (
            "Collecting a\nERROR: No matching distribution found for torch<2.14,>=2.9\n",
            "No matching distribution found",
        ),
        ("", "no reason"),
    ],
)
def test_what_pip_says_becomes_one_sentence(environment, output, advice):
    said = environment.reason_in(output)
    assert advice in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("environment", "platform", "kind"),
    [
        ({}, "linux", ""),
        ({"DISPLAY": ""}, "linux", ""),
        ({"DISPLAY": ":0"}, "linux", "x11"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "linux", "wayland"),
        ({}, "darwin", "native"),
        ({}, "win32", "native"),
    ],
)
def test_the_display_that_a_window_would_open_on(system, environment, platform, kind):
    assert system.display_kind(environment, platform) == kind


def test_pips_lines_become_progress(environment):
    line = "  Downloading polars-2.1.0-py3-none-any.whl (911 kB)\n"
    assert environment.progress_in(line) == "downloading polars 2.1.0 (911 kB)"
    assert environment.progress_in("  Downloading polars-2.1.0-py3-none-any.whl.metadata (10 kB)\n") == ""
    assert environment.progress_in("Installing collected packages: polars\n") == "unpacking"


def test_a_failure_is_one_sentence_and_no_traceback(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--venv", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert ran.returncode == 1
    assert (
        ran.stderr.strip() == f"{tmp_path} exists and is no virtual environment: name another folder with --venv DIR."
    )
    assert (tmp_path / "thesis.txt").exists()
