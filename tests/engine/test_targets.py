"""Targets: what is typed, what a caller gives, and the seeds that come of it – against scores computed by numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.errors import TargetError
from lrp_engine.seeds import Logits, Seed, seeds_of
from lrp_engine.targets import by_output, expand_targets, parse_target
from tests.engine.nets import said

SAMPLES = 4
UNITS = 6
MAP = (3, 4, 5)


@pytest.fixture(scope="module")
def rows() -> torch.Tensor:
    return torch.randn(SAMPLES, UNITS, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def maps() -> torch.Tensor:
    return torch.randn(SAMPLES, *MAP, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def scores(seed: Seed, value: torch.Tensor, samples: tuple[int, int] | None = (0, 1)) -> np.ndarray:
    """What each sample's relevance begins with, in all."""
    assert (seed.weights is None) != (seed.relevance is None)
    start = seed.relevance if seed.weights is None else value * seed.weights
    assert start.shape == value.shape
    if samples is None:
        return start.sum().reshape(1).numpy()
    axis, times = samples
    return start.movedim(axis, 0).reshape(value.shape[axis] // times, -1).sum(1).numpy()


def explained(target, value: torch.Tensor, **logits) -> np.ndarray:
    seeds = seeds_of(target, {"y": Logits(value, **logits)})
    samples = logits.get("samples", (0, 1))
    assert len(seeds.words) == (1 if samples is None else value.shape[samples[0]] // samples[1])
    assert all(seeds.words)
    return scores(seeds.by_output["y"], value, samples)


def ranked(y: np.ndarray, rank: int) -> np.ndarray:
    return np.sort(y.reshape(len(y), -1), axis=1)[:, -rank]


# ------------------------------------------------------------------------------------------------------- one output


@pytest.mark.parametrize(
    ("target", "score"),
    [
        (2, lambda y: y[:, 2]),
        (np.int64(2), lambda y: y[:, 2]),
        (torch.tensor(2), lambda y: y[:, 2]),
        ("2", lambda y: y[:, 2]),
        ("max", lambda y: y.max(1)),
        ("best:1", lambda y: y.max(1)),
        ("best:2", lambda y: ranked(y, 2)),
        ("6th best", lambda y: y.min(1)),
        ("5-1", lambda y: y[:, 5] - y[:, 1]),
        ("max - best:2", lambda y: ranked(y, 1) - ranked(y, 2)),
        ("max-3", lambda y: y.max(1) - y[:, 3]),
        ({"max": 1, 3: -0.5, "2nd best": 2}, lambda y: y.max(1) - 0.5 * y[:, 3] + 2 * ranked(y, 2)),
        ({0: 1.0, (0,): 1.0}, lambda y: 2 * y[:, 0]),
        ((-1,), lambda y: y[:, -1]),
        ((slice(1, 4),), lambda y: y[:, 1:4].sum(1)),
        ((...,), lambda y: y.sum(1)),
        (([0, 0, 5],), lambda y: 2 * y[:, 0] + y[:, 5]),
        ([0, "max", {1: 2.0}, "5-4"], lambda y: np.array([y[0, 0], y[1].max(), 2 * y[2, 1], y[3, 5] - y[3, 4]])),
        ([3, 2, 1, 0], lambda y: y[np.arange(4), [3, 2, 1, 0]]),
        (np.array([3, 2, 1, 0]), lambda y: y[np.arange(4), [3, 2, 1, 0]]),
        (torch.tensor([3, 2, 1, 0]), lambda y: y[np.arange(4), [3, 2, 1, 0]]),
        (["max", "best:2", "max", (-1,)], lambda y: np.array([y[0].max(), ranked(y, 2)[1], y[2].max(), y[3, -1]])),
        (np.arange(6.0), lambda _: np.full(4, 15.0)),
        ([0.0, 1, 2, 3, 4, 5], lambda _: np.full(4, 15.0)),
        ([[1, 0, 0, 0, 0, 0]] * 4, lambda _: np.ones(4)),
        (np.arange(24.0).reshape(4, 6), lambda _: np.arange(24.0).reshape(4, 6).sum(1)),
        (np.arange(6) % 2 == 0, lambda y: y[:, ::2].sum(1)),
        (torch.eye(4, 6, dtype=torch.bool), lambda y: y[np.arange(4), np.arange(4)]),
        ([np.arange(6.0), 1, "max", np.arange(6) > 3], lambda y: np.array([15, y[1, 1], y[2].max(), y[3, 4:].sum()])),
    ],
    ids=said,
)
def test_the_score_is_what_the_target_says(rows, target, score):
    np.testing.assert_allclose(explained(target, rows), score(rows.numpy()), rtol=1e-12)


MASK = np.arange(20).reshape(4, 5) % 3 == 0


@pytest.mark.parametrize(
    ("target", "score"),
    [
        ("max", lambda y: ranked(y, 1)),
        ("best:7", lambda y: ranked(y, 7)),
        (7, lambda y: y.reshape(4, -1)[:, 7]),
        ((2, 1, 3), lambda y: y[:, 2, 1, 3]),
        ("2,1,3", lambda y: y[:, 2, 1, 3]),
        ((1,), lambda y: y[:, 1].sum((1, 2))),
        ((1, slice(None), slice(None)), lambda y: y[:, 1].sum((1, 2))),
        ("1,*,*", lambda y: y[:, 1].sum((1, 2))),
        ("1,1:3,...", lambda y: y[:, 1, 1:3].sum((1, 2))),
        ("...,-1", lambda y: y[..., -1].sum((1, 2))),
        ("*", lambda y: y.sum((1, 2, 3))),
        ((), lambda y: y.sum((1, 2, 3))),
        ((..., slice(None, None, -2)), lambda y: y[..., ::-2].sum((1, 2, 3))),
        ((1, MASK), lambda y: y[:, 1, MASK].sum(1)),
        ((1, torch.from_numpy(MASK)), lambda y: y[:, 1, MASK].sum(1)),
        ((np.int64(1), [0, 2], [1, 1]), lambda y: y[:, 1, 0, 1] + y[:, 1, 2, 1]),
        ("2,1,3 - 0,1,3", lambda y: y[:, 2, 1, 3] - y[:, 0, 1, 3]),
        ("2,*,* - 0,*,*", lambda y: (y[:, 2] - y[:, 0]).sum((1, 2))),
        ({(2, 1, 3): 1.0, "0,*,*": -0.25}, lambda y: y[:, 2, 1, 3] - 0.25 * y[:, 0].sum((1, 2))),
        (np.broadcast_to(MASK, MAP), lambda y: y[:, :, MASK].sum((1, 2))),
        ([(i % 3, i, 0) for i in range(4)], lambda y: y[np.arange(4), np.arange(4) % 3, np.arange(4), 0]),
        (torch.ones(4, *MAP), lambda _: np.full(4, 60.0)),
    ],
    ids=said,
)
def test_maps_are_indexed_as_numpy_reads_them(maps, target, score):
    np.testing.assert_allclose(explained(target, maps), score(maps.numpy()), rtol=1e-12)


@pytest.mark.parametrize(
    "target", [7, "max", "best:3", (2, slice(None), 1), (1, MASK), [1, 2, "max", (0, 0, 0)]], ids=said
)
def test_samples_may_run_on_another_axis_or_on_none(maps, target):
    expected = explained(target, maps)
    np.testing.assert_allclose(explained(target, maps.movedim(0, 2), samples=(2, 1)), expected)
    # a sequence folded into the batch: (samples · 3, 4, 5), and (4, samples · 3, 5)
    np.testing.assert_allclose(explained(target, maps.flatten(0, 1), samples=(0, 3)), expected)
    if not isinstance(target, list):
        one = seeds_of(target, {"y": Logits(maps[0], samples=None)})
        np.testing.assert_allclose(scores(one.by_output["y"], maps[0], None), expected[:1])


def test_values_of_one_sample_on_its_axis_are_an_axis_of_the_sample(maps):
    folded = maps.movedim(1, 2).movedim(0, 1).flatten(1, 2)  # (4, samples · 3, 5): a sample is (4, 3, 5)
    np.testing.assert_allclose(explained("max", folded, samples=(1, 3)), ranked(maps.numpy(), 1))
    np.testing.assert_allclose(explained((1, 2, 3), folded, samples=(1, 3)), maps[:, 2, 1, 3])


def test_of_equal_values_the_first_is_the_best():
    value = torch.tensor([[1.0, 3.0, 3.0, 2.0, 3.0, 2.0]])
    found = [seeds_of(f"best:{k}", {"y": Logits(value)}).words[0] for k in range(1, 7)]
    assert found == [f"unit {unit}" for unit in (1, 2, 4, 3, 5, 0)]


def test_a_part_of_the_samples_gets_its_part_of_the_target(rows):
    seeds = np.arange(24.0).reshape(4, 6)
    square = torch.randn(4, 4, dtype=torch.float64)
    for value, target in (
        (rows, [0, "max", 2, (3,)]),
        (rows, seeds),
        (rows, np.arange(4)),
        (rows, "max"),
        (square, square[0]),
    ):
        whole = seeds_of(target, {"y": Logits(value)})
        for start, stop in ((0, 3), (3, 4)):
            part = seeds_of(target, {"y": Logits(value[start:stop])}, start=start, total=4)
            assert part.words == whole.words[start:stop]
            np.testing.assert_array_equal(
                scores(part.by_output["y"], value[start:stop]), scores(whole.by_output["y"], value)[start:stop]
            )


def test_one_target_for_a_large_batch_takes_no_loop_over_units():
    value = torch.randn(512, 1000)
    for target in (3, "max", "best:2", list(range(512))):
        (seed,) = seeds_of(target, {"y": Logits(value)}).by_output.values()
        assert seed.weights is not None
        assert (seed.weights.sum(1) == 1).all()
        assert len(seed.words) == 512


# ------------------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (1, "dog (logit)"),
        ("cat - dog", "cat − dog (logit)"),
        ({0: 0.5, 2: 2}, "0.5·cat + 2·cow (logit)"),
        ("max - 2", "dog − cow (logit)"),
        ({"dog": -1}, "-1·dog (logit)"),
        ((slice(0, 2),), "the sum of 0:2 (logit)"),
        (np.array([True, False, True]), "the sum over a mask (logit)"),
        (np.ones(3), "a seed of one's own"),
    ],
    ids=said,
)
def test_words_say_what_is_explained(target, words):
    logits = Logits(torch.tensor([[1.0, 3.0, 2.0]]), ("cat", "dog", "cow"), "softmax")
    assert seeds_of(target, {"y": logits}).words == (words,)


def test_units_of_maps_are_named_by_their_place(maps):
    logits = {"y": Logits(maps[:1])}
    assert seeds_of(7, logits).words == ("unit 0, 1, 2",)
    assert seeds_of((-1, 1, 2), logits).words == ("unit 2, 1, 2",)
    assert seeds_of((1, MASK), logits).words == ("the sum of 1,mask",)


# --------------------------------------------------------------------------------------------------- several outputs


def test_several_outputs_are_explained_together(rows, maps):
    given = {"a": Logits(rows, ("u", "v")), "b": Logits(maps)}
    assert list(by_output(2, ["a", "b"])) == ["a"]
    seeds = seeds_of({"b": "max", "a": 1}, given)
    assert list(seeds.by_output) == ["a", "b"]
    np.testing.assert_allclose(scores(seeds.by_output["a"], rows), rows[:, 1])
    np.testing.assert_allclose(scores(seeds.by_output["b"], maps), ranked(maps.numpy(), 1))
    assert seeds.words[0].startswith("v + unit ")
    mixed = seeds_of([{"a": 1}, {"b": (0, 0, 0)}, 3, {"a": "max", "b": 2}], given)
    np.testing.assert_allclose(scores(mixed.by_output["a"], rows), [rows[0, 1], 0, rows[2, 3], rows[3].max()])
    np.testing.assert_allclose(scores(mixed.by_output["b"], maps), [0, maps[1, 0, 0, 0], 0, maps[3].flatten()[2]])
    assert mixed.words[1] == "unit 0, 0, 0"
    nested = seeds_of({"b": [0, 1, 2, 3]}, given)
    np.testing.assert_allclose(scores(nested.by_output["b"], maps), maps.flatten(1)[torch.arange(4), torch.arange(4)])
    with pytest.raises(TargetError, match="no output “c”; the outputs are a, b"):
        seeds_of({"a": 1, "c": 1}, given)
    with pytest.raises(TargetError, match="no output unit 99 in “b”: they are 0 to 59"):
        seeds_of({"b": 99}, given)


def test_all_units_are_a_list_of_targets():
    outputs = {"a": 3, "b": 5000}
    assert expand_targets("all", outputs) == [0, 1, 2]
    assert expand_targets({"a": "all"}, outputs) == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert expand_targets(range(2), outputs) == [0, 1]
    assert expand_targets(["max", (1, 2)], outputs) == ["max", (1, 2)]
    for targets, says in (
        ({"b": "all"}, "“b” has 5000 units"),
        ("some", "got “some”"),
        ([], "no targets"),
        (3, "a int"),
    ):
        with pytest.raises(TargetError, match=says):
            expand_targets(targets, outputs)


# ------------------------------------------------------------------------------------------------------------- typed


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (" MAX ", "max"),
        ("best", "max"),
        ("best:1", "max"),
        ("Best 3", "best:3"),
        ("2nd best", "best:2"),
        ("5", 5),
        ("2-5", "2-5"),
        ("2 − 5", "2 − 5"),
        ("dog", 1),
        ("3", 2),
        ("well-fed cow", 3),
        ("cat - dog", {0: 1.0, 1: -1.0}),
        ("cat-dog", {0: 1.0, 1: -1.0}),
        ("cat - well-fed cow", {0: 1.0, 3: -1.0}),
        ("3-0", {2: 1.0, 0: -1.0}),
        ("max - 2nd best", {"max": 1.0, "best:2": -1.0}),
        ("dog - best:2", {1: 1.0, "best:2": -1.0}),
        ("3,10,12", (3, 10, 12)),
        ("3, *, *", (3, slice(None), slice(None))),
        ("-1,7", (-1, 7)),
        ("..., 2:", (..., slice(2, None))),
        ("0,1 - -1,1", {"0,1": 1.0, "-1,1": -1.0}),
    ],
)
def test_targets_are_read_as_typed(text, target):
    assert parse_target(text, ("cat", "dog", "3", "well-fed cow")) == target


def test_digits_in_code_are_units_even_where_a_class_has_that_name():
    logits = {"y": Logits(torch.zeros(1, 3), ("2", "1", "0"))}
    assert seeds_of("2", logits).words == ("0",)
    assert seeds_of(parse_target("2", ("2", "1", "0")), logits).words == ("2",)
    assert seeds_of(parse_target("2-0", ("2", "1", "0")), logits).words == ("2 − 0",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bird", "“bird” is not a target: write max, .* or one of cat, dog"),
        ("", "“” is not a target"),
        ("cat - bird", "“cat - bird” is not a target"),
        ("best:0", "the largest is best:1"),
        ("4-4", "always 0"),
        ("cat - cat", "always 0"),
        ("1,x", "is not a target"),
        ("-1", "is not a target"),
    ],
)
def test_what_cannot_be_read_is_one_clear_sentence(text, says):
    with pytest.raises(TargetError, match=says) as caught:
        parse_target(text, ("cat", "dog"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (6, "no output unit 6: they are 0 to 5"),
        (-1, "no output unit -1"),
        ("0-7", "no output unit 7"),
        ("1-1", "always 0"),
        ("best:7", "no best:7: the output has 6 units"),
        ("cat", "“cat” is not a target"),
        (True, "“True” is not the number"),
        ({True: 1.0}, "“True” is not the number"),
        ([True] * 4, "“True” is not the number"),
        ({}, "names no unit"),
        ({0: "much"}, "“much” is not the weight"),
        ({0: float("nan")}, "cannot weigh nan"),
        ({1.5: 1.0}, "“1.5” is not the number"),
        ((6,), "no place 6: a sample's output is 6"),
        ((0, 0), "no place 0,0"),
        ((True,), "holds what is not the number"),
        ((1.0,), "holds what is not the number"),
        ((slice(3, 3),), "The place 3:3 chooses no unit"),
        (([0.5],), "no place chosen"),
        ([0, 1], "2 targets for 4 samples"),
        ([], "0 targets for 4 samples"),
        ([0, 1, 2, 6], "no output unit 6"),
        ([0, 1, 2, [3]], "cannot hold another list"),
        ([None] * 4, "NoneType"),
        (np.arange(5), "The seed is 5, but the output is 4×6"),
        (np.ones(4), "The seed is 4, but the output is 4×6"),
        (np.ones(4, bool), "The mask is 4, but the output is 4×6"),
        (np.zeros(6, bool), "The mask chooses no unit"),
        (np.full(6, np.inf), "not a finite number"),
        (np.ones(6, complex), "not a finite number"),
        (2.0, "The seed is one number"),
        (None, "NoneType"),
        (object(), "cannot be a object"),
    ],
    ids=said,
)
def test_a_target_that_does_not_exist_is_one_clear_sentence(rows, target, says):
    with pytest.raises(TargetError, match=says) as caught:
        seeds_of(target, {"y": Logits(rows)})
    assert "\n" not in str(caught.value)


def test_an_output_without_units_has_nothing_to_explain():
    with pytest.raises(TargetError, match="no units"):
        seeds_of("max", {"y": Logits(torch.zeros(2, 0))})


def test_a_score_without_axes_is_one_unit():
    value = torch.tensor([2.0, 3.0])  # regression: one number for each sample
    np.testing.assert_allclose(explained("max", value), [2, 3])
    np.testing.assert_allclose(explained({0: -1}, value), [-2, -3])
    np.testing.assert_allclose(explained(np.array([0.5, 1.5]), value), [0.5, 1.5])


# --------------------------------------------------------------------------------------------------------- explained


class Segmenting(nn.Module):
    """A map of classes, a class of the whole, and one number."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.map = nn.Conv2d(4, 3, 1)
        self.say = nn.Linear(4, 5)

    def forward(self, x):
        hidden = torch.relu(self.conv(x))
        return {"map": self.map(hidden), "whole": self.say(hidden.mean((2, 3))), "size": hidden.mean((1, 2, 3))}


@pytest.mark.parametrize(
    ("target", "score"),
    [
        ("max", lambda y: y["map"].flatten(1).amax(1)),
        ("2,1,3", lambda y: y["map"][:, 2, 1, 3]),
        ((2, slice(None), slice(None)), lambda y: y["map"][:, 2].sum((1, 2))),
        ((0, MASK), lambda y: y["map"][:, 0, torch.from_numpy(MASK)].sum(1)),
        ("1,*,* - 0,*,*", lambda y: (y["map"][:, 1] - y["map"][:, 0]).sum((1, 2))),
        ({"whole": "max - best:2"}, lambda y: y["whole"].topk(2).values @ torch.tensor([1.0, -1.0]).to(y["whole"])),
        ({"whole": 3, "map": (0, 0, 0)}, lambda y: y["whole"][:, 3] + y["map"][:, 0, 0, 0]),
        ({"size": 0}, lambda y: y["size"]),
        (
            [{"whole": 1}, {"size": 0}, 5],
            lambda y: torch.stack([y["whole"][0, 1], y["size"][1], y["map"][2].flatten()[5]]),
        ),
    ],
    ids=said,
)
def test_relevance_and_sinks_are_the_score_of_any_target(segmenting, target, score):
    network, x, values = segmenting
    for batch in (None, 2):
        e = lrp.explain(network, x, target=target, composite="epsilon", batch=batch)
        torch.testing.assert_close(e.score, score(values))
        total = e.inputs["x"].sum((1, 2, 3)) + sum(row.absorbed for row in e.ledger)
        torch.testing.assert_close(total, e.score, rtol=1e-9, atol=1e-10)
        assert len(e.targets) == 3


@pytest.fixture(scope="module")
def segmenting():
    torch.manual_seed(2)
    module, x = Segmenting().double().eval(), torch.randn(3, 2, 4, 5, dtype=torch.float64)
    with torch.no_grad():
        return lrp.capture(module, x), x, module(x)


def test_all_units_of_an_output_share_one_pass(segmenting):
    network, x, values = segmenting
    each = lrp.explain_each(network, x, {"whole": "all"}, composite="epsilon")
    torch.testing.assert_close(torch.stack([e.score for e in each], 1), values["whole"])
    mixed = lrp.explain_each(network, x, ["max", {"whole": 2}, np.ones((3, 4, 5))], composite="epsilon")
    for e, target in zip(mixed, ["max", {"whole": 2}, np.ones((3, 4, 5))], strict=True):
        torch.testing.assert_close(e.inputs["x"], lrp.explain(network, x, target, "epsilon").inputs["x"])
