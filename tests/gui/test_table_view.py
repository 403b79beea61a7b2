"""What people do in the table: sort, filter, group, find, colour, fill, and look at other units."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QStyle

from lrp_gui.document import commands, reference
from lrp_gui.document.document import Document
from lrp_gui.document.results import TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.table.colours import Shade
from lrp_gui.table.columns import Column, Kind
from lrp_gui.table.panel import TablePanel
from lrp_gui.table.paste_preview import PastePreview
from lrp_gui.table.view import FIRST_CELL
from lrp_gui.theme import DARK, LIGHT
from tests.gui import fakes
from tests.gui.example import DIGITS, settle
from tests.gui.test_document import small_table

AGE, BMI = FIRST_CELL, FIRST_CELL + 2
TARGET, OUTPUT, PREDICTION, CONFIDENCE = 1, 2, 3, 4
UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
OUTPUTS = (0.9, 0.2, 0.5, 0.1)


@pytest.fixture
def document(qapp, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    document = Document()
    document.open(Contents(fakes.mlp().info, small_table(), ExplainSettings(), 0), "Open")
    rows = np.arange(4)
    relevance = np.linspace(-1, 1, 40, dtype=np.float32).reshape(4, 10)
    outputs = np.array(OUTPUTS)[:, None]
    document.put_table_result(TableResult(rows, outputs, outputs[:, 0], relevance))
    return document


@pytest.fixture
def panel(document, qtbot):
    panel = TablePanel(document, LIGHT, [])
    qtbot.addWidget(panel)
    panel.resize(1200, 320)
    panel.show()
    return panel


@pytest.fixture
def view(panel):
    return panel.view


def column(view, section):
    model = view.table_model
    return [model.index(place, section).data() for place in range(model.rowCount())]


def order(view):
    return [view.table_model.row(place) for place in range(view.table_model.rowCount())]


def test_the_shown_model_keeps_qts_rules_through_every_order(document, view, qtmodeltester):
    qtmodeltester.check(view.table_model)
    arranger = view.table_model.arranger
    arranger.sort(Column(Kind.FEATURE, 2), descending=True)
    document.insert_sample(1)
    document.delete_samples([0, 3])
    arranger.group(Column(Kind.PREDICTION))
    arranger.fold("above median")
    document.duplicate_samples([0, 2])
    arranger.filter("output > 0.3")
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    document.open(Contents(fakes.cnn().info, None, ExplainSettings(), -1), "Open")
    document.undo_stack.undo()


def test_the_first_columns_tell_what_came_of_a_sample(view):
    assert column(view, TARGET) == ["above median"] * 4
    assert column(view, OUTPUT) == ["0.9000", "0.2000", "0.5000", "0.1000"]
    assert column(view, PREDICTION) == ["above median", "not above median"] * 2
    assert column(view, CONFIDENCE) == ["90 %", "80 %", "50 %", "90 %"]


def test_pinned_columns_stay_while_the_others_scroll(view):
    view.resize(500, 250)
    before = view.front.columnViewportPosition(OUTPUT)
    view.scrollTo(view.table_model.index(0, view.table_model.columnCount() - 1))
    assert view.horizontalScrollBar().value() > 0
    assert view.front.columnViewportPosition(OUTPUT) == before
    view.scrollTo(view.table_model.index(0, AGE))
    assert view.columnViewportPosition(AGE) >= view.pinned_width


def test_a_narrow_table_pins_fewer_columns_rather_than_hide_the_features(view):
    view.resize(260, 250)
    assert view.pinned < 5
    assert view.pinned_width < view.viewport().width()


def test_clicks_on_a_title_sort_up_down_and_back(document, view, qtbot):
    header = view.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(BMI) + 10, header.height() // 2)
    values = document.table.values[:, 2]
    for wanted in (np.argsort(values), np.argsort(-values), np.arange(4)):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        assert order(view) == wanted.tolist()


def test_the_chosen_sample_stays_chosen_wherever_it_goes(document, view):
    document.select_sample(2)
    view.sortByColumn(BMI, DOWN)
    assert document.selected_sample == 2
    assert view.table_model.row(view.currentIndex().row()) == 2
    view.setCurrentIndex(view.table_model.index(0, BMI))
    assert document.selected_sample == int(np.argmax(document.table.values[:, 2]))


def test_an_edit_in_a_sorted_table_is_of_the_row_one_sees(document, view):
    view.sortByColumn(BMI, UP)
    row = view.table_model.row(3)
    view.table_model.setData(view.table_model.index(3, BMI), "-99")
    assert document.table.values[row, 2] == -99
    assert order(view)[3] == row  # it does not run away from under the cursor
    assert view.table_model.arranger.stale


def test_an_order_that_is_out_of_date_is_renewed_when_asked(document, panel):
    view = panel.view
    view.sortByColumn(BMI, UP)
    row = view.table_model.row(3)
    document.edit_cell(row, 2, "-99")
    assert panel.filter.again.isVisible()
    panel.filter.again.click()
    assert order(view)[0] == row
    assert not panel.filter.again.isVisible()


def test_a_filter_shows_what_fits_and_how_many(panel, qtbot):
    qtbot.keyClicks(panel.filter.box, "output >= 0.5")
    qtbot.keyClick(panel.filter.box, Qt.Key.Key_Return)
    assert order(panel.view) == [0, 2]
    assert panel._count.text() == "2 of 4 samples × 10 features"
    qtbot.keyClick(panel.filter.box, Qt.Key.Key_Escape)
    assert order(panel.view) == [0, 1, 2, 3]


def test_a_filter_that_makes_no_sense_changes_nothing_and_is_explained_below(panel, qtbot):
    panel.filter.add("output >= 0.5")
    qtbot.keyClicks(panel.filter.box, " and agee > 1")
    qtbot.keyClick(panel.filter.box, Qt.Key.Key_Return)
    assert order(panel.view) == [0, 2]
    assert "no column “agee”" in panel.problem.text()
    assert panel.problem.isVisible()


def test_a_filter_that_nothing_fits_says_so(panel):
    panel.filter.add("output > 5")
    assert panel.nothing.isVisible()
    assert "No sample fits" in panel.nothing.text()
    panel.file_order()
    assert not panel.nothing.isVisible()


def test_results_that_arrive_later_are_put_in_order(document, panel, qtbot):
    known = document.table_result
    document.put_table_result(None)
    panel.filter.add("output > 0.3")
    assert order(panel.view) == []
    document.put_table_result(known)
    qtbot.waitUntil(lambda: order(panel.view) == [0, 2], timeout=3000)


def test_groups_have_headings_that_fold(panel, qtbot):
    panel.do("group", True)
    view = panel.view
    headings = [text for text in column(view, view.table_model.heading_section) if "▾" in text]
    assert headings == ["▾ above median  ·  2 samples", "▾ not above median  ·  2 samples"]
    assert order(view) == [-1, 0, 2, -2, 1, 3]
    view.go_to(0, AGE)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert order(view) == [-1, -2, 1, 3]
    assert view.block().rows.tolist() == []  # a heading is no sample
    panel.do("group", False)
    assert order(view) == [0, 1, 2, 3]


@pytest.mark.parametrize(("step", "rows"), [(1, [1, 3]), (-1, [3, 1])])
def test_finding_goes_from_one_cell_to_the_next_and_round_the_end(panel, step, rows):
    panel.view.go_to(0, TARGET)
    panel.find_bar.box.setText("NOT above")
    for row in [*rows, rows[0]]:
        panel.find_bar.step(step)
        assert (panel.view.currentIndex().row(), panel.view.currentIndex().column()) == (row, PREDICTION)
    assert panel.find_bar.told.text() == "Went on from the other end"


def test_what_is_nowhere_is_said(panel):
    panel.find_bar.box.setText("xyz")
    panel.find_bar.step(1)
    assert "holds “xyz”" in panel.find_bar.told.text()


def test_network_units_are_shown_and_taken(document, panel):
    view, one = panel.view, document.table.features[2]
    value = document.table.values[1, 2]
    panel.do("network_units", True)
    assert view.table_model.headerData(BMI, Qt.Orientation.Horizontal) == "bmi\nnetwork"
    shown = float(view.table_model.index(1, BMI).data().replace("−", "-"))
    assert shown == pytest.approx((value - one.mean) / one.scale, rel=1e-3)
    view.table_model.setData(view.table_model.index(1, BMI), "1.5")
    assert document.table.values[1, 2] == pytest.approx(one.mean + 1.5 * one.scale)
    view.table_model.setData(view.table_model.index(1, BMI), "0,25")
    assert document.table.values[1, 2] == pytest.approx(one.mean + 0.25 * one.scale)
    view.table_model.setData(view.table_model.index(1, BMI), "heavy")
    assert document.table.text(1, 2) == "heavy"


def test_an_editor_in_network_units_that_is_left_alone_changes_nothing(document, panel):
    panel.do("network_units", True)
    index = panel.view.table_model.index(1, BMI)
    panel.view.table_model.setData(index, index.data(Qt.ItemDataRole.EditRole))
    assert not document.undo_stack.canUndo()


def test_pasting_while_network_units_are_shown_is_refused_in_a_sentence(document, panel):
    said = []
    document.message.connect(said.append)
    panel.do("network_units", True)
    QGuiApplication.clipboard().setText("1\t2\n")
    panel.view.go_to(0, BMI)
    panel.view.paste()
    assert "the table's own units" in said[-1].sentence
    assert not document.undo_stack.canUndo()


def background(view, place, section):
    return view.table_model.index(place, section).data(Qt.ItemDataRole.BackgroundRole)


def test_values_are_coloured_from_a_columns_smallest_to_its_largest(document, panel):
    panel.do("tint_value", True)
    values = document.table.values[:, 2]
    assert background(panel.view, int(values.argmax()), BMI) == QColor(LIGHT.sink("stabilizer"))
    assert background(panel.view, int(values.argmin()), BMI) == QColor(LIGHT.panel)
    assert panel.legend.isVisible()


def test_a_difference_is_coloured_by_its_sign_from_the_reference(document, panel):
    document.set_reference(reference.make(reference.SAMPLE, document, 1))
    panel.do("tint_difference", True)
    middle = QColor(LIGHT.relevance_map[5])
    assert background(panel.view, 1, BMI) == middle
    assert background(panel.view, 0, BMI) != middle
    assert document.settings.reference.name_in(document.table) in panel.legend.toolTip()


def test_only_one_colouring_holds(document, qtbot):
    shades = [QAction(name, checkable=True, objectName=name) for name in ("tint", "tint_value", "tint_difference")]
    panel = TablePanel(document, LIGHT, [], shades=shades)
    qtbot.addWidget(panel)
    for action in shades:
        action.toggled.connect(partial(panel.do, action.objectName()))
    shades[0].setChecked(True)
    assert panel.view.table_model.shading.shade is Shade.RELEVANCE
    shades[1].setChecked(True)
    assert panel.view.table_model.shading.shade is Shade.VALUE
    assert not shades[0].isChecked()
    shades[1].setChecked(False)
    assert panel.view.table_model.shading.shade is Shade.NOTHING


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("name", ["tint", "tint_value", "tint_difference"])
def test_coloured_text_can_be_read(panel, theme, name):
    from tests.gui.test_table import contrast

    panel.set_theme(theme)
    panel.do(name, True)
    for place in range(4):
        for section in range(FIRST_CELL, FIRST_CELL + 10):
            index = panel.view.table_model.index(place, section)
            back, front = index.data(Qt.ItemDataRole.BackgroundRole), index.data(Qt.ItemDataRole.ForegroundRole)
            assert contrast(back, front) >= 4.5


def test_the_statistics_are_those_of_all_samples(document, panel):
    panel.do("statistics", True)
    panel.filter.add("output > 0.3")
    footer = panel.footer.footer_model
    values = document.table.values[:, 2]
    texts = [footer.index(row, BMI).data().replace("−", "-") for row in range(3)]
    assert [float(text) for text in texts] == pytest.approx([values.min(), values.mean(), values.max()], rel=1e-4)
    document.edit_cell(0, 2, "1000")
    assert footer.index(2, BMI).data() == "1000"
    assert panel.footer.columnWidth(BMI) == panel.view.columnWidth(BMI)
    assert footer.index(0, CONFIDENCE).data() == "50 %"


def test_ctrl_enter_gives_what_is_typed_to_all_selected_cells(document, view, qtbot):
    view.select(0, BMI, 2, BMI + 1)
    view.edit(view.currentIndex())
    editor = view.findChild(QLineEdit)
    editor.setText("7")
    qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert (document.table.values[:3, 2:4] == 7).all()
    assert document.table.values[3, 2] != 7
    document.undo_stack.undo()
    assert not (document.table.values[:3, 2:4] == 7).any()


def test_fill_down_goes_by_what_one_sees(document, view):
    view.sortByColumn(BMI, DOWN)
    top = document.table.values[order(view)[0]].copy()
    view.select(0, BMI, 3, BMI)
    view.fill_down()
    assert (document.table.values[:, 2] == top[2]).all()


def test_the_handle_covers_no_digit(document, view):
    view.select(0, BMI, 0, BMI)
    cell, handle = view.visualRect(view.currentIndex()), view.handle.box()
    margin = view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1  # what a view leaves beside its text
    assert 0 <= cell.right() - handle.left() <= margin


@pytest.mark.parametrize(
    ("modifier", "series"), [(Qt.KeyboardModifier.NoModifier, False), (Qt.KeyboardModifier.ControlModifier, True)]
)
def test_the_handle_at_the_corner_repeats_or_continues(document, view, qtbot, modifier, series):
    document.edit_values(np.array([0, 1]), np.array([2]), np.array([[1.0], [2.0]]), "Prepare")
    view.select(0, BMI, 1, BMI)
    start = view.handle.box().center()
    end = QPoint(start.x(), view.visualRect(view.table_model.index(3, BMI)).center().y())
    viewport = view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, end)
    view.handle._to = 3  # offscreen, a moved mouse has no button
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, modifier, pos=end)
    assert document.table.values[:, 2].tolist() == ([1, 2, 3, 4] if series else [1, 2, 1, 2])
    document.undo_stack.undo()
    assert document.undo_stack.undoText() == "Prepare"


def test_a_block_that_fits_is_pasted_where_one_sees_it(document, view):
    view.sortByColumn(BMI, DOWN)
    rows = order(view)
    QGuiApplication.clipboard().setText("1\t2\n3\t4\n")
    view.select(1, BMI, 1, BMI)
    view.paste()
    assert document.table.values[rows[1], 2:4].tolist() == [1, 2]
    assert document.table.values[rows[2], 2:4].tolist() == [3, 4]


@pytest.mark.parametrize(("comma", "expected"), [(True, 1.234), (False, None)])
def test_a_comma_is_what_it_is_at_home(document, view, comma, expected):
    document.decimal_comma = comma
    model = view.table_model
    model.setData(model.index(0, BMI), "1,234")
    value = document.table.values[0, 2]
    assert value == expected if expected is not None else np.isnan(value)
    document.fill(np.array([1, 2]), np.array([2]), "1,5")
    assert document.table.values[1, 2] == 1.5


def test_pasting_onto_names_says_how_names_are_given(document, view):
    said = []
    document.message.connect(lambda message: said.append(message.sentence))
    QGuiApplication.clipboard().setText("1\t2\n")
    view.select(0, 0, 0, 0)
    view.paste()
    view.select(0, 2, 0, 2)
    view.paste()
    assert "one by one (F2)" in said[0]
    assert "computed" in said[1]


def test_a_block_that_does_not_fit_is_shown_first(document, panel, qtbot):
    view = panel.view
    QGuiApplication.clipboard().setText("bmi\tweight\n31,5\t80\n28,1\t70\n")
    view.select(0, BMI, 0, BMI)
    view.paste()
    dialog = view.findChild(PastePreview)
    assert not document.undo_stack.canUndo()
    assert dialog.model.headerData(1, Qt.Orientation.Horizontal) == "weight\n→ bp"
    dialog.by_name.click()
    assert "“weight”" in dialog.told.text()
    assert dialog.model.headerData(1, Qt.Orientation.Horizontal) == "weight\n→ (left out)"
    dialog.which.setCurrentIndex(1)
    dialog.goes.setCurrentIndex(dialog.goes.findText("bp"))
    dialog._send()
    assert dialog.plan.columns == (2, 3)
    dialog.buttons.button(dialog.buttons.StandardButton.Ok).click()
    assert document.table.values[:2, 2:4].tolist() == [[31.5, 80], [28.1, 70]]
    document.undo_stack.undo()
    assert not document.undo_stack.canUndo()


def test_a_paste_that_is_cancelled_changes_nothing(document, panel):
    QGuiApplication.clipboard().setText("\t".join("1" * 30) + "\n2\n")
    panel.view.select(0, BMI, 0, BMI)
    panel.view.paste()
    panel.view.findChild(PastePreview).reject()
    assert not document.undo_stack.canUndo()


def entries(menu):
    return {action.text(): action for action in menu.actions() if action.text()}


def test_a_cell_offers_what_can_be_done_with_it(document, panel):
    view = panel.view
    view.select(1, PREDICTION, 1, PREDICTION)
    entries(panel.menus.cell_menu(view.currentIndex()))["Show Only prediction = not above median"].trigger()
    assert order(view) == [1, 3]
    assert panel.filter.box.text() == 'prediction == "not above median"'
    panel.file_order()
    view.select(0, BMI, 3, BMI)
    entries(panel.menus.cell_menu(view.currentIndex()))["Fill Down"].trigger()
    assert len(set(document.table.values[:, 2].tolist())) == 1


def test_a_title_offers_to_sort_filter_and_group(panel):
    menu = entries(panel.menus.title_menu(BMI))
    menu["Sort Descending"].trigger()
    assert panel.view.table_model.arranger.wish.descending
    assert panel.view.horizontalHeader().sortIndicatorSection() == BMI
    menu["Filter This Column…"].trigger()
    dialog = panel.menus.current
    dialog.low.setText("1e5")
    dialog._agree()
    assert panel.filter.box.text() == "bmi >= 1e5"
    assert order(panel.view) == []


def test_a_column_of_words_is_filtered_by_ticking_them(panel):
    panel.menus.filter_column(Column(Kind.PREDICTION))
    dialog = panel.menus.current
    dialog._words.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog._agree()
    assert len(order(panel.view)) == 2
    assert "prediction in (" in panel.filter.box.text()


def test_noise_and_random_values_ask_first_and_say_their_seed(document, panel):
    panel.view.select(0, BMI, 1, BMI)
    panel.do("noise")
    panel.menus.current.boxes["seed"].setValue(7)
    panel.menus.current._agree()
    assert "seed 7" in document.undo_stack.undoText()
    panel.do("insert_random")
    panel.menus.current.boxes["count"].setValue(3)
    panel.menus.current._agree()
    assert document.table.samples == 7
    assert "seed 0" in document.undo_stack.undoText()


def test_a_sample_gets_another_name_and_a_column_for_it(document, panel):
    document.select_sample(1)
    panel.do("rename_sample")
    panel.menus.current.boxes["name"].setText("Ada")
    panel.menus.current._agree()
    assert document.table.names[1] == "Ada"
    assert column(panel.view, 0)[1] == "Ada"


def test_no_column_can_be_two_features(document, panel):
    panel.do("assign_columns")
    dialog = panel.menus.current
    dialog.boxes[0].setCurrentIndex(2)
    assert "chosen for two features" in dialog.problem.text()
    dialog.boxes[2].setCurrentIndex(0)
    before = document.table.values.copy()
    dialog._agree()
    np.testing.assert_array_equal(document.table.values[:, [0, 2]], before[:, [2, 0]])


def test_copying_with_titles_gives_what_one_sees(panel):
    panel.view.sortByColumn(BMI, DOWN)
    panel.view.select(0, BMI, 1, BMI + 1)
    panel.view.copy(titles=True)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "bmi\tbp"
    assert [line.split("\t")[0] for line in lines[1:]] == column(panel.view, BMI)[:2]


def test_the_filter_names_a_column_that_there_is(diabetes, qtbot):
    box = diabetes.table.filter.box
    assert box.placeholderText() == "Filter: age > 49.2"  # its mean
    diabetes.opener.open([str(DIGITS)])
    settle(qtbot, diabetes)
    assert box.placeholderText() == 'Filter: r0c0 > 0 and prediction == "9"'
    diabetes.table.view.table_model.arranger.filter(box.placeholderText().removeprefix("Filter: "))
    assert not diabetes.table.view.table_model.arranger.problem
