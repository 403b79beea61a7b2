"""What the network says about a sample, or about all of them, in the words of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

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


def leading_outputs(outputs: np.ndarray) -> np.ndarray:
    """(samples,) the same for many: `outputs` is (samples, output units)."""
    if not outputs.shape[1]:
        return np.full(len(outputs), np.nan)
    return np.asarray(outputs[:, 0] if outputs.shape[1] == 1 else outputs.max(axis=1), dtype=np.float64)


def predictions(network: NetworkInfo, outputs: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """What `prediction` says of many samples.

    Returns
    -------
    Per sample the number of a word, and the words; the first word is "".
    """
    samples, units = outputs.shape
    known = ~np.isnan(outputs).any(axis=1) if units else np.zeros(samples, dtype=bool)
    names = network.outputs
    codes = np.zeros(samples, dtype=np.int64)
    if network.output_activation == INDEPENDENT and units:
        chosen = np.packbits(outputs[known] >= YES, axis=1)
        kinds, places, which = np.unique(chosen, axis=0, return_index=True, return_inverse=True)
        examples = outputs[known][places]
        codes[known] = 1 + which.reshape(-1)
        return codes, ("", *(prediction(network, examples[kind]) for kind in range(len(kinds))))
    if not 1 < units <= len(names):
        return codes, ("",)
    codes[known] = 1 + outputs[known].argmax(axis=1)
    return codes, ("", *names)


def confidences(network: NetworkInfo, outputs: np.ndarray) -> np.ndarray:
    """(samples,) how sure the network is of what it predicts, as a probability; NaN where it predicts nothing.

    Probabilities are taken as they are; of logits the softmax. Of several independent answers, the least sure one.
    """
    samples, units = outputs.shape
    if network.output_activation == INDEPENDENT and units:
        return np.asarray(np.maximum(outputs, 1 - outputs).min(axis=1), dtype=np.float64)
    if not 1 < units <= len(network.outputs):
        return np.full(samples, np.nan)
    largest = outputs.max(axis=1)
    if network.output_activation:
        return np.asarray(largest, dtype=np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(1 / np.exp(outputs - largest[:, None], dtype=np.float64).sum(axis=1))


@lru_cache(maxsize=4)
def _terms(text: str, names: tuple[str, ...]) -> Sequence[tuple[float, Any]]:
    """What a target consists of; nothing where it is none, which is said elsewhere."""
    from lrp_engine import LrpError, parse_target
    from lrp_engine.targets import terms_of

    try:
        return terms_of(parse_target(text, names), names)
    except LrpError:
        return ()


def targets(network: NetworkInfo, text: str, outputs: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """What is explained of each sample under the target that a person typed: numbers of words, and the words."""
    from lrp_engine.targets import Best, said_place

    samples, units = outputs.shape
    known = ~np.isnan(outputs).any(axis=1) if units else np.zeros(samples, dtype=bool)
    names = network.outputs
    terms = _terms(text, names)
    if not terms:
        return np.zeros(samples, dtype=np.int64), ("",)
    chosen = np.zeros((int(known.sum()), len(terms)), dtype=np.int64)
    for place, (_weight, term) in enumerate(terms):
        if isinstance(term, Best) and term.rank <= units:
            chosen[:, place] = np.argsort(-outputs[known], axis=1, kind="stable")[:, term.rank - 1]

    def said(place: int, unit: int) -> str:
        term = terms[place][1]
        if isinstance(term, int):
            return names[term] if 0 <= term < len(names) else str(term)
        if isinstance(term, Best):
            return names[unit] if unit < len(names) else str(unit)
        return said_place(term)

    kinds, which = np.unique(chosen, axis=0, return_inverse=True)
    words = [" − ".join(said(place, int(unit)) for place, unit in enumerate(kind)) for kind in kinds]
    codes = np.zeros(samples, dtype=np.int64)
    codes[known] = 1 + which.reshape(-1)
    return codes, ("", *words)
