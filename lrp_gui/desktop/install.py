"""`lrp-gui --install-desktop`: menu entry, icons, file types and a launcher on the desktop, for one user, without root.

What was made is written down, so that `--uninstall-desktop` undoes all of it and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lrp_gui.desktop.places import command, data_home, desktop_folder, quoted
from lrp_gui.shipped import shipped

NAME = "lrp-explorer"
METAINFO = "example.lrp_explorer.explorer.metainfo.xml"
MANIFEST = f"{NAME}/desktop.json"
# What a desktop looks things up in is made from the files by these, where they are installed: command, folder.
CACHES = (
    (("update-mime-database",), "mime"),
    (("update-desktop-database", "--quiet"), "applications"),
)
# They write beside our files; where nobody had any before, they are ours to remove.
WRITTEN_BY_CACHES = ("applications/mimeinfo.cache",)
CACHE_SECONDS = 60


class DesktopError(Exception):
    """Why the desktop's files cannot be written or removed, in one sentence."""


def install() -> list[Path]:
    """Tell the desktop of this program; doing it again replaces what was there.

    Returns
    -------
    list of Path
        The files that lie there now.

    Raises
    ------
    DesktopError
        If a file is missing from the installation, or a place cannot be written.
    """
    home, launcher = data_home(), desktop_folder()
    made = _made_before(home)
    if made["files"]:
        _remove(home, made)
        made = _made_before(home)
    try:
        for place, content in _contents(home, launcher):
            _make_folders(place.parent, made)
            place.write_bytes(content)
            made["files"].append(str(place))
            if place.suffix == ".desktop" and place.parent == launcher:
                place.chmod(0o755)  # without it desktops ask whether it may be started
                _trust(place)
            _note(home, made)
    except OSError as error:
        raise DesktopError(
            f"{error.filename or home} cannot be written ({error.strerror}); "
            "name another folder with XDG_DATA_HOME, or make this one writable."
        ) from error
    _renew_caches(home)
    return [Path(file) for file in made["files"]]


def uninstall() -> list[Path]:
    """Remove what `install` made, files and folders; what others put beside it stays.

    Raises
    ------
    DesktopError
        If something cannot be removed.
    """
    home = data_home()
    made = _made_before(home)
    _remove(home, made)
    return [Path(file) for file in made["files"]]


def _contents(home: Path, launcher: Path | None) -> Iterator[tuple[Path, bytes]]:
    """Each file's place, and what stands in it."""
    entry = _entry().encode()
    yield home / "applications" / f"{NAME}.desktop", entry
    if launcher is not None:
        yield launcher / f"{NAME}.desktop", entry
    yield home / "mime" / "packages" / f"{NAME}.xml", _shipped(f"desktop/{NAME}.xml").read_bytes()
    yield home / "metainfo" / METAINFO, _shipped(f"desktop/{METAINFO}").read_bytes()
    icons = home / "icons" / "hicolor"
    for drawing in (NAME, f"{NAME}-weights", f"{NAME}-project"):
        kind = "apps" if drawing == NAME else "mimetypes"
        yield icons / "scalable" / kind / f"{drawing}.svg", _shipped(f"icons/{drawing}.svg").read_bytes()
        for picture in sorted(_shipped("icons/png").glob(f"{drawing}-*.png")):
            size = picture.stem.removeprefix(f"{drawing}-")
            if size.isdigit():
                yield icons / f"{size}x{size}" / kind / f"{drawing}.png", picture.read_bytes()


def _entry() -> str:
    """The desktop entry, with the command that starts this very installation."""
    words = command()
    start = " ".join(map(quoted, words))
    lines = []
    for line in _shipped(f"desktop/{NAME}.desktop").read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if key == "TryExec":
            # no Exec's quotes here, only a string's backslashes
            lines.append("TryExec=" + words[0].replace("\\", "\\\\"))
        else:
            lines.append(key + equals + (value.replace("lrp-gui", start, 1) if key == "Exec" else value))
    return "\n".join(lines) + "\n"


def _shipped(place: str) -> Path:
    path = shipped(place)
    if path is None:
        raise DesktopError(f"The installation lacks resources/{place}; install the program again.")
    return path


# ------------------------------------------------------------------------------------------------ what was made


def _made_before(home: Path) -> dict[str, list[str]]:
    """What an installation before wrote down: its files, and the folders that it made."""
    try:
        made = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
        return {"files": [str(file) for file in made["files"]], "folders": [str(folder) for folder in made["folders"]]}
    except (OSError, ValueError, TypeError, LookupError):
        return {"files": [], "folders": []}


def _note(home: Path, made: dict[str, list[str]]) -> None:
    _make_folders((home / MANIFEST).parent, made)
    (home / MANIFEST).write_text(json.dumps(made, indent=1), encoding="utf-8")


def _make_folders(folder: Path, made: dict[str, list[str]]) -> None:
    """Make a folder and those above it, and remember which of them are ours."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o755)
        made["folders"].append(str(one))


def _remove(home: Path, made: dict[str, list[str]]) -> None:
    try:
        for file in made["files"]:
            Path(file).unlink(missing_ok=True)
        _renew_caches(home)
        for cache in WRITTEN_BY_CACHES:
            if str((home / cache).parent) in made["folders"]:
                (home / cache).unlink(missing_ok=True)
        (home / MANIFEST).unlink(missing_ok=True)
        mime = home / "mime"
        if str(mime) in made["folders"] and not any((mime / "packages").glob("*.xml")):
            shutil.rmtree(mime, ignore_errors=True)  # nothing but what update-mime-database makes
        for folder in reversed(made["folders"]):
            _remove_if_empty(Path(folder))
    except OSError as error:
        raise DesktopError(f"{error.filename} cannot be removed ({error.strerror}).") from error


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


# ------------------------------------------------------------------------------------------------ the desktop's own


def _renew_caches(home: Path) -> None:
    """Let the desktop read the new files; it finds them by itself, only later, where these programs are missing."""
    for words, folder in CACHES:
        program = shutil.which(words[0])
        if program is not None and (home / folder).is_dir():
            _run([program, *words[1:], str(home / folder)])
    icons = home / "icons" / "hicolor"
    if icons.is_dir():
        os.utime(icons)  # desktops look for new icons when this has changed
        renew = shutil.which("gtk-update-icon-cache")
        if renew is not None and (icons / "icon-theme.cache").exists():
            _run([renew, "--quiet", "--force", "--ignore-theme-index", str(icons)])


def _trust(launcher: Path) -> None:
    """GNOME starts what lies on the desktop only when somebody allowed it; who installs it does."""
    program = shutil.which("gio")
    if program is not None:
        _run([program, "set", str(launcher), "metadata::trusted", "true"])


def _run(words: list[str]) -> None:
    """Run one of the desktop's programs. It may fail: what it makes only speeds things up."""
    try:
        subprocess.run(  # noqa: S603 - a fixed list of programs
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=CACHE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        import logging

        logging.getLogger(__name__).warning("%s did not run: %s", words[0], error)
