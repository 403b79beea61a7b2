"""Make the two shipped examples: train both networks and write their weight files and tables.

    python resources/examples/make_examples.py [diabetes] [digits]

Needs scikit-learn (the `dev` extra) for its data; nothing is downloaded. Seeds and thread counts are
fixed, so a second run on the same machine gives the same networks. Prints the held-out accuracy.
"""

from __future__ import annotations

import csv
import json
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from formats import DESCRIPTION, write_programs, write_state_dicts
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
SEED = 0

# name, unit; scikit-learn ships the values of Efron, Hastie, Johnstone and Tibshirani (2004) in these units.
DIABETES_FEATURES = (
    ("age", "years"),
    ("sex", "1 or 2"),
    ("bmi", "kg/m²"),
    ("bp", "mmHg"),
    ("s1", "mg/dL"),
    ("s2", "mg/dL"),
    ("s3", "mg/dL"),
    ("s4", "ratio"),
    ("s5", "log(mg/dL)"),
    ("s6", "mg/dL"),
)


class DiabetesNetwork(nn.Module):
    """Ten standardised measurements to the probability that the disease progresses more than the median."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(10, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (samples, 10) to (samples, 1)."""
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return torch.sigmoid(self.fc3(x))


class DigitsNetwork(nn.Module):
    """An 8×8 grey image with values 0 to 16 to the logits of the ten digits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(16)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(64, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Map (samples, 1, 8, 8) to (samples, 10)."""
        x = image / 16.0  # the table holds the scanner's counts; the network takes care of its own scale
        x = self.pool1(self.relu1(self.bn1(self.conv1(x))))
        x = self.pool2(self.relu2(self.bn2(self.conv2(x))))
        return self.classifier(self.flatten(x))


def train(
    network: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    samples: tuple[Tensor, Tensor],
    held_back: tuple[Tensor, Tensor],
    *,
    rate: float,
    weight_decay: float,
    batch: int,
    patience: int,
) -> None:
    """Train with AdamW and leave the network at the epoch whose loss on `held_back` was least.

    Stops when `patience` epochs have passed without a lower loss.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=weight_decay)
    x, y = samples
    best, best_state, waited = float("inf"), {}, 0
    while waited < patience:
        network.train()
        for rows in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss(network(x[rows]), y[rows]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            now = loss(network(held_back[0]), held_back[1]).item()
        if now < best:
            best, waited = now, 0
            best_state = {name: value.clone() for name, value in network.state_dict().items()}
        else:
            waited += 1
    network.load_state_dict(best_state)
    network.eval()


def split(x: np.ndarray, y: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Three fifths to train on, one to stop by, one that is only looked at for the printed accuracy."""
    x_rest, x_test, y_rest, y_test = train_test_split(x, y, test_size=0.2, random_state=SEED, stratify=y)
    x_train, x_stop, y_train, y_stop = train_test_split(
        x_rest, y_rest, test_size=0.25, random_state=SEED, stratify=y_rest
    )
    return (x_train, y_train), (x_stop, y_stop), (x_test, y_test)


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[float]]) -> None:
    """Write a CSV file with numbers as short as they were measured."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{value:.10g}" for value in row] for row in rows)


def make_diabetes(folder: Path) -> None:
    """Write the network in every format, the architecture that bare weights lack, and the table in original units."""
    data = load_diabetes(scaled=False)
    values, progression = data["data"], data["target"]
    above = (progression > np.median(progression)).astype(np.float64)
    parts = split(values, above)
    # Four decimals are plenty, and then the architecture file holds exactly what was used here.
    mean = parts[0][0].mean(axis=0).round(4)
    scale = parts[0][0].std(axis=0).round(4)

    torch.manual_seed(SEED)
    network = DiabetesNetwork()
    standardised = [
        (
            torch.tensor((x - mean) / scale, dtype=torch.float32),
            torch.tensor(y, dtype=torch.float32)[:, None],
        )
        for x, y in parts
    ]
    train(network, F.binary_cross_entropy, *standardised[:2], rate=3e-3, weight_decay=0.1, batch=32, patience=40)
    x, y = standardised[2]
    with torch.no_grad():
        right = int(((network(x) > 0.5) == (y > 0.5)).sum())
    report("diabetes", right, len(x))

    architecture = {
        "version": 1,
        "name": "diabetes",
        "inputs": [
            {
                "name": "x",
                "shape": [10],
                "features": [
                    {"name": name, "unit": unit, "mean": float(m), "scale": float(s)}
                    for (name, unit), m, s in zip(DIABETES_FEATURES, mean, scale, strict=True)
                ],
            }
        ],
        "layers": [
            {"name": "fc1", "type": "Linear", "parameters": {"in_features": 10, "out_features": 32}},
            {"name": "relu", "type": "ReLU"},
            {"name": "fc2", "type": "Linear", "parameters": {"in_features": 32, "out_features": 16}},
            {"name": "relu_1", "type": "ReLU"},
            {"name": "fc3", "type": "Linear", "parameters": {"in_features": 16, "out_features": 1}},
            {"name": "sigmoid", "type": "Sigmoid"},
        ],
        "outputs": [{"name": "probability", "classes": ["above median"]}],
    }
    (folder / "architecture.json").write_text(readable(architecture) + "\n", encoding="utf-8")
    description = {"version": 1, "inputs": [{"name": "x", "features": architecture["inputs"][0]["features"]}]}
    description["outputs"] = architecture["outputs"]
    write_state_dicts(network, folder, "model_weights")
    write_programs(network, folder, "diabetes", torch.zeros(2, 10), "x", description)
    write_exported(network, folder / "diabetes.pt2", torch.zeros(2, 10), "x", description)
    header = [*(name for name, _ in DIABETES_FEATURES), "progression", "above_median"]
    write_table(folder / "diabetes.csv", header, np.column_stack([values, progression, above]))


def make_digits(folder: Path) -> None:
    """Write the network in every format, the architecture that bare weights lack, and the table of pixels."""
    data = load_digits()
    images, labels = data["images"], data["target"]
    parts = split(images[:, None], labels)

    torch.manual_seed(SEED)
    network = DigitsNetwork()
    tensors = [(torch.tensor(x, dtype=torch.float32), torch.tensor(y)) for x, y in parts]
    train(network, F.cross_entropy, *tensors[:2], rate=1e-2, weight_decay=0.05, batch=64, patience=15)
    x, y = tensors[2]
    with torch.no_grad():
        right = int((network(x).argmax(dim=1) == y).sum())
    report("digits", right, len(x))

    pixels = [f"r{row}c{column}" for row in range(8) for column in range(8)]
    description = {
        "version": 1,
        "inputs": [{"name": "image", "features": [{"name": pixel, "unit": "0 to 16"} for pixel in pixels]}],
        "outputs": [{"name": "logits", "classes": [str(digit) for digit in range(10)]}],
    }
    example = torch.zeros(2, 1, 8, 8)
    write_exported(network, folder / "digits.pt2", example, "image", description)
    write_programs(network, folder, "digits", example, "image", description)
    # A state dict knows nothing of the division by 16 in `forward`: here it is a scale of the features.
    write_state_dicts(network, folder, "digits")
    features = [{"name": pixel, "unit": "0 to 16", "scale": 16.0} for pixel in pixels]
    architecture = {
        "version": 1,
        "name": "digits",
        "inputs": [{"name": "image", "shape": [1, 8, 8], "features": features}],
        "layers": [
            {"name": "conv1", "type": "Conv2d", "parameters": convolution(1, 8)},
            {"name": "bn1", "type": "BatchNorm2d", "parameters": {"num_features": 8}},
            {"name": "relu1", "type": "ReLU"},
            {"name": "pool1", "type": "MaxPool2d", "parameters": {"kernel_size": 2}},
            {"name": "conv2", "type": "Conv2d", "parameters": convolution(8, 16)},
            {"name": "bn2", "type": "BatchNorm2d", "parameters": {"num_features": 16}},
            {"name": "relu2", "type": "ReLU"},
            {"name": "pool2", "type": "MaxPool2d", "parameters": {"kernel_size": 2}},
            {"name": "flatten", "type": "Flatten"},
            {"name": "classifier", "type": "Linear", "parameters": {"in_features": 64, "out_features": 10}},
        ],
        "outputs": description["outputs"],
    }
    (folder / "architecture.json").write_text(readable(architecture) + "\n", encoding="utf-8")
    write_table(folder / "digits.csv", [*pixels, "label"], np.column_stack([images.reshape(len(images), 64), labels]))


def convolution(channels: int, kernels: int) -> dict[str, int]:
    """The parameters of a convolution that keeps an image's size."""
    return {"in_channels": channels, "out_channels": kernels, "kernel_size": 3, "padding": 1}


def write_exported(
    network: nn.Module, path: Path, example: Tensor, input_name: str, description: dict[str, Any]
) -> None:
    """Write an exported program with a free batch size; `example` holds two samples."""
    # Two samples: with one, the exporter would take the batch size for a constant.
    shapes = {input_name: {0: torch.export.Dim("batch")}}
    program = torch.export.export(network, (example,), dynamic_shapes=shapes, strict=False)
    program = program.run_decompositions(decomp_table={})
    forget_this_machine(program)
    torch.export.save(program, path, extra_files={DESCRIPTION: json.dumps(description)})


def forget_this_machine(program: torch.export.ExportedProgram) -> None:
    """Leave out what differs from machine to machine, so that the same network gives the same bytes.

    Of each node's source lines those in this file stay, under its bare name.
    """
    program.example_inputs = None
    for node in program.graph.nodes:
        node.meta.pop("from_node", None)
        lines = node.meta.pop("stack_trace", "").splitlines()
        at = [i for i, line in enumerate(lines) if line.strip().startswith(f'File "{__file__}"')]
        if at:
            kept = "\n".join(line for i in at for line in lines[i : i + 2])
            node.meta["stack_trace"] = kept.replace(__file__, Path(__file__).name)


def readable(value: object, indent: str = "") -> str:
    """JSON that a person can read: whatever fits stands on one line, so each layer and feature has its own."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= 110 or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {readable(item, inner)}" for key, item in value.items()]
    else:
        items = [inner + readable(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + "\n" + indent + closing


def report(name: str, right: int, total: int) -> None:
    """Print the held-out accuracy."""
    print(f"{name}: {right} of {total} held-out samples right ({right / total:.1%})")


EXAMPLES = {"diabetes": make_diabetes, "digits": make_digits}


def main(names: list[str]) -> int:
    """Make the examples called by these names, or all of them."""
    unknown = [name for name in names if name not in EXAMPLES]
    if unknown:
        print(f"No example is called {unknown[0]!r}; there are: {', '.join(EXAMPLES)}.", file=sys.stderr)
        return 2
    # The exporter copies a structure of its own that torch 2.13 says is deprecated.
    warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    for name in names or EXAMPLES:
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        EXAMPLES[name](folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
