"""Blocks of cells as tab-separated text: the language of every spreadsheet's clipboard."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

Block = list[list[str]]


def block_from_text(text: str) -> Block:
    """Cells of a copied block; a quoted cell may hold tabs and line breaks."""
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    while lines and not any(lines[-1]):  # the line break behind the last row
        lines.pop()
    return [[cell.strip() for cell in line] for line in lines]


def text_from_block(block: Sequence[Sequence[str]]) -> str:
    """The block as text, cells quoted where they have to be."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(block)
    return out.getvalue()
