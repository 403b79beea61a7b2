"""The line under a picture."""

from __future__ import annotations

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import plain, sample_title, signed


def caption(network: NetworkInfo, result: SampleResult | None) -> str:
    """Network, sample, target, composite and conservation: what a picture needs to be read later."""
    if result is None:
        return f"{network.name} · nothing explained yet"
    asked = (
        f"{network.name} · {sample_title(result)} · target {result.target}{':' if result.against else ''} "
        f"{'Δf ' if result.against else ''}= {plain(result.explained, 4)} · {result.how}"
    )
    if not result.words.flows:
        return f"{asked} · {result.words.noun}s, not relevance: they do not sum to the score"
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    rest = sum(row.unexplained for row in result.ledger)
    return (
        f"{asked} · relevance of the inputs {signed(arrived, 4)}, "
        f"absorbed {signed(sinks, 4)}, unexplained {signed(rest, 2)}"
    )
