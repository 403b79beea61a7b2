"""Jobs about tables of any format: a look at the first rows, the whole file, its inputs, and writing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.jobs.imported import AS_FOUND, MEAN, NONE, Plan, Preview, Thumbnail, Whole, columns_key
from lrp_gui.jobs.opening import features_of
from lrp_gui.jobs.requests import TableData
from lrp_gui.jobs.steps import Part, Progress, Steps, report
from lrp_gui.jobs.texts import PLAIN, lines_as_table, matched_tokens, reads_texts, tokenised
from lrp_gui.languages import engine, tr

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine.files.columns import Matched
    from lrp_engine.files.table import PictureInput, RawTable, Reading
    from lrp_engine.files.table_writing import Style
    from lrp_gui.document.results import Feature, NetworkInfo

PREVIEW_ROWS, PREVIEW_CELLS, FEWEST_ROWS = 100, 100_000, 4  # of a wide file fewer rows are shown
SAMPLE_NAMES = "sample"  # a column of this name that no input takes
THUMBNAILS, THUMBNAIL_SIZE = 4, 112
LONGEST_CELL = 200  # letters of a cell that are shown


def picture_of(network: NetworkInfo) -> PictureInput | None:
    """How a picture becomes the network's input; None if it takes none.

    Black and white are the ends of the features' range, where all of them have the same.
    """
    from lrp_engine.files.table import picture_input

    found = picture_input([one.shape for one in network.inputs])
    ranges = {_ends(feature) for feature in features_of(network)} if found is not None else set()
    low, high = next(iter(ranges)) if len(ranges) == 1 else (inf, inf)
    return replace(found, low=low, high=high) if found is not None and isfinite(high - low) and high > low else found


def _ends(feature: Feature) -> tuple[float, float]:
    """Between which numbers a feature lies; a unit may say it: “0 to 16”."""
    from lrp_engine.files.features import header_feature

    if isfinite(feature.high - feature.low) or not feature.unit:
        return feature.low, feature.high
    said = header_feature(f"x [{feature.unit}]")
    return said.low, said.high


def look(network: NetworkInfo, paths: Sequence[str], plan: Plan) -> Steps[Whole]:
    """Read a file whole, and see whether it fits; its first rows come before as a `Part`.

    Raises
    ------
    lrp_engine.LrpError
        If not even its first rows can be read.
    """
    from lrp_engine.errors import FormatError
    from lrp_engine.files.table import PEEKED, match_columns, peek_table
    from lrp_engine.files.table_pictures import read_pictures

    name = Path(paths[0]).name
    yield Progress(text=tr("Looking at {name}").format(name=name))
    picture = plan.picture or picture_of(network)
    first = _texts(network, paths, plan.reading, most=PEEKED)
    if first is None:
        first = peek_table(paths, plan.reading, PREVIEW_ROWS if not _pictures(paths) else 1)
    if first.kind == "pictures":
        first = read_pictures(_files(paths), picture, THUMBNAILS)
        yield Part(tuple(_thumbnail(path, picture) for path in _first_files(paths)))
    yield Part(_preview(first))
    yield Progress(text=tr("Reading {name}").format(name=name))
    try:
        raw = _read(network, paths, picture, plan.reading)
    except FormatError as error:
        return Whole(problem=engine(str(error)), choice=error.choice)
    if raw.names != first.names:  # tokens came in before the texts
        yield Part(_preview(raw))
    yield Progress(text=tr("Reading {name}").format(name=name))
    return fitted(network, raw, plan, match_columns)


def fitted(network: NetworkInfo, raw: RawTable, plan: Plan, match: Any) -> Whole:
    """Find the network's inputs among the columns, as planned or else as they are called."""
    from lrp_engine.errors import FormatError
    from lrp_engine.files.columns import suggest_columns

    features, named = features_of(network), all(one.named for one in network.inputs)
    count = len(raw.values)
    if len(plan.columns) == len(features):
        return Whole(raw, count, plan.order(raw.names), raw.notes)
    try:
        matched = matched_tokens(network, raw) or match(features, named, raw)
    except FormatError as error:
        return Whole(raw, count, suggest_columns(features, named, raw), raw.notes, engine(str(error)))  # type: ignore[arg-type]
    said = () if raw.kind == "pictures" else matched.notes  # their columns are of our making
    return Whole(raw, count, matched.order, raw.notes + said)


def take(network: NetworkInfo, path: str, raw: RawTable, order: Sequence[int], plan: Plan) -> Steps[TableData]:
    """Make a table of inputs of a file that was read whole."""
    from lrp_engine.files.columns import Matched

    yield Progress(text=tr("Importing {name}").format(name=Path(path).name))
    place = {name: column for column, name in enumerate(raw.names)}
    left_out = {place[name] for name in plan.left_out if name in place}
    names = place.get(plan.sample_names, NONE)
    return table_data(network, path, raw, Matched(tuple(order)), names=names, left_out=left_out, absent=plan.absent)


def table_data(
    network: NetworkInfo,
    path: str,
    raw: RawTable,
    matched: Matched,
    *,
    names: int = NONE,
    left_out: frozenset[int] | set[int] = frozenset(),
    absent: str = "",
) -> TableData:
    """The network's columns of a table, and the others beside them.

    Parameters
    ----------
    names
        The column in which the samples' names stand.
    left_out
        Columns that are not kept.
    absent
        `MEAN` where features without a column get their mean.
    """
    from lrp_gui.jobs.auditing import Checks, with_header

    values, typed = matched.take(raw)[0], matched.typed(raw)
    if absent == MEAN and NONE in matched.order:
        values = values.copy(order="K")
        for feature, (column, known) in enumerate(zip(matched.order, features_of(network), strict=True)):
            if column == NONE:
                values[:, feature] = known.mean

    used = {*matched.order, *left_out, names}
    extras = tuple((name, _column(raw, column)) for column, name in enumerate(raw.names) if column not in used)
    called = tuple(raw.column(names)) if names != NONE else ()
    titles = {feature: raw.names[column] for feature, column in enumerate(matched.order) if column != NONE}
    features = with_header(
        features_of(network), titles if raw.named else {}, named=all(one.named for one in network.inputs)
    )
    audit = Checks(features).audit(values)
    return TableData(path, values, typed, extras, raw.notes + matched.notes, called, features, audit)


def read_as_planned(network: NetworkInfo, paths: Sequence[str], plans: Mapping[str, Plan]) -> Steps[TableData]:
    """Read a table, as somebody read one of these columns before; otherwise as it is found.

    Raises
    ------
    lrp_engine.LrpError
        If it is no table, or does not fit.
    """
    from lrp_engine.errors import LrpError
    from lrp_engine.files.table import match_columns, peek_table

    name = Path(paths[0]).name
    yield Progress(text=tr("Reading {name}").format(name=name))
    plan = None
    if plans:
        try:
            first = peek_table(paths, rows=2)
            plan = plans.get(columns_key(first.kind, first.names if first.kind != "pictures" else ()))
        except LrpError:
            plan = None  # reading it says why
    picture = (plan.picture if plan else None) or picture_of(network)
    yield Progress(text=tr("Reading {name}").format(name=name))
    raw = _read(network, paths, picture, plan.reading if plan else AS_FOUND)
    yield Progress(text=tr("Reading {name}").format(name=name))
    if plan is not None and plan.columns:
        order = plan.order(raw.names)
        known = sum(bool(one) for one in plan.columns)
        if sum(column != NONE for column in order) == known:
            data = yield from take(network, paths[0], raw, order, plan)
            return replace(data, notes=(*data.notes, tr("The columns were taken as they were mapped the last time.")))
    matched = matched_tokens(network, raw)
    if matched is None:
        matched = match_columns(features_of(network), all(one.named for one in network.inputs), raw)  # type: ignore[arg-type]
    names = raw.names.index(SAMPLE_NAMES) if SAMPLE_NAMES in matched.extras else NONE
    return table_data(network, paths[0], raw, matched, names=names)


def write(
    path: str, gather: Callable[[], Mapping[str, Any]], style: Style | None, unchanged: Callable[[], bool]
) -> Steps[str]:
    """Write a table; returns where.

    Parameters
    ----------
    gather
        Makes the columns.
    unchanged
        Whether what they are made of is still the same: it is edited in another thread.

    Raises
    ------
    lrp_engine.LrpError
        If the format cannot hold it, the place cannot be written to, or the table was edited meanwhile.
    """
    from lrp_engine.errors import InputError
    from lrp_engine.files.table_writing import AS_USUAL, writing_table

    yield Progress(text=tr("Writing {name}").format(name=Path(path).name))
    columns = gather()
    if not unchanged():
        raise InputError(
            tr("The table was edited while {name} was being written; write it again.").format(name=Path(path).name)
        )
    steps = writing_table(path, columns, style or AS_USUAL)
    try:
        for done, total in steps:
            yield Progress(done, total, tr("Writing {name}").format(name=Path(path).name))
    finally:
        steps.close()
    return path


def _read(network: NetworkInfo, paths: Sequence[str], picture: PictureInput | None, reading: Reading) -> RawTable:
    """Read a file whole; texts, where the network reads such, become tokens.

    Raises
    ------
    lrp_engine.LrpError
        If it cannot be read, or its texts cannot be cut into tokens.
    """
    from lrp_engine.files.table import read_table

    lines = _texts(network, paths, reading)
    name = Path(paths[0]).name

    def progress(done: int, total: int) -> None:
        report(*_in_parts(done, total), text=tr("Reading {name}").format(name=name))

    raw = lines or read_table(_one(paths), picture, reading, progress)
    if not reads_texts(network) or raw.kind == "pictures":
        return raw
    return tokenised(network, paths[0], raw) or raw


def _in_parts(done: int, total: int) -> tuple[int, int]:
    """Bytes as KiB: Qt counts no further than two billions."""
    return (done >> 10, total >> 10) if total > 1 << 20 else (done, total)


def _texts(network: NetworkInfo, paths: Sequence[str], reading: Reading, most: int = 0) -> RawTable | None:
    """A plain text file for a network that reads tokens; None for any other."""
    if len(paths) > 1 or not paths[0].lower().endswith(PLAIN) or not reads_texts(network):
        return None
    return lines_as_table(paths[0], reading, most)


def _column(raw: RawTable, column: int) -> Sequence[str] | np.ndarray:
    numbers = raw.numbers(column)
    return raw.column(column) if numbers is None else numbers


def _one(paths: Sequence[str]) -> Any:
    return paths[0] if len(paths) == 1 else list(paths)


def _pictures(paths: Sequence[str]) -> bool:
    from lrp_engine.files.table_pictures import SUFFIXES

    return all(path.lower().endswith(SUFFIXES) or Path(path).is_dir() for path in paths)


def _files(paths: Sequence[str]) -> Any:
    return Path(paths[0]) if len(paths) == 1 else [Path(path) for path in paths]


def _first_files(paths: Sequence[str]) -> list[Path]:
    from lrp_engine.files.table_pictures import picture_files

    return picture_files(_files(paths))[:THUMBNAILS]


def _thumbnail(path: Path, picture: PictureInput | None) -> Thumbnail:
    from lrp_engine.files.table_pictures import shown_picture

    before, after, size = shown_picture(path, picture, THUMBNAIL_SIZE)
    return Thumbnail(path.name, before, after, size)


def _preview(first: RawTable) -> Preview:
    most = min(len(first.values), PREVIEW_ROWS, max(FEWEST_ROWS, PREVIEW_CELLS // max(len(first.names), 1)))
    rows = [tuple(_short(cell) for cell in first.cells[row]) for row in range(most)]
    return Preview(first.kind, first.names, tuple(rows), first.found, first.named, first.sheets)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
