"""Whole networks that torch exports to ONNX: outputs, relevance and layers are those of the captured module."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.onnx import load_onnx
from tests.engine import nets, zoo
from tests.engine.onnx.building import by_onnxruntime

EVERY_RUN = ("vgg", "unet", "squeeze_excite", "bert", "lstm", "gru")
OTHERS = tuple(name for name in zoo.NAMES if name not in {*EVERY_RUN, "gpt2", "llama"})  # these two torch cannot export


def export(path: Path, module: nn.Module, inputs: dict[str, torch.Tensor]) -> Path:
    """Write the module by torch's exporter that needs no other package."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (),
            str(path),
            kwargs=inputs,
            dynamo=False,
            input_names=list(inputs),
            output_names=["y"],
            dynamic_axes={name: {0: "batch"} for name in inputs},
            opset_version=17,
        )
    return path


@pytest.mark.parametrize("name", [*EVERY_RUN, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in OTHERS)])
def test_an_exported_network_is_the_module_it_was_made_of(tmp_path, name):
    animal = zoo.animal(name)
    path = export(tmp_path / "net.onnx", animal.module, animal.inputs)
    network = load_onnx(path)
    captured = lrp.explain(animal.network, animal.inputs, composite="epsilon_plus")
    explained = lrp.explain(network, animal.inputs, composite="epsilon_plus")
    output = next(iter(explained.outputs.values()))
    torch.testing.assert_close(output, animal.output, rtol=1e-4, atol=1e-5)
    (wanted,) = by_onnxruntime(path, **{key: x.numpy() for key, x in animal.inputs.items()})
    np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
    for key, relevance in captured.inputs.items():
        largest = float(relevance.abs().max()) or 1.0
        torch.testing.assert_close(explained.inputs[key], relevance, rtol=0, atol=1e-5 * largest)
    learned = {
        layer.path for layer in animal.network.layers if layer.parameters and "norm" not in layer.operation.lower()
    }
    assert learned <= {layer.path for layer in network.layers}


@pytest.mark.parametrize("name", nets.NETS)
def test_small_networks_keep_their_layers(tmp_path, name):
    module, x = nets.make(name, dtype=torch.float32)
    network = load_onnx(export(tmp_path / "net.onnx", module, {"x": x}))
    captured = lrp.capture(module, x)
    one, other = lrp.explain(network, x), lrp.explain(captured, x)
    torch.testing.assert_close(one.inputs["x"], other.inputs["x"], rtol=1e-4, atol=1e-5)
    modules = [layer for layer in captured.layers if layer.operation[0].isupper() and not layer.merged_into]
    learned = {layer.path: layer.parameters for layer in modules if layer.parameters}
    found = {layer.path: layer.parameters for layer in network.layers}
    assert {path: found.get(path) for path in learned} == learned
