"""Every view of explained samples into a folder: what `lrp-gui --render` and “export all” do."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.series import Explained
from lrp_gui.export.exporters import saving, writing
from lrp_gui.export.sheet import Sheet
from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.pictures import Maker, picture_makers

FORMATS = ("png", "svg")
LONGEST_NAME = 80
# The views in groups, and by what their titles begin; what begins otherwise is of the last.
GROUPS = (
    ("overview", ("overview",)),
    ("graphs", ("network graph", "graph of")),
    ("conservation", ("conservation",)),
    ("inputs", ("input ",)),
    ("layers", ("layer ",)),
    ("others", ()),
)


def group_of(title: str) -> str:
    """To which group a picture belongs."""
    return next((name for name, begins in GROUPS if title.startswith(begins)), GROUPS[-1][0])


def chosen_makers(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    groups: Sequence[str],
    more: dict[str, Any] | None = None,
) -> list[tuple[str, Maker]]:
    """The pictures of some groups; `more` by kind is what they want besides the result."""
    known = more or {}
    makers = picture_makers(network, result, theme, None, known.get)
    return [(title, make) for title, make in makers if group_of(title) in groups]


@dataclass(frozen=True, slots=True)
class Paper:
    """In which formats pictures are written, on what, and which."""

    theme: Theme
    formats: tuple[str, ...] = FORMATS
    groups: tuple[str, ...] = tuple(name for name, _ in GROUPS)
    sheet: Callable[[Drawing], Sheet] | None = None

    def sheet_of(self, picture: Drawing) -> Sheet:
        """The sheet for one picture."""
        return self.sheet(picture) if self.sheet is not None else Sheet.of(picture, self.theme)


@dataclass(slots=True)
class Folder:
    """Files of one sample after the other, each with a name that tells network, sample and view."""

    path: Path
    paper: Paper
    written: list[Path] = field(default_factory=list)

    def sample(self, one: Explained, recipe: str = "") -> Generator[tuple[int, int], None, None]:
        """Write every view of one sample; yields how many are written, and of how many."""
        network, result = one.network, one.result
        self.path.mkdir(parents=True, exist_ok=True)
        start = file_name(network.name, f"row{result.row}")
        makers = chosen_makers(network, result, self.paper.theme, self.paper.groups, one.more)
        used: set[str] = set()
        for number, (title, make) in enumerate(makers):
            yield number, len(makers)
            picture = make()
            if picture is None:
                continue
            name = file_name(start, f"{number:02d}", title)
            while name in used:
                name += "_"
            used.add(name)
            for suffix in self.paper.formats:
                target = self.path / f"{name}.{suffix}"
                for _piece in saving(picture, target, self.paper.sheet_of(picture), recipe):
                    yield number, len(makers)
                self.written.append(target)
        if recipe and makers:
            target = self.path / f"{start}-make_again.py"
            yield from writing(target, iter((recipe.encode(),)), len(makers))
            self.written.append(target)

    def finish(self) -> Path:
        """All is written."""
        return self.path

    def abandon(self) -> None:
        """What is written stays: each file is whole."""


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
    folder = Folder(Path(directory), Paper(theme, tuple(formats)))
    for result in results:
        for _step in folder.sample(Explained(network, result)):
            pass
    return folder.written


def file_name(*parts: str) -> str:
    """Parts joined into a name that every file system takes."""
    words = (re.sub(r"[^\w.-]+", "_", part, flags=re.ASCII).strip("._") for part in parts)
    return "-".join(word for word in words if word)[:LONGEST_NAME].rstrip(".")
