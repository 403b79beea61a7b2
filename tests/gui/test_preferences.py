"""The preferences: each entry is in force at once, is remembered, and can be put back."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from lrp_gui import fonts, settings
from lrp_gui.jobs.computing import Computing
from lrp_gui.preferences.dialog import PreferencesDialog
from lrp_gui.preferences.table import CHOICE, ENTRIES, FOLDER, NUMBER, PAGES, SWITCH
from tests.gui.example import settle


@pytest.fixture
def dialog(diabetes, qtbot):
    diabetes.actions_["preferences"].trigger()
    dialog = diabetes.dialogs.current
    settle(qtbot, diabetes)
    yield dialog
    fonts.apply(QApplication.instance(), 0)
    dialog.close()


def choose(dialog, setting, value):
    """As a person would: by the entry's editor."""
    editor = dialog.editors[setting.key]
    row = editor.findData(value)
    assert row >= 0, value
    editor.setCurrentIndex(row)
    editor.activated.emit(row)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.setting.key)
def test_the_table_fits_the_settings(entry):
    assert entry.title
    assert not entry.tip.endswith(".")
    assert entry.setting in settings.SETTINGS
    if entry.kind == CHOICE and not entry.source:
        assert [value for value, _title in entry.choices] == list(entry.setting.allowed)
    if entry.kind == NUMBER:
        assert all(value in entry.setting.allowed for value in (0, entry.low + entry.step, entry.high))
    assert isinstance(entry.setting.default, {CHOICE: str, NUMBER: int, SWITCH: bool, FOLDER: str}[entry.kind])


def test_theme_toolbar_colours_and_motion_follow_at_once(dialog, diabetes):
    choose(dialog, settings.THEME, "dark")
    assert diabetes.theme.dark
    choose(dialog, settings.TOOLBAR, "text")
    assert diabetes.bar.toolButtonStyle() == diabetes.bar.toolButtonStyle().ToolButtonTextOnly
    assert diabetes.actions_["toolbar_text"].isChecked()
    choose(dialog, settings.SCHEME, "grey")
    dialog.editors[settings.MARKS.key].setChecked(True)
    colouring = diabetes.viewer.selection.colouring
    assert (colouring.scheme, colouring.marks) == ("grey", True)
    controls = diabetes.viewer.controls
    choose(dialog, settings.REDUCED_MOTION, "off")
    controls.start_sweep()
    assert controls.sweep.value() == 0
    choose(dialog, settings.REDUCED_MOTION, "on")
    controls.start_sweep()
    assert controls.sweep.value() == 100
    for entry in ENTRIES:
        editor = dialog.editors[entry.setting.key]
        assert editor.toolTip() == entry.tip
        assert editor.accessibleName() == entry.title


def test_larger_letters_reach_tables_and_pictures_and_go_again(dialog, diabetes, qtbot):
    view, canvas = diabetes.table.view, diabetes.viewer.canvas
    usual = view.font().pointSizeF(), view.verticalHeader().defaultSectionSize(), canvas.view_scale
    dialog.editors[settings.FONT_SIZE.key].setValue(18)
    qtbot.waitUntil(lambda: round(view.font().pointSizeF()) == 18)
    assert view.verticalHeader().defaultSectionSize() > 1.5 * usual[1]
    assert canvas.view_scale == pytest.approx(usual[2] * 18 / usual[0])
    dialog.editors[settings.FONT_SIZE.key].setValue(7)
    qtbot.waitUntil(lambda: view.font().pointSizeF() == usual[0])
    assert canvas.view_scale == usual[2]
    assert abs(view.verticalHeader().defaultSectionSize() - usual[1]) <= 2


def test_another_precision_explains_again_with_its_numbers(dialog, diabetes, qtbot):
    document, engine = diabetes.document, diabetes.explainer.engine
    single = document.result
    choose(dialog, settings.DTYPE, "float64")
    assert "float64" in dialog.said.text()
    settle(qtbot, diabetes)
    assert engine.computing == Computing(dtype="float64")
    double = document.result
    assert double is not single
    assert double.inputs["x"].dtype == np.float64
    assert double.explained == pytest.approx(single.explained, rel=1e-5)
    assert max(abs(row.unexplained) for row in double.ledger) < 1e-14
    assert not np.isnan(document.table_result.explained).any()
    choose(dialog, settings.DTYPE, "file")
    settle(qtbot, diabetes)
    assert document.result.explained == single.explained
    # Where nothing is explained by itself a change waits.
    diabetes.document.set_auto(False)
    choose(dialog, settings.DTYPE, "float64")
    settle(qtbot, diabetes)
    assert diabetes.document.stale


def test_threads_and_memory_reach_the_engine(dialog, diabetes, qtbot, monkeypatch):
    import torch

    import lrp_engine

    asked, explaining = [], lrp_engine.explaining

    def noted(*arguments, **options):
        asked.append((torch.get_num_threads(), options.get("memory"), options.get("device")))
        return explaining(*arguments, **options)

    monkeypatch.setattr(lrp_engine, "explaining", noted)
    dialog.editors[settings.THREADS.key].setValue(2)
    settle(qtbot, diabetes)
    dialog.editors[settings.MEMORY.key].setValue(512)
    settle(qtbot, diabetes)
    assert asked[0] == (2, None, None)
    assert asked[-1] == (2, 512 << 20, None)


def test_a_device_that_is_not_here_gives_way_to_the_cpu_and_that_is_said(diabetes, qtbot):
    settings.DEVICE.write("cuda:7")
    computing, told = diabetes.computing, []
    computing.told.connect(told.append)
    computing.apply()
    with qtbot.waitSignal(computing.devices_found, timeout=10000):
        computing.check_device()
    assert "The device “cuda:7” is not here; the CPU computes instead." in told
    settle(qtbot, diabetes)
    assert diabetes.explainer.engine.computing.device == "cpu"
    assert diabetes.document.result is not None


def test_the_default_composite_is_taken_by_who_has_the_old_one(dialog, diabetes, qtbot):
    choose(dialog, settings.COMPOSITE, "gamma")
    settle(qtbot, diabetes)
    assert diabetes.document.result.composite == "gamma"
    diabetes.document.set_composite("epsilon")
    choose(dialog, settings.COMPOSITE, "lrp_0")
    assert diabetes.document.settings.composite == "epsilon"
    settle(qtbot, diabetes)


def test_the_cache_moves_is_measured_and_cleared(dialog, diabetes, qtbot, tmp_path):
    from lrp_engine.networks import cache

    before = cache.directory()
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "one.network").write_bytes(bytes(1 << 20))
    editor = dialog.editors[settings.CACHE_FOLDER.key]
    editor.line.setText(str(folder))
    editor.line.editingFinished.emit()
    qtbot.waitUntil(lambda: "1 network takes 1.0 MiB" in dialog.cache.words.text(), timeout=10000)
    assert cache.directory() == folder
    dialog.cache.clear.click()
    qtbot.waitUntil(lambda: "Nothing is kept" in dialog.cache.words.text(), timeout=10000)
    assert not list(folder.iterdir())
    dialog.editors[settings.CACHE_LIMIT.key].setValue(0)
    assert not cache.wanted()
    dialog.reset(*PAGES)
    assert cache.wanted()
    assert cache.directory() == before


def test_a_page_and_all_can_be_put_back(dialog, diabetes, qtbot):
    choose(dialog, settings.THEME, "dark")
    choose(dialog, settings.DTYPE, "float64")
    dialog.open_page("general")
    dialog.reset_page_button.click()
    assert settings.THEME.read() == "system"
    assert settings.DTYPE.read() == "float64"
    dialog.reset_all_button.click()
    assert [entry.setting.read() for entry in ENTRIES] == [entry.setting.default for entry in ENTRIES]
    settle(qtbot, diabetes)
    assert diabetes.explainer.engine.computing == Computing()


def test_an_unknown_device_that_is_stored_is_shown_as_it_is(window, qtbot):
    settings.DEVICE.write("cuda:7")
    dialog = PreferencesDialog(window)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: bool(window.computing.devices), timeout=10000)
    assert dialog.editors[settings.DEVICE.key].currentData() == "cuda:7"


def test_the_systems_theme_is_followed_while_the_window_stands(window, monkeypatch):
    from lrp_gui import theme

    monkeypatch.setattr(theme, "theme_for", lambda setting, _app: theme.THEMES.get(setting, theme.DARK))
    app = QApplication.instance()
    app.styleHints().colorSchemeChanged.emit(app.styleHints().colorScheme())
    assert not window.theme.dark  # somebody chose light
    window.actions_["theme_system"].trigger()
    window.set_theme("light")
    window.set_theme("system")
    assert window.theme.dark
    monkeypatch.setattr(theme, "theme_for", lambda setting, _app: theme.LIGHT)
    app.styleHints().colorSchemeChanged.emit(app.styleHints().colorScheme())
    assert not window.theme.dark
