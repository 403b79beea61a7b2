"""Quantised networks in the three forms that exporters write, against onnxruntime; relevance passes roundings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.networks.onnx import load_onnx
from tests.engine.onnx.building import by_onnxruntime, graph, node, random, save, value

X = np.random.default_rng(3).uniform(-1, 1, (4, 3, 6, 6)).astype(np.float32)


def quantised(array: np.ndarray, scale: Any, zero: int = 0) -> np.ndarray:
    return np.clip(np.round(array / scale) + zero, -128, 127).astype(np.int8)


def stored() -> dict[str, Any]:
    conv, dense = 0.3 * random(4, 3, 3, 3), 0.2 * random(144, 5, seed=1)
    scales = (np.abs(conv).max((1, 2, 3)) / 127).astype(np.float32)
    return {
        "conv.q": quantised(conv, scales.reshape(-1, 1, 1, 1)),
        "conv.s": scales,
        "conv.z": np.zeros(4, np.int8),
        "fc.q": quantised(dense, np.float32(0.005)),
        "fc.s": np.float32(0.005),
        "fc.z": np.int8(0),
        "x.s": np.float32(1 / 127),
        "x.z": np.uint8(128),
        "h.s": np.float32(0.02),
        "h.z": np.uint8(3),
        "y.s": np.float32(0.05),
        "y.z": np.uint8(120),
        "fc.b": random(5, seed=2),
    }


def with_pairs() -> list[Any]:
    """Pairs of QuantizeLinear and DequantizeLinear around floating operators."""
    return [
        node("QuantizeLinear", "x x.s x.z", "xq"),
        node("DequantizeLinear", "xq x.s x.z", "xd"),
        node("DequantizeLinear", "conv.q conv.s conv.z", "cw", axis=0),
        node("Conv", "xd cw", "c", "/conv/Conv", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("QuantizeLinear", "r h.s h.z", "rq"),
        node("DequantizeLinear", "rq h.s h.z", "rd"),
        node("Flatten", "rd", "f"),
        node("DequantizeLinear", "fc.q fc.s fc.z", "fw"),
        node("MatMul", "f fw", "m", "/fc/MatMul"),
        node("Add", "m fc.b", "y", "/fc/Add"),
    ]


def with_operators() -> list[Any]:
    """Operators on whole numbers."""
    return [
        node("QuantizeLinear", "x x.s x.z", "xq"),
        node("QLinearConv", "xq x.s x.z conv.q conv.s conv.z h.s h.z", "r", pads=[1, 1, 1, 1]),
        node("Flatten", "r", "f"),
        node("QLinearMatMul", "f h.s h.z fc.q fc.s fc.z y.s y.z", "yq"),
        node("DequantizeLinear", "yq y.s y.z", "y"),
    ]


def dynamic() -> list[Any]:
    """Whole numbers whose scale is that of the values."""
    return [
        node("DynamicQuantizeLinear", "x", "xq xs xz"),
        node("ConvInteger", "xq conv.q xz", "c", pads=[1, 1, 1, 1]),
        node("Cast", "c", "cf", to=1),
        node("Mul", "cf xs", "cs"),
        node("Mul", "cs h.s", "ch"),
        node("Relu", "ch", "r"),
        node("Flatten", "r", "f"),
        node("DynamicQuantizeLinear", "f", "fq fs fz"),
        node("MatMulInteger", "fq fc.q fz fc.z", "m"),
        node("Cast", "m", "mf", to=1),
        node("Mul", "fs fc.s", "both"),
        node("Mul", "mf both", "ms"),
        node("Add", "ms fc.b", "y"),
    ]


@pytest.mark.parametrize(("form", "samples"), [(with_pairs, "n"), (with_operators, "n"), (dynamic, 1)])
def test_a_quantised_network_computes_what_onnxruntime_computes(tmp_path, form, samples):
    made = graph(form(), [value("x", [samples, 3, 6, 6])], [value("y", [samples, 5])], stored())
    path = save(tmp_path / "net.onnx", made, opset=13)
    network = load_onnx(path)
    xs = [X] if samples == "n" else [X[[sample]] for sample in range(4)]
    for x in xs:
        (wanted,) = by_onnxruntime(path, x=x)
        explanation = lrp.explain(network, x, target=1, composite="epsilon_plus")
        got = explanation.outputs["y"].numpy()
        # a step apart where a product of single precision falls just beside a half
        assert np.abs(got - wanted).max() <= (0.051 if form is with_operators else 0.01 * np.abs(wanted).max())
        assert np.abs(got - wanted).mean() <= 1e-3 * np.abs(wanted).max()
        for row in explanation.ledger:
            assert float(row.unexplained.abs().max()) < 1e-4 * max(1.0, float(row.arrived.abs().max())), row
        assert float(explanation.inputs["x"].abs().sum()) > 0


def test_relevance_of_a_quantised_network_is_nearly_that_of_the_floating_one(tmp_path):
    weights = stored()
    quantised_net = load_onnx(
        save(
            tmp_path / "q.onnx",
            graph(with_pairs(), [value("x", ["n", 3, 6, 6])], [value("y", ["n", 5])], weights),
            opset=13,
        )
    )
    conv = weights["conv.q"].astype(np.float32) * weights["conv.s"].reshape(-1, 1, 1, 1)
    floating = [
        node("Conv", "x cw", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("Flatten", "r", "f"),
        node("MatMul", "f fw", "m"),
        node("Add", "m fc.b", "y"),
    ]
    dense = {"cw": conv, "fw": weights["fc.q"] * weights["fc.s"], "fc.b": weights["fc.b"]}
    plain = load_onnx(
        save(
            tmp_path / "f.onnx", graph(floating, [value("x", ["n", 3, 6, 6])], [value("y", ["n", 5])], dense), opset=13
        )
    )
    one, other = (lrp.explain(net, X, target=1).inputs["x"] for net in (quantised_net, plain))
    assert float((one - other).abs().max()) < 0.05 * float(other.abs().max())
    assert torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), 0) > 0.999


def test_weights_that_were_quantised_count_as_learned(tmp_path):
    made = graph(with_pairs(), [value("x", ["n", 3, 6, 6])], [value("y", ["n", 5])], stored())
    network = load_onnx(save(tmp_path / "net.onnx", made, opset=13))
    by_path = {layer.path: layer.parameters for layer in network.layers}
    assert by_path["conv"] == 4 * 3 * 3 * 3
    assert by_path["fc"] == 144 * 5 + 5
