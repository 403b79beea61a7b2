"""The rules for affine maps, each as the terms it consists of.

Every rule hands back Σ_terms x_side ⊙ (W_partᵀ share): which side of x (x itself, x⁺ or x⁻), which part of W, and the
share on each output. What a rule gives to inputs, and what flows between two units, are then one computation.

z_ij = x_i w_ij, z_j = Σ_i z_ij + b_j, sgn 0 = +1; biases in a denominator absorb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .affine_maps import AffineMap, WeightedMap
from .relevance import Amount, Relevance


class Term(NamedTuple):
    """x_side ⊙ (W_partᵀ share). `side` is "x", "+" or "-"."""

    side: str
    part: str
    share: Tensor


class Shares(NamedTuple):
    """A rule's terms, and what it absorbs."""

    terms: list[Term]
    bias: list[Amount]
    stabilizer: list[Amount]


class Seen(NamedTuple):
    """What a rule looks at: the map, its input and output, the relevance on the output, its parameters."""

    map: AffineMap
    x: Tensor
    z: Tensor
    arriving: Relevance
    values: dict[str, float]
    nonnegative: bool  # x ≥ 0, known from the graph


def side_of(x: Tensor, side: str) -> Tensor:
    """x, its positive or its negative part."""
    if side == "x":
        return x
    return x.clamp(min=0) if side == "+" else x.clamp(max=0)


def epsilon(seen: Seen) -> Shares:
    """R_i = Σ_j z_ij / (z_j + ε sgn z_j) R_j (Bach 2015); LRP-0 is ε small enough to only keep 0/0 finite."""
    share, absorbed = seen.arriving.stabilized_share(seen.z, seen.values["epsilon"])
    return Shares([Term("x", "w", share)], _absorbed(share, seen.map.bias), [absorbed])


def gamma(seen: Seen) -> Shares:
    """γ-rule for either sign of z (Montavon 2019): contributions of z_j's own sign count 1 + γ times."""
    g, eps = seen.values["gamma"], seen.values["epsilon"]
    bias = seen.map.bias
    positive = _positive_contributions(seen)
    negative = (seen.z if bias is None else seen.z - bias) - positive
    up = positive.mul_(g).add_(seen.z).add_(eps)
    down = negative.mul_(g).add_(seen.z).sub_(eps)
    above = seen.z >= 0
    absorbed = []
    if bias is not None:
        up, down = up.add_(g * bias.clamp(min=0)), down.add_(g * bias.clamp(max=0))
    share = seen.arriving.of(seen.z) / torch.where(above, up, down)
    share_up = share * above
    share_down = share - share_up
    if bias is not None:
        absorbed = [
            Amount(share, bias),
            Amount(share_up, bias.clamp(min=0), g),
            Amount(share_down, bias.clamp(max=0), g),
        ]
    terms = [Term("x", "w", share), *_signed_terms(g * share_up, g * share_down)]
    return Shares(terms, absorbed, [Amount(share_up, None, eps), Amount(share_down, None, -eps)])


def alpha_beta(seen: Seen) -> Shares:
    """R_i = Σ_j (α z_ij⁺ / (z_j⁺ + b_j⁺) − β z_ij⁻ / (z_j⁻ + b_j⁻)) R_j, stabilized (Bach 2015)."""
    a, b = seen.values["alpha"], seen.values["beta"]
    return _alpha_beta(seen, a, b, seen.values["epsilon"])


def zplus(seen: Seen) -> Shares:
    """αβ with α = 1, β = 0, for x of either sign (Montavon 2017)."""
    return _alpha_beta(seen, 1.0, 0.0, seen.values["epsilon"])


def _alpha_beta(seen: Seen, a: float, b: float, eps: float) -> Shares:
    bias = seen.map.bias
    relevance = seen.arriving.of(seen.z)
    up = _positive_contributions(seen).add_(eps)
    if bias is not None:
        up = up.add_(bias.clamp(min=0))
    share_up = relevance * a / up if a != 1 else relevance / up
    absorbed = _absorbed(share_up, None if bias is None else bias.clamp(min=0))
    stabilizer = [Amount(share_up, None, eps)]
    share_down = None
    if b:
        # not z − b − z⁺: where z⁻ is small, that difference is all rounding, and the denominator is nothing else
        down = _negative_contributions(seen).sub_(eps)
        if bias is not None:
            down = down.add_(bias.clamp(max=0))
        share_down = relevance * -b / down
        absorbed += _absorbed(share_down, None if bias is None else bias.clamp(max=0))
        stabilizer.append(Amount(share_down, None, -eps))
    return Shares(_signed_terms(share_up, share_down), absorbed, stabilizer)


def _signed_terms(share_up: Tensor, share_down: Tensor | None) -> list[Term]:
    """Shares for positive contributions (x⁺w⁺, x⁻w⁻) and for negative ones (x⁺w⁻, x⁻w⁺)."""
    terms = [Term("+", "+", share_up), Term("-", "-", share_up)]
    if share_down is not None:
        terms += [Term("+", "-", share_down), Term("-", "+", share_down)]
    return terms


def _positive_contributions(seen: Seen) -> Tensor:
    """Σ_i z_ij⁺ of z's shape, in memory of its own: x⁺W⁺ + x⁻W⁻."""
    return _contributions(seen, "+", "-").clamp_(min=0)


def _negative_contributions(seen: Seen) -> Tensor:
    """Σ_i z_ij⁻ of z's shape, in memory of its own: x⁺W⁻ + x⁻W⁺."""
    return _contributions(seen, "-", "+").clamp_(max=0)


def _contributions(seen: Seen, of_positive: str, of_negative: str) -> Tensor:
    if seen.nonnegative:
        return seen.map.forward(seen.x, of_positive)
    total = seen.map.forward(seen.x.clamp(min=0), of_positive)
    return total.add_(seen.map.forward(seen.x.clamp(max=0), of_negative))


def _absorbed(share: Tensor, bias: Tensor | None) -> list[Amount]:
    return [] if bias is None else [Amount(share, bias)]


AFFINE_RULES: dict[str, Callable[[Seen], Shares]] = {
    "lrp_0": epsilon,
    "epsilon": epsilon,
    "gamma": gamma,
    "alpha_beta": alpha_beta,
    "zplus": zplus,
}


def hand_back(seen: Seen, terms: list[Term]) -> Relevance:
    """The relevance of the map's input, as a factor of x: R = x ⊙ Σ_terms [x on that side] (W_partᵀ share)."""
    total: Tensor | None = None
    for term in _needed(seen, terms):
        given = seen.map.adjoint(term.share, term.part, seen.x.shape)
        if term.side != "x" and not seen.nonnegative:
            given = given * (seen.x > 0 if term.side == "+" else seen.x < 0)
        total = given if total is None else total + given
    assert total is not None
    return Relevance(g=total)


def flow(seen: Seen, terms: list[Term]) -> Tensor:
    """Relevance between units, (samples, output units, input units)."""
    assert isinstance(seen.map, WeightedMap)
    parts = [seen.map.flow(side_of(seen.x, t.side), t.share, t.part) for t in _needed(seen, terms)]
    return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]


def _needed(seen: Seen, terms: list[Term]) -> Iterator[Term]:
    """Terms of x⁻ vanish where x is never negative."""
    return (term for term in terms if not (seen.nonnegative and term.side == "-"))
