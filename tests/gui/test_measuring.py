"""Finding the largest and the oddest tensors: everything is measured once, in the worker, and sorted by."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from safetensors.numpy import save_file

from lrp_gui.browser.panel import Browser
from lrp_gui.browser.tensors_model import MEASURED, NORM, ODD, SIZE, ZEROS
from lrp_gui.document.document import Document
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.jobs.browsing import browse
from lrp_gui.jobs.measuring import Measured, measure_all, oddities
from lrp_gui.jobs.queue import JobQueue
from lrp_gui.jobs.steps import Part, run_now

RNG = np.random.default_rng(0)


def usual(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Twelve alike layers, of which four are not like the others, and one large table."""
    tensors = {f"layer.{n}.weight": usual(40, 30) for n in range(12)}
    tensors |= {f"layer.{n}.bias": np.zeros(40, np.float32) for n in range(12)}
    tensors["table.weight"] = usual(900, 30)
    tensors["layer.3.weight"] *= 50
    tensors["layer.5.weight"][2, 2] = np.nan
    tensors["layer.7.weight"][:] = 0.25
    tensors["layer.9.weight"][1, 1] = 60.0
    path = tmp_path_factory.mktemp("measured") / "a.safetensors"
    save_file(tensors, str(path))
    return path


def names(path):
    return [row.name for row in run_now(browse([str(path)])).file.tensors]


def test_each_tensor_is_told_with_its_numbers_and_what_is_odd(path):
    told = []
    odd = run_now(measure_all(str(path), names(path)), told.extend)
    by_name = {one.name: one for one in told}
    assert len(by_name) == len(told) == 25
    table = by_name["table.weight"]
    assert (table.shape, table.count) == ((900, 30), 27000)
    assert table.std == pytest.approx(1, abs=0.05)
    assert by_name["layer.0.bias"].zeros == 40
    assert by_name["layer.5.weight"].nans == 1
    assert set(odd) == {f"layer.{n}.weight" for n in (3, 5, 7, 9)}
    order = sorted(odd, key=lambda name: -odd[name].score)
    assert order == ["layer.5.weight", "layer.7.weight", "layer.3.weight", "layer.9.weight"]
    assert [odd[name].text.split()[0] for name in order] == ["1", "every", "spread", "a"]


def test_what_begins_as_ones_and_zeros_is_not_odd():
    flat = {"count": 8, "std": 0.0, "norm": 0.0}
    found = [Measured("norm.weight", (8,), min=1, max=1, mean=1, **flat), Measured("bias", (8,), min=0, max=0, **flat)]
    assert oddities(found) == {}
    assert "3" in oddities([Measured("scale", (8,), min=3, max=3, mean=3, **flat)])["scale"].text


def test_a_bias_that_never_moved_is_odd_where_all_others_did():
    moved = [
        Measured(f"layer.{n}.bias", (8,), count=8, min=-1, max=1, mean=0, std=0.5 + n / 100, norm=2) for n in range(5)
    ]
    dead = Measured("layer.5.bias", (8,), count=8, min=0, max=0, mean=0, std=0, norm=0, zeros=8)
    assert oddities([*moved, dead])["layer.5.bias"].text == "every number is 0, unlike its like"
    still = [Measured(f"other.{n}.bias", (8,), count=8, min=0, max=0, mean=0, std=0, norm=0) for n in range(5)]
    assert oddities([*moved, *still, dead]) == {}


def test_a_tensor_that_cannot_be_read_is_told_and_the_others_are_measured(path, monkeypatch):
    from lrp_engine.errors import FormatError
    from lrp_engine.files.tensors import TensorInfo

    blocks = TensorInfo.blocks

    def broken(self, *arguments):
        if self.name == "layer.4.weight":
            raise FormatError("The tensor layer.4.weight cannot be read.")
        return blocks(self, *arguments)

    monkeypatch.setattr(TensorInfo, "blocks", broken)
    told = []
    odd = run_now(measure_all(str(path), names(path)), told.extend)
    assert len(told) == 25
    assert "cannot be read" in odd["layer.4.weight"].text
    assert math.isnan(next(one for one in told if one.name == "layer.4.weight").std)


@pytest.fixture
def browser(qtbot, path):
    document, jobs = Document(), JobQueue()
    file = run_now(browse([str(path)])).file
    document.open(Contents(None, None, ExplainSettings(), -1, file=file), "Open")
    browser = Browser(document, jobs=jobs)
    qtbot.addWidget(browser)
    browser.resize(420, 500)
    browser.show()
    browser.tabs.setCurrentWidget(browser.tensors)
    yield browser
    jobs.close()


def shown(browser, count=3):
    model = browser.tensors.tree
    return [model.index(row, 0).data() for row in range(count)]


def order(browser, text):
    box = browser.bar.order
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_oddest_first_measures_everything_and_shows_why(browser, qtbot):
    header = browser.tensors.header()
    assert browser.tensors.isColumnHidden(ODD)
    with qtbot.waitSignal(browser.measurement.done):
        order(browser, "Oddest first")
        assert browser.bar.stop.isVisible()
    assert shown(browser) == ["layer.5.weight", "layer.7.weight", "layer.3.weight"]
    assert browser.tensors.tree.index(0, ODD).data() == "1 NaN"
    assert not any(browser.tensors.isColumnHidden(n) for n in range(MEASURED, browser.tensors.tree.columnCount()))
    assert header.visualIndex(ODD) == 1  # beside the names
    assert browser.bar.told.text() == "25 tensors measured, 4 of them odd"
    assert "NaN" in browser.tensors.tree.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_another_file_is_not_said_to_stand_oddest_first(browser, qtbot):
    with qtbot.waitSignal(browser.measurement.done):
        order(browser, "Oddest first")
    document = browser.measurement._document
    document.open(replace(document.contents, file=replace(document.file, name="another")), "Open another")
    assert browser.bar.order.currentText() == "As in the file"
    assert shown(browser, 2) == ["layer", "table"]


def test_the_largest_first_needs_no_measuring(browser):
    order(browser, "Largest first")
    assert shown(browser, 1) == ["table.weight"]
    assert not browser.measurement.found
    order(browser, "As in the file")
    assert shown(browser, 2) == ["layer", "table"]


def test_a_title_sorts_as_the_box_does(browser, qtbot):
    browser.measure()
    qtbot.waitUntil(lambda: browser.measurement.complete)
    browser.tensors.sortByColumn(NORM, Qt.SortOrder.DescendingOrder)
    assert shown(browser, 1) == ["layer.3.weight"]
    assert browser.bar.order.currentText() == "Largest norm first"
    browser.tensors.sortByColumn(ZEROS, Qt.SortOrder.DescendingOrder)
    assert browser.tensors.tree.index(0, ZEROS).data() == "100 %"
    browser.tensors.sortByColumn(SIZE, Qt.SortOrder.AscendingOrder)
    assert browser.bar.order.currentIndex() == -1
    browser.bar.run.click()
    assert not browser.measurement.running  # all is known


def test_measuring_can_be_stopped_and_begun_again(browser, qtbot):
    browser.measure()
    assert browser.measurement.running
    browser.bar.stop.click()
    assert not browser.measurement.running
    assert not browser.bar.stop.isVisible()
    browser.measure()
    browser._document.undo_stack.clear()
    browser.measurement._jobs.cancel_work()  # Esc
    assert not browser.measurement.running
    browser.bar.run.click()
    qtbot.waitUntil(lambda: browser.measurement.complete)


def test_another_file_has_numbers_of_its_own(browser, qtbot):
    browser.measure()
    qtbot.waitUntil(lambda: browser.measurement.complete)
    browser._document.put_contents(Contents(None, None, ExplainSettings(), -1, file=None))
    assert not browser.measurement.found
    assert browser.tensors.isColumnHidden(ODD)
    browser.measurement.run()
    assert not browser.measurement.running


def test_a_file_that_is_gone_is_said(browser, qtbot, path):
    moved = path.with_name("moved")
    path.rename(moved)
    try:
        with qtbot.waitSignal(browser._document.message) as told:
            browser.measure()
    finally:
        moved.rename(path)
    assert "a.safetensors" in told.args[0].sentence
    assert not browser.measurement.running


def test_the_numbers_come_in_parts(path, monkeypatch):
    monkeypatch.setattr("lrp_gui.jobs.measuring.NEWS_SECONDS", 0)
    steps = measure_all(str(path), names(path))
    assert sum(isinstance(step, Part) for step in steps) == 25


def test_the_model_keeps_qts_rules_with_and_without_numbers(browser, qtbot, qtmodeltester):
    qtmodeltester.check(browser.tensors.tree)
    browser.measure()
    qtbot.waitUntil(lambda: browser.measurement.complete)
    qtmodeltester.check(browser.tensors.tree)
