"""Relevance by position and layer, for the pictures of transformers and of recurrent networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.jobs.token_grid import ATTENTION, MLP, OTHER, Gap, Heads, Mixing, Point, TokenGrid
from lrp_gui.jobs.token_rows import rows_of, with_texts
from lrp_gui.jobs.token_stream import Attention, Block, Stream, Structure, find_streams
from lrp_gui.jobs.token_times import find_times, times_grid
from lrp_gui.languages import mark, thousands, tr

if TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import Node

    from lrp_engine import Explanation, Network
    from lrp_gui.jobs.requests import SampleRequest

Explain = Callable[..., Steps["Explanation"]]
MOST_MAPS = 24_000_000  # numbers in all attention maps that are kept; beyond it only their sum over heads is
MOST_POSITIONS = 1024  # where every one may read every other
MOST_IN_WINDOWS = 4096  # where each reads only those around it
EPSILON = re.compile(r"epsilon=([-+.\deE]+)")
NO_STRUCTURE = mark(
    "No stream of tokens with attention beside it was found in this network, and no "
    "recurrent layer. The scales Layers and Operations show it."
)


def token_grid(network: Network, request: SampleRequest, explain: Explain) -> Steps[TokenGrid]:
    """The grid of a transformer, else of a recurrent network; with a sentence where it is neither."""
    structure = Structure(network)
    streams = find_streams(structure)
    if not streams:
        times = find_times(structure)
        if not times:
            return TokenGrid(problem=tr(NO_STRUCTURE))
        return with_texts((yield from times_grid(network, request, structure, times, explain)), request)
    small = [stream for stream in streams if not _too_large(structure, stream)]
    flows: dict[Node, Heads] = {}
    explanation = None
    if small:
        explanation = yield from explain(keep=sorted({node.name for stream in small for node in _kept(stream)}))
        yield Progress(text=tr("Following the relevance of sample {sample} by token").format(sample=request.sample))
        if request.reference is None:
            flows = yield from _flows(network, request, small, explanation)
    parts = []
    for stream in streams:
        if stream not in small or explanation is None:
            parts.append(TokenGrid(problem=_too_large(structure, stream), last=stream is streams[-1]))
            continue
        grid = with_texts(_grid(network, structure, stream, explanation, flows), request)
        parts.append(replace(grid, last=stream is streams[-1]))
    longest = max(range(len(parts)), key=lambda n: len(parts[n].points))
    return replace(parts[longest], parts=tuple(parts)) if len(parts) > 1 else parts[0]


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


def _grid(
    network: Network, structure: Structure, stream: Stream, explanation: Explanation, flows: dict[Node, Heads]
) -> TokenGrid:
    """Points and gaps from the nodes' relevance."""
    rows, units = structure.table(stream.end)

    def of(node: Node) -> np.ndarray:
        found = explanation.nodes.get(node.name)
        if found is None:
            return np.zeros(rows)
        return found.numpy().astype(np.float64).reshape(-1, units).sum(1)

    def point(node: Node, name: str) -> Point:
        found = explanation.nodes.get(node.name)
        strongest = None if found is None else found.reshape(-1, units).abs().argmax(1).numpy()
        return Point(node.meta.get("layer", ""), name, of(node), node.name, strongest, units)

    first = stream.blocks[0]
    points, gaps = [point(stream.start, "embedding")], []
    if first.root is not stream.start and structure.settled(first.root) is not structure.settled(stream.start):
        points.append(point(first.root, "stream"))
        gaps.append(Gap(OTHER, points[-1].layer, np.zeros(rows), points[0].relevance, np.zeros(rows)))
    for n, block in enumerate(stream.blocks):
        after = stream.blocks[n + 1].root if n + 1 < len(stream.blocks) else stream.end
        if n + 1 < len(stream.blocks) and after is block.root:
            after = block.total  # side by side: both read the same
        branch, left = of(block.branch), points[-1].relevance
        skip = of(block.total) - branch
        gaps.append(_gap(block, branch, skip, left - skip, flows))
        points.append(point(after, "stream"))
    source, start, positions, patches = rows_of(network, structure, stream.start, rows)
    notes = ()
    if any(one.maps is None for gap in gaps for one in gap.heads):
        notes = (tr("The attention maps are too large to be kept for every head."),)
    return TokenGrid(
        tuple(points),
        tuple(gaps),
        *(positions, source, start, patches),
        explained=float(explanation.score[0]),
        notes=notes,
    )


def _gap(block: Block, branch: np.ndarray, skip: np.ndarray, into: np.ndarray, flows: dict[Node, Heads]) -> Gap:
    rows = len(branch)
    heads = tuple(flows[one.product] for one in block.attentions if one.product in flows)
    mixing = None
    if heads and len(heads) == len(block.attentions):
        sums = [one.handed.sum(0) for one in heads if one.handed is not None]
        if len(sums) == len(heads) and all(one.shape == (rows, rows) for one in sums):
            mixing = Mixing.of(np.sum(sums, axis=0))
    heads = tuple(one for one in heads if one.maps is not None or one.totals.size)
    layer = (
        block.attentions[0].product.meta.get("layer", "") if block.attentions else block.branch.meta.get("layer", "")
    )
    return Gap(
        ATTENTION if block.attentions else (MLP if block.alone else OTHER),
        layer,
        branch,
        skip,
        into,
        mixing,
        alone=block.alone,
        heads=heads,
    )


# ---------------------------------------------------------------------------------------------------- attention


def _flows(
    network: Network, request: SampleRequest, streams: Sequence[Stream], explanation: Explanation
) -> Generator[Progress, None, dict[Node, Heads]]:
    """Of every attention what goes from query to key, by a forward pass that lets go of values after their last use."""
    import torch

    from lrp_engine.networks.graphs.graph import evaluate
    from lrp_gui.jobs import convert

    inputs = convert.network_inputs(network, request.network, request.values[None])
    products = {one.product: one for stream in streams for block in stream.blocks for one in block.attentions}
    rules = {row.node: row.rule for row in explanation.ledger}
    last = {one: node for node in network.graph.nodes for one in node.all_input_nodes}
    values: dict[Any, Any] = {}
    found: dict[Node, Heads] = {}
    left = MOST_MAPS
    for n, node in enumerate(network.graph.nodes):
        if len(found) == len(products):
            break
        with torch.no_grad():
            if node.op == "placeholder":
                values[node] = inputs[str(node.target)]
            elif node.op == "get_attr":
                values[node] = network.tensors[str(node.target)]
            elif node.op == "call_function":
                values[node] = evaluate(node, values)
            if node in products:
                one = products[node]
                heads = _heads(one, values, explanation, rules.get(node.name, ""), left)
                left -= 2 * heads.maps.size if heads.maps is not None else 0
                found[node] = heads
        for used in node.all_input_nodes:
            if last[used] is node:
                values.pop(used, None)
        yield Progress(n, len(network.graph.nodes))
    return found


def _heads(one: Attention, values: dict[Any, Any], explanation: Explanation, rule: str, left: int) -> Heads:
    """A_ij Σ_d v_jd R_id / (z_id + ε sgn z_id), which is what i hands back to j through a map that is held.

    Where relevance also goes to the map (half each), the other half goes on to queries, which stay at i, and to keys.
    """
    import torch

    a, v, z = (values[node].float() for node in (one.weights, one.values, one.product))
    a, v, z = (x.reshape(-1, *x.shape[-2:]) for x in (a, v, z))
    arrived = explanation.nodes.get(one.product.name)
    layer = one.product.meta.get("layer", "")
    if arrived is None:
        none = torch.zeros_like(a)
        return Heads(layer, *_kept_maps(a, none, left), np.zeros(len(a)))
    relevance = arrived.float().reshape(z.shape)
    times = 2 if rule.startswith("half") else 1
    said = EPSILON.search(rule)
    epsilon = (float(said[1]) if said else 0.0) / times
    over = torch.where(z < 0, z - epsilon, z + epsilon)
    share = torch.where(over == 0, 0.0, relevance / over)
    handed = a * (share @ v.mT) / times
    scores = explanation.nodes.get(one.scores.name) if one.scores is not None else None
    if times == 2 and scores is not None and one.queries is not None:
        through = scores.float().reshape(a.shape)
        to_queries = explanation.nodes.get(one.queries.name)
        kept = torch.zeros(a.shape[:2]) if to_queries is None else to_queries.float().reshape(*a.shape[:2], -1).sum(-1)
        handed = handed + through / 2
        if handed.shape[1] == handed.shape[2]:
            handed = handed + torch.diag_embed(kept)
    return Heads(layer, *_kept_maps(a, handed, left), relevance.sum((1, 2)).double().numpy())


def _kept_maps(a: Tensor, handed: Tensor, left: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Both for every head; where they are too large, only what was handed, summed over heads."""
    if 2 * a.numel() <= left:
        return a.numpy().copy(), handed.numpy().copy()
    return None, handed.sum(0, keepdim=True).numpy().copy()
