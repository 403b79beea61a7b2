"""What is the matter with a cell, in sentences. The masks are made in `lrp_gui.jobs.auditing`, also by the worker."""

from __future__ import annotations

import re

import numpy as np

from lrp_engine.files.cells import number, writes_decimal_comma
from lrp_gui.document.results import Feature
from lrp_gui.document.table_storage import number_text
from lrp_gui.jobs.auditing import BLOCKING, Audit, Checks, Problem, counted, read_cell, usable
from lrp_gui.languages import mark, tr

__all__ = [
    "BLOCKING",
    "Audit",
    "Checks",
    "Problem",
    "as_at_home",
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
REASONS = {
    "missing": mark("no number"),
    "infinite": mark("infinite"),
    "too large": mark("too large"),
    "not a number": mark("no number"),
}


def sentence(one: Feature, problem: Problem, value: float, text: str) -> str:
    """What is the matter with a cell, and what to do about it; "" when nothing is."""
    name = one.name
    if problem == Problem.FINE:
        return ""
    if problem == Problem.MISSING and not text.strip():
        return tr("{name} is empty; type a number.").format(name=name)
    if problem in BLOCKING:
        if writes_decimal_comma(text):
            if _either(text):
                return tr(
                    "{name} is “{text}”, which can be read in two ways; write the decimals after a point."
                ).format(name=name, text=text.strip())
            return tr("{name} is “{text}”; write the decimals after a point.").format(name=name, text=text.strip())
        _value, reason = number(text)
        wanted = tr("one of {listed}").format(listed=_listed(one)) if one.categories else tr("a finite number")
        return tr("{name} is “{text}”, which is {reason}; type {wanted}.").format(
            name=name, text=text.strip(), reason=tr(REASONS.get(reason, "no number")), wanted=wanted
        )
    shown = number_text(value)
    if problem == Problem.RANGE:
        return tr("{name} is {shown}, outside the expected range {range}.").format(
            name=name, shown=shown, range=_range(one)
        )
    if problem == Problem.CATEGORY:
        return tr("{name} is {shown}, which is none of {listed}.").format(name=name, shown=shown, listed=_listed(one))
    return tr("{name} is {shown}, but a whole number is expected.").format(name=name, shown=shown)


def read_typed(text: str, one: Feature | None = None) -> tuple[float, str]:
    """What somebody typed into a cell as a number, and why it is none.

    Unlike what comes with a file it may have a decimal comma, where that can mean nothing else: 27,5 or 1.234,5, but
    not 1,234.
    """
    value, reason = read_cell(text, one) if one is not None else number(text)
    if reason and not _either(text):
        return number(text, decimal_comma=True) if writes_decimal_comma(text) else (value, reason)
    return value, reason


def as_at_home(text: str, *, decimal_comma: bool) -> str:
    """What somebody typed, where a comma stands before decimals: 1,234 is 1.234 there, and nothing else changes."""
    return text.replace(",", ".") if decimal_comma and _either(text) else text


def _either(text: str) -> bool:
    """Whether a comma may stand before decimals as well as between thousands."""
    return _AMBIGUOUS.fullmatch(text.strip()) is not None


def expectation(feature: Feature) -> str:
    """Which values are to be expected, in words; "" where nothing is known."""
    parts = []
    if np.isfinite(feature.low) or np.isfinite(feature.high):
        parts.append(_range(feature))
    if feature.categories:
        parts.append(_listed(feature))
    elif feature.integer:
        parts.append(tr("whole numbers"))
    return "; ".join(parts)


def _range(feature: Feature) -> str:
    low, high = number_text(feature.low), number_text(feature.high)
    unit = f" {feature.unit}" if feature.unit else ""
    if np.isinf(feature.low):
        return tr("up to {high}{unit}").format(high=high, unit=unit)
    if np.isinf(feature.high):
        return tr("from {low}{unit}").format(low=low, unit=unit)
    return tr("from {low} to {high}{unit}").format(low=low, high=high, unit=unit)


def _listed(feature: Feature) -> str:
    shown = [f"{number_text(value)} ({name})" if name else number_text(value) for value, name in feature.categories[:8]]
    return ", ".join(shown) + (" …" if len(feature.categories) > len(shown) else "")
