"""The alarm below the strip offers what can be tried, and a click does it as a step that undo takes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lrp_gui.document.reference import NO_REFERENCE
from lrp_gui.document.remedies import COMPOSITE, EPSILON, Remedy, fits, try_out
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.balance import balances
from lrp_gui.viewer.strip_alarm import AlarmBar
from tests.gui import drawn, fakes


def remedies(result, network, layer):
    return {one.layer: one.remedies for one in balances(network, result)}[layer]


def absorbing(sink):
    network, result = fakes.mlp_result()
    rows = list(result.ledger)
    rows[1] = replace(rows[1], **{sink: 2 * abs(result.explained)})
    return network, replace(result, ledger=tuple(rows))


@pytest.mark.parametrize(
    ("sink", "first"), [("bias", "mean"), ("softmax", "cp_lrp"), ("stabilizer", "epsilon_plus"), ("cut", "")]
)
def test_every_cause_has_its_remedies(sink, first):
    network, result = absorbing(sink)
    offered = remedies(result, network, "fc3")
    assert [one.value for one in offered][:1] == ([first] if first else [])


def test_where_signs_cancel_a_larger_epsilon_is_offered_as_a_tenth_of_the_activations():
    network, result = fakes.mlp_result()
    offered = remedies(replace(result, explained=result.explained / 1000), network, "fc1")
    (epsilon,) = [one for one in offered if one.kind == EPSILON]
    size = np.sqrt(np.mean(result.layers["fc1"].activation ** 2))
    assert float(epsilon.value) == pytest.approx(0.1 * size, rel=0.5)
    assert epsilon.layer == "fc1"


def test_a_click_tries_it_and_undo_takes_it_back(qtbot):
    document = drawn.opened(fakes.mlp().info, np.random.default_rng(0).normal(size=(5, 10)))
    network, result = absorbing("bias")
    offered = remedies(result, network, "fc3")
    bar = AlarmBar()
    qtbot.addWidget(bar)
    bar.chosen.connect(lambda remedy: try_out(document, remedy))
    bar.show_alarm("fc3: bias absorbed all", offered, LIGHT)
    assert [button.text() for button in bar.buttons] == [one.text for one in offered]
    assert all(button.toolTip() for button in bar.buttons)
    qtbot.mouseClick(bar.buttons[0], Qt.MouseButton.LeftButton)
    assert document.settings.reference.explains
    document.undo_stack.undo()
    assert document.settings.reference == NO_REFERENCE
    bar.show_alarm("", (), LIGHT)
    assert not bar.isVisible()
    assert not bar.buttons


def test_a_composite_that_is_chosen_already_is_not_offered():
    document = drawn.opened(fakes.mlp().info, np.zeros((1, 10)))
    same = Remedy(COMPOSITE, document.settings.composite, "", "")
    assert not fits(document, same)
    assert fits(document, replace(same, value="gamma"))
