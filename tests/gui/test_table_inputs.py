"""Several inputs as tabs, large ones in one cell, and their numbers by pages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter

from lrp_gui.document.document import Document
from lrp_gui.document.results import Feature, InputInfo, TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable
from lrp_gui.table import layout
from lrp_gui.table.panel import TablePanel
from lrp_gui.table.view import FIRST_CELL
from lrp_gui.theme import LIGHT
from tests.gui import fakes

SIDE = 64
NAMES = ("age", "weight")


@pytest.fixture
def document(qapp):
    """Two samples of a small table and an RGB image."""
    few = tuple(Feature(name) for name in NAMES)
    many = tuple(Feature(f"x{number + 1}") for number in range(3 * SIDE * SIDE))
    inputs = (InputInfo("patient", (2,), few, named=True), InputInfo("photo", (3, SIDE, SIDE), many, named=False))
    network = replace(fakes.mlp().info, inputs=inputs)
    values = np.zeros((2, len(few) + len(many)))
    values[:, :2] = [[40, 70], [50, 80]]
    values[0, 2 : 2 + SIDE * SIDE] = 1.0  # red
    values[1, -SIDE * SIDE :] = 1.0  # blue
    table = InputTable.from_columns((*few, *many), values, {}, [("label", ["a", "b"])], "")
    document = Document()
    document.open(Contents(network, table, ExplainSettings(), 0), "Open")
    relevance = np.ones((2, values.shape[1]), dtype=np.float32)
    document.put_table_result(TableResult(np.arange(2), np.array([[0.9], [0.2]]), np.array([1.0, 2.0]), relevance))
    return document


@pytest.fixture
def panel(document, qtbot):
    panel = TablePanel(document, LIGHT, [])
    qtbot.addWidget(panel)
    panel.resize(1000, 300)
    panel.show()
    return panel


def titles(panel):
    model = panel.view.table_model
    columns = range(FIRST_CELL, model.columnCount())
    return [model.headerData(column, Qt.Orientation.Horizontal) for column in columns]


def test_each_input_has_a_tab_with_its_columns(document, panel):
    assert [panel.inputs.tabText(number) for number in range(panel.inputs.count())] == ["patient", "photo"]
    assert titles(panel) == ["age", "weight", "label"]
    panel.inputs.setCurrentIndex(1)
    assert titles(panel) == ["photo\n3×64×64", "label"]
    document.select_layer("patient")
    assert panel.inputs.currentIndex() == 0
    assert titles(panel) == ["age", "weight", "label"]


def test_a_network_of_one_input_needs_no_tabs(panel, document):
    document.open(Contents(fakes.mlp().info, InputTable((Feature("x"),) * 10), ExplainSettings(), -1), "Open")
    assert not panel.inputs.isVisible()


def test_a_large_input_is_one_picture_a_sample(panel):
    panel.inputs.setCurrentIndex(1)
    view = panel.view
    image = QImage(220, 60, QImage.Format.Format_RGB32)
    colours = []
    for row in range(2):
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        view.pictures.paint(painter, QRect(0, 0, 220, 60), row)
        painter.end()
        colours.append(image.pixelColor(20, 30).name())
    assert colours == ["#ff0000", "#0000ff"]
    assert view.verticalHeader().defaultSectionSize() > 40


def test_its_numbers_come_by_pages(document, panel, monkeypatch):
    monkeypatch.setattr(layout, "MOST_COLUMNS", 100)
    panel.inputs.setCurrentIndex(1)
    panel.do("numbers")
    assert titles(panel)[0] == "x1"
    assert len(titles(panel)) == 101
    assert panel.pager.isVisible()
    panel.pager.first.setValue(201)
    assert titles(panel)[0] == "x201"
    assert panel.view.table_model.index(1, FIRST_CELL).data() == "0"
    document.select_layer("photo")
    document.select_unit(5000)
    assert "x5001" in titles(panel)
    panel.do("numbers")
    assert titles(panel) == ["photo\n3×64×64", "label"]


def test_an_edit_on_a_page_is_of_that_number(document, panel, monkeypatch):
    monkeypatch.setattr(layout, "MOST_COLUMNS", 100)
    panel.inputs.setCurrentIndex(1)
    panel.do("numbers")
    panel.pager.first.setValue(301)
    model = panel.view.table_model
    model.setData(model.index(1, FIRST_CELL + 2), "0.5")
    assert document.table.values[1, 2 + 302] == 0.5


@pytest.mark.parametrize("shape", [(SIDE, SIDE, 3), (3 * SIDE, SIDE), (3 * SIDE * SIDE,)])
def test_whatever_its_shape_a_large_input_can_be_painted(document, panel, shape):
    photo = replace(document.network.inputs[1], shape=shape)
    network = replace(document.network, inputs=(document.network.inputs[0], photo))
    document.open(Contents(network, document.table, ExplainSettings(), 0), "Open")
    panel.do("tint", True)
    panel.inputs.setCurrentIndex(1)
    image = QImage(320, 60, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    panel.view.pictures.paint(painter, QRect(0, 0, 320, 60), 0)
    painter.end()
    assert any(image.pixelColor(x, 30).name() != "#ffffff" for x in range(200))
