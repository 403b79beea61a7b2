"""The job that checks a file's weights, and then the units of its network on the table's samples."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.jobs.findings import HealthNews, HealthRequest, HealthRow
from lrp_gui.jobs.inspecting import NEWS_SECONDS
from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.languages import engine, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lrp_engine import Network
    from lrp_engine.health import Finding
    from lrp_gui.jobs.engine import Engine

WEIGHTS, UNITS = 700, 300  # of a thousand steps of progress


def checking(engine: Engine, request: HealthRequest) -> Steps[None]:
    """Go through the file, then through the samples; what is found comes as `HealthNews`.

    Raises
    ------
    lrp_engine.FormatError
        If the file cannot be read any more.
    """
    network = None
    if request.network is not None:
        network = yield from engine.network(request.network.source)
    if request.path:
        yield from _weights(request.path, network, WEIGHTS if network is not None else 1000)
    if network is not None and request.values is not None and len(request.values):
        yield from _units(network, request)


def _weights(path: str, network: Network | None, share: int) -> Steps[None]:
    yield Progress(text=tr("Reading {name}").format(name=Path(path).name))
    from lrp_engine import open_weights
    from lrp_engine.health.weights import checking_weights

    weights = open_weights(path)
    steps = checking_weights(weights, None if network is None else set(network.tensors))
    waiting: list[HealthRow] = []
    told = time.monotonic()
    for step in steps:
        waiting += _rows(step.found)
        if waiting and time.monotonic() - told > NEWS_SECONDS:
            yield Part(HealthNews(tuple(waiting)))
            waiting, told = [], time.monotonic()
        yield Progress(
            share * step.done // max(step.total, 1),
            1000,
            tr("Checking {tensor}").format(tensor=step.tensor or Path(path).name),
        )
    yield Part(HealthNews(tuple(waiting)))


def _units(network: Network, request: HealthRequest) -> Steps[None]:
    from lrp_engine.errors import LrpError
    from lrp_engine.health.activations import samples_at_once, watching_units
    from lrp_gui.jobs import convert

    values, info = request.values, request.network
    assert values is not None
    assert info is not None
    size = samples_at_once(network)
    if any(entry.axis is not None and entry.shape[entry.axis] is not None for entry in network.inputs):
        values = values[: len(values) // size * size]  # so many at a time, and no fewer
    if not len(values):
        text = tr("The network takes {size} samples at a time, and there are not so many without faults.").format(
            size=size
        )
        yield Part(HealthNews((), units=True, problem=text))
        return

    def chunks() -> Iterator[dict[str, Any]]:
        for first in range(0, len(values), size):
            yield convert.network_inputs(network, info, values[first : first + size])

    steps = watching_units(network, chunks(), len(values))
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                yield Part(HealthNews(_rows(stop.value), units=True))
                return
            yield Progress(
                WEIGHTS + UNITS * step.done // max(step.total, 1), 1000, tr("Watching {layer}").format(layer=step.layer)
            )
    except LrpError as error:
        yield Part(HealthNews((), units=True, problem=engine(str(error))))
    finally:
        steps.close()


def _rows(findings: Sequence[Finding]) -> tuple[HealthRow, ...]:
    from lrp_engine.health import KINDS

    return tuple(
        HealthRow(
            *(engine(KINDS[one.kind].title), engine(KINDS[one.kind].meaning), one.severity),
            *(engine(one.short), engine(one.sentence)),
            *(one.tensor, one.layer, one.units),
        )
        for one in findings
    )
