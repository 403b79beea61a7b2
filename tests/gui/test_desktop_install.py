"""`lrp-gui --install-desktop`: what lies where afterwards, and that nothing is left of it later."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lrp_gui.app import main
from lrp_gui.desktop import install as installing
from lrp_gui.desktop.install import DesktopError, install, uninstall
from lrp_gui.desktop.places import desktop_folder, quoted
from lrp_gui.shipped import shipped

NAME = "lrp-explorer"


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    """Every file and folder; `.cache` is GLib's own, made by any of its programs."""
    found = [path for path in folder.rglob("*") if ".cache" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in found}


def entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(path, encoding="utf-8")
    return parser["Desktop Entry"]


def test_menu_launcher_types_and_icons_are_there(home):
    (home / "Desktop").mkdir()
    files = install()
    data = home / ".local" / "share"
    assert all(file.exists() for file in files)
    menu = entry(data / "applications" / f"{NAME}.desktop")
    command, *rest = shlex.split(menu["Exec"])
    assert os.access(command, os.X_OK)
    assert rest[-1] == "%F"
    assert menu["TryExec"] == command
    assert os.access(home / "Desktop" / f"{NAME}.desktop", os.X_OK)
    sizes = {path.parts[-3] for path in (data / "icons" / "hicolor").rglob(f"{NAME}.png")}
    assert sizes == {f"{size}x{size}" for size in (16, 22, 24, 32, 48, 64, 128, 256, 512)}
    types = ET.parse(data / "mime" / "packages" / f"{NAME}.xml").getroot()
    icons = {icon.get("name") for icon in types.iter("{http://www.freedesktop.org/standards/shared-mime-info}icon")}
    for icon in icons:
        assert (data / "icons" / "hicolor" / "48x48" / "mimetypes" / f"{icon}.png").exists()
    assert {kind.get("type") for kind in types} == set(menu["MimeType"].strip(";").split(";"))


def test_twice_is_as_once_and_nothing_is_left_afterwards(home):
    (home / "Desktop").mkdir()
    (home / "Desktop" / "thesis.odt").write_text("years of work")
    before = everything(home)
    install()
    once = everything(home)
    install()
    assert everything(home).keys() == once.keys()
    uninstall()
    assert everything(home) == before
    assert uninstall() == []


def test_what_others_have_there_stays(home):
    applications = home / ".local" / "share" / "applications"
    applications.mkdir(parents=True)
    (applications / "other.desktop").write_text("[Desktop Entry]\nType=Application\nName=Other\nExec=true\n")
    packages = home / ".local" / "share" / "mime" / "packages"
    install()
    (packages / "other.xml").write_text('<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info"/>')
    uninstall()
    assert (applications / "other.desktop").exists()
    assert (packages / "other.xml").exists()
    assert not list((home / ".local").rglob(f"*{NAME}*"))


def test_the_folders_that_somebody_chose_are_used(home, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    (home / "config").mkdir()
    (home / "config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Schreibtisch"\n')
    assert desktop_folder() is None  # it does not exist
    (home / "Schreibtisch").mkdir()
    install()
    assert (home / "data" / "applications" / f"{NAME}.desktop").exists()
    assert (home / "Schreibtisch" / f"{NAME}.desktop").exists()
    assert not (home / ".local").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(home, monkeypatch, capsys):
    (home / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "file" / "below"))
    with pytest.raises(DesktopError, match=r"file.* cannot be written .*XDG_DATA_HOME"):
        install()
    assert main(["--install-desktop"]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1


def test_an_installation_that_lacks_a_file_says_which(home, monkeypatch):
    monkeypatch.setattr(installing, "shipped", lambda _place: None)
    with pytest.raises(DesktopError, match=r"lacks resources/desktop/lrp-explorer\.desktop"):
        install()


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/usr/bin/lrp-gui", "/usr/bin/lrp-gui"),
        ("/home/an na/lrp", '"/home/an na/lrp"'),
        ("/a%b", '"/a%%b"'),
        ("/a$b", '"/a\\\\$b"'),
        ('/a"b', '"/a\\\\"b"'),
    ],
)
def test_commands_are_written_as_the_specification_asks(path, written):
    assert quoted(path) == written


def checked(*command: str) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (resources/quickstart.py --test does)")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\b(error|warning)\b|^[WE]:", done.stdout + done.stderr, re.MULTILINE)


def test_the_menu_entry_is_valid(home):
    install()
    checked("desktop-file-validate", str(home / ".local" / "share" / "applications" / f"{NAME}.desktop"))
    checked("desktop-file-validate", str(shipped(f"desktop/{NAME}.desktop")))


def test_the_metainfo_is_valid():
    checked("appstreamcli", "validate", "--no-net", str(shipped(f"desktop/{installing.METAINFO}")))


def test_the_types_are_valid_and_recognise_their_files_by_name_and_by_content(home):
    install()
    checked("update-mime-database", str(home / ".local" / "share" / "mime"))
    globs = (home / ".local" / "share" / "mime" / "globs2").read_text()
    for ending in ("pt", "pth", "pt2", "ckpt", "safetensors", "onnx", "npz", "npy", "lrpx"):
        assert f":*.{ending}\n" in globs, ending
    assert ":*.zip" not in globs
    assert ":*.bin" not in globs
    magic = (home / ".local" / "share" / "mime" / "magic").read_bytes()
    for begins in (b"/data.pkl", b"/data/0FB", b"/data/weights/weight_", b"\x93NUMPY", b"project.json"):
        assert begins in magic, begins


def test_it_is_a_program_of_its_own():
    done = subprocess.run([sys.executable, "-m", "lrp_gui", "--help"], capture_output=True, text=True, check=False)
    assert {"--install-desktop", "--uninstall-desktop", "--new-window"} <= set(done.stdout.split())
