"""The command line, as a person uses it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

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
    weight = {"name": "conv1.weight", "shape": [8, 1, 3, 3], "dtype": "float32", "nbytes": 288, "role": "weight"}
    assert {**weight, "detail": ""} in said["tensors"]
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


@pytest.mark.parametrize("arguments", [["--help"], ["inspect", "--help"], ["compare", "--help"], ["explain", "--help"]])
def test_help_says_everything(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    text = capsys.readouterr().out
    if arguments[0] == "explain":
        for option in ("--data", "--rows", "--target", "--composite", "--out", "epsilon_plus"):
            assert option in text


# ------------------------------------------------------------------------------------------------ files of every kind


def checkpoint(folder: Path) -> Path:
    """Weights without an architecture, as training leaves them: with the optimizer's state and names of classes."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.randn(3, 4)).sum().backward()
    optimizer.step()
    state = {"model": {f"net.{name}": t for name, t in module.state_dict().items()}, "epoch": 3}
    torch.save({**state, "optimizer": optimizer.state_dict(), "classes": ["no", "yes"]}, folder / "c.pt")
    (folder / "table.csv").write_text("a,b,c,d\n1,2,3,4\n0,1,0,1\n")
    return folder / "c.pt"


def test_inspect_tells_the_tree_the_optimizer_apart_and_ways_to_connect(capsys, tmp_path):
    assert main(["inspect", str(checkpoint(tmp_path))]) == 0
    text = capsys.readouterr().out
    assert "epoch: 3" in text
    assert "\n4 tensors, 232 B\n" in text
    assert text.index("net.2.bias") < text.index("the optimizer's state: ")
    assert "tree:\n  net" in text
    assert "it has to be chosen how the tensors are connected" in text
    assert "\n  1. Chain of 2 layers with weights for 4 numbers (chain, score 0.70)" in text
    assert "       assumed: A ReLU stands behind net.0: weights do not tell activations." in text
    assert "`explain --candidate NUMBER`" in text


def test_inspect_tells_the_same_as_json(capsys, tmp_path):
    assert main(["inspect", "--json", str(checkpoint(tmp_path))]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["status"]) == ("state dict", "architecture")
    roles = {one["role"] for one in said["tensors"] if one["name"].startswith("net.")}
    assert roles == {"weight"}
    assert any(one["role"] == "optimizer" for one in said["tensors"])
    assert said["tree"]["parts"][0]["name"] == "net"
    (best, *_) = said["candidates"]
    assert best["problems"] == []
    assert [layer["type"] for layer in best["architecture"]["layers"]] == ["Linear", "ReLU", "Linear"]
    assert best["architecture"]["outputs"] == [{"classes": ["no", "yes"]}]


def test_inspect_lists_a_graphs_operations(capsys):
    assert main(["inspect", str(DIGITS)]) == 0
    assert "graph: 12 nodes: conv2d 2, " in capsys.readouterr().out
    assert main(["inspect", "--json", str(DIGITS)]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert sum("conv2d" in node["operation"] for node in nodes) == 2


def test_explain_takes_a_way_to_connect_by_its_number(capsys, tmp_path):
    path = checkpoint(tmp_path)
    command = ["explain", str(path), "--data", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out")]
    assert main(command) == 3
    refused = capsys.readouterr().err
    assert "holds 4 tensors but not how they are connected" in refused
    assert "ways to connect the tensors (--candidate NUMBER):\n  1. Chain of 2 layers" in refused
    assert main([*command, "--candidate", "1", "--target", "yes"]) == 0
    said = capsys.readouterr()
    assert "note: Assumed: A ReLU stands behind net.0" in said.err
    assert "row 0: yes = " in said.out
    assert main([*command, "--candidate", "7"]) == 3
    assert "There is no way 7 to connect the tensors of c.pt; inspect lists one way." in capsys.readouterr().err


def test_inspect_writes_a_way_to_connect_beside_the_weights_once(capsys, tmp_path):
    path = checkpoint(tmp_path)
    assert main(["inspect", str(path), "--write", "1"]) == 0
    assert "c.architecture.json" in capsys.readouterr().out
    assert main(["inspect", str(path)]) == 0
    assert "c.architecture.json lies beside it and fits" in capsys.readouterr().out
    command = ["explain", str(path), "--data", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert main(["inspect", str(path), "--write", "1"]) == 3
    assert "is there already; move it away first" in capsys.readouterr().err


def test_a_file_that_would_run_code_lists_its_calls(capsys, tmp_path):
    class Bad:
        def __reduce__(self):
            return (os.system, ("true",))

    torch.save({"w": torch.zeros(2), "x": Bad()}, tmp_path / "bad.pt")
    assert main(["inspect", str(tmp_path / "bad.pt")]) == 3
    error = capsys.readouterr().err
    assert error.count("lrp-engine: ") == 1
    assert "it would have called: " in error
    assert f"{os.system.__module__}.system" in error
    assert main(["inspect", "--json", str(tmp_path / "bad.pt")]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "refused"
    assert any("system" in call for call in said["would_have_called"])


def test_a_file_that_cannot_be_read_is_json_too(capsys, tmp_path):
    (tmp_path / "cut.pt").write_bytes(checkpoint(tmp_path).read_bytes()[:200])
    assert main(["inspect", "--json", str(tmp_path / "cut.pt")]) == 3
    output = capsys.readouterr()
    said = json.loads(output.out)
    assert said["status"] == "unreadable"
    assert said["to_explain"] in output.err


@pytest.mark.filterwarnings("ignore:`torch.jit.*:DeprecationWarning")
def test_a_program_needs_consent_which_says_what_it_means(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "cache"))
    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(4, 2))).save(str(tmp_path / "net.pt"))
    (tmp_path / "table.csv").write_text("x1,x2,x3,x4\n1,2,3,4\n")
    assert main(["inspect", str(tmp_path / "net.pt")]) == 0
    assert "to explain it: your consent is needed" in capsys.readouterr().out
    command = ["explain", str(tmp_path / "net.pt"), "--data", str(tmp_path / "table.csv"), "--out", str(tmp_path / "o")]
    assert main(command) == 3
    assert "with --trust: net.pt contains a program" in capsys.readouterr().err
    assert main([*command, "--trust"]) == 0


def test_sizes_that_a_file_leaves_open(capsys, tmp_path):
    layers = [
        {"name": "gru", "type": "GRU", "parameters": {"input_size": 1, "hidden_size": 3, "output": "last"}},
        {"name": "fc", "type": "Linear", "parameters": {"in_features": 3, "out_features": 2}},
    ]
    described = {"version": 1, "inputs": [{"name": "series", "shape": [9, 1]}], "layers": layers}
    gru, fc = torch.nn.GRU(1, 3), torch.nn.Linear(3, 2)
    tensors = {f"gru.{k}": v for k, v in gru.state_dict().items()} | {f"fc.{k}": v for k, v in fc.state_dict().items()}
    torch.save(tensors, tmp_path / "w.pt")
    (tmp_path / "architecture.json").write_text(json.dumps(described))
    (tmp_path / "table.csv").write_text("x1,x2,x3\n1,2,3\n")
    command = ["explain", str(tmp_path / "w.pt"), "--data", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out")]
    assert main(command) == 3
    assert main([*command, "--size", "sequence=3"]) == 0
    assert main([*command, "--size", "series=3x1"]) == 0
    capsys.readouterr()
    assert main([*command, "--size", "long"]) == 2
    assert "“long” is no size; write sequence=16, or image=3x224x224." in capsys.readouterr().err


def test_inspecting_needs_no_torch(tmp_path):
    path = checkpoint(tmp_path)
    run = f"from lrp_engine.cli import main; main(['inspect', {str(path)!r}])"
    code = f"import sys; {run}; assert 'torch' not in sys.modules"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
