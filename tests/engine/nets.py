"""Small networks for the oracles, one for each way that relevance can go."""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn


class Mlp(nn.Module):
    """Dense layers with functional activations and a sigmoid at the end."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 9, bias=bias)
        self.fc2 = nn.Linear(9, 7, bias=bias)
        self.fc3 = nn.Linear(7, 3, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.fc3(F.relu(self.fc2(F.relu(self.fc1(x))))))


class Cnn(nn.Module):
    """Convolutions with batch norm, in-place activation, both pools, dropout."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1, bias=bias),
            *([nn.BatchNorm2d(6)] if bias else []),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2, bias=bias),
            nn.ReLU(),
            nn.AvgPool2d(2, padding=1),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(32, 4, bias=bias))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x))


class Residual(nn.Module):
    """Signed sums of live values: x + f(x), a difference, a constant added, a scaled term."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.a = nn.Linear(6, 6, bias=bias)
        self.b = nn.Linear(6, 6, bias=bias)
        self.head = nn.Linear(6, 3, bias=bias)
        self.shift = 0.3 if bias else 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + F.relu(self.a(x))
        x = torch.sub(x, F.relu(self.b(x)), alpha=0.5)
        return self.head(F.relu(x + self.shift))


class Reused(nn.Module):
    """One dense layer, called three times."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6, bias=bias)
        self.head = nn.Linear(6, 3, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            x = F.relu(self.fc(x))
        return self.head(x)


class Untied(nn.Module):
    """`Reused` with a copy of the layer for every call."""

    def __init__(self, reused: Reused) -> None:
        super().__init__()
        from copy import deepcopy

        self.fc = nn.ModuleList(deepcopy(reused.fc) for _ in range(3))
        self.head = deepcopy(reused.head)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for fc in self.fc:
            x = F.relu(fc(x))
        return self.head(x)


class Movements(nn.Module):
    """Values cut out, turned, repeated, joined; branches of different depth; a global mean."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, bias=bias)
        self.head = nn.Linear(8, 3, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x[:, :, :6], x[:, :, 2:].flip(-1)
        both = torch.cat([F.pad(left, (1, 0)), right.transpose(1, 2).permute(0, 2, 1)], dim=2)
        y = F.leaky_relu(self.conv(both), 0.2)
        mean, largest = y.mean(2), y.amax(2)
        return self.head(torch.cat([mean, largest], 1).unsqueeze(1).expand(-1, 2, -1).sum(1) / 3.0)


class Scaled(nn.Module):
    """Products with constants, a batch norm with nothing to merge into, batch norm after a dense layer."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6, affine=bias)
        self.fc = nn.Linear(6, 5, bias=bias)
        self.after = nn.BatchNorm1d(5)
        self.head = nn.Linear(5, 3, bias=bias)
        self.register_buffer("gain", torch.linspace(-1.0, 2.0, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm(x * self.gain))
        return F.log_softmax(self.head(F.relu(self.after(self.fc(-x / 0.7)))), dim=1)


class Matmuls(nn.Module):
    """Dense layers written as products of matrices."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(6, 5) / 2)
        self.w2 = nn.Parameter(torch.randn(5, 4) / 2)
        self.b2 = nn.Parameter(torch.randn(4) if bias else torch.zeros(4))
        self.w3 = nn.Parameter(torch.randn(3, 4) / 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(torch.addmm(self.b2, F.relu(torch.mm(x, self.w1)), self.w2))
        return (self.w3 @ x.unsqueeze(2)).squeeze(2)


NETS: dict[str, tuple[Callable[..., nn.Module], tuple[int, ...]]] = {
    "mlp": (Mlp, (6,)),
    "cnn": (Cnn, (2, 8, 8)),
    "residual": (Residual, (6,)),
    "reused": (Reused, (6,)),
    "movements": (Movements, (2, 8)),
    "scaled": (Scaled, (6,)),
    "matmuls": (Matmuls, (6,)),
}


def make(name: str, *, bias: bool = True, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, torch.Tensor]:
    """A network with settled batch norms, and five samples of either sign."""
    torch.manual_seed(7)
    kind, shape = NETS[name]
    module = kind(bias=bias).to(dtype).eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            if part.affine:
                part.weight.data.uniform_(-1, 2)
                part.bias.data.normal_()
    return module, torch.randn(5, *shape, dtype=dtype)


def said(value: object) -> str:
    """A test's name, the same in every process: a function's address is not."""
    return re.sub(r" at 0x\w+", "", str(value))
