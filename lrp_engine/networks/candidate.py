"""A way in which the tensors of a weight file may be connected, offered for a person to choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .architecture import Architecture


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the ways to make a network of weights that say nothing of their graph.

    Attributes
    ----------
    kind : str
        “beside” (an architecture lies beside the weights), “chain” (inferred from names and shapes), “family” (a known
        family whose package is installed), “module” (a pickled model of torch.nn classes).
    title : str
        A few words: “ResNet by its layers' names”.
    reason : str
        One sentence: why it is offered.
    score : float
        From 0 to 1; what fits better has more.
    problems : tuple of str
        What does not fit, a sentence for each tensor or layer; with problems it cannot be run as it is.
    assumptions : tuple of str
        What the weights do not tell and was assumed, in sentences.
    architecture : Architecture, optional
        The same to be edited and saved; None for “family” and “module”.
    source : object
        What the maker of the candidate needs to build it; plain data.
    """

    kind: str
    title: str
    reason: str
    score: float
    problems: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    architecture: Architecture | None = None
    source: Any = None
