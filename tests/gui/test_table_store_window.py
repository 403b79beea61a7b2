"""The table's store in the real window: large tables, what is looked at, and what a person does with the clipboard."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PySide6.QtGui import QGuiApplication

from lrp_gui.document import explaining, scores
from lrp_gui.document.table import Problem
from tests.gui.example import TABLE, settle


@pytest.fixture
def small_memory(monkeypatch):
    """As if 442 samples of 10 features were a large table."""
    monkeypatch.setattr(explaining, "CELLS_AT_ONCE", 500)
    monkeypatch.setattr(scores, "BUDGET", 260 * 40)
    monkeypatch.setattr(scores, "AT_ONCE", 0)


def test_a_large_table_is_explained_part_by_part_and_what_is_seen_is_kept(small_memory, diabetes, qtbot):
    document = diabetes.document
    known = document.table_result
    assert not np.isnan(known.explained).any()
    assert isinstance(known.relevance, scores.Pool)
    assert "260 are kept" in known.partial
    lost = np.flatnonzero(~known.relevance.kept(np.arange(442)))
    assert len(lost) == 442 - 260
    for _turn in range(5):  # the view says itself, a little later, what it shows
        document.look_at(lost[:20])
        settle(qtbot, diabetes)
        if document.table_result.relevance.kept(lost[:20]).all():
            break
    found = document.table_result.relevance[lost[:20]]
    document.select_sample(int(lost[3]))
    settle(qtbot, diabetes)
    assert found[3] == pytest.approx(document.result.inputs["x"].ravel(), rel=1e-4, abs=1e-6)


def test_an_edit_of_many_rows_explains_those_on_the_screen_first(small_memory, diabetes, qtbot):
    document, seen = diabetes.document, []
    qtbot.waitUntil(lambda: not diabetes.table.view._look.isActive())  # the view has said what it shows
    document.look_at(np.arange(400, 420))
    settle(qtbot, diabetes)
    before = document.table_result.explained.copy()

    def new_rows() -> list[int]:
        # What is out of date may be blanked before the new numbers come, or not: neither counts as new.
        explained = document.table_result.explained
        return np.flatnonzero(~np.isnan(explained) & (explained != before)).tolist()

    document.table_result_changed.connect(lambda: seen.append(new_rows()))
    document.fill(np.arange(442), np.array([2]), "30")
    settle(qtbot, diabetes)
    assert not np.isnan(document.table_result.explained).any()
    assert (document.table_result.explained != before).mean() > 0.9
    # A part is as large as the machine is fast: all that is on the screen comes before anything else.
    looked_at, parts = set(range(400, 420)), [set(rows) for rows in seen if rows]
    others = next(at for at, rows in enumerate(parts) if rows - looked_at)
    assert others > 0
    assert parts[others - 1] == looked_at


def test_a_block_from_a_spreadsheet_is_pasted_explained_and_undone(diabetes, qtbot):
    document = diabetes.document
    before = document.table.values.copy()
    explained = document.table_result.explained.copy()
    QGuiApplication.clipboard().setText("BMI\tage\n31,5\t60\n29,25\t61\n")
    plan = document.plan_paste(QGuiApplication.clipboard().text(), np.arange(4, 442), np.arange(10))
    assert not plan.asks
    document.run_paste(plan)
    settle(qtbot, diabetes)
    assert document.table.values[4:6, [2, 0]].tolist() == [[31.5, 60.0], [29.25, 61.0]]
    assert document.undo_stack.undoText() == "Paste 2 × 2 cells"
    assert (document.table_result.explained[4:6] != explained[4:6]).all()
    document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert (document.table.values == before).all()
    assert document.table_result.explained == pytest.approx(explained, rel=1e-5)
    assert not document.table.edited


def test_a_label_beside_can_be_edited_without_explaining_again(diabetes, qtbot):
    document = diabetes.document
    result = document.result
    document.edit_cell(0, 10, "none")
    settle(qtbot, diabetes)
    assert document.result is result
    assert document.table.extras[0].texts[0] == "none"
    document.undo_stack.undo()
    assert document.table.extras[0].texts[0] == "151"


def test_a_sample_with_a_name_of_its_own_shows_it(diabetes, qtbot):
    view = diabetes.table.view
    assert view.isColumnHidden(0)
    diabetes.document.rename_sample(2, "Ada")
    settle(qtbot, diabetes)
    assert not view.isColumnHidden(0)
    assert view.table_model.index(2, 0).data() == "Ada"
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert view.isColumnHidden(0)


def test_a_parquet_file_is_taken_over_as_it_is_read(diabetes, qtbot, tmp_path):
    frame = pl.read_csv(TABLE, infer_schema_length=None).with_columns(pl.lit("a").alias("group"))
    frame[3, "bmi"] = None
    frame.write_parquet(tmp_path / "people.parquet")
    diabetes.opener.open([str(tmp_path / "people.parquet")])
    settle(qtbot, diabetes)
    table = diabetes.document.table
    assert table.path.endswith("people.parquet")
    assert table.values.flags.f_contiguous or table.values[:, 0].flags.contiguous
    assert table.problem_counts()[Problem.MISSING] == 1
    assert table.blocked == 1
    assert "group" in [column.name for column in table.extras]
    diabetes.document.delete_samples([3])
    settle(qtbot, diabetes)
    assert not diabetes.document.table.problem_counts().get(Problem.MISSING)
    assert not np.isnan(diabetes.document.table_result.explained).any()
