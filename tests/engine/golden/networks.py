"""The networks whose golden values are kept: plain torch, so that they can be built without the engines that made them.

All are chains of modules, with flatten as a function: what zennit and captum both explain rightly.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Chain(nn.Module):
    """Features, flattened, then a head."""

    def __init__(self, features: list[nn.Module], head: list[nn.Module]) -> None:
        super().__init__()
        self.features = nn.Sequential(*features)
        self.head = nn.Sequential(*head)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.flatten(self.features(x), 1))


def mlp(*, bias: bool) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(6, 9, bias=bias), nn.ReLU(), nn.Linear(9, 7, bias=bias), nn.ReLU(), nn.Linear(7, 3, bias=bias))
    )


def cnn(*, bias: bool) -> nn.Module:
    """Padding, groups, both pools; x ≥ 0 behind the first layer."""
    features = [
        *(nn.Conv2d(2, 4, 3, padding=1, bias=bias), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=bias), nn.ReLU(), nn.AvgPool2d(2, stride=1)),
    ]
    return Chain(features, [nn.Linear(24, 8, bias=bias), nn.ReLU(), nn.Linear(8, 3, bias=bias)])


def signed(*, bias: bool) -> nn.Module:
    """Values of either sign everywhere; strides and dilation."""
    features = [
        *(nn.Conv2d(2, 4, 2, dilation=2, bias=bias), nn.Tanh(), nn.AvgPool2d(2, stride=1)),
        *(nn.Conv2d(4, 6, 2, stride=2, padding=1, bias=bias), nn.Tanh()),
    ]
    return Chain(features, [nn.Linear(24, 3, bias=bias)])


def sequence(*, bias: bool) -> nn.Module:
    """One axis, and a transposed convolution with groups."""
    features = [
        *(nn.Conv1d(2, 4, 3, stride=2, padding=1, bias=bias), nn.Tanh()),
        *(nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=bias), nn.ReLU()),
    ]
    return Chain(features, [nn.Linear(60, 3, bias=bias)])


def norm(*, bias: bool) -> nn.Module:
    """Batch norm behind each convolution."""
    features = [
        *(nn.Conv2d(2, 4, 3, padding=1, bias=bias), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 2, bias=bias), nn.BatchNorm2d(6), nn.ReLU()),
    ]
    return Chain(features, [nn.Linear(24, 3, bias=bias)])


# name -> how to build it, the shape of one sample
NETWORKS: dict[str, tuple[Callable[..., nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (6,)),
    "cnn": (cnn, (2, 6, 6)),
    "signed": (signed, (2, 6, 6)),
    "sequence": (sequence, (2, 10)),
    "norm": (norm, (2, 6, 6)),
}


def blank(name: str) -> nn.Module:
    """A network in float64 as yet without its weights; a name that ends in `_plain` is one without biases."""
    build, _ = NETWORKS[name.removesuffix("_plain")]
    return build(bias=not name.endswith("_plain")).to(torch.float64).eval()
