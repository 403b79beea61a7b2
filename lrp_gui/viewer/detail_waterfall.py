"""The waterfall: from the explained score, past what was absorbed, to the inputs, and down to nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, plain, signed
from lrp_gui.languages import tr
from lrp_gui.theme import SINKS
from lrp_gui.viewer.balance import TITLES
from lrp_gui.viewer.charts import Chart
from lrp_gui.viewer.ink import CENTRE, RIGHT, Ink, elided, fitting, last_parts, width_of
from lrp_gui.viewer.picture import Hit

ROW = 20.0
LOWEST_ROW = 14.0
LOW = 260.0
MOST_SINKS = 6
TOTALS = ("score", "inputs")
LEAST = 1e-3  # of the score: what is less is among the others


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `start` and `end` are where the running sum stands before and after; `total`: it is the sum itself."""

    name: str
    start: float
    end: float
    kind: str  # "score", "inputs", "rest", "feature", or a sink
    layer: str = ""
    unit: int = -1

    @property
    def change(self) -> float:
        """What this row takes away from the running sum: an amount of relevance."""
        return self.end if self.kind in TOTALS else self.start - self.end


def steps_of(network: NetworkInfo, result: SampleResult, features: int, sinks: int = MOST_SINKS) -> list[Step]:
    """The score; what each layer's sinks took, the largest by name; what reached the inputs; the features' shares.

    Parameters
    ----------
    features
        How many features are named at most; all others are one row, so that the last row ends at zero.
    sinks
        How many sinks of layers are named at most; all others are one row too.
    """
    running = result.explained
    steps = [Step(f"{result.words.score} = {plain(result.explained, 4)}", 0.0, running, "score")]
    taken: dict[tuple[str, str], float] = {}
    for row in result.ledger:
        for sink in SINKS:
            if getattr(row, sink):
                taken[row.layer, sink] = taken.get((row.layer, sink), 0.0) + getattr(row, sink)
    base = max(abs(running), *(abs(value) for value in taken.values()), 0.0) if taken else abs(running)
    named = sorted(taken, key=lambda key: -abs(taken[key]))[:sinks]
    named = [key for key in taken if key in named and abs(taken[key]) > LEAST * base]
    for layer, sink in named:
        steps.append(Step(f"{layer}: {tr(TITLES[sink])}", running, running - taken[layer, sink], sink, layer))
        running = steps[-1].end
    others = [value for key, value in taken.items() if key not in named]
    if others and abs(math.fsum(others)) > LEAST * base:
        steps.append(Step(counted(len(others), "other sink"), running, running - math.fsum(others), "rest"))
    reached = math.fsum(float(np.asarray(value, dtype=float).sum()) for value in result.inputs.values())
    running = reached
    steps.append(Step(tr("reaches the inputs"), 0.0, running, "inputs"))
    flat = [(info, np.asarray(result.inputs[info.name], dtype=float).ravel()) for info in network.inputs]
    every = np.concatenate([values for _, values in flat])
    sizes = np.abs(every)
    room = max(1, features - 1) if every.size > features else every.size
    picked = np.argpartition(-sizes, room - 1)[:room] if every.size > room else np.arange(every.size)
    for unit in picked[np.argsort(-sizes[picked], kind="stable")].tolist():
        info, own = _owner(flat, unit)
        name = info.features[own].name if own < len(info.features) else f"{info.name} {own + 1}"
        if info.integer and info.name in result.values:  # a token is known by its place and its number
            name = f"{own}: {np.ravel(result.values[info.name])[own]:.0f}"
        steps.append(Step(name, running, running - float(every[unit]), "feature", info.name, own))
        running = steps[-1].end
    if every.size > room:
        steps.append(Step(counted(every.size - room, "other"), running, 0.0, "rest"))
    return steps


def _owner(flat: Sequence[tuple], unit: int) -> tuple:
    for info, values in flat:
        if unit < values.size:
            return info, unit
        unit -= values.size
    raise IndexError(unit)


@dataclass
class WaterfallPicture(Chart):
    """Rows from top to bottom; each bar begins where the one above ends."""

    network: NetworkInfo | None = None
    result: SampleResult | None = None
    layer: str = ""
    unit: int = -1

    def __post_init__(self) -> None:
        """Tall enough for some features."""
        count = sum(np.asarray(value).size for value in self.result.inputs.values()) if self.result else 0
        self.size = (420.0, min(640.0, 70 + ROW * (4 + MOST_SINKS + min(14, count))))

    def body(self, ink: Ink, rect: QRectF) -> None:
        """Names at the left, bars on one scale, numbers at their ends."""
        assert self.network is not None
        assert self.result is not None
        theme = ink.theme
        rows = int((rect.height() - 18) // (ROW if rect.height() > LOW else LOWEST_ROW))
        sinks = min(MOST_SINKS, max(0, rows - 5))
        fixed = len(steps_of(self.network, self.result, 2, sinks)) - 2
        steps = steps_of(self.network, self.result, max(2, rows - fixed), sinks)
        widest = max(width_of(signed(step.change), 10.5) for step in steps) + 8
        names = min(max(width_of(step.name, 10.5, step.kind in TOTALS) for step in steps) + 12, rect.width() * 0.42)
        low = min(0.0, *(min(step.start, step.end) for step in steps))
        high = max(0.0, *(max(step.start, step.end) for step in steps))
        room = QRectF(rect.left() + names, rect.top(), rect.width() - names - widest - 8, rect.height())
        per = room.width() / ((high - low) or 1.0)
        tall = min(26.0, (rect.height() - 18) / len(steps))
        zero = room.left() - low * per
        ink.line(QPointF(zero, rect.top()), QPointF(zero, rect.top() + tall * len(steps)), theme.line)
        for n, step in enumerate(steps):
            row = QRectF(rect.left(), rect.top() + n * tall, rect.width(), tall)
            start, end = zero + step.start * per, zero + step.end * per
            bar = QRectF(min(start, end), row.top() + 3, max(1.0, abs(end - start)), tall - 6)
            self._bar(ink, step, bar)
            if n + 1 < len(steps) and steps[n + 1].kind != "inputs":
                ink.line(QPointF(end, bar.bottom()), QPointF(end, bar.bottom() + 6), theme.dim)
            chosen = bool(step.layer) and (step.layer, step.unit) == (self.layer, self.unit)
            bold = step.kind in TOTALS
            known = (step.name, tr("the inputs")) if step.kind == "inputs" else (step.name,)
            text = elided(fitting(known, names - 8, 10.5, bold), names - 8, 10.5, bold)
            if step.kind in SINKS and text != step.name:  # layers are told apart by the ends of their paths
                taken = step.name.removeprefix(step.layer)
                text = last_parts(step.layer, names - 8 - width_of(taken, 10.5), 10.5) + taken
            ink.text(QRectF(row.left(), row.top(), names - 6, tall), text, 10.5, theme.text, RIGHT, bold=bold)
            beside = QRectF(room.right() + 4, row.top(), widest, tall)
            ink.text(beside, signed(step.change), 10.5, theme.text if bold else theme.dim, RIGHT, bold=bold)
            if chosen:
                ink.box(row.adjusted(1, 0.5, -1, -0.5), None, theme.accent, 1.5, 3)
            words = tr("{name}\n{change}, then {end} is left").format(
                name=step.name, change=signed(step.change, 4), end=signed(step.end, 4)
            )
            if bold:
                words = step.name if step.kind == "score" else f"{step.name}: {signed(step.end, 4)}"
            self.spots.append((row, Hit(step.layer, step.unit, words)))
        foot = QRectF(rect.left(), rect.top() + tall * len(steps) + 2, rect.width(), 14)
        ink.text(foot, tr("each bar begins where the one above it ends"), 10.5, theme.dim, CENTRE)

    @staticmethod
    def _bar(ink: Ink, step: Step, bar: QRectF) -> None:
        theme = ink.theme
        if step.kind in TOTALS:
            ink.box(bar, theme.dim)
        elif step.kind in SINKS:
            ink.box(bar, theme.sink(step.kind))
        elif step.kind == "rest":
            ink.box(bar, theme.other)
        else:
            ink.box(bar, ink.sign(step.change))
