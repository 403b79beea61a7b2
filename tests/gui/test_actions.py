"""The table of actions, and the command line: what is offered is there, once, and says what it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from lrp_gui.actions import ACTIONS, MENUS, SUBMENUS, TABLE_BAR, Actions, Facts
from lrp_gui.app import make_window, parser, report_faults, row_range
from lrp_gui.icons import STROKES, icon, pixmap
from lrp_gui.settings import EXAMPLES, SETTINGS, Setting
from lrp_gui.theme import DARK, LIGHT
from tests.gui.opening import bare, program


@pytest.fixture
def window(qtbot):
    window = make_window("light")
    qtbot.addWidget(window)
    window.actions_.add_shortcuts()
    yield window
    window.jobs.close()


def test_ids_and_shortcuts_are_given_once(qapp):
    assert max(Counter(row.id for row in ACTIONS).values()) == 1
    keys = [QKeySequence(one).toString() for row in ACTIONS for one in row.shortcut.split("|") if one]
    assert max(Counter(keys).values()) == 1
    assert all(keys)


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_every_action_says_what_it_does_and_when(row):
    assert row.text
    assert row.tip
    assert not row.tip.endswith(".")
    assert row.menu in MENUS or row.menu in SUBMENUS
    assert not row.when or hasattr(Facts(), row.when)
    assert not row.icon or row.icon in STROKES


def test_every_action_stands_in_a_menu_and_can_be_triggered(window):
    in_menus = {action for menu in window.menus.values() for action in menu.actions()}
    for row in ACTIONS:
        assert window.actions_[row.id] in in_menus
        assert row.tip in window.actions_[row.id].toolTip()


def test_nothing_that_needs_a_network_is_enabled_without_one(window):
    enabled = {row.id for row in ACTIONS if row.when and window.actions_[row.id].isEnabled()}
    assert not enabled


def test_the_tables_bar_is_made_of_actions(window):
    assert [action.objectName() for action in window.actions_.pick(TABLE_BAR)] == list(TABLE_BAR)


def test_an_action_without_a_handler_is_a_fault(qapp, window):
    with pytest.raises(KeyError):
        Actions({}, window)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("name", STROKES)
def test_every_icon_is_drawn_in_the_themes_ink(qapp, name, theme):
    image = pixmap(name, theme.text, 24, 2).toImage()
    inked = sum(image.pixelColor(x, y).alpha() > 200 for x in range(48) for y in range(48))
    assert 40 < inked < 1500
    assert not icon(name, theme).isNull()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_setting_without_a_value_has_its_default(qapp, setting):
    assert setting.read() == setting.default


def test_settings_read_back_what_was_written_and_refuse_nonsense(qapp):
    choice, switch = Setting("choice", "a", ("a", "b")), Setting("switch", False)
    choice.write("b")
    switch.write(True)
    assert (choice.read(), switch.read()) == ("b", True)
    choice.write("c")
    switch.write("neither")
    assert (choice.read(), switch.read()) == ("a", False)


@pytest.mark.parametrize(
    ("text", "rows"), [("3", slice(3, 4)), ("0:5", slice(0, 5)), (":10", slice(0, 10)), ("5:", slice(5, None))]
)
def test_rows_on_the_command_line(text, rows):
    assert row_range(text) == rows


@pytest.mark.parametrize("text", ["", "a", "3:1", "-1:3", "1:2:3"])
def test_rows_that_are_none_are_a_usage_error(text, capsys):
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(["--render", "out", "file", f"--rows={text}"])
    assert stopped.value.code == 2
    assert "write 0:3" in capsys.readouterr().err


def run(*arguments, **environment):
    command = [sys.executable, "-m", "lrp_gui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_version_and_help_are_on_the_command_line():
    assert run("--version").stdout.startswith("lrp-gui ")
    text = run("--help").stdout
    assert "Exit codes: 0 done, 2 usage, 3" in text
    options = ("render", "data", "rows", "target", "composite", "theme", "architecture", "trust")
    assert all(f"--{word}" in text for word in options)


def test_wrong_usage_exits_with_2():
    assert run("--theme", "pink").returncode == 2
    assert run("--render", "out").returncode == 2


def test_a_file_that_cannot_be_used_exits_with_3_and_one_line(tmp_path):
    done = run("--render", str(tmp_path), str(tmp_path / "gone.pth"))
    assert done.returncode == 3
    assert done.stderr.startswith("lrp-gui: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there DISPLAY says where the screen is")
def test_a_display_that_is_gone_is_said_and_no_crash_is_told_of_at_the_next_start(tmp_path):
    done = run("--new-window", DISPLAY=":32123", QT_QPA_PLATFORM="xcb", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 3
    assert "\nlrp-gui: No window can be opened on the display ':32123'; --render" in done.stderr
    assert not list((tmp_path / "lrp-explorer").glob("running-*"))


def test_without_a_display_it_says_what_to_do():
    done = run(DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == (3 if sys.platform.startswith("linux") else 0)
    assert "--render" in done.stderr


def test_rendering_explains_the_good_rows_and_names_the_others(tmp_path):
    header, first = EXAMPLES[0].path().with_name("diabetes.csv").read_text().splitlines()[:2]
    table = tmp_path / "two.csv"
    table.write_text(f"{header}\n{first.replace('32.1', 'heavy')}\n{first}\n")
    done = run("--render", str(tmp_path / "out"), str(EXAMPLES[0].path()), "--data", str(table), "--rows", "0:2")
    assert done.returncode == 0
    assert done.stderr == "lrp-gui: Sample 1 is not explained: bmi is no finite number.\n"
    pictures = [line for line in done.stdout.splitlines() if line]
    assert pictures
    assert all(Path(picture).stat().st_size for picture in pictures)


def test_rendering_takes_what_connects_the_tensors_and_runs_programs_only_when_told(tmp_path):
    weights, (path, mark) = bare(tmp_path), program(tmp_path)
    table = tmp_path / "ten.csv"
    rows = EXAMPLES[0].path().with_name("diabetes.csv").read_text().splitlines()[:2]
    table.write_text("\n".join(",".join(row.split(",")[:10]) for row in rows) + "\n")
    drawing = ("--render", str(tmp_path / "out"), str(weights), "--data", str(table))
    done = run(*drawing)
    assert done.returncode == 3
    assert "connected" in done.stderr
    done = run(*drawing, "--architecture", str(EXAMPLES[0].path().with_name("architecture.json")))
    assert done.returncode == 0, done.stderr
    assert done.stdout
    done = run(*drawing, "--architecture", f"{path}:Net")
    assert done.returncode == 3
    assert "consent" in done.stderr
    assert not mark.exists()
    done = run(*drawing, "--architecture", f"{path}:Net", "--trust")
    assert done.returncode == 0, done.stderr
    assert mark.exists()


def test_a_fault_of_ours_is_told_and_the_window_goes_on(window, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    told = []
    window.document.message.connect(told.append)
    report_faults(window)
    sys.excepthook(ZeroDivisionError, ZeroDivisionError("by zero"), None)
    assert told[0].sentence == "Something unexpected happened (ZeroDivisionError: by zero)."
    assert "ZeroDivisionError" in told[0].details


def test_nothing_before_the_first_paint_builds_the_enumerations_of_qt():
    program = """
import sys
from lrp_gui import app
application = app._application([])
window = app.make_window("light")
window.show()
seen = []
window.painted.connect(lambda: seen.append("Qt" in vars(sys.modules["PySide6.QtCore"])))
while not seen:
    application.processEvents()
print(seen[0])
window.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr
