"""Pictures into files: one row per format, all through the pictures' own `draw`."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, QSaveFile, QSize, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter, QPicture

from lrp_gui.export.sheet import LARGEST_AREA, LARGEST_SIDE, Sheet, draw_sheet
from lrp_gui.theme import LIGHT, Theme
from lrp_gui.viewer.picture import Drawing

CSS_DPI = 96.0  # a pixel of SVG and PDF
SMALLEST_SIDE = 32
PROGRAM = "LRP Explorer"


class ExportError(OSError):
    """Why a picture could not be written: one sentence; `strerror` is the reason alone."""

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(errno.EIO, reason)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format: how it is recognised, what it is called, and how a sheet becomes bytes."""

    suffix: str
    title: str
    encode: Callable[[Drawing, Sheet], bytes]


def to_png(picture: Drawing, sheet: Sheet) -> bytes:
    """Pixels, with title and description as text chunks."""
    image = QImage(sheet.width, sheet.height, QImage.Format.Format_RGB32)
    if image.isNull():
        reason = f"{sheet.width} × {sheet.height} pixels need more memory than there is"
        raise ExportError(f"The picture cannot be drawn: {reason}; choose a smaller size.", reason)
    for key, text in _texts(picture):
        image.setText(key, text)
    painter = QPainter(image)
    draw_sheet(painter, picture, sheet)
    painter.end()
    buffer = _buffer()
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def to_svg(picture: Drawing, sheet: Sheet) -> bytes:
    """Vector, text as text, with title and desc."""
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
    return bytes(buffer.data().data())


def to_pdf(picture: Drawing, sheet: Sheet) -> bytes:
    """One vector page of the sheet's proportions, 96 pixels to the inch."""
    buffer = _buffer()
    writer = QPdfWriter(buffer)
    # pyqtgraph keeps its axes as QPicture, which scales itself by the ratio of resolutions: keep that at one.
    resolution = QPicture().logicalDpiX()
    writer.setResolution(resolution)
    inches = QSizeF(sheet.width / CSS_DPI, sheet.height / CSS_DPI)
    match = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(inches, QPageSize.Unit.Inch, picture.title, match))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(f"{picture.title} – {picture.caption}" if picture.caption else picture.title)
    writer.setCreator(PROGRAM)
    painter = QPainter(writer)
    painter.scale(resolution / CSS_DPI, resolution / CSS_DPI)
    draw_sheet(painter, picture, sheet)
    painter.end()
    return bytes(buffer.data().data())


EXPORTERS = (
    Exporter("png", "PNG image", to_png),
    Exporter("svg", "SVG drawing", to_svg),
    Exporter("pdf", "PDF document", to_pdf),
)


def exporter_for(path: Path) -> Exporter:
    """The exporter of a file's ending."""
    suffix = path.suffix.lower().removeprefix(".")
    for exporter in EXPORTERS:
        if exporter.suffix == suffix:
            return exporter
    endings = ", ".join(f".{exporter.suffix}" for exporter in EXPORTERS)
    reason = f"no format is known for {path.suffix or 'a name without ending'}"
    raise ExportError(f"{path.name} cannot be written: {reason}; end the name in one of {endings}.", reason)


def save(
    picture: Drawing,
    path: str | Path,
    size_px: tuple[int, int] = (0, 0),
    theme: Theme = LIGHT,
    scale: float = 0.0,
    caption: bool = True,
) -> Path:
    """Write a picture as the format of the file's ending, whole or not at all.

    Parameters
    ----------
    size_px
        Width and height in pixels (SVG and PDF: at 96 to the inch); 0 follows the picture's proportions.
    scale
        Pixels of the sheet to one logical pixel of the picture; 0 lets the picture's preferred size fit.

    Raises
    ------
    ExportError
        The format is unknown, the size is impossible, or the place cannot be written.
    """
    target = Path(path)
    exporter = exporter_for(target)
    sheet = Sheet.of(picture, theme, *size_px, scale, caption)
    _check(sheet)
    data = exporter.encode(picture, sheet)
    _write(target, data)
    return target


def _check(sheet: Sheet) -> None:
    """Refuse sizes that no picture has."""
    if min(sheet.width, sheet.height) < SMALLEST_SIDE:
        reason = f"{sheet.width} × {sheet.height} pixels are too few"
    elif max(sheet.width, sheet.height) > LARGEST_SIDE or sheet.width * sheet.height > LARGEST_AREA:
        reason = f"{sheet.width} × {sheet.height} pixels are too many"
    else:
        return
    raise ExportError(
        f"The picture cannot be drawn: {reason}; choose {SMALLEST_SIDE} to {LARGEST_SIDE:,} a side.", reason
    )


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing: an older file survives a failure."""
    if path.is_dir():
        raise ExportError(f"{path} is a folder: give the picture a file name.", "it is a folder")
    file = QSaveFile(str(path))
    written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit()
    if not written:
        reason = file.errorString().rstrip(".")
        raise ExportError(f"{path} cannot be written ({reason}); choose another place.", reason)


def _texts(picture: Drawing) -> tuple[tuple[str, str], ...]:
    return (("Title", picture.title), ("Description", picture.caption), ("Software", PROGRAM))


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
