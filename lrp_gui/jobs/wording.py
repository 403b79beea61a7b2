"""Jobs about text: a tokenizer is read, and text is cut into tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrp_gui.jobs.steps import Progress, Steps

if TYPE_CHECKING:
    from lrp_engine.files.tokens import Encoded, Tokenizer


def read_tokenizer(model: str, path: str, rows: int) -> Steps[Tokenizer | None]:
    """Read a tokenizer: this one, or else the one that lies beside the model, if one does.

    Raises
    ------
    lrp_engine.FormatError
        If it cannot be read, or does not fit an embedding of so many rows.
    """
    from lrp_engine.files.tokens import Tokenizer, tokenizer_beside

    yield Progress()
    found = path or tokenizer_beside(model)
    return Tokenizer(found, rows) if found else None


def encode(tokenizer: Tokenizer, text: str, length: int) -> Steps[Encoded]:
    """Cut a text into tokens.

    Raises
    ------
    lrp_engine.InputError
        If it is too long, or the sequence too short.
    """
    yield Progress()
    return tokenizer.encode(text, length)
