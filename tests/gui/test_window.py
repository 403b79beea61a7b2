"""The window on the shipped examples, with the real engine: what a person does."""

from __future__ import annotations

import shutil
import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from lrp_gui import settings
from lrp_gui.app import make_window, move_in
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.steps import Progress
from tests.gui.example import DIABETES, DIGITS, settle


def test_the_example_opens_with_its_table_and_is_explained(diabetes):
    document = diabetes.document
    assert document.table.samples == 442
    assert [feature.name for feature in document.table.features][:3] == ["age", "sex", "bmi"]
    assert diabetes.pages.currentWidget() is diabetes.viewer
    assert all(dock.isVisible() for dock in diabetes.furniture.docks)
    assert diabetes.windowTitle().startswith("diabetes")
    assert not np.isnan(document.table_result.explained).any()


def test_the_tables_result_is_that_of_the_sample(diabetes, qtbot):
    document = diabetes.document
    for row in (0, 7, 441):
        document.select_sample(row)
        settle(qtbot, diabetes)
        result, table = document.result, document.table_result
        assert result.row == row
        assert table.explained[row] == pytest.approx(result.explained, rel=1e-5)
        assert table.outputs[row] == pytest.approx(result.outputs, rel=1e-5)
        assert table.relevance[row] == pytest.approx(result.inputs["x"], rel=1e-4, abs=1e-5)


def test_typing_a_bmi_changes_the_flow_and_undo_brings_it_back(diabetes, qtbot):
    document = diabetes.document
    before = document.result
    document.edit_cell(0, 2, "20.5")
    settle(qtbot, diabetes)
    after = document.result
    assert after.explained < before.explained - 0.1
    assert not np.allclose(after.flows["fc1"].matrix, before.flows["fc1"].matrix)
    assert document.table_result.explained[0] == pytest.approx(after.explained, rel=1e-5)
    diabetes.actions_["undo"].trigger()
    settle(qtbot, diabetes)
    assert document.result.explained == before.explained
    assert np.array_equal(document.result.flows["fc1"].matrix, before.flows["fc1"].matrix)


def test_relevance_and_sinks_sum_to_the_logit(diabetes):
    result = diabetes.document.result
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut for row in result.ledger)
    total = sum(float(relevance.sum()) for relevance in result.inputs.values())
    assert total + sinks == pytest.approx(result.explained, abs=1e-5 * max(1, abs(result.explained)))
    assert f"{result.explained:.3f}"[:4] in diabetes.status.balance.text()


def test_switching_to_digits_and_back_loses_nothing(diabetes, qtbot):
    document = diabetes.document
    document.edit_cell(0, 2, "20.5")
    diabetes.actions_["example_digits"].trigger()
    settle(qtbot, diabetes)
    assert document.network.name == "digits"
    assert document.result.inputs["image"].shape == (1, 8, 8)
    assert document.table.samples == 1797
    diabetes.actions_["undo"].trigger()
    settle(qtbot, diabetes)
    assert document.network.name == "diabetes"
    assert document.table.text(0, 2) == "20.5"
    assert document.result.values["x"][2] == pytest.approx((20.5 - 26.4496) / 4.4298, rel=1e-4)


def test_another_target_and_composite_explain_again(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    document = window.document
    document.set_target("3-8")
    document.set_composite("gamma")
    settle(qtbot, window)
    assert document.result.composite == "gamma"
    assert document.result.explained == pytest.approx(document.result.outputs[3] - document.result.outputs[8], rel=1e-4)
    assert window.target.currentText() == "3-8"
    assert window.composite.currentText() == "gamma"
    document.undo_stack.undo()
    document.undo_stack.undo()
    settle(qtbot, window)
    assert window.target.currentText() == "max"


def test_a_layer_chosen_in_the_browser_is_chosen_in_the_document(diabetes):
    layers = diabetes.browser.layers
    layers.setCurrentIndex(layers.model().index_of("fc2"))
    assert diabetes.document.selected_layer == "fc2"


def test_without_auto_an_edit_waits_for_run(diabetes, qtbot):
    diabetes.actions_["auto"].trigger()
    document, before = diabetes.document, diabetes.document.result
    document.edit_cell(0, 2, "20.5")
    qtbot.wait(300)
    assert document.result is before
    assert document.stale
    assert "before your last edit" in diabetes.status.balance.text()
    assert np.isnan(document.table_result.explained[0])
    diabetes.actions_["run"].trigger()
    settle(qtbot, diabetes)
    assert document.result is not before
    assert not document.stale
    assert not np.isnan(document.table_result.explained[0])


def test_many_quick_edits_end_at_the_last_one(diabetes, qtbot):
    document = diabetes.document
    for value in range(18, 40):
        document.edit_cell(0, 2, str(value))
        qtbot.wait(7)
    settle(qtbot, diabetes)
    assert document.result.values["x"][2] == pytest.approx((39 - 26.4496) / 4.4298, rel=1e-4)


def test_escape_stops_what_was_asked_for_but_not_the_window(qtbot, monkeypatch):
    def endless(_engine, *_arguments):
        while True:
            time.sleep(0.002)
            yield Progress()

    whole = Engine.open
    monkeypatch.setattr(Engine, "open", endless)
    window = make_window("light")
    qtbot.addWidget(window)
    window.show()
    move_in(window, [str(DIABETES)])
    qtbot.waitUntil(window.actions_["cancel"].isEnabled, timeout=5000)
    window.actions_["cancel"].trigger()
    qtbot.waitUntil(lambda: window.viewer is not None, timeout=20000)
    settle(qtbot, window)
    assert window.document.network is None
    monkeypatch.setattr(Engine, "open", whole)
    window.opener.open([str(DIABETES)])
    settle(qtbot, window)
    assert window.document.result is not None
    window.jobs.close()


def test_cancelling_keeps_the_old_picture_and_says_that_it_is_old(diabetes, qtbot):
    document, before = diabetes.document, diabetes.document.result
    document.edit_cell(0, 2, "20.5")
    diabetes.actions_["cancel"].setEnabled(True)
    diabetes.actions_["cancel"].trigger()
    settle(qtbot, diabetes)
    assert document.result is before
    assert document.stale
    diabetes.actions_["run"].trigger()
    settle(qtbot, diabetes)
    assert document.result is not before
    assert not document.stale


def test_views_that_cannot_be_imported_are_one_sentence(qtbot, monkeypatch):
    monkeypatch.setattr("lrp_gui.moving.VIEW_MODULES", ("no_such_module",))
    window = make_window("light")
    qtbot.addWidget(window)
    window.show()
    move_in(window)
    qtbot.waitUntil(lambda: window.messages is not None and window.messages.sentence != "", timeout=10000)
    assert "no_such_module" in window.messages.sentence
    window.jobs.close()


def test_a_dropped_file_is_opened(window, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(DIABETES))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(event)
    settle(qtbot, window)
    assert window.document.network.name == "diabetes"


def test_a_network_without_a_table_starts_at_the_means(window, qtbot, tmp_path):
    for name in ("model_weights.pth", "architecture.json"):
        shutil.copy(DIABETES.with_name(name), tmp_path)
    window.opener.open([str(tmp_path / "model_weights.pth")])
    settle(qtbot, window)
    table = window.document.table
    assert table.samples == 1
    assert table.values[0] == pytest.approx([feature.mean for feature in table.features])
    assert window.document.result is not None


def test_themes_can_be_changed_while_it_shows_something(diabetes, qtbot):
    for name in ("dark", "light", "system"):
        diabetes.actions_[f"theme_{name}"].trigger()
        qtbot.wait(30)
        assert settings.THEME.read() == name
    assert diabetes.actions_["theme_system"].isChecked()


def test_the_window_has_the_programs_icon(window):
    assert not window.windowIcon().pixmap(32, 32).isNull()
