"""All samples as a matrix: its order, its numbers, and what a click chooses."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt

from lrp_gui.document.results import TableResult
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.colouring import Colouring
from lrp_gui.viewer.ink import Ink, width_of
from lrp_gui.viewer.matrix.order import alike, by_number
from lrp_gui.viewer.matrix.picture import MatrixPicture
from lrp_gui.viewer.matrix.view import ALIKE, FEATURE, MOST_SAMPLES, SCORE, MatrixTab
from lrp_gui.viewer.sketch import Sketch
from lrp_gui.viewer.states import StatePicture
from tests.gui import drawn, fakes


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def test_alike_samples_stand_beside_each_other():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 90)
    rows = np.eye(3)[kinds] + 0.05 * rng.normal(size=(90, 3))
    order = finished(alike(rows))
    assert sorted(order) == list(range(90))
    assert np.count_nonzero(np.diff(kinds[order])) == 2, "three groups, each in one piece"


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.ones((1, 3)), np.ones((2, 3)), np.zeros((7, 3))])
def test_few_and_equal_samples_have_an_order_too(rows):
    assert sorted(finished(alike(rows))) == list(range(len(rows)))


def test_what_is_no_number_comes_last():
    assert list(by_number(np.array([1.0, np.nan, 3.0]))) == [2, 0, 1]


@pytest.fixture
def document():
    network = fakes.mlp().info
    values = np.random.default_rng(0).normal(size=(30, 10))
    document = drawn.opened(network, values)
    put(document, 30)
    return document


def put(document, samples, **more):
    rng = np.random.default_rng(1)
    relevance = rng.normal(size=(samples, 10)).astype(np.float32)
    result = TableResult(np.arange(samples), np.zeros((samples, 1)), rng.normal(size=samples), relevance)
    document.put_table_result(replace(result, **more))


@pytest.fixture
def tab(qtbot, document):
    tab = MatrixTab(document, LIGHT)
    qtbot.addWidget(tab)
    tab.resize(400, 400)
    tab.show()
    tab.finish()
    return tab


def test_the_matrix_holds_the_relevance_of_all_samples(tab, document):
    picture = tab.view.picture
    assert isinstance(picture, MatrixPicture)
    assert np.allclose(picture.relevance, document.table_result.relevance)
    assert picture.marked_row == 0
    tab.set_look(DARK, Colouring(clip=95.0))
    tab.finish()
    assert tab.view.picture.theme == DARK
    assert "clipped at the 95 %" in tab.view.picture.notes()


@pytest.mark.parametrize("kind", [SCORE, FEATURE, ALIKE])
def test_samples_are_ordered_and_stay_the_same(tab, document, kind):
    document.select_layer("x")
    document.select_unit(4)
    tab.order.setCurrentIndex(kind)
    tab.finish()
    picture = tab.view.picture
    relevance = document.table_result.relevance
    assert sorted(picture.samples) == list(range(30))
    assert np.allclose(picture.relevance, relevance[np.ix_(picture.samples, picture.features)])
    if kind == SCORE:
        assert (np.diff(document.table_result.explained[picture.samples]) <= 0).all()
    if kind == FEATURE:
        assert (np.diff(relevance[picture.samples, 4]) <= 0).all()
    assert picture.features[picture.marked_column] == 4


def test_a_click_chooses_the_sample_and_the_feature(tab, qtbot):
    tab.view.repaint()
    place = tab.view.picture._place
    at = place.topLeft() + QPointF(place.width() * 0.35, place.height() * 0.55)
    with qtbot.waitSignal(tab.activated) as told:
        qtbot.mouseClick(tab.view, Qt.MouseButton.LeftButton, pos=at.toPoint())
    hit = told.args[0]
    assert (hit.layer, hit.unit, hit.row) == ("x", 3, 16)


def test_samples_that_are_not_explained_are_left_out_and_counted(tab, document):
    explained = np.full(30, np.nan)
    explained[:4] = 1.0
    put(document, 30, explained=explained)
    tab.finish()
    assert len(tab.view.picture.samples) == 4
    assert "4 of 30 samples" in tab.view.picture.notes()
    put(document, 30, explained=np.full(30, np.nan))
    tab.finish()
    assert isinstance(tab.view.picture, StatePicture)
    assert "explained yet" in tab.view.picture.state.headline


def test_zeros_alone_and_values_that_are_no_numbers_are_said(tab, document):
    put(document, 30, relevance=np.zeros((30, 10), dtype=np.float32))
    tab.finish()
    assert "zero" in tab.view.picture.state.headline
    document.put_result(replace(fakes.mlp_result()[1], explained=float("nan")))
    put(document, 30, explained=np.full(30, np.nan))
    tab.finish()
    assert "no numbers" in tab.view.picture.state.headline


def test_without_samples_it_says_what_to_do(qtbot):
    document = drawn.opened(fakes.mlp().info, np.zeros((0, 10)))
    tab = MatrixTab(document, LIGHT)
    qtbot.addWidget(tab)
    tab.finish()
    assert "No samples" in tab.view.picture.state.headline


def test_of_very_many_samples_some_are_drawn_and_it_is_said(qtbot):
    count = 5 * MOST_SAMPLES
    document = drawn.opened(fakes.mlp().info, np.zeros((count, 10)))
    put(document, count)
    tab = MatrixTab(document, LIGHT)
    qtbot.addWidget(tab)
    tab.finish()
    assert len(tab.view.picture.samples) == MOST_SAMPLES
    assert f"{MOST_SAMPLES:,} of {count:,} samples" in tab.view.picture.notes()


@pytest.mark.parametrize("width", range(380, 700, 40))
def test_long_names_of_features_keep_apart(qapp, monkeypatch, width):
    names = [f"a very long name of a measured quantity {n:03d}" for n in range(8)]
    picture = MatrixPicture(LIGHT, relevance=np.ones((3, 8)), columns=names, rows=["1", "2", "3"])
    said = []
    monkeypatch.setattr(Ink, "text", lambda _ink, rect, text, *_a, **_n: said.append((rect.center().x(), text)))
    Sketch(picture, QSizeF(width, 300), QRectF(0, 0, width, 300), 1.0, 1.0).finish()
    ends = [(x - width_of(text, 10.5) / 2, x + width_of(text, 10.5) / 2) for x, text in said if "…" in text]
    assert len(ends) > 1
    assert all(right + 4 <= left for (_, right), (left, _) in pairwise(ends))
