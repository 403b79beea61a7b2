"""How numbers, shapes and captions are written in every picture."""

from __future__ import annotations

from lrp_gui.document import words
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import shape_text

__all__ = ["caption", "counted", "percent", "plain", "sample_title", "shape_text", "signed"]


def plain(value: float, digits: int = 3) -> str:
    """A number with so many significant digits and a true minus; a picture says NaN where a list stays empty."""
    return words.plain(value, digits) or "NaN"


def signed(value: float, digits: int = 3) -> str:
    """The same with a plus: the sign of relevance never hangs on colour alone."""
    text = plain(value, digits)
    return f"+{text}" if value > 0 else text


def percent(part: float) -> str:
    """A share as people write it; 99.97 % is not called 100 %."""
    value = 100 * part
    if 99.5 <= value < 100 or 0 < value < 0.5:
        return f"{value:.1f} %" if 0.05 <= value < 99.95 else ("> 99.9 %" if value > 50 else "< 0.1 %")
    return f"{value:.0f} %"


def counted(number: int, noun: str) -> str:
    """1 unit, 12 units."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def sample_title(result: SampleResult) -> str:
    """What a sample is called in a sentence: a bare number is "sample 3"."""
    return f"sample {result.sample}" if result.sample.isdigit() else result.sample


def caption(network: NetworkInfo, result: SampleResult | None) -> str:
    """Network, sample, target, composite and conservation: what a picture needs to be read later."""
    if result is None:
        return f"{network.name} · nothing explained yet"
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut + row.unsupported for row in result.ledger)
    rest = sum(row.unexplained for row in result.ledger)
    return (
        f"{network.name} · {sample_title(result)} · target {result.target} = {plain(result.explained, 4)} · "
        f"composite {result.composite} · relevance of the inputs {signed(arrived, 4)}, "
        f"absorbed {signed(sinks, 4)}, unexplained {signed(rest, 2)}"
    )
