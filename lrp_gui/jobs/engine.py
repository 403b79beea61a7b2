"""The engine's jobs: load a network, explain a sample, explain a table. They run in the worker.

The engine's networks stay here; the window only ever holds plain descriptions of them.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from lrp_gui.document.files import Source
from lrp_gui.jobs import browsing, connecting
from lrp_gui.jobs.computing import Computing
from lrp_gui.jobs.gentle import import_torch
from lrp_gui.jobs.requests import Browsed, Opened, SampleRequest, TableRequest
from lrp_gui.jobs.steps import Part, Progress, Steps, report
from lrp_gui.languages import engine, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lrp_engine import Explanation, Network
    from lrp_gui.document.files import CandidateRow, Check, Consent
    from lrp_gui.document.results import SampleResult
    from lrp_gui.jobs.arriving import Arrivals
    from lrp_gui.jobs.tokens import Arriving

# The open one, and those that undo may bring back at once; older ones are read again.
NETWORKS_KEPT = 3
# A chunk of the table should take about this long: often enough news, few enough passes.
CHUNK_SECONDS = 0.15
FIRST_CHUNK = 64
LARGEST_CHUNK = 4096
KERNEL = "kernel:"  # and the path of a layer, ":", the number of a channel: a kind of `more`
FLOW = "flow:"  # and the path of a layer: what flows into it, by channel
# So many samples refused before any is explained: it is not the samples.
MOST_REFUSED = 16


class Engine:
    """Holds the networks and makes the jobs' generators. Only workers run what these return, two at once at times."""

    def __init__(self) -> None:
        self._networks: OrderedDict[Source, Network] = OrderedDict()
        self._one_at_a_time = Lock()  # a cancelled job that comes to its end behind may be at the networks as well
        self._consents: set[str] = set()
        self._chunk = FIRST_CHUNK  # rows of the last table that were explained at a time
        self._pace: tuple[Source | None, float] = None, 0.0  # of which network a sample took how many seconds last
        self._along: tuple[SampleRequest, Explanation, frozenset[str]] | None = None  # what was kept besides layers
        self.computing = Computing()  # the window puts another one in its place; what runs goes on with its own

    def start(self) -> Steps[None]:
        """Get the engine ready before anybody asks for it."""
        yield from import_torch()

    # ------------------------------------------------------------------------------------ files as data

    def browse(
        self, paths: Sequence[str], architecture: str = "", *, trust: bool = False, telling: bool = False
    ) -> Steps[Browsed]:
        """Look at files that were given together; nothing of them runs, and torch is not needed.

        With `telling` the tensors of a large file come as `Part`s of `ReadRows` before.
        """
        consents = self._consents
        return (yield from browsing.browse(paths, architecture, consents=consents, trust=trust, telling=telling))

    def candidates(self, path: str) -> Steps[tuple[CandidateRow, ...]]:
        """The ways in which the tensors of a file may be connected, the best first."""
        return (yield from connecting.candidates(path))

    def check(self, path: str, text: str) -> Steps[Check]:
        """Whether an architecture, as it is being typed, fits the tensors of a file."""
        return (yield from connecting.check(path, text))

    def consent(self, source: Source) -> Steps[Consent]:
        """What somebody has to know before the program of this source may run."""
        return (yield from connecting.consent(source))

    def trust(self, sha256: str) -> None:
        """Somebody consented to this program, for as long as this session lasts."""
        self._consents.add(sha256)

    # ------------------------------------------------------------------------------------ networks

    def open(self, source: Source, table: str | None = "") -> Steps[Opened]:
        """Load a network and the table that was given or lies beside it; None for none.

        A table that does not fit is no reason to keep the network out: `Opened.problem` says what is wrong with it.
        """
        yield from import_torch()
        from lrp_engine.errors import LrpError
        from lrp_gui.jobs import convert, opening

        # From the file, even when a network of this source is at hand: the file may be another one by now.
        network = yield from self._load(source)
        yield Progress(text=tr("Loading {name}").format(name=Path(source.path).name))
        info = convert.network_info(network, source)
        if table is None:
            return Opened(info)
        if not table:
            return Opened(info, (yield from opening.table_beside(info)))
        try:
            return Opened(info, (yield from opening.read_table(info, table)))
        except LrpError as error:
            return Opened(info, None, engine(str(error)))

    def explain_sample(self, request: SampleRequest) -> Steps[SampleResult]:
        """One sample with everything that the viewer draws; what takes long comes as `Part`s of `Arriving` before.

        What is known of `request.along` at its end comes as a `Part` by kind.
        """
        precision = self.computing.dtype
        network = yield from self._network(request.network.source)
        from lrp_gui.jobs import convert
        from lrp_gui.jobs.arriving import Arrivals
        from lrp_gui.jobs.tokens import grids_of

        began = time.perf_counter()
        inputs = convert.network_inputs(network, request.network, request.values[None])
        composite = "" if request.reference is not None else request.composite
        flows = convert.viewable_flows(request.network, composite)
        self._along = None
        grids = grids_of(network, request) if "tokens" in request.along else None
        keep = "layers" if grids is None else [*(layer.path for layer in network.layers), *grids.keep]
        called = convert.input_nodes(network)
        arrivals = Arrivals(request, flows, convert.first_values(inputs), grids, called)
        explanation = yield from _explain(
            network, inputs, request, self.computing, keep=keep, flows=flows, arrivals=arrivals
        )
        if grids is not None:
            self._along = request, explanation, frozenset(grids.keep)
            yield Part({"tokens": grids.so_far(explanation)})
        yield Progress(text=tr("Collecting the relevance of sample {sample}").format(sample=request.sample))
        seconds = time.perf_counter() - began
        self._pace = request.network.source, seconds
        result = convert.sample_result(explanation, inputs, request, seconds, arrivals.layers, called)
        return replace(result, precision=precision)

    def more(self, kind: str, request: SampleRequest) -> Steps[Any]:
        """What a view asks for besides the sample's explanation; the kinds are those of `jobs.more`.

        "layout:" and lines, the shape of the pane and group paths: the graph of operations with these opened or folded
        otherwise than at first.
        """
        network = yield from self._network(request.network.source)
        name, _, lines = kind.partition(":")
        if name == "layout":
            from lrp_gui.jobs.laying_out import SHAPE, layout_of

            shape, *groups = lines.split("\n")
            return (yield from layout_of(network, frozenset(groups), float(shape or SHAPE)))
        if kind.startswith(KERNEL):
            from lrp_gui.jobs.kernels import kernel_of

            return kernel_of(network, kind.removeprefix(KERNEL))
        from lrp_gui.jobs import convert
        from lrp_gui.jobs.more import MAKERS, channel_flow

        inputs = convert.network_inputs(network, request.network, request.values[None])
        explain = partial(_explain, network, inputs, request, self.computing)
        if kind.startswith(FLOW):
            return (yield from channel_flow(kind.removeprefix(FLOW), explain))
        along = self._along
        if kind in request.along and along is not None and along[0] is request:
            explain = partial(_known, *along[1:], explain)
        return (yield from MAKERS[kind](network, request, explain))

    def explain_table(self, request: TableRequest) -> Steps[None]:
        """Many samples, in chunks that grow until one takes `CHUNK_SECONDS`; each comes as a `Part`.

        A chunk that the network cannot take is tried again in smaller ones, down to the sample that is at fault.
        """
        network = yield from self._network(request.network.source)
        from lrp_engine.errors import InputError
        from lrp_gui.jobs import convert

        before, of = request.done, request.total or len(request.rows)
        # What follows on other rows of the same table goes on at their pace.
        total, first, size, refused = len(request.rows), 0, self._chunk if before else self._first_chunk(request), 0
        while first < total:
            began = time.perf_counter()
            chunk = slice(first, first + size)
            inputs = convert.network_inputs(network, request.network, request.values[chunk])
            try:
                at = before + first
                explanation = yield from _explain(
                    network, inputs, request, self.computing, keep="inputs", done=at, total=of
                )
            except InputError as error:
                rows = min(size, total - first)
                if rows > 1:
                    size = max(1, rows // 4)
                    continue
                refused += 1
                if not before and refused == first + 1 == MOST_REFUSED:
                    raise
                yield Part(convert.refused_result(request.network, request.rows[first], engine(str(error))))
                first += 1
                continue
            yield Part(convert.table_result(explanation, request.network, request.rows[chunk]))
            first += size
            yield Progress(before + min(first, total), of)
            speed = size / max(time.perf_counter() - began, 1e-3)
            size = self._chunk = max(1, min(LARGEST_CHUNK, 4 * size, int(speed * CHUNK_SECONDS)))

    def _first_chunk(self, request: TableRequest) -> int:
        """So few rows that a chunk of a slow network can be cancelled soon."""
        source, seconds = self._pace
        if source != request.network.source or seconds <= 0:
            return FIRST_CHUNK
        return max(1, min(FIRST_CHUNK, int(CHUNK_SECONDS / seconds)))

    def network(self, source: Source) -> Steps[Network]:
        """The network of a source, for the jobs beside this one."""
        return (yield from self._network(source))

    def _network(self, source: Source) -> Steps[Network]:
        yield from import_torch()
        with self._one_at_a_time:
            network = self._networks.get(source)
            if network is not None:
                self._networks.move_to_end(source)
        return self.computing.prepared(network or (yield from self._load(source)))

    def _load(self, source: Source) -> Steps[Network]:
        import lrp_engine

        name = Path(source.path).name
        yield Progress(text=tr("Loading {name}").format(name=name))
        if source.trusted:
            yield from connecting.check_trusted(source)
        architecture = connecting.architecture_of(source)
        yield Progress(text=tr("Loading {name}").format(name=name))
        network = lrp_engine.load(
            source.path,
            architecture,
            trust=bool(source.trusted),
            sizes=dict(source.sizes) or None,
            progress=lambda step: report(step.done, step.total, step.what),
        )
        with self._one_at_a_time:
            self._networks[source] = network
            self._networks.move_to_end(source)
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
    computing: Computing,
    *,
    keep: str | Sequence[str] = "layers",
    flows: tuple[str, ...] = (),
    done: int = 0,
    total: int = 0,
    arrivals: Arrivals | Arriving | None = None,
) -> Steps[Explanation]:
    """Run the engine's generator; its progress is that of the sample, or for a table that of its rows."""
    import lrp_engine
    from lrp_gui.jobs import convert

    target = lrp_engine.parse_target(request.target, request.network.outputs)
    reference = request.reference
    compared = None if reference is None else convert.network_inputs(network, request.network, reference[None])
    steps = lrp_engine.explaining(
        *(network, inputs, target, request.composite, compared), keep=keep, flows=flows, **computing.options
    )
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                return stop.value
            yield Progress(done, total) if total else Progress(step.done, step.total)
            if arrivals is not None and (part := arrivals.part(step)) is not None:
                yield part
    finally:
        steps.close()


def _known(
    explanation: Explanation,
    kept: frozenset[str],
    explain: Callable[..., Steps[Explanation]],
    *,
    keep: Sequence[str],
    **options: Any,
) -> Steps[Explanation]:
    """What was kept along with the sample's own explanation, if that is all that is wanted; else explain again."""
    yield Progress()
    if kept.issuperset(keep) and options.keys() <= {"arrivals"}:
        return explanation
    return (yield from explain(keep=keep, **options))
