"""Tokens as chips: replaced, put in, taken out, and typed as text."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLineEdit

from lrp_engine.files.tokens import Tokenizer
from lrp_gui.document.wording import Wording, vocabulary
from lrp_gui.jobs.queue import JobQueue
from lrp_gui.sample.editors import make_editor
from lrp_gui.sample.editors.chips_view import tinted
from lrp_gui.theme import DARK, LIGHT
from tests.gui import drawn
from tests.words import LENGTH, word_tokenizer

IDS = np.array([2, 5, 6, 3, 0, 0, 0, 0])


def network(path="/data/n.pt2", rows=20, mask=True):
    from dataclasses import replace

    inputs = [drawn.info_of("input_ids", (LENGTH,), integer=True)]
    if mask:
        inputs.append(drawn.info_of("attention_mask", (LENGTH,), integer=True))
    made = drawn.network_of(*inputs, layers=(drawn.embedding("input_ids", rows, length=LENGTH),))
    return replace(made, path=str(path))


def values(mask=True):
    return [np.concatenate([IDS, IDS > 0]) if mask else IDS]


@pytest.fixture
def jobs(qapp):
    jobs = JobQueue()
    yield jobs
    jobs.close()


@pytest.fixture
def document(qapp, tmp_path):
    word_tokenizer().save(str(tmp_path / "tokenizer.json"))
    document = drawn.opened(network(tmp_path / "network.pt2"), values())
    yield document
    document.deleteLater()


@pytest.fixture
def wording(document, jobs):
    return Wording(document, jobs)


@pytest.fixture
def editor(document, wording, qtbot):
    return shown(qtbot, make_editor(document, LIGHT, "input_ids", lambda: wording), wording)


def shown(qtbot, editor, wording=None):
    qtbot.addWidget(editor)
    editor.resize(700, 240)
    editor.show()
    qtbot.waitUntil(lambda: (wording is None or not wording.busy) and editor.model.rowCount() == LENGTH)
    qtbot.waitUntil(lambda: not editor._due.isActive())
    return editor


def row(document):
    return document.table.values[0].astype(int).tolist()


def chips(editor):
    return [editor.model.index(n).data() for n in range(editor.model.rowCount())]


def type_over(editor, position, text):
    editor.view.setCurrentIndex(editor.model.index(position))
    editor.view.edit(editor.view.currentIndex())
    box = editor.view.viewport().findChildren(QLineEdit)[-1]
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)
    QCoreApplication.processEvents()  # the delegate commits once the key has been dealt with


def test_the_model_behaves_as_models_do(editor):
    QAbstractItemModelTester(editor.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    editor.model.show(editor.model.chips)


def test_chips_show_words_and_numbers(editor):
    assert chips(editor)[:5] == ["[CLS]", "good", "bad", "[SEP]", "[PAD]"]
    assert editor.model.tell(1) == "token 1: “good”, number 5"
    assert editor.text.text() == "good bad"


def test_a_word_is_typed_over_a_chip(editor, document):
    type_over(editor, 1, "film")
    assert row(document)[:4] == [2, 7, 6, 3]
    assert document.undo_stack.undoText() == "Replace token 1 of sample 1"
    document.undo_stack.undo()
    assert row(document)[:4] == [2, 5, 6, 3]


def test_a_number_is_typed_over_a_chip(editor, document):
    type_over(editor, 2, "8")
    assert row(document)[2] == 8


def test_a_word_of_several_pieces_moves_the_rest_on_and_the_mask_with_it(editor, document):
    type_over(editor, 2, "films")
    assert row(document) == [2, 5, 7, 8, 3, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert document.undo_stack.count() == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("20", "20 is no token: the network knows 0 to 19."), ("-1", "−1 is no token: the network knows 0 to 19.")],
)
def test_a_number_that_the_network_does_not_know_is_refused(editor, document, text, sentence):
    said = []
    document.message.connect(lambda message: said.append(message.sentence))
    type_over(editor, 1, text)
    assert said == [sentence]
    assert row(document)[1] == 5
    assert not document.undo_stack.canUndo()


def test_tokens_are_deleted_and_the_end_is_filled_up(editor, document):
    editor.view.setCurrentIndex(editor.model.index(1))
    QTest.keyClick(editor.view, Qt.Key.Key_Delete)
    assert row(document) == [2, 6, 3, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    assert document.undo_stack.undoText() == "Delete tokens of sample 1"
    document.undo_stack.undo()
    assert row(document)[:8] == IDS.tolist()


def test_a_token_is_inserted_before_the_chosen_one(editor, document):
    editor.insert(1, [9])
    assert row(document) == [2, 9, 5, 6, 3, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]


def test_what_no_longer_fits_is_said(editor, document):
    editor.insert(0, [9] * 6)
    editor.refresh()
    assert row(document)[:8] == [9, 9, 9, 9, 9, 9, 2, 5]
    assert editor.readout.text() == "2 tokens at the end no longer fit and are left out."


def test_a_text_becomes_tokens_and_mask_in_one_step(editor, document, wording, qtbot):
    editor.text.setFocus()
    editor.text.selectAll()
    QTest.keyClicks(editor.text, "bad film")
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not wording.busy)
    assert row(document) == [2, 6, 7, 3, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Type the text of sample 1"


def test_a_text_that_is_too_long_says_what_is_left_out(editor, document, wording, qtbot):
    editor.text.setText("good " * 20)
    editor.text.setModified(True)
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not wording.busy and not editor._due.isActive())
    assert row(document)[:8] == [2, 5, 5, 5, 5, 5, 5, 3]
    assert "longer than the network's 8 tokens; its last 14 are left out" in editor.readout.text()


def test_what_is_being_typed_stays_when_an_explanation_arrives(editor, document):
    editor.text.selectAll()
    QTest.keyClicks(editor.text, "half a sen")
    drawn.explain(document, {"input_ids": np.zeros(LENGTH)})
    editor.refresh()
    assert editor.text.text() == "half a sen"


def test_chips_have_the_colour_of_their_relevance(editor, document):
    drawn.explain(document, {"input_ids": np.array([0, 4.0, -2, 0, 0, 0, 0, 0])})
    editor.refresh()
    assert editor.model.tell(2).endswith("R −2.00")
    assert editor.legend.texts() == [("R −4.0", "+4.0")]
    assert tinted(LIGHT, 1.0).name() == LIGHT.positive
    assert tinted(DARK, -1.0).name() == DARK.negative
    assert tinted(LIGHT, float("nan")).name() == LIGHT.panel
    editor.set_theme(DARK)
    editor.grab()


def test_a_cell_that_is_no_number_says_so_and_is_kept(editor, document):
    document.edit_cell(0, 1, "many")
    editor.refresh()
    assert chips(editor)[1] == "many"
    assert "many" in editor.model.tell(1)
    editor.delete([3])
    assert document.table.text(0, 1) == "many"


def test_the_mask_is_numbers_without_words(document, wording, qtbot):
    editor = shown(qtbot, make_editor(document, LIGHT, "attention_mask", lambda: wording))
    assert chips(editor) == ["1", "1", "1", "1", "0", "0", "0", "0"]
    assert not editor.text.isVisible()
    assert not editor.choose.isVisible()
    type_over(editor, 4, "1")
    assert row(document)[8:13] == [1, 1, 1, 1, 1]


# --------------------------------------------------------------------------------- without a tokenizer


def test_without_a_tokenizer_tokens_are_numbers_and_it_is_said(qtbot, qapp, jobs, tmp_path):
    document = drawn.opened(network(tmp_path / "n.pt2"), values())
    wording = Wording(document, jobs)
    editor = shown(qtbot, make_editor(document, LIGHT, "input_ids", lambda: wording), wording)
    assert chips(editor)[:3] == ["2", "5", "6"]
    assert editor.about.text() == "No tokenizer.json lies beside the model. Tokens are numbers."
    said = []
    document.message.connect(lambda message: said.append(message.sentence))
    type_over(editor, 1, "good")
    assert said == ["“good” is no number, and words are only known with a tokenizer."]
    type_over(editor, 1, "7")
    assert row(document)[1] == 7


def test_a_tokenizer_from_elsewhere_is_chosen(qtbot, qapp, jobs, tmp_path):
    (tmp_path / "other").mkdir()
    word_tokenizer().save(str(tmp_path / "other" / "tokenizer.json"))
    document = drawn.opened(network(tmp_path / "n.pt2"), values())
    wording = Wording(document, jobs)
    editor = shown(qtbot, make_editor(document, LIGHT, "input_ids", lambda: wording), wording)
    wording.choose(str(tmp_path / "other" / "tokenizer.json"))
    qtbot.waitUntil(lambda: not wording.busy and chips(editor)[1] == "good")
    assert editor.text.isVisible()


def test_a_tokenizer_that_does_not_fit_is_refused(qtbot, qapp, jobs, tmp_path):
    word_tokenizer().save(str(tmp_path / "tokenizer.json"))
    document = drawn.opened(network(tmp_path / "n.pt2", rows=6), values())
    wording = Wording(document, jobs)
    editor = shown(qtbot, make_editor(document, LIGHT, "input_ids", lambda: wording), wording)
    assert "does not fit this network" in editor.about.text()
    assert chips(editor)[1] == "5"
    said = []
    document.message.connect(lambda message: said.append(message.sentence))
    wording.choose(str(tmp_path / "tokenizer.json"))
    qtbot.waitUntil(lambda: not wording.busy)
    assert len(said) == 1


def test_without_a_worker_one_edits_numbers(qtbot, qapp):
    document = drawn.opened(network(), values())
    editor = shown(qtbot, make_editor(document, LIGHT, "input_ids"))
    type_over(editor, 1, "9")
    assert row(document)[1] == 9


def test_the_embedding_tells_how_many_tokens_there_are():
    from lrp_gui.document.results import LayerInfo

    moved = LayerInfo("view", "view", "movement", (LENGTH,), 0, ("input_ids",))
    made = drawn.network_of(
        drawn.info_of("input_ids", (LENGTH,), integer=True), layers=(moved, drawn.embedding("view", 30))
    )
    assert vocabulary(made, "input_ids") == 30
    assert vocabulary(made, "mask") == 0


def test_the_words_of_another_network_are_forgotten(document, wording, editor, qtbot):
    assert isinstance(wording.tokenizer, Tokenizer)
    document.undo_stack.clear()
    other = drawn.opened(network(), values())
    document.open(other.contents, "Open")
    assert wording.tokenizer is None
