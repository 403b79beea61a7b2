"""The window's jobs and the window itself on files of every format, with the engine that ships."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lrp_engine.errors import NeedsSizes
from lrp_gui.document.files import CONSENT, RUNS, SIZES, SizeRow, Source
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import Progress, run_now
from tests.gui.example import DIABETES, settle
from tests.gui.opening import bare
from tests.gui.test_opening import dialog, opened

FILES = (
    *("diabetes.pt2", "diabetes.onnx", "diabetes_torchscript.pt"),
    *("model_weights_legacy.pth", "model_weights.safetensors", "model_weights.npz"),
)


@pytest.fixture(scope="module")
def engine():
    return Engine()


def explained(engine, path, trust=False):
    browsed = run_now(engine.browse([str(path)], trust=trust))
    found = run_now(engine.open(browsed.source))
    assert found.problem == ""
    request = SampleRequest(found.network, 5, "6", found.table.values[5], "max", "epsilon_plus")
    return browsed.file, found.network, run_now(engine.explain_sample(request))


@pytest.mark.parametrize("name", FILES)
def test_every_format_opens_with_its_table_and_explains_the_same(engine, name):
    program = "torchscript" in name
    file, network, result = explained(engine, DIABETES.with_name(name), trust=program)
    _file, _network, expected = explained(engine, DIABETES)
    assert file.status == (CONSENT if program else RUNS)
    assert file.tensors
    assert [feature.name for feature in network.inputs[0].features][:3] == ["age", "sex", "bmi"]
    assert result.explained == pytest.approx(expected.explained, rel=1e-5)
    (relevance,), (wanted,) = result.inputs.values(), expected.inputs.values()
    assert relevance.ravel() == pytest.approx(wanted.ravel(), abs=1e-5 * float(np.abs(wanted).max()))


def test_without_consent_a_torchscript_file_is_only_looked_at(window, qtbot):
    obstacle = opened(window, qtbot, DIABETES.with_name("diabetes_torchscript.pt"))
    assert obstacle.kind == CONSENT
    assert window.browser.tensors.count == 6
    question = dialog(window, qtbot, "consent")
    qtbot.waitUntil(question.trusts.isEnabled, timeout=20000)
    assert "torch.linear" in question.names.list.toPlainText()
    question.trusts.click()
    question.run.click()
    settle(qtbot, window)
    assert window.document.result is not None
    assert window.document.table.samples == 442
    assert any("consent" in note for note in window.document.network.notes)


def test_weights_in_the_graph_of_another_file(window, qtbot, tmp_path):
    assert opened(window, qtbot, bare(tmp_path), DIABETES.with_name("diabetes.pt2")) is None
    assert window.document.file.name == "bare.pth"
    assert any("diabetes.pt2" in note for note in window.document.network.notes)
    assert "Connected by" in window.browser.file.toPlainText()


def tokens(folder):
    """An ONNX graph that takes sentences of any length."""
    rng = np.random.default_rng(0)
    table, head = rng.normal(size=(20, 8)).astype("f"), rng.normal(size=(8, 3)).astype("f")
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["vectors"], "/embed/Gather"),
        helper.make_node("ReduceMean", ["vectors"], ["mean"], "/pool/Mean", axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "head"], ["scores"], "/head/MatMul"),
    ]
    graph = helper.make_graph(
        nodes,
        "tokens",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(head, "head")],
    )
    path = folder / "tokens.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_a_size_that_the_file_leaves_open_is_said_and_can_be_chosen(window, qtbot, tmp_path):
    assert opened(window, qtbot, tokens(tmp_path)) is None
    document = window.document
    assert any("16 is taken" in note for note in document.network.notes)
    assert document.network.sizes == (SizeRow("sequence", 16, "axis 1 of “ids”"),)
    assert len(document.table.features) == 16
    question = dialog(window, qtbot, "sizes")
    question.lines["sequence"].setText("5")
    question.ok.click()
    settle(qtbot, window)
    assert document.network.sizes[0].size == 5
    assert len(document.table.features) == 5
    assert document.result is not None
    document.undo_stack.undo()
    settle(qtbot, window)
    assert len(document.table.features) == 16
    assert document.result is not None


def test_sizes_that_nobody_can_guess_are_asked_for(window, qtbot, monkeypatch):
    whole, asked = Engine.open, []

    def unsure(engine, source, table=""):
        asked.append(source.sizes)
        if not source.sizes:
            yield Progress()
            raise NeedsSizes("Nothing tells what its inputs look like.", ("x",))
        return (yield from whole(engine, Source(source.path), table))

    monkeypatch.setattr(Engine, "open", unsure)
    obstacle = opened(window, qtbot, DIABETES)
    assert obstacle.kind == SIZES
    assert obstacle.sizes == (SizeRow("x", ()),)
    qtbot.waitUntil(window.obstacle.buttons["sizes"].isVisible)
    question = dialog(window, qtbot, "sizes")
    question.lines["x"].setText("N × 10")
    question.ok.click()
    settle(qtbot, window)
    assert asked == [(), (("x", (None, 10)),)]
    assert window.document.result is not None
    assert not window.document.undo_stack.canUndo()
