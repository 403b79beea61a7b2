"""Small networks of every build, captured into files: gates, attention over tokens, recurrence, two outputs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

SAMPLES = 3
VOCABULARY = 20


class Recurrent(nn.Module):
    """An LSTM, whose last state is classified."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, signal: Tensor) -> Tensor:
        return self.head(self.lstm(signal)[0][:, -1])


class Tokens(nn.Module):
    """Tokens looked up and sent through a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.head = nn.Embedding(VOCABULARY, 8), nn.Linear(8, 3)
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(self.tokens(ids)).mean(1))


class Gated(nn.Module):
    """A residual block of convolutions whose channels are weighed by a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.squeeze, self.head = nn.BatchNorm2d(4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.relu(self.first(image))
        y = self.norm(self.second(x))
        y = y * torch.sigmoid(self.squeeze(y.mean((2, 3))))[:, :, None, None]
        return self.head(torch.relu(x + y).mean((2, 3)))


class Blocks(nn.Module):
    """The same in modules that compute something between their parts."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks, self.head = nn.Sequential(Block(), Block()), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x))


class Block(nn.Module):
    """A ReLU between two maps, and a sum after them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class TwoHeads(nn.Module):
    """A class and a number at once."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.kind, self.age = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(self.body(x))
        return self.kind(hidden), self.age(hidden)


@dataclass(frozen=True)
class Case:
    """A network and the shape of one of its samples; of tokens, the values are whole numbers."""

    network: type[nn.Module]
    shape: tuple[int, ...]
    tokens: bool = False


CASES = {
    "recurrent": Case(Recurrent, (5, 3)),
    "tokens": Case(Tokens, (6,), tokens=True),
    "gated": Case(Gated, (3, 6, 6)),
    "blocks": Case(Blocks, (6,)),
    "two heads": Case(TwoHeads, (6,)),
}


def saved(name: str, folder: Path, dtype: str = "float32") -> tuple[Path, Path]:
    """The network as a .pt2 file in that precision, and a table of inputs for it."""
    torch.manual_seed(0)
    case = CASES[name]
    shape = (SAMPLES, *case.shape)
    inputs = torch.randint(0, VOCABULARY, shape) if case.tokens else torch.randn(shape, dtype=getattr(torch, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of export, about how an LSTM keeps its weights
        network = case.network().to(getattr(torch, dtype)).eval()
        program = torch.export.export(network, (inputs,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False)
        torch.export.save(program, folder / "network.pt2")
    rows = [[f"x{n + 1}" for n in range(inputs[0].numel())], *inputs.flatten(1).tolist()]
    (folder / "table.csv").write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return folder / "network.pt2", folder / "table.csv"
