"""Tables on their way out: saved as they are, exported with outputs and relevance."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_engine.files.table import read_table
from lrp_gui.document.exporting import RELEVANCE, Selection, TableExport
from tests.gui.example import settle


def dialog_of(window, qtbot):
    window.actions_["export_table"].trigger()
    return window.dialogs.current


@pytest.mark.parametrize("suffix", [".tsv", ".xlsx"])
def test_the_table_is_exported_with_what_was_found(suffix, diabetes, qtbot, tmp_path):
    document = diabetes.document
    dialog = dialog_of(diabetes, qtbot)
    dialog.format.setCurrentIndex(dialog.format.findData(suffix))
    assert dialog.path.text().endswith(suffix)
    dialog.path.setText(str(tmp_path / f"out{suffix}"))
    assert not dialog.remark.text()
    dialog.save_button.click()
    settle(qtbot, diabetes)
    read = read_table(tmp_path / f"out{suffix}")
    assert read.names[:3] == ("age", "sex", "bmi")
    assert len(read.values) == 442
    place = {name: column for column, name in enumerate(read.names)}
    np.testing.assert_allclose(read.values[:, :10], document.table.values)
    relevance = document.table_result.relevance
    np.testing.assert_allclose(read.values[:, place["relevance bmi"]], relevance[:, 2], rtol=1e-5, atol=1e-7)
    assert read.column(place["prediction"])[0] in ("above median", "not above median")
    assert "Saved out" in diabetes.statusBar().currentMessage()


def test_arrays_keep_their_shape(diabetes, qtbot, tmp_path):
    source = TableExport(diabetes.document, diabetes.jobs)
    source.write(str(tmp_path / "out.npz"), Selection(np.array([3, 1])))
    settle(qtbot, diabetes)
    arrays = np.load(tmp_path / "out.npz")
    np.testing.assert_array_equal(arrays["inputs"], diabetes.document.table.values[[3, 1]])
    assert arrays["relevance"].shape == (2, 10)
    assert arrays["feature_names"].tolist()[:2] == ["age", "sex"]


def test_what_is_not_explained_is_said(diabetes, qtbot, tmp_path):
    diabetes.document.edit_cell(2, 2, "about 27")
    settle(qtbot, diabetes)
    dialog = dialog_of(diabetes, qtbot)
    assert "1 sample is not explained yet, or cannot be" in dialog.remark.text()
    dialog.rows.setCurrentIndex(dialog.rows.findData("explained"))
    assert not dialog.remark.text()
    assert len(dialog.selection.rows) == 441
    dialog.path.setText(str(tmp_path / "out.docx"))
    assert "End the name with .csv" in dialog.remark.text()
    assert not dialog.save_button.isEnabled()
    dialog.path.setText(str(tmp_path / "out.csv"))
    for box in dialog.parts.values():
        box.setChecked(False)
    assert "Choose what the file shall hold" in dialog.remark.text()
    dialog.parts[RELEVANCE].setChecked(True)
    dialog.style_box.setCurrentIndex(2)
    dialog.save_button.click()
    settle(qtbot, diabetes)
    first, second = (tmp_path / "out.csv").read_text().splitlines()[:2]
    assert first.startswith("relevance age;")
    assert "," in second
    assert "." not in second


def test_a_typed_text_is_exported_as_it_stands(diabetes, qtbot, tmp_path):
    diabetes.document.edit_cell(2, 2, "about 27")
    settle(qtbot, diabetes)
    TableExport(diabetes.document, diabetes.jobs).write(
        str(tmp_path / "t.parquet"), Selection(np.arange(4), ("inputs",))
    )
    settle(qtbot, diabetes)
    assert read_table(tmp_path / "t.parquet").column(2)[1:3] == ("21.6", "about 27")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_saved_table_is_the_same_in_every_format(suffix, diabetes, qtbot, tmp_path):
    document = diabetes.document
    document.edit_cell(5, 2, "about 27")
    document.duplicate_sample(3)
    names = list(document.table.names)
    path = str(tmp_path / f"saved{suffix}")
    source = TableExport(document, diabetes.jobs)
    assert document.unsaved_tables()
    source.save(document.table, path)
    settle(qtbot, diabetes)
    assert not document.unsaved_tables()
    values, typed = document.table.values.copy(), dict(document.table.typed)
    diabetes.opener.open([path])
    settle(qtbot, diabetes)
    assert np.array_equal(document.table.values, values, equal_nan=True)
    assert document.table.typed == typed
    assert list(document.table.names) == names
    assert [column.name for column in document.table.extras] == ["progression", "above_median"]


def test_a_table_that_is_edited_meanwhile_is_not_written(diabetes, qtbot, tmp_path):
    said = []
    diabetes.document.message.connect(said.append)
    source = TableExport(diabetes.document, diabetes.jobs)
    source.save(diabetes.document.table, str(tmp_path / "t.csv"))
    diabetes.document.edit_cell(0, 0, "60")
    settle(qtbot, diabetes)
    written = (tmp_path / "t.csv").exists()  # the worker may have been faster
    assert written != bool(said)
    assert diabetes.document.unsaved_tables()
