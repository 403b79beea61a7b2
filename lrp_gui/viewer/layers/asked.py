"""What open layers want to know besides the explanation: a channel's kernel, and what flows between channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lrp_gui.languages import tr
from lrp_gui.viewer.layers.edges import open_pairs
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.stage_picture import FETCHING, StagePicture

FLOW = "flow:"


def kernel_kind(folds: Folds) -> str:
    """What to ask the worker for where a channel stands open; "" where none does."""
    layer, channel = folds.channel
    return f"kernel:{layer}:{channel}" if channel >= 0 else ""


def fill_in(
    picture: StagePicture,
    folds: Folds,
    more: Callable[[str], Any],
    problem: Callable[[str], str] = lambda _kind: "",
) -> None:
    """Give the picture what is known; asking for the rest begins it, where `more` is the document's."""
    kind = kernel_kind(folds)
    if kind:
        picture.kernel = more(kind) or problem(kind) or tr(FETCHING)
    asked = [layer for _, _, layer in open_pairs(picture.graph)] if picture.graph is not None else []
    found = {layer: more(f"{FLOW}{layer}") for layer in asked}
    picture.channel_flows = {layer: flow for layer, flow in found.items() if flow is not None}


def concerns(kind: str, folds: Folds) -> bool:
    """Whether something that came is for open layers."""
    return kind == kernel_kind(folds) or kind.startswith(FLOW)
