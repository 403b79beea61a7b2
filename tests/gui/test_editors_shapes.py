"""Which input gets which editor, and what a brush, a fill and noise touch: numpy alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from PySide6.QtGui import QColor

import lrp_engine as lrp
from lrp_gui.document.layout import layout_of
from lrp_gui.document.results import Feature, InputInfo
from lrp_gui.jobs.series_inputs import time_axis
from lrp_gui.sample.editors import colours, editor_for, strokes
from lrp_gui.theme import LIGHT
from tests.gui import drawn

# ------------------------------------------------------------------------------------------------ kinds


@pytest.mark.parametrize(
    ("shape", "integer", "kind", "places"),
    [
        ((8, 8), False, "picture", (1, 8, 8)),
        ((1, 8, 8), False, "picture", (1, 8, 8)),
        ((3, 20, 24), False, "picture", (3, 20, 24)),
        ((20, 24, 3), False, "picture", (3, 20, 24)),
        ((20, 24, 4), False, "picture", (4, 20, 24)),
        ((2, 3, 8, 8), False, "picture", (6, 8, 8)),
        ((1, 1024), False, "series", (1, 1024)),
        ((64,), False, "series", (1, 64)),
        ((12, 500), False, "series", (12, 500)),
        ((500, 12), False, "series", (12, 500)),
        ((5, 3), False, "series", (3, 5)),
        ((10,), False, "", (10,)),
        ((), False, "", (1,)),
        ((24,), True, "tokens", (24,)),
        ((1, 24), True, "tokens", (24,)),
        ((4, 24), True, "", (96,)),
    ],
)
def test_an_input_gets_the_editor_of_what_it_is(shape, integer, kind, places):
    info = drawn.info_of("x", shape, integer)
    assert editor_for(info) == kind
    layout = layout_of(info)
    assert layout.places.shape == places
    assert sorted(layout.places.ravel()) == list(range(len(info.features)))


@pytest.mark.parametrize(
    ("shape", "make", "time", "kind"),
    [
        ((100, 64), lambda: Steps(torch.nn.LSTM(64, 4, batch_first=True)), 0, "series"),
        ((20, 18), lambda: Steps(torch.nn.GRU(18, 4, batch_first=True), torch.nn.LayerNorm(18)), 0, "series"),
        ((20, 18), lambda: torch.nn.Sequential(torch.nn.Conv1d(20, 4, 3), torch.nn.Flatten()), 1, "series"),
        ((20, 18), lambda: Turned(torch.nn.Conv1d(18, 4, 3)), 0, "series"),
        ((80, 300), lambda: torch.nn.Sequential(torch.nn.Conv1d(80, 4, 3), torch.nn.Flatten()), 1, "picture"),
        ((1, 20, 18), lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten()), -1, "picture"),
        ((20, 18), lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(360, 2)), -1, "picture"),
    ],
)
def test_an_input_that_is_read_step_by_step_is_a_series(shape, make, time, kind):
    network = lrp.capture(make(), torch.randn(2, *shape))
    assert time_axis(network, network.inputs[0].name) == time
    layout = layout_of(replace(drawn.info_of("x", shape), time=time))
    assert layout.kind == kind
    if kind == "series":
        assert layout.places.shape == (shape[1 - time], shape[time])
        assert layout.places[1, 2] == np.ravel_multi_index((2, 1) if time == 0 else (1, 2), shape)


class Steps(torch.nn.Module):
    """The last step of a recurrent network."""

    def __init__(self, recurrent, before=None):
        super().__init__()
        self.before, self.recurrent = before or torch.nn.Identity(), recurrent

    def forward(self, x):
        return self.recurrent(self.before(x))[0][:, -1]


class Turned(torch.nn.Module):
    """A network over time of samples in which the features stand last."""

    def __init__(self, over_time):
        super().__init__()
        self.over_time = over_time

    def forward(self, x):
        return self.over_time(x.transpose(1, 2)).flatten(1)


def test_colours_that_stand_last_are_planes():
    layout = layout_of(drawn.info_of("x", (2 * 3, 8, 3)))
    assert layout.places[1, 0, 0] == 1
    assert layout.places[0, 0, 1] == 3
    assert layout.places[0, 1, 0] == 24


def test_measurements_with_names_are_no_curve():
    named = tuple(Feature(name) for name in "abcdefghijklmnopqrst")
    assert editor_for(InputInfo("x", (20,), named, named=True)) == ""
    times = tuple(Feature(f"t{n}") for n in range(20))
    assert editor_for(InputInfo("x", (20,), times, named=True)) == "series"


# ---------------------------------------------------------------------------------------------- strokes


def test_a_brush_leaves_no_gap_however_fast_it_moves():
    touched = strokes.brush((20, 20), (0, 0), (19, 7), 1)
    rows = [np.flatnonzero(row) for row in touched]
    assert all(len(row) for row in rows)
    assert all(abs(int(a[-1]) - int(b[0])) <= 1 for a, b in pairwise(rows))


@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 4), (3, 5), (4, 12)])
def test_a_brush_is_as_wide_as_it_says(size, count):
    touched = strokes.brush((9, 9), (4, 4), (4, 4), size)
    assert touched.sum() == count
    assert np.ptp(np.flatnonzero(touched.any(axis=0))) + 1 == size


def test_a_brush_beyond_the_edge_touches_what_is_inside():
    assert strokes.brush((5, 5), (-3, 2), (7, 2), 1)[:, 2].all()
    assert not strokes.brush((5, 5), (-9, -9), (-7, -9), 3).any()


def test_fill_stays_within_what_hangs_together():
    planes = np.zeros((1, 5, 5))
    planes[0, :, 2] = 9
    touched = strokes.region(planes, (1, 0), 1.0)
    assert touched[:, :2].all()
    assert not touched[:, 2:].any()
    planes[0, 0, 0] = np.nan
    assert strokes.region(planes, (0, 0), 1.0).sum() == 1


def test_noise_is_the_same_for_the_same_seed_and_stays_within_the_range():
    values = np.array([0.0, 5.0, 10.0, 20.0] * 50)
    noisy = strokes.noise(values, 4.0, 0.0, 10.0, seed=3)
    assert np.array_equal(noisy, strokes.noise(values, 4.0, 0.0, 10.0, seed=3))
    assert not np.array_equal(noisy, strokes.noise(values, 4.0, 0.0, 10.0, seed=4))
    assert noisy.min() >= 0
    assert noisy[values <= 10].max() <= 10
    assert noisy.max() <= 20


def test_relevance_is_clear_at_zero_and_full_at_its_limit():
    pixels = colours.over(np.array([-2.0, 0.0, 2.0, np.nan]), 2.0, LIGHT, 0.5)
    assert pixels[:, 3].tolist() == [128, 0, 128, 0]
    assert tuple(pixels[0, :3]) == QColor(LIGHT.negative).getRgb()[:3]
    assert tuple(pixels[2, :3]) == QColor(LIGHT.positive).getRgb()[:3]
