"""Opening files in the real window: what a file holds comes first, its network follows, and nothing is ever lost."""

from __future__ import annotations

import shutil
import time

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest

from lrp_gui.document.files import ARCHITECTURE, CONSENT, FAILED, LOADING, REFUSED, STOPPED, SizeRow
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.steps import Progress
from tests.gui.example import DIABETES, DIGITS, TABLE, settle, situation
from tests.gui.opening import ARCHITECTURE as DESCRIBED
from tests.gui.opening import bare, hostile, program


def opened(window, qtbot, *paths):
    window.opener.open([str(path) for path in paths])
    settle(qtbot, window)
    return window.document.obstacle


def dialog(window, qtbot, action):
    """The dialog that an action opens, once the worker has answered it."""
    assert window.actions_[action].isEnabled()
    window.actions_[action].trigger()
    settle(qtbot, window)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    return window.dialogs.current


# ------------------------------------------------------------------------------------------- two steps


def test_what_a_file_holds_is_shown_before_its_network_is_there(window, qtbot, monkeypatch):
    whole = Engine.open

    def waiting(engine, source, table=""):
        while not let_go:
            time.sleep(0.002)
            yield Progress()
        return (yield from whole(engine, source, table))

    let_go = []
    monkeypatch.setattr(Engine, "open", waiting)
    window.opener.open([str(DIABETES)])
    qtbot.waitUntil(lambda: window.document.file is not None, timeout=10000)
    assert window.document.network is None
    assert window.document.obstacle.kind == LOADING
    assert window.browser.tensors.count == 6
    assert "PyTorch" in window.browser.file.toPlainText()
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.obstacle)
    let_go.append(True)
    settle(qtbot, window)
    assert window.document.result is not None
    assert window.document.obstacle is None
    assert window.pages.currentWidget() is window.viewer
    assert not window.document.undo_stack.canUndo()  # the first file is where history begins


def test_both_steps_are_one_edit(diabetes, qtbot):
    before = situation(diabetes)
    opened(diabetes, qtbot, DIGITS)
    assert diabetes.document.network.name == "digits"
    assert diabetes.document.undo_stack.count() == 1
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert situation(diabetes)[:2] == before[:2]
    assert diabetes.document.file.name == "model_weights.pth"
    diabetes.document.undo_stack.redo()
    settle(qtbot, diabetes)
    assert diabetes.document.network.name == "digits"
    assert diabetes.document.result is not None


def test_stopping_leaves_the_file_and_loading_again_goes_on(window, qtbot, monkeypatch):
    def endless(_engine, *_arguments):
        while True:
            time.sleep(0.002)
            yield Progress()

    whole = Engine.open
    monkeypatch.setattr(Engine, "open", endless)
    window.opener.open([str(DIABETES)])
    qtbot.waitUntil(lambda: window.document.file is not None, timeout=10000)
    qtbot.waitUntil(window.actions_["cancel"].isEnabled)
    window.actions_["cancel"].trigger()
    settle(qtbot, window)
    assert window.document.obstacle.kind == STOPPED
    assert window.browser.tensors.count == 6
    monkeypatch.setattr(Engine, "open", whole)
    qtbot.waitUntil(window.obstacle.buttons["load_again"].isVisible)
    window.obstacle.buttons["load_again"].click()
    settle(qtbot, window)
    assert window.document.result is not None


def test_undo_while_it_loads_gives_up_and_redo_takes_it_up_again(diabetes, qtbot, monkeypatch):
    def endless(_engine, *_arguments):
        while True:
            time.sleep(0.002)
            yield Progress()

    whole = Engine.open
    monkeypatch.setattr(Engine, "open", endless)
    diabetes.opener.open([str(DIGITS)])
    qtbot.waitUntil(lambda: diabetes.document.file.name == "digits.pt2", timeout=10000)
    monkeypatch.setattr(Engine, "open", whole)
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert diabetes.document.network.name == "diabetes"
    assert diabetes.document.result is not None
    diabetes.document.undo_stack.redo()
    settle(qtbot, diabetes)
    assert diabetes.document.network.name == "digits"
    assert diabetes.document.result is not None


def test_another_file_while_one_loads_takes_its_place(window, qtbot):
    window.opener.open([str(DIABETES)])
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    assert window.document.network.name == "digits"
    assert window.document.result is not None


# ------------------------------------------------------------------------------------------- what cannot run


def test_a_fault_while_loading_leaves_the_file_and_its_details(diabetes, qtbot, monkeypatch):
    def broken(_engine, *_arguments):
        yield Progress()
        raise RuntimeError("boom")

    monkeypatch.setattr(Engine, "open", broken)
    before = situation(diabetes)
    obstacle = opened(diabetes, qtbot, DIGITS)
    assert obstacle.kind == FAILED
    assert "boom" in obstacle.sentence
    assert "RuntimeError" in obstacle.details
    assert diabetes.browser.tensors.count > 0
    diabetes.obstacle.back.click()
    settle(qtbot, diabetes)
    assert situation(diabetes)[:4] == before[:4]
    assert diabetes.document.result.explained == before[-1]


def test_a_refused_file_shows_what_it_would_have_called_and_runs_nothing(diabetes, qtbot, tmp_path):
    path, mark = hostile(tmp_path)
    obstacle = opened(diabetes, qtbot, path)
    assert obstacle.kind == REFUSED
    assert "eval" in diabetes.obstacle.calls.list.toPlainText()
    enabled = {name for name in ("candidates", "consent", "load_again") if diabetes.actions_[name].isEnabled()}
    assert not enabled
    diabetes.opener.load_again()
    settle(qtbot, diabetes)
    assert not mark.exists()
    assert diabetes.document.network is None


def test_bare_weights_are_connected_by_a_candidate(window, qtbot, tmp_path):
    obstacle = opened(window, qtbot, bare(tmp_path), TABLE)
    assert obstacle.kind == ARCHITECTURE
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.obstacle)
    choice = dialog(window, qtbot, "candidates")
    qtbot.waitUntil(choice.open_button.isEnabled, timeout=10000)
    assert choice.row.kind == "chain"
    choice.open_button.click()
    settle(qtbot, window)
    assert window.document.network is not None
    assert any("ssumed" in note for note in window.document.network.notes)
    assert window.document.result is not None
    assert not window.document.undo_stack.canUndo()  # connecting is a part of opening


def test_a_correction_is_checked_while_it_is_typed(window, qtbot, tmp_path):
    opened(window, qtbot, bare(tmp_path))
    choice = dialog(window, qtbot, "candidates")
    qtbot.waitUntil(choice.open_button.isEnabled, timeout=10000)
    whole = choice.editor.toPlainText()
    choice.editor.setPlainText(whole.replace('"out_features": 16', '"out_features": 17'))
    assert not choice.open_button.isEnabled()
    qtbot.waitUntil(lambda: choice.editor.marked > 0, timeout=10000)
    assert '"fc2"' in choice.editor.toPlainText().splitlines()[choice.editor.marked - 1]
    assert "17" in choice.verdict.text()
    choice.editor.setPlainText(whole)
    qtbot.waitUntil(choice.open_button.isEnabled, timeout=10000)
    choice.save_button.click()
    assert (tmp_path / "bare.architecture.json").read_text().strip() == whole.strip()
    choice.reject()
    obstacle = opened(window, qtbot, tmp_path / "bare.pth")
    assert obstacle is None  # what lies beside is found
    assert window.document.network is not None


def test_an_architecture_opened_later_connects_what_waits(window, qtbot, tmp_path):
    opened(window, qtbot, bare(tmp_path))
    assert opened(window, qtbot, DESCRIBED) is None
    assert window.document.network.name == "diabetes"


def test_weights_and_what_connects_them_are_one_network(window, qtbot, tmp_path):
    assert opened(window, qtbot, bare(tmp_path), DESCRIBED, TABLE) is None
    assert window.document.network.name == "diabetes"
    assert window.document.table.samples == 442
    assert window.document.file.name == "bare.pth"


def test_what_is_left_out_is_said(window, qtbot, tmp_path):
    opened(window, qtbot, DIABETES, TABLE, shutil.copy(TABLE, tmp_path / "second.csv"))
    assert window.document.network is not None
    assert "second.csv" in window.messages.sentence


# ------------------------------------------------------------------------------------------- programs


def test_a_program_runs_only_after_a_tick_and_a_click(window, qtbot, tmp_path):
    path, mark = program(tmp_path)
    obstacle = opened(window, qtbot, bare(tmp_path), path)
    assert obstacle.kind == CONSENT
    question = dialog(window, qtbot, "consent")
    qtbot.waitUntil(question.trusts.isEnabled, timeout=20000)
    assert str(path) == question.where.text()
    assert not mark.exists()
    QTest.keyClick(question, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert window.document.network is None
    assert not mark.exists()
    question = dialog(window, qtbot, "consent")
    qtbot.waitUntil(question.trusts.isEnabled, timeout=20000)
    question.trusts.click()
    assert not mark.exists()
    question.run.click()
    settle(qtbot, window)
    assert mark.exists()
    assert window.document.network is not None
    assert window.document.result is not None


def test_consent_holds_for_this_content_in_this_session(window, qtbot, tmp_path):
    path, mark = program(tmp_path)
    weights = bare(tmp_path)
    opened(window, qtbot, weights, path)
    question = dialog(window, qtbot, "consent")
    qtbot.waitUntil(question.trusts.isEnabled, timeout=20000)
    question.trusts.click()
    question.run.click()
    settle(qtbot, window)
    assert window.document.network is not None
    assert opened(window, qtbot, weights, path) is None  # not asked again
    mark.unlink()
    path.write_text(path.read_text() + "# another program\n")
    obstacle = opened(window, qtbot, weights, path)
    assert obstacle.kind == CONSENT
    assert not mark.exists()


# ------------------------------------------------------------------------------------------- sizes, drops


def test_other_sizes_load_the_network_anew_and_can_be_undone(diabetes, qtbot, monkeypatch):
    from dataclasses import replace

    whole, asked = Engine.open, []

    def sized(engine, source, table=""):
        asked.append(source.sizes)
        found = yield from whole(engine, replace(source, sizes=()), table)
        rows = (SizeRow("sequence", dict(source.sizes).get("sequence", 16)),)
        return replace(found, network=replace(found.network, sizes=rows))

    monkeypatch.setattr(Engine, "open", sized)
    opened(diabetes, qtbot, DIGITS)
    assert diabetes.actions_["sizes"].isEnabled()
    question = dialog(diabetes, qtbot, "sizes")
    question.lines["sequence"].setText("24")
    question.ok.click()
    settle(qtbot, diabetes)
    assert asked == [(), (("sequence", 24),)]
    assert diabetes.document.network.sizes[0].size == 24
    assert "sequence = 24" in diabetes.browser.file.toPlainText()
    diabetes.document.undo_stack.undo()
    settle(qtbot, diabetes)
    assert diabetes.document.network.sizes[0].size == 16


def test_files_dropped_together_are_opened_together(window, qtbot, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (DESCRIBED, bare(tmp_path), TABLE)])
    left, none, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    window.dragEnterEvent(QDragEnterEvent(QPoint(5, 5), copy, data, left, none))
    assert window._hint.isVisible()
    window.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, none))
    assert not window._hint.isVisible()
    settle(qtbot, window)
    assert window.document.network.name == "diabetes"
    assert window.document.table.samples == 442


@pytest.mark.parametrize("action", ["open", "open_architecture"])
def test_the_file_dialogs_let_every_format_through(window, qtbot, action):
    window.actions_[action].trigger()
    filters = " ".join(window.dialogs.current.nameFilters())
    suffixes = {"open": "pt pth bin ckpt tar pt2 safetensors onnx npz json", "open_architecture": "json onnx pt2 py"}
    assert all(f"*.{suffix}" in filters for suffix in suffixes[action].split())
    window.dialogs.current.close()
