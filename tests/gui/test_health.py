"""The Health tab in the real window: what is found, how it is told, and where it leads."""

from __future__ import annotations

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu
from safetensors.torch import save_file
from torch import nn

from lrp_gui.browser.health_model import PLACE, SHORT, HealthModel
from lrp_gui.document import health as document_health
from lrp_gui.jobs.findings import SEVERITIES, HealthRow
from tests.gui.example import DIABETES, settle


def row(title="Dead units", severity="doubtful", place="fc1", sentence="1 of 3 units of fc1 is 0."):
    return HealthRow(title, f"What {title} means.", severity, "1 of 3", sentence, layer=place)


@pytest.fixture
def ill(tmp_path):
    """Weights with faults, an architecture beside them, and a table."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    with torch.no_grad():
        module[0].bias[5] = -100
        module[2].weight[1] = 0
    save_file(dict(module.state_dict()), tmp_path / "net.safetensors")
    (tmp_path / "net.architecture.json").write_text(
        '{"version": 1, "inputs": [{"name": "x", "shape": [4]}], "layers": ['
        '{"name": "0", "type": "Linear", "parameters": {"in_features": 4, "out_features": 8}},'
        '{"name": "relu", "type": "ReLU"},'
        '{"name": "2", "type": "Linear", "parameters": {"in_features": 8, "out_features": 2}}],'
        '"outputs": [{"name": "y"}]}'
    )
    rows = torch.randn(30, 4).tolist()
    (tmp_path / "net.csv").write_text("a,b,c,d\n" + "\n".join(",".join(map(str, one)) for one in rows) + "\n")
    return tmp_path / "net.safetensors"


def looked_at(window, qtbot, path=None):
    """The Health tab of the window, once the check is done."""
    if path is not None:
        window.opener.open([str(path)])
        settle(qtbot, window)
    window.browser.tabs.setCurrentWidget(window.furniture.health)
    settle(qtbot, window)
    return window.furniture.health.view


def place(view, text):
    """The index of the finding about a place."""
    model = view.model
    for group in range(model.rowCount()):
        parent = model.index(group, 0)
        for at in range(model.rowCount(parent)):
            if model.index(at, PLACE, parent).data() == text:
                return model.index(at, PLACE, parent)
    raise AssertionError(text)


def test_the_tree_of_findings_keeps_qts_rules(qapp, qtmodeltester):
    model = HealthModel()
    qtmodeltester.check(model)
    model.add([row(), row("NaN", "serious"), row(place="fc2"), row("Unused", "remark")])
    qtmodeltester.check(model)
    titles = [model.index(n, SHORT).data() for n in range(model.rowCount())]
    assert titles == ["NaN (1)", "Dead units (2)", "Unused (1)"]
    assert model.rowCount(model.index(1, 0)) == 2
    model.show_only("doubtful", "FC2")
    assert [one.place for one in model.shown()] == ["fc2"]
    model.add([row(place="fc3"), row(sentence="behind fc2")])
    assert [one.sentence for one in model.shown()][1:] == ["behind fc2"]
    model.show_only("", "")
    assert len(model.shown()) == model.count == 6
    model.clear()
    assert model.rowCount() == 0


def test_who_looks_has_it_checked_and_every_finding_leads_to_its_place(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    assert view.about.text() == "2 findings (2 doubtful) in 4 tensors and on 30 samples."
    document = window.document
    view.tree.setCurrentIndex(place(view, "relu"))
    assert document.selected_layer == "relu"
    assert document.selected_unit == 5
    assert view.detail.toPlainText().startswith("1 of 8 units of relu is 0 on all 30 samples of the table: 5.")
    view.tree.setCurrentIndex(place(view, "2.weight"))
    assert document.selected_tensor == "2.weight"
    assert window.furniture.inspector_dock.isVisible()
    qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    assert window.browser.tabs.currentWidget() is window.browser.tensors
    assert window.browser.tensors.currentIndex().data() == "weight"


def test_a_kind_says_what_it_means_and_folds(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    kind = place(view, "relu").parent()
    view.tree.setCurrentIndex(kind)
    assert "gave the same on every sample" in view.detail.toPlainText()
    assert view.tree.isExpanded(kind)
    qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    assert not view.tree.isExpanded(kind)


def test_an_example_that_is_well_says_so(diabetes, qtbot):
    view = looked_at(diabetes, qtbot)
    assert view.about.text() == "Nothing found in 6 tensors and on 442 samples."
    assert view.detail.toPlainText() == "Everything that was checked looks well."
    assert not view.box.isVisible()


def test_weights_alone_are_checked_and_the_rest_is_told(window, qtbot, ill):
    ill.with_name("net.architecture.json").unlink()
    view = looked_at(window, qtbot, ill)
    assert "Only the weights were checked: there is no network" in view.about.text()
    assert place(view, "2.weight").siblingAtColumn(SHORT).data() == "1 of 2 units"


def test_an_edit_of_the_table_makes_it_out_of_date_and_it_can_be_checked_again(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    window.document.edit_cell(0, 0, "500")
    assert view.about.text().endswith("The table has changed since.")
    view.button.click()
    settle(qtbot, window)
    assert "changed" not in view.about.text()
    assert view.about.text().startswith("2 findings (2 doubtful)")


def test_another_file_is_checked_when_it_is_opened_and_only_while_somebody_looks(window, qtbot, ill, tmp_path):
    view = looked_at(window, qtbot, ill)
    other = tmp_path / "other.safetensors"
    save_file({"w": torch.full((3, 4), float("nan"))}, other)
    window.opener.open([str(other)])
    settle(qtbot, window)
    if window.browser.tabs.currentWidget() is not window.furniture.health:
        view = looked_at(window, qtbot)
    assert view.about.text().startswith("1 finding (1 serious) in 1 tensor.")
    window.browser.tabs.setCurrentWidget(window.browser.file)
    window.document.undo_stack.undo()
    settle(qtbot, window)
    assert view.check.state == document_health.IDLE
    assert not view.check.rows


def test_what_is_opened_while_somebody_looks_is_up_to_date(window, qtbot, ill):
    window.opener.open([str(ill)])
    settle(qtbot, window)
    view = looked_at(window, qtbot)
    window.opener.open([str(DIABETES)])
    qtbot.waitUntil(lambda: view.check.state == document_health.DONE and not window.jobs.busy, timeout=20000)
    assert view.about.text() == "Nothing found in 6 tensors and on 442 samples."


def test_esc_stops_and_what_was_found_stays(window, qtbot, ill, monkeypatch):
    monkeypatch.setattr(document_health, "MOST_BYTES", 0)  # as a large file: not before somebody asks
    view = looked_at(window, qtbot, ill)
    assert view.check.state == document_health.IDLE
    assert view.about.text().startswith("Finds dead and saturated units")
    view.button.click()
    assert view.button.text() == "S&top"
    window.jobs.cancel_work()  # as Esc does, once the action is there
    settle(qtbot, window)
    assert "The check was stopped." in view.about.text()
    assert view.button.text() == "Check &Again"


def test_of_many_samples_some_are_taken_and_that_is_told(diabetes, qtbot, monkeypatch):
    monkeypatch.setattr(document_health, "MOST_SAMPLES", 100)
    view = looked_at(diabetes, qtbot)
    assert view.about.text() == "Nothing found in 6 tensors and on 100 samples of 442."


def test_filter_find_and_copy(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    view.filter.setCurrentIndex(1 + SEVERITIES.index("serious"))
    assert view.detail.toPlainText() == "No finding fits."
    view.filter.setCurrentIndex(0)
    qtbot.keyClicks(view.box, "relu")
    assert [one.place for one in view.model.shown()] == ["relu"]
    view.box.clear()
    view.tree.selectAll()
    qtbot.keyClick(view.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 3
    assert sorted(line.split("\t")[:3] for line in lines[1:]) == [
        ["doubtful", "Dead units", "relu"],
        ["doubtful", "Units without weights", "2.weight"],
    ]


def test_the_menu_leads_and_copies(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    view.tree.setCurrentIndex(place(view, "relu"))
    menu = view.tree.menu()
    assert isinstance(menu, QMenu)
    {action.text(): action for action in menu.actions()}["Go to the Place"].trigger()
    assert window.browser.tabs.currentWidget() is window.browser.layers
    {action.text(): action for action in menu.actions()}["Copy All"].trigger()
    assert QGuiApplication.clipboard().text().count("\n") == 2


def test_tokens_outside_the_vocabulary_are_a_sentence(window, qtbot, tmp_path):
    from tests.gui.networks import saved

    network, table = saved("tokens", tmp_path)
    table.write_text(table.read_text() + ",".join(["999"] * 6) + "\n")
    window.opener.open([str(network), str(table)])
    settle(qtbot, window)
    view = looked_at(window, qtbot)
    assert "Units were not watched: The network cannot compute" in view.about.text()


def test_dark_and_light_both_have_icons(window, qtbot, ill):
    view = looked_at(window, qtbot, ill)
    before = view.model.index(0, 0).data(Qt.ItemDataRole.DecorationRole).cacheKey()
    window.set_theme("dark")
    assert view.model.index(0, 0).data(Qt.ItemDataRole.DecorationRole).cacheKey() != before
