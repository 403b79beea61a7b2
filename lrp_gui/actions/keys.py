"""The keys of the actions as somebody changed them; what nobody changed has those of the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from PySide6.QtGui import QKeySequence

from lrp_gui import settings
from lrp_gui.actions.row import ActionRow
from lrp_gui.actions.table import ACTIONS, BY_ID

Keys = tuple[str, ...]  # of one action, in the portable form: "Ctrl+Shift+P"


def usual(row: ActionRow) -> Keys:
    """The keys that an action has at first."""
    return tuple(portable(one) for one in row.shortcut.split("|") if one)


def portable(keys: str) -> str:
    """A key sequence in the one form in which it is kept and compared; "" for what is none."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText)


def native(keys: Sequence[str]) -> str:
    """Keys as people here write them, several joined by a comma."""
    return ", ".join(QKeySequence(one).toString(QKeySequence.SequenceFormat.NativeText) for one in keys)


def read() -> dict[str, Keys]:
    """What was changed, by action; what makes no sense (any more) is left out."""
    try:
        stored = json.loads(settings.KEYS.read() or "{}")
    except ValueError:
        return {}
    if not isinstance(stored, dict):
        return {}
    return {
        name: tuple(filter(None, map(portable, keys)))
        for name, keys in stored.items()
        if name in BY_ID and isinstance(keys, list) and all(isinstance(one, str) for one in keys)
    }


def write(changed: Mapping[str, Keys]) -> None:
    """Remember what was changed; an action that has its usual keys again needs no word."""
    kept = {name: list(keys) for name, keys in changed.items() if keys != usual(BY_ID[name])}
    settings.KEYS.write(json.dumps(kept))


def every(changed: Mapping[str, Keys] | None = None) -> dict[str, Keys]:
    """The keys of every action as they are now."""
    changed = read() if changed is None else changed
    return {row.id: changed.get(row.id, usual(row)) for row in ACTIONS}


def owners(keys: str, all_keys: Mapping[str, Keys], name: str = "") -> list[str]:
    """The actions besides `name` that would be in the way of these keys: the same, or the beginning of each other."""
    wanted = keys.split(", ")
    return [
        other
        for other, theirs in all_keys.items()
        if other != name and any(_clash(wanted, one.split(", ")) for one in theirs)
    ]


def _clash(first: list[str], second: list[str]) -> bool:
    short = min(len(first), len(second))
    return first[:short] == second[:short]


def swallows_typing(keys: str) -> bool:
    """Whether these keys write something, so that nobody could type it any more."""
    first = keys.partition(", ")[0]
    bare = first.removeprefix("Shift+")
    return len(bare) == 1 or bare in {"Space", "Return", "Enter", "Tab", "Backtab", "Backspace"}
