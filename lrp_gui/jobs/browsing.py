"""Jobs that look at files as data: which is what, what it holds, what it needs. None of them needs torch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.document.files import ARCHITECTURE, CONSENT, REFUSED, RUNS, FileInfo, Source, amounts_of
from lrp_gui.jobs.opening import PICTURE_SUFFIXES, TABLE_SUFFIXES
from lrp_gui.jobs.reading import Reader
from lrp_gui.jobs.requests import Browsed
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import engine, tr, trn

if TYPE_CHECKING:
    from lrp_engine import WeightFile
    from lrp_engine.networks.loading import Needs

# Kinds of weight files whose graph can take tensors from another file, and a kind that can do neither.
GRAPHS = ("onnx", "pt2")
WHOLE = "torchscript"
PROGRAM = ".py"
# A list of shards names itself within its first bytes; an architecture and a config do not.
HEAD, SHARDS = 1 << 20, b'"weight_map"'
# Descriptions that lie beside weights and are read there: of a transformer, and of what its inputs are called.
BESIDE = ("config.json", ".lrp.json")
BLOCK = 1 << 22
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".onnx", ".pt2", ".ckpt")
FILES_LOOKED_AT = 10_000  # of a folder
_CLASS = re.compile(r":[A-Za-z_]\w*$")  # behind a program's path the class in it; a drive's colon is no such thing


@dataclass(frozen=True, slots=True)
class Given:
    """Files that were given together, by what they are taken for before any is opened."""

    weights: tuple[str, ...]
    tables: tuple[str, ...]
    architectures: tuple[str, ...]
    programs: tuple[str, ...]


def sorted_paths(paths: Sequence[str]) -> Given:
    """Tell tables, architectures and programs from weights by their suffix; everything else may be weights."""
    tables = tuple(path for path in paths if path.lower().endswith(TABLE_SUFFIXES) or _holds_pictures(path))
    programs = tuple(path for path in paths if path.lower().endswith(PROGRAM))
    described = tuple(path for path in paths if path.lower().endswith(".json") and not _lists_shards(path))
    others = {*tables, *programs, *described}
    return Given(tuple(path for path in paths if path not in others), tables, described, programs)


def are_pictures(paths: Sequence[str]) -> bool:
    """Whether these become one table together: pictures, each a sample."""
    return all(path.lower().endswith(PICTURE_SUFFIXES) for path in paths)


def browse(
    paths: Sequence[str],
    architecture: str = "",
    *,
    consents: Collection[str] = (),
    trust: bool = False,
    telling: bool = False,
) -> Steps[Browsed]:
    """Open files that were given together, as data.

    Parameters
    ----------
    paths
        One weight file or several, and what may come with it: a table, an architecture, a program.
    architecture
        What connects the tensors, given by name.
    consents
        SHA-256 of the programs that may run.
    trust
        Whether somebody consented, outside the window, to whatever program these files hold.
    telling
        Whether the tensors of a large file are to come as `Part`s of `ReadRows` before.

    Raises
    ------
    lrp_engine.LrpError
        If there are no weights among them, or none that can be read.
    """
    given = sorted_paths(paths)
    opened: list[FileInfo] = []
    broken: list[tuple[str, str]] = []
    for path in given.weights:
        yield Progress(text=tr("Reading {name}").format(name=Path(path).name))
        _browse_one(path, opened, broken, Reader(path, telling=telling), last=len(given.weights) == 1)
    yield Progress(text="Reading")
    file, graph = _main_and_graph(opened, connected=bool(architecture or given.architectures or given.programs))
    if file is None:
        from lrp_engine.errors import FormatError

        raise FormatError(" ".join(sentence for _path, sentence in broken))
    descriptions = [path for path in given.architectures if not _lies_beside(path, file.path)]
    connections = [*([architecture] if architecture else []), *descriptions, *given.programs]
    if graph is not None:
        connections.append(graph.path)
    source = Source(file.path, connections[0] if connections else "")
    parts = {*file.files, *(graph.files if graph else ()), file.path, source.architecture}
    over = [path for path in given.weights if path not in parts and path not in {one for one, _ in broken}]
    over += [path for path in (*connections[1:], *given.tables[1:]) if path not in over and path not in parts]
    left_out = [sentence for path, sentence in broken if path not in parts]
    if over:
        names = ", ".join(Path(path).name for path in over)
        left_out.append(
            trn(
                "One network and one table are open at a time: {names} was left out.",
                "One network and one table are open at a time: {names} were left out.",
                len(over),
            ).format(names=names)
        )
    file = _with_choice(file, source)
    if file.status == CONSENT and (consents or trust):
        digest = yield from sha256(program_of(source))
        if trust or digest in consents:
            source = replace(source, trusted=digest)
    return Browsed(file, source, given.tables[0] if given.tables else "", tuple(left_out))


def program_of(source: Source) -> str:
    """The file whose program would run: somebody's own, or the weight file itself."""
    path = _CLASS.sub("", source.architecture)
    return path if path.lower().endswith(PROGRAM) else source.path


def sha256(path: str) -> Steps[str]:
    """Compute the hash of a file's content, a block at a time.

    Raises
    ------
    lrp_engine.FormatError
        If it cannot be read.
    """
    from lrp_engine.errors import FormatError

    digest, done, name = hashlib.sha256(), 0, Path(path).name
    try:
        with Path(path).open("rb") as stream:
            total = Path(path).stat().st_size
            while block := stream.read(BLOCK):
                digest.update(block)
                done += len(block)
                yield Progress(done >> 10, total >> 10, tr("Reading {name}").format(name=name))
    except OSError as error:
        raise FormatError(
            tr("{name} cannot be read: {strerror}.").format(name=name, strerror=error.strerror or error)
        ) from error
    return digest.hexdigest()


def file_info(weights: WeightFile, reader: Reader) -> FileInfo:
    """Describe an opened file; `reader` has heard of its tensors."""
    from lrp_engine.networks.loading import needs

    need = needs(weights)
    files = tuple(str(path) for path in weights.files)
    rows = reader.rows(weights)
    return FileInfo(
        path=str(weights.path),
        name=weights.path.name,
        file_format=engine(weights.format),
        kind=weights.kind,
        nbytes=sum(_size(path) for path in files),
        tensors=rows,
        amounts=amounts_of(rows),
        metadata=tuple((str(name), _short(value)) for name, value in weights.metadata.items()),
        notes=tuple(map(engine, weights.notes)),
        nodes=len(weights.nodes),
        files=files,
        status=need.status,
        need=_needed(need),
    )


def _browse_one(
    path: str, opened: list[FileInfo], broken: list[tuple[str, str]], reader: Reader, *, last: bool
) -> None:
    """Open one of several files; one that is no weight file may still be a part of another."""
    from lrp_engine import open_weights
    from lrp_engine.errors import FormatError, UntrustedFile

    try:
        opened.append(file_info(open_weights(path, found=reader.found), reader))
    except UntrustedFile as error:
        refused = FileInfo(path, Path(path).name, "", nbytes=_size(path), files=(path,))
        opened.append(replace(refused, status=REFUSED, need=engine(str(error)), calls=error.calls))
    except FormatError as error:
        if last:
            raise
        broken.append((path, engine(str(error))))


def _main_and_graph(opened: list[FileInfo], *, connected: bool) -> tuple[FileInfo | None, FileInfo | None]:
    """The weights, and the file whose graph they take; one that is made of others stands for them."""
    whole = [one for one in opened if not any(one.path in other.files for other in opened if other is not one)]
    bare = [one for one in whole if one.kind not in {*GRAPHS, WHOLE} and one.status != REFUSED]
    graphs = [one for one in whole if one.kind in GRAPHS]
    if bare and graphs:
        return bare[0], graphs[0]
    # Of several that would stand alone, the first that needs nothing.
    readiness = (ARCHITECTURE, RUNS, CONSENT, REFUSED) if connected else (RUNS, CONSENT, ARCHITECTURE, REFUSED)
    order = sorted(whole, key=lambda one: readiness.index(one.status))
    return (order[0], None) if order else (None, None)


def _with_choice(file: FileInfo, source: Source) -> FileInfo:
    """What a file needs once somebody has said how its tensors are connected."""
    if not source.architecture or file.status == REFUSED:
        return file
    if program_of(source) != source.path:
        name = Path(program_of(source)).name
        return replace(
            file, status=CONSENT, need=tr("{name} is a program that would run on this computer.").format(name=name)
        )
    return replace(file, status=RUNS, need="") if file.status == ARCHITECTURE else file


def _lies_beside(description: str, weights: str) -> bool:
    return description.endswith(BESIDE) and Path(description).parent == Path(weights).parent


def _lists_shards(path: str) -> bool:
    try:
        with Path(path).open("rb") as stream:
            return SHARDS in stream.read(HEAD)
    except OSError:
        return False


def _holds_pictures(path: str) -> bool:
    """Whether it is a folder of pictures; one of weights is none, whatever else lies in it."""
    folder = Path(path)
    if not folder.is_dir():
        return False
    try:
        suffixes = {one.suffix.lower() for one in islice(folder.iterdir(), FILES_LOOKED_AT)}
    except OSError:
        return False
    return bool(suffixes & set(PICTURE_SUFFIXES)) and not suffixes & set(WEIGHT_SUFFIXES)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _sentence(words: str) -> str:
    """The engine says what a file needs in half a sentence, which stands behind a colon elsewhere."""
    first = words.split(" ", 1)[0]
    words = words.rstrip(".")
    return f"{words[:1].upper() if first.isalpha() else words[:1]}{words[1:]}." if words else ""


def _needed(need: Needs) -> str:
    """What a file needs; where what lies beside it does not fit, that first."""
    misfit = next((one for one in need.candidates if one.kind == "beside" and one.problems), None)
    if misfit is None or need.status == RUNS:
        return _sentence(engine(need.sentence))
    return tr("{title}, does not fit: {problems}").format(
        title=engine(misfit.title), problems=engine(misfit.problems[0])
    )


def _short(value: Any, limit: int = 200) -> str:
    """A value in a line, without the brackets and quotation marks of Python."""
    if isinstance(value, Mapping):
        value = ", ".join(f"{name}: {one}" for name, one in islice(value.items(), limit))
    elif isinstance(value, list | tuple):
        value = ", ".join(map(str, value[:limit]))
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
