"""What ships: files that an installation finds again, the bundle's recipe, the Debian package, and what is new."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = {
    f"{place.removeprefix('share/lrp-explorer/')}/{path.name}"
    for place, patterns in PROJECT["tool"]["setuptools"]["data-files"].items()
    for pattern in patterns
    for path in ROOT.glob(pattern)
}


@pytest.fixture
def bundle(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "resources")
    import bundle

    return bundle


def test_what_the_program_looks_for_beside_its_code_is_installed_with_it():
    """Every place that code asks `shipped` for; those with a variable part by what stands before it."""
    asked = set()
    for path in (ROOT / "lrp_gui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "shipped(" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"shipped", "_shipped"}:
                word = node.args[0]
                if isinstance(word, ast.JoinedStr):
                    word = word.values[0]
                if isinstance(word, ast.Constant):
                    asked.add(str(word.value))
    assert len(asked) >= 5
    missing = [place for place in asked if not any(name.startswith(place) for name in SHIPPED)]
    assert missing == []


def test_examples_pages_icons_and_the_desktops_files_are_all_there():
    for folder in ("examples/digits", "docs", "docs/images", "icons", "icons/png", "desktop"):
        there = {f"{folder}/{path.name}" for path in (ROOT / "resources" / folder).iterdir() if path.is_file()}
        left = {name for name in there - SHIPPED if not name.endswith(".py")}
        assert left == set(), folder


def test_the_icons_are_those_that_the_script_draws():
    program = """
import json, sys
sys.path.insert(0, "resources/icons")
import make_icons
from PySide6.QtGui import QGuiApplication, QImage
app = QGuiApplication([])
far = {}
for icon in make_icons.ICONS:
    for size in (16, 48):
        drawn = make_icons.drawn(icon, size).convertToFormat(QImage.Format.Format_RGBA8888)
        kept = QImage(str(make_icons.path(icon, size))).convertToFormat(QImage.Format.Format_RGBA8888)
        assert kept.width() == kept.height() == size
        far[f"{icon} {size}"] = max(abs(a - b) for a, b in zip(bytes(drawn.constBits()), bytes(kept.constBits())))
    assert all(make_icons.path(icon, size).exists() for size in make_icons.SIZES)
print(json.dumps(far))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert max(json.loads(done.stdout).values()) <= 16


def test_the_package_depends_on_what_quickstart_knows_that_qt_needs(bundle):
    needed, wanted = bundle.deb.depends(bundle.system.QT_LIBRARIES, "2.36")
    packages = needed.split(", ")
    assert packages[0] == "libc6 (>= 2.36)"
    for _, package, display in bundle.system.QT_LIBRARIES:
        assert (package in packages) == (display != "wayland"), package
    assert "libwayland-client0" in wanted


def test_a_package_of_a_small_folder(bundle, tmp_path):
    if shutil.which("dpkg-deb") is None:
        pytest.skip("there is no dpkg-deb on this system")
    folder, tree = tmp_path / "lrp-explorer", tmp_path / "tree"
    (folder / "_internal").mkdir(parents=True)
    (folder / "lrp-gui").write_text("#!/bin/sh\n")
    (folder / "THIRD-PARTY.txt").write_text("nothing\n")
    bundle.deb.lay_out(folder, ROOT / "resources", tree)
    fields = {"Version": "0.1.0", "Architecture": "all", "Maintainer": "Nobody", "Depends": "libc6"}
    bundle.deb.build(tree, tmp_path / "small.deb", fields)
    listed = subprocess.run(["dpkg-deb", "-c", str(tmp_path / "small.deb")], capture_output=True, text=True, check=True)
    for place in (
        "./usr/bin/lrp-gui -> ../lib/lrp-explorer/lrp-gui",
        "./usr/lib/lrp-explorer/lrp-gui\n",
        "./usr/share/applications/lrp-explorer.desktop\n",
        "./usr/share/icons/hicolor/16x16/apps/lrp-explorer.png\n",
        "./usr/share/icons/hicolor/48x48/mimetypes/lrp-explorer-weights.png\n",
        "./usr/share/mime/packages/lrp-explorer.xml\n",
        f"./usr/share/metainfo/{bundle.deb.METAINFO}\n",
        "./usr/share/doc/lrp-explorer/copyright\n",
    ):
        assert place in listed.stdout, place
    assert not re.search(r"^\S+ (?!root/root)", listed.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "cuda"),
    [("libcudart.so.12", True), ("libtorch_cuda.so", True), ("libcublas.so.12", True), ("nvrtc64_120.dll", True),
     ("libicudata.so.73", False), ("libtorch_cpu.so", False), ("cudnn.py", False)],
)  # fmt: skip
def test_libraries_of_cuda_are_recognised(bundle, name, cuda):
    assert bool(bundle.CUDA.search(name)) is cuda


def test_helpers_that_a_bundle_starts_are_files_of_the_packages(bundle):
    from lrp_engine import own_programs

    started = {
        name
        for package in ("lrp_engine", "lrp_gui")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r'own_programs\.command\(\s*"([\w.]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(started) >= 2
    assert all(own_programs._file(name).exists() for name in started)


def test_nothing_else_starts_python_as_if_it_were_there():
    """In a bundle `sys.executable` is this program; whoever wants Python asks `own_programs`."""
    allowed = {"own_programs.py", "places.py"}
    found = [
        path.name
        for package in ("lrp_engine", "lrp_gui")
        for path in (ROOT / package).rglob("*.py")
        if "sys.executable" in path.read_text(encoding="utf-8") and path.name not in allowed
    ]
    assert found == []


def test_the_version_is_told_everywhere_as_one():
    from lrp_engine import __version__

    releases = ET.parse(ROOT / "resources" / "desktop" / "example.lrp_explorer.explorer.metainfo.xml").iter("release")
    news = (ROOT / "resources" / "docs" / "news.md").read_text(encoding="utf-8")
    assert next(iter(releases)).get("version") == __version__ == PROJECT["project"]["version"]
    assert re.search(r"^## (.+)$", news, re.MULTILINE)[1] == __version__


def test_the_news_are_the_same_in_both_languages():
    versions = [
        [section.count("\n- ") for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)]
        for page in sorted((ROOT / "resources" / "docs").glob("news*.md"))
    ]
    assert len(versions) == 2
    assert versions[0] == versions[1]


def test_windows_knows_the_program_by_one_name():
    from lrp_gui.desktop.windows import APP_ID

    assert APP_ID in (ROOT / "resources" / "desktop" / "associate.ps1").read_text(encoding="utf-8")
