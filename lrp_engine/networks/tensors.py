"""From a file's tensor to a torch tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .beats import beat

if TYPE_CHECKING:
    from ..files import TensorInfo


def to_torch(info: TensorInfo) -> torch.Tensor:
    """Read the tensor; the result has memory of its own, so that the file can be closed or change."""
    beat()
    return torch.from_numpy(np.array(info.read(), copy=True, order="C"))
