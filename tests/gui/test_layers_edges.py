"""What flows between the channels of two layers that stand open, with the worker's own numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter, QPainterPath
from torch import Tensor, nn

from lrp_gui.document.files import Source
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.layers.channels import tiles
from lrp_gui.viewer.layers.edges import channel_edges, draw_edges, open_pairs, untold_pairs
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.sketch import Sketch
from lrp_gui.viewer.stage_layout import SIDE, UNFOLDED
from tests.gui import fakes
from tests.gui.example import DIGITS


@pytest.fixture(scope="module")
def digits():
    engine = Engine()
    network = run_now(engine.open(Source(str(DIGITS)))).network
    request = SampleRequest(network, 0, "1", fakes.DIGIT.ravel() / 16, "max", "epsilon_plus")
    return engine, request, run_now(engine.explain_sample(request))


def opened(digits, only=slice(None)):
    """The picture with every layer that has channels open, or some of them, and the pairs among them."""
    _, request, result = digits
    folded = drawn(request.network, result, LIGHT, Selection(scale="layers"))[1]
    every = [stage.opens for stage in folded.graph.stages if stage.opens]
    picture = drawn(request.network, result, LIGHT, Selection(scale="layers", folds=Folds(frozenset(every[only]))))[1]
    return picture, open_pairs(picture.graph)


def flows_of(digits, picture):
    engine, request, _ = digits
    found = {layer: run_now(engine.more(f"flow:{layer}", request)) for _, _, layer in open_pairs(picture.graph)}
    return {layer: flow for layer, flow in found.items() if flow is not None}


def test_edges_between_channels_sum_to_what_the_ledger_says(digits, qapp):
    _, _, result = digits
    picture, _ = opened(digits)
    found = channel_edges(picture.graph, flows_of(digits, picture), picture.network)
    assert found
    for edges in found:
        source = picture.graph.stages[edges.source]
        row = next(row for row in result.ledger if row.layer == edges.layer and row.rule != "pass")
        assert edges.matrix.sum() == pytest.approx(row.passed_on, rel=1e-4)
        readers = [branch for branch in picture.graph.branches if branch.source == edges.source]
        if len(readers) == 1:  # then all of the source's relevance comes on these edges
            assert edges.matrix.sum(axis=0) == pytest.approx(source.channels, rel=1e-3, abs=1e-6)


def test_a_layer_without_weights_has_no_such_edges(digits):
    engine, request, _ = digits
    pool = next(layer.path for layer in request.network.layers if "pool" in layer.operation.casefold())
    assert run_now(engine.more(f"flow:{pool}", request)) is None


class Skip(nn.Module):
    """A way around a convolution, joined with what comes out of it: 6 + 4 channels, as in a U-Net."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.deep, self.head = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 1), nn.Conv2d(10, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.wide(x).relu()
        return self.head(torch.cat([self.deep(wide), wide], 1)).mean((2, 3))


@pytest.fixture(scope="module")
def skip(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("skip") / "skip.pt2"
    open_batch = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(Skip().eval(), (torch.randn(2, 1, 8, 8),), dynamic_shapes=open_batch, strict=False)
    torch.export.save(program, path)
    engine = Engine()
    network = run_now(engine.open(Source(str(path)))).network
    request = SampleRequest(network, 0, "1", np.linspace(-1, 1, 64), "max", "epsilon_plus")
    return engine, request, run_now(engine.explain_sample(request))


def test_behind_a_join_each_channel_leads_to_the_source_that_it_came_from(skip, qapp):
    picture, pairs = opened(skip)
    graph, flows = picture.graph, flows_of(skip, picture)
    found = {(edges.source, edges.reader): edges for edges in channel_edges(graph, flows, picture.network)}
    wide, deep, head = map(graph.stage_of, ("wide", "deep", "head"))
    assert set(found) == {(wide, deep), (wide, head), (deep, head)} <= {pair[:2] for pair in pairs}
    whole = flows["head"].matrix
    assert found[deep, head].matrix == pytest.approx(whole[:, :6])
    assert found[wide, head].matrix == pytest.approx(whole[:, 6:])
    assert (found[deep, head].count, found[wide, head].count) == (3 * 6, 3 * 4)
    assert found[deep, head].matrix.sum(axis=0) == pytest.approx(graph.stages[deep].channels, rel=1e-3, abs=1e-6)
    both = found[wide, head].matrix.sum(axis=0) + found[wide, deep].matrix.sum(axis=0)
    assert both == pytest.approx(graph.stages[wide].channels, rel=1e-3, abs=1e-6)


def test_where_channels_cannot_be_told_apart_that_is_said(skip, qapp, monkeypatch):
    picture, _ = opened(skip)
    graph, network = picture.graph, picture.network
    wide, deep, head = map(graph.stage_of, ("wide", "deep", "head"))
    flows = flows_of(skip, picture)
    assert {pair[:2] for pair in untold_pairs(graph, flows, network)} == set()
    shuffled = {**flows, "head": replace(flows["head"], matrix=flows["head"].matrix[:, ::-1])}  # as some networks do
    assert {pair[:2] for pair in untold_pairs(graph, shuffled, network)} == {(wide, head), (deep, head)}
    assert not untold_pairs(graph, {}, network)  # nothing is said of what is still being asked for
    picture.channel_flows = shuffled
    said: list[str] = []
    monkeypatch.setattr(Ink, "text", lambda _ink, _rect, text, *_args, **_more: said.append(text))
    Sketch(picture, QSizeF(1600, 1000), QRectF(0, 0, 1600, 1000), 1.0, 1.0).finish()
    assert said.count("what flows between these channels is not told") == 2


def test_a_pool_hands_each_channel_what_its_winners_got(digits, qapp):
    _, request, _ = digits
    picture, _ = opened(digits)
    graph = picture.graph
    pool = graph.stage_of(next(one.path for one in request.network.layers if "pool" in one.operation.casefold()))
    edges = next(one for one in channel_edges(graph, {}, picture.network) if one.reader == pool)
    assert edges.matrix.sum(axis=0) == pytest.approx(graph.stages[edges.source].channels, rel=1e-4, abs=1e-6)


def test_they_are_drawn_from_tile_to_tile(digits, qapp):
    picture, ((source, reader, _),) = opened(digits, slice(1, 3))
    size = QSizeF(1600, 1000)
    boxes = picture.layout(size).boxes
    assert boxes[source].right() < boxes[reader].left()  # open layers that feed each other stand side by side
    before = Sketch(picture, size, QRectF(0, 0, 1600, 1000), 1.0, 1.0).finish().toImage()
    picture.channel_flows = flows_of(digits, picture)
    after = Sketch(picture, size, QRectF(0, 0, 1600, 1000), 1.0, 1.0).finish().toImage()
    assert before != after


def test_they_are_drawn_to_the_row_below_where_there_is_no_room_beside(digits, qapp):
    picture, ((source, reader, _),) = opened(digits, slice(1, 3))
    size, all_ = QSizeF(420, 1100), QRectF(0, 0, 420, 1100)
    layout = picture.layout(size)
    above, below = layout.in_picture(layout.boxes[source]), layout.in_picture(layout.boxes[reader])
    assert above.bottom() < below.top()
    before = Sketch(picture, size, all_, 1.0, 1.0).finish().toImage()
    picture.channel_flows = flows_of(digits, picture)
    after = Sketch(picture, size, all_, 1.0, 1.0).finish().toImage()
    changed = [
        (x, y) for y in range(before.height()) for x in range(before.width()) if before.pixel(x, y) != after.pixel(x, y)
    ]
    between = [y for _, y in changed if above.bottom() < y < below.top()]
    assert between
    # They run in the open: of the boxes only these two, and the ways beside and between them, are touched.
    assert min(y for _, y in changed) > above.top()
    assert max(y for _, y in changed) < below.bottom()


@pytest.mark.parametrize("rows", [0, 2])
def test_where_boxes_stand_between_they_run_around_them(digits, qapp, rows):
    picture, _ = opened(digits, slice(1, 3))
    (edges,) = channel_edges(picture.graph, flows_of(digits, picture), picture.network)
    plain, layout = picture.graph.stages[0], picture.layout(QSizeF(1600, 1000))
    step, gutter = UNFOLDED[0] + layout.choice[0].gap, UNFOLDED[1] + layout.choice[0].gutter
    at = [(0, 0), (1, 0), (2, 0)] if rows == 0 else [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2)]
    ends = (picture.graph.stages[edges.source], picture.graph.stages[edges.reader])
    stages = tuple(replace(one, rank=n) for n, one in enumerate((ends[0], *[plain] * (len(at) - 2), ends[1])))
    places = tuple(QRectF(SIDE + x * step, layout.choice[0].gutter + y * gutter, *UNFOLDED) for x, y in at)
    graph = replace(picture.graph, stages=stages)
    layout = replace(layout, boxes=places, row_of=tuple(y for _, y in at))
    ways: list[tuple[QPainterPath, float]] = []
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    ink = Ink(painter, LIGHT)
    ink.ribbon = lambda path, width, _colour: ways.append((path, width))  # type: ignore[method-assign]
    draw_edges(ink, graph, replace(edges, source=0, reader=len(at) - 1), layout, 0.98)
    painter.end()
    assert ways
    for path, _ in ways:
        assert path.boundingRect().left() > 0
        points = [path.pointAtPercent(n / 400) for n in range(401)]
        assert not any(box.contains(point) for point in points for box in places[1:-1])


def test_tiles_lie_in_their_box(digits):
    picture, _ = opened(digits)
    stage = next(one for one in picture.graph.stages if one.unfolded)
    box = QRectF(10, 20, *UNFOLDED)
    found = tiles(stage, box)
    assert len(found) == min(16, np.count_nonzero(stage.channels))
    assert all(box.contains(tile) for tile in found.values())
