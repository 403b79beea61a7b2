"""Relevance on its way: what of an explanation is known is handed to the window while the rest is computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lrp_gui.document.results import Arriving, Flow, LayerResult
from lrp_gui.jobs.steps import Part

if TYPE_CHECKING:
    import numpy as np

    import lrp_engine
    from lrp_engine.explanation import Arrived
    from lrp_gui.jobs.requests import SampleRequest
    from lrp_gui.jobs.tokens import Grids

FIRST_AFTER = 0.15  # seconds: what is ready sooner would only flicker
INTERVAL = 0.1  # seconds between two parts, at the least
GROWTH = 1.2  # and so many times as long after the beginning as the one before: each costs the engine some time

clock: Callable[[], float] = time.perf_counter


class Pace:
    """When the next part is due: after a while, seldom, and ever less often."""

    def __init__(self) -> None:
        self._began = clock()
        self._due = self._began + FIRST_AFTER

    @property
    def due(self) -> bool:
        """Whether it is time."""
        return clock() >= self._due

    def told(self) -> None:
        """One was told now."""
        now = clock()
        self._due = max(now + INTERVAL, self._began + (now - self._began) * GROWTH)


class Arrivals:
    """Says what came since the explanation began, now and then; each layer is turned into plain values once.

    `values` are the inputs' by name; `grids` makes what is known by token, where that is asked for along with it;
    `called` are the `input_nodes`.
    """

    def __init__(
        self,
        request: SampleRequest,
        flows: tuple[str, ...],
        values: Mapping[str, np.ndarray] = MappingProxyType({}),
        grids: Grids | None = None,
        called: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._request, self._dense, self._values, self._grids = request, flows, dict(values), grids
        self._called = called
        self._shapes = {layer.path: layer.shape for layer in request.network.layers}
        self._sources = {layer.path: layer.sources[0] for layer in request.network.layers if layer.sources}
        self._pace = Pace()
        self._told = -1
        self.layers: dict[str, LayerResult] = {}
        self.flows: dict[str, Flow] = {}

    def part(self, step: lrp_engine.Progress) -> Part | None:
        """What is to be told after a step; None where it is too soon, or nothing came since the last time."""
        from lrp_gui.jobs.convert import first_shares

        if not self._pace.due:
            return None
        found = step.arrived() if step.arrived is not None else None
        if found is not None:
            self._take(found)
        if len(self.layers) == self._told:
            return None
        self._told = len(self.layers)
        shares = {} if found is None else first_shares(found, self._called)
        grid = self._grids.so_far(found) if self._grids is not None and found is not None else None
        self._pace.told()
        known = dict(self.layers), dict(self.flows), shares, self._dense, self._values, grid
        return Part(Arriving(self._request.row, self._request.sample, *known))

    def _take(self, found: Arrived) -> None:
        from lrp_gui.jobs.convert import as_array, first_sample

        for path, relevance in found.layers.items():
            if path not in self.layers:
                shape = self._shapes.get(path, ())
                layer = LayerResult(first_sample(relevance, shape), first_sample(found.activations[path], shape))
                _ = layer.sums  # here, and not where it would hold up the window
                self.layers[path] = layer
        for path, flow in found.flows.items():
            if path not in self.flows:
                self.flows[path] = Flow(self._sources.get(path, ""), as_array(flow[0]))
