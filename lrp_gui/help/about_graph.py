"""What the relevance viewer shows now, in plain words: the graph at its scales, the strip, the detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.document.words import percent, shape_text, signed
from lrp_gui.help.lines import Line, conserved, explained, sinks_of, strongest_inputs, two_colours
from lrp_gui.languages import mark, thousands, tr, trn

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, SampleResult

# How each scale is read, by its key in the table of scales: what stands there, what the widths mean, how to go on.
READING = {
    "neurons": (
        mark("Each column is a layer, the inputs on the left, the output on the right; each circle is one unit."),
        mark(
            "A ribbon is relevance that a unit hands back to one that fed it; the wider, the more, in "
            "one measure for the whole picture. The outlined chain is the strongest path."
        ),
        mark("Click a unit to see the path through it; the arrow keys walk along the strongest ribbons."),
    ),
    "layers": (
        mark("Each box is a layer, or several that follow each other alone; its bars are the channels or units."),
        mark(
            "A ribbon is relevance that a layer hands back, positive and negative apart; the wider, the "
            "more. Where ways join, each gets its own share."
        ),
        mark("Double-click a box, or press Enter, to open a group or to see the channels one by one."),
    ),
    "operations": (
        mark("Each box is one operation, or a group of them under the author's name."),
        mark(
            "A line is relevance handed back between two of them; the wider, the more. Thin grey lines "
            "carry next to nothing."
        ),
        mark("Double-click a group to open it in place. View › All Operations as a Table lists every one of them."),
    ),
    "tokens": (
        mark(
            "Each row is a token or a time step, each column a point between two layers; the output "
            "stands on the right."
        ),
        mark(
            "Level lines stay at their position (the residual stream); slanted ones go from one position "
            "to another through attention. The wider, the more."
        ),
        mark("Click a point to see only what flows through it."),
    ),
}


def graph(window: Any) -> list[Line]:
    """The graph in the centre."""
    document, viewer = window.document, window.viewer
    picture = viewer.canvas.picture
    network, result = document.network, document.result
    if network is None or result is None:
        return missing(window)
    reading = READING.get(scale_of(window))
    lines = [explained(result)]
    if reading is not None:
        lines += [Line(tr(reading[0])), Line(tr(reading[1]))]
    lines += two_colours(result)
    if (strongest := strongest_inputs(network, result)) is not None:
        lines.append(strongest)
    drawn = getattr(picture, "visible_text", "")
    if drawn:
        text = tr("Drawn: {drawn}. What is left out is summed up in grey stubs; the sliders below draw more.")
        if f" {percent(1.0)}" in drawn:
            text = tr("All is drawn: {drawn}.")
        lines.append(Line(text.format(drawn=drawn), "other"))
    lines += conserved(result)
    if document.stale:
        lines.append(Line(tr("The picture is of an earlier state: the table or the settings changed since.")))
    if reading is not None:
        lines.append(Line(tr(reading[2])))
    return lines


def scale_of(window: Any) -> str:
    """At which scale the graph is drawn: what was chosen, or else the first that fits."""
    from lrp_gui.viewer.scales import BY_ID, fitting

    document = window.document
    if document.network is None:
        return ""
    fits = [scale.id for scale in fitting(document.network, document.result)]
    chosen = window.viewer.selection.scale
    return chosen if chosen in BY_ID and chosen in fits else fits[0]


def missing(window: Any) -> list[Line]:
    """Why nothing is explained."""
    from lrp_gui.viewer.states import state_of

    state = state_of(window.document)
    return [Line(tr(state.headline)), Line(tr(state.sentence))] if state is not None else []


def strip(window: Any) -> list[Line]:
    """The ledger, layer by layer."""
    document = window.document
    result = document.result
    if document.network is None or result is None:
        return missing(window)
    lines = [
        explained(result),
        Line(
            tr(
                "Each column is a layer, the inputs on the left. Its left bar is the relevance that arrived "
                "there, the right one where that went: on to the layer before, or into a sink. All bars are "
                "in one measure."
            )
        ),
        *two_colours(result),
    ]
    if not result.words.flows:
        return [*lines, *conserved(result)]
    from lrp_gui.viewer.balance import ADVICE, TITLES, other_way

    for name, value in sinks_of(result):
        share = percent(abs(value) / abs(result.explained)) if result.explained else ""
        text = tr("{sink} absorbed {amount} in all ({share} of the score): {advice}.").format(
            sink=tr(TITLES[name]),
            amount=signed(value),
            share=share,
            advice=tr(ADVICE[name]).format(other=other_way(result)),
        )
        lines.append(Line(text, name))
    alarms = _alarms(document.network, result)
    if alarms:
        lines.append(Line(trn("{n} layer is marked:", "{n} layers are marked:", len(alarms)) + " " + alarms[-1]))
    else:
        lines.append(Line(tr("No layer is marked: nothing absorbed much, and nothing cancels.")))
    return lines


def _alarms(network: NetworkInfo, result: SampleResult) -> list[str]:
    from lrp_gui.viewer.balance import balances

    return [account.alarm for account in balances(network, result) if account.alarm]


def detail_inputs(window: Any) -> list[Line]:
    """The inputs under their relevance."""
    document = window.document
    network, result = document.network, document.result
    if network is None or result is None:
        return missing(window)
    lines = [
        explained(result),
        Line(
            tr(
                "The inputs of the sample, each unit in the colour of its relevance: the stronger the "
                "colour, the more it counted; without colour it did not matter to this score."
            )
        ),
        *two_colours(result),
    ]
    for one in network.inputs:
        relevance = result.inputs.get(one.name)
        if relevance is not None:
            values = np.nan_to_num(relevance)
            text = tr("{name} ({shape}): {plus} speaks for, {minus} against, together {total}.")
            lines.append(
                Line(
                    text.format(
                        name=one.name,
                        shape=shape_text(one.shape),
                        plus=signed(float(values[values > 0].sum())),
                        minus=signed(float(values[values < 0].sum())),
                        total=signed(float(values.sum())),
                    )
                )
            )
    if (strongest := strongest_inputs(network, result)) is not None:
        lines.append(strongest)
    lines.append(Line(tr("The box above chooses another form: heatmap, bars, text, over the value, and more.")))
    return lines


def detail_layer(window: Any) -> list[Line]:
    """The chosen layer."""
    document = window.document
    network, result, path = document.network, document.result, document.selected_layer
    if network is None or result is None:
        return missing(window)
    layer = next((one for one in network.layers if one.path == path), None)
    found = result.layers.get(path)
    if layer is None or found is None:
        return [Line(tr("Choose a layer in the graph, the strip or the model: its relevance is drawn here."))]
    values = np.nan_to_num(found.relevance)
    text = tr("{path} ({operation}, {shape}): the relevance at its output, unit by unit.")
    lines = [
        Line(text.format(path=path, operation=layer.operation, shape=shape_text(layer.shape))),
        *two_colours(result),
        Line(
            tr("{plus} speaks for, {minus} against; the largest single unit has {largest}.").format(
                plus=signed(float(values[values > 0].sum())),
                minus=signed(float(values[values < 0].sum())),
                largest=signed(float(values.flat[int(np.abs(values).argmax())])) if values.size else "0",
            )
        ),
    ]
    rows = [row for row in result.ledger if row.layer == path]
    for row in rows[:2]:
        if row.rule:
            why = f" – {row.reason}" if row.reason else ""
            lines.append(Line(tr("Rule of {kind}: {rule}{why}.").format(kind=row.kind, rule=row.rule, why=why)))
    return lines


def detail_numbers(window: Any) -> list[Line]:
    """The units as a table."""
    lines = detail_layer(window)
    if window.document.result is not None:
        lines.append(Line(tr("Each row is a unit; a click on a title sorts, Ctrl+C copies the selected rows.")))
    return lines


def detail_samples(window: Any) -> list[Line]:
    """All samples by all units of the chosen layer."""
    document = window.document
    found, table = document.table_result, document.table
    if found is None or table is None:
        return missing(window)
    known = int(np.isfinite(found.explained).sum())
    lines = [
        Line(
            tr(
                "Each row is a sample of the table, each column a feature; a cell has the colour of the "
                "relevance that the feature got for this sample. Rows alike have like reasons."
            )
        ),
        Line(
            tr("{known} of {samples} are explained.").format(
                known=thousands(known), samples=trn("{n} sample", "{n} samples", table.samples)
            )
        ),
    ]
    if document.result is not None:
        lines += two_colours(document.result)
    if found.partial:
        lines.append(Line(found.partial))
    return lines
