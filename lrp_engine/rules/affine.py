"""The rules for affine maps, each as the terms it consists of.

Every rule hands back Σ_terms side ⊙ (W_partᵀ share): which side of x (x itself, x⁺, x⁻, or other numbers in its place),
which part of W, and the share on each output. What a rule gives to inputs, what flows between two units, and what each
weight takes part in are then one computation.

z_ij = x_i w_ij, z_j = Σ_i z_ij + b_j, sgn 0 = +1; biases in a denominator absorb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import CompositeError
from .affine_maps import AffineMap, Part, WeightedMap
from .relevance import Amount, Relevance

# z − b − z⁺ is off by some 3e-7 of z⁺ in float32. Where relevance lies on units with z⁺ more than this many times |z⁻|,
# that could be seen in the ledger, and z⁻ gets a forward pass of its own.
_ILL_CONDITIONED = 16.0

OfSamples = Callable[[Tensor, Tensor, Part], Tensor]  # of x and a share, samples first


class Term(NamedTuple):
    """side ⊙ (W_partᵀ share). `side` is "x", "+", "-", or numbers that broadcast onto x."""

    side: str | Tensor
    part: Part
    share: Tensor


class Shares(NamedTuple):
    """A rule's terms, and what it absorbs."""

    terms: list[Term]
    bias: list[Amount]
    stabilizer: Sequence[Amount | Tensor]


class Seen(NamedTuple):
    """What a rule looks at.

    Attributes
    ----------
    map, x, z : AffineMap, torch.Tensor, torch.Tensor
        The map, its input, its output.
    arriving : Relevance
        What arrives on the output.
    values : dict
        The rule's parameters.
    nonnegative : bool
        x ≥ 0 everywhere.
    rectified : bool
        There is no relevance where z ≤ 0.
    overwritten : bool
        z holds relu(z): right wherever there is relevance, zero elsewhere.
    samples : (axis, times) or None
        Where the samples run in x and z, and how many values of each stand there; None if it is one sample.
    spend : bool
        z is not needed after this, and may be written into.
    bounds : (low, high)
        That x keeps to, as far as it is known from the data.
    """

    map: AffineMap
    x: Tensor
    z: Tensor
    arriving: Relevance
    values: dict[str, Any]
    nonnegative: bool
    rectified: bool
    overwritten: bool
    spend: bool
    samples: tuple[int, int] | None
    bounds: tuple[float, float]

    @property
    def one(self) -> torch.Size:
        """The shape of x for one sample."""
        axis = None if self.samples is None else self.samples[0]
        return torch.Size(1 if i == axis else size for i, size in enumerate(self.x.shape))

    def summed(self, share: Tensor) -> Tensor:
        """Summed over all axes that neither the samples nor the bias run along: both sinks need no more."""
        axis = self.map.units_axis
        kept = {None if self.samples is None else self.samples[0], None if axis is None else axis % share.dim()}
        others = [i for i in range(share.dim()) if i not in kept]
        return share.sum(others, keepdim=True) if others and axis is not None else share


def side_of(x: Tensor, side: str | Tensor) -> Tensor:
    """x, its positive or its negative part, or what stands in its place."""
    if isinstance(side, Tensor):
        return side.expand(x.shape)
    if side == "x":
        return x
    return x.clamp(min=0) if side == "+" else x.clamp(max=0)


def epsilon(seen: Seen) -> Shares:
    """R_i = Σ_j z_ij / (z_j + ε sgn z_j) R_j (Bach 2015); LRP-0 is ε small enough to only keep 0/0 finite."""
    if seen.overwritten:
        share = seen.arriving.share_of_positive(seen.z, seen.values["epsilon"], spend=seen.spend)
        summed = seen.summed(share)
        return Shares(
            [Term("x", "w", share)], _absorbed(summed, seen.map.bias), [Amount(summed, None, seen.values["epsilon"])]
        )
    if seen.spend and seen.arriving.g is not None:
        share, absorbed = seen.arriving.spent_share(seen.z, seen.values["epsilon"], seen.samples)
    else:
        share, absorbed = seen.arriving.stabilized_share(seen.z, seen.values["epsilon"])
    return Shares([Term("x", "w", share)], _absorbed(share, seen.map.bias), [absorbed])


def gamma(seen: Seen) -> Shares:
    """γ-rule for either sign of z (Montavon 2019): contributions of z_j's own sign count 1 + γ times."""
    g, eps = seen.values["gamma"], seen.values["epsilon"]
    bias = seen.map.bias
    favoured, other = parts = ("gamma+", g), ("gamma-", g)
    up = _contributions(seen, favoured, other, seen.map.offset(lambda b: b + g * b.clamp(min=0), eps))
    if seen.rectified:
        if not seen.overwritten:
            up = up.clamp_(min=eps)  # nothing arrives where z < 0, but it must not be divided by 0
        share = seen.arriving.taken(seen.z).div_(up)
        summed = seen.summed(share)
        absorbed = [] if bias is None else [Amount(summed, bias + g * bias.clamp(min=0))]
        return Shares(_signed_terms(share, None, parts), absorbed, [Amount(summed, None, eps)])
    down = _contributions(seen, other, favoured, seen.map.offset(lambda b: b + g * b.clamp(max=0), -eps))
    above = seen.z >= 0
    share = seen.arriving.of(seen.z) / torch.where(above, up, down)
    share_up = share * above
    share_down = share - share_up
    absorbed = []
    if bias is not None:
        absorbed = [
            Amount(share, bias),
            Amount(share_up, bias.clamp(min=0), g),
            Amount(share_down, bias.clamp(max=0), g),
        ]
    terms = _signed_terms(share_up, share_down, parts)
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
    up = _contributions(seen, "+", "-", seen.map.offset(lambda b: b.clamp(min=0), eps))
    relevance = seen.arriving.taken(seen.z)
    share_down = _negative_share(seen, up, relevance, b, eps) if b else None
    share_up = relevance.div_(up)
    share_up = share_up.mul_(a) if a != 1 else share_up
    summed = seen.summed(share_up)
    absorbed = _absorbed(summed, None if bias is None else bias.clamp(min=0))
    stabilizer = [Amount(summed, None, eps)]
    if share_down is not None:
        summed = seen.summed(share_down)
        absorbed += _absorbed(summed, None if bias is None else bias.clamp(max=0))
        stabilizer.append(Amount(summed, None, -eps))
    return Shares(_signed_terms(share_up, share_down, ("+", "-")), absorbed, stabilizer)


def _negative_share(seen: Seen, up: Tensor, relevance: Tensor, b: float, eps: float) -> Tensor:
    """−β R / (z⁻ + b⁻ − ε).

    With up = z⁺ + b⁺ + ε that denominator is z − up, where rounding allows it: no further forward pass.
    """
    least = seen.map.offset(lambda b: -b.clamp(max=0), eps)
    down = torch.sub(up, seen.z, out=seen.z if seen.spend else None)
    down = torch.maximum(down, torch.as_tensor(least, dtype=down.dtype, device=down.device), out=down)
    share = torch.div(relevance, down, out=down)
    if bool((_some(share).abs() * _some(up)).sum() > _ILL_CONDITIONED * _some(relevance).abs().sum()):
        share = torch.div(relevance, _contributions(seen, "-", "+", _negative(least)).neg_(), out=share)
    return share if b == 1 else share.mul_(b)


def _negative(offset: Tensor | float) -> Tensor | float:
    return -offset


def _some(value: Tensor) -> Tensor:
    """An eighth of the rows of a large map: enough to see how a layer is conditioned."""
    return value[:, :, 3::8] if value.dim() > 3 and value.shape[2] > 16 else value


def zbox(seen: Seen) -> Shares:
    """R_i = Σ_j (x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻) / Σ_i(same) R_j, for x between l and h (Montavon 2017); no bias."""
    low, high = (_bound(seen.values[key], seen, found) for key, found in zip(("low", "high"), seen.bounds, strict=True))
    eps = seen.values["epsilon"]
    total = seen.map.forward(seen.x, "w").sub_(seen.map.forward(low, "+")).sub_(seen.map.forward(high, "-"))
    relevance = seen.arriving.taken(seen.z)
    if bool(total.amin() >= 0):  # as it is for every x within its bounds
        share = relevance.div_(total.add_(eps))
        absorbed = Amount(seen.summed(share), None, eps)
    else:
        share, absorbed = Relevance(r=relevance).stabilized_share(total, eps)
    terms = [Term(seen.x - low, "+", share), Term(seen.x - high, "-", share)]
    return Shares(terms, [], [absorbed])


def _bound(given: Any, seen: Seen, found: float) -> Tensor:
    """A bound of x as one sample of x's shape."""
    try:
        value = torch.as_tensor(found if given is None else given, dtype=seen.x.dtype, device=seen.x.device)
        if value.dim() == 1 and seen.map.units_axis is not None:  # one number a channel
            value = value.reshape(-1, *[1] * (-1 - seen.map.units_axis))
        elif seen.samples is not None and value.dim() == len(seen.one) - 1:
            value = value.unsqueeze(seen.samples[0])
        return value.expand(seen.one).contiguous()
    except (RuntimeError, ValueError) as error:
        wanted = "×".join("samples" if size == 1 and i == 0 else str(size) for i, size in enumerate(seen.one))
        raise CompositeError(
            f"A bound of the rule zbox does not fit an input of {wanted}: give a number, one for each channel, or one "
            "for each value of a sample."
        ) from error


def wsquare(seen: Seen) -> Shares:
    """R_i = Σ_j w_ij² / Σ_i w_ij² R_j (Montavon 2017); no bias."""
    return _without_x(seen, "square")


def flat(seen: Seen) -> Shares:
    """R_i = Σ_j 1 / (number of inputs that exist) R_j (Lapuschkin 2019); no bias."""
    return _without_x(seen, "ones")


def _without_x(seen: Seen, part: Part) -> Shares:
    ones = seen.x.new_ones(seen.one)
    eps = seen.values["epsilon"]
    count = seen.map.forward(ones, part)
    share = seen.arriving.of(seen.z) / (count + eps)
    return Shares([Term(ones, part, share)], [], [Amount(share, None, eps)])


def gradient(seen: Seen) -> Shares:
    """The gradient, not a share: R_i = Σ_j z_ij G_j for R_j = z_j G_j."""
    g = seen.arriving.g
    if g is None:
        g = torch.where(seen.z == 0, 0.0, seen.arriving.of(seen.z) / torch.where(seen.z == 0, 1.0, seen.z))
    return Shares([Term("x", "w", g)], _absorbed(g, seen.map.bias), [])


def _signed_terms(share_up: Tensor, share_down: Tensor | None, parts: tuple[Part, Part]) -> list[Term]:
    """Shares for positive contributions (x⁺w⁺, x⁻w⁻) and for negative ones (x⁺w⁻, x⁻w⁺)."""
    up, down = parts
    terms = [Term("+", up, share_up), Term("-", down, share_up)]
    if share_down is not None:
        terms += [Term("+", down, share_down), Term("-", up, share_down)]
    return terms


def _contributions(seen: Seen, of_positive: Part, of_negative: Part, offset: Tensor | float) -> Tensor:
    """x⁺W_of_positive + x⁻W_of_negative + offset, of z's shape, in memory of its own."""
    if seen.nonnegative:
        return seen.map.forward(seen.x, of_positive, offset)
    return seen.map.by_sign(seen.x, (of_positive, of_negative), offset)


def _absorbed(share: Tensor, bias: Tensor | None) -> list[Amount]:
    return [] if bias is None else [Amount(share, bias)]


AFFINE_RULES: dict[str, Callable[[Seen], Shares]] = {
    "lrp_0": epsilon,
    "epsilon": epsilon,
    "gamma": gamma,
    "alpha_beta": alpha_beta,
    "zplus": zplus,
    "zbox": zbox,
    "wsquare": wsquare,
    "flat": flat,
    "gradient": gradient,
}

# These give relevance to inputs that are zero, so that it cannot be a factor of x.
GIVE_TO_ZEROS = frozenset({"zbox", "wsquare", "flat"})


def hand_back(seen: Seen, terms: list[Term]) -> Relevance:
    """The relevance of the map's input; as a factor of x where every term is one. The terms are used up."""
    factor: Tensor | None = None
    whole: Tensor | None = None
    for side, adjoint in _adjoints(seen, terms):
        given = adjoint
        if isinstance(side, Tensor):
            given = given * side
            whole = given if whole is None else whole.add_(given)
            continue
        if side != "x" and not seen.nonnegative:
            given = given * (seen.x > 0 if side == "+" else seen.x < 0)
        factor = given if factor is None else factor + given if not seen.map.fresh else factor.add_(given)
        del adjoint, given
    if whole is None:
        return Relevance(g=factor, owned=seen.map.fresh)
    return Relevance(r=whole if factor is None else whole.addcmul_(factor, seen.x), owned=True)


def _adjoints(seen: Seen, terms: list[Term]) -> Iterator[tuple[str | Tensor, Tensor]]:
    """Each term's side with W_partᵀ share; terms of the same share that follow each other are one call.

    The list is emptied on the way: a share is let go of before the next one's adjoint is made.
    """
    terms[:] = _needed(seen, terms)
    while terms:
        share = terms[0].share
        count = next((i for i, term in enumerate(terms) if term.share is not share), len(terms))
        sides, parts = [term.side for term in terms[:count]], [term.part for term in terms[:count]]
        del terms[:count]
        given = seen.map.adjoints(share, parts, seen.x.shape)
        del share
        while given:
            yield sides.pop(0), given.pop(0)


def flow(seen: Seen, terms: list[Term]) -> Tensor:
    """Relevance between units, (samples, output units, input units)."""
    assert isinstance(seen.map, WeightedMap)
    return _of_terms(seen, terms, seen.map.flow)


def weight_relevance(seen: Seen, terms: list[Term]) -> Tensor:
    """Relevance that each weight takes part in, (samples, *weight.shape): flow before it is summed over a kernel."""
    assert isinstance(seen.map, WeightedMap)
    return _of_terms(seen, terms, seen.map.weight_relevance)


def _of_terms(seen: Seen, terms: list[Term], of: OfSamples) -> Tensor:
    parts = [
        by_sample(of, side_of(seen.x, term.side), term.share, term.part, seen.samples) for term in _needed(seen, terms)
    ]
    return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]


def by_sample(of: OfSamples, x: Tensor, share: Tensor, part: Part, samples: tuple[int, int] | None) -> Tensor:
    """What is between units, one result for each sample, wherever and however often its values stand in x."""
    if samples is None:
        return of(x.unsqueeze(0), share.unsqueeze(0), part)
    axis, times = samples
    x, share = x.movedim(axis, 0), share.movedim(axis, 0)
    if times > 1 and x.dim() == 2:  # a sequence folded into the samples of a dense layer
        return of(x.unflatten(0, (-1, times)), share.unflatten(0, (-1, times)), part)
    found = of(x, share, part)
    return found if times == 1 else found.unflatten(0, (-1, times)).sum(1)


def _needed(seen: Seen, terms: list[Term]) -> Iterator[Term]:
    """Terms of x⁻ vanish where x is never negative."""
    return (term for term in terms if not (seen.nonnegative and isinstance(term.side, str) and term.side == "-"))
