"""What is said about a view: lines, each perhaps with the colour that it is about, and the numbers that many need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document.words import sample_title, signed
from lrp_gui.languages import engine, tr
from lrp_gui.theme import SINKS

if TYPE_CHECKING:
    from lrp_gui.document.results import InputInfo, NetworkInfo, SampleResult
    from lrp_gui.theme import Theme

STRONGEST = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or two. `colour`: "positive", "negative", "other", "accent" or a sink, shown before it."""

    text: str
    colour: str = ""


def as_html(lines: Iterable[Line], theme: Theme) -> str:
    """The lines as paragraphs; a colour as a square in it."""
    parts = []
    for line in lines:
        square = ""
        if line.colour:
            hue = theme.sink(line.colour) if line.colour in SINKS else getattr(theme, line.colour)
            square = f"<span style='color:{hue}'>■</span>&nbsp;"
        parts.append(f"<p style='margin:0 0 7px 0'>{square}{escape(line.text)}</p>")
    return "".join(parts)


def explained(result: SampleResult) -> Line:
    """What is explained, of which sample, and how."""
    text = tr("What is explained: “{target}” of {sample}, {letter} = {score}, by the composite {how}.")
    if result.against:
        text = tr("What is explained: “{target}” of {sample} {how}, {letter} = {score}.")
    how = result.how if result.against else engine(result.composite)
    return Line(
        text.format(
            target=result.target,
            sample=sample_title(result),
            letter=result.words.score,
            score=signed(result.explained, 4),
            how=how,
        )
    )


def two_colours(result: SampleResult) -> tuple[Line, Line]:
    """What the two hues mean."""
    return Line(result.words.supports, "positive"), Line(result.words.against, "negative")


def conserved(result: SampleResult) -> list[Line]:
    """Where the score went, in numbers; of gradients, that they are no amounts."""
    if not result.words.flows:
        return [Line(tr("These are gradients, not relevance: they do not sum to the score, and nothing is handed on."))]
    arrived = sum(float(np.nansum(relevance)) for relevance in result.inputs.values())
    lines = [
        Line(
            tr("The inputs received {inputs} of the {score} together.").format(
                inputs=signed(arrived, 4), score=signed(result.explained, 4)
            )
        )
    ]
    sinks = sinks_of(result)
    if sinks:
        named = ", ".join(f"{_sink_title(name)} {signed(value, 3)}" for name, value in sinks)
        lines.append(Line(tr("The rest was absorbed on the way: {sinks}.").format(sinks=named)))
    return lines


def sinks_of(result: SampleResult) -> list[tuple[str, float]]:
    """What the sinks absorbed, the largest first; those that took nothing worth a word are left out."""
    totals = {name: float(np.nansum([getattr(row, name) for row in result.ledger])) for name in SINKS}
    least = 1e-4 * max(abs(result.explained), *(abs(value) for value in totals.values()), 1e-30)
    return sorted(((n, v) for n, v in totals.items() if abs(v) > least), key=lambda one: -abs(one[1]))


def _sink_title(name: str) -> str:
    from lrp_gui.viewer.balance import TITLES

    return tr(TITLES[name])


def strongest_inputs(network: NetworkInfo, result: SampleResult) -> Line | None:
    """The input units with the largest relevance, by name; None where an input has no units worth naming."""
    found: list[tuple[float, str]] = []
    for one in network.inputs:
        relevance = result.inputs.get(one.name)
        if relevance is not None:
            found += _largest(one, np.nan_to_num(np.ravel(relevance)))
    found.sort(key=lambda unit: -abs(unit[0]))
    named = ", ".join(f"{name} {signed(value)}" for value, name in found[:STRONGEST] if value)
    if not named:
        return None
    return Line(tr("The strongest inputs: {inputs}.").format(inputs=named))


def _largest(one: InputInfo, relevance: np.ndarray) -> list[tuple[float, str]]:
    if len(one.features) == len(relevance):
        best = np.argsort(-np.abs(relevance), kind="stable")[:STRONGEST]
        return [(float(relevance[unit]), one.features[unit].name) for unit in best.tolist()]
    return [(float(relevance.sum()), one.name)]
