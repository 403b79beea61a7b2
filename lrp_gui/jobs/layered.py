"""Layered layout of one block of a graph: ranks, an order in each that crosses little, coordinates.

Runs in a helper process (`lrp_gui.jobs.laying_out`), so it needs nothing but the standard library. Coordinates are as
in Sugiyama, Tagawa and Toda (1981): long edges pass through dummies, the order follows barycentres, and every rank is
placed by least squares under its distances (pool adjacent violators).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Edge = tuple[int, int]
Size = tuple[float, float]

RANK_GAP = 30.0
NODE_GAP = 18.0
DUMMY_GAP = 8.0
DUMMY = 4.0  # how wide the way of an edge is
LANE = 7.0  # between edges that go from one column to the next
GUTTER = 34.0
ASPECT = 1.7  # width to height that long chains are wrapped to
SHORTEST_WRAPPED = 8  # ranks
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


@dataclass
class Placed:
    """Left upper corners of the items, the way of each edge as points, and the size of the whole."""

    corners: list[tuple[float, float]]
    routes: dict[Edge, list[tuple[float, float]]]
    size: Size


def ranked(count: int, edges: Sequence[Edge]) -> Ranked:
    """Ranks by the longest way, dummies where an edge passes ranks, and an order in each rank.

    Items are numbered so that most edges lead upwards; what leads back counts as turned round.
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
    return _with_dummies(count, forward, rank)


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


def placed(block: Ranked, sizes: Sequence[Size]) -> Placed:
    """Where items of these sizes stand; long chains are wrapped into columns."""
    width = [sizes[item][0] if item < block.count else DUMMY for item in range(len(block.rank_of))]
    heights = [max((sizes[item][1] for item in row if item < block.count), default=0.0) for row in block.ranks]
    middle = _across(block, width)
    columns = _columns(block, middle, width, heights)
    corners: list[tuple[float, float]] = [(0.0, 0.0)] * block.count
    points: dict[int, tuple[float, float, float]] = {}  # dummy -> x, top, bottom
    left, tallest = 0.0, 0.0
    edges_of: list[tuple[float, float]] = []  # left and right of each column
    column_of = [0] * len(block.ranks)
    for number, rows in enumerate(columns):
        items = [item for at in rows for item in block.ranks[at]]
        low = min((middle[item] - width[item] / 2 for item in items), default=0.0)
        high = max((middle[item] + width[item] / 2 for item in items), default=0.0)
        top = 0.0
        for at in rows:
            column_of[at] = number
            for item in block.ranks[at]:
                x = left + middle[item] - low
                if item < block.count:
                    corners[item] = (x - width[item] / 2, top + (heights[at] - sizes[item][1]) / 2)
                else:
                    points[item] = (x, top, top + heights[at])
            top += heights[at] + RANK_GAP
        tallest = max(tallest, top - RANK_GAP)
        lanes = _crossing(block, rows[-1]) if number + 1 < len(columns) else 0
        edges_of.append((left, left + high - low))
        left += high - low + (GUTTER + LANE * lanes if number + 1 < len(columns) else 0.0)
    size = (left, tallest)
    routes = _routes(block, sizes, corners, points, edges_of, column_of, tallest)
    return Placed(corners, routes, size)


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


def _columns(block: Ranked, middle: list[float], width: list[float], heights: list[float]) -> list[list[int]]:
    """Ranks of each column: one, unless the chain is long."""
    every = list(range(len(block.ranks)))
    total = sum(heights) + RANK_GAP * len(heights)
    items = range(len(width))
    across = max((middle[n] + width[n] / 2 for n in items), default=1.0) - min(
        (middle[n] - width[n] / 2 for n in items), default=0.0
    )
    count = round((ASPECT * total / max(across + GUTTER, 1.0)) ** 0.5)
    if len(every) < SHORTEST_WRAPPED or count < 2 or total < 2 * across:
        return [every]
    share, columns, start, used = total / count, [], 0, 0.0
    for at in every:
        used += heights[at] + RANK_GAP
        last = at == every[-1]
        if last or (used >= share and len(columns) < count - 1):
            cut = at if last else _best_cut(block, start, at)
            columns.append(every[start : cut + 1])
            used = sum(heights[cut + 1 : at + 1]) + RANK_GAP * (at - cut)
            start = cut + 1
    return [rows for rows in columns if rows]


def _best_cut(block: Ranked, start: int, at: int) -> int:
    """Of the last few ranks of a column the one after which the fewest edges go on."""
    first = max(start, at - max(1, (at - start) // 4))
    return min(range(at, first - 1, -1), key=lambda row: _crossing(block, row))


def _crossing(block: Ranked, at: int) -> int:
    return sum(len(block.below[item]) for item in block.ranks[at])


def _routes(
    block: Ranked,
    sizes: Sequence[Size],
    corners: list[tuple[float, float]],
    points: dict[int, tuple[float, float, float]],
    edges_of: list[tuple[float, float]],
    column_of: list[int],
    tallest: float,
) -> dict[Edge, list[tuple[float, float]]]:
    """From the foot of an item to the head of the other, through its dummies, and round by the gutter."""
    lanes = [0] * len(edges_of)
    routes = {}
    for (a, b), way in block.ways.items():
        foot = (corners[a][0] + sizes[a][0] / 2, corners[a][1] + sizes[a][1])
        head = (corners[b][0] + sizes[b][0] / 2, corners[b][1])
        route, before, at = [foot], column_of[block.rank_of[a]], foot
        stops = [(points[dummy], column_of[block.rank_of[dummy]]) for dummy in way]
        stops.append(((head[0], head[1], head[1]), column_of[block.rank_of[b]]))
        for (x, top, bottom), column in stops:
            for gone in range(before, column):
                lane = edges_of[gone][1] + GUTTER / 2 + LANE * lanes[gone]
                lanes[gone] += 1
                route += [(lane, min(at[1] + RANK_GAP / 2, tallest)), (lane, -RANK_GAP / 2)]
            before = column
            route.append((x, top))
            if bottom > top:
                route.append((x, bottom))
            at = (x, bottom)
        routes[a, b] = route
    return routes


# -------------------------------------------------------------------------------------------------- the helper process


def lay_out(blocks: Sequence[dict[str, Any]], pad: float, header: float) -> list[dict[str, Any]]:
    """Blocks from the inside to the outside; an item's size is given, or is the number of the block inside it."""
    found: list[dict[str, Any]] = []
    for block in blocks:
        sizes = []
        for size in block["sizes"]:
            if isinstance(size, int):
                width, height = found[size]["size"]
                sizes.append((max(width + 2 * pad, block["narrowest"]), height + 2 * pad + header))
            else:
                sizes.append((size[0], size[1]))
        edges = [(a, b) for a, b in block["edges"]]
        place = placed(ranked(len(sizes), edges), sizes)
        routes = [[a, b, points] for (a, b), points in place.routes.items()]
        found.append({"corners": place.corners, "sizes": sizes, "routes": routes, "size": place.size})
    return found


def main() -> None:
    """Read one request, write one answer."""
    request = json.load(sys.stdin)
    json.dump(lay_out(**request), sys.stdout)


if __name__ == "__main__":
    main()
