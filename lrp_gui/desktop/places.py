"""Where a desktop looks for programs of one user (XDG base directories), and which command starts this program."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path


def data_home() -> Path:
    """The folder of the user's own data files; a relative XDG_DATA_HOME counts as none, as the specification asks."""
    return _folder("XDG_DATA_HOME", ".local/share")


def desktop_folder() -> Path | None:
    """The folder that the desktop shows, or None where there is none (or it is the home folder itself)."""
    home = Path.home()
    named = _folder("XDG_CONFIG_HOME", ".config") / "user-dirs.dirs"
    folder = home / "Desktop"
    try:
        found = re.search(r'^XDG_DESKTOP_DIR="(.*)"$', named.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        found = None
    if found:
        folder = Path(found[1].replace("$HOME", str(home)))
    return folder if folder.is_dir() and folder != home else None


def command() -> list[str]:
    """What starts this program from anywhere: a bundle, the script of an installation, or this Python."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    script = Path(sys.executable).with_name("lrp-gui")
    return [str(script)] if os.access(script, os.X_OK) else [sys.executable, "-m", "lrp_gui"]


def quoted(argument: str) -> str:
    """An argument as the key Exec of a desktop file has it."""
    inner = re.sub(r'(["`$\\])', r"\\\1", argument).replace("%", "%%")
    # The value of a key is a string, in which a backslash is written twice.
    return f'"{inner}"'.replace("\\", "\\\\") if re.search(r"[^\w@+=:,./-]", argument) else argument


def _folder(variable: str, otherwise: str) -> Path:
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home() / otherwise  # noqa: PTH117
