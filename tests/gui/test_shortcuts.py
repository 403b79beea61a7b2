"""The shortcuts editor: what is changed holds at once, everywhere, and is there at the next start."""

from __future__ import annotations

import json

import pytest
from PySide6.QtGui import QKeySequence

from lrp_gui import settings
from lrp_gui.actions import ACTIONS, BY_ID
from lrp_gui.actions import keys as store
from lrp_gui.app import make_window
from lrp_gui.sample.editors.tools import shortcuts as editors_keys
from lrp_gui.shortcuts import ACTION, KEYS, ShortcutsDialog


@pytest.fixture
def bare(qtbot):
    window = make_window("light")
    qtbot.addWidget(window)
    window.actions_.add_shortcuts()
    yield window
    window.jobs.close()


@pytest.fixture
def dialog(bare, qtbot):
    dialog = ShortcutsDialog(bare.actions_, bare.theme, bare)
    qtbot.addWidget(dialog)
    return dialog


def press(dialog, name, keys):
    dialog.choose(name)
    dialog.keys.setKeySequence(QKeySequence(keys))


def shown(dialog, name):
    place = [row.id for row in ACTIONS].index(name)
    return dialog.list.topLevelItem(place).text(KEYS)


def test_it_lists_every_action_with_its_keys(dialog):
    assert dialog.list.topLevelItemCount() == len(ACTIONS) + len(editors_keys())
    assert shown(dialog, "redo") == "Ctrl+Shift+Z, Ctrl+Y"


def test_new_keys_hold_in_action_tool_tip_and_settings_at_once(dialog, bare):
    press(dialog, "export", "Ctrl+Alt+F12")
    dialog.set_button.click()
    action = bare.actions_["export"]
    assert action.shortcut().toString() == "Ctrl+Alt+F12"
    assert "Ctrl+Alt+F12" in action.toolTip()
    assert shown(dialog, "export") == "Ctrl+Alt+F12"
    assert json.loads(settings.KEYS.read()) == {"export": ["Ctrl+Alt+F12"]}
    again = make_window("light")
    again.actions_.add_shortcuts()
    assert again.actions_["export"].shortcut().toString() == "Ctrl+Alt+F12"
    again.jobs.close()
    again.deleteLater()


def test_keys_of_another_action_are_said_and_taken_over_by_choice(dialog, bare):
    press(dialog, "find", "Ctrl+Y")
    assert "Redo" in dialog.note.text()
    assert bare.actions_["redo"].shortcuts() == [QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")]
    dialog.add_button.click()
    assert [one.toString() for one in bare.actions_["find"].shortcuts()] == ["Ctrl+F", "Ctrl+Y"]
    assert [one.toString() for one in bare.actions_["redo"].shortcuts()] == ["Ctrl+Shift+Z"]
    dialog.choose("redo")
    dialog.reset_button.click()
    assert [one.toString() for one in bare.actions_["find"].shortcuts()] == ["Ctrl+F"]
    assert not store.read()


def test_keys_that_begin_like_others_are_in_their_way(dialog):
    press(dialog, "find", "Ctrl+E, A")
    assert "Export Picture" in dialog.note.text()


def test_letters_are_kept_for_typing(dialog):
    for keys in ("A", "Shift+A", "Space", "Return"):
        press(dialog, "find", keys)
        assert not dialog.set_button.isEnabled()
        assert "typing" in dialog.note.text()
    press(dialog, "find", "F12")
    assert dialog.set_button.isEnabled()


def test_cleared_and_reset_one_and_all(dialog, bare):
    for name in ("undo", "find"):
        dialog.choose(name)
        dialog.clear_button.click()
        assert bare.actions_[name].shortcuts() == []
        assert "(" not in bare.actions_[name].toolTip()
    dialog.choose("undo")
    dialog.reset_button.click()
    assert bare.actions_["undo"].shortcut().toString() == "Ctrl+Z"
    dialog.reset_all_button.click()
    assert all(store.every()[row.id] == store.usual(row) for row in ACTIONS)
    assert not dialog.reset_all_button.isEnabled()


def test_the_search_leaves_what_fits(dialog):
    dialog.search.setText("ctrl+shift+e")
    seen = [dialog.list.topLevelItem(n) for n in range(len(ACTIONS))]
    assert [item.text(ACTION) for item in seen if not item.isHidden()] == [BY_ID["export_table"].text]


@pytest.mark.parametrize("stored", ["nonsense", "[1]", '{"gone": ["F2"]}', '{"find": "F2"}', '{"find": [2]}'])
def test_stored_nonsense_changes_nothing(qapp, stored):
    settings.KEYS.write(stored)
    assert store.every() == {row.id: store.usual(row) for row in ACTIONS}
