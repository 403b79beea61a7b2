"""Networks of every build in the window's jobs and pictures: each opens, is explained, and is drawn as what it is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

import lrp_engine
from lrp_engine.errors import InputError
from lrp_engine.networks.graphs.operations import KINDS
from lrp_gui.document.files import Source
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest, TableRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.balance import balances, merged
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.layer_charts import facts, layer_charts, summary
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.pictures import Selection, all_pictures, graph_picture, strip_picture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.stages import fold, stage_graph
from tests.gui.networks import CASES, saved


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module", params=CASES)
def opened(request, engine, tmp_path_factory):
    network, table = saved(request.param, tmp_path_factory.mktemp("network"))
    return run_now(engine.open(Source(str(network)), str(table)))


def explained(engine, opened, composite="epsilon", target="max", values=None):
    values = opened.table.values[0] if values is None else values
    return run_now(engine.explain_sample(SampleRequest(opened.network, 0, "1", values, target, composite)))


def painted(picture) -> QImage:
    image = QImage(900, 560, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    painter = QPainter(image)
    picture.draw(painter, QRectF(image.rect()), 1.0)
    painter.end()
    return image


@pytest.mark.parametrize("composite", ["epsilon", "attn_lrp", "gradient"])
def test_every_picture_of_every_network_is_drawn(engine, opened, composite):
    result = explained(engine, opened, composite)
    assert not opened.problem
    assert {layer.kind for layer in opened.network.layers} <= set(KINDS)
    for title, picture in all_pictures(opened.network, result, LIGHT):
        assert not painted(picture).isNull(), title


def test_the_books_balance(engine, opened):
    result = explained(engine, opened)
    given = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sinks = sum(row.bias + row.stabilizer + row.softmax + row.cut for row in result.ledger)
    assert given + sinks == pytest.approx(result.explained, rel=1e-3, abs=1e-5)


def test_a_stage_reads_what_stands_before_it(engine, opened):
    graph = stage_graph(opened.network, explained(engine, opened))
    assert all(graph.stages[b.source].rank < graph.stages[b.reader].rank for b in graph.branches)


def test_tokens_are_whole_numbers_and_one_that_is_unknown_is_named(engine, tmp_path):
    opened = run_now(engine.open(*_paths("tokens", tmp_path)))
    result = explained(engine, opened)
    assert result.inputs["ids"].shape == (6,)
    with pytest.raises(InputError, match=r"token 99 .* “tokens”.* 0 to 19"):
        explained(engine, opened, values=np.full(6, 99.0))


def test_tokens_are_not_cut_to_whole_numbers(engine, tmp_path):
    opened = run_now(engine.open(*_paths("tokens", tmp_path)))
    values = opened.table.values[0].copy()
    values[2] = 3.7
    with pytest.raises(InputError, match=r"x3 is 3\.7, but the input “ids” takes whole numbers"):
        explained(engine, opened, values=values)


def test_the_samples_beside_one_that_is_refused_are_explained(engine, tmp_path):
    opened = run_now(engine.open(*_paths("tokens", tmp_path)))
    values = np.repeat(opened.table.values, 4, axis=0)
    values[7, 2] = 99
    parts = []
    request = TableRequest(opened.network, list(range(len(values))), values, "max", "epsilon")
    run_now(engine.explain_table(request), parts.append)
    refused = {row: why for part in parts for row, why in part.refused.items()}
    assert list(refused) == [7]
    assert "token 99" in refused[7]
    assert sorted(row for part in parts for row in part.rows) == list(range(len(values)))
    assert sum(int(np.isnan(part.outputs).any(axis=1).sum()) for part in parts) == 1


def test_what_makes_a_gate_is_said_to_get_nothing(engine, tmp_path):
    opened = run_now(engine.open(*_paths("gated", tmp_path)))
    result = explained(engine, opened)
    stages = {stage.layer: stage for stage in stage_graph(opened.network, result).stages}
    assert stages["squeeze"].held
    assert not stages["second"].held
    (note,) = layer_charts(opened.network, result, LIGHT, Selection(layer="squeeze"))
    assert "gate" in note.note


def test_what_all_of_a_layer_is_handed_to_is_known_where_the_rest_makes_a_gate(engine, tmp_path):
    opened = run_now(engine.open(*_paths("gated", tmp_path)))
    graph = stage_graph(opened.network, explained(engine, opened))
    assert all(branch.known for branch in graph.branches)


def test_the_other_output_is_named(engine, tmp_path):
    opened = run_now(engine.open(*_paths("two heads", tmp_path)))
    (note,) = [note for note in opened.network.notes if "outputs" in note]
    assert "2 outputs" in note
    assert note in summary(opened.network, explained(engine, opened))


def test_what_was_noted_and_warned_of_is_said(engine, opened):
    result = explained(engine, opened, "epsilon_gamma_box")
    said = summary(opened.network, result)
    assert all(note in said for note in (*result.notes, *result.warnings))


def test_a_gradient_is_never_called_relevance(engine, opened):
    result = explained(engine, opened, "gradient")
    network = opened.network
    assert result.shows == "gradient"
    assert not result.flows
    assert "not relevance" in caption(network, result)
    assert "ΣR" not in caption(network, result)
    graph = graph_picture(network, result, LIGHT)
    assert isinstance(graph, StagePicture)
    assert graph.title.startswith("Gradients")
    painted(graph)
    assert not any("ΣR" in hit.text for _, hit in graph.spots)
    accounts = balances(network, result)
    assert not any(account.sinks[name] for account in accounts for name in account.sinks)
    assert not any(account.alarm or account.rules or "arrived" in account.text() for account in accounts)
    strip = strip_picture(network, result, LIGHT)
    assert "Conservation" not in strip.title
    layer = network.layers[0].path
    headings = [chart.heading for chart in layer_charts(network, result, LIGHT, Selection(layer=layer))]
    assert not any("relevance" in heading or "ΣR" in heading for heading in headings)
    account = next(account for account in accounts if account.layer == layer)
    assert "arrived" not in facts(network, result, account, layer)


def test_what_a_gradient_composite_shows_of_tokens_is_named(engine, tmp_path):
    opened = run_now(engine.open(*_paths("tokens", tmp_path)))
    *_, chart = layer_charts(opened.network, explained(engine, opened, "gradient"), LIGHT, Selection(layer="ids"))
    assert chart.heading == "ids: gradient × vector of each token"
    *_, chart = layer_charts(opened.network, explained(engine, opened), LIGHT, Selection(layer="ids"))
    assert chart.heading == "ids: relevance of the inputs"


def test_the_strip_shows_the_gradient_that_the_box_shows(engine, tmp_path):
    opened = run_now(engine.open(*_paths("gated", tmp_path)))
    result = explained(engine, opened, "gradient")
    columns = {column.layer: column for column in merged(balances(opened.network, result), fold(opened.network)[0])}
    for stage in stage_graph(opened.network, result).stages:
        assert columns[stage.layer].arrived == pytest.approx(float(stage.relevance.sum()), rel=1e-5, abs=1e-6)


def test_neurons_are_drawn_for_relevance_alone(engine, tmp_path):
    opened = run_now(engine.open(*_paths("two heads", tmp_path)))
    assert isinstance(graph_picture(opened.network, explained(engine, opened), LIGHT), NeuronPicture)
    for name, _ in lrp_engine.composite_names():
        result = explained(engine, opened, name)
        shown = graph_picture(opened.network, result, LIGHT)
        assert isinstance(shown, NeuronPicture) == (lrp_engine.Composite.named(name).shows == "relevance")


def _paths(name, folder):
    network, table = saved(name, folder)
    return Source(str(network)), str(table)
