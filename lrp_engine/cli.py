"""The command line: `lrp-engine inspect FILE`, `compare FILE OTHER` and `explain FILE --data TABLE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .composites import Composite, composite_names
from .errors import (
    ArchitectureError,
    CompositeError,
    InputError,
    LrpError,
    NeedsArchitecture,
    TargetError,
    UntrustedFile,
)
from .files.table import FITS, PictureInput
from .files.table_writing import WRITERS

if TYPE_CHECKING:
    import numpy as np

    from .files import WeightFile
    from .files.table import RawTable
    from .health import Finding
    from .networks.candidate import Candidate
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
        for line in _more(error):
            print(line, file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return DONE


def _more(error: LrpError) -> list[str]:
    """What there is to say beside the sentence: ways out, and what was kept from happening."""
    if isinstance(error, NeedsArchitecture) and error.candidates:
        from .inspection import candidate_lines

        return ["ways to connect the tensors (--candidate NUMBER):", *candidate_lines(error.candidates)]
    if isinstance(error, UntrustedFile):
        said = [f"it would have called: {', '.join(error.calls)}"] if error.calls else []
        return [*said, f"with --trust: {error.consent}"] if error.consent else said
    return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lrp-engine",
        description="Look into weight files, and explain networks by layer-wise relevance propagation. "
        "No code of a file is run without your consent.",
        epilog="Exit codes: 0 done, 2 usage, 3 the file cannot be used (one line says why).",
    )
    parser.add_argument("--version", action="version", version=f"lrp-engine {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    inspect = commands.add_parser(
        "inspect", help="say what is in a weight file", description="Say what is in a weight file."
    )
    inspect.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="a weight file: .pt, .pth, .bin, .ckpt, .pt2, .safetensors, .onnx, .npz …",
    )
    inspect.add_argument("--json", action="store_true", help="as JSON")
    inspect.add_argument(
        "--write",
        metavar="NUMBER",
        type=int,
        help="write the way to connect the tensors with this number as NAME.architecture.json beside the file",
    )
    inspect.add_argument(
        "--health",
        action="store_true",
        help="also go through all numbers: NaN, weights that explode or vanish, units without weights, duplicates …",
    )
    inspect.add_argument(
        "--data",
        metavar="TABLE",
        type=Path,
        help="with --health: run the network on this table's rows too, for dead and saturated units",
    )
    inspect.set_defaults(run=_inspect)

    compare = commands.add_parser(
        "compare",
        help="put two weight files side by side",
        description="Say which tensors of two weight files are the same, and how far the others lie apart.",
    )
    compare.add_argument("file", metavar="FILE", type=Path, help="a weight file")
    compare.add_argument("other", metavar="OTHER", type=Path, help="another one")
    compare.add_argument("--all", action="store_true", help="list the tensors that are the same, too")
    compare.add_argument("--json", action="store_true", help="as JSON")
    compare.set_defaults(run=_compare)

    explain = commands.add_parser(
        "explain",
        help="explain a network's output on rows of a table",
        description="Explain a network's output on rows of a table; writes "
        "explanation.json, relevance.csv and relevance.npz.",
    )
    explain.add_argument("file", metavar="FILE", type=Path, help="a weight file")
    explain.add_argument(
        "--data",
        metavar="TABLE",
        type=Path,
        required=True,
        help="a table in the units of the features: CSV, TSV, JSON lines, Parquet, Excel, .npy, .npz; or a PNG or JPEG "
        "file, or a folder of them",
    )
    explain.add_argument(
        "--fit",
        choices=FITS,
        default=FITS[0],
        help="what to do with a picture of another size: cut out its middle, stretch it, or fill it up (default: crop)",
    )
    explain.add_argument(
        "--pixels", metavar="BLACK:WHITE", default="0:1", help="the numbers for black and white (default: 0:1)"
    )
    explain.add_argument(
        "--normalise",
        metavar="MEAN/STD",
        default="",
        help="then (value − mean) / std for each channel, as in 0.485,0.456,0.406/0.229,0.224,0.225",
    )
    explain.add_argument(
        "--table",
        metavar="FORMAT",
        choices=[suffix[1:] for suffix in WRITERS],
        help="also write samples.FORMAT: each row with its inputs, outputs and relevance; "
        + ", ".join(suffix[1:] for suffix in WRITERS),
    )
    connected = explain.add_mutually_exclusive_group()
    connected.add_argument(
        "--architecture",
        metavar="FILE",
        help="how weights are connected: an architecture.json, a file with a graph (.onnx, .pt2), or model.py:Class; "
        "else the architecture beside them",
    )
    connected.add_argument(
        "--candidate", metavar="NUMBER", type=int, help="how weights are connected: one of the ways that inspect lists"
    )
    explain.add_argument(
        "--trust", action="store_true", help="run the program in a TorchScript archive, or a Python file of your own"
    )
    explain.add_argument(
        "--size",
        metavar="NAME=N",
        action="append",
        default=[],
        help="a size that the file leaves open: sequence=16, or an input's shape without its samples, image=3x224x224",
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
    from .inspection import inspection, inspection_json, refusal_json

    try:
        weights = open_weights(arguments.file)
    except LrpError as error:
        if arguments.json:
            print(refusal_json(str(arguments.file), error))
        raise
    if arguments.write is not None:
        print(f"written: {_write_candidate(weights, arguments.write)}")
        return DONE
    findings = _health(arguments, weights) if arguments.health else None
    print(inspection_json(weights, findings) if arguments.json else inspection(weights, findings))
    return DONE


def _compare(arguments: argparse.Namespace) -> int:
    from .files import open_weights
    from .files.differences import compare, matched
    from .inspection import comparison, comparison_json

    one, two = open_weights(arguments.file), open_weights(arguments.other)
    notes = matched(one.tensors, two.tensors).notes
    rows = compare(one, two)
    print(comparison_json(rows, notes) if arguments.json else comparison(rows, notes, everything=arguments.all))
    return DONE


def _health(arguments: argparse.Namespace, weights: WeightFile) -> list[Finding]:
    """What the weights show, and, with a table, what the units do on it."""
    from .health.findings import ordered
    from .health.weights import weight_health

    if arguments.data is None:
        return weight_health(weights)
    from .files.table import read_table
    from .health.activations import unit_health
    from .networks import load

    network = load(arguments.file)
    table = read_table(arguments.data)
    _rows_used, inputs, _features = _samples(network, table, ":")
    return ordered([*weight_health(weights, set(network.tensors)), *unit_health(network, inputs)])


def _write_candidate(weights: WeightFile, number: int) -> Path:
    """Write a candidate's architecture beside the weights, unless there is one."""
    from .networks.architecture import name_beside, write_architecture

    chosen, target = _candidate(weights, number), name_beside(weights.path)
    if chosen.architecture is None:
        raise ArchitectureError(f"“{chosen.title}” has no architecture that could be written.")
    if target.exists():
        raise ArchitectureError(f"{target} is there already; move it away first.")
    return write_architecture(chosen.architecture, target)


def _candidate(weights: WeightFile, number: int) -> Candidate:
    from .networks.candidates import candidates

    found = candidates(weights)
    if not 1 <= number <= len(found):
        count = f"{len(found)} ways" if len(found) != 1 else "one way"
        raise ArchitectureError(
            f"There is no way {number} to connect the tensors of {weights.path.name}; inspect lists {count}."
        )
    return found[number - 1]


def _sizes(given: Sequence[str]) -> dict[str, Any]:
    """`sequence=16` is a number, `image=3x224x224` a shape behind the samples."""
    sizes: dict[str, Any] = {}
    for text in given:
        name, _, size = text.partition("=")
        numbers = size.replace("×", "x").split("x")
        if not name or not all(number.isdigit() for number in numbers):
            raise TargetError(f"“{text}” is no size; write sequence=16, or image=3x224x224.")
        sizes[name] = int(numbers[0]) if len(numbers) == 1 else (None, *map(int, numbers))
    return sizes


def _explain(arguments: argparse.Namespace) -> int:
    from .files import open_weights
    from .files.table import read_table
    from .networks import load
    from .propagate import explain
    from .report import layer_table, write, write_samples
    from .targets import parse_target

    composite = _composite(arguments.composite)
    architecture = arguments.architecture
    if arguments.candidate is not None:
        architecture = _candidate(open_weights(arguments.file), arguments.candidate)
    network = load(arguments.file, architecture, trust=arguments.trust, sizes=_sizes(arguments.size) or None)
    for note in network.notes:
        print(f"note: {note}", file=sys.stderr)
    target = parse_target(arguments.target, network.outputs[0].classes)
    table = read_table(arguments.data, _picture(arguments, network))
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
        if arguments.table:
            samples = arguments.out / f"samples.{arguments.table}"
            written.append(write_samples(samples, explanation, rows, features, table))
    except OSError as error:
        raise InputError(f"The results cannot be written to {arguments.out}: {error.strerror or error}.") from error
    print("written: " + ", ".join(str(path) for path in written))
    return DONE


def _picture(arguments: argparse.Namespace, network: Network) -> PictureInput | None:
    """How pictures become this network's input; None if it takes none."""
    from .files.table import picture_input

    found = picture_input([entry.unit_shape for entry in network.inputs])
    if found is None:
        return None
    mean, _, std = arguments.normalise.partition("/")
    try:
        low, high = map(float, arguments.pixels.split(":"))
        means, deviations = (tuple(map(float, part.split(","))) if part else () for part in (mean, std))
    except ValueError as error:
        raise TargetError("Write --pixels as 0:255 and --normalise as 0.5,0.5,0.5/0.2,0.2,0.2.") from error
    if any(part and len(part) != found.channels for part in (means, deviations)) or 0 in deviations:
        raise TargetError(
            f"The input has {found.channels} channels; --normalise takes a mean and a deviation other than 0 for each."
        )
    return replace(found, fit=arguments.fit, low=low, high=high, mean=means, std=deviations)


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
