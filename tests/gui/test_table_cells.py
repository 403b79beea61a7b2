"""What stands in a cell of the table: numbers with the digits that are theirs, and why a sample has no results."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lrp_gui.document.document import Document
from lrp_gui.document.results import TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.table.shown import ShownModel
from lrp_gui.theme import LIGHT
from tests.gui import fakes
from tests.gui.test_document import small_table
from tests.gui.test_table_view import BMI, CONFIDENCE, OUTPUT, PREDICTION, TARGET


@pytest.fixture
def document(qapp):
    document = Document()
    document.open(Contents(fakes.mlp().info, small_table(), ExplainSettings(), 0), "Open")
    outputs = np.array([0.9, 0.2, 0.5, 0.1])[:, None]
    document.put_table_result(TableResult(np.arange(4), outputs, outputs[:, 0], np.ones((4, 10), np.float32)))
    return document


@pytest.fixture
def model(document):
    return ShownModel(document, LIGHT)


def column(model, section):
    return [model.index(row, section).data() for row in range(model.rowCount())]


def test_a_sample_with_a_gap_says_in_its_results_that_it_is_not_explained(document, model):
    target, output = model.column(TARGET), model.column(OUTPUT)
    plain = model.look(1, target)
    document.edit_cell(1, 0, "")
    document.table_result.refused[3] = "The network cannot take it."
    document.put_table_result(document.table_result)
    assert column(model, TARGET) == ["above median", "not explained", "above median", "not explained"]
    assert model.look(1, target) == model.look(1, output) != plain == model.look(0, target)
    for section in (TARGET, OUTPUT, PREDICTION, CONFIDENCE):
        assert "is not explained" in model.index(1, section).data(Qt.ItemDataRole.ToolTipRole)
        assert model.index(3, section).data(Qt.ItemDataRole.ToolTipRole) == "The network cannot take it."
    document.undo_stack.undo()
    assert model.look(1, target) == plain
    assert column(model, TARGET)[1] != "not explained"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (float(np.float32(0.1)), "0.1"),  # what a file in single precision holds
        (float(np.float32(-1.1e-7)), "-1.1e-07"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (123456789012.0, "123456789012"),
        (1e300, "1e+300"),
    ],
)
def test_a_number_in_single_precision_is_shown_with_its_own_digits_and_kept_with_all(document, model, number, shown):
    bmi = model.column(BMI)
    document.table.values[0, bmi.number] = number
    assert model.index(0, BMI).data() == shown
    assert model.number_texts(np.array([0]), bmi.number) == [shown]
    for text in (model.edit_text(0, bmi), model.copied_text(0, bmi), document.table.text(0, bmi.number)):
        assert float(text) == number
    assert model.setData(model.index(0, BMI), model.edit_text(0, bmi))
    assert document.table.values[0, bmi.number] == number
