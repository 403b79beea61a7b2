"""What the program remembers between two sessions: a table of typed settings over QSettings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QByteArray, QLocale, QSettings

from lrp_gui.languages import AVAILABLE
from lrp_gui.shipped import shipped

ORGANIZATION = "LRP Explorer"
APPLICATION = "lrp-gui"
# A change of what the window consists of makes an old arrangement unusable.
LAYOUT_VERSION = 3


class Setting(NamedTuple):
    """One remembered value: its key, its default, and the values it may have (() = any)."""

    key: str
    default: Any
    allowed: Any = ()  # a tuple or a range

    def read(self) -> Any:
        """The stored value, or the default when there is none or none that makes sense."""
        value = QSettings().value(self.key, self.default)
        if isinstance(self.default, bool):
            value = value in (True, "true", "True", 1, "1")
        elif isinstance(self.default, int):
            value = _whole(value)
        if not isinstance(value, type(self.default)):
            return self.default
        return value if not self.allowed or value in self.allowed else self.default

    def write(self, value: Any) -> None:
        """Remember a value."""
        QSettings().setValue(self.key, value)

    def reset(self) -> None:
        """Forget what was stored, so that the default holds."""
        QSettings().remove(self.key)


def _whole(value: Any) -> int | None:
    """A whole number as an INI file gives it back: as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


THEME = Setting("theme", "system", ("system", "light", "dark"))
LANGUAGE = Setting("language", "system", ("system", *AVAILABLE))  # at the next start
FONT_SIZE = Setting("font_size", 0, (0, *range(8, 21)))  # points; 0: as the system has it
REDUCED_MOTION = Setting("reduced_motion", "system", ("system", "on", "off"))
# What the engine computes with; 0 leaves a number to the engine.
DEVICE = Setting("engine/device", "cpu")
THREADS = Setting("engine/threads", 0, range(1025))
MEMORY = Setting("engine/memory", 0, range(1 << 24))  # MiB
DTYPE = Setting("engine/dtype", "file", ("file", "float32", "float64"))
CACHE_FOLDER = Setting("cache/folder", "")  # "": the system's place for caches
CACHE_LIMIT = Setting("cache/limit", 2048, range(1 << 24))  # MiB; 0: nothing is kept
AUTO = Setting("explain/auto", True)
COMPOSITE = Setting("explain/composite", "epsilon_plus")
TINT = Setting("table/tint", False)
# Whether spreadsheets beside this program write 3,14; at first, whether people do here.
DECIMAL_COMMA = Setting("table/decimal_comma", QLocale().decimalPoint() == ",")
STATISTICS = Setting("table/statistics", False)
SCHEME = Setting("viewer/colours", "cbd1", ("cbd1", "cbtd1", "grey"))
LIMITS = Setting("viewer/limits", "shared", ("shared", "each"))
CLIP = Setting("viewer/clip", "100", ("100", "99.9", "99", "95"))  # percentile of |R| with the strongest colour
MARKS = Setting("viewer/marks", False)
FOLDER = Setting("folder", "")
KEEP_RESULTS = Setting("project/keep_results", False)
GEOMETRY = Setting("window/geometry", QByteArray())
IMPORTS = Setting("imports", "")  # how tables were imported, as JSON
CANDIDATES = Setting("candidates/geometry", QByteArray())
# How the docks stand, by task: each of them remembers its own arrangement.
TASK = Setting("window/task", "explain", ("inspect", "explain", "compare"))
LAYOUTS = {task: Setting(f"window/layout{LAYOUT_VERSION}/{task}", QByteArray()) for task in TASK.allowed}
TOOLBAR = Setting("window/toolbar", "icons", ("icons", "text", "beside", "under"))
KEYS = Setting("keys", "")  # shortcuts that somebody changed, as JSON: action -> keys, separated by |
RECENT_ACTIONS = Setting("palette/recent", "")  # separated by spaces, the last one first
HELP_GEOMETRY = Setting("help/geometry", QByteArray())
HELP_SIZE = Setting("help/size", 0)  # steps of the font's size
TOUR_OFFERED = Setting("help/tour_offered", False)
RECENT = Setting("recent", "")  # files and projects, as JSON (lrp_gui/recent.py)

SETTINGS = (
    *(LANGUAGE, FONT_SIZE, REDUCED_MOTION, DEVICE, THREADS, MEMORY, DTYPE, CACHE_FOLDER, CACHE_LIMIT, COMPOSITE),
    *(TASK, *LAYOUTS.values(), TOOLBAR, KEYS, RECENT_ACTIONS),
    *(IMPORTS, THEME, AUTO, TINT, DECIMAL_COMMA, STATISTICS, SCHEME, LIMITS, CLIP, MARKS, FOLDER, GEOMETRY),
    *(KEEP_RESULTS, CANDIDATES, HELP_GEOMETRY, HELP_SIZE, TOUR_OFFERED, RECENT),
)


class Example(NamedTuple):
    """A network with data that ships with the program."""

    name: str
    title: str
    about: str
    folder: str
    weights: str

    def path(self) -> Path | None:
        """Where its weights lie, or None where the examples are not installed."""
        return shipped(f"examples/{self.folder}/{self.weights}")


EXAMPLES = (
    Example(
        "diabetes",
        "Diabetes",
        "442 patients, 10 measurements each: will the disease progress more than in most?",
        "diabetes",
        "model_weights.pth",
    ),
    Example(
        "digits", "Digits", "1,797 handwritten digits of 8 × 8 pixels, read by a small CNN", "digits", "digits.pt2"
    ),
)


def docs_folder() -> Path | None:
    """Where the guide's pages lie, or None where they are not installed."""
    guide = shipped("docs/guide.md")
    return guide.parent if guide is not None else None


def program_icon() -> Path | None:
    """The program's icon, if it is there."""
    return shipped("icons/lrp-explorer.svg")
