"""What an action is, and the facts that enable it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which actions make sense now."""

    network: bool = False
    connectable: bool = False  # tensors without a network
    consentable: bool = False
    loadable: bool = False
    sizeable: bool = False
    table: bool = False
    sample: bool = False
    reference: bool = False
    previous: bool = False
    following: bool = False
    result: bool = False
    busy: bool = False
    undo: bool = False
    redo: bool = False
    file: bool = False
    edited: bool = False  # something about the composite
    tensors: bool = False


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action. `when` names the fact that enables it; `section` groups neighbours in a menu."""

    id: str
    text: str
    tip: str
    menu: str
    section: int = 0
    shortcut: str = ""  # several are separated by |, the first one is shown
    icon: str = ""
    when: str = ""
    checkable: bool = False
    group: str = ""
    # What its button says where a toolbar has little room.
    brief: str = ""
    # Its shortcut is for the table alone: Delete must not reach for samples while a layer list has the focus.
    table_only: bool = False
