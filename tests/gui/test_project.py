"""Project files: all of the work comes back, and nothing that is damaged, newer or hostile does any harm."""

from __future__ import annotations

import contextlib
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrp_engine.composites import Composite, Entry, Selector
from lrp_engine.errors import FormatError
from lrp_engine.rulebook import Rule
from lrp_gui.document import reference
from lrp_gui.document.document import Document
from lrp_gui.document.files import FileInfo, Source
from lrp_gui.document.results import Feature, InputInfo, NetworkInfo
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable
from lrp_gui.document.table_frozen import FrozenColumn
from lrp_gui.jobs.steps import run_now
from lrp_gui.project import file, schema
from lrp_gui.project.records import file_record, places_of
from lrp_gui.project.schema import ViewsRecord
from lrp_gui.project.snapshot import taken

OLD = Path(__file__).with_name("projects") / "version1.lrpx"
NO_VIEWS = ViewsRecord()
CATEGORIES = ((0.0, "no"), (1.0, "yes"))


@pytest.fixture
def document(qapp):
    features = (
        Feature("age", "years", 48.5, 13.1, 19, 79),
        Feature("smokes", integer=True, categories=CATEGORIES),
        Feature("bmi", low=10),
    )
    values = np.random.default_rng(1).random((12, 3))
    values[2, 1] = np.nan
    extras = [("label", [f"l{n}" for n in range(12)]), ("number", np.arange(12.0))]
    table = InputTable.from_columns(features, values, {(2, 1): "maybe"}, extras, "/somewhere/t.csv")
    source = Source(
        "/somewhere/net.pt", "/somewhere/model.py:Net", sizes=(("x", (None, 3)), ("batch", 4)), trusted="ab"
    )
    network = NetworkInfo("net.pt", "net", (InputInfo("x", (3,), features, True),), (), ("0",), "", (), source)
    document = Document()
    document.open(Contents(network, table, ExplainSettings(), 0, file=FileInfo(source.path, "net", "pt")), "Open net")
    return document


def work_on(document):
    document.edit_cell(0, 0, "oops")
    document.edit_cell(1, 4, "a word")
    document.insert_random(3, 2)
    document.delete_samples([7])
    document.rename_sample(5, "Ann")
    document.set_target("0")
    entry = Entry(Selector(layer="fc*"), Rule("gamma", {"gamma": 0.5}))
    own = Composite("mine", entries=(entry,))
    document.set_rules(ExplainSettings(target="0", composite="mine", own=own, edits=(entry,)), "Rules")
    document.set_reference(reference.make("mean", document))
    document.rename_layer("fc1", "the first")


def saved(document, tmp_path, views=NO_VIEWS):
    path = tmp_path / "work.lrpx"
    run_now(file.saving(str(path), taken(document, views), lambda _path: "f" * 64))
    return path


def everything(table):
    return (
        np.nan_to_num(table.values, nan=-1).tolist(),
        list(table.names),
        table.typed,
        [(extra.name, list(extra.texts)) for extra in table.extras],
        table.problem_counts(),
        table.features,
        table.good_rows().tolist(),
    )


def test_all_of_the_work_comes_back(document, tmp_path):
    work_on(document)
    views = ViewsRecord(scale="layers", browser_tab=1)
    loaded = run_now(file.reading(str(saved(document, tmp_path, views))))
    assert everything(loaded.table) == everything(document.table)
    kept, settings = document.settings, loaded.settings
    assert (settings.target, settings.own, settings.edits) == (kept.target, kept.own, kept.edits)
    assert settings.reference.title == kept.reference.title
    assert np.array_equal(settings.reference.values, kept.reference.values)
    assert loaded.project.labels == (("fc1", "the first"),)
    assert loaded.project.views == views
    source = loaded.project.source
    assert (source.class_name, source.sizes) == ("Net", (("x", (None, 3)), ("batch", 4)))
    assert source.weights.sha256 == "f" * 64


def test_no_consent_to_run_a_program_is_saved(document, tmp_path):
    with zipfile.ZipFile(saved(document, tmp_path)) as archive:
        assert b"trusted" not in archive.read(file.RECORD)


def test_what_only_undo_knows_is_not_saved(document, tmp_path):
    document.rename_sample(4, "a secret")
    document.edit_cell(4, 0, "another secret")
    document.delete_samples([4])
    assert b"secret" not in saved(document, tmp_path).read_bytes()


def test_modified_is_what_differs_from_the_file(document, tmp_path):
    assert not document.modified
    work_on(document)
    assert document.modified
    document.mark_saved()
    assert not document.modified
    document.edit_cell(0, 0, "3")
    assert document.modified
    document.undo()
    assert not document.modified
    document.undo()
    assert document.modified


def test_a_file_of_the_first_version_is_read():
    loaded = run_now(file.reading(str(OLD)))
    assert loaded.project.views.scale == "layers"
    assert loaded.project.version == schema.VERSION
    assert loaded.table.samples == 13
    assert loaded.table.text(0, 0) == "hello"


def test_every_older_version_has_its_way():
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.VERSION))


def changed(path, change):
    """The project with another record in its place, everything else as it was."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(parts[file.RECORD])
    change(record)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(record) if name == file.RECORD else content)
    return path


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda record: record.update(version=99), "newer"),
        (lambda record: record.update(version=0), "never was"),
        (lambda record: record.update(format="odt"), "no project"),
        (lambda record: record.update(surprise=1), "surprise"),
        (lambda record: record["settings"].update(target=7), "target"),
        (lambda record: record["settings"].update(edits=[{"select": {}, "rule": {"name": "nonsense"}}]), "nonsense"),
        (lambda record: record["table"].update(samples=11), "values"),
        (lambda record: record["table"].update(samples=2**39), "values"),
        (lambda record: record["table"].update(next_id=3), "rows"),
        (lambda record: record["table"]["features"].pop(), "values"),
        (lambda record: record["table"]["features"][1].update(categories=9), "smokes"),
        (lambda record: record["table"]["extras"].append("more"), "extra.2"),
        (lambda record: record["settings"].update(reference={"kind": "sample", "row": 500}), "reference"),
        (lambda record: record["settings"].update(reference={"kind": "mean"}), "reference"),
        (lambda record: record["source"]["weights"].update(sha256="../../etc"), "sha256"),
    ],
)
def test_what_is_not_as_it_should_be_is_one_sentence(document, tmp_path, change, word):
    path = changed(saved(document, tmp_path), change)
    with pytest.raises(FormatError) as found:
        run_now(file.reading(str(path)))
    assert word in str(found.value)
    assert "\n" not in str(found.value)


def test_a_cut_off_file_is_one_sentence_wherever_it_is_cut(document, tmp_path):
    path = saved(document, tmp_path)
    whole = path.read_bytes()
    for length in [0, 3, 30, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            run_now(file.reading(str(path)))


def test_flipped_bits_do_no_harm(document, tmp_path):
    work_on(document)
    path = saved(document, tmp_path)
    whole, dice, told = path.read_bytes(), random.Random(3), []
    for _try in range(150):
        damaged = bytearray(whole)
        for _flip in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes(damaged))
        try:
            loaded = run_now(file.reading(str(path)))
        except FormatError as error:
            told.append(str(error))
        else:  # a bit that means nothing, such as one of a date
            assert everything(loaded.table) == everything(document.table)
    assert told
    assert not any("\n" in sentence for sentence in told)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["settings", "table", "source", "features", "target", "edits", "samples", "weights", "path"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_project_or_a_sentence(value):
    text = json.dumps({"format": schema.FORMAT, "version": random.choice([1, 2]), "program": "", "settings": value})
    with contextlib.suppress(FormatError):
        schema.decoded(text.encode(), "any.lrpx")


def test_paths_that_leave_the_archive_are_refused(document, tmp_path):
    path = saved(document, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil", b"")
    with pytest.raises(FormatError, match="leaves the archive"):
        run_now(file.reading(str(path)))


def test_a_full_disk_loses_nothing(document, tmp_path, monkeypatch):
    path = saved(document, tmp_path)
    before = path.read_bytes()
    document.edit_cell(0, 0, "1")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "write_tensors", full)
    with pytest.raises(OSError, match="No space"):
        saved(document, tmp_path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["work.lrpx"]


def test_a_link_stays_one_and_rights_stay_as_they_were(document, tmp_path):
    path = saved(document, tmp_path)
    path.chmod(0o640)
    link = tmp_path / "link.lrpx"
    link.symlink_to(path)
    run_now(file.saving(str(link), taken(document, ViewsRecord()), lambda _path: ""))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_edits_while_a_large_table_is_saved_are_not_in_the_file(document, tmp_path, monkeypatch):
    monkeypatch.setattr("lrp_gui.document.table_frozen.BLOCK_NUMBERS", 6)  # two rows
    before = everything(document.table)
    steps = file.saving(str(tmp_path / "work.lrpx"), taken(document, ViewsRecord()), lambda _path: "")
    next(steps)
    next(steps)
    document.edit_cell(11, 0, "1")
    document.delete_samples([9])
    document.insert_random(2, 3)
    run_now(steps)
    assert everything(run_now(file.reading(str(tmp_path / "work.lrpx"))).table) == before


def test_a_frozen_column_copies_only_what_is_written(document):
    column = FrozenColumn(np.zeros((1 << 18, 2)))
    column.before_write(np.array([5]))
    assert sum(block.nbytes for block in column._saved.values()) < 2**21


def test_freezing_a_table_copies_nothing_and_what_moves_all_of_it_does_not_wait_for_the_reader(document):
    table = document.table
    frozen = table.freeze()
    columns = (frozen.values, frozen.row_ids, *(column for _name, column in frozen.extras))
    now = (table.values, table.ids, *(extra.cells for extra in table.extras))
    assert all(np.shares_memory(column._data, data) for column, data in zip(columns, now, strict=True))
    assert not table.gives(np.array([1]))  # the worker takes it out, of a copy
    before, copy = table.values.copy(), table.copy()
    copy.remove(np.array([1]))
    table.become(copy)
    assert not any(column._saved for column in columns)
    table.extras[0].write(np.array([0]), ["another"])
    table.set_text(0, 0, "7")
    assert np.array_equal(np.concatenate(list(frozen.values.blocks())), before, equal_nan=True)
    assert len(frozen.extras[0][1].whole()) == len(frozen.ids) == len(before)
    assert frozen.extras[0][1].whole()[0] != "another"
    assert table.gives(np.array([1]))


def test_a_file_is_found_also_when_the_folder_that_leads_to_it_has_gone(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"x")
    journal = tmp_path / "journal" / "1"
    journal.mkdir(parents=True)
    record = file_record(str(tmp_path / "weights.pth"), journal, lambda _path: "")
    assert record.relative.startswith("..")
    journal.rmdir()
    assert next(iter(places_of(record, journal))) == tmp_path / "weights.pth"
