"""What stands in the picture's place while an opened file has no network: why, and a button for each way on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent
from PySide6.QtWidgets import QApplication

from lrp_gui.actions import BY_ID
from lrp_gui.browser import Browser
from lrp_gui.document.document import Document
from lrp_gui.document.files import FAILED, LOADING, REFUSED, STOPPED, Obstacle, TensorRow, amounts_of
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.opening.drop import NAMES_SHOWN
from lrp_gui.opening.page import ORDER, WAYS, ObstaclePage
from lrp_gui.theme import DARK, LIGHT
from tests.gui import fakes

FILE = replace(fakes.mlp().file, name="<b>weights.pth")
SENTENCES = {kind: f"The sentence of {kind}, with <markup>." for kind in WAYS}


@pytest.fixture
def document(qapp):
    return Document()


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def page(qtbot, document, request):
    actions = {name: QAction(BY_ID[name].text) for name in (*ORDER, "undo")}
    page = ObstaclePage(document, actions, request.param)
    page.actions_by_name = actions
    qtbot.addWidget(page)
    page.resize(700, 420)
    page.show()
    return page


def meet(document, kind, **more):
    obstacle = Obstacle(kind, SENTENCES[kind], **more)
    document.open(Contents(None, None, ExplainSettings(), -1, file=FILE, obstacle=obstacle), "Open weights")


def shown(page):
    return [name for name, button in page.buttons.items() if button.isVisible()]


@pytest.mark.parametrize("kind", [kind for kind in WAYS if kind != LOADING])
def test_every_obstacle_says_why_and_offers_its_ways(page, document, kind):
    meet(document, kind)
    assert page.headline.text() == WAYS[kind].headline
    assert page.sentence.text() == SENTENCES[kind]
    assert sorted(shown(page)) == sorted(WAYS[kind].actions)
    assert "weights.pth" in page.file.text()
    for label in (page.file, page.sentence):
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_only_what_makes_sense_now_is_offered(page, document):
    meet(document, FAILED)
    page.actions_by_name["candidates"].setEnabled(False)
    assert "candidates" not in shown(page)
    page.actions_by_name["candidates"].setEnabled(True)
    assert "candidates" in shown(page)


def test_a_button_does_what_its_action_does(page, document, qtbot):
    meet(document, STOPPED)
    with qtbot.waitSignal(page.actions_by_name["load_again"].triggered):
        page.buttons["load_again"].click()


def test_a_refused_file_lists_what_it_would_have_called_to_be_copied(page, document):
    meet(document, REFUSED, calls=("posix.system", "builtins.eval"))
    assert page.calls.list.toPlainText() == "posix.system\nbuiltins.eval"
    assert page.calls.heading.text() == "What it would have called (2)"
    page.calls.list.selectAll()
    page.calls.list.copy()
    assert QApplication.clipboard().text() == "posix.system\nbuiltins.eval"
    QApplication.clipboard().clear()
    page.calls.copy.click()
    assert QApplication.clipboard().text() == "posix.system\nbuiltins.eval"


def test_nothing_loads_a_refused_file_all_the_same():
    assert WAYS[REFUSED].actions == ("open",)


def test_loading_that_is_over_at_once_says_nothing(page, document, qtbot):
    meet(document, LOADING)
    assert not page.headline.isVisible()
    qtbot.waitUntil(page.headline.isVisible)
    assert shown(page) == ["cancel"]


def test_details_of_a_fault_can_be_copied(page, document):
    meet(document, FAILED, details="Traceback …")
    page.copy_details.click()
    assert QApplication.clipboard().text() == "Traceback …"
    meet(document, FAILED)
    assert not page.copy_details.isVisible()


def test_the_way_back_names_what_was_open(page, document, qtbot):
    meet(document, REFUSED)
    assert not page.back.isVisible()  # it was the first
    network = fakes.mlp().info
    document.open(Contents(network, None, ExplainSettings(), -1), "Open diabetes")
    meet(document, REFUSED)
    assert page.back.isVisible()
    assert page.back.text() == "Back to diabetes"
    with qtbot.waitSignal(page.actions_by_name["undo"].triggered):
        page.back.click()


def test_the_browser_turns_to_the_tensors_and_back_to_the_layers(document, qtbot):
    browser = Browser(document)
    qtbot.addWidget(browser)
    meet(document, FAILED)
    assert browser.tabs.currentWidget() is browser.tensors
    assert browser.tensors.count == len(FILE.tensors)
    text = browser.file.toPlainText()
    assert "3 tensors" in text
    assert FILE.file_format in text
    opening = document.opening
    document.complete(opening, Contents(fakes.mlp().info, None, ExplainSettings(), -1, file=FILE))
    assert browser.tabs.currentWidget() is browser.layers


def test_tensors_that_are_no_weights_are_told_apart(document, qtbot):
    browser = Browser(document)
    qtbot.addWidget(browser)
    meet(document, FAILED)
    assert browser.tensors.isColumnHidden(4)
    rows = (*FILE.tensors, TensorRow("optimizer.0.exp_avg", (32, 10), "float32", 1280, "optimizer"))
    file = replace(FILE, tensors=rows, amounts=amounts_of(rows), nodes=7, files=(FILE.path, "/data/shard-2.bin"))
    document.open(Contents(None, None, ExplainSettings(), -1, file=file, obstacle=document.obstacle), "Open")
    assert not browser.tensors.isColumnHidden(4)
    assert browser.tensors.model().index_of("optimizer.0.exp_avg").siblingAtColumn(4).data() == "optimizer"
    text = browser.file.toPlainText()
    assert all(word in text for word in ("Optimizer", "1 tensor, 1.2 KiB", "shard-2.bin", "7 operations"))


def dragged(paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    return data, QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, none)


def test_dragging_files_over_the_window_shows_where_they_go(window):
    paths = [f"/data/part{number}.safetensors" for number in range(NAMES_SHOWN + 2)]
    _data, event = dragged(paths)
    window.dragEnterEvent(event)
    hint = window._hint
    assert hint.isVisible()
    assert hint.size() == window.size()
    assert hint.text.startswith("part0.safetensors\npart1.safetensors")
    assert hint.text.endswith("and 2 more")
    assert hint.grab().toImage().pixelColor(3, 3).isValid()
    window.dragLeaveEvent(QDragLeaveEvent())
    assert not hint.isVisible()


def test_dragging_something_else_shows_nothing(window):
    data, event = dragged([])
    data.setText("no file")
    window.dragEnterEvent(event)
    assert window._hint is None
