"""What arrives at nodes: at an input whose node has another name than itself, and where some is no number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lrp_gui.document.files import Source
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.more import node_sums
from lrp_gui.jobs.operations import operations_of
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.viewer.operations.amounts import amounts_of
from tests.gui.networks import saved


class Residual(torch.nn.Module):
    """Reads its input twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 2)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - as torch's own modules call it
        """Around and through."""
        return self.head(input + self.inner(input))


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("names")
    program = torch.export.export(
        Residual().eval(), (torch.randn(3, 4),), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False
    )
    torch.export.save(program, folder / "net.pt2")
    (folder / "t.csv").write_text("a,b,c,d\n0.5,-1,2,0.25\n")
    engine = Engine()
    opened = run_now(engine.open(Source(str(folder / "net.pt2")), str(folder / "t.csv")))
    request = SampleRequest(opened.network, 0, "1", opened.table.values[0], "max", "epsilon")
    graph = operations_of(run_now(engine._network(opened.network.source)))
    return opened.network, run_now(engine.explain_sample(request)), run_now(engine.more("nodes", request)), graph


def test_what_arrives_at_the_input_stands_in_its_box(explained):
    network, result, sums, graph = explained
    amounts = amounts_of(graph, network, result, sums)
    relevance = result.inputs["input"]
    wanted = relevance[relevance > 0].sum(), relevance[relevance < 0].sum()
    assert np.abs(relevance).sum() > 0
    assert amounts.nodes[graph.names.index("input")] == pytest.approx(wanted, rel=1e-5, abs=1e-7)


def test_what_it_gets_on_each_way_is_told(explained):
    network, result, sums, graph = explained
    edges = amounts_of(graph, network, result, sums).edges[graph.edges[:, 0] == graph.names.index("input")]
    assert len(edges) == 2
    assert np.isfinite(edges).all()
    assert edges.any(axis=1).all()
    assert edges.sum() == pytest.approx(float(result.inputs["input"].sum()), rel=1e-4)


def test_where_some_is_no_number_there_is_no_sum():
    def explain(keep):
        assert keep == "nodes"
        return SimpleNamespace(nodes={"bad": torch.tensor([1.0, torch.nan]), "good": torch.tensor([1.0, -2.0])})
        yield

    network = SimpleNamespace(graph=SimpleNamespace(nodes=[]))
    found = run_now(node_sums(network, SimpleNamespace(sample="1"), explain))  # type: ignore[arg-type]
    assert np.isnan([found["bad"].positive, found["bad"].negative]).all()
    assert (found["good"].positive, found["good"].negative) == (1.0, -2.0)


def test_what_a_recurrent_layer_reads_step_by_step_is_told_as_that(tmp_path):
    network, table = saved("recurrent", tmp_path)
    (one,) = run_now(Engine().open(Source(str(network)), str(table))).network.inputs
    assert (one.shape, one.time, one.headed) == ((5, 3), 0, False)
