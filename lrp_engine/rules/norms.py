"""Layer, RMS, group and instance norm: their statistics are held, so that each is an affine map of every sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.fx import Node

from ..errors import UnsupportedOperation
from ..networks.graphs.graph import operation_name
from ..networks.graphs.operations import NORMALIZATION
from ..networks.graphs.writing import Given
from ..rulebook import Rule
from .relevance import Amount, Relevance
from .steps import Context, Differences, HandedBack, Record, RuleStep

aten = torch.ops.aten


class _Form(NamedTuple):
    """How a norm looks at its input.

    Attributes
    ----------
    grouped : function
        (x, argument of the operation) → the values that share statistics along the last axis.
    argument : str
        What `grouped` asks the operation for.
    by_channel : bool
        Weight and bias run along axis 1, not along the last axes.
    centred : bool
        The mean is taken off.
    """

    grouped: Callable[[Tensor, Any], Tensor]
    argument: str
    by_channel: bool
    centred: bool = True


def _last_axes(x: Tensor, shape: Any) -> Tensor:
    return x.flatten(-len(shape)) if len(shape) > 1 else x


_FORMS = {
    "layer_norm": _Form(_last_axes, "normalized_shape", by_channel=False),
    "rms_norm": _Form(_last_axes, "normalized_shape", by_channel=False, centred=False),
    "group_norm": _Form(lambda x, groups: x.reshape(x.shape[0], groups, -1), "num_groups", by_channel=True),
    "instance_norm": _Form(lambda x, _: x.flatten(2), "", by_channel=True),
}


class NormStep(RuleStep):
    """z = (x − mean) · w / σ + b, over groups of values; RMS norm takes off no mean and has no bias.

    Rules
    -----
    epsilon, lrp_0
        R_x = x ⊙ Lᵀ (R / (z + ε sgn z)), L being the linear part, the mean's subtraction included and σ held (Ali
        et al. 2022; Achtibat et al. 2024). The bias is a sink.
    pass
        R_x = R.
    """

    kind = NORMALIZATION
    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        name = operation_name(node)
        self._form = _FORMS[name]
        given = Given(node)
        if len(self.inputs) > 1 or given["input"] not in self.inputs or not given.get("use_input_stats", True):
            layer = node.meta.get("layer") or "the top"
            raise UnsupportedOperation(
                f"No rule covers {name} at node {node.name} in layer “{layer}”: its weights depend on the input, or "
                "its statistics do not; write it as a product or as a batch norm.",
                (name,),
            )
        self._x: Node = given["input"]
        self._argument: Any = given.get(self._form.argument)
        self._weight, self._bias = (self._shaped(context.constant(given.get(key))) for key in ("weight", "bias"))
        self._eps: float | None = given["eps"]
        self._epsilon = rule.numbers.get("epsilon", 0.0)
        self._passes = self.conserves = rule.name == "pass"
        self._keeps_scale = name == "layer_norm"

    def _shaped(self, parameter: Tensor | None) -> Tensor | None:
        if parameter is None or not self._form.by_channel:
            return parameter
        return parameter.reshape(-1, *[1] * (len(self.node.meta["shape"]) - 2))

    @property
    def reads(self) -> set[Node]:
        """z; and x where 1/σ is not kept from the forward pass."""
        if self._passes:
            return {self.node}
        return {self.node} if self._keeps_scale and self.rule.name != "reference" else {self.node, self._x}

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """Factors, unless relevance passes."""
        return not self._passes

    def forward(self, record: Record) -> Tensor:
        """z; layer norm's 1/σ is kept, which its kernel hands out."""
        if not self._keeps_scale:
            return super().forward(record)
        x = record.values[self._x]
        z, _, scale = aten.native_layer_norm(x, self._argument, self._weight, self._bias, self._eps)
        record.notes[self.node] = scale
        return z

    def _grouped(self, value: Tensor) -> Tensor:
        return self._form.grouped(value, self._argument)

    def _centred(self, grouped: Tensor) -> Tensor:
        return grouped - grouped.mean(-1, keepdim=True) if self._form.centred else grouped

    def _scale(self, record: Record) -> Tensor:
        """1/σ of every group, (…, 1) beside the grouped values."""
        if self._keeps_scale:
            scale = record.notes[self.node]
            return scale if len(self._argument) == 1 else scale.flatten(-len(self._argument))
        x = record.values[self._x]
        eps = torch.finfo(x.dtype).eps if self._eps is None else self._eps
        centred = self._centred(self._grouped(x))
        return (torch.linalg.vecdot(centred, centred) / centred.shape[-1] + eps).rsqrt().unsqueeze(-1)

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """By the step's rule."""
        z = record.values[self.node]
        if self._passes:
            return HandedBack([Relevance(r=arriving.of(z))], [])
        share, stabilizer = arriving.stabilized_share(z, self._epsilon)
        absorbed = [("stabilizer", stabilizer)]
        if self._bias is not None:
            absorbed.append(("bias", Amount(share, self._bias)))
        weighted = self._grouped(share if self._weight is None else share * self._weight)
        # 1/σ is the same along a group: taking off the mean comes after it as well as before
        given = (self._centred(weighted) * self._scale(record)).reshape(share.shape)
        return HandedBack([Relevance(g=given, owned=True)], absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δ(d/σ) = Δd · mean(1/σ) + d̄ Δ(1/σ), and the latter by Δσ² = 2 mean(d̄ Δd), d = x − mean: exact."""
        d, d0 = (self._centred(self._grouped(r.values[self._x])) for r in (seen.record, seen.reference))
        scale, scale0 = (self._scale(r) for r in (seen.record, seen.reference))
        weighted = self._grouped(arriving if self._weight is None else arriving * self._weight)
        between = (d + d0) / 2
        # 1/σ − 1/σ⁰ = (σ⁰² − σ²) / (σ σ⁰ (σ + σ⁰))
        fall = (scale * scale0) ** 2 / (scale + scale0)
        slope = -2 * fall * (weighted * between).sum(-1, keepdim=True) / d.shape[-1]
        given = weighted * (scale + scale0) / 2 + slope * between
        return [self._centred(given).reshape(arriving.shape)]
