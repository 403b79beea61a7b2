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
        ("excitation_backprop", "zplus", "zplus"),
        ("epsilon_plus_flat", "flat", "epsilon"),
        ("epsilon_alpha2_beta1_flat", "flat", "epsilon"),
        ("epsilon_gamma_box", "zbox", "epsilon"),
        ("attn_lrp", "epsilon", "epsilon"),
        ("cp_lrp", "epsilon", "epsilon"),
        ("gate", "epsilon", "epsilon"),
    ],
)
def test_named_composites_give_the_rules_of_the_literature(name, conv, dense):
    composite = lrp.Composite.named(name)
    assert composite.choose(CONV)[0].name == conv
    assert composite.choose(DENSE)[0].name == dense
    pool = NodeFacts("affine map", "weightless", "avg_pool2d", "pool")
    assert composite.choose(pool)[0].name in {"epsilon", "lrp_0"}
    assert composite.choose(NodeFacts("activation", "activation", "relu", "relu"))[0].name == "pass"


SECOND = NodeFacts("affine map", "convolution", "conv2d", "features.3", 1, 3)
FIRST_DENSE = NodeFacts("affine map", "dense", "linear", "head.0", 0, 2)
OF_KINDS = {
    "sum": NodeFacts("sum", "sum", "add", "block.add"),
    "normalization": NodeFacts("normalization", "layer norm", "layer_norm", "block.norm"),
    "batch norm": NodeFacts("normalization", "batch norm", "batch_norm", "norm"),
    "activation": NodeFacts("activation", "activation", "gelu", "block.gelu"),
    "selection": NodeFacts("selection", "selection", "max_pool2d", "pool"),
    "movement": NodeFacts("movement", "movement", "permute", "turn"),
    "product": NodeFacts("product", "product", "mul", "block.mul"),
    "gated": NodeFacts("product", "gated", "mul", "block.gate"),
    "quotient": NodeFacts("quotient", "quotient", "div", "div"),
    "bilinear": NodeFacts("bilinear", "bilinear", "matmul", "scores"),
    "attention": NodeFacts("bilinear", "attention", "matmul", "mixed"),
    "softmax": NodeFacts("softmax", "softmax", "softmax", "weights"),
    "recurrent": NodeFacts("recurrent", "recurrent", "lstm", "lstm"),
    "lookup": NodeFacts("lookup", "lookup", "embedding", "embedding"),
}
USUAL = {
    "sum": "epsilon",
    "normalization": "epsilon",
    "batch norm": "epsilon",
    "activation": "pass",
    "selection": "winner",
    "movement": "move",
    "product": "half",
    "gated": "signal",
    "quotient": "signal",
    "bilinear": "half",
    "attention": "signal",
    "softmax": "attn_lrp",
    "recurrent": "signal",
    "lookup": "lookup",
}
UNUSUAL = {
    "lrp_0": {"sum": "lrp_0", "normalization": "lrp_0", "batch norm": "lrp_0"},
    "attn_lrp": {"attention": "half"},
    "cp_lrp": {"product": "signal", "bilinear": "signal", "softmax": "constant"},
    "gate": {"product": "signal"},
}


@pytest.mark.parametrize("kind", OF_KINDS)
@pytest.mark.parametrize(
    "name", [name for name in NAMED if lrp.Composite.named(name).entries[-1].rule.name != "gradient"]
)
def test_every_kind_has_its_rule_in_every_composite(name, kind):
    rule, reason = lrp.Composite.named(name).choose(OF_KINDS[kind])
    assert rule.name == UNUSUAL.get(name, {}).get(kind, USUAL[kind])
    assert reason.startswith((f"{name}: ", "default for "))


def test_only_the_first_layer_is_flat_or_boxed():
    for name, first, conv in (
        ("epsilon_plus_flat", "flat", "zplus"),
        ("epsilon_alpha2_beta1_flat", "flat", "alpha_beta"),
        ("epsilon_gamma_box", "epsilon", "gamma"),
    ):
        composite = lrp.Composite.named(name)
        assert composite.choose(SECOND)[0].name == conv
        assert composite.choose(FIRST_DENSE)[0].name == first  # z^B is for pictures: a dense layer gets none


@pytest.mark.parametrize("name", ["gradient", "gradient_x_input", "guided_backprop", "deconvnet"])
def test_gradients_are_for_every_kind_and_differ_at_a_relu(name):
    composite = lrp.Composite.named(name)
    assert all(composite.choose(facts)[0].name == "gradient" for facts in (*OF_KINDS.values(), CONV, DENSE))
    relu = composite.choose(NodeFacts("activation", "activation", "relu", "relu"))[0].name
    assert relu == {"guided_backprop": "guided", "deconvnet": "deconvnet"}.get(name, "gradient")
    assert composite.shows == ("relevance" if name == "gradient_x_input" else "gradient")


@pytest.mark.parametrize("name", ["gradient", "gradient_x_input", "guided_backprop", "deconvnet"])
def test_gradients_are_those_of_autograd(name):
    module, x = make("mlp")
    given = x.clone().requires_grad_()
    hidden: torch.Tensor = given
    for layer in (module.fc1, module.fc2):
        hidden = Changed.apply(layer(hidden), name)
    (gradient,) = torch.autograd.grad(module.fc3(hidden)[:, 1].sum(), given)
    expected = gradient * x if name == "gradient_x_input" else gradient
    found = lrp.explain(lrp.capture(module, x), x, 1, name)
    torch.testing.assert_close(found.inputs["x"], expected, rtol=1e-10, atol=1e-12)
    # both are about the unit itself: the gradient begins with 1
    torch.testing.assert_close(found.score, module.fc3(hidden)[:, 1].detach())


class Changed(torch.autograd.Function):
    """A ReLU whose way back is the gradient, or guided backpropagation's or the deconvnet's."""

    @staticmethod
    def forward(ctx, z, name):
        ctx.save_for_backward(z)
        ctx.name = name
        return z.relu()

    @staticmethod
    def backward(ctx, back):
        (z,) = ctx.saved_tensors
        if ctx.name == "deconvnet":
            return back.clamp(min=0), None
        return (back.clamp(min=0) if ctx.name == "guided_backprop" else back) * (z > 0), None


@pytest.mark.parametrize(
    ("selector", "takes"),
    [
        ({}, "CDSR"),
        ({"kind": "affine map"}, "CDS"),
        ({"family": "convolution"}, "CS"),
        ({"operation": "linear"}, "D"),
        ({"layer": "features.*"}, "CSR"),
        ({"layer": "*.0"}, "C"),
        ({"layer": "features.[0-2]"}, "CR"),
        ({"layer": "FEATURES.*"}, ""),
        ({"position": 0}, "C"),
        ({"position": -1}, "D"),
        ({"position": -2}, "S"),
        ({"position": 3}, ""),
        ({"position": -4}, ""),
        ({"family": "convolution", "position": 1}, "S"),
        ({"family": "dense", "position": 1}, ""),
        ({"kind": "activation", "layer": "features.*"}, "R"),
    ],
    ids=str,
)
def test_a_selector_takes_what_all_of_it_says(selector, takes):
    nodes = {"C": CONV, "D": DENSE, "S": SECOND, "R": NodeFacts("activation", "activation", "relu", "features.1")}
    assert "".join(key for key, facts in nodes.items() if Selector(**selector).takes(facts)) == takes


def test_a_layer_gets_the_rule_of_its_own_and_the_explanation_says_so():
    module, x = make("cnn")
    network = lrp.capture(module, x)
    mine = lrp.Composite(
        "mine",
        "z⁺ at the start",
        entries=(
            Entry(Selector(layer="features.0"), lrp.Rule("zplus", {"epsilon": 0.01})),
            Entry(Selector(layer="features.*", family="convolution"), lrp.Rule("gamma")),
        ),
    )
    e = lrp.explain(network, x, composite=mine)
    rules = {row.layer: (row.rule, row.reason) for row in e.ledger}
    assert e.composite == "mine"
    assert rules["features.0"] == ("zplus(epsilon=0.01)", "mine: layer features.0")
    assert rules["features.4"] == (
        "gamma(gamma=0.25, epsilon=1e-06)",
        "mine: family convolution and layer features.*",
    )
    assert rules["head.2"] == ("epsilon(epsilon=1e-06)", "default for affine map")
    again = lrp.Composite.from_json(mine.to_json())
    torch.testing.assert_close(lrp.explain(network, x, composite=again).inputs["x"], e.inputs["x"])
    assert str(mine).splitlines()[1:3] == [
        "layer features.0 → zplus(epsilon=0.01)",
        "family convolution and layer features.* → gamma(gamma=0.25, epsilon=1e-06)",
    ]


def test_lists_of_numbers_are_kept_as_json_and_explain_the_same():
    module, x = make("cnn")
    network = lrp.capture(module, x)
    low, high = torch.full((2, 8, 8), -4.0), torch.tensor([4.0, 5.0])
    composite = lrp.Composite.named("epsilon_gamma_box", low=low, high=high, gamma=0.5)
    box = composite.entries[0].rule
    assert box.parameters == {"low": low.tolist(), "high": [4.0, 5.0]}
    again = lrp.Composite.from_json(composite.to_json())
    assert again == composite
    assert "zbox(low=…, high=…, epsilon=1e-06)" in str(again)
    one, other = (lrp.explain(network, x, composite=c) for c in (composite, again))
    torch.testing.assert_close(one.inputs["x"], other.inputs["x"], rtol=0, atol=0)
    assert not torch.allclose(one.inputs["x"], lrp.explain(network, x, composite="epsilon_gamma_box").inputs["x"])
    single = lrp.Composite.single("zbox", low=low.numpy(), high=5)
    assert lrp.Composite.from_json(single.to_json()) == single


@given(
    st.lists(
        st.tuples(
            st.sampled_from([{}, {"family": "dense"}, {"layer": "a.*"}, {"position": -1}, {"operation": "conv2d"}]),
            st.sampled_from(
                [("epsilon", {"epsilon": 0.5}), ("gamma", {}), ("zbox", {"low": [[-1.0], [0.0]], "high": None})]
            ),
        ),
        max_size=4,
    ),
    st.text(max_size=8),
    st.sampled_from(["", "zennit"]),
)
def test_any_composite_survives_json(rows, name, conventions):
    entries = tuple(Entry(Selector(**select), lrp.Rule(*rule)) for select, rule in rows)
    composite = lrp.Composite(name, "a — b", entries, conventions)
    assert lrp.Composite.from_json(composite.to_json()) == composite


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


def one_entry(selector: Selector, rule: str) -> lrp.Composite:
    return lrp.Composite("mine", entries=(Entry(selector, lrp.Rule(rule)),))


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
        (lambda: lrp.Composite("a", shows="colours"), "shows relevance or gradient, not “colours”"),
        (lambda: one_entry(Selector(kind="activation"), "gamma"), "cannot be given to the kind activation, only"),
        (lambda: one_entry(Selector(kind="layer"), "gamma"), "no kind “layer”; there are affine map"),
        (
            lambda: one_entry(Selector(family="scaling"), "zplus"),
            "cannot be given to the family scaling, only",
        ),
        (lambda: lrp.Rule("winner", {"ties": "last"}), "is “first” or “split”, not “last”"),
        (lambda: lrp.Rule("zbox", {"low": "white"}), "low of the rule zbox has to be a number or a list of them"),
        (lambda: lrp.Rule("zbox", {"low": [0.0, None]}), "has to be a number or a list of them"),
        (lambda: lrp.Rule("gamma", {"gamma": True}), "cannot be True"),
        (lambda: lrp.Rule("gamma", {"gamma": float("nan")}), "cannot be nan"),
        (lambda: lrp.Rule("gamma", {"gamma": [1.0]}), "cannot be"),
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
