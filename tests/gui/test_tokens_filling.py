"""The grid of tokens fills while relevance arrives, and what came once stays as it came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from lrp_gui.document.files import Source
from lrp_gui.document.results import Arriving, NodeInfo
from lrp_gui.jobs import arriving as jobs_arriving
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.jobs.token_grid import TokenGrid
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.arriving import arriving_picture
from lrp_gui.viewer.scales import BY_ID
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.tokens.picture import TokenPicture
from tests.gui.example import settle
from tests.gui.networks import saved
from tests.gui.test_tokens_picture import grid_of, network_of, picture_of


@pytest.fixture
def clock(monkeypatch):
    """A second passes whenever somebody looks: everything that can be told is."""
    seconds = iter(range(1_000_000))
    monkeypatch.setattr(jobs_arriving, "GROWTH", 0.0)
    monkeypatch.setattr(jobs_arriving, "clock", lambda: float(next(seconds)))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    path, _ = saved("tokens", tmp_path_factory.mktemp("tokens"))
    engine = Engine()
    return engine, run_now(engine.open(Source(str(path)))).network


def request_of(network, *along: str) -> SampleRequest:
    return SampleRequest(network, 0, "1", np.arange(6.0), "max", "epsilon", along=along)


def parts(steps):
    found = []
    result = run_now(steps, found.append)
    return found, result


def same(a: TokenGrid, b: TokenGrid) -> None:
    for one, other in zip(a.points, b.points, strict=True):
        np.testing.assert_allclose(one.relevance, other.relevance, atol=1e-6)
    for one, other in zip(a.gaps, b.gaps, strict=True):
        np.testing.assert_allclose(one.skip, other.skip, atol=1e-6)
        assert (one.mixing is None) == (other.mixing is None)


def test_columns_come_from_the_output_back_and_then_the_ways_between_them(opened, clock):
    engine, network = opened
    found, whole = parts(engine.more("tokens", request_of(network)))
    assert whole.whole
    assert not any(one.whole for one in found)
    reached = [one.reached for one in found]
    assert reached == sorted(reached, reverse=True)
    assert reached[0] > 0 == reached[-1]
    for one in found:
        for n, point in enumerate(one.points):
            wanted = whole.points[n].relevance if n >= one.reached else np.zeros(one.rows)
            assert np.array_equal(point.relevance, wanted)
        for n, gap in enumerate(one.gaps):
            assert np.array_equal(gap.into, whole.gaps[n].into if n >= one.reached else np.zeros(one.rows))
    ways = [sum(gap.mixing is not None for gap in one.gaps) for one in found]
    assert ways == sorted(ways)
    assert ways[0] == 0 < ways[-1]
    assert found[0].explained == whole.explained


def test_along_with_the_explanation_nothing_is_computed_twice(opened, clock, monkeypatch):
    engine, network = opened
    alone, wanted = (
        run_now(engine.explain_sample(request_of(network))),
        run_now(engine.more("tokens", request_of(network))),
    )
    request = request_of(network, "tokens")
    found, result = parts(engine.explain_sample(request))
    *arriving, beside = found
    assert any(one.grid is not None for one in arriving)
    assert list(result.layers) == list(alone.layers)
    assert result.warnings == alone.warnings
    assert beside["tokens"].reached == 0
    monkeypatch.setattr("lrp_engine.explaining", lambda *_args, **_options: pytest.fail("explained again"))
    same(run_now(engine.more("tokens", request)), wanted)


def test_what_was_looked_at_last_is_asked_for_along_with_the_next(window, qtbot, tmp_path):
    network, table = saved("tokens", tmp_path)
    window.opener.open([str(network), str(table)])
    settle(qtbot, window)
    assert window.document.request.along == ()
    window.viewer.look(scale="tokens")
    qtbot.waitUntil(lambda: window.document.more("tokens") is not None, timeout=60000)
    before = window.document.request
    window.document.select_sample(1)
    qtbot.waitUntil(
        lambda: window.document.request is not before and window.document.request is not None, timeout=60000
    )
    assert window.document.request.along == ("tokens",)
    settle(qtbot, window)


def half_of(grid: TokenGrid, reached: int = 1) -> TokenGrid:
    """As it is while relevance is on its way."""
    nothing = np.zeros(grid.rows)
    points = tuple(replace(point, relevance=nothing) if n < reached else point for n, point in enumerate(grid.points))
    gaps = tuple(
        replace(gap, branch=nothing, skip=nothing, into=nothing, mixing=None, heads=()) if n < reached else gap
        for n, gap in enumerate(grid.gaps)
    )
    return replace(grid, points=points, gaps=gaps, reached=reached, whole=False)


def painted(picture: TokenPicture) -> QImage:
    image = QImage(900, 500, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, 900, 500), 1.0)
    painter.end()
    return image


def test_while_it_fills_old_numbers_are_faint_and_nobody_can_ask_for_them():
    grid = grid_of()
    old = grid_of(seed=2)
    picture = picture_of(half_of(grid).over(old))
    assert picture.grid.points[0].relevance is old.points[0].relevance
    assert picture.grid.points[1].relevance is grid.points[1].relevance
    image, whole = painted(picture), painted(picture_of(old))

    def ink_at(drawn: QImage, n: int) -> int:
        places = picture.places(picture._areas(drawn.size().toSizeF())[0])
        colours = [drawn.pixelColor(round(places.points[n]), round(y)) for y in places.rows.values()]
        return max(colour.hsvSaturation() for colour in colours)

    assert ink_at(image, 0) < 0.6 * ink_at(whole, 0)
    assert ink_at(image, 2) > 0.9 * ink_at(whole, 2)
    places = picture.places(picture._areas(image.size().toSizeF())[0])
    here = [QPointF(places.points[0], y) for y in places.rows.values()]
    size = image.size().toSizeF()
    assert not any(hit.text and "R " in hit.text for hit in (picture.hit(at, size) for at in here) if hit)
    assert "not known" not in picture.notes


def test_rows_that_were_drawn_stay_while_it_fills_and_the_whole_has_its_own():
    size = QImage(900, 200, QImage.Format.Format_ARGB32).size().toSizeF()
    grid = grid_of(tokens=60)
    first, then, whole = (picture_of(one) for one in (half_of(grid, 2), half_of(grid, 1), grid))
    for picture, before in ((first, None), (then, first), (whole, then)):
        picture.hold_rows(before)
        picture.places(picture._areas(size)[0])
    assert set(first.tree.rows) == set(then.tree.rows)
    assert set(whole.tree.rows) == set(picture_rows(grid, size))


def picture_rows(grid: TokenGrid, size) -> list[int]:
    picture = picture_of(grid)
    picture.places(picture._areas(size)[0])
    return picture.tree.rows.tolist()


def test_the_graph_of_what_arrives_is_the_grid_with_the_new_words():
    grid = half_of(grid_of())
    before = picture_of().result
    arriving = Arriving(1, "2", {"sum2": None}, {}, {}, values={"ids": np.arange(6.0)}, grid=grid)  # type: ignore[dict-item]
    scale, selection = BY_ID["tokens"], Selection(words={"ids": ("old",) * 6})
    found = arriving_picture(network_with_attention(), arriving, before, scale, LIGHT, selection, lambda _kind: None)
    assert found is not None
    picture = found[1]
    assert isinstance(picture, TokenPicture)
    assert picture.labels == grid.texts
    assert picture.state is None
    nothing = replace(arriving, grid=None)
    assert arriving_picture(network_with_attention(), nothing, before, scale, LIGHT, selection, lambda _: None) is None


def network_with_attention():
    network = network_of()
    nodes = tuple(NodeInfo(kind, kind, kind, ()) for kind in ("bilinear", "softmax"))
    return replace(network, layers=(*network.layers[:-1], replace(network.layers[-1], nodes=nodes)))
