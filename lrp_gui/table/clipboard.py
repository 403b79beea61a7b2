"""Blocks of cells as tab-separated text: the language of every spreadsheet's clipboard."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from lrp_gui import settings
from lrp_gui.document.table_paste import with_decimal_comma


def text_from_block(block: Sequence[Sequence[str]], *, decimal_comma: bool | None = None) -> str:
    """The block as text, cells quoted where they have to be.

    `decimal_comma`: whether numbers are written 3,14, for spreadsheets that read them so; None: as it is set.
    """
    if settings.DECIMAL_COMMA.read() if decimal_comma is None else decimal_comma:
        block = [[with_decimal_comma(cell) for cell in line] for line in block]
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(block)
    return out.getvalue()
