"""Where the circles and ribbons of a neuron graph go. One factor turns |R| into width, for the whole picture.

On each side of a circle the ribbons stand on each other in the order of their other ends, and their widths
sum to the |R| that passes there: drawn edges, the grey ribbon to the folded units, and a grey stub for edges
too weak to draw. So the stacks close with the flow matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lrp_gui.viewer.neurons import Column, Gap, NeuronGraph

OTHER = -1  # the unit that stands for all folded ones of a column
TALLEST = 170.0
LABEL = 14.0  # a line of text
WIDEST = 24.0  # of a circle before it grows into a pill
THINNEST_STUB = 0.15
LEAST = 0.05  # pixels of a circle, where very many have to stand in very little
FILL = 0.62  # of a column's height that its stacks may take


@dataclass(frozen=True, slots=True)
class Ribbon:
    """From (x1, y1) at the left unit to (x2, y2) at the right one. `strength` is |R| ÷ the gap's largest."""

    gap: int
    right: int
    left: int
    value: float
    width: float
    y_left: float
    y_right: float
    strength: float
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Stub:
    """The rest of a unit's stack on one side (-1 left, +1 right): edges too weak to draw."""

    column: int
    unit: int
    side: int
    width: float
    y: float


@dataclass(slots=True)
class Place:
    """A unit's circle or pill: centre, height, width."""

    y: float
    height: float
    width: float


@dataclass
class NeuronLayout:
    """All positions in logical pixels."""

    x: list[float]
    places: list[dict[int, Place]]
    per_relevance: float  # pixels of width for one unit of |R|
    ribbons: list[Ribbon] = field(default_factory=list)
    stubs: list[Stub] = field(default_factory=list)


def lay_out(
    graph: NeuronGraph,
    left: float,
    right: float,
    top: float,
    bottom: float,
    per: float | None = None,
    beside: Sequence[tuple[NeuronGraph, float]] = (),
) -> NeuronLayout:
    """Place every shown unit between the given edges.

    Parameters
    ----------
    per
        Pixels of width for one unit of |R|, else as many as fit.
    beside
        Graphs of the same units and their `per`: what has room there has it here, so that the units of all stand at
        the same places. Where that is too much all are thinner, by the same factor.
    """
    columns, gaps = graph.columns, graph.gaps
    count = len(columns)
    x = column_places(count, left, right)
    stacks = _all_stacks(graph)
    height = bottom - top
    per = _factor(stacks, height) if per is None else per
    widest = [{unit: per * value for unit, value in stack.items()} for stack in stacks]
    for other, factor in beside:
        for most, stack in zip(widest, _all_stacks(other), strict=True):
            most.update({unit: max(most[unit], factor * value) for unit, value in stack.items()})
    thinner = min(1.0, _factor(widest, height) or 1.0) if beside else 1.0
    per *= thinner
    places = [
        _place(column, stack, per, {unit: thinner * tall for unit, tall in most.items()}, (top, bottom))
        for column, stack, most in zip(columns, stacks, widest, strict=True)
    ]
    layout = NeuronLayout(x, places, per)
    for n, gap in enumerate(gaps):
        _ribbons(layout, n, gap, columns[n], columns[n + 1])
    return layout


def width_of_one(graph: NeuronGraph, height: float) -> float:
    """Pixels of width that one unit of |R| can have in this height."""
    return _factor(_all_stacks(graph), height)


def column_places(count: int, left: float, right: float) -> list[float]:
    """Where the columns stand between the given edges."""
    return [left + (right - left) * n / (count - 1) for n in range(count)]


def _all_stacks(graph: NeuronGraph) -> list[dict[int, float]]:
    return [_stacks(n, graph.columns, graph.gaps) for n in range(len(graph.columns))]


def _units(column: Column) -> list[int]:
    return [*map(int, column.shown), *([OTHER] if column.hidden.size else [])]


def _stacks(n: int, columns: tuple[Column, ...], gaps: tuple[Gap, ...]) -> dict[int, float]:
    """Σ|R| through each shown unit: the larger of its two sides."""
    column = columns[n]
    sides = []
    if n > 0:
        sides.append(gaps[n - 1].of_right)
    if n < len(gaps):
        sides.append(gaps[n].of_left)
    through = {}
    for unit in _units(column):
        pick = column.hidden if unit == OTHER else [unit]
        through[unit] = max(float(side[pick].sum()) for side in sides)
    return through


def _factor(stacks: list[dict[int, float]], height: float) -> float:
    """Pixels per |R| so that the fullest column fits and no single unit outgrows the picture."""
    fullest = max((sum(stack.values()) for stack in stacks), default=0.0)
    tallest = max((max(stack.values(), default=0.0) for stack in stacks), default=0.0)
    if fullest <= 0:
        return 0.0
    return min(height * FILL / fullest, height * 0.5 / tallest, TALLEST / tallest)


def _place(
    column: Column, stack: dict[int, float], per: float, least: dict[int, float], edges: tuple[float, float]
) -> dict[int, Place]:
    """Slots as tall as what passes through, at `least` so tall, with equal air between; few stay in the middle."""
    count = len(stack)
    if not count:
        return {}
    top, height = edges[0], edges[1] - edges[0]
    smallest = min(11.0, max(1.2, 0.5 * height / count))
    tallest = {unit: max(smallest, tall) for unit, tall in least.items()}
    taken = sum(tallest.values())
    while taken > height * 0.96 and smallest > LEAST:  # many weak units: shrink their looks, never the ribbons' scale
        smallest *= 0.6
        tallest = {unit: max(smallest, tall) for unit, tall in least.items()}
        taken = sum(tallest.values())
    slots = tallest
    if column.is_input or column.is_output:  # every label finds room, where there is any
        roomy = {unit: max(LABEL, tall) for unit, tall in tallest.items()}
        slots = roomy if sum(roomy.values()) <= height else tallest
    taken = sum(slots.values())
    air = min(max(0.0, height - taken) / (count + 1), max(26.0, 0.055 * height))
    y = top + (height - taken - air * (count - 1)) / 2
    places = {}
    for unit, value in stack.items():
        tall = max(smallest, per * value)
        places[unit] = Place(y + slots[unit] / 2, tall, min(tall, WIDEST))
        y += slots[unit] + air
    return places


class _End(NamedTuple):
    """A ribbon before it has its place: unit `right` hands `value` back to unit `left`."""

    right: int
    left: int
    value: float
    folded: bool


class _Side(NamedTuple):
    """One side of one column, where ribbons end: Σ|R| of each unit there, and the circles at both ends."""

    column: int
    direction: int  # -1: the left side of the right column, +1: the right side of the left one
    total: np.ndarray
    places: dict[int, Place]
    others: dict[int, Place]

    def units(self, end: _End) -> tuple[int, int]:
        """The ribbon's unit on this side, and the one on the other."""
        return (end.right, end.left) if self.direction < 0 else (end.left, end.right)


def _ribbons(layout: NeuronLayout, n: int, gap: Gap, left: Column, right: Column) -> None:
    """Stack the ends of every ribbon of one gap, on both sides, in the order of the other ends."""
    per = layout.per_relevance
    largest = float(gap.size.max()) or 1.0
    ends = _ends(gap, left, right)
    at_left, at_right = layout.places[n], layout.places[n + 1]
    y_right = _stack(layout, ends, _Side(n + 1, -1, gap.of_right, at_right, at_left))
    y_left = _stack(layout, ends, _Side(n, +1, gap.of_left, at_left, at_right))
    layout.ribbons += [
        Ribbon(n, j, i, value, abs(value) * per, y_left[k], y_right[k], min(1.0, abs(value) / largest), folded)
        for k, (j, i, value, folded) in enumerate(ends)
    ]


def _ends(gap: Gap, left: Column, right: Column) -> list[_End]:
    """The drawn edges, and a grey one for all that leads to or from folded units."""
    # What is folded is what is not shown: of large layers the shown part is by far the smaller.
    shown = gap.size[np.ix_(right.shown, left.shown)]
    to_folded = gap.of_right[right.shown] - shown.sum(axis=1, dtype=float)
    from_folded = gap.of_left[left.shown] - shown.sum(axis=0, dtype=float)
    between = float(gap.of_right.sum() - gap.of_right[right.shown].sum() - from_folded.sum())
    least = 1e-12 * float(gap.of_right.sum())  # less is but rounding
    ends = [_End(int(j), int(i), float(gap.matrix[j, i]), folded=False) for j, i in gap.edges]
    if left.hidden.size:
        ends += [_End(int(j), OTHER, float(to_folded[k]), folded=True) for k, j in enumerate(right.shown)]
    if right.hidden.size:
        ends += [_End(OTHER, int(i), float(from_folded[k]), folded=True) for k, i in enumerate(left.shown)]
    if left.hidden.size and right.hidden.size:
        ends.append(_End(OTHER, OTHER, between, folded=True))
    return [end for end in ends if (end.value > least if end.folded else end.value != 0)]


def _stack(layout: NeuronLayout, ends: list[_End], side: _Side) -> dict[int, float]:
    """The height of each ribbon's middle on one side; what a unit's stack lacks to its sum becomes a stub below."""
    members: dict[int, list[int]] = {unit: [] for unit in side.places}
    for k, end in enumerate(ends):
        members[side.units(end)[0]].append(k)
    per, middles = layout.per_relevance, {}
    for unit, ribbons in members.items():
        ribbons.sort(key=lambda k: (ends[k].folded, side.others[side.units(ends[k])[1]].y))
        drawn = sum(abs(ends[k].value) for k in ribbons)
        whole = drawn if unit == OTHER else float(side.total[unit])
        y = side.places[unit].y - whole * per / 2
        for k in ribbons:
            width = abs(ends[k].value) * per
            middles[k] = y + width / 2
            y += width
        rest = (whole - drawn) * per
        if rest > THINNEST_STUB:
            layout.stubs.append(Stub(side.column, unit, side.direction, rest, y + rest / 2))
    return middles


_T = np.linspace(0, 1, 65)
_X = 1.5 * _T * (1 - _T) ** 2 + 1.5 * _T**2 * (1 - _T) + _T**3
_Y = 3 * _T**2 * (1 - _T) + _T**3


def risen(x: float) -> float:
    """How far a ribbon has gone from its left to its right height where it has gone the share x of its way."""
    return float(np.interp(x, _X, _Y))
