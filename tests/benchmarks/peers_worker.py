"""Runs zennit, captum and autoLRP when told to, in an interpreter that has them: see `peers.py`.

It is given a network's name, and says what it can run on it; then an engine and a column at a time, and says how many
seconds that took. What an engine prepares once for many calls (zennit's hooks and merged batch norms) is not counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from . import networks
from .networks import HIGH, LOW
from .peers_torchvision import define_operators
from .timing import CLOCKS, Timer

# gives, while its block runs, what is to be timed
Prepared = Callable[[], AbstractContextManager[Callable[[], object]]]


def largest(output: Tensor) -> Tensor:
    """The largest output of each sample where it stands, 0 elsewhere."""
    return output.detach() * (output == output.amax(1, keepdim=True))


def replaced(module: nn.Module, make: Callable[[], nn.Module]) -> None:
    """Put an engine's own sum in the place of each `Add`."""
    for part in list(module.modules()):
        for name, child in part.named_children():
            if isinstance(child, networks.Add):
                setattr(part, name, make())


def zennit_works(name: str, module: nn.Module, inputs: Tensor) -> Iterator[tuple[str, Prepared]]:
    """zennit's composites; on dense layers alone, its rules."""
    if name == "lstm":
        raise LookupError("it hands the gradient through an LSTM")
    from zennit import composites as z
    from zennit import rules as r
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.layer import Sum
    from zennit.types import Linear

    class Stacked(nn.Module):
        """x + y, as zennit's own canonizer for residual networks writes it."""

        def __init__(self) -> None:
            super().__init__()
            self.sum = Sum()

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.sum(torch.stack([x, y], dim=-1))

    replaced(module, Stacked)
    merging = {"canonizers": [SequentialMergeBatchNorm()]}

    def everywhere(rule: object) -> z.Composite:
        return z.LayerMapComposite([*z.layer_map_base(), (Linear, rule)], **merging)

    if name == "mlp":
        rules = r.Epsilon(), r.ZPlus(), r.AlphaBeta(), r.Gamma()
        composites = [everywhere(rule) for rule in rules]
    elif name == "vit_b_16":
        composites = [everywhere(r.Epsilon())]
    else:
        composites = [
            everywhere(r.Epsilon()),
            *(z.EpsilonPlus(**merging), z.EpsilonAlpha2Beta1(**merging), z.EpsilonGammaBox(LOW, HIGH, **merging)),
        ]

    @contextlib.contextmanager
    def prepared(composite: z.Composite) -> Iterator[Callable[[], object]]:
        with Gradient(module, composite) as attributor:
            yield lambda: attributor(inputs.clone(), largest)

    columns = "epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box"
    for column, composite in zip(columns, composites, strict=False):
        yield column, partial(prepared, composite)


def captum_works(name: str, module: nn.Module, inputs: Tensor) -> Iterator[tuple[str, Prepared]]:
    """captum's rules; it has no α2β1, and no box."""
    if name in {"vit_b_16", "lstm"}:
        raise LookupError("it has no rule for layer norm, GELU or LSTM")
    from captum.attr import LRP
    from captum.attr._utils.custom_modules import Addition_Module
    from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, GammaRule

    replaced(module, Addition_Module)
    with torch.no_grad():
        target = module(inputs).argmax(1)
    kinds = (nn.Conv2d, nn.Linear) if name == "mlp" else nn.Conv2d

    @contextlib.contextmanager
    def prepared(rule: Callable[[], object]) -> Iterator[Callable[[], object]]:
        for part in module.modules():  # after each explanation captum takes the rules off
            if isinstance(part, kinds):
                part.rule = rule()
        yield lambda: LRP(module).attribute(inputs.clone(), target=target)

    for column, rule in (
        *(("epsilon", EpsilonRule), ("epsilon_plus", Alpha1_Beta0_Rule), ("epsilon_gamma_box", GammaRule)),
    ):
        yield column, partial(prepared, rule)


def autolrp_works(name: str, module: nn.Module, inputs: Tensor) -> Iterator[tuple[str, Prepared]]:
    """autoLRP's rules by node of the autograd graph; it has no box."""
    if name == "lstm":
        raise LookupError("it hands the gradient through an LSTM")
    import autolrp
    from autolrp import BASE, LRPConfig

    nodes = ("AddmmBackward", "MmBackward") if name == "mlp" else ("ConvolutionBackward",)
    configs = {
        "epsilon": LRPConfig(eps=1e-6),
        "epsilon_plus": LRPConfig(rule={**BASE, **autolrp.on(nodes, "zplus")}, eps=1e-6),
        "epsilon_alpha2_beta1": LRPConfig(
            rule={**BASE, **autolrp.on(nodes, ("alpha_beta", {"alpha": 2.0, "beta": 1.0}))}, eps=1e-6
        ),
        "epsilon_gamma_box": LRPConfig(rule={**BASE, **autolrp.on(nodes, ("gamma", {"gamma": 0.25}))}, eps=1e-6),
    }
    if name == "vit_b_16":
        configs = {"epsilon": configs["epsilon"], "attn_lrp": LRPConfig.attnlrp()}

    def work(config: LRPConfig) -> object:
        x = autolrp.tensor(inputs)
        output = module(x)
        # autoLRP starts with the value of what it is called on, shared out over what that was made of
        (output * (output == output.amax(1, keepdim=True)).float()).sum().lrp(config=config)
        return x.relevance

    @contextlib.contextmanager
    def prepared(config: LRPConfig) -> Iterator[Callable[[], object]]:
        for parameter in module.parameters():  # else its backward pass would compute their gradients too
            parameter.requires_grad_(False)
        try:
            yield partial(work, config)
        finally:
            for parameter in module.parameters():
                parameter.requires_grad_(True)

    for column, config in configs.items():
        yield column, partial(prepared, config)


ENGINES = {"zennit": zennit_works, "captum": captum_works, "autolrp": autolrp_works}


def seconds(prepared: Prepared, clock: Timer) -> float:
    """Time one call."""
    with prepared() as work:
        start = clock()
        work()
        return clock() - start


def gathered(name: str, clock: Timer) -> tuple[dict[tuple[str, str], Prepared], list[tuple[str, str, str]]]:
    """Give what each engine can run on a network, each run once; and what it cannot, with the reason."""
    there: dict[tuple[str, str], Prepared] = {}
    missing: list[tuple[str, str, str]] = []
    for engine, works in ENGINES.items():
        if find_spec(engine) is None:
            missing.append((engine, "", "it is not installed there"))
            continue
        try:
            for column, prepared in works(name, *networks.make(name)):
                try:
                    seconds(prepared, clock)
                    there[engine, column] = prepared
                except Exception as error:  # noqa: BLE001 – other people's code, which may fail as it likes
                    missing.append((engine, column, f"{type(error).__name__}: {error}".splitlines()[0]))
        except LookupError as error:
            missing.append((engine, "", str(error)))
    return there, missing


def main() -> None:
    """Answer line by line; whatever the engines print goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    define_operators()
    name, clock = json.loads(sys.stdin.readline())
    there, missing = gathered(name, CLOCKS[clock])
    print(json.dumps({"there": list(there), "missing": missing}), file=answers, flush=True)
    for line in sys.stdin:
        engine, column = json.loads(line)
        print(json.dumps(seconds(there[engine, column], CLOCKS[clock])), file=answers, flush=True)


if __name__ == "__main__":
    main()
