"""How somebody wants a table file to be read; what is left open is found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What may stand between cells, and what it is called.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# As Python calls them, and as people do.
ENCODINGS = {"utf-8": "UTF-8", "latin-1": "Latin-1", "cp1252": "Windows-1252", "utf-16": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table file is read.

    Attributes
    ----------
    separator : str
        What stands between the cells of a text; "" to find out.
    encoding : str
        Of a text, as Python calls it; "" to find out.
    decimal : str
        "." or ",": what stands before decimals; "" to find out.
    header : bool, optional
        Whether the first line holds names; None to find out.
    sheet : str
        Of a workbook; "" for the first that is not empty.
    uneven : str
        What becomes of lines of another length than the first: “refuse” the file, “fill” them up with missing cells
        and cut what is too long, or “skip” them.
    alike : str
        What becomes of columns of the same name: “refuse” the file, or “number” the later ones.
    merged : str
        Of merged cells of a workbook the “first” has the value, or “all” have it.
    """

    separator: str = ""
    encoding: str = ""
    decimal: Literal["", ".", ","] = ""
    header: bool | None = None
    sheet: str = ""
    uneven: Literal["refuse", "fill", "skip"] = "refuse"
    alike: Literal["refuse", "number"] = "refuse"
    merged: Literal["first", "all"] = "first"


AS_FOUND = Reading()
