"""The ledger: for each node what arrived, what it passed on, and what was absorbed, by what.

Every sink is computed by its own formula; `unexplained` is what is left, and is shown, not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

SINKS: Final = ("bias", "stabilizer", "softmax", "cut", "unsupported")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One node's account; each amount is a (samples,) tensor.

    arrived = passed_on + bias + stabilizer + softmax + cut + unsupported + unexplained.

    Attributes
    ----------
    rule, reason : str
        The node's rule with its parameters, and why the composite gave it.
    bias : torch.Tensor
        Absorbed by biases and other constants.
    stabilizer : torch.Tensor
        Absorbed by the ε of a denominator.
    softmax, cut, unsupported : torch.Tensor
        Absorbed by a softmax, by a condition that cuts relevance off, by an operation without a rule.
    """

    node: str
    layer: str
    kind: str
    rule: str
    reason: str
    arrived: torch.Tensor
    passed_on: torch.Tensor
    bias: torch.Tensor
    stabilizer: torch.Tensor
    softmax: torch.Tensor
    cut: torch.Tensor
    unsupported: torch.Tensor

    @property
    def absorbed(self) -> torch.Tensor:
        """All sinks together, (samples,)."""
        return self.bias + self.stabilizer + self.softmax + self.cut + self.unsupported

    @property
    def unexplained(self) -> torch.Tensor:
        """What no formula accounts for, (samples,): rounding, if all is well."""
        return self.arrived - self.passed_on - self.absorbed


def joined(chunks: list[list[LedgerRow]]) -> list[LedgerRow]:
    """The ledgers of several chunks of samples as one, on the CPU."""
    import torch

    if len(chunks) == 1 and all(row.arrived.device.type == "cpu" for row in chunks[0]):
        return chunks[0]
    rows = []
    for parts in zip(*chunks, strict=True):
        first = parts[0]
        names = ("arrived", "passed_on", *SINKS)
        amounts = {key: torch.cat([getattr(part, key) for part in parts]).cpu() for key in names}
        rows.append(LedgerRow(first.node, first.layer, first.kind, first.rule, first.reason, **amounts))
    return rows
