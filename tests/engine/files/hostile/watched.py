"""The other side of `child`: starts the process, hands it files, and judges what it tells."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
MOST_SECONDS = 2.0  # of the processor: other programs on the machine do not count
MOST_MEGABYTES = 200.0
LONGEST_SENTENCE = 1000
PATIENCE = 60.0  # seconds on the clock before a file counts as hanging


@dataclass(slots=True)
class Outcome:
    """What became of a file: “opened”, “refused” (an LrpError), “raised” (anything else), “died” or “hung”."""

    what: str
    error: str = ""
    sentence: str = ""
    calls: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    seconds: float = 0.0
    megabytes: float = 0.0
    kind: str = ""
    tensors: int = 0
    torch: bool = False
    rest: dict[str, Any] = field(default_factory=dict)

    def complaints(self, path: Path | None = None, *, torch: bool = False) -> list[str]:
        """What is wrong with it; an empty list is a pass."""
        found = [f"executed: {event}" for event in self.events]
        if self.what not in {"opened", "refused"}:
            found.append(f"{self.what}: {self.error} {self.sentence} {self.rest.get('trace', '')}")
        if self.what == "refused":
            found += _about(self.sentence, path)
        if self.seconds > MOST_SECONDS:
            found.append(f"took {self.seconds:.2f} s")
        if self.megabytes > MOST_MEGABYTES:
            found.append(f"took {self.megabytes:.0f} MB")
        if self.torch and not torch:
            found.append("torch was imported")
        return found


def _about(sentence: str, path: Path | None) -> list[str]:
    found = []
    if not sentence or "\n" in sentence or not sentence.isprintable():
        found.append(f"no line of text: {sentence!r}")
    if len(sentence) > LONGEST_SENTENCE:
        found.append(f"a sentence of {len(sentence)} letters")
    if not sentence.endswith("."):
        found.append(f"no sentence: {sentence!r}")
    # of several files (shards, external data) the one that is to blame is named
    if path is not None and not any(one.name in sentence for one in path.parent.iterdir()):
        found.append(f"does not name the file: {sentence!r}")
    return found


class Watched:
    """A process that opens files under watch; it is started again where one ends it.

    Parameters
    ----------
    loads : bool
        Whether it makes networks of them (with torch imported before), or only opens them.
    warm : sequence of Path
        Files that are opened first and not judged, so that what is imported late is there.
    """

    def __init__(self, *, loads: bool = False, warm: tuple[Path, ...] = ()) -> None:
        self.loads = loads
        self.warm = warm
        self.process: subprocess.Popen[bytes] | None = None
        self.told = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the process
        self.starts = 0

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._end()
        self.told.close()

    def look(self, path: Path) -> Outcome:
        """Hand over one file."""
        if self.process is None:
            self._start()
            for one in self.warm:
                self._ask(one)
        return self._ask(path)

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.files.hostile.child", "load" if self.loads else "browse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.told,
            cwd=ROOT,
            env=environment,
            bufsize=0,
        )
        self.starts += 1

    def _ask(self, path: Path) -> Outcome:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"path": str(path)}).encode() + b"\n")
        except BrokenPipeError:
            return self._gone()
        line = b""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not waiting.select(PATIENCE):
                    self._end()
                    return Outcome("hung", sentence=f"no answer in {PATIENCE:.0f} s")
                piece = os.read(self.process.stdout.fileno(), 1 << 16)
                if not piece:
                    return self._gone()
                line += piece
        said = json.loads(line)
        known = {key: said.pop(key) for key in list(said) if key in Outcome.__dataclass_fields__}
        known |= {key: tuple(known[key]) for key in ("calls", "events") if key in known}
        return Outcome(**known, rest=said)

    def _gone(self) -> Outcome:
        assert self.process is not None
        code = self.process.wait()
        self.told.seek(0)
        last = self.told.read()[-500:].decode(errors="replace")
        self._end()
        return Outcome("died", sentence=f"the process ended with {code}: {last}")

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()
            self.process = None
