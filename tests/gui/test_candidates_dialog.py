"""The dialog in which somebody says how tensors are connected: choosing, correcting, checking, saving, opening."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from lrp_gui import settings
from lrp_gui.document.files import Check, Misfit, Source
from lrp_gui.opening.candidate_list import CandidatesModel, fit_text
from lrp_gui.opening.candidates import CandidatesDialog
from lrp_gui.theme import DARK, LIGHT
from tests.gui.opening import CHAIN, FAMILY, PARTIAL, STRANGE, FakeConnector

ROWS = (CHAIN, PARTIAL, FAMILY, STRANGE)
FITS = Check("It fits: all 6 tensors are used.", assumptions=("ReLU stands between.",))
MISFITS = Check("2 things do not fit.", (Misfit("The layer “fc1” is odd.", 3), Misfit("So is <the> other.", 0)))


@pytest.fixture
def connector(tmp_path):
    return FakeConnector(Source(str(tmp_path / "weights.pth"), "given.json"))


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def dialog(qtbot, connector, request):
    dialog = CandidatesDialog(connector, request.param)
    qtbot.addWidget(dialog)
    dialog.open()
    connector.candidates_found.emit(ROWS)
    return dialog


def choose(dialog, number):
    dialog.list.setCurrentIndex(dialog.list.candidates.index(number))


def test_the_list_keeps_qts_rules(qapp, qtmodeltester):
    model = CandidatesModel(ROWS)
    qtmodeltester.check(model)
    model.show_rows(())
    assert model.rowCount() == 0


def test_each_candidate_says_what_it_is_and_how_well_it_fits(qapp):
    model = CandidatesModel(ROWS)
    spoken = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(len(ROWS))]
    assert all(row.title in text and row.reason in text for row, text in zip(ROWS, spoken, strict=True))
    assert [fit_text(row) for row in ROWS] == [
        "fits, 90 % sure",
        "1 problem",
        "fits, 80 % sure",
        "1 problem",
    ]


def test_the_best_one_is_chosen_shown_and_checked_at_once(dialog, connector):
    assert dialog.row is CHAIN
    assert dialog.editor.toPlainText() == CHAIN.text
    assert connector.asked == ["candidates", CHAIN.text]
    assert connector.soon == [False]
    assert "ReLU stands between." in dialog.why.toPlainText()
    assert not dialog.open_button.isEnabled()  # not before it was checked


def test_what_fits_can_be_opened_with_the_text_as_it_stands(dialog, connector, qtbot):
    connector.checked.emit(FITS)
    assert dialog.verdict.text() == "It fits: all 6 tensors are used."
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.open_button.click()
    assert chosen.args[0] == Source(connector.source.path, text=CHAIN.text)
    assert not dialog.isVisible()


def test_return_in_the_list_opens_what_fits(dialog, connector, qtbot):
    connector.checked.emit(FITS)
    dialog.list.setFocus()
    with qtbot.waitSignal(dialog.chosen):
        QTest.keyClick(dialog.list, Qt.Key.Key_Return)


def test_typing_is_checked_soon_and_what_does_not_fit_is_marked(dialog, connector):
    QTest.keyClicks(dialog.editor, "x")
    assert connector.asked[-1] == f"x{CHAIN.text}"
    assert connector.soon[-1] is True
    assert not dialog.open_button.isEnabled()
    connector.checked.emit(MISFITS)
    assert dialog.editor.marked == 3
    assert dialog.verdict.text() == "Line 3: The layer “fc1” is odd."
    assert "What does not fit (2)" in dialog.why.toPlainText()
    assert "So is <the> other." in dialog.why.toPlainText()
    assert not dialog.open_button.isEnabled()
    assert not dialog.save_button.isEnabled()
    assert dialog.show_line.isVisible()
    dialog.show_line.click()
    assert dialog.editor.textCursor().blockNumber() == 2
    connector.checked.emit(FITS)
    assert dialog.editor.marked == 0
    assert not dialog.show_line.isVisible()
    assert dialog.open_button.isEnabled()


def test_the_sentence_about_a_line_leads_there(dialog, connector):
    connector.checked.emit(MISFITS)
    dialog.why.anchorClicked.emit(QUrl("3"))
    assert dialog.editor.textCursor().blockNumber() == 2
    assert dialog.editor.hasFocus()


def test_checking_does_not_move_the_cursor_of_who_types(dialog, connector):
    QTest.keyClicks(dialog.editor, "abc")
    place = dialog.editor.textCursor().position()
    connector.checked.emit(MISFITS)
    assert dialog.editor.textCursor().position() == place


def test_what_was_typed_stays_while_others_are_looked_at(dialog, connector):
    QTest.keyClicks(dialog.editor, "x")
    choose(dialog, 1)
    assert dialog.editor.toPlainText() == PARTIAL.text
    choose(dialog, 0)
    assert dialog.editor.toPlainText() == f"x{CHAIN.text}"


def test_a_family_has_no_text_and_is_opened_by_its_title(dialog, connector, qtbot):
    choose(dialog, 2)
    assert not dialog.text_part.isVisible()
    assert "16 tokens." in dialog.why.toPlainText()
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.open_button.click()
    assert chosen.args[0] == Source(connector.source.path, candidate=FAMILY.title)


def test_what_speaks_against_a_text_that_fits_is_not_forgotten(dialog, connector):
    choose(dialog, 1)
    connector.checked.emit(Check("It fits; 1 of 6 tensors is left unused.", unused=("fc3.weight (1×16)", "fc9 (3)")))
    assert "But one thing speaks against it" in dialog.verdict.text()
    said = dialog.why.toPlainText()
    assert "What speaks against it (1)" in said
    assert "Tensors that are not used (1)" in said  # the other one is among what speaks against it
    assert dialog.open_button.isEnabled()
    QTest.keyClicks(dialog.editor, " ")
    connector.checked.emit(FITS)
    assert dialog.verdict.text() == FITS.sentence


def test_a_family_with_problems_says_them_and_cannot_be_opened(dialog):
    choose(dialog, 3)
    assert "“wte” is missing." in dialog.verdict.text()
    assert "What speaks against it (1)" in dialog.why.toPlainText()
    assert not dialog.open_button.isEnabled()


def test_nothing_found_leaves_an_empty_text_to_be_written(qtbot):
    connector = FakeConnector()
    dialog = CandidatesDialog(connector, LIGHT)
    qtbot.addWidget(dialog)
    dialog.open()
    connector.candidates_found.emit(())
    assert "Nothing was found" in dialog.verdict.text()
    assert dialog.editor.isVisible()
    QTest.keyClicks(dialog.editor, "{}")
    assert connector.asked[-1] == "{}"
    connector.failed.emit("The file has gone.")
    assert dialog.verdict.text() == "The file has gone."


def test_saving_beside_the_weights_and_asking_before_something_is_lost(dialog, connector, tmp_path):
    connector.checked.emit(FITS)
    dialog.save_button.click()
    saved = tmp_path / "weights.architecture.json"
    assert saved.read_text() == CHAIN.text + "\n"
    assert "weights.architecture.json" in dialog.verdict.text()
    saved.write_text("precious")
    dialog.save_button.click()
    assert dialog.question.defaultButton() is dialog.question.button(QMessageBox.StandardButton.Cancel)
    dialog.question.button(QMessageBox.StandardButton.Cancel).click()
    assert saved.read_text() == "precious"
    dialog.save_button.click()
    dialog.question.button(QMessageBox.StandardButton.Save).click()
    assert saved.read_text() == CHAIN.text + "\n"


def test_saving_where_nothing_can_be_written_says_so(qtbot, tmp_path):
    connector = FakeConnector(Source(str(tmp_path / "no" / "such" / "weights.pth")))
    dialog = CandidatesDialog(connector, LIGHT)
    qtbot.addWidget(dialog)
    connector.candidates_found.emit(ROWS)
    connector.checked.emit(FITS)
    dialog.save_button.click()
    assert "cannot be written" in dialog.verdict.text()


def test_choosing_a_file_leaves_the_dialog(dialog, connector, qtbot):
    with qtbot.waitSignal(dialog.file_wanted):
        dialog.file_button.click()
    assert not dialog.isVisible()
    assert connector.stopped


def test_escape_cancels_and_asks_nothing_more(dialog, connector, qtbot):
    before = connector.stopped
    with qtbot.assertNotEmitted(dialog.chosen):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert connector.stopped > before


def test_the_keyboard_reaches_everything_and_is_never_caught(dialog, connector):
    connector.checked.emit(FITS)
    dialog.list.setFocus()
    seen = []
    for _ in range(20):
        seen.append(dialog.focusWidget())
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
    wanted = {dialog.list, dialog.why, dialog.editor, dialog.open_button, dialog.save_button, dialog.file_button}
    assert wanted | {dialog.cancel_button} <= set(seen)


def test_its_size_is_remembered(dialog, qtbot):
    dialog.resize(720, 520)
    dialog.close()
    again = CandidatesDialog(FakeConnector(), LIGHT)
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (720, 520)
    assert settings.CANDIDATES.read()


def test_it_fits_into_a_small_screen(dialog):
    assert dialog.minimumSizeHint().width() <= 900
    assert dialog.minimumSizeHint().height() <= 600
