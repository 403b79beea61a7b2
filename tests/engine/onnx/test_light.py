"""The large networks of onnx's own suite, whose weights are all alike: outputs, and relevance that adds up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import lrp_engine as lrp
from lrp_engine.networks.onnx import load_onnx

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = (
    *("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50"),
    *("shufflenet", "squeezenet", "vgg19", "zfnet512"),
)
EVERY_RUN = {"squeezenet", "shufflenet"}


@pytest.mark.parametrize(
    "name", [name if name in EVERY_RUN else pytest.param(name, marks=pytest.mark.exhaustive) for name in NAMES]
)
def test_a_light_model_gives_the_suites_output_and_an_explanation_that_adds_up(name):
    network = load_onnx(FOLDER / f"light_{name}.onnx")
    shape = network.inputs[0].shape
    assert shape == (None, 3, 224, 224)  # although the files are made for one sample
    count = 3 * 224 * 224
    x = (np.arange(count, dtype=np.float32) / count).reshape(1, 3, 224, 224)
    stored = onnx.TensorProto()
    stored.ParseFromString((FOLDER / f"light_{name}_output_0.pb").read_bytes())
    explanation = lrp.explain(network, x, target=0, composite="epsilon_plus")
    (output,) = explanation.outputs.values()
    np.testing.assert_allclose(output, numpy_helper.to_array(stored), rtol=1e-4, atol=1e-6)

    rows = explanation.ledger
    total = sum(relevance.sum() for relevance in explanation.inputs.values())
    for sink in ("bias", "stabilizer", "softmax", "cut"):
        total = total + sum(getattr(row, sink) for row in rows)
    # every weight is 0.02: sums of equal numbers round to one side, up to 25,088 of them in VGG's dense layer
    score = explanation.score.reshape(-1).double()
    torch.testing.assert_close(total.reshape(-1).double(), score, rtol=1e-4, atol=1e-6)
