"""Columns into a file, in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrp_gui.jobs.steps import Progress, Steps


def write_rows(path: str, columns: Mapping[str, Any]) -> Steps[None]:
    """Write columns of equal length in the format that the path's suffix names."""
    from lrp_engine.files.table_writing import writing_table

    for done, total in writing_table(path, columns):
        yield Progress(done, total)
