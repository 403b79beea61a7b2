"""What if: a person drags sliders over the chosen sample and sees what the network makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSlider

from lrp_gui.document import commands
from lrp_gui.document.ranges import Range, range_for
from lrp_gui.document.results import Feature
from lrp_gui.sample.number_box import NumberBox
from tests.gui.example import DIGITS, settle

BMI = 2


def open_page(window, qtbot, name="what_if"):
    """The dock's tab, as its action brings it forward."""
    window.actions_[name].trigger()
    settle(qtbot, window)
    sample = window.furniture.sample
    qtbot.waitUntil(lambda: sample.page is not None and sample.page.isVisible())
    return sample.page


@pytest.fixture
def page(diabetes, qtbot):
    """The tab with the sliders."""
    return open_page(diabetes, qtbot)


def line_of(page, column):
    """The row of one feature."""
    return next(row for row in page.rows if row.column == column and row.isVisibleTo(page))


def plain_text(label):
    """What a label says without its markup."""
    from PySide6.QtGui import QTextDocument

    document = QTextDocument()
    document.setHtml(label.text())
    return document.toPlainText()


# ------------------------------------------------------------------------------------------------------ the dock


def test_nothing_is_built_before_somebody_looks(diabetes):
    assert diabetes.furniture.sample_dock.objectName() == "sample"
    assert diabetes.furniture.sample_dock.visibleRegion().isEmpty()
    assert diabetes.furniture.sample.pages == {}


def test_the_key_of_a_dock_behind_another_one_brings_it_forward_and_then_closes_it(diabetes, qtbot):
    diabetes.activateWindow()
    diabetes.resize(1200, 800)
    furniture = diabetes.furniture
    for dock, key in ((furniture.sample_dock, Qt.Key.Key_4), (furniture.docks[1], Qt.Key.Key_2)):
        assert dock.visibleRegion().isEmpty()
        qtbot.keyClick(diabetes, key, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda dock=dock: not dock.visibleRegion().isEmpty())
    qtbot.keyClick(diabetes, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert furniture.docks[1].isHidden()


def test_a_picture_has_its_editor_and_numbers_have_none(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    tabs = window.furniture.sample.tabs
    assert [tabs.tabText(n) for n in range(tabs.count())] == ["image", "What if", "Sweep", "Reference"]


def test_the_tabs_are_there_again_for_another_network(page, diabetes, qtbot):
    diabetes.opener.open([str(DIGITS)])
    settle(qtbot, diabetes)
    sample = diabetes.furniture.sample
    assert list(sample.pages) == ["what_if"]  # the tab that was open stays open
    assert sample.page is not page
    assert "sample 1" not in plain_text(sample.page.said)
    assert sample.page.rows[0].range is not None


# --------------------------------------------------------------------------------------------------- what if


def test_the_sliders_stand_by_relevance_and_within_the_data(page, diabetes):
    relevance = diabetes.document.result.inputs["x"]
    columns = [row.column for row in page.rows if row.isVisible()]
    assert columns == np.argsort(-np.abs(relevance), kind="stable").tolist()
    for row in page.rows:
        values = diabetes.document.table.values[:, row.column]
        assert (row.range.low, row.range.high) == (values.min(), values.max())


def test_dragging_a_slider_moves_the_output_and_is_one_step(page, diabetes, qtbot, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", 60)
    document, line = diabetes.document, line_of(page, BMI)
    before, output = document.table.values.copy(), document.result.outputs[0]
    for step in (700, 800, 900):
        line.slider.setValue(step)
    settle(qtbot, diabetes)
    values = document.table.values[0]
    assert values[BMI] == line.range.at(0.9) == line.box.value()
    assert np.array_equal(np.delete(values, BMI), np.delete(before[0], BMI))
    assert document.result.outputs[0] > output
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "bmi of sample 1"
    document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert np.array_equal(document.table.values, before)
    assert line.slider.value() == round(line.range.share(before[0, BMI]) * line.slider.maximum())


def test_the_difference_of_the_output_stands_beside_it(page, diabetes, qtbot):
    document = diabetes.document
    before = document.result
    line_of(page, BMI).slider.setValue(950)
    settle(qtbot, diabetes)
    page.refresh()
    said = plain_text(page.said)
    change = document.result.explained - before.explained
    assert f"was {before.outputs[0]:.4f}" in said
    assert f"Δ +{change:.3g}" in said.splitlines()[1]


def test_what_was_said_before_is_asked_again_where_the_target_changes(page, diabetes, qtbot):
    line_of(page, BMI).slider.setValue(950)
    settle(qtbot, diabetes)
    original = diabetes.document.table.values[0].copy()
    original[BMI] = 32.1
    diabetes.document.set_composite("gradient_x_input")
    settle(qtbot, diabetes)
    qtbot.waitUntil(lambda: page._what_if.said is not None, timeout=10000)
    said = page._what_if.said
    line_of(page, BMI).back.click()
    settle(qtbot, diabetes)
    assert diabetes.document.table.values[0, BMI] == 32.1
    assert said.explained == pytest.approx(diabetes.document.result.explained, rel=1e-5)


def test_a_feature_is_put_back_and_then_all_of_them(page, diabetes, qtbot):
    document = diabetes.document
    before = document.table.values[0].copy()
    for column in (BMI, 3, 4):
        line_of(page, column).box.edited.emit(before[column] + 1)
    page.refresh()
    line = line_of(page, BMI)
    assert line.back.isVisible()
    assert line.back.toolTip() == "Back to 32.1"
    line.back.click()
    assert document.table.values[0, BMI] == before[BMI]
    assert document.undo_stack.undoText() == "Reset bmi of sample 1"
    diabetes.actions_["reset_sample"].trigger()
    assert np.array_equal(document.table.values[0], before)
    assert document.undo_stack.undoText() == "Reset 2 features of sample 1"
    page.refresh()
    assert not page.reset.isEnabled()
    document.undo_stack.undo()
    assert document.table.values[0, 3] == before[3] + 1


def test_what_is_kept_is_what_later_changes_are_compared_with(page, diabetes, qtbot):
    line = line_of(page, BMI)
    line.box.edited.emit(40.0)
    settle(qtbot, diabetes)
    page.keep.click()
    page.refresh()
    assert not page.keep.isEnabled()
    line.box.edited.emit(41.0)
    page.refresh()
    assert line.back.toolTip() == "Back to 40"


def test_what_was_edited_in_the_table_can_be_reset_here(diabetes, qtbot):
    diabetes.document.edit_cell(0, BMI, "40")
    settle(qtbot, diabetes)
    page = open_page(diabetes, qtbot)
    page.reset.click()
    assert diabetes.document.table.values[0, BMI] == 32.1


def test_the_original_stays_with_its_sample_when_rows_move(page, diabetes, qtbot):
    document = diabetes.document
    line_of(page, BMI).box.edited.emit(40.0)
    document.insert_sample(0)
    document.select_sample(1)
    settle(qtbot, diabetes)
    page.refresh()
    assert line_of(page, BMI).back.toolTip() == "Back to 32.1"
    page.reset.click()
    assert document.table.values[1, BMI] == 32.1


def test_text_that_stood_in_a_cell_comes_back_with_the_reset(page, diabetes, qtbot):
    document = diabetes.document
    document.edit_cell(3, BMI, "unknown")
    document.select_sample(3)
    settle(qtbot, diabetes)
    page.refresh()
    line = line_of(page, BMI)
    assert line.box.text() == "unknown"
    assert "unknown" in plain_text(page.said)
    line.slider.setValue(500)
    settle(qtbot, diabetes)
    assert document.result is not None
    page.refresh()
    page.reset.click()
    assert document.table.text(3, BMI) == "unknown"


def test_a_feature_is_found_by_a_part_of_its_name(page, qtbot):
    qtbot.keyClicks(page.search, "BM")
    assert [row.column for row in page.rows if row.isVisible()] == [BMI]
    page.search.setText("nothing like it")
    assert not any(row.isVisible() for row in page.rows)
    assert page.note.text() == "No feature has this name."
    page.search.clear()
    assert sum(row.isVisible() for row in page.rows) == 10


def test_of_many_features_a_page_is_shown_and_more_when_asked(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    page = open_page(window, qtbot)
    assert sum(row.isVisibleTo(page) for row in page.rows) == 30
    assert page.note.text() == "30 of 64 features"
    page.more.click()
    page.more.click()
    assert sum(row.isVisibleTo(page) for row in page.rows) == 64
    assert not page.more.isVisibleTo(page)


def test_the_order_holds_still_while_somebody_drags(page, diabetes, qtbot):
    before = [row.column for row in page.rows]
    line_of(page, BMI).slider.setValue(0)
    settle(qtbot, diabetes)
    page.refresh()
    assert [row.column for row in page.rows] == before


def test_the_arrow_keys_move_a_slider(page, diabetes, qtbot):
    line = line_of(page, BMI)
    before = diabetes.document.table.values[0, BMI]
    qtbot.keyClick(line.slider, Qt.Key.Key_Right)
    assert diabetes.document.table.values[0, BMI] > before
    line.slider.triggerAction(QAbstractSlider.SliderAction.SliderToMaximum)
    assert diabetes.document.table.values[0, BMI] == line.range.high


def test_a_number_beyond_the_data_can_be_typed(page, diabetes, qtbot):
    line = line_of(page, BMI)
    line.box.selectAll()
    qtbot.keyClicks(line.box, "77.125")
    qtbot.keyClick(line.box, Qt.Key.Key_Return)
    assert diabetes.document.table.values[0, BMI] == 77.125
    settle(qtbot, diabetes)
    page.refresh()
    assert line.box.text() == "77.125"


# ------------------------------------------------------------------------------------------- numbers and ranges


@pytest.mark.parametrize("value", [0.1, 1e-20, 123456.789, -3.0000000001, 2.5e15])
def test_a_box_shows_and_gives_back_every_digit(qtbot, value):
    box = NumberBox()
    qtbot.addWidget(box)
    heard = []
    box.edited.connect(heard.append)
    box.show_number(value)
    assert float(box.text()) == value == box.value()
    assert heard == []


def test_a_number_in_single_precision_stays_what_it_is_under_fewer_digits(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    heard = []
    box.edited.connect(heard.append)
    box.show_number(float(np.float32(0.1)))
    assert box.text() == "0.1"
    box.selectAll()
    qtbot.keyClicks(box, "0.1")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.value(), heard) == (float(np.float32(0.1)), [])
    box.selectAll()
    qtbot.keyClicks(box, "0.2")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert heard == [0.2]


def test_steps_do_not_gather_binary_dust(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    heard = []
    box.edited.connect(heard.append)
    box.setSingleStep(0.1)
    box.show_number(0.2)
    box.stepUp()
    assert heard == [0.3]


def test_a_range_comes_from_what_is_stated_then_from_the_data_then_from_the_scale():
    assert range_for(Feature("a", low=0, high=9), 2, 5, 3) == Range(0, 9, False, "file")
    assert range_for(Feature("a"), 2, 5, 3) == Range(2, 5, False, "data")
    assert range_for(Feature("a"), 2, 5, 8) == Range(2, 8, False, "data")
    assert range_for(Feature("a", mean=10, scale=2), 10, 10, 10) == Range(4, 16, False, "guess")
    assert range_for(Feature("a", categories=((1, "f"), (2, "m"))), 1, 2, 1) == Range(1, 2, True, "file")
    missing = float("nan")
    assert range_for(Feature("a", mean=1), missing, missing, missing) == Range(-2, 4, False, "guess")


def test_a_range_of_whole_numbers_has_only_those():
    whole = Range(0, 7, True)
    assert whole.at(0.49) == 3
    assert whole.points(41) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(Range(0, 1000, True).points(41)) <= 41
    assert whole.step == 1
    assert Range(18, 42.2).step == 0.5
    assert Range(18, 42.2).at(0.33333) == 26.07


def test_what_is_typed_over_a_text_is_heard_even_if_it_is_zero(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    heard = []
    box.edited.connect(heard.append)
    box.show_number(float("nan"), "unknown")
    assert box.text() == "unknown"
    box.stepUp()
    box.setEnabled(False)
    box.setEnabled(True)
    box.setSingleStep(2)
    assert (box.text(), heard) == ("unknown", [])
    box.selectAll()
    qtbot.keyClicks(box, "0")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert heard == [0.0]
    box.selectAll()
    qtbot.keyClicks(box, "3.14159265358979")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert heard[-1] == 3.14159265358979


def test_what_keeps_the_sample_from_being_explained_comes_first(page, diabetes, qtbot):
    diabetes.document.edit_cell(3, 7, "unknown")
    diabetes.document.select_sample(3)
    settle(qtbot, diabetes)
    page.refresh()
    assert page.rows[0].column == 7
    assert page.rows[0].box.text() == "unknown"
