"""Which pictures show the same: many layers hand on what arrives at them, and one picture says it for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from hashlib import blake2b
from itertools import count
from typing import Any

import numpy as np

from lrp_gui.viewer.picture import Drawing

# What a picture calls itself, where it stands, and where the mouse finds something in it.
_NOT_SHOWN = frozenset({"title", "caption", "heading", "brief", "layer", "spots"})
_TEXTS_READ = 500  # names go by the shape, so that the first ones and the last tell
_unlike = count()


def contents(picture: Drawing) -> bytes:
    """A digest of all that a picture shows, but what it calls its layer: equal ones differ in their names at most."""
    digest = blake2b(digest_size=16)
    _add(digest, picture)
    return digest.digest()


def _add(digest: blake2b, value: Any) -> None:
    if isinstance(value, Drawing):
        digest.update(type(value).__name__.encode())
        for one in fields(value):
            if one.name not in _NOT_SHOWN:
                _add(digest, getattr(value, one.name))
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.shape} {value.dtype}".encode())
        digest.update(value.tobytes())
    elif value is None or isinstance(value, str | int | float):
        digest.update(f"{value!r};".encode())
    elif isinstance(value, Sequence):
        digest.update(f"{len(value)}:".encode())
        for place in (*range(min(len(value), _TEXTS_READ)), *([-1] if value else [])):
            _add(digest, value[place])
    elif not isinstance(value, Callable):
        known = hasattr(value, "__dataclass_fields__")
        digest.update((repr(value) if known else f"other {next(_unlike)}").encode())
