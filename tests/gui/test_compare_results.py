"""Two explanations side by side in the real window: what differs, where, and how both are looked at."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from lrp_gui.compare.graphs import LETTERS
from lrp_gui.compare.model import LAYER, SHARE, SUM_A, LayersModel
from lrp_gui.compare.pictures import VALUES, Panes
from lrp_gui.compare.window import BESIDE, BLINK, SWIPE
from lrp_gui.document.comparing import DONE, FAILED, MEAN, OTHER_SIDE, STOPPED
from lrp_gui.jobs.comparing_results import LayerDifference
from lrp_gui.viewer.charts import Chart
from lrp_gui.viewer.picture import GraphPicture, Hit
from lrp_gui.viewer.states import StatePicture
from lrp_gui.viewer.tokens.picture import TokenPicture
from tests.gui.example import DIABETES, DIGITS, settle
from tests.gui.networks import saved
from tests.gui.test_compare_pictures import rendered


@pytest.fixture
def compared(diabetes, qtbot):
    """The window with the first two patients beside each other."""
    diabetes.actions_["compare_explanations"].trigger()
    settle(qtbot, diabetes)
    finish(qtbot, diabetes.furniture.explanations)
    return diabetes.furniture.explanations


def finish(qtbot, window):
    """Until both are explained anew."""
    qtbot.waitUntil(lambda: not window.beside._start.isActive(), timeout=10000)
    qtbot.waitUntil(lambda: window.beside.state != "running", timeout=30000)
    window.draw()


def test_the_table_keeps_qts_rules(qapp, qtmodeltester):
    model = LayersModel()
    qtmodeltester.check(model)
    model.put(
        [
            LayerDifference("a", "Linear", 1.0, 2.0, share=0.2),
            LayerDifference("b", "Linear", 3.0, 1.0, share=0.7),
            LayerDifference("c", "relu", 2.0, float("nan"), note="B has no relevance there"),
        ]
    )
    qtmodeltester.check(model)
    assert [model.row_at(n).layer for n in range(3)] == ["b", "a", "c"]  # what has no number stands last
    model.sort(SHARE)
    assert [model.row_at(n).layer for n in range(3)] == ["a", "b", "c"]
    model.sort(SUM_A, Qt.SortOrder.DescendingOrder)
    assert [model.row_at(n).layer for n in range(3)] == ["b", "c", "a"]
    model.sort(-1)
    assert [model.row_at(n).layer for n in range(3)] == ["a", "b", "c"]
    assert model.as_text(separator=",").splitlines()[3] == "c,relu,,,2.0,,,,B has no relevance there"


def test_two_samples_stand_beside_each_other(compared, diabetes, qtbot):
    assert compared.isVisible()
    assert compared.beside.state == DONE
    a, b = compared.beside.contrast.results
    assert (a.row, b.row) == (0, 1)
    np.testing.assert_array_equal(a.inputs["x"], diabetes.document.result.inputs["x"])
    assert compared.heads[0].text().startswith("A · ")
    assert isinstance(compared.panes[0].picture, GraphPicture)
    assert compared.model.rowCount() == len(compared.beside.contrast.rows)
    compared.panes[0].zoom_about(QPointF(40, 40), 2.0)
    assert compared.panes[1].zoom == compared.panes[0].zoom > 1.5
    compared.panes[1].fit()
    assert compared.panes[0].zoom == 1.0
    bold = compared.sides[1]._labels
    assert bold["sample"].font().bold()
    assert not bold["target"].font().bold()
    before = compared.beside.sides
    compared.bar.swap.click()
    finish(qtbot, compared)
    assert compared.beside.sides == (before[1], before[0])
    assert compared.beside.contrast.results[0].row == 1


def test_either_side_can_be_another(compared, qtbot):
    for changes, says in (
        ({"target": "0"}, "target"),
        ({"rules": "gamma"}, "composite gamma"),
        ({"against": MEAN}, "against the mean of 442 samples"),
        ({"against": OTHER_SIDE}, "against sample 1"),
    ):
        compared.beside.change(1, **changes)
        finish(qtbot, compared)
        assert compared.beside.state == DONE, compared.beside.problem
        assert says in compared.heads[1].text()
    assert compared.beside.contrast.results[0].composite == "epsilon_plus"


def test_a_layer_chosen_in_the_table_is_chosen_everywhere(compared, diabetes, qtbot):
    compared.look(VALUES)
    compared.table.selectRow(compared.model.place_of("fc2"))
    assert diabetes.document.selected_layer == "fc2"
    compared.draw()
    assert compared.panes[0].picture.title == "fc2, A"
    diabetes.document.select_layer("fc1")
    compared.draw()
    place = compared.table.selectionModel().selectedRows()[0].row()
    assert compared.model.index(place, LAYER).data() == "fc1"
    diabetes.document.rename_layer("fc1", "the first")
    compared.draw()
    assert compared.model.index(place, LAYER).data() == "the first"
    assert compared.view.selection.labels == {"fc1": "the first"}
    compared.look_by(SWIPE)
    compared.bar.slider.setValue(30)
    assert isinstance(compared.panes[0].picture, Panes)
    assert compared.panes[0].picture.share == pytest.approx(0.3)
    assert not compared.columns[1].isVisible()
    compared.panes[0].swiped.emit(0.8)
    assert compared.bar.slider.value() == 80
    a, b = (rendered(compared._pictures[n], 600, 400) for n in (0, 1))
    compared.bar.slider.setValue(50)
    both = rendered(compared.panes[0].picture, 600, 400)
    np.testing.assert_array_equal(both[:340, 10:270], a[:340, 10:270])
    np.testing.assert_array_equal(both[:340, 330:590], b[:340, 330:590])
    compared.look_by(BLINK)
    first = compared.panes[0].picture
    compared._blink()
    assert compared.panes[0].picture is not first
    assert compared.heads[0].text().startswith("B")
    compared.look_by(BESIDE)
    assert not compared._blinks.isActive()
    assert compared.columns[1].isVisible()


def test_an_edit_is_followed_and_what_cannot_be_explained_is_said(compared, diabetes, qtbot):
    before = compared.beside.contrast.results[1].explained
    diabetes.document.edit_cell(1, 2, "40")
    finish(qtbot, compared)
    assert compared.beside.contrast.results[1].explained != before
    diabetes.document.edit_cell(1, 2, "")
    finish(qtbot, compared)
    assert compared.beside.state == FAILED
    assert compared.beside.problem.startswith("B: Sample")
    assert compared.bar.note.text() == compared.beside.problem
    assert compared.beside.alone.result.row == 0
    diabetes.document.undo_stack.undo()
    finish(qtbot, compared)
    diabetes.document.delete_samples([1])
    finish(qtbot, compared)
    assert compared.beside.problem.startswith("B: The sample is gone")
    assert compared.beside.alone.which == 0  # what can be explained is still shown
    compared.beside.choose_row(1, 1)
    compared.beside.change(0, target="nobody")
    finish(qtbot, compared)
    assert compared.beside.state == FAILED
    assert "nobody" in compared.bar.note.text()


def test_a_comparison_can_be_stopped(compared, qtbot):
    compared.beside.change(1, rules="gamma")
    compared.beside.run()
    compared.bar.stop.click()
    qtbot.waitUntil(lambda: compared.beside.state == STOPPED, timeout=5000)
    assert compared.bar.stop.text() == "Compare Again"
    compared.bar.stop.click()
    finish(qtbot, compared)
    assert compared.beside.contrast.results[1].composite == "gamma"


def test_two_networks_of_the_same_inputs(compared, qtbot, tmp_path):
    import torch

    other = tmp_path / DIABETES.name
    tensors = torch.load(DIABETES, weights_only=True)
    torch.save({name: tensor * 1.1 for name, tensor in tensors.items()}, other)
    (tmp_path / "architecture.json").write_bytes((DIABETES.parent / "architecture.json").read_bytes())
    compared.beside.change(1, sample=compared.beside.sides[0].sample)
    compared.beside.open_network(1, str(other))
    finish(qtbot, compared)
    assert compared.beside.state == DONE, compared.beside.problem
    a, b = compared.beside.contrast.results
    np.testing.assert_array_equal(a.values["x"], b.values["x"])
    assert a.explained != b.explained
    assert compared.beside.contrast.difference is not None
    compared.beside.open_network(1, str(DIGITS))
    finish(qtbot, compared)
    assert compared.beside.state == FAILED
    assert compared.bar.note.text().startswith("digits takes 64 numbers a sample and")


def test_the_tables_menu_compares_the_chosen_samples(diabetes, qtbot):
    view = diabetes.table.view
    diabetes.table.comparison_wanted.emit((3, 5))
    settle(qtbot, diabetes)
    sides = diabetes.furniture.explanations.beside.sides
    assert [side.sample for side in sides] == [3, 5]
    view.selectRow(0)
    texts = [action.text() for action in diabetes.table.menus.row_menu().actions()]
    assert "Compare Its Explanation…" in texts


def test_the_table_and_the_pictures_can_be_taken_away(compared, diabetes, qtbot, tmp_path):
    compared.write(str(tmp_path / "layers.csv"))
    lines = (tmp_path / "layers.csv").read_text().splitlines()
    assert lines[0].startswith("layer,operation,share")
    assert len(lines) == len(compared.beside.contrast.rows) + 1
    compared.table.copy()
    assert QGuiApplication.clipboard().text().splitlines()[0].split("\t")[0] == "layer"
    compared.ask_export()
    dialog = compared.dialog
    titles = [dialog.view.itemText(n) for n in range(dialog.view.count())]
    assert titles[:2] == ["side by side, graph", "side by side, values"]
    assert "graph of A − B" in titles
    for title, name in (("side by side, values", "values.csv"), ("values of A − B", "difference.npz")):
        dialog.view.setCurrentText(title)
        dialog.data_wanted.emit(dialog.view.currentData(), dialog.picture, str(tmp_path / name))
        qtbot.waitUntil(lambda name=name: name in compared.bar.note.text())
    contrast = compared.beside.contrast
    path = next(iter(contrast.results[0].inputs))
    with (tmp_path / "values.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    for letter, result in zip(LETTERS, (*contrast.results, contrast.difference), strict=True):
        written = [float(row["relevance"]) for row in rows if row["explanation"] == letter]
        np.testing.assert_allclose(written, np.ravel(result.inputs[path]), rtol=1e-6)
    with np.load(tmp_path / "difference.npz") as arrays:
        np.testing.assert_allclose(arrays[f"relevance {path}"], contrast.difference.inputs[path])
    dialog.close()
    diabetes.opener.open([str(DIGITS)])
    settle(qtbot, diabetes)
    compared.draw()
    assert compared.beside.sides is None
    assert compared.model.rowCount() == 0
    assert "Nothing is compared" in compared.bar.note.text()
    assert not isinstance(compared.panes[0].picture, Chart)


def test_a_sentence_in_the_window_at_the_scale_of_tokens(window, qtbot, tmp_path):
    network, table = saved("tokens", tmp_path)
    window.opener.open([str(network), str(table)])
    qtbot.waitUntil(lambda: window.document.result is not None, timeout=60000)
    settle(qtbot, window)
    window.actions_["compare_explanations"].trigger()
    compared = window.furniture.explanations
    settle(qtbot, window)
    finish(qtbot, compared)
    compared.bar.scale.setCurrentIndex(compared.bar.scale.findData("tokens"))
    compared.bar.scale.activated.emit(compared.bar.scale.currentIndex())
    qtbot.waitUntil(lambda: all(one.get("tokens") is not None for one in compared.beside.more), timeout=60000)
    compared.draw()
    assert all(isinstance(pane.picture, TokenPicture) and pane.picture.tree for pane in compared.panes)
    assert "one scale" in compared.bar.note.text()
    compared._open(Hit(opens="tokens"))
    compared.draw()
    assert all(pane.picture.every_row for pane in compared.panes)
    compared.ask_export()
    assert compared.dialog._making.lines.count("lrp.explain(") == 2
    compared.dialog.close()


def test_a_comparison_that_fails_says_so_in_its_panes(compared, diabetes, qtbot):
    compared.beside.change(1, target="nobody")
    finish(qtbot, compared)
    assert compared.beside.alone.which == 0
    assert not isinstance(compared.panes[0].picture, StatePicture)  # the side that is there stays
    assert compared.heads[0].text().startswith("A · sample")
    assert compared.heads[1].text() == "B"
    assert compared.beside.problem.startswith("B: ")
    assert not compared.bar.export.isEnabled()
    compared.look("values")
    compared.draw()
    assert not isinstance(compared.panes[0].picture, StatePicture)
    compared.look("graph")
    compared.beside.swap()
    finish(qtbot, compared)
    assert compared.beside.problem.startswith("A: ")
    assert not isinstance(compared.panes[1].picture, StatePicture)
    state = compared.panes[0].picture.state
    assert (state.headline, state.warns) == ("A is not explained", True)
    assert "nobody" in state.sentence
    diabetes.document.delete_samples(range(diabetes.document.table.samples))
    finish(qtbot, compared)
    assert compared.panes[1].picture.state.sentence == compared.beside.problem
    assert "has no samples" in compared.beside.problem
    compared.beside._on_replaced()
    compared.draw()
    assert compared.panes[0].picture.state.headline == "Nothing is compared"


def test_everything_in_the_window_can_be_done_without_a_mouse(compared, qtbot):
    compared.activateWindow()
    qtbot.waitUntil(compared.isActiveWindow)
    fields = [compared.sides[0].sample, compared.sides[0].target, compared.sides[0].composite]
    fields[0].setFocus()
    met = {compared.focusWidget()}
    for _ in range(40):
        qtbot.keyClick(compared.focusWidget(), Qt.Key.Key_Tab)
        met.add(compared.focusWidget())
    bar = compared.bar
    assert met >= {*fields, compared.sides[1].network, compared.table, bar.swap, bar.export, bar.ways.checkedButton()}
    compared.sides[1].sample.setFocus()
    qtbot.keyClick(compared.sides[1].sample, Qt.Key.Key_Up)
    finish(qtbot, compared)
    assert compared.beside.contrast.results[1].row == 2
    for key, way in ((Qt.Key.Key_W, SWIPE), (Qt.Key.Key_B, BLINK), (Qt.Key.Key_S, BESIDE)):
        qtbot.keyClick(compared, key, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda way=way: compared.way == way)
    before = compared.beside.sides
    qtbot.keyClick(compared, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: compared.beside.sides == (before[1], before[0]))
    finish(qtbot, compared)
    assert compared.beside.contrast.results[0].row == 2
    qtbot.keyClick(compared, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert compared.dialog.isVisible()
    qtbot.keyClick(compared.dialog, Qt.Key.Key_Escape)
    assert not compared.dialog.isVisible()
    qtbot.keyClick(compared, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not compared.isVisible()
