"""Small frozen values of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lrp_gui.document.reference import NO_REFERENCE, Reference

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine.composites import Composite, Entry
    from lrp_gui.document.files import FileInfo, Obstacle, Source
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.document.table import InputTable

DEFAULT_TARGET = "max"
DEFAULT_COMPOSITE = "epsilon_plus"

# What a person calls layers: pairs of path and label, by path.
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """What is explained, by which rules, whether an edit explains again by itself, and against what.

    Attributes
    ----------
    composite : str
        By name; of one that was read from a file the name that it has there.
    own : Composite or None
        The composite that was read from a file.
    edits : tuple of Entry
        What somebody changed about the rules; they go before all others, the first that fits a node decides.
    """

    target: str = DEFAULT_TARGET
    composite: str = DEFAULT_COMPOSITE
    auto: bool = True
    reference: Reference = NO_REFERENCE
    own: Composite | None = None
    edits: tuple[Entry, ...] = ()

    @property
    def rules(self) -> str | Composite:
        """What the engine explains by: a name alone, or a whole composite where something about it was changed."""
        if not self.edits:
            return self.own or self.composite
        from lrp_engine.composites import as_composite

        return as_composite(self.own or self.composite).edited(self.edits)

    @property
    def composite_title(self) -> str:
        """What the composite is called, wherever it is shown."""
        rules = self.rules
        return rules if isinstance(rules, str) else rules.name


@dataclass(frozen=True, slots=True)
class Contents:
    """All that opening a file replaces, so that opening can be undone like any other edit.

    A file without a network has an `obstacle`: why there is none.
    """

    network: NetworkInfo | None
    table: InputTable | None
    settings: ExplainSettings
    sample: int
    layer: str = ""
    file: FileInfo | None = None
    obstacle: Obstacle | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Work:
    """All that a person makes of what was opened; equal as long as nothing of it is another.

    Attributes
    ----------
    table : InputTable or None
        Which one; `state` says what it holds.
    auto : bool
        Of the settings, always as by default: a mode of working.
    """

    source: Source | None
    table: InputTable | None
    state: int
    settings: ExplainSettings
    labels: Labels


@dataclass(slots=True)
class Restored:
    """What a project brings, waiting for its network; for the network of another file it may not fit."""

    source: Source
    settings: ExplainSettings
    labels: Labels = ()
    table: InputTable | None = None
    sample: int = 0
    layer: str = ""
    unit: int = -1
    node: str = ""
    tensor: str = ""
    saved: bool = True  # all of it is in the project file


class Opening:
    """What an opening brings: at first what the file tells of itself, and later, in its place, the network.

    Undo and redo lead past the whole of it; so the command holds this, and whoever completes it.
    """

    def __init__(self, contents: Contents, before: str = "", project: str = "") -> None:
        self.contents = contents
        self.before = before  # what was open until then, by name
        self.project = project  # the project file that it stands in, or ""
        self.kept: Work | None = None  # what is in the project file, or in no need of one; None: all is news
        self.restored: Restored | None = None  # what waits for the network
        self.root: Opening = self  # the first one of this piece of work; others are edits of it


class Message(NamedTuple):
    """Something to tell the person beside the work: one sentence, and what can be done about it.

    `remedy` names an action of the window's table of actions; `details` is for whoever reports a fault.
    """

    sentence: str
    details: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """Which cells of the table changed: every one of these columns in every one of these rows."""

    rows: np.ndarray
    columns: np.ndarray
