"""Health of weights: what is found in files that were broken in known ways, and nothing in those that are well."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import lrp_engine as lrp
from lrp_engine.cli import main
from lrp_engine.files.blocks import boxes
from lrp_engine.health import DOUBTFUL, KINDS, REMARK, SERIOUS, profile
from lrp_engine.health.profile import Profile
from lrp_engine.health.weights import checking_weights, weight_health

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"


def network(*sizes: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    return {name: value.detach() for name, value in nn.Sequential(*layers).state_dict().items()}


def health(folder: Path, tensors: dict[str, torch.Tensor], read=None):
    path = folder / "net.safetensors"
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, path)
    return weight_health(lrp.open_weights(path), read)


def by_kind(findings):
    return {one.kind: one for one in findings}


@pytest.mark.parametrize("file", ["diabetes/model_weights.pth", "digits/digits.pt2"])
def test_the_examples_are_well(file):
    assert weight_health(lrp.open_weights(EXAMPLES / file)) == []


def test_fresh_layers_of_every_width_are_well(tmp_path):
    assert health(tmp_path, network(3, 4, 40, 400, 2, 5)) == []
    conv = nn.Sequential(
        nn.Conv2d(3, 64, 7), nn.Conv2d(64, 64, 3, groups=64), nn.ConvTranspose2d(64, 8, 2), nn.LSTM(9, 7)
    )
    assert health(tmp_path, {name: value.detach() for name, value in conv.state_dict().items()}) == []


def test_nan_and_infinity_are_counted_and_the_first_is_named(tmp_path):
    tensors = network(10, 8, 4)
    tensors["0.weight"][2, 3] = float("nan")
    tensors["0.weight"][5, 1] = float("-inf")
    tensors["0.bias"][:] = float("nan")
    second, first = health(tmp_path, tensors)
    assert (first.kind, first.severity, first.tensor, first.layer) == ("not finite", SERIOUS, "0.weight", "0")
    assert "1 NaN and 1 infinite" in first.sentence
    assert "[2, 3]" in first.sentence
    assert first.units == (2,)
    assert "which is all it holds" in second.sentence


def test_an_additive_mask_is_no_fault(tmp_path):
    mask = torch.zeros(5, 5).masked_fill(torch.ones(5, 5).triu(1).bool(), float("-inf"))
    path = tmp_path / "net.pt"
    torch.save({**network(4, 4), "mask.running_mean": mask}, path)  # a buffer, by its name
    assert weight_health(lrp.open_weights(path)) == []


def test_units_without_weights_and_inputs_that_never_count(tmp_path):
    tensors = network(20, 12, 3)
    tensors["0.weight"][[4, 7]] = 0
    tensors["0.weight"][:, 9] = 0
    found = by_kind(health(tmp_path, tensors))
    assert found["zero filters"].units == (4, 7)
    assert found["zero filters"].short == "2 of 12 units"
    assert found["unused inputs"].sentence == "1 of 20 weights of each unit of 0.weight are 0 for every unit: 9."


def test_the_same_filters_are_found_also_up_to_a_factor(tmp_path):
    tensors = {"conv.weight": torch.randn(32, 16, 3, 3, generator=torch.Generator().manual_seed(1))}
    tensors["conv.weight"][17] = tensors["conv.weight"][3]
    (found,) = health(tmp_path, tensors)
    assert (found.kind, found.units) == ("duplicates", (3, 17))
    assert "are the same as others: 3 = 17." in found.sentence
    tensors["conv.weight"][20] = 0.1 * tensors["conv.weight"][5]
    (found,) = health(tmp_path, tensors)
    assert found.units == (3, 5, 17, 20)
    assert "up to a factor as others: 3 = 17, 5 = 20." in found.sentence
    tensors["conv.weight"][20] *= -1  # the opposite tells something else
    (found,) = health(tmp_path, tensors)
    assert found.units == (3, 17)


def test_constant_filters_and_tensors(tmp_path):
    tensors = network(20, 12, 12, 3)
    tensors["0.weight"][1] = 0.25
    tensors["1.weight"][:] = 0
    tensors["2.weight"][:] = 0.5
    found = by_kind(health(tmp_path, tensors))
    assert found["constant filters"].units == (1,)
    assert found["zeros"].tensor == "1.weight"
    assert found["constant"].sentence == "All 36 numbers of 2.weight are 0.5."


@pytest.mark.parametrize(("factor", "kind"), [(1e3, "exploding"), (1e-4, "vanishing")])
def test_a_layer_of_another_scale(tmp_path, factor, kind):
    tensors = network(30, 30, 30, 30, 30)
    tensors["2.weight"] *= factor
    (found,) = health(tmp_path, tensors)
    assert (found.kind, found.tensor) == (kind, "2.weight")
    assert "half of the layers of this file have less than 0.5" in found.sentence  # as torch makes them


@pytest.mark.parametrize(("factor", "kind"), [(1e3, "exploding"), (1e-6, "vanishing")])
def test_a_unit_of_another_scale(tmp_path, factor, kind):
    tensors = network(30, 30)
    tensors["0.weight"][11] *= factor
    found = by_kind(health(tmp_path, tensors))
    assert found[kind].units == (11,)


def test_a_single_large_number(tmp_path):
    tensors = network(300, 300)
    tensors["0.weight"][11, 7] = -50
    found = by_kind(health(tmp_path, tensors))["outliers"]
    assert "−50 at [11, 7]" in found.sentence
    assert found.severity == REMARK


def test_norms_that_are_off_impossible_or_untrained(tmp_path):
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(8)
    tensors = {f"bn.{name}": value.detach() for name, value in norm.state_dict().items()}
    assert [one.kind for one in health(tmp_path, tensors)] == ["untrained statistics"]
    tensors["bn.running_var"] = torch.rand(8)
    tensors["bn.weight"][[1, 6]] = 0
    tensors["bn.running_var"][3] = -0.1
    found = by_kind(health(tmp_path, tensors))
    assert found["dead"].units == (1, 6)
    assert found["dead"].layer == "bn"
    assert found["variance"].severity == SERIOUS
    assert "untrained statistics" not in found


def test_the_same_tensor_under_two_names(tmp_path):
    tensors = network(6, 6, 6)
    tensors["1.weight"] = tensors["0.weight"]
    (found,) = health(tmp_path, tensors)
    assert found.sentence == "0.weight and 1.weight hold the same numbers."
    assert found.severity == REMARK


def test_rows_of_an_embedding_are_only_remarked_on(tmp_path):
    table = torch.randn(50, 8)
    table[0] = 0
    table[30] = table[31]
    found = health(tmp_path, {"bert.embeddings.word_embeddings.weight": table})
    assert {(one.kind, one.severity) for one in found} == {("zero filters", REMARK), ("duplicates", REMARK)}
    assert all("of 50 rows" in one.sentence for one in found)


def test_tensors_that_the_network_does_not_read(tmp_path):
    tensors = network(4, 4, 4)
    (found,) = health(tmp_path, tensors, read=set(tensors) - {"1.bias"})
    assert (found.kind, found.tensor) == ("unused", "1.bias")
    assert health(tmp_path, tensors, read={"quite", "other", "names"}) == []


def test_a_graph_in_the_file_tells_what_is_read(tmp_path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weight = rng.normal(size=(6, 5)).astype(np.float32)  # of a MatMul: the units lie along the second axis
    weight[:, 2] = 0
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 5])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(rng.normal(size=3).astype(np.float32), "left")],
    )
    onnx.save(helper.make_model(graph), tmp_path / "net.onnx")
    found = by_kind(weight_health(lrp.open_weights(tmp_path / "net.onnx")))
    assert found["zero filters"].units == (2,)
    assert found["unused"].tensor == "left"


def test_what_lies_beside_the_network_is_only_asked_for_nan(tmp_path):
    state = {"model": network(6, 6), "optimizer": {"state": {0: {"exp_avg": torch.zeros(6, 6)}}, "param_groups": []}}
    state["optimizer"]["state"][0]["exp_avg"][1, 1] = float("nan")
    torch.save(state, tmp_path / "c.pt")
    (found,) = weight_health(lrp.open_weights(tmp_path / "c.pt"))
    assert (found.kind, found.severity) == ("not finite", DOUBTFUL)


def test_the_gravest_come_first_and_every_kind_says_what_it_means(tmp_path):
    tensors = network(20, 12, 12)
    tensors["1.weight"][0, 0] = float("nan")
    tensors["0.weight"][:, 3] = 0
    found = health(tmp_path, tensors)
    assert [one.severity for one in found] == [SERIOUS, REMARK]
    assert all(kind.meaning.endswith((".", "?")) for kind in KINDS.values())


@pytest.mark.parametrize("block", [7, 30, 64, 10**6])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_profile_is_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, block, axis):
    monkeypatch.setattr(profile, "BLOCK", block)
    numbers = torch.randn(5, 4, 3, 2, generator=torch.Generator().manual_seed(2))
    numbers[1, 2, 0, 1] = float("inf")
    numbers[:, 3, 1, 1] = 0
    numbers[4, 1, 2, 0] = -9
    save_file({"w": numbers}, tmp_path / "w.safetensors")
    found = Profile(lrp.open_weights(tmp_path / "w.safetensors").tensors["w"], axis)
    assert sum(found.reading()) == 120
    assert found.bad is not None
    assert found.peak is not None
    rows = np.moveaxis(numbers.double().numpy(), axis, 0).reshape(numbers.shape[axis], -1)
    finite = np.where(np.isfinite(rows), rows, 0)
    assert (found.count, found.infs, found.nans, found.zeros) == (120, 1, 0, int((rows == 0).sum()))
    assert found.place(found.bad) == (1, 2, 0, 1)
    assert found.place(found.peak) == (4, 1, 2, 0)
    assert np.allclose(found.norms, np.linalg.norm(finite, axis=1))
    assert np.array_equal(found.highs, finite.max(1))
    assert found.squares == pytest.approx(float(np.square(finite).sum()))
    assert np.array_equal(found.used, (finite != 0).any(0))


@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 5), (1, 1, 9), (0, 3)])
@pytest.mark.parametrize("numbers", [1, 4, 100])
def test_boxes_cover_everything_in_order(shape, numbers):
    order = np.arange(int(np.prod(shape))).reshape(shape)
    seen = []
    for first, box in boxes(shape, numbers):
        part = order[box].ravel()
        assert part[0] == first
        assert part.size <= numbers
        seen += part.tolist()
    assert seen == list(range(order.size))


def test_the_check_can_be_ended_and_tells_how_far_it_is(tmp_path):
    save_file(network(30, 30, 30), tmp_path / "net.safetensors")
    steps = checking_weights(lrp.open_weights(tmp_path / "net.safetensors"))
    news = next(steps)
    assert (news.total, news.tensor) == (2 * 930, "0.bias" if news.done == 30 else "0.weight")
    steps.close()


def test_a_file_that_changed_is_told_of_for_each_tensor(tmp_path):
    save_file(network(30, 30), tmp_path / "net.safetensors")
    weights = lrp.open_weights(tmp_path / "net.safetensors")
    (tmp_path / "net.safetensors").write_bytes(b"")
    assert {one.kind for one in weight_health(weights)} == {"unreadable"}


def test_inspect_prints_the_health(capsys, tmp_path):
    tensors = network(20, 12, 3)
    tensors["0.weight"][4] = 0
    save_file(tensors, tmp_path / "net.safetensors")
    assert main(["inspect", "--health", str(tmp_path / "net.safetensors")]) == 0
    text = capsys.readouterr().out
    assert "health: 1 finding" in text
    assert "doubtful: Units without weights: 1 of 12 units of 0.weight has only zeros: 4." in text
    assert main(["inspect", "--health", "--json", str(tmp_path / "net.safetensors")]) == 0
    assert '"kind": "zero filters"' in capsys.readouterr().out
