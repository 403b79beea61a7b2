"""Where the layers' picture stands: ribbons round tight bends, what was opened, a window that changes its size."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from lrp_gui.theme import LIGHT
from lrp_gui.viewer.colouring import GREY, Colouring, in_scheme
from lrp_gui.viewer.ink import Ink, width_of
from lrp_gui.viewer.layers.folds import Folds, channel_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.sketch import Sketch
from lrp_gui.viewer.stage_boxes import LEGIBLE, draw_far
from lrp_gui.viewer.stage_frames import draw_titles
from lrp_gui.viewer.stage_layout import _flat, parallel, rounded
from lrp_gui.viewer.stage_picture import OPENED, StagePicture
from lrp_gui.viewer.stages import Frame
from tests.gui import fakes
from tests.gui.test_layers import residual
from tests.gui.test_viewer_widget import document, settle, show, viewer  # noqa: F401 - fixtures

SIZE = QSizeF(1000, 700)


@pytest.mark.parametrize("offset", [-40.0, -24.0, -5.0, 5.0, 24.0, 40.0])
def test_a_ribbon_beside_a_tight_bend_never_runs_backwards(offset):
    corners = [QPointF(0, 0), QPointF(100, 0), QPointF(100, 200), QPointF(-50, 200)]
    points = _flat(parallel(rounded(corners, 16), offset))
    steps = np.diff(points, axis=0)
    assert (steps[:, 1] > -0.5).all()  # never up
    upper = points[1:, 1] < 90
    assert (steps[upper, 0] > -0.5).all()  # right, then down
    assert (steps[points[:-1, 1] > 110, 0] < 0.5).all()  # then left
    # It begins and ends beside the path's own ends, and keeps its distance from the straight run between.
    assert points[0] == pytest.approx((0, -offset))
    assert points[-1] == pytest.approx((-50, 200 + offset))
    assert float(points[:, 0].max()) == pytest.approx(100 + offset, abs=2)


def test_what_is_opened_too_small_to_read_comes_nearer(viewer, qtbot):  # noqa: F811
    network, result = fakes.cnn_result()
    show(viewer, network, result)
    canvas = viewer.canvas
    canvas.resize(220, 110)
    settle(viewer)
    stage = next(one for one in canvas.picture.graph.stages if one.opens)
    viewer.document.select_layer(stage.layer)
    settle(viewer)
    assert canvas.picture.place_of(stage.layer, QSizeF(canvas.size()))[1] * canvas.view_scale < LEGIBLE
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    settle(viewer)
    place, scale = canvas.picture.place_of(stage.layer, QSizeF(canvas.size()))
    assert scale * canvas.view_scale >= LEGIBLE
    assert QRectF(canvas.rect()).intersects(
        QRectF(place.topLeft() * canvas.view_scale + canvas.offset, place.size() * canvas.view_scale)
    )


def test_what_was_opened_stays_when_its_picture_is_made_anew(viewer, qtbot):  # noqa: F811
    network, result = fakes.cnn_result()
    show(viewer, network, result)
    canvas = viewer.canvas
    stage = next(one for one in canvas.picture.graph.stages if one.opens)
    viewer.document.select_layer(stage.layer)
    settle(viewer)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    settle(viewer)
    opened, kept = canvas.picture, canvas.picture.keep
    assert kept is not None
    viewer.document.result_changed.emit()
    settle(viewer)
    assert canvas.picture is not opened
    assert canvas.picture.keep == kept


def test_what_is_opened_stays_with_larger_letters_too(viewer, qtbot, monkeypatch):  # noqa: F811
    for module in ("canvas", "views"):
        monkeypatch.setattr(f"lrp_gui.viewer.{module}.text_scale", lambda: 1.3)
    show(viewer, *fakes.cnn_result())
    canvas = viewer.canvas
    stage = next(one for one in canvas.picture.graph.stages if one.opens)
    viewer.document.select_layer(stage.layer)
    settle(viewer)
    before = canvas.picture.layout(canvas.room)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    settle(viewer)
    after = canvas.picture.layout(canvas.room)
    assert canvas.picture.keep == (canvas.room, before.choice)
    assert after.choice == before.choice


def test_boxes_stay_when_another_sample_arrives(viewer):  # noqa: F811
    network, result = fakes.cnn_result()
    show(viewer, network, result)
    before = viewer.canvas.picture
    choice = before.layout(viewer.canvas.room).choice
    viewer.document.result = replace(result, row=1)
    viewer.document.result_changed.emit()
    settle(viewer)
    assert viewer.canvas.picture is not before
    assert viewer.canvas.picture.keep == (viewer.canvas.room, choice)


def test_what_is_opened_out_of_sight_comes_into_sight(viewer):  # noqa: F811
    show(viewer, *residual(3))
    canvas = viewer.canvas
    canvas.zoom_about(QPointF(0, 0), 6.0)
    place = QRectF(canvas.width() * 0.9, canvas.height() * 0.9, 20, 20)
    canvas.show_opened(place, 1.0, 0.0)
    middle = place.center() * canvas.view_scale + canvas.offset
    assert canvas.rect().contains(middle.toPoint())


def test_a_zoomed_picture_keeps_its_part_in_the_middle_when_the_window_grows(viewer):  # noqa: F811
    show(viewer, *fakes.cnn_result())
    canvas = viewer.canvas
    canvas.zoom_about(QPointF(canvas.width() * 0.75, canvas.height() * 0.5), 4.0)

    def middle() -> tuple[float, float]:
        seen = (QPointF(canvas.rect().center()) - canvas.offset) / canvas.zoom
        return seen.x() / canvas.width(), seen.y() / canvas.height()

    before = middle()
    canvas.resize(canvas.width() * 2, canvas.height() * 3)
    assert middle() == pytest.approx(before, abs=0.01)
    canvas.fit()
    canvas.resize(300, 200)
    assert canvas.offset == QPointF(0, 0)


def test_a_channel_is_the_same_unit_in_the_graph_and_among_the_numbers(viewer, qtbot):  # noqa: F811
    network, result = fakes.cnn_result()
    show(viewer, network, result)
    layer = next(path for path, one in result.layers.items() if one.relevance.ndim == 3 and one.relevance.any())
    relevance = result.layers[layer].relevance
    channel, each = len(relevance) - 1, relevance[0].size
    viewer.document.select_layer(layer)
    viewer.document.select_unit(channel)
    settle(viewer)
    numbers, model = viewer.detail.numbers, viewer.detail.model
    strongest = channel * each + int(np.abs(relevance[channel]).argmax())
    assert [model.unit(index.row()) for index in numbers.selectionModel().selectedRows()] == [strongest]
    wanted = 2 * each + each // 2  # any number of the third channel
    numbers.clicked.emit(model.index(model.row_of(wanted), 0))
    settle(viewer)
    assert viewer.document.selected_unit == 2
    assert [model.unit(index.row()) for index in numbers.selectionModel().selectedRows()] == [wanted]


def test_a_channel_of_an_input_chooses_none_of_its_features(viewer, qtbot):  # noqa: F811
    network, result = fakes.cnn_result()
    name = network.inputs[0].name
    relevance = np.concatenate([result.inputs[name].reshape(1, *network.inputs[0].shape[-2:])] * 2)
    network = replace(network, inputs=(replace(network.inputs[0], shape=relevance.shape),))
    result = replace(result, inputs={name: relevance}, values={name: relevance})
    picture = StagePicture.build(network, result, viewer.theme, Folds(frozenset({name})))
    Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0).finish()
    found = [hit for _, hit in picture.spots if channel_of(hit.opens)[0] == name and channel_of(hit.opens)[1] >= 0]
    assert len(found) == 2
    assert {hit.unit for hit in found} == {-1}


def test_where_no_hue_tells_the_sign_marks_tell_it_on_the_maps(viewer):  # noqa: F811
    network, result = fakes.cnn_result()
    pictures = {}
    for colouring in (Colouring(), Colouring(marks=True), Colouring(scheme=GREY)):
        theme, selection = in_scheme(viewer.theme, colouring.scheme), Selection(scale="layers", colouring=colouring)
        picture = drawn(network, result, theme, selection)[1]
        pictures[colouring] = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0).finish().toImage(), picture.marks
    assert [marks for _, marks in pictures.values()] == [False, True, True]
    images = [image for image, _ in pictures.values()]
    assert images[0] != images[1]
    # Only where there is a map: names, sums and ribbons are the same.
    boxes = picture.layout(SIZE)
    first = boxes.in_picture(boxes.boxes[0])
    name = QRectF(first.left(), first.top(), first.width(), first.height() * 0.2).toRect()
    assert images[0].copy(name) == images[1].copy(name)


def test_the_search_stands_above_the_graph_and_covers_none_of_it(viewer, qtbot):  # noqa: F811
    show(viewer, *fakes.cnn_result())
    canvas, bar = viewer.canvas, viewer.search_bar
    before = canvas.height()
    qtbot.keyClick(canvas, Qt.Key.Key_Slash)
    settle(viewer)
    qtbot.waitUntil(lambda: canvas.height() < before)
    assert bar.rect().translated(bar.mapTo(viewer, QPoint())).bottom() < canvas.mapTo(viewer, QPoint()).y()
    layout = canvas.picture.layout(canvas.room)
    assert all(QRectF(QPointF(), canvas.room).contains(layout.in_picture(box)) for box in layout.boxes)
    qtbot.keyClick(bar.line, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: canvas.height() == before)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_ribbon_too_thin_to_be_seen_has_the_colour_of_what_is_more(viewer, sign):  # noqa: F811
    network, result = fakes.cnn_result()
    picture = StagePicture.build(network, result, viewer.theme)
    last = len(picture.graph.branches) - 1
    amounts = (1e-4, -1e-6) if sign > 0 else (1e-6, -1e-4)
    thin = replace(picture.graph.branches[0], positive=amounts[0], negative=amounts[1], known=True)
    wide = replace(picture.graph.branches[last], positive=100.0, negative=0.0, known=True)
    picture.graph = replace(picture.graph, branches=(thin, *picture.graph.branches[1:last], wide))
    image = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0).finish().toImage()
    layout = picture.layout(SIZE)
    at = layout.paths[0].pointAtPercent(0.5) * layout.scale + QPointF(layout.left, layout.top)
    ground = QColor(viewer.theme.background)
    shades = [image.pixelColor(round(at.x()), round(at.y()) + step) for step in range(-2, 3)]
    strongest = max(shades, key=lambda one: abs(one.blue() - ground.blue()) + abs(one.red() - ground.red()))
    # Ochre has less blue than red, and blue more, however faint.
    assert (strongest.red() - strongest.blue()) * sign > 3


@pytest.mark.parametrize("name", ["features.10", "x", "classifier.10", "7.attention"])
def test_the_sign_on_a_small_box_stands_beside_its_name(qapp, monkeypatch, name):
    network, result = fakes.cnn_result()
    stage = replace(drawn(network, result, LIGHT, Selection(scale="layers"))[1].graph.stages[-1], name=name)
    box, said = QRectF(0, 0, 52, 26), []

    def heard(_ink, rect, text, size, *_args, **_more):
        half = QPointF(width_of(text, size) / 2, size / 2)
        said.append((text, QRectF(rect.center() - half, rect.center() + half)))

    image = QImage(60, 30, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    monkeypatch.setattr(Ink, "text", heard)
    draw_far(Ink(painter, LIGHT), stage, box, False, marks=True)
    painter.end()
    (sign, mark), words = said[-1], said[:-1]
    assert sign in "+−"
    assert "".join(text for text, _place in words) == name.replace(".", "")
    assert box.contains(mark)
    assert not any(mark.intersects(place) for _text, place in words)


def test_the_names_of_parts_beside_each_other_do_not_touch():
    picture = StagePicture.build(*residual(12), LIGHT)
    count = len(picture.graph.stages)
    whole = Frame("all", "backbone.stage.blocks", tuple(range(count)), 0)
    each = [Frame(str(n), f"backbone.stage.blocks.{n}", (n,), 1) for n in range(count)]
    picture.graph = replace(picture.graph, frames=(whole, *each))
    layout = picture.layout(QSizeF(1000, 700))
    titles = [place for place, hit in _titles(picture, layout) if hit.opens]
    assert len(titles) == count + 1
    assert not any(a.intersects(b) for a, b in combinations(titles, 2))


def _titles(picture, layout):
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(0.45, 0.45)  # from afar, where letters are largest beside the boxes
    try:
        return draw_titles(Ink(painter, LIGHT), picture.graph, layout)
    finally:
        painter.end()


@pytest.mark.parametrize(("size", "together"), [((1400, 900), True), ((420, 330), False)])
def test_a_second_layer_is_opened_in_sight_of_the_first_where_both_can_be_read(viewer, size, together):  # noqa: F811
    network, result = residual(2)
    show(viewer, network, result)
    canvas = viewer.canvas
    canvas.resize(*size)
    settle(viewer)

    def on_screen(layer):
        place, scale = canvas.picture.place_of(layer, canvas.room)
        pixel = canvas.view_scale
        return QRectF(place.topLeft() * pixel + canvas.offset, place.size() * pixel), scale * pixel

    for layer in ("stem", "body.1.second"):
        viewer._open(Hit(layer, -1, opens=layer))
        settle(viewer)
        if layer == "stem":  # near to it, so that nothing else is in sight
            canvas.zoom_about(on_screen(layer)[0].center(), 2.0)
    place, scale = on_screen("body.1.second")
    assert scale >= OPENED
    seen = QRectF(canvas.rect())
    assert seen.contains(on_screen("stem")[0]) == together
    assert seen.contains(place) or (not together and seen.contains(place.topLeft()))
