"""What flows between the channels of two layers that stand open, with the worker's own numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter, QPainterPath

from lrp_gui.document.files import Source
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.layers.channels import tiles
from lrp_gui.viewer.layers.edges import channel_edges, draw_edges, open_pairs
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
    found = channel_edges(picture.graph, flows_of(digits, picture))
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
    (edges,) = channel_edges(picture.graph, flows_of(digits, picture))
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
