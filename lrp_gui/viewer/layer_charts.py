"""The charts and facts of one layer or input, from plain data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrp_gui.document.results import InputInfo, NetworkInfo, SampleResult
from lrp_gui.document.words import counted, plain, sample_title, shape_text, signed
from lrp_gui.theme import Theme
from lrp_gui.viewer.balance import TITLES, Balance
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.charts import BarsPicture, ChannelsPicture, Chart, HeatmapPicture, HistogramPicture
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.selection import Selection

MANY_UNITS = 40
ZERO = "Every {noun} here is zero: nothing of the explained score reached this place."
BROKEN = (
    "{what} holds {count} that cannot be drawn (NaN or infinite), so nothing is drawn. "
    "Check this sample's input, or try another composite."
)


def layer_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """What there is to see of one layer or input, the most telling first."""
    path = selection.layer
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None:
        return _named(_layer(network, result, theme, selection), f"{path} of {sample_title(result)}", network, result)
    return _named(_input(result, theme, info, selection), f"Input {path} of {sample_title(result)}", network, result)


def _named(charts: list[Chart], title: str, network: NetworkInfo, result: SampleResult) -> list[Chart]:
    for chart in charts:
        chart.title, chart.caption = title, caption(network, result)
        chart.letter, chart.total = result.words.letter, result.words.total
    return charts


def _layer(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    path = selection.layer
    if path not in result.layers:
        return [Chart(theme, heading=path, note=_not_kept(network, path))]
    relevance = np.asarray(result.layers[path].relevance, dtype=float)
    note = _note(path, relevance, result.words.noun)
    if note:
        return [Chart(theme, heading=path, note=note)]
    if relevance.ndim == 3 and min(relevance.shape[1:]) > 1:
        sums = relevance.sum(axis=(1, 2))
        names = tuple(f"channel {n}" for n in range(sums.size))
        bars = BarsPicture(
            theme,
            heading=f"{path}: {result.words.total} by channel",
            names=names,
            values=sums,
            layer=path,
            selected=selection.unit,
        )
        return [_maps(theme, path, relevance, selection), bars]
    flat = relevance.ravel()
    values = np.asarray(result.layers[path].activation, dtype=float).ravel()
    charts: list[Chart] = [
        BarsPicture(
            theme,
            heading=f"{path}: {result.words.noun} of {counted(flat.size, 'unit')}",
            names=unit_names(network, path, flat.size),
            values=flat,
            details=tuple(plain(value) for value in values) if flat.size <= MANY_UNITS else (),
            layer=path,
            selected=selection.unit,
        )
    ]
    if flat.size > MANY_UNITS:
        charts.append(HistogramPicture(theme, heading=f"{path}: units by {result.words.noun}", values=flat))
    return charts


def _maps(theme: Theme, path: str, relevance: np.ndarray, selection: Selection) -> ChannelsPicture:
    heading = f"{path}: strongest channels"
    return ChannelsPicture(theme, heading=heading, relevance=relevance, layer=path, selected=selection.unit)


def input_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """The charts of every input of the network."""
    charts: list[Chart] = []
    for info in network.inputs:
        unit = selection.unit if selection.layer == info.name else -1
        charts += layer_charts(network, result, theme, replace(selection, layer=info.name, unit=unit))
    return charts


def _input(result: SampleResult, theme: Theme, info: InputInfo, selection: Selection) -> list[Chart]:
    relevance = np.asarray(result.inputs[info.name], dtype=float)
    value = np.asarray(result.values[info.name], dtype=float)
    note = _note(f"Input {info.name}", relevance, result.words.noun)
    if note:
        return [Chart(theme, heading=info.name, note=note)]
    flat = relevance.ravel()
    names = tuple(feature.name for feature in info.features) or tuple(f"{info.name} {n + 1}" for n in range(flat.size))
    details = tuple(feature_value(f, v) for f, v in zip(info.features, value.ravel(), strict=False))
    chart = BarsPicture(
        theme,
        heading=f"{info.name}: {_of_inputs(result, info)}",
        names=names,
        values=flat,
        details=details,
        layer=info.name,
        selected=selection.unit,
    )
    plane = as_plane(relevance)
    if plane is None:
        return [chart] if relevance.ndim != 3 else [_maps(theme, info.name, relevance, selection), chart]
    grey = value.mean(axis=0) if value.ndim == 3 else value
    heat = HeatmapPicture(
        theme,
        heading=f"{info.name}: {result.words.noun} over the value",
        relevance=plane,
        value=grey,
        opacity=selection.opacity,
        layer=info.name,
    )
    return [heat, chart]


def _of_inputs(result: SampleResult, info: InputInfo) -> str:
    """Tokens have no gradient of their own; what is shown is that of their vectors, times these."""
    tokens = result.values[info.name].dtype.kind in "iu"
    return (
        f"{result.words.noun} × vector of each token"
        if tokens and not result.words.flows
        else (f"{result.words.noun} of the inputs")
    )


def as_plane(relevance: np.ndarray) -> np.ndarray | None:
    """(height, width) of an image-like relevance, summed over its channels; None for anything else."""
    if relevance.ndim == 3 and relevance.shape[0] <= 4 and min(relevance.shape[1:]) > 1:
        return relevance.sum(axis=0)
    if relevance.ndim == 2 and min(relevance.shape) > 1:
        return relevance
    return None


def unit_names(network: NetworkInfo, path: str, size: int) -> tuple[str, ...]:
    """The outputs' names where the layer's units are the network's outputs, else their numbers."""
    tail = {layer.path for layer in network.layers[-1:]}
    for layer in reversed(network.layers):  # a softmax or sigmoid at the end, and the logits before it
        if layer.path in tail and layer.kind in ("activation", "softmax", "movement"):
            tail.update(layer.sources)
    if path in tail and size == len(network.outputs):
        return network.outputs
    return tuple(f"unit {n}" for n in range(size))


def facts(network: NetworkInfo, result: SampleResult, balance: Balance | None, path: str) -> str:
    """A layer in a few lines: rule, kind, sums, what was absorbed, and why."""
    layer = next((layer for layer in network.layers if layer.path == path), None)
    lines = []
    if layer is not None:
        merged = f", computed inside {layer.merged_into}" if layer.merged_into else ""
        lines.append(f"{layer.operation}, {layer.kind}, {shape_text(layer.shape)}{merged}")
    if balance is not None and balance.broken:
        lines.append("its relevances cannot be summed: some are NaN or infinite")
    elif balance is not None:
        parts = f"{signed(balance.arrived_positive)} and {signed(balance.arrived_negative)}"
        lines.append(f"{'arrived' if balance.flows else 'gradients sum to'} {signed(balance.arrived)}: {parts}")
        if balance.rules:
            lines.append(f"rule {', '.join(balance.rules)}, passed on {signed(balance.passed_on)}")
            least = 1e-7 * max(abs(result.explained), balance.arrived_positive - balance.arrived_negative)
            taken = [f"{TITLES[name]} {signed(value)}" for name, value in balance.sinks.items() if abs(value) > least]
            lines.append("absorbed by " + ", ".join(taken) if taken else "nothing absorbed")
        lines += balance.reasons
    return "\n".join(lines)


def summary(network: NetworkInfo, result: SampleResult) -> str:
    """What is explained, and all that was noted on the way."""
    lines = [f"{result.words.score} = {plain(result.explained, 4)}, target {result.target}, {result.how}"]
    if result.against:
        lines.append("Δf = f(sample) − f(reference); relevance tells what sets the two apart.")
    if not result.words.flows:
        lines.append(f"Shown are {result.words.noun}s, not relevance: they do not sum to f.")
    return "\n".join(dict.fromkeys((*lines, *result.warnings, *result.notes, *network.notes)))


def _note(what: str, relevance: np.ndarray, noun: str) -> str:
    broken = int(relevance.size - np.isfinite(relevance).sum())
    if broken:
        return BROKEN.format(what=what, count=counted(broken, "value"))
    return "" if relevance.any() else ZERO.format(noun=noun)


def _not_kept(network: NetworkInfo, path: str) -> str:
    layer = next((layer for layer in network.layers if layer.path == path), None)
    if layer is not None and layer.merged_into:
        return f"{path} is computed inside {layer.merged_into}: its relevance is shown there."
    return (
        f"No relevance goes back through {path}: it makes a gate, which is held, or the target does not depend on it."
    )
