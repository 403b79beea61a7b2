"""What `lrp-engine inspect` says of a weight file, as text and as JSON. No torch is imported for it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import LrpError, UntrustedFile
from .files.differences import CHANGES, RESHAPED, RETYPED, SAME
from .health.findings import KINDS
from .networks.loading import Needs, needs
from .report import columns, in_bytes, in_words

if TYPE_CHECKING:
    from .files import TensorInfo, WeightFile
    from .files.differences import TensorDifference
    from .files.weightfile import Branch, FileNode
    from .health import Finding
    from .networks.candidate import Candidate

_BRANCHES = 40  # lines of the tree
_BESIDE = 12  # tensors beside the network that are listed
_CANDIDATES = 5
_ATEN = re.compile(r"^(torch\.ops\.)?(aten|torch)\.")
_PROBLEMS = 8
_ROLES = {
    "ema": "averaged copies of the weights",
    "optimizer": "the optimizer's state",
    "other": "beside the network",
}


def inspection(weights: WeightFile, findings: Sequence[Finding] | None = None) -> str:
    """What is in a weight file, as text; with what was found on checking its health."""
    lines = [f"{weights.path}", f"format: {weights.format}"]
    lines += [f"file: {path.name}" for path in weights.files if path != weights.path]
    lines += [f"{key}: {_short(value)}" for key, value in weights.metadata.items()]
    lines += [f"note: {note}" for note in weights.notes]
    own = weights.weights
    lines.append(f"{_counted(own)}, {in_bytes(sum(info.nbytes for info in own.values()))}")
    lines += _table(own.values())
    for role, words in _ROLES.items():
        infos = [info for name, info in weights.tensors.items() if weights.roles[name] == role]
        if infos:
            total = in_bytes(sum(info.nbytes for info in infos))
            lines.append(f"{words}: {_counted(infos)}, {total}")
            lines += _table(infos[:_BESIDE])
            lines += [f"  … and {len(infos) - _BESIDE} more"] if len(infos) > _BESIDE else []
    lines += _tree(weights.tree())
    lines += _graph(weights.nodes)
    lines += _needed(needs(weights))
    lines += _health(findings) if findings is not None else []
    return "\n".join(lines)


def inspection_json(weights: WeightFile, findings: Sequence[Finding] | None = None) -> str:
    """The same as JSON."""
    wanted = needs(weights)
    health = {} if findings is None else {"health": [asdict(one) for one in findings]}
    return _json(
        health
        | {
            "path": str(weights.path),
            "format": weights.format,
            "kind": weights.kind,
            "files": [str(path) for path in weights.files],
            "metadata": _plain(weights.metadata),
            "notes": list(weights.notes),
            "status": wanted.status,
            "to_explain": wanted.sentence,
            "candidates": [_candidate(one) for one in wanted.candidates],
            "tensors": [
                {
                    "name": name,
                    "shape": list(info.shape),
                    "dtype": info.dtype,
                    "nbytes": info.nbytes,
                    "role": weights.roles[name],
                    "detail": info.detail,
                }
                for name, info in weights.tensors.items()
            ],
            "tree": _branch(weights.tree()),
            "nodes": [
                {
                    "name": node.name,
                    "operation": node.operation,
                    "inputs": list(node.inputs),
                    "outputs": list(node.outputs),
                    "layer": node.layer,
                }
                for node in weights.nodes
            ],
        }
    )


def comparison(rows: Sequence[TensorDifference], notes: Sequence[str], *, everything: bool = False) -> str:
    """Two files side by side, as text; what is the same only counts, unless everything is wanted."""
    counts = Counter(row.change for row in rows)
    lines = [f"note: {note}" for note in notes]
    lines.append(f"{_counted(rows)}: " + ", ".join(f"{counts[one]} {one}" for one in CHANGES if counts[one]))
    shown = [row for row in rows if everything or row.change != SAME]
    if shown:
        heads = ("name", "change", "|a|", "|b|", "|a-b|", "relative", "largest", "cosine", "")
        lines += columns([heads, *map(_difference, shown)])
    return "\n".join(lines)


def comparison_json(rows: Sequence[TensorDifference], notes: Sequence[str]) -> str:
    """The same as JSON, with all tensors; what is not known is null."""
    found = []
    for row in rows:
        said = asdict(row) | {"relative": row.relative}
        found.append(
            {
                key: None if isinstance(value, float) and not math.isfinite(value) else value
                for key, value in said.items()
            }
        )
    return _json({"notes": list(notes), "tensors": found})


def _difference(row: TensorDifference) -> tuple[str, ...]:
    amounts = (row.norm, row.other_norm, row.distance, row.relative, row.largest, row.cosine)
    texts = ["" if math.isnan(value) else f"{value:.4g}" for value in amounts]
    shapes = f"{in_words(row.shape)} -> {in_words(row.other_shape)}" if row.change == RESHAPED else ""
    types = f"{row.dtype} -> {row.other_dtype}" if row.change == RETYPED else ""
    return (row.name or row.other, row.change, *texts, row.problem or shapes or types)


def refusal_json(path: str, error: LrpError) -> str:
    """What can be said of a file that is not opened, as JSON."""
    calls = list(error.calls) if isinstance(error, UntrustedFile) else None
    said = {"path": path, "status": "unreadable" if calls is None else "refused", "to_explain": str(error)}
    return _json(said if calls is None else {**said, "would_have_called": calls})


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """The ways to connect tensors, numbered, each with what speaks for it and what does not fit."""
    lines = []
    for number, one in enumerate(candidates[:_CANDIDATES], 1):
        lines.append(f"  {number}. {one.title} ({one.kind}, score {one.score:.2f}): {one.reason}")
        lines += [f"       assumed: {sentence}" for sentence in one.assumptions]
        lines += [f"       does not fit: {sentence}" for sentence in one.problems[:_PROBLEMS]]
        if len(one.problems) > _PROBLEMS:
            lines.append(f"       … and {len(one.problems) - _PROBLEMS} more that does not fit")
    return lines


# ------------------------------------------------------------------------------------------------ text


def _counted(infos: Iterable[Any]) -> str:
    count = len(list(infos))
    return f"{count} tensor{'s' * (count != 1)}"


def _table(infos: Iterable[TensorInfo]) -> list[str]:
    # what else is to be known of a tensor (a scale, a view …) has no heading, as most have nothing there
    rows = [(info.name, in_words(info.shape), info.dtype, in_bytes(info.nbytes), info.detail) for info in infos]
    return columns([("name", "shape", "type", "size", ""), *rows]) if rows else []


def _tree(root: Branch) -> list[str]:
    """Parts of the network by their names, without the single tensors."""
    lines: list[tuple[str, str, str]] = []

    def walk(branch: Branch, depth: int) -> None:
        for child in branch.children.values():
            if child.children:
                lines.append((f"{'  ' * depth}{child.name}", _counted(range(child.count)), in_bytes(child.nbytes)))
                walk(child, depth + 1)

    walk(root, 0)
    more = len(lines) - _BRANCHES
    shown = lines[:_BRANCHES]
    return [*(["tree:", *columns(shown)] if shown else []), *([f"  … and {more} more"] if more > 0 else [])]


def _graph(nodes: Sequence[FileNode]) -> list[str]:
    if not nodes:
        return []
    counts = Counter(_ATEN.sub("", node.operation).partition(".")[0] for node in nodes)
    common = ", ".join(f"{name} {count}" for name, count in counts.most_common(8))
    more = f" and {len(counts) - 8} other operations" if len(counts) > 8 else ""
    return [f"graph: {len(nodes)} node{'s' * (len(nodes) != 1)}: {common}{more}"]


def _needed(wanted: Needs) -> list[str]:
    lines = [f"to explain it: {wanted.sentence}"]
    if wanted.status == "architecture" and wanted.candidates:
        lines += ["ways to connect the tensors:", *candidate_lines(wanted.candidates)]
        lines.append("take one by `explain --candidate NUMBER`; `inspect --write NUMBER` writes it beside the weights")
    return lines


def _health(findings: Sequence[Finding]) -> list[str]:
    """What was found, the gravest first."""
    lines = [f"health: {len(findings)} finding{'s' * (len(findings) != 1)}"]
    return lines + [f"  {one.severity}: {KINDS[one.kind].title}: {one.sentence}" for one in findings]


def _short(value: Any) -> str:
    text = ", ".join(f"{key}: {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


# ------------------------------------------------------------------------------------------------ JSON


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "title": one.title,
        "reason": one.reason,
        "score": one.score,
        "assumptions": list(one.assumptions),
        "problems": list(one.problems),
        "architecture": None if one.architecture is None else msgspec.to_builtins(one.architecture),
    }


def _branch(branch: Branch) -> dict[str, Any]:
    return {
        "name": branch.name,
        "tensors": branch.count,
        "nbytes": branch.nbytes,
        "parts": [_branch(child) for child in branch.children.values() if child.children],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
