"""The dialog before a program may run: two deliberate steps, and Cancel for everything else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lrp_gui.document.files import Consent, SizeRow
from lrp_gui.opening.consent import ConsentDialog
from lrp_gui.opening.sizes import SizesDialog, read_size
from lrp_gui.theme import DARK, LIGHT
from tests.gui.opening import FakeConnector

DIGEST = "0123456789abcdef" * 4
CONSENT = Consent("/data/scripted.pt", 1 << 20, DIGEST, "Its code would run with your rights.", ("aten::add", "Net"))


@pytest.fixture
def connector():
    return FakeConnector()


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def dialog(qtbot, connector, request):
    dialog = ConsentDialog(connector, request.param)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def test_before_the_file_is_read_nothing_can_be_agreed_to(dialog, connector):
    assert connector.asked == ["consent"]
    assert not dialog.trusts.isEnabled()
    assert not dialog.run.isEnabled()
    connector.progressed.emit(1, 4)
    assert dialog.hashing.value() == 1


def test_it_says_what_would_run_and_what_that_means(dialog, connector):
    connector.consent_found.emit(CONSENT)
    shown = " ".join(one.text() for one in (dialog.headline, dialog.meaning, dialog.where, dialog.amount))
    assert all(word in shown for word in ("scripted.pt", "with your rights", "/data/scripted.pt", "1.0 MiB"))
    assert dialog.sha256.text().replace("\n", "") == DIGEST
    assert dialog.names.list.toPlainText() == "aten::add\nNet"
    dialog.names.copy.click()
    assert QApplication.clipboard().text() == "aten::add\nNet"


def test_running_takes_a_tick_and_another_click(dialog, connector, qtbot):
    connector.consent_found.emit(CONSENT)
    with qtbot.assertNotEmitted(dialog.agreed):
        dialog.run.click()
    dialog.trusts.click()
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.agreed) as agreed:
        dialog.run.click()
    assert agreed.args == [DIGEST]


def test_a_tick_that_is_taken_back_is_no_consent(dialog, connector):
    connector.consent_found.emit(CONSENT)
    dialog.trusts.click()
    dialog.trusts.click()
    assert not dialog.run.isEnabled()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space])
def test_return_escape_and_space_cancel(dialog, connector, qtbot, key):
    connector.consent_found.emit(CONSENT)
    assert dialog.cancel.hasFocus()
    assert dialog.cancel.isDefault()
    with qtbot.assertNotEmitted(dialog.agreed):
        QTest.keyClick(dialog.focusWidget(), key)
    assert not dialog.isVisible()
    assert connector.stopped


def test_return_cancels_even_when_the_box_is_ticked(dialog, connector, qtbot):
    connector.consent_found.emit(CONSENT)
    dialog.trusts.click()
    dialog.trusts.setFocus()
    with qtbot.assertNotEmitted(dialog.agreed):
        QTest.keyClick(dialog.trusts, Qt.Key.Key_Return)
    assert not dialog.isVisible()


def test_a_file_that_cannot_run_at_all_offers_nothing(dialog, connector):
    connector.failed.emit("It calls os.system.")
    assert dialog.warning.text() == "It calls os.system."
    assert not dialog.trusts.isEnabled()
    assert not dialog.run.isEnabled()


def test_names_out_of_a_file_are_no_markup(dialog, connector):
    connector.consent_found.emit(Consent("/data/<b>x.pt", 1, DIGEST, "<img src='x'>", ("<script>",)))
    assert dialog.headline.text() == "“<b>x.pt” is a program"
    assert dialog.headline.textFormat() == Qt.TextFormat.PlainText
    assert dialog.meaning.textFormat() == Qt.TextFormat.PlainText


ROWS = (SizeRow("sequence", 16, "axis 1 of “ids”"), SizeRow("image", (None, 3, 32, 32)))


def test_open_sizes_are_asked_for_by_name_and_say_where_they_are(qtbot):
    dialog = SizesDialog("bert", ROWS, LIGHT)
    qtbot.addWidget(dialog)
    assert [line.text() for line in dialog.lines.values()] == ["16", "N × 3 × 32 × 32"]
    assert not dialog.ok.isEnabled()  # nothing is different
    dialog.lines["sequence"].setText("many")
    assert "sequence is no size" in dialog.hint.text()
    assert not dialog.ok.isEnabled()
    dialog.lines["sequence"].setText("24")
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.ok.click()
    assert chosen.args == [(("sequence", 24), ("image", (None, 3, 32, 32)))]


def test_sizes_of_which_nothing_is_known_are_asked_for_empty(qtbot):
    dialog = SizesDialog("scripted", (SizeRow("x", ()),), LIGHT)
    qtbot.addWidget(dialog)
    assert not dialog.ok.isEnabled()
    dialog.lines["x"].setText("n x 3, 8 8")
    assert dialog.sizes == {"x": (None, 3, 8, 8)}
    assert dialog.ok.isEnabled()


@pytest.mark.parametrize(
    ("text", "shape", "size"),
    [
        ("16", False, 16),
        ("16 × 2", False, None),
        ("N", False, None),
        ("N × 3 × 4", True, (None, 3, 4)),
        ("3, 4", True, (None, 3, 4)),
        ("5 N 4", True, (5, None, 4)),
        ("N N 4", True, None),
        ("0", False, None),
        ("-3", False, None),
        ("²", False, None),
        ("10000000", False, None),
        ("", True, None),
    ],
)
def test_sizes_are_read_as_people_write_them(text, shape, size):
    assert read_size(text, shape=shape) == size
