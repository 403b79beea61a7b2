"""Two explanations side by side: both are computed, then told apart layer by layer, in the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document.results import Flow, LayerResult, LedgerRow, SampleResult
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import engine as engine_words
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import SampleRequest

AMOUNTS = ("arrived", "passed_on", "bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")
# Relevances of a layer that is larger are gone through in pieces, so that one can be cancelled.
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """How far two explanations lie apart at one layer or input; NaN where a number cannot be given.

    Attributes
    ----------
    sum_a, sum_b : float
        ΣR.
    distance : float
        Σ|a − b|.
    share : float
        The distance as a part of Σ|a| + Σ|b|: 0 for the same, 1 for nothing in common.
    cosine : float
        Of the angle between both.
    largest : float
        max |a − b|.
    note : str
        Why there is no difference.
    """

    layer: str
    operation: str
    sum_a: float
    sum_b: float
    distance: float = np.nan
    share: float = np.nan
    cosine: float = np.nan
    largest: float = np.nan
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two explanations, what sets them apart, and where nothing can be said about that, why.

    `difference` is a − b as an explanation of its own: relevance, flows and ledger are all differences.
    """

    networks: tuple[NetworkInfo, NetworkInfo]
    results: tuple[SampleResult, SampleResult]
    rows: tuple[LayerDifference, ...]
    difference: SampleResult | None = None
    problem: str = ""
    requests: tuple[SampleRequest, SampleRequest] | None = None


@dataclass(frozen=True, slots=True)
class OneSided:
    """One of two explanations where the other was refused: `which`, 0 or 1, is there; `problem` is of the other.

    `rows` hold the sums of the one that is there, each with a note that the other one is not.
    """

    which: int
    result: SampleResult
    request: SampleRequest
    problem: str
    rows: tuple[LayerDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Neither of two explanations: why each was refused."""

    problems: tuple[str, str]


def comparing(
    engine: Engine,
    requests: tuple[SampleRequest | str, SampleRequest | str],
    known: tuple[SampleResult | None, SampleResult | None] = (None, None),
) -> Steps[Contrast | OneSided | Refused]:
    """Explain both, unless that is known, and tell them apart; where one is refused the other one is handed back.

    Parameters
    ----------
    requests
        What is asked of each side; a sentence where it is refused already.
    """
    from lrp_engine.errors import LrpError

    results: dict[int, SampleResult] = {}
    problems = ["", ""]
    for which, (request, result) in enumerate(zip(requests, known, strict=True)):
        if isinstance(request, str):
            problems[which] = request
            continue
        try:
            results[which] = result if result is not None else (yield from engine.explain_sample(request))
        except LrpError as error:
            problems[which] = engine_words(str(error))
    if not results:
        return Refused((problems[0], problems[1]))
    first, second = requests
    if isinstance(first, str) or isinstance(second, str) or len(results) == 1:
        ((which, result),) = results.items()
        request = requests[which]
        assert not isinstance(request, str)
        return OneSided(which, result, request, problems[1 - which], _lone(request.network, result, which))
    contrast = yield from contrasting((first.network, second.network), (results[0], results[1]))
    return replace(contrast, requests=(first, second))


def _lone(network: NetworkInfo, result: SampleResult, which: int) -> tuple[LayerDifference, ...]:
    """The sums of the one explanation that there is."""
    rows = []
    for path in _paths(network, result):
        found = _relevance(result, path)
        assert found is not None
        total = float(found.sum())
        sums = (total, np.nan) if which == 0 else (np.nan, total)
        note = tr("there is no explanation {letter} beside it").format(letter="BA"[which])
        rows.append(LayerDifference(path, _operation(network, path), *sums, note=note))
    return tuple(rows)


def contrasting(
    networks: tuple[NetworkInfo, NetworkInfo], results: tuple[SampleResult, SampleResult]
) -> Steps[Contrast]:
    """What sets two explanations apart."""
    a, b = results
    if a.words.flows != b.words.flows:
        rows = tuple([row for path in _paths(networks[0], a) for row in _apart(networks[0], a, b, path)])
        which = "A" if not a.words.flows else "B"
        return Contrast(
            networks,
            results,
            rows,
            None,
            tr("{which} shows a gradient, the other one relevance: these are not subtracted.").format(which=which),
        )
    rows, layers, inputs = [], {}, {}
    paths = _paths(networks[0], a)
    for done, path in enumerate(paths):
        yield Progress(done, len(paths), tr("Comparing the explanations"))
        here, there = _relevance(a, path), _relevance(b, path)
        if here is None or there is None or here.shape != there.shape:
            rows += _apart(networks[0], a, b, path)
            continue
        row, difference = yield from _between(path, _operation(networks[0], path), here, there)
        rows.append(row)
        if path in a.inputs:
            inputs[path] = difference
        else:
            values = a.layers[path].activation, b.layers[path].activation
            activation = values[0] - values[1] if values[0].shape == values[1].shape else values[0]
            layers[path] = LayerResult(difference, activation)
    if not rows or all(row.note for row in rows):
        broken = any(row.layer in {*inputs, *layers} for row in rows)  # subtracted, but no numbers came out
        sentence = (
            tr("Relevances of A or B are NaN or infinite in every layer: there is nothing to subtract.")
            if broken
            else tr("No layer of A has its like in B, neither by name nor by shape: there is nothing to subtract.")
        )
        return Contrast(networks, results, tuple(rows), None, sentence)
    if set(inputs) != set(a.inputs):
        sentence = tr("The inputs of both have different shapes, so only the layers of the same shape are subtracted.")
        return Contrast(networks, results, tuple(rows), None, sentence)
    return Contrast(networks, results, tuple(rows), _difference(a, b, inputs, layers))


def _difference(
    a: SampleResult, b: SampleResult, inputs: dict[str, np.ndarray], layers: dict[str, LayerResult]
) -> SampleResult:
    flows = {
        path: Flow(flow.source, flow.matrix - b.flows[path].matrix)
        for path, flow in a.flows.items()
        if path in b.flows and b.flows[path].matrix.shape == flow.matrix.shape and b.flows[path].source == flow.source
    }
    outputs = a.outputs - b.outputs if a.outputs.shape == b.outputs.shape else a.outputs
    return replace(
        a,
        sample=_both(a.sample, b.sample),
        outputs=outputs,
        explained=a.explained - b.explained,
        target=_both(a.target, b.target),
        composite=_both(a.composite, b.composite),
        inputs=inputs,
        layers=layers,
        flows=flows,
        ledger=tuple(_ledgers(a.ledger, b.ledger)),
        shares={},
        notes=(),
        warnings=(),
        seconds=a.seconds + b.seconds,
        values={name: _common(values, b.values.get(name)) for name, values in a.values.items()},
        shows="contrast" if a.words.flows else "contrast of gradients",
        against="",
    )


def _both(a: str, b: str) -> str:
    return a if a == b else f"{a} − {b}"


def _common(a: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """The value that both have; NaN, which is not written, where they have different ones."""
    if b is None or a.shape != b.shape:
        return np.full(a.shape, np.nan)
    return a if np.array_equal(a, b) else np.where(a == b, a, np.nan)


def _ledgers(a: tuple[LedgerRow, ...], b: tuple[LedgerRow, ...]) -> Iterator[LedgerRow]:
    """Row by row; a node that only one of them has counts against zeros."""
    others = {row.node: row for row in b}
    for row in a:
        other = others.pop(row.node, None)
        if other is None:
            yield row
            continue
        amounts = {name: getattr(row, name) - getattr(other, name) for name in AMOUNTS}
        yield replace(row, rule=_both(row.rule, other.rule), reason="", **amounts)
    for row in others.values():
        yield replace(row, **{name: -getattr(row, name) for name in AMOUNTS})


def _between(path: str, operation: str, a: np.ndarray, b: np.ndarray) -> Steps[tuple[LayerDifference, np.ndarray]]:
    """The numbers about two relevances of one shape, and their difference, a piece at a time."""
    flat_a, flat_b = a.reshape(-1), b.reshape(-1)
    difference = np.empty_like(flat_a)
    sums = np.zeros(8)
    largest = 0.0
    for first in range(0, max(1, flat_a.size), PIECE):
        if first:
            yield Progress(text=tr("Comparing the explanations"))
        here = flat_a[first : first + PIECE].astype(np.float64, copy=False)
        there = flat_b[first : first + PIECE].astype(np.float64, copy=False)
        gap = here - there
        difference[first : first + PIECE] = gap
        sizes = np.abs(gap)
        sums += (
            *(here.sum(), there.sum(), sizes.sum(), np.abs(here).sum(), np.abs(there).sum()),
            *(here @ there, here @ here, there @ there),
        )
        largest = float(np.maximum(largest, sizes.max(initial=0.0)))  # unlike Python's, it keeps NaN
    whole = sums[3] + sums[4]
    norm = float(np.sqrt(sums[6] * sums[7]))
    row = LayerDifference(
        *(path, operation, float(sums[0]), float(sums[1]), float(sums[2])),
        share=float(sums[2] / whole) if whole else 0.0,
        cosine=float(sums[5] / norm) if norm else np.nan,
        largest=largest,
        note="" if np.isfinite(sums[2]) else tr("some of its relevances are NaN or infinite"),
    )
    return row, difference.reshape(a.shape)


def _paths(network: NetworkInfo, result: SampleResult) -> list[str]:
    """Inputs and layers with relevance, in forward order."""
    return [*result.inputs, *(layer.path for layer in network.layers if layer.path in result.layers)]


def _relevance(result: SampleResult, path: str) -> np.ndarray | None:
    if path in result.inputs:
        return result.inputs[path]
    return result.layers[path].relevance if path in result.layers else None


def _operation(network: NetworkInfo, path: str) -> str:
    return next((layer.operation for layer in network.layers if layer.path == path), tr("input"))


def _apart(network: NetworkInfo, a: SampleResult, b: SampleResult, path: str) -> list[LayerDifference]:
    """A layer whose relevances are not subtracted: both sums, and why."""
    here, there = _relevance(a, path), _relevance(b, path)
    assert here is not None
    if there is None:
        note = tr("B has no relevance there")
    elif here.shape != there.shape:
        note = f"{_shape(here)} in A, {_shape(there)} in B"
    else:
        note = tr("a gradient is no relevance")
    total = float(there.sum()) if there is not None else np.nan
    return [LayerDifference(path, _operation(network, path), float(here.sum()), total, note=note)]


def _shape(values: np.ndarray) -> str:
    return "×".join(map(str, values.shape)) or "1"
