"""Composites are data: named, printed, edited, saved, and they say why."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lrp_engine as lrp
from lrp_engine.composites import NAMED, Entry, NodeFacts, Selector
from tests.engine.nets import make

CONV = NodeFacts("affine map", "convolution", "conv2d", "features.0", 0, 3)
DENSE = NodeFacts("affine map", "dense", "linear", "head.fc", 2, 3)


@pytest.mark.parametrize("name", NAMED)
def test_a_composite_survives_json_and_prints_its_lines(name):
    composite = lrp.Composite.named(name)
    assert lrp.Composite.from_json(composite.to_json()) == composite
    assert str(composite).startswith(f"{name}: ")
    assert len(str(composite).splitlines()) == len(composite.entries) + 2


@pytest.mark.parametrize(
    ("name", "conv", "dense"),
    [
        ("lrp_0", "lrp_0", "lrp_0"),
        ("epsilon", "epsilon", "epsilon"),
        ("epsilon_plus", "zplus", "epsilon"),
        ("epsilon_alpha2_beta1", "alpha_beta", "epsilon"),
        ("gamma", "gamma", "gamma"),
    ],
)
def test_named_composites_give_the_rules_of_the_literature(name, conv, dense):
    composite = lrp.Composite.named(name)
    assert composite.choose(CONV)[0].name == conv
    assert composite.choose(DENSE)[0].name == dense
    pool = NodeFacts("affine map", "weightless", "avg_pool2d", "pool")
    assert composite.choose(pool)[0].name in {"epsilon", "lrp_0"}
    assert composite.choose(NodeFacts("activation", "activation", "relu", "relu"))[0].name == "pass"


def test_the_first_entry_that_fits_decides_and_says_so():
    composite = lrp.Composite(
        "mine",
        entries=(
            Entry(Selector(layer="features.*"), lrp.Rule("zplus")),
            Entry(Selector(position=-1), lrp.Rule("gamma", {"gamma": 1.0})),
            Entry(Selector(family="dense"), lrp.Rule("lrp_0")),
        ),
    )
    assert composite.choose(CONV) == (lrp.Rule("zplus"), "mine: layer features.*")
    assert composite.choose(DENSE) == (lrp.Rule("gamma", {"gamma": 1.0}), "mine: position -1")
    middle = NodeFacts("affine map", "dense", "linear", "body", 1, 3)
    assert composite.choose(middle)[0].name == "lrp_0"
    relu_in_features = NodeFacts("activation", "activation", "relu", "features.1")
    assert composite.choose(relu_in_features) == (lrp.Rule("pass"), "default for activation")


def test_the_ledger_tells_rule_and_reason():
    module, x = make("cnn")
    e = lrp.explain(lrp.capture(module, x), x, composite="epsilon_plus")
    by_layer = {row.layer: row for row in e.ledger}
    assert by_layer["features.0"].rule == "zplus(epsilon=1e-06)"
    assert by_layer["features.0"].reason == "epsilon_plus: family convolution"
    assert by_layer["head.2"].rule == "epsilon(epsilon=1e-06)"
    assert by_layer["features.6"].reason == "default for affine map"


def test_parameters_go_to_the_rules_that_have_them():
    composite = lrp.Composite.named("epsilon_plus", epsilon=0.1)
    assert composite.choose(DENSE)[0].values["epsilon"] == 0.1
    with pytest.raises(lrp.CompositeError, match="has the parameter “gamma”"):
        lrp.Composite.named("epsilon_plus", gamma=1)


@pytest.mark.parametrize(
    ("make_it", "says"),
    [
        (lambda: lrp.Composite.named("epsilon_minus"), "no composite “epsilon_minus”; there are lrp_0"),
        (lambda: lrp.Rule("zminus"), "no rule “zminus”"),
        (lambda: lrp.Rule("gamma", {"alpha": 1}), "no parameter “alpha”; it takes gamma, epsilon"),
        (lambda: lrp.Rule("alpha_beta", {"alpha": 3.0}), "α|alpha − beta = 1"),
        (lambda: lrp.Rule("epsilon", {"epsilon": -1.0}), "cannot be negative"),
        (lambda: lrp.Composite.single("pass"), "not one for affine maps"),
        (lambda: lrp.Composite.single("nonsense"), "no rule “nonsense”"),
        (lambda: lrp.Composite.from_json("{}"), "not a composite"),
        (
            lambda: lrp.Composite.from_json('{"name": "a", "entries": [{"select": {}, "rule": {"name": "x"}}]}'),
            "no rule “x”|not a",
        ),
    ],
)
def test_what_is_wrong_with_a_composite_is_said(make_it, says):
    with pytest.raises(lrp.CompositeError, match=says):
        make_it()


@given(st.dictionaries(st.text(max_size=6), st.integers() | st.text(max_size=5), max_size=4))
def test_no_json_crashes_the_reader(content):
    if set(content) == {"name"} and isinstance(content["name"], str):
        assert lrp.Composite.from_json(json.dumps(content)).name == content["name"]
        return
    with pytest.raises(lrp.CompositeError, match=r"^This is not a composite: .*$"):
        lrp.Composite.from_json(json.dumps(content))


def test_a_changed_rule_changes_the_explanation():
    module, x = make("cnn")
    network = lrp.capture(module, x)
    small = lrp.explain(network, x, composite=lrp.Composite.single("epsilon", epsilon=1e-9))
    large = lrp.explain(network, x, composite=lrp.Composite.single("epsilon", epsilon=1.0))
    absorbed = [sum(row.stabilizer.abs().sum() for row in e.ledger) for e in (small, large)]
    assert absorbed[1] > 1000 * absorbed[0]
    assert not torch.allclose(small.inputs["x"], large.inputs["x"])


def test_choosing_rules_needs_no_torch():
    code = (
        "import sys, lrp_engine as lrp; lrp.Composite.named('gamma'); lrp.parse_target('2-5'); "
        "print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_lone_batch_norm_is_called_a_normalization_in_the_ledger():
    module, x = make("scaled")
    kinds = {row.layer: row.kind for row in lrp.explain(lrp.capture(module, x), x).ledger}
    assert kinds["norm"] == "normalization"
    assert kinds["fc"] == "affine map"
    assert "after" not in kinds  # computed in fc
