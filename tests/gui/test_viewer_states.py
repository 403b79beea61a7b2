"""Every scale has a designed state for what can go wrong: nothing, no numbers, one unit, very many, strange names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QColor

from lrp_gui.document.document import Document
from lrp_gui.document.results import Feature, InputInfo, LayerResult, NetworkInfo, SampleResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable, Row
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer import RelevanceViewer
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.pictures import strip_picture
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.sketch import Sketch
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import NO_SAMPLE, State, StatePicture
from tests.gui import fakes

SIZES = ((700, 430), (1700, 1150))
ARABIC = "ارتفاع ضغط الدم الشرياني"
LONG = "encoder." + "a_module_with_a_very_long_name." * 6 + "conv"


def image_of(picture, width: int, height: int):
    size = QSizeF(width, height)
    return Sketch(picture, size, QRectF(0, 0, width, height), 1.0, 1.0).finish().toImage()


def painted(image, theme) -> float:
    """The share of points that are not background."""
    background = QColor(theme.background).rgb()
    points = [image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)]
    return sum(point != background for point in points) / len(points)


def renamed(network: NetworkInfo, result: SampleResult, names: dict[str, str]) -> tuple[NetworkInfo, SampleResult]:
    """The same with other names of layers and inputs."""

    def name(one: str) -> str:
        return names.get(one, one)

    layers = tuple(
        replace(one, path=name(one.path), sources=tuple(map(name, one.sources)), merged_into=name(one.merged_into))
        for one in network.layers
    )
    result = replace(
        result,
        layers={name(path): found for path, found in result.layers.items()},
        flows={name(path): replace(flow, source=name(flow.source)) for path, flow in result.flows.items()},
        ledger=tuple(replace(row, layer=name(row.layer), node=name(row.node)) for row in result.ledger),
        shares={(name(a), name(b)): both for (a, b), both in result.shares.items()},
    )
    return replace(network, layers=layers), result


def one_unit() -> tuple[NetworkInfo, SampleResult]:
    return next(found for seed in range(50) if (found := fakes.mlp_result((1, 1, 1), seed=seed))[1].inputs["x"].any())


def many_units(units: int = 50_000) -> tuple[NetworkInfo, SampleResult]:
    """A dense layer over very many features; too many edges to be drawn one by one."""
    network, result = fakes.mlp_result((10, 4, 2))
    rng = np.random.default_rng(1)
    relevance = rng.normal(size=units) * np.exp(rng.normal(size=units))
    features = tuple(Feature(f"x{n + 1}") for n in range(units))
    network = replace(network, inputs=(InputInfo("x", (units,), features, named=False),))
    inputs = {"x": relevance * result.inputs["x"].sum() / relevance.sum()}
    flows = {path: flow for path, flow in result.flows.items() if flow.source != "x"}
    return network, replace(result, inputs=inputs, values={"x": rng.normal(size=units)}, flows=flows)


CASES = {
    "zero, neurons": lambda: (fakes.mlp().info, fakes.with_zero(fakes.mlp_result()[1])),
    "zero, layers": lambda: (fakes.cnn().info, fakes.with_zero(fakes.cnn_result()[1])),
    "NaN, neurons": lambda: (fakes.mlp().info, fakes.with_nan(fakes.mlp_result()[1], "fc2")),
    "NaN, layers": lambda: (fakes.cnn().info, fakes.with_nan(fakes.cnn_result()[1], "conv2")),
    "one unit": one_unit,
    "50,000 units": many_units,
    "50,000 units, neurons": lambda: fakes.mlp_result((50_000, 4, 2)),
    "long names": lambda: renamed(*fakes.cnn_result(), {"conv1": LONG, "conv2": LONG.replace("conv", "second")}),
    "long names, neurons": lambda: renamed(*fakes.mlp_result(), {"fc1": LONG, "fc2": LONG + "2"}),
    "right to left": lambda: renamed(*fakes.cnn_result(), {"conv1": ARABIC, "fc": ARABIC + "٢"}),
    "right to left, neurons": lambda: renamed(*fakes.mlp_result(), {"fc1": ARABIC, "fc2": ARABIC + "٢"}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_state_is_drawn_small_and_large_light_and_dark(name, qapp):
    network, result = CASES[name]()
    for (width, height), theme in zip(SIZES, (DARK, LIGHT), strict=True):
        picture = drawn(network, result, theme, Selection())[1]
        assert painted(image_of(picture, width, height), theme) > 0.004
        assert painted(image_of(strip_picture(network, result, theme), width, 140), theme) > 0.005


@pytest.mark.parametrize("name", [name for name in CASES if "zero" in name or "NaN" in name])
def test_what_is_wrong_is_said_over_the_picture(name, qapp):
    network, result = CASES[name]()
    picture = drawn(network, result, LIGHT, Selection())[1]
    assert picture.state is not None
    assert ("zero" if "zero" in name else "numbers") in picture.state.headline
    if "NaN" in name:
        assert picture.state.warns
        assert ("fc2" if "neurons" in name else "conv2") in picture.state.sentence


def test_of_zeros_no_share_of_the_relevance_is_said_to_be_drawn(qapp):
    for name in ("zero, neurons", "zero, layers"):
        picture = drawn(*CASES[name](), LIGHT, Selection())[1]
        assert "100 %" not in picture.visible_text, name


def test_one_unit_is_one_circle_a_column_and_all_flows_are_drawn(qapp):
    picture = drawn(*one_unit(), LIGHT, Selection())[1]
    assert isinstance(picture, NeuronPicture)
    assert [len(column.shown) for column in picture.graph.columns] == [1, 1, 1]
    assert "100 % of |R|" in picture.visible_text


def test_fifty_thousand_units_are_drawn_in_layers_and_summed(qapp):
    network, result = many_units()
    picture = drawn(network, result, LIGHT, Selection())[1]
    assert isinstance(picture, StagePicture)
    stage = picture.graph.stages[0]
    assert stage.positive + stage.negative == pytest.approx(float(result.inputs["x"].sum()))
    assert len(stage.top) <= 8


def test_neurons_of_a_layer_of_thousands_fit_and_say_how_many_are_drawn(qapp):
    picture = drawn(*fakes.mlp_result((5, 3000, 2)), LIGHT, Selection())[1]
    image_of(picture, 900, 600)
    column = picture.graph.columns[1]
    assert len(column.shown) + len(column.hidden) == 3000
    places = picture.layout(QSizeF(900, 600)).places[1].values()
    assert max(place.y + place.height / 2 for place in places) <= 600


@pytest.mark.parametrize("name", ["long names", "right to left", "long names, neurons", "right to left, neurons"])
def test_names_stay_within_the_picture_and_are_told_whole(name, qapp):
    network, result = CASES[name]()
    width, height = SIZES[0]
    picture = drawn(network, result, LIGHT, Selection())[1]
    image_of(picture, width, height)
    for rect, _ in picture.spots:
        assert rect.left() >= -3
        assert rect.right() <= width + 3
    wanted = LONG if "long" in name else ARABIC
    assert any(wanted in hit.text for _, hit in picture.spots)


# ------------------------------------------------------------------------------------------------- in the viewer


@pytest.fixture
def viewer(qtbot):
    widget = RelevanceViewer(Document(), LIGHT)
    qtbot.addWidget(widget)
    widget.resize(700, 460)
    widget.show()
    return widget


def test_a_network_without_samples_shows_its_shape_and_why(viewer):
    network, _ = fakes.cnn_result()
    table = InputTable(network.inputs[0].features, [])
    viewer.document.set_auto(False)
    viewer.document.open(Contents(network, table, ExplainSettings(auto=False), -1), "Open")
    viewer.bring_up_to_date()
    assert isinstance(viewer.canvas.picture, StagePicture)
    assert viewer.canvas.picture.state == NO_SAMPLE
    assert painted(viewer.canvas.grab().toImage(), LIGHT) > 0.02


def test_a_single_sample_is_explained_like_any(viewer):
    network, result = fakes.cnn_result()
    table = InputTable(network.inputs[0].features, [Row("1", np.zeros(64))])
    viewer.document.set_auto(False)
    viewer.document.open(Contents(network, table, ExplainSettings(auto=False), 0), "Open")
    viewer.document.put_result(result)
    viewer.bring_up_to_date()
    assert viewer.canvas.picture.state is None


def test_a_refused_network_is_one_sentence(viewer):
    viewer.document.problem = "The operation aten.fft_fft in layer “mix” has no rule."
    viewer.document.problem_changed.emit()
    viewer.bring_up_to_date()
    assert isinstance(viewer.canvas.picture, StatePicture)
    assert viewer.canvas.picture.state.warns
    assert "aten.fft_fft" in viewer.canvas.picture.state.sentence
    assert painted(viewer.canvas.grab().toImage(), LIGHT) > 0.002


def test_infinite_relevance_is_no_number_either(qapp):
    network, result = fakes.cnn_result()
    layers = dict(result.layers)
    broken = layers["conv2"].relevance.copy()
    broken.flat[3] = np.inf
    layers["conv2"] = LayerResult(broken, layers["conv2"].activation)
    picture = drawn(network, replace(result, layers=layers), LIGHT, Selection())[1]
    assert picture.state is not None
    image_of(picture, 900, 600)


@pytest.mark.parametrize("height", [120, 170, 200, 230, 300, 500])
def test_what_stands_in_the_pictures_place_is_whole_in_a_low_pane(qapp, height):
    sentence = "Every sample's relevance holds NaN or infinite values: nothing can be drawn. Try another composite."
    state = State("Some values are no numbers", sentence, warns=True)
    image = image_of(StatePicture(LIGHT, state=state), 260, height)
    background = QColor(LIGHT.background).rgb()
    assert painted(image, LIGHT) > 0
    assert all(image.pixel(x, y) == background for x in range(260) for y in (0, 1, height - 2, height - 1))


def test_a_unit_without_relevance_is_on_no_path(qapp, monkeypatch):
    network, result = fakes.mlp_result()
    first = network.layers[0].path
    flow = replace(result.flows[first], matrix=result.flows[first].matrix * 0)
    nothing = {name: value * 0 for name, value in result.inputs.items()}
    picture = NeuronPicture.build(network, replace(result, inputs=nothing, flows={**result.flows, first: flow}), LIGHT)
    assert picture is not None
    rings = []

    def box(_ink, rect, fill, line="", *_rest):
        if (fill, line) == (None, LIGHT.text):
            rings.append(rect)

    monkeypatch.setattr(Ink, "box", box)
    image_of(picture, 900, 560)
    places = picture.layout(QSizeF(900, 560)).x
    assert {round(rect.center().x()) for rect in rings} == {round(x) for x in places[1:]}


@pytest.mark.parametrize("width", [420, 450, 900])
def test_the_columns_heads_stand_below_what_is_said_over_them(qapp, monkeypatch, width):
    network, result = fakes.mlp_result()
    picture = NeuronPicture.build(network, fakes.with_nan(result, "fc1"), LIGHT)
    assert picture is not None
    assert picture.state is not None
    picture.state = replace(picture.state, sentence=picture.state.sentence + " It is said at some length." * 3)
    boxes, heads = [], []
    monkeypatch.setattr(
        Ink, "box", lambda _ink, rect, _fill, line="", *_rest: boxes.append(rect) if line == LIGHT.warning else None
    )
    monkeypatch.setattr(
        Ink, "text", lambda _ink, rect, text, *_rest, **_named: heads.append(rect) if "fc1" in text else None
    )
    image_of(picture, width, 460)
    assert boxes
    assert heads
    assert min(head.top() for head in heads) >= max(box.bottom() for box in boxes)
