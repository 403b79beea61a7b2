"""In the window: what is looked for is found, a zoomed graph has a map, a channel shows the weights that make it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtTest import QTest

import lrp_engine as lrp
from lrp_engine.errors import InputError
from lrp_gui.document.results import LayerInfo
from lrp_gui.jobs.convert import sample_result
from lrp_gui.jobs.kernels import kernel_of
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.viewer.minimap import Minimap
from lrp_gui.viewer.search import matches
from tests.gui import fakes
from tests.gui.test_layers import residual
from tests.gui.test_viewer_widget import document, settle, show, viewer  # noqa: F401 - fixtures


class Grouped(torch.nn.Module):
    """A convolution in groups, a transposed one in groups, and one over time at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.groups = torch.nn.Conv2d(4, 6, 3, padding=1, groups=2)
        self.up = torch.nn.ConvTranspose2d(6, 8, 2, stride=2, groups=2)
        self.time = torch.nn.Conv1d(8, 3, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.time(self.up(torch.relu(self.groups(x))).flatten(2)).mean(2)


def test_a_slash_looks_for_layers_and_opens_what_holds_them(viewer, qtbot):  # noqa: F811
    network, result = residual(40)
    show(viewer, network, result)
    assert viewer.canvas.picture.graph.stage_of("body.17.second") == viewer.canvas.picture.graph.stage_of(
        "body.3.first"
    )
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Slash)
    assert viewer.search_bar.isVisible()
    QTest.keyClicks(viewer.search_bar.line, "17 conv")
    settle(viewer)
    assert viewer.document.selected_layer == "body.17.first"
    assert "body.17.first" in [stage.name for stage in viewer.canvas.picture.graph.stages]
    assert viewer.search_bar.said.text() == "1 of 2"
    qtbot.keyClick(viewer.search_bar.line, Qt.Key.Key_Return)
    assert viewer.document.selected_layer == "body.17.second"
    QTest.keyClicks(viewer.search_bar.line, "nothing")
    assert viewer.search_bar.said.text() == "none"
    assert viewer.document.selected_layer == "body.17.second"
    qtbot.keyClick(viewer.search_bar.line, Qt.Key.Key_Escape)
    assert not viewer.search_bar.isVisible()


def test_a_search_that_is_opened_again_shows_what_it_says_is_found(viewer, qtbot):  # noqa: F811
    show(viewer, *residual(40))
    viewer.search_bar.begin()
    QTest.keyClicks(viewer.search_bar.line, "17 conv")
    qtbot.keyClick(viewer.search_bar.line, Qt.Key.Key_Escape)
    viewer.document.select_layer("body.3.first")
    viewer.search_bar.begin()
    assert viewer.search_bar.said.text() == "1 of 2"
    assert viewer.document.selected_layer == "body.17.first"


def test_every_word_has_to_be_in_the_name_or_the_operation():
    network, _ = residual(3)
    assert matches(network, "2 ADD") == ["body.2.join"]
    assert matches(network, "  ") == []


def test_a_zoomed_graph_has_a_map_that_leads_anywhere(viewer, qtbot):  # noqa: F811
    show(viewer, *fakes.cnn_result())
    canvas = viewer.canvas
    size = QSizeF(canvas.size())
    assert Minimap.place(size, canvas.zoom).isEmpty()
    canvas.zoom_about(QPointF(canvas.rect().center()), 4.0)
    place = Minimap.place(size, canvas.zoom)
    shown = canvas.grab().toImage()
    assert shown.pixelColor(place.topLeft().toPoint()).name() == canvas.theme.line
    before = viewer.document.selected_layer
    corner = QPoint(round(place.left()) + 2, round(place.top()) + 2)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=corner)
    assert canvas.offset.x() > 0.4 * size.width()
    assert viewer.document.selected_layer == before
    canvas.fit()
    assert Minimap.place(size, canvas.zoom).isEmpty()


def test_a_channels_kernel_is_what_the_layer_multiplies_by():
    torch.manual_seed(0)
    module = Grouped().eval()
    network = lrp.capture(module, torch.randn(1, 4, 6, 6))
    found = kernel_of(network, "groups:5")
    assert (found.first, found.weights.shape) == (2, (2, 3, 3))
    assert found.weights.tolist() == module.groups.weight[5].tolist()
    found = kernel_of(network, "up:6")
    assert (found.first, found.weights.shape) == (3, (3, 2, 2))
    assert found.weights.tolist() == module.up.weight[3:, 2].tolist()
    assert kernel_of(network, "time:1").weights.shape == (8, 1, 5)


def test_a_layer_without_weights_says_so():
    network = lrp.capture(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.MaxPool2d(2)), torch.randn(1, 2, 4, 4))
    with pytest.raises(InputError, match="has no kernel of its own"):
        kernel_of(network, "1:0")


def test_the_last_states_of_an_lstm_show_all_that_arrived_there():
    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = torch.nn.LSTM(3, 5, num_layers=2, batch_first=True), torch.nn.Linear(5, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.lstm(x)[1][0][-1])

    torch.manual_seed(0)
    inputs = torch.randn(1, 4, 3)
    network = lrp.capture(States().eval(), inputs)
    read = LayerInfo("lstm", "LSTM", "recurrent", (2, 5), 0, ("x",))
    info = replace(fakes.mlp_result()[0], layers=(read, LayerInfo("head", "Linear", "affine map", (2,), 0, ("lstm",))))
    request = SampleRequest(info, 0, "1", inputs.flatten().double().numpy(), "max", "epsilon")
    result = sample_result(lrp.explain(network, inputs, composite="epsilon"), {"x": inputs}, request, 0.0)
    arrived = next(row.arrived for row in result.ledger if row.layer == "lstm")
    assert result.layers["lstm"].relevance.shape == (2, 5)
    assert float(result.layers["lstm"].relevance.sum()) == pytest.approx(arrived, rel=1e-4)
