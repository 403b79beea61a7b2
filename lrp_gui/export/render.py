"""Every view of explained samples into a folder: what `lrp-gui --render` and “export all” do."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lrp_gui.document.series import Explained
from lrp_gui.document.state import Labels
from lrp_gui.export.exporters import ExportError, saving, writing
from lrp_gui.export.making import Making, asked
from lrp_gui.export.sheet import Sheet
from lrp_gui.languages import tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.pictures import Maker, picture_makers
from lrp_gui.viewer.selection import Selection

FORMATS = ("png", "svg")
LAYER = "layer "  # begins the titles of layers' pictures; their paths follow
LONGEST_NAME = 80
# The views in groups, and by what their titles begin; what begins otherwise is of the last.
GROUPS = (
    ("overview", ("overview",)),
    ("graphs", ("network graph", "graph of")),
    ("conservation", ("conservation",)),
    ("inputs", ("input ",)),
    ("layers", (LAYER,)),
    ("others", ()),
)
OTHERS = GROUPS[-1][0]  # not of one sample


def group_of(title: str) -> str:
    """To which group a picture belongs."""
    return next((name for name, begins in GROUPS if title.startswith(begins)), OTHERS)


def chosen_makers(one: Explained, theme: Theme, groups: Sequence[str], labels: Labels = ()) -> list[tuple[str, Maker]]:
    """The pictures of some groups; `labels` are what the person calls layers."""
    look = look_at(one, labels)
    makers = picture_makers(one.network, one.result, theme, look, one.more)
    return [(_titled(title, look.labels), make) for title, make in makers if group_of(title) in groups]


def look_at(one: Explained, labels: Labels = ()) -> Selection:
    """How a sample is looked at where nobody chose: with the names of layers, and what its tokens stand for."""
    words = one.more("words") if any(info.integer for info in one.network.inputs) else None
    return Selection(labels=dict(labels), words=words or {})


def picture_called(title: str, one: Explained, theme: Theme, look: Selection) -> Drawing | None:
    """The picture of a title, in either form; None where there is none."""
    makers = picture_makers(one.network, one.result, theme, look, one.more)
    named = dict(makers) | {_titled(name, look.labels): make for name, make in makers}
    make = named.get("overview" if title == "current view" else title)
    return make() if make is not None else None


def _titled(title: str, called: dict[str, str]) -> str:
    """The title of a layer's picture with both of its names."""
    path = title.removeprefix(LAYER)
    return f"{LAYER}{called[path]} ({path})" if path != title and path in called else title


@dataclass(frozen=True, slots=True)
class Paper:
    """In which formats pictures are written, on what, and which."""

    theme: Theme
    formats: tuple[str, ...] = FORMATS
    groups: tuple[str, ...] = tuple(name for name, _ in GROUPS)
    sheet: Callable[[Drawing], Sheet] | None = None
    labels: Labels = ()  # what the person calls layers

    def sheet_of(self, picture: Drawing) -> Sheet:
        """The sheet for one picture."""
        return self.sheet(picture) if self.sheet is not None else Sheet.of(picture, self.theme)


@dataclass(slots=True)
class Folder:
    """Files of one sample after the other, each with a name that tells network, sample and view."""

    path: Path
    paper: Paper
    written: list[Path] = field(default_factory=list)
    making: Making = field(default_factory=Making)  # of the pictures that are not of one sample

    def sample(self, one: Explained, recipe: str = "") -> Generator[tuple[int, int], None, None]:
        """Write every view of one sample; yields how many are written, and of how many."""
        self._make_folder()
        start = file_name(one.network.name, f"row{one.result.row}")
        makers = chosen_makers(one, self.paper.theme, self.paper.groups, self.paper.labels)
        samples = (asked(one.request, one.result),) if one.request is not None else ()
        yield from self._pictures(start, makers, Making(recipe, samples, look_at(one, self.paper.labels)))
        if recipe and makers:
            target = self.path / f"{start}-make_again.py"
            yield from writing(target, iter((recipe.encode(),)), len(makers))
            self.written.append(target)

    def _make_folder(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ExportError(
                tr("The folder {path} cannot be made ({reason}); choose another place.").format(
                    path=self.path, reason=reason
                ),
                reason,
            ) from None

    def others(self, makers: Sequence[tuple[str, Maker]]) -> Generator[tuple[int, int], None, None]:
        """Write the pictures that are not of one sample."""
        yield from self._pictures("all", makers, self.making)

    def _pictures(
        self, start: str, makers: Sequence[tuple[str, Maker]], making: Making
    ) -> Generator[tuple[int, int], None, None]:
        used: set[str] = set()
        digits = max(2, len(str(len(makers) - 1)))  # so that names sort as the views stand
        for number, (title, make) in enumerate(makers):
            yield number, len(makers)
            picture = make()
            if picture is None:
                continue
            name = file_name(start, f"{number:0{digits}d}", title)
            while name in used:
                name += "_"
            used.add(name)
            for suffix in self.paper.formats:
                target = self.path / f"{name}.{suffix}"
                sheet = self.paper.sheet_of(picture)
                for _piece in saving(picture, target, sheet, making.of(title, picture, sheet, target.name)):
                    yield number, len(makers)
                self.written.append(target)

    def finish(self) -> Path:
        """All is written."""
        return self.path

    def abandon(self) -> None:
        """What is written stays: each file is whole."""


def render(
    directory: str | Path,
    samples: Sequence[Explained],
    theme: Theme,
    formats: Sequence[str] = FORMATS,
    recipe_of: Callable[[Explained], str] = lambda _one: "",
) -> list[Path]:
    """Draw every view of every sample; what made it lies in the files.

    Returns
    -------
    The files in the order in which they were written; their names tell network, sample and view.

    Raises
    ------
    OSError
        The folder cannot be made, or a picture cannot be written (an `ExportError`).
    """
    folder = Folder(Path(directory), Paper(theme, tuple(formats)))
    for one in samples:
        for _step in folder.sample(one, recipe_of(one)):
            pass
    return folder.written


def file_name(*parts: str) -> str:
    """Parts joined into a name that every file system takes."""
    words = (re.sub(r"[^\w.-]+", "_", part, flags=re.ASCII).strip("._") for part in parts)
    return "-".join(word for word in words if word)[:LONGEST_NAME].rstrip(".")
