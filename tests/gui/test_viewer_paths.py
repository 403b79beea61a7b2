"""Paths through neurons, picked by hand or strongest; and the band of those that find no room."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, QSizeF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lrp_gui.document.document import Document
from lrp_gui.document.words import signed
from lrp_gui.theme import LIGHT
from lrp_gui.viewer import RelevanceViewer
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.neuron_band import drawn_text, share_shown
from lrp_gui.viewer.neuron_paths import NOWHERE, flow_along, flowing, picked_path, strongest_path
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.sketch import Sketch
from tests.gui import fakes

RNG = np.random.default_rng(2)
MATRICES = [RNG.normal(size=(4, 3)), RNG.normal(size=(5, 4)), RNG.normal(size=(2, 5))]
# so that nothing is absorbed on the way
RELEVANCE = [m.sum(axis=0) for m in MATRICES] + [MATRICES[-1].sum(axis=1)]


def balanced():
    """Matrices whose rows hand on what the unit got: no bias."""
    found, arrived = [], RELEVANCE[-1]
    for matrix in reversed(MATRICES):
        rows = np.abs(matrix) / np.abs(matrix).sum(axis=1, keepdims=True) * arrived[:, None]
        found.insert(0, rows)
        arrived = rows.sum(axis=0)
    return found, [m.sum(axis=0) for m in found] + [RELEVANCE[-1]]


def test_the_flows_of_all_paths_sum_to_what_the_output_hands_back():
    matrices, relevance = balanced()
    for output in range(2):
        every = itertools.product(range(3), range(4), range(5))
        total = sum(flow_along(matrices, relevance, (*way, output)) for way in every)
        assert total == pytest.approx(relevance[-1][output])


def test_a_part_of_a_way_has_the_flow_of_all_ways_through_it():
    matrices, relevance = balanced()
    through = sum(flow_along(matrices, relevance, (unit, 2, 1, 0)) for unit in range(3))
    assert flow_along(matrices, relevance, (NOWHERE, 2, 1, 0)) == pytest.approx(through)


def test_between_picked_units_the_path_takes_the_way_on_which_most_flows():
    for first, last in itertools.product(range(3), range(2)):
        path = picked_path(MATRICES, {0: first, 3: last})
        shares = [np.abs(m) / np.abs(m).sum(axis=1, keepdims=True) for m in MATRICES]

        def product(way, shares=shares):
            return np.prod([share[right, left] for share, left, right in zip(shares, way, way[1:], strict=False)])

        best = max(((first, a, b, last) for a in range(4) for b in range(5)), key=product)
        assert path == best


def test_what_is_not_between_picked_units_is_nowhere():
    assert picked_path(MATRICES, {1: 2, 2: 4}) == (NOWHERE, 2, 4, NOWHERE)
    assert picked_path(MATRICES, {2: 3}) == (NOWHERE, NOWHERE, 3, NOWHERE)


def test_a_path_leads_from_any_unit_to_both_ends():
    path = strongest_path(MATRICES, RELEVANCE[-1], 1, 2)
    assert path[1] == 2
    assert path[0] == np.argmax(np.abs(MATRICES[0][2]))
    assert path[2] == np.argmax(np.abs(MATRICES[1][:, 2]))


def test_a_path_ends_where_nothing_flows_on():
    silent = [MATRICES[0], MATRICES[1].copy(), MATRICES[2]]
    silent[1][3] = 0
    path = (*strongest_path(silent[:1], RELEVANCE[1], 1, 2), 3, 1)
    assert flowing(silent, path, 3) == (NOWHERE, NOWHERE, 3, 1)
    assert flowing(silent, path, 0) == (*path[:2], NOWHERE, NOWHERE)
    whole = strongest_path(MATRICES, RELEVANCE[-1], -1, -1)
    assert flowing(MATRICES, whole, 3) == whole


def test_an_output_without_relevance_has_no_path(qapp):
    network, result = fakes.mlp_result((10, 32, 16, 3))
    silent = next(n for n, value in enumerate(result.layers["fc3"].relevance.ravel()) if not value)
    picture = NeuronPicture.build(network, result, LIGHT, selected_layer="fc3", selected_unit=silent)
    assert picture.path == (NOWHERE, NOWHERE, NOWHERE, silent)


def test_a_unit_that_a_column_does_not_have_leads_nowhere():
    assert strongest_path(MATRICES, RELEVANCE[-1], 1, 9) == strongest_path(MATRICES, RELEVANCE[-1], -1, -1)
    network, result = fakes.mlp_result()
    picture = NeuronPicture.build(network, result, LIGHT, selected_layer="fc2", selected_unit=99)
    assert picture.graph.kept == NeuronPicture.build(network, result, LIGHT).graph.kept
    assert picture.path == NeuronPicture.build(network, result, LIGHT).path


# ------------------------------------------------------------------------------------------- names beside the input


def said_beside_the_input(picture, monkeypatch) -> list[str]:
    found = []
    monkeypatch.setattr(Ink, "text", lambda _ink, rect, text, *_a, **_k: rect.width() and found.append(text))
    Sketch(picture, QSizeF(700, 420), QRectF(0, 0, 700, 420), 1.0, 1.0).finish()
    return found


@pytest.mark.parametrize("chosen", [True, False])
def test_an_input_that_is_chosen_or_on_the_path_is_named_where_few_find_room(qapp, monkeypatch, chosen):
    network, result = fakes.mlp_result((64, 32, 4), name="wide")
    names = [feature.name for feature in network.inputs[0].features]
    said = said_beside_the_input(NeuronPicture.build(network, result, LIGHT), monkeypatch)
    for unit in [n for n, name in enumerate(names) if name not in said]:
        options = {"selected_layer": "x", "selected_unit": unit} if chosen else {"picked": (("x", unit), ("fc1", 0))}
        assert names[unit] in said_beside_the_input(NeuronPicture.build(network, result, LIGHT, **options), monkeypatch)


def test_an_input_has_no_number_before_the_sweep_comes_to_it(qapp, monkeypatch):
    network, result = fakes.mlp_result()
    picture = NeuronPicture.build(network, result, LIGHT)
    number = signed(float(np.abs(result.inputs["x"]).max()))[1:]
    assert any(number in text for text in said_beside_the_input(picture, monkeypatch))
    picture.reveal = 0.4
    assert not any(number in text for text in said_beside_the_input(picture, monkeypatch))


# ------------------------------------------------------------------------------------------------- in the viewer


@pytest.fixture
def viewer(qtbot):
    widget = RelevanceViewer(Document(), LIGHT)
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    with qtbot.waitExposed(widget):
        widget.show()
    network, result = fakes.mlp_result()
    widget.document.network = network
    widget.document.network_changed.emit()
    widget.document.put_result(result)
    settle(widget)
    QApplication.processEvents()  # strip and detail have come in
    settle(widget)
    return widget


def settle(viewer):
    viewer.bring_up_to_date()
    viewer.canvas.finish()


def place(viewer, n: int, unit: int) -> QPoint:
    layout = viewer.canvas.picture.layout(QSizeF(viewer.canvas.size()) / viewer.canvas.view_scale)
    spot = QRectF(layout.x[n] - 1, layout.places[n][unit].y - 1, 2, 2)
    return (spot.center() * viewer.canvas.view_scale).toPoint()


def test_shift_click_adds_to_the_path_and_takes_away_again(viewer):
    shown = [list(map(int, column.shown)) for column in viewer.canvas.picture.graph.columns]
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(viewer.canvas, left, pos=place(viewer, 1, shown[1][1]))
    settle(viewer)
    QTest.mouseClick(viewer.canvas, left, Qt.KeyboardModifier.ShiftModifier, place(viewer, 2, shown[2][0]))
    settle(viewer)
    picture = viewer.canvas.picture
    assert picture.picked == (("fc1", shown[1][1]), ("fc2", shown[2][0]))
    assert picture.path == (NOWHERE, shown[1][1], shown[2][0], NOWHERE)
    assert "goes this way" in picture.picked_text
    QTest.mouseClick(viewer.canvas, left, Qt.KeyboardModifier.ShiftModifier, place(viewer, 2, shown[2][0]))
    settle(viewer)
    assert viewer.canvas.picture.picked == (("fc1", shown[1][1]),)
    QTest.mouseClick(viewer.canvas, left, pos=place(viewer, 1, shown[1][0]))
    settle(viewer)
    assert viewer.canvas.picture.picked == ()


def test_a_path_is_walked_by_keys_with_shift_held(viewer):
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Left)  # the output
    settle(viewer)
    for _ in range(3):
        QTest.keyClick(viewer.canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
        settle(viewer)
    picture = viewer.canvas.picture
    assert picture.path == picture.graph.path(3, 0)
    amount = picture.graph.flow_along(picture.path)
    assert amount == pytest.approx(
        np.prod([g.matrix[r, i] for g, i, r in zip(picture.graph.gaps, picture.path, picture.path[1:], strict=False)])
        / np.prod([picture.graph.columns[n].relevance[picture.path[n]] for n in (1, 2)])
    )


def test_a_picked_unit_that_is_folded_is_drawn(viewer):
    hidden = int(viewer.canvas.picture.graph.columns[1].hidden[0])
    viewer._look(picked=(("fc1", hidden), ("fc3", 0)))
    settle(viewer)
    picture = viewer.canvas.picture
    assert hidden in picture.graph.columns[1].shown
    assert picture.graph.shows(picture.path)


# ------------------------------------------------------------------------------------------------- wide layers


def wide(**look) -> NeuronPicture:
    network, result = fakes.mlp_result((6, 900, 3), target=1)
    picture = drawn(network, result, LIGHT, Selection(**look))[1]
    assert isinstance(picture, NeuronPicture)
    size = QSizeF(900, 600)
    assert isinstance(Sketch(picture, size, QRectF(0, 0, 900, 600), 1.0, 1.0).finish(), QPixmap)
    return picture


def test_what_finds_no_room_is_said_and_can_be_reached(qapp):
    picture = wide()
    column = picture.graph.columns[1]
    assert len(column.shown) <= 221
    assert 0 < share_shown(column) < 1
    reachable = {hit.unit for rect, hit in picture.spots if hit.layer == "fc1" and hit.unit >= 0}
    assert reachable & set(map(int, column.hidden))
    strongest = int(column.hidden[np.argmax(np.abs(column.relevance[column.hidden]))])
    bar, hit = next((rect, hit) for rect, hit in picture.spots if hit.unit == strongest)
    assert picture.hit(bar.center(), QSizeF(900, 600)) == hit
    assert strongest in wide(layer="fc1", unit=strongest).graph.columns[1].shown


def test_in_a_narrow_gap_no_number_loses_digits(viewer):
    column = viewer.canvas.picture.graph.columns[1]
    assert drawn_text(column, 400).endswith("of |R|")
    assert drawn_text(column, 5) == "…"


def test_below_the_last_circle_the_keys_go_on_into_the_band(qapp):
    picture = wide()
    column = picture.graph.columns[1]
    layer, unit = picture.neighbour("down", "fc1", int(column.shown[-1]))
    assert layer == "fc1"
    assert unit in column.hidden


def test_what_goes_to_folded_units_is_the_rest(qapp):
    picture = wide()
    left, right = picture.graph.columns[:2]
    gap, layout = picture.graph.gaps[0], picture.layout(QSizeF(900, 600))
    folded = {ribbon.left: ribbon.value for ribbon in layout.ribbons if ribbon.gap == 0 and ribbon.folded}
    for unit in map(int, left.shown):
        assert folded[unit] == pytest.approx(np.abs(gap.matrix[right.hidden, unit]).sum())
