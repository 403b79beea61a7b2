"""The graph of operations: groups that open in place, sums that close, the helper that can be stopped, the table."""

from __future__ import annotations

import csv
import itertools
import os
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QToolTip

from lrp_gui.document.results import NetworkInfo
from lrp_gui.jobs import laying_out
from lrp_gui.jobs.layered import crossings, placed, ranked
from lrp_gui.jobs.laying_out import CLOSED, LEAF, OPEN, LayoutError, OperationLayout, lay_out
from lrp_gui.jobs.more import NodeSums
from lrp_gui.jobs.operations import Operations, grouped
from lrp_gui.jobs.steps import run_now
from lrp_gui.jobs.writing_rows import write_rows
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.canvas import Canvas
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.operations.amounts import Amounts, amounts_of
from lrp_gui.viewer.operations.items import FOOT, MARGIN
from lrp_gui.viewer.operations.picture import NAMED_FROM, OperationsPicture
from lrp_gui.viewer.operations.strokes import smooth
from lrp_gui.viewer.operations.table_model import OperationsModel
from lrp_gui.viewer.sketch import Sketch
from tests.gui.operation_graphs import amounts, everything, laid_out, u_net

SIZE = QSizeF(900, 600)


def test_every_operation_is_in_one_box_and_no_boxes_overlap() -> None:
    graph = u_net(6, 12)
    for toggled in (frozenset[str](), everything(graph)):
        layout = laid_out(graph, toggled)
        boxes = layout.kinds != OPEN
        assert layout.counts[boxes].sum() == len(graph.names)
        left, top, width, height = layout.rects[boxes].T
        across = (left[:, None] < left + width) & (left < (left + width)[:, None])
        down = (top[:, None] < top + height) & (top < (top + height)[:, None])
        assert (across & down).sum() == boxes.sum()
    assert (layout.kinds[boxes] == LEAF).all()


@pytest.mark.parametrize("blocks", [1, 6])
def test_no_way_leads_through_a_box_that_it_does_not_join(blocks: int) -> None:
    graph = u_net(blocks, 12)
    assert not crossed(laid_out(graph, everything(graph)))


def test_the_way_out_of_a_group_keeps_clear_of_its_longer_columns() -> None:
    """As in GPT-2: what a residual way and the last block hand on leaves a short column for the group's foot."""
    graph = transformer(11)
    short = laid_out(graph, cuts={"h": [0, 6, 11]})  # five, five and one
    boxes = {short.paths[n]: short.rects[n] for n in range(len(short.kinds)) if short.parents[n] >= 0}
    foots = [boxes[f"h.{n}"][1] + boxes[f"h.{n}"][3] for n in (4, 10)]
    assert foots[1] < foots[0] - 100
    assert not crossed(short)


def test_ways_from_column_to_column_lie_on_no_edge_of_a_box() -> None:
    layout = laid_out(transformer(12), cuts={"h": [0, 5, 9]})
    drawn, starts = smooth(layout.points, layout.starts, 40)
    for way, joined in enumerate(layout.between.tolist()):
        x, y = drawn[starts[way] : starts[way + 1]].T
        for item in set(np.flatnonzero(layout.kinds != OPEN).tolist()) - set(joined):
            left, top, width, height = layout.rects[item]
            assert not ((x > left) & (x < left + width) & (y > top - 1) & (y < top + height + 1)).any()


def transformer(blocks: int) -> Operations:
    """Blocks of two operations each in one group, with ways that pass one of them; an operation before and after."""
    layers = ["", *(f"h.{n // 2}.part{n % 2}" for n in range(2 * blocks)), ""]
    count = len(layers)
    skips = [(n, n + by) for by in (2, 4) for n in range(0, count - by, 2)]
    edges = [*itertools.pairwise(range(count)), *skips]
    return Operations(
        names=tuple(f"node{n}" for n in range(count)),
        operations=("input", *("linear" for _ in layers[1:])),
        layers=tuple(layers),
        shapes=((4,),) * count,
        edges=np.array(edges, dtype=np.int32),
        final=count - 1,
    )


def crossed(layout: OperationLayout) -> list[tuple[int, int]]:
    """Ways, and boxes that they lead through without joining them."""
    found = []
    for way, joined in enumerate(layout.between.tolist()):
        points = layout.points[layout.starts[way] : layout.starts[way + 1]]
        x, y = np.concatenate([np.linspace(*pair, 50) for pair in itertools.pairwise(points)]).T
        for item in set(np.flatnonzero(layout.kinds != OPEN).tolist()) - set(joined):
            left, top, width, height = layout.rects[item]
            if ((x > left) & (x < left + width) & (y > top) & (y < top + height)).any():
                found.append((way, item))
    return found


def test_the_first_sight_of_a_graph_has_names_in_a_small_pane() -> None:
    """What 1024 by 700 leaves: a deep nest of two dozen boxes, each large enough to be read."""
    graph = transformer(12)
    pane = QSizeF(445, 286)
    shape = round((pane.width() - 2 * MARGIN) / (pane.height() - MARGIN - FOOT), 1)
    drawn = OperationsPicture(LIGHT, layout=laid_out(graph, shape=shape))
    assert drawn.fitted(pane)[0] > NAMED_FROM
    tall = OperationsPicture(LIGHT, layout=laid_out(graph, shape=1 / shape))
    assert drawn.fitted(pane)[0] > 1.2 * tall.fitted(pane)[0]


def test_columns_of_a_group_stay_when_another_is_opened() -> None:
    graph, cuts = transformer(12), {}
    before = laid_out(graph, cuts=cuts)
    columns = dict(cuts)
    after = laid_out(graph, frozenset({"h.3"}), cuts=cuts)
    assert cuts.pop("h.3")
    assert cuts == columns
    for layout in (before, after):
        items = [layout.paths.index(f"h.{n}") for n in range(12)]
        tops = layout.rects[items, 1] + layout.rects[items, 3] / 2
        assert (np.flatnonzero(np.diff(tops) < 0) + 2).tolist() == columns["h"][1:]  # above them the way in


def test_an_open_group_lies_around_what_is_in_it() -> None:
    layout = laid_out(u_net(6, 12), everything(u_net(6, 12)))
    for item, parent in enumerate(layout.parents.tolist()):
        if parent >= 0:
            assert QRectF(*layout.rects[parent]).contains(QRectF(*layout.rects[item]))


def test_a_group_shows_what_arrives_from_outside_and_bundles_lose_nothing() -> None:
    graph = u_net(6, 12)
    layout, found = laid_out(graph), amounts(graph)
    segments, ends = found.of_segments(layout), layout.between
    arrived = found.of_items(layout)
    for item in np.flatnonzero(layout.kinds == CLOSED).tolist():
        nodes = set(layout.inside[item].tolist())
        leaving = sum(a in nodes and b not in nodes for a, b in graph.edges.tolist())
        leaving += graph.final in nodes
        assert arrived[item].tolist() == [2.0 * leaving, -1.0 * leaving]
        drawn = segments[ends[:, 0] == item].sum(axis=0)
        assert drawn[0] == 2.0 * (leaving - (graph.final in nodes))


def test_what_hands_several_values_over_gets_what_was_picked_of_them() -> None:
    edges = np.array([(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)], dtype=np.int32)
    names = ("x", "split", "first", "second", "add")
    graph = Operations(names, ("input", "split", "getitem", "getitem", "add"), ("",) * 5, ((2,),) * 5, edges, 4)
    sums = {"x": NodeSums(2.0, -1.5), "first": NodeSums(2.0, 0.0), "second": NodeSums(0.0, -1.5)}
    network = NetworkInfo("", "", (), (), (), "", ())
    found = amounts_of(graph, network, SimpleNamespace(shares={}), {**sums, "add": NodeSums(0.5, 0.0)})  # type: ignore[arg-type]
    assert found.nodes[1].tolist() == [2.0, -1.5]
    assert found.edges[:3].tolist() == [[2.0, -1.5], [2.0, 0.0], [0.0, -1.5]]


def test_opening_a_group_leaves_the_order_of_the_others() -> None:
    graph = u_net(24, 12)
    before = laid_out(graph)
    folded = [before.paths[item] for item in np.flatnonzero(before.kinds == CLOSED)]
    after = laid_out(graph, frozenset(folded[:1]))
    places = {name: before.rects[item, :2].tolist() for item, name in enumerate(before.paths) if name in folded}
    later = {name: after.rects[item, :2].tolist() for item, name in enumerate(after.paths) if name in folded}
    by_row = [sorted(folded[1:], key=lambda name: (found[name][1], found[name][0])) for found in (places, later)]
    assert set(by_row[0]) == set(by_row[1])
    assert after.kinds[after.paths.index(folded[0])] == OPEN


def test_too_many_members_become_groups_of_neighbours() -> None:
    root = grouped(u_net(100, 24, flat=True))
    assert len(root.members) <= 48
    assert max(len(group.members) for group in root.groups()) <= 48
    assert sorted(root.nodes()) == list(range(2401))


def test_a_layout_that_takes_too_long_is_stopped_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(laying_out.own_programs, "command", lambda *_: [sys.executable, str(slow)])
    graph = u_net(2, 3)
    with pytest.raises(LayoutError, match=r"took more than 0\.1 s and was stopped"):
        run_now(lay_out(graph, grouped(graph), frozenset(), time_out=0.1))


def test_a_cancelled_layout_ends_its_helper(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    slow, said = tmp_path / "slow.py", tmp_path / "pid"
    slow.write_text(f"import os, time\nopen({str(said)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    monkeypatch.setattr(laying_out.own_programs, "command", lambda *_: [sys.executable, str(slow)])
    graph = u_net(2, 3)
    steps = lay_out(graph, grouped(graph), frozenset())
    until = time.monotonic() + 20
    while not (said.exists() and said.read_text()) and time.monotonic() < until:
        next(steps)
    steps.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)


def test_a_block_is_ordered_without_crossings_where_there_need_be_none() -> None:
    block = ranked(6, [(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)])
    assert crossings(block) == 0
    place = placed(block, [(100.0, 30.0)] * 6)
    assert len(set(place.corners)) == 6
    # What leads back, as between modules that are called by turns, has a way too.
    assert placed(ranked(2, [(0, 1), (1, 0)]), [(10.0, 10.0)] * 2).routes.keys() == {(0, 1)}


def test_a_long_chain_is_wrapped_into_columns() -> None:
    width, height = placed(ranked(60, [(n, n + 1) for n in range(59)]), [(136.0, 34.0)] * 60).size
    assert 1 < width / height < 3


def test_ways_bend_softly_between_the_same_ends() -> None:
    points, starts = np.array([[0.0, 0.0], [10.0, 10.0], [5.0, 5.0], [5.0, 9.0], [0.0, 20.0]]), np.array([0, 2, 5])
    fine, fine_starts = smooth(points, starts)
    for way in (0, 1):
        ends = [fine_starts[way], fine_starts[way + 1] - 1]
        assert fine[ends].tolist() == points[[starts[way], starts[way + 1] - 1]].tolist()


def picture(graph: Operations, toggled: frozenset[str] = frozenset(), **more: object) -> OperationsPicture:
    return OperationsPicture(LIGHT, layout=laid_out(graph, toggled), amounts=amounts(graph), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_it_is_drawn_at_any_size_and_a_click_finds_the_box_that_is_seen(qapp, theme) -> None:
    graph = u_net(6, 12)
    drawn = picture(graph).themed(theme)
    for width, height in ((300, 200), (2000, 1200)):
        image = QImage(width, height, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        drawn.draw(painter, QRectF(0, 0, width, height), 1.0)
        painter.end()
        size = QSizeF(width, height)
        assert drawn.layout is not None
        for item in np.flatnonzero(drawn.layout.kinds != OPEN):
            place, hit = drawn.place_of(drawn.hit_of(int(item)).node, size), None
            if place is not None:
                hit = drawn.hit(place[0].center(), size)
            assert hit == drawn.hit_of(int(item))
    assert len({image.pixelColor(x, 600).name() for x in range(0, 2000, 3)}) > 2


def test_arrow_keys_follow_the_strongest_edge_back_to_the_input(qapp) -> None:
    drawn = picture(u_net(6, 12))
    walked = []
    while (hit := drawn.step("up")) is not None:  # nothing is chosen at first: where it ends
        drawn.node = hit.node
        walked.append(hit.node)
    assert walked[-1] == "x"
    assert len(walked) == len(set(walked)) > 3


def test_the_rest_is_counted_and_said(qapp) -> None:
    drawn = picture(u_net(6, 12), share=0.5)
    assert drawn.layout is not None
    layout, every = drawn.layout, int(drawn.layout.bundles.sum())
    assert 0 < layout.bundles[drawn.strong].sum() < every < len(layout.starts) - 1
    # Each edge is in one bundle, however many open groups its way leads through, and its whole way is drawn alike.
    in_full = np.zeros(len(layout.carried_starts) - 1, dtype=bool)
    in_full[drawn.strong] = True
    of_segments = np.split(layout.carried, layout.carried_starts[1:-1])
    bundled = [of_segments[n] for n in np.flatnonzero(layout.bundles)]
    assert sorted(np.concatenate(bundled)) == sorted(set(layout.carried))
    shown = {edge for n in np.flatnonzero(layout.bundles & in_full) for edge in of_segments[n]}
    assert all(in_full[n] == bool(shown & set(edges)) for n, edges in enumerate(of_segments))
    assert drawn.visible_text.startswith(f"{(layout.bundles & in_full).sum()} of {every} bundles of edges, ")
    part = float(drawn.visible_text.rpartition(", ")[2].removesuffix(" % of |R|"))
    assert part >= 50  # as many as the slider asks for
    assert drawn.amounts is not None
    nothing = replace(drawn, amounts=Amounts(drawn.amounts.nodes * 0, drawn.amounts.edges * 0), _cache={})
    assert nothing.visible_text == f"0 of {every} bundles of edges, 0 % of |R|"


def test_operations_whose_relevance_is_no_number_say_so(qapp, monkeypatch) -> None:
    drawn = picture(u_net(2, 3))
    assert drawn.amounts is not None
    broken = replace(drawn, amounts=Amounts(drawn.amounts.nodes * np.nan, drawn.amounts.edges * np.nan), _cache={})
    said: list[str] = []
    monkeypatch.setattr(Ink, "text", lambda _ink, _rect, text, *_a, **_n: said.append(text))
    Sketch(broken, QSizeF(1600, 1100), QRectF(0, 0, 1600, 1100), 1.0, 1.0).finish()
    assert "not a number" in said or "NaN" in said


@pytest.mark.parametrize("known", [True, False])
def test_what_could_not_be_laid_out_is_said_in_full_in_a_small_pane(qapp, monkeypatch, known: bool) -> None:
    """Over what there was before, if there was something."""
    sentence = "Laying out 8,497 operations took more than 20 s and was stopped; fold a group."
    drawn = picture(u_net(2, 3)) if known else OperationsPicture(LIGHT)
    drawn.note = "Laying out the operations …"
    drawn.refuse(sentence)
    said: list[tuple[str, QRectF]] = []
    monkeypatch.setattr(Ink, "paragraph", lambda _ink, rect, text, *_a, **_m: said.append((text, rect)) or 0.0)
    image = QImage(445, 286, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    drawn.draw(painter, QRectF(0, 0, 445, 286), 1.0)
    painter.end()
    ((text, place),) = said
    assert text == sentence
    assert QRectF(0, 0, 445, 286).contains(place)


def test_groups_and_rows_are_called_as_the_person_does(qapp) -> None:
    graph = u_net(6, 12)
    drawn = picture(graph, labels={"block0.0.part0": "the bottom", graph.layers[3]: "the third"})
    item = next(n for n, path in enumerate(drawn.layout.paths) if path == "block0.0.part0")
    assert drawn.called(item) == "the bottom"
    assert drawn.hit_of(item).text.startswith("the bottom\nblock0.0.part0")
    model = filled(labels=((graph.layers[3], "the third"),))
    model.sort(list(model.columns).index("ΣR +"))
    first = model.name(0)
    model.set_filter("the third")
    assert {model.layer(row) for row in range(model.rowCount())} == {graph.layers[3]}
    assert set(model.shown_columns()["label"]) == {"the third"}
    model.set_filter("")
    fill(model)  # the column goes, what is sorted by stays
    assert "label" not in model.columns
    assert model.name(0) == first


def filled(result: object = None, labels: object = ()) -> OperationsModel:
    model = OperationsModel()
    fill(model, result, labels)
    return model


def fill(model: OperationsModel, result: object = None, labels: object = ()) -> None:
    graph = u_net(6, 12)
    model.show(graph, NetworkInfo("", "", (), (), (), "", ()), result, amounts(graph), labels)  # type: ignore[arg-type]


def test_the_table_sorts_filters_and_finds_rows_again(qapp) -> None:
    model = filled()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert model.rowCount() == 73
    model.sort(4, Qt.SortOrder.DescendingOrder)
    column = [model.columns["ΣR +"][model.columns["node"].index(model.name(row))] for row in range(model.rowCount())]
    assert column == sorted(column, reverse=True)
    model.set_filter("PART1 block0.3")
    assert {model.layer(row).rpartition(".")[0] for row in range(model.rowCount())} == {"block0.3.part1"}
    assert model.row_of(model.name(2)) == 2
    assert model.row_of("x") == -1
    model.set_filter("no such thing")
    assert model.rowCount() == 0


def test_the_table_is_written_as_it_is_shown(tmp_path) -> None:
    model = filled()
    model.set_filter("part1 block0.3")
    model.sort(0, Qt.SortOrder.DescendingOrder)
    run_now(write_rows(str(tmp_path / "nodes.csv"), model.shown_columns()))
    with (tmp_path / "nodes.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["node"] for row in rows] == [model.name(row) for row in range(model.rowCount())]
    assert float(rows[0]["ΣR +"]) == model.columns["ΣR +"][model.columns["node"].index(model.name(0))]


def test_the_pointer_on_a_box_shows_its_edges_one_by_one(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QToolTip, "showText", lambda *_: None)  # the offscreen platform cannot raise it
    drawn = picture(u_net(6, 12))
    canvas = Canvas(LIGHT, "graph")
    qtbot.addWidget(canvas)
    canvas.resize(900, 600)
    canvas.set_picture(drawn)
    before = canvas.grab().toImage()
    assert drawn.layout is not None
    place = drawn.place_of(drawn.hit_of(int(np.flatnonzero(drawn.layout.kinds == CLOSED)[0])).node, SIZE)
    assert place is not None
    move_to(canvas, place[0].center())
    assert canvas.grab().toImage() != before
    move_to(canvas, QPointF(2, 2))
    assert canvas.grab().toImage() == before


def move_to(canvas: Canvas, point: QPointF) -> None:
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, point, point, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, move)
