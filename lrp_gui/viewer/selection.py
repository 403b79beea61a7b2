"""What is chosen in the viewer, and how it is looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lrp_gui.viewer.colouring import Colouring
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.neurons import Visibility


@dataclass(frozen=True, slots=True)
class Selection:
    """What is chosen and how it is looked at."""

    layer: str = ""
    unit: int = -1
    visibility: Visibility = field(default_factory=Visibility)
    barycentre: bool = False
    path: bool = True
    folds: Folds = field(default_factory=Folds)  # the modules that were opened and closed
    scale: str = ""  # of `scales.SCALES`; "": whichever fits best
    picked: tuple[tuple[str, int], ...] = ()  # layers and their units through which a path was picked
    node: str = ""  # an operation, or "/" and the path of a group of them
    groups: frozenset[str] = frozenset()  # of operations, opened or folded otherwise than at first
    shape: float = 1.7  # width to height of the pane that operations are laid out for
    every_token: bool = False  # also those whose rows have no room
    opacity: float = 0.85
    form: str = ""  # of `inputs.forms.FORMS`, how the inputs are drawn; "": those that tell most
    layer_form: str = ""  # of `detail_forms.FORMS`
    colouring: Colouring = field(default_factory=Colouring)
    labels: dict[str, str] = field(default_factory=dict)  # layer path -> what the person calls it
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)  # input name -> what its tokens stand for


def renamed(text: str, labels: dict[str, str]) -> str:
    """A name that is made of layer paths, with what the person calls them in their places."""
    for path, label in labels.items():
        if path in text:
            text = re.sub(rf"(?<![\w.]){re.escape(path)}(?![\w.])", lambda _found, label=label: label, text)
    return text
