"""A person chooses at what scale the graph is drawn, and views ask the worker for more when they are looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QToolButton

import lrp_engine
from lrp_gui.jobs.more import MAKERS, NodeSums
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.scales import SCALES, drawn, fitting
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.stage_picture import StagePicture
from tests.gui import fakes


def test_an_mlp_is_drawn_in_neurons_and_on_request_in_layers():
    network, result = fakes.mlp_result()
    assert [scale.id for scale in fitting(network, result)][:2] == ["neurons", "layers"]
    assert isinstance(drawn(network, result, LIGHT, Selection())[1], NeuronPicture)
    scale, picture = drawn(network, result, LIGHT, Selection(scale="layers"))
    assert (scale.id, type(picture)) == ("layers", StagePicture)


def test_a_scale_that_does_not_fit_gives_way_to_one_that_does():
    network, result = fakes.mlp_result()
    assert isinstance(drawn(network, None, LIGHT, Selection(scale="neurons"))[1], StagePicture)
    assert "neurons" not in {scale.id for scale in fitting(network, None)}
    assert "neurons" not in {scale.id for scale in fitting(*fakes.cnn_result())}
    assert len({scale.id for scale in SCALES}) == len(SCALES)
    assert result is not None


def test_choosing_layers_below_the_graph_draws_layers(diabetes, qtbot):
    viewer = diabetes.viewer
    viewer.bring_up_to_date()
    buttons: dict[str, QToolButton] = viewer.controls.scales
    assert buttons["neurons"].isChecked()
    buttons["layers"].click()
    qtbot.waitUntil(lambda: isinstance(viewer.canvas.picture, StagePicture), timeout=5000)
    assert buttons["layers"].isChecked()
    assert viewer.canvas.picture.visible_text.startswith("3 of 3 edges")
    buttons["neurons"].click()
    qtbot.waitUntil(lambda: isinstance(viewer.canvas.picture, NeuronPicture), timeout=5000)


def test_more_is_made_once_in_the_worker_and_goes_with_the_explanation(diabetes, qtbot):
    document = diabetes.document
    with qtbot.waitSignal(document.more_changed, timeout=10000) as came:
        assert document.more("nodes") is None
        assert document.more("nodes") is None
    assert came.args == ["nodes"]
    sums = document.more("nodes")
    assert all(isinstance(one, NodeSums) for one in sums.values())
    first = next(layer for layer in document.network.layers if layer.path == "fc1")
    relevance = document.result.layers["fc1"].relevance
    told = sums[first.nodes[-1].name]
    assert told.positive == pytest.approx(float(relevance[relevance > 0].sum()), rel=1e-5)
    assert told.negative == pytest.approx(float(np.minimum(relevance, 0).sum()), rel=1e-5, abs=1e-6)
    document.select_sample(3)
    qtbot.waitUntil(lambda: document.result is not None and document.result.row == 3, timeout=10000)
    assert document.more("nodes") is None  # of another sample, and being made
    qtbot.waitUntil(lambda: document.more("nodes") is not None, timeout=10000)


def test_what_the_worker_cannot_make_is_said_in_the_picture(diabetes, qtbot, monkeypatch):
    def fails(_network, _request, _explain):
        raise lrp_engine.InputError("The operations are too many to be added up.")
        yield

    monkeypatch.setitem(MAKERS, "nodes", fails)
    viewer = diabetes.viewer
    viewer.controls.scales["operations"].click()
    qtbot.waitUntil(lambda: "too many" in getattr(viewer.canvas.picture.state, "sentence", ""), timeout=10000)
    assert not viewer.canvas.picture.note  # nothing is waited for any more


def test_in_a_narrow_viewer_the_scales_are_in_one_menu(diabetes, qtbot):
    controls = diabetes.viewer.controls
    controls.setFixedWidth(330)
    qtbot.waitUntil(controls.scale_menu.isVisible, timeout=5000)
    assert not controls.scales["neurons"].isVisible()
    assert controls.scale_menu.text() == "Neurons"
    actions = {action.text(): action for action in controls.scale_menu.menu().actions()}
    actions["Layers"].trigger()
    qtbot.waitUntil(lambda: controls.scale_menu.text() == "Layers", timeout=5000)
