"""Two explanations as graphs of one scale, as wide for as much relevance, and the graph of their difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from lrp_gui.compare.charts import Said
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.jobs.comparing_results import Contrast
from lrp_gui.jobs.token_difference import difference_of
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.neuron_picture import NeuronPicture, stand_alike
from lrp_gui.viewer.picture import Drawing, GraphPicture
from lrp_gui.viewer.scales import BY_ID, Scale, drawn, fitting
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.tokens.picture import TokenPicture

LETTERS = ("A", "B", "A − B")
DIFFERENCE = 2
NO_DIFFERENCE, NOT_SUBTRACTED = mark("No difference"), mark("Nothing is subtracted")
SAME = mark("Both explanations are the same: every difference is zero.")
Maker = Callable[[], Drawing]


class Asking(Protocol):
    """What the worker gives besides an explanation; see `lrp_gui.document.more`."""

    def get(self, kind: str) -> Any:
        """What there is of a kind; None while it is being made, or where it cannot be."""
        ...

    def problem(self, kind: str) -> str:
        """Why there is none."""
        ...


def both_of(contrast: Contrast) -> list[tuple[NetworkInfo, SampleResult]]:
    """Network and result of A and of B."""
    return list(zip(contrast.networks, contrast.results, strict=True))


def common_scales(contrast: Contrast, more: Sequence[Asking] = ()) -> tuple[Scale, ...]:
    """The scales at which both can be looked at; without `more` those that need nothing else of the worker."""
    first, second = (fitting(*one) for one in both_of(contrast))
    return tuple(scale for scale in first if scale in second and (more or not (scale.wants or scale.asks)))


def graph_makers(
    contrast: Contrast, theme: Theme, selection: Selection, more: Sequence[Asking] = ()
) -> tuple[Maker, Maker, Maker]:
    """What makes A, B and the difference, in this order; A and B get one scale of widths as soon as both are there."""
    both = both_of(contrast)
    common = common_scales(contrast, more)
    scale = next((one for one in common if one.id == selection.scale), common[0] if common else BY_ID["layers"])
    chosen = replace(selection, scale=scale.id)
    made: list[GraphPicture] = []

    def side(n: int) -> Drawing:
        asked: list[str] = []

        def ask(kind: str) -> Any:
            asked.append(kind)
            return more[n].get(kind) if more else None

        picture = drawn(*both[n], theme, chosen, ask)[1]
        problem = next(filter(None, (more[n].problem(kind) for kind in asked)), "") if more else ""
        if problem:
            picture.refuse(problem)
        made.append(picture)
        if len(made) == 2 and type(made[0]) is type(made[1]):
            made[0].alongside, made[1].alongside = (made[1],), (made[0],)
        return picture

    def difference() -> Drawing:
        picture = subtracted()
        _place_alike(made, picture)
        return picture

    def subtracted() -> Drawing:
        result = contrast.difference
        note = ""
        if result is None:
            note = contrast.problem
        elif not any(np.any(layer.relevance) for layer in result.layers.values()):
            note = tr(SAME)
        elif scale.asks:
            note = tr(
                "What sets A and B apart is known for layers and their units, not for single operations: "
                "choose another scale to see it."
            )
        if note or result is None:
            headline = tr(NO_DIFFERENCE) if note == tr(SAME) else tr(NOT_SUBTRACTED)
            return Said(theme, "difference", heading=LETTERS[DIFFERENCE], headline=headline, note=note)
        if not scale.wants:
            return drawn(contrast.networks[0], result, theme, chosen)[1]
        return _tokens_apart(contrast, result, theme, chosen, scale, made)

    return partial(side, 0), partial(side, 1), difference


def _place_alike(sides: Sequence[GraphPicture], difference: Drawing) -> None:
    """The same boxes, units or rows in the same places, wherever both sides and their difference can have them."""
    every = [*sides, difference]
    neurons = [one for one in every if isinstance(one, NeuronPicture)]
    if len(neurons) > 1:
        stand_alike(neurons)
    tokens = [one for one in sides if isinstance(one, TokenPicture)]
    for one in every:
        if isinstance(one, TokenPicture):
            one.stand_beside(tokens)
    stages = [one for one in every if isinstance(one, StagePicture)]
    for one in stages[1:]:
        if one.network is stages[0].network:
            one.like = stages[0]


def _tokens_apart(
    contrast: Contrast,
    result: SampleResult,
    theme: Theme,
    selection: Selection,
    scale: Scale,
    made: Sequence[GraphPicture],
) -> Drawing:
    """The grid of what sets both apart, with the names that both give a row."""
    sides = [one for one in made if isinstance(one, TokenPicture)]
    grids = [one.whole for one in sides]
    grid, problem = None, ""
    if len(sides) == 2 and grids[0] is not None and grids[1] is not None:
        grid = difference_of(grids[0], grids[1])
        problem = "" if grid is not None else tr("A and B have other positions or other blocks: nothing is subtracted.")
    if problem:
        return Said(theme, "difference", heading=LETTERS[DIFFERENCE], headline=tr(NOT_SUBTRACTED), note=problem)
    picture = scale.build(contrast.networks[0], result, theme, selection, grid)
    assert isinstance(picture, TokenPicture)
    if grid is not None and len(sides[0].labels) == len(sides[1].labels) == len(picture.labels):
        picture.labels = _names_of_both(sides[0], sides[1])
    return picture


def _names_of_both(first: TokenPicture, second: TokenPicture) -> tuple[str, ...]:
    return tuple(a if a == b else f"{a} | {b}" for a, b in zip(first.labels, second.labels, strict=True))


def swiped(a: Drawing, b: Drawing) -> tuple[Drawing, Drawing]:
    """Both as they stand left and right of one line: names of rows, left of all, are those of both."""
    if not isinstance(a, TokenPicture) or not isinstance(b, TokenPicture) or len(a.labels) != len(b.labels):
        return a, b
    names = _names_of_both(a, b)
    return replace(a, labels=names, spots=[]), replace(b, labels=names, spots=[])
