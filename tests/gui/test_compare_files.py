"""Two files side by side in the real window: what became of each tensor, and how both are looked into."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from safetensors.torch import save_file

from lrp_gui.browser.compare_model import CHANGE, COLUMNS, DISTANCE, NAME, RELATIVE, CompareModel
from lrp_gui.document.comparing_files import DONE, FAILED, STOPPED
from lrp_gui.document.inspecting import DIFFERENCE, OTHER, THIS
from lrp_gui.jobs.comparing import CHANGES, DifferenceReader, DifferenceRow
from lrp_gui.jobs.inspected import first_slice
from lrp_gui.jobs.steps import run_now
from tests.gui.example import settle

PICTURE = 1


@pytest.fixture
def files(tmp_path):
    """A file, and what fine-tuning made of it, inside a wrapper."""
    generator = torch.Generator().manual_seed(0)
    a = {
        "body.weight": torch.randn(12, 8, generator=generator),
        "body.bias": torch.randn(12, generator=generator),
        "norm.weight": torch.ones(12),
        "head.weight": torch.randn(3, 12, generator=generator),
        "old.weight": torch.ones(2, 2),
    }
    b = {f"module.{name}": value.clone() for name, value in a.items() if name != "old.weight"}
    b["module.body.weight"] += 0.1
    b["module.norm.weight"] = b["module.norm.weight"].half()
    b["module.head.weight"] = torch.randn(5, 12, generator=generator)
    b["module.new.bias"] = torch.full((4,), 2.0)
    for name, tensors in (("a", a), ("b", b)):
        save_file(tensors, tmp_path / f"{name}.safetensors")
    return tmp_path / "a.safetensors", tmp_path / "b.safetensors"


@pytest.fixture
def compared(window, qtbot, files):
    """The window with both side by side."""
    window.opener.open([str(files[0])])
    settle(qtbot, window)
    assert window.furniture.comparison is None
    window.furniture.compare(str(files[1]))
    settle(qtbot, window)
    return window


def choose(window, qtbot, name):
    """Choose a tensor in the comparison, and wait until it is read."""
    view = window.furniture.comparison
    place = next(n for n in range(view.model.rowCount()) if view.model.index(n, NAME).data() == name)
    view.table.selectRow(place)
    inspector = window.furniture.inspector
    qtbot.waitUntil(lambda: not inspector.inspection.busy and not window.jobs.busy, timeout=20000)
    return inspector


def column(model, number):
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_the_table_keeps_qts_rules(qapp, qtmodeltester):
    model = CompareModel()
    qtmodeltester.check(model)
    model.add([DifferenceRow("a", "a", "same", distance=0.0), DifferenceRow("", "b", "added", other_norm=3.0)])
    qtmodeltester.check(model)
    model.add([DifferenceRow("c", "c", "changed", distance=2.0), DifferenceRow("d", "d", "changed", distance=1.0)])
    model.sort(DISTANCE, Qt.SortOrder.DescendingOrder)
    assert column(model, NAME) == ["c", "d", "a", "b"]  # what has no number stands last, whatever the direction
    model.sort(DISTANCE)
    assert column(model, NAME) == ["a", "d", "c", "b"]
    model.sort(CHANGE)
    assert column(model, CHANGE) == ["changed", "changed", "added", "same"]
    model.add([DifferenceRow("e", "e", "another shape")])
    model.settle()
    assert column(model, NAME)[0] == "e"
    model.show_only(frozenset({"changed"}), "C")
    assert column(model, NAME) == ["c"]
    model.show_only(frozenset(CHANGES), "")
    model.sort(-1)
    assert column(model, NAME) == ["a", "b", "c", "d", "e"]
    model.clear()
    assert model.rowCount() == 0


def test_what_became_of_each_tensor_is_told(compared):
    view = compared.furniture.comparison
    assert compared.furniture.comparison_dock.isVisible()
    assert view.comparison.state == DONE
    assert view.about.text() == (
        "a.safetensors (a) and b.safetensors (b): 6 tensors, 1 another shape, 1 changed, 1 another type, 1 added, "
        "1 removed, 1 same. “module.” in front of the names of b.safetensors was left out."
    )
    assert view.model.rowCount() == 5  # what is the same is not shown at first
    view.filter.setCurrentIndex(1)
    rows = dict(zip(column(view.model, NAME), column(view.model, CHANGE), strict=True))
    assert rows == {
        "body.weight": "changed",
        "body.bias": "same",
        "norm.weight": "another type",
        "head.weight": "another shape",
        "old.weight": "removed",
        "module.new.bias": "added",
    }
    place = column(view.model, NAME).index("body.weight")
    distance = float(view.model.index(place, DISTANCE).data())
    assert distance == pytest.approx(0.1 * math.sqrt(96), rel=1e-3)
    assert "96 of 96 numbers differ" in view.model.index(place, NAME).data(Qt.ItemDataRole.ToolTipRole)


def test_a_row_opens_the_difference_and_both_files_in_the_inspector(compared, qtbot):
    inspector = choose(compared, qtbot, "body.weight")
    inspection = inspector.inspection
    assert compared.furniture.inspector_dock.isVisible()
    assert compared.document.selected_tensor == "body.weight"
    assert inspection.side == DIFFERENCE
    assert inspection.summary.mean == pytest.approx(-0.1)
    assert inspection.plane.shape == (12, 8)
    assert "this file − b.safetensors" in inspector.about.text()
    assert [inspector.sides.itemData(n) for n in range(inspector.sides.count())] == [THIS, OTHER, DIFFERENCE]
    means = {}
    for number, side in ((0, THIS), (1, OTHER)):
        inspector.sides.setCurrentIndex(number)
        inspector.sides.activated.emit(number)
        qtbot.waitUntil(lambda: not inspection.busy and not compared.jobs.busy, timeout=20000)
        assert inspection.side == side
        means[side] = inspection.summary.mean
    assert means[OTHER] - means[THIS] == pytest.approx(0.1)


def test_what_only_the_other_file_has_is_looked_at_there(compared, qtbot):
    inspector = choose(compared, qtbot, "module.new.bias")
    assert compared.document.selected_tensor == ""
    assert compared.furniture.inspector_dock.isVisible()
    assert inspector.inspection.side == OTHER
    assert inspector.inspection.summary.mean == 2
    inspector = choose(compared, qtbot, "old.weight")
    assert inspector.inspection.side == THIS
    assert not inspector.sides.isVisible()
    inspector = choose(compared, qtbot, "head.weight")  # of another shape: there is no difference to look at
    assert inspector.inspection.sides == (THIS, OTHER)


def test_the_selection_is_one_for_all(compared, qtbot):
    view = compared.furniture.comparison
    compared.document.select_tensor("head.weight")
    assert view.model.index(view.table.currentIndex().row(), NAME).data() == "head.weight"
    choose(compared, qtbot, "body.weight")
    assert compared.browser.tensors.currentIndex().data(Qt.ItemDataRole.UserRole) == "body.weight"
    compared.document.select_tensor("body.bias")  # filtered out: nothing is selected here
    assert not view.table.selectionModel().hasSelection()
    qtbot.waitUntil(lambda: not compared.furniture.inspection.busy, timeout=20000)


def test_sorting_searching_copying(compared, qtbot):
    view = compared.furniture.comparison
    view.table.sortByColumn(RELATIVE, Qt.SortOrder.DescendingOrder)
    assert column(view.model, NAME)[0] == "body.weight"
    qtbot.keyClicks(view.box, "WEIGHT")
    assert len(column(view.model, NAME)) == 4
    view.table.selectAll()
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["tensor", "change"]
    assert len(lines) == 5
    view.table.menu().actions()[1].trigger()
    assert QGuiApplication.clipboard().text().splitlines() == lines
    qtbot.waitUntil(lambda: not compared.furniture.inspection.busy, timeout=20000)


def test_the_rows_are_written_with_every_digit(compared, tmp_path):
    view = compared.furniture.comparison
    view.write(str(tmp_path / "out.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    assert len(rows) == 5
    first = next(row for row in rows if row["tensor"] == "body.weight")
    expected = next(row for row in view.comparison.rows if row.name == "body.weight")
    assert float(first["norm a - b"]) == expected.distance
    assert first["name in the other file"] == "module.body.weight"
    assert next(row for row in rows if row["change"] == "removed")["norm b"] == ""
    assert {one.plain_title for one in COLUMNS} <= set(first)
    view.write(str(tmp_path / "nowhere" / "out.csv"))
    assert "cannot be written" in compared.messages.sentence


def test_the_action_asks_for_the_other_file(window, qtbot, files):
    assert not window.actions_["compare"].isEnabled()
    window.opener.open([str(files[0])])
    settle(qtbot, window)
    qtbot.waitUntil(window.actions_["compare"].isEnabled, timeout=5000)
    window.actions_["compare"].trigger()
    window.dialogs.current.filesSelected.emit([str(files[1])])
    settle(qtbot, window)
    assert window.furniture.comparison.comparison.state == DONE
    window.dialogs.current.close()


def test_a_file_that_is_none_is_one_sentence_and_no_dock(window, qtbot, files, tmp_path):
    window.opener.open([str(files[0])])
    settle(qtbot, window)
    (tmp_path / "words.pt").write_text("these are no weights")
    window.furniture.compare(str(tmp_path / "words.pt"))
    settle(qtbot, window)
    assert window.furniture.comparison.comparison.state == FAILED
    assert "words.pt" in window.messages.sentence
    assert not window.furniture.comparison_dock.isVisible()


def test_another_file_ends_the_comparison(compared, qtbot, files):
    choose(compared, qtbot, "body.weight")
    compared.opener.open([str(files[1])])
    settle(qtbot, compared)
    view = compared.furniture.comparison
    assert view.model.rowCount() == 0
    assert not compared.furniture.comparison_dock.isVisible()
    compared.document.select_tensor("module.body.weight")
    assert compared.furniture.inspection.sides == (THIS,)
    qtbot.waitUntil(lambda: not compared.furniture.inspection.busy, timeout=20000)


def test_esc_stops_it_and_it_can_be_done_again(window, qtbot, files):
    window.opener.open([str(files[0])])
    settle(qtbot, window)
    window.furniture.compare(str(files[1]))
    window.jobs.cancel_work()
    settle(qtbot, window)
    view = window.furniture.comparison
    assert view.comparison.state == STOPPED
    view.button.click()
    settle(qtbot, window)
    assert view.comparison.state == DONE
    assert view.model.rowCount() == 5


def test_a_file_beside_itself_is_the_same(window, qtbot, files):
    window.opener.open([str(files[0])])
    settle(qtbot, window)
    window.furniture.compare(str(files[0]))
    settle(qtbot, window)
    view = window.furniture.comparison
    assert view.about.text().endswith("Both hold the same numbers.")
    assert view.model.rowCount() == 0


def test_the_difference_is_read_a_plane_at_a_time(files):
    reader = DifferenceReader(str(files[1]), "module.body.weight")
    plane = run_now(reader.plane(str(files[0]), "body.weight", first_slice((12, 8))))
    assert np.allclose(plane.mean, -0.1, atol=1e-6)


def test_dark_and_light(compared):
    view = compared.furniture.comparison
    view.filter.setCurrentIndex(1)
    place = column(view.model, CHANGE).index("same")
    before = view.model.index(place, NAME).data(Qt.ItemDataRole.ForegroundRole)
    compared.set_theme("dark")
    assert view.model.index(place, NAME).data(Qt.ItemDataRole.ForegroundRole) != before
