"""Small ONNX models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def node(operation: str, inputs: str, outputs: str, name: str = "", domain: str = "", **attributes: Any) -> Any:
    """A node; names are parted by blanks, and `-` leaves one out."""
    given = ["" if one == "-" else one for one in inputs.split()]
    return helper.make_node(operation, given, outputs.split(), name=name, domain=domain, **attributes)


def value(name: str, shape: Any, dtype: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def constant(name: str, array: Any) -> Any:
    """A node that holds an array."""
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(array)))


def graph(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: dict[str, Any] | None = None) -> Any:
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()]
    return helper.make_graph(nodes, "g", inputs, outputs, stored)


def save(path: Path, made: Any, opset: int = 17, functions: list[Any] | None = None, **domains: int) -> Path:
    """Write a model whose graph this is."""
    opsets = [helper.make_opsetid("", opset)]
    opsets += [helper.make_opsetid(domain.replace("_", "."), version) for domain, version in domains.items()]
    model = helper.make_model(made, opset_imports=opsets, functions=functions or [], ir_version=9)
    onnx.save(model, str(path))
    return path


def by_onnxruntime(path: Path, **inputs: Any) -> list[np.ndarray]:
    """What onnxruntime computes, node by node: its optimizations change what quantised graphs compute."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.asarray(array) for name, array in inputs.items()})


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def state(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """A module's parameters and buffers as arrays."""
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}
