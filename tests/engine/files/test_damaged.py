"""Changed tables: each gives its cells or one sentence. Weight files stand in `test_fuzz`."""

from __future__ import annotations

import random

import lrp_engine as lrp
from lrp_engine.files.table import read_table

from .hostile.mutations import bytes_changed
from .making import EXAMPLES


def test_mutated_tables(tmp_path):
    content = (EXAMPLES / "diabetes" / "diabetes.csv").read_bytes()[:2000]
    chance = random.Random("tables 2026")
    path = tmp_path / "mutated.csv"
    for _ in range(200):
        path.write_bytes(bytes_changed(content, chance))
        try:
            table = read_table(path)
            assert table.values.shape == (len(table.cells), len(table.names))
        except lrp.FormatError as error:
            assert "\n" not in str(error)  # noqa: PT017 -- either outcome is right
