"""A reference: what the chosen sample is compared with or explained against, and where the difference goes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

import lrp_engine as lrp
from lrp_gui.document.reference import MEAN, NO_REFERENCE, SAMPLE, ZEROS
from lrp_gui.document.results import Feature
from lrp_gui.document.series import Explained
from lrp_gui.export.render import render
from lrp_gui.sample.comparison_model import Compared, ComparisonModel
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.layer_charts import summary
from tests.gui.example import DIABETES, settle
from tests.gui.test_whatif import BMI, open_page, plain_text


@pytest.fixture
def page(diabetes, qtbot):
    """The tab where the reference is chosen."""
    return open_page(diabetes, qtbot, "reference")


def choose(qtbot, window, page, kind, *, explains=False):
    """Choose in the list, as a person does."""
    page.kind.setCurrentIndex(page.kind.findData(kind))
    page.kind.activated.emit(page.kind.currentIndex())
    page.refresh()
    if explains != page.explains.isChecked():
        page.explains.click()
    settle(qtbot, window)
    qtbot.waitUntil(lambda: page.comparison.result is not None or not page.comparison.reference, timeout=20000)
    page.refresh()


def standardised(table, values):
    """As the network sees them."""
    means, scales = (np.array([getattr(one, name) for one in table.features]) for name in ("mean", "scale"))
    return ((np.atleast_2d(values) - means) / scales).astype(np.float32)


def column(page, number):
    """The numbers of a column of the table of differences, by feature."""
    model = page.model
    texts = {model.feature(row): model.index(row, number).data() for row in range(model.rowCount())}
    return [texts[feature] for feature in sorted(texts)]


# ---------------------------------------------------------------------------------------------- explaining


@pytest.mark.parametrize("kind", [MEAN, ZEROS, SAMPLE])
def test_explained_against_a_reference_is_what_the_engine_says(page, diabetes, qtbot, kind):
    choose(qtbot, diabetes, page, kind, explains=True)
    document, table = diabetes.document, diabetes.document.table
    chosen = {MEAN: table.values.mean(axis=0), ZEROS: np.zeros(10), SAMPLE: table.values[1]}[kind]
    network = lrp.load(DIABETES)
    expected = lrp.explain(network, standardised(table, table.values[0]), reference=standardised(table, chosen))
    result = document.result
    np.testing.assert_allclose(result.inputs["x"], expected.inputs["x"][0], rtol=1e-3, atol=1e-5)
    assert result.explained == pytest.approx(float(expected.score[0]), rel=1e-4)
    assert sum(result.inputs["x"]) == pytest.approx(result.explained, rel=1e-4)
    assert {row.rule for row in result.ledger if row.kind == "affine map"} == {"reference"}
    whole = lrp.explain(network, standardised(table, table.values), reference=standardised(table, chosen))
    known = document.table_result
    np.testing.assert_allclose(known.relevance[5:9], whole.inputs["x"][5:9], rtol=1e-3, atol=1e-4)


def test_choosing_is_an_edit_that_can_be_undone(page, diabetes, qtbot):
    before = diabetes.document.result.inputs["x"].copy()
    choose(qtbot, diabetes, page, MEAN, explains=True)
    assert not np.allclose(diabetes.document.result.inputs["x"], before)
    assert diabetes.document.undo_stack.undoText() == "Change reference"
    while diabetes.document.undo_stack.canUndo():
        diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    page.refresh()
    assert diabetes.document.settings.reference == NO_REFERENCE
    assert page.kind.currentText() == "None"
    assert np.allclose(diabetes.document.result.inputs["x"], before)
    assert not page.view.isVisible()


def test_pictures_say_what_the_relevance_is_of(page, diabetes, qtbot, tmp_path):
    choose(qtbot, diabetes, page, MEAN, explains=True)
    network, result = diabetes.document.network, diabetes.document.result
    assert "against the mean of 442 samples" in caption(network, result)
    assert "composite" not in caption(network, result)
    assert summary(network, result).startswith("Δf = ")
    assert diabetes.status.balance.text().startswith("Δf ")
    assert result.words.supports == "raises the target above the reference (+)"
    assert diabetes.viewer.canvas.picture.title == "What sets sample 1 apart from the reference"
    paths = render(tmp_path, [Explained(network, result)], LIGHT)
    texts = [path.read_text(encoding="utf-8") for path in paths if path.suffix == ".svg"]
    assert any("raises the target above the reference" in text for text in texts)
    assert not any("supports the target" in text for text in texts)


def test_a_sample_is_nothing_apart_from_itself(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE, explains=True)
    diabetes.document.select_sample(1)
    settle(qtbot, diabetes)
    diabetes.viewer.bring_up_to_date()
    assert diabetes.document.result.explained == pytest.approx(0, abs=1e-6)
    assert diabetes.viewer.canvas.picture.state.headline == "Nothing to tell apart"


def test_an_edit_of_the_sample_that_is_the_reference_explains_all_anew(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE, explains=True)
    before = diabetes.document.table_result.relevance[7].copy()
    diabetes.document.edit_cell(1, BMI, "40")
    settle(qtbot, diabetes)
    assert not np.allclose(diabetes.document.table_result.relevance[7], before)


def test_a_copy_stays_as_it_was(page, diabetes, qtbot):
    page.freeze.click()
    settle(qtbot, diabetes)
    reference = diabetes.document.settings.reference
    diabetes.document.edit_cell(0, BMI, "40")
    settle(qtbot, diabetes)
    qtbot.waitUntil(lambda: page.comparison.result is not None, timeout=20000)
    page.refresh()
    assert reference.title == "sample 1 as it was"
    assert reference.values[BMI] == 32.1
    assert column(page, 3)[BMI] == "+7.900"


def test_a_reference_without_a_number_is_said_and_keeps_everything_from_being_explained(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE, explains=True)
    diabetes.document.edit_cell(1, BMI, "unknown")
    diabetes.document.select_sample(0)
    settle(qtbot, diabetes)
    page.refresh()
    assert diabetes.document.result is None
    assert "The reference, sample 2, has no number for bmi" in diabetes.document.problem
    assert "has no number for bmi" in plain_text(page.meaning)
    diabetes.document.undo_stack.undo()
    diabetes.document.select_sample(0)
    settle(qtbot, diabetes)
    assert diabetes.document.result is not None


# -------------------------------------------------------------------------------------------- rows that move


def test_the_reference_stays_the_same_sample_when_rows_come_and_go(page, diabetes, qtbot):
    document = diabetes.document
    choose(qtbot, diabetes, page, SAMPLE, explains=True)
    values = document.table.values[1].copy()
    explained = document.table_result.relevance[9].copy()
    document.insert_sample(0)
    assert document.settings.reference.row == 2
    assert np.array_equal(document.settings.reference.values_in(document.table), values)
    document.undo_stack.undo()
    assert document.settings.reference.row == 1
    document.delete_samples([0])
    assert document.settings.reference.row == 0
    document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert np.allclose(document.table_result.relevance[9], explained, equal_nan=True)


def test_a_reference_that_is_deleted_stays_as_a_copy_and_comes_back_with_undo(page, diabetes, qtbot):
    document = diabetes.document
    choose(qtbot, diabetes, page, SAMPLE)
    values = document.table.values[1].copy()
    steps = document.undo_stack.count()
    document.delete_samples([0, 1, 2])
    assert document.settings.reference.title == "sample 2 as it was"
    assert np.array_equal(document.settings.reference.values_in(document.table), values)
    assert document.undo_stack.count() == steps + 1
    document.undo_stack.undo()
    assert (document.settings.reference.kind, document.settings.reference.row) == (SAMPLE, 1)


def test_with_another_table_the_reference_is_a_copy(page, diabetes, qtbot, tmp_path):
    document = diabetes.document
    choose(qtbot, diabetes, page, SAMPLE)
    values = document.table.values[1].copy()
    lines = DIABETES.with_name("diabetes.csv").read_text().splitlines()
    other = tmp_path / "few.csv"
    other.write_text("\n".join([lines[0], *lines[10:15]]) + "\n")
    diabetes.opener.open([str(other)])
    settle(qtbot, diabetes)
    assert document.table.samples == 5
    assert np.array_equal(document.settings.reference.values_in(document.table), values)


# ------------------------------------------------------------------------------------------------ comparing


def test_two_samples_are_compared_feature_by_feature(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE)
    table = diabetes.document.table
    assert [float(text.replace("−", "-")) for text in column(page, 3)] == pytest.approx(
        (table.values[0] - table.values[1]).tolist(), rel=1e-3, abs=1e-3
    )
    network = lrp.load(DIABETES)
    both = lrp.explain(network, standardised(table, table.values[:2])).inputs["x"]
    for number, expected in ((4, both[0]), (5, both[1]), (6, both[0] - both[1])):
        numbers = [float(text.replace("−", "-")) for text in column(page, number)]
        assert numbers == pytest.approx(expected.tolist(), rel=2e-3, abs=1e-4)
    assert "reference 0.1059 (not above median)" in plain_text(page.said)


def test_explained_against_it_there_is_no_relevance_of_the_reference(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE, explains=True)
    assert page.model.columnCount() == 5
    assert "gap" in plain_text(page.said)


def test_the_row_of_another_sample_is_typed(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE)
    page.row.setValue(17)
    settle(qtbot, diabetes)
    assert diabetes.document.settings.reference.row == 16
    assert page.comparison.reference.name_in(diabetes.document.table) == "sample 17"


def test_the_chosen_sample_becomes_the_reference_by_its_action(diabetes, qtbot):
    diabetes.document.select_sample(4)
    diabetes.actions_["use_as_reference"].trigger()
    settle(qtbot, diabetes)
    assert diabetes.document.settings.reference.row == 4
    assert diabetes.actions_["no_reference"].isEnabled()
    diabetes.actions_["no_reference"].trigger()
    assert diabetes.document.settings.reference == NO_REFERENCE


def test_a_feature_that_is_activated_is_chosen_in_the_pictures(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, SAMPLE)
    row = next(row for row in range(10) if page.model.feature(row) == BMI)
    page.view.activated.emit(page.model.index(row, 0))
    assert (diabetes.document.selected_layer, diabetes.document.selected_unit) == ("x", BMI)


def test_a_mean_is_not_offered_where_an_input_takes_whole_numbers(page, diabetes):
    from dataclasses import replace

    info = diabetes.document.network
    diabetes.document.network = replace(info, inputs=(replace(info.inputs[0], integer=True),))
    page.refresh()
    item = page.kind.model().item(page.kind.findData(MEAN))
    assert not item.isEnabled()
    assert "whole numbers" in item.toolTip()


# ------------------------------------------------------------------------------------------------ the model


def test_the_table_of_differences_keeps_qt_s_rules(qtbot):
    model = ComparisonModel(LIGHT)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    features = tuple(Feature(name) for name in ("b", "a", "c"))
    compared = Compared(features, np.array([1.0, 5.0, np.nan]), np.array([2.0, 2.0, 1.0]))
    model.show_compared(compared)
    assert isinstance(model, QAbstractItemModel)
    assert [model.index(row, 0).data() for row in range(3)] == ["a", "b", "c"]  # by difference, the unknown last
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert [model.index(row, 0).data() for row in range(3)] == ["c", "b", "a"]
    kept = model.index(0, 3)
    model.sort(1, Qt.SortOrder.AscendingOrder)
    assert [model.index(row, 1).data() for row in range(3)] == ["1", "5", "–"]
    assert kept.data() is not None
    model.set_theme(DARK)
    model.show_compared(Compared())
    assert model.rowCount() == 0


# ----------------------------------------------------------------------------------------------------- the rest


def test_the_mean_of_a_large_table_is_taken_in_the_worker(page, diabetes, qtbot, monkeypatch):
    from lrp_gui.document import compared, reference

    monkeypatch.setattr(compared, "MOST_AT_ONCE", 100)
    monkeypatch.setattr(reference, "BLOCK_ROWS", 7)
    diabetes.document.edit_cell(3, BMI, "unknown")
    choose(qtbot, diabetes, page, MEAN)
    qtbot.waitUntil(lambda: diabetes.document.settings.reference.kind == MEAN, timeout=10000)
    values = np.delete(diabetes.document.table.values, 3, axis=0)
    np.testing.assert_allclose(diabetes.document.settings.reference.values, values.mean(axis=0))
    assert diabetes.document.settings.reference.title == "the mean of 441 samples"


def test_no_composite_is_offered_while_none_is_used(page, diabetes, qtbot):
    choose(qtbot, diabetes, page, MEAN, explains=True)
    assert not diabetes.composite.isEnabled()
    assert "reference" in diabetes.composite.toolTip()
    page.explains.click()
    assert diabetes.composite.isEnabled()


def test_the_gap_of_a_network_without_a_rule_for_it_stands_in_the_ledger(window, qtbot, tmp_path):
    from tests.gui.networks import saved

    path, table = saved("recurrent", tmp_path)
    window.opener.open([str(path), str(table)])
    settle(qtbot, window)
    page = open_page(window, qtbot, "reference")
    choose(qtbot, window, page, SAMPLE, explains=True)
    result = window.document.result
    absorbed = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    assert abs(absorbed) > 1e-4
    assert result.inputs["signal"].sum() + absorbed == pytest.approx(result.explained, abs=1e-5)
    gap = result.explained - result.inputs["signal"].sum()
    assert f"gap {gap:+.2g}".replace("-", "−") in plain_text(page.said)
    window.viewer.bring_up_to_date()
    assert "lost in a gap" in window.viewer.alarm.text()
