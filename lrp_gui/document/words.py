"""How numbers, shapes, counts and samples are written, everywhere."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from lrp_gui import languages
from lrp_gui.languages import mark, thousands, tr, trn

if TYPE_CHECKING:
    from lrp_gui.document.results import SampleResult

MINUS = "−"
ROUNDING = 1e-6
# What the engine calls the kinds of operations. Marked here, not among its sentences: a layer may be called “sum”.
KINDS = frozenset(
    (
        *(mark("affine map"), mark("sum"), mark("movement"), mark("activation"), mark("selection")),
        *(mark("normalization"), mark("product"), mark("quotient"), mark("bilinear"), mark("softmax")),
        *(mark("recurrent"), mark("lookup"), mark("constant"), mark("output activation"), mark("unsupported")),
    )
)


class Shown(NamedTuple):
    """What the numbers of an explanation are called; a gradient is no relevance, and must not be read as one.

    Attributes
    ----------
    noun, nouns, letter, total : str
        In a heading, of several, before a number, before a sum.
    title : str
        Of the graph; "{sample}" stands for the sample.
    supports, against : str
        What the two colours mean.
    flows : bool
        Whether amounts of it are handed on from layer to layer, so that there are books to keep.
    score : str
        Before the number that is explained.
    """

    noun: str
    nouns: str
    letter: str
    total: str
    title: str
    supports: str
    against: str
    flows: bool
    score: str = "f"


SHOWN = {
    "relevance": Shown(
        *(mark("relevance"), mark("relevances"), "R", "ΣR", mark("Relevance flow of {sample}")),
        *(mark("supports the target (+)"), mark("speaks against (−)")),
        flows=True,
    ),
    "difference": Shown(
        *(mark("relevance"), mark("relevances"), "R", "ΣR", mark("What sets {sample} apart from the reference")),
        *(mark("raises the target above the reference (+)"), mark("lowers it (−)")),
        flows=True,
        score="Δf",
    ),
    "contrast": Shown(
        *(mark("difference"), mark("differences"), "ΔR", "ΣΔR", mark("Where A and B differ: {sample}")),
        *(mark("more in A (+)"), mark("more in B (−)")),
        flows=True,
        score="f(A) − f(B)",
    ),
    "contrast of gradients": Shown(
        *(mark("difference"), mark("differences"), mark("Δ gradient"), mark("ΣΔ gradient")),
        mark("Where the gradients of A and B differ: {sample}"),
        *(mark("more in A (+)"), mark("more in B (−)")),
        flows=False,
        score="f(A) − f(B)",
    ),
    "gradient": Shown(
        *(mark("gradient"), mark("gradients"), mark("gradient"), mark("Σ gradient"), mark("Gradients of {sample}")),
        *(mark("more of it raises the target (+)"), mark("lowers it (−)")),
        flows=False,
    ),
}


def shown(kind: str = "relevance") -> Shown:
    """The words for one of `SHOWN`, in the language of the window."""
    return _shown(kind, languages.current())


@cache
def _shown(kind: str, _language: str) -> Shown:
    words = SHOWN[kind]
    texts = {name: tr(getattr(words, name)) for name in words._fields if name != "flows"}
    return words._replace(**texts)


_BYTES = (mark("bytes"), "KiB", "MiB", "GiB", "TiB")


def plain(value: float, digits: int = 3, unknown: str = "NaN") -> str:
    """A number with so many significant digits and a true minus: 0.342, −12.4, 3.1e-07; `unknown` for NaN."""
    value = float(value)
    if math.isnan(value):
        return unknown
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size == 0:
        return "0"
    if 1e-3 <= size < 10**digits:
        text = f"{size:.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
    elif 1 <= size < 1e6:
        text = f"{size:.0f}"
    else:
        text = f"{size:.{digits - 1}e}"
    return f"{MINUS}{text}" if value < 0 else text


def signed(value: float, digits: int = 3, unknown: str = "NaN") -> str:
    """The same with a plus: the sign of relevance never hangs on colour alone."""
    text = plain(value, digits, unknown)
    return f"+{text}" if value > 0 else text


def total_text(positive: float, negative: float, digits: int = 3) -> str:
    """The sum of both with its sign; what is only rounding beside them is 0."""
    total = positive + negative
    return signed(total if abs(total) > ROUNDING * (positive - negative) else 0.0, digits)


def shape_text(shape: tuple[int, ...]) -> str:
    """8×16×16; one number has no shape."""
    return "×".join(str(size) for size in shape) or "1"


# The engine's words for what a tensor is for.
_ROLES = {
    "weight": mark("weight"),
    "buffer": mark("buffer"),
    "constant": mark("constant"),
    "ema": mark("average (EMA)"),
    "optimizer": mark("optimizer"),
    "other": mark("other"),
}


def role_text(role: str) -> str:
    """What a tensor is for, in the window's language; what is no role of the engine's stays."""
    return tr(_ROLES[role]) if role in _ROLES else role


def kind_text(kind: str) -> str:
    """What an operation is for the relevance: movement, affine map …; a kind that is not known stays."""
    return tr(kind) if kind in KINDS else kind


def size_text(nbytes: int) -> str:
    """1.2 MiB."""
    size, unit = float(nbytes), 0
    while size >= 1024 and unit < len(_BYTES) - 1:
        size, unit = size / 1024, unit + 1
    return f"{thousands(round(size))} {tr(_BYTES[unit])}" if unit == 0 or size >= 100 else f"{size:.1f} {_BYTES[unit]}"


def percent(part: float) -> str:
    """A share as people write it; 99.97 % is not called 100 %."""
    value = 100 * part
    if 99.5 <= value < 100 or 0 < value < 0.5:
        return f"{value:.1f} %" if 0.05 <= value < 99.95 else ("> 99.9 %" if value > 50 else "< 0.1 %")
    return f"{value:.0f} %"


def counted(number: int, noun: str) -> str:
    """1 unit, 12 units; the noun stands in the call in English, where `resources/translate.py` finds it."""
    return trn(f"{{n}} {noun}", f"{{n}} {noun}s", number)


def sample_title(result: SampleResult) -> str:
    """What a sample is called in a sentence: a bare number is "sample 3"."""
    return tr("sample {number}").format(number=result.sample) if result.sample.isdigit() else result.sample


def duration(seconds: float) -> str:
    """A time span as one says it: 40 ms, 2.1 s, 3 min 5 s."""
    if seconds < 1:
        return tr("{n} ms").format(n=round(1000 * seconds))
    if seconds < 10:
        return tr("{n} s").format(n=f"{seconds:.1f}")
    if seconds < 60:
        return tr("{n} s").format(n=round(seconds))
    minutes, rest = divmod(round(seconds), 60)
    return tr("{n} min {rest} s").format(n=minutes, rest=rest)
