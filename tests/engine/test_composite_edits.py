"""Composites that somebody edits: rules read as they are printed, nodes chosen by name, edits that hide each other."""

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.composites import EDITED, Composite, Entry, NodeFacts, Selector
from lrp_engine.errors import CompositeError
from lrp_engine.plan import node_facts
from lrp_engine.rulebook import RULES, Rule, rules_for


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_read_as_it_is_printed(name):
    assert Rule.parse(str(Rule(name))) == Rule(name)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        *(("gamma(0.5)", {"gamma": 0.5}), (" gamma ( gamma = .5 , epsilon=1e-3 ) ", {"gamma": 0.5, "epsilon": 1e-3})),
        *(("alpha_beta(3, 2)", {"alpha": 3.0, "beta": 2.0}), ("gamma(0.25)", {}), ("gamma()", {})),
        *(("zbox(low=-1, high=from the data)", {"low": -1.0}), ("winner(ties=split)", {"ties": "split"})),
    ],
)
def test_only_what_differs_from_the_defaults_is_kept(text, parameters):
    assert Rule.parse(text).parameters == parameters


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(("gama", "no rule “gama”"), ("gamma(", "is no rule"), ("", "is no rule"), ("gamma(x=1)", "no parameter “x”")),
        *(("gamma(gamma=much)", "is a number"), ("gamma(nan)", "cannot be nan"), ("gamma(inf)", "cannot be inf")),
        *(("gamma(-1)", "negative"), ("zbox(low=nan)", "has to be a number"), ("alpha_beta(3)", "alpha − beta = 1")),
        *(("gamma(1, 2, 3)", "no parameter “3”"), ("winner(ties=all)", "first")),
    ],
)
def test_what_makes_no_rule_is_said_in_a_sentence(text, says):
    with pytest.raises(CompositeError, match=says):
        Rule.parse(text)


def test_rules_on_offer_are_those_that_fit():
    assert {row.name for row in rules_for("affine map", "dense")} >= {"epsilon", "gamma", "zplus", "flat"}
    assert "gamma" not in {row.name for row in rules_for("affine map", "scaling")}
    assert all(row.name != "reference" for row in rules_for("sum", "sum"))


def test_a_node_is_chosen_by_its_name():
    facts = NodeFacts("affine map", "dense", "linear", "fc", node="linear_1")
    assert Selector(node="linear_1").takes(facts)
    assert not Selector(node="linear").takes(facts)
    assert Composite.from_json(Composite("own", entries=(Entry(Selector(node="a"), Rule("gamma")),)).to_json())


def test_edits_go_first_and_the_name_says_so():
    base = Composite.named("epsilon_plus")
    assert base.edited(()) is base
    edited = base.edited((Entry(Selector(layer="0"), Rule("gamma")),))
    assert edited.name == f"epsilon_plus{EDITED}"
    facts = NodeFacts("affine map", "dense", "linear", "0")
    assert edited.choose(facts)[0] == Rule("gamma")
    assert edited.choose(NodeFacts("affine map", "dense", "linear", "1"))[0] == Rule("epsilon")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return lrp.capture(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)).eval(), torch.randn(2, 4))


def test_an_edited_rule_is_the_one_that_explains(network):
    edited = Composite.named("epsilon").edited((Entry(Selector(layer="2"), Rule("gamma", {"gamma": 1.0})),))
    explained = lrp.explain(network, torch.ones(1, 4), composite=edited)
    rules = {row.layer: row.rule for row in explained.ledger}
    assert rules["2"] == "gamma(gamma=1, epsilon=1e-06)"
    assert rules["0"] == "epsilon(epsilon=1e-06)"


def test_an_edit_that_a_later_one_hides_is_no_mistake(network):
    hidden = Entry(Selector(layer="2"), Rule("gamma"))
    composite = Composite.named("epsilon").edited((Entry(Selector(family="dense"), Rule("zplus")), hidden))
    explained = lrp.explain(network, torch.ones(1, 4), composite=composite)
    assert {row.rule for row in explained.ledger if row.kind == "affine map"} == {"zplus(epsilon=1e-06)"}


def test_an_edit_for_a_node_that_is_not_there_is_said(network):
    composite = Composite.named("epsilon").edited((Entry(Selector(node="nothing"), Rule("gamma")),))
    with pytest.raises(CompositeError, match="node nothing"):
        lrp.explain(network, torch.ones(1, 4), composite=composite)


def test_the_facts_of_nodes_are_what_composites_look_at(network):
    facts = {name: one for name, (one, refused) in node_facts(network).items() if not refused}
    weighted = [one for one in facts.values() if one.position is not None]
    assert [(one.layer, one.position, one.count) for one in weighted] == [("0", 0, 2), ("2", 1, 2)]
    assert all(one.node == name for name, one in facts.items())


def test_an_edit_that_relevance_does_not_reach_changes_nothing():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.signal, self.gate = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x):
            return self.signal(x) * torch.sigmoid(self.gate(x))

    network, x = lrp.capture(Gated().eval(), torch.randn(2, 4)), torch.ones(1, 4)
    edited = Composite.named("epsilon").edited((Entry(Selector(layer="gate"), Rule("gamma")),))
    plain, other = (lrp.explain(network, x, composite=composite) for composite in ("epsilon", edited))
    assert all(row.layer != "gate" for row in other.ledger)
    torch.testing.assert_close(plain.inputs["x"], other.inputs["x"])
