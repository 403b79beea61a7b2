"""The explanation as Python: every way to load, feed and ask runs elsewhere and gives the same numbers."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from lrp_gui.document.files import Source
from lrp_gui.export.recipe import recipe
from lrp_gui.help.notebook import notebook, write
from lrp_gui.jobs.browsing import program_of
from lrp_gui.jobs.computing import Computing
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from tests.gui.example import DIABETES, DIGITS, settle
from tests.gui.networks import saved
from tests.gui.opening import architecture_text, bare, program

# Runs scripts one after the other, as a person would, and writes what each found.
RUNNER = """
import json, runpy, sys
found = {}
for path in sys.argv[1:]:
    made = runpy.run_path(path)["explanation"]
    relevance = {name: value[0].double().flatten().tolist() for name, value in made.inputs.items()}
    found[path] = [float(made.score[0]), relevance]
print("RESULT" + json.dumps(found))
"""


def two_inputs(folder):
    """A network with two inputs as a .pt2 file, and a table for it."""
    import torch

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)

        def forward(self, left, right):
            return torch.relu(self.a(left)) - self.b(right)

    torch.manual_seed(1)
    rows = {0: torch.export.Dim.DYNAMIC}
    values = torch.randn(3, 3), torch.randn(3, 2)
    network = torch.export.export(Two().eval(), values, dynamic_shapes=(rows, rows), strict=False)
    torch.export.save(network, folder / "two.pt2")
    lines = [",".join(f"x{n}" for n in range(5)), *(",".join(map(str, row)) for row in torch.cat(values, 1).tolist())]
    (folder / "two.csv").write_text("\n".join(lines) + "\n")
    return folder / "two.pt2", folder / "two.csv"


def edited_composite():
    from lrp_engine.composites import Entry, Rule, Selector, as_composite

    return as_composite("epsilon_plus").edited((Entry(Selector(layer="fc2"), Rule("gamma", {"gamma": 0.4})),))


def situations(folder):
    """Name, how the network is loaded, its table, and what else is asked."""
    from lrp_engine import Composite, candidates, open_weights

    table = str(DIABETES.with_name("diabetes.csv"))
    alone = str(bare(folder))
    code = folder / "code"
    code.mkdir()
    written, _mark = program(code)
    title = next(one.title for one in candidates(open_weights(alone)) if not one.problems)
    text = architecture_text()
    two, two_table = two_inputs(folder)
    tokens = folder / "tokens"
    tokens.mkdir()
    token_file, token_table = saved("tokens", tokens)
    jit = str(DIABETES.with_name("diabetes_torchscript.pt"))
    yield "an architecture beside the file", Source(str(DIABETES)), table, {}
    yield "an architecture that was chosen", Source(alone, str(DIABETES.with_name("architecture.json"))), table, {}
    yield "an architecture as it was edited", Source(alone, text=text), table, {"target": "0"}
    yield "a way that was found", Source(alone, candidate=title), "", {}
    yield "a program of one's own", Source(alone, f"{written}:Net", trusted="consented"), "", {}
    yield "a program in the file", Source(jit, trusted="consented"), table, {}
    yield "ONNX", Source(str(DIABETES.with_name("diabetes.onnx"))), table, {"composite": "gamma"}
    yield "several inputs", Source(str(two)), str(two_table), {"target": "1"}
    yield "tokens", Source(str(token_file)), str(token_table), {"target": "0-2"}
    yield "a picture", Source(str(DIGITS)), str(DIGITS.with_name("digits.csv")), {"target": "best:2"}
    yield "a weighted target", Source(str(DIGITS)), str(DIGITS.with_name("digits.csv")), {"target": "3-5"}
    yield "a rule for all", Source(str(DIABETES)), table, {"composite": Composite.single("gamma", gamma=0.5)}
    yield "edited rules", Source(str(DIABETES)), table, {"composite": edited_composite()}
    yield "a reference", Source(str(DIABETES)), table, {"reference": np.full(10, 1.5), "against": "a row of 1.5"}
    yield "an edited row", Source(str(DIABETES)), table, {"edited": (2, 33.3)}
    yield "double precision", Source(str(DIABETES)), table, {"computing": Computing(dtype="float64")}


def explained(engine, source, table, changes):
    if source.trusted:
        digest = hashlib.sha256(Path(program_of(source)).read_bytes()).hexdigest()
        engine.trust(digest)
        source = replace(source, trusted=digest)
    opened = run_now(engine.open(source, table))
    features = sum(len(one.features) for one in opened.network.inputs)
    values = opened.table.values[1].copy() if opened.table is not None else np.linspace(0.0, 1.0, features)
    if "edited" in changes:
        column, number = changes.pop("edited")
        values[column] = number
    engine.computing = changes.pop("computing", Computing())
    request = SampleRequest(opened.network, 1, "2", values, **{"target": "max", "composite": "epsilon_plus", **changes})
    return recipe(opened.network, result := run_now(engine.explain_sample(request)), request), result


@pytest.mark.timeout(200)
@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_the_lines_run_elsewhere_and_give_the_windows_numbers(tmp_path, all_of_them):
    """All sixteen situations in the long run; every other one in the plain run."""
    engine, results = Engine(), {}
    chosen = list(situations(tmp_path))[:: 1 if all_of_them else 2]
    for number, (name, source, table, changes) in enumerate(chosen):
        lines, result = explained(engine, source, table, dict(changes))
        script = tmp_path / f"{number}.py"
        assert write(str(script), lines) == ""
        results[str(script)] = name, result
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", RUNNER, *results], capture_output=True, text=True, check=False, cwd=elsewhere
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.partition("RESULT")[2])
    for script, (name, result) in results.items():
        score, inputs = found[script]
        assert score == pytest.approx(result.explained, rel=1e-5), name
        for one, relevance in result.inputs.items():
            np.testing.assert_allclose(inputs[one], relevance.ravel(), rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_notebook_holds_the_same_lines_in_cells(tmp_path):
    engine = Engine()
    lines, result = explained(engine, Source(str(DIABETES)), str(DIABETES.with_name("diabetes.csv")), {})
    path = tmp_path / "again.ipynb"
    assert write(str(path), lines) == ""
    read = json.loads(path.read_text(encoding="utf-8"))
    assert (read["nbformat"], read["nbformat_minor"]) == (4, 5)
    assert [cell["cell_type"] for cell in read["cells"]] == ["markdown", *["code"] * 4]
    assert len({cell["id"] for cell in read["cells"]}) == len(read["cells"])
    code = "\n".join("".join(cell["source"]) for cell in read["cells"] if cell["cell_type"] == "code")
    assert [line for line in code.splitlines() if line] == [line for line in lines.splitlines()[1:] if line]
    space: dict = {}
    for cell in read["cells"][1:]:
        exec(compile("".join(cell["source"]), "cell", "exec"), space)
    assert float(space["explanation"].score[0]) == pytest.approx(result.explained, rel=1e-5)
    assert json.loads(notebook("x = 1\n"))["cells"][0]["source"] == ["x = 1"]


def test_what_cannot_be_written_is_said(tmp_path):
    assert "cannot be written" in write(str(tmp_path / "no folder" / "again.py"), "x = 1\n")


def test_the_dialog_follows_what_is_explained_copies_and_saves(diabetes, qtbot, tmp_path):
    window = diabetes
    window.actions_["show_python"].trigger()
    dialog = window.help.python
    first = dialog.text.toPlainText()
    assert "lrp.explain(network, inputs, target='max'" in first
    window.document.select_sample(4)
    settle(qtbot, window)
    qtbot.waitUntil(lambda: dialog.text.toPlainText() != first)
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == dialog.text.toPlainText()
    dialog.save.click()
    assert dialog.dialog is not None
    dialog.dialog.reject()
    dialog.write(str(tmp_path / "again.ipynb"))
    assert json.loads((tmp_path / "again.ipynb").read_text())["cells"]
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    dialog.write(str(tmp_path / "gone" / "again.py"))
    assert "cannot be written" in dialog.note.text()
    dialog.close()
