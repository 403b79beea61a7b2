"""What is the matter with a cell, in sentences. The masks are made in `lrp_gui.jobs.auditing`, also by the worker."""

from __future__ import annotations

import re

import numpy as np

from lrp_engine.files.cells import number, writes_decimal_comma
from lrp_gui.document.results import Feature
from lrp_gui.document.table_storage import number_text
from lrp_gui.jobs.auditing import BLOCKING, Audit, Checks, Problem, counted, read_cell, usable

__all__ = [
    "BLOCKING",
    "Audit",
    "Checks",
    "Problem",
    "counted",
    "expectation",
    "read_cell",
    "read_typed",
    "sentence",
    "usable",
]

# 1,234, but not 0,234 or 1234,567
_AMBIGUOUS = re.compile(r"[+\-−]?[1-9]\d{0,2},\d{3}", re.ASCII)
# The engine's reason why a text is no number, in the words of a sentence.
REASONS = {"missing": "no number", "infinite": "infinite", "too large": "too large", "not a number": "no number"}


def sentence(one: Feature, problem: Problem, value: float, text: str) -> str:
    """What is the matter with a cell, and what to do about it; "" when nothing is."""
    name = one.name
    if problem == Problem.FINE:
        return ""
    if problem == Problem.MISSING and not text.strip():
        return f"{name} is empty; type a number."
    if problem in BLOCKING:
        if writes_decimal_comma(text):
            if _either(text):
                return f"{name} is “{text.strip()}”, which can be read in two ways; write the decimals after a point."
            return f"{name} is “{text.strip()}”; write the decimals after a point."
        _value, reason = number(text)
        wanted = f"one of {_listed(one)}" if one.categories else "a finite number"
        return f"{name} is “{text.strip()}”, which is {REASONS.get(reason, 'no number')}; type {wanted}."
    shown = number_text(value)
    if problem == Problem.RANGE:
        return f"{name} is {shown}, outside {_range(one)}."
    if problem == Problem.CATEGORY:
        return f"{name} is {shown}, which is none of {_listed(one)}."
    return f"{name} is {shown}, but a whole number is expected."


def read_typed(text: str, one: Feature | None = None) -> tuple[float, str]:
    """What somebody typed into a cell as a number, and why it is none.

    Unlike what comes with a file it may have a decimal comma, where that can mean nothing else: 27,5 or 1.234,5, but
    not 1,234.
    """
    value, reason = read_cell(text, one) if one is not None else number(text)
    if reason and not _either(text):
        return number(text, decimal_comma=True) if writes_decimal_comma(text) else (value, reason)
    return value, reason


def _either(text: str) -> bool:
    """Whether a comma may stand before decimals as well as between thousands."""
    return _AMBIGUOUS.fullmatch(text.strip()) is not None


def expectation(feature: Feature) -> str:
    """Which values are to be expected, in words; "" where nothing is known."""
    parts = []
    if np.isfinite(feature.low) or np.isfinite(feature.high):
        parts.append(_range(feature).removeprefix("the expected range "))
    if feature.categories:
        parts.append(_listed(feature))
    elif feature.integer:
        parts.append("whole numbers")
    return "; ".join(parts)


def _range(feature: Feature) -> str:
    low, high = number_text(feature.low), number_text(feature.high)
    unit = f" {feature.unit}" if feature.unit else ""
    if np.isinf(feature.low):
        return f"the expected range up to {high}{unit}"
    if np.isinf(feature.high):
        return f"the expected range from {low}{unit}"
    return f"the expected range from {low} to {high}{unit}"


def _listed(feature: Feature) -> str:
    shown = [f"{number_text(value)} ({name})" if name else number_text(value) for value, name in feature.categories[:8]]
    return ", ".join(shown) + (" …" if len(feature.categories) > len(shown) else "")
