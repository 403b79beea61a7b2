"""The command line, as a person uses it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lrp_engine.cli import main

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
DIABETES = EXAMPLES / "diabetes" / "model_weights.pth"
PATIENTS = EXAMPLES / "diabetes" / "diabetes.csv"
DIGITS = EXAMPLES / "digits" / "digits.pt2"
IMAGES = EXAMPLES / "digits" / "digits.csv"


def test_inspect_says_what_is_in_the_file(capsys):
    assert main(["inspect", str(DIABETES)]) == 0
    text = capsys.readouterr().out
    assert "6 tensors" in text
    assert "fc1.weight" in text
    assert "32×10" in text
    assert "architecture.json lies beside it" in text


def test_inspect_as_json(capsys):
    assert main(["inspect", "--json", str(DIGITS)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"name": "conv1.weight", "shape": [8, 1, 3, 3], "dtype": "float32", "nbytes": 288, "role": "weight"} in said[
        "tensors"
    ]
    assert "holds its graph" in said["to_explain"]


def test_explain_prints_layers_from_output_to_input_and_writes_three_files(capsys, tmp_path):
    assert main(["explain", str(DIABETES), "--data", str(PATIENTS), "--rows", "0:2", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    first = text.split("row 1:")[0]
    order = [first.index(f"\n  {name} ") for name in ("fc3", "relu_1", "fc2", "relu", "fc1", "x")]
    assert order == sorted(order)
    summary = json.loads((tmp_path / "explanation.json").read_text())
    arrays = np.load(tmp_path / "relevance.npz")
    rows = list(csv.reader((tmp_path / "relevance.csv").read_text().splitlines()))
    assert rows[0][:4] == ["row", "target", "score", "age"]
    assert [float(cell) for cell in rows[1][3:]] == pytest.approx(arrays["input:x"][0].tolist())
    absorbed = sum(r["arrived"][0] - r["passed_on"][0] - r["unexplained"][0] for r in summary["ledger"])
    assert summary["relevance"]["x"][0] + absorbed == pytest.approx(summary["score"][0], abs=1e-5)
    assert arrays["layer:fc1"].shape == (2, 32)


def test_difference_of_classes_on_an_image(capsys, tmp_path):
    command = ["explain", str(DIGITS), "--data", str(IMAGES), "--rows", "3", "--target", "3-8", "--out", str(tmp_path)]
    assert main(command) == 0
    assert "3 − 8 = " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["inspect", "nowhere.pth"], 3, "nowhere.pth"),
        (["inspect", __file__], 3, "not a weight file"),
        (["explain", str(DIGITS), "--data", str(PATIENTS)], 3, "lacks"),
        (["explain", str(DIGITS), "--data", str(IMAGES), "--target", "12"], 2, "no output unit 12"),
        (["explain", str(DIGITS), "--data", str(IMAGES), "--composite", "odd"], 2, "no composite “odd”"),
        (["explain", str(DIGITS), "--data", str(IMAGES), "--rows", "a:b"], 2, "does not name rows"),
        (["explain", str(DIGITS), "--data", str(IMAGES), "--rows", "9999"], 3, "rows 0 to 1796"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_an_exit_code(arguments, code, says, capsys, tmp_path):
    if arguments[0] == "explain":
        arguments = [*arguments, "--out", str(tmp_path / "out")]
    assert main(arguments) == code
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("lrp-engine:")]
    assert len(errors) == 1
    assert says in errors[0]


def test_results_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / "file" / "below")
    assert main(["explain", str(DIABETES), "--data", str(PATIENTS), "--rows", "0", "--out", out]) == 3
    assert "cannot be written" in capsys.readouterr().err


def test_bad_rows_are_said_and_the_others_explained(capsys, tmp_path):
    lines = PATIENTS.read_text().splitlines()[:4]
    cells = lines[2].split(",")
    cells[2] = "heavy"
    lines[2] = ",".join(cells)
    (tmp_path / "some.csv").write_text("\n".join(lines))
    assert main(["explain", str(DIABETES), "--data", str(tmp_path / "some.csv"), "--out", str(tmp_path)]) == 0
    assert "Row 2: bmi is not a number (“heavy”)" in capsys.readouterr().err
    assert json.loads((tmp_path / "explanation.json").read_text())["rows"] == [0, 2]


def test_wrong_words_are_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["explane"])
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["inspect", "--help"], ["explain", "--help"]])
def test_help_says_everything(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    text = capsys.readouterr().out
    if arguments[0] == "explain":
        for option in ("--data", "--rows", "--target", "--composite", "--out", "epsilon_plus"):
            assert option in text
