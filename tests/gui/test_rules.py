"""Changing rules: in the tree, in the dialog, by pattern; taken back, saved, read again; what is said of bad ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QToolTip

from lrp_gui.browser.layers_model import RULE, LayersModel
from lrp_gui.browser.panel import Browser
from lrp_gui.composite_box import CompositeBox
from lrp_gui.composite_dialog import RulesDialog, write_composite
from lrp_gui.document import rules
from lrp_gui.document.document import Document
from lrp_gui.document.results import InputInfo, LayerInfo, NetworkInfo, NodeInfo
from lrp_gui.document.state import Contents, ExplainSettings

NAMES = tuple((name, "…") for name in ("epsilon", "epsilon_plus", "gamma"))


def layer(path, operation, kind, family, position=None, **facts):
    node = NodeInfo(path.replace(".", "_"), operation, kind, (4,), layer=path, family=family, position=position)
    return LayerInfo(path, operation, kind, (4,), 8, (), nodes=(node,), **facts)


def attention(path):
    nodes = tuple(
        NodeInfo(f"{path}_{kind}", kind, kind, (4, 4), layer=path, family=kind) for kind in ("bilinear", "softmax")
    )
    return LayerInfo(path, "Attention", "bilinear", (4, 4), 0, (), nodes=nodes)


@pytest.fixture
def document(qapp):
    layers = (
        layer("features.0", "conv2d", "affine map", "convolution", 0),
        layer("features.1", "batch_norm", "normalization", "batch norm", merged_into="features.0"),
        layer("features.2", "relu", "activation", "activation"),
        layer("features.3", "conv2d", "affine map", "convolution", 1),
        layer("flatten", "flatten", "movement", "movement"),
        attention("attention"),
        layer("head", "linear", "affine map", "dense", 2),
    )
    document = Document()
    network = NetworkInfo("/a.pt", "a", (InputInfo("x", (8,), (), False),), layers, ("0", "1"), "", ())
    document.open(Contents(network, None, ExplainSettings(), -1), "Open")
    return document


@pytest.fixture
def model(document):
    return LayersModel(document)


def rule(model, path):
    return model.index_of(path).siblingAtColumn(RULE)


def test_typing_a_rule_into_the_tree_changes_it_and_undo_takes_it_back(document, model):
    assert rule(model, "features.0").data() == "zplus"
    assert model.setData(rule(model, "features.0"), "gamma(gamma=1)")
    assert rule(model, "features.0").data() == "gamma"
    assert rule(model, "features.0").data(Qt.ItemDataRole.EditRole) == "gamma(gamma=1, epsilon=1e-06)"
    assert rule(model, "features.0").data(Qt.ItemDataRole.FontRole).bold()
    assert rule(model, "features.3").data() == "zplus"
    assert rule(model, "features.3").data(Qt.ItemDataRole.FontRole) is None
    assert document.settings.composite_title == "epsilon_plus, edited"
    assert document.undo_stack.undoText() == "Rule of features.0"
    document.undo_stack.undo()
    assert rule(model, "features.0").data() == "zplus"
    assert document.settings.composite_title == "epsilon_plus"


def test_only_what_has_a_choice_can_be_edited(model):
    editable = Qt.ItemFlag.ItemIsEditable
    assert rule(model, "features.0").flags() & editable
    assert rule(model, "attention").flags() & editable
    assert not rule(model, "features.1").flags() & editable  # computed in features.0
    assert not model.index_of("features.0").flags() & editable  # its name
    assert not rule(model, "x").flags() & editable
    assert not rule(model, "features").flags() & editable


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("features.0", "gama", "no rule “gama”"),
        ("features.0", "winner", "cannot be given to layer features.0"),
        ("features.0", "alpha_beta(3)", "alpha − beta = 1"),
        ("attention", "zplus", "possible are"),
    ],
)
def test_what_is_no_rule_here_is_said_and_changes_nothing(document, model, qtbot, path, text, says):
    with qtbot.waitSignal(document.message) as told:
        assert not model.setData(rule(model, path), text)
    assert says in told.args[0].sentence
    assert document.settings == ExplainSettings()


def test_one_node_of_a_layer_has_a_rule_of_its_own(document, model):
    node = model.index(0, RULE, model.index_of("attention"))
    assert model.setData(node, "half")
    assert [entry.select.node for entry in document.settings.edits] == ["attention_bilinear"]
    assert rule(model, "attention").data() == "attn_lrp, half"


def test_a_path_with_signs_of_patterns_means_itself():
    select = rules.scope_at(layer("a[0]*", "linear", "affine map", "dense")).select
    assert rules.described(select) == "layer a[0]*"
    facts = rules.facts_of
    network = NetworkInfo(
        "", "", (), (layer("a[0]*", "linear", "affine map", "dense"), layer("a0b", *DENSE)), (), "", ()
    )
    assert [node.layer for node in rules.takers(network, select)] == ["a[0]*"]
    assert set(facts(network)) == {"a[0]*", "a0b"}


DENSE = ("linear", "affine map", "dense")


@pytest.fixture
def browser(document, qtbot):
    browser = Browser(document)
    qtbot.addWidget(browser)
    browser.resize(260, 500)
    browser.show()
    return browser


@pytest.fixture
def tree(browser):
    return browser.layers


def editor(tree):
    return tree.findChild(QComboBox)


def start(tree, path):
    tree.setCurrentIndex(tree.tree.index_of(path))
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_F2)
    return editor(tree)


def test_f2_offers_the_rules_that_fit_and_enter_takes_what_is_typed(tree, qtbot):
    box = start(tree, "features.3")
    assert [box.itemText(n) for n in range(box.count())][:3] == ["lrp_0", "epsilon", "gamma"]
    assert box.findText("winner") < 0
    assert box.currentText() == "zplus(epsilon=1e-06)"
    box.lineEdit().selectAll()
    QTest.keyClicks(box, "gamma(2)")
    QTest.keyClick(box, Qt.Key.Key_Return)
    typed = "gamma(gamma=2, epsilon=1e-06)"
    qtbot.waitUntil(lambda: rule(tree.tree, "features.3").data(Qt.ItemDataRole.EditRole) == typed)
    qtbot.waitUntil(lambda: editor(tree) is None)
    assert tree.horizontalScrollBar().value() == 0  # the names are in sight


def test_enter_keeps_a_text_that_is_no_rule_and_esc_leaves_all_as_it_was(document, tree, monkeypatch):
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: said.append(text))
    box = start(tree, "features.3")
    box.lineEdit().selectAll()
    QTest.keyClicks(box, "gamma(much)")
    assert box.lineEdit().font().underline()
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.isVisible()
    assert box.currentText() == "gamma(much)"
    assert "is a number" in said[0]
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert document.settings == ExplainSettings()


def test_closing_the_box_unchanged_is_no_edit(document, tree):
    QTest.keyClick(start(tree, "features.3"), Qt.Key.Key_Return)
    assert document.undo_stack.count() == 0


def test_the_menu_of_a_row_changes_its_rule(tree):
    tree.setCurrentIndex(tree.tree.index_of("head"))
    menu = tree.menu()
    menu.actions()[0].trigger()
    assert editor(tree).currentText() == "epsilon(epsilon=1e-06)"
    tree.setCurrentIndex(QModelIndex())
    assert not tree.menu().actions()[0].isEnabled()


# ------------------------------------------------------------------------------------------- the dialog


@pytest.fixture
def dialog(document, qtbot):
    document.select_layer("features.0")
    dialog = RulesDialog(document, ())
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def edits(document):
    return [f"{rules.described(entry.select)} → {entry.rule.name}" for entry in document.settings.edits]


def choose(box, text):
    box.setCurrentIndex(box.findText(text))


def test_a_rule_for_the_layer_its_kind_or_a_pattern(document, dialog):
    form = dialog.form
    assert [form.scope.itemText(n) for n in range(form.scope.count())] == [
        *("the layer features.0", "every convolution", "layers whose path fits a pattern:")
    ]
    choose(form.rule, "gamma")
    form.lines["gamma"].setText("0.5")
    form.apply.click()
    form.scope.setCurrentIndex(1)
    assert form.meant.text() == "2 nodes in 2 layers"
    choose(form.rule, "flat")
    form.apply.click()
    form.scope.setCurrentIndex(2)
    form.pattern.setText("*e*")
    choose(form.rule, "epsilon")
    form.apply.click()
    assert edits(document) == ["layers like *e* → epsilon", "every convolution → flat", "layer features.0 → gamma"]
    assert dialog.edits.item(0).text() == "layers like *e* → epsilon(epsilon=1e-06)"


def test_the_dialog_follows_the_layer_that_is_chosen_anywhere(document, dialog):
    document.select_layer("head")
    assert dialog.form.scope.currentText() == "the layer head"
    assert dialog.form.now.text().startswith("head: epsilon")
    document.select_layer("features.1")  # computed inside the convolution before it
    assert dialog.form.scope.currentText() == "the layer features.0"
    document.select_layer("attention")
    texts = [dialog.form.scope.itemText(n) for n in range(dialog.form.scope.count())]
    assert {"attention_softmax alone", "every softmax", "every bilinear"} <= set(texts)
    document.select_layer("")
    assert dialog.form.scope.count() == 1
    assert not dialog.form.apply.isEnabled() or dialog.form.pattern.text()


def test_what_cannot_be_is_said_before_anybody_presses_the_button(document, dialog):
    form = dialog.form
    choose(form.rule, "alpha_beta")
    form.lines["alpha"].setText("3")
    assert "alpha − beta = 1" in form.problem.text()
    assert not form.apply.isEnabled()
    form.lines["beta"].setText("2")
    assert form.apply.isEnabled()
    form.scope.setCurrentIndex(2)
    form.pattern.setText("nothing.*")
    assert "nothing.*" in form.problem.text()
    assert not form.apply.isEnabled()
    assert document.settings == ExplainSettings()


def test_edits_are_taken_back_one_by_one_and_all_together_each_in_one_step(document, dialog):
    for name in ("gamma", "flat"):
        choose(dialog.form.rule, name)
        dialog.form.apply.click()
        dialog.form.scope.setCurrentIndex(1)
    assert len(edits(document)) == 2
    dialog.edits.item(0).setSelected(True)
    dialog.edits.setFocus()
    QTest.keyClick(dialog.edits, Qt.Key.Key_Delete)
    assert edits(document) == ["layer features.0 → gamma"]
    document.undo_stack.undo()
    assert len(edits(document)) == 2
    dialog.remove_all.click()
    assert edits(document) == []
    assert "Nothing is changed" in dialog.title.text()
    document.undo_stack.undo()
    dialog.form.scope.setCurrentIndex(0)
    dialog.form.reset.click()
    assert edits(document) == ["every convolution → flat"]


def test_what_the_explanation_says_of_the_rules_stands_beside_them(document, dialog):
    document.put_result(None, "No node that relevance reaches is chosen.")
    assert "No node that relevance reaches" in dialog.trouble.text()
    document.put_result(None)
    assert dialog.trouble.isHidden()


# ---------------------------------------------------------------------------------- the box, files, other networks


def test_the_box_shows_that_something_was_changed_and_choosing_a_name_takes_it_back(document, model, qtbot):
    box = CompositeBox(document)
    qtbot.addWidget(box)
    box.fill(NAMES)
    assert box.currentText() == "epsilon_plus"
    model.setData(rule(model, "head"), "gamma")
    assert box.currentText() == "epsilon_plus, edited"
    assert "1 rule changed" in box.toolTip()
    box.activated.emit(0)  # the one that is chosen already
    assert document.settings.edits
    box.activated.emit(box.findData("epsilon_plus"))
    assert document.settings == ExplainSettings()
    assert box.currentText() == "epsilon_plus"
    assert box.findText("epsilon_plus, edited") < 0


def test_an_edited_composite_comes_back_from_its_file(document, model, tmp_path):
    model.setData(rule(model, "head"), "gamma(3)")
    settings = document.settings
    path = tmp_path / "mine.json"
    assert write_composite(document, str(path)) == ""
    assert json.loads(path.read_text())["name"] == "epsilon_plus, edited"
    document.set_composite("gamma")
    again = rules.read_composite(str(path), document.settings)
    assert again == settings


def test_a_composite_of_ones_own_keeps_its_name_and_can_be_edited_on(document, model, tmp_path):
    path = tmp_path / "mine.json"
    entries = [{"select": {"family": "convolution"}, "rule": {"name": "flat"}}]
    path.write_text(json.dumps({"name": "mine", "description": "my own", "entries": entries}))
    document.set_rules(rules.read_composite(str(path), document.settings), "Open composite mine.json")
    assert rule(model, "features.0").data() == "flat"
    assert document.settings.composite_title == "mine"
    model.setData(rule(model, "features.0"), "gamma")
    assert document.settings.composite_title == "mine, edited"
    path.write_text(json.dumps({"name": "gamma", "entries": entries}))
    other = rules.read_composite(str(path), document.settings)
    assert other.composite_title == "gamma from mine"  # under its name people expect something else


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(("{", "mine.json: This is not a composite"), ('{"name": 3}', "not a composite"), ("", "not a composite")),
        ('{"name": "a", "entries": [{"select": {}, "rule": {"name": "gama"}}]}', "no rule “gama”"),
        ('{"name": "a", "entries": [{"select": {"kind": "softmax"}, "rule": {"name": "gamma"}}]}', "cannot be given"),
        (" " * ((1 << 22) + 1), "larger than 4 MiB"),
    ],
)
def test_a_file_that_is_no_composite_is_said_in_a_sentence(qapp, tmp_path, text, says):
    from lrp_engine.errors import CompositeError

    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(CompositeError, match=says):
        rules.read_composite(str(path), ExplainSettings())
    with pytest.raises(CompositeError, match="cannot be read"):
        rules.read_composite(str(tmp_path / "none.json"), ExplainSettings())


def test_a_composite_that_cannot_be_written_is_said(document, tmp_path):
    assert "cannot be written" in write_composite(document, str(tmp_path / "no folder" / "a.json"))


def test_another_network_keeps_the_rules_that_do_not_name_layers(document, model):
    model.setData(rule(model, "head"), "gamma")
    changed, problem = rules.with_rule(
        document.settings, document.network, rules.scopes_of(document.network.layers[0])[1].select, "flat"
    )
    assert not problem
    kept = rules.for_another_network(changed)
    assert [rules.described(entry.select) for entry in kept.edits] == ["every convolution"]
    own = replace(changed, own=changed.rules, composite="mine")
    assert rules.for_another_network(own) == ExplainSettings()


def test_against_a_reference_no_composite_is_told(document, model):
    from lrp_gui.document.reference import ZEROS, Reference

    document.set_reference(Reference(ZEROS, "zeros", explains=True))
    assert rule(model, "head").data() == "reference"


def test_until_other_rules_are_computed_the_tree_tells_of_those_to_come(document, model, qtbot):
    model.setData(rule(model, "head"), "gamma")
    document.put_result(None)
    assert rule(model, "head").data() == "gamma"
