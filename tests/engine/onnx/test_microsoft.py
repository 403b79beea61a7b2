"""onnxruntime's own operators give what onnxruntime gives, and their relevance adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto

import lrp_engine as lrp
from lrp_engine.networks.onnx import imported, load_onnx
from tests.engine.onnx.building import FLOAT, INT64, by_onnxruntime, graph, node, random, save, value

B, S, H, D = 2, 5, 4, 16  # samples, sequence, heads, width of a head
INT32 = TensorProto.INT32
DTYPES = {"float32": FLOAT, "int64": INT64, "int32": INT32, "bool": TensorProto.BOOL}


def one(
    tmp_path: Path,
    operation: str,
    inputs: dict[str, Any],
    weights: dict[str, Any],
    order: str,
    domain: str,
    **settings: Any,
) -> tuple[Path, dict[str, Any]]:
    """A model of one node; `outputs` says how many, and `order` names inputs and weights (`-` for none)."""
    types = settings.pop("types", {})
    outputs = " ".join(f"y{number}" for number in range(settings.pop("outputs", 1)))
    made = graph(
        [node(operation, order, outputs, domain=domain, **settings)],
        [value(name, array.shape, DTYPES[str(array.dtype)]) for name, array in inputs.items()],
        [value(name, None, types.get(name, FLOAT)) for name in outputs.split()],
        weights,
    )
    return save(tmp_path / "net.onnx", made, opset=18, com_microsoft=1), inputs


def alike(path: Path, inputs: dict[str, Any], outputs: tuple[int, ...] = (0,)) -> None:
    """The same outputs as onnxruntime's, each sample by itself too, and relevance that adds up."""
    wanted = by_onnxruntime(path, **inputs)
    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
    found = imported(path).run(tensors)
    for number in outputs:
        np.testing.assert_allclose(found[f"y{number}"].numpy(), wanted[number], rtol=1e-4, atol=1e-5)
    network = load_onnx(path)
    explanation = lrp.explain(network, tensors, target="max", composite="epsilon")
    name = network.outputs[0].name
    np.testing.assert_allclose(explanation.outputs[name].numpy(), wanted[int(name[1:])], rtol=1e-4, atol=1e-5)
    unexplained = max(float(torch.as_tensor(row.unexplained).abs().max()) for row in explanation.ledger)
    arrived = max(float(torch.as_tensor(row.arrived).abs().max()) for row in explanation.ledger)
    assert unexplained <= 1e-4 * arrived


M = "com.microsoft"
ROWS = {
    "Gelu": ({"x": random(2, 6)}, {}, "x", M, {}),
    "FastGelu": ({"x": random(2, 6)}, {"b": random(6)}, "x b", M, {}),
    "BiasGelu": ({"x": random(2, 6)}, {"b": random(6)}, "x b", M, {}),
    "QuickGelu": ({"x": random(2, 6)}, {}, "x", M, {"alpha": 1.7}),
    "FusedConv": (
        {"x": random(2, 3, 7, 7)},
        {"w": random(4, 3, 3, 3, seed=1), "b": random(4)},
        "x w b",
        M,
        {"activation": "Relu", "pads": [1, 1, 1, 1]},
    ),
    "FusedConv with a sum": (
        {"x": random(2, 3, 7, 7)},
        {"w": random(4, 3, 3, 3, seed=1), "b": random(4), "z": random(2, 4, 5, 5)},
        "x w b z",
        M,
        {"activation": "LeakyRelu", "activation_params": [0.2]},
    ),
    "FusedGemm": (
        {"x": random(2, 6)},
        {"w": random(4, 6), "b": random(4)},
        "x w b",
        M,
        {"transB": 1, "activation": "LeakyRelu", "activation_alpha": 0.1},
    ),
    "FusedMatMul": ({"x": random(2, 5, 6)}, {"w": random(4, 6)}, "x w", M, {"transB": 1, "alpha": 0.5}),
    "TransposeMatMul": ({"x": random(2, 6, 5)}, {"w": random(6, 4)}, "x w", M, {"transA": 1}),
    "SimplifiedLayerNormalization": ({"x": random(2, 5, 6)}, {"g": random(6)}, "x g", "", {"epsilon": 1e-3}),
    "SkipLayerNormalization": (
        {"x": random(2, 5, 6), "s": random(2, 5, 6, seed=1)},
        {"g": random(6), "b": random(6, seed=2), "c": random(6, seed=3)},
        "x s g b c",
        M,
        {"epsilon": 1e-3},
    ),
    "SkipSimplifiedLayerNormalization": (
        {"x": random(2, 5, 6), "s": random(2, 5, 6, seed=1)},
        {"g": random(6)},
        "x s g",
        M,
        {"epsilon": 1e-3},
    ),
    "GridSample": (
        {"x": random(2, 3, 6, 6)},
        {"g": np.tanh(random(2, 4, 4, 2))},
        "x g",
        M,
        {"align_corners": 1, "mode": "bilinear"},
    ),
    "ExpandDims": ({"x": random(2, 6)}, {"a": np.array(1, dtype=np.int32)}, "x a", M, {}),
    "Trilu": ({"x": random(2, 4, 4)}, {}, "x", M, {}),
    "MatMulNBits": (
        {"x": random(2, 32)},
        {
            "w": np.random.default_rng(0).integers(0, 256, (3, 2, 8), dtype=np.uint8),
            "s": random(6),
            "z": np.random.default_rng(1).integers(0, 256, 3, dtype=np.uint8),
        },
        "x w s z",
        M,
        {"K": 32, "N": 3, "bits": 4, "block_size": 16},
    ),
    "Attention": (
        {"x": random(B, S, H * D)},
        {"w": random(H * D, 3 * H * D, seed=1) / 4, "b": random(3 * H * D)},
        "x w b",
        M,
        {"num_heads": H, "unidirectional": 1},
    ),
    "MultiHeadAttention": (
        {"q": random(B, S, H * D), "k": random(B, S + 1, H * D, seed=1), "v": random(B, S + 1, H * D, seed=2)},
        {"b": random(3 * H * D)},
        "q k v b",
        M,
        {"num_heads": H},
    ),
    "MultiHeadAttention with a mask": (
        {"q": random(B, S, H * D), "k": random(B, S, H * D, seed=1), "v": random(B, S, H * D, seed=2)},
        {"m": random(1, H, S, S, seed=3)},
        "q k v - - m",
        M,
        {"num_heads": H, "scale": 0.4},
    ),
    "RotaryEmbedding": (
        {"x": random(B, S, H * D)},
        {
            "p": np.arange(S).reshape(1, S).repeat(B, 0),
            "c": np.cos(random(16, D // 2)),
            "s": np.sin(random(16, D // 2)),
        },
        "x p c s",
        M,
        {},
    ),
    "GroupQueryAttention": (
        {"q": random(B, S, H * D), "k": random(B, S, 2 * D, seed=1), "v": random(B, S, 2 * D, seed=2)},
        {
            "n": np.full(B, S - 1, dtype=np.int32),
            "t": np.array(S, dtype=np.int32),
            "c": np.cos(random(16, D // 2)),
            "s": np.sin(random(16, D // 2)),
        },
        "q k v - - n t c s",
        M,
        {"num_heads": H, "kv_num_heads": 2, "do_rotary": 1},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_it_gives_what_onnxruntime_gives(tmp_path, name):
    inputs, weights, order, domain, settings = ROWS[name]
    outputs = 3 if name == "GroupQueryAttention" else 1
    path, inputs = one(tmp_path, name.split(maxsplit=1)[0], inputs, weights, order, domain, outputs=outputs, **settings)
    alike(path, inputs, tuple(range(outputs)))


@pytest.mark.parametrize("mask", [np.array([[1, 1, 1, 0, 0], [1] * 5]), np.array([3, 5])], ids=["places", "lengths"])
def test_padding_is_hidden_from_an_attention(tmp_path, mask):
    weights = {"w": random(H * D, 3 * H * D, seed=1) / 4, "b": random(3 * H * D), "m": mask.astype(np.int32)}
    inputs = {"x": random(B, S, H * D)}
    path, _ = one(tmp_path, "Attention", inputs, weights, "x w b m", M, num_heads=H)
    (wanted,) = by_onnxruntime(path, **inputs)
    found = imported(path).run({"x": torch.from_numpy(inputs["x"])})["y0"].numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_tokens_are_looked_up_added_and_normalized(tmp_path):
    weights = {
        "words": random(11, 8),
        "places": random(16, 8, seed=1),
        "kinds": random(2, 8, seed=2),
        "g": random(8, seed=3),
        "b": random(8, seed=4),
    }
    tokens = np.random.default_rng(0).integers(0, 11, (B, S), dtype=np.int32)
    segments = np.random.default_rng(1).integers(0, 2, (B, S), dtype=np.int32)
    inputs = {"tokens": tokens, "segments": segments}
    order = "tokens segments words places kinds g b"
    path, _ = one(
        tmp_path, "EmbedLayerNormalization", inputs, weights, order, M, outputs=2, types={"y1": INT32}, epsilon=1e-5
    )
    wanted = by_onnxruntime(path, **inputs)[0]
    found = imported(path).run({name: torch.from_numpy(array) for name, array in inputs.items()})["y0"]
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_channels_may_stand_last(tmp_path):
    """Where onnxruntime has no such operator on a CPU, the plain one says what it should give."""
    x, w, b = random(2, 7, 7, 3), random(4, 3, 3, 3, seed=1), random(4)
    path, _ = one(tmp_path, "NhwcConv", {"x": x}, {"w": w, "b": b}, "x w b", M, strides=[2, 2])
    found = imported(path).run({"x": torch.from_numpy(x)})["y0"]
    channels_first = torch.from_numpy(x).permute(0, 3, 1, 2)
    wanted = torch.conv2d(channels_first, torch.from_numpy(w), torch.from_numpy(b), stride=2).permute(0, 2, 3, 1)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_group_norm_and_what_is_added_to_a_bias(tmp_path):
    x, g, b = random(2, 4, 4, 8), random(8, seed=1), random(8, seed=2)
    path, _ = one(tmp_path, "GroupNorm", {"x": x}, {"g": g, "b": b}, "x g b", M, groups=2, activation=1)
    found = imported(path).run({"x": torch.from_numpy(x)})["y0"]
    first = torch.from_numpy(x).permute(0, 3, 1, 2)
    norm = torch.nn.functional.group_norm(first, 2, torch.from_numpy(g), torch.from_numpy(b))
    torch.testing.assert_close(found, torch.nn.functional.silu(norm).permute(0, 2, 3, 1), rtol=1e-5, atol=1e-5)
