"""Every view of every explained sample into a folder, without a window: what `lrp-gui --render` does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.export.exporters import save
from lrp_gui.theme import Theme
from lrp_gui.viewer.pictures import all_pictures

FORMATS = ("png", "svg")
LONGEST_NAME = 80


def render(
    directory: str | Path,
    network: NetworkInfo,
    results: Sequence[SampleResult],
    theme: Theme,
    formats: Sequence[str] = FORMATS,
) -> list[Path]:
    """Draw every view of every result.

    Returns
    -------
    The files in the order in which they were written; their names tell network, sample and view.

    Raises
    ------
    OSError
        The folder cannot be made, or a picture cannot be written (an `ExportError`).
    """
    return list(rendering(directory, network, results, theme, formats))


def rendering(
    directory: str | Path,
    network: NetworkInfo,
    results: Sequence[SampleResult],
    theme: Theme,
    formats: Sequence[str] = FORMATS,
) -> Iterator[Path]:
    """The same, a file at a time."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        used: set[str] = set()
        for number, (title, picture) in enumerate(all_pictures(network, result, theme)):
            name = file_name(network.name, f"row{result.row}", f"{number:02d}", title)
            while name in used:
                name += "_"
            used.add(name)
            for suffix in formats:
                yield save(picture, folder / f"{name}.{suffix}", theme=theme)


def file_name(*parts: str) -> str:
    """Parts joined into a name that every file system takes."""
    words = (re.sub(r"[^\w.-]+", "_", part, flags=re.ASCII).strip("._") for part in parts)
    return "-".join(word for word in words if word)[:LONGEST_NAME].rstrip(".")
