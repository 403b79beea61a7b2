"""The chosen layer or input of two explanations: the same units in the same places, in one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lrp_gui.compare.charts import PairBars, PairChannels, Said
from lrp_gui.compare.graphs import DIFFERENCE, LETTERS, NO_DIFFERENCE, NOT_SUBTRACTED, SAME
from lrp_gui.document.layout import PICTURE, SERIES, TOKENS, layout_of
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted
from lrp_gui.jobs.comparing_results import Contrast
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.board import Board, stacked
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.charts import Chart, Texts
from lrp_gui.viewer.detail_forms import unit_names
from lrp_gui.viewer.inputs.forms import BY_ID, USUAL, InputView
from lrp_gui.viewer.inputs.maps import GridPicture, HeatmapPicture
from lrp_gui.viewer.inputs.series import SeriesPicture
from lrp_gui.viewer.inputs.tokens import TokensPicture
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.visible import smallest_set

MOST_CHANNELS = 16
MOST_SUMMED = 4  # planes of an input that are shown as one
NOTHING = mark("Nothing to show here")
DIFFERENCE_TITLE = f", {LETTERS[DIFFERENCE]}"
Words = Sequence[Mapping[str, Sequence[str]]]  # of A and of B: by input, what its tokens stand for


def value_pictures(
    contrast: Contrast, theme: Theme, selection: Selection, words: Words = ()
) -> tuple[Drawing, Drawing, Drawing]:
    """The chosen layer or input, in one scale for both and one of its own for the difference."""
    path = selection.layer or next(iter(contrast.results[0].inputs))
    found = [relevance_at(result, path) for result in contrast.results]
    name = selection.labels.get(path, path)
    notes = [_note(name, relevance) for relevance in found]
    if contrast.difference is not None:
        found.append(relevance_at(contrast.difference, path))
    row = next((row for row in contrast.rows if row.layer == path), None)
    if contrast.difference is None or found[-1] is None:
        why = contrast.problem or (row.note if row is not None else "") or tr("nothing of it is known in A or B")
        difference_note = tr("No difference of {path}: {why}").format(path=name, why=why)
    else:
        difference_note = _note(name, found[-1]) if np.any(found[-1]) else tr(SAME)
    given = [one for one, note in zip(found, notes, strict=False) if one is not None and not note]
    alike = len({one.shape for one in given}) == 1
    named = _texts(contrast, path, words)
    charts: list[Drawing] = []
    results = [*contrast.results, contrast.difference]
    for n, letter in enumerate(LETTERS):
        note = difference_note if n == DIFFERENCE else notes[n]
        result, network = results[n], contrast.networks[n % DIFFERENCE]
        if note or result is None:
            charts.append(_said(theme, f"{name}, {letter}", f"{letter}: {name}", note, found[n : n + 1]))
            continue
        # Of the difference only itself sets the limit: it may be far smaller than what it is the difference of.
        own = found[n]
        assert own is not None
        others = [own] if n == DIFFERENCE or not alike else given
        ranked = given if alike else [own]
        chosen = replace(selection, layer=path, words={path: named[n]} if named else {})
        charts.append(_chart(network, result, theme, chosen, letter, own, others, ranked))
    _share_greys(charts[:DIFFERENCE])
    return charts[0], charts[1], charts[2]


def _share_greys(charts: Sequence[Drawing]) -> None:
    """As much is as dark in A as in B."""
    parts = [part for chart in charts for part in (chart.parts if isinstance(chart, Board) else (chart,))]
    maps = [part for part in parts if isinstance(part, HeatmapPicture) and part.value is not None]
    if maps:
        low, high = zip(*(one.greys for one in maps), strict=True)
        for one in maps:
            one.value_range = min(low), max(high)


def _said(theme: Theme, title: str, heading: str, note: str, found: Sequence[np.ndarray | None]) -> Said:
    """The pane of a layer that cannot be drawn: why, under a headline that says of what kind that is."""
    known = bool(found) and found[0] is not None
    if known and not np.isfinite(found[0]).all():  # type: ignore[arg-type]
        return Said(theme, title, heading=heading, headline=tr("Some values are no numbers"), note=note, warns=True)
    headline = (
        tr(NO_DIFFERENCE) if note == tr(SAME) else tr(NOT_SUBTRACTED if title.endswith(DIFFERENCE_TITLE) else NOTHING)
    )
    return Said(theme, title, heading=heading, headline=headline, note=note)


def relevance_at(result: SampleResult, path: str) -> np.ndarray | None:
    """The relevance of a layer or input."""
    if path in result.inputs:
        return np.asarray(result.inputs[path], dtype=float)
    return np.asarray(result.layers[path].relevance, dtype=float) if path in result.layers else None


def _note(path: str, relevance: np.ndarray | None) -> str:
    if relevance is None:
        return tr("There is no relevance at {path} in this explanation.").format(path=path)
    broken = int(relevance.size - np.isfinite(relevance).sum())
    return (
        tr("{path} holds {values} that cannot be drawn (NaN or infinite).").format(
            path=path, values=counted(broken, "value")
        )
        if broken
        else ""
    )


def _chart(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    selection: Selection,
    letter: str,
    relevance: np.ndarray,
    scaled: list[np.ndarray],
    ranked: list[np.ndarray],
) -> Drawing:
    """One pane. `scaled` are those whose limit it shares, `ranked` those over which its units are sorted."""
    path = selection.layer
    limit = _limit(selection, scaled)
    noun = (
        tr("{noun} A − B, + more in A").format(noun=result.words.noun)
        if letter == LETTERS[DIFFERENCE]
        else result.words.noun
    )
    name = selection.labels.get(path, path)
    heading = f"{name}: {noun}"
    places = _places(network, path)
    charts: list[Chart] = []
    if places is not None:
        charts.append(
            HeatmapPicture(
                theme,
                heading=heading,
                relevance=relevance.ravel()[places].sum(axis=0),
                value=_grey(result.values.get(path), places),
                opacity=selection.opacity,
                limit=_limit(selection, [one.ravel()[places].sum(axis=0) for one in scaled]),
                colouring=selection.colouring,
                layer=path,
            )
        )
    charts += _sequences(network, result, theme, selection, heading, scaled, ranked)
    if relevance.ndim == 3 and min(relevance.shape[1:]) > 1:
        weights = np.sum([np.abs(one).sum(axis=(1, 2)) for one in ranked], axis=0)
        if places is None:
            charts.append(
                PairChannels(
                    theme,
                    heading=heading,
                    relevance=relevance,
                    selected=selection.unit,
                    limit=limit,
                    colouring=selection.colouring,
                    channels=smallest_set(weights, 1.0, MOST_CHANNELS),
                    layer=path,
                )
            )
        if places is not None and relevance.shape[0] == 1:  # its one sum says nothing beside the map
            return _finished(charts, network, result, theme, f"{name}, {letter}")
        sums = [one.sum(axis=(1, 2)) for one in scaled]
        names: tuple[str, ...] = tuple(f"channel {n}" for n in range(relevance.shape[0]))
        charts.append(_bars(theme, result, heading, names, relevance.sum(axis=(1, 2)), sums, weights, selection))
    else:
        flat = [one.ravel() for one in scaled]
        weights = np.max([np.abs(one.ravel()) for one in ranked], axis=0)
        bars = _bars(theme, result, heading, (), relevance.ravel(), flat, weights, selection)
        bars.names, bars.details = _names(network, result, path, relevance.shape)
        words = selection.words.get(path, ())
        if len(words) == relevance.size:
            bars.names, bars.details = Texts(len(words), lambda n: f"{n}: {words[n]}"), ()
        charts.append(bars)
    return _finished(charts, network, result, theme, f"{name}, {letter}")


def _limit(selection: Selection, scaled: Sequence[np.ndarray]) -> float:
    """The limit of colours that all share; one that is zero throughout has none of its own."""
    some = [one for one in scaled if np.any(one)] or scaled
    return max(selection.colouring.limit(one) for one in some)


def _sequences(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    selection: Selection,
    heading: str,
    scaled: list[np.ndarray],
    ranked: list[np.ndarray],
) -> list[Chart]:
    """A series as a line or a map, tokens as text, as the window shows them; of both sides the same channels."""
    info = next((info for info in network.inputs if info.name == selection.layer), None)
    if info is None or not info.features:
        return []
    view = InputView(info, result, theme, selection)
    if view.kind not in (SERIES, TOKENS):
        return []
    charts: list[Chart] = []
    for form in (BY_ID[name] for name in USUAL[view.kind] if name != "bars"):
        if not form.applies(view):
            continue
        chart = form.build(view)
        chart.heading = heading
        if isinstance(chart, SeriesPicture):
            chart.channels = np.sum([np.abs(view.placed(one.ravel())).sum(axis=1) for one in ranked], axis=0)
        if isinstance(chart, SeriesPicture | GridPicture | TokensPicture):
            chart.limit = _limit(selection, scaled)
        charts.append(chart)
    return charts


def _texts(contrast: Contrast, path: str, words: Words) -> tuple[tuple[str, ...], ...]:
    """What stands at each position of an input of tokens, in A, in B, and in both: "a | b" where they differ."""
    both = []
    for n, (network, result) in enumerate(zip(contrast.networks, contrast.results, strict=True)):
        info = next((info for info in network.inputs if info.name == path), None)
        if info is None or layout_of(info).kind != TOKENS or path not in result.values:
            return ()
        values = np.ravel(result.values[path])
        texts = words[n].get(path, ()) if n < len(words) else ()
        both.append(tuple(texts[i] if i < len(texts) else f"{value:.0f}" for i, value in enumerate(values)))
    a, b = both
    if len(a) != len(b):
        return a, b, ()
    return a, b, tuple(one if one == other else f"{one} | {other}" for one, other in zip(a, b, strict=True))


def _finished(charts: list[Chart], network: NetworkInfo, result: SampleResult, theme: Theme, title: str) -> Drawing:
    for chart in charts:
        chart.title, chart.caption = title, caption(network, result)
        chart.letter, chart.total = result.words.letter, result.words.total
    return stacked(theme, charts)


def _bars(
    theme: Theme,
    result: SampleResult,
    heading: str,
    names: tuple[str, ...],
    values: np.ndarray,
    scaled: list[np.ndarray],
    weights: np.ndarray,
    selection: Selection,
) -> PairBars:
    order = smallest_set(weights, 1.0, 400)
    order = np.arange(min(3, values.size)) if not order.size else order
    return PairBars(
        theme,
        heading=heading
        if not names
        else tr("{layer}: {total} by channel").format(
            layer=selection.labels.get(selection.layer, selection.layer), total=result.words.total
        ),
        names=names,
        values=values,
        order=order,
        limit=max(float(np.abs(one).max()) for one in scaled),
        layer=selection.layer,
        selected=selection.unit,
    )


def _names(
    network: NetworkInfo, result: SampleResult, path: str, shape: tuple[int, ...]
) -> tuple[Sequence[str], Sequence[str]]:
    """What units are called, and of a small input their values."""
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None:
        return unit_names(network, path, shape), ()
    size, features = math.prod(shape), info.features
    if len(features) != size:
        return Texts(size, lambda n: f"{path} {n + 1}"), ()
    names = Texts(size, lambda n: features[n].name)
    values = result.values.get(path)
    if values is None or values.size != size:
        return names, ()
    flat = values.ravel()
    return names, Texts(size, lambda n: feature_value(features[n], float(flat[n])))


def _places(network: NetworkInfo, path: str) -> np.ndarray | None:
    """(planes, height, width): where the units of a picture stand; None for an input that is none, and for layers."""
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None or not info.features:
        return None
    layout = layout_of(info)
    return layout.places if layout.kind == PICTURE and len(layout.places) <= MOST_SUMMED else None


def _grey(value: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    """The value below a heatmap; none where A and B have different ones."""
    if value is None or not np.isfinite(np.asarray(value, dtype=float)).all():
        return None
    return np.asarray(value, dtype=float).ravel()[places].mean(axis=0)
