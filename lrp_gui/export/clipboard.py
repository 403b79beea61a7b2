"""What goes to the clipboard: a picture as pixels and as a drawing, or the numbers behind it as lines of cells."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter

from lrp_gui.export.data import MOST_COPIED, Numbers
from lrp_gui.export.exporters import ExportError, check, to_svg
from lrp_gui.export.sheet import MM_PER_INCH, Sheet, draw_sheet
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.picture import Drawing

LARGEST_AREA = 16_000_000  # pixels; other programs choke on more
_SVG = "image/svg+xml"


def copy_picture(picture: Drawing, sheet: Sheet) -> None:
    """Put it there in both forms; who pastes takes the one that they know.

    Raises
    ------
    ExportError
        If it is too large, or no size at all.
    """
    check(sheet)
    if sheet.width * sheet.height > LARGEST_AREA:
        reason = tr("{width} × {height} pixels are too many for the clipboard").format(
            width=thousands(sheet.width), height=thousands(sheet.height)
        )
        raise ExportError(
            tr("The picture was not copied: {reason}; choose a smaller size, or save it.").format(reason=reason), reason
        )
    content = QMimeData()
    content.setImageData(image_of(picture, sheet))
    content.setData(_SVG, b"".join(to_svg(picture, sheet)))
    QGuiApplication.clipboard().setMimeData(content)


def image_of(picture: Drawing, sheet: Sheet) -> QImage:
    """The sheet in pixels, which know how large they are."""
    formats = QImage.Format
    image = QImage(sheet.width, sheet.height, formats.Format_ARGB32 if sheet.transparent else formats.Format_RGB32)
    image.fill(QColor(0, 0, 0, 0))
    painter = QPainter(image)
    draw_sheet(painter, picture, sheet)
    painter.end()
    per_metre = round(sheet.dpi / MM_PER_INCH * 1000)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    return image


def copy_numbers(numbers: Numbers) -> None:
    """Put them there as a spreadsheet takes them.

    Raises
    ------
    ExportError
        If there are too many.
    """
    if numbers.cells > MOST_COPIED:
        reason = tr("{cells} cells are too many for the clipboard").format(cells=thousands(numbers.cells))
        raise ExportError(tr("The data were not copied: {reason}; save them as a file.").format(reason=reason), reason)
    QGuiApplication.clipboard().setText(numbers.text())
