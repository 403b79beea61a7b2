"""What the command line says and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from .explanation import Explanation
    from .files.table import RawTable
    from .networks.network import Network

_STRONGEST = 3


def layer_table(network: Network, explanation: Explanation, sample: int, name: str) -> str:
    """One sample's layers from output to input: name, shape, ΣR, absorbed, strongest units."""
    absorbed: dict[str, float] = {}
    for row in explanation.ledger:
        absorbed[row.layer] = absorbed.get(row.layer, 0.0) + float(row.absorbed[sample])
    rows = [("layer", "operation", "shape", "ΣR", "absorbed", "strongest units")]
    for layer in reversed(network.layers):
        if layer.path not in explanation.layers:
            continue
        relevance = explanation.layers[layer.path][sample]
        rows.append(
            (
                *(layer.path, layer.operation, in_words(tuple(relevance.shape))),
                f"{float(relevance.sum()):+.4f}",
                f"{absorbed.get(layer.path, 0.0):+.4f}",
                _strongest(relevance, ()),
            )
        )
    for entry in network.inputs:
        relevance = explanation.inputs[entry.name][sample]
        names = [feature.name for feature in entry.features]
        total = f"{float(relevance.sum()):+.4f}"
        rows.append((entry.name, "input", in_words(tuple(relevance.shape)), total, "", _strongest(relevance, names)))
    score = float(explanation.score[sample])
    kept = sum(float(explanation.inputs[entry.name][sample].sum()) for entry in network.inputs)
    sinks = sum(absorbed.values())
    head = f"{name}: {explanation.targets[sample]} = {score:.4f}, {explanation.composite}"
    foot = f"inputs {kept:+.4f} and absorbed {sinks:+.4f} make {kept + sinks:+.4f}"
    return "\n".join([head, *columns(rows), foot])


def _strongest(relevance: Tensor, names: Sequence[str]) -> str:
    flat = relevance.flatten()
    order = flat.abs().argsort(descending=True)[:_STRONGEST].tolist()
    return "  ".join(f"{names[i] if names else _place(i, relevance)} {float(flat[i]):+.3f}" for i in order)


def _place(index: int, relevance: Tensor) -> str:
    if relevance.dim() <= 1:
        return f"#{index}"
    place = []
    for size in reversed(relevance.shape):
        index, at = divmod(index, size)
        place.append(str(at))
    return f"#{','.join(reversed(place))}"


def write(
    folder: Path, network: Network, explanation: Explanation, rows: Sequence[int], features: Sequence[str]
) -> list[Path]:
    """Write explanation.json, relevance.csv and relevance.npz; returns their paths."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("explanation.json", "relevance.csv", "relevance.npz")]
    paths[0].write_text(_summary(network, explanation, rows), encoding="utf-8")
    paths[1].write_text(_relevance_csv(explanation, rows, features), encoding="utf-8")
    arrays = {f"input:{name}": value.numpy() for name, value in explanation.inputs.items()}
    arrays |= {f"layer:{path}": value.numpy() for path, value in explanation.layers.items()}
    arrays |= {f"output:{name}": value.numpy() for name, value in explanation.outputs.items()}
    np.savez_compressed(paths[2], rows=np.asarray(rows), score=explanation.score.numpy(), **arrays)  # type: ignore[arg-type]
    return paths


def _relevance_csv(explanation: Explanation, rows: Sequence[int], features: Sequence[str]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "target", "score", *features])
    relevance = next(iter(explanation.inputs.values())).flatten(1).tolist()
    for row, target, score, values in zip(
        rows, explanation.targets, explanation.score.tolist(), relevance, strict=True
    ):
        writer.writerow([row, target, repr(score), *map(repr, values)])
    return text.getvalue()


def write_samples(
    path: Path,
    explanation: Explanation,
    rows: Sequence[int],
    features: Sequence[str],
    table: RawTable,
) -> Path:
    """Write the explained rows of a table with their outputs and relevance, in the format of the path's suffix.

    Parameters
    ----------
    path : Path
        Ends as `write_table` takes it.
    explanation : Explanation
        Of these rows.
    rows : sequence of int
        Which rows of the table were explained.
    features : sequence of str
        The names of the network's input units.
    table : RawTable
        The table.

    Raises
    ------
    InputError
        If the format cannot hold it, or the place cannot be written to.
    """
    from .files.table_writing import write_table

    columns: dict[str, Any] = {"row": list(rows), "target": list(explanation.targets)}
    columns["score"] = explanation.score.numpy()
    words = {column for (_, column), (_, reason) in table.bad.items() if reason == "not a number"}
    for column, name in enumerate(table.names):
        if column in words:
            cells = table.column(column)
            columns[f"input {name}"] = [cells[row] for row in rows]
        else:
            columns[f"input {name}"] = table.values[list(rows), column]
    for name, value in explanation.outputs.items():
        flat = value.flatten(1).numpy() if value.dim() > 1 else value[:, None].numpy()
        for unit in range(flat.shape[1]):
            columns[f"output {name}[{unit}]"] = flat[:, unit]
    relevance = next(iter(explanation.inputs.values())).flatten(1).numpy()
    for name, column in zip(features, relevance.T, strict=True):
        columns[f"relevance {name}"] = column
    return write_table(path, columns)


def _summary(network: Network, explanation: Explanation, rows: Sequence[int]) -> str:
    amounts = ("arrived", "passed_on", "bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")
    return json.dumps(
        {
            "network": network.name,
            "path": network.metadata.get("path", ""),
            "composite": explanation.composite,
            "rows": list(rows),
            "targets": list(explanation.targets),
            "score": explanation.score.tolist(),
            "outputs": {name: value.tolist() for name, value in explanation.outputs.items()},
            "relevance": {name: value.flatten(1).sum(1).tolist() for name, value in explanation.inputs.items()},
            "ledger": [
                {
                    **{key: getattr(row, key) for key in ("node", "layer", "kind", "rule", "reason")},
                    **{key: getattr(row, key).tolist() for key in amounts},
                }
                for row in explanation.ledger
            ],
            "notes": list(explanation.notes),
            "warnings": list(explanation.warnings),
        },
        indent=1,
        ensure_ascii=False,
    )


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in which the cells of each column stand below each other."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def in_words(shape: Sequence[int]) -> str:
    """A shape."""
    return "×".join(map(str, shape)) or "1"


def in_bytes(count: float) -> str:
    """A number of bytes in the unit that suits it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError
