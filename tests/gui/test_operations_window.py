"""The operations in the real window: their slider, their sweep, and the table that is their twin."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtTest import QTest

from lrp_gui.viewer.operations import opening
from lrp_gui.viewer.operations.picture import OperationsPicture


@pytest.fixture
def operations(diabetes, qtbot):
    """The window with the graph of operations drawn."""
    diabetes.viewer.controls.scales["operations"].click()
    qtbot.waitUntil(lambda: getattr(picture(diabetes), "amounts", None) is not None, timeout=20000)
    return diabetes


def picture(window):
    window.viewer.bring_up_to_date()
    return window.viewer.canvas.picture


def another_scale_is_seen_as_a_whole(operations):
    canvas = operations.viewer.canvas
    canvas.zoom_about(QPointF(10, 10), 3)
    operations.viewer.controls.scales["layers"].click()
    assert canvas.zoom == 1


def test_where_names_need_it_the_first_sight_is_nearer(diabetes, qtbot, monkeypatch):
    """Around the operation that is explained; F shows all, and a pane of another size leaves boxes in their order."""
    needed = 3.0  # pixels to a unit of the layout: what a large graph wants of its small pane
    monkeypatch.setattr(opening, "NAMED_FROM", needed)
    viewer = diabetes.viewer
    diabetes.document.select_layer("")
    viewer.controls.scales["operations"].click()
    qtbot.waitUntil(lambda: getattr(picture(diabetes), "layout", None) is not None, timeout=20000)
    canvas, layout = viewer.canvas, picture(diabetes).layout
    size = QSizeF(canvas.size())
    place, scale = picture(diabetes).place_of(layout.graph.names[layout.graph.final], size)
    assert scale * canvas.view_scale == pytest.approx(needed, rel=0.01)
    seen = QRectF(place.topLeft() * canvas.view_scale + canvas.offset, place.size() * canvas.view_scale)
    assert QRectF(canvas.rect()).adjusted(-1, -1, 1, 1).contains(seen)
    QTest.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.zoom == 1
    diabetes.resize(diabetes.width() // 2, diabetes.height())
    viewer.controls.edges.setValue(40)
    assert picture(diabetes).layout is layout
    assert viewer.selection.shape == layout.shape


@pytest.fixture
def table(operations, qtbot):
    operations.furniture.show_operations()
    found = operations.furniture.operations
    qtbot.waitUntil(lambda: found.isVisible() and found.model.rowCount() > 0, timeout=20000)
    return found


def test_slider_stubs_and_sweep_of_the_graph(operations):
    the_edges_slider_says_how_much_is_drawn(operations)
    what_is_drawn_grey_is_in_the_stubs(operations)
    the_sweep_reaches_the_input_last(operations)
    what_is_sought_takes_the_frame_from_what_was_chosen(operations)
    another_scale_is_seen_as_a_whole(operations)


def the_edges_slider_says_how_much_is_drawn(operations):
    controls = operations.viewer.controls
    assert controls.edges.isVisible()
    assert not controls.units.isVisible()
    drawn = []
    for share in (100, 40, 1):
        controls.edges.setValue(share)
        found = picture(operations)
        assert isinstance(found, OperationsPicture)
        assert found.share == share / 100
        assert found.layout is not None
        bundles = found.layout.bundles
        drawn.append(int(bundles[found.strong].sum()))
        assert found.visible_text.startswith(f"{drawn[-1]} of {bundles.sum()}")
    assert drawn[0] > drawn[1] >= drawn[2] == 1


def what_is_drawn_grey_is_in_the_stubs(operations):
    operations.viewer.controls.edges.setValue(40)
    found = picture(operations)
    sizes = found.carried[:, 0] - found.carried[:, 1]
    weak = np.delete(sizes, found.strong)
    assert found.stubs[:, 0].sum() == pytest.approx(weak.sum())
    assert found.stubs[:, 1].sum() == pytest.approx(weak.sum())
    item = int(np.argmax(found.stubs[:, 1]))
    assert "grey edges" in found.hit_of(item).text


def the_sweep_reaches_the_input_last(operations):
    controls = operations.viewer.controls
    found = picture(operations)
    ends = found.ends[found.layout.kinds != 2] if found.layout is not None else []
    reached = []
    for share in (0, 50, 100):
        controls.sweep.setValue(share)
        reached.append(int((np.asarray(ends) >= picture(operations).reached).sum()))
    assert reached[0] < reached[1] < reached[2] == len(ends)


def what_is_sought_takes_the_frame_from_what_was_chosen(operations):
    document, viewer = operations.document, operations.viewer
    found = picture(operations)
    document.select_node(found.layout.graph.names[found.layout.graph.final], document.network.layers[-1].path)
    assert picture(operations).node
    viewer.search_bar.begin()
    viewer.search_bar.line.setText(document.network.layers[0].path)
    assert document.selected_layer == document.network.layers[0].path
    assert picture(operations).node == document.selected_node == ""
    assert picture(operations).item_named(document.selected_layer) >= 0
    viewer.search_bar.leave()


def test_the_dock_is_the_graph_in_rows(operations, table, tmp_path, qtbot):
    the_table_is_the_graph_in_rows(operations, table)
    a_row_chosen_by_key_is_chosen_in_the_graph_and_the_other_way_round(operations, table)
    it_filters_sorts_and_writes_a_file(operations, table, tmp_path, qtbot)


def the_table_is_the_graph_in_rows(operations, table):
    found = picture(operations)
    assert table.model.rowCount() == len(found.layout.graph.names)
    assert table.accessibleName()
    row = table.model.row_of("x")
    assert row >= 0
    positive = table.model.columns["ΣR +"][row]
    assert positive == pytest.approx(found.amounts.nodes[found.layout.graph.names.index("x"), 0])


def a_row_chosen_by_key_is_chosen_in_the_graph_and_the_other_way_round(operations, table):
    document = operations.document
    table.view.setFocus()
    table.view.selectRow(0)
    QTest.keyClick(table.view, Qt.Key.Key_Down)
    name = table.model.name(table.view.currentIndex().row())
    assert document.selected_node == name
    assert picture(operations).node == name
    other = table.model.name(table.model.rowCount() - 1)
    document.select_layer(document.network.layers[0].path)
    document.select_node(other, "")
    assert table.model.name(table.view.currentIndex().row()) == other
    assert document.selected_node == other
    assert document.selected_layer == ""  # an operation in no layer: nothing is told of another one's


def it_filters_sorts_and_writes_a_file(operations, table, tmp_path, qtbot):
    total = table.model.rowCount()
    QTest.keyClicks(table.filter, "linear")
    assert 0 < table.model.rowCount() < total
    assert table.count.text() == f"{table.model.rowCount()} of {total}"
    table.view.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    path = tmp_path / "rows.csv"
    table.save(str(path))
    qtbot.waitUntil(lambda: path.exists() and not operations.jobs.busy, timeout=20000)
    with path.open(encoding="utf-8-sig") as stream:
        names = [row["node"] for row in csv.DictReader(stream)]
    assert names == sorted(names, reverse=True)
    QTest.keyClicks(table.filter, " nothing of that kind")
    assert table.model.rowCount() == 0
    assert not table.export.isEnabled()
