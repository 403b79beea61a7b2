"""Jobs about text: a tokenizer is read, and text is cut into tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrp_gui.jobs.steps import Progress, Steps

if TYPE_CHECKING:
    from lrp_engine.files.tokens import Encoded, Tokenizer
    from lrp_gui.document.results import InputInfo, NetworkInfo

LOOKUP = "lookup"


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


def token_inputs(network: NetworkInfo) -> list[InputInfo]:
    """The inputs that take a row of whole numbers."""
    return [one for one in network.inputs if one.integer]


def vocabulary(network: NetworkInfo, name: str) -> int:
    """How many rows the table has in which an input is looked up; 0 where it is looked up in none."""
    reached = {name}
    for layer in network.layers:  # in forward order
        if not reached.intersection(layer.sources):
            continue
        if layer.kind == LOOKUP and layer.parameters and layer.shape:
            return layer.parameters // layer.shape[-1]
        if not layer.parameters:  # it only moves the numbers, or takes their bounds
            reached.add(layer.path)
    return 0
