"""Where everything stands in the graph of operations: computed in a helper process, which can be stopped at any time.

A layout that hangs cannot be interrupted inside this process; a helper can be killed. Only open groups are laid out,
each by itself, so opening one leaves the order and the columns in the others as they were.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from lrp_engine import own_programs
from lrp_engine.errors import LrpError
from lrp_gui.jobs.layered import SHAPE
from lrp_gui.jobs.operations import Group, Operations, grouped, opened_by, operations_of
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import thousands, tr

if TYPE_CHECKING:
    from lrp_engine import Network

TIME_OUT = 20.0  # seconds
POLL = 0.02
KEPT = 12  # layouts of one network
NODE, FOLDED = (144.0, 40.0), (168.0, 46.0)
PORT = (4.0, 2.0)
PAD, HEADER = 12.0, 26.0
LEAF, CLOSED, OPEN = range(3)
WHOLE, IN, OUT = -1, -2, -3  # in place of items: all that is drawn, and the ports of a block


class LayoutError(LrpError):
    """The graph could not be laid out."""


Cuts = dict[str, list[int]]  # by a group's path, the first ranks of its columns


@dataclass(frozen=True)
class OperationLayout:
    """Items (nodes, folded groups, open groups around them) and segments (bundles of edges), in layout units."""

    graph: Operations
    toggled: frozenset[str]
    rects: np.ndarray  # (items, 4): left, top, width, height
    kinds: np.ndarray  # (items,): LEAF, CLOSED, OPEN
    depths: np.ndarray  # (items,)
    parents: np.ndarray  # (items,): the open group around it, or -1
    nodes: np.ndarray  # (items,): number of the node, or -1 of a group
    names: tuple[str, ...]
    paths: tuple[str, ...]  # of groups; of a node its layer
    counts: np.ndarray  # (items,): nodes in it
    item_of: np.ndarray  # (nodes,): the item that shows a node
    points: np.ndarray  # (points, 2), of all segments one after the other
    starts: np.ndarray  # (segments + 1,) into `points`
    carried: np.ndarray  # numbers of edges, of all segments one after the other
    carried_starts: np.ndarray  # (segments + 1,) into `carried`
    between: np.ndarray  # (segments, 2): items that it joins
    size: tuple[float, float] = (1.0, 1.0)
    shape: float = SHAPE  # of the pane that it was made for
    inside: dict[int, np.ndarray] = field(default_factory=dict)  # folded group's item -> its nodes

    @cached_property
    def bundles(self) -> np.ndarray:
        """(segments,) bool: False for the rest of a bundle's way, from an open group's frame to a box inside it."""
        one, other = self.between.reshape(-1, 2).T
        return (self.parents[one] != other) & (self.parents[other] != one)

    def along(self, segments: np.ndarray) -> np.ndarray:
        """(segments,) bool: those that carry an edge of the `segments` (bool) named."""
        if not self.carried.size:
            return segments
        edges = np.zeros(len(self.graph.edges), dtype=bool)
        edges[self.carried[np.repeat(segments, np.diff(self.carried_starts))]] = True
        return np.logical_or.reduceat(edges[self.carried], self.carried_starts[:-1])


@dataclass
class _Known:
    """What is kept of a network: its groups, the last layouts, and where columns begin in each group."""

    graph: Operations
    root: Group
    layouts: OrderedDict[tuple[float, frozenset[str]], OperationLayout] = field(default_factory=OrderedDict)
    cuts: dict[float, Cuts] = field(default_factory=dict)  # by the shape of the pane


_known: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()
_KEEPING = Lock()  # a cancelled job that comes to its end behind may be at it as well


def layout_of(network: Network, toggled: frozenset[str], shape: float = SHAPE) -> Steps[OperationLayout]:
    """The layout with these groups opened or folded otherwise than at first, for a pane of this width to height.

    What was opened once has the same columns ever after.

    Raises
    ------
    LayoutError
        If the helper does not come to an end in time, or fails.
    """
    if network.graph not in _known:
        yield Progress(text=tr("Looking through the operations"))
        graph = operations_of(network)
        _known[network.graph] = _Known(graph, grouped(graph))
    known = _known[network.graph]
    cuts = known.cuts.setdefault(shape, {})
    layout = known.layouts.get((shape, toggled)) or (
        yield from lay_out(known.graph, known.root, toggled, shape=shape, cuts=cuts)
    )
    with _KEEPING:
        known.layouts[shape, toggled] = layout
        known.layouts.move_to_end((shape, toggled))
        while len(known.layouts) > KEPT:
            known.layouts.popitem(last=False)
    return layout


def lay_out(
    graph: Operations,
    root: Group,
    toggled: frozenset[str],
    time_out: float = TIME_OUT,
    *,
    shape: float = SHAPE,
    cuts: Cuts | None = None,
) -> Steps[OperationLayout]:
    """Lay a graph out in a helper process; columns are as in `cuts`, where those of other groups are added."""
    plan = _Plan(graph, root, opened_by(root, toggled))
    cuts = {} if cuts is None else cuts
    answer = yield from _ask({**plan.request(cuts), "shape": shape}, len(graph.names), time_out)
    with _KEEPING:
        for path, found in zip(plan.block_paths(), answer, strict=True):
            cuts.setdefault(path, found["cuts"])
    return plan.layout(answer, toggled, shape)


def _ask(request: dict[str, Any], nodes: int, time_out: float) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Send the request to a helper and wait for it, giving way in between; it is killed when nobody waits any more."""
    # Not through a pipe: what a time-out leaves unwritten, `communicate` does not write any more.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as question:
        json.dump(request, question)
        question.seek(0)
        helper = subprocess.Popen(  # noqa: S603 - this program's own file, by this interpreter
            own_programs.command("lrp_gui.jobs.layered", "-I"),
            stdin=question, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    began = time.monotonic()
    try:
        while True:
            try:
                out, problem = helper.communicate(timeout=POLL)
            except subprocess.TimeoutExpired:
                if time.monotonic() - began > time_out:
                    raise LayoutError(
                        tr(
                            "Laying out {nodes} operations took more than {time_out:g} s and was stopped; fold a group."
                        ).format(nodes=thousands(nodes), time_out=time_out)
                    ) from None
                yield Progress(text=tr("Laying out {nodes} operations").format(nodes=thousands(nodes)))
                continue
            if helper.returncode:
                raise LayoutError(
                    tr("The graph could not be laid out: {reason}.").format(
                        reason=(problem.strip().splitlines() or ["?"])[-1]
                    )
                )
            return json.loads(out)
    finally:
        if helper.poll() is None:
            helper.kill()
            helper.communicate()


class _Plan:
    """Which items there are, in which block, and which segments join them."""

    def __init__(self, graph: Operations, root: Group, opened: frozenset[str]) -> None:
        self.graph, self.opened = graph, opened
        self.items: list[int | Group] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.item_of = np.zeros(len(graph.names), dtype=np.int32)
        self.frames: dict[int, list[int]] = {WHOLE: []}  # open item, or WHOLE -> items in it
        self._add(root, WHOLE, 0)
        # (block, item or IN, item or OUT) -> numbers of edges
        self.segments: dict[tuple[int, int, int], list[int]] = {}
        for number, (source, reader) in enumerate(graph.edges.tolist()):
            self._join(number, int(self.item_of[source]), int(self.item_of[reader]))
        self.blocks: list[int] = []  # from the inside to the outside
        self.slots: dict[int, dict[int, int]] = {}

    def _add(self, group: Group, frame: int, depth: int) -> None:
        for member in group.members:
            item = len(self.items)
            self.items.append(member)
            self.parents.append(frame)
            self.depths.append(depth)
            self.frames[frame].append(item)
            if isinstance(member, int):
                self.item_of[member] = item
            elif member.path in self.opened:
                self.frames[item] = []
                self._add(member, item, depth + 1)
            else:
                self.item_of[list(member.nodes())] = item

    def _join(self, edge: int, source: int, reader: int) -> None:
        """Hand an edge to the segment between its ends, and to those that lead to them through open groups."""
        if source == reader:
            return  # inside a folded group
        up, down = self._way(source), self._way(reader)
        level = 0
        while up[level] == down[level]:
            level += 1
        frame = up[level - 1] if level else WHOLE
        self.segments.setdefault((frame, up[level], down[level]), []).append(edge)
        for at in range(level, len(up) - 1):
            self.segments.setdefault((up[at], up[at + 1], OUT), []).append(edge)
        for at in range(level, len(down) - 1):
            self.segments.setdefault((down[at], IN, down[at + 1]), []).append(edge)

    def _way(self, item: int) -> list[int]:
        """The open groups around an item, from the outermost, and the item."""
        way = []
        while item >= 0:
            way.append(item)
            item = self.parents[item]
        return way[::-1]

    def block_paths(self) -> list[str]:
        """The paths of the groups that are laid out; "" of the whole."""
        return [self._path(frame) for frame in self.blocks]

    def _path(self, frame: int) -> str:
        group = self.items[frame] if frame >= 0 else None
        return group.path if isinstance(group, Group) else ""

    def request(self, cuts: Cuts) -> dict[str, Any]:
        """What the helper needs to know."""
        edges: dict[int, set[tuple[int, int]]] = {frame: set() for frame in self.frames}
        for frame, source, reader in self.segments:
            edges[frame].add((source, reader))
        self.blocks = sorted(self.frames, key=lambda frame: -1 if frame < 0 else self.depths[frame], reverse=True)
        number = {frame: n for n, frame in enumerate(self.blocks)}
        blocks = []
        for frame in self.blocks:
            ports = {end for pair in edges[frame] for end in pair if end < 0}
            inside = [*([IN] if IN in ports else []), *self.frames[frame], *([OUT] if OUT in ports else [])]
            slots = self.slots[frame] = {item: n for n, item in enumerate(inside)}
            sizes = [number[item] if item in self.frames else self._size(item) for item in inside]
            pairs = sorted((slots[a], slots[b]) for a, b in edges[frame])
            block = {"sizes": sizes, "edges": pairs, "narrowest": FOLDED[0], "cuts": cuts.get(self._path(frame), [])}
            blocks.append({**block, "entry": IN in ports, "exit": OUT in ports})
        return {"blocks": blocks, "pad": PAD, "header": HEADER}

    def _size(self, item: int) -> tuple[float, float]:
        if item < 0:
            return PORT
        return NODE if isinstance(self.items[item], int) else FOLDED

    def layout(self, answer: list[dict[str, Any]], toggled: frozenset[str], shape: float) -> OperationLayout:
        """Put the blocks into each other."""
        found = dict(zip(self.blocks, answer, strict=True))
        rects = np.zeros((len(self.items), 4))
        origins = {WHOLE: (0.0, 0.0)}
        routes: dict[tuple[int, int, int], np.ndarray] = {}
        for frame in reversed(self.blocks):  # from the outside to the inside
            block, slots, (left, top) = found[frame], self.slots[frame], origins[frame]
            for item, slot in slots.items():
                if item >= 0:
                    x, y = block["corners"][slot]
                    rects[item] = left + x, top + y, *block["sizes"][slot]
                    if item in self.frames:
                        spare = rects[item, 2] - found[item]["size"][0]
                        origins[item] = (left + x + spare / 2, top + y + PAD + HEADER)
            item_at = {slot: item for item, slot in slots.items()}
            for a, b, points in block["routes"]:
                ends = item_at[a], item_at[b]
                routes[frame, *ends] = self._route(np.add(points, (left, top)), ends, rects[frame])
        return replace(self._filled(rects, routes, toggled), size=tuple(map(float, found[WHOLE]["size"])), shape=shape)

    @staticmethod
    def _route(points: np.ndarray, ends: tuple[int, int], frame: np.ndarray) -> np.ndarray:
        """A way inside a group goes on to the group's edge, upright: nothing stands above where it comes in."""
        if ends[0] == IN:
            points = np.concatenate([[(points[0][0], frame[1])], points])
        if ends[1] == OUT:  # the last of the last column
            points = np.concatenate([points, [(points[-1][0], frame[1] + frame[3])]])
        return points

    def _filled(
        self,
        rects: np.ndarray,
        routes: dict[tuple[int, int, int], np.ndarray],
        toggled: frozenset[str],
    ) -> OperationLayout:
        graph = self.graph
        ways, carried, between = [], [], []
        for (frame, a, b), edges in self.segments.items():
            way = routes.get((frame, a, b))
            ways.append(routes[frame, b, a][::-1] if way is None else way)
            carried.append(edges)
            between.append((a if a >= 0 else frame, b if b >= 0 else frame))
        inside = {
            item: np.fromiter(member.nodes(), dtype=np.int32)
            for item, member in enumerate(self.items)
            if isinstance(member, Group)
        }
        kinds = [
            LEAF if isinstance(one, int) else OPEN if n in self.frames else CLOSED for n, one in enumerate(self.items)
        ]
        return OperationLayout(
            graph=graph,
            toggled=toggled,
            rects=rects,
            kinds=np.array(kinds, dtype=np.int8),
            depths=np.array(self.depths, dtype=np.int32),
            parents=np.array(self.parents, dtype=np.int32),
            nodes=np.array([one if isinstance(one, int) else -1 for one in self.items], dtype=np.int32),
            names=tuple(_name(graph, one) for one in self.items),
            paths=tuple(
                graph.layers[one] or graph.names[one] if isinstance(one, int) else one.path for one in self.items
            ),
            counts=np.array([inside[n].size if n in inside else 1 for n in range(len(self.items))], dtype=np.int32),
            item_of=self.item_of,
            points=np.concatenate(ways).astype(np.float64) if ways else np.zeros((0, 2)),
            starts=np.cumsum([0, *map(len, ways)]),
            carried=np.array([edge for edges in carried for edge in edges], dtype=np.int32),
            carried_starts=np.cumsum([0, *map(len, carried)]),
            between=np.array(between, dtype=np.int32).reshape(-1, 2),
            inside=inside,
        )


def _name(graph: Operations, one: int | Group) -> str:
    """A group by its module; a node by its module's last part where that is its alone, else by its operation."""
    if isinstance(one, Group):
        return one.name
    if graph.operations[one] == "input":
        return graph.names[one]
    return graph.operations[one]
