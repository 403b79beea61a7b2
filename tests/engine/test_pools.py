"""Pools and other maps without weights under ε, selections under winner-takes-all: against loops in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from math import ceil
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lrp_engine as lrp
from lrp_engine.composites import Entry, Selector
from tests.engine.test_rules_by_matrix import by_formula, matrix_of, numbers


class Calls(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def summing(**parameters: float) -> lrp.Composite:
    return lrp.Composite("mine", entries=(Entry(Selector(kind="affine map"), lrp.Rule("epsilon", parameters)),))


# ---------------------------------------------------------------------------------------------- maps without weights

SHIFT = numbers(3, 1, seed=9)
WEIGHTLESS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "average 1d": (nn.AvgPool1d(3, 2, padding=1), (2, 7)),
    "average 2d": (nn.AvgPool2d(2, padding=1, ceil_mode=True), (2, 5, 4)),
    "average 2d without its padding": (nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), (2, 5, 4)),
    "average 2d by a divisor": (nn.AvgPool2d(2, divisor_override=3), (2, 4, 4)),
    "average 3d": (nn.AvgPool3d(2, 1), (1, 3, 3, 3)),
    "adaptive 1d": (nn.AdaptiveAvgPool1d(3), (2, 7)),
    "adaptive 2d": (nn.AdaptiveAvgPool2d((2, 3)), (2, 5, 4)),
    "adaptive 3d": (nn.AdaptiveAvgPool3d(2), (1, 3, 4, 3)),
    "mean over axes": (Calls(lambda x: x.mean((1, 3))), (2, 3, 4)),
    "mean of everything": (Calls(lambda x: x.mean((1, 2), keepdim=True)), (2, 3)),
    "sum": (Calls(lambda x: x.sum(1)), (2, 3)),
    "cumsum": (Calls(lambda x: x.cumsum(1)), (5,)),
    "nearest": (Calls(lambda x: F.interpolate(x, scale_factor=2)), (2, 3, 2)),
    "nearest exact": (Calls(lambda x: F.interpolate(x, size=5, mode="nearest-exact")), (2, 3)),
    "linear": (Calls(lambda x: F.interpolate(x, size=7, mode="linear")), (2, 3)),
    "bilinear": (Calls(lambda x: F.interpolate(x, size=(5, 3), mode="bilinear", align_corners=True)), (2, 3, 2)),
    "bicubic": (Calls(lambda x: F.interpolate(x, size=(5, 6), mode="bicubic")), (1, 4, 4)),
    "trilinear": (Calls(lambda x: F.interpolate(x, size=3, mode="trilinear")), (1, 2, 2, 2)),
    "bilinear without aliases": (
        Calls(lambda x: F.interpolate(x, size=(2, 2), mode="bilinear", antialias=True)),
        (1, 5, 4),
    ),
    "fold": (nn.Fold((3, 3), 2, padding=1), (4, 16)),
    "scaled": (Calls(lambda x: x * SHIFT), (3, 2)),
    "scaled and repeated": (Calls(lambda x: SHIFT * x), (1, 2)),
    "divided": (Calls(lambda x: x / SHIFT), (3, 2)),
    "einsum of one": (Calls(lambda x: torch.einsum("nijj->ni", x)), (2, 3, 3)),
}


@cache
def captured(name: str) -> lrp.Network:
    module, shape = WEIGHTLESS[name]
    return lrp.capture(module.double(), numbers(2, *shape, seed=0))


@pytest.mark.parametrize("epsilon", [1e-6, 0.1])
@pytest.mark.parametrize("name", WEIGHTLESS)
def test_epsilon_of_a_map_without_weights_is_its_formula(name, epsilon):
    module, shape = WEIGHTLESS[name]
    x = numbers(3, *shape, seed=1)
    w, b = matrix_of(module, shape)
    assert b.abs().max() == 0
    seed = numbers(*module(x).shape, seed=2)
    e = lrp.explain(captured(name), x, seed, summing(epsilon=epsilon), keep="nodes")
    for sample, (one, _, r) in enumerate(rows(x, w, seed)):
        found = next(iter(e.inputs.values()))[sample].flatten()
        expected = by_formula("epsilon", {"epsilon": epsilon}, one, w, b, r).sum(0)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)
    assert all(row.unexplained.abs().max() < 1e-9 for row in e.ledger)


def rows(x: Tensor, w: Tensor, seed: Tensor) -> Any:
    return ((x[i].flatten(), w, seed[i].flatten()) for i in range(len(x)))


@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_average_pools_of_any_geometry(data):
    kernel = data.draw(st.integers(1, 3))
    pool = nn.AvgPool2d(
        kernel,
        data.draw(st.integers(1, 3)),
        padding=data.draw(st.integers(0, kernel // 2)),
        ceil_mode=data.draw(st.booleans()),
        count_include_pad=data.draw(st.booleans()),
    )
    shape = (2, data.draw(st.integers(kernel, 6)), data.draw(st.integers(kernel, 6)))
    x = numbers(2, *shape, seed=kernel)
    w, b = matrix_of(pool, shape)
    seed = numbers(*pool(x).shape, seed=2)
    e = lrp.explain(lrp.capture(pool, x), x, seed, summing())
    for sample, (one, _, r) in enumerate(rows(x, w, seed)):
        expected = by_formula("epsilon", {}, one, w, b, r).sum(0)
        torch.testing.assert_close(e.inputs["input"][sample].flatten(), expected, rtol=1e-9, atol=1e-10)


# ----------------------------------------------------------------------------------------------- winner takes all


def pooled_back(
    x: Tensor, r: Tensor, kernel: list[int], stride: list[int], padding: list[int], dilation: list[int], *, split: bool
) -> Tensor:
    """Relevance of the inputs of a max pool; x (channels, …), r (channels, …)."""
    found = torch.zeros_like(x)
    for channel in range(len(x)):
        for place in product(*map(range, r.shape[1:])):
            window = []
            for offset in product(*map(range, kernel)):
                at = tuple(p * s - q + o * d for p, s, q, o, d in zip(place, stride, padding, offset, dilation))  # noqa: B905
                if all(0 <= a < size for a, size in zip(at, x.shape[1:], strict=True)):
                    window.append((channel, *at))
            largest = max(float(x[at]) for at in window)
            winners = [at for at in window if float(x[at]) == largest]
            for at in winners if split else winners[:1]:
                found[at] += r[(channel, *place)] / (len(winners) if split else 1)
    return found


def choosing(ties: str) -> lrp.Composite:
    return lrp.Composite("mine", entries=(Entry(Selector(kind="selection"), lrp.Rule("winner", {"ties": ties})),))


def tied(*shape: int, seed: int) -> Tensor:
    """Few whole numbers, so that many are the same; zeros and negative ones among them."""
    return torch.randint(-2, 2, shape, generator=torch.Generator().manual_seed(seed)).double()


POOLS = {
    "1d": (nn.MaxPool1d(3, 2, padding=1), (2, 8)),
    "1d dilated, over the edge": (nn.MaxPool1d(2, 3, dilation=3, ceil_mode=True), (2, 9)),
    "2d": (nn.MaxPool2d(2), (2, 6, 4)),
    "2d overlapping": (nn.MaxPool2d(3, 1, padding=1), (2, 5, 4)),
    "2d over the edge": (nn.MaxPool2d(3, 2, ceil_mode=True), (1, 6, 6)),
    "2d dilated": (nn.MaxPool2d((2, 3), (2, 1), padding=(1, 1), dilation=(2, 1)), (2, 6, 5)),
    "3d": (nn.MaxPool3d(2, padding=1), (1, 4, 3, 4)),
    "3d over the edge": (nn.MaxPool3d(2, 2, ceil_mode=True, dilation=(1, 1, 2)), (1, 3, 4, 5)),
}


def each(value: Any, axes: int) -> list[int]:
    return [value] * axes if isinstance(value, int) else list(value)


def check_pool(pool: Any, shape: tuple[int, ...], ties: str, network: lrp.Network | None = None) -> None:
    x = tied(2, *shape, seed=3)
    y = pool(x)
    seed = numbers(*y.shape, seed=4)
    e = lrp.explain(network or lrp.capture(pool, x), x, seed, choosing(ties))
    axes = len(shape) - 1
    geometry = [each(value, axes) for value in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)]
    for sample in range(2):
        expected = pooled_back(x[sample], seed[sample], *geometry, split=ties == "split")
        torch.testing.assert_close(e.inputs["input"][sample], expected, rtol=1e-12, atol=1e-12)
    (row,) = e.ledger
    torch.testing.assert_close(row.passed_on, row.arrived)


@cache
def captured_pool(name: str) -> lrp.Network:
    pool, shape = POOLS[name]
    return lrp.capture(pool, tied(2, *shape, seed=0))


@pytest.mark.parametrize("ties", ["first", "split"])
@pytest.mark.parametrize("name", POOLS)
def test_winners_of_a_pool_take_all(name, ties):
    check_pool(*POOLS[name], ties, captured_pool(name))


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_max_pools_of_any_geometry(data):
    kernel = data.draw(st.integers(1, 3))
    dilation = data.draw(st.integers(1, 2))
    kind, axes = data.draw(st.sampled_from([(nn.MaxPool1d, 1), (nn.MaxPool2d, 2), (nn.MaxPool3d, 3)]))
    least = dilation * (kernel - 1) + 1
    pool = kind(
        kernel,
        data.draw(st.integers(1, 3)),
        padding=data.draw(st.integers(0, kernel // 2)),
        dilation=dilation,
        ceil_mode=data.draw(st.booleans()),
    )
    shape = (1, *[data.draw(st.integers(least, least + 2)) for _ in range(axes)])
    check_pool(pool, shape, data.draw(st.sampled_from(["first", "split"])))


@pytest.mark.parametrize(
    ("pool", "shape", "ties"),
    [
        (nn.AdaptiveMaxPool1d(3), (2, 7), "first"),
        (nn.AdaptiveMaxPool2d((2, 3)), (1, 5, 4), "first"),
        (nn.AdaptiveMaxPool3d(2), (1, 3, 2, 3), "first"),
        (nn.AdaptiveMaxPool1d(2), (2, 6), "split"),
        (nn.AdaptiveMaxPool2d((2, 3)), (1, 4, 6), "split"),
    ],
    ids=str,
)
def test_winners_of_an_adaptive_pool_take_all(pool, shape, ties):
    x = tied(2, *shape, seed=3)
    y = pool(x)
    seed = numbers(*y.shape, seed=4)
    e = lrp.explain(lrp.capture(pool, x), x, seed, choosing(ties))
    expected = torch.zeros_like(x)
    for place in product(*map(range, y.shape)):
        spans = [
            range(p * size // out, ceil((p + 1) * size / out))
            for p, size, out in zip(place[2:], x.shape[2:], y.shape[2:], strict=True)
        ]
        window = [(*place[:2], *at) for at in product(*spans)]
        winners = [at for at in window if x[at] == y[place]]
        for at in winners if ties == "split" else winners[:1]:
            expected[at] += seed[place] / (len(winners) if ties == "split" else 1)
    torch.testing.assert_close(e.inputs["input"], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("ties", ["first", "split"])
@pytest.mark.parametrize(
    ("function", "over", "sign"),
    [
        (lambda x: x.amax(2), (2,), 1),
        (lambda x: x.amin((1, 3)), (1, 3), -1),
        (lambda x: x.amax((1, 2, 3), keepdim=True), (1, 2, 3), 1),
        (lambda x: x.max(1).values, (1,), 1),
        (lambda x: x.min(3, keepdim=True).values, (3,), -1),
    ],
    ids=["amax", "amin over two", "amax over all", "max", "min"],
)
def test_winners_over_axes_take_all(function, over, sign, ties):
    x = tied(2, 3, 4, 2, seed=5)
    y = function(x)
    seed = numbers(*y.shape, seed=6)
    e = lrp.explain(lrp.capture(Calls(function), x), x, seed, choosing(ties))
    expected = torch.zeros_like(x)
    kept = [axis for axis in range(4) if axis not in over]
    by_place = seed.reshape([x.shape[axis] for axis in kept])
    for place in product(*(range(x.shape[axis]) for axis in kept)):
        window = []
        for inner in product(*(range(x.shape[axis]) for axis in over)):
            at = dict(zip(kept, place, strict=True)) | dict(zip(over, inner, strict=True))
            window.append(tuple(at[axis] for axis in range(4)))
        best = max(sign * float(x[at]) for at in window)
        winners = [at for at in window if sign * float(x[at]) == best]
        for at in winners if ties == "split" else winners[:1]:
            expected[at] += by_place[place] / (len(winners) if ties == "split" else 1)
    torch.testing.assert_close(next(iter(e.inputs.values())), expected, rtol=1e-12, atol=1e-12)


class Pair(nn.Module):
    """The larger or smaller of two live values, one of them broadcast."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.function(a, b)


@pytest.mark.parametrize("ties", ["first", "split"])
@pytest.mark.parametrize("function", [torch.maximum, torch.minimum, torch.max, torch.min])
def test_the_larger_of_two_takes_all(function, ties):
    a, b = tied(2, 3, 4, seed=7), tied(2, 1, 4, seed=8)
    seed = numbers(2, 3, 4, seed=9)
    e = lrp.explain(lrp.capture(Pair(function), (a, b)), {"a": a, "b": b}, seed, choosing(ties))
    first, second = torch.zeros_like(a), torch.zeros_like(b)
    larger = function in (torch.maximum, torch.max)
    for n, i, j in product(range(2), range(3), range(4)):
        one, other = float(a[n, i, j]), float(b[n, 0, j])
        won = 1.0 if (one > other) == larger else 0.0
        if one == other:
            won = 0.5 if ties == "split" else 1.0
        first[n, i, j] += won * seed[n, i, j]
        second[n, 0, j] += (1 - won) * seed[n, i, j]
    torch.testing.assert_close(e.inputs["a"], first, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(e.inputs["b"], second, rtol=1e-12, atol=1e-12)


def test_the_larger_of_a_value_and_itself_gets_it_back():
    x = tied(2, 3, seed=1)
    seed = numbers(2, 3, seed=2)
    e = lrp.explain(lrp.capture(Calls(lambda x: torch.maximum(x, x)), x), x, seed)
    torch.testing.assert_close(next(iter(e.inputs.values())), seed)
