"""Which ways there are to make a network of weights that say nothing of their graph; the best first, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ArchitectureError
from ..files.shards import part_of
from .architecture import Architecture, OutputEntry, name_beside, read_architecture
from .candidate import Candidate
from .captured import families
from .chain import Chain, infer
from .chain.inverted import inverted
from .chain.residual import residual
from .fitting import Fit, fit
from .programs.pickled_kinds import candidate as pickled

if TYPE_CHECKING:
    from ..files import WeightFile

# Under these keys training programs keep what the units of the output are called.
_CLASSES = ("class_names", "classes", "class_labels", "labels", "idx_to_class", "id2label", "names", "categories")
_MOST_PROBLEMS = 50
GRAPHS = ("pt2", "onnx", "torchscript")  # kinds of files that hold their graph


def candidates(weights: WeightFile) -> tuple[Candidate, ...]:
    """The ways in which the tensors of a file may be connected.

    Parameters
    ----------
    weights : WeightFile

    Returns
    -------
    tuple of Candidate
        The best first; `lrp_engine.load` takes each of them as its `architecture`. One with problems does not run as it
        is, but its architecture can be edited.
    """
    if weights.kind in GRAPHS:
        return ()
    if part_of(weights.path):
        return tuple(_beside(weights))  # of a network's other tensors nothing is known
    module = pickled(weights)
    of_module = [module] if module is not None else []
    found = [*_beside(weights), *of_module, *families.candidates(weights), *_inferred(weights)]
    return tuple(sorted(found, key=lambda one: -one.score))


def beside(path: str | Path) -> Path | None:
    """The architecture that lies beside a weight file, if any."""
    path = Path(path)
    for candidate in (name_beside(path), path.with_name("architecture.json")):
        if candidate.is_file():
            return candidate
    return None


def _beside(weights: WeightFile) -> list[Candidate]:
    path = beside(weights.path)
    if path is None:
        return []
    title = f"{path.name}, which lies beside the weights"
    try:
        architecture = read_architecture(path)
    except ArchitectureError as error:
        return [Candidate("beside", title, "The file cannot be read as an architecture.", 0.3, (str(error),))]
    fitted = fit(architecture, weights.tensors)
    problems = _sentences(fitted)
    reason = "It fits the weights." if not problems else f"{len(problems)} things in it do not fit the weights."
    return [
        Candidate(
            *("beside", title, reason, 0.3 if problems else 1.0, problems),
            tuple(architecture.assumptions),
            architecture,
        )
    ]


def _inferred(weights: WeightFile) -> list[Candidate]:
    name = weights.path.stem
    found = []
    known = None
    for recognise, what in ((residual, "a residual network"), (inverted, "MobileNet v2")):
        known = recognise(weights.weights, name)
        if known is not None:
            title = f"{what.removeprefix('a ')} by its layers' names"
            reason = f"The layers' names are those of {what}."
            found.append(_candidate(weights, title[:1].upper() + title[1:], reason, known, 0.85))
            break
    if known is None or known.problems:
        for number, chain in enumerate(infer(weights.weights, name)):
            layers = sum(bool(placed.tensors) for placed in fit(chain.architecture, weights.tensors).layers)
            counted = f"{layers} layers" if layers != 1 else "1 layer"
            title = f"Chain of {counted} with weights{_for_input(chain)}"
            if any(title == other.title for other in found):
                title += ", set up in another way"
            reason = "Each layer takes what the one before it gives." if not chain.problems else "Only a part fits."
            found.append(_candidate(weights, title, reason, chain, 0.7 - 0.1 * number))
    return found


def _for_input(chain: Chain) -> str:
    for entry in chain.architecture.inputs:
        shape = "×".join(map(str, entry.shape))
        return f" for {shape} {'tokens' if entry.dtype == 'int64' else 'numbers'}"
    return ""


def _candidate(weights: WeightFile, title: str, reason: str, chain: Chain, score: float) -> Candidate:
    architecture = chain.architecture
    problems = [*chain.problems]
    if architecture.inputs and architecture.layers:
        fitted = fit(architecture, weights.tensors)
        problems += _sentences(fitted)
        said = " ".join(problems)
        for name in [one for one in fitted.unused if one not in chain.rounding]:
            path = name.rpartition(".")[0] or name
            if name in weights.weights and f"“{path}" not in said and f"“{name}" not in said:
                shape = "×".join(map(str, weights.tensors[name].shape)) or "one number"
                problems.append(f"The tensor “{name}” ({shape}) has no place in it.")
        _name_classes(weights, architecture, fitted)
    elif not problems:
        problems.append("No layer was recognised.")
    if chain.doubtful:
        score *= 0.75
    used = len(architecture.layers)
    if problems:
        score *= 0.5 * max(0.1, used / (used + len(problems)))
    if len(problems) > _MOST_PROBLEMS:
        problems = [*problems[:_MOST_PROBLEMS], f"{len(problems) - _MOST_PROBLEMS} more tensors or layers do not fit."]
    return Candidate("chain", title, reason, round(score, 3), tuple(problems), tuple(chain.assumptions), architecture)


def _sentences(fitted: Fit) -> tuple[str, ...]:
    return tuple(problem.sentence for problem in fitted.problems)


def _name_classes(weights: WeightFile, architecture: Architecture, fitted: Fit) -> None:
    """Take the names of the output's units from what the file says of itself, if there are as many."""
    if architecture.outputs or not fitted.outputs:
        return
    shape = fitted.shapes.get(fitted.outputs[-1][1])
    for key in _CLASSES:
        value = weights.metadata.get(key)
        listed: list[object] = list(value) if isinstance(value, list | tuple) else []
        if isinstance(value, dict):
            listed = [value.get(str(number)) for number in range(len(value))]
        names = [name for name in listed if isinstance(name, str)]
        if names and len(names) == len(listed) and shape == (None, len(names)):
            architecture.outputs.append(OutputEntry(classes=names))
            return
