"""Jobs that look at the numbers of one tensor. They stream: what is in memory is a block, whatever the tensor's size.

Only a tensor that the file holds compressed is read whole, once, and kept while it is the one that is looked at.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.jobs.inspected import TILE_COLUMNS, TILE_ROWS, Kernels, Plane, Share, Slice, Summary, Tile
from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.languages import tr

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine import TensorInfo, WeightFile

MOST_CELLS = 512  # to a side of a picture
KERNEL_PIXELS = 384  # to a side of the grid of kernels
BLOCK = 2**19  # numbers in memory at a time
# Writing numbers as text keeps the interpreter to itself: so many take a few milliseconds.
TEXT_BLOCK = 2**12
NEWS_SECONDS = 0.1


class OpenedTensor:
    """A tensor of an opened file, and its numbers where they can only be had all at once."""

    def __init__(self, info: TensorInfo) -> None:
        self.info = info
        self._whole: np.ndarray | None = None

    def part(self, slices: Sequence[slice]) -> np.ndarray:
        """Read a box of it."""
        if self.info.in_parts:
            return self.info.part(slices)
        if self._whole is None:
            self._whole = self.info.read()
        return self._whole[tuple(slices)]


class Reader:
    """Makes the jobs' generators, and keeps the file and the tensor that were last looked at. For the worker only."""

    def __init__(self) -> None:
        self._file: tuple[str, tuple[int, int], WeightFile] | None = None
        self._tensor: OpenedTensor | None = None

    def measure(self, path: str, name: str) -> Steps[Summary]:
        """Go through all of its numbers, twice; yields a `Share` now and then.

        Raises
        ------
        lrp_engine.FormatError
            If the file or the tensor cannot be read (any more).
        """
        opened = yield from self._open(path, name)
        import numpy as np

        from lrp_engine.files.statistics import measuring

        news = _News(tr("Measuring {name}").format(name=name))
        steps = measuring(opened.info, BLOCK)
        while True:
            try:
                done, total = next(steps)
            except StopIteration as stop:
                found = stop.value
                break
            yield from news.of(done, total)
        return Summary(
            *(found.count, found.min, found.max, found.mean, found.std, found.norm),
            *(found.zeros, found.nans, found.infs, np.array(found.histogram, dtype=np.int64), opened.info.detail),
        )

    def plane(self, path: str, name: str, wanted: Slice) -> Steps[Plane]:
        """Read a plane; what has more than `MOST_CELLS` rows or columns becomes smaller by whole blocks."""
        opened = yield from self._open(path, name)
        import numpy as np

        rows, columns = wanted.shape(opened.info.shape)
        step = down, across = -(-rows // MOST_CELLS), -(-columns // MOST_CELLS)
        size = (-(-rows // down), -(-columns // across))
        mean, extreme = np.full(size, np.nan), np.full(size, np.nan)
        wide = columns if down * columns <= BLOCK else max(across, BLOCK // down // across * across)
        high = down * max(1, BLOCK // (down * wide))
        news, bad, done = _News(tr("Reading a slice of {name}").format(name=name)), 0, 0
        for top in range(0, rows, high):
            for left in range(0, columns, wide):
                block = _plain(_box(opened, wanted, (top, min(top + high, rows)), (left, min(left + wide, columns))))
                small = _reduced(block, down, across)
                place = np.s_[top // down :, left // across :]
                for whole, part in zip((mean, extreme), small, strict=True):
                    whole[place][: part.shape[0], : part.shape[1]] = part
                bad += int(block.size - np.isfinite(block).sum())
                done += block.size
                yield from news.of(done, rows * columns)
        return Plane(wanted, (rows, columns), mean, extreme, step, bad)

    def kernels(self, path: str, name: str, output: int, input_: int) -> Steps[Kernels]:
        """As many kernels of a convolution, from two channels on, as find room in one picture."""
        opened = yield from self._open(path, name)
        import numpy as np

        outputs, inputs, height, width = opened.info.shape
        across = range(input_, min(inputs, input_ + max(1, KERNEL_PIXELS // (width + 1))))
        strip = len(across) * (width + 1) + 1
        most, high = max(1, KERNEL_PIXELS // strip), max(1, KERNEL_PIXELS // (height + 1))
        down = range(output, min(outputs, output + most * high))
        bands = min(most, max(1, round(math.sqrt(len(down) * (height + 1) / strip))))
        bands = max(bands, -(-len(down) // high))
        lines = -(-len(down) // bands)
        image = np.full((lines * (height + 1) - 1, bands * strip - 2), np.nan)
        places = (slice(down.start, down.stop), slice(across.start, across.stop), slice(0, height), slice(0, width))
        numbers = _plain(opened.part(places))
        numbers[~np.isfinite(numbers)] = np.nan
        for n, of_output in enumerate(numbers):
            top, left = n % lines * (height + 1), n // lines * strip
            for m, kernel in enumerate(of_output):
                image[top : top + height, left + m * (width + 1) :][:, :width] = kernel
        return Kernels(image, down, across, bands)

    def tiles(self, path: str, name: str, wanted: Slice, places: Sequence[tuple[int, int]]) -> Steps[None]:
        """Numbers as they are, a `Tile` for each place."""
        opened = yield from self._open(path, name)
        import numpy as np

        rows, columns = wanted.shape(opened.info.shape)
        for row, column in places:
            down, across = (row, min(row + TILE_ROWS, rows)), (column, min(column + TILE_COLUMNS, columns))
            yield Part(Tile(wanted, row, column, np.array(_box(opened, wanted, down, across))))

    def export(self, path: str, name: str, target: str) -> Steps[str]:
        """Write all of it, as the target's ending says: NPY, or CSV with the places of the leading axes before a row.

        What stood there stays until everything is written.
        """
        opened = yield from self._open(path, name)
        place = Path(target)
        partial = place.with_name(f".{place.name}.{os.getpid()}.part")
        write = _write_npy if place.suffix.lower() == ".npy" else _write_csv
        try:
            yield from write(opened, partial, _News(tr("Writing {name}").format(name=place.name)))
            partial.replace(place)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
        return target

    def _open(self, path: str, name: str) -> Steps[OpenedTensor]:
        yield Progress(text=tr("Reading {name}").format(name=name))
        from lrp_engine import open_weights
        from lrp_engine.errors import FormatError
        from lrp_engine.files.tensors import file_stamp

        try:
            stamp = file_stamp(Path(path))
        except OSError as error:
            raise FormatError(
                tr("{name} cannot be read any more: {strerror}.").format(
                    name=Path(path).name, strerror=error.strerror or error
                )
            ) from error
        if self._file is None or self._file[:2] != (path, stamp):
            self._file, self._tensor = (path, stamp, open_weights(path)), None
        if self._tensor is None or self._tensor.info.name != name:
            info = self._file[2].tensors.get(name)
            if info is None:
                raise FormatError(
                    tr("{file} has no tensor “{name}” any more; open the file again.").format(
                        file=Path(path).name, name=name
                    )
                )
            self._tensor = OpenedTensor(info)
        yield Progress(text=tr("Reading {name}").format(name=name))
        return self._tensor


class _News:
    """Progress for the status bar after every step, and a `Share` for the inspector a few times a second."""

    def __init__(self, text: str) -> None:
        self.text, self.told = text, time.monotonic()

    def of(self, done: int, total: int) -> Iterator[Progress | Part]:
        yield Progress(1000 * done // max(total, 1), 1000, self.text)
        if time.monotonic() - self.told > NEWS_SECONDS:
            self.told = time.monotonic()
            yield Part(Share(done / max(total, 1)))


def _box(opened: OpenedTensor, wanted: Slice, rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
    """A rectangle of a plane, (rows, columns)."""
    slices = [slice(place, place + 1) for place in wanted.places]
    if wanted.columns >= 0:
        slices[wanted.columns] = slice(*columns)
    if wanted.rows >= 0:
        slices[wanted.rows] = slice(*rows)
    box = opened.part(slices)
    turned = box.T if 0 <= wanted.columns < wanted.rows else box
    return turned.reshape(rows[1] - rows[0], columns[1] - columns[0])


def _plain(numbers: np.ndarray) -> np.ndarray:
    """A copy in float64; complex numbers by their absolute value."""
    import numpy as np

    return (np.abs(numbers) if numbers.dtype.kind == "c" else numbers).astype(np.float64)


def _reduced(block: np.ndarray, down: int, across: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the extreme of every `down` × `across` numbers that are finite."""
    import numpy as np

    finite = np.isfinite(block)
    if down == across == 1:
        block[~finite] = np.nan
        return block, block
    corners = (range(0, block.shape[0], down), range(0, block.shape[1], across))

    def gathered(function: np.ufunc, numbers: np.ndarray) -> np.ndarray:
        return function.reduceat(function.reduceat(numbers, corners[1], axis=1), corners[0], axis=0)

    with np.errstate(all="ignore"):
        counts = gathered(np.add, finite.astype(np.int64))
        mean = gathered(np.add, np.where(finite, block, 0.0)) / counts
        high = gathered(np.maximum, np.where(finite, block, -np.inf))
        low = gathered(np.minimum, np.where(finite, block, np.inf))
    extreme = np.where(high >= -low, high, low)
    extreme[counts == 0] = np.nan
    return mean, extreme


def _in_order(opened: OpenedTensor, numbers: int) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Go through a tensor in C order, in boxes of at most so many numbers: where each begins, and the box."""
    from lrp_engine.files.blocks import boxes

    for _first, slices in boxes(opened.info.shape, numbers):
        yield tuple(one.start for one in slices), opened.part(slices)


def _write_npy(opened: OpenedTensor, path: Path, news: _News) -> Steps[None]:
    import numpy as np

    shape = opened.info.shape
    total, done = math.prod(shape), 0
    dtype = opened.part([slice(0, min(size, 1)) for size in shape]).dtype
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for _place, box in _in_order(opened, BLOCK):
            stream.write(np.ascontiguousarray(box).data)
            done += box.size
            yield from news.of(done, total)


def _write_csv(opened: OpenedTensor, path: Path, news: _News) -> Steps[None]:
    import numpy as np

    shape = opened.info.shape
    leading, last = shape[:-1], shape[-1] if len(shape) > 1 else 1
    names = [tr("axis {axis}").format(axis=axis) for axis in range(len(leading))]
    total, done = math.prod(shape), 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        values = ["value"] if len(shape) < 2 else [str(column) for column in range(last)]
        stream.write(",".join([*names, *values]) + "\n")
        for place, box in _in_order(opened, TEXT_BLOCK):
            texts = box.reshape(-1).astype(str)
            if len(shape) < 2:
                stream.writelines(f"{text}\n" for text in texts)
            elif box.shape[-1] < last:  # a piece of one long row
                begins, ends = place[-1] == 0, place[-1] + box.shape[-1] == last
                stream.write((",".join(map(str, place[:-1])) if begins else "") + "," + ",".join(texts))
                stream.write("\n" if ends else "")
            else:
                rows = texts.reshape(-1, last).tolist()
                first = int(np.ravel_multi_index(place[:-1], leading))
                ways = zip(*np.unravel_index(range(first, first + len(rows)), leading), strict=True)
                stream.writelines(",".join([*map(str, way), *row]) + "\n" for way, row in zip(ways, rows, strict=True))
            done += box.size
            yield from news.of(done, total)
