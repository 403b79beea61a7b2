"""Health of units: what is found in networks that were broken in known ways, on the samples of a table."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import lrp_engine as lrp
from lrp_engine.cli import main
from lrp_engine.errors import InputError
from lrp_engine.health import DOUBTFUL, REMARK, SERIOUS
from lrp_engine.health import activations as health
from lrp_engine.health.activations import samples_at_once, unit_health, watching_units

SAMPLES = 60


def captured(module: nn.Module, x: Tensor):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lrp.capture(module.eval(), (x[:2],))


def dense(activation: nn.Module, bias: dict[int, float] | None = None) -> tuple[lrp.Network, Tensor]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 10), activation, nn.Linear(10, 3))
    with torch.no_grad():
        for unit, value in (bias or {}).items():
            module[0].bias[unit] = value
    x = torch.randn(SAMPLES, 6)
    return captured(module, x), x


def test_units_that_are_never_active_are_dead():
    network, x = dense(nn.ReLU(), {3: -100.0, 7: -100.0})
    (found,) = unit_health(network, x)
    assert (found.kind, found.severity, found.units, found.layer) == ("dead", DOUBTFUL, (3, 7), "1")
    assert found.sentence == "2 of 10 units of 1 are 0 on all 60 samples of the table: 3, 7."


def test_a_network_that_is_well_has_no_findings():
    assert unit_health(*dense(nn.ReLU())) == []
    assert unit_health(*dense(nn.GELU())) == []
    assert unit_health(*dense(nn.Tanh())) == []


def test_where_no_unit_lives_it_is_serious_and_the_output_never_changes():
    network, x = dense(nn.ReLU(), dict.fromkeys(range(10), -100.0))
    found = unit_health(network, x)
    assert [(one.kind, one.severity) for one in found] == [("same output", SERIOUS), ("dead", SERIOUS)]


def test_few_samples_tell_little():
    network, x = dense(nn.ReLU(), {3: -100.0})
    found = {unit: one for one in unit_health(network, x[:5]) for unit in one.units}[3]
    assert found.severity == REMARK
    assert found.sentence.endswith("So few samples tell little.")


@pytest.mark.parametrize(
    ("activation", "value"), [(nn.Sigmoid(), 40.0), (nn.Tanh(), -40.0), (nn.Hardtanh(-2, 2), 8.0), (nn.ReLU6(), 60.0)]
)
def test_units_at_the_end_of_their_function_are_saturated(activation, value):
    network, x = dense(activation)
    w = next(t for name, t in network.tensors.items() if t.shape == (10, 6))
    w[4] = 0
    w[4, 0] = value  # large for nearly every sample, of either sign
    (found,) = [one for one in unit_health(network, x.abs() + 0.5) if one.kind == "saturated"]
    assert 4 in found.units


def test_leaking_units_are_only_remarked_on():
    network, x = dense(nn.LeakyReLU(), {2: -100.0})
    (found,) = unit_health(network, x)
    assert (found.kind, found.severity, found.units) == ("inactive", REMARK, (2,))


def test_of_images_the_units_are_channels():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 2))
    with torch.no_grad():
        module[1].bias[1] = -50
    x = torch.randn(40, 1, 6, 6)
    (found,) = unit_health(captured(module, x), x)
    assert found.units == (1,)
    assert found.sentence.startswith("1 of 5 channels of 2 is 0 on all 40 samples")


def test_where_nan_begins_is_told_with_the_samples():
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(self.last(torch.sqrt(self.first(x))))

    torch.manual_seed(0)
    module, x = Root(), torch.rand(30, 3)
    with torch.no_grad():
        module.first.weight.fill_(1.0)
        module.first.bias.zero_()
    x[[4, 9]] = -1
    found = unit_health(captured(module, x), x)[0]
    assert (found.kind, found.severity) == ("not finite", SERIOUS)
    assert "2 of 30 samples: sample 5, 10" in found.sentence
    assert "sqrt" in found.sentence


def test_attention_that_looks_at_one_place_and_masks_are_told_apart():
    class Heads(nn.Module):
        def __init__(self, sharp: float) -> None:
            super().__init__()
            self.sharp = sharp
            self.head = nn.Linear(4, 2)
            self.register_buffer("mask", torch.full((8, 8), float("-inf")).triu(1))

        def forward(self, x: Tensor) -> Tensor:
            split = x.reshape(-1, 8, 2, 2).transpose(1, 2)
            scores = split @ split.transpose(2, 3) * self.sharp + self.mask
            return self.head((scores.softmax(-1) @ split).transpose(1, 2).reshape(-1, 8, 4).mean(1))

    torch.manual_seed(0)
    x = torch.randn(40, 8, 4)
    assert unit_health(captured(Heads(0.3), x), x) == []
    (found,) = unit_health(captured(Heads(1e4), x), x)
    assert (found.kind, found.severity) == ("saturated", REMARK)
    assert "2 of 2 heads" in found.sentence


def test_values_that_explode():
    network, x = dense(nn.ReLU())
    next(t for t in network.tensors.values() if t.shape == (10, 6)).mul_(1e9)
    assert "large values" in {one.kind for one in unit_health(network, x)}


@pytest.mark.parametrize("size", [1, 7, 60])
def test_chunks_change_nothing_and_every_step_can_be_the_last(size):
    network, x = dense(nn.Sigmoid(), {3: -100.0, 5: 30.0})
    (entry,) = network.inputs
    whole = unit_health(network, x)
    steps = watching_units(network, ({entry.name: x[n : n + size]} for n in range(0, SAMPLES, size)), SAMPLES)
    told = []

    def collected():
        told.append((yield from steps))

    news = list(collected())
    assert told == [whole]
    assert (news[0].done, news[0].total) == (0, SAMPLES * len(network.graph.nodes))
    assert all(before.done <= after.done < after.total for before, after in pairwise(news))
    steps = watching_units(network, ({entry.name: x},), SAMPLES)
    next(steps)
    steps.close()


def test_a_chunk_fits_into_the_budget(monkeypatch):
    network, x = dense(nn.ReLU())
    assert samples_at_once(network) == health.LARGEST_CHUNK
    monkeypatch.setattr(health, "BUDGET", 1000)
    assert 1 <= samples_at_once(network) < 20
    assert unit_health(network, x) == []


def test_recurrent_states_are_looked_at():
    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(3, 5, batch_first=True), nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.lstm(x)[0][:, -1])

    torch.manual_seed(0)
    module, x = Steps(), torch.randn(30, 4, 3)
    with torch.no_grad():
        dict(module.lstm.named_parameters())["bias_ih_l0"][15 + 2] = -200  # the output gate of unit 2 never opens
    (found,) = unit_health(captured(module, x), x)
    assert (found.kind, found.units, found.layer) == ("dead", (2,), "lstm")


def test_inputs_that_do_not_fit_are_one_sentence():
    network, x = dense(nn.ReLU())
    with pytest.raises(InputError):
        unit_health(network, x[:, :4])


def test_inspect_runs_the_network_on_a_table(capsys):
    examples = Path(__file__).parents[2] / "resources" / "examples" / "diabetes"
    command = ["inspect", str(examples / "model_weights.pth"), "--health", "--data", str(examples / "diabetes.csv")]
    assert main(command) == 0
    assert "health: 0 findings" in capsys.readouterr().out
