"""Relevance on its way: held as it is (R), or as a factor of the value it belongs to (R = x·G).

The second form costs nothing in sums, movements and pools, and keeps ε free of products; not every rule can use it
(w², flat and a sigmoid give relevance to inputs that are zero).
"""

from __future__ import annotations

import torch
from torch import Tensor


class Relevance:
    """Relevance of one value, in one of two forms.

    Attributes
    ----------
    r : torch.Tensor or None
        Relevance itself, of the value's shape.
    g : torch.Tensor or None
        Its factor: relevance = value · g.
    """

    __slots__ = ("g", "r")

    def __init__(self, *, r: Tensor | None = None, g: Tensor | None = None) -> None:
        self.r = r
        self.g = g

    def of(self, value: Tensor) -> Tensor:
        """Relevance itself."""
        if self.r is not None:
            return self.r
        assert self.g is not None
        return value * self.g

    def plus(self, other: Relevance, value: Tensor) -> Relevance:
        """Both together: what a value gets from two of its readers."""
        if self.g is not None and other.g is not None:
            return Relevance(g=self.g + other.g)
        return Relevance(r=self.of(value) + other.of(value))

    def over(self, value: Tensor, denominator: Tensor) -> Tensor:
        """Relevance divided by a denominator of the value's shape."""
        return self.of(value) / denominator

    def mapped(self, function: object) -> Relevance:
        """The same form, with `function` applied: for maps that only move values."""
        if self.g is not None:
            return Relevance(g=function(self.g))  # type: ignore[operator]
        return Relevance(r=function(self.r))  # type: ignore[operator]


def stabilized(z: Tensor, epsilon: float) -> Tensor:
    """Z + ε·sgn z, with sgn 0 = +1: never zero, never of another sign than z."""
    return torch.where(z >= 0, z + epsilon, z - epsilon)


def per_sample(amount: Tensor, samples: tuple[int, int] | None) -> Tensor:
    """Sum an amount over everything but the samples.

    Parameters
    ----------
    amount : torch.Tensor
    samples : (axis, times) or None
        Where the samples run, and how many values of each stand there; None if it is one sample without an axis.

    Returns
    -------
    torch.Tensor
        (samples,)
    """
    if samples is None:
        return amount.sum().reshape(1)
    axis, times = samples
    if axis:
        amount = amount.movedim(axis, 0)
    return amount.reshape(amount.shape[0] // times, -1).sum(1)


def summed_to(amount: Tensor, shape: torch.Size) -> Tensor:
    """Undo broadcasting: sum over the axes along which a value of `shape` was repeated."""
    return amount if amount.shape == shape else amount.sum_to_size(shape)
