"""The command palette: what is typed finds actions, layers, tensors and samples, by the keyboard alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lrp_gui import settings
from lrp_gui.actions import ACTIONS, REASONS, Facts
from lrp_gui.fuzzy import match
from tests.gui.example import settle

Key = Qt.Key


@pytest.fixture
def palette(window):
    window.actions_["palette"].trigger()
    return window.dialogs._palette


@pytest.fixture
def filled(diabetes):
    diabetes.actions_["palette"].trigger()
    return diabetes.dialogs._palette


def titles(palette):
    return [one.item.title for one in palette.model.found]


@pytest.mark.parametrize(
    ("typed", "text", "places"),
    [
        ("exp", "Export Picture…", (0, 1, 2)),
        ("pict", "Export Picture…", (7, 8, 9, 10)),
        ("ep", "Export Picture…", (0, 7)),
        ("picture export", "Export Picture…", (0, 1, 2, 3, 4, 5, *range(7, 14))),
        ("l1b", "layer1.0.bn1", (0, 5, 9)),
    ],
)
def test_letters_are_found_at_the_beginning_of_words(typed, text, places):
    assert match(typed, text).places == places


@pytest.mark.parametrize(("typed", "text"), [("xyz", "Export"), ("tropxe", "Export"), ("eee", "the three trees there")])
def test_letters_that_are_not_there_or_scattered_are_no_match(typed, text):
    assert match(typed, text) is None


def test_every_fact_that_an_action_waits_for_has_a_reason():
    assert {row.when for row in ACTIONS if row.when} <= set(REASONS)
    assert all(hasattr(Facts(), name) for name in REASONS)


def test_every_action_that_is_in_a_menu_is_found_by_its_name(filled, diabetes):
    for row in ACTIONS:
        action = diabetes.actions_[row.id]
        if row.id == "palette" or not action.isVisible():
            continue
        title = action.text().replace("&", "")
        filled.line.setText(title)
        assert title in titles(filled)[:5], title


def test_an_action_is_run_by_enter_and_stands_first_the_next_time(filled, diabetes, qtbot):
    qtbot.keyClicks(filled.line, "statist")
    assert titles(filled)[0] == "Statistics"
    before = diabetes.actions_["statistics"].isChecked()
    qtbot.keyClick(filled.line, Key.Key_Return)
    qtbot.waitUntil(lambda: diabetes.actions_["statistics"].isChecked() is not before)
    assert not filled.isVisible()
    filled.begin()
    assert titles(filled)[0] == "Statistics"


def test_what_cannot_be_done_now_says_why_and_stays_open(palette, qtbot):
    qtbot.keyClicks(palette.line, "explain now")
    found = palette.model.found[0].item
    assert found.problem == "Open a network first"
    qtbot.keyClick(palette.line, Key.Key_Return)
    assert palette.isVisible()
    assert "Open a network first" in palette.note.text()
    assert settings.RECENT_ACTIONS.read() == ""


def test_arrows_walk_and_escape_closes_and_gives_the_keyboard_back(diabetes, qtbot):
    diabetes.table.view.setFocus()
    diabetes.actions_["palette"].trigger()
    palette = diabetes.dialogs._palette
    qtbot.keyClick(palette.line, Key.Key_Down)
    qtbot.keyClick(palette.line, Key.Key_Down)
    assert palette.list.currentIndex().row() == 2
    qtbot.keyClick(palette.line, Key.Key_PageUp)
    assert palette.list.currentIndex().row() == 0
    assert palette.line.accessibleDescription() == palette.model.found[0].item.sentence
    qtbot.keyClick(palette.line, Key.Key_Escape)
    assert not palette.isVisible()
    assert diabetes.table.view.hasFocus()


def test_layers_tensors_and_samples_are_found_by_a_sign(filled, diabetes, qtbot):
    document = diabetes.document
    filled.line.setText("@fc2")
    assert titles(filled)[0] == "fc2"
    filled.take(0)
    qtbot.waitUntil(lambda: document.selected_layer == "fc2")
    document.rename_layer("fc3", "the decision")
    filled.begin("@decis")
    assert titles(filled) == ["the decision (fc3)"]
    filled.begin("@fc3")
    assert titles(filled)[0] == "the decision (fc3)"
    filled.begin("%fc1.w")
    assert titles(filled) == ["fc1.weight"]
    filled.take(0)
    qtbot.waitUntil(lambda: document.selected_tensor == "fc1.weight")
    filled.begin("#442")
    filled.take(0)
    qtbot.waitUntil(lambda: document.selected_sample == 441)
    settle(qtbot, diabetes)
    filled.begin()
    filled.line.setText("#443")
    assert titles(filled) == []
    assert filled.note.text() == "No sample is called so."


def test_long_lists_are_gone_through_in_turns(filled, diabetes, qtbot, monkeypatch):
    monkeypatch.setattr("lrp_gui.palette.panel.AT_ONCE", 50)
    filled.line.setText("#44")
    assert len(filled.model.found) < 30
    qtbot.waitUntil(lambda: not filled._turn.isActive(), timeout=5000)
    assert "442" in titles(filled)
    assert titles(filled)[0] == "44"


def test_letters_of_the_programs_name_alone_stand_after_what_is_called_so():
    from types import SimpleNamespace

    from lrp_gui.palette.panel import Palette
    from lrp_gui.palette.sources import Item

    def fit(title):
        return Palette._fit(SimpleNamespace(_words="exp"), Item(title, "", lambda: None)).score

    assert fit("Bild exportieren …") > fit("Über LRP Explorer")
