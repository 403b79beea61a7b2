"""Other engines beside ours: a process in their interpreter, which is told when its turn is."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .timing import Timer

ROOT = Path(__file__).resolve().parents[2]


class Peers:
    """The engines of another interpreter, on one network.

    Attributes
    ----------
    timers : dict
        (engine, column) -> what runs it once there, and gives the seconds that it took.
    missing : dict
        (engine, column) -> why it cannot be run.
    """

    def __init__(self, process: subprocess.Popen[str], name: str, clock: str) -> None:
        self._process = process
        told = self._ask([name, clock])
        self.timers: dict[tuple[str, str], Timer] = {
            (engine, column): partial(self._ask, [engine, column]) for engine, column in told["there"]
        }
        self.missing = {(engine, column): why for engine, column, why in told["missing"]}

    def _ask(self, what: object):
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"The other engines' process ended at {what}.")
        return json.loads(answer)


@contextlib.contextmanager
def others(python: str, name: str, clock: str) -> Iterator[Peers]:
    """Give the engines of the interpreter `python` on the network `name`, while the block runs."""
    command = [python, "-m", "tests.benchmarks.peers_worker"]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        try:
            yield Peers(process, name, clock)
        except SystemExit as end:
            said.seek(0)
            raise SystemExit(f"{end} {said.read().strip()[-2000:]}") from end
        finally:
            process.kill()
