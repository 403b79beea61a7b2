"""z = W x + b, whatever operation it is, seen as a linear map of its one live input.

A rule needs three things of a map: W applied to an input, its adjoint applied to a share, and the flow between units –
each for W itself or for a *part* of it: W⁺, W⁻.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .relevance import summed_to

aten = torch.ops.aten

PARTS: dict[str, Callable[[Tensor], Tensor]] = {
    "w": lambda w: w,
    "+": lambda w: w.clamp(min=0),
    "-": lambda w: w.clamp(max=0),
}


class WeightCache:
    """Modified weights, the most recently used first out of the budget kept."""

    def __init__(self, budget: int = 2**30) -> None:
        self.budget = budget
        self.nbytes = 0
        self._held: OrderedDict[Any, Tensor] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Tensor]) -> Tensor:
        """The tensor under `key`, made if it is not there."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = make()
        self._held[key] = made
        self.nbytes += made.nbytes
        while self.nbytes > self.budget and len(self._held) > 1:
            self.nbytes -= self._held.popitem(last=False)[1].nbytes
        return made


class AffineMap(ABC):
    """A map with weights. Subclasses say how it and its adjoint are computed.

    Attributes
    ----------
    weight : torch.Tensor or None
    bias : torch.Tensor or None
        Of a shape that broadcasts onto z.
    """

    def __init__(self, weight: Tensor | None, bias: Tensor | None, cache: WeightCache, key: Any) -> None:
        self.weight = weight
        self.bias = bias
        self._cache = cache
        self._key = key

    def part(self, part: str) -> Tensor:
        """The weight, or a part of it."""
        assert self.weight is not None
        if part == "w":
            return self.weight
        weight = self.weight
        return self._cache.get((self._key, part), lambda: PARTS[part](weight))

    def value(self, x: Tensor) -> Tensor:
        """Z with its bias, as the network computes it."""
        z = self.forward(x, "w")
        return z if self.bias is None else z + self.bias

    @abstractmethod
    def forward(self, x: Tensor, part: str) -> Tensor:
        """The map without bias."""

    @abstractmethod
    def adjoint(self, share: Tensor, part: str, shape: torch.Size) -> Tensor:
        """What each input of `shape` gets of the shares on the outputs: Wᵀ share."""


class WeightedMap(AffineMap):
    """A map that learns, between units that a person can point at."""

    @abstractmethod
    def flow(self, x: Tensor, share: Tensor, part: str) -> Tensor:
        """x_i w_ij share_j as (samples, output units, input units)."""


class Dense(WeightedMap):
    """x (samples, …, inputs) → (samples, …, outputs); the weight is (outputs, inputs)."""

    def value(self, x: Tensor) -> Tensor:
        """z, (samples, …, outputs)."""
        return torch.nn.functional.linear(x, self.part("w"), self.bias)

    def forward(self, x: Tensor, part: str) -> Tensor:
        """X W_partᵀ, (samples, …, outputs)."""
        return torch.nn.functional.linear(x, self.part(part))

    def adjoint(self, share: Tensor, part: str, shape: torch.Size) -> Tensor:  # noqa: ARG002
        """Share · W_part, (samples, …, inputs)."""
        return share.matmul(self.part(part))

    def flow(self, x: Tensor, share: Tensor, part: str) -> Tensor:
        """(samples, outputs, inputs), summed over positions."""
        weight = self.part(part)
        if x.dim() == 2:
            return share.unsqueeze(2) * weight * x.unsqueeze(1)
        n = x.shape[0]
        x, share = x.reshape(n, -1, x.shape[-1]), share.reshape(n, -1, share.shape[-1])
        return torch.einsum("npo,npi->noi", share, x) * weight


class Convolution(WeightedMap):
    """A convolution over one to three axes; x (samples, channels, …)."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        cache: WeightCache,
        key: Any,
        *,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
        groups: int,
        transposed: bool = False,
        output_padding: list[int] | None = None,
    ) -> None:
        super().__init__(weight, bias, cache, key)
        axes = weight.dim() - 2
        self._flat_bias = bias
        if bias is not None:
            self.bias = bias.reshape(-1, *[1] * axes)
        self._settings = (stride, padding, dilation, transposed, output_padding or [0] * axes, groups)

    def value(self, x: Tensor) -> Tensor:
        """z, (samples, channels, …)."""
        return aten.convolution(x, self.part("w"), self._flat_bias, *self._settings)

    def forward(self, x: Tensor, part: str) -> Tensor:
        """The convolution without bias."""
        return aten.convolution(x, self.part(part), None, *self._settings)

    def adjoint(self, share: Tensor, part: str, shape: torch.Size) -> Tensor:
        """The convolution's backward pass towards its input; only the input's shape is used."""
        weight = self.part(part)
        x = share.new_empty(1).expand(shape)
        return aten.convolution_backward(share, x, weight, None, *self._settings, [True, False, False])[0]

    def flow(self, x: Tensor, share: Tensor, part: str) -> Tensor:
        """(samples, output channels, input channels): W ⊙ ∂/∂W of the backward pass, summed over the kernel."""
        weight = self.part(part)
        groups, transposed = self._settings[-1], self._settings[3]
        flows = []
        for one in range(x.shape[0]):
            sample = slice(one, one + 1)
            gradient = aten.convolution_backward(
                share[sample], x[sample], weight, None, *self._settings, [False, True, False]
            )[1]
            flows.append((weight * gradient).flatten(2).sum(2))
        stacked = torch.stack(flows)  # (samples, outputs, inputs / groups), or the two swapped where transposed
        if groups > 1:
            stacked = _spread(stacked, groups)
        return stacked.transpose(1, 2) if transposed else stacked


def _spread(flow: Tensor, groups: int) -> Tensor:
    """(samples, a, b / groups) → (samples, a, b) with zeros between the groups."""
    samples, rows, columns = flow.shape
    blocks = flow.reshape(samples, groups, rows // groups, columns)
    whole = flow.new_zeros(samples, groups, rows // groups, groups, columns)
    index = torch.arange(groups)
    whole[:, index, :, index] = blocks.transpose(0, 1)
    return whole.reshape(samples, rows, groups * columns)


class Scaling(AffineMap):
    """x · scale + shift, elementwise: a product with a constant, a batch norm with fixed statistics."""

    def __init__(self, scale: Tensor, shift: Tensor | None, cache: WeightCache, key: Any) -> None:
        super().__init__(scale, shift, cache, key)

    def forward(self, x: Tensor, part: str) -> Tensor:
        """X · scale."""
        return x * self.part(part)

    def adjoint(self, share: Tensor, part: str, shape: torch.Size) -> Tensor:
        """Share · scale, summed where x was broadcast."""
        return summed_to(share * self.part(part), shape)


class Weightless(AffineMap):
    """A linear operation without weights of its own (average pools, means, sums): its adjoint is its derivative."""

    def __init__(self, function: Callable[[Tensor], Tensor], cache: WeightCache, key: Any) -> None:
        super().__init__(None, None, cache, key)
        self._function = function

    def forward(self, x: Tensor, part: str) -> Tensor:  # noqa: ARG002 – it has no parts
        """The operation itself."""
        return self._function(x)

    def adjoint(self, share: Tensor, part: str, shape: torch.Size) -> Tensor:  # noqa: ARG002 – it has no parts
        """The operation's backward pass; being linear, it is the same at every x."""
        return backward_of(self._function, share.new_zeros(shape), share)


def backward_of(function: Callable[[Tensor], Tensor], x: Tensor, share: Tensor) -> Tensor:
    """The vector–Jacobian product of a function at x, by autograd."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(x), x, share)
    return gradient
