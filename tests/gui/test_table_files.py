"""Tables of other formats than CSV, opened in the window."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lrp_engine.files.table import read_table
from lrp_engine.files.table_writing import write_table
from lrp_gui.dialogs import ARRAYS, TABLES
from lrp_gui.document.files import Source
from lrp_gui.jobs import opening
from lrp_gui.jobs.browsing import sorted_paths
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.steps import run_now
from tests.gui.example import DIGITS, TABLE, settle


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".npz"])
def test_a_table_in_another_format_is_explained(suffix, diabetes, qtbot, tmp_path):
    raw = read_table(TABLE)
    chosen = {name: raw.values[:5, column] for column, name in enumerate(raw.names)}
    path = write_table(tmp_path / f"patients{suffix}", dict(reversed(chosen.items())))
    before = diabetes.document.table.values[:5].copy()
    diabetes.opener.open_table(str(path))
    settle(qtbot, diabetes)
    np.testing.assert_array_equal(diabetes.document.table.values, before)
    assert diabetes.document.result is not None


def test_a_parquet_file_that_lacks_columns_changes_nothing(diabetes, qtbot, tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"age": [1.0], "sex": [[1]]}).write_parquet(path)
    before, said = diabetes.document.table, []
    diabetes.document.message.connect(said.append)
    diabetes.opener.open_table(str(path))
    settle(qtbot, diabetes)
    assert diabetes.document.table is before
    assert "“sex” (which holds lists)" in said[-1].sentence


def test_a_picture_becomes_the_digits_input(tmp_path):
    network = run_now(Engine().open(Source(str(DIGITS)))).network
    Image.fromarray(np.full((16, 16), 255, np.uint8)).save(tmp_path / "white.png")
    table = run_now(opening.read_table(network, str(tmp_path / "white.png")))
    assert table.values.shape == (1, 64)
    assert table.values.min() == table.values.max() == 16  # as the network's features say
    assert table.extras == (("file", ("white.png",)),)
    assert any("8 × 8 pixels" in note for note in table.notes)


def test_the_dialogs_offer_what_is_taken_for_a_table():
    assert tuple(f"*{suffix}" for suffix in opening.TABLE_SUFFIXES) == tuple(TABLES.split())
    given = sorted_paths(["a.npz", "b.parquet", "c.PNG"])
    assert (given.weights, given.tables) == (("a.npz",), ("b.parquet", "c.PNG"))
    assert "*.npz" in ARRAYS.split()
