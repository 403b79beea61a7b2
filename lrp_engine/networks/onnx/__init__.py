"""ONNX models become the same graph of ATen operations as everything else."""

from .load import Imported, imported, load_onnx

__all__ = ["Imported", "imported", "load_onnx"]
