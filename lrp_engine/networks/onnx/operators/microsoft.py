"""onnxruntime's own operators, which its optimizer and exporters for it write: fused layers and norms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..emitter import Emitter
from ..values import Call
from .common import aten, positive
from .convolution import convolve
from .matrix import product
from .normalization import normalized, root_mean_square
from .signals import dft

_DOMAIN = "com.microsoft"


# ------------------------------------------------------------------------------------------------ activations


def fast_gelu(emit: Emitter, node: Call) -> Any:
    """FastGelu: by tanh, of a value and a bias."""
    x, bias = node.input(0), node.optional(1)
    return emit(aten.gelu.default, x if bias is None else emit.run("Add", x, bias), approximate="tanh")


def bias_gelu(emit: Emitter, node: Call) -> Any:
    """BiasGelu."""
    return emit(aten.gelu.default, emit.run("Add", node.input(0), node.input(1)))


def quick_gelu(emit: Emitter, node: Call) -> Any:
    """QuickGelu: x times the sigmoid of 1.702 x."""
    x, alpha = node.input(0), node.attribute("alpha", 1.702)
    return emit(aten.mul.Tensor, x, emit(aten.sigmoid.default, emit(aten.mul.Tensor, x, alpha)))


def _activated(emit: Emitter, name: str, settings: list[float], x: Any) -> Any:
    """What a fused layer ends in."""
    if not name:
        return x
    if name == "LeakyRelu":
        return emit(aten.leaky_relu.default, x, settings[0] if settings else 0.01)
    if name == "Clip":
        low, high = settings
        return emit.run("Clip", x, torch.tensor(low), torch.tensor(high), opset=13)
    if name == "HardSigmoid":
        return emit.run("HardSigmoid", x, alpha=settings[0], beta=settings[1])
    if name in {"Relu", "Tanh", "Sigmoid", "HardSwish", "Gelu", "Elu", "Softplus"}:
        return emit.run(name, x, opset=20)
    raise emit.refusal(f"its activation {name} is not known")


# ------------------------------------------------------------------------------------------------ layers


def fused_conv(emit: Emitter, node: Call) -> Any:
    """FusedConv: a convolution, what is added to it, and an activation."""
    y = convolve(emit, node, node.input(0), node.input(1), node.optional(2))
    if node.optional(3) is not None:
        y = emit(aten.add.Tensor, y, node.input(3))
    return _activated(emit, node.attribute("activation", ""), list(node.attribute("activation_params") or []), y)


def nhwc_conv(emit: Emitter, node: Call) -> Any:
    """NhwcConv and NhwcFusedConv: the channels stand last."""
    x = emit(aten.permute.default, node.input(0), [0, 3, 1, 2])
    y = convolve(emit, node, x, node.input(1), node.optional(2))
    y = emit(aten.permute.default, y, [0, 2, 3, 1])
    if node.optional(3) is not None:
        y = emit(aten.add.Tensor, y, node.input(3))
    return _activated(emit, node.attribute("activation", ""), list(node.attribute("activation_params") or []), y)


def fused_gemm(emit: Emitter, node: Call) -> Any:
    """FusedGemm."""
    own = {key: node.attributes[key] for key in ("alpha", "beta", "transA", "transB") if key in node.attributes}
    names = ("activation_alpha", "activation_beta", "activation_gamma")
    settings = [node.attributes[name] for name in names if name in node.attributes]
    y = emit.run("Gemm", node.input(0), node.input(1), node.optional(2), opset=13, **own)
    return _activated(emit, node.attribute("activation", ""), settings, y)


def fused_matmul(emit: Emitter, node: Call) -> Any:
    """FusedMatMul: factors turned, and the product scaled."""
    a, b, alpha = node.input(0), node.input(1), node.attribute("alpha", 1.0)
    if node.attribute("transBatchA", 0) or node.attribute("transBatchB", 0):
        raise emit.refusal("it turns the axes of the batch")
    if node.attribute("transA", 0) and emit.rank(a) > 1:
        a = emit(aten.transpose.int, a, -2, -1)
    if node.attribute("transB", 0) and emit.rank(b) > 1:
        b = emit(aten.transpose.int, b, -2, -1)
    y = product(emit, a, b)
    return y if alpha == 1 else emit(aten.mul.Tensor, y, alpha)


def matmul_nbits(emit: Emitter, node: Call) -> Any:
    """MatMulNBits: a dense layer whose weights are whole numbers of few bits, in blocks with a scale each."""
    x, packed, scales = node.input(0), emit.constant(node.input(1)), emit.constant(node.input(2))
    zeros, group, bias = node.optional(3), node.optional(4), node.optional(5)
    inner, outer = node.required("K"), node.required("N")
    bits, block = node.attribute("bits", 4), node.required("block_size")
    if group is not None or bits not in {2, 4, 8}:
        raise emit.refusal("its weights are packed in a way that this version does not read")
    blocks = -(-inner // block)
    codes = _unpacked(packed.reshape(outer, blocks, -1), bits).float()
    if zeros is None:
        points = torch.full([outer, blocks, 1], 2.0 ** (bits - 1))
    else:
        known = emit.constant(zeros)
        whole = known.reshape(outer, -1)
        points = whole.float() if known.is_floating_point() else _unpacked(whole, bits).float()
        points = points[:, :blocks].reshape(outer, blocks, 1)
    weight = ((codes - points) * scales.float().reshape(outer, blocks, 1)).reshape(outer, -1)[:, :inner]
    return emit(aten.linear.default, x, emit.name(weight.contiguous(), emit.name_of(packed) or node.name), bias)


def _unpacked(packed: Tensor, bits: int) -> Tensor:
    """The numbers in each byte, the lowest bits first."""
    shifts = torch.arange(0, 8, bits, dtype=torch.uint8)
    return ((packed.to(torch.uint8).unsqueeze(-1) >> shifts) & (2**bits - 1)).flatten(-2)


# ------------------------------------------------------------------------------------------------ norms, embeddings


def simplified_layer_norm(emit: Emitter, node: Call) -> Any:
    """SimplifiedLayerNormalization, a norm by the root of the mean square."""
    x, axis = node.input(0), node.attribute("axis", -1)
    y = root_mean_square(emit, x, node.input(1), positive(axis, emit.rank(x)), node.attribute("epsilon", 1e-5))
    return y, *_none(node.outputs - 1)


def skip_layer_norm(emit: Emitter, node: Call) -> Any:
    """SkipLayerNormalization: of a sum, which is its last output."""
    total = _total(emit, node.input(0), node.input(1), node.optional(4))
    last = emit.rank(total) - 1
    y = normalized(emit, total, node.input(2), node.optional(3), last, node.attribute("epsilon", 1e-12))
    return (y, None, None, total)[: max(node.outputs, 1)]


def skip_rms_norm(emit: Emitter, node: Call) -> Any:
    """SkipSimplifiedLayerNormalization."""
    total = _total(emit, node.input(0), node.input(1), node.optional(3))
    last = emit.rank(total) - 1
    y = root_mean_square(emit, total, node.input(2), last, node.attribute("epsilon", 1e-12))
    return (y, None, None, total)[: max(node.outputs, 1)]


def _total(emit: Emitter, x: Any, skip: Any, bias: Any) -> Any:
    if bias is not None:
        x = emit.run("Add", x, bias)
    return emit(aten.add.Tensor, x, skip)


def _none(count: int) -> tuple[None, ...]:
    return (None,) * max(count, 0)


def embed_layer_norm(emit: Emitter, node: Call) -> Any:
    """EmbedLayerNormalization: tokens, positions and segments looked up, added and normalized."""
    tokens, segments = node.input(0), node.optional(1)
    words, places, kinds = node.input(2), node.input(3), node.optional(4)
    scale, shift, mask, positions = node.input(5), node.input(6), node.optional(7), node.optional(8)
    total = emit.run("Gather", words, tokens)
    if positions is None:
        length = emit.size(tokens, 1)
        place = emit(aten.unsqueeze.default, emit(aten.slice.Tensor, places, 0, 0, length), 0)
    else:
        place = emit.run("Gather", places, positions)
    total = emit(aten.add.Tensor, total, place)
    if segments is not None and kinds is not None:
        total = emit(aten.add.Tensor, total, emit.run("Gather", kinds, segments))
    y = normalized(emit, total, scale, shift, 2, node.attribute("epsilon", 1e-12))
    if node.outputs < 2:
        return y
    if mask is None:
        lengths = emit(aten.full.default, [emit.size(tokens, 0)], 0, dtype=torch.int32)
    else:
        lengths = emit(aten.sum.dim_IntList, mask, [1], False, dtype=torch.int32)
    return (y, lengths, total)[: node.outputs]


def group_norm(emit: Emitter, node: Call) -> Any:
    """GroupNorm, with the channels last, and a swish behind it where that is wanted."""
    x = node.input(0)
    last = bool(node.attribute("channels_last", 1))
    x = emit(aten.permute.default, x, [0, 3, 1, 2]) if last else x
    eps = node.attribute("epsilon", 1e-5)
    y = emit(aten.group_norm.default, x, node.required("groups"), node.input(1), node.input(2), eps, False)
    y = emit(aten.silu.default, y) if node.attribute("activation", 0) else y
    return emit(aten.permute.default, y, [0, 2, 3, 1]) if last else y


def bias_add(emit: Emitter, node: Call) -> Any:
    """BiasAdd: a value, a bias and a skipped one."""
    return emit(aten.add.Tensor, emit(aten.add.Tensor, node.input(0), node.input(1)), node.input(2))


def bias_split_gelu(emit: Emitter, node: Call) -> Any:
    """BiasSplitGelu: the gelu of the second half gates the first."""
    x = emit.run("Add", node.input(0), node.input(1))
    half = emit.shape(x)[-1] // 2
    gate = emit(aten.gelu.default, emit(aten.slice.Tensor, x, -1, half, 2 * half))
    return emit(aten.mul.Tensor, emit(aten.slice.Tensor, x, -1, 0, half), gate)


# ------------------------------------------------------------------------------------------------ others


def _same(operation: str, opset: int) -> Any:
    """An operator that ONNX has too."""
    return lambda emit, node: emit.run(
        operation, *node.inputs, domain="", opset=opset, outputs=node.outputs, **node.attributes
    )


def expand_dims(emit: Emitter, node: Call) -> Any:
    """ExpandDims."""
    return emit(aten.unsqueeze.default, node.input(0), emit.integers(node.input(1))[0])


def inverse(emit: Emitter, node: Call) -> Any:
    """Inverse of a matrix that does not depend on the input."""
    return torch.linalg.inv(emit.constant(node.input(0)))


def rfft(emit: Emitter, node: Call) -> Any:
    """Rfft along the last axis."""
    x = emit(aten.unsqueeze.default, node.input(0), -1)
    inner = Call(node.name, "DFT", "", 17, (x,), {"axis": emit.rank(x) - 2, "onesided": 1}, 1)
    return dft(emit, inner)


OPERATORS = {
    (_DOMAIN, name): function
    for name, function in {
        "BiasAdd": bias_add,
        "BiasGelu": bias_gelu,
        "BiasSplitGelu": bias_split_gelu,
        "EmbedLayerNormalization": embed_layer_norm,
        "ExpandDims": expand_dims,
        "FastGelu": fast_gelu,
        "FusedConv": fused_conv,
        "FusedGemm": fused_gemm,
        "FusedMatMul": fused_matmul,
        "GatherND": _same("GatherND", 13),
        "Gelu": _same("Gelu", 20),
        "GridSample": _same("GridSample", 16),
        "GroupNorm": group_norm,
        "Inverse": inverse,
        "LayerNormalization": _same("LayerNormalization", 17),
        "MatMulNBits": matmul_nbits,
        "NhwcConv": nhwc_conv,
        "NhwcFusedConv": nhwc_conv,
        "Pad": _same("Pad", 18),
        "QuickGelu": quick_gelu,
        "Range": _same("Range", 11),
        "Rfft": rfft,
        "SimplifiedLayerNormalization": simplified_layer_norm,
        "SkipLayerNormalization": skip_layer_norm,
        "SkipSimplifiedLayerNormalization": skip_rms_norm,
        "TransposeMatMul": fused_matmul,
        "Trilu": _same("Trilu", 14),
    }.items()
}
# onnxruntime also wrote this one without a domain
OPERATORS["", "SimplifiedLayerNormalization"] = simplified_layer_norm
