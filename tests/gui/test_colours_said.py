"""Legends of maps say at what their colours end: at the largest, or at a quantile beyond which all look alike."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_gui.theme import LIGHT
from lrp_gui.viewer.colouring import EACH, SHARED, Colouring
from lrp_gui.viewer.detail_pairs import PairMapsPicture
from lrp_gui.viewer.inputs.maps import ChannelsPicture
from tests.gui.test_viewer_pictures import svg, texts

VALUES = np.random.default_rng(0).normal(size=(20, 6, 6))


def said(kind: str, colouring: Colouring, width: int = 900) -> str:
    if kind == "channels":
        picture = ChannelsPicture(LIGHT, relevance=VALUES, colouring=colouring)
    else:
        picture = PairMapsPicture(LIGHT, relevance=VALUES, activation=VALUES, colouring=colouring)
    return " | ".join(texts(svg(picture, width, 600)))


@pytest.mark.parametrize("kind", ["channels", "pairs"])
@pytest.mark.parametrize("limits", [SHARED, EACH])
def test_colours_that_end_at_a_quantile_say_so(kind, limits):
    whole, clipped = said(kind, Colouring(limits=limits)), said(kind, Colouring(limits=limits, clip=95.0))
    assert "clipped" not in whole
    assert "clipped at" in clipped
    assert "95 % quantile of |R|" in clipped
    assert ("max" in whole) == (limits == EACH)
    assert "max" not in clipped
    narrow = said(kind, Colouring(limits=limits, clip=95.0), 272)
    assert "95 % quantile" in narrow
    assert "…" not in narrow


def test_channels_of_four_digits_are_numbered_in_a_narrow_panel():
    values = np.zeros((1024, 6, 6))
    values[1000:1016] = VALUES[:16]
    picture = ChannelsPicture(LIGHT, relevance=values)
    assert {str(channel) for channel in range(1000, 1016)} <= set(texts(svg(picture, 268, 170)))
    assert not any("…" in word for height in (130, 150) for word in texts(svg(picture, 268, height)))
