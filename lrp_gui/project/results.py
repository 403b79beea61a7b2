"""Results that a project keeps on demand: what was computed, shown when it is opened until it is explained again.

They lie beside the table, as numbers in a safetensors file of their own and the rest as JSON. What made them is in a
hash: where the network, the table, the rules or the program are others, they are nobody's results and stay unread.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lrp_engine import __version__
from lrp_gui.document.results import Flow, LayerResult, LedgerRow, SampleResult, TableResult
from lrp_gui.languages import tr
from lrp_gui.project.schema import damaged

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.project.schema import Project
    from lrp_gui.project.tensors import Array, Tensors

# A table's numbers are copied in the main thread when it is saved; of larger ones only the chosen sample is kept.
MOST_TABLE_BYTES = 16 * 1024**2
_AMOUNTS = ("arrived", "passed_on", "bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")


@dataclass(frozen=True, slots=True)
class Kept:
    """Results as they were saved: of the chosen sample, and of the table."""

    when: str  # for people
    sample: SampleResult | None
    table: TableResult | None


class LedgerText(msgspec.Struct, forbid_unknown_fields=True):
    """The words of a row of the ledger; its amounts are a tensor."""

    node: str
    layer: str
    kind: str
    rule: str
    reason: str


class SampleRecord(msgspec.Struct, forbid_unknown_fields=True):
    """The words of a sample's explanation, in the order of its tensors."""

    row: int
    sample: str
    target: str
    composite: str
    inputs: tuple[str, ...]
    layers: tuple[str, ...]
    flows: tuple[tuple[str, str], ...]  # layer, and the layer it feeds from
    ledger: tuple[LedgerText, ...]
    shares: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    shows: str
    against: str
    seconds: float


class ResultsRecord(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON beside the tensors."""

    made_by: str
    when: str
    sample: SampleRecord | None
    refused: tuple[tuple[int, str], ...] | None  # of the table; None where it is not kept


# ------------------------------------------------------------------------------------------------ to be written


def gathered(document: Document, when: str, *, complete: bool) -> Kept | None:
    """What there is to keep now: of what is out of date nothing. `complete`: no row of the table waits."""
    sample, table = document.result, document.table_result if complete else None
    if sample is not None and (document.stale or not _is_of(document, sample)):
        sample = None
    if table is not None:
        arrays = (table.outputs, table.explained, table.relevance)
        plain = all(isinstance(one, np.ndarray) for one in arrays)
        if not plain or sum(one.nbytes for one in arrays) > MOST_TABLE_BYTES:
            table = None  # of a large table not everything is there
        else:
            # The next explanation writes into these arrays.
            outputs, explained, relevance = (one.copy() for one in arrays)
            refused = dict(table.refused)
            table = replace(table, outputs=outputs, explained=explained, relevance=relevance, refused=refused)
    return Kept(when, sample, table) if sample is not None or table is not None else None


def _is_of(document: Document, sample: SampleResult) -> bool:
    table, asked = document.table, document.request
    if table is None or asked is None or not sample.row == asked.row == document.selected_sample:
        return False
    return asked.row < table.samples and np.array_equal(asked.values, table.values[asked.row], equal_nan=True)


def made_by(project: Project, table: int) -> str:
    """The hash of all that makes a result; "" where it is not known what the network is.

    Parameters
    ----------
    project
        With the hashes of the network's files.
    table
        The check sum of the tables.
    """
    source = project.source
    if source is None or not source.weights.sha256:
        return ""
    connected = (source.architecture,) if source.architecture is not None else ()
    files = [one.sha256 for one in (source.weights, *source.parts, *connected)]
    how = (source.class_name, source.text, source.candidate, source.sizes, project.settings, project.selection.sample)
    whole = msgspec.json.encode((__version__, project.program, files, *how, table))
    return hashlib.sha256(whole).hexdigest()


def packed(kept: Kept, made: str) -> tuple[bytes, dict[str, Array]]:
    """The JSON and the tensors."""
    arrays: dict[str, Array] = {}
    record, refused = None, None
    if kept.sample is not None:
        record = _sample_packed(kept.sample, arrays)
    if kept.table is not None:
        refused = tuple(sorted(kept.table.refused.items()))
        for name in ("outputs", "explained", "relevance"):
            arrays[f"table.{name}"] = _plain(getattr(kept.table, name))
    return msgspec.json.encode(ResultsRecord(made, kept.when, record, refused)), arrays


def _sample_packed(one: SampleResult, arrays: dict[str, Array]) -> SampleRecord:
    arrays["outputs"], arrays["explained"] = _plain(one.outputs), np.array([one.explained], dtype=np.float64)
    for number, name in enumerate(one.inputs):
        arrays[f"input.{number}.relevance"] = _plain(one.inputs[name])
        arrays[f"input.{number}.value"] = _plain(one.values[name])
    for number, layer in enumerate(one.layers.values()):
        arrays[f"layer.{number}.relevance"] = _plain(layer.relevance)
        arrays[f"layer.{number}.activation"] = _plain(layer.activation)
    for number, flow in enumerate(one.flows.values()):
        arrays[f"flow.{number}"] = _plain(flow.matrix)
    amounts = [[getattr(row, name) for name in _AMOUNTS] for row in one.ledger]
    arrays["ledger"] = np.array(amounts, dtype=np.float64).reshape(len(one.ledger), len(_AMOUNTS))
    arrays["shares"] = np.array(list(one.shares.values()), dtype=np.float64).reshape(len(one.shares), 2)
    return SampleRecord(
        *(one.row, one.sample, one.target, one.composite, tuple(one.inputs), tuple(one.layers)),
        tuple((layer, flow.source) for layer, flow in one.flows.items()),
        tuple(LedgerText(row.node, row.layer, row.kind, row.rule, row.reason) for row in one.ledger),
        *(tuple(one.shares), one.notes, one.warnings, one.shows, one.against, one.seconds),
    )


def _plain(array: Any) -> np.ndarray:
    """The same numbers in one of the types that the file knows."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return array.astype(np.int64, copy=False)
    return array if array.dtype == np.float64 else array.astype(np.float32, copy=False)


# --------------------------------------------------------------------------------------------------- to be shown


def record_of(text: bytes, file: str) -> ResultsRecord:
    """Read the JSON.

    Raises
    ------
    FormatError
        If it is not as it was written.
    """
    try:
        return msgspec.json.decode(text, type=ResultsRecord)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise damaged(file, tr("its results are not as they should be")) from error


def unpacked(record: ResultsRecord, tensors: Tensors, samples: int, file: str) -> Kept:
    """The results of a project whose table has so many samples.

    Raises
    ------
    FormatError
        If a tensor is missing, or does not fit the others.
    """
    table = None
    if record.refused is not None:
        outputs, relevance = (tensors.numbers(f"table.{name}", (samples, None)) for name in ("outputs", "relevance"))
        explained = tensors.numbers("table.explained", (samples,))
        refused = {row: why for row, why in record.refused if 0 <= row < samples}
        table = TableResult(np.arange(samples), outputs, explained, relevance, refused)
    sample = record.sample
    if sample is not None and not 0 <= sample.row < samples:
        raise damaged(file, tr("its results are not as they should be"))
    return Kept(record.when, _sample_of(sample, tensors) if sample is not None else None, table)


def _sample_of(record: SampleRecord, tensors: Tensors) -> SampleResult:
    amounts = tensors.numbers("ledger", (len(record.ledger), len(_AMOUNTS))).tolist()
    shares = tensors.numbers("shares", (len(record.shares), 2)).tolist()
    rows = [
        LedgerRow(text.node, text.layer, text.kind, text.rule, *numbers, reason=text.reason)
        for text, numbers in zip(record.ledger, amounts, strict=True)
    ]
    layers = {}
    for number, path in enumerate(record.layers):
        relevance = tensors.numbers(f"layer.{number}.relevance")
        layer = layers[path] = LayerResult(relevance, tensors.numbers(f"layer.{number}.activation", relevance.shape))
        _ = layer.sums  # made here, in the worker: pictures want them in the main thread
    return SampleResult(
        row=record.row,
        sample=record.sample,
        outputs=tensors.numbers("outputs"),
        explained=float(tensors.numbers("explained", (1,))[0]),
        target=record.target,
        composite=record.composite,
        inputs={name: tensors.numbers(f"input.{number}.relevance") for number, name in enumerate(record.inputs)},
        values={name: tensors.numbers(f"input.{number}.value") for number, name in enumerate(record.inputs)},
        layers=layers,
        flows={
            layer: Flow(source, tensors.numbers(f"flow.{number}", (None, None)))
            for number, (layer, source) in enumerate(record.flows)
        },
        ledger=tuple(rows),
        notes=record.notes,
        seconds=record.seconds,
        warnings=record.warnings,
        shows=record.shows,
        shares={pair: (positive, negative) for pair, (positive, negative) in zip(record.shares, shares, strict=True)},
        against=record.against,
    )


def put_back(document: Document, kept: Kept) -> None:
    """Show what was saved until it is explained again, which begins at once, and say that it is that."""
    network, table = document.network, document.table
    if network is None or table is None:
        return
    numbers, sample = kept.table, kept.sample
    width = len(network.inputs[0].features) if network.inputs else 0
    fits = numbers is not None and len(numbers.rows) == table.samples and numbers.relevance.shape[1] == width
    if fits and numbers is not None and numbers.outputs.shape[1] == len(network.outputs):
        document.put_table_result(numbers)
    if sample is not None and sample.row == document.selected_sample and _fits(sample, network):
        how = tr("{composite}, as saved on {when}").format(composite=sample.composite, when=kept.when)
        against = tr("{reference}, as saved on {when}").format(reference=sample.against, when=kept.when)
        document.put_result(replace(sample, composite=how, against=against if sample.against else ""))


def _fits(sample: SampleResult, network: NetworkInfo) -> bool:
    """Whether the result has the shapes of this network, as everything that draws it takes for granted."""
    inputs, layers = {one.name: one.shape for one in network.inputs}, {one.path: one.shape for one in network.layers}
    shapes = [(path, one.relevance.shape) for path, one in sample.layers.items()]
    known = all(path in layers and shape == layers[path] for path, shape in shapes)
    same = all({name: one.shape for name, one in each.items()} == inputs for each in (sample.inputs, sample.values))
    return known and same and sample.outputs.shape == (len(network.outputs),)
