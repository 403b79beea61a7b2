"""Features that a network does not name are called as the table heads them, everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrp_gui.document.called import as_in_table
from lrp_gui.document.document import Document
from lrp_gui.document.opening import opened_and_made, read_and_made
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import fresh_table
from lrp_gui.jobs.opening import features_of
from lrp_gui.jobs.requests import Opened, TableData
from lrp_gui.jobs.steps import run_now
from tests.gui import fakes


@pytest.fixture
def unnamed():
    """The example's network, as it were without names of its own."""
    network, _ = fakes.mlp_result()
    (one,) = network.inputs
    numbered = tuple(replace(feature, name=f"x{n + 1}") for n, feature in enumerate(one.features))
    return replace(network, inputs=(replace(one, features=numbered, named=False),))


def test_the_table_names_what_the_network_does_not(unnamed):
    headed = fresh_table([replace(feature, name=f"column {n}") for n, feature in enumerate(features_of(unnamed))])
    (one,) = as_in_table(unnamed, headed).inputs
    assert [feature.name for feature in one.features[:2]] == ["column 0", "column 1"]
    assert not one.named
    assert as_in_table(unnamed, fresh_table(features_of(unnamed))) is unnamed
    assert as_in_table(unnamed, None) is unnamed
    named = replace(unnamed, inputs=tuple(replace(one, named=True) for one in unnamed.inputs))
    assert as_in_table(named, headed) is named


def test_it_stays_the_same_network_until_there_is_another_table(qapp, unnamed):
    document = Document()
    assert document.called is None
    headed = fresh_table([replace(feature, name=f"column {n}") for n, feature in enumerate(features_of(unnamed))])
    document.open(Contents(unnamed, headed, ExplainSettings(), 0), "open")
    called = document.called
    assert called is document.called
    assert called.inputs[0].features[0].name == "column 0"


def test_names_of_a_table_are_found_by_the_worker_and_kept_for_the_window(qapp, unnamed, monkeypatch):
    features = tuple(replace(feature, name=f"column {n}") for n, feature in enumerate(features_of(unnamed)))
    data = TableData("", np.zeros((1, len(features))), {}, (), (), (), features)
    given, read = run_now(read_and_made(unnamed, steps(data)))
    opened, kept = run_now(opened_and_made(steps(Opened(unnamed, data)))), fresh_table(features)
    run_now(opened_and_made(steps(Opened(replace(unnamed, name="other"))), kept))
    assert given is data
    monkeypatch.setattr("lrp_gui.document.called._headed", None)  # who asks again would fail
    document = Document()
    for table in (read, opened[1]):
        document.open(Contents(unnamed, table, ExplainSettings(), 0), "open")
        assert document.called.inputs[0].features[1].name == "column 1"
    (network, called), *rest = kept.called
    assert not rest
    assert as_in_table(network, kept) is called
    assert called.inputs[0].features[0].name == "column 0"


def steps(value):
    """A job that is done at once."""
    yield from ()
    return value
