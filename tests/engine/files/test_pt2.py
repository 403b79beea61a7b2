"""Exported programs as data, against torch's own loader."""

from __future__ import annotations

import copy
import json
import zipfile

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files import read_pt2

from .making import DIGITS, member, repacked

WEIGHTS = "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:No complete tensor:UserWarning"),  # the exporter, of weights that are slices
]


class Shared(torch.nn.Module):
    """Tied weights, a constant, a buffer that is not saved, and weights that are views."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 4)
        self.second = torch.nn.Linear(4, 4)
        self.second.weight = self.first.weight
        block = torch.arange(32.0).reshape(2, 4, 4)
        self.left, self.right = torch.nn.Parameter(block[0].t()), torch.nn.Parameter(block[1])
        self.register_buffer("offset", torch.arange(4.0), persistent=False)
        self.short = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
        self.scale = torch.tensor([0.5, 1.5, 2.5, 3.5])

    def forward(self, x):
        x = self.second(torch.relu(self.first(x))) @ self.left @ self.right
        return (x + self.offset) * self.scale * self.short.float()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("pt2") / "shared.pt2"
    exported = torch.export.export(
        Shared().eval(), (torch.ones(2, 4),), dynamic_shapes={"x": {0: torch.export.Dim("batch")}}, strict=False
    ).run_decompositions(decomp_table={})
    torch.export.save(exported, path, extra_files={"note.txt": "hello"})
    return path, exported


def test_tensors_are_those_that_torch_loads(program):
    path, exported = program
    read = read_pt2(path)
    assert set(read.weights) == set(exported.state_dict)
    assert set(read.constants) == set(exported.constants)
    loaded = torch.export.load(path)
    for name, value in {**loaded.state_dict, **loaded.constants}.items():
        info = {**read.weights, **read.constants}[name]
        assert info.dtype == str(value.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(info.read(), value.detach().float().numpy())
    assert read.parameters == {
        name for name, value in exported.state_dict.items() if isinstance(value, torch.nn.Parameter)
    }
    assert read.extra == {"note.txt": b"hello"}
    assert read.name == "model"
    assert {"graph", "signature"} <= set(read.program["graph_module"])


def test_as_a_weight_file(program):
    opened = lrp.open_weights(program[0])
    assert opened.kind == "pt2"
    assert opened.tensors["first.weight"].shape == (4, 4)
    assert opened.metadata["torch version"] == torch.__version__
    assert opened.metadata["extra files"] == "note.txt"


def test_the_example():
    loaded = torch.export.load(DIGITS)
    read = read_pt2(DIGITS)
    assert list(read.weights) == list(loaded.state_dict)
    for name, value in loaded.state_dict.items():
        np.testing.assert_array_equal(read.weights[name].read(), value.detach().numpy())
    assert json.loads(read.extra["lrp.json"])["outputs"][0]["classes"] == list("0123456789")


def test_compressed(tmp_path):
    path = repacked(DIGITS, tmp_path / "packed.pt2", {}, zipfile.ZIP_DEFLATED)
    np.testing.assert_array_equal(
        read_pt2(path).weights["bn1.bias"].read(), read_pt2(DIGITS).weights["bn1.bias"].read()
    )


def config():
    return json.loads(member(DIGITS, WEIGHTS))


def changed(**entry):
    """The list of weights with these values in the entry of conv1.weight, or in its tensor_meta."""
    new = config()
    target = new["config"]["conv1.weight"]
    for key, value in entry.items():
        (target["tensor_meta"] if key in target["tensor_meta"] else target)[key] = value
    return {WEIGHTS: json.dumps(new).encode()}


LIES = {
    "shape too large": (changed(sizes=[{"as_int": 8}, {"as_int": 1}, {"as_int": 3}, {"as_int": 4}]), "needs"),
    "shape negative": (
        changed(sizes=[{"as_int": -8}, {"as_int": 1}, {"as_int": 3}, {"as_int": 3}]),
        "impossible shape",
    ),
    "shape immense": (changed(sizes=[{"as_int": 2**40}] * 4), "impossible shape"),
    "shape symbolic": (changed(sizes=[{"as_expr": {"expr_str": "s0"}}] * 4), "conv1.weight"),
    "shape no list": (changed(sizes=7), "conv1.weight"),
    "strides too few": (changed(strides=[{"as_int": 1}]), "impossible place"),
    "strides too long": (changed(strides=[{"as_int": 10_000}] * 4), "needs"),
    "offset beyond": (changed(storage_offset={"as_int": 1}), "needs"),
    "offset negative": (changed(storage_offset={"as_int": -1}), "impossible place"),
    "number format unknown": (changed(dtype=99), "number format"),
    "number format no number": (changed(dtype=[7]), "conv1.weight"),
    "sparse": (changed(layout=1), "sparse"),
    "another member": (changed(path_name="../../models/model.json"), "lacks its member"),
    "no member": (changed(path_name="weight_999"), "lacks its member"),
    "path no text": (changed(path_name=5), "conv1.weight"),
    "list empty": ({WEIGHTS: b"{}"}, "damaged"),
    "list no JSON": ({WEIGHTS: b"{"}, "not valid JSON"),
    "list of another kind": ({WEIGHTS: b"[]"}, "not a JSON object"),
    "list of texts": ({WEIGHTS: b'{"config": {"a": "b"}}'}, "“a”"),
    "list too deep": ({WEIGHTS: b"[" * 100_000}, "not valid JSON"),
    "list missing": ({WEIGHTS: None}, "list of its weights"),
    "constants missing": ({CONSTANTS: None}, "list of its constants"),
    "weights left out": ({"data/weights/weight_0": b""}, "without its weights"),
    "weights cut": ({"data/weights/weight_0": b"\0" * 100}, "needs"),
    "program no JSON": ({"models/model.json": b"not json"}, "not valid JSON"),
    "program missing": ({"models/model.json": None, "models/readme.txt": b"x"}, "without a program"),
    "two programs": ({"models/other.json": b"{}"}, "2 programs"),
    "another format": ({"archive_format": b"xyz"}, "another kind"),
    "a later version": ({"archive_version": b"9"}, "version 9"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies(name, tmp_path):
    changes, says = LIES[name]
    path = repacked(DIGITS, tmp_path / "bad.pt2", copy.deepcopy(changes))
    with pytest.raises(lrp.FormatError) as caught:
        lrp.open_weights(path)
    assert says in str(caught.value)
    assert "bad.pt2" in str(caught.value)


def test_pickled_weights_of_older_versions(tmp_path):
    path = repacked(DIGITS, tmp_path / "old.pt2", {WEIGHTS: None, "data/weights/model.pt": b"PK"})
    with pytest.raises(lrp.UntrustedFile, match=r"torch before 2\.9"):
        lrp.open_weights(path)


def test_exports_of_still_older_versions(tmp_path):
    path = tmp_path / "older.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("serialized_exported_program.json", "{}")
        archive.writestr("serialized_state_dict.pt", "")
        archive.writestr("version", "5")
    with pytest.raises(lrp.FormatError, match=r"before version 2\.9"):
        lrp.open_weights(path)


def test_the_other_name_of_the_list(tmp_path):
    """Some versions call the lists of weights and constants differently."""
    path = repacked(
        DIGITS,
        tmp_path / "net.pt2",
        {
            WEIGHTS: None,
            "data/weights/model_model_param_config.json": member(DIGITS, WEIGHTS),
            CONSTANTS: None,
            "data/constants/model_model_constants_config.json": member(DIGITS, CONSTANTS),
        },
    )
    assert list(read_pt2(path).weights) == list(read_pt2(DIGITS).weights)
