"""At the scale of layers modules are boxes that open in place, and no relevance is lost on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter

from lrp_gui.document.results import LayerInfo, LayerResult, NetworkInfo, NodeInfo, SampleResult
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.ink import Ink, width_of
from lrp_gui.viewer.layers.folding import folded_graph
from lrp_gui.viewer.layers.folds import Folds, channel_id
from lrp_gui.viewer.layers.parts import opened_at_first, parts_of, shown
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.stage_boxes import THINNEST_MAP, draw_far, draw_name, map_size, repeated_name
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.stages import stage_graph
from tests.gui import fakes

SIZE = QSizeF(1200, 800)
CHANNELS = (20, 4, 4)


def residual(blocks: int, skip: float = 0.25, projected: bool = False) -> tuple[NetworkInfo, SampleResult]:
    """A stem, blocks of two convolutions and a sum, a head. Of each block's relevance the skip gets its share."""
    base, result = fakes.cnn_result()
    rng = np.random.default_rng(0)
    layers, sources, shares = [], base.inputs[0].name, {}

    def layer(path: str, operation: str, *read: str, kind: str = "affine map") -> str:
        node = NodeInfo(f"{path}.node", operation, kind, CHANNELS)
        layers.append(LayerInfo(path, operation, kind, CHANNELS, 1, read, nodes=(node,)))
        return path

    sources = layer("stem", "Conv2d", sources)
    for n in range(blocks):
        name = f"body.{n}"
        inner = layer(f"{name}.second", "Conv2d", layer(f"{name}.first", "Conv2d", sources))
        beside = layer(f"{name}.beside", "Conv2d", sources) if projected else sources
        joined = layer(f"{name}.join", "Add", inner, beside, kind="sum")
        shares[f"{name}.first.node", f"{sources}.node"] = (1 - skip, 0.0)
        shares[f"{beside if projected else joined}.node", f"{sources}.node"] = (skip, 0.0)
        sources = joined
    layer("head", "Linear", sources)
    through = {one.path: 1.0 for one in layers}
    for one in layers:
        if one.path.endswith(("first", "second")):
            through[one.path] = 1 - skip
        elif one.path.endswith("beside"):
            through[one.path] = skip
    found = {}
    for path, amount in through.items():
        relevance = rng.random(CHANNELS)
        found[path] = LayerResult(relevance * amount / relevance.sum(), relevance)
    network = replace(base, layers=tuple(layers))
    return network, replace(result, layers=found, flows={}, ledger=(), shares=shares)


def painted(picture: StagePicture, size: QSizeF = SIZE) -> QImage:
    image = QImage(size.toSize(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.draw(painter, QRectF(image.rect()), 1.0)
    painter.end()
    return image


def picture_of(network, result, **selection) -> StagePicture:
    picture = drawn(network, result, LIGHT, Selection(scale="layers", **selection))[1]
    assert isinstance(picture, StagePicture)
    return picture


def names(picture: StagePicture) -> list[str]:
    return [stage.name for stage in picture.graph.stages]


def test_a_small_network_stands_open_and_a_large_one_begins_as_a_few_boxes():
    assert "body.1.first" in names(picture_of(*residual(2)))
    few = picture_of(*residual(40))
    assert names(few) == [few.network.inputs[0].name, "stem", "body.0 – 39 ×40", "head"]
    assert few.graph.stages[2].repeats == 40


def test_blocks_of_the_same_build_keep_their_modules_name_where_room_is_short():
    stage = picture_of(*residual(40)).graph.stages[2]
    assert repeated_name(stage) == "body ×40"
    assert not repeated_name(replace(stage, name="0 – 39 ×40"))
    said, image = [], QImage(90, 30, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    ink = Ink(painter, LIGHT)
    ink.text = lambda _rect, text, *_rest, **_more: said.append(text)
    draw_name(ink, stage, QRectF(0, 0, 85, 30), chosen=False)
    draw_far(ink, stage, QRectF(0, 0, 60, 14), chosen=False)
    draw_name(ink, replace(stage, name="backbone.0 – 9 ×40"), QRectF(0, 0, 85, 30), chosen=False)
    painter.end()
    assert said == ["body ×40", "body ×40", "0 – 9 ×40"]  # rather than a module's name that is cut


def test_a_map_of_few_rows_is_more_than_a_line():
    assert map_size(np.zeros((1, 100)), 60, 60) == (60, THINNEST_MAP)
    assert map_size(np.zeros((100, 2)), 60, 60, pixel=2) == (2 * THINNEST_MAP, 60)
    assert map_size(np.zeros((50, 100)), 60, 60) == (60, 30)
    assert map_size(np.zeros((1, 100)), 60, 5) == (60, 5)


def test_repeated_blocks_open_in_place_one_at_a_time():
    network, result = residual(40)
    run = picture_of(network, result).graph.stages[2]
    opened = picture_of(network, result, folds=Folds().toggled(run.opens, open_now=False))
    assert names(opened)[2:5] == ["body.0", "body.1", "body.2"]
    block = opened.graph.stages[3]
    both = Folds().toggled(run.opens, open_now=False).toggled(block.opens, open_now=False)
    inner = picture_of(network, result, folds=both)
    assert names(inner)[2:7] == ["body.0", "body.1.first", "body.1.second", "body.1.join", "body.2"]
    closed = picture_of(network, result, folds=both.toggled(run.opens, open_now=True))
    assert names(closed) == names(picture_of(network, result))


def test_bars_of_an_input_are_called_what_the_table_calls_its_features(monkeypatch):
    network, result = fakes.mlp_result()
    box = stage_graph(network, result).stages[0]
    features = network.inputs[0].features
    assert box.top_names == tuple(features[int(n)].name for n in box.top)
    said = []
    monkeypatch.setattr(Ink, "text", lambda ink, rect, text, *rest, **more: said.append(text))
    painted(picture_of(network, result))
    assert set(box.top_names) <= set(said)


def test_boxes_without_room_for_their_words_still_have_their_names(monkeypatch):
    written: list[str] = []
    plain = Ink.text
    monkeypatch.setattr(
        Ink, "text", lambda ink, rect, text, *a, **k: written.append(text) or plain(ink, rect, text, *a, **k)
    )
    network, result = residual(6)
    picture = picture_of(network, result)
    for size, small_print in ((SIZE, True), (QSizeF(430, 170), False)):
        written.clear()
        painted(picture, size)
        said = " ".join(written)
        assert all(name.rpartition(".")[2].split()[0] in said for name in names(picture))
        assert any("ΣR" in text for text in written) == small_print, picture.layout(size).scale


def test_a_wide_ribbon_to_the_next_row_keeps_off_the_boxes_above_it():
    picture = picture_of(*residual(6))
    size = QSizeF(500, 700)
    layout, graph = picture.layout(size), picture.graph
    turned = 0
    for branch, path in zip(graph.branches, layout.paths, strict=True):
        source, reader = graph.stages[branch.source], graph.stages[branch.reader]
        rows = layout.row_of[source.rank], layout.row_of[reader.rank]
        if rows[0] + 1 == rows[1] and reader.rank == source.rank + 1:
            turned += 1
            half = (branch.positive - branch.negative) * layout.per_relevance / 2
            bottom = max(box.bottom() for stage, box in zip(graph.stages, layout.boxes, strict=True)
                         if layout.row_of[stage.rank] == rows[0])  # fmt: skip
            run = path.elementAt(path.elementCount() // 2).y
            assert run - half > bottom
    assert turned


def test_what_stands_before_an_opened_block_stays_where_it_is():
    network, result = residual(40)
    before = picture_of(network, result)
    run = before.graph.stages[2]
    after = picture_of(network, result, folds=Folds().toggled(run.opens, open_now=False))
    after.keep = (SIZE, before.layout(SIZE).choice)
    assert after.layout(SIZE).boxes[:3] == before.layout(SIZE).boxes[:3]


def test_a_residual_branch_says_its_share_and_the_shares_are_all_there_is():
    network, result = residual(2, skip=0.25)
    graph = picture_of(network, result, visibility=Visibility(1.0, 1.0)).graph
    stem = graph.stage_of("stem")
    shares = {graph.stages[b.reader].name: b.positive for b in graph.branches if b.source == stem}
    assert shares == pytest.approx({"body.0.first": 0.75, "body.0.join": 0.25})
    assert all(branch.known for branch in graph.branches)
    picture = picture_of(network, result)
    painted(picture)
    path = next(
        path
        for branch, path in zip(picture.graph.branches, picture.layout(SIZE).paths, strict=True)
        if (branch.source, picture.graph.stages[branch.reader].name) == (stem, "body.0.join")
    )
    layout, at = picture.layout(SIZE), path.pointAtPercent(0.5)
    hit = picture.hit(QPointF(layout.left + at.x() * layout.scale, layout.top + at.y() * layout.scale), SIZE)
    assert "25" in hit.text
    assert "of what stem gets" in hit.text


def said_shares(picture: StagePicture, monkeypatch) -> list[tuple[str, QRectF]]:
    """The shares that stand at branches, and the places that their letters fill."""
    said = []

    def heard(_ink, rect, text, size, *_args, **_more):
        if text.endswith(" %"):
            half = QPointF(width_of(text, size) / 2, size / 2)
            said.append((text, QRectF(rect.center() - half, rect.center() + half)))

    with monkeypatch.context() as patch:
        patch.setattr(Ink, "text", heard)
        painted(picture)
    return said


def test_a_sweep_says_no_share_before_relevance_gets_there(monkeypatch):
    picture = picture_of(*residual(2, skip=0.25), visibility=Visibility(1.0, 1.0))
    told = {}
    for reveal in (1.0, 0.5, 0.01):
        picture.reveal = reveal
        told[reveal] = sorted(text for text, _place in said_shares(picture, monkeypatch))
    assert told == {1.0: ["25 %", "25 %", "75 %", "75 %"], 0.5: ["25 %", "75 %"], 0.01: []}


def test_shares_stand_beside_boxes_even_where_a_branch_comes_down_steeply(monkeypatch):
    picture = picture_of(*residual(1, projected=True), visibility=Visibility(1.0, 1.0))
    said = said_shares(picture, monkeypatch)
    assert {text for text, _place in said} == {"75 %", "25 %"}
    for text, place in said:
        assert not any(place.intersects(box) for box in picture.layout(SIZE).boxes), text


def test_a_branch_keeps_its_share_when_the_one_beside_it_is_folded(monkeypatch):
    picture = picture_of(*residual(1, projected=True), visibility=Visibility(1.0, 0.7))
    assert len(picture.graph.branches) < len(picture_of(*residual(1, projected=True)).graph.branches)
    assert {text for text, _place in said_shares(picture, monkeypatch)} == {"75 %"}
    picture.graph = replace(picture.graph, untold=frozenset(range(len(picture.graph.stages))))
    picture.__dict__.pop("_totals")
    assert not said_shares(picture, monkeypatch)


def test_folded_edges_become_stubs_and_the_sums_still_close():
    network, result = residual(3, skip=0.1)
    whole = folded_graph(network, result, visibility=Visibility(1.0, 1.0))
    part = folded_graph(network, result, visibility=Visibility(1.0, 0.85))
    assert part.branch_count == (len(whole.branches) - 3, len(whole.branches))
    drawn_sum = sum(branch.positive - branch.negative for branch in part.branches)
    total = sum(branch.positive - branch.negative for branch in whole.branches)
    assert part.carried == pytest.approx(drawn_sum / total)
    for side in (0, 1):
        assert drawn_sum + sum(stub[side] for stub in part.stubs) == pytest.approx(total)
    picture = picture_of(network, result, visibility=Visibility(1.0, 0.85))
    drawn_count, every = part.branch_count
    assert picture.visible_text.startswith(f"{drawn_count} of {every} edges, ")


def test_weak_branches_fold_away_but_never_inputs_outputs_or_what_is_chosen():
    network, result = fakes.cnn_result()
    beside = LayerInfo("weak", "Conv2d", "affine map", (4, 8, 8), 1, (network.inputs[0].name,))
    first = network.layers[0]
    network = replace(network, layers=(first, beside, *network.layers[1:]))
    tiny = np.full((4, 8, 8), 1e-6)
    result = replace(result, layers=result.layers | {"weak": LayerResult(tiny, tiny)})
    layers = [*network.layers]
    last = layers[-1]
    layers[-1] = replace(last, sources=(*last.sources, "weak"))
    network = replace(network, layers=tuple(layers))
    graph = folded_graph(network, result, visibility=Visibility())
    assert graph.stage_of("weak") < 0
    assert [count for _, count, _ in graph.hidden] == [1]
    assert graph.stage_of(network.inputs[0].name) >= 0
    assert graph.stage_of(last.path) >= 0
    assert folded_graph(network, result, visibility=Visibility(), chosen="weak").stage_of("weak") >= 0
    assert folded_graph(network, result, visibility=Visibility(1.0, 1.0)).stage_of("weak") >= 0


def test_a_layer_opens_into_its_sixteen_strongest_channels_and_a_channel_into_its_map():
    network, result = residual(2)
    picture = picture_of(network, result, folds=Folds(frozenset({"stem"})))
    painted(picture)
    spots = [hit for _, hit in picture.spots if hit.layer == "stem" and hit.unit >= 0]
    sums = np.abs(result.layers["stem"].relevance.sum(axis=(1, 2)))
    assert [hit.unit for hit in spots] == list(np.argsort(-sums, kind="stable")[:16])
    one = picture_of(network, result, folds=Folds(frozenset({"stem", spots[0].opens})))
    assert spots[0].opens == channel_id("stem", spots[0].unit)
    painted(one)
    assert [hit.unit for _, hit in one.spots if hit.layer == "stem" and hit.unit >= 0] == [spots[0].unit]


def test_parts_follow_each_other_without_a_gap():
    network, result = residual(7)
    stages = stage_graph(network, result).stages
    parts = parts_of(stages)
    for opened in (frozenset(), opened_at_first(parts, len(stages)), frozenset(p.id for p in parts)):
        boxes, _ = shown(parts, opened)
        assert [n for box in boxes for n in range(box.first, box.last)] == list(range(len(stages)))


@pytest.mark.parametrize("size", [(430, 266), (1024, 700), (2560, 1440)])
def test_boxes_do_not_overlap_when_some_are_open(size):
    network, result = residual(4)
    picture = picture_of(network, result, folds=Folds(frozenset({"stem", "body.1.first"})))
    boxes = picture.layout(QSizeF(*size)).boxes
    for n, box in enumerate(boxes):
        assert not any(box.intersects(other) for other in boxes[n + 1 :])
