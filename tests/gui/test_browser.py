"""The model browser: the tree of layers, the tensors, and the selection that is the document's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication

from lrp_gui.browser.layers_model import LayersModel
from lrp_gui.browser.panel import Browser, TensorsView
from lrp_gui.browser.tensors_model import TensorsModel
from lrp_gui.document.document import Document
from lrp_gui.document.files import TensorRow
from lrp_gui.document.state import Contents, ExplainSettings
from tests.gui import fakes

TITLES = ("Layer", "Operation", "Shape", "Params", "Rule", "ΣR", "Absorbed", "Mult-adds")


def opened(info, file=None):
    document = Document()
    document.open(Contents(info, None, ExplainSettings(), -1, file=file), "Open")
    return document


@pytest.fixture
def nested(qapp):
    """The CNN with its layers inside modules: features.0 …, head.fc."""
    info = fakes.cnn().info
    names = {layer.path: f"features.{n}" for n, layer in enumerate(info.layers[:-1])} | {
        info.layers[-1].path: "head.fc"
    }
    layers = tuple(
        replace(
            layer,
            path=names[layer.path],
            sources=tuple(names.get(source, source) for source in layer.sources),
            merged_into=names.get(layer.merged_into, ""),
        )
        for layer in info.layers
    )
    tensors = (
        TensorRow("head.fc.weight", (10, 256), "float32", 10240),
        TensorRow("head.fc.bias", (10,), "float32", 40),
    )
    return opened(replace(info, layers=layers), replace(fakes.cnn().file, tensors=tensors))


def column(title):
    return TITLES.index(title)


def test_the_tree_keeps_qts_rules(nested, qtmodeltester):
    model = LayersModel(nested)
    qtmodeltester.check(model)
    nested.put_contents(Contents(None, None, ExplainSettings(), -1))
    assert model.rowCount() == 0


def test_modules_hold_their_layers(nested):
    model = LayersModel(nested)
    top = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert top == [nested.network.inputs[0].name, "features", "head"]
    features = model.index(1, 0)
    assert model.rowCount(features) == len(nested.network.layers) - 1
    assert model.index(0, 0, features).data() == "0"
    assert model.index(0, 0, features).parent() == features
    whole = model.index(1, column("Params")).data()
    parts = sum(layer.parameters for layer in nested.network.layers[:-1])
    assert whole == f"{parts:,}"


def test_shape_operation_and_merged_batch_norm(nested):
    model = LayersModel(nested)
    norm = next(layer for layer in nested.network.layers if layer.merged_into)
    index = model.index_of(norm.path)
    assert index.siblingAtColumn(column("Operation")).data() == norm.operation
    assert index.siblingAtColumn(column("Rule")).data() == f"in {norm.merged_into}"
    assert index.siblingAtColumn(column("Shape")).data() == "×".join(map(str, norm.shape))


def test_rules_and_sums_follow_the_result(qapp, qtbot):
    info, result = fakes.mlp_result()
    document = opened(info)
    model = LayersModel(document)
    fc1 = model.index_of("fc1").siblingAtColumn(column("ΣR"))
    assert fc1.data() == ""
    with qtbot.waitSignal(model.dataChanged):
        document.put_result(result)
    total = float(result.layers["fc1"].relevance.sum())
    assert float(fc1.data().replace("−", "-")) == pytest.approx(total, rel=1e-3)
    assert model.index_of("fc1").siblingAtColumn(column("Rule")).data()
    document.put_result(None)
    assert fc1.data() == ""


def test_a_sum_of_what_is_no_number_is_no_number(qapp):
    info, result = fakes.mlp_result()
    document = opened(info)
    model = LayersModel(document)
    document.put_result(fakes.with_nan(result, "fc2"))
    assert model.index_of("fc2").siblingAtColumn(column("ΣR")).data() == "NaN"
    assert model.index_of("fc1").siblingAtColumn(column("ΣR")).data() != "NaN"


def test_choosing_here_chooses_everywhere_and_back(nested, qtbot):
    browser = Browser(nested)
    qtbot.addWidget(browser)
    model = browser.layers.tree
    browser.layers.setCurrentIndex(model.index_of("features.2"))
    assert nested.selected_layer == "features.2"
    nested.select_layer("head.fc")
    assert browser.layers.currentIndex().data() == "fc"
    nested.select_layer("")
    assert not browser.layers.currentIndex().isValid()


def test_a_module_that_only_holds_others_is_no_layer(nested, qtbot):
    browser = Browser(nested)
    qtbot.addWidget(browser)
    browser.layers.setCurrentIndex(browser.layers.tree.index_of("features"))
    assert nested.selected_layer == ""


def test_the_tensors_keep_qts_rules_and_sort_by_size(nested, qtmodeltester, qtbot):
    model = TensorsModel(nested)
    qtmodeltester.check(model)
    weight = model.index_of("head.fc.weight")
    cells = [weight.siblingAtColumn(c).data() for c in range(6)]
    assert cells == ["weight", "10×256", "float32", "10.0 KiB", "weight", "99.6 %"]
    assert weight.parent().siblingAtColumn(3).data() == "10.0 KiB"
    browser = Browser(nested)
    qtbot.addWidget(browser)
    browser.tensors.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    assert browser.tensors.model().index(0, 0).data() == "head.fc.bias"
    browser.tensors.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert browser.tensors.model().index(0, 0).data() == "head"


def test_the_file_tab_tells_what_was_inferred(nested, qtbot):
    nested.put_contents(replace(nested.contents, network=replace(nested.network, notes=("Two norms <merged>.",))))
    browser = Browser(nested)
    qtbot.addWidget(browser)
    text = browser.file.toPlainText()
    assert "Two norms <merged>." in text
    assert nested.file.file_format in text


def test_an_empty_document_is_no_fault(qapp, qtbot, qtmodeltester):
    document = Document()
    browser = Browser(document)
    qtbot.addWidget(browser)
    assert browser.layers.model().rowCount(QModelIndex()) == 0
    assert "No file" in browser.file.toPlainText()


def test_deeply_nested_names_have_room_in_a_narrow_dock(nested, qtbot):
    names = [f"model.bert.encoder.layer.{n}.attention.self.query.weight" for n in range(3)]
    tensors = tuple(TensorRow(name, (4, 4), "float32", 64) for name in names)
    nested.open(replace(nested.contents, file=replace(fakes.cnn().file, tensors=tensors)), "Open")
    view = TensorsView(nested)
    qtbot.addWidget(view)
    view.resize(380, 600)
    view.show()
    view.unfold_all()

    def room():
        index = view.tree.index_of(names[0])
        return view.visualRect(index).width() >= view.sizeHintForIndex(index).width()

    qtbot.waitUntil(room)
    view.header().resizeSection(0, 90)  # somebody wants it so
    view.fold_all()
    view.unfold_all()
    view.resize(500, 600)
    QApplication.processEvents()
    assert view.header().sectionSize(0) == 90


def test_a_sum_of_relevance_is_never_cut_where_longer_ones_unfold_later(qtbot):
    info, result = fakes.mlp_result()
    document = opened(info)
    browser = Browser(document)
    qtbot.addWidget(browser)
    document.put_result(result)
    view, at = browser.layers, column("ΣR")
    view.fit()
    assert view.header().sectionSize(at) > view.fontMetrics().horizontalAdvance("−8.888e-08")
