"""Views look as they looked when somebody last looked: their pixels at a pinned size, drawn with a pinned font."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrp_gui.theme import LIGHT
from lrp_gui.viewer.pictures import graph_picture
from tests.gui import fakes
from tests.gui.snapshot_pictures import FOLDER, SHOTS, drawn, keep, kept, pinned_font, pixels

BLOCK = 4  # how edges are smoothed does not matter
MEAN, MOST, SHARE = 1.2, 30, 0.004  # of 255: on average; and what at most this share of the blocks exceeds


def apart(one, other):
    """By block how far two pictures lie apart."""
    gap = one.astype(float) - other
    down, across = (size // BLOCK * BLOCK for size in gap.shape[:2])
    blocks = gap[:down, :across].reshape(down // BLOCK, BLOCK, across // BLOCK, BLOCK, 3)
    return np.abs(blocks.mean(axis=(1, 3))).max(axis=2)


def same(one, other):
    gaps = apart(one, other)
    return gaps.mean() <= MEAN and (gaps > MOST).mean() <= SHARE


@pytest.mark.parametrize("name", SHOTS)
def test_a_view_looks_as_it_did(qapp, name, tmp_path):
    now, before = pixels(name), kept(name)
    assert now.shape == before.shape
    if not same(now, before):
        gaps = apart(now, before)
        pytest.fail(
            f"{name} looks otherwise: {gaps.mean():.2f} on average, {(gaps > MOST).mean():.2%} of it much. Compare "
            f"{keep(name, now, tmp_path)} with {FOLDER / name}.png; if it is as it should be, keep it: "
            f"python -m tests.gui.snapshot_pictures {name}"
        )


def test_another_number_does_not_look_the_same(qapp):
    network, result = fakes.mlp_result((10, 12, 6, 1))
    flows = {path: replace(flow, matrix=flow.matrix * [1.5, *[1.0] * (flow.matrix.shape[1] - 1)])
             for path, flow in result.flows.items()}  # fmt: skip
    with pinned_font():
        shown = drawn(graph_picture(network, replace(result, flows=flows), LIGHT), SHOTS["neurons"][0])
    assert not same(shown, kept("neurons"))


def test_they_take_little_room():
    files = list(FOLDER.glob("*.png"))
    assert {file.stem for file in files} == set(SHOTS)
    assert sum(file.stat().st_size for file in files) < 200_000
