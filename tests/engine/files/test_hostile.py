"""Each hostile file is first shown to run under the usual loader, then not to run under ours."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
from pathlib import Path

import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files import read_pt2

from .making import (
    DIGITS,
    Runs,
    RunsInSetState,
    hostile_pickles,
    member,
    repacked,
    torch_file,
    torch_file_with_pickle,
)

NAMES = list(hostile_pickles(Path("unused")))

pytestmark = pytest.mark.filterwarnings("ignore")  # the usual loaders warn while they are being misused


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


def ran(marker):
    """Whether the code ran; the trace is wiped."""
    there = marker.exists()
    marker.unlink(missing_ok=True)
    return there


def refused(path, named):
    with pytest.raises(lrp.UntrustedFile) as caught:
        lrp.open_weights(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert named in sentence
    assert any(named in call for call in caught.value.calls)
    assert "\n" not in sentence


@pytest.mark.parametrize("name", NAMES)
def test_plain_pickle(name, tmp_path, marker):
    content, named = hostile_pickles(marker)[name]
    with contextlib.suppress(Exception):
        pickle.loads(content)
    assert ran(marker), "the usual loader has to run it, or this test shows nothing"
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    refused(path, named)
    assert not ran(marker)


@pytest.mark.parametrize("name", NAMES)
def test_pickle_in_a_torch_file(name, tmp_path, marker):
    content, named = hostile_pickles(marker)[name]
    path = torch_file_with_pickle(tmp_path / "model.pth", content)
    with contextlib.suppress(Exception):
        torch.load(path, weights_only=False)
    assert ran(marker)
    refused(path, named)
    assert not ran(marker)


def test_state_dict_with_a_call_beside_good_tensors(tmp_path, marker):
    path = torch_file(tmp_path / "model.pth", {"weight": torch.ones(2), "epoch": Runs(marker)})
    torch.load(path, weights_only=False)
    assert ran(marker)
    refused(path, "system")
    assert not ran(marker)


def test_legacy_file(tmp_path, marker):
    path = tmp_path / "model.pth"
    torch.save({"weight": Runs(marker)}, path, _use_new_zipfile_serialization=False)
    torch.load(path, weights_only=False)
    assert ran(marker)
    refused(path, "system")
    assert not ran(marker)


def test_set_state_is_shown_by_name_only(tmp_path, marker):
    path = torch_file(tmp_path / "model.pth", {"weight": torch.ones(2), "hook": RunsInSetState(marker)})
    torch.load(path, weights_only=False)
    assert ran(marker)
    opened = lrp.open_weights(path)
    assert not ran(marker)
    assert list(opened.tensors) == ["weight"]
    assert any("RunsInSetState" in note for note in opened.notes)
    assert "RunsInSetState" in opened.metadata["hook"]


def test_whole_pickled_object_names_its_class(tmp_path, marker):
    path = torch_file(tmp_path / "model.pth", RunsInSetState(marker))
    with pytest.raises(lrp.UntrustedFile, match="RunsInSetState") as caught:
        lrp.open_weights(path)
    assert "state_dict()" in str(caught.value)
    assert not ran(marker)


def saved(value):
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def test_pt2_with_a_pickled_weight(tmp_path, marker):
    config = json.loads(member(DIGITS, "data/weights/model_weights_config.json"))
    config["config"]["conv1.bias"]["use_pickle"] = True
    path = repacked(
        DIGITS,
        tmp_path / "net.pt2",
        {
            "data/weights/model_weights_config.json": json.dumps(config).encode(),
            "data/weights/weight_1": saved(Runs(marker)),
        },
    )
    with contextlib.suppress(Exception):
        torch.export.load(path)
    assert ran(marker)
    with pytest.raises(lrp.UntrustedFile, match=r"conv1\.bias"):
        lrp.open_weights(path)
    with pytest.raises(lrp.UntrustedFile, match=r"conv1\.bias"):
        read_pt2(path)
    assert not ran(marker)


def test_pt2_with_hostile_sample_inputs_opens_without_them(tmp_path, marker):
    path = repacked(DIGITS, tmp_path / "net.pt2", {"data/sample_inputs/model.pt": saved(Runs(marker))})
    with contextlib.suppress(Exception):
        torch.export.load(path)
    assert ran(marker)
    opened = lrp.open_weights(path)
    assert opened.tensors["conv1.weight"].read().shape == (8, 1, 3, 3)
    assert not ran(marker)


def test_pt2_with_an_opaque_constant(tmp_path, marker):
    config = {
        "config": {"secret": {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}}
    }
    path = repacked(
        DIGITS,
        tmp_path / "net.pt2",
        {
            "data/constants/model_constants_config.json": json.dumps(config).encode(),
            "data/constants/opaque_obj_0": pickle.dumps(Runs(marker)),
        },
    )
    with contextlib.suppress(Exception):
        torch.export.load(path)
    assert ran(marker)
    with pytest.raises(lrp.UntrustedFile, match="secret"):
        lrp.open_weights(path)
    assert not ran(marker)


def test_pt2_with_compiled_code(tmp_path):
    path = repacked(DIGITS, tmp_path / "net.pt2", {"data/aotinductor/model/wrapper.so": b"\x7fELF"})
    with pytest.raises(lrp.UntrustedFile, match="AOTInductor"):
        lrp.open_weights(path)


def test_names_cannot_break_the_sentence(tmp_path):
    content = b"c__main__\nevil\x1b[31m\x07name\n)R."
    path = torch_file_with_pickle(tmp_path / "model.pth", content)
    with pytest.raises(lrp.UntrustedFile) as caught:
        lrp.open_weights(path)
    assert str(caught.value).isprintable()
