"""Texts as samples of a network that reads tokens: each line of a file, or each cell of its column of texts."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.jobs.wording import token_inputs, vocabulary
from lrp_gui.languages import tr

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine.files.columns import Matched
    from lrp_engine.files.table import RawTable, Reading
    from lrp_engine.files.tokens import Encoded, Tokenizer
    from lrp_gui.document.results import NetworkInfo

PLAIN = ".txt"
TEXT = "text"  # the column beside the tokens
# Columns that are taken for the texts before all others that hold no numbers.
CALLED = ("text", "texts", "sentence", "review", "content", "prompt", "question")
LOOKED_AT = 200  # rows: whether a column holds texts


def reads_texts(network: NetworkInfo) -> bool:
    """Whether all that the network takes is tokens, and what belongs to them."""
    inputs = token_inputs(network)
    return bool(inputs) and len(inputs) == len(network.inputs) and all(len(one.shape) == 1 for one in inputs)


def lines_as_table(path: str, reading: Reading, most: int = 0) -> RawTable | None:
    """A plain text file, a line a sample; None if it is a table of numbers.

    Raises
    ------
    lrp_engine.FormatError
        If it is no text, empty, or too large.
    """
    from lrp_engine.errors import FormatError
    from lrp_engine.files.cells import number
    from lrp_engine.files.table_raw import from_values
    from lrp_engine.files.table_text import text_of

    notes: list[str] = []
    text, _encoding = text_of(Path(path), notes, reading, most)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise FormatError(tr("{name} is empty; write a text in each line.").format(name=Path(path).name))
    cells = [word for line in lines[1:LOOKED_AT] or lines for word in line.replace(",", " ").replace(";", " ").split()]
    if all(not number(cell)[1] for cell in cells):
        return None
    import numpy as np

    return from_values((TEXT,), np.full((len(lines), 1), np.nan), notes, texts={0: lines}, kind="lines")


def tokenised(network: NetworkInfo, path: str, raw: RawTable) -> RawTable | None:
    """The same table with tokens before its columns; None if it holds no texts.

    Raises
    ------
    lrp_engine.FormatError
        If no tokenizer lies beside the model, or it does not fit.
    """
    from dataclasses import replace

    import numpy as np

    from lrp_engine.errors import FormatError
    from lrp_engine.files.table_cells import numbers_of
    from lrp_engine.files.table_raw import check_count, from_values
    from lrp_engine.files.tokens import Tokenizer, tokenizer_beside

    column = _text_column(raw)
    if column < 0:
        return None
    found = tokenizer_beside(network.path)
    if found is None:
        raise FormatError(
            tr(
                "{name} holds texts, but no tokenizer.json lies beside {model}; put the model's own "
                "there, or give a table of token numbers."
            ).format(name=Path(path).name, model=Path(network.path).name)
        )
    rows = max((vocabulary(network, one.name) for one in network.inputs), default=0)
    tokenizer = Tokenizer(found, rows)
    texts = raw.column(column)
    width = sum(prod(one.shape) for one in network.inputs)
    check_count(Path(path), len(texts), width + len(raw.names))
    values, dropped = _encoded(network, tokenizer, texts)
    others = {width + place: raw.column(place) for place in range(len(raw.names)) if raw.numbers(place) is None}
    beside = raw.values.copy()
    for place, cells in others.items():
        beside[:, place - width] = numbers_of(cells)
    names = tuple(feature.name for one in network.inputs for feature in one.features)
    notes = [
        *raw.notes,
        tr("The texts in “{column}” were cut into tokens by {name}.").format(column=raw.names[column], name=found.name),
    ]
    if dropped:
        notes.append(
            tr("{dropped} of {texts} texts are longer than the network's {most} tokens.").format(
                dropped=dropped, texts=len(texts), most=network.inputs[0].shape[0]
            )
        )
    table = from_values(
        (*names, *raw.names), np.concatenate([values, beside], axis=1), notes, texts=others, kind=raw.kind
    )
    return replace(table, found=raw.found)


def matched_tokens(network: NetworkInfo, raw: RawTable) -> Matched | None:
    """The tokens that `tokenised` put before all other columns; None where there are none."""
    from lrp_engine.files.columns import Matched

    names = tuple(feature.name for one in network.inputs for feature in one.features)
    if not reads_texts(network) or raw.names[: len(names)] != names:
        return None
    return Matched(tuple(range(len(names))), raw.names[len(names) :])


def _text_column(raw: RawTable) -> int:
    """The column that holds texts, -1 if none does."""
    import numpy as np

    words = [
        column
        for column in range(len(raw.names))
        if raw.numbers(column) is None and np.isnan(raw.values[:, column]).mean() > 0.5 and _has_words(raw, column)
    ]
    called = [column for column in words if raw.names[column].casefold() in CALLED]
    return (called or words or [-1])[0]


def _has_words(raw: RawTable, column: int) -> bool:
    cells = raw.column(column)[:LOOKED_AT]
    return any(len(cell) > 1 and any(letter.isalpha() for letter in cell) for cell in cells)


def _encoded(network: NetworkInfo, tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[np.ndarray, int]:
    """Each text as the network's inputs beside each other, and how many were too long."""
    import numpy as np

    from lrp_engine.errors import FormatError, InputError

    blocks = [np.empty((len(texts), one.shape[0])) for one in network.inputs]
    dropped = 0
    for row, text in enumerate(texts):
        for block, one in zip(blocks, network.inputs, strict=True):
            try:
                made = tokenizer.encode(text, one.shape[0])
            except InputError as error:
                raise FormatError(tr("Row {row}: {error}").format(row=row + 1, error=error)) from error
            block[row] = _part(made, one.name)
            dropped += bool(made.dropped) and one is network.inputs[0]
    return np.concatenate(blocks, axis=1), dropped


def _part(made: Encoded, name: str) -> Sequence[int]:
    from lrp_engine.files.tokens import MASK, POSITIONS, TYPES, role_of

    parts = {MASK: made.mask, TYPES: made.types, POSITIONS: tuple(range(len(made.ids)))}
    return parts.get(role_of(name), made.ids)
