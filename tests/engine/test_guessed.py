"""What a module's inputs look like is guessed from its layers, by trying; what was assumed is said."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.captured.guessed import arguments_of, guess


class After(nn.Module):
    """Convolutions and a dense layer, which fits one size of images only."""

    def __init__(self, channels: int, side: int, deep: int = 0) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, 2, 3, padding=1), *[nn.Conv2d(2, 2, 1) for _ in range(deep)])
        self.pool = nn.MaxPool2d(4)
        self.head = nn.Linear(2 * (side // 4) ** 2, 3) if side else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.conv(x))
        return self.head(x.flatten(1)) if self.head is not None else x.mean((2, 3))


class Late(nn.Module):
    """Its first layer is registered last, and positions have a table of their own length."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 2)
        self.places = nn.Parameter(torch.zeros(20, 6))
        self.embed = nn.Embedding(9, 6)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head((self.embed(tokens) + self.places).mean(1))


class Three(nn.Module):
    """Tokens, numbers and a series, each read by a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.series = nn.LSTM(2, 4, batch_first=True)
        self.words = nn.Embedding(7, 4)
        self.numbers = nn.Linear(5, 4)

    def forward(self, words, numbers, series, scale=2.0):
        return scale * (self.words(words).mean(1) + self.numbers(numbers) + self.series(series)[0][:, -1])


CASES = {
    "any size of image": (After(3, 0), {}, {"x": (2, 3, 32, 32)}),
    "deep, so large images": (After(3, 0, deep=10), {}, {"x": (2, 3, 224, 224)}),
    "one size only": (After(1, 28), {}, {"x": (2, 1, 28, 28)}),
    "an odd size": (After(4, 84), {}, {"x": (2, 4, 84, 84)}),
    "a given size": (After(3, 0), {"x": (None, 3, 9, 7)}, {"x": (2, 3, 9, 7)}),
    "samples elsewhere": (nn.LSTM(3, 2), {"input": (5, None, 3)}, {"input": (5, 2, 3)}),
    "a series": (nn.GRU(3, 2), {}, {"input": (16, 2, 3)}),
    "a series of a given length": (nn.GRU(3, 2, batch_first=True), {"sequence": 4}, {"input": (2, 4, 3)}),
    "signals": (nn.Sequential(nn.Conv1d(2, 2, 5), nn.Flatten(), nn.Linear(2 * 96, 1)), {}, {"input": (2, 2, 100)}),
    "volumes": (nn.Conv3d(1, 1, 3), {}, {"input": (2, 1, 16, 16, 16)}),
    "up": (nn.ConvTranspose2d(6, 2, 2), {}, {"input": (2, 6, 4, 4)}),
    "grouped": (nn.Conv2d(4, 4, 1, groups=2), {}, {"input": (2, 4, 32, 32)}),
    "a norm first": (nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 1)), {}, {"input": (2, 6)}),
    "tokens for a table of places": (Late(), {}, {"tokens": (2, 20)}),
    "three inputs": (Three(), {}, {"words": (2, 16), "numbers": (2, 5), "series": (2, 16, 2)}),
}


@pytest.mark.parametrize("name", CASES)
def test_inputs_that_fit_are_found(name: str) -> None:
    module, sizes, shapes = CASES[name]
    found = guess(module.eval(), sizes, what=name)
    assert {key: tuple(value.shape) for key, value in found.inputs.items()} == shapes
    said = [key for key in shapes if key not in sizes]
    assert len(found.notes) == len(said)
    assert all(any(f"“{key}”" in note for note in found.notes) for key in said)


def test_tokens_stay_within_the_smallest_table() -> None:
    module = nn.Sequential(nn.Embedding(3, 4))
    (tokens,) = guess(module, what="it").inputs.values()
    assert tokens.dtype == torch.int64
    assert 0 <= int(tokens.min()) <= int(tokens.max()) < 3


def test_where_the_samples_run_is_told() -> None:
    assert guess(nn.LSTM(3, 2), what="it").axes == {"input": 1}
    assert guess(nn.LSTM(3, 2, batch_first=True), what="it").axes == {"input": 0}
    assert guess(nn.Linear(3, 2), {"input": (7, None, 3)}, what="it").axes == {"input": 1}


def test_only_arguments_without_a_default_are_inputs() -> None:
    assert arguments_of(Three()) == ["words", "numbers", "series"]


def test_what_cannot_be_guessed_is_asked_for() -> None:
    class Picky(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("never")

    with pytest.raises(lrp.NeedsSizes, match=r"could be guessed \(never\)") as caught:
        guess(Picky(3, 2), what="it")
    assert caught.value.inputs == ("x",)
    with pytest.raises(lrp.NeedsSizes, match="tells what its inputs look like"):
        guess(nn.ReLU(), what="it")
    with pytest.raises(lrp.NeedsSizes, match="does not run on inputs of the given sizes"):
        guess(nn.Linear(3, 2), {"input": (None, 4)}, what="it")
