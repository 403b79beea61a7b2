"""The forms in which inputs and layers are drawn: their numbers close, their legends are true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter

from lrp_gui.document.results import Feature, InputInfo
from lrp_gui.theme import DARK, LIGHT, PRINT
from lrp_gui.viewer import detail_forms
from lrp_gui.viewer.charts import BarsPicture, HistogramPicture, Texts
from lrp_gui.viewer.colouring import CBTD1, GREY, Colouring, block_means, in_scheme
from lrp_gui.viewer.detail_pairs import PairMapsPicture, PairsPicture
from lrp_gui.viewer.detail_waterfall import steps_of
from lrp_gui.viewer.inputs import forms
from lrp_gui.viewer.inputs.image import LEVELS, ContourPicture, contour, smoothed
from lrp_gui.viewer.inputs.maps import ChannelsPicture, GridPicture, HeatmapPicture
from lrp_gui.viewer.inputs.series import SeriesPicture
from lrp_gui.viewer.inputs.tokens import TokensPicture
from lrp_gui.viewer.layer_charts import input_charts, layer_charts
from lrp_gui.viewer.selection import Selection
from tests.gui import fakes

SIZE = (440, 520)


def painted(picture, width=SIZE[0], height=SIZE[1]) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, width, height), 1.0)
    painter.end()
    return image


def of(shape, integer=False, seed=0, relevance=None):
    """A network with one input of a shape, and an explanation of it."""
    network, result = fakes.mlp_result()
    count = int(np.prod(shape))
    rng = np.random.default_rng(seed)
    info = InputInfo("in", shape, tuple(Feature(f"x{n}") for n in range(count)), named=False, integer=integer)
    values = rng.integers(0, 20, shape) if integer else rng.normal(size=shape)
    relevance = rng.normal(size=shape) if relevance is None else relevance
    result = replace(result, inputs={"in": relevance}, values={"in": values})
    return replace(network, inputs=(info,)), result


SHAPES = {
    "pixels": ((1, 8, 8), False, [HeatmapPicture, BarsPicture]),
    "colours": ((3, 40, 30), False, [HeatmapPicture, BarsPicture]),
    "colours last": ((40, 30, 3), False, [HeatmapPicture, BarsPicture]),
    "many planes": ((9, 6, 6), False, [ChannelsPicture, BarsPicture]),
    "series": ((1, 300), False, [SeriesPicture, BarsPicture]),
    "time and features": ((60, 5), False, [GridPicture, SeriesPicture, BarsPicture]),
    "tokens": ((12,), True, [TokensPicture, BarsPicture]),
    "numbers": ((5,), False, [BarsPicture]),
    "one number": ((1,), False, [BarsPicture]),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=lambda theme: theme.name)
def test_an_input_is_drawn_in_every_form_that_fits_it(qapp, name, theme):
    shape, integer, usual = SHAPES[name]
    network, result = of(shape, integer)
    charts = input_charts(network, result, theme, Selection())
    assert [type(chart) for chart in charts] == usual
    for form in forms.offered(network, result, theme, Selection()):
        for marks in (False, True):
            selection = Selection("in", 0, form=form.id, colouring=Colouring(marks=marks, limits="each"))
            (chart,) = input_charts(network, result, theme, selection)
            image = painted(chart)
            assert len({image.pixelColor(x, y).name() for x in range(0, 440, 7) for y in range(30, 500, 5)}) > 2, (
                form.id
            )
            assert image.pixelColor(2, 2).name() == theme.background


def test_the_planes_of_a_picture_are_found_wherever_they_stand():
    network, result = of((40, 30, 3))
    (heat, _) = input_charts(network, result, LIGHT, Selection())
    assert np.allclose(heat.relevance, result.inputs["in"].sum(axis=2))
    (maps,) = input_charts(network, result, LIGHT, Selection(form="channels"))
    assert maps.relevance.shape == (3, 40, 30)


def test_a_cell_says_its_number_and_chooses_its_feature(qapp):
    network, result = of((60, 5))
    (grid,) = input_charts(network, result, LIGHT, Selection(form="time"))
    painted(grid)
    place = grid._place
    at = QPointF(place.left() + (17.5 / 60) * place.width(), place.top() + (3.5 / 5) * place.height())
    hit = grid.hit(at, QSizeF(*SIZE))
    assert hit.unit == 17 * 5 + 3
    assert f"{result.inputs['in'][17, 3]:+.3f}".replace("-", "−") in hit.text
    (line,) = input_charts(network, result, LIGHT, Selection(form="series"))
    painted(line)
    row, channel = line._rows[0]
    hit = line.hit(QPointF(row.left() + 1, row.center().y()), QSizeF(*SIZE))
    assert hit.unit == channel


def test_a_line_of_equal_relevance_lies_where_the_level_is_crossed():
    plane = np.zeros((9, 9))
    plane[4, 4] = 1.0
    ends = contour(plane, 0.5)
    assert len(ends) == 4
    assert np.allclose(np.abs(ends[:, [0, 2]] - 4.5) + np.abs(ends[:, [1, 3]] - 4.5), 0.5)
    assert not len(contour(plane, 2.0))
    saddle = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(contour(saddle, 0.5)) == 8, "each of both corners is closed by four lines"


def test_lines_are_drawn_of_what_their_note_says(qapp):
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(224, 224))
    coarse, over = smoothed(plane)
    assert max(coarse.shape) <= 64
    picture = ContourPicture(LIGHT, relevance=plane)
    assert f"about {over} pixels" in picture.notes()
    assert sum(len(contour(coarse, level * np.abs(coarse).max())) for level in LEVELS) > 10
    assert "pixels" not in ContourPicture(LIGHT, relevance=plane[:8, :8]).notes()


def test_clipping_is_said_with_how_much_lies_beyond():
    values = np.arange(1.0, 101.0).reshape(10, 10)
    colouring = Colouring(clip=95.0)
    limit = colouring.limit(values)
    assert limit == pytest.approx(np.percentile(values, 95))
    assert HeatmapPicture(LIGHT, relevance=values, colouring=colouring).notes().startswith("clipped at the 95 %")
    assert f"{int((values > limit).sum())} beyond" in colouring.clipped(values, limit)
    assert not HeatmapPicture(LIGHT, relevance=values).notes()
    mostly_zero = np.zeros(1000)
    mostly_zero[0] = 3.0
    assert colouring.limit(mostly_zero) == 3.0


def test_limits_are_shared_by_maps_of_one_kind_or_each_has_its_own():
    network, result = of((1, 8, 8))
    second = replace(network.inputs[0], name="other")
    network = replace(network, inputs=(network.inputs[0], second))
    inputs = {"in": result.inputs["in"], "other": 10 * result.inputs["in"]}
    result = replace(result, inputs=inputs, values=result.values | {"other": result.values["in"]})
    shared = input_charts(network, result, LIGHT, Selection(form="heat"))
    assert shared[0].strongest == shared[1].strongest == pytest.approx(np.abs(inputs["other"]).max())
    each = input_charts(network, result, LIGHT, Selection(form="heat", colouring=Colouring(limits="each")))
    assert each[1].strongest == pytest.approx(10 * each[0].strongest)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=lambda theme: theme.name)
def test_a_scheme_of_colours_stays_in_another_theme(theme):
    for scheme in (CBTD1, GREY):
        coloured = in_scheme(theme, scheme)
        assert len(coloured.relevance_map) == 11
        picture = HeatmapPicture(coloured, relevance=np.eye(3)).themed(DARK)
        assert picture.theme == in_scheme(DARK, scheme)
        assert in_scheme(coloured, "cbd1") == theme
    grey = in_scheme(theme, GREY)
    assert all(np.ptp(QColor(stop).getRgb()[:3]) < 12 for stop in grey.relevance_map)


def test_the_mean_of_blocks_keeps_the_mean_of_all():
    plane = np.random.default_rng(3).normal(size=(60, 90))
    assert block_means(plane, 6, 9).mean() == pytest.approx(plane.mean())
    assert block_means(plane, 100, 100).shape == (60, 90)


def test_a_grid_of_more_cells_than_pixels_says_that_it_averages(qapp):
    grid = GridPicture(LIGHT, relevance=np.random.default_rng(0).normal(size=(3000, 2000)))
    painted(grid)
    assert "mean of up to" in grid.notes()


def test_tokens_that_find_no_room_are_summed(qapp):
    network, result = of((900,), integer=True)
    selection = Selection(form="tokens", words={"in": tuple(f"word{n}" for n in range(900))})
    (chart,) = input_charts(network, result, LIGHT, selection)
    painted(chart, 300, 200)
    shown = len(chart.spots)
    assert 0 < shown < 900
    assert chart.spots[0][1].text.startswith("token 0: word0")
    (few,) = input_charts(*of((6,), integer=True), LIGHT, Selection(form="tokens"))
    painted(few)
    assert len(few.spots) == 6


# ------------------------------------------------------------------------------------------------ layers


@pytest.mark.parametrize("make", [fakes.mlp_result, fakes.cnn_result])
def test_every_layer_is_drawn_in_every_form_that_fits_it(qapp, make):
    network, result = make()
    for path in result.layers:
        for form in detail_forms.offered(network, result, LIGHT, Selection(path)):
            (chart,) = layer_charts(network, result, LIGHT, Selection(path, 0, layer_form=form.id))
            assert not chart.note
            image = painted(chart)
            assert len({image.pixelColor(x, y).name() for x in range(0, 440, 7) for y in range(30, 500, 9)}) > 1


@pytest.mark.parametrize("make", [fakes.mlp_result, fakes.cnn_result])
@pytest.mark.parametrize("features", [3, 1000])
def test_the_waterfall_runs_from_the_score_to_the_inputs_to_nothing(make, features):
    network, result = make()
    steps = steps_of(network, result, features)
    assert steps[0].end == pytest.approx(result.explained)
    reached = next(n for n, step in enumerate(steps) if step.kind == "inputs")
    reach = sum(float(value.sum()) for value in result.inputs.values())
    assert steps[reached].end == pytest.approx(reach)
    scale = 1e-3 * abs(result.explained)
    assert steps[reached - 1].end == pytest.approx(reach, abs=3 * scale)
    assert steps[-1].end == pytest.approx(0.0, abs=1e-9)
    for before, after in zip(steps[reached:], steps[reached + 1 :], strict=False):
        assert after.start == before.end


def test_activations_stand_beside_relevance():
    network, result = fakes.mlp_result()
    (pairs,) = layer_charts(network, result, LIGHT, Selection("fc1", layer_form="pairs"))
    assert isinstance(pairs, PairsPicture)
    assert np.allclose(pairs.activation, result.layers["fc1"].activation)
    painted(pairs)
    strongest = int(np.argmax(np.abs(pairs.relevance)))
    assert pairs.spots[0][1].unit == strongest
    network, result = fakes.cnn_result()
    (maps,) = layer_charts(network, result, LIGHT, Selection("conv1", layer_form="pairs"))
    assert isinstance(maps, PairMapsPicture)


@pytest.mark.parametrize("kind", ["maps", "pairs"])
def test_the_strongest_channels_are_those_of_the_bars_even_where_signs_cancel(qapp, kind):
    relevance = np.random.default_rng(0).normal(0.05, 0.1, (24, 4, 4))
    relevance[:, 0, 0] += 40 * (relevance.sum((1, 2)) < 1)  # large, and taken back in the next cell
    relevance[:, 0, 1] -= 40 * (relevance[:, 0, 0] > 20)
    by_sum = np.argsort(-np.abs(relevance.sum((1, 2))))
    by_size = np.argsort(-np.abs(relevance).sum((1, 2)))
    picture = ChannelsPicture(LIGHT, relevance=relevance, most=8)
    if kind == "pairs":
        picture = PairMapsPicture(LIGHT, relevance=relevance, activation=relevance, most=8)
    painted(picture, 800, 600)
    drawn = [hit.unit for _place, hit in picture.spots]
    assert drawn == list(by_sum[:8])
    assert set(drawn) != set(by_size[:8])
    picture.selected = int(by_sum[-1])
    painted(picture, 800, 600)
    assert [hit.unit for _place, hit in picture.spots] == [*by_sum[:7], by_sum[-1]]


def test_fifty_thousand_units_are_named_only_where_they_are_drawn(qapp):
    made = []
    names = Texts(50_000, lambda n: made.append(n) or f"unit {n}")
    values = np.random.default_rng(0).normal(size=50_000)
    bars = BarsPicture(LIGHT, heading="x", names=names, values=values, layer="x")
    painted(bars)
    assert 0 < len(made) < 200
    order, rest = bars.rows(20)
    assert list(order) == list(np.argsort(-np.abs(values), kind="stable")[:19])
    assert values[order].sum() + rest == pytest.approx(values.sum())


@pytest.mark.parametrize("bad", ["zero", "nan"])
@pytest.mark.parametrize("name", SHAPES)
def test_what_cannot_be_drawn_is_said_in_every_form(qapp, bad, name):
    shape, integer, _ = SHAPES[name]
    relevance = np.zeros(shape)
    if bad == "nan":
        relevance.flat[0] = np.nan
    network, result = of(shape, integer, relevance=relevance)
    for form in ("", *forms.BY_ID):
        for chart in input_charts(network, result, LIGHT, Selection(form=form)):
            assert ("NaN" if bad == "nan" else "is zero") in chart.note
            painted(chart)


@pytest.mark.parametrize("name", ["a" * 200, "النص العربي من اليمين", "a\nb"])
def test_long_and_right_to_left_names_fit(qapp, name):
    network, result = fakes.mlp_result()
    features = tuple(replace(feature, name=f"{name} {n}") for n, feature in enumerate(network.inputs[0].features))
    network = replace(network, inputs=(replace(network.inputs[0], features=features),))
    for selection in (Selection("x"), Selection("fc1", layer_form="waterfall")):
        (chart,) = layer_charts(network, result, LIGHT, selection)
        image = painted(chart, 240, 300)
        assert image.pixelColor(1, 150).name() == LIGHT.background
        assert any(name in hit.text for _, hit in chart.spots)


def bars_drawn(chart, monkeypatch):
    """Names, values and texts as the plot gets them, and what is written below it."""
    from lrp_gui.viewer import ink, plots

    found, said = [], []
    monkeypatch.setattr(plots, "bars", lambda _ink, _rect, *rows, **_more: found.append(rows[:3]) or [])
    monkeypatch.setattr(ink.Ink, "text", lambda _ink, _rect, text, *_more, **_named: said.append(text))
    painted(chart)
    return found[0], said


def test_a_sum_of_others_that_would_hide_all_bars_is_cut_and_said(qapp, monkeypatch):
    values = np.ones(10_000)
    values[:3] = 2.0, -1.5, 1.2
    chart = BarsPicture(LIGHT, heading="x", names=Texts(10_000, str), values=values, layer="x")
    (names, lengths, texts), said = bars_drawn(chart, monkeypatch)
    assert names[-1].endswith("others")
    assert max(np.abs(lengths)) == 2  # the strongest unit, and not the sum of the rest
    assert texts[-1].endswith("»")
    assert any("longer than the scale" in text for text in said)


def test_units_that_hold_nothing_have_no_bars_of_their_own(qapp, monkeypatch):
    values = np.zeros(1000)
    values[[5, 421]] = 0.2, -0.4
    chart = BarsPicture(LIGHT, heading="x", names=Texts(1000, str), values=values, layer="x")
    (names, lengths, _texts), said = bars_drawn(chart, monkeypatch)
    assert names[:2] == ["421", "5"]
    assert len(names) == 4  # a third one, and all others
    assert lengths[-1] == 0
    assert not any("longer than the scale" in text for text in said)


def test_a_histogram_leaves_out_zeros_that_would_hide_the_rest(qapp, monkeypatch):
    from lrp_gui.viewer import ink, plots

    counted, said = [], []
    monkeypatch.setattr(plots, "histogram", lambda _ink, _rect, _edges, counts: counted.append(counts.sum()))
    monkeypatch.setattr(ink.Ink, "text", lambda _ink, _rect, text, *_more, **_named: said.append(text))
    values = np.zeros(500)
    values[:20] = np.linspace(-1, 1, 20)
    painted(HistogramPicture(LIGHT, heading="x", values=values))
    painted(HistogramPicture(LIGHT, heading="x", values=np.linspace(-1, 1, 20)))
    assert counted == [20, 20]
    assert "480 of 500 are zero and not counted" in said


def test_a_histogram_writes_its_counts_as_the_window_does(qapp):
    from lrp_gui.viewer import plots

    painted(HistogramPicture(LIGHT, heading="x", values=np.repeat([-1.0, 0.25, 1.0], 12_000)))
    axis = plots.scaffold("histogram").plot.getAxis("left")
    (spacing, places), *_finer = axis.tickValues(*axis.range, axis.size().height())
    texts = axis.tickStrings(places, 1.0, spacing)
    assert texts
    assert all(text == f"{place:,.0f}" for text, place in zip(texts, places, strict=True))
    assert "10,000" in texts
    assert axis.tickStrings([2.5], 1.0, 2.5) == [""]  # there are no halves of a unit


def test_a_map_of_means_has_the_colours_of_the_means(qapp, monkeypatch):
    from lrp_gui.viewer import plots

    limits = []
    monkeypatch.setattr(plots, "heatmap", lambda _ink, tiles, _area: limits.append(tiles[0][2][1]))
    wide = np.zeros((3, 60_000))
    wide[1, 40_000] = 5.0
    painted(GridPicture(LIGHT, heading="x", relevance=wide))
    assert 0 < limits[0] < 0.5  # and not the 5 that no mean comes near
    painted(GridPicture(LIGHT, heading="x", relevance=wide, limit=5.0))  # of one scale with others
    painted(GridPicture(LIGHT, heading="x", relevance=np.eye(3)))
    assert limits[1:] == [5.0, 1.0]


def test_the_chosen_row_lies_around_its_bar(qapp):
    chart = BarsPicture(LIGHT, names=[f"unit {n}" for n in range(9)], values=np.linspace(3, 1, 9), layer="x")
    image = painted(chart)
    for row, hit in chart.spots:
        column = [image.pixelColor(150, y).name() for y in range(round(row.top()), round(row.bottom()))]
        bar = [n for n, colour in enumerate(column) if colour == LIGHT.positive]
        assert abs((bar[0] + bar[-1] + 1) / 2 - len(column) / 2) <= 1, hit.unit


def test_a_line_of_features_says_their_names_at_its_ends_and_is_brief_where_room_is_short(qapp, monkeypatch):
    from lrp_gui.viewer import ink
    from lrp_gui.viewer.inputs.series import SeriesPicture

    said = []
    monkeypatch.setattr(ink.Ink, "text", lambda _ink, _rect, text, *_more, **_named: said.append(text))
    chart = SeriesPicture(
        LIGHT, heading="relevance on the value, in the order of the features", brief="relevance by feature",
        relevance=np.ones((1, 5)), values=np.arange(5.0)[None], units=np.arange(5)[None], names=list("abcde"),
    )  # fmt: skip
    painted(chart)
    assert "a" in said
    assert "e" in said
    said.clear()
    painted(chart, 250)
    assert said[0] == "relevance by feature"


def test_one_series_in_a_large_pane_is_as_tall_as_it_is_worth(qapp):
    from lrp_gui.viewer.inputs.series import SeriesPicture

    series = {"relevance": np.ones((1, 5)), "values": np.arange(5.0)[None], "units": np.arange(5)[None]}
    chart = SeriesPicture(LIGHT, **series)
    for width, height in ((1000, 1400), (300, 200)):
        painted(chart, width, height)
        ((row, _channel),) = chart._rows
        assert row.height() == pytest.approx(0.4 * row.width()) if height > 1000 else row.bottom() < height - 60


def test_a_minus_stays_before_its_number_beside_what_is_read_from_right_to_left():
    from lrp_gui.viewer.bidi import joined
    from lrp_gui.viewer.neuron_labels import feature_value

    assert joined("age", "", gap=" = ") == "age"
    assert feature_value(Feature("age", "years"), -0.5) == "−0.5 years"
    # isolates keep their contents apart, and the mark at the beginning says that they go from left to right
    assert feature_value(Feature("w", "كغ"), -0.5) == "\u200e\u2068−0.5\u2069 \u2068كغ\u2069"


@pytest.mark.parametrize("width", [270, 300, 380, 700])
def test_sums_stand_over_all_maps_or_over_none_and_maps_left_out_are_counted(qapp, monkeypatch, width):
    from lrp_gui.viewer import ink

    said = []
    monkeypatch.setattr(ink.Ink, "text", lambda _ink, _rect, text, *_more, **_named: said.append(text))
    relevance = np.ones((40, 6, 6)) * np.logspace(-6, 0, 40)[:, None, None]
    for make, shown in ((PairMapsPicture, 8), (ChannelsPicture, 16)):
        said.clear()
        more = {"activation": relevance} if make is PairMapsPicture else {}
        painted(make(LIGHT, heading="x", relevance=relevance, **more), width, 260 if width < 400 else 520)
        named = [text for text in said if text.split("  ")[0].isdigit() and int(text.split("  ")[0]) in range(24, 40)]
        assert len(named) == shown
        assert len({"  " in text for text in named}) == 1
        assert any(f"{shown} of 40 channels" in text for text in said)
