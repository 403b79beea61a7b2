"""Embeddings: relevance ends at a vector, and is summed for the token that chose it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.fx import Node

from ..errors import InputError, UnsupportedOperation
from ..networks.graphs.operations import LOOKUP
from ..rulebook import Rule
from .relevance import Relevance
from .steps import Context, Differences, HandedBack, Record, RuleStep


class LookupStep(RuleStep):
    """value = table[token]: R_token = Σ over the vector, of the tokens' shape."""

    kind = LOOKUP
    rescales_exactly = True
    conserves = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        table, tokens = node.args[:2]
        if table in context.live or not isinstance(tokens, Node) or tokens not in self.inputs:
            layer = node.meta.get("layer") or "the top"
            raise UnsupportedOperation(
                f"No rule covers embedding at node {node.name} in layer “{layer}”: its table depends on the input; "
                "write it as an index into that value.",
                ("embedding",),
            )
        self._table = table
        self._tokens = tokens
        self.inputs = [tokens]

    @property
    def reads(self) -> set[Node]:
        """The vectors; of the tokens only their shape."""
        return {self.node, self._tokens} if self.rule.name == "reference" else {self.node}

    def forward(self, record: Record) -> Tensor:
        """The rows of the table.

        Raises
        ------
        InputError
            If a token is none of the table's rows.
        """
        assert isinstance(self._table, Node)
        tokens, rows = record.values[self._tokens], record.values[self._table].shape[0]
        outside = tokens[(tokens < 0) | (tokens >= rows)]
        if outside.numel():
            layer = self.node.meta.get("layer") or self.node.name
            raise InputError(
                f"The token {outside[0].item()} is not in the vocabulary of layer “{layer}”: its numbers run from 0 to "
                f"{rows - 1}."
            )
        return super().forward(record)

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """Tokens are numbers of rows: nothing is a multiple of them."""
        return False

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Summed over the vector."""
        if arriving.r is not None:
            return HandedBack([Relevance(r=arriving.r.sum(-1), owned=True)], [])
        assert arriving.g is not None
        return HandedBack([Relevance(r=torch.linalg.vecdot(record.values[self.node], arriving.g), owned=True)], [])

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Σ Δ·g over the vector, as a factor of the tokens' difference: where they are the same, so are the vectors."""
        relevance = torch.linalg.vecdot(seen.of(self.node), arriving)
        difference = seen.of(self._tokens)
        return [torch.where(difference == 0, 0.0, relevance / torch.where(difference == 0, 1, difference))]
