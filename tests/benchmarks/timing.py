"""Times that can be compared: taken in turns, in one run, and told as medians and ratios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median

Timer = Callable[[], float]  # gives seconds: of a clock, or of what it has just run

# what a busy machine does not change so much: the work of this process, whoever else it had to wait for
CLOCKS: dict[str, Timer] = {"wall": time.perf_counter, "cpu": time.process_time}


def seconds(work: Callable[[], object], at_least: float = 0.02, clock: Timer = time.perf_counter) -> float:
    """Time one call of `work`, as the mean over as many calls as fill `at_least` seconds of the clock."""
    start = clock()
    work()
    spent = clock() - start
    if spent >= at_least:
        return spent
    calls = int(at_least / max(spent, 1e-7)) + 1
    start = clock()
    for _ in range(calls):
        work()
    return (clock() - start) / calls


def in_turns(timers: Sequence[Timer], rounds: int = 7) -> list[list[float]]:
    """Ask each of `timers`, none for the first time, once a round: a busy machine is then busy for all of them."""
    times: list[list[float]] = [[] for _ in timers]
    for _ in range(rounds):
        for timer, taken in zip(timers, times, strict=True):
            taken.append(timer())
    return times


def ratio(times: Iterable[float], baseline: Iterable[float]) -> float:
    """Give the median of the rounds' ratios."""
    return median(one / other for one, other in zip(times, baseline, strict=True))


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns, numbers to the right."""
    cells = [list(header), *([f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    print(f"\n{title}")
    for row in cells:
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join([first, *rest]).rstrip())
        if row is cells[0]:
            print("  " + "  ".join("-" * width for width in widths))
