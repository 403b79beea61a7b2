"""What views ask for besides an explanation, by kind: plain values, made in the worker when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lrp_gui.document.results import Flow
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.jobs.token_words import token_words
from lrp_gui.jobs.tokens import token_grid
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_engine import Explanation, Network
    from lrp_gui.jobs.requests import SampleRequest

# Explains the request's sample again, with other things kept: `keep`, and the layers whose flow is wanted.
Explain = Callable[..., Steps["Explanation"]]
Maker = Callable[["Network", "SampleRequest", Explain], Generator[Any, None, Any]]


@dataclass(frozen=True, slots=True)
class NodeSums:
    """What arrived at one node of the graph: Σ of the positive relevances, and of the negative; NaN where some is."""

    positive: float
    negative: float


def node_sums(network: Network, request: SampleRequest, explain: Explain) -> Steps[dict[str, NodeSums]]:
    """By name of a node (of an input, its own) what arrived there; nodes that no relevance reaches are missing."""
    from lrp_gui.jobs.convert import input_nodes

    explanation = yield from explain(keep="nodes")
    found, inputs = {}, input_nodes(network)
    for name, relevance in explanation.nodes.items():
        values = relevance.numpy().astype(np.float64, copy=False)
        sums = NodeSums(float(values[values > 0].sum()), float(values[values < 0].sum()))
        found[inputs.get(name, name)] = sums if np.isfinite(values).all() else NodeSums(np.nan, np.nan)
        yield Progress(text=tr("Adding up the relevance of sample {sample}").format(sample=request.sample))
    return found


def channel_flow(layer: str, explain: Explain) -> Steps[Flow | None]:
    """Relevance between the channels of a layer and those of the one that it reads; None where it has no weights."""
    from lrp_engine.errors import InputError
    from lrp_gui.jobs.convert import as_array

    explanation = yield from explain(keep="inputs", flows=(layer,))
    try:
        return Flow(explanation.flow_source(layer), as_array(explanation.flow(layer)[0]))
    except InputError:  # a pool or a sum: each of its channels is one of its source's
        return None


MAKERS: Final[dict[str, Maker]] = {"nodes": node_sums, "tokens": token_grid, "words": token_words}
