"""The input table: what its cells show, take, and give to the clipboard."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication

from lrp_gui.document import commands
from lrp_gui.document.document import Document
from lrp_gui.document.results import TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table_paste import grid
from lrp_gui.table.clipboard import text_from_block
from lrp_gui.table.model import OUTPUT, PREDICTION, RESULT_COLUMNS, TableModel
from lrp_gui.table.panel import TablePanel
from lrp_gui.table.view import FIRST_CELL
from lrp_gui.theme import LIGHT
from tests.gui import fakes
from tests.gui.test_document import small_table

BMI = RESULT_COLUMNS + 2  # of the table's model
CELL = FIRST_CELL + 2  # the same column as it is shown, behind the pinned ones


@pytest.fixture
def document(qapp, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    document = Document()
    document.open(Contents(fakes.mlp().info, small_table(), ExplainSettings(), 0), "Open")
    return document


@pytest.fixture
def explained(document):
    rows = np.arange(4)
    relevance = np.linspace(-1, 1, 40, dtype=np.float32).reshape(4, 10)
    document.put_table_result(TableResult(rows, np.array([[0.9], [0.2], [0.5], [0.1]]), rows - 1.5, relevance))
    return document


@pytest.fixture
def panel(document, qtbot):
    panel = TablePanel(document, LIGHT, [])
    qtbot.addWidget(panel)
    panel.resize(900, 250)
    panel.show()
    return panel


def select(view, top, left, bottom, right):
    model = view.table_model
    block = QItemSelection(model.index(top, left), model.index(bottom, right))
    view.selectionModel().setCurrentIndex(model.index(top, left), QItemSelectionModel.SelectionFlag.NoUpdate)
    view.selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def test_the_model_keeps_qts_rules_through_every_edit(document, qtmodeltester):
    model = TableModel(document)
    qtmodeltester.check(model)
    document.insert_sample(1)
    document.delete_samples([0, 3])
    document.edit_cell(0, 0, "text")
    document.undo_stack.undo()
    document.undo_stack.undo()
    document.open(Contents(fakes.cnn().info, None, ExplainSettings(), -1), "Open")
    document.undo_stack.undo()


def test_headers_name_feature_and_unit(document):
    model = TableModel(document)
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    assert titles[:2] == ["output", "prediction"]
    assert titles[-1] == "label"
    feature = document.table.features[2]
    assert titles[BMI] == (f"{feature.name}\n{feature.unit}" if feature.unit else feature.name)


def test_output_and_prediction_are_read_only(explained):
    model = TableModel(explained)
    texts = [(model.index(r, OUTPUT).data(), model.index(r, PREDICTION).data()) for r in range(4)]
    name = explained.network.outputs[0]
    assert texts == [("0.9000", name), ("0.2000", f"not {name}"), ("0.5000", name), ("0.1000", f"not {name}")]
    for column in (OUTPUT, PREDICTION):
        assert not model.flags(model.index(0, column)) & Qt.ItemFlag.ItemIsEditable
        assert not model.setData(model.index(0, column), "1")


def test_a_typed_cell_is_an_edit_of_the_document(document):
    model = TableModel(document)
    assert model.setData(model.index(1, BMI), "33.25")
    assert document.table.values[1, 2] == 33.25
    assert model.index(1, BMI).data() == "33.25"
    document.undo_stack.undo()
    assert document.table.values[1, 2] != 33.25


def test_a_bad_cell_says_why(document):
    model = TableModel(document)
    model.setData(model.index(1, BMI), "heavy")
    index = model.index(1, BMI)
    assert index.data() == "heavy"
    assert "“heavy”" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "This sample is not explained, the others are." in index.data(Qt.ItemDataRole.ToolTipRole)


def contrast(one, other):
    def luminance(colour):
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_tip_has_what_the_network_sees_and_the_relevance(explained):
    model = TableModel(explained)
    tip = model.index(3, RESULT_COLUMNS + 9).data(Qt.ItemDataRole.ToolTipRole)
    assert "The network sees" in tip
    assert "Relevance +1.000" in tip


def test_choosing_a_cell_chooses_the_sample_and_back(document, panel):
    panel.view.setCurrentIndex(panel.view.table_model.index(2, CELL))
    assert document.selected_sample == 2
    document.select_sample(3)
    assert panel.view.currentIndex().row() == 3
    assert panel.view.currentIndex().column() == CELL


def test_a_column_is_a_unit_of_the_chosen_input(document, panel):
    document.select_layer(document.network.inputs[0].name)
    panel.view.setCurrentIndex(panel.view.table_model.index(1, CELL))
    assert document.selected_unit == 2
    document.select_unit(5)
    assert panel.view.currentIndex().column() == FIRST_CELL + 5


def test_copy_and_paste_are_tab_separated(document, panel):
    view, table = panel.view, document.table
    select(view, 0, FIRST_CELL, 1, FIRST_CELL + 1)
    view.copy()
    wanted = f"{table.text(0, 0)}\t{table.text(0, 1)}\n{table.text(1, 0)}\t{table.text(1, 1)}\n"
    assert QGuiApplication.clipboard().text() == wanted
    QGuiApplication.clipboard().setText("1\t2\n3\tfour\n")
    select(view, 2, CELL, 2, CELL)
    view.paste()
    assert [[table.text(r, c) for c in (2, 3)] for r in (2, 3)] == [["1", "2"], ["3", "four"]]
    document.undo_stack.undo()
    assert table.text(3, 3) != "four"


def test_a_single_copied_cell_fills_the_selection(document, panel):
    QGuiApplication.clipboard().setText("5")
    select(panel.view, 0, CELL, 2, CELL + 1)
    panel.view.paste()
    assert all(document.table.text(r, c) == "5" for r in range(3) for c in (2, 3))
    assert document.undo_stack.count() == 1


def test_pasting_onto_results_changes_nothing(document, panel):
    QGuiApplication.clipboard().setText("5")
    select(panel.view, 0, 2, 0, 2)
    panel.view.paste()
    assert not document.undo_stack.canUndo()


def test_clearing_keeps_the_cells_and_marks_them(document, panel):
    select(panel.view, 0, CELL, 1, CELL)
    panel.view.clear_cells()
    assert document.table.text(0, 2) == document.table.text(1, 2) == ""
    assert not document.table.good_rows()[:2].any()
    document.undo_stack.undo()
    assert document.table.good_rows().all()


@pytest.mark.parametrize(
    "block", [[["a", "b"], ["c", "d"]], [["with\ttab", 'with "quote"'], ["two\nlines", ""]], [["x"]]]
)
def test_blocks_survive_the_clipboard(block):
    assert grid(text_from_block(block)) == block


def test_a_copied_block_may_end_as_it_likes():
    assert grid("1\t2\r\n3\t4\r\n") == [["1", "2"], ["3", "4"]]
    assert grid("") == []
