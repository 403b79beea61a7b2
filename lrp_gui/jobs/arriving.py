"""Relevance on its way: what of an explanation is known is handed to the window while the rest is computed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lrp_gui.document.results import Arriving, Flow, LayerResult
from lrp_gui.jobs.steps import Part

if TYPE_CHECKING:
    import lrp_engine
    from lrp_engine.explanation import Arrived
    from lrp_gui.jobs.requests import SampleRequest

FIRST_AFTER = 0.15  # seconds: what is ready sooner would only flicker
INTERVAL = 0.1  # seconds between two parts, at the least
GROWTH = 1.2  # and so many times as long after the beginning as the one before: each costs the engine some time

clock: Callable[[], float] = time.perf_counter


class Arrivals:
    """Says what came since the explanation began, now and then; each layer is turned into plain values once."""

    def __init__(self, request: SampleRequest, flows: tuple[str, ...]) -> None:
        self._request, self._dense = request, flows
        self._shapes = {layer.path: layer.shape for layer in request.network.layers}
        self._sources = {layer.path: layer.sources[0] for layer in request.network.layers if layer.sources}
        self._began = clock()
        self._due = self._began + FIRST_AFTER
        self._told = -1
        self.layers: dict[str, LayerResult] = {}
        self.flows: dict[str, Flow] = {}

    def part(self, step: lrp_engine.Progress) -> Part | None:
        """What is to be told after a step; None where it is too soon, or nothing came since the last time."""
        if clock() < self._due:
            return None
        found = step.arrived() if step.arrived is not None else None
        if found is not None:
            self._take(found)
        if len(self.layers) == self._told:
            return None
        self._told = len(self.layers)
        shares = {} if found is None else {e: (float(up[0]), float(down[0])) for e, (up, down) in found.shares.items()}
        now = clock()
        self._due = max(now + INTERVAL, self._began + (now - self._began) * GROWTH)
        return Part(
            Arriving(self._request.row, self._request.sample, dict(self.layers), dict(self.flows), shares, self._dense)
        )

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
