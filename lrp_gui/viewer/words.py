"""How numbers, shapes and captions are written in every picture."""

from __future__ import annotations

import math

from lrp_gui.document.results import NetworkInfo, SampleResult

MINUS = "−"


def plain(value: float, digits: int = 3) -> str:
    """A number with so many significant digits and a true minus: 0.342, −12.4, 3.1e-07."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-3 <= size < 10**digits:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{size:.{decimals}f}"
    elif size < 1e6 and size >= 1:
        text = f"{size:.0f}"
    else:
        text = f"{size:.{digits - 1}e}"
    return (MINUS if value < 0 else "") + text


def signed(value: float, digits: int = 3) -> str:
    """The same with its sign always there: the sign of relevance never hangs on colour alone."""
    text = plain(value, digits)
    return text if text[0] in f"{MINUS}N0" else f"+{text}"


def percent(part: float) -> str:
    """A share as people write it; 99.97 % is not called 100 %."""
    value = 100 * part
    if 99.5 <= value < 100 or 0 < value < 0.5:
        return f"{value:.1f} %" if 0.05 <= value < 99.95 else ("> 99.9 %" if value > 50 else "< 0.1 %")
    return f"{value:.0f} %"


def shape_text(shape: tuple[int, ...]) -> str:
    """8 × 16 × 16, or "one number" for an empty shape."""
    return " × ".join(str(size) for size in shape) or "one number"


def counted(number: int, noun: str) -> str:
    """1 unit, 12 units."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def caption(network: NetworkInfo, result: SampleResult | None) -> str:
    """Network, sample, target, composite and conservation: what a picture needs to be read later."""
    if result is None:
        return f"{network.name} · nothing explained yet"
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    rest = sum(row.unexplained for row in result.ledger)
    return (
        f"{network.name} · {result.sample} · target {result.target} = {plain(result.explained, 4)} · "
        f"composite {result.composite} · relevance of the inputs {signed(arrived, 4)}, "
        f"absorbed {signed(sinks, 4)}, unexplained {signed(rest, 2)}"
    )
