"""The report as pages of A4: text as text, pictures as drawings, the Python lines as files inside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPageSize, QTextDocument

from lrp_gui.document.series import Explained
from lrp_gui.export.exporters import PROGRAM, pdf_painter, pdf_writer
from lrp_gui.export.render import Paper, file_name
from lrp_gui.export.report import COLUMNS, Report, room_for
from lrp_gui.export.report_text import heading, repeated_layers, style, table, tables
from lrp_gui.export.sheet import MM_PER_INCH, Sheet, draw_sheet
from lrp_gui.languages import tr
from lrp_gui.viewer.ink import elided, font
from lrp_gui.viewer.picture import Drawing

MARGIN = 15.0  # millimetres, like all lengths here
GAP = 6.0
TITLE = 7.0
FOOT = 10.0
NARROW = 1.3  # of half a page: so wide a picture is made a little smaller to stand beside another one
SMALLER = 1.25  # so much a text with wide tables may be made smaller, where its lines need not be
LARGEST_PIXEL = 0.24  # of a picture: letters of a small chart are not larger than the text


class PdfReport(Report):
    """Written page by page."""

    def __init__(self, path: str | Path, paper: Paper, title: str) -> None:
        super().__init__(path, paper, title)
        # Qt's writer of PDFs does not look whether what it writes gets anywhere; so it writes here, and we look.
        self._bytes = QByteArray()
        self._waiting = QBuffer(self._bytes)
        self._waiting.open(QIODevice.OpenModeFlag.WriteOnly)
        self._writer = pdf_writer(self._waiting, title)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        self._unit = self._writer.resolution() / MM_PER_INCH
        self._painter = pdf_painter(self._writer)
        self._page = 1
        self._top = MARGIN  # where there is room on this page
        self._row = 0.0, 0.0, 0.0  # of the last row of pictures: its top, its height, and where there is room in it
        self._foot()

    def begin(self, one: Explained) -> None:
        """Heading and tables, on pages of their own."""
        first = len(self.rows) == 1
        made = tr("Made by {program}.").format(program=PROGRAM)
        title = f"<h1>{escape(self.title)}</h1><p>{escape(made)}</p>" if first else ""
        if not first:
            self._turn()
        listed = tables(one.network, one.result, one.request, self.paper.labels)
        self._text(f"{title}<h2>{escape(heading(one.result))}</h2>{listed}")

    def picture(self, title: str, picture: Drawing) -> None:
        """As wide as the page, or as high; two narrow ones stand beside each other."""
        wide, tall = room_for(picture)
        room = self._size()
        whole = room.width() - 2 * MARGIN
        half = (whole - GAP) / 2
        width = min(whole, wide * LARGEST_PIXEL)
        width = half if half < width <= half * NARROW else width
        height = width * tall / wide
        most = room.height() - 2 * MARGIN - TITLE - FOOT
        if height > most:
            width, height = width * most / height, most
        top, row, left = self._row
        lowest = room.height() - MARGIN - FOOT
        if row and left + width <= room.width() - MARGIN + 1e-6 and top + TITLE + height <= lowest:
            self._top = top
        else:
            row, left = 0.0, MARGIN
            if self._top + TITLE + height > lowest:
                self._turn()
        top = self._top
        self._line(title, QRectF(left, top, width, TITLE))
        pixels = round(width * self._unit), round(height * self._unit)
        sheet = Sheet(*pixels, self.paper.theme, min(pixels[0] / wide, pixels[1] / tall), caption=False)
        self._painter.save()
        self._painter.translate(left * self._unit, (top + TITLE) * self._unit)
        draw_sheet(self._painter, picture, sheet)
        self._painter.restore()
        row = max(row, TITLE + height + GAP)
        self._row = top, row, left + width + GAP
        self._top = top + row

    def repeated(self, rows: Sequence[tuple[str, str]]) -> None:
        """A table on a page of its own."""
        self._turn()
        self._text(repeated_layers(rows))

    def recipe(self, lines: str) -> None:
        """A file inside the PDF for each sample."""
        if lines:
            name = f"make_again-{file_name(self.rows[-1][0]) or len(self.rows)}.py"
            self._writer.addFileAttachment(name, QByteArray(lines.encode()), "text/x-python")

    def end(self) -> None:
        """Of more than one sample a list of all."""
        if len(self.rows) > 1:
            self._turn()
            listed = table([tr(name) for name in COLUMNS], self.rows, numbers=4)
            self._text(f"<h2>{escape(tr('All samples'))}</h2>{listed}")
        self._painter.end()
        self._hand_on()

    def _hand_on(self) -> None:
        """What is written so far goes into the file."""
        if self.file.write(self._bytes) != self._bytes.size():
            raise self._refused("")
        self._bytes.clear()
        self._waiting.seek(0)

    def abandon(self) -> None:
        """Nothing is left of it."""
        self._painter.end()
        super().abandon()

    def _size(self) -> QSizeF:
        return self._writer.pageLayout().pageSize().size(QPageSize.Unit.Millimeter)

    def _turn(self) -> None:
        self._writer.newPage()
        self._hand_on()
        self._page += 1
        self._top = MARGIN
        self._row = 0.0, 0.0, 0.0
        self._foot()

    def _foot(self) -> None:
        room = self._size()
        ground = QRectF(0, 0, room.width() * self._unit + 1, room.height() * self._unit + 1)
        self._painter.fillRect(ground, QColor(self.paper.theme.background))
        place = QRectF(MARGIN, room.height() - MARGIN, room.width() - 2 * MARGIN, MARGIN / 2)
        self._line(f"{self.title} · {self._page}", place, 8.0)

    def _line(self, text: str, place: QRectF, points: float = 10.0) -> None:
        """One line of text in a place given in millimetres."""
        self._painter.save()
        scale = self._writer.resolution() / 72
        self._painter.scale(scale, scale)
        self._painter.setFont(font(points))
        self._painter.setPen(QColor(self.paper.theme.text if points > 8 else self.paper.theme.dim))
        part = self._unit / scale
        rect = QRectF(place.x() * part, place.y() * part, place.width() * part, place.height() * part)
        self._painter.drawText(rect, 0, elided(text, rect.width(), points))
        self._painter.restore()

    def _text(self, html: str) -> None:
        """Over as many pages as it takes."""
        room = self._size()
        width, height = (room.width() - 2 * MARGIN) * self._unit, (room.height() - 2 * MARGIN - FOOT) * self._unit
        document = QTextDocument()
        document.documentLayout().setPaintDevice(self._writer)
        document.setDocumentMargin(0)
        document.setDefaultStyleSheet(style(self.paper.theme))
        document.setHtml(f"<body>{html}</body>")
        document.setPageSize(QSizeF(width, height))
        # What does not fit is made smaller, so that no column is cut off and long names have fewer lines.
        wide = max(document.size().width(), min(document.idealWidth(), SMALLER * width))
        if wide > width:
            part = width / wide
            document.setPageSize(QSizeF(wide, height / part))
        else:
            part = 1.0
        for page in range(document.pageCount()):
            if page:
                self._turn()
            self._painter.save()
            self._painter.translate(MARGIN * self._unit, MARGIN * self._unit)
            self._painter.scale(part, part)
            tall = height / part
            self._painter.translate(0, -page * tall)
            document.drawContents(self._painter, QRectF(0, page * tall, wide, tall))
            self._painter.restore()
        used = document.size().height() * part - (document.pageCount() - 1) * height
        self._top = MARGIN + min(used, height) / self._unit + GAP
        self._row = 0.0, 0.0, 0.0
