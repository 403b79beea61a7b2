"""A person looks at relevance by token and layer, opens an attention, and walks along the strongest edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter

from lrp_gui.document.results import Feature, InputInfo, LayerInfo, NetworkInfo, NodeInfo
from lrp_gui.document.words import signed
from lrp_gui.jobs.token_grid import ATTENTION, MLP, Gap, Heads, Mixing, Point, TokenGrid
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer import ink
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.scales import fitting
from lrp_gui.viewer.tokens import strokes
from lrp_gui.viewer.tokens.picture import TokenPicture
from lrp_gui.viewer.tokens.tree import FROM_BLOCK, STREAM, TO_BLOCK, every_edge, tree_of
from tests.gui import fakes
from tests.gui.example import settle
from tests.gui.networks import saved

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


def test_no_way_leads_to_a_position_that_has_no_row():
    """Where rows have no room, the strongest way to a node may come from one of them."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        grid = grid_of(24, seed)
        mixing = Mixing.of(random.normal(size=(24, 24)) * random.exponential(size=24)[:, None])
        grid = replace(grid, gaps=(replace(grid.gaps[0], mixing=mixing), grid.gaps[1]))
        tree = tree_of(grid, Visibility(), (0, 3), room=5)
        for n, edges in enumerate(tree.edges):
            assert set(edges.right.tolist()) <= set(tree.shown[n + 1].tolist())
            assert set(edges.left.tolist()) <= set(tree.shown[n].tolist())
        drawn(picture_of(grid, selected_layer="attn"), height=160)


def test_layers_are_called_as_the_person_does():
    picture = picture_of(called={"attn": "reads back", "sum1": "after it"}, selected_layer="attn")
    drawn(picture, 1400, 700)
    texts = [hit.text for _, hit in picture.spots]
    assert any("attention: reads back (attn)" in text for text in texts)
    assert any("after it (sum1)" in text for text in texts)


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


def test_rows_that_have_no_room_are_counted_and_one_click_shows_them():
    grid = grid_of(200)
    picture = picture_of(grid)
    drawn(picture, 900, 300)
    assert picture.tree is not None
    few = len(picture.tree.rows)
    assert few < 40
    assert picture.visible_text.startswith(f"{few} of 200 rows, ")
    assert 199 in picture.tree.rows  # what the output reads never goes
    for n, edges in enumerate(picture.tree.edges):
        arriving = edges.amount[edges.kind != TO_BLOCK].sum() + picture.tree.left_out[n]
        assert arriving == pytest.approx(grid.points[n].relevance.sum())
    opens = [hit for _, hit in picture.spots if hit.opens]
    assert [hit.at_once for hit in opens] == [True]
    assert f"{200 - few} rows" in opens[0].text
    assert picture.inside("", -1).opens == opens[0].opens
    drawn(picture, 900, 600)
    assert len(picture.tree.rows) > few
    every = picture_of(grid, every_row=True)
    drawn(every, 900, 300)
    assert every.tree is not None
    assert len(every.tree.rows) == 200
    assert every.inside("", -1).opens  # and folds them again


def test_of_several_parts_the_one_that_holds_the_chosen_layer_is_shown():
    second = grid_of(4, seed=3)
    moved = tuple(replace(point, layer=f"next.{point.layer}") for point in second.points)
    gaps = tuple(replace(gap, layer=f"next.{gap.layer}") for gap in second.gaps)
    parts = (replace(grid_of(8), last=False), replace(second, points=moved, gaps=gaps))
    picture = picture_of(replace(parts[0], parts=parts))
    drawn(picture)
    assert picture.grid is not None
    assert (picture.grid.rows, picture.score) == (8, "ΣR +2.00")
    tab = next(hit for _, hit in picture.spots if hit.text.startswith("Part 2 of 2"))
    assert picture.selecting(tab.layer, -1) is None  # all is built anew
    other = picture_of(replace(parts[0], parts=parts), selected_layer=tab.layer)
    drawn(other)
    assert other.grid is not None
    assert (other.grid.rows, other.score) == (4, "f = +2.00")


def test_what_is_not_known_is_said_below_the_grid():
    grid = grid_of()
    vague = replace(grid, gaps=(replace(grid.gaps[0], mixing=None), grid.gaps[1]), notes=("Maps are too large.",))
    picture = picture_of(vague)
    drawn(picture)
    assert picture.notes.startswith("Grey bar")
    assert picture.notes.endswith("Maps are too large.")
    assert not picture_of(grid).notes


def test_patches_stand_beside_their_rows():
    features = tuple(Feature(f"x{n}") for n in range(8 * 8))
    image = InputInfo("image", (1, 8, 8), features, named=False)
    network = replace(network_of(5), inputs=(image,))
    _, result = fakes.mlp_result()
    values = np.arange(64.0).reshape(1, 8, 8)
    result = replace(result, values={"image": values}, inputs={"image": np.ones((1, 8, 8))}, layers={}, flows={})
    grid = replace(grid_of(5), positions="patch", source="image", first=1, patches=(2, 2), texts=())
    picture = TokenPicture.build(network, result, LIGHT, grid, Visibility(), {})
    assert picture.labels == ("class", "row 1, col 1", "row 1, col 2", "row 2, col 1", "row 2, col 2")
    assert picture.patches is not None
    tile = picture.patches.image(3)
    assert (tile.width(), tile.height()) == (4, 4)
    assert tile.pixelColor(3, 3).red() == 255  # the image's last pixel
    assert tile.pixelColor(0, 0).red() == round(255 * 36 / 63)
    drawn(picture)


def of_amounts(grid, change):
    """The same grid with other numbers."""
    points = tuple(replace(point, relevance=change(point.relevance)) for point in grid.points)
    gaps = tuple(
        replace(gap, branch=change(gap.branch), skip=change(gap.skip), into=change(gap.into), mixing=None)
        for gap in grid.gaps
    )
    return replace(grid, points=points, gaps=gaps, explained=float(change(np.array([grid.explained]))[0]))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("tokens", [1, 6, 1024])
@pytest.mark.parametrize("numbers", ["zero", "nan", "usual"])
def test_any_numbers_can_be_drawn(tokens, numbers, theme):
    grid = grid_of(tokens)
    if numbers != "usual":
        grid = of_amounts(grid, lambda x: np.zeros_like(x) if numbers == "zero" else np.full_like(x, np.nan))
    for layer in ("", "attn"):
        picture = picture_of(grid, theme, selected_layer=layer)
        drawn(picture, 420, 236)
        drawn(picture, 1900, 1100)
        assert picture.visible_text
        for key in ("left", "right", "up", "down"):
            picture.neighbour(key, "", -1)


@pytest.mark.parametrize("word", ["w" * 200, "النص العربي من اليمين", "a\nb", ""])
def test_any_text_of_a_token_has_its_room(word):
    grid = replace(grid_of(6), texts=(word,) * 6)
    picture = picture_of(grid)
    drawn(picture, 500, 300)
    at = picture.places(QRectF(10, 4, 480, 300 - 4 - 26))
    assert at.points[0] < 250  # names take a part of the width, the grid has the rest
    assert picture.labels[0] == (word.strip().replace("\n", "⏎") or "0")


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


def test_a_click_and_the_enter_key_show_the_rows_that_have_no_room(window, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("lrp_gui.viewer.tokens.picture.ROW", 150.0)
    network, table = saved("tokens", tmp_path)
    window.opener.open([str(network), str(table)])
    settle(qtbot, window)
    viewer = window.viewer
    viewer.controls.scales["tokens"].click()
    qtbot.waitUntil(lambda: getattr(viewer.canvas.picture, "tree", None) is not None, timeout=60000)
    settle(qtbot, window)

    def rows():
        viewer.bring_up_to_date()
        viewer.canvas.grab()
        return len(viewer.canvas.picture.tree.rows)

    assert rows() < 6
    place, hit = next(spot for spot in viewer.canvas.picture.spots if spot[1].opens)
    assert hit.at_once
    at = place.center().toPoint()
    assert viewer.canvas.hit(QPointF(at)).opens == hit.opens
    qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert rows() == 6
    viewer.canvas.setFocus()
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Return)
    assert rows() < 6


def test_a_narrow_line_says_how_much_is_drawn_in_fewer_words():
    picture = picture_of(grid_of(tokens=60))
    picture.places(picture._areas(QSizeF(900, 200))[0])
    long, short, shortest = picture.visible_texts
    assert long == picture.visible_text
    assert len(long) > len(short) > len(shortest)
    assert "of 60 rows" in shortest


def test_sums_above_narrow_columns_have_fewer_digits_before_they_are_left_out(monkeypatch):
    grid = grid_of()
    middle = replace(grid.points[1], relevance=grid.points[1].relevance * 0.0365625)
    picture = picture_of(replace(grid, points=(grid.points[0], middle, grid.points[2])))
    said = []
    monkeypatch.setattr(Ink, "text", lambda ink, rect, text, *more, **named: said.append(text))
    drawn(picture)
    assert "+0.0731" in said
    monkeypatch.setattr(strokes, "width_of", lambda text, *_, **__: 1e3 if len(text) > 6 else 1.0)
    monkeypatch.setattr(ink, "width_of", lambda text, *_, **__: 1e3 if len(text) > 6 else 1.0)
    said.clear()
    drawn(picture)
    assert "+0.073" in said
    assert "+0.0731" not in said


def test_in_a_sweep_sums_stand_only_above_columns_that_it_has_come_to(monkeypatch):
    grid, said = grid_of(), []
    points = tuple(replace(one, relevance=one.relevance * (1 - n / 8)) for n, one in enumerate(grid.points))
    picture = picture_of(replace(grid, points=points))
    monkeypatch.setattr(Ink, "text", lambda ink, rect, text, *more, **named: said.append(text))
    sums = [signed(float(point.relevance.sum()), 3) for point in points]
    for share, above in ((1.0, [True, True, True]), (0.5, [False, True, True]), (0.25, [False, False, True])):
        picture.reveal = share
        said.clear()
        drawn(picture)
        words = {text.removeprefix("ΣR ") for text in said}
        assert [one in words for one in sums] == above


def test_heads_of_windows_are_named_by_window_and_their_places_by_row():
    rows = np.array([[0, 1], [0, 1], [2, -1], [2, -1]])
    handed = np.zeros((4, 2, 2))
    handed[1, 0, 1], handed[2, 0, 1] = 3.0, -2.0
    heads = Heads("attn", np.full((4, 2, 2), 0.5), handed, np.array([0.0, 3.0, -2.0, 0.0]), rows)
    grid = grid_of(tokens=3)
    grid = replace(grid, gaps=(replace(grid.gaps[0], heads=(heads,)), grid.gaps[1]))
    picture = picture_of(grid, selected_layer="attn")
    drawn(picture)
    said = [hit.text for _, hit in picture.spots if hit.text.startswith("window")]
    assert any(text.startswith("window 1, head 2") and "“word0” reads “word1”" in text for text in said)
    assert any(text.startswith("window 2, head 1") and "reads “padding”" in text for text in said)
    assert not any(text.startswith("window 3") for text in said)
