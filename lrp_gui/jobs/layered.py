"""Layered layout of one block of a graph: ranks, an order in each that crosses little, coordinates.

Runs in a helper process (`lrp_gui.jobs.laying_out`), so it needs nothing but the standard library. Coordinates are as
in Sugiyama, Tagawa and Toda (1981): long edges pass through dummies, the order follows barycentres, and every rank is
placed by least squares under its distances (pool adjacent violators).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

Edge = tuple[int, int]
Size = tuple[float, float]

RANK_GAP = 24.0
NODE_GAP = 18.0
DUMMY_GAP = 8.0
DUMMY = 4.0  # how wide the way of an edge is
LANE = 14.0  # between edges that go from one column to the next
GUTTER = 26.0
SHAPE = 1.7  # width to height that chains are wrapped to, unless somebody says otherwise
SHORTEST_WRAPPED = 4  # ranks
MOST_COLUMNS = 12
COLUMN_COST = 0.04  # a column more has to make the whole so much larger
INNER_SHAPES = (1.0, 0.5, 2.0, 0.25, 4.0)  # what is inside is tried at, times the shape of the whole
MOST_TRIED = 24  # blocks: of more, nobody can read all at once anyway
MOST_DUMMIES = 3000  # of one block; edges beyond that go straight
SWEEPS = 6


@dataclass
class Ranked:
    """A block's ranks in their order. Numbers from `count` on are dummies; `ways` are those of each edge."""

    count: int
    ranks: list[list[int]]
    ways: dict[Edge, list[int]]
    below: list[list[int]]
    above: list[list[int]]
    rank_of: list[int] = field(default_factory=list)
    entry: bool = False
    exit_: bool = False


@dataclass
class Placed:
    """Left upper corners of the items, the way of each edge as points, the size of the whole, columns' first ranks."""

    corners: list[tuple[float, float]]
    routes: dict[Edge, list[tuple[float, float]]]
    size: Size
    cuts: list[int]


def ranked(count: int, edges: Sequence[Edge], *, entry: bool = False, exit_: bool = False) -> Ranked:
    """Ranks by the longest way, dummies where an edge passes ranks, and an order in each rank.

    Items are numbered so that most edges lead upwards; what leads back counts as turned round. `entry`: the first item
    is where ways come in, and stands above all; `exit_`: the last is where they go out, and stands below all.
    """
    forward = sorted({(min(a, b), max(a, b)) for a, b in edges if a != b})
    rank = [0] * count
    readers: list[list[int]] = [[] for _ in range(count)]
    sources: list[list[int]] = [[] for _ in range(count)]
    for a, b in forward:
        rank[b] = max(rank[b], rank[a] + 1)  # sorted: all that leads to `a` has been seen
        readers[a].append(b)
        sources[b].append(a)
    for item in reversed(range(count)):  # what nothing leads to stands next to what it leads to
        if not sources[item] and readers[item]:
            rank[item] = min(rank[reader] for reader in readers[item]) - 1
    if entry:
        rank[0] = 0
    if exit_:
        rank[-1] = max(rank)
    return replace(_with_dummies(count, forward, rank), entry=entry, exit_=exit_)


def _with_dummies(count: int, edges: list[Edge], rank: list[int]) -> Ranked:
    ranks: list[list[int]] = [[] for _ in range(max(rank, default=0) + 1)]
    for item in range(count):
        ranks[rank[item]].append(item)
    below: list[list[int]] = [[] for _ in range(count)]
    above: list[list[int]] = [[] for _ in range(count)]
    rank_of, ways, total = list(rank), {}, count
    for a, b in edges:
        way = []
        if total - count + rank[b] - rank[a] - 1 <= MOST_DUMMIES:
            before = a
            for at in range(rank[a] + 1, rank[b]):
                way.append(total)
                ranks[at].append(total)
                below.append([])
                above.append([])
                rank_of.append(at)
                _join(before, total, below, above)
                before, total = total, total + 1
            _join(before, b, below, above)
        ways[a, b] = way
    found = Ranked(count, ranks, ways, below, above, rank_of)
    _order(found)
    return found


def _join(a: int, b: int, below: list[list[int]], above: list[list[int]]) -> None:
    below[a].append(b)
    above[b].append(a)


def _order(block: Ranked) -> None:
    """Bring each rank into an order that crosses little; the best of what was met stays."""
    best, fewest = [list(row) for row in block.ranks], crossings(block)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        rows = range(1, len(block.ranks)) if down else range(len(block.ranks) - 2, -1, -1)
        near = block.above if down else block.below
        for at in rows:
            place = {item: n for n, item in enumerate(block.ranks[at - 1 if down else at + 1])}
            keys = {item: _barycentre(near[item], place, n) for n, item in enumerate(block.ranks[at])}
            block.ranks[at].sort(key=keys.__getitem__)
        now = crossings(block)
        if now < fewest:
            best, fewest = [list(row) for row in block.ranks], now
    block.ranks = best


def _barycentre(near: list[int], place: dict[int, int], here: int) -> float:
    return sum(place[item] for item in near) / len(near) if near else float(here)


def crossings(block: Ranked) -> int:
    """How often edges cross between neighbouring ranks."""
    total = 0
    for at, row in enumerate(block.ranks[:-1]):
        place = {item: n for n, item in enumerate(block.ranks[at + 1])}
        ends = [end for item in row for end in sorted(place[b] for b in block.below[item])]
        total += _inversions(ends)
    return total


def _inversions(numbers: list[int]) -> int:
    """Pairs that stand in the wrong order, counted while merging."""
    if len(numbers) < 2:
        return 0
    middle = len(numbers) // 2
    left, right = numbers[:middle], numbers[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    at = 0
    for number in right:
        while at < len(left) and left[at] <= number:
            at += 1
        count += len(left) - at
    return count


# --------------------------------------------------------------------------------------------------------- coordinates


def placed(
    block: Ranked,
    sizes: Sequence[Size],
    shape: float = SHAPE,
    cuts: Sequence[int] = (),
    doors: Mapping[int, tuple[float, float]] | None = None,
) -> Placed:
    """Where items of these sizes stand; chains are wrapped into columns, for a pane of this shape or as they were.

    `doors`: how far from their left edge ways come into items and go out of them; in the middle of those not named.
    """
    width = [sizes[item][0] if item < block.count else DUMMY for item in range(len(block.rank_of))]
    heights = [max((sizes[item][1] for item in row if item < block.count), default=0.0) for row in block.ranks]
    middle = _across(block, width)
    spans = [_span(row, middle, width) for row in block.ranks]
    columns = _cut(cuts, len(block.ranks)) if cuts else _columns(block, spans, heights, shape)
    band = _band(block, columns)
    corners: list[tuple[float, float]] = [(0.0, 0.0)] * block.count
    place = _Ways(block, [0.0] * len(width), [0.0] * len(heights), heights, [], [0] * len(heights), band, doors or {})
    left, tallest = 0.0, 0.0
    for number, rows in enumerate(columns):
        low, high, lanes = _extent(block, spans, columns, number)
        top = band
        for at in rows:
            place.column_of[at], place.tops[at] = number, top
            for item in block.ranks[at]:
                place.x[item] = left + middle[item] - low
                if item < block.count:
                    corners[item] = (place.x[item] - width[item] / 2, top + (heights[at] - sizes[item][1]) / 2)
            top += heights[at] + RANK_GAP
        tallest = max(tallest, top - RANK_GAP)
        place.rights.append(left + high - low)
        left += high - low + lanes
    return Placed(corners, place.routes(corners, sizes), (left, tallest + band), [rows[0] for rows in columns])


def _span(row: list[int], middle: list[float], width: list[float]) -> tuple[float, float]:
    """How far a rank reaches to the left and to the right."""
    return (
        min((middle[item] - width[item] / 2 for item in row), default=0.0),
        max((middle[item] + width[item] / 2 for item in row), default=0.0),
    )


def _extent(
    block: Ranked, spans: list[tuple[float, float]], columns: list[list[int]], number: int
) -> tuple[float, float, float]:
    """How far a column reaches to the left and to the right, and the room for the ways to the next one."""
    rows = columns[number]
    low, high = min(spans[at][0] for at in rows), max(spans[at][1] for at in rows)
    return low, high, 0.0 if number + 1 == len(columns) else GUTTER + LANE * _crossing(block, rows[-1])


def _across(block: Ranked, width: list[float]) -> list[float]:
    """The middle of each item: near those it is joined to, in its rank's order."""
    middle = [0.0] * len(width)
    for row in block.ranks:
        x = 0.0
        for item in row:
            middle[item] = x + width[item] / 2
            x += width[item] + NODE_GAP
        for item in row:
            middle[item] -= (x - NODE_GAP) / 2
    for sweep in range(8):
        down = sweep % 2 == 0
        rows = block.ranks[1:] if down else block.ranks[-2::-1]
        near = block.above if down else block.below
        for row in rows:
            wanted = [_wanted(item, near[item], middle, block.count) for item in row]
            for item, x in zip(row, _apart(row, wanted, width, block.count), strict=True):
                middle[item] = x
    return middle


def _wanted(item: int, near: list[int], middle: list[float], count: int) -> tuple[float, float]:
    """Where an item would like to stand, and how much: the ways of long edges want to be straight."""
    if not near:
        return middle[item], 0.1
    return sum(middle[one] for one in near) / len(near), 8.0 if item >= count and near[0] >= count else 1.0


def _apart(row: list[int], wanted: list[tuple[float, float]], width: list[float], count: int) -> list[float]:
    """As near to what is wanted as distances let them: least squares."""
    offsets, x = [], 0.0
    for n, item in enumerate(row):
        if n:
            before = row[n - 1]
            gap = DUMMY_GAP if item >= count or before >= count else NODE_GAP
            x += (width[before] + width[item]) / 2 + gap
        offsets.append(x)
    pools: list[list[float]] = []  # mean, weight, how many
    for (place, weight), offset in zip(wanted, offsets, strict=True):
        pools.append([place - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, heavy, many = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * heavy) / (last[1] + heavy)
            last[1] += heavy
            last[2] += many
    means = [mean for mean, _, many in pools for _ in range(int(many))]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _columns(block: Ranked, spans: list[tuple[float, float]], heights: list[float], shape: float) -> list[list[int]]:
    """Ranks of each column: those with which the whole is seen largest in a pane of this shape."""
    count = len(heights)
    total = sum(heights) + RANK_GAP * count
    tallest = max(heights, default=0.0) + RANK_GAP
    most = min(count, MOST_COLUMNS) if count >= SHORTEST_WRAPPED else 1
    rooms = {max(tallest, total / n * slack) for n in range(1, most + 1) for slack in (1.0, 1.15)}
    choices = [_filled(block, heights, room) for room in sorted(rooms, reverse=True)]
    return min(choices, key=lambda columns: _cost(block, spans, heights, columns, shape))


def _band(block: Ranked, columns: list[list[int]]) -> float:
    """The room above and below all, where ways go from column to column."""
    ways = max((_crossing(block, rows[-1]) for rows in columns[:-1]), default=0)
    return max(RANK_GAP, LANE * (ways + 1)) if ways else 0.0


def _filled(block: Ranked, heights: list[float], room: float) -> list[list[int]]:
    """Columns that are filled as far as the room lets them, cut where few ways go on."""
    cuts, start, used = [0], 0, 0.0
    for at, height in enumerate(heights):
        if any(_may_end(block, row) for row in range(start, at)) and used + height + RANK_GAP > room * (1 + 1e-9):
            start = _best_cut(block, start, at - 1) + 1
            cuts.append(start)
            used = sum(heights[start:at]) + RANK_GAP * (at - start)
        used += height + RANK_GAP
    return _cut(cuts, len(heights))


def _cut(cuts: Sequence[int], count: int) -> list[list[int]]:
    """Ranks of each column, of which the first ones are known."""
    return [list(range(low, high)) for low, high in zip(cuts, [*cuts[1:], count], strict=True)]


def _cost(
    block: Ranked, spans: list[tuple[float, float]], heights: list[float], columns: list[list[int]], shape: float
) -> float:
    """How large a pane has to be for the whole of it; a little more for each column."""
    extents = [_extent(block, spans, columns, number) for number in range(len(columns))]
    width = sum(high - low + lanes for low, high, lanes in extents)
    height = max(sum(heights[at] + RANK_GAP for at in rows) for rows in columns)
    return max(width / shape, height + 2 * _band(block, columns)) * (1 + COLUMN_COST * (len(columns) - 1))


def _best_cut(block: Ranked, start: int, at: int) -> int:
    """Of the last few ranks of a column the one after which the fewest edges go on."""
    rows = [row for row in range(at, start - 1, -1) if _may_end(block, row)]
    return min(rows[: 1 + (at - start) // 4], key=lambda row: _crossing(block, row))


def _may_end(block: Ranked, at: int) -> bool:
    """Whether a column may end with a rank: where ways come in or go out there is no column of its own."""
    return not (block.entry and at == 0) and not (block.exit_ and at == len(block.ranks) - 2)


def _crossing(block: Ranked, at: int) -> int:
    return sum(len(block.below[item]) for item in block.ranks[at])


@dataclass
class _Ways:
    """Where ranks and columns lie, and how edges run between them: sideways only where no box can stand."""

    block: Ranked
    x: list[float]  # of items and dummies, their middle
    tops: list[float]  # of ranks
    heights: list[float]
    rights: list[float]  # of columns
    column_of: list[int]  # of ranks
    band: float
    doors: Mapping[int, tuple[float, float]]
    heads: dict[int, float] = field(default_factory=dict)  # where ways come into items, and go out
    feet: dict[int, float] = field(default_factory=dict)

    def routes(
        self, corners: list[tuple[float, float]], sizes: Sequence[Size]
    ) -> dict[Edge, list[tuple[float, float]]]:
        """From the foot of an item to the head of the other, through its dummies, and round by the gutters."""
        for item, (enter, leave) in self.doors.items():
            self.heads[item], self.feet[item] = corners[item][0] + enter, corners[item][0] + leave
        lanes = self._lanes()
        found = {}
        for (a, b), way in self.block.ways.items():
            foot, head = self._foot(a), self._head(b)
            route = [(foot, corners[a][1] + sizes[a][1]), (foot, self._bottom(a))]
            before = a
            for item in (*way, b):
                around = lanes.get((before, item))
                if around is not None:
                    route += around
                route.append((self._head(item), self.tops[self.block.rank_of[item]]))
                if item != b:
                    route.append((self.x[item], self._bottom(item)))
                before = item
            found[a, b] = [*route, (head, corners[b][1])]
        return found

    def _head(self, item: int) -> float:
        return self.heads.get(item, self.x[item])

    def _foot(self, item: int) -> float:
        return self.feet.get(item, self.x[item])

    def _bottom(self, item: int) -> float:
        rank = self.block.rank_of[item]
        return self.tops[rank] + self.heights[rank]

    def _lanes(self) -> dict[Edge, list[tuple[float, float]]]:
        """Each step from a column to the next: under the one, up beside it, over the other; none crosses another."""
        steps: dict[int, list[Edge]] = {}
        for item, readers in enumerate(self.block.below):
            column = self.column_of[self.block.rank_of[item]]
            for reader in readers:
                if self.column_of[self.block.rank_of[reader]] == column + 1:
                    steps.setdefault(column, []).append((item, reader))
        found = {}
        for column, pairs in steps.items():
            pairs.sort(key=lambda pair: (-self._foot(pair[0]), -self._head(pair[1])))  # from the gutter to the left
            for n, (item, reader) in enumerate(pairs):
                lane = self.rights[column] + GUTTER / 2 + LANE * n
                step = self.band / (len(pairs) + 1)
                found[item, reader] = [
                    (lane, self._bottom(item) + step * (n + 1)),
                    (lane, step * (n + 1)),
                ]
        return found


# -------------------------------------------------------------------------------------------------- the helper process


def lay_out(blocks: Sequence[dict[str, Any]], pad: float, header: float, shape: float = SHAPE) -> list[dict[str, Any]]:
    """Blocks from the inside to the outside; an item's size is given, or is the number of the block inside it.

    What is not cut into columns yet is wrapped so that the whole is seen largest in a pane of this shape.
    """
    every = [
        ranked(
            len(block["sizes"]),
            [(a, b) for a, b in block["edges"]],
            entry=block.get("entry", False),
            exit_=block.get("exit", False),
        )
        for block in blocks
    ]
    shapes = [shape] * len(blocks)
    free = [n for n, block in enumerate(blocks[:-1]) if not block.get("cuts")]
    if blocks[-1].get("cuts") or len(blocks) > MOST_TRIED:
        free = []

    def tried(some: list[int], shape_: float) -> tuple[float, list[float], list[dict[str, Any]]]:
        chosen = [shape_ if n in some else one for n, one in enumerate(shapes)]
        found = _laid_out(blocks, every, pad, header, chosen)
        width, height = found[-1]["size"]
        return max(width / shape, height), chosen, found

    best = tried([], shape)
    for some in [free, *([n] for n in free)] if free else []:  # all alike, then each by itself
        best = min([best, *(tried(some, shape * inner) for inner in INNER_SHAPES)], key=itemgetter(0))
        shapes = best[1]
    return best[2]


def _laid_out(
    blocks: Sequence[dict[str, Any]], every: list[Ranked], pad: float, header: float, shapes: list[float]
) -> list[dict[str, Any]]:
    """With these shapes, one for each block."""
    found: list[dict[str, Any]] = []
    for block, ranks, shape in zip(blocks, every, shapes, strict=True):
        sizes: list[Size] = []
        doors = {}
        for item, size in enumerate(block["sizes"]):
            if isinstance(size, int):
                width, height = found[size]["size"]
                sizes.append((max(width + 2 * pad, block["narrowest"]), height + 2 * pad + header))
                aside, middle = (sizes[-1][0] - width) / 2, sizes[-1][0] / 2
                ports = [
                    x + wide / 2 for (x, _), (wide, _) in zip(found[size]["corners"], found[size]["sizes"], strict=True)
                ]
                doors[item] = (
                    aside + ports[0] if blocks[size].get("entry") else middle,
                    aside + ports[-1] if blocks[size].get("exit") else middle,
                )
            else:
                sizes.append((size[0], size[1]))
        place = placed(ranks, sizes, shape, block.get("cuts", ()), doors)
        routes = [[a, b, points] for (a, b), points in place.routes.items()]
        whole = {"corners": place.corners, "sizes": sizes, "routes": routes, "size": place.size, "cuts": place.cuts}
        found.append(whole)
    return found


def main() -> None:
    """Read one request, write one answer."""
    request = json.load(sys.stdin)
    json.dump(lay_out(**request), sys.stdout)


if __name__ == "__main__":
    main()
