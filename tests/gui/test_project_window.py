"""Projects in the window: save, come back, be asked, be locked out, lose a file, be killed and recover."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import QDir
from PySide6.QtWidgets import QMessageBox

from lrp_gui import recent
from lrp_gui.app import make_window, move_in
from lrp_gui.document import files
from lrp_gui.jobs.steps import run_now
from lrp_gui.project.journal import places, volume
from lrp_gui.project.locking import Lock
from tests.e2e.killed import digest
from tests.gui.example import DIABETES, settle


@pytest.fixture
def study(window, qtbot, tmp_path):
    """A project beside a copy of its weights, saved from the window."""
    folder = tmp_path / "study"
    shutil.copytree(DIABETES.parent, folder)
    window.opener.open([str(folder / DIABETES.name)])
    settle(qtbot, window)
    document = window.document
    document.edit_cell(0, 2, "45")
    document.edit_cell(1, 2, "abc")
    document.rename_layer("fc1", "the first")
    document.set_target("0")
    document.select_sample(5)
    window.table.view.table_model.arranger.filter("age > 50")
    path = folder / "study.lrpx"
    window.session.save_as(str(path))
    settle(qtbot, window)
    return path


def state(window):
    document = window.document
    return digest(document.table, document.settings, document.labels), document.selected_sample


def click(window, role):
    box = window.dialogs.current
    next(button for button in box.buttons() if box.buttonRole(button) == role).click()


def test_a_project_is_what_it_was_when_it_is_opened_again(window, study, qtbot):
    document = window.document
    before = state(window)
    assert window.windowTitle().startswith("study[*]")
    assert not document.modified
    document.edit_cell(3, 2, "1")
    qtbot.waitUntil(window.isWindowModified)
    document.undo()  # undo survives saving
    qtbot.waitUntil(lambda: not window.isWindowModified())
    window.session.begin_new()
    assert document.table is None
    assert window.pages.currentWidget() is window.start
    window.opener.open([str(study)])
    settle(qtbot, window)
    assert state(window) == before
    assert document.cell_text(1, 2) == "abc"
    assert not document.modified
    assert not document.undo_stack.canUndo()
    qtbot.waitUntil(lambda: window.table.view.table_model.arranger.wish.filter == "age > 50")
    assert recent.entries()[0].path == str(study)


def test_a_project_is_saved_beside_its_weights_unless_they_are_an_example(window, study, qtbot):
    window.session.begin_new()
    window.opener.open([str(study.with_name(DIABETES.name))])
    settle(qtbot, window)
    window.actions_["save"].trigger()
    assert window.dialogs.current.directory().absolutePath() == str(study.parent)
    window.dialogs.current.reject()
    window.opener.open([str(DIABETES)])
    settle(qtbot, window)
    window.actions_["save"].trigger()
    assert window.dialogs.current.directory().absolutePath() == QDir.homePath()
    window.dialogs.current.reject()


def test_reverting_goes_back_to_what_was_saved(window, study, qtbot):
    before = state(window)
    window.document.delete_samples(range(100))
    window.actions_["revert"].trigger()
    click(window, QMessageBox.ButtonRole.DestructiveRole)
    qtbot.waitUntil(lambda: not window.document.modified, timeout=10000)
    settle(qtbot, window)
    assert state(window) == before


def test_what_would_be_lost_is_asked_about(window, study, qtbot):
    document = window.document
    document.edit_cell(3, 2, "1")
    edited = state(window)
    window.actions_["new"].trigger()
    window.dialogs.current.button(QMessageBox.StandardButton.Cancel).click()
    assert state(window) == edited
    window.actions_["new"].trigger()
    window.dialogs.current.button(QMessageBox.StandardButton.Save).click()
    qtbot.waitUntil(lambda: document.table is None, timeout=10000)
    window.opener.open([str(study)])
    settle(qtbot, window)
    assert document.cell_text(3, 2) == "1"


def test_a_project_moves_with_its_weights(window, study, qtbot):
    before = state(window)
    window.session.begin_new()
    moved = study.parent.rename(study.parent.with_name("elsewhere"))
    window.opener.open([str(moved / study.name)])
    settle(qtbot, window)
    assert state(window) == before
    assert window.document.file.path == str(moved / DIABETES.name)


def test_missing_weights_are_asked_about_and_lose_nothing(window, study, qtbot):
    before = state(window)
    weights, document = study.with_name(DIABETES.name), window.document
    window.session.begin_new()
    kept = weights.rename(study.parent.parent / "kept.pth")
    window.opener.open([str(study)])
    qtbot.waitUntil(lambda: window.dialogs.current is not None, timeout=10000)
    assert "not where it was" in window.dialogs.current.text()
    click(window, QMessageBox.ButtonRole.DestructiveRole)  # open without
    qtbot.waitUntil(lambda: document.obstacle is not None, timeout=10000)
    assert document.obstacle.kind == files.FAILED
    assert "bytes" not in window.browser.file.toPlainText()  # nothing is known of it
    window.session.save()  # nothing of what waits for the network is lost by that
    settle(qtbot, window)
    kept.rename(weights)
    window.opener.load_again()
    settle(qtbot, window)
    assert state(window) == before


def test_changed_weights_are_asked_about(window, study, qtbot):
    weights, document = study.with_name(DIABETES.name), window.document
    window.session.begin_new()
    with weights.open("ab") as stream:
        stream.write(b"\0" * 10)
    window.opener.open([str(study)])
    qtbot.waitUntil(lambda: window.dialogs.current is not None, timeout=10000)
    assert "not the file" in window.dialogs.current.text()
    window.dialogs.current.button(QMessageBox.StandardButton.Cancel).click()
    settle(qtbot, window)
    assert document.table is None


def test_a_project_that_is_open_elsewhere_opens_as_a_copy(window, study, qtbot):
    before = state(window)
    window.session.begin_new()
    other = Lock()
    assert not other.take(str(study))
    window.opener.open([str(study)])
    qtbot.waitUntil(lambda: window.dialogs.current is not None, timeout=10000)
    click(window, QMessageBox.ButtonRole.AcceptRole)
    qtbot.waitUntil(lambda: window.document.table is not None, timeout=10000)
    settle(qtbot, window)
    assert state(window) == before
    assert not window.session.path
    other.release()


def test_saving_where_nothing_can_be_written_is_one_sentence(window, study, qtbot):
    window.document.edit_cell(3, 2, "1")
    with qtbot.waitSignal(window.document.message, timeout=10000) as told:
        window.session.save_as(str(study.parent / "no" / "folder.lrpx"))
    where = study.parent / "no"
    assert told.args[0].sentence.startswith(f"folder.lrpx cannot be written in {where}: No such file or directory.")
    assert window.document.modified
    assert window.session.path == str(study)


def test_work_of_a_program_that_ended_is_offered_back(diabetes, qtbot):
    document = diabetes.document
    document.edit_cell(0, 2, "45")
    document.delete_samples([3, 4])
    document.undo()
    document.rename_layer("fc1", "the first")
    document.set_target("0")
    before = state(diabetes)[0]
    diabetes.jobs.close()  # what is left is written, and nothing is taken away: as after a kill
    for lock in places.journals().glob("*/lock"):
        lock.unlink()
    again = make_window("light")
    qtbot.addWidget(again, before_close_func=lambda window: window.jobs.close())
    again.show()
    move_in(again)
    qtbot.waitUntil(lambda: again.recovery is not None and again.recovery.isVisible(), timeout=20000)
    assert "diabetes was saved" in again.recovery.sentence
    again.recovery.recover.click()
    qtbot.waitUntil(lambda: again.document.table is not None, timeout=20000)
    settle(qtbot, again)
    assert state(again)[0] == before
    assert again.document.modified
    assert not again.recovery.isVisible()
    # Its own journal takes over; the one that was found is gone then.
    qtbot.waitUntil(lambda: len(list(places.journals().glob("*/*/*.base"))) == 1, timeout=10000)
    again.document.discard_edits()
    again.close()
    assert not list(places.journals().glob("*/*"))


def test_a_torn_last_record_is_dropped(diabetes, qtbot):
    document = diabetes.document
    for text in ("1", "2", "3"):
        document.edit_cell(0, 2, text)
    diabetes.jobs.close()
    log = next(places.journals().glob("*/*/1.log"))
    log.write_bytes(log.read_bytes()[:-3])
    assert run_now(volume.replaying(log.parent)).table.text(0, 2) == "2"


def test_the_history_goes_to_a_step(diabetes, qtbot):
    document = diabetes.document
    for text in ("1", "2", "3"):
        document.edit_cell(0, 2, text)
    steps = diabetes.furniture.history.steps
    assert steps.model().rowCount() == 4
    steps.setCurrentIndex(steps.model().index(1, 0))
    assert document.cell_text(0, 2) == "1"


def test_a_layer_is_called_what_somebody_types(diabetes, qtbot):
    tree, document = diabetes.browser.layers, diabetes.document
    at = tree.model().index_of("fc1")
    tree.setCurrentIndex(at)
    assert tree.model().setData(at, "the first")
    assert at.data() == "the first"
    document.undo()
    assert at.data() == "fc1"
    assert not tree.model().setData(tree.model().index_of("x"), "inputs keep their names")
