"""The line under a picture."""

from __future__ import annotations

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import plain, sample_title, signed
from lrp_gui.languages import tr


def asked(result: SampleResult) -> str:
    """Sample, target and composite."""
    return tr("{sample} · target {target} = {score} · {how}").format(
        sample=sample_title(result),
        target=f"{result.target}: Δf" if result.against else result.target,
        score=plain(result.explained, 4),
        how=result.how,
    )


def caption(network: NetworkInfo, result: SampleResult | None) -> str:
    """Network, sample, target, composite and conservation: what a picture needs to be read later."""
    if result is None:
        return tr("{name} · nothing explained yet").format(name=network.name)
    known = f"{network.name} · {asked(result)}"
    if not result.words.flows:
        return tr("{asked} · {nouns}, not relevance: they do not sum to the score").format(
            asked=known, nouns=result.words.nouns
        )
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    rest = sum(row.unexplained for row in result.ledger)
    return tr("{asked} · relevance of the inputs {arrived}, absorbed {absorbed}, unexplained {rest}").format(
        asked=known, arrived=signed(arrived, 4), absorbed=signed(sinks, 4), rest=signed(rest, 2)
    )
