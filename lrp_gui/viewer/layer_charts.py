"""The charts and facts of one layer or input, from plain data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrp_gui.document.results import InputInfo, NetworkInfo, SampleResult
from lrp_gui.document.words import counted, kind_text, plain, sample_title, shape_text, signed
from lrp_gui.languages import engine, mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer import detail_forms
from lrp_gui.viewer.balance import TITLES, Balance
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.charts import Chart
from lrp_gui.viewer.inputs import forms
from lrp_gui.viewer.selection import Selection

ZERO = mark("Every {noun} here is zero: nothing of the explained score reached this place.")
BROKEN = mark(
    "{what} holds {count} that cannot be drawn (NaN or infinite), so nothing is drawn. Check "
    "this sample's input, or try another composite."
)


def layer_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """What there is to see of one layer or input, the most telling first."""
    path = selection.layer
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None:
        return _named(_layer(network, result, theme, selection), f"{path} of {sample_title(result)}", network, result)
    return _named(
        _input(result, theme, info, selection),
        tr("Input {path} of {result}").format(path=path, result=sample_title(result)),
        network,
        result,
    )


def _named(charts: list[Chart], title: str, network: NetworkInfo, result: SampleResult) -> list[Chart]:
    for chart in charts:
        chart.title, chart.caption = title, caption(network, result)
        chart.letter, chart.total = result.words.letter, result.words.total
    return charts


def _layer(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    path = selection.layer
    if path not in result.layers:
        return [Chart(theme, heading=path, note=_not_kept(network, path))]
    note = _note(path, np.asarray(result.layers[path].relevance), result.words.noun)
    if note:
        return [Chart(theme, heading=path, note=note)]
    return detail_forms.charts_of(detail_forms.LayerView(network, result, theme, selection))


def input_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """The charts of every input of the network."""
    charts: list[Chart] = []
    for info in network.inputs:
        unit = selection.unit if selection.layer == info.name else -1
        charts += layer_charts(network, result, theme, replace(selection, layer=info.name, unit=unit))
    forms.share_limits(charts, selection)
    return charts


def _input(result: SampleResult, theme: Theme, info: InputInfo, selection: Selection) -> list[Chart]:
    note = _note(tr("Input {name}").format(name=info.name), np.asarray(result.inputs[info.name]), result.words.noun)
    if note:
        return [Chart(theme, heading=info.name, note=note)]
    return forms.charts_of(forms.InputView(info, result, theme, selection))


def facts(network: NetworkInfo, result: SampleResult, balance: Balance | None, path: str) -> str:
    """A layer in a few lines: rule, kind, sums, what was absorbed, and why."""
    layer = next((layer for layer in network.layers if layer.path == path), None)
    lines = []
    if layer is not None:
        merged = (
            tr(", computed inside {merged_into}").format(merged_into=layer.merged_into) if layer.merged_into else ""
        )
        lines.append(f"{layer.operation}, {kind_text(layer.kind)}, {shape_text(layer.shape)}{merged}")
    if balance is not None and balance.broken:
        lines.append(tr("its relevances cannot be summed: some are NaN or infinite"))
    elif balance is not None:
        parts = tr("{positive} and {negative}").format(
            positive=signed(balance.arrived_positive), negative=signed(balance.arrived_negative)
        )
        text = tr("arrived {sum}") if balance.flows else tr("gradients sum to {sum}")
        lines.append(f"{text.format(sum=signed(balance.arrived))}: {parts}")
        if balance.rules:
            lines.append(
                tr("rule {rules}, passed on {passed_on}").format(
                    rules=", ".join(balance.rules), passed_on=signed(balance.passed_on)
                )
            )
            least = 1e-7 * max(abs(result.explained), balance.arrived_positive - balance.arrived_negative)
            taken = [
                f"{tr(TITLES[name])} {signed(value)}" for name, value in balance.sinks.items() if abs(value) > least
            ]
            lines.append(tr("absorbed by {sinks}").format(sinks=", ".join(taken)) if taken else tr("nothing absorbed"))
        lines += [tr("why this rule: {reason}").format(reason=engine(reason)) for reason in balance.reasons]
    return "\n".join(lines)


def summary(network: NetworkInfo, result: SampleResult) -> str:
    """What is explained, and all that was noted on the way."""
    lines = [
        tr("{score} = {explained}, target {target}, {how}").format(
            score=result.words.score, explained=plain(result.explained, 4), target=result.target, how=result.how
        )
    ]
    if result.against:
        lines.append(tr("Δf = f(sample) − f(reference); relevance tells what sets the two apart."))
    if not result.words.flows:
        lines.append(tr("Shown are {nouns}, not relevance: they do not sum to f.").format(nouns=result.words.nouns))
    return "\n".join(dict.fromkeys((*lines, *result.warnings, *result.notes, *network.notes)))


def _note(what: str, relevance: np.ndarray, noun: str) -> str:
    broken = int(relevance.size - np.isfinite(relevance).sum())
    if broken:
        return tr(BROKEN).format(what=what, count=counted(broken, "value"))
    return "" if relevance.any() else tr(ZERO).format(noun=noun)


def _not_kept(network: NetworkInfo, path: str) -> str:
    layer = next((layer for layer in network.layers if layer.path == path), None)
    if layer is not None and layer.merged_into:
        return tr("{path} is computed inside {merged_into}: its relevance is shown there.").format(
            path=path, merged_into=layer.merged_into
        )
    return tr(
        "No relevance goes back through {path}: it makes a gate, which is held, or the target does not depend on it."
    ).format(path=path)
