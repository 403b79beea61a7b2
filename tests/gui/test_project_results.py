"""Results in a project, where somebody wants them: shown at once when it is opened, and never for anything else."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from lrp_gui.jobs.steps import run_now
from lrp_gui.project import file, results
from lrp_gui.project.schema import decoded, encoded
from tests.gui.example import DIABETES, settle


@pytest.fixture
def kept(window, qtbot, tmp_path):
    """A project that keeps its results, beside a copy of its weights."""
    folder = tmp_path / "study"
    shutil.copytree(DIABETES.parent, folder)
    window.opener.open([str(folder / DIABETES.name)])
    settle(qtbot, window)
    window.document.edit_cell(0, 2, "45")
    window.document.select_sample(5)
    settle(qtbot, window)
    window.actions_["keep_results"].trigger()
    path = folder / "study.lrpx"
    window.session.save_as(str(path))
    settle(qtbot, window)
    return path


def same(one, other):
    assert one.layers.keys() == other.layers.keys()
    for path, layer in one.layers.items():
        assert np.array_equal(layer.relevance, other.layers[path].relevance)
        assert np.array_equal(layer.activation, other.layers[path].activation)
    for kind in ("inputs", "values"):
        pairs = [(array, getattr(other, kind)[name]) for name, array in getattr(one, kind).items()]
        assert all(np.array_equal(*pair) for pair in pairs)
    assert np.array_equal(one.outputs, other.outputs)
    assert (one.explained, one.ledger, one.shares, one.notes) == (
        *(other.explained, other.ledger, other.shares, other.notes),
    )


def test_results_are_shown_as_saved_until_they_are_explained_again(window, kept, qtbot, monkeypatch):
    document, before, numbers = window.document, window.document.result, window.document.table_result
    window.session.begin_new()
    # It takes long to be explained: not before somebody says so.
    run = window.explainer.run
    monkeypatch.setattr(window.explainer, "run", lambda: None)
    window.explainer._start.timeout.disconnect()
    window.opener.open([str(kept)])
    qtbot.waitUntil(lambda: document.result is not None, timeout=20000)
    same(document.result, before)
    assert "epsilon_plus, as saved on" in document.result.how
    assert np.array_equal(document.table_result.relevance, numbers.relevance)
    assert np.array_equal(document.table_result.outputs, numbers.outputs)
    assert not document.modified
    run()
    settle(qtbot, window)
    assert document.result.how == before.how


def test_an_edit_just_before_takes_nothing_from_the_results_of_the_project_opened(window, kept, qtbot, monkeypatch):
    """What is taken away some moments after an edit is of the table that was edited, not of the next one."""
    document, numbers = window.document, window.document.table_result.relevance.copy()
    window.explainer._blank.stop()
    window.explainer._start.timeout.disconnect()
    monkeypatch.setattr("lrp_gui.document.explaining.BLANK_MS", 60000)
    document.edit_cell(0, 2, "46")
    document.undo_stack.undo()
    assert window.explainer._blank.isActive()
    window.opener.open([str(kept)])
    qtbot.waitUntil(lambda: document.result is not None and "as saved on" in document.result.how, timeout=20000)
    assert not window.explainer._blank.isActive()
    assert np.array_equal(document.table_result.relevance, numbers)


def loaded(path):
    return run_now(file.reading(str(path))).results


def rewritten(path, change):
    """The same project with another text or bytes of one of its members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    other = path.with_name("other.lrpx")
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))
    return other


def test_what_something_else_made_is_not_shown(window, kept, qtbot):
    assert loaded(kept) is not None

    def with_target(name, content):
        if name != file.RECORD:
            return content
        project = decoded(content, name)
        project.settings.target = "0"
        return encoded(project)

    assert loaded(rewritten(kept, with_target)) is None
    half = rewritten(kept, lambda name, content: content[:-8] if name == file.RESULT_NUMBERS else content)
    assert loaded(half) is None  # left out, and the rest of the project is read
    # Without the check, and of what is out of date, nothing is kept.
    assert results.gathered(window.document, "now", complete=False).table is None
    window.document.put_result(None)
    assert results.gathered(window.document, "now", complete=False) is None
    window.actions_["keep_results"].trigger()
    window.session.save()
    settle(qtbot, window)
    assert loaded(kept) is None


def test_weights_that_changed_bring_no_old_results(window, kept, qtbot):
    window.session.begin_new()
    given = []
    window.session.astray.connect(lambda sought, loaded: given.append((sought, loaded)))
    weights = kept.with_name(DIABETES.name)
    weights.write_bytes(weights.read_bytes() + b"\0")
    window.session.open(str(kept))
    qtbot.waitUntil(lambda: bool(given), timeout=20000)
    assert given[0][1].results is not None
    window.session.go_on(*given[0])
    assert window.session._waiting_results is None
