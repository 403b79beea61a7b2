"""Layers come to the window in the engine's own memory: nothing writes there afterwards, neither it nor the window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lrp_engine
from lrp_gui.jobs.convert import first_sample
from tests.gui.networks import CASES, VOCABULARY

COMPOSITES = (
    *("epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box", "excitation_backprop"),
    *("attn_lrp", "gradient_x_input", "guided_backprop"),
)


class Bends(torch.nn.Module):
    """All that is done to values in their place: ReLUs over a sum, a join, a pool, and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4)
        self.second, self.up = torch.nn.Conv2d(4, 4, 3, padding=1), torch.nn.ConvTranspose2d(4, 4, 2, 2)
        self.relu, self.pool = torch.nn.ReLU(inplace=True), torch.nn.MaxPool2d(2)
        self.head = torch.nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.norm(self.first(x)))
        z = self.relu(self.second(y) + y)
        joined = torch.cat([self.up(self.pool(z)), z], 1)
        return self.head(joined.mean((2, 3)))


def network_of(name: str) -> tuple[lrp_engine.Network, list[torch.Tensor]]:
    torch.manual_seed(0)
    if name == "bends":
        module, shape, tokens = Bends(), (3, 8, 8), False
    else:
        case = CASES[name]
        module, shape, tokens = case.network(), case.shape, case.tokens
    samples = [
        torch.randint(0, VOCABULARY, (1, *shape)) if tokens else torch.rand(1, *shape) for _ in range(2)
    ]  # of one sample, as the window explains them
    return lrp_engine.capture(module.eval(), (torch.cat(samples),)), samples


def told(network: lrp_engine.Network, inputs: torch.Tensor, composite: object) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every array that the window would take, on the way and at the end, with a copy of when it was told."""
    shapes = {layer.path: tuple(size for size in layer.shape if size is not None) for layer in network.layers}
    steps, taken, seen = lrp_engine.explaining(network, inputs, composite=composite), [], set()

    def take(layers: dict[str, torch.Tensor], activations: dict[str, torch.Tensor], when: str) -> None:
        for path in layers:
            for kind, of in enumerate((layers, activations)):
                if (path, kind, when) not in seen:
                    seen.add((path, kind, when))
                    array = first_sample(of[path], shapes[path])
                    taken.append((array, array.copy()))

    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            take(stop.value.layers, stop.value.activations, "end")
            return taken
        if step.arrived is not None:
            found = step.arrived()
            take(found.layers, found.activations, "on the way")


@pytest.mark.parametrize("name", ["bends", *CASES])
def test_nothing_is_written_to_what_was_told(name):
    network, (first, second) = network_of(name)
    for wanted in COMPOSITES:
        box = {"low": -1.0, "high": 2.0} if wanted == "epsilon_gamma_box" else {}
        composite = lrp_engine.Composite.named(wanted, **box)
        taken = told(network, first, composite)
        assert len(taken) > 4
        told(network, second, composite)  # another one in the same plan, and with the same kept weights
        for array, copy in taken:
            assert np.array_equal(array, copy, equal_nan=True), wanted


def test_the_window_cannot_write_there(qapp):
    with pytest.raises(ValueError, match="read-only"):
        first_sample(torch.zeros(1, 4), (4,))[0] = 1.0
