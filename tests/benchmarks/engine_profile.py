"""Where the time of one explanation goes, by operator."""

from __future__ import annotations

import time

from torch.profiler import ProfilerActivity, profile

import lrp_engine as lrp

from .engine_columns import COLUMNS, Row, composite_of, explanation
from .timing import table

TIMES = 3
SHOWN = 14


def print_profile(row: Row, column: str) -> None:
    """Print the operators that take the most time, and what none of them takes: Python, and waiting."""
    module, inputs = row.make()
    work = explanation(lrp.capture(module, (inputs[:2],)), inputs, composite_of(row.name, column))
    work()
    start = time.perf_counter()
    for _ in range(TIMES):
        work()
    whole = (time.perf_counter() - start) / TIMES * 1e3
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        for _ in range(TIMES):
            work()
    spent = sorted(
        (
            (event.self_cpu_time_total / TIMES / 1e3, event.count // TIMES, event.key)
            for event in watched.key_averages()
        ),
        reverse=True,
    )
    inside = sum(ms for ms, _, _ in spent)
    lines = [[key, f"{ms:.2f}", f"{ms / inside:.1%}", count] for ms, count, key in spent[:SHOWN]]
    rest = inside - sum(ms for ms, _, _ in spent[:SHOWN])
    lines.append(["other operators", f"{rest:.2f}", f"{rest / inside:.1%}", ""])
    table(f"{row.title}, {COLUMNS[column]}: self time of operators (mean of {TIMES})",
          ["operator", "ms", "share", "calls"], lines)  # fmt: skip
    print(f"  {inside:.1f} ms in operators while watched; one explanation takes {whole:.1f} ms unwatched")
