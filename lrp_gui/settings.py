"""What the program remembers between two sessions: a table of typed settings over QSettings."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QLocale, QSettings

ORGANIZATION = "LRP Explorer"
APPLICATION = "lrp-gui"
# A change of what the window consists of makes an old arrangement unusable.
LAYOUT_VERSION = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One remembered value: its key, its default, and the values it may have (() = any)."""

    key: str
    default: Any
    allowed: tuple[Any, ...] = ()

    def read(self) -> Any:
        """The stored value, or the default when there is none or none that makes sense."""
        value = QSettings().value(self.key, self.default)
        if isinstance(self.default, bool):
            value = value in (True, "true", "True", 1, "1")
        if not isinstance(value, type(self.default)):
            return self.default
        return value if not self.allowed or value in self.allowed else self.default

    def write(self, value: Any) -> None:
        """Remember a value."""
        QSettings().setValue(self.key, value)


THEME = Setting("theme", "system", ("system", "light", "dark"))
AUTO = Setting("explain/auto", True)
TINT = Setting("table/tint", False)
# Whether spreadsheets beside this program write 3,14; at first, whether people do here.
DECIMAL_COMMA = Setting("table/decimal_comma", QLocale().decimalPoint() == ",")
STATISTICS = Setting("table/statistics", False)
SCHEME = Setting("viewer/colours", "cbd1", ("cbd1", "cbtd1", "grey"))
LIMITS = Setting("viewer/limits", "shared", ("shared", "each"))
CLIP = Setting("viewer/clip", "100", ("100", "99.9", "99", "95"))  # percentile of |R| with the strongest colour
MARKS = Setting("viewer/marks", False)
FOLDER = Setting("folder", "")
GEOMETRY = Setting("window/geometry", QByteArray())
IMPORTS = Setting("imports", "")  # how tables were imported, as JSON
CANDIDATES = Setting("candidates/geometry", QByteArray())
LAYOUT = Setting(f"window/layout{LAYOUT_VERSION}", QByteArray())

SETTINGS = (
    *(IMPORTS, THEME, AUTO, TINT, DECIMAL_COMMA, STATISTICS, SCHEME, LIMITS, CLIP, MARKS, FOLDER, GEOMETRY),
    *(CANDIDATES, LAYOUT),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A network with data that ships with the program."""

    name: str
    title: str
    about: str
    folder: str
    weights: str

    def path(self) -> Path | None:
        """Where its weights lie, or None where the examples are not installed."""
        return next((path for root in _example_roots() if (path := root / self.folder / self.weights).exists()), None)


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


# What comes with the program lies beside the package in a checkout, and among the environment's shared files otherwise.
_CHECKOUT = Path(__file__).resolve().parents[1] / "resources"
_INSTALLED = Path(sys.prefix) / "share"


def _example_roots() -> tuple[Path, ...]:
    return _CHECKOUT / "examples", _INSTALLED / "lrp-explorer" / "examples"


def program_icon() -> Path | None:
    """The program's icon, if it is there."""
    places = (_CHECKOUT / "icons", _INSTALLED / "icons" / "hicolor" / "scalable" / "apps")
    return next((path for place in places if (path := place / "lrp-explorer.svg").exists()), None)
