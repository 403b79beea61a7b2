"""From plain data to pictures: no widget, no document, so that the window, the export and `--render` agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import sample_title
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.balance import balances, merged
from lrp_gui.viewer.board import Board, stacked
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.layer_charts import layer_charts
from lrp_gui.viewer.layers.asked import fill_in
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.picture import Drawing, GraphPicture
from lrp_gui.viewer.scales import drawn, fitting
from lrp_gui.viewer.selection import Selection, renamed
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.stages import fold
from lrp_gui.viewer.strip import StripPicture

Maker = Callable[[], Drawing | None]
More = Callable[[str], Any]  # by kind, what `document.more` has
Problem = Callable[[str], str]  # by kind, why it has none; "" otherwise


def nothing(_kind: str) -> Any:
    """Nothing is known besides the explanation."""


def no_problem(_kind: str) -> str:
    """Whatever is missing is on its way."""
    return ""


def graph_picture(
    network: NetworkInfo,
    result: SampleResult | None,
    theme: Theme,
    selection: Selection | None = None,
    more: More = nothing,
    problem: Problem = no_problem,
) -> GraphPicture:
    """The network graph at the chosen scale; by itself neurons for an MLP, else layers."""
    selection, asked = selection or Selection(), list[str]()

    def ask(kind: str) -> Any:
        asked.append(kind)
        return more(kind)

    picture = drawn(network, result, theme, selection, ask)[1]
    sentence = next(filter(None, map(problem, asked)), "")
    if sentence:
        picture.refuse(sentence)
    if isinstance(picture, StagePicture):
        fill_in(picture, selection.folds, more, problem)
    return picture


def strip_picture(
    network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection | None = None
) -> StripPicture:
    """The conservation ledger, a column for each node of the graph."""
    accounts = balances(network, result)
    return StripPicture(
        theme,
        title=(tr("Conservation of {sample}") if result.words.flows else tr("Gradients by layer of {sample}")).format(
            sample=sample_title(result)
        ),
        caption=caption(network, result),
        columns=merged(accounts, fold(network)[0]),
        accounts=accounts,
        selected=(selection or Selection()).layer,
        labels=(selection or Selection()).labels,
    )


def overview(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    selection: Selection | None = None,
    more: More = nothing,
    problem: Problem = no_problem,
) -> Drawing:
    """Strip, graph and the inputs on one sheet: the viewer as it stands in the window."""
    selection = selection or Selection()
    strip = strip_picture(network, result, theme, selection)
    graph = graph_picture(network, result, theme, selection, more, problem)
    chosen = selection if selection.layer else replace(selection, layer=network.inputs[0].name)
    detail = stacked(theme, layer_charts(network, result, theme, chosen))

    def beside(width: float) -> float:
        return min(430.0, width * 0.3)

    if isinstance(graph, NeuronPicture):
        columns = graph.column_places
        strip.over = lambda width: columns(width - beside(width))

    def places(size: QSizeF) -> list[QRectF]:
        top = min(132.0, size.height() * 0.24)
        side = beside(size.width())
        return [
            QRectF(0, 0, size.width(), top),
            QRectF(0, top, size.width() - side, size.height() - top),
            QRectF(size.width() - side, top, side, size.height() - top),
        ]

    board = Board(
        theme,
        tr("Explanation of {sample}").format(sample=sample_title(result)),
        caption(network, result),
        parts=(strip, graph, detail),
        places=places,
    )
    board.size = (1360.0, 720.0)
    return board


# Titles name files and choose data, so that they are the same in every language; this is what a list shows.
_TITLES = (
    *(mark("overview"), mark("network graph"), mark("conservation"), mark("current view"), mark("all samples")),
    *(mark("graph of neurons"), mark("graph of layers"), mark("graph of operations"), mark("graph of tokens")),
)


def shown_title(title: str) -> str:
    """A view's title in the language of the window."""
    kind, _, name = title.partition(" ")
    if title not in _TITLES and kind in ("input", "layer"):
        return (tr("input {name}") if kind == "input" else tr("layer {name}")).format(name=name)
    return tr(title)


def picture_makers(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    selection: Selection | None = None,
    more: More = nothing,
    problem: Problem = no_problem,
) -> list[tuple[str, Maker]]:
    """Every view of one explanation by its title, with what makes the picture: the sheet, the graph, inputs, layers.

    A maker gives None where the network cannot be drawn so after all. `more` has what a scale wants besides the result.
    """
    selection = selection or Selection()
    given = network, result, theme
    makers: list[tuple[str, Maker]] = [
        ("overview", partial(overview, *given, selection, more, problem)),
        ("network graph", partial(graph_picture, *given, selection, more, problem)),
    ]
    fit = fitting(network, result)
    shown = next((scale for scale in fit if scale.id == selection.scale), fit[0])
    makers += [
        (
            f"graph of {scale.title.lower()}",
            partial(graph_picture, *given, replace(selection, scale=scale.id), more, problem),
        )
        for scale in fit
        if scale is not shown
    ]
    makers.append(("conservation", partial(strip_picture, *given, selection)))

    def charts(layer: str) -> Drawing:
        found = layer_charts(*given, replace(selection, layer=layer, unit=-1))
        for chart in found:
            chart.heading = renamed(chart.heading, selection.labels)
        return stacked(theme, found)

    makers += [(f"input {info.name}", partial(charts, info.name)) for info in network.inputs]
    makers += [(f"layer {one.path}", partial(charts, one.path)) for one in network.layers if one.path in result.layers]
    return makers


def all_pictures(
    network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection | None = None
) -> list[tuple[str, Drawing]]:
    """Every view of one explanation as (title, picture)."""
    made = ((title, make()) for title, make in picture_makers(network, result, theme, selection))
    return [(title, picture) for title, picture in made if picture is not None]
