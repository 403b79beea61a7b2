"""An explanation beside gradient × input by autograd on the same network: `python -m tests.benchmarks.engine`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from types import ModuleType

import torch
from torch import Tensor, nn

import lrp_engine as lrp

from .timing import in_turns, ratio, table

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"
ROUNDS = 9


def composites() -> dict[str, object]:
    """Name what is timed: one rule on every affine map, and the window's default."""
    return {
        "epsilon": lrp.Composite.single("epsilon"),
        "zplus": lrp.Composite.single("zplus"),
        "epsilon_plus": "epsilon_plus",
    }


def networks() -> list[tuple[str, nn.Module, lrp.Network, Tensor]]:
    """Make the networks: name, module for autograd, the same for the engine, inputs."""
    examples = example_classes()
    diabetes = examples.DiabetesNetwork()
    diabetes.load_state_dict(torch.load(EXAMPLES / "diabetes" / "model_weights.pth", weights_only=True))
    digits = examples.DigitsNetwork()
    torch.manual_seed(0)
    layers = [layer for _ in range(7) for layer in (nn.Linear(2048, 2048), nn.ReLU())]
    mlp = nn.Sequential(*layers[:-1])
    made = []
    for name, module, shape, batches in (
        ("diabetes", diabetes, (10,), (1, 64)),
        ("digits", digits, (1, 8, 8), (1, 64)),
        ("MLP 7 x 2048", mlp, (2048,), (64,)),
    ):
        module.eval()
        network = lrp.capture(module, (torch.rand(2, *shape),))
        made += [(f"{name}, batch {batch}", module, network, torch.rand(batch, *shape)) for batch in batches]
    return made


def example_classes() -> ModuleType:
    """Import the script that trained the examples, for its two modules."""
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gradient_times_input(module: nn.Module, inputs: Tensor) -> Callable[[], Tensor]:
    """Give the baseline: one pass forward and one backward from the largest output, then the product."""

    def work() -> Tensor:
        x = inputs.detach().requires_grad_()
        score = module(x).amax(dim=1).sum()
        (gradient,) = torch.autograd.grad(score, x)
        return gradient * inputs

    return work


def main() -> None:
    """Print one row for each network and batch."""
    rows = []
    for name, module, network, inputs in networks():
        explained = [partial(lrp.explain, network, inputs, composite=composite) for composite in composites().values()]
        works = [gradient_times_input(module, inputs), *explained]
        base, *others = in_turns(works, ROUNDS)
        rows.append([name, f"{median(base) * 1e3:.3f}", *(ratio(times, base) for times in others)])
    header = ["network", "gradient x input, ms", *composites()]
    table(f"Explanation / gradient x input (median of {ROUNDS}, {torch.get_num_threads()} threads)", header, rows)


if __name__ == "__main__":
    main()
