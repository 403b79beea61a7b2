"""The alarm below the strip offers what can be tried, and a click does it as a step that undo takes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from lrp_gui.document.reference import NO_REFERENCE
from lrp_gui.document.remedies import COMPOSITE, EPSILON, Remedy, fits, try_out
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.balance import balances
from lrp_gui.viewer.pictures import strip_picture
from lrp_gui.viewer.strip_alarm import AlarmBar
from lrp_gui.viewer.strip_area import StripArea
from lrp_gui.viewer.views import PictureView
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


def test_a_long_sentence_takes_one_line_until_all_of_it_is_asked_for(qtbot):
    bar = AlarmBar()
    qtbot.addWidget(bar)
    long = "fc3: bias absorbed " + "very " * 60 + "much"
    bar.resize(700, 30)
    bar.show_alarm(f"{long}\nand more", (), LIGHT)
    bar.show()
    assert bar.text() == bar.label.toolTip() == f"{long}\nand more"
    assert bar.label.text().endswith("…")
    assert bar.whole.isVisible()
    line = bar.label.fontMetrics().horizontalAdvance(bar.label.text())
    qtbot.waitUntil(lambda: line <= bar.label.width())
    low = bar.sizeHint().height()
    bar.whole.click()
    assert bar.label.text() == bar.text()
    assert bar.label.heightForWidth(bar.label.width()) > 2 * bar.label.fontMetrics().height()
    bar.whole.click()
    assert bar.sizeHint().height() == low
    bar.show_alarm("fc3: short", (), LIGHT)
    assert bar.label.text() == "fc3: short"
    assert not bar.whole.isVisible()


def test_the_legend_of_the_strip_stays_when_its_columns_scroll(qtbot):
    network, result = fakes.mlp_result()
    strip = strip_picture(network, result, LIGHT)
    strip.columns, strip.headed = strip.columns * 12, False
    area = StripArea(PictureView(LIGHT, "strip"))
    qtbot.addWidget(area)
    area.resize(700, 112)
    area.view.set_picture(strip)
    area.fit(strip)
    area.show()
    before = area.grab().toImage()
    area.horizontalScrollBar().setValue(area.horizontalScrollBar().maximum())
    after = area.grab().toImage()
    head = area.head.geometry()
    assert area.view.width() > area.viewport().width()
    assert before.copy(head) == after.copy(head)
    assert before != after
    assert area.viewport().geometry().top() >= head.bottom()
    assert area.view.height() <= area.viewport().height()
    blank = QImage(head.size(), before.format())
    blank.fill(QColor(LIGHT.background))
    assert before.copy(head) != blank
