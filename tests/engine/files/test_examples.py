"""The shipped examples are what they say they are."""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_digits

import lrp_engine as lrp
from lrp_engine.files import read_pt2
from lrp_engine.files.features import Feature
from lrp_engine.files.table import match_columns, read_table, standardise

from .making import DIABETES, DIGITS, EXAMPLES


def test_diabetes_table_is_the_data_in_original_units():
    data = load_diabetes(scaled=False)
    table = read_table(DIABETES.with_name("diabetes.csv"))
    assert table.names == (*data["feature_names"], "progression", "above_median")
    np.testing.assert_allclose(table.values[:, :10], data["data"], rtol=1e-9)
    np.testing.assert_array_equal(table.values[:, 10], data["target"])
    np.testing.assert_array_equal(table.values[:, 11], data["target"] > np.median(data["target"]))


def test_digits_table_is_the_data():
    data = load_digits()
    table = read_table(DIGITS.with_name("digits.csv"))
    assert table.names[10] == "r1c2"
    np.testing.assert_array_equal(table.values[:, :64], data["data"])
    np.testing.assert_array_equal(table.values[:, 64], data["target"])


def test_diabetes_network_predicts_as_the_readme_says():
    """From the three files alone: weights, architecture, table."""
    architecture = json.loads(DIABETES.with_name("architecture.json").read_text(encoding="utf-8"))
    features = [Feature(**feature) for feature in architecture["inputs"][0]["features"]]
    table = read_table(DIABETES.with_name("diabetes.csv"))
    matched = match_columns(features, True, table)
    weights = {name: info.read() for name, info in lrp.open_weights(DIABETES).tensors.items()}
    values = standardise(matched.take(table)[0], features)
    for layer in architecture["layers"]:
        if layer["type"] == "Linear":
            weight = weights[f"{layer['name']}.weight"]
            assert weight.shape == (layer["parameters"]["out_features"], layer["parameters"]["in_features"])
            values = values @ weight.T + weights[f"{layer['name']}.bias"]
        else:
            assert layer["type"] in ("ReLU", "Sigmoid")
            values = np.maximum(values, 0) if layer["type"] == "ReLU" else 1 / (1 + np.exp(-values))
    right = (values[:, 0] > 0.5) == table.values[:, 11]
    assert right.mean() > stated_accuracy("diabetes") - 0.02  # most of them were trained on
    assert matched.extras == ("progression", "above_median")


def stated_accuracy(name):
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    section = text[text.index(f"## {name}") :]
    right, total = re.search(r"Held out: (\d+) of\s+(\d+) right", section.replace("\n", " ")).groups()
    return int(right) / int(total)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
def test_digits_network_predicts_as_the_readme_says():
    table = read_table(DIGITS.with_name("digits.csv"))
    images = torch.tensor(table.values[:, :64], dtype=torch.float32).reshape(-1, 1, 8, 8)
    network = torch.export.load(DIGITS).module()
    right = network(images).argmax(dim=1).numpy() == table.values[:, 64]
    assert right.mean() > stated_accuracy("digits") - 0.02
    assert network(images[:1]).shape == (1, 10)


def test_digits_network_names_its_pixels_and_classes():
    read = read_pt2(DIGITS)
    description = json.loads(read.extra["lrp.json"])
    assert description["version"] == 1
    (image,) = description["inputs"]
    assert image["name"] == "image"
    assert tuple(f["name"] for f in image["features"]) == read_table(DIGITS.with_name("digits.csv")).names[:64]


def test_no_file_of_the_examples_names_this_machine():
    for path in EXAMPLES.rglob("*"):
        if path.suffix in (".pth", ".pt2", ".json", ".csv"):
            assert b"/home/" not in path.read_bytes()
            assert b"/work/" not in path.read_bytes()
            assert b"site-packages" not in path.read_bytes()


def test_source_lines_in_the_program_are_those_of_the_script():
    program = read_pt2(DIGITS).program
    lines = (EXAMPLES / "make_examples.py").read_text(encoding="utf-8").splitlines()
    ast.parse("\n".join(lines))
    traces = {node["metadata"].get("stack_trace") for node in program["graph_module"]["graph"]["nodes"]} - {None}
    assert len(traces) == 4
    for trace in traces:
        number, code = re.fullmatch(r'File "make_examples\.py", line (\d+), in forward\n +(.+)', trace).groups()
        assert lines[int(number) - 1].strip() == code.strip()
