"""Jobs about how tensors are connected and whether a program may run: candidates, checks, consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.document.files import CandidateRow, Check, Consent, Misfit
from lrp_gui.jobs import json_lines
from lrp_gui.jobs.browsing import program_of, sha256
from lrp_gui.jobs.gentle import import_torch
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import engine, mark, tr, trn

if TYPE_CHECKING:
    from lrp_engine.networks.architecture import Architecture
    from lrp_engine.networks.fitting import Fit
    from lrp_gui.document.files import Source

EDITED = mark("The architecture")


def candidates(path: str) -> Steps[tuple[CandidateRow, ...]]:
    """The ways in which the tensors of a file may be connected, the best first."""
    import lrp_engine

    yield Progress(text=tr("Looking for ways to connect {name}").format(name=Path(path).name))
    found = lrp_engine.candidates(lrp_engine.open_weights(path))
    yield Progress(text=tr("Looking for ways to connect {name}").format(name=Path(path).name))
    return tuple(_row(one) for one in found)


def _row(candidate: Any) -> CandidateRow:
    text = "" if candidate.architecture is None else candidate.architecture.to_json()
    return CandidateRow(
        candidate.kind,
        candidate.title,
        engine(candidate.reason),
        candidate.score,
        tuple(map(engine, candidate.problems)),
        tuple(map(engine, candidate.assumptions)),
        text,
    )


def check(path: str, text: str) -> Steps[Check]:
    """Whether an architecture fits the tensors of a file: all that does not, and where it stands. Needs no torch."""
    import lrp_engine
    from lrp_engine.errors import ArchitectureError, LrpError
    from lrp_engine.networks.architecture import parse_architecture
    from lrp_engine.networks.fitting import fit

    try:
        architecture = parse_architecture(text, EDITED)
    except ArchitectureError as error:
        sentence = str(error)
        return Check(
            tr("This is no architecture yet."), (Misfit(engine(sentence), json_lines.line_in_question(text, sentence)),)
        )
    try:
        weights = lrp_engine.open_weights(path)
    except LrpError as error:
        return Check(tr("The weights cannot be read any more."), (Misfit(engine(str(error))),))
    yield Progress(text=tr("Checking the architecture"))
    fitted = fit(architecture, weights.tensors)
    yield Progress(text=tr("Checking the architecture"))
    names = [entry.name for entry in architecture.layers]
    known = json_lines.lines(text)
    misfits = [
        Misfit(
            engine(one.sentence), known.get(("layers", names.index(one.layer), "name"), 0) if one.layer in names else 0
        )
        for one in fitted.problems
    ] or _misnamed(architecture, fitted, known)
    own = weights.weights  # without what training left there
    unused = tuple(f"{name} ({_shape(own[name].shape)})" for name in fitted.unused if name in own)
    return Check(_outcome(len(misfits), len(own), unused), tuple(misfits), unused,
                 tuple(map(engine, architecture.assumptions)))  # fmt: skip


def _misnamed(architecture: Architecture, fitted: Fit, known: Mapping[json_lines.Path, int]) -> list[Misfit]:
    """Features and classes of which there is not one for each unit."""
    from lrp_engine.errors import ArchitectureError
    from lrp_engine.networks.architecture import classes_of, features_of

    misfits = []
    for number, entry in enumerate(architecture.inputs):
        try:
            features_of(entry.name, tuple(entry.shape), entry.features)
        except ArchitectureError as error:
            misfits.append(Misfit(engine(str(error)), known.get(("inputs", number, "features"), 0)))
    for number, (entry, (_name, layer)) in enumerate(zip(architecture.outputs, fitted.outputs, strict=False)):
        shape = fitted.shapes.get(layer)
        try:
            classes_of(entry, len(entry.classes) if shape is None else prod(size or 1 for size in shape[1:]))
        except ArchitectureError as error:
            misfits.append(Misfit(engine(str(error)), known.get(("outputs", number, "classes"), 0)))
    return misfits


def _outcome(misfits: int, tensors: int, unused: tuple[str, ...]) -> str:
    if misfits:
        return trn("One thing does not fit.", "{n} things do not fit.", misfits)
    if unused:
        return trn(
            "It fits; {n} of {tensors} tensors is left unused.",
            "It fits; {n} of {tensors} tensors are left unused.",
            len(unused),
        ).format(tensors=tensors)
    return tr("It fits: all {tensors} tensors are used.").format(tensors=tensors) if tensors > 1 else tr("It fits.")


def _shape(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes)) or "1"


def consent(source: Source) -> Steps[Consent]:
    """What somebody has to know before the program of a source may run: the engine's sentence, and the file's hash.

    Raises
    ------
    lrp_engine.LrpError
        If the file cannot run at all, consent or not.
    """
    import lrp_engine
    from lrp_engine.errors import UntrustedFile

    yield from import_torch()
    path = program_of(source)
    digest = yield from sha256(path)
    meaning, names = tr("{name} is a program; to use it means to run it.").format(name=Path(path).name), ()
    try:
        lrp_engine.load(source.path, source.architecture or None)
    except UntrustedFile as error:
        if not error.consent:
            raise
        meaning, names = engine(error.consent), error.calls
    return Consent(path, Path(path).stat().st_size, digest, meaning, names)


def check_trusted(source: Source) -> Steps[None]:
    """Look whether the program is still the one to which somebody consented.

    Raises
    ------
    lrp_engine.UntrustedFile
        If it has changed since.
    """
    from lrp_engine.errors import UntrustedFile

    path = program_of(source)
    digest = yield from sha256(path)
    if digest != source.trusted:
        name = Path(path).name
        raise UntrustedFile(
            tr("{name} has changed since it was read and trusted; open it again.").format(name=name),
            (),
            tr("{name} is a program.").format(name=name),
        )


def architecture_of(source: Source) -> str | Architecture | Any | None:
    """What `lrp_engine.load` takes for what was chosen.

    Raises
    ------
    lrp_engine.LrpError
        If the edited text is no architecture, or the candidate is not offered any more.
    """
    import lrp_engine
    from lrp_engine.errors import FormatError

    if source.text:
        from lrp_engine.networks.architecture import parse_architecture

        return parse_architecture(source.text, EDITED)
    if not source.candidate:
        return source.architecture or None
    for one in lrp_engine.candidates(lrp_engine.open_weights(source.path)):
        if one.title == source.candidate:
            return one
    raise FormatError(
        tr("“{candidate}” is not offered for {name} any more; choose again.").format(
            candidate=source.candidate, name=Path(source.path).name
        )
    )
