"""Files to open, and stand-ins for the worker, for the tests of opening."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch
from PySide6.QtCore import QObject, Signal

from lrp_gui.document.files import CandidateRow, Source
from tests.gui.example import DIABETES

ARCHITECTURE = DIABETES.with_name("architecture.json")


def bare(folder: Path) -> Path:
    """The diabetes weights without anything beside them."""
    return Path(shutil.copy(DIABETES, folder / "bare.pth"))


class _Calls:
    """What pickle would call when it is read."""

    def __init__(self, function, *arguments) -> None:
        self._call = function, arguments

    def __reduce__(self):
        return self._call


def hostile(folder: Path) -> tuple[Path, Path]:
    """A weight file that would write a mark and evaluate something, and where the mark would be."""
    mark = folder / "it-ran"
    path = folder / "hostile.pt"
    torch.save({"w": torch.zeros(3), "a": _Calls(os.system, f"touch {mark}"), "b": _Calls(eval, "1")}, path)
    return path, mark


PROGRAM = """\
from pathlib import Path
import torch

Path({mark!r}).write_text("it ran")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = torch.nn.Linear(10, 32), torch.nn.Linear(32, 16), torch.nn.Linear(16, 1)

    def forward(self, x):
        return torch.sigmoid(self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x))))))
"""


def program(folder: Path) -> tuple[Path, Path]:
    """Somebody's own module for the diabetes weights, and the mark that it leaves when it runs."""
    mark, path = folder / "it-ran", folder / "model.py"
    path.write_text(PROGRAM.format(mark=str(mark)))
    return path, mark


def architecture_text(**changes) -> str:
    """The diabetes architecture as text, with changes made to its JSON."""
    read = json.loads(ARCHITECTURE.read_text())
    changes.get("change", lambda _one: None)(read)
    return json.dumps(read, indent=1)


CHAIN = CandidateRow(
    "chain",
    "3 layers in a row",
    "Each layer takes what the one before gives.",
    0.9,
    (),
    ("ReLU stands between.",),
    '{\n "layers": [\n  {"name": "fc1"}\n ]\n}',
)
PARTIAL = CandidateRow(
    "chain", "2 layers in a row", "The last one may be a head.", 0.5, ("“fc3.weight” is not used.",), (), "{}"
)
FAMILY = CandidateRow("family", "BertModel (transformers)", "config.json lies beside it.", 0.8, (), ("16 tokens.",))
STRANGE = CandidateRow("family", "GPT2Model (transformers)", "A part of the names agree.", 0.2, ("“wte” is missing.",))


class FakeConnector(QObject):
    """Answers when the test says so, and keeps what it was asked."""

    candidates_found = Signal(tuple)
    checked = Signal(object)
    consent_found = Signal(object)
    failed = Signal(str)
    progressed = Signal(int, int)

    def __init__(self, source: Source | None = None) -> None:
        super().__init__()
        self.source = source or Source("/data/weights.pth")
        self.asked: list[str] = []
        self.soon: list[bool] = []
        self.stopped = 0

    def look_for_candidates(self) -> None:
        self.asked.append("candidates")

    def look_for_consent(self) -> None:
        self.asked.append("consent")

    def check(self, text: str, *, soon: bool = False) -> None:
        self.asked.append(text)
        self.soon.append(soon)

    def stop(self) -> None:
        self.stopped += 1
