"""Explanations that cannot be compared as usual: each has a state that says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrp_gui.compare.pictures import GRAPH, VALUES, View, export_pictures, pane_pictures
from lrp_gui.jobs.comparing_results import contrasting
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer.selection import Selection
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
