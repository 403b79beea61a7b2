"""Pipelines as scikit-learn's converter writes them, with labels that are texts; and ONNX's first versions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import lrp_engine as lrp
from lrp_engine.networks.onnx import imported, load_onnx
from tests.engine.onnx.building import by_onnxruntime, constant, graph, node, random, save, value

ML = "ai.onnx.ml"
X = random(5, 4)
ROWS = {
    "Scaler": {"offset": [0.5, 1.0, 0.0, -1.0], "scale": [1.0, 2.0, 0.5, 4.0]},
    "LinearRegressor": {"coefficients": random(8).tolist(), "intercepts": [0.5, -0.5], "targets": 2},
    "Normalizer": {"norm": "L2"},
    "Imputer": {"imputed_value_floats": [1.0, 2.0, 3.0, 4.0], "replaced_value_float": float(X[0, 1])},
    "Binarizer": {"threshold": 0.25},
}


@pytest.mark.parametrize("name", ROWS)
def test_a_step_gives_what_onnxruntime_gives(tmp_path, name):
    nodes = [node(name, "x", "y", domain=ML, **ROWS[name])]
    made = graph(nodes, [value("x", ["N", 4])], [value("y", None)])
    path = save(tmp_path / "net.onnx", made, ai_onnx_ml=3)
    (wanted,) = by_onnxruntime(path, x=X)
    np.testing.assert_allclose(imported(path).run({"x": torch.from_numpy(X)})["y"], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("how", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize("labels", [{"classlabels_ints": [3, 5, 9]}, {"classlabels_strings": ["cat", "dog", "bee"]}])
def test_a_linear_classifier_gives_its_scores(tmp_path, how, labels):
    settings = {"coefficients": random(12).tolist(), "intercepts": [0.1, 0.2, 0.3], "post_transform": how, **labels}
    kind = TensorProto.INT64 if "classlabels_ints" in labels else TensorProto.STRING
    made = graph(
        [node("LinearClassifier", "x", "label scores", domain=ML, **settings)],
        [value("x", ["N", 4])],
        [value("label", None, kind), value("scores", None)],
    )
    path = save(tmp_path / "net.onnx", made, ai_onnx_ml=3)
    label, scores = by_onnxruntime(path, x=X)
    found = imported(path).run({"x": torch.from_numpy(X)})
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-5, atol=1e-6)
    if "classlabels_ints" in labels:
        np.testing.assert_array_equal(found["label"], label)
    explanation = lrp.explain(load_onnx(path), X, target=1, composite="epsilon")
    weight = np.array(settings["coefficients"]).reshape(3, 4)[1]
    np.testing.assert_allclose(explanation.inputs["x"], X * weight, rtol=1e-3, atol=1e-5)


def test_a_network_whose_labels_are_texts_is_explained(tmp_path):
    """A scaled multilayer perceptron; the label is looked up among texts, and the scores get names."""
    weights = {"w": random(4, 6), "b": random(6), "v": random(6, 3, seed=1), "c": random(3)}
    nodes = [
        node("Scaler", "x", "s", domain=ML, offset=[0.0] * 4, scale=[2.0] * 4),
        node("MatMul", "s w", "h1"),
        node("Add", "h1 b", "h2"),
        node("Relu", "h2", "h3"),
        node("MatMul", "h3 v", "h4"),
        node("Add", "h4 c", "h5"),
        node("Softmax", "h5", "p", axis=-1),
        node("ArgMax", "p", "best", axis=1, keepdims=0),
        node("ArrayFeatureExtractor", "classes best", "raw", domain=ML),
        constant("flat", np.array([-1])),
        node("Reshape", "raw flat", "label"),
        node("ZipMap", "p", "probabilities", domain=ML, classlabels_strings=["cat", "dog", "bee"]),
    ]
    made = graph(nodes, [value("x", ["N", 4])], [], weights)
    made.initializer.append(helper.make_tensor("classes", TensorProto.STRING, [3], [b"cat", b"dog", b"bee"]))
    named = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    made.output.extend(
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
            helper.make_value_info("probabilities", helper.make_sequence_type_proto(named)),
        ]
    )
    path = save(tmp_path / "net.onnx", made, ai_onnx_ml=3)
    label, probabilities = by_onnxruntime(path, x=X)
    assert set(label) <= {"cat", "dog", "bee"}
    wanted = [[row[name] for name in ("cat", "dog", "bee")] for row in probabilities]
    network = load_onnx(path)
    assert [output.name for output in network.outputs] == ["probabilities"]
    assert any("“label” is no tensor" in note for note in network.notes)
    explanation = lrp.explain(network, X, target=2, composite="epsilon")
    np.testing.assert_allclose(explanation.outputs["probabilities"], wanted, rtol=1e-4, atol=1e-6)
    assert network.parameters == {"w", "b", "v", "c"}


def test_labels_that_are_numbers_are_encoded(tmp_path):
    nodes = [
        node("LabelEncoder", "x", "y", domain=ML, keys_int64s=[1, 2], values_floats=[0.5, 0.25], default_float=-1.0)
    ]
    made = graph(nodes, [value("x", [3], TensorProto.INT64)], [value("y", None)])
    path, given = save(tmp_path / "net.onnx", made, ai_onnx_ml=2), np.array([2, 7, 1])
    (wanted,) = by_onnxruntime(path, x=given)
    np.testing.assert_allclose(imported(path).run({"x": torch.from_numpy(given)})["y"], wanted)


# ------------------------------------------------------------------------------------------------ first versions


def test_before_opset_7_a_bias_names_its_axis(tmp_path):
    x, w, b = random(3, 2, 5, 5), random(4, 2, 3, 3), random(4)
    nodes = [node("Conv", "x w", "h", kernel_shape=[3, 3]), node("Add", "h b", "y", broadcast=1, axis=1)]
    made = graph(nodes, [value("x", ["N", 2, 5, 5])], [value("y", None)], {"w": w, "b": b})
    network = load_onnx(save(tmp_path / "net.onnx", made, opset=6))
    wanted = torch.conv2d(*map(torch.from_numpy, (x, w, b)))
    torch.testing.assert_close(lrp.explain(network, x).outputs["y"], wanted, rtol=1e-5, atol=1e-5)


def test_before_opset_6_a_cast_has_a_name(tmp_path):
    nodes = [node("Cast", "x", "h", to="INT32"), node("Cast", "h", "y", to="FLOAT")]
    made = graph(nodes, [value("x", [2, 2])], [value("y", None)])
    found = imported(save(tmp_path / "net.onnx", made, opset=5)).run({"x": torch.tensor([[1.5, -1.5], [0.2, 7.9]])})
    torch.testing.assert_close(found["y"], torch.tensor([[1.0, -1.0], [0.0, 7.0]]))


@pytest.mark.parametrize(
    ("operation", "settings", "function"),
    [
        ("Affine", {"alpha": 2.0, "beta": 0.5}, lambda x: 2 * x + 0.5),
        ("ScaledTanh", {"alpha": 2.0, "beta": 0.5}, lambda x: 2 * torch.tanh(0.5 * x)),
        ("ParametricSoftplus", {"alpha": 2.0, "beta": 0.5}, lambda x: 2 * torch.nn.functional.softplus(0.5 * x)),
        ("Scale", {"scale": 3.0}, lambda x: 3 * x),
        ("ImageScaler", {"scale": 0.5, "bias": [1.0, 2.0]}, lambda x: x / 2 + torch.tensor([1.0, 2]).reshape(2, 1, 1)),
        ("Crop", {"border": [1, 0, 2, 1]}, lambda x: x[:, :, :-1, 1:-2]),
        (
            "Upsample",
            {"height_scale": 2.0, "width_scale": 2.0},
            lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3),
        ),
    ],
)
def test_operators_that_are_gone(tmp_path, operation, settings, function):
    x = random(3, 2, 5, 6)
    made = graph([node(operation, "x", "y", **settings)], [value("x", ["N", 2, 5, 6])], [value("y", None)])
    found = imported(save(tmp_path / "net.onnx", made, opset=1)).run({"x": torch.from_numpy(x)})
    torch.testing.assert_close(found["y"], function(torch.from_numpy(x)))


def test_constants_that_are_texts_do_no_harm(tmp_path):
    text = helper.make_tensor("t", TensorProto.STRING, [1], [b"a text"])
    nodes = [helper.make_node("Constant", [], ["t"], value=text), node("Identity", "t", "u"), node("Relu", "x", "y")]
    made = graph(nodes, [value("x", [2, 3])], [value("y", None), value("u", None, TensorProto.STRING)])
    made.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "unused"))
    network = load_onnx(save(tmp_path / "net.onnx", made))
    assert [output.name for output in network.outputs] == ["y"]
