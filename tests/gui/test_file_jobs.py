"""The jobs about files without a thread: what is taken for what, what fits, and where something does not."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from lrp_engine.errors import FormatError, UntrustedFile
from lrp_gui.document.files import ARCHITECTURE, CONSENT, REFUSED, RUNS, Source
from lrp_gui.jobs import browsing, connecting, json_lines
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.steps import Cancelled, Progress, here, report, run_now
from tests.gui.example import DIABETES, DIGITS, TABLE
from tests.gui.opening import ARCHITECTURE as DESCRIBED
from tests.gui.opening import architecture_text, bare, hostile, program


def browse(*paths, **options):
    return run_now(browsing.browse([str(path) for path in paths], **options))


# ------------------------------------------------------------------------------------------- which is what


def test_a_file_tells_what_it_holds_without_torch_having_to_run_it():
    file = browse(DIABETES).file
    assert (file.name, file.status) == ("model_weights.pth", RUNS)
    assert "architecture.json" in file.need
    assert [row.name for row in file.tensors][:2] == ["fc1.weight", "fc1.bias"]
    assert file.tensors[0].shape == (32, 10)
    assert file.nbytes == DIABETES.stat().st_size


def test_an_exported_program_has_a_graph():
    file = browse(DIGITS).file
    assert file.status == RUNS
    assert file.nodes > 5


def test_bare_weights_need_to_be_connected(tmp_path):
    file = browse(bare(tmp_path)).file
    assert file.status == ARCHITECTURE
    assert "connected" in file.need


def test_weights_with_an_architecture_run(tmp_path):
    browsed = browse(bare(tmp_path), DESCRIBED, TABLE)
    assert browsed.file.status == RUNS
    assert browsed.source == Source(str(tmp_path / "bare.pth"), str(DESCRIBED))
    assert browsed.table == str(TABLE)
    assert browsed.left_out == ()


def test_weights_with_a_graph_of_another_file_run_whichever_comes_first(tmp_path):
    weights = bare(tmp_path)
    for paths in ((weights, DIGITS), (DIGITS, weights)):
        browsed = browse(*paths)
        assert browsed.source == Source(str(weights), str(DIGITS))
        assert browsed.file.status == RUNS


def test_weights_with_a_program_ask_for_consent_and_run_nothing(tmp_path):
    path, mark = program(tmp_path)
    browsed = browse(bare(tmp_path), path)
    assert browsed.file.status == CONSENT
    assert browsed.source.trusted == ""
    assert "model.py" in browsed.file.need
    assert not mark.exists()


def test_consent_is_for_exactly_this_content(tmp_path):
    path, _mark = program(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    weights = bare(tmp_path)
    assert browse(weights, path, consents={digest}).source.trusted == digest
    assert browse(weights, path, trust=True).source.trusted == digest
    path.write_text(path.read_text() + "# changed\n")
    assert browse(weights, path, consents={digest}).source.trusted == ""


def test_a_program_that_changed_since_it_was_trusted_does_not_run(tmp_path):
    path, mark = program(tmp_path)
    source = Source(str(bare(tmp_path)), str(path), trusted="0" * 64)
    with pytest.raises(UntrustedFile, match="has changed"):
        run_now(Engine().open(source))
    assert not mark.exists()


def test_a_hostile_file_is_refused_and_says_what_it_would_have_called(tmp_path):
    path, mark = hostile(tmp_path)
    file = browse(path).file
    assert file.status == REFUSED
    assert {call.rpartition(".")[2] for call in file.calls} == {"system", "eval"}
    assert file.tensors == ()
    assert not mark.exists()


def test_what_is_left_over_is_said(tmp_path):
    browsed = browse(bare(tmp_path), DESCRIBED, shutil.copy(DESCRIBED, tmp_path / "second.json"), TABLE, DIABETES)
    (sentence,) = browsed.left_out
    assert "model_weights.pth" in sentence
    assert "second.json" in sentence
    assert "were left out" in sentence


def test_a_broken_file_beside_a_good_one_is_said(tmp_path):
    broken = tmp_path / "notes.bin"
    broken.write_text("these are no weights")
    browsed = browse(DIABETES, broken)
    assert browsed.file.name == "model_weights.pth"
    assert "notes.bin" in browsed.left_out[0]


def test_only_broken_files_are_an_error(tmp_path):
    broken = tmp_path / "notes.bin"
    broken.write_text("these are no weights")
    with pytest.raises(FormatError, match=r"notes\.bin"):
        browse(broken)
    with pytest.raises(FormatError, match=r"notes\.bin.*gone\.pt"):
        browse(broken, tmp_path / "gone.pt")


def sharded(folder):
    parts = {"a.safetensors": {"fc.weight": torch.randn(2, 3)}, "b.safetensors": {"fc.bias": torch.randn(2)}}
    for name, tensors in parts.items():
        save_file(tensors, folder / name)
    names = {tensor: name for name, tensors in parts.items() for tensor in tensors}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": names}))
    return index


def test_shards_are_one_file_alone_or_given_with_their_parts(tmp_path):
    index = sharded(tmp_path)
    for paths in ((index,), (tmp_path / "a.safetensors", index, tmp_path / "b.safetensors")):
        browsed = browse(*paths)
        assert browsed.file.path == str(index)
        assert {row.name for row in browsed.file.tensors} == {"fc.weight", "fc.bias"}
        assert len(browsed.file.files) == 3
        assert browsed.left_out == ()


# ------------------------------------------------------------------------------------------- what fits


def check(text):
    return run_now(connecting.check(str(DIABETES), text))


def test_an_architecture_that_fits_says_so():
    outcome = check(architecture_text())
    assert outcome.fits
    assert outcome.sentence == "It fits: all 6 tensors are used."


def test_everything_that_does_not_fit_is_said_with_its_line():
    def change(one):
        one["layers"][0]["parameters"]["out_features"] = 33
        one["layers"][2]["type"] = "Linnear"

    text = architecture_text(change=change)
    outcome = check(text)
    assert not outcome.fits
    first = outcome.misfits[0]
    assert "33" in first.sentence
    assert '"fc1"' in text.splitlines()[first.line - 1]
    unknown = next(one for one in outcome.misfits if "Linnear" in one.sentence)
    assert '"fc2"' in text.splitlines()[unknown.line - 1]


def test_tensors_that_are_left_over_are_named():
    def change(one):
        del one["layers"][3:]
        one["outputs"] = []

    outcome = check(architecture_text(change=change))
    assert outcome.fits
    assert outcome.unused == ("fc3.weight (1×16)", "fc3.bias (1)")
    assert outcome.sentence == "It fits; 2 of 6 tensors are left unused."


def test_names_of_classes_and_features_are_counted():
    def change(one):
        one["outputs"][0]["classes"] = ["ill", "well"]
        one["inputs"][0]["features"].pop()

    outcome = check(architecture_text(change=change))
    assert any("9 features" in one.sentence for one in outcome.misfits)
    assert any("2 class names" in one.sentence for one in outcome.misfits)
    assert all(one.line for one in outcome.misfits)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "version": 1,\n "layers" [\n', 3),
        ('{\n "version": 1,\n "inputs": [],\n "layers": [{\n  "name": 3, "type": "ReLU"}]\n}', 5),
        ('{\n "version": 1,\n "inputs": [', 3),
        ('{\n "version": 1,\n "wrong": 1,\n "inputs": [],\n "layers": []\n}', 0),
        ("", 1),
    ],
)
def test_text_that_is_no_architecture_says_where(text, line):
    outcome = check(text)
    assert not outcome.fits
    assert outcome.misfits[0].line == line
    assert "\n" not in outcome.misfits[0].sentence


def test_weights_that_have_gone_are_said(tmp_path):
    outcome = run_now(connecting.check(str(tmp_path / "gone.pth"), architecture_text()))
    assert "gone.pth" in outcome.misfits[0].sentence


def test_lines_are_found_by_keys_and_places():
    text = '{\n"a": [1,\n {"b": "x:{", "c":\n[2]}],\n"d": null}'
    found = json_lines.lines(text)
    assert found[()] == 1
    assert found["a", 0] == 2
    assert found["a", 1, "b"] == 3
    assert found["a", 1, "c", 0] == 4
    assert found[("d",)] == 5
    assert json_lines.line_of(text, ("a", 1, "nobody", 3)) == 3
    assert json_lines.line_of(text, ("nobody",)) == 0


# ------------------------------------------------------------------------------------------- consent


def test_before_consent_one_reads_what_would_run_and_nothing_does(tmp_path):
    path, mark = program(tmp_path)
    consent = run_now(connecting.consent(Source(str(bare(tmp_path)), str(path))))
    assert consent.path == str(path)
    assert consent.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert consent.nbytes == path.stat().st_size
    assert "rights" in consent.meaning
    assert not mark.exists()


def test_a_class_may_be_named_behind_the_program():
    assert browsing.program_of(Source("/w.pth", "/code/model.py:Net")) == "/code/model.py"
    assert browsing.program_of(Source("/w.pth", "/code/model.py")) == "/code/model.py"
    assert browsing.program_of(Source("/w.pt", "")) == "/w.pt"
    assert browsing.program_of(Source("w.pt", r"C:\code\model.py:Net")) == r"C:\code\model.py"
    assert browsing.program_of(Source("w.pt", r"C:\code\model.py")) == r"C:\code\model.py"
    assert browsing.program_of(Source("/w.pt", "/a/graph.onnx")) == "/w.pt"


# ------------------------------------------------------------------------------------------- long calls


def test_a_long_call_reports_to_whoever_listens_and_lets_itself_be_stopped():
    heard = []
    here.listener = heard.append
    try:
        report(1, 3, "on the way")
        assert heard == [Progress(1, 3, "on the way")]

        def stop(_progress):
            raise Cancelled

        here.listener = stop
        with pytest.raises(Cancelled):
            report(2, 3)
    finally:
        here.listener = None
    report(3, 3)  # to nobody
    assert len(heard) == 1
