"""Reports of explained samples: settings, tables, pictures and conservation in one HTML file or one PDF."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from pathlib import Path

from PySide6.QtCore import QIODevice, QSaveFile

from lrp_gui.document.results import SampleResult
from lrp_gui.document.series import Explained
from lrp_gui.document.words import plain, sample_title, signed
from lrp_gui.export.alike import contents
from lrp_gui.export.exporters import ExportError, why_refused
from lrp_gui.export.render import LAYER, Paper, chosen_makers
from lrp_gui.languages import mark, tr
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.pictures import Maker, shown_title

BROADEST = 10.5  # times its height: a strip of a hundred layers would be a line on a page


class Report(ABC):
    """A file that grows by a sample at a time; it comes to be when it is finished, and not before.

    Raises
    ------
    ExportError
        If the place cannot be written.
    """

    def __init__(self, path: str | Path, paper: Paper, title: str) -> None:
        self.path, self.paper, self.title = Path(path), paper, title
        self.file = QSaveFile(str(self.path))
        if self.path.is_dir() or not self.file.open(QIODevice.OpenModeFlag.WriteOnly):
            raise self._refused(tr("it is a folder") if self.path.is_dir() else "")
        self.rows: list[tuple[str, ...]] = []  # of the list of all samples
        self._figures = 0

    def sample(self, one: Explained, recipe: str = "") -> Generator[tuple[int, int], None, None]:
        """Put one sample in; yields how many of its pictures are there, and of how many."""
        makers = chosen_makers(one, self.paper.theme, self.paper.groups, self.paper.labels)
        self.rows.append(_row(one.result))
        self.begin(one)
        drawn: dict[bytes, str] = {}
        repeated: list[tuple[str, str]] = []
        for number, (title, make) in enumerate(makers):
            yield number, len(makers)
            picture = make()
            if picture is None:
                continue
            shown = contents(picture) if title.startswith(LAYER) else b""
            if shown in drawn:
                repeated.append((shown_title(title), drawn[shown]))
                continue
            told = self._numbered(title)
            if shown:
                drawn[shown] = told
            self.picture(told, picture)
        if repeated:
            self.repeated(repeated)
        self.recipe(recipe)
        yield len(makers), len(makers)

    def others(self, makers: Sequence[tuple[str, Maker]]) -> Generator[tuple[int, int], None, None]:
        """Put in the pictures that are not of one sample."""
        for number, (title, make) in enumerate(makers):
            yield number, len(makers)
            picture = make()
            if picture is not None:
                self.picture(self._numbered(title), picture)

    def _numbered(self, title: str) -> str:
        """What a picture is called, and its number, of which there is one in the whole report."""
        self._figures += 1
        return tr("Figure {number}: {title}").format(number=self._figures, title=shown_title(title))

    def finish(self) -> Path:
        """Close the file: now it is there."""
        try:
            self.end()
        except ExportError:
            self.file.cancelWriting()
            raise
        if not self.file.commit():
            raise self._refused("")
        return self.path

    def abandon(self) -> None:
        """Leave an older file as it was."""
        self.file.cancelWriting()

    @abstractmethod
    def begin(self, one: Explained) -> None:
        """Write a sample's heading and tables."""

    @abstractmethod
    def picture(self, title: str, picture: Drawing) -> None:
        """Put in a picture of the sample."""

    @abstractmethod
    def repeated(self, rows: Sequence[tuple[str, str]]) -> None:
        """Say which layers are not drawn, as an earlier picture would be drawn again, and which one."""

    @abstractmethod
    def recipe(self, lines: str) -> None:
        """Put in the Python lines that make the sample's explanation again."""

    @abstractmethod
    def end(self) -> None:
        """Write what stands at the end."""

    def _refused(self, reason: str) -> ExportError:
        reason = reason or why_refused(self.file)
        return ExportError(
            tr("{path} cannot be written ({reason}); choose another place.").format(path=self.path, reason=reason),
            reason,
        )


def room_for(picture: Drawing) -> tuple[float, float]:
    """Width and height of a picture on a page, in logical pixels: a long strip draws itself shorter, not smaller."""
    wide, tall = picture.size
    return min(wide, BROADEST * tall), tall


# What the list of all samples says of each.
COLUMNS = (
    mark("Sample"),
    mark("Target"),
    mark("Score"),
    mark("Sum of the inputs"),
    mark("Absorbed"),
    mark("Unexplained"),
)


def _row(result: SampleResult) -> tuple[str, ...]:
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    rest = sum(row.unexplained for row in result.ledger)
    amounts = signed(arrived, 4), signed(sinks, 4), signed(rest, 2)
    return (sample_title(result), result.target, plain(result.explained, 4), *amounts)
