"""Products with weights by the fastest of torch's ways on this machine.

For float32 on the CPU oneDNN's own products are faster than those of the linear algebra library that torch is built
with (8-40 % where measured, most for few rows), and take a ReLU along without a pass of its own. Torch has them for its
compiler, under names that are not public: where a version lacks them, the plain operations do the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten

# Below this many multiplications, what a call costs matters more than what it does.
_SMALL = 2**20


def _found(name: str) -> Any:
    if not torch.backends.mkldnn.is_available():
        return None
    return getattr(torch.ops.mkldnn, name, None)


_LINEAR: Any = _found("_linear_pointwise")
_CONVOLUTION: Any = _found("_convolution_pointwise")


def _on_cpu(x: Tensor) -> bool:
    return x.dtype == torch.float32 and x.device.type == "cpu"


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, *, rectify: bool = False) -> Tensor:
    """X Wᵀ + b, of x (…, inputs) and W (outputs, inputs) in any layout; with `rectify`, the ReLU of that."""
    large = x.dim() > 1 and x.numel() * weight.shape[0] > _SMALL
    if _LINEAR is not None and large and _on_cpu(x) and weight.dtype == torch.float32:
        return _LINEAR(x, weight, bias, "relu" if rectify else "none", [], "")
    z = torch.nn.functional.linear(x, weight, bias)
    return z.relu_() if rectify else z


def convolution(x: Tensor, weight: Tensor, bias: Tensor | None, settings: tuple[Any, ...], *, rectify: bool) -> Tensor:
    """A convolution with ATen's settings: stride, padding, dilation, transposed, output padding, groups."""
    stride, padding, dilation, transposed, _, groups = settings
    if not rectify:
        return aten.convolution(x, weight, bias, *settings)
    if _CONVOLUTION is not None and _on_cpu(x) and not transposed and x.dim() == 4:
        return _CONVOLUTION(x, weight, bias, padding, stride, dilation, groups, "relu", [], "")
    return aten.convolution(x, weight, bias, *settings).relu_()
