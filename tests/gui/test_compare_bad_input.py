"""Explanations that cannot be compared as usual: each has a state that says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrp_gui.compare.pictures import (
    GRAPH,
    VALUES,
    Panes,
    View,
    caption_of,
    export_pictures,
    headings,
    pane_pictures,
    told_apart,
)
from lrp_gui.jobs.comparing_results import OneSided, Refused, comparing, contrasting
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.inputs.maps import HeatmapPicture
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.states import State, StatePicture
from tests.gui import fakes
from tests.gui.test_compare_results import rendered


def bad_pairs():
    """Two explanations that are not told apart as usual, and the difference's headline as a graph and as a layer."""
    network, a = fakes.mlp_result(row=0)
    _, b = fakes.mlp_result(row=1)
    other, c = fakes.cnn_result()
    apart, none = "Nothing is subtracted", "No difference"
    return {
        "networks of other layers": ((network, other), (a, c), apart, apart),
        "NaN in one": ((network, network), (a, fakes.with_nan(b, "fc2")), "", "Some values are no numbers"),
        "zero in one": ((network, network), (a, fakes.with_zero(b)), "", ""),
        "zero in both": ((network, network), (fakes.with_zero(a), fakes.with_zero(b)), none, none),
        "a gradient": ((network, network), (a, replace(b, shows="gradient")), apart, apart),
    }


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("case", bad_pairs())
def test_what_cannot_be_subtracted_is_a_state_with_a_headline(qapp, case, theme):
    networks, results, *headlines = bad_pairs()[case]
    contrast = run_now(contrasting(networks, results))
    for what, headline in zip((GRAPH, VALUES), headlines, strict=True):
        panes = pane_pictures(contrast, theme, View(what, Selection(layer="fc2")))
        assert getattr(panes[2], "headline", "") == headline
        assert bool(getattr(panes[2], "note", "")) == bool(headline)
        for pane in panes:
            assert len(np.unique(rendered(pane, 300, 220).view(np.uint32))) > 8, pane.title
    for _title, make in export_pictures(contrast, theme, View(GRAPH, Selection(layer="fc2"))):
        rendered(make(), 700, 300)


def test_an_explanation_that_is_zero_throughout_leaves_the_other_its_scale(qapp):
    network, a = fakes.cnn_result()
    for path in ("", "conv1"):
        contrast = run_now(contrasting((network, network), (fakes.with_zero(a), a)))
        panes = pane_pictures(contrast, LIGHT, View(VALUES, Selection(layer=path)))
        charts = [getattr(pane, "parts", (pane,))[0] for pane in panes]
        values = a.inputs["image"] if not path else a.layers[path].relevance
        assert charts[0].limit == charts[1].limit == pytest.approx(np.abs(values).max())


def test_in_a_swipe_a_sentence_stands_whole_on_its_side_of_the_line(qapp):
    network, result = fakes.mlp_result()
    picture = pane_pictures(run_now(contrasting((network, network), (result, result))), LIGHT, View(GRAPH))[0]
    said = StatePicture(LIGHT, state=State("B is not explained", "There is no output called nobody. " * 4))
    both = rendered(Panes(LIGHT, first=picture, second=said, share=0.4), 800, 400)
    alone = rendered(said, 480, 400)
    np.testing.assert_array_equal(both[:, 350:], alone[:, 30:])  # beside the letter of its side


def test_the_values_below_two_heatmaps_have_one_range_of_greys(qapp):
    network, a = fakes.cnn_result()
    b = replace(a, values={name: 3 * values for name, values in a.values.items()})
    panes = pane_pictures(run_now(contrasting((network, network), (a, b))), LIGHT, View(VALUES))
    maps = [
        next(one for one in getattr(pane, "parts", (pane,)) if isinstance(one, HeatmapPicture)) for pane in panes[:2]
    ]
    low, high = (find(3 * a.values["image"].mean(axis=0)) for find in (np.min, np.max))
    assert maps[0].greys == maps[1].greys == pytest.approx((min(low, low / 3), high))


@pytest.mark.parametrize("known", [0, 1])
def test_of_one_explanation_the_table_holds_the_sums(known):
    network, result = fakes.mlp_result()
    requests = [SampleRequest(network, 0, "a", np.zeros(1), "max", "epsilon"), "The sample is gone."]
    found = [result, None]
    if known:
        requests.reverse()
        found.reverse()
    alone = run_now(comparing(None, tuple(requests), tuple(found)))
    assert isinstance(alone, OneSided)
    assert (alone.which, alone.problem) == (known, "The sample is gone.")
    row = next(row for row in alone.rows if row.layer == "fc2")
    sums = (row.sum_a, row.sum_b)
    assert sums[known] == pytest.approx(result.layers["fc2"].relevance.sum())
    assert np.isnan(sums[1 - known])
    assert np.isnan(row.share)


def test_two_that_are_refused_each_say_why():
    found = run_now(comparing(None, ("The sample is gone.", "It is empty.")))
    assert found == Refused(("The sample is gone.", "It is empty."))


def test_two_networks_of_one_name_are_told_apart_by_their_files(qapp):
    network, a = fakes.mlp_result()
    _, b = fakes.mlp_result(row=1)
    here, there = (replace(network, path=f"/{folder}/weights.pth") for folder in ("before", "after"))
    contrast = run_now(contrasting((here, there), (a, b)))
    assert headings(contrast)[1].startswith("B · after/weights.pth · ")
    assert f"before/weights.pth: {network.name}" in caption_of(contrast)
    assert told_apart(here, replace(there, path="/after/tuned.pth")) == ("weights.pth", "tuned.pth")
    alike = run_now(contrasting((network, network), (a, replace(b, explained=-1.0))))
    assert network.name not in headings(alike)[1]
    assert " − (−1.0" in headings(alike)[2]


def test_an_explanation_of_nan_alone_has_no_largest_difference_and_says_why(qapp):
    network, a = fakes.mlp_result()
    b = replace(
        a,
        inputs={name: np.full_like(values, np.nan) for name, values in a.inputs.items()},
        layers={path: replace(one, relevance=np.full_like(one.relevance, np.nan)) for path, one in a.layers.items()},
    )
    contrast = run_now(contrasting((network, network), (a, b)))
    assert contrast.difference is None
    assert "NaN or infinite in every layer" in contrast.problem
    assert all(np.isnan(row.largest) and np.isnan(row.distance) for row in contrast.rows)
    partly = run_now(contrasting((network, network), (a, fakes.with_nan(a, "fc2"))))
    assert np.isnan(next(row for row in partly.rows if row.layer == "fc2").largest)
