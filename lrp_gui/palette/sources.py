"""What the palette finds, by the sign that somebody types first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrp_gui import settings
from lrp_gui.actions import ACTIONS, BY_ID, REASONS, SUBMENUS
from lrp_gui.languages import mark, tr

if TYPE_CHECKING:
    from lrp_gui.window import Window

ACTION, LAYER, TENSOR, SAMPLE = ">", "@", "%", "#"
RECENT = 8  # so many actions that were used stand first
# Of a table with more samples only the first are found by name; every one is by its number.
MOST_SAMPLES = 200_000


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be chosen. `about` stands beside it, `keys` at its end; `problem`: why it cannot be chosen."""

    title: str
    about: str
    run: Callable[[], object]
    keys: str = ""
    problem: str = ""
    id: str = ""

    @property
    def sentence(self) -> str:
        """All of it, for who listens to it."""
        return ", ".join(filter(None, (self.title, self.about, self.keys, self.problem)))


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of thing that is found; `none` is said where there is nothing of it."""

    sign: str
    title: str
    none: str
    items: Callable[[Window], Iterator[Item]]


def actions(window: Window) -> Iterator[Item]:
    """Every action, those that were used last first."""
    recent = settings.RECENT_ACTIONS.read().split()
    rows = [BY_ID[name] for name in recent if name in BY_ID]
    rows += [row for row in ACTIONS if row.id not in recent]
    for row in rows:
        action = window.actions_[row.id]
        if row.id == "palette" or not action.isVisible():
            continue
        menu = f"{tr(SUBMENUS[row.menu])} → {tr(row.menu)}" if row.menu in SUBMENUS else tr(row.menu)
        enabled = action.isEnabled()
        yield Item(
            title=action.text().replace("&", ""),
            about=f"{menu}{tr('  ✓') if action.isCheckable() and action.isChecked() else ''}",
            run=action.trigger,
            keys=action.shortcut().toString(action.shortcut().SequenceFormat.NativeText),
            problem="" if enabled else tr(REASONS.get(row.when, mark("Not possible now"))),
            id=row.id,
        )


def note_used(name: str) -> None:
    """Put an action first among those that were used."""
    kept = [one for one in settings.RECENT_ACTIONS.read().split() if one != name]
    settings.RECENT_ACTIONS.write(" ".join([name, *kept][:RECENT]))


def layers(window: Window) -> Iterator[Item]:
    """The network's layers, found by their paths and by what the person calls them."""
    document, network = window.document, window.document.network
    for layer in network.layers if network is not None else ():
        shape = " × ".join(map(str, layer.shape))
        label = document.labelled(layer.path, "")
        yield Item(
            f"{label} ({layer.path})" if label else layer.path,
            f"{layer.operation}  {shape}",
            lambda path=layer.path: document.select_layer(path),
        )


def tensors(window: Window) -> Iterator[Item]:
    """The file's tensors."""
    file = window.document.file
    for one in file.tensors if file is not None else ():
        shape = " × ".join(map(str, one.shape))
        yield Item(one.name, f"{one.dtype}  {shape}", lambda name=one.name: window.document.select_tensor(name))


def samples(window: Window) -> Iterator[Item]:
    """The table's samples by name; `sample_number` finds one by its number."""
    table = window.document.table
    for row in range(min(table.samples, MOST_SAMPLES) if table is not None else 0):
        assert table is not None
        yield _sample(window, row, str(table.names[row]))


def sample_number(window: Window, text: str) -> Item | None:
    """The sample of this number, counted from 1 as in the toolbar."""
    table = window.document.table
    if table is None or not text.isdecimal() or not 0 < int(text) <= table.samples:
        return None
    return _sample(window, int(text) - 1, str(table.names[int(text) - 1]))


def _sample(window: Window, row: int, name: str) -> Item:
    return Item(
        name,
        tr("sample {number}").format(number=f"{row + 1:,}"),
        lambda: window.document.select_sample(row),
    )


SOURCES = (
    Source(ACTION, mark("actions"), mark("No action is called so."), actions),
    Source(LAYER, mark("layers"), mark("No layer is called so."), layers),
    Source(TENSOR, mark("tensors"), mark("No tensor is called so."), tensors),
    Source(SAMPLE, mark("samples"), mark("No sample is called so."), samples),
)
BY_SIGN = {source.sign: source for source in SOURCES}
