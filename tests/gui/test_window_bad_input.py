"""The window given what it cannot use: one sentence, and nothing lost."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.gui.example import DIABETES, TABLE, settle, situation


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


NOT_RUNNING = {
    "no architecture": (without_architecture, ["connected"]),
    "architecture does not fit": (architecture_that_does_not_fit, ["fc1", "33", "32"]),
}


@pytest.mark.parametrize("name", NOT_RUNNING)
def test_a_file_that_does_not_run_can_be_looked_at_and_one_undo_brings_all_back(diabetes, qtbot, tmp_path, name):
    make, words = NOT_RUNNING[name]
    diabetes.document.edit_cell(3, 2, "typed")
    settle(qtbot, diabetes)
    before = situation(diabetes)
    diabetes.opener.open([str(path) for path in make(tmp_path)])
    settle(qtbot, diabetes)
    assert all(word in diabetes.obstacle.sentence.text() for word in words), diabetes.obstacle.sentence.text()
    assert "\n" not in diabetes.obstacle.sentence.text()
    qtbot.waitUntil(lambda: diabetes.pages.currentWidget() is diabetes.obstacle)
    assert diabetes.browser.tensors.count == 6
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    after = situation(diabetes)
    assert after[:5] == before[:5]
    assert after[-1] == pytest.approx(before[-1]) if before[-1] is not None else after[-1] is None


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


@pytest.mark.parametrize("typed", ["heavy", "nan", "inf", "", "1e999", "1,234"])
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


def test_a_table_that_cannot_be_written_says_so(diabetes, qtbot, tmp_path):
    diabetes.dialogs._table_export().save(diabetes.document.table, str(tmp_path / "no" / "such" / "folder.csv"))
    settle(qtbot, diabetes)
    assert "cannot be written" in diabetes.messages.sentence


def test_a_saved_table_opens_as_it_was(diabetes, qtbot, tmp_path):
    document = diabetes.document
    document.edit_cell(5, 2, "about 27")
    document.edit_cell(6, 3, "0.1")
    path = str(tmp_path / "saved.csv")
    diabetes.dialogs._table_export().save(document.table, path)
    settle(qtbot, diabetes)
    values, typed = document.table.values.copy(), dict(document.table.typed)
    diabetes.opener.open([path])
    settle(qtbot, diabetes)
    assert np.array_equal(document.table.values, values, equal_nan=True)
    assert document.table.typed == typed
    assert [column.name for column in document.table.extras] == ["progression", "above_median"]
