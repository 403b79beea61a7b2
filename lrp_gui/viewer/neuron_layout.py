"""Where the circles and ribbons of a neuron graph go. One factor turns |R| into width, for the whole picture.

On each side of a circle the ribbons stand on each other in the order of their other ends, and their widths
sum to the |R| that passes there: drawn edges, the grey ribbon to the folded units, and a grey stub for edges
too weak to draw. So the stacks close with the flow matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lrp_gui.viewer.neurons import Column, Gap, NeuronGraph

OTHER = -1  # the unit that stands for all folded ones of a column
WIDEST = 24.0  # of a circle before it grows into a pill
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


def lay_out(graph: NeuronGraph, left: float, right: float, top: float, bottom: float) -> NeuronLayout:
    """Place every shown unit between the given edges."""
    columns, gaps = graph.columns, graph.gaps
    count = len(columns)
    x = [left + (right - left) * n / (count - 1) for n in range(count)]
    stacks = [_stacks(n, columns, gaps) for n in range(count)]
    height = bottom - top
    per = _factor(stacks, height)
    places = [_place(column, stack, per, top, bottom) for column, stack in zip(columns, stacks, strict=True)]
    layout = NeuronLayout(x, places, per)
    for n, gap in enumerate(gaps):
        _ribbons(layout, n, gap, columns[n], columns[n + 1], places[n], places[n + 1])
    return layout


def _units(column: Column) -> list[int]:
    return [*map(int, column.shown), *([OTHER] if column.hidden.size else [])]


def _stacks(n: int, columns: tuple[Column, ...], gaps: tuple[Gap, ...]) -> dict[int, float]:
    """Σ|R| through each shown unit: the larger of its two sides."""
    column = columns[n]
    sides = []
    if n > 0:
        sides.append(np.abs(gaps[n - 1].matrix).sum(axis=1))
    if n < len(gaps):
        sides.append(np.abs(gaps[n].matrix).sum(axis=0))
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
    return min(height * FILL / fullest, height * 0.5 / tallest)


def _place(column: Column, stack: dict[int, float], per: float, top: float, bottom: float) -> dict[int, Place]:
    """Slots as tall as what passes through, with equal air between; few units stay together in the middle."""
    count = len(stack)
    if not count:
        return {}
    height = bottom - top
    smallest = min(11.0, max(1.2, 0.5 * height / count))
    heights = {unit: max(smallest, per * value) for unit, value in stack.items()}
    taken = sum(heights.values())
    if taken > height * 0.96:  # many weak units: shrink what is there for looks, never the ribbons' scale
        smallest = max(0.6, smallest * 0.4)
        heights = {unit: max(smallest, per * value) for unit, value in stack.items()}
        taken = sum(heights.values())
    air = max(0.0, height - taken) / (count + 1)
    air = min(air, 34.0 if column.is_input or column.is_output else 26.0)
    y = top + (height - taken - air * (count - 1)) / 2
    places = {}
    for unit in stack:
        tall = heights[unit]
        places[unit] = Place(y + tall / 2, tall, min(tall, WIDEST))
        y += tall + air
    return places


def _ribbons(
    layout: NeuronLayout, n: int, gap: Gap, left: Column, right: Column, at_left: dict[int, Place], at_right: dict[int, Place]
) -> None:
    """Stack the ends of every ribbon of one gap, on both sides, in the order of the other ends."""
    per = layout.per_relevance
    matrix = gap.matrix
    largest = float(np.abs(matrix).max()) or 1.0
    ends = [(int(j), int(i), float(matrix[j, i]), False) for j, i in gap.edges]
    size = np.abs(matrix)
    if left.hidden.size:
        sums = size[:, left.hidden].sum(axis=1)
        ends += [(int(j), OTHER, float(sums[j]), True) for j in right.shown]
    if right.hidden.size:
        sums = size[right.hidden].sum(axis=0)
        ends += [(OTHER, int(i), float(sums[i]), True) for i in left.shown]
    if left.hidden.size and right.hidden.size:
        ends.append((OTHER, OTHER, float(size[np.ix_(right.hidden, left.hidden)].sum()), True))
    ends = [end for end in ends if end[2] != 0]
    y_right = _stack_ends(ends, 0, 1, at_right, at_left, size.sum(axis=1), per)
    y_left = _stack_ends(ends, 1, 0, at_left, at_right, size.sum(axis=0), per)
    layout.ribbons += [
        Ribbon(n, j, i, value, abs(value) * per, y_left[k][0], y_right[k][0], min(1.0, abs(value) / largest), folded)
        for k, (j, i, value, folded) in enumerate(ends)
    ]
    _stubs(layout, n + 1, -1, size.sum(axis=1), right, at_right, ends, 0, y_right)
    _stubs(layout, n, +1, size.sum(axis=0), left, at_left, ends, 1, y_left)


def _stack_ends(
    ends: list, own: int, far: int, places: dict[int, Place], others: dict[int, Place], total: np.ndarray, per: float
) -> dict[int, tuple[float, float]]:
    """For each ribbon its centre and lower edge at one of its two ends."""
    by_unit: dict[int, list[int]] = {}
    for k, end in enumerate(ends):
        by_unit.setdefault(end[own], []).append(k)
    result = {}
    for unit, members in by_unit.items():
        members.sort(key=lambda k: (ends[k][3], others[ends[k][far]].y))
        place = places[unit]
        stack = float(total[unit]) if unit != OTHER else sum(abs(ends[k][2]) for k in members)
        y = place.y - stack * per / 2
        for k in members:
            width = abs(ends[k][2]) * per
            result[k] = (y + width / 2, y + width)
            y += width
    return result


def _stubs(
    layout: NeuronLayout, n: int, side: int, total: np.ndarray, column: Column, places: dict[int, Place], ends: list, own: int, y: dict
) -> None:
    """What each unit's stack lacks to its sum."""
    drawn: dict[int, float] = {}
    bottom: dict[int, float] = {}
    for k, end in enumerate(ends):
        drawn[end[own]] = drawn.get(end[own], 0.0) + abs(end[2])
        bottom[end[own]] = max(bottom.get(end[own], -np.inf), y[k][1])
    for unit in map(int, column.shown):
        rest = float(total[unit]) - drawn.get(unit, 0.0)
        width = rest * layout.per_relevance
        if width > 0.15:
            low = bottom.get(unit, places[unit].y - float(total[unit]) * layout.per_relevance / 2)
            layout.stubs.append(Stub(n, unit, side, width, low + width / 2))
