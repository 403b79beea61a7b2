"""The window's end and what leaves it: closing, edits in no file, geometry, export."""

from __future__ import annotations

import os

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from lrp_gui.app import make_window, move_in
from lrp_gui.jobs.steps import run_now
from lrp_gui.project.file import reading
from tests.gui.example import DIABETES, DIGITS, settle


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


def test_closing_with_edits_saved_closes_after_the_file_is_written(edited, qtbot, tmp_path):
    answer(edited, QMessageBox.StandardButton.Save)
    dialog = edited.dialogs.current
    assert isinstance(dialog, QFileDialog)
    path = tmp_path / "edited.lrpx"
    dialog.fileSelected.emit(str(path))
    qtbot.waitUntil(lambda: not edited.isVisible(), timeout=10000)
    assert run_now(reading(str(path))).table.text(0, 2) == "45"
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
