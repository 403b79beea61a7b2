"""The row of tokens × layers in the table of scales."""

from __future__ import annotations

from typing import Any

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.theme import Theme
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.picture import GraphPicture
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.tokens.picture import TokenPicture

WANTS = "tokens"


def has_tokens(network: NetworkInfo, result: SampleResult | None) -> bool:
    """Whether there may be a grid: there is attention, a softmax between products of live values, or recurrence."""
    if result is None or not result.words.flows:
        return False
    kinds = {node.kind for layer in network.layers for node in layer.nodes}
    return {"bilinear", "softmax"} <= kinds or "recurrent" in kinds


def tokens_picture(
    network: NetworkInfo, result: SampleResult | None, theme: Theme, selection: Selection, more: Any
) -> GraphPicture | None:
    """The grid, or what stands in its place until it is there."""
    if result is None:
        return None
    return TokenPicture.build(
        *(network, result, theme, more, selection.visibility, dict(selection.words)),
        selected_layer=selection.layer,
        selected_unit=selection.unit,
        every_row=selection.every_token,
        called=selection.labels,
        caption=caption(network, result),
    )
