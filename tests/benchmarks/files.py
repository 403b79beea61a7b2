"""How long opening large weight files takes, and how much memory: `python -m tests.benchmarks.files`.

The table goes into `resources/docs/files.md`.

Each figure is from a process of its own: `-m tests.benchmarks.files open|statistics PATH` prints one line of JSON. The
files are made in a temporary folder; those whose numbers nobody reads are holes. Memory is known on Linux only.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TIMES = 5
DOCUMENT = ROOT / "resources" / "docs" / "files.md"
BEGIN, END = "<!-- made by python -m tests.benchmarks.files -->", "<!-- end of the benchmark -->"
MIB = 1024**2
GIB = 1024**3


def _status(field: str) -> int:
    """A line of what Linux says of this process, in bytes; 0 elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(next(line for line in status.read_text().splitlines() if line.startswith(field)).split()[1]) * 1024


def _forget_peak() -> None:
    peak = Path("/proc/self/clear_refs")
    if peak.exists():
        peak.write_text("5")


def measured_here(what: str, path: str) -> None:
    """Measure in this process."""
    import lrp_engine as lrp
    from lrp_engine.files.statistics import statistics

    assert lrp.open_weights  # the reader is there: what it costs to import is not what is measured
    if what == "statistics":
        np.zeros(1).mean()
    _forget_peak()
    before, start, busy = _status("VmRSS:"), time.perf_counter(), time.process_time()
    weights = lrp.open_weights(path)
    if what == "statistics":
        (info,) = weights.tensors.values()
        found = statistics(info)
        assert found.count * 4 == info.nbytes
        assert sum(found.histogram) == found.count
    seconds = time.perf_counter() - start
    result = {
        "seconds": seconds,
        "processor": time.process_time() - busy,
        "memory": _status("VmHWM:") - before,
        "tensors": len(weights.tensors),
        "torch": "torch" in sys.modules,
    }
    print(json.dumps(result))


def measured(what: str, path: Path) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.files", what, str(path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    if not ran.stdout.strip():
        raise SystemExit(f"{path.name}: no figures: {ran.stderr.strip()[-2000:]}")
    return json.loads(ran.stdout.splitlines()[-1])


def torch_file(path: Path, *, legacy: bool = False, tensors: int = 400, nbytes: int = 2 * GIB) -> None:
    """A state dict whose numbers are holes; in the old format they are written."""
    import torch

    each = nbytes // tensors // 4
    if legacy:
        state = {f"layers.{k}.weight": torch.zeros(each) for k in range(tensors)}
        torch.save(state, path, _use_new_zipfile_serialization=False)
        return
    with torch.serialization.skip_data():
        torch.save({f"layers.{k}.weight": torch.empty(each) for k in range(tensors)}, path)


def safetensors_file(path: Path, nbytes: int, tensors: int) -> None:
    """A header, and a hole as long as it says."""
    each = nbytes // tensors // 2 // 4096 * 4096
    header = {
        f"model.layers.{k}.weight": {
            "dtype": "BF16",
            "shape": [each // 4096, 4096],
            "data_offsets": [2 * k * each, 2 * (k + 1) * each],
        }
        for k in range(tensors)
    }
    text = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.truncate(8 + len(text) + 2 * tensors * each)


def one_tensor(path: Path, nbytes: int = 2 * GIB) -> None:
    """One float32 tensor of numbers that are all there."""
    header = {"weight": {"dtype": "F32", "shape": [nbytes // 4], "data_offsets": [0, nbytes]}}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = np.random.default_rng(0).standard_normal(16 * MIB, dtype=np.float32)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for _ in range(nbytes // numbers.nbytes):
            stream.write(numbers.tobytes())


@dataclass(frozen=True)
class Row:
    """What is done with which file, how that is made, and in how many milliseconds it was asked for."""

    what: str
    title: str
    make: Callable[[Path], None]
    asked: float | None = None


ROWS = (
    Row("open", "2 GB .pt, 400 tensors", torch_file, 50),
    Row("open", "2 GB .pt, 20,000 tensors", partial(torch_file, tensors=20_000)),
    Row("open", "1 GB .pt of before torch 1.6, 400 tensors", partial(torch_file, legacy=True, nbytes=GIB)),
    Row("open", "10 GB safetensors, 1,000 tensors", partial(safetensors_file, nbytes=10 * GIB, tensors=1000), 300),
    Row("open", "100 GB safetensors, 10,000 tensors", partial(safetensors_file, nbytes=100 * GIB, tensors=10_000)),
    Row("statistics", "2 GB safetensors, statistics of its one tensor", one_tensor),
)


def table() -> str:
    """Make each file, measure, and give the figures as a Markdown table."""
    lines = [
        "| file | first, ms | median of 5, ms | of it processor, ms | asked, ms | more memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for row in ROWS:
            path = Path(folder) / "weights"
            row.make(path)
            figures = [measured(row.what, path) for _ in range(TIMES)]
            path.unlink()
            assert not any(one["torch"] for one in figures)
            times = [figures[0]["seconds"], *(median(one[key] for one in figures) for key in ("seconds", "processor"))]
            memory = max(one["memory"] for one in figures) / MIB
            asked = "" if row.asked is None else f"≤ {row.asked:.0f}"
            cells = (row.title, *(f"{1e3 * time:,.0f}" for time in times), asked, f"{memory:.1f}")
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    """Measure, and put the table into the docs."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measured_here(sys.argv[1], sys.argv[2])
    else:
        main()
