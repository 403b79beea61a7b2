"""The Python lines of an explanation as a notebook, cut where a reader would begin a new cell."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from PySide6.QtCore import QIODevice, QSaveFile

# A cell begins with the network, the inputs, and the explanation.
_BEGINS = re.compile(r"^(network = |weights = |inputs = |reference = |composite = |explanation = )", re.MULTILINE)
_TITLE = "# "


def notebook(lines: str) -> str:
    """The lines as the JSON of a notebook (nbformat 4.5) without outputs."""
    title, _, code = lines.partition("\n")
    if not title.startswith(_TITLE):
        title, code = "", lines
    places = [0, *(found.start() for found in _BEGINS.finditer(code)), len(code)]
    parts = [code[start:end].strip("\n") for start, end in pairwise(places)]
    cells = [_cell("markdown", f"# {title.removeprefix(_TITLE)}", 0)] if title else []
    cells += [_cell("code", part, number) for number, part in enumerate(filter(None, parts), start=1)]
    whole = {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, text: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"{kind}-{number}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def write(path: str, lines: str) -> str:
    """Write the lines, as a notebook where the name ends so; the file is there whole or not at all.

    Returns
    -------
    Why it could not be written, in one sentence; "" when it was.
    """
    return save(path, notebook(lines) if path.lower().endswith(".ipynb") else lines)


def save(path: str, text: str) -> str:
    """Write a text file, whole or not at all; the same answer as of `write`."""
    from lrp_gui.languages import tr

    file, data = QSaveFile(path), text.encode()
    if file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit():
        return ""
    sentence = tr("{name} cannot be written ({why}); choose another folder.")
    return sentence.format(name=Path(path).name, why=file.errorString())
