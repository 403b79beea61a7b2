"""Rules in the whole window: an edit explains again, is told wherever the composite is, and goes to a file and back."""

from __future__ import annotations

import json

import pytest
from PySide6.QtTest import QTest

from lrp_gui.browser.layers_model import RULE
from tests.gui.example import settle


def rule_of(result, layer):
    return {row.layer: row.rule for row in result.ledger}[layer]


def dense(window):
    return next(layer.path for layer in window.document.network.layers if layer.operation == "Linear")


def give(window, qtbot, text, path=""):
    model = window.browser.layers.tree
    assert model.setData(model.index_of(path or dense(window)).siblingAtColumn(RULE), text)
    settle(qtbot, window)


def test_an_edited_rule_explains_again_and_undo_brings_the_old_explanation_back(diabetes, qtbot):
    window, document = diabetes, diabetes.document
    before = document.result
    give(window, qtbot, "gamma(gamma=2)")
    assert rule_of(document.result, dense(window)).startswith("gamma(gamma=2")
    assert document.result.composite == "epsilon_plus, edited"
    assert window.composite.currentText() == "epsilon_plus, edited"
    assert document.table_result.explained[0] == pytest.approx(document.result.explained, rel=1e-6)
    assert document.result.inputs["x"].tolist() != before.inputs["x"].tolist()
    assert window.actions_["undo"].text() == f"Undo Rule of {dense(window)}"
    window.actions_["undo"].trigger()
    settle(qtbot, window)
    assert document.result.inputs["x"].tolist() == before.inputs["x"].tolist()


def test_reset_stands_in_the_menu_while_there_is_something_to_reset(diabetes, qtbot):
    reset = diabetes.actions_["reset_rules"]
    assert not reset.isEnabled()
    give(diabetes, qtbot, "gamma")
    assert reset.isEnabled()
    reset.trigger()
    settle(qtbot, diabetes)
    assert diabetes.document.result.composite == "epsilon_plus"
    assert not reset.isEnabled()


def test_the_composite_goes_to_a_file_that_the_command_line_reads_too(diabetes, qtbot, tmp_path):
    from lrp_engine.cli import _composite

    give(diabetes, qtbot, "gamma(gamma=2)")
    path = tmp_path / "mine.json"
    diabetes.actions_["save_composite"].trigger()
    diabetes.dialogs.current.fileSelected.emit(str(path))
    diabetes.dialogs.current.close()
    assert _composite(str(path)).name == "epsilon_plus, edited"
    diabetes.document.set_composite("epsilon")
    diabetes.actions_["open_composite"].trigger()
    diabetes.dialogs.current.filesSelected.emit([str(path)])
    diabetes.dialogs.current.close()
    settle(qtbot, diabetes)
    assert rule_of(diabetes.document.result, dense(diabetes)).startswith("gamma(gamma=2")
    path.write_text(json.dumps({"name": "mine", "entries": 3}))
    diabetes.dialogs._take_composite(str(path))
    assert "mine.json" in diabetes.messages.sentence


def test_an_edit_that_finds_nothing_in_this_network_is_said_where_it_can_be_mended(diabetes, qtbot, tmp_path):
    path = tmp_path / "other.json"
    entries = [{"select": {"layer": "elsewhere.*"}, "rule": {"name": "gamma"}}]
    path.write_text(json.dumps({"name": "other", "entries": entries}))
    diabetes.dialogs._take_composite(str(path))
    settle(qtbot, diabetes)
    assert "elsewhere.*" in diabetes.document.problem
    diabetes.actions_["rules"].trigger()
    dialog = diabetes.dialogs._rules
    assert "elsewhere.*" in dialog.trouble.text()
    dialog.close()


def test_the_dialog_stands_beside_the_window_once(diabetes, qtbot):
    diabetes.actions_["rules"].trigger()
    first = diabetes.dialogs._rules
    diabetes.actions_["rules"].trigger()
    assert diabetes.dialogs._rules is first
    diabetes.document.select_layer(dense(diabetes))
    first.form.rule.setCurrentIndex(first.form.rule.findText("zplus"))
    first.form.apply.click()
    settle(qtbot, diabetes)
    assert rule_of(diabetes.document.result, dense(diabetes)).startswith("zplus")
    first.close()
    qtbot.waitUntil(lambda: diabetes.dialogs._rules is None)


def test_find_and_f3_lead_through_the_model_from_anywhere(diabetes, qtbot):
    diabetes.viewer.setFocus()
    diabetes.actions_["find"].trigger()
    assert diabetes.browser.search.box.hasFocus()
    QTest.keyClicks(diabetes.browser.search.box, "fc")
    diabetes.viewer.setFocus()
    for by in ("find_next", "find_next", "find_previous"):
        diabetes.actions_[by].trigger()
    qtbot.waitUntil(lambda: diabetes.browser.search.count.text().startswith("1 of"))
    chosen = diabetes.browser.layers.currentIndex().siblingAtColumn(0).data()
    assert diabetes.document.selected_layer == chosen
    qtbot.waitUntil(lambda: diabetes.viewer.selection.layer == chosen)


def test_a_network_that_is_loaded_anew_keeps_its_rules(diabetes, qtbot):
    give(diabetes, qtbot, "gamma")
    document = diabetes.document
    diabetes.opener.load(document.network.source)
    qtbot.waitUntil(lambda: document.undo_stack.count() == 2, timeout=30_000)
    settle(qtbot, diabetes)
    assert document.result.composite == "epsilon_plus, edited"
    at = diabetes.browser.layers.tree.index_of(dense(diabetes)).siblingAtColumn(RULE)
    assert at.data() == "gamma"
