"""Pictures that are painted on, with the mouse and with the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from lrp_gui.sample.editors import make_editor
from lrp_gui.sample.editors.options import BESIDE, CHOSEN, HIDDEN, MEAN, ZERO
from lrp_gui.theme import DARK, LIGHT
from tests.gui import drawn, fakes

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def document(qapp):
    document = drawn.digits()
    yield document
    document.deleteLater()


@pytest.fixture
def editor(document, qtbot):
    return shown(qtbot, make_editor(document, LIGHT, "image"))


def shown(qtbot, editor, size=(700, 420)):
    qtbot.addWidget(editor)
    editor.resize(*size)
    editor.show()
    qtbot.waitExposed(editor)
    qtbot.waitUntil(lambda: not editor._due.isActive() and not editor._unseen)
    return editor


def drag(editor, *pixels, release=True):
    """Move the mouse over pixels with the button held."""
    canvas = editor.canvas
    points = [canvas.place_of(pixel).toPoint() for pixel in pixels]
    QTest.mousePress(canvas.viewport(), LEFT, NONE, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas.viewport(), point)
    if release:
        QTest.mouseRelease(canvas.viewport(), LEFT, NONE, points[-1])


def choose(box, name):
    box.setCurrentIndex(box.findData(name))


def picture(document, row=0):
    return document.table.values[row, :64].reshape(8, 8)


def test_an_input_that_is_not_there_has_no_editor(document):
    with pytest.raises(ValueError, match="no editor"):
        make_editor(document, LIGHT, "sound")


# --------------------------------------------------------------------------------------------- painting


def test_a_stroke_is_painted_and_undone_in_one_step(editor, document):
    before = picture(document).copy()
    drag(editor, (1, 1), (3, 1), (6, 1))
    assert (picture(document)[1:7, 1] == 16).all()
    assert (np.delete(picture(document), 1, axis=1) == np.delete(before, 1, axis=1)).all()
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Paint image of sample 1"
    document.undo_stack.undo()
    assert np.array_equal(picture(document), before)
    assert np.array_equal(picture(document, 1), before)


def test_the_document_follows_while_the_mouse_is_down(editor, document, qtbot):
    drag(editor, (0, 0), (0, 3), release=False)
    assert picture(document)[0, 0] == 16
    qtbot.waitUntil(lambda: picture(document)[0, 3] == 16)
    QTest.mouseRelease(editor.canvas.viewport(), LEFT, NONE, editor.canvas.place_of((0, 3)).toPoint())
    assert document.undo_stack.count() == 1


def test_two_strokes_are_two_steps(editor, document):
    drag(editor, (0, 0), (0, 2))
    drag(editor, (7, 0), (7, 2))
    assert document.undo_stack.count() == 2


def test_what_is_already_so_is_no_edit(editor, document):
    editor.options.take(np.zeros(1))
    drag(editor, (0, 0), (0, 1))
    assert not document.undo_stack.canUndo()


def test_a_value_is_chosen_picked_and_painted(editor, document):
    editor.options.value.setValue(7.5)
    drag(editor, (0, 0))
    assert picture(document)[0, 0] == 7.5
    editor.tools.choose("pick")
    drag(editor, (1, 3))
    assert editor.options.value.value() == 15
    editor.tools.choose("paint")
    drag(editor, (0, 1))
    assert picture(document)[0, 1] == 15


@pytest.mark.parametrize(("name", "value"), [("lowest", 0.0), (ZERO, 0.0), (CHOSEN, 16.0)])
def test_a_patch_is_covered(editor, document, name, value):
    editor.tools.choose("occlude")
    choose(editor.options.with_, name)
    drag(editor, (2, 3), (4, 4), (5, 6))
    assert (picture(document)[2:6, 3:7] == value).all()
    assert document.undo_stack.undoText() == "Occlude a patch of image of sample 1"


def test_a_patch_is_covered_by_each_pixels_mean(qtbot, qapp):
    document = drawn.opened(fakes.cnn().info, [fakes.DIGIT, fakes.DIGIT * 0])
    editor = shown(qtbot, make_editor(document, LIGHT, "image"))
    editor.tools.choose("occlude")
    choose(editor.options.with_, MEAN)
    drag(editor, (0, 0), (7, 7))
    assert np.allclose(picture(document), fakes.DIGIT / 2)


def test_a_click_covers_a_square(editor, document):
    editor.tools.choose("occlude")
    choose(editor.options.with_, CHOSEN)
    editor.options.size_.setValue(3)
    before = picture(document).copy()
    drag(editor, (4, 4))
    changed = picture(document) != before
    assert not changed[[2, 6]].any()
    assert (picture(document)[3:6, 3:6] == 16).all()


def test_erasing_puts_the_background_back(editor, document):
    editor.tools.choose("erase")
    drag(editor, (0, 3), (1, 3))
    assert picture(document)[0, 3] == picture(document)[1, 3] == 0
    assert document.undo_stack.undoText() == "Erase in image of sample 1"


def test_noise_says_its_seed_and_keeps_to_the_range(editor, document):
    before = picture(document).copy()
    editor.tools.choose("noise")
    editor.options.amount.setValue(50)
    drag(editor, (0, 0), (7, 3))
    assert document.undo_stack.undoText() == "Noise on image of sample 1 (seed 1)"
    after = picture(document)
    assert (after[:, :4] != before[:, :4]).sum() > 8
    assert (after[:, 4:] == before[:, 4:]).all()
    assert after.min() >= 0
    assert after.max() <= 16


def test_fill_takes_what_is_alike(editor, document):
    editor.tools.choose("fill")
    drag(editor, (0, 0))
    after = picture(document)
    assert (after[fakes.DIGIT > 2][0:3] == fakes.DIGIT[fakes.DIGIT > 2][0:3]).all()
    assert (after[:, 0] == 16).all()
    assert document.undo_stack.count() == 1


def test_a_cell_without_a_number_is_seen_and_painted_over(editor, document, qtbot):
    document.edit_cell(0, 0, "none")
    editor.refresh()
    pixel = editor.canvas.picture.image[0, 0, :3]
    assert tuple(pixel) == QColor(LIGHT.warning).getRgb()[:3]
    drag(editor, (0, 0))
    assert document.table.text(0, 0) == "16"
    document.undo_stack.undo()
    assert document.table.text(0, 0) == "none"


# ------------------------------------------------------------------------------------------- the keyboard


def test_one_paints_with_the_keyboard(editor, document):
    canvas = editor.canvas
    canvas.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(canvas, key)
    assert canvas.cursor_ == (2, 1)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert picture(document)[2, 1] == 16
    QTest.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert picture(document)[2, 2] == 16
    assert "row 2, column 2" in editor.readout.text()


@pytest.mark.parametrize(("key", "tool"), [("O", "occlude"), ("E", "erase"), ("I", "pick"), ("B", "paint")])
def test_a_key_takes_a_tool(editor, key, tool, qtbot):
    editor.window().activateWindow()
    editor.canvas.setFocus()
    qtbot.waitUntil(editor.canvas.hasFocus)
    QTest.keyClick(editor.canvas, key)
    assert editor.tools.tool.id == tool


def test_brackets_change_the_size_and_the_outline_follows(editor, qtbot):
    editor.window().activateWindow()
    editor.canvas.setFocus()
    qtbot.waitUntil(editor.canvas.hasFocus)
    QTest.keyClick(editor.canvas, Qt.Key.Key_BracketRight)
    QTest.keyClick(editor.canvas, Qt.Key.Key_BracketRight)
    assert editor.options.size_.value() == 3
    QTest.keyClick(editor.canvas, Qt.Key.Key_Right)
    assert editor.canvas._marks[0].rect().width() == 3


def test_zooming_in_keeps_pixels_and_places_together(editor, document):
    canvas = editor.canvas
    canvas.setFocus()
    for _step in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        QTest.keyClick(canvas, Qt.Key.Key_Down)
        QTest.keyClick(canvas, "+")
    place = canvas.place_of((3, 3))
    assert canvas.pixel_at(place) == (3, 3)
    drag(editor, (3, 3))
    assert picture(document)[3, 3] == 16
    QTest.keyClick(canvas, "0")
    assert canvas.rect().contains(canvas.place_of((7, 7)).toPoint())


# -------------------------------------------------------------------------------------------- relevance


def test_relevance_is_drawn_over_beside_or_not_at_all(editor, document):
    relevance = np.linspace(-1, 3, 64).reshape(1, 8, 8)
    drawn.explain(document, {"image": relevance})
    editor.refresh()
    assert editor.canvas.overlay.isVisible()
    assert editor.canvas.overlay.image[7, 7, 3] == round(255 * 0.7)
    assert editor.legend.texts() == [("0", "16.0"), ("R −3.0", "+3.0")]
    choose(editor.options.show_, BESIDE)
    assert editor.canvas.beside.isVisible()
    assert not editor.canvas.overlay.isVisible()
    assert editor.canvas.beside.image[7, 7, 3] == 255
    choose(editor.options.show_, HIDDEN)
    assert not editor.canvas.beside.isVisible()
    assert len(editor.legend.texts()) == 1


def test_old_relevance_is_faint_and_said_to_be_old(editor, document):
    drawn.explain(document, {"image": np.ones((1, 8, 8))})
    document.mark_stale()
    editor.refresh()
    assert editor.canvas.overlay.image[0, 0, 3] < 80
    assert "F5" in editor.readout.text()


def test_relevance_of_another_sample_is_not_shown(editor, document):
    drawn.explain(document, {"image": np.ones((1, 8, 8))})
    document.select_sample(1)
    editor.refresh()
    assert not editor.canvas.overlay.isVisible()


def test_a_sample_that_cannot_be_explained_says_why(editor, document):
    document.put_result(None, "x1 is empty; type a number.")
    editor.refresh()
    assert editor.readout.text() == "x1 is empty; type a number."


def test_a_stroke_ends_where_another_sample_is_chosen(editor, document, qtbot):
    drag(editor, (0, 0), (0, 1), release=False)
    document.select_sample(1)
    qtbot.waitUntil(lambda: not editor.drawing)
    QTest.mouseRelease(editor.canvas.viewport(), LEFT, NONE, editor.canvas.place_of((0, 5)).toPoint())
    assert np.array_equal(picture(document, 1), fakes.DIGIT)


def test_without_samples_there_is_nothing_to_paint(editor, document):
    document.delete_samples([0, 1, 2])
    editor.refresh()
    drag(editor, (1, 1), (2, 2))
    assert editor.readout.text() == "No sample is chosen."


# ---------------------------------------------------------------------------------------------- colours


@pytest.fixture
def colourful(qapp, qtbot):
    network = drawn.network_of(drawn.info_of("photo", (3, 12, 12)), drawn.info_of("age", ()))
    values = np.random.default_rng(0).integers(0, 256, (2, 3 * 144 + 1)).astype(float)
    values[0, 0], values[0, 1] = 0, 255
    document = drawn.opened(network, values)
    return document, shown(qtbot, make_editor(document, LIGHT, "photo"))


def test_a_colour_is_painted_into_its_three_planes(colourful):
    document, editor = colourful
    editor.options.take_colour(QColor(255, 0, 51))
    drag(editor, (5, 5))
    pixel = document.table.values[0, :432].reshape(3, 12, 12)[:, 5, 5]
    assert pixel == pytest.approx([255, 0, 51], abs=0.01)
    editor.refresh()
    assert tuple(editor.canvas.picture.image[5, 5, :3]) == (255, 0, 51)
    assert document.undo_stack.count() == 1


def test_one_plane_is_painted_alone(colourful):
    document, editor = colourful
    before = document.table.values[0].copy()
    editor.options.plane.setCurrentIndex(2)  # green
    editor.options.value.setValue(200)
    drag(editor, (5, 5))
    changed = np.flatnonzero(document.table.values[0] != before)
    assert changed.tolist() == [144 + 5 * 12 + 5]


def test_relevance_of_a_colour_picture_is_added_up(colourful):
    document, editor = colourful
    relevance = np.zeros((3, 12, 12))
    relevance[0, 1, 1], relevance[2, 1, 1] = 2, -1
    drawn.explain(document, {"photo": relevance})
    editor.refresh()
    assert editor.relevance_map()[1, 1] == 1
    editor.options.plane.setCurrentIndex(3)
    assert editor.relevance_map()[1, 1] == -1


# -------------------------------------------------------------------------------------------- the window


def test_whoever_looks_elsewhere_pays_nothing(document, qtbot):
    editor = make_editor(document, LIGHT, "image")
    qtbot.addWidget(editor)
    document.edit_cell(0, 0, "9")
    qtbot.wait(20)
    assert editor.canvas.shape == (0, 0)
    shown(qtbot, editor)
    assert editor.canvas.shape == (8, 8)


def test_another_theme_is_put_on(editor):
    before = editor.canvas.picture.image[0, 0].tolist()
    editor.set_theme(DARK)
    editor.refresh()
    assert editor.canvas.picture.image[0, 0].tolist() != before


def test_a_low_editor_shows_all_its_tools(document, qtbot):
    editor = shown(qtbot, make_editor(document, LIGHT, "image"), size=(700, 140))
    buttons = [button for button in editor.tools.findChildren(QToolButton) if button.isVisible()]
    assert len(buttons) == 6
    assert all(editor.rect().contains(button.mapTo(editor, button.rect().bottomRight())) for button in buttons)
    assert len({(button.x(), button.y()) for button in buttons}) == 6
    tall = shown(qtbot, make_editor(document, LIGHT, "image"), size=(300, 500))
    assert len({button.x() for button in tall.tools.findChildren(QToolButton)}) == 1


def test_every_box_can_be_reached_and_has_a_name(editor):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

    widgets = [w for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider) for w in editor.findChildren(kind)]
    named = [w for w in widgets if w.accessibleName() and w.objectName() != "qt_toolbar_ext_button"]
    assert len(named) >= 10
    assert editor.canvas.accessibleName() == "Picture image"


def test_a_person_paints_a_stroke_on_a_digit_and_sees_the_relevance_move(window, qtbot, monkeypatch):
    from lrp_gui.document import commands
    from tests.gui.example import DIGITS, settle

    monkeypatch.setattr(commands, "GESTURE_SECONDS", 0.8)
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    document = window.document
    window.actions_["edit_input"].trigger()
    editor = window.furniture.sample.page
    qtbot.waitUntil(lambda: editor.canvas.shape == (8, 8) and editor.canvas.overlay.isVisible())
    before, shade = document.result.explained, editor.canvas.overlay.image.copy()
    results = []
    document.result_changed.connect(lambda: results.append(document.result))
    drag(editor, (1, 1), release=False)
    for row in range(2, 7):
        QTest.mouseMove(editor.canvas.viewport(), editor.canvas.place_of((row, 1)).toPoint())
        qtbot.wait(60)
    qtbot.waitUntil(lambda: any(results))  # while the mouse is still down
    QTest.mouseRelease(editor.canvas.viewport(), LEFT, NONE, editor.canvas.place_of((6, 1)).toPoint())
    settle(qtbot, window)
    qtbot.waitUntil(lambda: not editor._due.isActive())
    assert document.result.explained != before
    assert not np.array_equal(editor.canvas.overlay.image, shade)
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    settle(qtbot, window)
    assert document.result.explained == pytest.approx(before)
    window.document.table.mark_kept()


def test_the_list_of_shortcuts_names_the_tools(window, qtbot):
    window.actions_["shortcuts"].trigger()
    dialog = window.dialogs.current
    rows = {item.text(0): item for item in map(dialog.list.topLevelItem, range(dialog.list.topLevelItemCount()))}
    assert rows["Picture: Occlude a Patch"].text(1) == "O"
    assert "Tokens: Replace, insert, delete" in rows
    dialog.list.setCurrentItem(rows["Picture: Occlude a Patch"])
    dialog.keys.setKeySequence("Ctrl+Alt+K")
    assert not dialog.set_button.isEnabled()  # the tools' keys are theirs
    assert "cannot be changed" in dialog.note.text()
    dialog.close()
