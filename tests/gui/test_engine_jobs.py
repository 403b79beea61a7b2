"""The engine's jobs without a thread: what they hand to the window is what the engine found."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from lrp_engine.errors import CompositeError, TargetError
from lrp_gui.document.files import Source
from lrp_gui.document.predicting import leading_output, prediction
from lrp_gui.document.results import Feature, InputInfo, NetworkInfo
from lrp_gui.jobs import engine as engine_jobs
from lrp_gui.jobs.convert import viewable_flows
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.opening import features_of
from lrp_gui.jobs.requests import SampleRequest, TableRequest
from lrp_gui.jobs.steps import Progress, run_now
from lrp_gui.settings import EXAMPLES

PATHS = {one.name: str(one.path()) for one in EXAMPLES}


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module", params=PATHS)
def opened(request, engine):
    return run_now(engine.open(Source(PATHS[request.param])))


def sample(opened, row=0, target="max", composite="epsilon_plus"):
    return SampleRequest(opened.network, row, str(row + 1), opened.table.values[row], target, composite)


def table(opened, rows, target="max"):
    return TableRequest(opened.network, rows, opened.table.values[rows], target, "epsilon_plus")


def test_a_network_is_described_by_plain_values(opened):
    network = opened.network
    assert network.layers
    assert {source for layer in network.layers for source in layer.sources} <= {
        *(layer.path for layer in network.layers),
        *(one.name for one in network.inputs),
    }
    assert len(features_of(network)) == opened.table.values.shape[1]


def test_layers_and_flows_agree_with_each_other(engine, opened):
    result = run_now(engine.explain_sample(sample(opened)))
    for path, flow in result.flows.items():
        relevance = result.layers[path].relevance.ravel()
        below = result.inputs.get(flow.source)
        below = result.layers[flow.source].relevance if below is None else below
        assert flow.matrix.shape == (relevance.size, below.size)
        assert flow.matrix.sum(0) == pytest.approx(below.ravel(), rel=1e-4, abs=1e-5)
    assert set(result.flows) == set(viewable_flows(opened.network, "epsilon_plus"))


def test_what_the_network_sees_is_standardised(engine, opened):
    result = run_now(engine.explain_sample(sample(opened, row=5)))
    (values,) = result.values.values()
    features = features_of(opened.network)
    wanted = [(v - f.mean) / f.scale for v, f in zip(opened.table.values[5], features, strict=True)]
    assert values.ravel() == pytest.approx(wanted, rel=1e-5)


def test_the_table_in_chunks_is_the_samples_one_by_one(engine, opened, monkeypatch):
    monkeypatch.setattr(engine_jobs, "FIRST_CHUNK", 3)
    monkeypatch.setattr(engine_jobs, "LARGEST_CHUNK", 5)
    rows, parts = [9, 3, 20, 21, 22, 1, 2, 40], []
    run_now(engine.explain_table(table(opened, rows)), parts.append)
    assert np.concatenate([part.rows for part in parts]).tolist() == rows
    assert max(len(part.rows) for part in parts) <= 5
    for part in parts:
        for place, row in enumerate(part.rows):
            result = run_now(engine.explain_sample(sample(opened, row)))
            assert part.explained[place] == pytest.approx(result.explained, rel=1e-4)
            assert part.outputs[place] == pytest.approx(result.outputs, rel=1e-4, abs=1e-5)
            relevance = np.concatenate([one.ravel() for one in result.inputs.values()])
            assert part.relevance[place] == pytest.approx(relevance, rel=1e-3, abs=1e-4)


def test_progress_counts_the_tables_rows(engine, opened):
    steps = [step for step in engine.explain_table(table(opened, list(range(70)))) if isinstance(step, Progress)]
    assert steps[-1] == Progress(70, 70)
    assert all(0 <= step.done <= 70 for step in steps if step.total == 70)


def test_what_cannot_be_explained_is_the_engines_own_error(engine, opened):
    with pytest.raises(TargetError):
        run_now(engine.explain_sample(sample(opened, target="4711")))
    with pytest.raises(CompositeError):
        run_now(engine.explain_sample(sample(opened, composite="no such")))


def test_a_network_that_was_let_go_is_read_again(engine, tmp_path):
    opened = []
    for number in range(engine_jobs.NETWORKS_KEPT + 1):
        folder = tmp_path / str(number)
        shutil.copytree(EXAMPLES[0].path().parent, folder)
        opened.append(run_now(engine.open(Source(str(folder / "model_weights.pth")))))
    results = [run_now(engine.explain_sample(sample(one))).explained for one in opened]
    assert len(set(results)) == 1
    assert len(engine._networks) == engine_jobs.NETWORKS_KEPT


def network_with(outputs, activation):
    one = InputInfo("x", (1,), (Feature("x1"),), named=False)
    return NetworkInfo("", "", (one,), (), outputs, activation, ())


@pytest.mark.parametrize(
    ("names", "activation", "outputs", "leading", "says"),
    [
        (("ill",), "sigmoid", [0.7], 0.7, "ill"),
        (("ill",), "sigmoid", [0.3], 0.3, "not ill"),
        (("a", "b", "c"), "softmax", [0.1, 0.7, 0.2], 0.7, "b"),
        (("a", "b", "c"), "sigmoid", [0.6, 0.4, 0.9], 0.9, "a, c"),
        (("a", "b"), "sigmoid", [0.1, 0.2], 0.2, "none"),
        (("0",), "", [3.5], 3.5, ""),
        (("a", "b"), "", [np.nan, np.nan], np.nan, ""),
    ],
)
def test_a_prediction_is_said_in_the_words_of_the_classes(names, activation, outputs, leading, says):
    outputs = np.array(outputs)
    assert prediction(network_with(names, activation), outputs) == says
    assert leading_output(outputs) == pytest.approx(leading, nan_ok=True)
