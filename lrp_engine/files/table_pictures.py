"""Pictures as samples: a PNG or JPEG file, or a folder of them, brought to the size of a network's input."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import FormatError
from .table_raw import RawTable, check_count, damaged, from_values

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
FITS = ("crop", "stretch", "pad")
MOST_PIXELS = 2**27
OPAQUE = 255
# What is lighter cannot be told from white.
NEARLY_WHITE = 240
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_COLOURS = {"L": "grey", "RGB": "colours", "RGBA": "colours and opacity"}


@dataclass(frozen=True, slots=True)
class PictureInput:
    """How a picture becomes numbers.

    Attributes
    ----------
    channels, height, width : int
        What the network takes: 1, 3 or 4 channels.
    channels_last : bool
        Whether the channels stand behind the pixels.
    fit : str
        What happens to a picture of another size: “crop” makes its shorter side fit and cuts out the middle,
        “stretch” changes the proportions, “pad” makes its longer side fit and fills up with black.
    low, high : float
        The numbers for black and for white, as the table shows them.
    mean, std : tuple of float
        For each channel, applied after that: (value − mean) / std. Empty: not applied.
    """

    channels: int
    height: int
    width: int
    channels_last: bool = False
    fit: Literal["crop", "stretch", "pad"] = "crop"
    low: float = 0.0
    high: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


def picture_input(shapes: Sequence[Sequence[int]]) -> PictureInput | None:
    """How a picture becomes the input of a network.

    Parameters
    ----------
    shapes : sequence of sequences of int
        The shape of each of its inputs, without samples.

    Returns
    -------
    PictureInput or None
        None if it takes several inputs, or one that is no picture.
    """
    if len(shapes) != 1:
        return None
    shape = tuple(shapes[0])
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3 or min(shape) < 1:
        return None
    if shape[0] in _MODES:
        return PictureInput(*shape)
    return PictureInput(shape[2], shape[0], shape[1], channels_last=True) if shape[2] in _MODES else None


def looks_like_picture(path: Path, head: bytes) -> bool:
    """Whether it is a PNG or JPEG file, or a folder with one in it."""
    return bool(_in(path)) if path.is_dir() else head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


def read_pictures(
    path: Path | Sequence[Path],
    picture: PictureInput | None = None,
    most: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RawTable:
    """Read a picture, or several, each as one sample: a column of file names, then one for each number.

    Parameters
    ----------
    path : Path or sequence of Path
        A file, several, or a folder; of a folder's folders nothing is read.
    picture : PictureInput, optional
        What they are made into; without it the first picture's size and colours, with numbers from 0 to 1.
    most : int
        Read no more than so many pictures; 0 for all.
    progress : callable, optional
        Told how many pictures are read, and of how many.

    Raises
    ------
    FormatError
        If one is damaged or too large, with its name.
    """
    import numpy as np

    files = picture_files(path)
    said: Counter[str] = Counter()
    notes: list[str] = []
    if isinstance(path, Path) and path.is_dir():
        others = sum(1 for one in path.iterdir() if one not in set(files) and not one.name.startswith("."))
        if others:
            notes.append(f"{others} more in {path.name} {'is' if others == 1 else 'are'} no PNG or JPEG files.")
    files = files[: most or None]
    if picture is None:
        first = _opened(files[0], Counter())
        picture = PictureInput(len(first.getbands()), first.height, first.width)
    count = picture.channels * picture.height * picture.width
    check_count(path if isinstance(path, Path) else files[0].parent, len(files), count + 1)
    values = np.full((len(files), count + 1), np.nan)
    for row, file in enumerate(files):
        values[row, 1:] = _numbers(file, picture, said)
        if progress is not None:
            progress(row + 1, len(files))
    for what, times in said.items():
        notes.append(f"{_which(times, len(files))} {what}")
    notes.append(_scale(picture))
    places = [f"{row},{column}" for row in range(picture.height) for column in range(picture.width)]
    if picture.channels == 1:
        names = [f"pixel {place}" for place in places]
    elif picture.channels_last:
        names = [f"pixel {place},{channel}" for place in places for channel in range(picture.channels)]
    else:
        names = [f"pixel {channel},{place}" for channel in range(picture.channels) for place in places]
    texts = {0: [file.name for file in files]}
    return from_values(("file", *names), values, notes, named=False, texts=texts, kind="pictures")


def picture_files(path: Path | Sequence[Path]) -> list[Path]:
    """The pictures of a folder, or those that are named."""
    if isinstance(path, Path):
        return _in(path) if path.is_dir() else [path]
    return list(path)


def shown_picture(
    path: Path, picture: PictureInput | None, most: int
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """A picture before and after it is brought to its size, to be looked at.

    Parameters
    ----------
    path : Path
        The file.
    picture : PictureInput or None
        What it is made into.
    most : int
        The longer side of what is returned; a small picture grows by a whole factor.

    Returns
    -------
    before, after : ndarray
        (height, width, 3) of bytes.
    size : tuple of int
        Width and height in the file.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    import numpy as np
    from PIL import Image

    image = _opened(path, Counter())
    picture = picture or PictureInput(len(image.getbands()), image.height, image.width)
    plain = replace(picture, low=0.0, high=255.0, mean=(), std=(), channels_last=False)
    numbers = _numbers(path, plain, Counter()).reshape(picture.channels, picture.height, picture.width)
    after = Image.fromarray(np.moveaxis(numbers, 0, -1).round().clip(0, 255).astype(np.uint8).squeeze())
    before = image.convert("RGB") if not image.mode.startswith(("I", "F")) else _dimmed(image)
    return _sized(before, most), _sized(after.convert("RGB"), most), image.size


def _dimmed(image: Image) -> Image:
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(image, dtype=np.float64) / 257).clip(0, 255).astype(np.uint8)).convert("RGB")


def _sized(image: Image, most: int) -> np.ndarray:
    import numpy as np
    from PIL.Image import Resampling

    longer = max(image.size)
    times = most // longer if longer <= most else most / longer
    width, height = (max(1, round(side * times)) for side in image.size)
    return np.asarray(image.resize((width, height), Resampling.NEAREST if longer <= most else Resampling.BILINEAR))


def _in(folder: Path) -> list[Path]:
    """The pictures of a folder; 2.png before 10.png."""

    def order(path: Path) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", path.name)]

    return sorted((one for one in folder.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file()), key=order)


def _scale(picture: PictureInput) -> str:
    sentence = f"Black is {picture.low:g} and white {picture.high:g}"
    if picture.mean or picture.std:
        mean, std = (", ".join(f"{one:g}" for one in numbers) or "none" for numbers in (picture.mean, picture.std))
        sentence += f"; then the mean ({mean}) was taken away, and divided by the deviation ({std})"
    return sentence + "."


def _which(times: int, files: int) -> str:
    """Of which pictures something is said, as the beginning of a sentence about one."""
    if files == 1:
        return "The picture"
    if times == 1:
        return f"One of the {files} pictures"
    return f"Each of the {files} pictures" if times == files else f"Each of {times} pictures (of {files})"


def _opened(path: Path, said: Counter[str]) -> Image:
    """Decode a picture, upright, in grey, colours, or colours with opacity."""
    from PIL import Image, ImageOps

    with damaged(path, "a picture"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise FormatError(f"{path.name} has {image.width} × {image.height} pixels, more than can be opened.")
            if getattr(image, "n_frames", 1) > 1:
                said["moves; its first frame was read."] += 1
            upright = ImageOps.exif_transpose(image)
            upright.load()
    if _deep_colours(path):
        said["has 16 bits for each colour, of which 8 were read."] += 1
    if upright.mode.startswith("I") or upright.mode == "F":
        return upright
    if upright.mode in ("LA", "PA", "RGBA") or "transparency" in upright.info:
        return upright.convert("RGBA")
    return upright.convert("L" if upright.mode in ("1", "L") else "RGB")


def _deep_colours(path: Path) -> bool:
    """Whether it is a PNG with 16 bits for each of several channels: Pillow reads 8 of them."""
    with path.open("rb") as stream:
        head = stream.read(26)
    return head.startswith(b"\x89PNG") and head[24] == 16 and head[25] != 0


def _numbers(path: Path, picture: PictureInput, said: Counter[str]) -> np.ndarray:
    """The numbers of a picture, flat."""
    import numpy as np
    from PIL import Image

    image = _opened(path, said)
    white = 255.0
    mode = _MODES[picture.channels]
    if image.mode.startswith("I"):
        said["has 16 bits, of which all were read."] += 1
        white = 65535.0
        image = Image.fromarray(np.asarray(image, dtype=np.float32))
        if picture.channels > 1:
            said[f"is grey and was read as {_COLOURS[mode]}."] += 1
    elif image.mode != mode:
        if image.mode == "RGBA":
            image = _on_a_ground(image, said)
        if image.mode != mode:
            said[f"has {_COLOURS[image.mode]} and was read as {_COLOURS[mode]}."] += 1
            image = image.convert(mode)
    image = _fitted(image, picture, said)
    array = np.asarray(image, dtype=np.float64).reshape(picture.height, picture.width, -1) / white
    array = np.broadcast_to(array, (picture.height, picture.width, picture.channels)) if array.shape[2] == 1 else array
    array = picture.low + array * (picture.high - picture.low)
    if picture.mean:
        array = array - np.asarray(picture.mean)
    if picture.std:
        array = array / np.asarray(picture.std)
    return (array if picture.channels_last else array.transpose(2, 0, 1)).reshape(-1)


def _on_a_ground(image: Image, said: Counter[str]) -> Image:
    """Put a picture with opacity on white; on black, where nothing of it would be seen on white."""
    from PIL import Image

    opacity = image.getchannel("A")
    if opacity.getextrema()[0] == OPAQUE:
        return image.convert("RGB")
    seen = image.convert("L").point([0] * NEARLY_WHITE + [OPAQUE] * (256 - NEARLY_WHITE))
    # What is not seen at all may have any colour.
    seen.paste(OPAQUE, mask=opacity.point([OPAQUE] + [0] * 255))
    white = seen.getextrema()[0] == OPAQUE
    if white:
        said["is white and transparent in places, and was put on black."] += 1
    else:
        said["is transparent in places, and was put on white."] += 1
    ground = Image.new("RGBA", image.size, "black" if white else "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _fitted(image: Image, picture: PictureInput, said: Counter[str]) -> Image:
    from PIL import Image, ImageOps

    size = picture.width, picture.height
    if image.size == size:
        return image
    words = {
        "crop": "was brought to {} by its shorter side, and its middle cut out.",
        "stretch": "was stretched to {}.",
        "pad": "was brought to {} by its longer side, and filled up with black.",
    }
    said[words[picture.fit].format(f"{picture.width} × {picture.height} pixels")] += 1
    if picture.fit == "stretch":
        return image.resize(size, Image.Resampling.BILINEAR)
    if picture.fit == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    return ImageOps.pad(image, size, Image.Resampling.BILINEAR)
