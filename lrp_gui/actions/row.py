"""What an action is, and the facts that enable it."""

from __future__ import annotations

from typing import NamedTuple

from lrp_gui.languages import mark


class Facts(NamedTuple):
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
    opened: bool = False  # a file, a network, or a project
    project: bool = False  # a project that has a file


class ActionRow(NamedTuple):
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
    # It shows this dock, and is to be seen only where there is one.
    dock: str = ""


# Why an action cannot be used, by the fact that it waits for.
REASONS = {
    "network": mark("Open a network first"),
    "connectable": mark("Only for tensors that nothing connects yet"),
    "consentable": mark("Only where a file holds a program that waits for consent"),
    "loadable": mark("Only where loading was stopped, or failed"),
    "sizeable": mark("Only where the file leaves sizes open"),
    "table": mark("Open a network with samples first"),
    "sample": mark("Choose a sample first"),
    "reference": mark("There is no reference"),
    "previous": mark("This is the first sample"),
    "following": mark("This is the last sample"),
    "result": mark("Nothing is explained yet"),
    "busy": mark("Nothing is running"),
    "undo": mark("There is nothing to undo"),
    "redo": mark("There is nothing to do again"),
    "file": mark("Open a file first"),
    "edited": mark("No rule was changed"),
    "opened": mark("Open a file first"),
    "project": mark("Only where the session was saved as a project"),
    "tensors": mark("Open a file with tensors first"),
}
