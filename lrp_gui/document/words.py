"""How numbers, shapes and sizes are written in lists, tables and the status bar."""

from __future__ import annotations

import math

MINUS = "−"
_BYTES = ("bytes", "KiB", "MiB", "GiB", "TiB")


def plain(value: float, digits: int = 3) -> str:
    """A number with so many significant digits and a true minus: 0.342, −12.4, 3.1e-07; "" for NaN (not known)."""
    value = float(value)
    if math.isnan(value):
        return ""
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


def signed(value: float, digits: int = 3) -> str:
    """The same with a plus: the sign of relevance never hangs on colour alone."""
    text = plain(value, digits)
    return f"+{text}" if text and value > 0 else text


def shape_text(shape: tuple[int, ...]) -> str:
    """8×16×16; one number has no shape."""
    return "×".join(str(size) for size in shape) or "1"


def size_text(nbytes: int) -> str:
    """1.2 MiB."""
    size, unit = float(nbytes), 0
    while size >= 1024 and unit < len(_BYTES) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:,.0f} {_BYTES[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {_BYTES[unit]}"
