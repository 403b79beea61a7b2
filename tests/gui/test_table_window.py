"""The table in the real window and with the real worker: keys, switches, large tables."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QDockWidget

from lrp_gui.app import make_window, move_in
from lrp_gui.document.document import Document
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable
from lrp_gui.furniture import Furniture
from lrp_gui.jobs.queue import JobQueue
from lrp_gui.table import arranging, statistics
from lrp_gui.table.colours import Shade
from lrp_gui.table.panel import TablePanel
from lrp_gui.table.view import FIRST_CELL
from lrp_gui.theme import LIGHT
from tests.gui import fakes
from tests.gui.example import settle
from tests.gui.test_document import small_table
from tests.gui.test_table_view import BMI, UP, entries, order


def test_a_large_table_is_put_in_order_by_the_worker(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(arranging, "MOST_AT_ONCE", 100)
    monkeypatch.setattr(statistics, "MOST_AT_ONCE", 100)
    values = np.random.default_rng(0).normal(size=(500, 10))
    table = InputTable.from_columns(fakes.DIABETES, values, {}, [], "")
    document, jobs = Document(), JobQueue()
    try:
        document.open(Contents(fakes.mlp().info, table, ExplainSettings(), 0), "Open")
        panel = TablePanel(document, LIGHT, [], jobs=jobs)
        qtbot.addWidget(panel)
        panel.show()
        model = panel.view.table_model
        panel.view.sortByColumn(BMI, UP)
        assert model.arranger.busy
        qtbot.waitUntil(lambda: not jobs.busy, timeout=5000)
        assert order(panel.view) == np.argsort(values[:, 2], kind="stable").tolist()
        panel.filter.add("nothing > 1")
        qtbot.waitUntil(lambda: bool(model.arranger.problem), timeout=5000)
        assert "no column “nothing”" in panel.problem.text()
        panel.do("statistics", True)
        footer = panel.footer.footer_model
        qtbot.waitUntil(lambda: footer.index(0, BMI).data() not in ("", "…"), timeout=5000)
        assert float(footer.index(2, BMI).data()) == pytest.approx(values[:, 2].max(), rel=1e-3)
    finally:
        jobs.close()


def test_rows_that_come_while_the_worker_sorts_are_sorted_too(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(arranging, "MOST_AT_ONCE", 100)
    values = np.random.default_rng(0).normal(size=(500, 10))
    document, jobs = Document(), JobQueue()
    try:
        table = InputTable.from_columns(fakes.DIABETES, values, {}, [], "")
        document.open(Contents(fakes.mlp().info, table, ExplainSettings(), 0), "Open")
        panel = TablePanel(document, LIGHT, [], jobs=jobs)
        qtbot.addWidget(panel)
        panel.view.sortByColumn(BMI, UP)
        document.insert_sample(10)
        model = panel.view.table_model
        qtbot.waitUntil(lambda: not jobs.busy and model.arranger.order.rows is not None, timeout=5000)
        assert order(panel.view) == np.argsort(table.values[:, 2], kind="stable").tolist()
    finally:
        jobs.close()


def test_ctrl_f_finds_in_the_table_while_one_is_there(diabetes, qtbot):
    view = diabetes.table.view
    diabetes.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus, timeout=3000)
    diabetes.actions_["find"].trigger()
    qtbot.waitUntil(diabetes.table.find_bar.box.hasFocus, timeout=3000)
    qtbot.keyClicks(diabetes.table.find_bar.box, "4.8")
    diabetes.actions_["find_next"].trigger()
    assert "4.8" in view.currentIndex().data()
    qtbot.keyClick(diabetes.table.find_bar.box, Qt.Key.Key_Escape)
    assert not diabetes.table.find_bar.isVisible()


def test_the_windows_switches_and_the_table_agree(diabetes):
    model = diabetes.table.view.table_model
    diabetes.actions_["tint"].setChecked(True)
    diabetes.actions_["tint_difference"].setChecked(True)
    assert model.shading.shade is Shade.DIFFERENCE
    assert not diabetes.actions_["tint"].isChecked()
    diabetes.actions_["group"].setChecked(True)
    assert model.arranger.order.groups
    diabetes.actions_["file_order"].trigger()
    assert not diabetes.actions_["group"].isChecked()
    entries(diabetes.table.menus.title_menu(BMI))["Network Units"].setChecked(True)
    assert diabetes.actions_["network_units"].isChecked()
    assert model.network_units


def test_fewer_rows_than_one_has_scrolled_down_are_painted_at_once(qapp, qtbot):
    values = np.random.default_rng(0).normal(size=(5000, 10))
    document = Document()
    table = InputTable.from_columns(fakes.DIABETES, values, {}, [], "")
    document.open(Contents(fakes.mlp().info, table, ExplainSettings(), 0), "Open")
    panel = TablePanel(document, LIGHT, [])
    qtbot.addWidget(panel)
    panel.resize(900, 300)
    panel.show()
    qapp.processEvents()
    panel.view.verticalScrollBar().setValue(5000)
    panel.filter.add("bmi > 1")
    # Before anything is painted: a header that has scrolled behind its end would paint all of its rows.
    for view in (panel.view, panel.view.front):
        header = view.verticalHeader()
        assert header.count() == np.count_nonzero(values[:, 2] > 1)
        assert 0 <= header.offset() < header.length()


def test_every_dock_has_its_place_where_the_file_is_there_before_the_last_of_them(qtbot, monkeypatch):
    bring = Furniture._bring_sample

    def bring_late(furniture):
        contents = Contents(fakes.mlp().info, small_table(), ExplainSettings(), 0)
        furniture._window.document.open(contents, "Open")
        furniture.arrange()
        bring(furniture)

    monkeypatch.setattr(Furniture, "_bring_sample", bring_late)
    window = make_window("light")
    qtbot.addWidget(window)
    window.show()
    move_in(window)
    try:
        with qtbot.waitSignal(window.furnished, timeout=20000):
            pass
        qtbot.waitUntil(lambda: window.furniture._arranged, timeout=20000)
        for dock in window.findChildren(QDockWidget):
            assert window.dockWidgetArea(dock) != Qt.DockWidgetArea.NoDockWidgetArea, dock.objectName()
    finally:
        window.jobs.close()


def test_the_square_at_the_corner_of_the_selection_is_dragged_by_the_mouse(diabetes, qtbot):
    view, document = diabetes.table.view, diabetes.document
    view.select(0, FIRST_CELL + 2, 1, FIRST_CELL + 2)
    qtbot.waitUntil(lambda: not view.handle.box().isNull(), timeout=5000)
    before, viewport = document.table.values[:, 2].copy(), view.viewport()
    corner = view.handle.box().center()
    assert viewport.hasMouseTracking()
    for button, point in ((Qt.MouseButton.NoButton, corner), (Qt.MouseButton.NoButton, corner - QPoint(40, 0))):
        event = QMouseEvent(
            *(QEvent.Type.MouseMove, QPointF(point), QPointF(viewport.mapToGlobal(point))),
            *(button, button, Qt.KeyboardModifier.NoModifier),
        )
        QCoreApplication.sendEvent(viewport, event)
        cross = viewport.cursor().shape() == Qt.CursorShape.CrossCursor
        assert cross == (point == corner)
    to = view.visualRect(view.table_model.index(3, FIRST_CELL + 2)).center()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=corner)
    qtbot.mouseMove(viewport, to)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=to)
    settle(qtbot, diabetes)
    assert document.table.values[:4, 2].tolist() == [*before[:2], *before[:2]]
    assert document.undo_stack.undoText() == "Fill 2 cells"
    document.undo_stack.undo()
    assert (document.table.values[:, 2] == before).all()
