"""What goes from query to key in every attention, by a forward pass that lets go of values after their last use."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.jobs.steps import Progress
from lrp_gui.jobs.token_grid import Heads
from lrp_gui.jobs.token_stream import Attention, Stream, Structure
from lrp_gui.jobs.token_windows import Windows

if TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import Node

    from lrp_engine import Explanation, Network
    from lrp_gui.jobs.requests import SampleRequest

MOST_MAPS = 24_000_000  # numbers in all attention maps that are kept; beyond it only their sum over heads is
EPSILON = re.compile(r"epsilon=([-+.\deE]+)")


def flows(
    network: Network,
    request: SampleRequest,
    structure: Structure,
    streams: Sequence[Stream],
    explanation: Explanation,
    found: dict[Node, Heads],
) -> Generator[Progress, None, None]:
    """Put into `found` what goes from position to position, by the product of each attention."""
    import torch

    from lrp_engine.networks.graphs.graph import evaluate
    from lrp_gui.jobs import convert

    inputs = convert.network_inputs(network, request.network, request.values[None])
    products = {one.product: one for stream in streams for block in stream.blocks for one in block.attentions}
    rules = {row.node: row.rule for row in explanation.ledger}
    last = {one: node for node in network.graph.nodes for one in node.all_input_nodes}
    values: dict[Any, Any] = {}
    windows = Windows(structure, [block for stream in streams for block in stream.blocks])
    waiting: dict[Node, Heads] = {}  # until it is known which rows they join
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
            windows.follow(node, values)
            if node in products:
                heads = _heads(products[node], values, explanation, rules.get(node.name, ""), left)
                left -= 2 * heads.maps.size if heads.maps is not None else 0
                waiting[node] = heads
            for product in [one for one in waiting if not windows.waits(one)]:
                heads, rows = waiting.pop(product), windows.found.get(product)
                found[product] = replace(
                    heads, rows=rows if rows is not None and len(rows) == len(heads.totals) else None
                )
        for used in node.all_input_nodes:
            if last[used] is node:
                values.pop(used, None)
        yield Progress(n, len(network.graph.nodes))


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
