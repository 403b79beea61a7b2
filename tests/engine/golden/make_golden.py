"""Makes golden.npz and cases.json: what zennit and captum hand back to the inputs of small networks.

This does not run in the project's own environment, which has neither engine. In one that has torch, torchvision,
numpy, `zennit<1` and captum, from the project's root: `python -m tests.engine.golden.make_golden`.

A case says how *our* engine is to be called; `conventions` lists those under which that value is expected, "" being
our own. Where another engine's own form of a rule differs from ours, it is made to compute ours for "" if it can (w²
and flat without stabilizer and bias, batch norms merged beforehand), and has a case of its own.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...benchmarks.peers_torchvision import define_operators
from .networks import NETWORKS, Chain, blank

HERE = Path(__file__).parent
TARGET = 1  # the output unit that is explained
SAMPLES = 2
LOW, HIGH = -3.0, 3.5  # bounds for z^B
BOXES = {"low": [[[[-3.0]], [[-2.5]]]], "high": [[[[2.75]], [[3.5]]]]}  # one for each channel, (1, 2, 1, 1)


class Case(NamedTuple):
    """One row of cases.json."""

    network: str
    call: str  # "named" or "single"
    name: str
    parameters: dict[str, Any]
    conventions: tuple[str, ...]
    compute: Callable[[nn.Module, Tensor], Tensor]


def settled(name: str) -> nn.Module:
    """The network with weights, biases and statistics from a seed."""
    torch.manual_seed(len(name) * 31 + sum(map(ord, name)))
    module = blank(name)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
                part.weight.uniform_(0.5, 2)
                part.bias.normal_()
            elif isinstance(getattr(part, "weight", None), Tensor):
                part.weight.normal_().mul_(1.5 / part.weight[0].numel() ** 0.5)
                if part.bias is not None:
                    part.bias.normal_(std=0.3)
    return module


def merged(module: nn.Module) -> nn.Module:
    """A copy without batch norms, their scale and shift in the convolutions before them."""
    if not isinstance(module, Chain):
        return module
    module = deepcopy(module)
    kept: list[nn.Module] = []
    for part in module.features:
        if isinstance(part, nn.BatchNorm2d):
            scale = part.weight / (part.running_var + part.eps).sqrt()
            before = kept[-1]
            bias = 0 if before.bias is None else before.bias
            before.weight = nn.Parameter(before.weight * scale[:, None, None, None])
            before.bias = nn.Parameter((bias - part.running_mean) * scale + part.bias)
        else:
            kept.append(part)
    module.features = nn.Sequential(*kept)
    return module


def only_target(output: Tensor) -> Tensor:
    """F at the explained unit, 0 elsewhere: where LRP starts."""
    return output.detach() * one(output)


def one(output: Tensor) -> Tensor:
    """1 at the explained unit: where gradients start."""
    seed = torch.zeros_like(output)
    seed[:, TARGET] = 1
    return seed


def zennit_cases() -> Iterator[Case]:
    """Rules and composites as zennit has them."""
    from zennit import composites as z
    from zennit import rules as r
    from zennit.types import Linear

    def run(composite: Any, seed: Callable[[Tensor], Tensor] = only_target) -> Callable[[nn.Module, Tensor], Tensor]:
        from zennit.attribution import Gradient

        def compute(module: nn.Module, x: Tensor) -> Tensor:
            return Gradient(module, composite)(x.clone(), seed)[1].detach()

        return compute

    def everywhere(rule: Any, stabilizer: float = 1e-6) -> Callable[[nn.Module, Tensor], Tensor]:
        return run(z.LayerMapComposite([*z.layer_map_base(stabilizer), (Linear, rule)]))

    both, ours, zennit = ("", "zennit"), ("",), ("zennit",)
    rules = (
        ("lrp_0", {}, ours, everywhere(r.Epsilon(1e-12), 1e-12)),
        ("epsilon", {}, both, everywhere(r.Epsilon())),
        ("epsilon", {"epsilon": 0.1}, both, everywhere(r.Epsilon(0.1))),
        ("gamma", {}, both, everywhere(r.Gamma())),
        ("gamma", {"gamma": 1.5}, both, everywhere(r.Gamma(1.5))),
        ("alpha_beta", {}, both, everywhere(r.AlphaBeta())),
        ("alpha_beta", {"alpha": 1.5, "beta": 0.5}, both, everywhere(r.AlphaBeta(1.5, 0.5))),
        ("zplus", {}, both, everywhere(r.ZPlus())),
        ("zbox", {"low": LOW, "high": HIGH}, both, everywhere(r.ZBox(LOW, HIGH))),
        ("wsquare", {}, ours, everywhere(r.WSquare(0.0, zero_params="bias"))),
        ("wsquare", {}, zennit, everywhere(r.WSquare())),
        ("flat", {}, ours, everywhere(r.Flat(0.0))),
        ("flat", {}, zennit, everywhere(r.Flat())),
    )
    flat_as_ours = {"first_map": [(Linear, r.Flat(0.0))]}
    boxes = {key: torch.tensor(value, dtype=torch.float64) for key, value in BOXES.items()}
    named = (
        ("epsilon_plus", {}, both, run(z.EpsilonPlus())),
        ("epsilon_alpha2_beta1", {}, both, run(z.EpsilonAlpha2Beta1())),
        ("epsilon_plus_flat", {}, ours, run(z.EpsilonPlusFlat(**flat_as_ours))),
        ("epsilon_plus_flat", {}, zennit, run(z.EpsilonPlusFlat())),
        ("epsilon_alpha2_beta1_flat", {}, ours, run(z.EpsilonAlpha2Beta1Flat(**flat_as_ours))),
        ("epsilon_alpha2_beta1_flat", {}, zennit, run(z.EpsilonAlpha2Beta1Flat())),
        ("epsilon_gamma_box", {"low": LOW, "high": HIGH}, both, run(z.EpsilonGammaBox(LOW, HIGH))),
        ("epsilon_gamma_box", BOXES, both, run(z.EpsilonGammaBox(**boxes))),
    )
    gradients = (
        ("guided_backprop", run(z.GuidedBackprop(), one)),
        ("deconvnet", run(z.DeconvNet(), one)),
    )
    rectified = {"mlp", "mlp_plain", "cnn", "cnn_plain", "norm"}
    for network in ("mlp", "mlp_plain", "cnn", "cnn_plain", "signed", "signed_plain", "sequence", "norm"):
        two_axes = network not in {"mlp", "mlp_plain", "sequence"}
        for call, rows in (("single", rules), ("named", named)):
            for name, parameters, conventions, compute in rows:
                if parameters is not BOXES or two_axes:
                    yield Case(network, call, name, parameters, conventions, compute)
        # zennit takes the slope of activations and batch norms, which for a ReLU is what passing is
        agreeing = both if network in rectified else zennit
        yield Case(network, "named", "excitation_backprop", {}, agreeing, run(z.ExcitationBackprop()))
        if network in rectified:
            for name, compute in gradients:
                yield Case(network, "named", name, {}, both, compute)


def captum_cases() -> Iterator[Case]:
    """Captum's rules, module by module; a module without one gets captum's ε."""
    from captum.attr import LRP, InputXGradient
    from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, GammaRule

    def run(convolution: Callable[[], Any], dense: Callable[[], Any]) -> Callable[[nn.Module, Tensor], Tensor]:
        def compute(module: nn.Module, x: Tensor) -> Tensor:
            module = deepcopy(module)
            for part in module.modules():
                if isinstance(part, nn.Conv2d):
                    part.rule = convolution()
                elif isinstance(part, nn.Linear):
                    part.rule = dense()
            return LRP(module).attribute(x.clone(), target=TARGET).detach()

        return compute

    def everywhere(rule: Callable[[], Any]) -> Callable[[nn.Module, Tensor], Tensor]:
        return run(rule, rule)

    def gradient(module: nn.Module, x: Tensor) -> Tensor:
        return InputXGradient(module).attribute(x.clone(), target=TARGET).detach()

    rows = (
        ("single", "epsilon", {}, everywhere(EpsilonRule)),
        ("single", "epsilon", {"epsilon": 0.1}, everywhere(lambda: EpsilonRule(0.1))),
        ("single", "gamma", {}, everywhere(GammaRule)),
        ("single", "gamma", {"gamma": 1.5}, everywhere(lambda: GammaRule(1.5))),
        ("single", "zplus", {}, everywhere(Alpha1_Beta0_Rule)),
        ("named", "epsilon", {}, everywhere(EpsilonRule)),
        ("named", "gamma", {}, everywhere(GammaRule)),
        ("named", "epsilon_plus", {}, run(Alpha1_Beta0_Rule, EpsilonRule)),
    )
    for network in ("mlp", "mlp_plain", "cnn", "cnn_plain", "signed", "signed_plain", "norm"):
        for call, name, parameters, compute in rows:
            yield Case(network, call, name, parameters, ("captum",), compute)
        yield Case(network, "named", "gradient_x_input", {}, ("", "captum"), gradient)


def main() -> None:
    """Write both files."""
    warnings.simplefilter("ignore")  # the engines' own, about hooks
    define_operators()
    networks: dict[str, tuple[nn.Module, Tensor]] = {}
    values: dict[str, list[Tensor]] = {}
    rows = []
    for case in (*zennit_cases(), *captum_cases()):
        if case.network not in networks:
            module = settled(case.network)
            shape = NETWORKS[case.network.removesuffix("_plain")][1]
            networks[case.network] = module, torch.randn(SAMPLES, *shape, dtype=torch.float64)
        module, x = networks[case.network]
        known = values.setdefault(case.network, [])
        for conventions in case.conventions:
            relevance = case.compute(module if conventions else merged(module), x)
            place = next((i for i, other in enumerate(known) if torch.equal(other, relevance)), len(known))
            known[place:] = known[place:] or [relevance]
            row = {"network": case.network, case.call: case.name, "parameters": case.parameters}
            rows.append({**row, "conventions": conventions, "values": place})
    arrays: dict[str, np.ndarray] = {}
    for name, (module, x) in networks.items():
        arrays[f"{name}/x"] = x.numpy()
        arrays[f"{name}/output"] = module(x).detach().numpy()
        arrays[f"{name}/values"] = torch.stack(values[name]).numpy()
        arrays |= {f"{name}/state/{key}": value.numpy() for key, value in module.state_dict().items()}
    np.savez_compressed(HERE / "golden.npz", **arrays)
    text = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "cases.json").write_text(f'{{"target": {TARGET}, "cases": [\n{text}\n]}}\n', encoding="utf-8")
    print(f"{len(rows)} cases, {(HERE / 'golden.npz').stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
