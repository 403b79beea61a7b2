"""Explanations beside gradient × input by autograd, in time and memory: `python -m tests.benchmarks.engine --help`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from functools import partial
from statistics import median
from typing import NamedTuple

import torch

import lrp_engine as lrp

from . import engine_classes, engine_profile, memory, networks
from .engine_columns import COLUMNS, Row, columns_of, composite_of, explanation, gradient_times_input, rows
from .peers import others
from .timing import CLOCKS, Timer, in_turns, ratio, seconds, table

GRADIENT = "gradient x input"
OURS = ""


class Measured(NamedTuple):
    """The times of one network: of gradient × input, and by (engine, column); and what could not be timed, and why."""

    base: list[float]
    times: dict[tuple[str, str], list[float]]
    missing: list[str]


def measure(row: Row, rounds: int, peers: str, clock: str) -> Measured:
    """Time a network: autograd, ours, and the other engines in turns."""
    module, inputs = row.make()
    baseline = gradient_times_input(module, inputs)
    baseline()
    timers: dict[tuple[str, str], Timer] = {}
    missing: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            network = lrp.capture(module, (inputs[:2],))
            for column in columns_of(row.name):
                work = explanation(network, inputs, composite_of(row.name, column))
                work()
                timers[OURS, column] = partial(seconds, work, clock=CLOCKS[clock])
        except lrp.LrpError as error:
            missing.append(f"{row.title}: {error}")
        if peers and row.name in networks.NETWORKS:
            theirs = stack.enter_context(others(peers, row.name, clock))
            timers |= theirs.timers
            for (engine, column), why in theirs.missing.items():
                missing.append(f"{row.title}, {engine} {COLUMNS.get(column, '')}: {why}")
        first, *rest = in_turns([partial(seconds, baseline, clock=CLOCKS[clock]), *timers.values()], rounds)
    return Measured(first, dict(zip(timers, rest, strict=True)), missing)


def timed(chosen: list[Row], rounds: int, peers: str, clock: str) -> None:
    """Print how long each explanation takes, as a ratio to gradient × input; the other engines below ours."""
    lines: list[list[object]] = []
    missing: list[str] = []
    for row in chosen:
        print(f"… {row.title}", file=sys.stderr, flush=True)
        result = measure(row, rounds, peers, clock)
        missing += result.missing
        engines = dict.fromkeys(engine for engine, _ in result.times) | {OURS: None}
        for engine in sorted(engines):
            cells = [
                ratio(result.times[engine, column], result.base) if (engine, column) in result.times else "–"
                for column in COLUMNS
            ]
            first = [row.title, f"{median(result.base) * 1e3:.2f}"] if engine == OURS else [f"  {engine}", ""]
            lines.append([*first, *cells])
    title = (
        f"Explanation / gradient x input (median of {rounds} rounds, {clock} time, {torch.get_num_threads()} threads)"
    )
    table(title, ["network", f"{GRADIENT}, ms", *COLUMNS.values()], lines)
    for line in missing:
        print(f"  not timed: {line}")
    if not peers:
        print("  zennit, captum and autoLRP are left out; `--peers PYTHON` runs them in an interpreter that has them")


def remembered(chosen: list[Row]) -> None:
    """Print the peak memory of each explanation, as a ratio to that of gradient × input."""
    if not memory.available():
        print("\nPeak memory is not measured: this system has no /proc/self/clear_refs.")
        return
    lines: list[list[object]] = []
    for row in chosen:
        print(f"… {row.title}, memory", file=sys.stderr, flush=True)
        base = memory.figures(row.title, memory.GRADIENT)["peak"]
        found = {column: memory.figures(row.title, column) for column in columns_of(row.name)}
        cached = max((figures.get("cached", 0) for figures in found.values()), default=0)
        cells = [found[c]["peak"] / base if "peak" in found.get(c, {}) else "–" for c in COLUMNS]
        lines.append([row.title, f"{base / 2**20:.0f}", *cells, f"{cached / 2**20:.0f}"])
    header = ["network", f"{GRADIENT}, MiB", *COLUMNS.values(), "cached weights, MiB"]
    table("Peak memory above network and cached weights / the same of gradient x input", header, lines)


def main() -> None:
    """Print the tables that were asked for."""
    everything = rows()
    names = list(dict.fromkeys(row.name for row in everything))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.engine", description=__doc__)
    parser.add_argument("--only", metavar="NAMES", default=",".join(names), help=f"some of {','.join(names)}")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed, in turns (5)")
    parser.add_argument("--no-memory", action="store_true", help="leave out the table of peak memory")
    parser.add_argument("--no-time", action="store_true", help="leave out the tables of times")
    parser.add_argument("--peers", metavar="PYTHON", default="", help="an interpreter with zennit, captum or autoLRP")
    parser.add_argument("--profile", metavar="NAME[:COLUMN]", help="print only where the time of one explanation goes")
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: what all threads worked, on a busy machine"
    )
    given = parser.parse_args()
    if given.clock == "cpu" and os.environ.get("OMP_WAIT_POLICY") != "passive":
        # threads that wait by turning round would seem to work; torch reads this when it is loaded
        command = [sys.executable, "-m", "tests.benchmarks.engine", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "OMP_WAIT_POLICY": "passive"})
    if given.profile:
        name, _, column = given.profile.partition(":")
        row = next((row for row in everything if row.name == name), None)
        if row is None or column not in {"", *columns_of(name)}:
            parser.error(f"there is no {given.profile} to profile; there are {', '.join(names)}")
        engine_profile.print_profile(row, column or "epsilon")
        return
    unknown = [name for name in given.only.split(",") if name not in names]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(names)}")
    chosen = [row for row in everything if row.name in given.only.split(",")]
    if not given.no_time:
        timed(chosen, given.rounds, given.peers, given.clock)
        if any(row.name == "vgg16" for row in chosen):
            engine_classes.print_classes(given.rounds, given.clock)
    # examples are too small for a process's memory to tell anything
    large = [row for row in chosen if row.name in networks.NETWORKS]
    if large and not given.no_memory:
        remembered(large)


if __name__ == "__main__":
    main()
