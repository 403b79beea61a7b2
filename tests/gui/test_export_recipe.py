"""What a file says about how it was made: the Python lines run, and give the same relevance again."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lrp_gui.document.files import Source
from lrp_gui.export.recipe import recipe, recipe_of_rows
from lrp_gui.jobs.computing import Computing
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from tests.gui.example import DIABETES
from tests.gui.networks import saved


@pytest.fixture(scope="module")
def engine():
    return Engine()


def explained(engine, path, table="", **changes):
    opened = run_now(engine.open(Source(str(path)), table))
    values = opened.table.values[2]
    asked = {"target": "max", "composite": "epsilon_plus", **changes}
    request = SampleRequest(opened.network, 2, "3", values, **asked)
    return opened.network, run_now(engine.explain_sample(request)), request


def run(text):
    """The lines in a namespace of their own, as whoever pastes them runs them."""
    found = {}
    exec(compile(text, "recipe", "exec"), found)
    return found["explanation"]


def same(again, result):
    assert float(again.score[0]) == pytest.approx(result.explained, rel=1e-5)
    for name, relevance in result.inputs.items():
        np.testing.assert_allclose(again.inputs[name][0].numpy(), relevance, rtol=1e-4, atol=1e-6)


def changed_composite():
    from lrp_engine import Composite

    return Composite.single("gamma", gamma=0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target": "0", "composite": "epsilon"},
        {"composite": changed_composite()},
        {"reference": np.full(10, 1.5), "against": "a sample of 1.5"},
    ],
    ids=["plain", "target and composite by name", "a composite of one's own", "against a reference"],
)
def test_the_lines_make_the_explanation_of_a_table_again(engine, changes, capsys):
    network, result, asked = explained(engine, DIABETES, **changes)
    lines = recipe(network, result, asked)
    same(run(lines), result)
    assert f"# was {float(result.explained)!r}" in lines


@pytest.mark.parametrize(("stored", "chosen"), [("float64", "float32"), ("float32", "float64"), ("float64", "file")])
def test_the_precision_that_was_chosen_is_in_the_lines(stored, chosen, tmp_path, capsys):
    path, table = saved("gated", tmp_path, stored)
    engine = Engine()
    engine.computing = Computing(dtype=chosen)
    network, result, asked = explained(engine, path, str(table))
    again = run(recipe(network, result, asked))
    wanted = stored if chosen == "file" else chosen
    for name, relevance in result.inputs.items():
        assert str(again.inputs[name].dtype) == f"torch.{wanted}"
        np.testing.assert_array_equal(again.inputs[name][0].numpy(), relevance)


@pytest.mark.parametrize("name", ["gated", "tokens"])
def test_pictures_and_tokens_are_in_the_lines_too(engine, name, tmp_path, capsys):
    path, table = saved(name, tmp_path)
    network, result, asked = explained(engine, path, str(table), target="1")
    same(run(recipe(network, result, asked)), result)


def test_the_lines_run_in_a_program_of_their_own(engine, tmp_path):
    network, result, asked = explained(engine, DIABETES)
    script = tmp_path / "again.py"
    script.write_text(recipe(network, result, asked))
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert float(said.split()[0]) == pytest.approx(result.explained, rel=1e-5)


def test_a_picture_of_all_samples_holds_the_lines_that_explain_them_all(engine, capsys):
    opened = run_now(engine.open(Source(str(DIABETES)), ""))
    network, result, asked = explained(engine, DIABETES)
    rows = [5, 2, 9]
    found = run(recipe_of_rows(network, result, asked, opened.table.values[rows]))
    assert found.inputs["x"].shape == (3, 10)
    np.testing.assert_allclose(found.inputs["x"][1].numpy(), result.inputs["x"], rtol=1e-4, atol=1e-6)
