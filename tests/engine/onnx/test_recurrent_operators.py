"""LSTM, GRU and RNN of ONNX in all their forms, against onnxruntime, and their relevance against torch's modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.graphs.graph import operation_name
from lrp_engine.networks.onnx import imported, load_onnx
from tests.engine.onnx.building import by_onnxruntime, graph, node, random, save, value

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}  # ONNX's gates, as places in torch's order
TIME, BATCH, INPUTS, UNITS = 4, 3, 2, 3


def model(path: Any, operation: str, given: dict[str, Any], layout: int = 0, **attributes: Any) -> Any:
    """A recurrent node whose weights are stored; its output and last states are the network's."""
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    shape = ["batch", TIME, INPUTS] if layout else [TIME, "batch", INPUTS]
    names = ("w", "r", "b", "lengths", "h", "c", "p")
    inputs = "x " + " ".join(name if name in given else "-" for name in names)
    if operation != "LSTM":
        inputs = " ".join(inputs.split()[:6])
    outputs = "y yh" + (" yc" if operation == "LSTM" else "")
    nodes = [node(operation, inputs, outputs, hidden_size=UNITS, layout=layout, **attributes)]
    y = ["batch", TIME, directions, UNITS] if layout else [TIME, directions, "batch", UNITS]
    return save(path, graph(nodes, [value("x", shape)], [value("y", y)], given), opset=14)


def weights(operation: str, directions: int = 1, *, biases: bool = True) -> dict[str, Any]:
    gates = GATES[operation]
    found = {"w": random(directions, gates * UNITS, INPUTS), "r": random(directions, gates * UNITS, UNITS, seed=1)}
    return found | ({"b": random(directions, 2 * gates * UNITS, seed=2)} if biases else {})


FORMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "lstm": ("LSTM", {}, {}),
    "lstm reverse": ("LSTM", {"direction": "reverse"}, {}),
    "lstm both ways": ("LSTM", {"direction": "bidirectional"}, {}),
    "lstm with peepholes": ("LSTM", {}, {"p": random(1, 3 * UNITS, seed=5)}),
    "lstm coupled": ("LSTM", {"input_forget": 1}, {}),
    "lstm of other functions": ("LSTM", {"activations": ["HardSigmoid", "Relu", "Softsign"]}, {}),
    "lstm clipped": ("LSTM", {"clip": 0.3}, {}),
    "gru": ("GRU", {"linear_before_reset": 1}, {}),
    "gru reset before": ("GRU", {}, {}),
    "gru both ways": ("GRU", {"linear_before_reset": 1, "direction": "bidirectional"}, {}),
    "gru reverse, reset before": ("GRU", {"direction": "reverse"}, {}),
    "rnn": ("RNN", {}, {}),
    "rnn relu": ("RNN", {"activations": ["Relu"]}, {}),
    "rnn affine": ("RNN", {"activations": ["Affine"], "activation_alpha": [0.5], "activation_beta": [0.1]}, {}),
    "rnn both ways": ("RNN", {"direction": "bidirectional", "activations": ["Tanh", "Relu"]}, {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_computes_what_onnxruntime_computes(tmp_path, form):
    operation, attributes, more = FORMS[form]
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    path = model(tmp_path / "net.onnx", operation, weights(operation, directions) | more, **attributes)
    x = random(TIME, BATCH, INPUTS, seed=9)
    network = load_onnx(path)
    assert network.inputs[0].shape == (TIME, None, INPUTS)
    (wanted,) = by_onnxruntime(path, x=x)
    explanation = lrp.explain(network, x, target="max")
    np.testing.assert_allclose(explanation.outputs["y"], wanted, rtol=1e-4, atol=1e-6)
    assert max(float(row.unexplained.abs().max()) for row in explanation.ledger) < 1e-5


@pytest.mark.parametrize("operation", GATES)
def test_sequences_of_different_lengths(tmp_path, operation):
    given = weights(operation, 2) | {"lengths": np.array([4, 1, 3], np.int32)}
    path = model(tmp_path / "net.onnx", operation, given, direction="bidirectional")
    x = random(TIME, BATCH, INPUTS, seed=9)
    found = imported(path, sizes={"batch": 3})
    (wanted,) = by_onnxruntime(path, x=x)
    np.testing.assert_allclose(found.run({"x": torch.from_numpy(x)})["y"], wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("operation", GATES)
def test_an_initial_state_that_is_made_for_one_sample_is_that_of_all(tmp_path, operation):
    given = weights(operation) | {"h": random(1, 1, UNITS, seed=7)}
    if operation == "LSTM":
        given["c"] = random(1, 1, UNITS, seed=8)
    attributes = {"linear_before_reset": 1} if operation == "GRU" else {}
    path = model(tmp_path / "net.onnx", operation, given, **attributes)
    network = load_onnx(path)
    x = random(TIME, BATCH, INPUTS, seed=9)
    alone = [by_onnxruntime(path, x=x[:, [sample]])[0] for sample in range(BATCH)]
    found = lrp.explain(network, x).outputs["y"]
    np.testing.assert_allclose(found, np.concatenate(alone, 2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("operation", GATES)
def test_torchs_operation_is_used_and_hands_relevance_back_like_the_module(tmp_path, operation):
    torch.manual_seed(0)
    module = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}[operation](INPUTS, UNITS, bidirectional=True)

    def onnxs(name: str) -> np.ndarray:
        """The weights of both directions in ONNX's order."""
        found = []
        for suffix in ("", "_reverse"):
            gates = getattr(module, name + suffix).detach().reshape(GATES[operation], UNITS, -1)
            found.append(gates[list(ORDER[operation])].reshape(GATES[operation] * UNITS, -1).numpy())
        return np.stack(found)

    biases = np.concatenate([onnxs("bias_ih_l0"), onnxs("bias_hh_l0")], 1)[..., 0]
    given = {"w": onnxs("weight_ih_l0"), "r": onnxs("weight_hh_l0"), "b": biases}
    attributes = {"linear_before_reset": 1} if operation == "GRU" else {}
    path = model(tmp_path / "net.onnx", operation, given, direction="bidirectional", **attributes)
    network = load_onnx(path)
    assert {"lstm", "gru", "rnn_tanh"} & {operation_name(one) for one in network.graph.nodes}
    assert network.parameters >= {"w", "r", "b"}

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, x):
            return self.inner(x.transpose(0, 1))[0].unflatten(2, (2, UNITS)).transpose(1, 2).transpose(0, 2)

    x = torch.randn(BATCH, TIME, INPUTS)
    captured = lrp.explain(lrp.capture(Whole(), x), x, target=(0, 1, 2))
    explained = lrp.explain(network, x.transpose(0, 1), target=(1, 0, 2))
    torch.testing.assert_close(explained.inputs["x"].transpose(0, 1), captured.inputs[next(iter(captured.inputs))])
