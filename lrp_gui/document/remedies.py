"""What can be tried where an explanation raises an alarm: each a step like any other, which undo takes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrp_gui.document.reference import MEAN, NO_REFERENCE, ZEROS, make, takes_fractions
from lrp_gui.document.state import Message
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

COMPOSITE, EPSILON, REFERENCE = "composite", "epsilon", "reference"
# Numbers of a table whose mean is taken at once.
AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to try.

    Attributes
    ----------
    kind : str
        "composite", "epsilon" or "reference".
    value : str
        The composite's name; the ε; "mean", or "" to take the reference away.
    layer : str
        Whose ε it is.
    text, tip : str
        What the button says, and what it does.
    """

    kind: str
    value: str
    text: str
    tip: str
    layer: str = ""


def fits(document: Document, remedy: Remedy) -> bool:
    """Whether there is something to do: not what is chosen already, and no mean of tokens."""
    if remedy.kind == COMPOSITE:
        return document.settings.composite != remedy.value or bool(document.settings.edits)
    if remedy.kind == REFERENCE and remedy.value:
        return document.table is not None and takes_fractions(document.network)
    return True


def try_out(document: Document, remedy: Remedy) -> None:
    """Do it; the explanation follows as after any change of the settings."""
    if remedy.kind == COMPOSITE:
        document.set_composite(remedy.value)
    elif remedy.kind == REFERENCE and not remedy.value:
        document.set_reference(NO_REFERENCE)
    elif remedy.kind == REFERENCE:
        table = document.table
        small = table is not None and table.values.size <= AT_ONCE
        document.set_reference(make(MEAN if small else ZEROS, document, explains=True))
    else:
        _set_epsilon(document, remedy)


def _set_epsilon(document: Document, remedy: Remedy) -> None:
    from lrp_gui.document.rules import scope_at, with_rule

    network = document.network
    layer = next((one for one in network.layers if one.path == remedy.layer), None) if network is not None else None
    if layer is None:
        return
    node = next((one for one in layer.nodes if one.family and not one.refused), None)
    select = scope_at(layer, node).select
    settings, problem = with_rule(document.settings, network, select, f"epsilon(epsilon={remedy.value})")
    if problem:
        document.message.emit(Message(problem))
    else:
        document.set_rules(settings, tr("ε = {value} in {layer}").format(value=remedy.value, layer=remedy.layer))
