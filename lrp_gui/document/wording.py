"""The words behind the numbers of a network that reads tokens: its tokenizer, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_engine.files.tokens import IDS, Encoded, role_of
from lrp_gui.document.state import Message
from lrp_gui.document.words import MINUS
from lrp_gui.jobs import wording as jobs_of_words
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.wording import token_inputs, vocabulary
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from lrp_engine.files.tokens import Tokenizer
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo

__all__ = ["Encoded", "Wording", "role_of", "token_inputs", "vocabulary"]


class Wording(QObject):
    """Follows the open network. What it knows is looked for when somebody first asks (`look`)."""

    changed = Signal()  # a tokenizer came, went, or could not be read

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._network: NetworkInfo | None = None
        self._job: Job | None = None
        self._texts: dict[int, str] = {}
        self.tokenizer: Tokenizer | None = None
        self.problem = ""  # why there is none, or that none lies there
        document.network_changed.connect(self._forget)

    @property
    def busy(self) -> bool:
        """Whether a tokenizer is being read, or a text being cut."""
        return self._job is not None and not self._job.ended

    def look(self) -> None:
        """Read the tokenizer that lies beside the model, unless that was done."""
        if self._document.network is not self._network:
            self._network = self._document.network
            self._read("")

    def choose(self, path: str) -> None:
        """Read another tokenizer; where it does not fit, the one before stays and a message says why."""
        self._network = self._document.network
        self._read(path)

    def rows(self, name: str = "") -> int:
        """How many tokens an input, or else the one with the text, may hold; 0 where the network does not tell."""
        network = self._document.network
        names = [name] if name else [one.name for one in (token_inputs(network) if network else ())]
        return max((vocabulary(network, one) for one in names), default=0) if network is not None else 0

    def is_text(self, name: str) -> bool:
        """Whether an input is the one that takes a text's tokens, rather than a mask or the like."""
        network = self._document.network
        inputs = token_inputs(network) if network is not None else ()
        sizes = {one.name: vocabulary(network, one.name) for one in inputs} if network is not None else {}
        if name not in sizes:
            return False
        named = [one for one in sizes if role_of(one) == IDS] or list(sizes)
        return name == max(named, key=lambda one: sizes[one])

    def texts(self, ids: Sequence[int]) -> list[str]:
        """What tokens stand for, "" where nobody knows."""
        if self.tokenizer is None:
            return [""] * len(ids)
        missing = [one for one in dict.fromkeys(ids) if one not in self._texts]
        self._texts.update(zip(missing, self.tokenizer.texts(missing), strict=True))
        return [self._texts[one] for one in ids]

    def pieces(self, text: str, name: str) -> tuple[int, ...]:
        """The tokens of a number or of a word for an input; () with a message where it makes none."""
        from lrp_engine.errors import LrpError

        word, rows = text.strip(), self.rows(name)
        try:
            number = int(word)
        except ValueError:
            number = None
        if number is not None:
            if number >= 0 and (number < rows or not rows):
                return (number,)
            sentence = self.tr("A token is 0 or more, not {number}.")
            if rows:
                sentence = self.tr("{number} is no token: the network knows 0 to {last}.")
            self._say(sentence.format(number=str(number).replace("-", MINUS), last=thousands(rows - 1)))
            return ()
        if self.tokenizer is None or not self.is_text(name):
            self._say(self.tr("“{text}” is no number, and words are only known with a tokenizer.").format(text=word))
            return ()
        try:
            return self.tokenizer.pieces(word)
        except LrpError as error:
            self._say(str(error))
            return ()

    def encode(self, text: str, length: int, done: Callable[[Encoded], None]) -> None:
        """Cut a text in the worker; what was asked before is not wanted any more."""
        tokenizer = self.tokenizer
        if tokenizer is None:
            return
        self._start(
            Job(
                self.tr("Cutting the text into tokens"),
                Priority.CHECK,
                lambda: jobs_of_words.encode(tokenizer, text, length),
                done=done,
                failed=lambda failure: self._say(failure.sentence),
            )
        )

    # -------------------------------------------------------------------------------------------- inside

    def _read(self, path: str) -> None:
        network = self._network
        if network is None:
            return
        rows = self.rows()
        self._start(
            Job(
                self.tr("Reading the tokenizer"),
                Priority.CHECK,
                lambda: jobs_of_words.read_tokenizer(network.path, path, rows),
                done=self._take,
                failed=lambda failure: self._refuse(failure, path),
            )
        )

    def _start(self, job: Job) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self._jobs.submit(job)

    def _take(self, tokenizer: Tokenizer | None) -> None:
        self.tokenizer, self._texts = tokenizer, {}
        self.problem = "" if tokenizer is not None else self.tr("No tokenizer.json lies beside the model.")
        self.changed.emit()

    def _refuse(self, failure: Failure, path: str) -> None:
        if path:
            self._say(failure.sentence)
        if self.tokenizer is None:
            self.problem = failure.sentence
        self.changed.emit()

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._network, self.tokenizer, self.problem, self._texts = None, None, "", {}
        self.changed.emit()

    def _say(self, sentence: str) -> None:
        self._document.message.emit(Message(sentence))

    @property
    def source(self) -> str:
        """The name of the file that the tokenizer is from, "" where there is none."""
        return Path(self.tokenizer.path).name if self.tokenizer is not None else ""
