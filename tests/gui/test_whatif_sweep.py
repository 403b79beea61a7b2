"""A sweep: output and relevance over one feature's range, and the sample's value set in the curve."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

import lrp_engine as lrp
from lrp_gui.document.sweep import fixed_target
from lrp_gui.jobs.steps import Part, Progress
from lrp_gui.jobs.sweeping import _stages
from tests.gui.example import DIABETES, DIGITS, settle
from tests.gui.test_whatif import BMI, open_page


@pytest.fixture
def page(diabetes, qtbot):
    """The tab, with bmi swept."""
    page = open_page(diabetes, qtbot, "sweep")
    finish(qtbot, diabetes, page)
    return page


def finish(qtbot, window, page):
    """Until the curve is whole."""
    qtbot.waitUntil(lambda: not page.sweep.busy and not window.explainer.busy and not window.jobs.busy, timeout=30000)
    page.refresh()


def test_the_feature_that_matters_most_is_swept_at_first(page, diabetes):
    assert page.sweep.column == int(np.abs(diabetes.document.result.inputs["x"]).argmax()) == BMI
    assert page.feature.currentText() == "bmi"


def test_the_curve_is_what_the_engine_says_at_every_point(page, diabetes):
    curve, table = page.sweep.curve, diabetes.document.table
    values = np.repeat(table.values[:1], len(curve.points), axis=0)
    values[:, BMI] = curve.points
    means, scales = (np.array([getattr(one, name) for one in table.features]) for name in ("mean", "scale"))
    network = lrp.load(DIABETES)
    expected = lrp.explain(network, ((values - means) / scales).astype(np.float32))
    assert curve.points[[0, -1]].tolist() == [table.values[:, BMI].min(), table.values[:, BMI].max()]
    assert len(curve.points) == 41
    np.testing.assert_allclose(curve.explained, expected.score, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(curve.relevance, expected.inputs["x"][:, BMI], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(curve.outputs, expected.outputs["probability"], rtol=1e-4, atol=1e-6)


def test_a_click_in_the_curve_sets_the_value(page, diabetes, qtbot):
    box = page.plot.outputs.getViewBox()
    place = page.plot.mapFromScene(box.mapViewToScene(QPointF(35.0, box.viewRect().center().y())))
    qtbot.mouseClick(page.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: diabetes.document.undo_stack.count() == 1)
    assert diabetes.document.table.values[0, BMI] == pytest.approx(35, abs=0.4)
    assert diabetes.document.undo_stack.undoText() == "bmi of sample 1"
    assert page.plot.markers[0].value() == diabetes.document.table.values[0, BMI]
    assert page.plot.befores[0].value() == 32.1


def test_the_marker_is_dragged_and_the_curve_stays(page, diabetes, qtbot):
    curve, points = page.sweep.curve, page.sweep.curve.points.copy()
    page.plot.markers[1].setValue(30.02)
    page.plot.markers[1].sigDragged.emit(page.plot.markers[1])
    finish(qtbot, diabetes, page)
    assert diabetes.document.table.values[0, BMI] == 30.02
    assert page.sweep.curve is curve
    assert np.array_equal(curve.points, points)
    assert page.plot.markers[0].value() == 30.02


def test_the_arrow_keys_step_through_the_range(page, diabetes, qtbot):
    page.plot.setFocus()
    qtbot.keyClick(page.plot, Qt.Key.Key_Right)
    assert diabetes.document.table.values[0, BMI] == 32.6


def test_an_edit_of_another_feature_makes_another_curve(page, diabetes, qtbot):
    before = page.sweep.curve.explained.copy()
    diabetes.document.edit_cell(0, 0, "20")
    finish(qtbot, diabetes, page)
    assert not np.allclose(page.sweep.curve.explained, before)


def test_another_feature_is_chosen_from_its_row(diabetes, qtbot):
    sliders = open_page(diabetes, qtbot)
    line = next(row for row in sliders.rows if row.column == 8)
    line.sweep.click()
    page = diabetes.furniture.sample.page
    finish(qtbot, diabetes, page)
    assert page.feature.currentText() == "s5"
    assert page.sweep.curve.known.all()


def test_the_class_is_the_same_throughout_where_max_would_change(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    page = open_page(window, qtbot, "sweep")
    finish(qtbot, window, page)
    assert page.sweep.fixed == "0"
    assert page.sweep.target == "0"
    assert "explained throughout:" in page.legend.text()
    assert page._lines()[0].name == "0"


def test_a_target_that_is_fixed_already_stays_and_one_of_a_map_too(window, qtbot, diabetes):
    network = diabetes.document.network
    assert fixed_target("max", network, np.array([0.3])) == ("max", "")
    assert fixed_target("2-5", network, np.array([0.3])) == ("2-5", "")


def test_a_sample_that_cannot_be_explained_is_said(page, diabetes, qtbot):
    diabetes.document.edit_cell(0, 0, "old")
    finish(qtbot, diabetes, page)
    assert "age is “old”" in page.note.text()
    diabetes.document.undo_stack.undo()
    finish(qtbot, diabetes, page)
    assert page.sweep.curve.known.all()


def test_the_swept_cell_itself_may_hold_anything(page, diabetes, qtbot):
    diabetes.document.edit_cell(0, BMI, "unknown")
    finish(qtbot, diabetes, page)
    assert page.sweep.curve.known.all()
    assert page.value.text() == "unknown"
    assert not page.plot.markers[0].isVisible()


def test_a_stopped_sweep_keeps_what_it_has_and_goes_on(page, diabetes, qtbot, monkeypatch):
    import time

    engine = page.sweep._engine
    explain = engine.explain_table

    def slow(request):
        for step in explain(request):
            time.sleep(0.02)
            yield step

    monkeypatch.setattr(engine, "explain_table", slow)
    page.sweep.set_count(101)
    known = lambda: page.sweep.curve.known  # noqa: E731
    qtbot.waitUntil(lambda: len(known()) == 101 and known().any() and not known().all(), timeout=10000)
    page.refresh()
    assert page.stop.text() == "S&top"
    page.stop.click()
    page.refresh()
    known = int(page.sweep.curve.known.sum())
    assert page.note.text() == f"Stopped at {known} of 101 points"
    monkeypatch.setattr(engine, "explain_table", explain)
    page.stop.click()
    finish(qtbot, diabetes, page)
    assert page.sweep.curve.known.all()


def test_another_network_has_other_features(page, diabetes, qtbot):
    diabetes.opener.open([str(DIGITS)])
    settle(qtbot, diabetes)
    page = open_page(diabetes, qtbot, "sweep")
    finish(qtbot, diabetes, page)
    relevance = np.abs(diabetes.document.result.inputs["image"]).ravel()
    assert page.sweep.column == int(relevance.argmax())
    assert page.feature.count() == 64
    assert page.sweep.curve.known.all()


def test_nothing_is_swept_for_nobody(page, diabetes, qtbot):
    diabetes.furniture.sample.open_page("reference")
    before = page.sweep.curve.explained.copy()
    diabetes.document.select_sample(5)
    settle(qtbot, diabetes)
    assert np.array_equal(page.sweep.curve.explained, before)
    diabetes.furniture.sample.open_page("sweep")
    finish(qtbot, diabetes, page)
    assert not np.allclose(page.sweep.curve.explained, before)


@pytest.mark.parametrize("count", [1, 2, 5, 8, 41, 101])
@pytest.mark.parametrize("most", [1, 3, 1000])
def test_every_point_comes_once_from_coarse_to_fine(count, most):
    stages = list(_stages(count, most))
    assert sorted(place for stage in stages for place in stage) == list(range(count))
    assert all(len(stage) <= most for stage in stages)
    if count > 5 and most > 5:
        assert {0, count - 1} <= set(stages[0])


def test_a_sweep_of_tokens_says_which_points_the_network_cannot_take(qtbot):
    from lrp_gui.document.results import TableResult
    from lrp_gui.jobs.sweeping import SweepRequest, sweeping

    class Refusing:
        def explain_table(self, request):
            yield Progress()
            rows = np.array(request.rows)
            good = np.zeros((len(rows), 1))
            refused = {row: "there is no such token" for row in request.rows if row == 2}
            yield Part(TableResult(rows, good, good[:, 0], np.zeros((len(rows), 3), np.float32), refused))

    request = SweepRequest(None, "1", np.zeros(3), 1, (0.0, 1.0, 2.0), "max", "epsilon")
    parts = [step.value for step in sweeping(Refusing(), request) if isinstance(step, Part)]
    assert {place: why for part in parts for place, why in part.refused.items()} == {2: "there is no such token"}


def test_titles_of_axes_that_are_lower_than_long_are_cut_off_with_a_sign(page, diabetes):
    plot = page.plot
    plot.set_titles("bmi", "the probability of a class with a long name", "R")
    for height, cut in ((600, False), (110, True)):
        plot.resize(900, height)
        plot.show()
        QApplication.processEvents()
        assert plot.outputs.getAxis("left").labelText.endswith("…") == cut
