"""The command line: `lrp-engine inspect FILE` and `lrp-engine explain FILE --data TABLE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .composites import Composite, composite_names
from .errors import CompositeError, InputError, LrpError, TargetError

if TYPE_CHECKING:
    import numpy as np

    from .files.table import RawTable
    from .networks.network import Network

DONE, USAGE, UNUSABLE = 0, 2, 3
_PRINTED = 3  # samples whose layers are printed; all are written


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 2 usage, 3 the file cannot be used."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except (TargetError, CompositeError) as error:
        print(f"lrp-engine: {error}", file=sys.stderr)
        return USAGE
    except LrpError as error:
        print(f"lrp-engine: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lrp-engine",
        description="Look into weight files, and explain networks by layer-wise relevance propagation. "
        "No code of a file is run.",
        epilog="Exit codes: 0 done, 2 usage, 3 the file cannot be used (one line says why).",
    )
    parser.add_argument("--version", action="version", version=f"lrp-engine {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    inspect = commands.add_parser(
        "inspect", help="say what is in a weight file", description="Say what is in a weight file."
    )
    inspect.add_argument("file", metavar="FILE", type=Path, help="a weight file: .pt2, .pth, .pt, .safetensors")
    inspect.add_argument("--json", action="store_true", help="as JSON")
    inspect.set_defaults(run=_inspect)

    explain = commands.add_parser(
        "explain",
        help="explain a network's output on rows of a table",
        description="Explain a network's output on rows of a table; writes "
        "explanation.json, relevance.csv and relevance.npz.",
    )
    explain.add_argument("file", metavar="FILE", type=Path, help="a weight file")
    explain.add_argument(
        "--data", metavar="TABLE", type=Path, required=True, help="a CSV or TSV file, in the units of the features"
    )
    explain.add_argument(
        "--architecture", metavar="JSON", type=Path, help="how a state dict is connected; else the one beside it"
    )
    explain.add_argument("--rows", default=":", help="which rows, counted from 0: 7, 0:5, or 0,3,9 (default: all)")
    explain.add_argument(
        "--target", default="max", help="max, a unit, a class name, or a difference such as 2-5 (default: max)"
    )
    names = "; ".join(f"{name}: {what}" for name, what in composite_names())
    explain.add_argument("--composite", default="epsilon_plus", help=f"{names}; or a JSON file (default: epsilon_plus)")
    explain.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the results go; made if missing")
    explain.set_defaults(run=_explain)
    return parser


def _inspect(arguments: argparse.Namespace) -> int:
    from .files import open_weights
    from .report import inspection, inspection_json

    weights = open_weights(arguments.file)
    print(inspection_json(weights) if arguments.json else inspection(weights))
    return DONE


def _explain(arguments: argparse.Namespace) -> int:
    from .files.table import read_table
    from .networks import load
    from .propagate import explain
    from .report import layer_table, write
    from .targets import parse_target

    composite = _composite(arguments.composite)
    network = load(arguments.file, arguments.architecture)
    for note in network.notes:
        print(f"note: {note}", file=sys.stderr)
    target = parse_target(arguments.target, network.outputs[0].classes)
    table = read_table(arguments.data)
    rows, inputs, features = _samples(network, table, arguments.rows)
    explanation = explain(network, inputs, target, composite)
    for warning in explanation.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for position, row in enumerate(rows[:_PRINTED]):
        print(layer_table(network, explanation, position, f"row {row}"))
        print()
    if len(rows) > _PRINTED:
        print(f"… and {len(rows) - _PRINTED} more rows, in the files.")
    try:
        written = write(arguments.out, network, explanation, rows, features)
    except OSError as error:
        raise InputError(f"The results cannot be written to {arguments.out}: {error.strerror or error}.") from error
    print("written: " + ", ".join(str(path) for path in written))
    return DONE


def _composite(text: str) -> Composite:
    if text.endswith(".json"):
        try:
            return Composite.from_json(Path(text).read_bytes())
        except OSError as error:
            raise CompositeError(f"The composite {text} cannot be read: {error.strerror}.") from error
    return Composite.named(text)


def _samples(network: Network, table: RawTable, wanted: str) -> tuple[list[int], np.ndarray, list[str]]:
    """The rows that can be explained, their values in the network's units, and the features' names."""
    from .files.features import numbered
    from .files.table import match_columns, row_problems, standardise

    if len(network.inputs) != 1:
        raise InputError(f"The network takes {len(network.inputs)} inputs; a table can give one.")
    entry = network.inputs[0]
    features = entry.features or numbered(prod(entry.unit_shape))
    matched = match_columns(features, bool(entry.features), table)
    for note in (*table.notes, *matched.notes):
        print(f"note: {note}", file=sys.stderr)
    values, bad = matched.take(table)
    chosen = _rows(wanted, len(values))
    problems = row_problems(values, [feature.name for feature in features], bad)
    for row in chosen:
        if row in problems:
            print(f"not explained: {problems[row]}", file=sys.stderr)
    rows = [row for row in chosen if row not in problems]
    if not rows:
        raise InputError("None of the chosen rows can be explained.")
    standard = standardise(values[rows], features).reshape(len(rows), *entry.unit_shape)
    return rows, standard.astype(entry.dtype), [feature.name for feature in features]


def _rows(text: str, count: int) -> list[int]:
    try:
        if ":" in text:
            start, _, stop = text.partition(":")
            rows = list(range(count))[int(start) if start else None : int(stop) if stop else None]
        else:
            rows = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise TargetError(f"“{text}” does not name rows; write 7, 0:5, or 0,3,9.") from error
    outside = [row for row in rows if not 0 <= row < count]
    if outside or not rows:
        raise InputError(
            f"The table has rows 0 to {count - 1}; “{text}” names {outside[0] if outside else 'none of them'}."
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
