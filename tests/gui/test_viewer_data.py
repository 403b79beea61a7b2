"""What the pictures are made of: sets, columns, stages and balances whose sums close."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrp_gui.document.results import Flow, NodeInfo
from lrp_gui.document.words import percent, signed
from lrp_gui.viewer.balance import balances
from lrp_gui.viewer.neuron_layout import OTHER, lay_out
from lrp_gui.viewer.neurons import Visibility, neuron_graph
from lrp_gui.viewer.stages import stage_graph
from lrp_gui.viewer.visible import smallest_set
from tests.gui import fakes

floats = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(arrays(float, st.integers(1, 40), elements=floats), st.floats(0.01, 1.0))
def test_the_visible_set_is_the_smallest_that_reaches_its_share(values, share):
    picked = smallest_set(values, share)
    total = np.abs(values).sum()
    assert len(set(picked)) == len(picked)
    if total == 0:
        assert picked.size == 0
        return
    held = np.abs(values[picked])
    assert held.sum() >= share * total * (1 - 1e-9)
    # Without its weakest member it would no longer reach.
    assert held.sum() - held.min() < share * total or picked.size == 1


def test_what_is_no_number_is_never_visible():
    assert 1 not in smallest_set(np.array([1.0, np.nan, 2.0, np.inf]), 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0293, "+0.0293"), (-0.165, "−0.165"), (0.0, "0"), (12345.6, "+12346"), (3.2e-7, "+3.20e-07"), (1.5, "+1.50")],
)
def test_relevance_is_written_with_its_sign(value, text):
    assert signed(value) == text


@pytest.mark.parametrize(("part", "text"), [(0.66, "66 %"), (1.0, "100 %"), (0.9999, "> 99.9 %"), (0.0, "0 %")])
def test_a_share_is_never_rounded_up_to_all(part, text):
    assert percent(part) == text


def test_an_mlp_becomes_columns_of_its_dense_layers():
    network, result = fakes.mlp_result()
    graph = neuron_graph(network, result)
    assert [column.members for column in graph.columns] == [
        ("x",),
        ("fc1", "relu"),
        ("fc2", "relu_1"),
        ("fc3", "sigmoid"),
    ]
    assert [gap.matrix.shape for gap in graph.gaps] == [(32, 10), (16, 32), (1, 16)]
    assert len(graph.columns[0].shown) == 10, "inputs never hide"
    assert len(graph.columns[-1].shown) == 1


def test_hidden_units_are_the_fewest_that_hold_the_share():
    network, result = fakes.mlp_result()
    for share in (0.5, 0.8, 0.95):
        graph = neuron_graph(network, result, Visibility(units=share))
        for column in graph.columns[1:-1]:
            held = np.abs(column.relevance[column.shown]).sum()
            assert held >= share * np.abs(column.relevance).sum()


def test_the_count_of_edges_and_their_share_are_true():
    network, result = fakes.mlp_result()
    graph = neuron_graph(network, result)
    drawn, total = graph.edge_count
    assert total == 10 * 32 + 32 * 16 + 16
    assert drawn == sum(len(gap.edges) for gap in graph.gaps)
    everything = sum(np.abs(flow.matrix).sum() for flow in result.flows.values())
    held = sum(np.abs(gap.matrix[tuple(gap.edges.T)]).sum() for gap in graph.gaps)
    assert graph.carried == pytest.approx(held / everything)
    full = neuron_graph(network, result, Visibility(1.0, 1.0))
    assert full.carried == pytest.approx(1.0)


def test_the_strongest_path_follows_the_strongest_edge_and_is_always_drawn():
    network, result = fakes.mlp_result()
    graph = neuron_graph(network, result, Visibility(0.05, 0.05))
    path = graph.path()
    for n in range(len(graph.gaps), 0, -1):
        assert path[n - 1] == np.argmax(np.abs(graph.gaps[n - 1].matrix[path[n]]))
    assert graph.shows(path)
    weakest = int(np.argmin(np.abs(graph.columns[1].relevance)))
    chosen = neuron_graph(network, result, Visibility(0.05, 0.05), chosen=("fc1", weakest))
    assert weakest in chosen.columns[1].shown


@pytest.mark.parametrize("barycentre", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.8, 1.0])
def test_the_stacks_of_ribbons_close_with_the_flow_matrices(share, barycentre):
    network, result = fakes.mlp_result()
    graph = neuron_graph(network, result, Visibility(share, share), barycentre)
    layout = lay_out(graph, 100, 900, 40, 500)
    for n, gap in enumerate(graph.gaps):
        for unit in map(int, graph.columns[n + 1].shown):
            ribbons = sum(r.width for r in layout.ribbons if r.gap == n and r.right == unit)
            stubs = sum(s.width for s in layout.stubs if (s.column, s.side, s.unit) == (n + 1, -1, unit))
            whole = np.abs(gap.matrix[unit]).sum() * layout.per_relevance
            assert ribbons + stubs == pytest.approx(whole, abs=0.151)
        for unit in map(int, graph.columns[n].shown):
            ribbons = sum(r.width for r in layout.ribbons if r.gap == n and r.left == unit)
            stubs = sum(s.width for s in layout.stubs if (s.column, s.side, s.unit) == (n, 1, unit))
            whole = np.abs(gap.matrix[:, unit]).sum() * layout.per_relevance
            assert ribbons + stubs == pytest.approx(whole, abs=0.151)
        everything = sum(r.width for r in layout.ribbons if r.gap == n)
        assert everything <= np.abs(gap.matrix).sum() * layout.per_relevance + 1e-9


@pytest.mark.parametrize("sizes", [(10, 32, 16, 1), (1, 1), (3, 500, 4), (600, 5, 2)])
def test_circles_stay_inside_and_apart(sizes):
    network, result = fakes.mlp_result(sizes, name="any")
    layout = lay_out(neuron_graph(network, result), 100, 900, 40, 500)
    for column in layout.places:
        spans = [(place.y - place.height / 2, place.y + place.height / 2) for place in column.values()]
        assert min(top for top, _ in spans) >= 40 - 1e-6
        assert max(bottom for _, bottom in spans) <= 500 + 1e-6
        for (_, bottom), (top, _) in pairwise(spans):
            assert top >= bottom - 1e-6
    if sizes == (3, 500, 4):
        assert OTHER in layout.places[1]


def test_a_network_whose_edges_are_not_all_known_is_no_neuron_graph():
    network, result = fakes.cnn_result()
    assert neuron_graph(network, result) is None
    network, result = fakes.mlp_result()
    assert neuron_graph(network, replace(result, flows={})) is None
    odd = result.flows | {"fc2": Flow("relu", np.zeros((16, 31)))}
    assert neuron_graph(network, replace(result, flows=odd)) is None


def test_every_balance_closes_and_adds_up_along_the_network():
    for network, result in (fakes.mlp_result(), fakes.cnn_result()):
        accounts = balances(network, result)
        assert [account.layer for account in accounts][1:] == [layer.path for layer in network.layers]
        for account in accounts:
            parts = account.passed_on + sum(account.sinks.values())
            assert account.arrived == pytest.approx(parts, abs=1e-12)
        absorbed = sum(sum(account.sinks.values()) for account in accounts)
        reached = sum(value.sum() for value in result.inputs.values())
        assert reached + absorbed == pytest.approx(result.explained, rel=1e-9)


def test_absorption_and_cancellation_raise_an_alarm_with_advice():
    network, result = fakes.mlp_result()
    rows = list(result.ledger)
    rows[1] = replace(rows[1], bias=rows[1].bias + 0.5 * result.explained)
    large = {a.layer: a.alarm for a in balances(network, replace(result, ledger=tuple(rows)))}
    assert "bias absorbed" in large["fc3"]
    assert "no input stands for that part" in large["fc3"]
    small = {a.layer: a.alarm for a in balances(network, replace(result, explained=result.explained / 1000))}
    assert "cancel" in small["fc1"]
    broken = {a.layer: a for a in balances(network, fakes.with_nan(result, "fc2"))}
    assert broken["fc2"].broken
    assert "no numbers" in broken["fc2"].alarm


def test_layers_that_are_computed_as_one_share_a_stage():
    network, result = fakes.cnn_result()
    graph = stage_graph(network, result)
    names = {stage.layer: stage for stage in graph.stages}
    assert names["conv1"].name == "conv1 + bn1"
    assert names["conv1"].members == ("conv1", "bn1", "relu1")
    assert graph.stage_of("bn1") == graph.stage_of("conv1")
    assert [stage.rank for stage in graph.stages] == [0, 1, 2, 3, 4, 5, 6]


def test_the_branches_of_a_residual_block_close_with_its_source():
    network, result = fakes.cnn_result()
    layers = [replace(one, nodes=(NodeInfo(one.path, one.operation, one.kind, one.shape),)) for one in network.layers]
    graph = stage_graph(replace(network, layers=tuple(layers)), result)
    source = graph.stage_of("conv1")
    branches = [branch for branch in graph.branches if branch.source == source]
    assert len(branches) == 2
    assert all(branch.known for branch in branches)
    whole = result.layers["conv1"].relevance.sum()
    assert sum(branch.positive + branch.negative for branch in branches) == pytest.approx(whole)


def test_stages_without_a_result_show_the_shape_of_the_network():
    network, _ = fakes.cnn_result()
    graph = stage_graph(network, None)
    assert len(graph.stages) == 7
    assert not any(branch.known for branch in graph.branches)
