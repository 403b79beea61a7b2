"""The report as one HTML file that needs nothing beside it: pictures lie inside, no script, nothing from a network."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImageWriter

from lrp_gui.document.series import Explained
from lrp_gui.export.clipboard import image_of
from lrp_gui.export.exporters import PROGRAM, to_png, to_svg
from lrp_gui.export.report import COLUMNS, Report, room_for
from lrp_gui.export.report_text import heading, repeated_layers, style, table, tables
from lrp_gui.export.sheet import CSS_DPI, Sheet
from lrp_gui.languages import current, tr
from lrp_gui.viewer.picture import Drawing

LARGEST_SVG = 60_000  # bytes; a larger drawing is compared with its pixels
DARK_BELOW = 128  # of 255: a page whose background is darker is a dark one
WIDTH = 1100  # pixels of a picture on the page
LARGEST_PIXEL = 1.25  # of a small picture, on the page
LARGEST_WEBP = 16_383  # pixels a side
LOSSLESS = 100  # so Qt calls it
SHARPNESS = 2  # pixels to a pixel of the page, of those that are no drawings
STYLE = """
body { max-width: 1120px; margin: 24px auto; padding: 0 16px; line-height: 1.35; }
figure { margin: 12px 0 24px; } figcaption { font-size: 10pt; margin-bottom: 4px; }
img, svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; font-size: 8.5pt; } section { border-top: 2px solid; margin-top: 32px; }
@media print {
  body { max-width: none; margin: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, tr { break-inside: avoid; } h1, h2, h3 { break-after: avoid; } svg, img { max-height: 85vh; }
}
"""


class HtmlReport(Report):
    """Written sample by sample."""

    _pictures = 0

    @property
    def _scheme(self) -> str:
        """What the page is, so that a browser that prefers the other one leaves its colours alone."""
        return "dark" if QColor(self.paper.theme.background).lightness() < DARK_BELOW else "light"

    def begin(self, one: Explained) -> None:
        """Heading and tables."""
        if len(self.rows) == 1:
            made = tr("Made by {program}. Nothing in this file is loaded from elsewhere.").format(program=PROGRAM)
            self._write(
                f'<!DOCTYPE html>\n<html lang="{current()}"><head><meta charset="utf-8">\n'
                f'<meta name="viewport" content="width=device-width">\n'
                f'<meta name="color-scheme" content="{self._scheme}">\n'
                f'<meta name="generator" content="{PROGRAM}">\n<title>{escape(self.title)}</title>\n'
                f"<style>{style(self.paper.theme)}{STYLE}</style></head>\n<body><h1>{escape(self.title)}</h1>\n"
                f"<p>{escape(made)}</p>\n"
            )
        number = len(self.rows)
        self._write(f'<section id="sample{number}"><h2>{escape(heading(one.result))}</h2>\n')
        self._write(tables(one.network, one.result, one.request, self.paper.labels))

    def picture(self, title: str, picture: Drawing) -> None:
        """A drawing, or where that would be large, pixels."""
        theme = self.paper.theme
        self._pictures += 1
        wide, tall = room_for(picture)
        width = round(min(WIDTH, wide * LARGEST_PIXEL))
        sheet = Sheet(width, round(width * tall / wide), theme, width / wide, caption=False)
        said = escape(f"{picture.title}. {picture.caption}")
        size = f'width="{sheet.width}" height="{sheet.height}"'
        drawing = b"".join(to_svg(picture, sheet))
        pixels = _pixels(picture, sheet) if len(drawing) > LARGEST_SVG else ""
        if pixels and len(pixels) < len(drawing):
            shown = f'<img {size} alt="{said}" src="{pixels}">'
        else:
            shown = _inline(drawing.decode(), f'{size} role="img" aria-label="{said}"', f"p{self._pictures}-")
        self._write(
            f"<figure><figcaption><b>{escape(title)}</b></figcaption>\n{shown}\n"
            f'<p class="dim">{escape(picture.caption)}</p></figure>\n'
        )

    def repeated(self, rows: Sequence[tuple[str, str]]) -> None:
        """A table below the pictures."""
        self._write(repeated_layers(rows))

    def recipe(self, lines: str) -> None:
        """Folded away."""
        if lines:
            summary = f"<summary>{escape(tr('Python lines that make this explanation again'))}</summary>"
            self._write(f"<details>{summary}<pre>{escape(lines)}</pre></details>\n")
        self._write("</section>\n")

    def end(self) -> None:
        """Of more than one sample a list of all."""
        if len(self.rows) > 1:
            links = [f'<a href="#sample{number}">{escape(row[0])}</a>' for number, row in enumerate(self.rows, 1)]
            listed = table([tr(name) for name in COLUMNS], self.rows, numbers=4, links=links)
            self._write(f"<section><h2>{escape(tr('All samples'))}</h2>{listed}</section>\n")
        self._write("</body></html>\n")

    def _write(self, text: str) -> None:
        data = text.encode()
        if self.file.write(data) != len(data):
            raise self._refused("")


def _pixels(picture: Drawing, sheet: Sheet) -> str:
    """The sheet in fine pixels, as an address that holds them all: lossless WebP takes a third of PNG's bytes."""
    fine = replace(
        sheet,
        width=sheet.width * SHARPNESS,
        height=sheet.height * SHARPNESS,
        scale=sheet.scale * SHARPNESS,
        dpi=CSS_DPI * SHARPNESS,
    )
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"webp"))
    writer.setQuality(LOSSLESS)
    if max(fine.width, fine.height) <= LARGEST_WEBP and writer.write(image_of(picture, fine)):
        kind, data = "webp", bytes(buffer.data().data())
    else:  # larger than WebP can be, or a Qt without it
        kind, data = "png", b"".join(to_png(picture, fine))
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _inline(drawing: str, attributes: str, prefix: str) -> str:
    """A drawing as a part of the page, whose text can be selected and searched: what it names, it alone has."""
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'<svg width="[^"]*" height="[^"]*"', f"<svg {attributes}", drawing, count=1)
    drawing = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>\s*", "", drawing, count=1, flags=re.DOTALL)
    drawing = re.sub(r'\bid="', f'id="{prefix}', drawing)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", drawing)
