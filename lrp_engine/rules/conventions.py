"""Rules as other engines define them, where that differs from ours by more than a parameter.

Read from the source of zennit 0.5.1 and captum 0.9.0; what differs only in ε stands in `composites.CONVENTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .affine import AFFINE_RULES, Seen, Shares, Term, gamma, wsquare
from .relevance import Amount, Relevance


def _zennit_gamma(seen: Seen) -> Shares:
    """Ours, but what arrives where z = 0 is dropped; the ledger calls it cut off by the stabilizer."""
    relevance = seen.arriving.of(seen.z)
    zero = seen.z == 0
    found = gamma(seen._replace(arriving=Relevance(r=relevance.masked_fill(zero, 0.0))))
    return found._replace(stabilizer=[*found.stabilizer, Amount(relevance * zero)])


def _zennit_wsquare(seen: Seen) -> Shares:
    """R_i = Σ_j w_ij² / (Σ_i w_ij² + b_j² + ε) R_j."""
    bias = seen.map.bias
    if bias is None:
        return wsquare(seen)
    ones = seen.x.new_ones(seen.one)
    eps = seen.values["epsilon"]
    share = seen.arriving.of(seen.z) / (seen.map.forward(ones, "square") + bias.square() + eps)
    return Shares([Term(ones, "square", share)], [Amount(share, bias.square())], [Amount(share, None, eps)])


def _captum_gamma(seen: Seen) -> Shares:
    """R_i = Σ_j x_i (w_ij + γ w_ij⁺) / (Σ_i the same + b_j) R_j, whatever the signs of x and z."""
    return _captum(seen, ("gamma+", seen.values["gamma"]))


def _captum_zplus(seen: Seen) -> Shares:
    """R_i = Σ_j x_i w_ij⁺ / (Σ_i x_i w_ij⁺ + b_j) R_j, whatever the sign of x."""
    return _captum(seen, "+")


def _captum(seen: Seen, part: str | tuple[str, float]) -> Shares:
    bias, eps = seen.map.bias, seen.values["epsilon"]
    z = seen.map.forward(seen.x, part)
    z = z if bias is None else z + bias
    sign = torch.where(z >= 0, 1.0, -1.0).to(z.dtype)
    share = seen.arriving.of(seen.z) / (z + eps * sign)
    return Shares([Term("x", part, share)], [] if bias is None else [Amount(share, bias)], [Amount(share, sign, eps)])


_VARIANTS: dict[tuple[str, str], Callable[[Seen], Shares]] = {
    ("zennit", "gamma"): _zennit_gamma,
    ("zennit", "wsquare"): _zennit_wsquare,
    ("captum", "gamma"): _captum_gamma,
    ("captum", "zplus"): _captum_zplus,
}


def rule_for(name: str, conventions: str) -> Callable[[Seen], Shares] | None:
    """The rule's function, as ours or as another engine's; None for rules that only rescale."""
    return _VARIANTS.get((conventions, name)) or AFFINE_RULES.get(name)
