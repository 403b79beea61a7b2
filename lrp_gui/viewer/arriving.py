"""The graph while relevance arrives: what came is drawn as it will be, the rest is grey, with its old numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from lrp_gui.document.results import Arriving, Flow, LayerResult, NetworkInfo, SampleResult
from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import GraphPicture
from lrp_gui.viewer.scales import Scale, drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.tokens.scale import WANTS as TOKENS


def arriving_picture(
    network: NetworkInfo,
    arriving: Arriving,
    before: SampleResult | None,
    scale: Scale | None,
    theme: Theme,
    selection: Selection,
    more: Callable[[str], Any],
) -> tuple[Scale, GraphPicture] | None:
    """The graph as far as relevance has come, at the scale at which it is drawn; None where that needs all of it.

    `before` is an explanation of the same network whose numbers stand in grey until the new ones come; `more` gives
    what is known for it.
    """
    result = filled(network, arriving, before)

    def known(kind: str) -> Any:
        if kind == "nodes":
            return _node_sums(network, arriving)
        if kind == TOKENS:
            return arriving.grid.over(more(kind)) if arriving.grid is not None else None
        return more(kind)

    wanted = replace(selection, scale=scale.id if scale is not None else selection.scale)
    if arriving.grid is not None:
        wanted = replace(wanted, words={})  # of the tokens before; these have their own
    found, picture = drawn(network, result, theme, wanted, known)
    if (scale is not None and found is not scale) or (found.wants == TOKENS and arriving.grid is None):
        return None
    picture.state, picture.caption = None, ""  # what is asked, and what became of it, is told with the whole
    picture.pending = frozenset(_all(network)) - frozenset(arriving.layers)
    return found, picture


def filled(network: NetworkInfo, arriving: Arriving, before: SampleResult | None) -> SampleResult:
    """An explanation with what arrived; where nothing did, the numbers of the one before, or noughts."""
    layers, inputs, flows = {}, {}, {}
    for layer in network.layers:
        known = arriving.layers.get(layer.path) or (before.layers.get(layer.path) if before else None)
        # Once one is explained it is known which layers nothing is handed back through.
        if known is not None or before is None:
            layers[layer.path] = known or _no_result(layer.shape)
    for one in network.inputs:
        inputs[one.name] = before.inputs[one.name] if before else _nothing(one.shape)
    units = {one.path: prod(one.shape) for one in network.layers} | {
        one.name: prod(one.shape) for one in network.inputs
    }
    for layer in network.layers:
        if layer.path in arriving.dense:
            known = arriving.flows.get(layer.path) or (before.flows.get(layer.path) if before else None)
            shape = (units[layer.path], units[layer.sources[0]])
            flows[layer.path] = known or Flow(layer.sources[0], _nothing(shape))
    if before is not None:
        shares = {**before.shares, **arriving.shares}
        named = {"row": arriving.row, "sample": arriving.sample, "explained": math.nan, "warnings": ()}
        named["values"] = arriving.values or before.values
        return replace(before, layers=layers, flows=flows, shares=shares, **named)
    return SampleResult(
        *(arriving.row, arriving.sample, np.zeros(len(network.outputs)), math.nan, "", ""),
        inputs=inputs,
        values=arriving.values or inputs,
        layers=layers,
        flows=flows,
        ledger=(),
        shares=arriving.shares,
    )


@lru_cache(maxsize=512)
def _no_result(shape: tuple[int, ...]) -> LayerResult:
    """One for all layers of a shape, so that its sums are added up once and not with every part."""
    return LayerResult(_nothing(shape), _nothing(shape))


def _nothing(shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.zeros(1), shape)


def _all(network: NetworkInfo) -> list[str]:
    return [one.path for one in network.layers] + [one.name for one in network.inputs]


def _node_sums(network: NetworkInfo, arriving: Arriving) -> dict[str, Any]:
    """By node what arrived there, as far as layers tell it: at the last node of each."""
    return {
        layer.nodes[-1].name: arriving.layers[layer.path].sums
        for layer in network.layers
        if layer.nodes and layer.path in arriving.layers
    }
