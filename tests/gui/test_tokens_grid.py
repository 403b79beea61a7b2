"""Where relevance is by token and layer, found by structure in networks of every build, and equal to the engine's."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_gui.document.files import Source
from lrp_gui.jobs import convert
from lrp_gui.jobs.computing import Computing
from lrp_gui.jobs.engine import _explain
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.jobs.token_grid import ATTENTION, MLP, RECURRENT
from lrp_gui.jobs.tokens import token_grid
from tests.engine.zoo import animal


class Written(nn.Module):
    """torch's own multi-head attention, sequence first, MLP beside the attention."""

    def __init__(self):
        super().__init__()
        self.inlet, self.head = nn.Linear(3, 8), nn.Linear(8, 2)
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2)
        self.up, self.down = nn.Linear(8, 12), nn.Linear(12, 8)

    def forward(self, series):
        x = self.inlet(series).transpose(0, 1)
        y = self.norm(x)
        x = x + self.attention(y, y, y)[0] + self.down(torch.relu(self.up(y)))
        return self.head(x.mean(0))


class Stacked(nn.Module):
    """Two LSTMs, one behind the other, over time."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.LSTM(3, 5, batch_first=True), nn.LSTM(5, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, series):
        return self.head(self.second(self.first(series)[0])[0][:, -1])


class Windowed(nn.Module):
    """Attention in shifted windows of 3 × 3 over 5 × 4 positions, which are padded; nothing has a bias but the head."""

    def __init__(self, back: int = 1):
        super().__init__()
        self.inlet, self.head = nn.Linear(3, 4, bias=False), nn.Linear(4, 2)
        self.norm, self.qkv, self.out = nn.Identity(), nn.Linear(4, 12, bias=False), nn.Linear(4, 4, bias=False)
        self.back = back  # by how much the shift is taken back

    def forward(self, series):
        x = self.inlet(series)  # (samples, 20, 4)
        y = torch.tanh(self.qkv(x)).reshape(-1, 5, 4, 12)
        y = torch.roll(F.pad(y, (0, 0, 0, 2, 0, 1)), (-1, -1), (1, 2))
        y = y.reshape(-1, 2, 3, 2, 3, 12).transpose(2, 3).reshape(-1, 9, 2, 6).transpose(1, 2)
        q, k, v = y.chunk(3, -1)  # (windows, 2, 9, 2)
        y = ((q @ k.mT).softmax(-1) @ v).transpose(1, 2).reshape(-1, 2, 2, 3, 3, 4).transpose(2, 3).reshape(-1, 6, 6, 4)
        y = torch.roll(y, (self.back, self.back), (1, 2))[:, :5, :4].reshape(-1, 20, 4)
        return self.head((x + self.out(y)).mean(1))


def of(network, inputs, monkeypatch, composite="epsilon", target="max"):
    """The grid as the window's worker makes it, and the explanation with the relevance of every node."""
    monkeypatch.setattr(convert, "open_sizes", lambda *_: ())
    info = convert.network_info(network, Source("network.pt2"))
    values = np.concatenate([inputs[one.name][0].numpy().ravel() for one in info.inputs]).astype(float)
    request = SampleRequest(info, 0, "1", values, target, composite)
    given = convert.network_inputs(network, info, values[None])
    grid = run_now(token_grid(network, request, partial(_explain, network, given, request, Computing())))
    parsed = lrp.parse_target(target, network.outputs)
    return grid, lrp.explain(network, given, composite=composite, keep="nodes", target=parsed)


def of_animal(name, monkeypatch, composite="epsilon"):
    one = animal(name)
    return of(one.network, one.inputs, monkeypatch, composite)


def by_row(explanation, name, rows):
    return explanation.nodes[name].double().reshape(rows, -1).sum(1).numpy()


@pytest.mark.parametrize("name", ["bert", "gpt2", "vit"])
def test_every_block_of_a_transformer_is_found(name, monkeypatch):
    grid, explanation = of_animal(name, monkeypatch)
    assert [gap.kind for gap in grid.gaps if gap.kind in {ATTENTION, MLP}] == [ATTENTION, MLP] * 2
    assert grid.positions == ("patch" if name == "vit" else "token")
    for point in grid.points:
        np.testing.assert_allclose(point.relevance, by_row(explanation, point.tensor, grid.rows), atol=1e-5)
    assert grid.explained == pytest.approx(float(explanation.score[0]))


@pytest.mark.parametrize("composite", ["epsilon", "attn_lrp"])
@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_what_is_drawn_closes_with_the_points_and_the_heads(name, composite, monkeypatch):
    grid, _ = of_animal(name, monkeypatch, composite)
    for left, gap in zip(grid.points, grid.gaps, strict=False):
        np.testing.assert_allclose(gap.skip + gap.into if gap.kind in {ATTENTION, MLP} else gap.skip, left.relevance)
        for heads in gap.heads:
            assert heads.maps is not None
            assert heads.handed is not None
            assert heads.handed.shape == heads.maps.shape
            np.testing.assert_allclose(heads.maps.sum(2), 1, atol=1e-5)
            lost = abs(heads.handed.sum((1, 2)) - heads.totals)
            if composite == "epsilon":  # the map is held: all of it goes on
                assert (lost < 1e-4 * (1 + np.abs(heads.handed).sum((1, 2)))).all()


def test_what_heads_hand_to_values_is_the_engines(monkeypatch):
    grid, explanation = of_animal("gpt2", monkeypatch)
    product = next(gap.heads[0] for gap in grid.gaps if gap.heads)
    assert product.handed is not None
    values = explanation.nodes["transpose_1"][0].double().sum(-1).numpy()  # (heads, key): GPT-2's first values
    np.testing.assert_allclose(product.handed.sum(1), values, atol=1e-5)


def test_attention_written_as_torch_does_with_an_mlp_beside_it(monkeypatch):
    torch.manual_seed(1)
    module, x = Written().eval(), torch.randn(2, 5, 3)
    grid, explanation = of(lrp.capture(module, x), {"series": x}, monkeypatch)
    assert [gap.kind for gap in grid.gaps] == [ATTENTION, MLP]
    maps = grid.gaps[0].heads[0].maps
    assert maps is not None
    assert maps.shape == (2, 5, 5)
    assert (grid.positions, grid.rows, grid.source) == ("position", 5, "series")
    last = grid.points[-1]
    np.testing.assert_allclose(last.relevance, by_row(explanation, last.tensor, 5), atol=1e-6)


def test_stacked_lstms_are_followed_through_time(monkeypatch):
    torch.manual_seed(2)
    module, x = Stacked().eval(), torch.randn(2, 6, 3)
    grid, explanation = of(lrp.capture(module, x), {"series": x}, monkeypatch)
    assert [gap.kind for gap in grid.gaps] == [RECURRENT] * 2
    np.testing.assert_allclose(grid.points[0].relevance, explanation.inputs["series"][0].sum(1), atol=1e-6)
    for left, gap in zip(grid.points, grid.gaps, strict=False):
        assert gap.mixing is not None
        np.testing.assert_allclose(gap.mixing.to_left(6), left.relevance, atol=1e-5)
        assert (gap.mixing.left <= gap.mixing.right).all()  # no step hands anything to a later one


def test_a_network_without_tokens_is_told_why(monkeypatch):
    x = torch.randn(2, 4)
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    network = lrp.capture(module, x)
    grid, _ = of(network, {network.inputs[0].name: x}, monkeypatch)
    assert grid.problem
    assert not grid.points


def test_every_part_of_a_network_that_merges_its_patches_is_followed(monkeypatch):
    grid, explanation = of_animal("swin", monkeypatch)
    assert [part.patches for part in grid.parts] == [(8, 8), (4, 4)]
    assert [part.last for part in grid.parts] == [False, True]
    assert (grid.patches, grid.positions) == ((8, 8), "patch")  # the longest
    for part in grid.parts:
        for point in part.points:
            np.testing.assert_allclose(point.relevance, by_row(explanation, point.tensor, part.rows), atol=1e-5)
        assert all(gap.mixing is not None for gap in part.gaps if gap.kind == ATTENTION)


def test_ways_through_shifted_windows_are_those_of_relevance_that_passes_one_row_alone(monkeypatch):
    torch.manual_seed(5)
    module, x = Windowed().eval(), torch.randn(2, 20, 3)
    network = lrp.capture(module, x)
    grid, _ = of(network, {"series": x}, monkeypatch, target="0")
    (gap,) = (gap for gap in grid.gaps if gap.kind == ATTENTION)
    assert gap.mixing is not None
    ways = np.zeros((20, 20))
    ways[gap.mixing.right, gap.mixing.left] = gap.mixing.amount
    for row in range(20):
        mask = np.zeros((20, 4), dtype=bool)
        mask[row] = True
        alone = lrp.explain(network, x[:1], 0, "epsilon", through={"out": mask}, keep=["qkv"])
        np.testing.assert_allclose(ways[row], by_row(alone, "linear_1", 20), atol=1e-5)
    np.testing.assert_allclose(ways.sum(0), gap.into, atol=1e-5)
    assert np.count_nonzero(ways) < 20 * 20 / 2  # only within windows
    (heads,) = gap.heads
    assert heads.rows is not None
    assert heads.rows.shape == (8, 9)  # four windows of two heads
    assert sorted(heads.rows[::2].ravel()) == [-1] * 16 + list(range(20))


def test_rows_that_do_not_come_back_in_their_place_are_not_followed(monkeypatch):
    torch.manual_seed(5)
    x = torch.randn(2, 20, 3)
    grid, _ = of(lrp.capture(Windowed(back=2).eval(), x), {"series": x}, monkeypatch)
    (gap,) = (gap for gap in grid.gaps if gap.kind == ATTENTION)
    assert gap.heads
    assert gap.mixing is None


def test_dense_layers_that_run_over_a_single_sample_are_known_as_such(monkeypatch, tmp_path):
    one = animal("gpt2")
    args = tuple(value[:1] for value in one.inputs.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(one.module, args, strict=False)
        torch.export.save(program, tmp_path / "gpt2.pt2")
    network = lrp.load(tmp_path / "gpt2.pt2")
    grid, _ = of(network, dict(zip((info.name for info in network.inputs), args, strict=True)), monkeypatch)
    assert [gap.kind for gap in grid.gaps if gap.kind in {ATTENTION, MLP}] == [ATTENTION, MLP] * 2
