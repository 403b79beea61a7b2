"""The document: every edit can be undone, and nothing that was typed is lost."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_gui.document import commands
from lrp_gui.document.document import Document
from lrp_gui.document.results import TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable, Row, fresh_table
from tests.gui import fakes


def small_table(samples=4):
    features = fakes.mlp().info.inputs[0].features
    rng = np.random.default_rng(0)
    rows = [Row(str(n + 1), rng.normal(size=len(features)), {}, (f"label {n}",)) for n in range(samples)]
    return InputTable(features, rows, ("label",))


@pytest.fixture
def document(qapp, monkeypatch):
    # Tests type faster than people: without this each edit would merge with the one before.
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    document = Document()
    document.open(Contents(fakes.mlp().info, small_table(), ExplainSettings(), 0), "Open")
    return document


def everything(document):
    table = document.table
    cells = [[table.text(r, c) for c in range(len(table.features))] for r in range(table.samples)]
    return cells, table.names[:], [column.texts[:] for column in table.extras], document.settings


def test_opening_the_first_file_is_where_history_begins(document):
    assert not document.undo_stack.canUndo()
    assert document.selected_sample == 0


EDITS = {
    "cell": lambda d: d.edit_cell(1, 2, "27.5"),
    "text in a cell": lambda d: d.edit_cell(1, 2, "about 27"),
    "nothing in a cell": lambda d: d.edit_cell(3, 0, ""),
    "block": lambda d: d.paste(1, 1, [["1", "2"], ["x", "4"]]),
    "block past the end": lambda d: d.paste(3, 1, [["1", "2"], ["3", "4"], ["5", "six"]]),
    "clear": lambda d: d.edit_cells([(0, 0, ""), (0, 1, "")], "Clear"),
    "insert": lambda d: d.insert_sample(1),
    "duplicate": lambda d: d.duplicate_sample(2),
    "delete": lambda d: d.delete_samples([0, 1, 3]),
    "delete all": lambda d: d.delete_samples([0, 1, 2, 3]),
    "target": lambda d: d.set_target("0"),
    "composite": lambda d: d.set_composite("gamma"),
    "open another": lambda d: d.open(
        Contents(fakes.cnn().info, fresh_table(fakes.cnn().info.inputs[0].features), ExplainSettings(), 0),
        "Open digits",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_undo_brings_back_everything_and_redo_does_it_again(document, name):
    document.table.set_text(2, 4, "typed before")
    before = everything(document)
    EDITS[name](document)
    after = everything(document)
    assert after != before
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText()
    document.undo_stack.undo()
    assert everything(document) == before
    document.undo_stack.redo()
    assert everything(document) == after


def test_all_edits_in_a_row_can_be_undone(document):
    before = everything(document)
    for edit in EDITS.values():
        edit(document)
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert everything(document) == before
    while document.undo_stack.canRedo():
        document.undo_stack.redo()
    assert document.network.name == fakes.cnn().info.name


def test_the_edit_menu_can_name_every_edit(document):
    document.edit_cell(1, 2, "27.5")
    assert document.undo_stack.undoText() == "bmi of sample 2"
    document.paste(0, 0, [["1", "2"]])
    assert document.undo_stack.undoText() == "Paste 1 × 2 cells"


def test_an_edit_that_changes_nothing_is_no_edit(document):
    document.edit_cell(0, 0, document.table.text(0, 0))
    document.set_target("max")
    document.edit_cells([(0, 1, document.table.text(0, 1))], "Paste")
    assert not document.undo_stack.canUndo()


def test_a_gesture_is_one_edit(document, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", 60)
    before = document.table.text(0, 0)
    for value in ("1", "2", "3"):
        document.edit_cell(0, 0, value)
    document.edit_cell(0, 1, "1")
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.table.text(0, 0) == before


def test_a_block_that_is_too_wide_is_refused_whole_with_a_sentence(document):
    before, said = everything(document), []
    document.message.connect(said.append)
    assert not document.paste(0, 9, [["1", "2", "3"]])
    assert everything(document) == before
    assert "paste further to the left" in said[0].sentence


def test_the_chosen_sample_moves_with_its_row(document):
    document.select_sample(2)
    document.insert_sample(0)
    document.undo_stack.undo()
    assert document.selected_sample in {0, 2}
    document.select_sample(2)
    document.delete_samples([0])
    assert document.selected_sample == 1
    document.delete_samples([1, 2])
    assert document.selected_sample == 0
    document.delete_samples([0])
    assert document.selected_sample == -1


def test_results_stay_beside_their_rows(document):
    rows = np.arange(4.0)
    # Rows are moved in place, so that each array has memory of its own.
    result = TableResult(np.arange(4), rows[:, None].copy(), rows, np.tile(rows[:, None], (1, 10)))
    document.put_table_result(result)
    document.delete_samples([1])
    document.insert_sample(0)
    assert [None if np.isnan(f) else int(f) for f in document.table_result.explained] == [None, 0, 2, 3]


def test_opening_can_be_undone_with_the_table_as_it_was_edited(document):
    document.edit_cell(0, 2, "31.5")
    info = fakes.cnn().info
    document.open(Contents(info, fresh_table(info.inputs[0].features), ExplainSettings(), 0), "Open digits")
    assert document.network is info
    document.undo_stack.undo()
    assert document.table.text(0, 2) == "31.5"
    document.undo_stack.undo()
    assert document.table.text(0, 2) != "31.5"


def test_the_network_is_news_only_when_it_is_another(document):
    news = []
    document.network_changed.connect(lambda: news.append("network"))
    document.table_replaced.connect(lambda: news.append("table"))
    document.open(Contents(document.network, small_table(2), document.settings, 0, "fc1"), "Open table")
    assert news == ["table"]
    assert document.selected_layer == "fc1"


# --------------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize(
    ("typed", "value", "says"),
    [
        ("27.5", 27.5, ""),
        (" 1e-3 ", 0.001, ""),
        ("−4", -4.0, ""),
        ("27,5", 27.5, ""),
        ("−1.234,5", -1234.5, ""),
        ("0,125", 0.125, ""),
        ("1,234", None, "two ways; write the decimals after a point"),
        ("about 27", None, "“about 27”, which is no number"),
        ("", None, "is empty"),
        ("nan", None, "no number"),
        ("inf", None, "infinite"),
        ("1e999", None, "too large"),
    ],
)
def test_what_is_typed_is_a_number_or_stays_as_it_was_typed(qapp, typed, value, says):
    table = small_table()
    table.set_text(0, 2, typed)
    if value is None:
        assert table.text(0, 2) == typed
        assert not np.isfinite(table.values[0, 2])
        assert says in table.problem(0, 2)
        assert table.row_problem(0).startswith("Sample 1 is not explained: bmi")
        assert not table.good_rows()[0]
    else:
        assert table.values[0, 2] == value
        assert table.problem(0, 2) == table.row_problem(0) == ""
    assert table.good_rows()[1:].all()


@pytest.mark.parametrize("value", [59.0, 0.1, 1 / 3, -4.8598, 1e300, 5e-324, 123456789.125])
def test_a_number_is_written_so_that_it_reads_back_the_same(value):
    table = small_table()
    table.values[0, 0] = value
    text = table.text(0, 0)
    table.set_text(0, 0, text)
    assert table.values[0, 0] == value
    assert len(text) < 25


def test_new_samples_have_names_of_their_own(document):
    document.insert_sample(0)
    document.insert_sample(0)
    document.duplicate_sample(2)
    document.duplicate_sample(2)
    assert len(set(document.table.names)) == document.table.samples
