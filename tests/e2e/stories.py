"""What people do with the program, told to the end: `python -m tests.e2e.stories NAME FOLDER [ARGUMENT …]`."""

from __future__ import annotations

import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox

from tests.e2e.person import PLAIN, Person, colours, differing
from tests.gui.example import DIABETES
from tests.gui.opening import PROGRAM, hostile

STORIES: dict[str, Callable[[Person], None]] = {}


def story(tell: Callable[[Person], None]) -> Callable[[Person], None]:
    STORIES[tell.__name__] = tell
    return tell


OUTPUT, BMI = 2, 7  # columns of the table as it is shown


@story
def open_the_diabetes_example_and_type_a_new_bmi(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    before, flow = window.document.result, person.look_at(window.viewer.canvas)
    assert colours(flow) > 50
    type_bmi(person, "20.5")
    after, changed = window.document.result, person.look_at(window.viewer.canvas)
    assert after.explained < before.explained
    assert flow.size() != changed.size() or differing(flow, changed) > 2000
    shown = window.table.view.model().index(0, OUTPUT)
    person.until(lambda: shown.data() == f"{after.outputs[0]:.4f}", "the table shows the new output")
    person.photograph("edited")
    person.press("Ctrl+Z")
    person.until_still()
    assert window.document.table.text(0, 2) == "32.1"
    assert differing(flow, person.look_at(window.viewer.canvas)) == 0
    person.press("Ctrl+Y")
    person.until_still()
    assert window.document.result.explained == after.explained
    person.press("Ctrl+Q")
    person.until(lambda: window.dialogs.current is not None, "the window asks about the edit")
    person.photograph("leaving")
    person.click(window.dialogs.current.button(QMessageBox.StandardButton.Cancel))
    assert window.isVisible()


@story
def paint_a_stroke_and_see_the_relevance_move(person: Person) -> None:
    window = person.window
    open_example(person, "digits")
    person.press("F9")
    editor = window.furniture.sample.page
    person.until(editor.canvas.overlay.isVisible, "the relevance lies over the digit")
    person.until_still()
    before, digit = window.document.result.explained, person.look_at(editor.canvas)
    seen, places = [], [editor.canvas.place_of((row, 1)).toPoint() for row in range(1, 7)]
    window.document.result_changed.connect(lambda: seen.append(window.document.result))
    QTest.mousePress(editor.canvas.viewport(), Qt.MouseButton.LeftButton, PLAIN, places[0])
    for place in places[1:]:
        QTest.mouseMove(editor.canvas.viewport(), place)
        person.wait(90)
    person.until(lambda: any(seen), "something is explained while the brush is down")
    QTest.mouseRelease(editor.canvas.viewport(), Qt.MouseButton.LeftButton, PLAIN, places[-1])
    person.until_still()
    person.photograph("painted")
    assert window.document.result.explained != before
    assert differing(digit, person.look_at(editor.canvas)) > 500
    assert window.actions_["undo"].text() == "Undo Paint image of sample 1"
    person.press("Ctrl+Z")
    person.until_still()
    assert window.document.result.explained == before
    assert not window.document.undo_stack.canUndo()


@story
def drag_a_slider_then_click_in_the_sweep_then_explain_against_another_sample(person: Person) -> None:
    window, document = person.window, person.window.document
    open_example(person, "diabetes")
    before = document.result.outputs[0]
    person.press("F6")
    person.until_still()
    slider = window.furniture.sample.page.rows[0].slider
    handle = QPoint(round(7 + 0.58 * (slider.width() - 15)), slider.height() // 2)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, PLAIN, handle)
    for step in range(1, 6):
        QTest.mouseMove(slider, handle + QPoint(12 * step, 0))
        person.wait(60)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, PLAIN, handle + QPoint(60, 0))
    person.until_still()
    person.photograph("what-if")
    assert document.result.outputs[0] > before
    assert document.undo_stack.count() == 1
    person.press("F7")
    person.until_still()
    plot = window.furniture.sample.page.plot
    person.click(plot.viewport(), QPoint(plot.width() // 4, plot.height() // 3))
    person.until_still()
    person.photograph("sweep")
    assert document.result.outputs[0] != before
    assert document.undo_stack.count() == 2
    person.press("Ctrl+Shift+R")
    person.press("Alt+Right")
    person.until_still()
    person.click(window.furniture.sample.page.explains, QPoint(10, 10))
    person.until_still()
    person.photograph("reference")
    assert document.result.against == "sample 1"


@story
def choose_another_layer(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    detail = person.look_at(window.viewer.detail)
    person.click_layer("fc2")
    person.wait(300)
    assert window.document.selected_layer == "fc2"
    assert differing(detail, person.look_at(window.viewer.detail)) > 500
    person.photograph("layer")
    person.press("Up")
    assert window.document.selected_layer == "relu"


@story
def switch_to_digits_and_back(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    type_bmi(person, "20.5")
    person.press("Ctrl+2")
    person.until(
        lambda: window.document.network is not None and window.document.network.name == "digits", "the digits are open"
    )
    person.until_still()
    assert colours(person.look_at(window.viewer.canvas)) > 50
    person.photograph("digits")
    person.press("Alt+Right")
    person.until_still()
    assert window.document.result.row == 1
    person.press("Ctrl+Z")
    person.until_still()
    assert window.document.network.name == "diabetes"
    assert window.document.table.text(0, 2) == "20.5"


@story
def export_png_and_svg(person: Person) -> None:
    open_example(person, "diabetes")
    for suffix in ("png", "svg"):
        export(person, suffix)
    image = QImage(str(person.folder / "picture.png"))
    assert image.width() > 400
    assert colours(image) > 50
    svg = (person.folder / "picture.svg").read_text(encoding="utf-8")
    assert "bmi" in svg
    assert "<path" in svg


@story
def type_text_into_a_cell(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    type_bmi(person, "heavy")
    assert window.document.result is None
    assert "bmi is “heavy”" in window.document.problem
    assert window.status.problem.text() == "1 sample is not explained  ·  cells: 1 no number"
    person.photograph("bad-cell")
    person.press("Alt+Right")
    person.until_still()
    assert window.document.result.row == 1
    person.press("Alt+Left")
    type_bmi(person, "32.1")
    assert window.document.result.row == 0
    assert window.status.problem.text() == ""


@story
def explain_another_target_and_composite(person: Person) -> None:
    window = person.window
    open_example(person, "digits")
    person.click(window.target.lineEdit())
    window.target.lineEdit().selectAll()
    person.type("3-8")
    person.press("Return")
    person.until_still()
    assert window.document.result.target.startswith("3 − 8")
    person.wait(900)  # two targets in one breath would be one edit
    person.click(window.target.lineEdit())
    window.target.lineEdit().selectAll()
    person.type("11")
    person.press("Return")
    person.until_still()
    assert "no output unit 11" in window.document.problem
    person.photograph("target")
    person.press("Ctrl+Z")
    person.until_still()
    assert window.document.problem == ""
    assert window.target.currentText() == "3-8"


@story
def compare_with_the_gradient(person: Person) -> None:
    window = person.window
    open_example(person, "digits")
    before = person.look_at(window.viewer.canvas)
    person.click(window.composite)
    person.wait(600)  # a list that has just opened takes no click, lest one click open and choose
    view, box = window.composite.view(), window.composite
    assert view.isVisible()
    index = box.model().index(box.findData("gradient"), 0)
    person.click(view.viewport(), view.visualRect(index).center())
    person.until_still()
    assert window.document.result.composite == "gradient"
    assert "not relevance" in window.status.balance.text()
    shown = person.look_at(window.viewer.canvas)
    assert before.size() != shown.size() or differing(before, shown) > 2000
    person.photograph("gradient")
    person.press("Ctrl+Z")
    person.until_still()
    assert window.document.result.composite == "epsilon_plus"


@story
def tint_the_table_and_go_dark(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    plain = person.look_at(window.table)
    person.press("Ctrl+T")
    person.wait(100)
    tinted = person.look_at(window.table)
    assert differing(plain, tinted) > 5000
    person.photograph("tinted")
    window.actions_["theme_dark"].trigger()
    person.wait(400)
    dark = person.look_at(window)
    assert sum(dark.pixelColor(x, 300).lightness() < 90 for x in range(0, dark.width(), 7)) > dark.width() // 7 // 2
    person.photograph("dark")


@story
def paste_a_block_from_a_spreadsheet(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    QApplication.clipboard().setText("25\t80\n26\t81\n")
    view = window.table.view
    index = view.model().index(2, BMI)
    person.click(view.viewport(), view.visualRect(index).center())
    person.press("Ctrl+V", view)
    person.until_still()
    assert [[window.document.table.text(r, c) for c in (2, 3)] for r in (2, 3)] == [["25", "80"], ["26", "81"]]
    person.press("Ctrl+Z", view)
    person.until_still()
    assert window.document.table.text(2, 2) == "30.5"


@story
def find_the_heaviest_old_patients_and_change_them_at_once(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    view, table = window.table.view, window.document.table
    person.press("Ctrl+L")
    person.type("age > 70")
    person.press("Return")
    person.until_still()
    header = view.horizontalHeader()
    title = QPoint(header.sectionViewportPosition(BMI) + header.sectionSize(BMI) // 2, header.height() // 2)
    person.click(header.viewport(), title)
    person.click(header.viewport(), title)
    person.until_still()
    rows = [view.table_model.row(place) for place in range(view.table_model.rowCount())]
    assert (table.values[rows, 0] > 70).all()
    assert table.values[rows, 2].tolist() == sorted(table.values[rows, 2], reverse=True)
    person.photograph("filtered-sorted")
    for place, keys in ((0, PLAIN), (2, Qt.KeyboardModifier.ShiftModifier)):
        cell = view.visualRect(view.model().index(place, BMI)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, cell)
    person.press("F2", view)
    person.type("25")
    person.press("Ctrl+Return")
    person.until_still()
    assert table.values[rows[:3], 2].tolist() == [25.0] * 3
    person.press("Ctrl+Z", view)
    person.until_still()
    assert not window.document.undo_stack.canUndo()
    person.photograph("undone")


@story
def open_a_file_given_on_the_command_line(person: Person) -> None:
    person.until(lambda: person.window.document.network is not None, "the file is open")
    person.until_still()
    assert person.window.document.result is not None
    person.photograph("opened")


@story
def drop_weights_with_their_architecture_and_table(person: Person) -> None:
    window = person.window
    person.until(lambda: window.opener is not None, "the window can open files")
    weights = bare_weights(person)
    person.drag([weights, DIABETES.with_name("architecture.json"), DIABETES.with_name("diabetes.csv")])
    person.wait(100)
    assert window._hint.isVisible()
    person.photograph("drop")
    person.let_go()
    assert not window._hint.isVisible()
    person.until(lambda: window.document.network is not None, "the network is there")
    person.until_still()
    assert window.document.file.name == weights.name
    assert window.document.table.samples == 442
    assert window.document.result is not None


@story
def connect_bare_weights_and_correct_how(person: Person) -> None:
    window = person.window
    person.until(lambda: window.opener is not None, "the window can open files")
    window.opener.open([str(bare_weights(person))])
    person.until(lambda: window.obstacle and window.obstacle.isVisible(), "the window says why there is no network")
    person.until_still()
    person.photograph("tensors")
    person.click(window.obstacle.buttons["candidates"])
    dialog = person.dialog()
    person.until(dialog.open_button.isEnabled, "the best candidate fits")
    dialog.grab().save(str(person.folder / "candidates.png"))
    find = dialog.editor.document().find('"out_features": 16')
    assert not find.isNull()
    dialog.editor.setTextCursor(find)
    dialog.editor.setFocus()
    person.type('"out_features": 1')
    person.type("9")
    assert not dialog.open_button.isEnabled()
    person.until(lambda: dialog.editor.marked > 0, "the line that does not fit is marked")
    assert "19" in dialog.verdict.text()
    dialog.grab().save(str(person.folder / "candidates-wrong.png"))
    person.press("Backspace")
    person.type("6")
    person.until(dialog.open_button.isEnabled, "it fits again")
    person.press("Tab")  # out of the text
    assert not dialog.editor.hasFocus()
    person.click(dialog.open_button)
    person.until(lambda: window.document.network is not None, "the network is there")
    person.until_still()
    assert window.document.result is not None
    assert colours(person.look_at(window.viewer.canvas)) > 20
    person.photograph("connected")


@story
def read_what_a_program_would_run_and_let_it(person: Person) -> None:
    window = person.window
    person.until(lambda: window.opener is not None, "the window can open files")
    mark = person.folder / "it-ran"
    model = person.folder / "model.py"
    model.write_text(PROGRAM.format(mark=str(mark)))
    window.opener.open([str(bare_weights(person)), str(model)])
    person.until(lambda: window.obstacle and window.obstacle.isVisible(), "the window says that this is a program")
    person.until_still()
    person.photograph("program")
    for answer in ("cancel", "run"):
        person.click(window.obstacle.buttons["consent"])
        dialog = person.dialog()
        person.until(dialog.trusts.isEnabled, "the program was read")
        person.wait(100)
        assert not dialog.run.isEnabled()
        dialog.grab().save(str(person.folder / f"consent-{answer}.png"))
        if answer == "cancel":
            person.press("Return", dialog.focusWidget())
            person.until(lambda: window.dialogs.current is None, "the dialog is gone")
            person.until_still()
            assert window.document.network is None
            assert not mark.exists()
    person.press("Space", dialog.trusts)
    assert not mark.exists()
    person.click(dialog.run)
    person.until(lambda: window.document.network is not None, "the network is there")
    person.until_still()
    assert mark.exists()
    assert window.document.result is not None


@story
def open_a_hostile_file_and_go_back(person: Person) -> None:
    window = person.window
    open_example(person, "diabetes")
    before = window.document.result.explained
    path, mark = hostile(person.folder)
    person.drag([path])
    person.let_go()
    person.until(lambda: window.obstacle and window.obstacle.isVisible(), "the window says why it was not opened")
    person.until_still()
    assert "system" in window.obstacle.calls.list.toPlainText()
    person.photograph("refused")
    person.click(window.obstacle.calls.copy)
    assert "system" in QApplication.clipboard().text()
    person.click(window.obstacle.back)
    person.until_still()
    assert window.document.result.explained == before
    assert not mark.exists()


# ---------------------------------------------------------------------------------------------- what the stories share


def bare_weights(person: Person) -> Path:
    """The diabetes weights with nothing beside them."""
    folder = person.folder / "weights"
    folder.mkdir()
    return Path(shutil.copy(DIABETES, folder / "bare.pth"))


def open_example(person: Person, name: str) -> None:
    window = person.window
    person.until(lambda: window.opener is not None, "the window can open files")
    person.click(window.start.buttons[f"example_{name}"])
    person.until(lambda: window.document.network is not None, f"{name} is open")
    person.until_still()
    assert window.document.result is not None


def type_bmi(person: Person, text: str) -> None:
    person.double_click_cell(0, "bmi")
    editor = person.focus()
    assert isinstance(editor, QLineEdit), f"the cell is not being edited, but {editor} has the focus"
    editor.selectAll()
    person.type(text)
    person.press("Return")
    person.until_still()


def export(person: Person, suffix: str) -> None:
    window, target = person.window, person.folder / f"picture.{suffix}"
    window.activateWindow()  # where no window manager brings it back to the front
    person.until(window.isActiveWindow, "the window is in front")
    person.press("Ctrl+E", window)
    person.until(lambda: window.dialogs.current is not None, "the export dialog is there")
    dialog = window.dialogs.current
    formats = [dialog.format.itemData(row).suffix for row in range(dialog.format.count())]
    dialog.format.setCurrentIndex(formats.index(suffix))
    person.wait(200)
    dialog.grab().save(str(person.folder / f"export-{suffix}.png"))
    person.click(dialog.save_button)
    person.until(dialog.where.isActiveWindow, "it asks where")
    name = dialog.where.findChild(QLineEdit, "fileNameEdit")
    name.selectAll()
    QTest.keyClicks(name, str(target))
    assert name.text() == str(target)
    person.press("Return", name)
    person.until(target.exists, f"{target.name} is there")
    person.until(lambda: window.dialogs.current is None, "the dialog is gone")


def main(name: str, folder: str, *arguments: str) -> int:
    from lrp_gui import app

    result = [1]

    def tell(window) -> None:
        try:
            window.activateWindow()
            STORIES[name](Person(window, Path(folder)))
            result[0] = 0
        except BaseException:  # noqa: BLE001  (whatever went wrong belongs into the report)
            traceback.print_exc()
            window.grab().save(str(Path(folder) / "failed.png"))
        finally:
            # Dialogs that a failed story left open would keep the program alive, and so would a question about edits.
            for table in window.document.unsaved_tables():
                table.mark_kept()
            QApplication.closeAllWindows()
            QApplication.quit()

    enter = QApplication.exec

    def entering(*_arguments: object) -> int:
        (window,) = (one for one in QApplication.topLevelWidgets() if one.objectName() == "window")
        QTimer.singleShot(50, window, lambda: tell(window))
        return enter()

    QApplication.exec = entering
    code = app.main(["--theme", "light", *arguments])
    return code or result[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
