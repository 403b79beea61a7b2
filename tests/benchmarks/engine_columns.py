"""What is timed: gradient × input by autograd, and our explanation by each composite that means something."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor, nn

import lrp_engine as lrp

from . import networks
from .networks import HIGH, LOW

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"

# key -> heading; on a network of dense layers alone the composites say no more than ε, so the rule in their name takes
# their place, on every layer
COLUMNS = {
    "epsilon": "ε",
    "epsilon_plus": "ε-plus",
    "epsilon_alpha2_beta1": "α2β1",
    "epsilon_gamma_box": "γ-box",
    "attn_lrp": "attn_lrp",
}
_DENSE = {"epsilon_plus": "zplus", "epsilon_alpha2_beta1": "alpha_beta", "epsilon_gamma_box": "gamma"}
_TRANSFORMERS = {"vit_b_16"}
_RECURRENT = {"lstm"}
_DENSE_ONLY = {"mlp", "diabetes"}


class Row(NamedTuple):
    """One line of the tables: a network by its short name, a heading, and how to make it."""

    name: str
    title: str
    make: Callable[[], tuple[nn.Module, Tensor]]


def rows() -> list[Row]:
    """Give the small examples, then the large networks."""
    small = [
        Row(name, f"{name}, batch {batch}", partial(example, name, batch))
        for name in ("diabetes", "digits")
        for batch in (1, 64)
    ]
    return small + [Row(name, kind.title, partial(networks.make, name)) for name, kind in networks.NETWORKS.items()]


def example(name: str, batch: int) -> tuple[nn.Module, Tensor]:
    """Make one of the networks of `resources/examples`, and inputs."""
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    classes: ModuleType = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))  # the script imports its neighbours, as it may when it is run
    try:
        spec.loader.exec_module(classes)
    finally:
        sys.path.remove(str(EXAMPLES))
    torch.manual_seed(0)
    module, shape = (classes.DiabetesNetwork(), (10,)) if name == "diabetes" else (classes.DigitsNetwork(), (1, 8, 8))
    return module.eval(), torch.rand(batch, *shape)


def columns_of(name: str) -> list[str]:
    """Name the columns that mean something for a network."""
    if name in _TRANSFORMERS:
        return ["epsilon", "attn_lrp"]
    if name in _RECURRENT:
        return ["epsilon"]
    return ["epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box"]


def composite_of(name: str, column: str) -> lrp.Composite:
    """Give what a column stands for on a network."""
    if name in _DENSE_ONLY and column in _DENSE:
        return lrp.Composite.single(_DENSE[column])
    bounds = {"low": LOW, "high": HIGH} if column == "epsilon_gamma_box" else {}
    return lrp.Composite.named(column, **bounds)


def explanation(network: lrp.Network, inputs: Tensor, composite: lrp.Composite) -> Callable[[], object]:
    """Give our work: relevance of the inputs, and the ledger."""
    return partial(lrp.explain, network, inputs, composite=composite, keep="inputs")


def gradient_times_input(module: nn.Module, inputs: Tensor) -> Callable[[], Tensor]:
    """Give the baseline: one pass forward and one backward from the largest output, then the product."""

    def work() -> Tensor:
        x = inputs.detach().requires_grad_()
        score = module(x).amax(dim=1).sum()
        (gradient,) = torch.autograd.grad(score, x)
        return gradient * inputs

    return work
