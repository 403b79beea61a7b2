"""Series that are drawn by hand: the curve, its points, stretches of it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lrp_gui.document import commands
from lrp_gui.sample.editors import make_editor
from lrp_gui.sample.editors.options import HIDDEN, LINE, MEAN
from lrp_gui.theme import DARK, LIGHT
from tests.gui import drawn

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
TIME = 40
CURVES = np.stack([np.sin(np.arange(TIME) / 4), np.linspace(-1, 1, TIME)])


@pytest.fixture
def document(qapp, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", 0.8)
    document = drawn.opened(drawn.network_of(drawn.info_of("signal", (2, TIME))), [CURVES, CURVES * 2])
    yield document
    document.deleteLater()


@pytest.fixture
def editor(document, qtbot):
    editor = make_editor(document, LIGHT, "signal")
    qtbot.addWidget(editor)
    editor.resize(700, 360)
    editor.show()
    qtbot.waitUntil(lambda: editor.canvas.length == TIME)
    return editor


def drag(editor, *places):
    canvas = editor.canvas
    points = [canvas.place_of(place).toPoint() for place in places]
    QTest.mousePress(canvas.viewport(), LEFT, NONE, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas.viewport(), point)
    QTest.mouseRelease(canvas.viewport(), LEFT, NONE, points[-1])


def curve(document, channel=0, row=0):
    return document.table.values[row].reshape(2, TIME)[channel]


def test_a_curve_is_drawn_without_gaps_and_undone_in_one_step(editor, document):
    drag(editor, (5, 0), (10, 1), (20, -1))
    drawn_curve = curve(document)
    assert drawn_curve[10] == pytest.approx(1, abs=0.05)
    assert drawn_curve[15] == pytest.approx(0, abs=0.05)
    assert drawn_curve[20] == pytest.approx(-1, abs=0.05)
    assert np.array_equal(drawn_curve[21:], CURVES[0, 21:])
    assert np.array_equal(curve(document, 1), CURVES[1])
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Draw signal of sample 1"
    document.undo_stack.undo()
    assert np.array_equal(curve(document), CURVES[0])


def test_a_curve_is_drawn_backwards_too(editor, document):
    drag(editor, (20, -1), (10, 1))
    assert curve(document)[15] == pytest.approx(0, abs=0.05)


def test_the_nearest_point_is_dragged(editor, document):
    editor.tools.choose("drag")
    drag(editor, (12.2, CURVES[0, 12]), (14, 1.2), (15, 0.5))
    assert curve(document)[12] == pytest.approx(0.5, abs=0.05)
    changed = np.flatnonzero(curve(document) != CURVES[0])
    assert changed.tolist() == [12]


def test_a_stretch_is_covered_by_the_line_between_its_ends(editor, document):
    editor.tools.choose("occlude")
    editor.options.with_.setCurrentIndex(editor.options.with_.findData(LINE))
    drag(editor, (10, 0), (13, 0.5), (20, 0))
    assert curve(document)[9:22] == pytest.approx(np.linspace(CURVES[0, 9], CURVES[0, 21], 13))
    assert document.undo_stack.undoText() == "Cover a stretch of signal of sample 1"


def test_a_stretch_is_covered_by_the_means_of_the_data(editor, document):
    editor.tools.choose("occlude")
    editor.options.with_.setCurrentIndex(editor.options.with_.findData(MEAN))
    drag(editor, (30, 0), (0, 0))
    assert curve(document)[:31] == pytest.approx(CURVES[0, :31] * 1.5)
    assert np.array_equal(curve(document)[31:], CURVES[0, 31:])


def test_noise_goes_onto_the_stretch_alone(editor, document):
    editor.tools.choose("noise")
    drag(editor, (5, 0), (14, 0))
    changed = curve(document) != CURVES[0]
    assert not changed[:5].any()
    assert not changed[15:].any()
    assert changed[5:15].sum() >= 5
    assert document.undo_stack.undoText().endswith("(seed 1)")


def test_the_chosen_channel_is_edited(editor, document):
    editor.options.plane.setCurrentIndex(1)
    drag(editor, (5, 1), (8, 1))
    assert np.array_equal(curve(document), CURVES[0])
    assert curve(document, 1)[6] == pytest.approx(1, abs=0.05)


def test_points_are_moved_with_the_keyboard_and_undone_at_once(editor, document):
    canvas = editor.canvas
    canvas.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(canvas, key)
    for _press in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_PageUp)
    width = editor.spread().width
    assert curve(document)[2] == pytest.approx(CURVES[0, 2] + 0.3 * width)
    assert "step 2" in editor.readout.text()
    assert document.undo_stack.count() == 1
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert curve(document)[3] == pytest.approx(CURVES[0, 3] - 0.01 * width)
    assert document.undo_stack.count() == 2


def test_relevance_shades_the_time_it_belongs_to(editor, document):
    relevance = np.zeros((2, TIME))
    relevance[0, 7], relevance[1, 9] = -2, 4
    drawn.explain(document, {"signal": relevance})
    editor.refresh()
    shade = editor.canvas.shade.image[0]
    assert shade[7, 3] > 0
    assert shade[9, 3] == 0
    assert editor.legend.texts() == [("R −4.0", "+4.0")]
    editor.canvas.hovered.emit(7)
    assert editor.readout.text().endswith("R −2.00")
    editor.options.show_.setCurrentIndex(editor.options.show_.findData(HIDDEN))
    assert not editor.canvas.shade.isVisible()


def test_a_gap_in_the_data_is_a_gap_in_the_curve(editor, document):
    document.edit_cell(0, 4, "lost")
    editor.refresh()
    assert np.isnan(editor.canvas.curve.yData[4])
    editor.canvas.hovered.emit(4)
    assert "no number" in editor.readout.text()
    QTest.keyClick(editor.canvas, Qt.Key.Key_Home)
    for _step in range(4):
        QTest.keyClick(editor.canvas, Qt.Key.Key_Right)
    QTest.keyClick(editor.canvas, Qt.Key.Key_Up)
    assert document.table.text(0, 4) == "lost"


def test_another_sample_is_another_curve_in_the_same_scale(editor, document):
    document.select_sample(1)
    editor.refresh()
    assert np.array_equal(editor.canvas.curve.yData, CURVES[0] * 2)
    editor.set_theme(DARK)
    editor.refresh()


def test_zooming_in_time_keeps_places_together(editor, document):
    canvas = editor.canvas
    canvas.setFocus()
    for key in (Qt.Key.Key_Home, *[Qt.Key.Key_Right] * 10):
        QTest.keyClick(canvas, key)
    before = canvas.box.viewRange()[0]
    QTest.keyClick(canvas, "+")
    QTest.keyClick(canvas, "+")
    low, high = canvas.box.viewRange()[0]
    assert high - low < 0.7 * (before[1] - before[0])
    assert low < 10 < high
    assert canvas.place_at(canvas.place_of((10, 0)))[0] == pytest.approx(10, abs=0.1)
    QTest.keyClick(canvas, "0")
    assert canvas.box.viewRange()[0] == pytest.approx(before)
