"""A softmax inside the network: its Taylor expansion, or held."""

from __future__ import annotations

from math import inf
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..networks.graphs.graph import arguments, kind_of, live_inputs, operation_name
from ..networks.graphs.operations import AFFINE, BILINEAR, MOVEMENT, SOFTMAX, SUM
from ..networks.graphs.writing import Given
from ..rulebook import Rule
from .relevance import Amount, Relevance
from .steps import Context, Differences, HandedBack, Record, RuleStep

# A score below this is a mask: single precision could not tell two such scores apart.
_MASKED = -1e8


class SoftmaxStep(RuleStep):
    """s = softmax(x) along one axis.

    Rules
    -----
    attn_lrp
        R_i = x_i (R_i^out − s_i Σ_k R_k^out) (Achtibat et al. 2024). Masked scores get nothing. The sink `softmax` is
        what the expansion leaves out: Σ_rows (T + T Σ_i s_i x_i − Σ_i x_i R_i^out), with T = Σ_k R_k^out.
    constant
        Nothing is handed back, all is absorbed in the sink `softmax` (Ali et al. 2022).
    """

    kind = SOFTMAX
    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._axis: int = Given(node)["dim"]
        self._constant = rule.name == "constant"
        if self._constant:
            self.inputs = []
        (x,) = live_inputs(node, context.live)
        lowest = _lowest_fill(x, context)
        self._is_masked = lowest < _MASKED
        self._may_be_infinite = lowest == -inf

    @property
    def reads(self) -> set[Node]:
        """The weights; and the scores, unless they get nothing."""
        return {self.node, *self.inputs}

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """Factors, unless a score may be −∞: what it gets, 0, is no multiple of it."""
        return not self._may_be_infinite

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """By the step's rule."""
        s = record.values[self.node]
        if self._constant:
            return HandedBack([], [("softmax", arriving.amount(s))])
        x = record.values[self.inputs[0]]
        # a softmax may have been asked for in another precision
        relevance, s = arriving.of(s).to(x.dtype), s.to(x.dtype)
        if self._may_be_infinite:
            # a row of nothing but −∞ is nan
            blocked = x == -inf
            s, relevance = s.masked_fill(blocked, 0.0), relevance.masked_fill(blocked, 0.0)
        total = relevance.sum(self._axis, keepdim=True)
        factor = torch.addcmul(relevance, s, total, value=-1)
        if self._is_masked:
            masked = x < _MASKED
            x, factor = x.masked_fill(masked, 0.0), factor.masked_fill_(masked, 0.0)
        mean = torch.linalg.vecdot(s, x, dim=self._axis).unsqueeze(self._axis)
        absorbed = [("softmax", Amount(total, 1 + mean)), ("softmax", Amount(x, relevance, -1.0))]
        if self._may_be_infinite:
            return HandedBack([Relevance(r=factor.mul_(x), owned=True)], absorbed)
        return HandedBack([Relevance(g=factor, owned=True)], absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """L ⊙ (g − Σ L g / Σ L), exact: Δs = L Δ ln s, with L the logarithmic mean of s and of the reference's s⁰.

        Since Σ Δs = 0, the difference of the normalizing constant is Σ L Δx / Σ L.
        """
        (x,) = self.inputs
        scores, axis = seen.record.values[x], self._axis
        one, other = (torch.log_softmax(record.values[x], axis) for record in (seen.record, seen.reference))
        apart = torch.nan_to_num((one - other).abs(), nan=0.0)  # both −∞
        larger = torch.maximum(one, other).exp()
        mean = larger * torch.where(apart == 0, 1.0, -torch.expm1(-apart) / torch.where(apart == 0, 1.0, apart))
        mean = torch.nan_to_num(mean, nan=0.0)  # a row of nothing but −∞
        given = mean * arriving
        given = given - mean * (given.sum(axis, keepdim=True) / mean.sum(axis, keepdim=True).clamp(min=1e-30))
        return [given.to(scores.dtype)]


def _lowest_fill(x: Node, context: Context) -> float:
    """The lowest constant that a mask may have written into scores, 0 if there is no mask; −∞ where it is not known."""
    lowest, waiting, seen = 0.0, [x], set()
    while waiting:
        node = waiting.pop()
        if node in seen or node.op != "call_function":
            continue
        seen.add(node)
        kind, family = kind_of(node, context.live)
        if kind == BILINEAR or (kind == AFFINE and family != "scaling"):
            continue
        if kind not in {AFFINE, MOVEMENT, SUM}:
            return -inf
        live = live_inputs(node, context.live)
        waiting += live
        lowest = min([lowest, *(_lowest_of(value, context) for value in _fills(node, kind) if value not in live)])
    return lowest


def _fills(node: Node, kind: str) -> list[Any]:
    """The arguments whose values come to stand beside, or are added to, live ones."""
    args = arguments(node)
    if kind == SUM:
        return args[:2]
    places = {"masked_fill": args[2:3], "where": args[1:3], "pad": args[3:4], "constant_pad_nd": args[2:3]}
    return [value for value in places.get(operation_name(node), []) if value is not None]


def _lowest_of(value: Any, context: Context) -> float:
    value = context.constants.get(value) if isinstance(value, Node) else value
    if isinstance(value, Tensor):
        return float(value.amin()) if value.numel() else 0.0
    return -inf if value is None else float(value)
