"""The pictures of two explanations side by side: what differs, where, in which scale."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter

from lrp_gui.compare.graphs import common_scales, swiped
from lrp_gui.compare.pictures import GRAPH, VALUES, View, export_pictures, pane_pictures
from lrp_gui.document.results import Feature, InputInfo, LayerResult, NodeInfo
from lrp_gui.document.words import percent
from lrp_gui.jobs.comparing_results import contrasting
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.inputs.maps import GridPicture
from lrp_gui.viewer.inputs.series import SeriesPicture
from lrp_gui.viewer.inputs.tokens import TokensPicture
from lrp_gui.viewer.neuron_band import drawn_text
from lrp_gui.viewer.neurons import MOST_UNITS, Visibility, neuron_graph
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.tokens.tree import tree_of
from tests.gui import fakes
from tests.gui import test_tokens_picture as tokens_picture


def rendered(picture, width, height):
    """(height, width, 4) bytes: the picture as it is on the screen."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, width, height), 1.0)
    painter.end()
    return np.frombuffer(image.constBits(), dtype=np.uint8).reshape(height, width, 4).copy()


def fake_pair(**changes):
    """Two explanations of an MLP, of different samples."""
    network, a = fakes.mlp_result(row=0)
    _, b = fakes.mlp_result(row=1)
    return run_now(contrasting((network, network), (a, replace(b, **changes))))


def test_the_difference_is_an_explanation_whose_books_close():
    contrast = fake_pair()
    a, b = contrast.results
    difference = contrast.difference
    assert difference.explained == pytest.approx(a.explained - b.explained)
    np.testing.assert_allclose(difference.inputs["x"], a.inputs["x"] - b.inputs["x"])
    np.testing.assert_allclose(difference.flows["fc2"].matrix, a.flows["fc2"].matrix - b.flows["fc2"].matrix)
    sinks = sum(row.bias + row.stabilizer + row.unexplained for row in difference.ledger)
    assert difference.inputs["x"].sum() + sinks == pytest.approx(difference.explained)
    assert np.isnan(difference.values["x"]).all()  # two samples have no value in common to be named
    row = next(row for row in contrast.rows if row.layer == "fc2")
    here, there = (result.layers["fc2"].relevance for result in contrast.results)
    assert row.distance == pytest.approx(np.abs(here - there).sum())
    assert row.share == pytest.approx(np.abs(here - there).sum() / (np.abs(here).sum() + np.abs(there).sum()))
    assert row.cosine == pytest.approx(here @ there / np.linalg.norm(here) / np.linalg.norm(there))


def test_unlike_shapes_are_not_subtracted_but_said():
    network, a = fakes.mlp_result()
    layers = a.layers | {"fc2": LayerResult(np.ones(5), np.ones(5))}
    contrast = run_now(contrasting((network, network), (a, replace(a, layers=layers))))
    row = next(row for row in contrast.rows if row.layer == "fc2")
    assert row.note == "16 in A, 5 in B"
    assert np.isnan(row.distance)
    assert "fc2" not in contrast.difference.layers
    pictures = pane_pictures(contrast, LIGHT, View(VALUES, Selection(layer="fc2")))
    assert pictures[2].note == "No difference of fc2: 16 in A, 5 in B"
    other, b = fakes.cnn_result()
    apart = run_now(contrasting((network, other), (a, b)))
    assert apart.difference is None
    assert "there is nothing to subtract" in apart.problem
    assert pane_pictures(apart, LIGHT, View(GRAPH))[2].note == apart.problem


def test_a_gradient_is_not_subtracted_from_relevance():
    contrast = fake_pair(shows="gradient")
    assert contrast.difference is None
    assert contrast.problem == "B shows a gradient, the other one relevance: these are not subtracted."


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pane_can_be_drawn_in_one_scale(qapp, theme):
    network, a = fakes.cnn_result(target=3)
    _, b = fakes.cnn_result(target=5)
    contrast = run_now(contrasting((network, network), (a, b)))
    heat = pane_pictures(contrast, theme, View(VALUES))
    assert heat[0].limit == heat[1].limit == pytest.approx(max(np.abs(r.inputs["image"]).max() for r in (a, b)))
    assert heat[2].limit == pytest.approx(np.abs(a.inputs["image"] - b.inputs["image"]).max())
    maps = pane_pictures(contrast, theme, View(VALUES, Selection(layer="conv1")))
    channels = [picture.parts[0].channels.tolist() for picture in maps]
    assert channels[0] == channels[1] == channels[2]
    for _title, make in export_pictures(contrast, theme, View(VALUES, Selection(layer="conv1"))):
        picture = make()
        assert len(np.unique(rendered(picture, 900, 500).view(np.uint32))) > 20, picture.title


def test_explanations_that_are_the_same_are_called_so():
    network, a = fakes.mlp_result()
    contrast = run_now(contrasting((network, network), (a, a)))
    assert all(row.share == 0 for row in contrast.rows)
    assert pane_pictures(contrast, LIGHT, View(GRAPH))[2].note.startswith("Both explanations are the same")


def test_nan_in_one_layer_is_said_and_the_others_are_drawn():
    network, a = fakes.mlp_result(row=0)
    b = fakes.with_nan(fakes.mlp_result(row=1)[1], "fc2")
    contrast = run_now(contrasting((network, network), (a, b)))
    charts = pane_pictures(contrast, LIGHT, View(VALUES, Selection(layer="fc2")))
    assert not charts[0].note
    assert "cannot be drawn" in charts[1].note
    assert "cannot be drawn" in charts[2].note
    assert next(row for row in contrast.rows if row.layer == "fc2").note == "some of its relevances are NaN or infinite"


def test_ribbons_of_both_graphs_have_one_scale(qapp):
    """As much relevance is as wide in A as in B, whichever has more of it."""
    for network, a in (fakes.mlp_result(row=0), fakes.cnn_result(target=3)):
        half = {path: replace(one, relevance=one.relevance / 2) for path, one in a.layers.items()}
        flows = {path: replace(one, matrix=one.matrix / 2) for path, one in a.flows.items()}
        b = replace(a, layers=half, flows=flows, shares={key: tuple(v / 2 for v in x) for key, x in a.shares.items()})
        first, second, _ = pane_pictures(run_now(contrasting((network, network), (a, b))), LIGHT, View(GRAPH))
        size = QSizeF(700, 500)
        alone = first.own_width(size), second.own_width(size)
        assert alone[1] > 1.5 * alone[0]
        assert first.shared_width(size) == second.shared_width(size) == pytest.approx(alone[0])
        rendered(second, 700, 500)
        layout = second.layout(size)
        assert layout.per_relevance * getattr(layout, "scale", 1.0) == pytest.approx(alone[0])


class Known:
    """What the worker would have given."""

    def __init__(self, **found):
        self.found = found

    def get(self, kind):
        return self.found.get(kind)

    def problem(self, kind):
        return "" if kind in self.found else f"There is no {kind}."


def sentences(tokens=6):
    """Two explanations of a sentence: the second of another last word, and of half of the relevance."""
    network = tokens_picture.network_of(tokens)
    softmax = replace(network.layers[1], nodes=(NodeInfo("a", "softmax", "softmax", ()),))
    attention = replace(network.layers[2], nodes=(NodeInfo("b", "matmul", "bilinear", ()),))
    network = replace(network, layers=(network.layers[0], softmax, attention, *network.layers[3:]))
    _, result = fakes.mlp_result()
    values = np.arange(tokens)
    relevance = np.linspace(-1, 2, tokens)
    layers = {one.path: LayerResult(np.ones((tokens, 4)), np.ones((tokens, 4))) for one in network.layers}
    a = replace(result, values={"ids": values}, inputs={"ids": relevance}, layers=layers, flows={}, ledger=())
    other = np.where(values == tokens - 1, 17, values)
    b = replace(
        a,
        values={"ids": other},
        inputs={"ids": relevance / 2},
        layers={path: replace(one, relevance=one.relevance / 2) for path, one in layers.items()},
    )
    return run_now(contrasting((network, network), (a, b)))


def test_tokens_by_layer_stand_beside_each_other_and_are_subtracted(qapp):
    contrast = sentences()
    a, b = tokens_picture.grid_of(6, seed=1), tokens_picture.grid_of(6, seed=2)
    more = Known(tokens=replace(a, texts=())), Known(tokens=replace(b, texts=()))
    assert "tokens" in [scale.id for scale in common_scales(contrast, more)]
    assert "tokens" not in [scale.id for scale in common_scales(contrast)]
    view = View(GRAPH, Selection(scale="tokens"))
    first, second, apart = pane_pictures(contrast, LIGHT, view, more)
    assert first.alongside == (second,)
    grid = apart.whole
    for n, point in enumerate(grid.points):
        np.testing.assert_allclose(point.relevance, a.points[n].relevance - b.points[n].relevance)
    both = np.zeros((6, 6))
    np.add.at(both, (grid.gaps[0].mixing.right, grid.gaps[0].mixing.left), grid.gaps[0].mixing.amount)
    np.testing.assert_allclose(both.sum(0), a.gaps[0].mixing.to_left(6) - b.gaps[0].mixing.to_left(6), atol=1e-12)
    assert apart.labels[-1] == "5 | 17"
    assert apart.labels[0] == "0"
    swept = swiped(first, second)  # B stands beside names that are left of A
    assert [one.labels[-1] for one in swept] == ["5 | 17"] * 2
    for picture in (first, second, apart, *swept):
        rendered(picture, 500, 300)
    longer = Known(tokens=tokens_picture.grid_of(7))
    assert "nothing is subtracted" in pane_pictures(contrast, LIGHT, view, (more[0], longer))[2].note
    refused = pane_pictures(contrast, LIGHT, view, (more[0], Known()))[1]
    assert refused.state.sentence == "There is no tokens."


def test_operations_have_no_difference_and_say_so(qapp):
    network, a = fakes.mlp_result(row=0)
    _, b = fakes.mlp_result(row=1)
    contrast = run_now(contrasting((network, network), (a, b)))
    more = Known(), Known()
    pictures = pane_pictures(contrast, LIGHT, View(GRAPH, Selection(scale="operations")), more)
    assert "not for single operations" in pictures[2].note


def test_tokens_and_series_are_shown_as_such_in_one_scale(qapp):
    contrast = sentences()
    words = {"ids": tuple(f"word{n}" for n in range(6))}
    panes = pane_pictures(contrast, LIGHT, View(VALUES), (Known(words=words), Known(words=words)))
    text = [pane.parts[0] for pane in panes]
    assert all(isinstance(one, TokensPicture) for one in text)
    assert text[0].limit == text[1].limit == pytest.approx(2)
    assert text[0].texts[5] == "word5"
    features = tuple(Feature(f"t{n}") for n in range(64))
    info = InputInfo("signal", (2, 32), features, named=False)
    network = replace(contrast.networks[0], inputs=(info,))
    wave = np.sin(np.arange(64.0)).reshape(2, 32)
    a = replace(contrast.results[0], values={"signal": wave}, inputs={"signal": wave * [[1], [3]]})
    b = replace(a, values={"signal": wave + 1}, inputs={"signal": wave * [[5], [1]]})
    panes = pane_pictures(run_now(contrasting((network, network), (a, b))), LIGHT, View(VALUES))
    for pane in panes:
        kinds = [type(part) for part in pane.parts]
        assert kinds[:2] == [GridPicture, SeriesPicture]
        rendered(pane, 420, 700)
    np.testing.assert_allclose(panes[0].parts[1].channels, panes[1].parts[1].channels)
    assert panes[0].parts[1].limit == panes[1].parts[1].limit


def test_boxes_of_both_graphs_stand_in_the_same_places(qapp):
    """Where panes differ by a pixel, and another size of boxes would be as good."""
    network, a = fakes.cnn_result(target=3)
    _, b = fakes.cnn_result(target=5)
    contrast = run_now(contrasting((network, network), (a, b)))
    view = View(GRAPH, Selection(scale="layers"))
    differed = False
    for width in range(300, 700, 4):
        first, second, difference = pane_pictures(contrast, LIGHT, view)
        sizes = QSizeF(width, 480), QSizeF(width + 3, 480), QSizeF(width + 2, 480)
        alone = [first._alone(size).choice for size in sizes]
        differed |= alone[0] != alone[1]
        assert first.layout(sizes[0]).choice == alone[0]
        assert second.layout(sizes[1]).choice == difference.layout(sizes[2]).choice == alone[0]
    assert differed


@pytest.mark.parametrize("layer", ["", "attn"])
def test_rows_without_room_are_the_same_ones_in_every_pane(qapp, layer):
    """A swipe shows B beside the labels of A: what stands on one height must be one position."""
    contrast = sentences(80)
    grids = []
    for n, strong in enumerate((range(5, 30), range(40, 65))):
        grid = tokens_picture.grid_of(80, seed=n + 1)
        first = grid.points[0]
        relevance = first.relevance.copy()
        relevance[list(strong)] += 4.0 + n
        grids.append(replace(grid, texts=(), points=(replace(first, relevance=relevance), *grid.points[1:])))
    alone = [tree_of(grid, Visibility(), room=20).rows for grid in grids]
    assert alone[0].tolist() != alone[1].tolist()
    view = View(GRAPH, Selection(scale="tokens", layer=layer))
    panes = pane_pictures(contrast, LIGHT, view, [Known(tokens=grid) for grid in grids])
    size = QSizeF(500, 560)
    for picture in panes:
        rendered(picture, 500, 560)
    rows = panes[0].tree.rows
    assert 4 < len(rows) < 80
    assert np.intersect1d(rows, range(5, 30)).size
    assert np.intersect1d(rows, range(40, 65)).size
    places = [picture.places(picture._areas(size)[0]) for picture in panes]
    assert places[0].rows == places[1].rows == places[2].rows
    assert places[0].points == places[1].points
    for picture in panes:
        relevance = np.abs(picture.grid.points[0].relevance)
        share = percent(relevance[rows].sum() / relevance.sum())
        assert f"{len(rows)} of 80 rows, {share} of |R|" in picture.visible_text


@pytest.mark.parametrize("barycentre", [False, True])
def test_units_of_every_pane_are_the_same_and_stand_in_the_same_places(qapp, barycentre):
    network, a = fakes.mlp_result((10, 60, 300, 2), row=0)
    _, b = fakes.mlp_result((10, 60, 300, 2), row=1, target=1)
    contrast = run_now(contrasting((network, network), (a, b)))
    alone = [neuron_graph(network, result, barycentre=barycentre) for result in (a, b)]
    assert alone[0].columns[2].shown.tolist() != alone[1].columns[2].shown.tolist()
    weak = np.minimum(*(np.abs(result.layers["fc1"].relevance) for result in (a, b)))
    chosen = int(np.argmin(np.where(weak > 0, weak, np.inf)))
    view = View(GRAPH, Selection(scale="neurons", barycentre=barycentre, layer="fc1", unit=chosen))
    panes = pane_pictures(contrast, LIGHT, view)
    size = QSizeF(640, 480)
    layouts = [picture.layout(size) for picture in panes]
    assert layouts[0].x == layouts[1].x == layouts[2].x
    for n, column in enumerate(panes[0].graph.columns):
        for graph in alone:
            assert set(graph.columns[n].shown) <= set(column.shown) or len(column.shown) >= MOST_UNITS
        places = [{unit: place.y for unit, place in layout.places[n].items()} for layout in layouts]
        assert [*places[0]] == [*places[1]] == [*places[2]]
        for other in places[1:]:
            assert [*other.values()] == pytest.approx([*places[0].values()])
        for layout in layouts:  # nobody stands over a neighbour, or beyond the edge
            stand = [*layout.places[n].values()]
            assert all(
                above.y + above.height / 2 <= below.y - below.height / 2 + 1e-6 for above, below in pairwise(stand)
            )
            assert stand[-1].y + stand[-1].height / 2 < 480
    assert chosen in panes[2].graph.columns[1].shown
    assert layouts[0].per_relevance == pytest.approx(layouts[1].per_relevance)
    for picture in panes:
        column = picture.graph.columns[2]
        size_of = np.abs(column.relevance)
        share = percent(size_of[column.shown].sum() / size_of.sum())
        assert drawn_text(column, 400) == f"{len(column.shown)} of 300 units, {share} of |R|"
        assert picture.graph.shows(picture.path)
        rendered(picture, 640, 480)


def test_dashes_of_a_difference_have_a_legend(qapp, monkeypatch):
    """Of a difference it is not known what share each branch behind a fork has."""
    network, a = fakes.cnn_result(target=3)
    _, b = fakes.cnn_result(target=5)
    panes = pane_pictures(run_now(contrasting((network, network), (a, b))), LIGHT, View(GRAPH))
    written = []
    text = Ink.text
    monkeypatch.setattr(Ink, "text", lambda ink, rect, said, *rest, **options: (
        written.append(said), text(ink, rect, said, *rest, **options))[1])  # fmt: skip
    said = []
    for picture in panes:
        written.clear()
        rendered(picture, 900, 480)
        said.append("share not known" in written)
    assert said == [any(not one.known for one in picture.graph.branches) for picture in panes]
    assert said[2]
