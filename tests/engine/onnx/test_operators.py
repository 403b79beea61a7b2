"""Operators become the operations that the engine has rules for, and give what onnxruntime gives for many settings."""

from __future__ import annotations

import random as numbers
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import lrp_engine as lrp
from lrp_engine.networks.graphs.graph import operation_name
from lrp_engine.networks.onnx import imported, load_onnx
from tests.engine.onnx.building import by_onnxruntime, constant, graph, node, random, save, value


def loaded(tmp_path: Path, nodes: list[Any], x: np.ndarray, weights: dict[str, Any], opset: int = 18) -> lrp.Network:
    """A network of these nodes, from x to y, that takes any number of samples."""
    made = graph(nodes, [value("x", ["N", *x.shape[1:]])], [value("y", None)], weights)
    return load_onnx(save(tmp_path / "net.onnx", made, opset=opset))


def operations(network: lrp.Network) -> list[str]:
    return [operation_name(n) for n in network.graph.nodes if n.op == "call_function"]


# ------------------------------------------------------------------------------------------------ what they become


def rows() -> dict[str, tuple[list[Any], np.ndarray, dict[str, Any], list[str], Any]]:
    """Nodes, an input, weights, the operations, and what computes the same."""
    x, image = random(3, 6), random(3, 4, 8, 8)
    w, b = random(6, 5, seed=1), random(5, seed=2)
    t = torch.from_numpy
    return {
        "a dense layer in two nodes": (
            [node("MatMul", "x w", "h", "/fc/MatMul"), node("Add", "b h", "y", "/fc/Add")],
            x,
            {"w": w, "b": b},
            ["linear"],
            lambda v: functional.linear(v, t(w).t(), t(b)),
        ),
        "a convolution in two nodes": (
            [node("Conv", "x k", "h", pads=[1, 1, 1, 1]), node("Add", "h c", "y")],
            image,
            {"k": random(5, 4, 3, 3), "c": random(1, 5, 1, 1)},
            ["conv2d"],
            lambda v: functional.conv2d(v, t(random(5, 4, 3, 3)), t(random(5)), padding=1),
        ),
        "a dense layer by Gemm": (
            [node("Gemm", "x w b", "y", alpha=0.5, beta=2.0)],
            x,
            {"w": w, "b": b},
            ["linear"],
            lambda v: functional.linear(v, 0.5 * t(w).t(), 2 * t(b)),
        ),
        "ReLU6": (
            [constant("low", np.float32(0)), constant("high", np.float32(6)), node("Clip", "x low high", "y")],
            x,
            {},
            ["relu6"],
            functional.relu6,
        ),
        "hardsigmoid": ([node("HardSigmoid", "x", "y", alpha=1 / 6)], x, {}, ["hardsigmoid"], functional.hardsigmoid),
        "GELU in five nodes": (
            [
                constant("r", np.float32(2**0.5)),
                constant("one", np.float32(1)),
                constant("half", np.float32(0.5)),
                node("Div", "x r", "a"),
                node("Erf", "a", "e"),
                node("Add", "e one", "s"),
                node("Mul", "x s", "p"),
                node("Mul", "p half", "y"),
            ],
            x,
            {},
            ["gelu"],
            functional.gelu,
        ),
        "SiLU in two nodes": ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], x, {}, ["silu"], functional.silu),
        "PReLU": (
            [node("PRelu", "x s", "y")],
            image,
            {"s": random(4, 1, 1)},
            ["prelu"],
            lambda v: functional.prelu(v, t(random(4))),
        ),
        "a max pool that reaches over one side": (
            [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])],
            image,
            {},
            ["max_pool2d"],
            lambda v: functional.max_pool2d(v, 3, 2, ceil_mode=True),
        ),
        "a pool of everything": (
            [node("GlobalAveragePool", "x", "y")],
            image,
            {},
            ["adaptive_avg_pool2d"],
            lambda v: functional.adaptive_avg_pool2d(v, 1),
        ),
        "an image made larger": (
            [node("Resize", "x - s", "y", mode="linear")],
            image,
            {"s": np.array([1, 1, 2, 2], np.float32)},
            ["upsample_bilinear2d"],
            lambda v: functional.interpolate(v, scale_factor=2.0, mode="bilinear"),
        ),
        "an image by repeating": (
            [node("Resize", "x - s", "y", coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
            image,
            {"s": np.array([1, 1, 3, 3], np.float32)},
            ["upsample_nearest2d"],
            lambda v: functional.interpolate(v, scale_factor=3.0),
        ),
        "pixels shuffled": (
            [node("DepthToSpace", "x", "y", blocksize=2, mode="CRD")],
            image,
            {},
            ["pixel_shuffle"],
            lambda v: functional.pixel_shuffle(v, 2),
        ),
        "the largest two": (
            [constant("k", np.array([2])), node("TopK", "x k", "y i")],
            x,
            {},
            ["argsort", "slice", "gather"],
            lambda v: v.topk(2).values,
        ),
        "a Fourier transform": (
            [node("DFT", "x", "y", axis=1, onesided=1)],
            random(3, 8, 1),
            {},
            ["permute", "linear", "reshape", "permute"],
            lambda v: torch.view_as_real(torch.fft.rfft(v[..., 0])),
        ),
    }


ROWS = rows()


@pytest.mark.parametrize("name", ROWS)
def test_they_become_what_has_a_rule(tmp_path, name):
    nodes, x, weights, wanted, function = ROWS[name]
    opset = 17 if name == "a Fourier transform" else 18  # later ones have the axis as an input
    network = loaded(tmp_path, nodes, x, weights, opset)
    assert network.inputs[0].shape[0] is None
    found = operations(network)
    assert [one for one in found if one not in {"view", "flatten", "transpose", "sym_size"}] == wanted
    explanation = lrp.explain(network, x, target=0 if name != "a Fourier transform" else "max", composite="epsilon")
    torch.testing.assert_close(explanation.outputs["y"], function(torch.from_numpy(x)), rtol=1e-4, atol=1e-5)
    unexplained = max(float(torch.as_tensor(row.unexplained).abs().max()) for row in explanation.ledger)
    assert unexplained <= 1e-5 * max(float(torch.as_tensor(row.arrived).abs().max()) for row in explanation.ledger)


def test_a_layer_norm_in_nine_nodes_is_a_layer_norm(tmp_path):
    """As exporters write it before opset 17."""
    torch.manual_seed(0)
    module, x = nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 3)).eval(), torch.randn(4, 6)
    nn.init.normal_(module[1].weight)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    nodes = [
        constant("two", np.float32(2)),
        constant("eps", np.float32(1e-5)),
        node("Gemm", "x 0.weight 0.bias", "h", transB=1),
        node("ReduceMean", "h", "m", axes=[-1]),
        node("Sub", "h m", "d"),
        node("Pow", "d two", "q"),
        node("ReduceMean", "q", "v", axes=[-1]),
        node("Add", "v eps", "e"),
        node("Sqrt", "e", "r"),
        node("Div", "d r", "n"),
        node("Mul", "n 1.weight", "s"),
        node("Add", "s 1.bias", "z"),
        node("Relu", "z", "p"),
        node("Gemm", "p 3.weight 3.bias", "y", transB=1),
    ]
    ours = lrp.explain(loaded(tmp_path, nodes, x.numpy(), weights, opset=13), x, target=0, composite="epsilon_plus")
    theirs = lrp.explain(lrp.capture(module, x), x, target=0, composite="epsilon_plus")
    torch.testing.assert_close(ours.inputs["x"], next(iter(theirs.inputs.values())), rtol=1e-3, atol=1e-4)


def test_relevance_of_what_is_scattered_goes_to_what_was_added(tmp_path):
    """Two messages for one node: each gets its share, as in a graph network."""
    x, base = random(3, 4, 2), random(1, 3, 2, seed=1)
    nodes = [
        node("Expand", "base s", "b"),
        node("ScatterElements", "b i x", "y", axis=1, reduction="add"),
    ]
    places = np.array([0, 2, 2, 1]).reshape(1, 4, 1).repeat(2, 2)
    made = graph(
        nodes,
        [value("x", [1, 4, 2])],
        [value("y", None)],
        {"base": base, "s": np.array([1, 3, 2]), "i": places},
    )
    network = load_onnx(save(tmp_path / "net.onnx", made, opset=18))
    explanation = lrp.explain(network, x[:1], target=4, composite="lrp_0")
    wanted = np.zeros((1, 4, 2), np.float32)
    wanted[0, 1:3, 0] = x[0, 1:3, 0]
    np.testing.assert_allclose(explanation.inputs["x"].numpy(), wanted, rtol=1e-4, atol=1e-6)


def test_relevance_goes_back_to_where_the_largest_stood(tmp_path):
    x = np.array([[1.0, 5.0, 3.0, 4.0]], np.float32)
    nodes = [constant("k", np.array([2])), node("TopK", "x k", "h i"), node("MatMul", "h w", "y")]
    explanation = lrp.explain(
        loaded(tmp_path, nodes, x, {"w": np.array([[2.0], [1.0]], np.float32)}), x, composite="lrp_0"
    )
    np.testing.assert_allclose(explanation.inputs["x"].numpy(), [[0, 10, 0, 4]], rtol=1e-5)


def test_a_network_of_onnx_is_explained_as_the_module_it_was(tmp_path):
    """Asymmetric padding, a grouped and a transposed convolution, an LRN, a resize and a bias of its own."""
    torch.manual_seed(0)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 6, 3, groups=3)
            self.up = nn.ConvTranspose2d(6, 4, 2, stride=2)
            self.fc = nn.Linear(4, 5)

        def forward(self, v):
            v = torch.relu(self.one(functional.pad(v, (0, 1, 0, 1))))
            v = functional.local_response_norm(v, 3)
            v = torch.relu(self.up(v))
            v = functional.interpolate(v, scale_factor=2.0, mode="nearest")
            return self.fc(v.mean((2, 3)))

    module, x = Net().eval(), torch.randn(3, 3, 6, 6)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    weights |= {"s": np.array([1, 1, 2, 2], np.float32), "axes": np.array([2, 3]), "W": weights["fc.weight"].T.copy()}
    nodes = [
        node("Conv", "x one.weight one.bias", "a", group=3, pads=[0, 0, 1, 1]),
        node("Relu", "a", "b"),
        node("LRN", "b", "c", size=3, alpha=1e-4, beta=0.75, bias=1.0),
        node("ConvTranspose", "c up.weight up.bias", "d", strides=[2, 2]),
        node("Relu", "d", "e"),
        node("Resize", "e - s", "f", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        node("ReduceMean", "f axes", "g", keepdims=0),
        node("MatMul", "g W", "h"),
        node("Add", "fc.bias h", "y"),
    ]
    network = loaded(tmp_path, nodes, x.numpy(), weights)
    for composite in ("epsilon", "epsilon_plus", "epsilon_alpha2_beta1"):
        ours = lrp.explain(network, x, target=1, composite=composite)
        theirs = lrp.explain(lrp.capture(module, x), x, target=1, composite=composite)
        torch.testing.assert_close(ours.outputs["y"], module(x).detach(), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(ours.inputs["x"], theirs.inputs["v"], rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------ against onnxruntime


def window(draw: numbers.Random, axes: int) -> dict[str, Any]:
    kernel = [draw.randint(1, 4) for _ in range(axes)]
    return {
        "kernel_shape": kernel,
        "strides": [draw.randint(1, 3) for _ in range(axes)],
        "dilations": [draw.choice([1, 1, 2]) for _ in range(axes)],
        "pads": [draw.randint(0, max(size - 1, 0)) for size in kernel * 2],
    }


def drawn(operation: str, draw: numbers.Random) -> tuple[np.ndarray, dict[str, Any], str, dict[str, Any]]:
    """An input, weights, the order of the inputs, and settings."""
    axes = draw.choice([1, 2, 2, 3])
    sizes = [draw.randint(8, 10) for _ in range(axes)]
    x, move = random(3, 4, *sizes), window(draw, axes)
    if operation == "Conv":
        return x, {"w": random(6, 2, *move["kernel_shape"], seed=1), "b": random(6)}, "x w b", {"group": 2, **move}
    if operation == "ConvTranspose":
        extra = {"output_padding": [draw.randint(0, stride - 1) for stride in move["strides"]]}
        return x, {"w": random(4, 3, *move["kernel_shape"], seed=1)}, "x w", {"group": 2, **move, **extra}
    if operation == "MaxPool":
        return x, {}, "x", {"ceil_mode": draw.choice([0, 1]), **move}
    if operation == "AveragePool":
        return x, {}, "x", {"ceil_mode": draw.choice([0, 1]), "count_include_pad": draw.choice([0, 1]), **move}
    if operation == "LpPool":
        return x, {}, "x", {"p": draw.choice([1, 2, 3]), **move}
    if operation == "Resize":
        wanted = np.array([3, 4, *(draw.randint(2, 14) for _ in sizes)])
        modes = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
        near = {"nearest_mode": draw.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])}
        mode = draw.choice(["nearest", "linear", "cubic" if axes == 2 else "linear"])
        settings = {"mode": mode, "coordinate_transformation_mode": draw.choice(modes)}
        return x, {"s": wanted}, "x - - s", settings | (near if mode == "nearest" else {})
    if operation == "Pad":
        mode = draw.choice(["constant", "reflect", "edge", "wrap"])
        low = -1 if mode == "constant" else 0
        pads = [0, 0, *(draw.randint(low, 3) for _ in sizes), 0, 0, *(draw.randint(0, 3) for _ in sizes)]
        return x, {"p": np.array(pads)}, "x p", {"mode": mode}
    chosen = draw.sample(range(1, axes + 2), draw.randint(1, axes + 1))
    if operation == "Slice":
        steps = [draw.choice([1, 1, 2, -1, -2]) for _ in chosen]
        weights = {
            "s": [draw.randint(-12, 2) if step > 0 else draw.randint(-2, 12) for step in steps],
            "e": [draw.choice([2**62, -1, 7]) if step > 0 else draw.choice([-(2**62), -20, 0]) for step in steps],
            "a": chosen,
            "t": steps,
        }
        return x, {key: np.array(list_) for key, list_ in weights.items()}, "x s e a t", {}
    return x, {"a": np.array(chosen)}, "x a", {"keepdims": draw.choice([0, 1])}


REDUCTIONS = ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"]


@pytest.mark.parametrize(
    "operation",
    ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "Resize", "Pad", "Slice", *REDUCTIONS],
)
def test_drawn_settings_give_what_onnxruntime_gives(tmp_path, operation):
    draw = numbers.Random(operation)
    path, agreed = tmp_path / "net.onnx", 0
    for _ in range(12):
        x, weights, order, settings = drawn(operation, draw)
        samples = 3 if operation == "Resize" else "N"  # its sizes name their number
        shape = [samples, *x.shape[1:]]
        made = graph([node(operation, order, "y", **settings)], [value("x", shape)], [value("y", None)], weights)
        (wanted,) = by_onnxruntime(save(path, made, opset=19), x=x)
        if not wanted.size:
            continue
        found = imported(path)
        assert found.inputs[0].axis == (None if samples == 3 else 0)
        got = found.run({"x": torch.from_numpy(x)})["y"].numpy()
        np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4, err_msg=str(settings))
        agreed += 1
    assert agreed >= 6
