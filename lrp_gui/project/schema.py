"""What stands in a project's `project.json`: every field with its type, a version, and the way from older ones.

Numbers that are many (the table, the reference, results) lie beside it as tensors; see `lrp_gui.project.file`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from lrp_engine.composites import Composite, Entry
from lrp_engine.errors import FormatError, LrpError
from lrp_gui.languages import tr

FORMAT: Final = "lrp-explorer project"
VERSION: Final = 2

Text = Annotated[str, msgspec.Meta(max_length=100_000)]
Title = Annotated[str, msgspec.Meta(max_length=4096)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
Place = Annotated[int, msgspec.Meta(ge=-1, le=2**40)]
Size = Count | tuple[Count | None, ...]


class _Record(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What all records have in common: nothing in them is guessed."""


class FileRecord(_Record):
    """A file that lies outside the project: where it was, where from the project's folder, and what it held."""

    path: Title
    relative: Title = ""  # with slashes; "" where there is no way, as between drives
    size: Count = 0
    sha256: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""


class SourceRecord(_Record):
    """How the network is loaded. A consent is not in it: that is given by whoever sits at the computer."""

    weights: FileRecord
    parts: tuple[FileRecord, ...] = ()  # shards and whatever else the weights are made of
    architecture: FileRecord | None = None
    class_name: Title = ""  # of a program, which class of it is meant
    text: Annotated[str, msgspec.Meta(max_length=64_000_000)] = ""
    candidate: Title = ""
    sizes: tuple[tuple[Title, Size], ...] = ()


class FeatureRecord(_Record):
    """A column of the table. None where a range is open to that side."""

    name: Title
    unit: Title = ""
    mean: float = 0.0
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    integer: bool = False
    categories: Place = -1  # which list of `TableRecord.categories`


class TableRecord(_Record):
    """What of the table is no number; the tensors hold the rest."""

    samples: Count
    features: tuple[FeatureRecord, ...]
    path: Title = ""  # the file it was read from, for its name alone
    extras: tuple[Title, ...] = ()
    categories: tuple[tuple[tuple[float, Text], ...], ...] = ()
    next_id: Count = 0
    edited: bool = False  # something in it is in no other file


class ReferenceRecord(_Record):
    """What samples are compared with; its numbers are a tensor."""

    kind: Annotated[str, msgspec.Meta(pattern="^(|mean|zeros|sample|copy)$")] = ""
    title: Title = ""
    row: Place = -1
    explains: bool = False


class SettingsRecord(_Record):
    """What is explained, and by which rules."""

    target: Title
    composite: Title
    own: Composite | None = None
    edits: tuple[Entry, ...] = ()
    reference: ReferenceRecord = msgspec.field(default_factory=ReferenceRecord)


class SelectionRecord(_Record):
    """What is chosen."""

    sample: Place = -1
    layer: Title = ""
    unit: Place = -1
    node: Title = ""
    tensor: Title = ""


class SortRecord(_Record):
    """In which order the rows of the table are shown, and which of them."""

    kind: Title = ""  # of the column it is sorted by; "" for the order of the file
    number: Place = 0
    descending: bool = False
    filter: Text = ""
    group: Title = ""
    group_number: Place = 0


class ViewsRecord(_Record):
    """How it is looked at; none of it is an edit."""

    scale: Title = ""  # of the graph
    form: Title = ""  # of the detail: of inputs, and of layers
    layer_form: Title = ""
    browser_tab: Place = 0
    sample_tab: Place = 0
    shade: Title = ""  # which action colours the cells
    network_units: bool = False
    statistics: bool = False
    rows: SortRecord = msgspec.field(default_factory=SortRecord)


class Project(_Record):
    """The whole of a project but for its tensors."""

    program: Title  # which version of the program wrote it
    settings: SettingsRecord
    source: SourceRecord | None = None
    table: TableRecord | None = None
    selection: SelectionRecord = msgspec.field(default_factory=SelectionRecord)
    labels: tuple[tuple[Title, Title], ...] = ()  # layer path, what the person calls it
    views: ViewsRecord = msgspec.field(default_factory=ViewsRecord)
    format: str = FORMAT
    version: int = VERSION


class _Head(msgspec.Struct):
    """What every version begins with."""

    format: str = ""
    version: int = 0


def _views_in_one(project: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew of the graph's scale alone, and had it beside the rest."""
    scale = project.pop("scale", "")
    return {**project, "views": {"scale": scale}} if scale else project


# version -> what makes the next version's object of one of it
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _views_in_one}


def encoded(project: Project) -> bytes:
    """The project as JSON text, for people to read as well."""
    # Format and version stand there, though they are what they are by default.
    whole = {"format": FORMAT, "version": VERSION, **msgspec.to_builtins(project)}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def decoded(text: bytes, name: str) -> Project:
    """Read a project's JSON text, of this version or an older one.

    Raises
    ------
    FormatError
        If it is none, of a newer version, or anything in it is not what it should be.
    """
    try:
        head = msgspec.json.decode(text, type=_Head)
        _check(head, name)
        if head.version == VERSION:
            return msgspec.json.decode(text, type=Project)
        whole = msgspec.json.decode(text, type=dict[str, Any])
        for version in range(head.version, VERSION):
            whole = MIGRATIONS[version](whole)
        return msgspec.convert({**whole, "version": VERSION}, Project)
    except FormatError:
        raise
    # A migration walks through what nobody has checked yet.
    except (msgspec.MsgspecError, LrpError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged(name, tr("its project.json is not as it should be ({error})").format(error=error)) from error


def _check(head: _Head, name: str) -> None:
    if head.format != FORMAT:
        raise FormatError(tr("{name} is a zip archive, but no project of LRP Explorer.").format(name=name))
    if head.version > VERSION:
        sentence = tr(
            "{name} was saved by a newer LRP Explorer (version {version} of the format; this one reads up to {most}): "
            "open it there, or install the newer program."
        )
        raise FormatError(sentence.format(name=name, version=head.version, most=VERSION))
    if head.version < VERSION and head.version not in MIGRATIONS:
        sentence = tr("{name} states version {version} of the format, which there never was.")
        raise FormatError(sentence.format(name=name, version=head.version))


def damaged(name: str, what: str) -> FormatError:
    """The error for a file that is not what was written."""
    return FormatError(tr("{name} is damaged: {what}.").format(name=name, what=what))
