"""A tensor that is chosen in the browser is looked into: what a person sees, in the real window."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from safetensors.torch import save_file

from lrp_gui.inspector.plots import Histogram, Plot
from lrp_gui.inspector.values_model import WINDOW_ROWS, ValuesModel
from lrp_gui.jobs.inspected import Slice
from tests.gui.example import settle

HISTOGRAM, PICTURE, KERNELS, NUMBERS = range(4)


@pytest.fixture
def zoo(window, qtbot, tmp_path):
    """A file that cannot run, with a tensor of every kind."""
    generator = torch.Generator().manual_seed(0)
    bad = torch.full((4, 5), float("nan"))
    some = torch.randn(6, 7, generator=generator)
    some[0, 0], some[1, 1] = float("nan"), float("inf")
    path = tmp_path / "zoo.safetensors"
    save_file(
        {
            "conv.weight": torch.randn(8, 3, 5, 5, generator=generator),
            "large.weight": torch.randn(700, 600, generator=generator),
            "line": torch.arange(120_000, dtype=torch.int32),
            "half": torch.randn(9, 9, generator=generator).to(torch.bfloat16),
            "spectrum": torch.complex(torch.ones(2, 3), -2 * torch.ones(2, 3)),
            "flags": torch.tensor([[True, False, True]]),
            "one": torch.tensor(2.5),
            "nothing": torch.zeros(0, 4),
            "bad": bad,
            "some": some,
        },
        path,
    )
    window.opener.open([str(path)])
    settle(qtbot, window)
    return window


def look(window, qtbot, name, tab=HISTOGRAM):
    """Choose a tensor and a tab, and wait until it is read."""
    window.document.select_tensor(name)
    inspector = window.furniture.inspector
    inspector.tabs.setCurrentIndex(tab)
    qtbot.waitUntil(lambda: not inspector.inspection.busy and not window.jobs.busy, timeout=20000)
    return inspector


def test_no_tab_is_built_before_a_tensor_is_chosen(diabetes):
    assert diabetes.furniture.inspector.pages == {}
    assert diabetes.findChildren(Plot) == []


def test_choosing_a_tensor_opens_its_inspector(zoo, qtbot):
    dock = zoo.furniture.inspector_dock
    assert not dock.isVisible()
    inspector = look(zoo, qtbot, "large.weight")
    assert dock.isVisible()
    assert inspector.name.toolTip() == "large.weight"
    assert "700×600 · float32" in inspector.about.text()
    summary = inspector.inspection.summary
    assert summary.count == 420_000
    assert summary.mean == pytest.approx(0, abs=0.01)
    assert inspector.facts["NaN"].text() == "0"
    assert inspector.page.histogram.counts.sum() == 420_000
    dock.close()
    zoo.document.select_tensor("large.weight")  # asked for again
    assert dock.isVisible()


def test_a_large_slice_says_that_it_was_made_smaller(zoo, qtbot):
    inspector = look(zoo, qtbot, "large.weight", PICTURE)
    page = inspector.page
    assert page.note.text() == "700 × 600, each cell is the mean of 2 × 2"
    means = page.view.limit
    page.reduction.setCurrentIndex(1)
    page.reduction.activated.emit(1)
    assert "largest magnitude of 2 × 2" in page.note.text()
    assert page.view.limit > means
    assert page.legend.limit == page.view.limit


def test_axes_and_places_choose_the_slice(zoo, qtbot):
    inspector = look(zoo, qtbot, "conv.weight", PICTURE)
    inspection, page = inspector.inspection, inspector.page
    assert inspection.slice == Slice(0, 1, (0, 0, 2, 2))
    bar = page.findChild(type(page.controls.itemAt(0).widget()))
    bar.columns.setCurrentIndex(0)  # the axis that runs down: they change places
    bar.columns.activated.emit(0)
    assert (inspection.slice.rows, inspection.slice.columns) == (1, 0)
    bar.places[3].setValue(4)
    qtbot.waitUntil(lambda: not inspection.busy, timeout=5000)
    assert inspection.plane.slice == Slice(1, 0, (0, 0, 2, 4))
    assert page.view.cells.shape == (3, 8)


def test_kernels_stand_side_by_side_only_where_there_are_some(zoo, qtbot):
    inspector = look(zoo, qtbot, "conv.weight", KERNELS)
    assert inspector.page.note.text().startswith("Output channels 0–7 of 8 down, input channels 0–2 of 3 across")
    inspector.page.output.setValue(6)
    qtbot.waitUntil(lambda: not inspector.inspection.busy, timeout=5000)
    assert "6–7 of 8" in inspector.page.note.text()
    look(zoo, qtbot, "half")
    assert not inspector.tabs.isTabVisible(KERNELS)


@pytest.mark.parametrize(
    ("name", "remark", "sentence"),
    [
        ("nothing", "It holds no numbers: one of its axes has size 0.", None),
        ("one", "", "It is one number: 2.50000."),
        ("bad", "", "None of its 20 numbers is finite, so there is nothing to sort."),
        ("spectrum", "Statistics and pictures are of the absolute values.", "All of its 6 finite numbers are 2.23607."),
        ("flags", "True counts as 1, False as 0.", ""),
        ("half", "", ""),
        ("some", "", ""),
    ],
)
def test_every_kind_of_tensor_has_its_state(zoo, qtbot, name, remark, sentence):
    inspector = look(zoo, qtbot, name)
    assert inspector.remark.text() == remark
    assert inspector.tabs.isVisible() == (sentence is not None)
    if sentence:
        assert inspector.page.sentence.text() == sentence
        assert inspector.page.stack.currentWidget() is inspector.page.sentence
    elif sentence == "":
        assert inspector.page.stack.currentIndex() == 1
    counts = {"bad": ("20 (100 %)", "0"), "some": ("1 (2 %)", "1 (2 %)")}.get(name)
    if counts:
        assert (inspector.facts["NaN"].text(), inspector.facts["Inf"].text()) == counts


def test_whole_numbers_are_written_in_full(zoo, qtbot):
    inspector = look(zoo, qtbot, "line")
    assert (inspector.facts["min"].text(), inspector.facts["max"].text()) == ("0", "119,999")


def test_the_numbers_of_any_place_can_be_gone_to_and_copied(zoo, qtbot):
    zoo.document.select_tensor("some")
    inspector = look(zoo, qtbot, "some", NUMBERS)
    page = inspector.page
    page.go_to.setText("5, 6")
    page.go_to.returnPressed.emit()
    index = page.view.currentIndex()
    assert (index.row(), index.column()) == (5, 6)
    qtbot.waitUntil(lambda: index.data() != "…", timeout=5000)
    page.copy()
    copied = float(QGuiApplication.clipboard().text())
    assert copied == pytest.approx(float(index.data().replace("−", "-")), rel=1e-4)
    page.go_to.setText("99")
    page.go_to.returnPressed.emit()
    assert page.note.text() == "Type a row from 0 to 5 and a column from 0 to 6, as in “12, 3”."


def test_a_table_longer_than_a_window_is_shown_in_windows(zoo, qtbot, qtmodeltester):
    page = look(zoo, qtbot, "line", NUMBERS).page
    model: ValuesModel = page.model
    assert (model.rowCount(), model.columnCount()) == (WINDOW_ROWS, 1)
    page.go_to.setText("100007")
    page.go_to.returnPressed.emit()
    assert model.rowCount() == 20_000
    assert model.headerData(19_999, Qt.Orientation.Vertical) == "119,999"
    assert page.note.text().startswith("120,000 × 1, here rows 100,000–119,999")
    qtbot.waitUntil(lambda: page.view.currentIndex().data() == "100007", timeout=5000)
    qtmodeltester.check(model, force_py=True)
    qtbot.waitUntil(lambda: not zoo.jobs.busy, timeout=5000)


def test_what_is_stopped_can_be_read_after_all(zoo, qtbot, monkeypatch):
    def endless(_reader, *_arguments):
        from lrp_gui.jobs.steps import Part, Progress

        while True:
            time.sleep(0.002)
            yield Progress(1, 2)
            yield Part(share)

    from lrp_gui.jobs.inspected import Share
    from lrp_gui.jobs.inspecting import Reader

    share, whole = Share(0.5), Reader.measure
    monkeypatch.setattr(Reader, "measure", endless)
    inspector = zoo.furniture.inspector
    zoo.document.select_tensor("half")
    qtbot.waitUntil(lambda: inspector.progress.isVisible() and inspector.progress.value() == 500, timeout=5000)
    zoo.actions_["cancel"].trigger()
    qtbot.waitUntil(lambda: not zoo.jobs.busy, timeout=5000)
    assert inspector.page.sentence.text() == "Reading was stopped."
    monkeypatch.setattr(Reader, "measure", whole)
    qtbot.mouseClick(inspector.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: inspector.inspection.summary is not None, timeout=5000)
    assert not inspector.work.isVisible()


def test_exports_are_written_and_said(zoo, qtbot, tmp_path):
    inspector = look(zoo, qtbot, "large.weight", PICTURE)
    for suffix in ("npy", "csv", "png"):
        with qtbot.waitSignal(inspector.inspection.written, timeout=10000):
            inspector.write(str(tmp_path / f"out.{suffix}"))
    assert np.load(tmp_path / "out.npy").shape == (700, 600)
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 701
    assert QImage(str(tmp_path / "out.png")).width() > 300
    assert "out.png is written" in zoo.statusBar().currentMessage()
    inspector.write(str(tmp_path / "no" / "out.csv"))
    qtbot.waitUntil(lambda: zoo.messages.sentence != "", timeout=5000)
    inspector.ask_where("csv")
    assert inspector.dialog.selectedFiles()[0].endswith("large.weight.csv")
    inspector.dialog.close()


def test_colours_follow_the_theme_and_logarithms_the_box(zoo, qtbot):
    inspector = look(zoo, qtbot, "large.weight", HISTOGRAM)
    histogram: Histogram = inspector.page.histogram
    before = histogram.grab().toImage()
    inspector.page.log.setChecked(True)
    assert histogram.bars.opts["height"].max() == pytest.approx(np.log10(1 + histogram.counts.max()))
    zoo.set_theme("dark")
    assert histogram.grab().toImage().pixelColor(2, 2) != before.pixelColor(2, 2)


def test_another_file_ends_what_was_looked_at(zoo, qtbot):
    from tests.gui.example import DIABETES

    look(zoo, qtbot, "half")
    zoo.opener.open([str(DIABETES)])
    settle(qtbot, zoo)
    assert zoo.document.selected_tensor == ""
    assert zoo.furniture.inspection.row is None
    assert not zoo.furniture.inspector_dock.isVisible()
    inspector = look(zoo, qtbot, zoo.document.file.tensors[0].name, PICTURE)
    assert inspector.page.stack.currentIndex() == 1
