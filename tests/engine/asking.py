"""Explanations of small modules in which one kind of node gets the rule that is asked for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import lrp_engine as lrp
from lrp_engine.composites import Entry, Selector
from lrp_engine.rulebook import RULES, Rule

SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported")
TINY = 1e-14  # a stabilizer that float64 hardly sees


def composite(rules: dict[str, str], **parameters: float) -> lrp.Composite:
    """Kind -> rule; parameters go to the rules that take them."""
    entries = tuple(
        Entry(Selector(kind=kind), Rule(name, {k: v for k, v in parameters.items() if k in RULES[name].parameters}))
        for kind, name in rules.items()
    )
    return lrp.Composite("asked", entries=entries)


def plainly(**rules: str) -> lrp.Composite:
    """LRP-0 wherever shares are formed, and these rules."""
    asked = {"affine map": "epsilon", "sum": "epsilon", "normalization": "epsilon", **rules}
    return composite(asked, epsilon=TINY)


def captured(module: nn.Module, inputs: tuple[Tensor, ...]) -> lrp.Network:
    """The module's network: what takes time."""
    return lrp.capture(module.eval(), inputs if len(inputs) > 1 else inputs[0])


def relevance(
    module: nn.Module | lrp.Network, inputs: tuple[Tensor, ...], target: Any, how: Any
) -> tuple[list[Tensor], Any]:
    """The relevance of each input, and the explanation."""
    network = module if isinstance(module, lrp.Network) else captured(module, inputs)
    e = lrp.explain(network, named(network, inputs), target, how, keep="nodes")
    # with nothing kept, values are let go as soon as no step says that it reads them
    bare = lrp.explain(network, named(network, inputs), target, how, keep="inputs")
    for name, found in e.inputs.items():
        torch.testing.assert_close(bare.inputs[name], found)
    return list(e.inputs.values()), e


def named(network: lrp.Network, inputs: tuple[Tensor, ...]) -> Any:
    """The inputs as the engine wants them: one as it is, several by name."""
    if len(inputs) == 1:
        return inputs[0]
    return {entry.name: x for entry, x in zip(network.inputs, inputs, strict=True)}


def sinks(e: lrp.Explanation) -> dict[str, Tensor]:
    """What each sink took, per sample."""
    return {name: sum((getattr(row, name) for row in e.ledger), torch.zeros(())) for name in SINKS}


def check_total(e: lrp.Explanation, limit: float = 1e-10) -> None:
    """Inputs and sinks make the score; each row closes; nothing is unsupported."""
    given = sum(r.flatten(1).sum(1) for r in e.inputs.values())
    absorbed = sum(sinks(e).values())
    # the samples of a value may run along any axis: all of them together bound each
    size = max(e.score.abs().max(), *(r.abs().sum() / len(e.score) for r in e.nodes.values())).clamp(min=1e-30)
    assert ((given + absorbed - e.score).abs() / size).max() < limit
    for row in e.ledger:
        assert (row.unexplained.abs() / size).max() < limit, row.node
        assert row.unsupported.abs().max() == 0, row.node


def check_batch(network: lrp.Network, inputs: tuple[Tensor, ...], how: Any, e: lrp.Explanation) -> None:
    """A batch is its samples one by one."""
    for index in range(len(inputs[0])):
        one = tuple(x[index : index + 1] for x in inputs)
        alone = lrp.explain(network, named(network, one), 0, how)
        for name, expected in e.inputs.items():
            torch.testing.assert_close(alone.inputs[name][0], expected[index], rtol=1e-9, atol=1e-12)


def row_of(e: lrp.Explanation, kind: str) -> Any:
    """The one ledger row of this kind."""
    (row,) = [row for row in e.ledger if row.kind == kind]
    return row


def stabilized(z: Tensor, epsilon: float) -> Tensor:
    return z + epsilon * torch.where(z >= 0, 1.0, -1.0).to(z)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
