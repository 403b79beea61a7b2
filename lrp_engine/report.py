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
    from .files import WeightFile
    from .networks.network import Network

_STRONGEST = 3


def inspection(weights: WeightFile) -> str:
    """What is in a weight file, as text."""
    lines = [f"{weights.path}", f"format: {weights.format}"]
    lines += [f"{key}: {_short(value)}" for key, value in weights.metadata.items()]
    lines += [f"note: {note}" for note in weights.notes]
    total = sum(info.nbytes for info in weights.tensors.values())
    lines.append(f"{len(weights.tensors)} tensors, {_bytes(total)}")
    rows = [(name, _shape(t.shape), t.dtype, _bytes(t.nbytes)) for name, t in weights.tensors.items()]
    lines += _columns([("name", "shape", "type", "size"), *rows])
    lines.append(f"to explain it: {_needed(weights)}")
    return "\n".join(lines)


def inspection_json(weights: WeightFile) -> str:
    """The same as JSON."""
    return json.dumps(
        {
            "path": str(weights.path),
            "format": weights.format,
            "metadata": {key: _plain(value) for key, value in weights.metadata.items()},
            "notes": list(weights.notes),
            "to_explain": _needed(weights),
            "tensors": [
                {"name": name, "shape": list(t.shape), "dtype": t.dtype, "nbytes": t.nbytes}
                for name, t in weights.tensors.items()
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _needed(weights: WeightFile) -> str:
    from .networks.loading import beside

    if weights.kind == "pt2":
        return "nothing more is needed, the file holds its graph"
    found = beside(weights.path)
    return f"{found.name} lies beside it" if found else "an architecture.json is needed, the file holds no graph"


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
                *(layer.path, layer.operation, _shape(tuple(relevance.shape))),
                f"{float(relevance.sum()):+.4f}",
                f"{absorbed.get(layer.path, 0.0):+.4f}",
                _strongest(relevance, ()),
            )
        )
    for entry in network.inputs:
        relevance = explanation.inputs[entry.name][sample]
        names = [feature.name for feature in entry.features]
        total = f"{float(relevance.sum()):+.4f}"
        rows.append((entry.name, "input", _shape(tuple(relevance.shape)), total, "", _strongest(relevance, names)))
    score = float(explanation.score[sample])
    kept = sum(float(explanation.inputs[entry.name][sample].sum()) for entry in network.inputs)
    sinks = sum(absorbed.values())
    head = f"{name}: {explanation.targets[sample]} = {score:.4f}, {explanation.composite}"
    foot = f"inputs {kept:+.4f} and absorbed {sinks:+.4f} make {kept + sinks:+.4f}"
    return "\n".join([head, *_columns(rows), foot])


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


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "1"


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
