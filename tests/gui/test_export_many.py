"""Much at once: every view of one or of many samples into a folder, with progress, and stopped halfway."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage

from lrp_gui.export.data import numbers_of
from lrp_gui.export.many_dialog import HTML, PDF, PICTURES
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.pictures import graph_picture
from tests.gui import fakes
from tests.gui.example import settle


@pytest.fixture
def dialog(diabetes):
    diabetes.actions_["export_all"].trigger()
    dialog = diabetes.dialogs.current
    assert dialog.isVisible()
    return dialog


def choose(dialog, what, samples=0, views=("conservation", "inputs")):
    dialog.what.setCurrentIndex(dialog.what.findData(what))
    dialog.samples.setCurrentIndex(samples)
    for name, box in dialog.views.items():
        box.setChecked(name in views)


@pytest.fixture
def called(diabetes):
    diabetes.document.rename_layer("fc1", "The first: ½")


def test_all_views_of_this_sample_go_into_a_folder(diabetes, called, dialog, qtbot, tmp_path):
    choose(dialog, PICTURES, views=tuple(dialog.views))
    dialog.formats["svg"].setChecked(True)
    with qtbot.waitSignal(dialog.finished_writing, timeout=30000):
        dialog.write_to(tmp_path / "out")
    suffixes = [path.suffix for path in (tmp_path / "out").iterdir()]
    assert suffixes.count(".png") == suffixes.count(".svg") == len(diabetes.viewer.pictures())
    assert suffixes.count(".py") == 1
    names = [path.stem for path in (tmp_path / "out").iterdir()]
    assert sum(name.endswith("-layer_The_first_fc1") for name in names) == 2  # a PNG and an SVG
    (drawing,) = (tmp_path / "out").glob("*-layer_The_first_fc1.svg")
    assert "The first: ½: relevance of 32 units" in drawing.read_text()


def test_a_report_of_several_samples_holds_them_all(diabetes, dialog, qtbot, tmp_path):
    dialog.samples.addItem("three", [0, 4, 7])
    choose(dialog, HTML, dialog.samples.count() - 1)
    seen = []
    with qtbot.waitSignal(dialog.finished_writing, timeout=30000):
        dialog.write_to(tmp_path / "why")
        dialog._run.progressed.connect(lambda done, total: seen.append((done, total)))
    text = (tmp_path / "why.html").read_text()
    assert text.count("<section id=") == 3
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (300, 300)
    assert diabetes.document.selected_sample == 0


def test_samples_that_cannot_be_explained_are_named_and_the_others_written(diabetes, dialog, qtbot, tmp_path):
    diabetes.document.edit_cell(1, 0, "none")
    settle(qtbot, diabetes)
    dialog.samples.addItem("two", [0, 1])
    choose(dialog, PICTURES, dialog.samples.count() - 1)
    with qtbot.waitSignal(dialog.finished_writing, timeout=30000):
        dialog.write_to(tmp_path)
    assert dialog.isVisible()
    assert "Written without" in dialog.problem.text()
    assert {path.name.split("-")[1] for path in tmp_path.glob("*.png")} == {"row0"}


@pytest.mark.parametrize("kind", [PICTURES, HTML, PDF])
def test_what_is_stopped_leaves_nothing_half_behind(dialog, kind, qtbot, tmp_path):
    choose(dialog, kind, dialog.samples.count() - 1, views=tuple(dialog.views))
    target = tmp_path if kind == PICTURES else tmp_path / f"report.{kind}"
    dialog.write_to(target)
    qtbot.waitUntil(lambda: dialog.progress.value() > 0, timeout=30000)
    dialog.reject()
    assert dialog.isVisible()
    assert not dialog.progress.isVisible()
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    if kind == PICTURES:
        assert not any(QImage(str(path)).isNull() for path in files if path.suffix == ".png")
    else:
        assert files == []
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_a_place_that_cannot_be_written_is_told_and_the_dialog_stays(dialog, tmp_path):
    choose(dialog, PDF)
    dialog.write_to(tmp_path / "nowhere" / ("so far down that it takes lines " * 4) / "report.pdf")
    assert "choose another place" in dialog.problem.text()
    assert dialog.start.isEnabled()
    dialog.layout().activate()
    assert all(box.height() >= box.minimumSizeHint().height() for box in dialog.views.values())


def test_nothing_chosen_is_nothing_to_export(dialog):
    choose(dialog, PICTURES, views=())
    assert not dialog.start.isEnabled()
    choose(dialog, HTML, views=())
    assert dialog.start.isEnabled()  # its tables


# ---------------------------------------------------------------------------------- the numbers behind a picture


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_the_numbers_behind_a_picture_go_into_a_file(diabetes, qtbot, tmp_path, suffix):
    import polars as pl

    diabetes.actions_["export"].trigger()
    dialog = diabetes.dialogs.current
    dialog.view.setCurrentText("input x" if dialog.view.findText("input x") >= 0 else dialog.view.itemText(3))
    dialog.ask_where_data()
    path = tmp_path / f"data.{suffix}"
    dialog.where.fileSelected.emit(str(path))
    qtbot.waitUntil(path.exists, timeout=20000)
    settle(qtbot, diabetes)
    (wanted,) = diabetes.document.result.inputs.values()
    if suffix == "npz":
        with np.load(path) as found:
            relevance = next(found[name] for name in found if name.startswith("relevance"))
    else:
        frame = pl.read_csv(path) if suffix == "csv" else pl.read_parquet(path)
        relevance = frame["relevance"].to_numpy()
        assert frame["feature"].to_list() == [f.name for f in diabetes.document.network.inputs[0].features]
    np.testing.assert_allclose(relevance, wanted, rtol=1e-5)
    dialog.reject()


def test_each_picture_has_its_numbers():
    network, result = fakes.cnn_result()
    layer = numbers_of(network, result, "layer conv1", None)
    assert np.asarray(layer.columns["relevance"]).sum() == pytest.approx(result.layers["conv1"].relevance.sum())
    assert layer.arrays["relevance"].shape == result.layers["conv1"].relevance.shape
    ledger = numbers_of(network, result, "conservation", None)
    assert ledger.columns["arrived"] == [row.arrived for row in result.ledger]
    edges = numbers_of(*fakes.mlp_result(), "network graph", None)
    flows = fakes.mlp_result()[1].flows
    assert sum(edges.columns["relevance"]) == pytest.approx(sum(flow.matrix.sum() for flow in flows.values()))
    everything = numbers_of(network, result, "current view", None)
    assert {"relevance conv1", "outputs", "ledger bias"} <= set(everything.arrays)


def test_a_graph_of_layers_gives_the_numbers_of_its_boxes_and_edges():
    network, result = fakes.cnn_result()
    picture = graph_picture(network, result, LIGHT)
    found = numbers_of(network, result, "network graph", picture).columns
    boxes = [n for n, kind in enumerate(found["kind"]) if kind == "box"]
    assert [found["layers"][n] for n in boxes] == [stage.name for stage in picture.graph.stages]
    sums = [found["positive relevance"][n] + found["negative relevance"][n] for n in boxes]
    assert sums[0] == pytest.approx(sum(relevance.sum() for relevance in result.inputs.values()), rel=1e-5)
    assert sums[-1] == pytest.approx(result.explained, rel=1e-5)
    assert found["kind"].count("edge") == len(picture.graph.branches) > 0


def test_all_samples_give_a_row_each(diabetes, qtbot):
    titles = dict(diabetes.viewer.pictures())
    qtbot.waitUntil(lambda: titles["all samples"]() is not None, timeout=30000)
    picture = titles["all samples"]()
    document = diabetes.document
    found = numbers_of(document.network, document.result, "all samples", picture)
    assert len(found.columns["sample"]) == document.table.samples
    assert list(found.columns)[2:] == [feature.name for feature in document.table.features]
    own = document.table_result.relevance[np.asarray(found.columns["row"])]
    np.testing.assert_allclose(found.arrays["relevance"], own)


def test_the_clipboard_takes_the_picture_and_the_numbers(diabetes, qapp):
    diabetes.actions_["export"].trigger()
    dialog = diabetes.dialogs.current
    dialog.copy()
    content = qapp.clipboard().mimeData()
    assert content.hasImage()
    assert bytes(content.data("image/svg+xml")).startswith(b"<?xml")
    dialog.copy_data()
    lines = qapp.clipboard().text().splitlines()
    assert lines[0].split("\t")[-1] == "relevance"
    assert len(lines) == 1 + len(diabetes.document.network.inputs[0].features)
    dialog.reject()
