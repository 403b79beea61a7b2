"""What the network says about a sample, in the words of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo

# Networks that give each class its own yes or no.
INDEPENDENT = "sigmoid"
YES = 0.5


def leading_output(outputs: np.ndarray) -> float:
    """The output that the prediction rests on: the only one, or the largest."""
    return float(outputs[0]) if outputs.size == 1 else float(np.max(outputs)) if outputs.size else float("nan")


def prediction(network: NetworkInfo, outputs: np.ndarray) -> str:
    """The predicted class; for independent classes all that apply; "" for a regression or an unknown output."""
    if not outputs.size or np.isnan(outputs).any():
        return ""
    names = network.outputs
    if network.output_activation == INDEPENDENT:
        chosen = [names[unit] for unit in np.flatnonzero(outputs >= YES)]
        if chosen:
            return ", ".join(chosen)
        return f"not {names[0]}" if outputs.size == 1 else "none"
    return names[int(np.argmax(outputs))] if 1 < outputs.size <= len(names) else ""
