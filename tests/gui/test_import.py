"""Tables on their way in: mapped, corrected, remembered; pictures and plain texts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QAbstractItemModelTester

from lrp_gui.document.importing import MEAN, MISSING, NONE, Import, plans_for
from lrp_gui.importing.models import DRAGGED, InputsModel, OthersModel, PreviewModel
from lrp_gui.importing.pictures import numbers_in
from tests.gui.example import DIGITS, TABLE, settle

NAMES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


def table(path, header, rows=3, separator=","):
    """Rows of the diabetes table under another header; names and numbers that are no inputs come before."""
    body = [line.split(",")[:10] for line in TABLE.read_text().splitlines()[1 : rows + 1]]
    lines = [separator.join(header)]
    lines += [separator.join([*["x", "7"][: len(header) - 10], *cells]) for cells in body]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def asked(qtbot, window):
    """The import dialog, once it has looked at the whole file."""
    qtbot.waitUntil(lambda: window.dialogs.current is not None, timeout=20000)
    dialog = window.dialogs.current
    qtbot.waitUntil(lambda: not dialog.source.busy, timeout=20000)
    return dialog


@pytest.fixture
def misfit(diabetes, qtbot, tmp_path):
    """A table of which two columns are called otherwise, opened: the dialog comes by itself."""
    header = ["who", "code", *NAMES[:2], "Body-Mass Index", *NAMES[3:]]
    diabetes.opener.open([table(tmp_path / "patients.csv", header)])
    settle(qtbot, diabetes)
    return asked(qtbot, diabetes)


def test_a_table_that_does_not_fit_is_mapped_and_remembered(misfit, diabetes, qtbot, tmp_path):
    document, source = diabetes.document, misfit.source
    assert "1 of 10 inputs has no column: bmi" in misfit.verdict.text()
    assert "lacks the column “bmi”" in diabetes.messages.sentence
    assert document.table.samples == 442
    source.assign(2, source.names.index("Body-Mass Index"))
    source.name_samples_by(0)
    source.keep(1, kept=False)
    assert misfit.verdict.text() == "patients.csv has 3 rows of 12 columns. Every input has its column."
    misfit.import_button.click()
    settle(qtbot, diabetes)
    assert diabetes.dialogs.current is None
    assert not diabetes.messages.sentence
    assert list(document.table.names) == ["x", "x", "x"]
    np.testing.assert_array_equal(document.table.values[0], np.genfromtxt(TABLE, delimiter=",", skip_header=1)[0, :10])
    assert document.table.extras == []
    assert document.undo_stack.undoText() == "Import patients.csv"
    assert "Imported 3 samples from patients.csv" in diabetes.statusBar().currentMessage()
    # The next one of these columns needs no question.
    header = ["who", "code", *NAMES[:2], "Body-Mass Index", *NAMES[3:]]
    diabetes.opener.open([table(tmp_path / "more.csv", header, rows=5)])
    settle(qtbot, diabetes)
    assert diabetes.dialogs.current is None
    assert document.table.samples == 5
    assert "as they were mapped the last time" in diabetes.statusBar().currentMessage()
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.table.samples == 442


def test_whoever_cancels_keeps_the_table_and_the_message(misfit, diabetes, qtbot):
    before = diabetes.document.table
    misfit.cancel_button.click()
    settle(qtbot, diabetes)
    assert diabetes.document.table is before
    assert "lacks the column" in diabetes.messages.sentence
    assert plans_for(diabetes.document.network) == {}


def test_the_dialog_follows_the_theme_while_it_is_open(misfit, diabetes):
    colours = lambda: (misfit.verdict.styleSheet(), misfit.notes.styleSheet())  # noqa: E731
    light = colours()
    assert diabetes.theme.warning in light[0]
    diabetes.set_theme("dark")
    assert colours()[0] != light[0]
    assert diabetes.theme.warning in colours()[0]
    assert diabetes.theme.dim in colours()[1]
    diabetes.set_theme("light")
    assert colours() == light


def test_a_feature_without_a_column_stays_empty_or_gets_its_mean(misfit, diabetes, qtbot):
    assert misfit.absent.isVisibleTo(misfit)
    misfit.source.fill_absent(MEAN)
    misfit.import_button.click()
    settle(qtbot, diabetes)
    table = diabetes.document.table
    assert table.values[:, 2] == pytest.approx(table.features[2].mean)
    diabetes.document.undo_stack.undo()
    diabetes.dialogs.show_import((str(misfit.source.paths[0]),))
    again = asked(qtbot, diabetes)
    assert again.source.plan.absent == MEAN
    again.source.fill_absent(MISSING)
    again.import_button.click()
    settle(qtbot, diabetes)
    assert np.isnan(diabetes.document.table.values[:, 2]).all()


def test_columns_are_dragged_chosen_and_matched(misfit, qtbot):
    source, mapping = misfit.source, misfit.mapping
    inputs, others = mapping.inputs.model(), mapping.others.model()
    place = [source.names[column] for column in others.columns].index("Body-Mass Index")
    dragged = others.mimeData([others.index(place)])
    target = inputs.index(2, 0)
    assert inputs.canDropMimeData(dragged, Qt.DropAction.CopyAction, -1, -1, target)
    assert inputs.dropMimeData(dragged, Qt.DropAction.CopyAction, -1, -1, target)
    assert not source.unmapped
    assert inputs.index(2, 1).data() == "Body-Mass Index"
    # A column is taken by one input only.
    assert inputs.setData(inputs.index(0, 1), source.names.index("Body-Mass Index"))
    assert source.unmapped == [2]
    assert not inputs.setData(inputs.index(0, 1), 99)
    assert not inputs.dropMimeData(QMimeData(), Qt.DropAction.CopyAction, -1, -1, target)
    mapping.clear.click()
    assert source.unmapped == list(range(10))
    assert not misfit.import_button.isEnabled()
    mapping.by_name.click()
    assert source.unmapped == [2]
    mapping.by_position.click()
    assert source.order == [1, *range(2, 11)]
    mapping.search.setText("S")
    assert [inputs.index(row, 0).data().split()[0] for row in range(inputs.rowCount())] == [
        *("sex", "s1", "s2", "s3", "s4", "s5", "s6")
    ]


def test_a_column_is_chosen_by_keyboard(misfit, qtbot):
    view = misfit.mapping.inputs
    view.setCurrentIndex(view.model().index(2, 1))
    view.edit(view.currentIndex())
    box = view.findChild(type(misfit.absent))
    box.setCurrentText("Body-Mass Index")
    box.activated.emit(box.currentIndex())
    assert not misfit.source.unmapped
    misfit.reject()


def test_the_models_hold_what_qt_wants(misfit, qtbot):
    source = misfit.source
    for model in (PreviewModel(source), InputsModel(source), OthersModel(source)):
        tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        model.refill()
        source.assign(2, NONE)
        source.assign(2, source.names.index("Body-Mass Index"))
        source.clear()
        source.match_by_name()
        del tester
    others = misfit.mapping.others.model()
    assert others.setData(others.index(0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert source.plan.left_out == (source.names[others.columns[0]],)
    assert others.mimeTypes() == [DRAGGED]


# ------------------------------------------------------------------------------------------ how a file is read


def test_lines_of_another_length_are_a_choice(diabetes, qtbot, tmp_path):
    lines = TABLE.read_text().splitlines()[:5]
    lines[3] = lines[3].rpartition(",")[0]
    (tmp_path / "ragged.csv").write_text("\n".join(lines))
    diabetes.opener.open([str(tmp_path / "ragged.csv")])
    settle(qtbot, diabetes)
    dialog = asked(qtbot, diabetes)
    assert dialog.verdict.text().startswith("Line 4 of ragged.csv has 11 cells, but the first line has 12.")
    assert not dialog.import_button.isEnabled()
    box = dialog.reading.box("uneven")
    assert box.isVisibleTo(dialog)
    assert not dialog.reading.box("alike").isVisibleTo(dialog)
    box.setCurrentIndex(box.findData("fill"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: not dialog.source.busy and dialog.import_button.isEnabled(), timeout=20000)
    assert "what is missing was left empty" in dialog.notes.text()
    dialog.import_button.click()
    settle(qtbot, diabetes)
    assert diabetes.document.table.samples == 4


def test_what_was_found_is_shown_and_can_be_changed(diabetes, qtbot, tmp_path):
    path = table(tmp_path / "t.csv", NAMES, separator=";")
    diabetes.dialogs.show_import((path,))
    dialog = asked(qtbot, diabetes)
    bar = dialog.reading
    assert [bar.box(name).currentText() for name in ("separator", "encoding", "decimal")] == [
        *("Semicolon", "UTF-8", "Point: 3.14")
    ]
    assert bar.header.isChecked()
    bar.header.setChecked(False)
    qtbot.waitUntil(lambda: not dialog.source.busy, timeout=20000)
    assert dialog.source.preview.rows[0][:2] == ("age", "sex")
    assert dialog.source.whole.samples == 4
    dialog.source.read_as(separator=",")
    qtbot.waitUntil(lambda: not dialog.source.busy, timeout=20000)
    assert len(dialog.source.names) == 1
    assert not dialog.source.ready or dialog.source.unmapped
    dialog.reject()


def test_a_guess_by_position_is_called_one(diabetes, qtbot, tmp_path):
    np.save(tmp_path / "wide.npy", np.arange(36.0).reshape(3, 12))
    diabetes.dialogs.show_import((str(tmp_path / "wide.npy"),))
    dialog = asked(qtbot, diabetes)
    assert "has 12 columns without names, but the network takes 10 inputs" in dialog.verdict.text()
    assert "The columns below are a proposal." in dialog.verdict.text()
    assert dialog.import_button.isEnabled()
    dialog.source.assign(0, 11)
    assert dialog.verdict.text() == "wide.npy has 3 rows of 12 columns. Every input has its column."
    dialog.import_button.click()
    settle(qtbot, diabetes)
    assert diabetes.document.table.values[0].tolist() == [11, *range(1, 10)]


def test_what_was_assumed_can_be_read_whole(diabetes, qtbot, tmp_path):
    import xlsxwriter

    rows = [line.split(",") for line in TABLE.read_text().splitlines()[:12]]
    with xlsxwriter.Workbook(str(tmp_path / "sheet.xlsx"), {"strings_to_numbers": True}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(rows):
            sheet.write_row(row, 0, cells)
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.merge_range(6, 0, 7, 1, "merged")
    diabetes.opener.open([str(tmp_path / "sheet.xlsx")])
    settle(qtbot, diabetes)
    for part in ("Formulas are not computed", "C4 (#DIV/0!)", "merged cells A7:B8"):
        assert part in diabetes.messages.sentence


def test_columns_with_other_names_are_a_proposal(diabetes, qtbot, tmp_path):
    (tmp_path / "two.csv").write_text("height,weight\n1,2\n3,4\n")
    diabetes.dialogs.show_import((str(tmp_path / "two.csv"),))
    dialog = asked(qtbot, diabetes)
    assert "No column has the name of an input; taken in their order, 8 of 10 inputs have no" in dialog.verdict.text()
    assert dialog.verdict.text().endswith("The columns below are a proposal.")


def test_a_sheet_is_chosen(diabetes, qtbot, tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet("notes").write(0, 0, "nothing here")
        sheet = book.add_worksheet("data")
        for row in range(3):
            sheet.write_row(row, 0, NAMES if row == 0 else [row] * 10)
    diabetes.dialogs.show_import((str(tmp_path / "t.xlsx"),))
    dialog = asked(qtbot, diabetes)
    box = dialog.reading.box("sheet")
    assert [box.itemText(n) for n in range(box.count())] == ["notes", "data"]
    assert not dialog.reading.box("separator").isVisibleTo(dialog)
    box.setCurrentText("data")
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: not dialog.source.busy and not dialog.source.unmapped, timeout=20000)
    dialog.import_button.click()
    settle(qtbot, diabetes)
    assert diabetes.document.table.values[1].tolist() == [2] * 10


def test_what_cannot_be_looked_at_is_a_message_only(diabetes, qtbot, tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\0" * 100)
    diabetes.opener.open([str(tmp_path / "t.csv")])
    settle(qtbot, diabetes)
    assert diabetes.dialogs.current is None
    assert "not a text table" in diabetes.messages.sentence


def test_a_large_table_is_not_copied(diabetes, qtbot, tmp_path):
    frame = pl.DataFrame({name: np.linspace(0, 1, 2000) + n for n, name in enumerate(NAMES)})
    frame.with_columns(label=pl.lit(1.0), who=pl.lit("Ann")).write_parquet(tmp_path / "t.parquet")
    diabetes.opener.open([str(tmp_path / "t.parquet")])
    settle(qtbot, diabetes)
    document = diabetes.document
    assert document.table.samples == 2000
    assert document.table.values.flags.f_contiguous
    assert [one.name for one in document.table.extras] == ["label", "who"]
    assert document.table.extras[0].numbers is not None


# ----------------------------------------------------------------------------------------- pictures, texts


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.full((10, 20), 100 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


def test_a_folder_of_pictures_is_dropped_and_read_another_way(window, qtbot, pictures):
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(pictures))])
    window.opener.open([url.toLocalFile() for url in mime.urls()])
    settle(qtbot, window)
    document = window.document
    assert document.table.values.shape == (3, 64)
    assert document.table.values.max() == pytest.approx(16 * 200 / 255)  # as the features' range is
    assert list(document.table.extras[0].cells) == ["0.png", "1.png", "2.png"]
    window.dialogs.show_import((str(pictures),))
    dialog = asked(qtbot, window)
    page = dialog.pictures
    assert dialog.pages.currentWidget() is page
    assert [one.size for one in dialog.source.thumbnails] == [(20, 10)] * 3
    assert dialog.source.thumbnails[0].after.shape == (112, 112, 3)
    assert dialog.verdict.text() == "pictures: 3 pictures. Every input has its column."
    page.fit.setCurrentIndex(page.fit.findData("pad"))
    page.values.setCurrentText("Other numbers")
    page.low.setText("8")
    page.high.setText("8")
    page._choose()
    assert "another one for white" in page.remark.text()
    page.low.setText("0")
    page._choose()
    qtbot.waitUntil(lambda: not dialog.source.busy, timeout=20000)
    dialog.import_button.click()
    settle(qtbot, window)
    values = document.table.values.reshape(3, 8, 8)
    assert values[2].max() == pytest.approx(8 * 200 / 255)
    assert values[2, 0].max() == 0  # filled up with black
    window.opener.open([str(pictures / "2.png"), str(pictures / "1.png")])
    settle(qtbot, window)
    assert list(document.table.extras[0].cells) == ["2.png", "1.png"]
    assert document.table.values.max() == pytest.approx(8 * 200 / 255)  # remembered


def test_numbers_in_a_line():
    assert numbers_in("0.5, −1; 2") == (0.5, -1, 2)
    assert numbers_in("0.5, x") == numbers_in("inf") == ()


def test_plain_text_becomes_tokens(window, qtbot, tmp_path):
    from tests.gui.networks import saved
    from tests.words import word_tokenizer

    network, _table = saved("tokens", tmp_path)
    window.opener.open([str(network)])
    settle(qtbot, window)
    (tmp_path / "reviews.txt").write_text("the good film\n\nbad bad bad bad bad bad\n")
    window.opener.open([str(tmp_path / "reviews.txt")])
    settle(qtbot, window)
    assert "no tokenizer.json lies beside network.pt2" in window.messages.sentence
    asked(qtbot, window).reject()
    word_tokenizer().save(str(tmp_path / "tokenizer.json"))
    window.opener.open([str(tmp_path / "reviews.txt")])
    settle(qtbot, window)
    table = window.document.table
    assert table.values.tolist() == [[2, 9, 5, 7, 3, 0], [2, 6, 6, 6, 6, 3]]
    assert list(table.extras[0].cells) == ["the good film", "bad bad bad bad bad bad"]
    assert window.document.result is not None
    (tmp_path / "reviews.csv").write_text("stars,review\n5,the good film\n")
    window.opener.open([str(tmp_path / "reviews.csv")])
    settle(qtbot, window)
    assert window.document.table.values.tolist() == [[2, 9, 5, 7, 3, 0]]
    assert [one.name for one in window.document.table.extras] == ["stars", "review"]
    word_tokenizer([f"w{n}" for n in range(40)] + ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]).save(
        str(tmp_path / "tokenizer.json")
    )
    window.opener.open([str(tmp_path / "reviews.csv")])
    settle(qtbot, window)
    assert "does not fit this network" in window.messages.sentence
    asked(qtbot, window).reject()


def test_what_was_stored_by_another_version_is_forgotten(diabetes):
    from lrp_gui import settings

    network = diabetes.document.network
    for stored in ("{", "[]", '{"x/y": {}}'):
        settings.IMPORTS.write(stored)
        assert plans_for(network) == {}
    source = Import(diabetes.document, diabetes.jobs, network, ["t.csv"])
    assert not source.ready
    assert source.name == "t.csv"
