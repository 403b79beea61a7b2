"""What can be chosen in the toolbar: every composite of the engine, every form of a target, each explained in place."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import Qt

import lrp_engine
from lrp_gui.composite_box import ABOUT_ROLE, GROUPS, HEADING_ROLE, grouped
from lrp_gui.controls import TARGET_FORMS
from tests.gui.example import DIGITS, settle
from tests.gui.networks import saved


def test_every_composite_stands_in_one_group_and_what_is_no_lrp_apart():
    groups = grouped(lrp_engine.composite_names())
    assert [group for group, _ in groups] == list(GROUPS)
    names = [name for _, members in groups for name, _ in members]
    assert sorted(names) == sorted(name for name, _ in lrp_engine.composite_names())
    last = {name for name, _ in groups[-1][1]}
    assert {name for name in names if lrp_engine.Composite.named(name).shows == "gradient"} <= last
    assert "epsilon" not in last


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, off the screen
def test_the_list_says_of_each_composite_what_it_is(window):
    box = window.composite
    rows = [box.model().index(row, 0) for row in range(box.count())]
    entries = [row for row in rows if not row.data(HEADING_ROLE)]
    assert len(entries) == len(lrp_engine.composite_names())
    assert all(row.data(ABOUT_ROLE) for row in entries)
    headings = [row for row in rows if row.data(HEADING_ROLE)]
    assert not any(row.flags() & Qt.ItemFlag.ItemIsEnabled for row in headings)
    box.showPopup()
    assert box.view().width() >= box.view().sizeHintForColumn(0)
    box.hidePopup()


def test_a_gradient_in_the_window_is_not_called_relevance(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    window.document.set_composite("gradient")
    settle(qtbot, window)
    window.viewer.bring_up_to_date()
    assert window.composite.currentText() == "gradient"
    assert "not relevance" in window.status.balance.text()
    assert "ΣR" not in window.status.balance.text()
    model = window.browser.layers.model()
    heads = [model.headerData(n, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole) for n in range(6)]
    assert "ΣR" not in heads
    assert "Σ gradient" in heads
    units = window.viewer.detail.model
    titles = [units.headerData(n, Qt.Orientation.Horizontal) for n in range(units.columnCount())]
    assert "gradient" in titles
    assert "relevance" not in titles
    window.document.set_composite("epsilon")
    settle(qtbot, window)
    assert "ΣR" in window.status.balance.text()


@pytest.mark.parametrize("form", [form for form, _ in TARGET_FORMS])
def test_the_engine_reads_every_form_that_the_target_box_names(form):
    assert lrp_engine.parse_target(form) is not None


def test_the_target_box_lists_the_forms(window):
    tip = re.sub(r"<[^>]+>|&nbsp;", " ", window.target.toolTip())
    assert all(form in tip and about in tip for form, about in TARGET_FORMS)


@pytest.mark.parametrize("target", ["best:2", "max - best:2", "3-8"])
def test_a_typed_target_is_explained(window, qtbot, target):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    window.target.setEditText(target)
    window.target.lineEdit().editingFinished.emit()
    settle(qtbot, window)
    assert window.document.problem == ""
    assert window.document.result is not None


def test_a_token_that_is_unknown_costs_its_own_row_only(window, qtbot, tmp_path):
    window.opener.open([str(path) for path in saved("tokens", tmp_path)])
    settle(qtbot, window)
    document = window.document
    document.edit_cell(1, 0, "99")
    settle(qtbot, window)
    outputs = document.table_result.outputs
    assert [bool(np.isnan(row).any()) for row in outputs] == [False, True, False]
    assert "token 99" in document.problem
    assert window.status.problem.text() == "1 sample is not explained"
    assert "token 99" in window.table.view.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    document.undo_stack.undo()
    settle(qtbot, window)
    assert document.problem == ""
    assert not np.isnan(document.table_result.outputs).any()
    assert window.status.problem.text() == ""


def test_a_target_that_is_none_gets_the_engines_sentence(window, qtbot):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    window.document.set_target("the cat")
    settle(qtbot, window)
    with pytest.raises(lrp_engine.TargetError) as refused:
        lrp_engine.parse_target("the cat", window.document.network.outputs)
    assert window.document.problem == str(refused.value)
