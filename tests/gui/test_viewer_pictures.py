"""The pictures themselves, drawn without a widget: every state is designed, and what they say is true."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter

from lrp_gui.document.words import signed
from lrp_gui.export.exporters import to_svg
from lrp_gui.export.sheet import Sheet
from lrp_gui.theme import DARK, LIGHT, PRINT, THEMES
from lrp_gui.viewer import plots
from lrp_gui.viewer.balance import balances
from lrp_gui.viewer.board import stacked
from lrp_gui.viewer.charts import BarsPicture
from lrp_gui.viewer.ink import width_of
from lrp_gui.viewer.inputs.maps import HeatmapPicture
from lrp_gui.viewer.layer_charts import facts, layer_charts
from lrp_gui.viewer.neuron_layout import lay_out
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.pictures import Selection, all_pictures, graph_picture, overview, strip_picture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import trouble
from tests.gui import fakes

SVG = "{http://www.w3.org/2000/svg}"


def drawn(picture, width=900, height=560, scale=1.0) -> QImage:
    image = QImage(int(width * scale), int(height * scale), QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    painter = QPainter(image)
    picture.draw(painter, QRectF(image.rect()), scale)
    painter.end()
    return image


def colours(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 3)}


def svg(picture, width=1200, height=800) -> ET.Element:
    return ET.fromstring(b"".join(to_svg(picture, Sheet(width, height, picture.theme, 1.0, caption=False))))


def texts(root: ET.Element) -> list[str]:
    return ["".join(node.itertext()).strip() for node in root.iter(f"{SVG}text")]


RESULTS = {
    "mlp": fakes.mlp_result,
    "cnn": fakes.cnn_result,
    "deep": lambda: fakes.cnn_result(blocks=4),
    "one unit": lambda: fakes.mlp_result((1, 1), name="one"),
    "thousands of units": lambda: fakes.mlp_result((40, 1500, 3), target=1),
    "zero": lambda: (fakes.mlp_result()[0], fakes.with_zero(fakes.mlp_result()[1])),
    "zero in a CNN": lambda: (fakes.cnn_result()[0], fakes.with_zero(fakes.cnn_result()[1])),
    "NaN": lambda: (fakes.mlp_result()[0], fakes.with_nan(fakes.mlp_result()[1], "fc2")),
    "NaN in a CNN": lambda: (fakes.cnn_result()[0], fakes.with_nan(fakes.cnn_result()[1], "conv2")),
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_every_view_of_every_state_is_drawn(name, theme):
    network, result = RESULTS[name]()
    for title, picture in all_pictures(network, result, theme):
        image = drawn(picture, 640, 420)
        shown = colours(image)
        assert "#ff00ff" not in shown, f"{title} leaves part of its sheet undrawn"
        assert len(shown) > 2, f"{title} is empty"


@pytest.mark.parametrize("size", [(430, 266), (700, 400), (1024, 700), (2560, 1440)])
@pytest.mark.parametrize("make", [fakes.mlp_result, fakes.cnn_result])
def test_words_stay_inside_the_sheet(size, make):
    network, result = make()
    root = svg(graph_picture(network, result, LIGHT), *size)
    for group in root.iter(f"{SVG}g"):
        matrix = [float(x) for x in re.findall(r"[-\d.e]+", group.get("transform", ""))] or [1, 0, 0, 1, 0, 0]
        for node in group.findall(f"{SVG}text"):
            x = matrix[0] * float(node.get("x")) + matrix[4]
            y = matrix[3] * float(node.get("y")) + matrix[5]
            assert -1 <= x <= size[0]
            assert 0 <= y <= size[1] + 1


def test_the_numbers_in_the_picture_are_the_explanations():
    network, result = fakes.mlp_result()
    said = texts(svg(graph_picture(network, result, LIGHT)))
    for value in result.inputs["x"]:
        assert signed(value) in said
    assert "bmi" in said
    assert "29.84 kg/m²" in said
    assert "fc1 · relu" in said
    assert any(text.startswith("f = −0.614") for text in said)
    drawn_edges, all_edges = NeuronPicture.build(network, result, LIGHT).graph.edge_count
    assert any(text.startswith(f"{drawn_edges} of {all_edges} edges, ") for text in said)


def test_the_widths_of_the_ribbons_in_the_svg_are_the_relevance_on_the_edges():
    network, result = fakes.mlp_result((4, 6, 2), name="small", target=1)
    selection = Selection(visibility=Visibility(1.0, 1.0), path=False)
    picture = graph_picture(network, result, LIGHT, selection)
    root = svg(picture, 900, 600)
    per = picture.layout(QSizeF(900, 600)).per_relevance
    hues = {LIGHT.positive: 1, LIGHT.negative: -1}
    found = []
    for group in root.iter(f"{SVG}g"):
        sign = hues.get(group.get("stroke", ""))
        if not sign or group.get("fill", "none") != "none" or "stroke-dasharray" in group.attrib:
            continue
        curved = [path for path in group.findall(f"{SVG}path") if "C" in path.get("d", "")]
        found += [sign * float(group.get("stroke-width", "1")) / per] * len(curved)
    edges = np.concatenate([flow.matrix.ravel() for flow in result.flows.values()])
    wide = edges[np.abs(edges) * per > 0.3]
    assert wide.size > 10
    for value in wide:
        assert np.min(np.abs(np.array(found) - value)) < 2e-3 / per + 1e-3 * abs(value)
    assert sum(value for value in found if abs(value) * per > 0.3) == pytest.approx(
        wide.sum(), abs=0.02 * np.abs(wide).sum()
    )


def test_the_strip_says_what_was_absorbed_and_lists_only_what_occurs():
    network, result = fakes.mlp_result()
    strip = strip_picture(network, result, LIGHT)
    said = texts(svg(strip, 1000, 128))
    for column in strip.columns:
        assert f"Σ {signed(column.arrived)}" in said
    assert "bias" in said
    assert "softmax" not in said
    rows = list(result.ledger)
    rows[1] = replace(rows[1], softmax=0.3)
    assert "softmax" in texts(svg(strip_picture(network, replace(result, ledger=tuple(rows)), LIGHT), 1000, 128))


def test_nan_is_said_and_not_drawn_as_colour():
    network, result = fakes.cnn_result()
    broken = fakes.with_nan(result, "conv2")
    said = texts(svg(graph_picture(network, broken, LIGHT)))
    assert "not a number" in said
    charts = layer_charts(network, broken, LIGHT, Selection("conv2"))
    assert "NaN" in charts[0].note
    network, result = fakes.mlp_result()
    said = texts(svg(graph_picture(network, fakes.with_nan(result, "fc2"), LIGHT)))
    assert "Some values are no numbers" in said


def test_layers_inputs_and_edges_without_numbers_are_counted_apart():
    network, result = fakes.mlp_result()
    for layer in ("fc1", "fc2"):
        result = fakes.with_nan(result, layer)
    state = trouble(result)
    assert state is not None
    assert "relevance in 2 layers (fc1, fc2): nothing" in state.sentence
    numbered = replace(result, layers={str(n): result.layers["fc1"] for n in range(9)})
    numbered = replace(numbered, inputs={name: values * np.nan for name, values in result.inputs.items()})
    state = trouble(numbered)
    assert state is not None
    assert f"relevance in 9 layers (0, 1, 2, …), input {network.inputs[0].name}: nothing" in state.sentence


def test_long_names_are_elided_and_told_in_full_when_asked():
    network, result = fakes.mlp_result()
    long = "a_feature_" * 20
    features = tuple(replace(feature, name=f"{long}{feature.name}") for feature in network.inputs[0].features)
    network = replace(network, inputs=(replace(network.inputs[0], features=features),))
    picture = graph_picture(network, result, LIGHT)
    said = texts(svg(picture, 700, 400))
    assert not any(long in text for text in said)
    assert any("…" in text for text in said)
    drawn(picture, 700, 400)
    layout = picture.layout(QSizeF(700, 400))
    place = layout.places[0][2]
    hit = picture.hit(QPointF(layout.x[0], place.y), QSizeF(700, 400))
    assert (hit.layer, hit.unit) == ("x", 2)
    assert f"{long}bmi" in hit.text


def test_what_lies_under_the_pointer_is_named_with_its_number():
    network, result = fakes.mlp_result()
    picture = graph_picture(network, result, LIGHT)
    size = QSizeF(900, 560)
    drawn(picture)
    layout = picture.layout(size)
    ribbon = max((r for r in layout.ribbons if not r.folded and r.gap == 1), key=lambda r: r.width)
    middle = QPointF((layout.x[1] + layout.x[2]) / 2, (ribbon.y_left + ribbon.y_right) / 2)
    hit = picture.hit(middle, size)
    assert signed(ribbon.value, 4) in hit.text
    assert picture.hit(QPointF(layout.x[3], 40), size) is None


def test_arrow_keys_follow_the_strongest_edge():
    network, result = fakes.mlp_result()
    picture = graph_picture(network, result, LIGHT)
    layer, unit = picture.neighbour("left", "", -1)
    assert (layer, unit) == ("fc3", 0)
    layer, unit = picture.neighbour("left", layer, unit)
    assert (layer, unit) == ("fc2", int(np.argmax(np.abs(result.flows["fc3"].matrix[0]))))
    assert picture.neighbour("right", layer, unit) == ("fc3", 0)
    assert picture.neighbour("down", "x", 3) == ("x", 4)
    assert picture.neighbour("up", "x", 0) == ("x", 0)
    network, result = fakes.cnn_result()
    picture = graph_picture(network, result, LIGHT)
    assert picture.neighbour("left", "", -1)[0] == "fc"
    assert picture.neighbour("left", "fc", -1)[0] == "conv3"


def test_a_theme_changes_every_colour_and_no_position():
    network, result = fakes.mlp_result()
    picture = overview(network, result, LIGHT)
    dark = picture.themed(DARK)
    assert DARK.background in colours(drawn(dark))
    assert LIGHT.background not in colours(drawn(dark))
    assert texts(svg(picture)) == texts(svg(dark))


def test_negative_ribbons_differ_from_positive_ones_without_colour():
    network, result = fakes.mlp_result()
    root = svg(graph_picture(network, result, PRINT))
    assert any("stroke-dasharray" in group.attrib for group in root.iter(f"{SVG}g"))


def test_a_picture_is_the_same_at_every_scale():
    network, result = fakes.cnn_result()
    picture = graph_picture(network, result, LIGHT)
    small = drawn(picture, 800, 500, 1.0)
    large = drawn(picture, 800, 500, 3.0).scaled(small.size())
    differing = sum(
        abs(small.pixelColor(x, y).lightness() - large.pixelColor(x, y).lightness()) > 90
        for x in range(0, 800, 5)
        for y in range(0, 500, 5)
    )
    assert differing < 0.01 * (160 * 100)


def test_a_network_without_result_is_drawn_as_its_layers():
    network, _ = fakes.cnn_result()
    picture = graph_picture(network, None, LIGHT)
    assert isinstance(picture, StagePicture)
    said = texts(svg(picture))
    assert "conv1 + bn1" in said
    assert not any("ΣR" in text for text in said)


def test_the_sweep_hides_what_the_relevance_has_not_reached():
    network, result = fakes.mlp_result()
    picture = graph_picture(network, result, LIGHT)
    layout = picture.layout(QSizeF(900, 560))
    left = range(round(layout.x[0]) + 20, round(layout.x[1]) - 60, 4)
    whole = drawn(picture)
    picture.reveal = 0.3
    part = drawn(picture)
    rows = range(60, 520, 3)
    assert all(part.pixelColor(x, y).name() == LIGHT.background for x in left for y in rows)
    assert any(whole.pixelColor(x, y).name() != LIGHT.background for x in left for y in rows)


def test_the_facts_of_a_layer_name_its_rule_and_its_sinks():
    network, result = fakes.mlp_result()
    accounts = {account.layer: account for account in balances(network, result)}
    said = facts(network, result, accounts["fc2"], "fc2")
    assert "rule epsilon" in said
    assert f"bias {signed(accounts['fc2'].sinks['bias'])}" in said
    assert "16" in said


def test_bars_fold_what_finds_no_room_so_that_they_still_sum():
    network, result = fakes.mlp_result((6, 300, 2), name="wide")
    bars = layer_charts(network, result, LIGHT, Selection("fc1"))[0]
    order, rest = bars.rows(12)
    assert len(order) == 11
    assert bars.values[order].sum() + rest == pytest.approx(bars.values.sum())
    assert "289 others" in texts(svg(bars, 400, 260)) or any("others" in text for text in texts(svg(bars, 400, 260)))


def test_a_large_plane_is_one_image_with_square_pixels(qapp):
    """Too many cells for polygons: one image, upright, its strongest spot where the data has it."""
    plane = np.zeros((150, 150))
    plane[100:110, 40:50] = 1.0
    plane[20:30, 110:120] = -1.0
    image = drawn(HeatmapPicture(LIGHT, heading="image: large", relevance=plane), 420, 420)
    assert image.pixelColor(*spot_of(plane, 105, 45)).name() == LIGHT.relevance_map[-1]
    assert image.pixelColor(*spot_of(plane, 25, 115)).name() == LIGHT.relevance_map[0]
    assert len(list(svg(HeatmapPicture(LIGHT, relevance=plane), 420, 420).iter(f"{SVG}image"))) == 1


def spot_of(plane: np.ndarray, row: int, column: int) -> tuple[int, int]:
    """Where a cell lies in a heatmap drawn into 420 × 420."""
    height, width = plane.shape
    room = QRectF(10, 24, 400, 420 - 24 - 4 - 30)
    cell = min(room.width() / width, room.height() / height)
    left = room.center().x() - cell * width / 2
    return round(left + (column + 0.5) * cell), round(room.top() + (row + 0.5) * cell)


def test_a_longer_name_than_in_the_picture_before_finds_its_room():
    def named(name):
        return BarsPicture(LIGHT, heading="x", names=(name, "bmi"), values=np.array([-0.8, 0.7]), layer="x")

    assert "s5" in texts(svg(named("s5"), 300, 200))
    assert "s5 3.892 log(mg/dL)" in texts(svg(named("s5 3.892 log(mg/dL)"), 300, 200))


def test_the_strip_stands_over_the_columns_of_an_mlp():
    network, result = fakes.mlp_result()
    sheet = overview(network, result, LIGHT)
    image = QImage(1400, 800, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    sheet.draw(painter, QRectF(0, 0, 1400, 800), 1.0)
    painter.end()
    strip, graph = sheet.parts[0], sheet.parts[1]
    places = sheet.places(QSizeF(1400, 800))
    columns = graph.layout(places[1].size()).x
    middles = [rect.center().x() for rect, _hit in strip.spots]
    assert middles == pytest.approx(columns, abs=1)


def test_very_many_units_stay_between_heading_and_foot():
    picture = NeuronPicture.build(*fakes.mlp_result((6, 5000, 3)), LIGHT, Visibility(1.0, 0.98))
    layout = lay_out(picture.graph, 100, 300, 40, 190)
    for places in layout.places:
        assert min(place.y - place.height / 2 for place in places.values()) >= 40 - 1
        assert max(place.y + place.height / 2 for place in places.values()) <= 190 + 1


def test_numbers_of_an_axis_do_not_run_into_each_other(qapp):
    axis = plots.scaffold("bars").plot.getAxis("bottom")
    for low, high, size in ((-0.00094, 0.0, 210), (-1.2e-6, 1.3e-6, 150), (0.0, 0.8, 150), (-3.0, 400000.0, 120)):
        (spacing, _), *_ = axis.tickSpacing(low, high, size)
        texts = axis.tickStrings([round(end / spacing) * spacing for end in (low, high)], 1.0, spacing)
        assert spacing < high - low
        assert max(width_of(text, plots.TICKS) for text in texts) < spacing * size / (high - low), (low, high)


def test_pictures_that_find_no_room_are_counted():
    charts = layer_charts(*fakes.cnn_result(), LIGHT, Selection(layer="image"))
    assert len(charts) > 1
    board = stacked(LIGHT, charts)
    for height, shown in ((230, 1), (220 * len(charts), len(charts))):
        assert len(board.places(QSizeF(300, height))) == shown
        told = [text for text in texts(svg(board, 300, height)) if "needs more height" in text or "need more" in text]
        assert bool(told) == (shown < len(charts))
        assert all(text.startswith(f"{len(charts) - shown} more picture") for text in told)
