"""At what scale the graph is looked at, as one table: neurons, layers, and whatever else can be drawn of a network.

A scale that needs more than the explanation itself names it in `wants`; the viewer then gets it from the worker (see
`lrp_gui.document.more`) and hands it to `build`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.languages import mark
from lrp_gui.theme import Theme
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.colouring import marked
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.neurons import is_chain
from lrp_gui.viewer.operations.scale import operations_picture
from lrp_gui.viewer.picture import GraphPicture
from lrp_gui.viewer.selection import Selection, renamed
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.tokens.scale import WANTS, has_tokens, tokens_picture

Applies = Callable[[NetworkInfo, SampleResult | None], bool]
# Of network, result, theme, selection and what `wants` names. None where the network cannot be drawn so after all.
Build = Callable[[NetworkInfo, SampleResult | None, Theme, Selection, Any], GraphPicture | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """One way to draw the graph. `sliders`: of what it can be chosen how much is drawn."""

    id: str
    title: str
    tip: str
    applies: Applies
    build: Build
    sliders: tuple[str, ...] = ()
    wants: str = ""
    asks: bool = False  # `build` gets the function by which it asks for what it needs itself


def _neurons(
    network: NetworkInfo, result: SampleResult | None, theme: Theme, selection: Selection, _more: Any
) -> GraphPicture | None:
    if result is None:
        return None
    return NeuronPicture.build(
        *(network, result, theme, selection.visibility),
        **_chosen(network, result, selection),
        path_shown=selection.path,
        called=selection.labels,
        picked=selection.picked,
        barycentre=selection.barycentre,
    )


def _layers(
    network: NetworkInfo, result: SampleResult | None, theme: Theme, selection: Selection, _more: Any
) -> GraphPicture:
    picture = StagePicture.build(
        *(network, result, theme, selection.folds, selection.visibility),
        **_chosen(network, result, selection),
        marks=marked(selection.colouring),
    )
    if selection.labels and picture.graph is not None:
        stages = (replace(one, name=renamed(one.name, selection.labels)) for one in picture.graph.stages)
        picture.graph = replace(picture.graph, stages=tuple(stages))
    return picture


def _chosen(network: NetworkInfo, result: SampleResult | None, selection: Selection) -> dict[str, Any]:
    return {
        "selected_layer": selection.layer,
        "selected_unit": selection.unit,
        "caption": caption(network, result),
    }


# The first that applies is what a person sees who has chosen none.
SCALES: tuple[Scale, ...] = (
    Scale(
        *("neurons", mark("Neurons"), mark("Every neuron, with the relevance on the edges between them")),
        applies=is_chain,
        build=_neurons,
        sliders=("units", "edges"),
    ),
    Scale(
        *("layers", mark("Layers"), mark("Layers as boxes, with what they hand back to each other")),
        applies=lambda _network, _result: True,
        build=_layers,
        sliders=("units", "edges"),
    ),
    Scale(
        *("operations", mark("Operations"), mark("Every operation, in groups that open in place")),
        applies=lambda _network, result: result is not None,
        build=operations_picture,
        sliders=("edges",),
        asks=True,
    ),
    Scale(
        *(
            "tokens",
            mark("Tokens"),
            mark("A row for each token or time step, and what every layer hands back between them"),
        ),
        applies=has_tokens,
        build=tokens_picture,
        sliders=("units", "edges"),
        wants=WANTS,
    ),
)
BY_ID = {scale.id: scale for scale in SCALES}


def drawn(
    network: NetworkInfo,
    result: SampleResult | None,
    theme: Theme,
    selection: Selection,
    more: Callable[[str], Any] = lambda _kind: None,
) -> tuple[Scale, GraphPicture]:
    """The graph at the chosen scale; where that does not fit this network, at the first one that does."""
    wanted = BY_ID.get(selection.scale)
    for scale in ((wanted,) if wanted else ()) + SCALES:
        if not scale.applies(network, result):
            continue
        wanted_more = more if scale.asks else more(scale.wants) if scale.wants else None
        picture = scale.build(network, result, theme, selection, wanted_more)
        if picture is not None:
            return scale, picture
    raise AssertionError("layers can always be drawn")


def fitting(network: NetworkInfo, result: SampleResult | None) -> tuple[Scale, ...]:
    """The scales at which this network can be looked at."""
    return tuple(scale for scale in SCALES if scale.applies(network, result))
