"""The table of layer types that an `architecture.json` may name: torch.nn name -> parameters, tensors, ATen call.

A type is built straight into the graph: no module is made and no code of the file runs. The table needs no torch.
"""

from __future__ import annotations

import json
from typing import Any

from . import activations, affine, attention, joining, norms, pools, recurrent, shaping
from .base import Builder, LayerType, MisfitError, Shape, Slot

__all__ = ["LAYER_TYPES", "Builder", "LayerType", "MisfitError", "Shape", "Slot", "table_of_types"]

LAYER_TYPES: dict[str, LayerType] = {
    **affine.TYPES,
    **norms.TYPES,
    **activations.TYPES,
    **pools.TYPES,
    **shaping.TYPES,
    **joining.TYPES,
    **recurrent.TYPES,
    **attention.TYPES,
}


def table_of_types() -> str:
    """The table as Markdown, for `resources/docs/architecture-json.md`."""
    lines: list[str] = []
    group = ""
    for name, row in LAYER_TYPES.items():
        if row.group != group:
            group = row.group
            lines += ["", f"**{group}**", "", "| type | parameters (with their defaults) | tensors |", "|---|---|---|"]
        optional = (f"{key} = {_said(key, value, row)}" for key, value in row.optional.items())
        parameters = ", ".join((*row.required, *optional)) or "–"
        parameters += f"; {row.note}" if row.note else ""
        lines.append(f"| `{name}` | {parameters} | {_tensors(row)} |")
    return "\n".join(lines).strip()


def _said(key: str, value: Any, row: LayerType) -> str:
    default = json.dumps(value)
    others = [json.dumps(word) for word in row.words.get(key, ()) if word != value]
    return f"{default} (or {', '.join(others)})" if others else default


def _tensors(row: LayerType) -> str:
    if callable(row.slots):
        return "as torch.nn names them"
    return ", ".join(slot.name or "the layer's own name" for slot in row.slots) or "–"
