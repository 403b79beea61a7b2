"""A person looks at relevance by token and layer, opens an attention, and walks along the strongest edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter

from lrp_gui.document.results import Feature, InputInfo, LayerInfo, NetworkInfo, NodeInfo
from lrp_gui.jobs.token_grid import ATTENTION, MLP, Gap, Heads, Mixing, Point, TokenGrid
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.scales import fitting
from lrp_gui.viewer.tokens.picture import TokenPicture
from lrp_gui.viewer.tokens.tree import FROM_BLOCK, STREAM, TO_BLOCK, every_edge, tree_of
from tests.gui import fakes

UNITS = 4


def grid_of(tokens=6, seed=1):
    """Attention, then an MLP; relevance ends at the last token, and all of it is handed on."""
    random = np.random.default_rng(seed)
    end = np.zeros(tokens)
    end[-1] = 2.0
    branch = 0.4 * end
    middle = end.copy()
    mixing = np.zeros((tokens, tokens))
    mixing[-1] = random.normal(size=tokens)
    mixing[-1] *= 0.7 * 2.0 / mixing[-1].sum()
    start = 0.3 * middle + mixing.sum(0)
    maps = np.tril(np.ones((1, tokens, tokens)))
    maps /= maps.sum(2, keepdims=True)
    heads = Heads("attn", maps, mixing[None], np.array([mixing.sum()]))

    def point(layer, relevance):
        return Point(layer, "stream", relevance, layer, np.zeros(tokens, dtype=int), UNITS)

    return TokenGrid(
        points=(point("embed", start), point("sum1", middle), point("sum2", end)),
        gaps=(
            Gap(ATTENTION, "attn", 0.7 * middle, 0.3 * middle, start - 0.3 * middle, Mixing.of(mixing), heads=(heads,)),
            Gap(MLP, "mlp", branch, end - branch, branch, alone=True),
        ),
        positions="token",
        source="ids",
        explained=2.0,
        texts=tuple(f"word{n}" for n in range(tokens)),
    )


def network_of(tokens=6):
    layers = tuple(
        LayerInfo(path, "Linear", "affine map", (tokens, UNITS), 0, ("ids",))
        for path in ("embed", "attn", "sum1", "mlp", "sum2")
    )
    ids = InputInfo("ids", (tokens,), tuple(Feature(f"x{n}") for n in range(tokens)), named=False, integer=True)
    return NetworkInfo("/n.pt2", "n", (ids,), layers, ("0", "1"), "", ())


def picture_of(grid=None, theme=LIGHT, visibility=None, **chosen):
    grid = grid or grid_of()
    _, result = fakes.mlp_result()
    values = {"ids": np.arange(max(grid.rows, 1), dtype=float)}
    result = replace(result, values=values, inputs={"ids": np.ones(max(grid.rows, 1))}, layers={}, flows={})
    return TokenPicture.build(
        *(network_of(max(grid.rows, 1)), result, theme, grid, visibility or Visibility(), {}), **chosen
    )


def chosen(picture, where):
    found = picture.selecting(*where)
    assert found is not None
    return found


def drawn(picture, width=900, height=500):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, width, height), 1.0)
    painter.end()
    return image


@pytest.mark.parametrize("shares", [(0.8, 0.98), (0.3, 0.5), (1.0, 1.0)])
def test_drawn_and_not_drawn_sum_to_the_relevance_of_every_point(shares):
    grid = grid_of(40)
    tree = tree_of(grid, Visibility(*shares))
    for n, point in enumerate(grid.points):
        assert point.relevance[tree.shown[n]].sum() + tree.folded[n] == pytest.approx(point.relevance.sum())
    for n, edges in enumerate(tree.edges):
        arriving = edges.amount[edges.kind != TO_BLOCK].sum() + tree.left_out[n]
        assert arriving == pytest.approx(grid.points[n].relevance.sum())
    assert tree.counts[1] == sum(len(every_edge(gap).amount) for gap in grid.gaps)
    if shares == (1.0, 1.0):
        assert tree.counts[0] == tree.counts[1]
        assert tree.carried == pytest.approx(1)


def test_every_drawn_node_is_reached_from_the_output():
    grid = grid_of(40)
    tree = tree_of(grid, Visibility(0.5, 0.2))
    reached = set(tree.shown[-1].tolist())
    for n in range(len(grid.gaps) - 1, -1, -1):
        edges = tree.edges[n]
        blocks = {int(r) for k, r in zip(edges.kind, edges.right, strict=True) if k == TO_BLOCK and r in reached}
        before = {
            int(left)
            for kind, right, left in zip(edges.kind, edges.right, edges.left, strict=True)
            if (kind == STREAM and right in reached) or (kind == FROM_BLOCK and right in blocks)
        }
        assert set(tree.shown[n].tolist()) <= before
        reached = before


def test_the_picture_says_how_much_is_drawn_and_names_tokens():
    picture = picture_of()
    drawn(picture)
    assert "of |R|" in picture.visible_text
    assert picture.labels[2] == "word2"
    texts = [hit.text for _, hit in picture.spots]
    assert any("word5" in text and "R +2" in text for text in texts)
    assert any("not drawn" in text for text in texts)


def test_an_attention_that_is_chosen_shows_its_heads():
    closed, opened = picture_of(), picture_of(selected_layer="attn", theme=DARK)
    drawn(closed)
    drawn(opened)
    assert (closed.opened, opened.opened) == (-1, 0)
    assert any("head 1" in hit.text and "reads" in hit.text for _, hit in opened.spots)
    assert not any("head 1" in hit.text for _, hit in closed.spots)


def test_a_click_on_a_node_chooses_its_layer_and_the_tokens_strongest_unit():
    picture = picture_of()
    drawn(picture)
    at = picture.places(QRectF(10, 4, 880, 500 - 4 - 26))
    hit = picture.hit(QPointF(at.points[2], at.rows[5]), QSizeF(900, 500))
    assert hit is not None
    assert (hit.layer, hit.unit) == ("sum2", 5 * UNITS)
    assert chosen(picture, (hit.layer, hit.unit)).chosen == (2, 5)


def test_arrow_keys_follow_the_strongest_edge_to_the_input():
    picture = picture_of()
    where = picture.neighbour("left", "", -1)
    assert where == ("sum2", 5 * UNITS)
    for expected in ("sum1", "ids"):
        where = chosen(picture, where).neighbour("left", *where)
        assert where[0] == expected
    gap = grid_of().gaps[0]
    assert gap.mixing is not None
    strongest = int(np.argmax(np.abs(np.append(gap.mixing.to_left(6), gap.skip[5]))))
    assert where[1] == (5 if strongest == 6 else strongest)


def test_waiting_and_no_structure_are_said():
    waiting = TokenPicture.build(network_of(), fakes.mlp_result()[1], LIGHT, None, Visibility(), {})
    none = picture_of(TokenGrid(problem="There is no stream of tokens."))
    for picture in (waiting, none):
        assert picture.state is not None
        drawn(picture, 420, 236)
    assert none.state is not None
    assert "no stream" in none.state.sentence


def test_the_scale_is_offered_where_there_is_attention_or_recurrence():
    network, result = fakes.mlp_result()
    assert "tokens" not in {scale.id for scale in fitting(network, result)}
    node = NodeInfo("lstm", "lstm", "recurrent", ())
    layer = replace(network.layers[0], nodes=(node,))
    assert "tokens" in {scale.id for scale in fitting(replace(network, layers=(layer,)), result)}
