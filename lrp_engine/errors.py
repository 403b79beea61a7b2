"""The engine's errors. The text of each is one sentence: what, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_LONGEST = 1000  # letters


class LrpError(Exception):
    """Base of every error that the engine raises on purpose; `str(error)` is fit to show to a person."""

    def __init__(self, message: str) -> None:
        # names from a file can hold line breaks and control characters, and have no end; a sentence is one line
        line = "".join(letter if letter.isprintable() else "·" for letter in " ".join(message.split()))
        line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]}…"
        # what torch says of a node, say, ends without a full stop
        super().__init__(line if line.endswith((".", "!", "?")) else f"{line}.")


class FormatError(LrpError):
    """A file is missing, broken, or of a kind that cannot be used.

    Attributes
    ----------
    choice : str
        Of a table that could be read if somebody chose how: which attribute of `Reading` they may choose.
    """

    def __init__(self, message: str, choice: str = "") -> None:
        super().__init__(message)
        self.choice = choice


class UntrustedFile(LrpError):
    """A file would have to run code of its own to be read.

    Attributes
    ----------
    calls : tuple of str
        What the file would have called, by name; nothing of it was imported or run.
    consent : str
        The sentence that tells what running it would mean; empty where it is never run.
    """

    def __init__(self, message: str, calls: tuple[str, ...] = (), consent: str = "") -> None:
        super().__init__(message)
        self.calls = tuple(calls)
        self.consent = consent


class NeedsArchitecture(LrpError):
    """A file holds weights but no graph; an architecture has to say how they are connected.

    Attributes
    ----------
    candidates : tuple of lrp_engine.networks.candidate.Candidate
        The ways in which they may be connected, the best first; `load` takes each of them as its `architecture`.
    """

    def __init__(self, message: str, candidates: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.candidates: tuple[Any, ...] = tuple(candidates)


class ArchitectureError(LrpError):
    """An architecture is malformed, or does not fit the weights."""


class CaptureError(LrpError):
    """A module cannot be turned into a graph."""


class NeedsSizes(CaptureError):
    """A file does not say what its inputs look like, and it could not be guessed.

    Attributes
    ----------
    inputs : tuple of str
        The inputs whose sizes are wanted (`sizes=`), by name.
    """

    def __init__(self, message: str, inputs: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.inputs = tuple(inputs)


class InputError(LrpError):
    """The inputs do not fit the network: wrong name, shape, type, or not finite."""


class TargetError(LrpError):
    """The target names something that the network's output does not have."""


class CompositeError(LrpError):
    """A composite or rule is unknown, malformed, or asks for what a node cannot do."""


class UnsupportedOperation(LrpError):
    """The network holds operations that no rule covers.

    Attributes
    ----------
    operations : tuple of str
        The operations, by name.
    """

    def __init__(self, message: str, operations: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.operations = tuple(operations)
