"""The window on the shipped examples, with the real engine: what a person does, and what can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from lrp_gui import settings
from lrp_gui.app import make_window, move_in
from lrp_gui.document import commands
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.steps import Progress
from lrp_gui.settings import EXAMPLES

DIABETES, DIGITS = (one.path() for one in EXAMPLES)
TABLE = DIABETES.with_name("diabetes.csv")


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    window = make_window("light")
    qtbot.addWidget(window)
    window.resize(1300, 800)
    window.show()
    move_in(window)
    with qtbot.waitSignal(window.furnished, timeout=20000):
        pass
    yield window
    window.jobs.close()


def settle(qtbot, window):
    """Until nothing is due, running, or on its way."""
    qtbot.waitUntil(lambda: not window.jobs.busy and not window.explainer.busy, timeout=30000)


@pytest.fixture
def diabetes(window, qtbot):
    window.opener.open([str(DIABETES)])
    settle(qtbot, window)
    assert window.document.result is not None
    return window


def situation(window):
    """All that a failure has to leave alone."""
    document = window.document
    table = document.table
    return (
        document.network,
        table.values.tobytes() if table else None,
        dict(table.typed) if table else None,
        document.settings,
        document.selected_sample,
        document.undo_stack.count(),
        document.result.explained if document.result else None,
    )


# ------------------------------------------------------------------------------------------------------- the main story


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
    monkeypatch.setattr("lrp_gui.window.VIEW_MODULES", ("no_such_module",))
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


# ------------------------------------------------------------------------------- bad input: one sentence, nothing lost


def copied(tmp_path, **changes):
    """The diabetes example in a folder of its own; `architecture` edits its JSON."""
    shutil.copy(DIABETES, tmp_path)
    architecture = json.loads(DIABETES.with_name("architecture.json").read_text())
    changes.get("architecture", lambda _one: None)(architecture)
    (tmp_path / "architecture.json").write_text(json.dumps(architecture))
    return tmp_path / DIABETES.name


def missing(tmp_path):
    return [tmp_path / "gone.pth"]


def no_weights(tmp_path):
    path = tmp_path / "notes.pth"
    path.write_text("these are no weights")
    return [path]


def without_architecture(tmp_path):
    return [shutil.copy(DIABETES, tmp_path)]


def architecture_that_does_not_fit(tmp_path):
    def wider(architecture):
        architecture["layers"][0]["parameters"]["out_features"] = 33

    return [copied(tmp_path, architecture=wider)]


def csv(lines):
    def make(tmp_path):
        path = tmp_path / "table.csv"
        path.write_text(lines)
        return [path]

    return make


HEADER, FIRST = TABLE.read_text().splitlines()[:2]
BAD_FILES = {
    "missing file": (missing, ["gone.pth"]),
    "not a weight file": (no_weights, ["notes.pth"]),
    "no architecture": (without_architecture, ["architecture"]),
    "architecture does not fit": (architecture_that_does_not_fit, ["fc1", "33", "32"]),
    "missing table": (lambda tmp_path: [tmp_path / "gone.csv"], ["gone.csv"]),
    "too few columns": (csv("age,sex\n1,2\n"), ["lacks", "bmi"]),
    "too many unnamed columns": (csv(",".join(map(str, range(13))) + "\n"), ["13 columns", "10"]),
    "empty table": (csv(""), ["empty"]),
    "ragged table": (csv(f"{HEADER}\n1,2,3\n"), ["Line 2"]),
    "architecture alone": (lambda _tmp_path: [DIABETES.with_name("architecture.json")], ["weight file"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_used_says_so_and_loses_nothing(diabetes, qtbot, tmp_path, name):
    make, words = BAD_FILES[name]
    diabetes.document.edit_cell(3, 2, "typed")
    settle(qtbot, diabetes)
    before = situation(diabetes)
    diabetes.opener.open([str(path) for path in make(tmp_path)])
    settle(qtbot, diabetes)
    sentence = diabetes.messages.sentence
    assert sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert all(word in sentence for word in words), sentence
    assert situation(diabetes) == before
    diabetes.messages.dismiss()
    assert not diabetes.messages.isVisible()


def test_a_state_dict_asks_for_its_architecture_and_takes_it(window, qtbot, tmp_path):
    weights = shutil.copy(DIABETES, tmp_path)
    window.opener.open([weights])
    settle(qtbot, window)
    assert window.messages._remedy.isVisible()
    window.opener.open([str(DIABETES.with_name("architecture.json"))])
    settle(qtbot, window)
    assert window.document.network.name == "diabetes"
    assert not window.messages.isVisible()


def test_reordered_columns_are_matched_by_name(diabetes, qtbot, tmp_path):
    names, first = HEADER.split(","), FIRST.split(",")
    order = list(reversed(range(len(names))))
    path = tmp_path / "reordered.csv"
    path.write_text("\n".join(",".join(line[i] for i in order) for line in (names, first)) + "\n")
    before = diabetes.document.result.explained
    diabetes.opener.open([str(path)])
    settle(qtbot, diabetes)
    assert diabetes.document.table.samples == 1
    assert diabetes.document.result.explained == pytest.approx(before, rel=1e-6)


@pytest.mark.parametrize("typed", ["heavy", "nan", "inf", "", "1e999", "27,5"])
def test_a_bad_cell_is_marked_its_row_is_not_explained_the_others_are(diabetes, qtbot, typed):
    document = diabetes.document
    document.edit_cell(1, 2, typed)
    settle(qtbot, diabetes)
    assert document.selected_sample == 1
    assert document.result is None
    assert document.problem.startswith("Sample 2 is not explained: bmi")
    assert "1 sample is not explained" in diabetes.status.problem.text()
    assert np.isnan(document.table_result.explained[1])
    assert not np.isnan(np.delete(document.table_result.explained, 1)).any()
    assert document.table.text(1, 2) == typed
    document.select_sample(0)
    settle(qtbot, diabetes)
    assert document.result is not None
    assert document.problem == ""
    document.edit_cell(1, 2, "30")
    settle(qtbot, diabetes)
    assert document.result.row == 1
    assert not np.isnan(document.table_result.explained).any()


@pytest.mark.parametrize("target", ["7", "nobody", "0-0", "-"])
def test_a_target_out_of_range_says_so_and_can_be_undone(diabetes, qtbot, target):
    document = diabetes.document
    document.set_target(target)
    settle(qtbot, diabetes)
    assert document.result is None
    assert document.problem
    assert diabetes.target.currentText() == target
    document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert document.problem == ""
    assert document.result is not None


def test_a_table_given_with_the_network_that_does_not_fit_opens_the_network_alone(window, qtbot, tmp_path):
    (table,) = csv("age,sex\n1,2\n")(tmp_path)
    window.opener.open([str(DIABETES), str(table)])
    settle(qtbot, window)
    assert window.document.network.name == "diabetes"
    assert window.document.table.samples == 1
    assert "lacks" in window.messages.sentence


def test_a_table_without_a_network_waits_for_one(window, qtbot):
    window.opener.open([str(TABLE)])
    settle(qtbot, window)
    assert "Open a network first" in window.messages.sentence
    assert window.pages.currentWidget() is window.start


def test_a_table_that_cannot_be_written_says_so(diabetes, tmp_path):
    diabetes.dialogs._write_table(str(tmp_path / "no" / "such" / "folder.csv"))
    assert "cannot be written" in diabetes.messages.sentence


def test_a_saved_table_opens_as_it_was(diabetes, qtbot, tmp_path):
    document = diabetes.document
    document.edit_cell(5, 2, "about 27")
    document.edit_cell(6, 3, "0.1")
    path = str(tmp_path / "saved.csv")
    diabetes.dialogs._write_table(path)
    values, typed = document.table.values.copy(), dict(document.table.typed)
    diabetes.opener.open([path])
    settle(qtbot, diabetes)
    assert np.array_equal(document.table.values, values, equal_nan=True)
    assert document.table.typed == typed
    assert [column.name for column in document.table.extras] == ["progression", "above_median"]


def test_closing_while_the_engine_starts_leaves_no_thread(qtbot):
    window = make_window("light")
    qtbot.addWidget(window)
    window.show()
    move_in(window, [str(DIABETES)])
    window.close()
    assert not window.isVisible()


def test_the_window_comes_back_as_it_was_left(diabetes, qtbot):
    diabetes.actions_["tint"].trigger()
    diabetes.resize(790, 560)
    diabetes.close()
    again = make_window("light")
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (790, 560)
    assert again.actions_["tint"].isChecked()
    again.jobs.close()


@pytest.fixture
def edited(diabetes, qtbot):
    diabetes.document.edit_cell(0, 2, "45")
    settle(qtbot, diabetes)
    diabetes.close()
    return diabetes


def answer(window, button):
    window.dialogs.current.button(button).click()


def test_closing_with_edits_asks_and_cancel_stays(edited):
    assert edited.isVisible()
    assert "diabetes.csv" in edited.dialogs.current.text()
    answer(edited, QMessageBox.StandardButton.Cancel)
    assert edited.isVisible()
    assert edited.document.unsaved_tables()


def test_closing_with_edits_discarded_closes(edited):
    answer(edited, QMessageBox.StandardButton.Discard)
    assert not edited.isVisible()


def test_closing_with_edits_saved_closes_after_the_file_is_written(edited, tmp_path):
    answer(edited, QMessageBox.StandardButton.Save)
    dialog = edited.dialogs.current
    assert isinstance(dialog, QFileDialog)
    path = tmp_path / "edited.csv"
    dialog.fileSelected.emit(str(path))
    assert not edited.isVisible()
    assert path.read_text().splitlines()[1].split(",")[2] == "45"
    dialog.close()


def test_edits_that_were_undone_are_not_asked_about(diabetes):
    diabetes.document.edit_cell(0, 2, "45")
    diabetes.document.undo_stack.undo()
    diabetes.close()
    assert not diabetes.isVisible()


def test_edits_of_a_table_that_was_replaced_are_asked_about(diabetes, qtbot):
    first = diabetes.document.table
    diabetes.document.edit_cell(0, 2, "45")
    diabetes.opener.open([str(DIGITS)])
    settle(qtbot, diabetes)
    assert diabetes.document.unsaved_tables() == [first]


def test_small_windows_keep_the_most_for_the_picture(diabetes, qtbot):
    diabetes.resize(1024, 700)
    QApplication.processEvents()
    browser, table = diabetes.furniture.docks
    assert browser.width() <= 0.29 * 1024
    assert table.height() <= 0.36 * 700


def test_export_opens_without_blocking(diabetes, qtbot):
    diabetes.actions_["export"].trigger()
    dialog = diabetes.dialogs.current
    assert dialog.isVisible()
    dialog.close()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs an unwritable place")
def test_export_to_an_unwritable_place_says_so(diabetes, qtbot, tmp_path):
    diabetes.actions_["export"].trigger()
    dialog = diabetes.dialogs.current
    with qtbot.waitSignal(dialog.failed) as failed:
        dialog.save_to(tmp_path / "no" / "such" / "folder" / "picture.png")
    assert "\n" not in failed.args[0]
    assert dialog.isVisible()
    dialog.close()
