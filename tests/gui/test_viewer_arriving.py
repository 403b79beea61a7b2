"""The picture fills while relevance arrives from the worker; what takes milliseconds does not flicker."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lrp_engine
from lrp_gui.document.document import Document
from lrp_gui.document.results import Arriving, SampleResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable, Row
from lrp_gui.jobs import arriving as jobs_arriving
from lrp_gui.jobs.convert import first_sample
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import Part, run_now
from lrp_gui.theme import LIGHT
from lrp_gui.viewer import RelevanceViewer
from lrp_gui.viewer.arriving import filled
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import STOPPED
from tests.gui import fakes
from tests.gui.example import DIGITS, settle


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(jobs_arriving, "clock", found)
    return found


@pytest.fixture(scope="module")
def digits():
    from lrp_gui.document.files import Source

    engine = Engine()
    network = run_now(engine.open(Source(str(DIGITS)))).network
    return engine, SampleRequest(network, 0, "1", fakes.DIGIT.ravel() / 16, "max", "epsilon_plus")


def parts(digits, clock, seconds: float) -> tuple[list[Arriving], SampleResult]:
    """What arrives of an explanation each step of which takes so long."""
    engine, request = digits
    steps, found = engine.explain_sample(request), []
    while True:
        clock.now += seconds
        try:
            step = next(steps)
        except StopIteration as stop:
            return found, stop.value
        if isinstance(step, Part):
            found.append(step.value)


def test_a_quick_explanation_comes_whole(digits, clock):
    assert parts(digits, clock, 0.001)[0] == []


def test_layers_arrive_from_the_output_back_and_are_those_of_the_result(digits, clock):
    found, result = parts(digits, clock, 0.06)
    counts = [len(one.layers) for one in found]
    assert counts == sorted(set(counts))
    assert counts[0] == 0
    assert counts[-1] > len(result.layers) / 2
    first = next(one for one in found if one.layers)
    assert next(reversed(result.layers)) in first.layers
    assert next(iter(result.layers)) not in first.layers
    for path, layer in found[-1].layers.items():
        assert np.array_equal(layer.relevance, result.layers[path].relevance)
    assert found[-1].flows.keys() <= result.flows.keys()


def test_it_is_told_at_most_ten_times_a_second_and_ever_less_often(digits, clock):
    found, _ = parts(digits, clock, 0.02)
    assert 0 < len(found) <= clock.now / jobs_arriving.INTERVAL


def test_what_takes_long_is_told_ever_less_often(digits, clock, monkeypatch):
    few = len(parts(digits, clock, 0.3)[0])
    monkeypatch.setattr(jobs_arriving, "GROWTH", 1.0)
    assert 3 < few < len(parts(digits, clock, 0.3)[0])


def test_what_the_engine_has_done_with_is_not_copied(digits):
    alone, many = torch.arange(4.0)[None], torch.arange(400.0).reshape(100, 4)
    assert np.shares_memory(first_sample(alone, (4,)), alone.numpy())
    piece = first_sample(many, (4,))
    assert not np.shares_memory(piece, many.numpy())
    assert np.array_equal(piece, [0, 1, 2, 3])


def test_several_chunks_tell_nothing_on_their_way(digits):
    engine, request = digits
    network = run_now(engine.network(request.network.source))
    steps = lrp_engine.explaining(network, np.zeros((3, 1, 8, 8), dtype=np.float32), batch=1)
    assert all(step.arrived is None for step in steps)


def test_the_engine_tells_nothing_that_changes_later(digits):
    engine, request = digits
    network = run_now(engine.network(request.network.source))
    values = (request.values / 1.0).reshape(1, 1, 8, 8).astype(np.float32)
    steps, early = lrp_engine.explaining(network, values), {}
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            explanation = stop.value
            break
        if step.arrived is not None:
            for path, relevance in step.arrived().layers.items():
                early.setdefault(path, relevance.clone())
    assert early.keys() == explanation.layers.keys()
    for path, relevance in explanation.layers.items():
        assert np.array_equal(early[path].numpy(), relevance.numpy())


# ------------------------------------------------------------------------------------------------- in the viewer


@pytest.fixture
def viewer(qtbot):
    widget = RelevanceViewer(Document(), LIGHT)
    qtbot.addWidget(widget)
    widget.resize(1000, 600)
    widget.show()
    return widget


def begin(viewer, network, result):
    table = InputTable(network.inputs[0].features, [Row("1", np.zeros(len(network.inputs[0].features)))])
    viewer.document.set_auto(False)
    viewer.document.open(Contents(network, table, ExplainSettings(auto=False), 0), "Open")
    viewer.document.put_result(result)
    catch_up(viewer)


def catch_up(viewer):
    viewer.bring_up_to_date()
    for view in (viewer.canvas, viewer.strip, viewer.detail.inputs):
        view.finish()


def half(network, result) -> Arriving:
    """The last layers of an explanation, as they come first."""
    paths = list(result.layers)[len(result.layers) // 2 :]
    flows = {path: result.flows[path] for path in paths if path in result.flows}
    return Arriving(0, "1", {path: result.layers[path] for path in paths}, flows, {}, tuple(result.flows))


def test_what_has_come_is_drawn_and_the_rest_waits_in_grey(viewer):
    network, result = fakes.cnn_result()
    begin(viewer, network, result)
    viewer.document.put_arriving(half(network, result))
    catch_up(viewer)
    picture = viewer.canvas.picture
    assert isinstance(picture, StagePicture)
    assert "conv1" in picture.pending
    assert "fc" not in picture.pending
    # what is on the screen, at the places of a box that waits and of one that does not
    image = viewer.canvas.grab().toImage()
    darkest = {
        layer: min(
            image.pixelColor(x, y).lightness()
            for rect in [picture.place_of(layer, viewer.canvas.size().toSizeF())[0].toRect()]
            for x in range(rect.left() + 3, rect.right() - 3)
            for y in range(rect.top() + 3, rect.bottom() - 3, 2)
        )
        for layer in ("conv1", "fc")
    }
    assert darkest["conv1"] > darkest["fc"] + 60
    assert "relevance has come to" in viewer.controls.note.text()
    viewer.document.put_result(result)
    catch_up(viewer)
    assert not viewer.canvas.picture.pending
    assert not viewer.controls.note.text()


def test_without_an_explanation_before_it_fills_too(viewer):
    network, result = fakes.cnn_result()
    begin(viewer, network, None)
    viewer.document.put_arriving(half(network, result))
    catch_up(viewer)
    assert "image" in viewer.canvas.picture.pending
    assert viewer.canvas.picture.state is None
    viewer.document.put_arriving(None, stopped=True)
    catch_up(viewer)
    assert viewer.canvas.picture.state == STOPPED


def test_neurons_stay_neurons_and_ribbons_come_with_their_flow(viewer):
    network, result = fakes.mlp_result()
    begin(viewer, network, result)
    viewer.document.put_arriving(half(network, result))
    catch_up(viewer)
    picture = viewer.canvas.picture
    assert isinstance(picture, NeuronPicture)
    assert picture._waits(0)
    assert not picture._waits(len(picture.graph.columns) - 1)


def test_given_up_the_old_picture_is_back(viewer):
    network, result = fakes.cnn_result()
    begin(viewer, network, result)
    before = viewer.canvas.grab().toImage()
    viewer.document.put_arriving(half(network, result))
    catch_up(viewer)
    assert viewer.canvas.grab().toImage() != before
    viewer.document.put_arriving(None)
    catch_up(viewer)
    assert viewer.canvas.grab().toImage() == before


def test_before_anything_came_all_is_grey(viewer):
    network, result = fakes.cnn_result()
    begin(viewer, network, result)
    before = viewer.canvas.grab().toImage()
    viewer.document.put_arriving(Arriving(0, "1", {}, {}, {}))
    catch_up(viewer)
    assert viewer.canvas.grab().toImage() != before
    assert not viewer.canvas.picture.pending


def test_a_filled_explanation_has_every_shape(digits):
    network, result = fakes.cnn_result()
    empty = filled(network, Arriving(0, "1", {}, {}, {}, tuple(result.flows)), None)
    assert {path: layer.relevance.shape for path, layer in empty.layers.items()} == {
        path: layer.relevance.shape for path, layer in result.layers.items()
    }
    assert {path: flow.matrix.shape for path, flow in empty.flows.items()} == {
        path: flow.matrix.shape for path, flow in result.flows.items()
    }


def test_in_the_window_relevance_arrives_layer_by_layer(window, qtbot, monkeypatch):
    monkeypatch.setattr(jobs_arriving, "FIRST_AFTER", 0.0)
    monkeypatch.setattr(jobs_arriving, "INTERVAL", 0.0)
    monkeypatch.setattr(jobs_arriving, "GROWTH", 1.0)
    seen = []
    window.document.arriving_changed.connect(lambda: seen.append(window.document.arriving))
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    assert len([one for one in seen if one is not None and one.layers]) > 3
    assert window.document.arriving is None
    window.viewer.bring_up_to_date()
    assert not window.viewer.canvas.picture.pending
