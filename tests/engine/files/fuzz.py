"""Cut off and change files of every format by the thousand, and open them under watch.

`python -m tests.engine.files.fuzz` does all of it and writes the figures into `resources/docs/files.md`; the tests do a
seeded part of the same.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from .hostile.mutations import STRUCTURES, bytes_changed, cut
from .hostile.watched import MOST_MEGABYTES, MOST_SECONDS, Outcome, Watched
from .hostile.wholes import Whole, wholes, write_all

MUTATIONS = 1000
CUTS = 100
DOCUMENT = Path(__file__).resolve().parents[3] / "resources" / "docs" / "files.md"
BEGIN, END = "<!-- made by python -m tests.engine.files.fuzz -->", "<!-- end of what is made -->"


_HEAD = "| format | files | refused in a sentence | opened | networks | no network, in a sentence |"


@dataclass(slots=True)
class Count:
    """What became of the files of one format."""

    kind: str
    files: int = 0
    opened: int = 0
    refused: int = 0
    loaded: int = 0
    not_loaded: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0
    findings: list[tuple[str, str]] = field(default_factory=list)

    def note(self, label: str, outcome: Outcome, complaints: list[str]) -> None:
        self.seconds = max(self.seconds, outcome.seconds)
        self.megabytes = max(self.megabytes, outcome.megabytes)
        self.findings += [(label, complaint) for complaint in complaints]


def changed(kind: str, several: list[Whole], mutations: int, cuts: int) -> Iterator[tuple[str, Whole, bytes]]:
    """(what was done, the whole file, the changed bytes), the same ones each time; fewer are the first of all."""
    for number in range(cuts):
        whole = several[number % len(several)]
        share = number / cuts
        yield f"cut at {100 * share:.0f} %", whole, cut(whole.content, share)
    for number in range(mutations):
        chance = Random(f"{kind} {number} 2026")
        whole = several[number % len(several)]
        change = bytes_changed if number % 3 == 2 else STRUCTURES[whole.structure]
        yield f"mutation {number}", whole, change(whole.content, chance)


def run(
    kind: str,
    several: list[Whole],
    folder: Path,
    browsing: Watched,
    loading: Watched | None,
    mutations: int = MUTATIONS,
    cuts: int = CUTS,
) -> Count:
    """Open every changed file, and make a network of those that open."""
    count = Count(kind)
    for label, whole, content in changed(kind, several, mutations, cuts):
        place = folder / f"{kind} {several.index(whole)}"
        place.mkdir(parents=True, exist_ok=True)
        path = whole.write(place, content)
        outcome = browsing.look(path)
        count.files += 1
        count.note(label, outcome, outcome.complaints(path))
        if outcome.what != "opened":
            count.refused += outcome.what == "refused"
            continue
        count.opened += 1
        if loading is not None:
            outcome = loading.look(path)
            count.note(f"{label}, loaded", outcome, outcome.complaints(torch=True))
            count.loaded += outcome.what == "opened"
            count.not_loaded += outcome.what == "refused"
    return count


def table(counts: list[Count]) -> str:
    """The figures in Markdown."""
    lines = [
        BEGIN,
        f"{_HEAD} executed, crashed, over {MOST_SECONDS:.0f} s or {MOST_MEGABYTES:.0f} MB | longest | most memory |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {c.kind} | {c.files} | {c.refused} | {c.opened} | {c.loaded} | {c.not_loaded} | {len(c.findings)} "
        f"| {c.seconds:.2f} s | {max(c.megabytes, 1):.0f} MB |"
        for c in counts
    ]
    return "\n".join([*lines, END])


def main() -> None:
    """Run all, print findings, and put the table into the document."""
    wanted = sys.argv[1:]
    counts = []
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        warm = write_all(folder / "whole")
        with Watched(warm=warm) as browsing, Watched(loads=True, warm=warm) as loading:
            for kind, several in wholes().items():
                if wanted and kind not in wanted:
                    continue
                counts.append(run(kind, several, folder, browsing, loading))
                print(counts[-1].kind, counts[-1].files, len(counts[-1].findings), flush=True)
                for label, finding in counts[-1].findings[:20]:
                    print("   ", label, finding[-400:], flush=True)
    text = table(counts)
    print(text)
    if wanted:
        return
    document = DOCUMENT.read_text()
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + text + after)


if __name__ == "__main__":
    main()
