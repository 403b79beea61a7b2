"""What comes with the program beside its code: examples, pages, icons, the desktop's files."""

from __future__ import annotations

from pathlib import Path

_PACKAGES = Path(__file__).resolve().parents[1]
# A checkout has it beside the packages; a bundle and `pip install --target` below `share` there; every other
# installation below the `share` of the prefix that the packages lie in, up to three folders down.
ROOTS = (
    _PACKAGES / "resources",
    *(folder / "share" / "lrp-explorer" for folder in (_PACKAGES, *_PACKAGES.parents[:3])),
)


def shipped(place: str) -> Path | None:
    """Where a file or folder of `resources/` lies, such as "icons/lrp-explorer.svg"; None where it is not installed."""
    return next((path for root in ROOTS if (path := root / place).exists()), None)
