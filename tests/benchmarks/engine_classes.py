"""Ten classes of one network at once, beside autograd, which goes forward once and back ten times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

import lrp_engine as lrp

from .networks import dense_head
from .timing import CLOCKS, in_turns, ratio, seconds, table

CLASSES = range(10)
BATCH = 4


def gradients(module: nn.Module, inputs: Tensor) -> Callable[[], list[Tensor]]:
    """Give the baseline: gradient × input for each class, from one forward pass."""

    def work() -> list[Tensor]:
        x = inputs.detach().requires_grad_()
        output = module(x)
        return [torch.autograd.grad(output[:, c].sum(), x, retain_graph=True)[0] * inputs for c in CLASSES]

    return work


def print_classes(rounds: int, clock: str) -> None:
    """Print what ten classes of VGG16's dense head cost, and what one costs."""
    torch.manual_seed(0)
    module = dense_head().eval()
    inputs = torch.rand(BATCH, 25088)
    network = lrp.capture(module, (inputs[:2],))
    ten = partial(lrp.explain_each, network, inputs, targets=list(CLASSES), composite="epsilon", keep="inputs")
    one = partial(lrp.explain, network, inputs, target=0, composite="epsilon", keep="inputs")
    works = (gradients(module, inputs), ten, one)
    for work in works:
        work()
    base, *others = in_turns([partial(seconds, work, clock=CLOCKS[clock]) for work in works], rounds)
    cells = [f"{median(base) * 1e3:.1f}", *(ratio(times, base) for times in others)]
    header = ["", "1 forward + 10 backward, ms", "ten classes", "one class"]
    table(f"Ten classes, ε (median of {rounds} rounds)", header, [[f"VGG16's dense head, batch {BATCH}", *cells]])
