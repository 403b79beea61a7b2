"""Pictures into files: one row per format, all through the pictures' own `draw`."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from PySide6.QtCore import QBuffer, QByteArray, QDateTime, QIODevice, QMarginsF, QRect, QSaveFile, QSize, QSizeF, Qt
from PySide6.QtGui import QPageSize, QPainter, QPdfWriter, QPicture

from lrp_gui.export import png
from lrp_gui.export.sheet import CSS_DPI, LARGEST_AREA, LARGEST_SIDE, Sheet, draw_sheet
from lrp_gui.export.svg import tidied
from lrp_gui.languages import mark, thousands, tr
from lrp_gui.theme import LIGHT, Theme
from lrp_gui.viewer.picture import Drawing

SMALLEST_SIDE = 32
PROGRAM = "LRP Explorer"
RECIPE_NAME = "make_again.py"  # the Python lines that lie in a PDF


class ExportError(OSError):
    """Why a picture could not be written: one sentence; `strerror` is the reason alone."""

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(errno.EIO, reason)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format: how it is recognised, what it is called, and how a sheet becomes bytes, piece by piece.

    `encode` takes the picture, the sheet, and the Python lines that make the explanation again. `drawing`: lines and
    letters stay such, so that a size in pixels means little.
    """

    suffix: str
    title: str
    encode: Callable[[Drawing, Sheet, str], Iterator[bytes]]
    pieces: Callable[[Sheet], int] = lambda _sheet: 1
    drawing: bool = True


def to_png(picture: Drawing, sheet: Sheet, recipe: str = "") -> Iterator[bytes]:
    """Pixels, with title, description and recipe as texts."""
    try:
        yield from png.encoded(picture, sheet, _texts(picture, recipe))
    except MemoryError:
        reason = tr("{width} × {height} pixels need more memory than there is").format(
            width=sheet.width, height=sheet.height
        )
        raise ExportError(
            tr("The picture cannot be drawn: {reason}; choose a smaller size.").format(reason=reason), reason
        ) from None


def to_svg(picture: Drawing, sheet: Sheet, recipe: str = "") -> Iterator[bytes]:
    """Vector, text as text, with title, desc, and the recipe as metadata."""
    from PySide6.QtSvg import QSvgGenerator

    buffer = _buffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(round(CSS_DPI))
    generator.setSize(QSize(sheet.width, sheet.height))
    generator.setViewBox(QRect(0, 0, sheet.width, sheet.height))
    generator.setTitle(picture.title)
    generator.setDescription(f"{picture.caption} · {PROGRAM}")
    painter = QPainter(generator)
    draw_sheet(painter, picture, sheet)
    painter.end()
    text = bytes(buffer.data().data()).decode()
    width, height = sheet.millimetres
    size = f'<svg width="{width:.3f}mm" height="{height:.3f}mm"'
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', size, text, count=1)
    text = tidied(text)
    if recipe:
        text = text.replace("</desc>", f"</desc>\n<metadata>{escape(recipe)}</metadata>", 1)
    yield text.encode()


def to_pdf(picture: Drawing, sheet: Sheet, recipe: str = "") -> Iterator[bytes]:
    """One vector page of the sheet's size, with the recipe as a file inside."""
    buffer = _buffer()
    writer = pdf_writer(buffer, f"{picture.title} – {picture.caption}" if picture.caption else picture.title, recipe)
    inches = QSizeF(sheet.width / sheet.dpi, sheet.height / sheet.dpi)
    match = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(inches, QPageSize.Unit.Inch, picture.title, match))
    painter = pdf_painter(writer)
    painter.scale(writer.resolution() / sheet.dpi, writer.resolution() / sheet.dpi)
    draw_sheet(painter, picture, sheet)
    painter.end()
    yield bytes(buffer.data().data())


def pdf_writer(device: QIODevice, title: str, recipe: str = "") -> QPdfWriter:
    """A PDF without margins in which our pictures can be drawn."""
    writer = QPdfWriter(device)
    # pyqtgraph keeps its axes as QPicture, which scales itself by the ratio of resolutions: keep that at one.
    writer.setResolution(QPicture().logicalDpiX())
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(title)
    writer.setCreator(PROGRAM)
    if recipe:
        writer.addFileAttachment(RECIPE_NAME, QByteArray(recipe.encode()), "text/x-python")
    return writer


def pdf_painter(writer: QPdfWriter) -> QPainter:
    """A painter that keeps every colour of a map: Qt would pack images as photographs, larger and a little off."""
    painter = QPainter(writer)
    painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
    return painter


EXPORTERS = (
    Exporter(
        "png", mark("PNG image"), to_png, lambda sheet: 2 - (-sheet.height // png.strip_height(sheet)), drawing=False
    ),
    Exporter("svg", mark("SVG drawing"), to_svg),
    Exporter("pdf", mark("PDF document"), to_pdf),
)


def exporter_for(path: Path) -> Exporter:
    """The exporter of a file's ending."""
    suffix = path.suffix.lower().removeprefix(".")
    for exporter in EXPORTERS:
        if exporter.suffix == suffix:
            return exporter
    endings = ", ".join(f".{exporter.suffix}" for exporter in EXPORTERS)
    reason = tr("no format is known for {suffix}").format(suffix=path.suffix or tr("a name without ending"))
    raise ExportError(
        tr("{name} cannot be written: {reason}; end the name in one of {endings}.").format(
            name=path.name, reason=reason, endings=endings
        ),
        reason,
    )


def save(
    picture: Drawing,
    path: str | Path,
    size_px: tuple[int, int] = (0, 0),
    theme: Theme = LIGHT,
    *,
    caption: bool = True,
    recipe: str = "",
) -> Path:
    """Write a picture as the format of the file's ending, whole or not at all.

    Parameters
    ----------
    size_px
        Width and height in pixels (SVG and PDF: at 96 to the inch); 0 follows the picture's proportions.
    recipe
        Python lines that make the explanation again; they lie in the file.

    Raises
    ------
    ExportError
        The format is unknown, the size is impossible, or the place cannot be written.
    """
    return save_sheet(picture, path, Sheet.of(picture, theme, *size_px, caption=caption), recipe)


def save_sheet(picture: Drawing, path: str | Path, sheet: Sheet, recipe: str = "") -> Path:
    """The same for a sheet."""
    for _progress in saving(picture, path, sheet, recipe):
        pass
    return Path(path)


def saving(
    picture: Drawing, path: str | Path, sheet: Sheet, recipe: str = ""
) -> Generator[tuple[int, int], None, None]:
    """The same for a sheet, a piece at a time: yields how many pieces are written, and of how many.

    Whoever closes it before its end leaves nothing behind, and an older file as it was.
    """
    target = Path(path)
    exporter = exporter_for(target)
    check(sheet)
    pieces = exporter.encode(picture, sheet, recipe)
    yield from writing(target, pieces, exporter.pieces(sheet))


def check(sheet: Sheet) -> None:
    """Refuse sizes that no picture has."""
    if min(sheet.width, sheet.height) < SMALLEST_SIDE:
        reason = tr("{width} × {height} pixels are too few").format(
            width=thousands(sheet.width), height=thousands(sheet.height)
        )
    elif max(sheet.width, sheet.height) > LARGEST_SIDE or sheet.width * sheet.height > LARGEST_AREA:
        reason = tr("{width} × {height} pixels are too many").format(
            width=thousands(sheet.width), height=thousands(sheet.height)
        )
    else:
        return
    raise ExportError(
        tr(
            "The picture cannot be drawn: {reason}; choose {smallest} to {largest} a side, "
            "and no more than {area} million together."
        ).format(
            reason=reason,
            smallest=SMALLEST_SIDE,
            largest=thousands(LARGEST_SIDE),
            area=LARGEST_AREA // 1000000,
        ),
        reason,
    )


def writing(path: Path, pieces: Iterator[bytes], total: int = 1) -> Generator[tuple[int, int], None, None]:
    """All of the pieces or nothing: an older file survives a failure."""
    if path.is_dir():
        raise ExportError(
            tr("{path} is a folder: give the picture a file name.").format(path=path), tr("it is a folder")
        )
    file = QSaveFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        raise _refused(file, path)
    done = False
    try:
        for number, piece in enumerate(pieces, 1):
            if file.write(piece) != len(piece):
                raise _refused(file, path)
            yield number, max(total, number)
        done = True
    finally:
        if not done:
            file.cancelWriting()
    if not file.commit():
        raise _refused(file, path)


def _refused(file: QSaveFile, path: Path) -> ExportError:
    reason = why_refused(file)
    return ExportError(
        tr("{path} cannot be written ({reason}); choose another place.").format(path=path, reason=reason), reason
    )


def why_refused(file: QSaveFile) -> str:
    """Why a file takes no more; where a disk is full Qt has no word for a part that just fitted."""
    told = file.error() != QSaveFile.FileError.NoError and file.errorString() != QSaveFile().errorString()
    return file.errorString().rstrip(".") if told else tr("No space left on device")


def _texts(picture: Drawing, recipe: str) -> tuple[tuple[str, str], ...]:
    when = QDateTime.currentDateTime().toString(Qt.DateFormat.RFC2822Date)
    return (
        ("Title", picture.title),
        ("Description", picture.caption),
        ("Software", PROGRAM),
        ("Creation Time", when),
        ("Source", recipe),
    )


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
