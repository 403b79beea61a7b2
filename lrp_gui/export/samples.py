"""The picture of all samples, written down beside its numbers, and made of both again."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from lrp_gui.theme import Theme
from lrp_gui.viewer.colouring import Colouring, in_scheme
from lrp_gui.viewer.matrix.picture import MatrixPicture

_SAID = ("title", "caption", "heading", "remark", "letter", "total", "marked_row", "marked_column")


def samples_written(picture: MatrixPicture) -> dict[str, Any]:
    """All of a picture but its numbers, as literals; `features` says which of them stand in its columns."""
    names = {"rows": list(picture.rows), "columns": list(picture.columns), "features": picture.features.tolist()}
    return {
        **{name: getattr(picture, name) for name in _SAID},
        "colouring": msgspec.to_builtins(picture.colouring),
        "names": base64.b85encode(zlib.compress(json.dumps(names).encode(), 9)).decode(),
    }


def samples_picture(written: Mapping[str, Any], relevance: np.ndarray, theme: Theme) -> MatrixPicture:
    """The picture again; `relevance` is (samples, features) with all features, and samples as they are drawn.

    Raises
    ------
    ValueError
        If there are not as many samples or features as there were.
    """
    names = json.loads(zlib.decompress(base64.b85decode(written["names"])))
    features, colouring = np.array(names["features"], dtype=int), msgspec.convert(written["colouring"], Colouring)
    if len(relevance) != len(names["rows"]) or features.max(initial=-1) >= relevance.shape[1]:
        raise ValueError(f"The picture shows {len(names['rows'])} samples of other features than these.")
    picture = MatrixPicture(
        in_scheme(theme, colouring.scheme),
        relevance=np.asarray(relevance, dtype=float)[:, features],
        rows=names["rows"],
        columns=names["columns"],
        features=features,
        colouring=colouring,
    )
    for name in _SAID:
        setattr(picture, name, written[name])
    return picture
