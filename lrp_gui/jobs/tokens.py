"""Relevance by position and layer, for the pictures of transformers and of recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.jobs.arriving import Pace
from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.jobs.token_flows import flows
from lrp_gui.jobs.token_grid import ATTENTION, MLP, OTHER, Gap, Heads, Mixing, Point, TokenGrid
from lrp_gui.jobs.token_rows import rows_of, with_texts
from lrp_gui.jobs.token_stream import Block, Stream, Structure, find_streams
from lrp_gui.jobs.token_times import find_times, times_grid
from lrp_gui.languages import mark, thousands, tr

if TYPE_CHECKING:
    from torch.fx import Node

    import lrp_engine
    from lrp_engine import Explanation, Network
    from lrp_engine.explanation import Arrived
    from lrp_gui.jobs.requests import SampleRequest

Explain = Callable[..., Steps["Explanation"]]
MOST_POSITIONS = 1024  # where every one may read every other
MOST_IN_WINDOWS = 4096  # where each reads only those around it
NO_STRUCTURE = mark(
    "No stream of tokens with attention beside it was found in this network, and no "
    "recurrent layer. The scales Layers and Operations show it."
)


def token_grid(network: Network, request: SampleRequest, explain: Explain) -> Steps[TokenGrid]:
    """The grid of a transformer, else of a recurrent network; with a sentence where it is neither.

    Of a transformer what is known comes as `Part`s before: relevance as it arrives, then the ways through attentions.
    """
    grids = grids_of(network, request)
    if grids is None:
        structure = Structure(network)
        if find_streams(structure):
            return Grids(network, request).grid(None)
        times = find_times(structure)
        if not times:
            return TokenGrid(problem=tr(NO_STRUCTURE))
        return with_texts((yield from times_grid(network, request, structure, times, explain)), request)
    explanation = yield from explain(keep=grids.keep, arrivals=Arriving(grids))
    yield Progress(text=tr("Following the relevance of sample {sample} by token").format(sample=request.sample))
    if request.reference is None:
        yield from grids.follow(explanation)
    return grids.grid(explanation)


def grids_of(network: Network, request: SampleRequest) -> Grids | None:
    """What makes the grids of a transformer; None where there is no stream of tokens that can be drawn."""
    grids = Grids(network, request)
    return grids if grids.keep else None


class Arriving:
    """Hands over the grid as far as it is known, now and then."""

    def __init__(self, grids: Grids) -> None:
        self._grids, self._pace, self._told = grids, Pace(), -1

    def part(self, step: lrp_engine.Progress) -> Part | None:
        """What is to be told after a step; None where it is too soon, or nothing came since the last time."""
        found = step.arrived() if step.arrived is not None and self._pace.due else None
        if found is None or len(found.nodes) == self._told:
            return None
        self._told = len(found.nodes)
        grid = self._grids.so_far(found)
        self._pace.told()
        return Part(grid)


class Grids:
    """Grids of one explanation, from what is known of it on its way, and at its end. Each node is added up once."""

    def __init__(self, network: Network, request: SampleRequest) -> None:
        self._network, self._request = network, request
        self._structure = Structure(network)
        self._streams = find_streams(self._structure)
        self._small = [one for one in self._streams if not _too_large(self._structure, one)]
        self._flows: dict[Node, Heads] = {}
        self._mixings: dict[Node, Mixing | None] = {}  # by total of a block
        self._sums: dict[Node, np.ndarray] = {}
        self._texts: TokenGrid | None = None  # a grid with the texts of its positions
        #: names of the nodes whose relevance is needed
        self.keep = sorted({node.name for stream in self._small for node in _kept(stream)})

    def so_far(self, known: Arrived | Explanation) -> TokenGrid:
        """What is known while relevance is on its way, or before it has been followed through attentions."""
        return self.grid(known, whole=False)

    def follow(self, explanation: Explanation) -> Generator[Progress | Part, None, None]:
        """Through the attentions, from the first to the last; what was found comes as parts."""
        pace = Pace()
        yield Part(self.so_far(explanation))
        for step in flows(*(self._network, self._request, self._structure), self._small, explanation, self._flows):
            yield step
            if pace.due:
                part = Part(self.so_far(explanation))
                pace.told()
                yield part

    def grid(self, known: Arrived | Explanation | None, *, whole: bool = True) -> TokenGrid:
        """All parts, beside the longest of them."""
        parts = []
        for stream in self._streams:
            last = stream is self._streams[-1]
            if stream not in self._small or known is None:
                parts.append(TokenGrid(problem=_too_large(self._structure, stream), last=last))
            else:
                grid = self._with_texts(self._part(stream, known, whole))
                parts.append(replace(grid, last=last, whole=whole))
        longest = max(range(len(parts)), key=lambda n: len(parts[n].points))
        return replace(parts[longest], parts=tuple(parts)) if len(parts) > 1 else parts[0]

    def _with_texts(self, grid: TokenGrid) -> TokenGrid:
        if len(self._streams) > 1:
            return with_texts(grid, self._request)
        if self._texts is None:
            self._texts = replace(with_texts(replace(grid, notes=()), self._request), points=(), gaps=())
        return replace(grid, texts=self._texts.texts, notes=(*grid.notes, *self._texts.notes))

    def _part(self, stream: Stream, known: Arrived | Explanation, whole: bool) -> TokenGrid:
        """Points and gaps of one stream from the nodes' relevance."""
        structure = self._structure
        rows, units = structure.table(stream.end)
        nothing = np.zeros(rows)

        def of(node: Node) -> np.ndarray:
            if node.name not in known.nodes:
                return nothing
            if node not in self._sums:
                self._sums[node] = known.nodes[node.name].numpy().astype(np.float64).reshape(-1, units).sum(1)
            return self._sums[node]

        def point(node: Node, name: str) -> Point:
            found = known.nodes.get(node.name)
            strongest = None if found is None else found.reshape(-1, units).abs().argmax(1).numpy()
            return Point(node.meta.get("layer", ""), name, of(node), node.name, strongest, units)

        first = stream.blocks[0]
        points, gaps = [point(stream.start, "embedding")], []
        if first.root is not stream.start and structure.settled(first.root) is not structure.settled(stream.start):
            points.append(point(first.root, "stream"))
            gaps.append(Gap(OTHER, points[-1].layer, nothing, points[0].relevance, nothing))
        for n, block in enumerate(stream.blocks):
            after = stream.blocks[n + 1].root if n + 1 < len(stream.blocks) else stream.end
            if n + 1 < len(stream.blocks) and after is block.root:
                after = block.total  # side by side: both read the same
            branch, left = of(block.branch), points[-1].relevance
            skip = of(block.total) - branch
            if points[-1].tensor in known.nodes or whole:
                gaps.append(self._gap(block, branch, skip, left - skip))
            else:
                gaps.append(self._gap(block, nothing, nothing, nothing))
            points.append(point(after, "stream"))
        source, start, positions, patches = rows_of(self._network, structure, stream.start, rows)
        notes = ()
        if any(one.maps is None for gap in gaps for one in gap.heads):
            notes = (tr("The attention maps are too large to be kept for every head."),)
        missing = [n for n, one in enumerate(points) if one.tensor not in known.nodes]
        return TokenGrid(
            tuple(points),
            tuple(gaps),
            *(positions, source, start, patches),
            explained=float(known.score[0]),
            notes=notes,
            reached=missing[-1] + 1 if missing and not whole else 0,
        )

    def _gap(self, block: Block, branch: np.ndarray, skip: np.ndarray, into: np.ndarray) -> Gap:
        flows = self._flows
        heads = tuple(flows[one.product] for one in block.attentions if one.product in flows)
        mixing = None
        if heads and len(heads) == len(block.attentions):
            if block.total not in self._mixings:
                self._mixings[block.total] = _mixing(heads, len(branch))
            mixing = self._mixings[block.total]
        heads = tuple(one for one in heads if one.maps is not None or one.totals.size)
        layer = (
            block.attentions[0].product.meta.get("layer", "")
            if block.attentions
            else block.branch.meta.get("layer", "")
        )
        kind = ATTENTION if block.attentions else (MLP if block.alone else OTHER)
        return Gap(kind, layer, branch, skip, into, mixing, alone=block.alone, heads=heads)


def _mixing(heads: Sequence[Heads], rows: int) -> Mixing | None:
    """What all attentions of a block hand from row to row; None where it is not known which rows they join."""
    sums = [one.handed.sum(0) for one in heads if one.handed is not None]
    if len(sums) == len(heads) and all(one.shape == (rows, rows) for one in sums):
        return Mixing.of(np.sum(sums, axis=0))
    return Mixing.of_windows(heads[0]) if len(heads) == 1 else None


def _too_large(structure: Structure, stream: Stream) -> str:
    """Why a stream has too many positions; "" where they can be drawn."""
    rows = structure.table(stream.end)[0]
    read = max(one.weights.meta["shape"][-1] or 1 for block in stream.blocks for one in block.attentions)
    most = MOST_POSITIONS if read >= rows else MOST_IN_WINDOWS
    return (
        tr("The network has {rows} tokens here; up to {most} can be drawn on a grid.").format(
            rows=thousands(rows), most=thousands(most)
        )
        if rows > most
        else ""
    )


def _kept(stream: Stream) -> set[Node]:
    found = {stream.start, stream.end}
    for block in stream.blocks:
        found |= {block.total, block.branch, block.root}
        for one in block.attentions:
            found |= {one.product, one.values, one.weights}
            found |= {node for node in (one.scores, one.queries) if node is not None}
    return found
