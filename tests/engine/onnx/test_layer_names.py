"""Layers get the names that exporters leave of the author's modules."""

from __future__ import annotations

import pytest

from lrp_engine.files.onnx_layers import LayerNames
from lrp_engine.files.onnx_model import OnnxNode

WEIGHTS = ("conv1.weight", "conv1.bias", "layer1.0.fc.weight", "model/conv/kernel:0", "ip1_w_0", "onnx::MatMul_9")


def made(name: str, operation: str, *inputs: str, **properties: str) -> OnnxNode:
    return OnnxNode(name, operation, "", ("x", *inputs), ("y",), {}, "", properties)


def named(*nodes: OnnxNode) -> list[str]:
    names = LayerNames(nodes, dict.fromkeys(WEIGHTS))
    return [names.of(node)[0] for node in nodes]


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (made("/layer1/layer1.0/conv1/Conv", "Conv", "onnx::Conv_3"), "layer1.0.conv1"),
        (made("/encoder/layer.0/attention/self/query/MatMul", "MatMul"), "encoder.layer.0.attention.self.query"),
        (made("/Flatten", "Flatten"), ""),
        (made("Conv_0", "Conv", "conv1.weight", "conv1.bias"), "conv1"),
        (made("", "Gemm", "layer1.0.fc.weight"), "layer1.0.fc"),
        (made("n3", "Relu"), ""),
        (made("node_relu_4", "Relu"), ""),
        (made("model/conv/Conv2D", "Conv", "model/conv/kernel:0"), "model.conv"),
        (made("n7", "Gemm", "ip1_w_0"), "ip1"),
        (made("pool5", "MaxPool"), "pool5"),
        (made("n4", "MatMul", "onnx::MatMul_9"), ""),
    ],
)
def test_one_node(node, path):
    assert named(node) == [path]


def test_a_module_that_is_called_twice():
    assert named(made("/relu/Relu", "Relu"), made("/relu/Relu_1", "Relu")) == ["relu", "relu@1"]
    twice = (made("/conv1/Conv", "Conv", "conv1.weight"), made("/conv1_1/Conv", "Conv", "conv1.weight"))
    assert named(*twice) == ["conv1", "conv1@1"]


def test_the_parts_of_one_module_are_one_layer():
    parts = [made("/act/Div", "Div"), made("/act/Erf", "Erf"), made("/act/Mul", "Mul"), made("/act/Mul_1", "Mul")]
    assert named(*parts) == ["act"] * 4


def test_what_torch_notes_of_a_node_says_its_module_and_class():
    scopes, classes = (
        "['', 'first', 'first.0', 'relu']",
        "['tests.Net', 'torch.nn.Sequential', 'tests.Block', 'aten.relu']",
    )
    node = made("node_relu", "Relu", name_scopes=scopes, class_hierarchy=classes)
    assert LayerNames([node], {}).of(node) == ("first.0", "Block")
    top = made("node_relu", "Relu", name_scopes="['', 'relu']", class_hierarchy="['tests.Net', 'aten.relu']")
    assert LayerNames([top], {}).of(top) == ("", "Relu")


def test_a_convolution_that_a_norm_was_merged_into_keeps_its_own_name():
    scopes, classes = "['', 'bn', 'batch_norm']", "['Net', 'torch.nn.BatchNorm2d', 'aten.batch_norm']"
    node = made("node_Conv_1", "Conv", "conv1.weight", name_scopes=scopes, class_hierarchy=classes)
    assert LayerNames([node], dict.fromkeys(WEIGHTS)).of(node) == ("conv1", "Conv")
