"""The number formats that weight files use, one row each: how many bytes, and what numpy array they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Dtype:
    """A number format.

    Attributes
    ----------
    name : str
        As torch calls it.
    size : int
        Bytes per number.
    stored : str
        The numpy type, little-endian, that the bytes are viewed as.
    decode : callable or None
        From the stored array to the numbers, for formats that numpy does not have.
    """

    name: str
    size: int
    stored: str
    decode: Callable[[np.ndarray], np.ndarray] | None = None


def _bfloat16(bits: np.ndarray) -> np.ndarray:
    """A bfloat16 is the upper half of a float32."""
    import numpy as np

    return (bits.astype(np.uint32) << 16).view(np.float32)


def _float8(exponent_bits: int, bias: int, *, infinite: bool, negative_zero_is_nan: bool) -> Callable:
    """Decode an 8-bit float through a table of its 256 values."""

    def decode(bits: np.ndarray) -> np.ndarray:
        import numpy as np

        code = np.arange(256)
        mantissa_bits = 7 - exponent_bits
        exponent = (code >> mantissa_bits) & (2**exponent_bits - 1)
        mantissa = (code & (2**mantissa_bits - 1)) / 2.0**mantissa_bits
        magnitude = np.where(exponent > 0, (1 + mantissa) * 2.0 ** (exponent - bias), mantissa * 2.0 ** (1 - bias))
        value = np.where(code >= 128, -magnitude, magnitude)
        if negative_zero_is_nan:
            value[128] = np.nan
        elif infinite:
            top = exponent == 2**exponent_bits - 1
            value[top] = np.where(mantissa[top] > 0, np.nan, np.copysign(np.inf, value[top]))
        else:
            value[[127, 255]] = np.nan
        return value.astype(np.float32)[bits]

    return decode


def _complex_half(parts: np.ndarray) -> np.ndarray:
    """Two float16 for each number, real part first, of which numpy makes complex64."""
    import numpy as np

    pair = np.dtype([("real", parts.dtype.str[0] + "f2"), ("imaginary", parts.dtype.str[0] + "f2")])
    halves = np.ascontiguousarray(parts).view(pair)
    return halves["real"].astype(np.float32) + 1j * halves["imaginary"].astype(np.float32)


def _power_of_two(bits: np.ndarray) -> np.ndarray:
    """Only an exponent, biased by 127; 255 is NaN."""
    import numpy as np

    value = np.exp2(np.arange(256) - 127.0)
    value[255] = np.nan
    return value.astype(np.float32)[bits]


DTYPES = {
    dtype.name: dtype
    for dtype in (
        Dtype("float64", 8, "<f8"),
        Dtype("float32", 4, "<f4"),
        Dtype("float16", 2, "<f2"),
        Dtype("bfloat16", 2, "<u2", _bfloat16),
        Dtype("float8_e4m3fn", 1, "u1", _float8(4, 7, infinite=False, negative_zero_is_nan=False)),
        Dtype("float8_e5m2", 1, "u1", _float8(5, 15, infinite=True, negative_zero_is_nan=False)),
        Dtype("float8_e4m3fnuz", 1, "u1", _float8(4, 8, infinite=False, negative_zero_is_nan=True)),
        Dtype("float8_e5m2fnuz", 1, "u1", _float8(5, 16, infinite=False, negative_zero_is_nan=True)),
        Dtype("float8_e8m0fnu", 1, "u1", _power_of_two),
        Dtype("int64", 8, "<i8"),
        Dtype("int32", 4, "<i4"),
        Dtype("int16", 2, "<i2"),
        Dtype("int8", 1, "i1"),
        Dtype("uint64", 8, "<u8"),
        Dtype("uint32", 4, "<u4"),
        Dtype("uint16", 2, "<u2"),
        Dtype("uint8", 1, "u1"),
        Dtype("bool", 1, "?"),
        Dtype("complex128", 16, "<c16"),
        Dtype("complex64", 8, "<c8"),
        Dtype("complex32", 4, "<u4", _complex_half),
    )
}
