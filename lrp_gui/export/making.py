"""How a picture was made, beside its explanation: which view, looked at how, on what sheet. It lies in the file, too.

`lrp_gui.again` draws the picture from it. Everything is written as Python literals, to be read and changed.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pprint import pformat
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lrp_gui.document.called import names_of
from lrp_gui.export.recipe import RELEVANCE, precision_of
from lrp_gui.export.samples import samples_written
from lrp_gui.export.sheet import Sheet
from lrp_gui.languages import current
from lrp_gui.viewer.matrix.picture import MatrixPicture
from lrp_gui.viewer.selection import Selection

if TYPE_CHECKING:
    from lrp_gui.document.results import SampleResult
    from lrp_gui.jobs.requests import SampleRequest
    from lrp_gui.viewer.picture import Drawing

WRITTEN_OUT = 64  # so many numbers stand there as such; more of them packed
_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Making:
    """What made the pictures of one explanation, or of two that are compared.

    Attributes
    ----------
    lines : str
        Python lines that make the explanation again; "" where nothing is known.
    samples : tuple of dict
        What was asked, as `asked` writes it; () where the picture is not to be drawn again.
    look : Selection
        How it is looked at.
    what : str
        Of a comparison, whether it is the graph or the values.
    inputs : tuple of str
        What the lines call the inputs of each sample.
    rows : callable
        Of rows of the table, in the order in which they are drawn, the lines that explain them all.
    """

    lines: str = ""
    samples: tuple[dict[str, Any], ...] = ()
    look: Selection = field(default_factory=Selection)
    what: str = ""
    inputs: tuple[str, ...] = ("inputs",)
    rows: Callable[[np.ndarray], str] = lambda _rows: ""

    def of(self, title: str, picture: Drawing, sheet: Sheet, name: str) -> str:
        """The lines, and those that draw one of the pictures again into a file called `name`."""
        if isinstance(picture, MatrixPicture):
            lines = self.rows(picture.samples)
            made = {"language": current(), **samples_written(picture)}
            drawn = _drawing("draw_samples_again", made, sheet, name, RELEVANCE)
            return lines + drawn if f"\n{RELEVANCE} = " in lines else lines
        if not self.lines or not self.samples:
            return self.lines
        made = {"title": title, "what": self.what, "language": current(), "look": _changed(self.look)}
        made["samples"] = list(self.samples)
        return self.lines + _drawing("draw_again", made, sheet, name, ", ".join(self.inputs))


def _drawing(function: str, made: dict[str, Any], sheet: Sheet, name: str, given: str) -> str:
    """The lines behind an explanation's that draw a picture of it."""
    made = {**made, "sheet": {**asdict(sheet), "theme": sheet.theme.name}}
    lines = [
        "",
        "# The picture: with LRP Explorer beside the engine, these lines draw it again.",
        f"from lrp_gui.again import {function}",
        "",
        f"picture = {pformat(made, width=_WIDTH, sort_dicts=False)}",
        f"{function}({name!r}, picture, {given})",
    ]
    return "\n".join(lines) + "\n"


def asked(request: SampleRequest, result: SampleResult) -> dict[str, Any]:
    """A request as literals; values that are the network's own are those of the lines, and left out."""
    values = np.asarray(request.values, dtype=np.float64)
    own = np.concatenate([np.ravel(value) for value in result.values.values()]) if result.values else values
    composite = request.composite
    found: dict[str, Any] = {
        "source": {name: value for name, value in asdict(request.network.source).items() if value},
        "row": request.row,
        "sample": request.sample,
        "target": request.target,
        "composite": composite if isinstance(composite, str) else {"json": composite.to_json()},
        "precision": precision_of(result),
    }
    if names := names_of(request.network):
        found["names"] = packed_names(names)
    if not np.array_equal(values, own):
        found["values"] = packed(values)
    if request.reference is not None:
        found |= {"reference": packed(request.reference), "against": request.against}
    return found


def packed(values: np.ndarray) -> list[float] | str:
    """Numbers as such, or many of them as text."""
    numbers = np.asarray(values, dtype="<f8").ravel()
    if numbers.size <= WRITTEN_OUT:
        return numbers.tolist()
    return base64.b85encode(zlib.compress(numbers.tobytes(), 9)).decode()


def unpacked(written: Sequence[float] | str) -> np.ndarray:
    """The same, read back."""
    if isinstance(written, str):
        return np.frombuffer(zlib.decompress(base64.b85decode(written)), dtype="<f8").copy()
    return np.array(written, dtype=np.float64)


def packed_names(names: dict[str, Any]) -> dict[str, Any] | str:
    """Names as such, or many of them as text."""
    if sum(len(columns[0]) for columns in names.values()) <= WRITTEN_OUT:
        return names
    return base64.b85encode(zlib.compress(json.dumps(names).encode(), 9)).decode()


def unpacked_names(written: dict[str, Any] | str) -> dict[str, Any]:
    """The same, read back."""
    return json.loads(zlib.decompress(base64.b85decode(written))) if isinstance(written, str) else written


def look_of(written: Mapping[str, Any]) -> Selection:
    """How a picture was looked at, read back.

    Raises
    ------
    msgspec.ValidationError
        If something in it is no such thing.
    """
    return msgspec.convert(dict(written), Selection, strict=False)


def _changed(look: Selection) -> dict[str, Any]:
    """What of a look is not as it is by itself."""
    usual = msgspec.to_builtins(Selection())
    return {name: value for name, value in msgspec.to_builtins(look).items() if value != usual[name]}
