"""The cells of a table of numbers, made when they are asked for: as they are written, and those that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, overload

from .cells import number

if TYPE_CHECKING:
    import numpy as np

_BLOCK = 8192  # rows


class WrittenCells(Sequence[Sequence[str]]):
    """The cells of a file that holds numbers: written out as they are asked for.

    Parameters
    ----------
    values : ndarray
        (samples, columns).
    texts : mapping
        Column -> its cells, where they are texts.
    again : callable, optional
        Reads one column's texts from the file, where those of numbers may be written otherwise: 007.
    """

    def __init__(
        self,
        values: np.ndarray,
        texts: Mapping[int, Sequence[str]],
        again: Callable[[int], Sequence[str]] | None = None,
    ) -> None:
        self._values, self._texts, self._again = values, texts, again

    def has_texts(self, column: int) -> bool:
        """Whether a column holds more than numbers."""
        return column in self._texts or self._again is not None

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        written = [_written(value) for value in self._values[index].tolist()]
        for column, texts in self._texts.items():
            written[column] = texts[index]
        return tuple(written)

    def column(self, column: int) -> tuple[str, ...]:
        """One column of them."""
        texts = self._texts.get(column)
        if texts is None and self._again is not None:
            texts = self._again(column)
        return tuple(texts) if texts is not None else tuple(map(_written, self._values[:, column].tolist()))


class Unusable(Mapping[tuple[int, int], tuple[str, str]]):
    """The cells of a table that are no finite numbers, found in its values when they are asked for.

    Parameters
    ----------
    values : ndarray
        (samples, columns).
    texts : mapping
        Column -> its cells, where they are texts.
    typed : mapping, optional
        (row, column) -> what stands in cells of other columns that are no numbers.
    decimal_comma : bool
        Whether the texts write 3,14.
    """

    def __init__(
        self,
        values: np.ndarray,
        texts: Mapping[int, Sequence[str]],
        typed: Mapping[tuple[int, int], str] | None = None,
        *,
        decimal_comma: bool = False,
    ) -> None:
        self._values, self._texts, self._typed = values, texts, typed or {}
        self._comma = decimal_comma

    def of(self, order: Sequence[int]) -> Unusable:
        """The same of some columns, in another order; -1 is one that is not there."""
        place = {column: feature for feature, column in enumerate(order)}
        texts = {place[column]: cells for column, cells in self._texts.items() if column in place}
        typed = {(row, place[column]): text for (row, column), text in self._typed.items() if column in place}
        return Unusable(taken(self._values, order), texts, typed, decimal_comma=self._comma)

    def typed(self) -> Iterator[tuple[tuple[int, int], str]]:
        """Those cells in which something stands, with it; where nothing does is seen by the values alone."""
        import numpy as np

        for column in range(self._values.shape[1]):
            texts, values = self._texts.get(column), self._values[:, column]
            with np.errstate(over="ignore", invalid="ignore"):
                if math.isfinite(np.add.reduce(values)):  # then each of them is; it is the quickest look
                    continue
            for row in np.flatnonzero(np.isinf(values) if texts is None else ~np.isfinite(values)).tolist():
                text = _written(float(values[row])) if texts is None else texts[row]
                text = self._typed.get((row, column), text)
                if text:
                    yield (row, column), text
        yield from ((cell, text) for cell, text in self._typed.items() if not math.isinf(self._values[cell]))

    def __getitem__(self, cell: tuple[int, int]) -> tuple[str, str]:
        row, column = cell
        value = float(self._values[row, column])
        if math.isfinite(value):
            raise KeyError(cell)
        text = self._texts[column][row] if column in self._texts else self._typed.get(cell, "")
        if text:
            return text, number(text, decimal_comma=self._comma)[1]
        return _written(value), "missing" if math.isnan(value) else "infinite"

    def __iter__(self) -> Iterator[tuple[int, int]]:
        import numpy as np

        for first in range(0, len(self._values), _BLOCK):  # by blocks: a window behind this thread gets its turns
            for row, column in np.argwhere(~np.isfinite(self._values[first : first + _BLOCK])).tolist():
                yield first + row, column

    def __len__(self) -> int:
        import numpy as np

        blocks = range(0, len(self._values), _BLOCK)
        return sum(int((~np.isfinite(self._values[first : first + _BLOCK])).sum()) for first in blocks)


def taken(values: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Some columns of a table, in another order; -1 is one that is not there, and NaN. No copy where none is needed."""
    import numpy as np

    if not order:
        return values[:, :0]
    if list(order) == list(range(order[0], order[0] + len(order))) and order[0] >= 0:
        return values[:, order[0] : order[0] + len(order)]
    found = np.empty((len(order), len(values)), dtype=values.dtype)  # a column after the other, as most readers do
    for place, column in enumerate(order):
        found[place] = values[:, column] if column >= 0 else np.nan
    return found.T


def numbers_of(texts: Sequence[str], *, decimal_comma: bool = False) -> np.ndarray:
    """Read texts as numbers, NaN where they are none. Each text is read once, however often it stands there."""
    import numpy as np

    known = {text: number(text, decimal_comma=decimal_comma)[0] for text in set(texts)}
    return np.fromiter((known[text] for text in texts), dtype=np.float64, count=len(texts))


def _written(value: float) -> str:
    if math.isnan(value):
        return ""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)
