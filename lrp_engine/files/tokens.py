"""Text for networks that read tokens: a `tokenizer.json` that lies beside the model, read by the library tokenizers.

The file is data: a vocabulary and the steps by which text is cut into its words. Nothing in it is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_engine.errors import FormatError, InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

NAME = "tokenizer.json"
# ONNX exports of transformers lie in a folder of this name, one below the tokenizer.
EXPORTED = "onnx"
MOST_BYTES = 2**28
MOST_LETTERS = 200_000
EXTRA = "text"
# How vocabularies call what fills a sequence up, in order of preference where the file does not say it.
FILLERS = ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>", "</s>")
REPLACEMENT = "�"  # half a letter, as byte-level vocabularies have them


# What an input of whole numbers holds about a text, as its name says.
IDS, MASK, TYPES, POSITIONS = "ids", "mask", "types", "positions"
_ROLES = ((MASK, ("mask",)), (TYPES, ("type", "segment")), (POSITIONS, ("position",)))


def role_of(name: str) -> str:
    """What an input of a network that reads text is for: "ids", "mask", "types" or "positions".

    `input_ids`, `attention_mask`, `token_type_ids` and `position_ids` are what most are called; a name that says
    nothing is taken for the tokens.
    """
    lower = name.lower()
    return next((role for role, words in _ROLES if any(word in lower for word in words)), IDS)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as a network takes it.

    Attributes
    ----------
    ids, mask, types : tuple of int
        (length,): the tokens, 1 where one stands and 0 where the sequence is filled up, and which of two texts each
        belongs to.
    dropped : int
        How many tokens did not fit in and were left out, of the text's end.
    """

    ids: tuple[int, ...]
    mask: tuple[int, ...]
    types: tuple[int, ...]
    dropped: int = 0

    def part(self, role: str) -> tuple[int, ...]:
        """What an input of this role takes."""
        parts = {IDS: self.ids, MASK: self.mask, TYPES: self.types, POSITIONS: tuple(range(len(self.ids)))}
        return parts[role]

    @property
    def note(self) -> str:
        """What a person has to know of it, in one sentence; "" for nothing."""
        if not self.dropped:
            return ""
        return f"The text is longer than the network's {len(self.ids)} tokens; its last {self.dropped} are left out."


class Tokenizer:
    """Text to token ids and back.

    Parameters
    ----------
    path
        A `tokenizer.json`.
    rows
        How many tokens the network's embedding knows; 0 where that is unknown.

    Raises
    ------
    FormatError
        If there is no such file, the library is not installed, the file is damaged, or it knows tokens that the
        embedding does not.
    """

    def __init__(self, path: str | Path, rows: int = 0) -> None:
        self.path = Path(path)
        self._library = _read(self.path)
        self._ids: dict[str, int] = self._library.get_vocab(with_added_tokens=True)
        self.size = max(self._ids.values(), default=-1) + 1
        if not self.size:
            raise FormatError(f"{self.path.name} knows no token; take the one that came with the model")
        if rows and self.size > rows:
            raise FormatError(
                f"{self.path.name} does not fit this network: it numbers its tokens up to {self.size - 1:,}, but the"
                f" network's embedding knows {rows:,}; take the tokenizer that came with the model"
            )
        self.pad = self._filler()
        self._library.no_padding()
        self._library.no_truncation()

    def encode(self, text: str, length: int) -> Encoded:
        """Cut a text into `length` tokens: filled up where it is shorter, without its end where it is longer.

        Raises
        ------
        InputError
            If the text is too long to be cut at all, or the sequence too short for the marks about it.
        """
        if len(text) > MOST_LETTERS:
            raise InputError(f"The text has {len(text):,} letters; at most {MOST_LETTERS:,} can be cut into tokens")
        library = self._library
        whole = library.encode(text)
        cut = whole
        if len(whole.ids) > length:
            marks = library.num_special_tokens_to_add(is_pair=False)
            if marks >= length:
                raise InputError(f"The network takes {length} tokens, too few for the {marks} that mark a text's ends")
            library.enable_truncation(max_length=length)
            try:
                cut = library.encode(text)
            finally:
                library.no_truncation()
        missing = length - len(cut.ids)
        return Encoded(
            ids=(*cut.ids, *(self.pad,) * missing),
            mask=(*(1,) * len(cut.ids), *(0,) * missing),
            types=(*cut.type_ids, *(0,) * missing),
            dropped=len(whole.ids) - len(cut.ids),
        )

    def texts(self, ids: Sequence[int]) -> list[str]:
        """What each token stands for; "" for a number that the vocabulary does not know."""
        return [self._text(int(one)) for one in ids]

    def read(self, ids: Sequence[int]) -> str:
        """The text that tokens stand for, without the marks about it."""
        known = [int(one) for one in ids if self._library.id_to_token(int(one)) is not None]
        return self._library.decode(known, skip_special_tokens=True)

    def pieces(self, text: str) -> tuple[int, ...]:
        """The tokens of a word or two, without the marks about a text; a token written as in the vocabulary is itself.

        Raises
        ------
        InputError
            If the text is too long, or makes no token.
        """
        if text in self._ids:
            return (self._ids[text],)
        if len(text) > MOST_LETTERS:
            raise InputError(f"The text has {len(text):,} letters; at most {MOST_LETTERS:,} can be cut into tokens")
        found = tuple(self._library.encode(text, add_special_tokens=False).ids)
        if not found:
            raise InputError(f"“{text}” makes no token; type a word, or a token's number")
        return found

    def _text(self, number: int) -> str:
        token = self._library.id_to_token(number) if number >= 0 else None
        if token is None:
            return ""
        readable = self._library.decode([number], skip_special_tokens=False)
        return readable if readable.strip() and REPLACEMENT not in readable else token

    def _filler(self) -> int:
        padding: dict[str, Any] | None = self._library.padding
        if padding is not None:
            return int(padding["pad_id"])
        return next((self._ids[name] for name in FILLERS if name in self._ids), 0)


def tokenizer_beside(model: str | Path) -> Path | None:
    """The `tokenizer.json` that lies beside a model, or None."""
    path = Path(model)
    folder = path if path.is_dir() else path.parent
    folders = (folder, folder.parent) if folder.name == EXPORTED else (folder,)
    return next((one / NAME for one in folders if (one / NAME).is_file()), None)


def _read(path: Path) -> Library:
    try:
        from tokenizers import Tokenizer as Found
    except ImportError:
        raise FormatError(
            f"{path.name} can be read once the library tokenizers is installed (pip install tokenizers, or"
            f" lrp-explorer[{EXTRA}]); until then tokens are numbers"
        ) from None
    try:
        nbytes = path.stat().st_size
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read ({error.strerror or error})") from None
    if nbytes > MOST_BYTES:
        raise FormatError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB; that is no tokenizer")
    try:
        return Found.from_file(str(path))
    except (KeyboardInterrupt, SystemExit):
        raise
    # The library raises bare exceptions, and ones of its own that are no Exception where it gives up on a file.
    except BaseException as error:  # noqa: BLE001
        raise FormatError(f"{path.name} is no tokenizer that can be read ({error})") from None
