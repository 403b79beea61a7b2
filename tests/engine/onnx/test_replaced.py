"""Weights of another file that do not fit an ONNX model, as its exporter merged layers."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from torch import nn

import lrp_engine as lrp
from tests.engine.onnx.building import FLOAT


def test_a_bias_of_the_graph_is_not_compared_with_a_matrix_of_its_layer(tmp_path):
    value = helper.make_tensor_value_info
    given = [
        numpy_helper.from_array(np.zeros(s, np.float32), n)
        for n, s in {"onnx::C_1": (2, 1, 1, 1), "onnx::C_2": (2,)}.items()
    ]
    node = helper.make_node("Conv", ["x", "onnx::C_1", "onnx::C_2"], ["y"], name="/conv/Conv")
    ends = value("x", FLOAT, ["N", 1, 3, 3]), value("y", FLOAT, ["N", 2, 3, 3])
    graph = helper.make_graph([node], "g", [ends[0]], [ends[1]], given)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "merged.onnx")
    module = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 2, 1, bias=False), bn=nn.BatchNorm2d(2)))
    torch.save(module.state_dict(), tmp_path / "w.pt")
    with pytest.raises(lrp.ArchitectureError, match=r"TrainingMode\.PRESERVE") as caught:
        lrp.load(tmp_path / "w.pt", tmp_path / "merged.onnx")
    assert "in the graph and" not in str(caught.value)
    assert "“bn.running_mean” 2" in str(caught.value)
