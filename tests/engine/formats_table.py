"""Write the table format × browse / run / explain into the documentation, from what happens with the example files.

python -m tests.engine.formats_table
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

import lrp_engine as lrp
from lrp_engine.files.features import standardise
from lrp_engine.files.table import match_columns, read_table

from .files.making import EXAMPLES

DOCUMENT = EXAMPLES.parent / "docs" / "files.md"
BEGIN, END = "<!-- made by python -m tests.engine.formats_table -->\n", "<!-- end of the table of formats -->\n"
SAMPLES = 100

# what it needs to run, in words; how an example comes to have it
ALONE, DESCRIBED, CONSENT = "by itself", "with `architecture.json`, or a way that is inferred", "after consent"
ROWS = (
    ("exported program (`.pt2`)", "digits.pt2", ALONE),
    ("ONNX", "digits.onnx", ALONE),
    ("TorchScript archive", "digits_torchscript.pt", CONSENT),
    ("PyTorch state dict", "digits.pth", DESCRIBED),
    ("PyTorch file of before torch 1.6", "digits_legacy.pth", DESCRIBED),
    ("safetensors", "digits.safetensors", DESCRIBED),
    ("shards (`*.index.json`)", "sharded/digits.safetensors.index.json", DESCRIBED),
    ("numpy (`.npz`)", "digits.npz", DESCRIBED),
    ("pickled model of `torch.nn` classes", "pickled/digits.pt", ALONE),
)


def make_others(folder: Path) -> None:
    """Write the two forms that the examples do not come in: shards, and a whole pickled model."""
    digits = EXAMPLES / "digits"
    state = {name: torch.tensor(info.read()) for name, info in lrp.open_weights(digits / "digits.pth").tensors.items()}
    (folder / "sharded").mkdir()
    (folder / "pickled").mkdir()
    names = sorted(state)
    places = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"digits-{number:05}-of-00002.safetensors"
        safetensors.torch.save_file({name: state[name] for name in part}, folder / "sharded" / file)
        places |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": places}
    (folder / "sharded" / "digits.safetensors.index.json").write_text(json.dumps(index))
    (folder / "sharded" / "architecture.json").write_bytes((digits / "architecture.json").read_bytes())
    network = torch.nn.Sequential()
    for name, layer in (
        ("conv1", torch.nn.Conv2d(1, 8, 3, padding=1)),
        ("bn1", torch.nn.BatchNorm2d(8)),
        ("relu1", torch.nn.ReLU()),
        ("pool1", torch.nn.MaxPool2d(2)),
        ("conv2", torch.nn.Conv2d(8, 16, 3, padding=1)),
        ("bn2", torch.nn.BatchNorm2d(16)),
        ("relu2", torch.nn.ReLU()),
        ("pool2", torch.nn.MaxPool2d(2)),
        ("flatten", torch.nn.Flatten()),
        ("classifier", torch.nn.Linear(64, 10)),
    ):
        network.add_module(name, layer)
    network.load_state_dict(state)
    torch.save(network.eval(), folder / "pickled" / "digits.pt")


def explained(path: Path, needs: str) -> np.ndarray:
    """Relevance of the table's first samples: (samples, 64)."""
    sizes = {"input": (None, 1, 8, 8)} if "pickled" in path.parts else None
    network = lrp.load(path, trust=needs == CONSENT, sizes=sizes, cache=False)
    (entry,) = network.inputs
    table = read_table(EXAMPLES / "digits" / "digits.csv")
    if entry.features:
        values, _ = match_columns(entry.features, True, table).take(table)
        inputs = standardise(values[:SAMPLES], entry.features)
    else:
        inputs = table.values[:SAMPLES, :64] / 16
    inputs = inputs.reshape(SAMPLES, *entry.unit_shape)
    explanation = lrp.explain(network, torch.tensor(inputs, dtype=torch.float32))
    return explanation.inputs[entry.name].numpy().reshape(SAMPLES, -1)


def rows(folder: Path) -> list[tuple[str, str, str, float]]:
    """Of each format: name, how many tensors it gives, what it needs, how far its relevance is from the first."""
    make_others(folder)
    found, first = [], None
    for name, file, needs in ROWS:
        path = folder / file if "/" in file else EXAMPLES / "digits" / file
        weights = lrp.open_weights(path)
        for info in weights.tensors.values():
            info.read()
        relevance = explained(path, needs)
        first = relevance if first is None else first
        difference = float(np.abs(relevance - first).max() / np.abs(first).max())
        nodes = f", {len(weights.nodes)} nodes" if weights.nodes else ""
        found.append((name, f"{len(weights.tensors)} tensors{nodes}", needs, difference))
    return found


def table(found: list[tuple[str, str, str, float]]) -> str:
    """As Markdown."""
    lines = ["| format | browse | run | explain: difference from the first row |", "|---|---|---|---|"]
    lines += [f"| {name} | {browse} | {needs} | {difference:.0e} |" for name, browse, needs, difference in found]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the table and put it into the document."""
    with tempfile.TemporaryDirectory() as folder:
        text = table(rows(Path(folder)))
    print(text)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + BEGIN + text + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
