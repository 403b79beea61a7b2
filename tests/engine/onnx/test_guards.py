"""A few bytes of a graph that ask for terabytes are refused before anything is made."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.networks.onnx import load_onnx
from lrp_engine.networks.onnx.guards import MOST_NUMBERS, growth
from tests.engine.onnx.building import constant, graph, node, save, value

aten = torch.ops.aten

LONG = [constant("n", [2**22, 1]), node("ConstantOfShape", "n", "tall"), constant("m", [1, 2**22])]
LONG += [node("ConstantOfShape", "m", "wide")]
BOMBS: dict[str, list[Any]] = {
    "spread over each other": [*LONG, node("Add", "tall wide", "z")],
    "compared": [*LONG, node("Less", "tall wide", "b"), node("Cast", "b", "z", to=1)],
    "product": [*LONG, node("MatMul", "tall wide", "z")],
    "gemm": [*LONG, node("Gemm", "tall wide", "z")],
    "constant of shape": [constant("n", [2**40]), node("ConstantOfShape", "n", "z")],
    "range": [
        constant("a", 0),
        constant("b", 2**50),
        constant("c", 1),
        node("Range", "a b c", "r"),
        node("Cast", "r", "z", to=1),
    ],
    "tile": [constant("n", [2**20, 2**20]), node("Tile", "x n", "z")],
    "pad": [constant("n", [0, 0, 2**20, 2**30]), node("Pad", "x n", "z")],
    "gather": [
        constant("t", np.zeros((1, 2**20), np.float32)),
        constant("n", [2**20]),
        node("ConstantOfShape", "n", "f"),
        node("Cast", "f", "i", to=7),
        node("Gather", "t i", "z"),
    ],
    "resize": [
        constant("shape", [1, 1, 2, 2]),
        node("Reshape", "x shape", "i"),
        constant("s", np.array([1, 1, 2**20, 2**20], np.float32)),
        node("Resize", "i - s", "z"),
    ],
    "transposed convolution": [
        constant("shape", [1, 1, 2, 2]),
        node("Reshape", "x shape", "i"),
        constant("w", np.ones((1, 1, 1, 1), np.float32)),
        node("ConvTranspose", "i w", "z", strides=[2**20, 2**20]),
    ],
    "one-hot": [
        constant("depth", 2**40),
        constant("values", np.array([0, 1], np.float32)),
        node("Cast", "x", "i", to=7),
        node("OneHot", "i depth values", "z"),
    ],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(tmp_path, name):
    nodes = [*BOMBS[name], node("ReduceSum", "z", "s", keepdims=0), node("Add", "x s", "y")]
    path = save(tmp_path / "bomb.onnx", graph(nodes, [value("x", [1, 4])], [value("y", [1, 4])]))
    start = time.process_time()
    with pytest.raises(lrp.LrpError) as caught:
        load_onnx(path)
    assert "makes more than" in str(caught.value), caught.value
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("target", "args"),
    [
        (aten.matmul.default, (torch.ones(3, 1, 9, 4), torch.ones(5, 4, 7))),
        (aten.linear.default, (torch.ones(3, 9, 4), torch.ones(7, 4))),
        (aten.conv2d.default, (torch.ones(2, 3, 9, 9), torch.ones(7, 3, 1, 1), None, [1, 1], [2, 2])),
        (aten.conv_transpose2d.input, (torch.ones(2, 3, 9, 9), torch.ones(3, 5, 2, 2), None, [2, 2])),
        (aten.constant_pad_nd.default, (torch.ones(2, 3, 9), [1, 2, 3, 4], 0.0)),
        (aten.repeat.default, (torch.ones(2, 3), [4, 5])),
        (aten.expand.default, (torch.ones(2, 1), [2, 30])),
        (aten.full.default, ([4, 5], 1.0)),
        (aten.arange.start_step, (0, 40, 2)),
        (aten.embedding.default, (torch.ones(5, 7), torch.zeros(3, 4, dtype=torch.long))),
        (aten.index.Tensor, (torch.ones(5, 7), [None, torch.zeros(3, 4, dtype=torch.long)])),
        (aten.index_select.default, (torch.ones(5, 7), 1, torch.zeros(30, dtype=torch.long))),
        (aten.upsample_nearest2d.default, (torch.ones(1, 2, 3, 3), [9, 9])),
        (aten.repeat_interleave.self_int, (torch.ones(5, 7), 3, 1)),
    ],
    ids=lambda given: str(given) if not isinstance(given, tuple) else "",
)
def test_what_is_foreseen_is_at_least_what_is_made(target, args):
    made = target(*args).numel()
    foreseen = growth(target._schema.name.removeprefix("aten::"), args)
    assert made <= foreseen <= 4 * made
    assert foreseen < MOST_NUMBERS
