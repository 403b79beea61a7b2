"""Relevance on its way: held as it is (R), or as a factor of the value it belongs to (R = x·G).

The second form costs nothing in sums, movements and pools, and keeps ε free of products; not every rule can use it
(w², flat and a sigmoid give relevance to inputs that are zero).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

_LONG = 2**15


class Relevance:
    """Relevance of one value, in one of two forms.

    Attributes
    ----------
    r : torch.Tensor or None
        Relevance itself, of the value's shape.
    g : torch.Tensor or None
        Its factor: relevance = value · g.
    owned : bool
        Nobody else holds the tensor, so that whoever takes the relevance may write into it.
    """

    __slots__ = ("g", "owned", "r")

    def __init__(self, *, r: Tensor | None = None, g: Tensor | None = None, owned: bool = False) -> None:
        self.r = r
        self.g = g
        self.owned = owned

    def of(self, value: Tensor) -> Tensor:
        """Relevance itself; zero wherever the factor is, even where the value is infinite (a masked score)."""
        if self.r is not None:
            return self.r
        assert self.g is not None
        return value * self.g

    def taken(self, value: Tensor) -> Tensor:
        """Relevance itself, in memory that the caller may write into; what was there before is lost."""
        if self.owned:
            held = self.r if self.g is None else self.g.mul_(value)
            assert held is not None
            self.r = self.g = None  # who takes it lets go of it when it is done
            return held
        return self.r.clone() if self.r is not None else self.of(value)

    def plus(self, other: Relevance, value: Callable[[], Tensor]) -> Relevance:
        """Both together: what a value gets from two of its readers."""
        if self.g is not None and other.g is not None:
            if self.owned:
                return Relevance(g=self.g.add_(other.g), owned=True)
            if other.owned:
                return Relevance(g=other.g.add_(self.g), owned=True)
            return Relevance(g=self.g + other.g, owned=True)
        return Relevance(r=self.of(value()) + other.of(value()), owned=True)

    def amount(self, value: Tensor) -> Amount:
        """Its total, for the ledger."""
        if self.r is not None:
            return Amount(self.r)
        assert self.g is not None
        return Amount(value, self.g)

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Relevance:
        """The same form, with `function` applied: for maps that only move values."""
        if self.g is not None:
            return Relevance(g=function(self.g))
        assert self.r is not None
        return Relevance(r=function(self.r))

    def stabilized_share(self, z: Tensor, epsilon: float) -> tuple[Tensor, Amount]:
        """R / (z + ε sgn z), with sgn 0 = +1, and what ε absorbs: ε sgn z times that.

        From R = z·g the share is z g / (z + ε sgn z), and what is absorbed is ε sgn z times it.
        """
        if self.g is None:
            assert self.r is not None
            sign = torch.where(z >= 0, 1.0, -1.0).to(z.dtype)
            share = self.r / (z + epsilon * sign)
            return share, Amount(share, sign, epsilon)
        # |z| / (|z| + ε): no signs to look at
        size = z.abs()
        q = size + epsilon
        torch.div(self.g, q, out=q)
        return size.mul_(q), Amount(z, q, epsilon)

    def spent_share(self, z: Tensor, epsilon: float, samples: tuple[int, int] | None) -> tuple[Tensor, Tensor]:
        """The same of a factor, written over z, which is not needed any more; and what ε absorbs, (samples,)."""
        assert self.g is not None
        q = z.abs().add_(epsilon)
        torch.div(self.g, q, out=q)
        absorbed = Amount(z, q, epsilon).per_sample(samples)
        return z.abs_().mul_(q), absorbed

    def share_of_positive(self, z: Tensor, epsilon: float, *, spend: bool = False) -> Tensor:
        """R / (z + ε) where all relevance lies at z > 0, or has been cut to zero with z itself.

        What is owned may be written into; with `spend`, so may z, for it is not needed any more.
        """
        if spend and self.g is not None and self.owned:
            share = self.g.mul_(z)
            return share.div_(z.add_(epsilon))
        q = z + epsilon
        if self.g is None:
            assert self.r is not None
            return torch.div(self.r, q, out=q)
        torch.div(z, q, out=q)
        return self.g.mul_(q) if self.owned else q.mul_(self.g)


class Amount(NamedTuple):
    """What is summed for the ledger: scale · Σ values · weight, without the product being written out.

    `weight` has the shape of `values`, or one that broadcasts onto it.
    """

    values: Tensor
    weight: Tensor | None = None
    scale: float = 1.0

    def per_sample(self, samples: tuple[int, int] | None) -> Tensor:
        """Sum over everything but the samples.

        Parameters
        ----------
        samples : (axis, times) or None
            Where the samples run, and how many values of each stand there; None if it is one sample without an axis.

        Returns
        -------
        torch.Tensor
            (samples,)
        """
        values, weight = self.values, self.weight
        if samples is None:
            values, samples = values.unsqueeze(0), (0, 1)
            weight = None if weight is None else weight.unsqueeze(0)
        axis, times = samples
        count = values.shape[axis] // times
        if weight is None:
            total = _by_sample(values, axis, count).sum(1)
        elif weight.shape == values.shape:
            if axis == 0 and values.stride() != weight.stride():
                weight = torch.empty_like(values).copy_(weight)
            total = _dots(_by_sample(values, axis, count), _by_sample(weight, axis, count))
        else:
            # a bias: sum where it is the same, before it is multiplied
            weight = weight.reshape([1] * (values.dim() - weight.dim()) + list(weight.shape))
            alike = [i for i, size in enumerate(weight.shape) if size == 1 and i != axis]
            summed = values.sum(alike, keepdim=True) if alike else values
            total = _by_sample(summed * weight, axis, count).sum(1)
        return total if self.scale == 1.0 else total * self.scale


def _dots(a: Tensor, b: Tensor) -> Tensor:
    """The products of rows, (samples,)."""
    if a.shape[1] < _LONG:
        return torch.linalg.vecdot(a, b)
    # `vecdot` writes the product out; for rows that long, a call for each costs nothing beside that
    return torch.stack([torch.dot(x, y) for x, y in zip(a, b, strict=True)])


def _by_sample(values: Tensor, axis: int, count: int) -> Tensor:
    """(samples, everything else), in the order in which memory holds it, so that channels-last is not copied."""
    if axis:
        values = values.movedim(axis, 0)
    elif values.dim() == 4 and not values.is_contiguous() and values.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)
    return values.reshape(count, -1)


def summed_to(amount: Tensor, shape: torch.Size) -> Tensor:
    """Undo broadcasting: sum over the axes along which a value of `shape` was repeated."""
    return amount if amount.shape == shape else amount.sum_to_size(shape)
