"""z = W x + b, whatever operation it is, seen as a linear map of its one live input.

A rule needs three things of a map: W applied to an input, its adjoint applied to a share, and the flow between units –
each for W itself or for a *part* of it: W⁺, W⁻, W + γW⁺, W², or ones in its place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import prod
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from .kernels import convolution, linear, strided_adjoint, strided_kernel
from .packed import (
    convolution_adjoint,
    packed_convolution,
    packed_for_adjoint,
    packed_linear,
    packs_convolution,
    packs_linear,
)
from .relevance import summed_to

aten = torch.ops.aten

# A convolution over so few channels, as of an image, takes about as long for some more of them.
_FEW = 4

Part = str | tuple[str, float]  # a name of `PARTS`, with the number that it takes

PARTS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "+": lambda w, _: w.clamp(min=0),
    "-": lambda w, _: w.clamp(max=0),
    "gamma+": lambda w, gamma: w.clamp(min=0).mul_(gamma).add_(w),
    "gamma-": lambda w, gamma: w.clamp(max=0).mul_(gamma).add_(w),
    "square": lambda w, _: w.square(),
    "ones": lambda w, _: torch.ones_like(w),
}


def part_of(weight: Tensor, part: Part) -> Tensor:
    """A part of a weight, made anew."""
    name, number = (part, 0.0) if isinstance(part, str) else part
    return PARTS[name](weight, number)


class WeightCache:
    """Modified weights, the most recently used first out of the budget kept. Several threads may explain at once."""

    def __init__(self, budget: int = 2**30) -> None:
        self.budget = budget
        self.nbytes = 0
        self._held: OrderedDict[Any, Tensor] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, make: Callable[[], Tensor]) -> Tensor:
        """The tensor under `key`, made if it is not there."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()  # nobody waits meanwhile: two threads may make the same
        with self._lock:
            if key in self._held:
                return self._held[key]
            self._held[key] = made
            self.nbytes += made.nbytes
            while self.nbytes > self.budget and len(self._held) > 1:
                self.nbytes -= self._held.popitem(last=False)[1].nbytes
        return made

    def spare(self, key: Any, size: int, make: Callable[[], Tensor]) -> Tensor | None:
        """What only saves time: as `get`, but None where it would take more than half of the budget."""
        return self.get(key, make) if key in self._held or self.nbytes + size <= self.budget // 2 else None


class AffineMap(ABC):
    """A map with weights. Subclasses say how it and its adjoint are computed.

    Attributes
    ----------
    weight : torch.Tensor or None
    bias : torch.Tensor or None
        Of a shape that broadcasts onto z.
    units_axis : int or None
        The axis of z along which the bias runs, where it runs along one.
    """

    units_axis: int | None = None
    # what `adjoint` gives is held by nobody else, and may be written into
    fresh = False

    def __init__(self, weight: Tensor | None, bias: Tensor | None, cache: WeightCache, key: Any) -> None:
        self.weight = weight
        self.bias = bias
        self._cache = cache
        # a map of fewer rows goes by the same name
        self._key = key if weight is None else (key, weight.shape)

    def part(self, part: Part) -> Tensor:
        """The weight, or a part of it."""
        weight = self.weight
        assert weight is not None
        return weight if part == "w" else self._cache.get((self._key, part), lambda: part_of(weight, part))

    def value(self, x: Tensor, *, rectify: bool = False) -> Tensor:
        """Z with its bias, as the network computes it; with `rectify`, the ReLU of that."""
        z = self.forward(x, "w")
        z = z if self.bias is None else z + self.bias
        return z.relu_() if rectify else z

    def offset(self, of_bias: Callable[[Tensor], Tensor], more: float) -> Tensor | float:
        """A function of the bias, and more: what `forward` can add on the way."""
        return more if self.bias is None else of_bias(self.bias) + more

    @abstractmethod
    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """The map without bias; `offset` is added to it."""

    @abstractmethod
    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:
        """What each input of `shape` gets of the shares on the outputs: Wᵀ share."""

    def by_sign(self, x: Tensor, parts: tuple[Part, Part], offset: Tensor | float) -> Tensor:
        """x⁺ W_partᵀ + x⁻ W_otherᵀ + offset, without bias, in memory of its own."""
        of_positive, of_negative = parts
        total = self.forward(x.clamp(min=0), of_positive, offset)
        return total.add_(self.forward(x.clamp(max=0), of_negative))

    def adjoints(self, share: Tensor, parts: Sequence[Part], shape: torch.Size) -> list[Tensor]:
        """The adjoint of several parts of the weight."""
        return [self.adjoint(share, part, shape) for part in parts]


class WeightedMap(AffineMap):
    """A map that learns, between units that a person can point at."""

    fresh = True

    def _matrix(self, part: Part, rows: int, *, adjoint: bool = False) -> Tensor:
        """The weight as (outputs, inputs), or for the adjoint the other way round; packed where that pays."""
        weight = self.part(part)
        weight = weight.flatten(1) if weight.dim() > 2 else weight
        weight = weight.t() if adjoint else weight
        if not packs_linear(weight, rows, adjoint=adjoint):
            return weight
        key = (self._key, part, "packed", adjoint)
        packed = self._cache.spare(key, weight.nbytes, lambda: packed_linear(weight))
        return weight if packed is None else packed

    @abstractmethod
    def flow(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """x_i w_ij share_j as (samples, output units, input units)."""

    @abstractmethod
    def weight_relevance(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """W ⊙ ∂/∂W of the backward pass, for each sample: (samples, *weight.shape)."""


class Dense(WeightedMap):
    """x (samples, …, inputs) → (samples, …, outputs); the weight is (outputs, inputs)."""

    units_axis = -1

    def value(self, x: Tensor, *, rectify: bool = False) -> Tensor:
        """z, (samples, …, outputs)."""
        return linear(x, self._matrix("w", _rows(x)), self.bias, rectify=rectify)

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """X W_partᵀ, (samples, …, outputs)."""
        weight = self._matrix(part, _rows(x))
        return linear(x, weight, _vector(offset, x, weight.shape[0]))

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:  # noqa: ARG002
        """Share · W_part, (samples, …, inputs)."""
        return linear(share, self._matrix(part, _rows(share), adjoint=True), None)

    def flow(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """(samples, outputs, inputs), summed over positions."""
        weight = self.part(part)
        if x.dim() == 2:
            return share.unsqueeze(2) * weight * x.unsqueeze(1)
        n = x.shape[0]
        x, share = x.reshape(n, -1, x.shape[-1]), share.reshape(n, -1, share.shape[-1])
        return torch.einsum("npo,npi->noi", share, x) * weight

    def weight_relevance(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """(samples, outputs, inputs): a weight joins two units, so it is the flow."""
        return self.flow(x, share, part)


class Convolution(WeightedMap):
    """A convolution over one to three axes; x (samples, channels, …).

    In float32 on the CPU those over two axes run channels-last: that is faster there, and for pools far more so.
    """

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
        self.units_axis = -1 - axes
        self._flat_bias = bias
        if bias is not None:
            self.bias = bias.reshape(-1, *[1] * axes)
        self._settings = (stride, padding, dilation, transposed, output_padding or [0] * axes, groups)

    @property
    def _channels_last(self) -> bool:
        assert self.weight is not None
        return self.weight.dim() == 4 and self.weight.dtype == torch.float32 and self.weight.device.type == "cpu"

    @property
    def _pointwise(self) -> bool:
        """Whether it is a dense layer at every place: channels-last, that is what memory holds."""
        stride, padding, _, transposed, _, groups = self._settings
        assert self.weight is not None
        alone = self.weight.shape[2:].numel() == 1 and groups == 1 and not transposed
        return alone and self._channels_last and set(stride) == {1} and set(padding) == {0}

    @staticmethod
    def _as_dense(x: Tensor, weight: Tensor, bias: Tensor | None, *, rectify: bool = False) -> Tensor:
        rows = x.permute(0, 2, 3, 1)
        return linear(rows, weight, bias, rectify=rectify).permute(0, 3, 1, 2)

    def part(self, part: Part) -> Tensor:
        """The kernel, or a part of it, in the layout that it is used in."""
        weight = self.weight
        assert weight is not None
        if not self._channels_last:
            return super().part(part)
        if part == "w" and weight.is_contiguous(memory_format=torch.channels_last):
            return weight

        def made() -> Tensor:
            return (weight if part == "w" else part_of(weight, part)).contiguous(memory_format=torch.channels_last)

        return self._cache.get((self._key, part), made)

    def value(self, x: Tensor, *, rectify: bool = False) -> Tensor:
        """z, (samples, channels, …)."""
        if self._channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        return self._convolved(x, "w", self._flat_bias, rectify=rectify)

    def _convolved(self, x: Tensor, part: Part, bias: Tensor | None, *, rectify: bool = False) -> Tensor:
        if self._pointwise:
            return self._as_dense(x, self._matrix(part, _places(x)), bias, rectify=rectify)
        weight = self.part(part)
        # of so many places only some are the output's, unless padding is large
        if self._channels_last and packs_convolution(weight, self._settings, _places(x) // prod(self._settings[0])):
            key = (self._key, part, "packed", False)
            packed = self._cache.spare(key, weight.nbytes, lambda: packed_convolution(weight, self._settings, x.shape))
            weight = weight if packed is None else packed
        return convolution(x, weight, bias, self._settings, rectify=rectify)

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """The convolution without bias."""
        assert self.weight is not None
        groups, transposed = self._settings[-1], self._settings[3]
        units = self.weight.shape[1] * groups if transposed else self.weight.shape[0]
        return self._convolved(x, part, _vector(offset, x, units))

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:
        """The convolution's backward pass towards its input; only the input's shape is used."""
        if self._few and max(self._settings[0]) > 1:
            return self._adjoint_of_few(share, [part], shape)
        if self._pointwise:
            return self._as_dense(share, self._matrix(part, _places(share), adjoint=True), None)
        weight = self.part(part)
        if self._channels_last and packs_convolution(weight, self._settings, _places(share)):
            key = (self._key, part, "packed", True)
            packed = self._cache.spare(
                key, weight.nbytes, lambda: packed_for_adjoint(weight, self._settings, share.shape, shape)
            )
            if packed is not None:
                return convolution_adjoint(share, packed, weight, self._settings, shape)
        # memory that is never touched costs nothing; its layout is that of the result
        layout = torch.channels_last if self._channels_last else torch.contiguous_format
        x = torch.empty(shape, dtype=share.dtype, device=share.device, memory_format=layout)
        return aten.convolution_backward(share, x, weight, None, *self._settings, [True, False, False])[0]

    @property
    def _few(self) -> bool:
        """Whether parts of the weight may stand side by side, as so many more input channels."""
        _, _, dilation, transposed, _, groups = self._settings
        assert self.weight is not None
        plain = groups == 1 and not transposed and set(dilation) == {1}
        return plain and self._channels_last and self.weight.shape[1] <= _FEW

    def _beside(self, parts: Sequence[Part]) -> Tensor:
        return torch.cat([self.part(part) for part in parts], 1)

    def by_sign(self, x: Tensor, parts: tuple[Part, Part], offset: Tensor | float) -> Tensor:
        """x⁺ W_partᵀ + x⁻ W_otherᵀ + offset; of few channels both are one convolution."""
        if not self._few:
            return super().by_sign(x, parts, offset)
        layout = torch.channels_last
        weight = self._cache.get(
            (self._key, "signs", *parts), lambda: self._beside(parts).contiguous(memory_format=layout)
        )
        both = torch.cat([x.clamp(min=0), x.clamp(max=0)], 1).contiguous(memory_format=layout)
        return aten.convolution(both, weight, _vector(offset, weight, len(weight)), *self._settings)

    def adjoints(self, share: Tensor, parts: Sequence[Part], shape: torch.Size) -> list[Tensor]:
        """The adjoint of several parts; of few channels all are one convolution."""
        if not self._few or len(parts) == 1:
            return super().adjoints(share, parts, shape)
        return list(self._adjoint_of_few(share, parts, shape).chunk(len(parts), 1))

    def _adjoint_of_few(self, share: Tensor, parts: Sequence[Part], shape: torch.Size) -> Tensor:
        stride, padding = self._settings[:2]
        key = (self._key, "adjoint", *parts)
        kernel = self._cache.get(key, lambda: strided_kernel(self._beside(parts), stride))
        return strided_adjoint(share, kernel, stride, padding, (shape[2], shape[3]))

    def flow(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """(samples, output channels, input channels): W ⊙ ∂/∂W of the backward pass, summed over the kernel."""
        groups, transposed = self._settings[-1], self._settings[3]
        # (samples, outputs, inputs / groups), or the two swapped where transposed
        summed = self.weight_relevance(x, share, part).flatten(3).sum(3)
        if groups > 1:
            summed = _spread(summed, groups)
        return summed.transpose(1, 2) if transposed else summed

    def weight_relevance(self, x: Tensor, share: Tensor, part: Part) -> Tensor:
        """(samples, *weight.shape)."""
        weight = self.part(part)
        gradients = [
            aten.convolution_backward(
                share[one : one + 1], x[one : one + 1], weight, None, *self._settings, [False, True, False]
            )[1]
            for one in range(x.shape[0])
        ]
        return torch.stack(gradients).mul_(weight)


class Unbatched(Convolution):
    """A convolution of one sample without an axis of samples: x (channels, …)."""

    def value(self, x: Tensor, *, rectify: bool = False) -> Tensor:
        """z, (channels, …)."""
        return super().value(x.unsqueeze(0), rectify=rectify).squeeze(0)

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """The convolution without bias."""
        return super().forward(x.unsqueeze(0), part, offset).squeeze(0)

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:
        """The convolution's backward pass towards its input."""
        return super().adjoint(share.unsqueeze(0), part, torch.Size([1, *shape])).squeeze(0)

    @property
    def _few(self) -> bool:
        return False


def _vector(offset: Tensor | float | None, like: Tensor, units: int) -> Tensor | None:
    """An offset as one number a unit, as torch's operations take a bias."""
    if offset is None or isinstance(offset, Tensor):
        return None if offset is None else offset.flatten()
    return like.new_full((units,), offset)


def _rows(x: Tensor) -> int:
    return x.numel() // max(x.shape[-1], 1)


def _places(x: Tensor) -> int:
    """Of all samples, (samples, channels, height, width)."""
    return x.numel() // max(x.shape[1], 1)


def _plus(z: Tensor, offset: Tensor | float | None) -> Tensor:
    return z if offset is None else z + offset


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

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """X · scale."""
        return _plus(x * self.part(part), offset)

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:
        """Share · scale, summed where x was broadcast."""
        return summed_to(share * self.part(part), shape)


class Weightless(AffineMap):
    """A linear operation without weights of its own (average pools, means, sums): its adjoint is its derivative."""

    def __init__(self, function: Callable[[Tensor], Tensor], cache: WeightCache, key: Any) -> None:
        super().__init__(None, None, cache, key)
        self._function = function

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:  # noqa: ARG002
        """The operation itself; it has no parts."""
        return _plus(self._function(x), offset)

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:  # noqa: ARG002 – it has no parts
        """The operation's backward pass; being linear, it is the same at every x."""
        return backward_of(self._function, share.new_zeros(shape), share)


class ConstantSide(AffineMap):
    """Any product with a constant side (a matmul from the left, an einsum): `function(x, weight)` is linear in both."""

    def __init__(
        self, function: Callable[[Tensor, Tensor], Tensor], weight: Tensor, cache: WeightCache, key: Any
    ) -> None:
        super().__init__(weight, None, cache, key)
        self._function = function

    def forward(self, x: Tensor, part: Part, offset: Tensor | float | None = None) -> Tensor:
        """The operation, with a part of its constant side."""
        return _plus(self._function(x, self.part(part)), offset)

    def adjoint(self, share: Tensor, part: Part, shape: torch.Size) -> Tensor:
        """Its backward pass towards x; being linear, it is the same at every x."""
        weight = self.part(part)
        return backward_of(lambda x: self._function(x, weight), share.new_zeros(shape), share)


def backward_of(function: Callable[[Tensor], Tensor], x: Tensor, share: Tensor) -> Tensor:
    """The vector–Jacobian product of a function at x, by autograd."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(x), x, share)
    return gradient
