"""The engine's jobs: load a network, explain a sample, explain a table. They run in the worker.

The engine's networks stay here; the window only ever holds plain descriptions of them.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.jobs.gentle import import_torch
from lrp_gui.jobs.requests import Opened, SampleRequest, TableRequest
from lrp_gui.jobs.steps import Part, Progress, Steps

if TYPE_CHECKING:
    from lrp_engine import Explanation, Network
    from lrp_gui.document.results import SampleResult

# The open one, and those that undo may bring back at once; older ones are read again.
NETWORKS_KEPT = 3
# A chunk of the table should take about this long: often enough news, few enough passes.
CHUNK_SECONDS = 0.15
FIRST_CHUNK = 64
LARGEST_CHUNK = 4096
# So many samples refused before any is explained: it is not the samples.
MOST_REFUSED = 16


class Engine:
    """Holds the networks and makes the jobs' generators. Only the worker runs what these return."""

    def __init__(self) -> None:
        self._networks: OrderedDict[str, Network] = OrderedDict()
        self._architectures: dict[str, str] = {}

    def start(self) -> Steps[None]:
        """Get the engine ready before anybody asks for it."""
        yield from import_torch()

    def open(self, path: str, architecture: str = "", table: str = "") -> Steps[Opened]:
        """Load a network and the table that was given or lies beside it.

        A table that does not fit is no reason to keep the network out: `Opened.problem` says what is wrong with it.
        """
        yield from import_torch()
        from lrp_engine.errors import LrpError
        from lrp_gui.jobs import convert, opening

        yield Progress(text=f"Loading {Path(path).name}")
        # From the file, even when a network of this path is at hand: the file may be another one by now.
        network = self._load(path, architecture)
        yield Progress(text=f"Loading {Path(path).name}")
        info = convert.network_info(network, path)
        if not table:
            return Opened(info, (yield from opening.table_beside(info)))
        try:
            return Opened(info, (yield from opening.read_table(info, table)))
        except LrpError as error:
            return Opened(info, None, str(error))

    def explain_sample(self, request: SampleRequest) -> Steps[SampleResult]:
        """One sample with everything that the viewer draws."""
        network = yield from self._network(request.network.path)
        from lrp_gui.jobs import convert

        began = time.perf_counter()
        inputs = convert.network_inputs(network, request.network, request.values[None])
        flows = convert.viewable_flows(request.network, request.composite)
        explanation = yield from _explain(network, inputs, request, flows=flows)
        yield Progress(text=f"Collecting the relevance of sample {request.sample}")
        return convert.sample_result(explanation, inputs, request, time.perf_counter() - began)

    def explain_table(self, request: TableRequest) -> Steps[None]:
        """Many samples, in chunks that grow until one takes `CHUNK_SECONDS`; each comes as a `Part`.

        A chunk that the network cannot take is tried again in smaller ones, down to the sample that is at fault.
        """
        network = yield from self._network(request.network.path)
        from lrp_engine.errors import InputError
        from lrp_gui.jobs import convert

        total, first, size, refused = len(request.rows), 0, FIRST_CHUNK, 0
        while first < total:
            began = time.perf_counter()
            chunk = slice(first, first + size)
            inputs = convert.network_inputs(network, request.network, request.values[chunk])
            try:
                explanation = yield from _explain(network, inputs, request, keep="inputs", done=first, total=total)
            except InputError as error:
                rows = min(size, total - first)
                if rows > 1:
                    size = max(1, rows // 4)
                    continue
                refused += 1
                if refused == first + 1 == MOST_REFUSED:
                    raise
                yield Part(convert.refused_result(request.network, request.rows[first], str(error)))
                first += 1
                continue
            yield Part(convert.table_result(explanation, request.network, request.rows[chunk]))
            first += size
            yield Progress(min(first, total), total)
            speed = size / max(time.perf_counter() - began, 1e-3)
            size = max(1, min(LARGEST_CHUNK, 4 * size, int(speed * CHUNK_SECONDS)))

    def _network(self, path: str) -> Steps[Network]:
        yield from import_torch()
        if path not in self._networks:
            yield Progress(text=f"Loading {Path(path).name}")
            self._load(path, self._architectures.get(path, ""))
        self._networks.move_to_end(path)
        return self._networks[path]

    def _load(self, path: str, architecture: str) -> Network:
        import lrp_engine

        network = lrp_engine.load(path, architecture or None)
        self._architectures[path] = architecture
        self._networks[path] = network
        self._networks.move_to_end(path)
        while len(self._networks) > NETWORKS_KEPT:
            self._networks.popitem(last=False)
        return network


def composites() -> tuple[tuple[str, str], ...]:
    """The composites by name, each with one line about it. Needs no torch."""
    from lrp_engine import composite_names

    return composite_names()


def _explain(
    network: Network,
    inputs: dict[str, Any],
    request: SampleRequest | TableRequest,
    *,
    keep: str = "layers",
    flows: tuple[str, ...] = (),
    done: int = 0,
    total: int = 0,
) -> Steps[Explanation]:
    """Run the engine's generator; its progress is that of the sample, or for a table that of its rows."""
    import lrp_engine

    target = lrp_engine.parse_target(request.target, request.network.outputs)
    steps = lrp_engine.explaining(network, inputs, target=target, composite=request.composite, keep=keep, flows=flows)
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                return stop.value
            yield Progress(done, total) if total else Progress(step.done, step.total)
    finally:
        steps.close()
