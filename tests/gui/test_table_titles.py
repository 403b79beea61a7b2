"""The titles of the table's columns."""

from __future__ import annotations

from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QStyleOptionHeader

from lrp_gui.table.titles import Titles


def test_a_long_title_is_cut_in_the_middle_line_by_line(qtbot):
    header, model = Titles(), QStandardItemModel(1, 2)
    qtbot.addWidget(header)
    model.setHorizontalHeaderLabels(["a long name of something " * 8 + "017\nyears", "age\nyears"])
    header.setModel(model)
    header.resizeSection(0, 100)
    option = QStyleOptionHeader()
    option.initFrom(header)
    header.initStyleOptionForIndex(option, 0)
    name, unit = option.text.split("\n")
    assert "…" in name
    assert name.endswith("17")
    assert unit == "years"
    assert option.fontMetrics.horizontalAdvance(name) <= 100
    header.initStyleOptionForIndex(option, 1)
    assert option.text == "age\nyears"
