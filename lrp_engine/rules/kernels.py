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
SMALL = 2**20


def found(name: str) -> Any:
    """One of oneDNN's operations, or None where this torch lacks it."""
    if not torch.backends.mkldnn.is_available():
        return None
    return getattr(torch.ops.mkldnn, name, None)


LINEAR: Any = found("_linear_pointwise")
CONVOLUTION: Any = found("_convolution_pointwise")


def on_cpu(x: Tensor) -> bool:
    """Whether oneDNN's operations are for such values."""
    return x.dtype == torch.float32 and x.device.type == "cpu"


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, *, rectify: bool = False) -> Tensor:
    """X Wᵀ + b, of x (…, inputs) and W (outputs, inputs) in any layout; with `rectify`, the ReLU of that."""
    large = x.dim() > 1 and x.numel() * weight.shape[0] > SMALL
    if LINEAR is not None and (weight.is_mkldnn or (large and on_cpu(x) and weight.dtype == torch.float32)):
        return LINEAR(x, weight, bias, "relu" if rectify else "none", [], "")
    z = torch.nn.functional.linear(x, weight, bias)
    return z.relu_() if rectify else z


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, settings: tuple[Any, ...], *, rectify: bool = False
) -> Tensor:
    """A convolution with ATen's settings: stride, padding, dilation, transposed, output padding, groups."""
    stride, padding, dilation, transposed, _, groups = settings
    fused = rectify and on_cpu(x) and not transposed and x.dim() == 4
    if CONVOLUTION is not None and (fused or weight.is_mkldnn):
        return CONVOLUTION(x, weight, bias, padding, stride, dilation, groups, "relu" if rectify else "none", [], "")
    z = aten.convolution(x, weight, bias, *settings)
    return z.relu_() if rectify else z


def strided_kernel(weight: Tensor, stride: list[int]) -> Tensor:
    """The kernel of `strided_adjoint`, channels-last.

    A convolution's adjoint sets the inputs that stand at the same remainder of the stride by one convolution with every
    so-manieth tap; all remainders together are one convolution with more channels.

    Parameters
    ----------
    weight : torch.Tensor
        (outputs, inputs, height, width)

    Returns
    -------
    torch.Tensor
        (inputs · strides, outputs, taps of height, taps of width)
    """
    outputs, inputs, height, width = weight.shape
    down, across = stride
    rows, columns = -(-height // down), -(-width // across)
    padded = torch.nn.functional.pad(weight, (0, columns * across - width, 0, rows * down - height))
    taps = padded.reshape(outputs, inputs, rows, down, columns, across).flip(2, 4).permute(1, 3, 5, 0, 2, 4)
    return taps.reshape(-1, outputs, rows, columns).contiguous(memory_format=torch.channels_last)


def strided_adjoint(
    share: Tensor, kernel: Tensor, stride: list[int], padding: list[int], size: tuple[int, int]
) -> Tensor:
    """What each input of a convolution gets of the shares on the outputs, (samples, inputs, *size).

    For images of few channels that takes a half to a fifth of the time of oneDNN's own adjoint, which pads the channels
    and sees every place of the input.
    """
    (down, across), (top, left), (height, width) = stride, padding, size
    rows, columns = kernel.shape[2:]
    found = aten.convolution(share, kernel, None, [1, 1], [rows - 1, columns - 1], [1, 1], False, [0, 0], 1)
    samples, _, high, wide = found.shape
    parts = found.reshape(samples, -1, down, across, high, wide).permute(0, 1, 4, 2, 5, 3)
    whole = parts.reshape(samples, -1, high * down, wide * across)
    # rows that the last window does not reach
    below, beside = top + height - high * down, left + width - wide * across
    if below > 0 or beside > 0:
        whole = torch.nn.functional.pad(whole, (0, max(beside, 0), 0, max(below, 0)))
    return whole[:, :, top : top + height, left : left + width]
