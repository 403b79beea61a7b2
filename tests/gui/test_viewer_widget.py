"""The viewer in a window: it follows the document, and the document follows what is clicked in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester

from lrp_gui.document.document import Document
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer import RelevanceViewer
from lrp_gui.viewer.detail import INPUTS, LAYER, NUMBERS
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import StatePicture
from lrp_gui.viewer.units_model import UnitsModel
from tests.gui import fakes


@pytest.fixture
def document(qtbot):
    return Document()


@pytest.fixture
def viewer(qtbot, document):
    widget = RelevanceViewer(document, LIGHT)
    qtbot.addWidget(widget)
    widget.resize(1000, 600)
    widget.show()
    return widget


def show(viewer, network, result, problem=""):
    viewer.document.network = network
    viewer.document.network_changed.emit()
    viewer.document.put_result(result, problem)
    settle(viewer)


def settle(viewer):
    viewer.bring_up_to_date()
    for view in (viewer.canvas, viewer.strip, viewer.detail.inputs, viewer.detail.layer):
        if view.isVisible():
            view.repaint()
            view.finish()


def test_it_is_empty_and_says_what_to_do(viewer):
    assert isinstance(viewer.canvas.picture, StatePicture)
    assert "Open" in viewer.canvas.picture.state.headline
    assert not viewer.strip_area.isVisible()
    assert not viewer.detail.isVisible()


def test_a_network_without_sample_shows_its_layers_and_why(viewer):
    network, _ = fakes.cnn_result()
    show(viewer, network, None)
    assert isinstance(viewer.canvas.picture, StagePicture)
    assert viewer.canvas.picture.state.headline == "No sample to explain"


def test_a_refused_sample_shows_the_sentence(viewer):
    network, result = fakes.mlp_result()
    show(viewer, network, result)
    show(viewer, network, None, "The cell bmi of sample 3 is empty: type a number.")
    assert viewer.canvas.picture.state.sentence == "The cell bmi of sample 3 is empty: type a number."
    assert viewer.canvas.picture.state.warns
    assert not viewer.detail.isVisible()


def test_a_result_fills_graph_strip_and_detail(viewer):
    show(viewer, *fakes.mlp_result())
    assert isinstance(viewer.canvas.picture, NeuronPicture)
    assert [column.layer for column in viewer.strip.picture.columns][:2] == ["x", "fc1"]
    assert viewer.detail.isVisible()
    assert viewer.detail.model.rowCount() == 10
    show(viewer, *fakes.cnn_result())
    assert isinstance(viewer.canvas.picture, StagePicture)
    assert viewer.controls.units.isVisible()


def test_a_click_on_a_circle_selects_the_unit_in_the_document(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    layout = viewer.canvas.picture.layout(QSizeF(viewer.canvas.size()))
    unit = next(iter(layout.places[1]))
    at = QPoint(round(layout.x[1]), round(layout.places[1][unit].y))
    with qtbot.waitSignals([viewer.document.layer_selected, viewer.document.unit_selected]):
        qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert (viewer.document.selected_layer, viewer.document.selected_unit) == ("fc1", unit)
    settle(viewer)
    assert viewer.canvas.picture.selected_unit == unit
    assert viewer.detail.currentIndex() == LAYER


def test_a_click_on_a_box_selects_the_layer(viewer, qtbot):
    show(viewer, *fakes.cnn_result())
    picture = viewer.canvas.picture
    rect, hit = next(spot for spot in picture.spots if spot[1].layer == "conv2" and not spot[1].at_once)
    qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert viewer.document.selected_layer == hit.layer


def test_a_layer_opens_by_its_sign_by_a_double_click_and_by_enter(viewer, qtbot):
    show(viewer, *fakes.cnn_result())

    def opened():
        settle(viewer)
        return any(stage.unfolded and stage.layer == "conv2" for stage in viewer.canvas.picture.graph.stages)

    def spot(at_once):
        return next(s[0] for s in viewer.canvas.picture.spots if s[1].opens == "conv2" and s[1].at_once == at_once)

    assert not opened()
    viewer.canvas.grab()
    before = viewer.canvas.picture.place_of("conv2", QSizeF(viewer.canvas.size()))[0]
    qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=spot(at_once=True).center().toPoint())
    assert opened()
    assert viewer.document.selected_layer == "conv2"
    viewer.canvas.grab()
    place, _ = viewer.canvas.picture.place_of("conv2", QSizeF(viewer.canvas.size()))
    stays = place.topLeft() * viewer.canvas.zoom + viewer.canvas.offset
    assert (stays - before.topLeft()).manhattanLength() < 4
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Return)
    assert not opened()
    viewer.canvas.fit()
    viewer.canvas.grab()
    qtbot.mouseDClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=spot(at_once=False).center().toPoint())
    assert opened()


def test_a_click_in_the_strip_selects_that_layer_everywhere(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    at = next(rect for rect, hit in viewer.strip.picture.spots if hit.layer == "fc2").center().toPoint()
    qtbot.mouseClick(viewer.strip, Qt.MouseButton.LeftButton, pos=at)
    assert viewer.document.selected_layer == "fc2"
    settle(viewer)
    assert viewer.strip.picture.selected == "fc2"
    assert viewer.canvas.picture.selected_layer == "fc2"
    assert viewer.detail.layer.picture.layer == "fc2"


def test_a_layer_selected_elsewhere_is_selected_here(viewer):
    show(viewer, *fakes.mlp_result())
    viewer.document.select_layer("relu")
    settle(viewer)
    assert viewer.strip.picture.selected == "relu"
    assert viewer.detail.currentIndex() == LAYER
    viewer.document.select_layer("x")
    settle(viewer)
    assert viewer.detail.currentIndex() == INPUTS


def test_a_folded_unit_that_is_selected_becomes_visible(viewer):
    show(viewer, *fakes.mlp_result())
    hidden = int(viewer.canvas.picture.graph.columns[1].hidden[0])
    viewer.document.select_layer("fc1")
    viewer.document.select_unit(hidden)
    settle(viewer)
    assert hidden in viewer.canvas.picture.graph.columns[1].shown


def test_arrow_keys_walk_the_graph(viewer, qtbot):
    network, result = fakes.mlp_result()
    show(viewer, network, result)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Left)
    assert (viewer.document.selected_layer, viewer.document.selected_unit) == ("fc3", 0)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Left)
    strongest = int(np.argmax(np.abs(result.flows["fc3"].matrix[0])))
    assert (viewer.document.selected_layer, viewer.document.selected_unit) == ("fc2", strongest)
    qtbot.keyClick(viewer.strip, Qt.Key.Key_Right)
    assert viewer.document.selected_layer == "fc3"


def test_the_sliders_fold_and_unfold(viewer):
    show(viewer, *fakes.mlp_result())
    few = viewer.canvas.picture.graph.edge_count[0]
    viewer.controls.units.setValue(100)
    viewer.controls.edges.setValue(100)
    settle(viewer)
    everything = viewer.canvas.picture.graph.edge_count
    assert everything[0] > few
    assert viewer.canvas.picture.visible_text.endswith("100 % of |R|")
    viewer.controls.order_action.setChecked(True)
    viewer.controls.path_action.setChecked(False)
    settle(viewer)
    assert viewer.selection.barycentre
    assert not viewer.canvas.picture.path_shown


def test_wheel_zooms_about_the_pointer_and_f_fits(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    canvas = viewer.canvas
    point = QPointF(200, 150)
    before = (point - canvas.offset) / canvas.zoom
    event = QWheelEvent(
        point, canvas.mapToGlobal(point), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    canvas.wheelEvent(event)
    assert canvas.zoom > 1.3
    after = (point - canvas.offset) / canvas.zoom
    assert (after - before).manhattanLength() < 1e-6
    assert canvas.moving
    qtbot.waitUntil(lambda: not canvas.moving, timeout=1000)
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.zoom == 1.0
    assert canvas.offset.isNull()


def test_dragging_pans_and_selects_nothing(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    canvas = viewer.canvas
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    for step in range(1, 6):
        qtbot.mouseMove(canvas, QPoint(100 + 12 * step, 100))
    canvas.pan(QPointF(30, 10))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(160, 100))
    assert not canvas.offset.isNull()
    assert viewer.document.selected_layer == ""
    canvas.pan(QPointF(1e6, 1e6))
    assert canvas.view_rect().intersects(canvas.rect().toRectF())


def test_the_picture_of_a_zoomed_canvas_is_drawn_once_it_rests(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    drawn = []
    sharp = viewer.canvas.sharp
    viewer.canvas.sharp = lambda: drawn.append(1) or sharp()
    for _ in range(10):
        viewer.canvas.pan(QPointF(2, 1))
        viewer.canvas.repaint()
    assert not drawn, "while it moves, the cached picture is shown"
    qtbot.waitUntil(lambda: bool(drawn), timeout=1000)


def test_the_sweep_runs_once_and_can_be_scrubbed(viewer, qtbot):
    show(viewer, *fakes.mlp_result())
    viewer.controls.sweep.setValue(40)
    assert viewer.canvas.picture.reveal == pytest.approx(0.4)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: viewer.controls.sweep.value() == 100, timeout=5000)
    assert viewer.canvas.picture.reveal == 1.0


def test_opacity_of_the_overlay(viewer):
    show(viewer, *fakes.cnn_result())
    assert viewer.detail.opacity.isVisible()
    viewer.detail.opacity.setValue(30)
    settle(viewer)
    assert viewer.selection.opacity == pytest.approx(0.3)
    show(viewer, *fakes.mlp_result())
    assert not viewer.detail.opacity.isVisible()


def test_an_alarm_is_said_and_leads_to_advice(viewer):
    network, result = fakes.mlp_result()
    show(viewer, network, result)
    assert not viewer.alarm.isVisible()
    rows = list(result.ledger)
    rows[1] = replace(rows[1], bias=result.explained)
    show(viewer, network, replace(result, ledger=tuple(rows)))
    assert viewer.alarm.isVisible()
    assert "fc3: bias absorbed" in viewer.alarm.text()


def test_themes_change_while_it_is_open(viewer):
    show(viewer, *fakes.mlp_result())
    viewer.set_theme(DARK)
    settle(viewer)
    assert viewer.canvas.grab().toImage().pixelColor(2, 2).name() == DARK.background
    assert viewer.strip.picture.theme is DARK


def test_the_pictures_to_export_are_those_that_are_shown(viewer):
    assert viewer.pictures()[0][1] is not None
    show(viewer, *fakes.mlp_result())
    titles = [title for title, _ in viewer.pictures()]
    assert titles[:2] == ["current view", "network graph"]
    assert {"graph of layers", "conservation"} <= set(titles)
    assert "layer fc2" in titles
    assert "composite epsilon" in viewer.current_picture().caption


def test_the_numbers_are_the_table_twin_of_the_graph(viewer, qtbot):
    network, result = fakes.mlp_result()
    show(viewer, network, result)
    viewer.detail.setCurrentIndex(NUMBERS)
    model, table = viewer.detail.model, viewer.detail.numbers
    assert model.index(0, 0).data() == "s6"
    assert model.index(0, 1).data() == "104 mg/dl"
    strongest = int(np.argmax(np.abs(result.inputs["x"])))
    assert model.unit(0) == strongest
    table.clicked.emit(model.index(1, 0))
    assert (viewer.document.selected_layer, viewer.document.selected_unit) == ("x", model.unit(1))
    settle(viewer)
    table.selectRow(0)
    viewer.detail.copy()
    assert QGuiApplication.clipboard().text().split("\t")[0] == "s6"


def test_the_model_of_the_numbers_keeps_qts_rules(qtmodeltester):
    model = UnitsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    rng = np.random.default_rng(0)
    model.show(("a", "b"), rng.normal(size=40), (), rng.normal(size=40))
    qtmodeltester.check(model)
    model.sort(2, Qt.SortOrder.AscendingOrder)
    ordered = [model.index(row, 2).data() for row in range(40)]
    assert ordered[0].startswith("−")
    assert ordered[-1].startswith("+")
    model.sort(-1)
    model.show((), np.zeros(0), (), np.zeros(0))
    assert model.rowCount() == 0
    del tester


def test_everything_has_a_name_for_a_screen_reader(viewer):
    show(viewer, *fakes.mlp_result())
    for view in (viewer, viewer.canvas, viewer.strip, viewer.detail, viewer.detail.numbers, viewer.detail.inputs):
        assert view.accessibleName()
    for slider in (viewer.controls.units, viewer.controls.edges, viewer.controls.sweep, viewer.detail.opacity):
        assert slider.accessibleName()
    assert viewer.canvas.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert "relevance of the inputs" in viewer.canvas.accessibleDescription()


@pytest.mark.parametrize("size", [(700, 400), (1800, 1000), (430, 300)])
def test_it_fits_the_room_it_gets(viewer, size):
    show(viewer, *fakes.cnn_result())
    viewer.resize(*size)
    settle(viewer)
    assert viewer.canvas.height() > 100
    assert viewer.canvas.width() > 150


def test_many_layers_scroll_sideways_to_the_selected_one(viewer):
    show(viewer, *fakes.cnn_result(blocks=8))
    assert viewer.strip.width() > viewer.strip_area.viewport().width()
    viewer.document.select_layer("fc")
    settle(viewer)
    assert viewer.strip_area.horizontalScrollBar().value() > 0


def test_panning_costs_less_than_a_frame(viewer):
    import time

    show(viewer, *fakes.mlp_result((64, 128, 128, 10), target=3))
    viewer.canvas.zoom_about(QPointF(300, 200), 1.5)
    spent = []
    for _ in range(20):
        viewer.canvas.pan(QPointF(3, 1))
        began = time.thread_time()
        viewer.canvas.repaint()
        spent.append(time.thread_time() - began)
    assert sorted(spent)[10] < 0.016


def test_another_network_without_a_chosen_layer_shows_its_inputs(viewer):
    show(viewer, *fakes.mlp_result())
    viewer.document.select_layer("fc1")
    settle(viewer)
    assert viewer.detail.currentIndex() == LAYER
    viewer.document.select_layer("")
    settle(viewer)
    assert viewer.detail.currentIndex() == INPUTS
