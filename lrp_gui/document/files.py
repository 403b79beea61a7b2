"""Plain, frozen values about files: what was found in one, how it is loaded, and what keeps it from running."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# What a file needs before it runs: nothing, a graph, somebody's consent, or it never will.
RUNS, ARCHITECTURE, CONSENT, REFUSED = "runs", "architecture", "consent", "refused"


@dataclass(frozen=True, slots=True)
class TensorRow:
    """A tensor in the file, for the browser."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    role: str = "weight"  # or "buffer", "ema", "optimizer", "constant"


@dataclass(frozen=True, slots=True)
class Amount:
    """How many tensors of one role there are, and how large they are together."""

    role: str
    count: int
    nbytes: int


def amounts_of(rows: Iterable[TensorRow]) -> tuple[Amount, ...]:
    """Sum tensors up by role, in the order in which the roles appear."""
    found: dict[str, Amount] = {}
    for row in rows:
        known = found.get(row.role, Amount(row.role, 0, 0))
        found[row.role] = Amount(row.role, known.count + 1, known.nbytes + row.nbytes)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Tensors of a file that were read since the last ones, before it is known whether all of it can be read."""

    path: str
    first: int  # how many were told before
    rows: tuple[TensorRow, ...]
    total: int  # of the whole file; 0 where nobody knows


@dataclass(eq=False, slots=True)
class Reading:
    """A file that is being read, for those who look at its tensors meanwhile; `rows` only ever grows."""

    path: str
    name: str
    rows: list[TensorRow] = field(default_factory=list)
    total: int = 0  # 0 where nobody knows


@dataclass(frozen=True, slots=True)
class FileInfo:
    """All that the window knows of an opened file, whether its network runs or not."""

    path: str
    name: str
    file_format: str
    kind: str = ""  # the engine's key: "state dict", "onnx" …
    nbytes: int = 0
    tensors: tuple[TensorRow, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    amounts: tuple[Amount, ...] = ()  # of the tensors, by role
    nodes: int = 0  # of the graph that it holds; 0 where it holds none
    files: tuple[str, ...] = ()  # all that it is made of: shards, external data
    status: str = RUNS
    need: str = ""  # the same in a sentence; of a refused file the reason
    calls: tuple[str, ...] = ()  # what a refused file would have called


# A number, or the shape of an input with None where the samples run; () where nothing is known of it.
Size = int | tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class SizeRow:
    """A size that the file leaves open, and the one with which the network was made."""

    name: str  # of the dimension, or of the input
    size: Size
    where: str = ""  # which inputs have that dimension

    @property
    def text(self) -> str:
        """The size as people write it: 16, or N × 3 × 224."""
        if isinstance(self.size, int):
            return str(self.size)
        return " × ".join("N" if one is None else str(one) for one in self.size)


@dataclass(frozen=True, slots=True)
class Source:
    """How a network is loaded: its weights, and everything that somebody chose for them.

    Attributes
    ----------
    path : str
        The weights.
    architecture : str
        A file that says how they are connected: an architecture, a file with a graph, or a program (“model.py:Net”).
    text : str
        An architecture as it was edited here, as JSON; goes before `architecture`.
    candidate : str
        Of a candidate without a text, the title under which the engine offers it.
    sizes : tuple of (str, size)
        What the file leaves open: a number by the name of the dimension, or an input's shape by the input's name.
    trusted : str
        SHA-256 of the program to which somebody consented; "" means that none may run.
    """

    path: str = ""
    architecture: str = ""
    text: str = ""
    candidate: str = ""
    sizes: tuple[tuple[str, Size], ...] = ()
    trusted: str = ""


# Why else an opened file shows no network: it is on its way, somebody stopped it, nobody knows how large its inputs
# are, or it does not load.
LOADING, STOPPED, SIZES, FAILED = "loading", "stopped", "sizes", "failed"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an opened file shows no network (yet): a kind, a sentence, and how loading was or would be tried."""

    kind: str  # ARCHITECTURE, CONSENT, REFUSED, LOADING, STOPPED, SIZES or FAILED
    sentence: str
    source: Source = field(default_factory=Source)
    calls: tuple[str, ...] = ()
    details: str = ""  # for a fault report
    table: str = ""  # what was given with it
    sizes: tuple[SizeRow, ...] = ()  # those that are wanted


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A way in which the tensors may be connected."""

    kind: str  # "beside", "chain", "family", "module"
    title: str
    reason: str
    score: float  # 0 … 1
    problems: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    text: str = ""  # the architecture as JSON; "" where there is none to edit


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something in an architecture that does not fit the tensors, and where in its text."""

    sentence: str
    line: int = 0  # from 1; 0 where no line is to blame


@dataclass(frozen=True, slots=True)
class Check:
    """What an architecture came to beside the tensors."""

    sentence: str  # the outcome in short
    misfits: tuple[Misfit, ...] = ()
    unused: tuple[str, ...] = ()  # tensors that no layer reads, each with its shape
    assumptions: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether a network can be made of it."""
        return not self.misfits


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody has to know before a program in a file may run."""

    path: str  # the file that holds the program
    nbytes: int
    sha256: str
    meaning: str  # the engine's sentence
    names: tuple[str, ...] = ()  # what it names or calls
