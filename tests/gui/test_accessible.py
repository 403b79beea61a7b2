"""For who does not see or use the mouse: every control has a name, and everything can be done by the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QWidget,
)

from lrp_gui import walking
from lrp_gui.walking import enter, is_in, parts
from tests.gui.example import DIGITS, settle

Key, Modifier = Qt.Key, Qt.KeyboardModifier


def name_of(widget):
    interface = QAccessible.queryAccessibleInterface(widget)
    return widget.accessibleName() or (interface.text(QAccessible.Text.Name) if interface is not None else "")


def whole(widget):
    """The control that a widget is a part of: the line of a spin box, the list of a combo box, a viewport."""
    parent = widget.parentWidget()
    while parent is not None and not parent.isWindow():
        if isinstance(parent, QAbstractSpinBox | QComboBox | QKeySequenceEdit):
            return parent
        if isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget:
            return parent
        parent = parent.parentWidget()
    popup = widget.window().parentWidget()
    return popup if isinstance(popup, QComboBox) else widget


def unnamed(top):
    """The controls below a widget that take the keyboard and have no name to be read out."""
    found = []
    for widget in [top, *top.findChildren(QWidget)]:
        silent = isinstance(widget, QLabel | QAbstractButton) and not widget.text() and not widget.isVisibleTo(top)
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or silent:
            continue
        if not name_of(whole(widget)):
            chain, one = [], widget
            while one is not None and one is not top:
                chain.append(type(one).__name__)
                one = one.parentWidget()
            found.append(" in ".join(chain))
    return found


def popups(top):
    """The lists of combo boxes, which are windows of their own."""
    return [box.view() for box in top.findChildren(QComboBox)]


def check(top):
    assert name_of(top) or top.windowTitle()
    assert unnamed(top) == []
    assert [box for box in popups(top) if not name_of(whole(box))] == []


def test_every_control_of_the_window_has_a_name(window, qtbot):
    check(window)
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    for page in ("what_if", "sweep", "reference", "edit_input", "operations"):
        window.actions_[page].trigger()
    tabs = window.browser.tabs
    for tab in range(tabs.count()):
        tabs.setCurrentIndex(tab)
    window.document.select_tensor(window.document.file.tensors[0].name)
    settle(qtbot, window)
    check(window)


DIALOGS = (
    *("preferences", "shortcuts", "about", "export", "export_all", "export_table", "candidates", "rules", "log"),
    *("palette", "open", "compare", "save_table"),
)


def test_every_control_of_the_dialogs_has_a_name(diabetes, qtbot):
    dialogs = diabetes.dialogs
    for name in DIALOGS:
        getattr(dialogs, name)()
        settle(qtbot, diabetes)
        others = {"rules": dialogs._rules, "log": dialogs._log, "palette": dialogs._palette}
        dialog = others.get(name) or dialogs.current
        assert dialog is not None, name
        if not isinstance(dialog, QFileDialog):  # Qt's own
            assert (name, unnamed(dialog)) == (name, [])
        dialog.close()
    diabetes.furniture.compare_explanations()
    settle(qtbot, diabetes)
    assert unnamed(diabetes.furniture.explanations) == []
    diabetes.furniture.explanations.close()


def test_tab_leads_through_a_part_and_ctrl_f6_from_part_to_part(diabetes, qtbot):
    diabetes.activateWindow()
    diabetes.bar.widgetForAction(diabetes.actions_["open"]).setFocus()
    found = parts(diabetes)
    assert len(found) == 4  # toolbar, model, viewer, table
    for part in [*found[1:], found[0]]:
        diabetes.actions_["next_part"].trigger()
        assert is_in(part, QApplication.focusWidget())
    diabetes.actions_["previous_part"].trigger()
    assert is_in(found[-1], QApplication.focusWidget())
    for part in (diabetes.browser, diabetes.viewer):
        seen = []
        for code in (Key.Key_Tab, Key.Key_Backtab):
            enter(part)
            while is_in(part, QApplication.focusWidget()):
                seen.append(QApplication.focusWidget())
                qtbot.keyClick(seen[-1], code)
                if seen.count(QApplication.focusWidget()) > 1:
                    break
        # Every control that is seen and takes Tab has been there.
        takes = {one for one in part.findChildren(QWidget) if walking._takes_tab(one)}
        missed = {one for one in takes if one not in seen and not any(is_in(one, other) for other in seen)}
        assert [name_of(one) or one for one in missed] == []


def test_a_dock_is_entered_by_its_keys_and_closed_by_them_again(diabetes, qtbot):
    diabetes.activateWindow()
    diabetes.viewer.canvas.setFocus()
    diabetes.actions_["dock_browser"].trigger()
    assert is_in(diabetes.browser, QApplication.focusWidget())
    diabetes.actions_["dock_browser"].trigger()
    assert diabetes.furniture.dock("browser").isHidden()
    diabetes.actions_["dock_browser"].trigger()
    assert is_in(diabetes.browser, QApplication.focusWidget())


def keys(qtbot, text):
    """Type, wherever the keyboard is."""
    for letter in text:  # the first may open an editor
        qtbot.keyClicks(QApplication.focusWidget(), letter)


def key(qtbot, code, modifier=Modifier.NoModifier):
    qtbot.keyClick(QApplication.focusWidget(), code, modifier)


# The file dialog's list of names, which the offscreen platform cannot give the keyboard.
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", "propagateSizeHints", "raise()", extend=True)
def test_a_person_without_a_mouse_opens_explains_edits_and_exports(window, qtbot, tmp_path):
    window.activateWindow()
    qtbot.waitUntil(lambda: window.actions_["example_diabetes"].shortcut().toString() == "Ctrl+1")
    key(qtbot, Key.Key_1, Modifier.ControlModifier)
    settle(qtbot, window)
    document = window.document
    first = document.result
    assert first is not None
    # The palette leads to a layer.
    key(qtbot, Key.Key_P, Modifier.ControlModifier | Modifier.ShiftModifier)
    keys(qtbot, "@fc2")
    key(qtbot, Key.Key_Return)
    qtbot.waitUntil(lambda: document.selected_layer == "fc2")
    # Go to the third sample.
    key(qtbot, Key.Key_G, Modifier.ControlModifier)
    keys(qtbot, "3")
    key(qtbot, Key.Key_Return)
    settle(qtbot, window)
    assert document.selected_sample == 2
    # Edit its first feature in the table, take it back, do it again.
    key(qtbot, Key.Key_2, Modifier.AltModifier)
    assert QApplication.focusWidget() is window.table.view
    before = document.table.text(2, 0)
    keys(qtbot, "60")
    key(qtbot, Key.Key_Return)
    qtbot.waitUntil(lambda: document.table.text(2, 0) == "60")
    settle(qtbot, window)
    after = document.result.explained
    key(qtbot, Key.Key_Z, Modifier.ControlModifier)
    settle(qtbot, window)
    assert document.table.text(2, 0) == before
    key(qtbot, Key.Key_Y, Modifier.ControlModifier)
    settle(qtbot, window)
    assert document.result.explained == after
    # Export the picture.
    key(qtbot, Key.Key_E, Modifier.ControlModifier)
    dialog = window.dialogs.current
    qtbot.waitUntil(lambda: dialog.isVisible() and is_in(dialog, QApplication.focusWidget()))
    key(qtbot, Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))  # with the proposed name selected
    keys(qtbot, str(tmp_path / "mine.png"))
    key(qtbot, Key.Key_Return)
    qtbot.waitUntil((tmp_path / "mine.png").exists, timeout=20000)
    settle(qtbot, window)
