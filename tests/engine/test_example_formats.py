"""The examples exist in every format, and an explanation does not depend on which one was opened."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files.features import standardise
from lrp_engine.files.table import match_columns, read_table

from . import formats_table
from .files.making import EXAMPLES

FILES = {
    "diabetes": (
        "diabetes.pt2",
        *("model_weights.pth", "model_weights_legacy.pth", "model_weights.safetensors", "model_weights.npz"),
        *("diabetes.onnx", "diabetes_torchscript.pt"),
    ),
    "digits": (
        "digits.pt2",
        *("digits.pth", "digits_legacy.pth", "digits.safetensors", "digits.npz"),
        *("digits.onnx", "digits_torchscript.pt"),
    ),
}
SAMPLES = 12
TOLERANCE = 1e-5  # of the largest relevance


def explained(example, name, composite):
    """Relevance of the table's first samples, in the order of its columns, and their outputs."""
    path = EXAMPLES / example / name
    network = lrp.load(path, trust="torchscript" in name)
    (entry,) = network.inputs
    assert entry.shape[0] is None, "any number of samples at once"
    assert entry.features, "the features have their names"
    table = read_table(EXAMPLES / example / f"{example}.csv")
    values, _ = match_columns(entry.features, True, table).take(table)
    inputs = standardise(values[:SAMPLES], entry.features).reshape(SAMPLES, *entry.unit_shape)
    result = lrp.explain(network, torch.tensor(inputs, dtype=torch.float32), composite=composite)
    (relevance,), (outputs,) = result.inputs.values(), result.outputs.values()
    return relevance.numpy().reshape(SAMPLES, -1), outputs.numpy(), network


@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon"])
@pytest.mark.parametrize(("example", "name"), [(e, name) for e, names in FILES.items() for name in names[1:]])
def test_the_same_explanation_from_every_format(example, name, composite):
    relevance, outputs, network = explained(example, name, composite)
    expected, expected_outputs, first = explained(example, FILES[example][0], composite)
    np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-4, atol=1e-5)
    assert np.abs(relevance - expected).max() <= TOLERANCE * np.abs(expected).max()
    assert network.outputs[0].classes == first.outputs[0].classes
    assert [f.name for f in network.inputs[0].features] == [f.name for f in first.inputs[0].features]


def test_no_format_is_forgotten():
    for example, names in FILES.items():
        there = {p.name for p in (EXAMPLES / example).iterdir() if p.suffix not in {".csv", ".json"}}
        assert there == set(names)
        assert len({lrp.open_weights(EXAMPLES / example / name).kind for name in names}) == len(names)


def test_the_table_of_formats_in_the_docs_is_what_happens(tmp_path):
    made = formats_table.rows(tmp_path)
    assert all(difference <= TOLERANCE for *_, difference in made)
    text = formats_table.DOCUMENT.read_text(encoding="utf-8")
    for name, browse, needs, _ in made:
        assert f"| {name} | {browse} | {needs} |" in text
