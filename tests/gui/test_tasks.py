"""Layouts by task: each remembers its own arrangement, and can be put back; docks float and come back."""

from __future__ import annotations

from lrp_gui import settings
from lrp_gui.app import make_window, move_in
from tests.gui.example import DIABETES, settle


def seen(window):
    return {name for name in ("browser", "table", "sample", "jobs") if not window.furniture.dock(name).isHidden()}


def test_each_task_has_its_docks_and_remembers_what_was_changed(diabetes, qtbot):
    window, furniture = diabetes, diabetes.furniture
    assert window.actions_["task_explain"].isChecked()
    assert seen(window) == {"browser", "table", "sample"}
    window.actions_["task_inspect"].trigger()
    qtbot.waitUntil(lambda: furniture.dock("browser").width() > 0.35 * window.width())
    assert seen(window) == {"browser"}
    window.actions_["dock_jobs"].trigger()
    assert seen(window) == {"browser", "jobs"}
    window.actions_["task_compare"].trigger()
    assert seen(window) == {"table", "sample"}
    assert furniture.sample.tabs.tabText(furniture.sample.tabs.currentIndex()) == "Reference"
    window.actions_["task_inspect"].trigger()
    assert seen(window) == {"browser", "jobs"}
    window.actions_["reset_layout"].trigger()
    assert seen(window) == {"browser"}
    window.actions_["task_explain"].trigger()
    assert seen(window) == {"browser", "table", "sample"}


def test_a_floating_dock_is_remembered_and_reset_brings_it_home(diabetes, qtbot):
    dock = diabetes.furniture.dock("browser")
    dock.setFloating(True)
    diabetes.actions_["task_compare"].trigger()
    diabetes.actions_["task_explain"].trigger()
    assert dock.isFloating()
    diabetes.actions_["reset_layout"].trigger()
    assert not dock.isFloating()


def test_the_task_and_the_default_composite_are_there_at_the_next_start(diabetes, qtbot):
    diabetes.actions_["task_inspect"].trigger()
    diabetes.furniture.remember()
    assert settings.TASK.read() == "inspect"
    settings.COMPOSITE.write("gamma")
    again = make_window("light")
    qtbot.addWidget(again)
    again.resize(1300, 800)
    again.show()
    move_in(again, [str(DIABETES)])
    with qtbot.waitSignal(again.furnished, timeout=20000):
        pass
    settle(qtbot, again)
    qtbot.waitUntil(lambda: again.furniture._arranged)
    assert again.actions_["task_inspect"].isChecked()
    assert again.document.result.composite == "gamma"
    assert seen(again) == {"browser"}
    again.jobs.close()


def test_the_action_of_a_dock_shows_what_is_behind_and_closes_where_the_keyboard_is(diabetes, qtbot):
    action, dock = diabetes.actions_["dock_sample"], diabetes.furniture.dock("sample")
    assert action.isChecked()
    assert dock.visibleRegion().isEmpty()  # behind the table, as a tab
    action.trigger()
    qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())
    assert action.isChecked()
    action.trigger()
    assert dock.isHidden()
    assert not action.isChecked()
