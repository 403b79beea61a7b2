"""What torch.save writes is read as torch.load would read it."""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import subprocess
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lrp_engine as lrp

from .making import DIABETES, DIGITS, member, repacked, safetensors_file, torch_file, torch_file_with_pickle

EXACT = [
    torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.complex128,
]  # fmt: skip
WIDENED = [
    torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
    torch.float8_e8m0fnu,
]  # fmt: skip


def tensors(path):
    return lrp.open_weights(path).tensors


@pytest.mark.parametrize("dtype", EXACT, ids=str)
def test_number_formats(dtype, tmp_path):
    value = torch.tensor([[0, 1, 2], [3, 100, 127]]).to(dtype)
    info = tensors(torch_file(tmp_path / "m.pt", {"w": value}))["w"]
    assert info.shape == (2, 3)
    assert info.dtype == str(dtype).removeprefix("torch.")
    assert info.nbytes == value.nbytes
    np.testing.assert_array_equal(info.read(), value.numpy())
    assert info.read().dtype == value.numpy().dtype


@pytest.mark.parametrize("dtype", WIDENED, ids=str)
def test_number_formats_that_numpy_lacks(dtype, tmp_path):
    """Every bit pattern, against torch."""
    codes = torch.arange(256, dtype=torch.uint8) if dtype.itemsize == 1 else torch.arange(2**16).to(torch.uint16)
    value = codes.view(dtype)
    info = tensors(torch_file(tmp_path / "m.pt", {"w": value}))["w"]
    assert info.dtype == str(dtype).removeprefix("torch.")
    assert info.nbytes == value.nbytes
    np.testing.assert_array_equal(info.read(), value.to(torch.float32).numpy())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    shape=st.lists(st.integers(0, 5), max_size=4),
    data=st.data(),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.int64, torch.int8]),
)
def test_views(shape, data, dtype, tmp_path):
    """Slices, steps, transposes, expansions: whatever strides and offsets a tensor has."""
    value = torch.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    for axis in range(value.dim()):
        first = data.draw(st.integers(0, max(0, value.shape[axis] - 1)))
        step = data.draw(st.integers(1, 2))
        value = value[(slice(None),) * axis + (slice(first, None, step),)]
    value = value.permute(data.draw(st.permutations(range(value.dim()))))
    if data.draw(st.booleans()):
        value = value.expand(2, *value.shape)
    path = torch_file(tmp_path / "m.pt", {"w": value})
    info = tensors(path)["w"]
    assert info.shape == tuple(value.shape)
    np.testing.assert_array_equal(info.read(), value.numpy())
    np.testing.assert_array_equal(torch.load(path)["w"].numpy(), info.read())


def test_shared_numbers(tmp_path):
    base = torch.arange(12.0)
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", {"a": base[:6].view(2, 3), "b": base[4:]}))
    np.testing.assert_array_equal(opened.tensors["a"].read(), base[:6].view(2, 3))
    np.testing.assert_array_equal(opened.tensors["b"].read(), base[4:])
    assert any("share" in note for note in opened.notes)


def test_numbers_are_mapped_not_loaded(tmp_path):
    array = tensors(torch_file(tmp_path / "m.pt", {"w": torch.ones(100_000)}))["w"].read()
    assert isinstance(array.base, np.memmap) or isinstance(array, np.memmap)
    assert not array.flags.writeable


@pytest.mark.parametrize(
    "module", [torch.nn.BatchNorm2d(3), torch.nn.LSTM(2, 3, bidirectional=True), torch.nn.Embedding(5, 2)]
)
def test_state_dicts_of_modules(module, tmp_path):
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", module.state_dict()))
    assert opened.kind == "state dict"
    assert opened.notes == ()
    assert list(opened.tensors) == list(module.state_dict())
    for name, value in module.state_dict().items():
        np.testing.assert_array_equal(opened.tensors[name].read(), value.numpy())


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "model_state", "net"])
def test_wrappers(wrapper, tmp_path):
    network = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 7,
        "optimizer": optimizer.state_dict(),
        wrapper: network.state_dict(),
        "best": np.float64(0.5),
        "classes": ["cat", "dog"],
        "args": argparse.Namespace(rate=0.1),
        "where": pathlib.PurePosixPath("runs/1"),
    }
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", checkpoint))
    assert list(opened.weights) == list(opened.tensors)[:2] == ["weight", "bias"]
    assert {opened.roles[name] for name in list(opened.tensors)[2:]} == {"optimizer"}
    np.testing.assert_array_equal(
        opened.tensors["optimizer.state.0.exp_avg"].read(), optimizer.state_dict()["state"][0]["exp_avg"].numpy()
    )
    assert opened.metadata["optimizer"]["param_groups"][0]["lr"] == 0.001
    assert opened.metadata["epoch"] == 7
    assert opened.metadata["args"] == {"rate": 0.1}
    assert opened.metadata["where"] == "runs/1"
    assert opened.metadata["class names"] == ["cat", "dog"]
    assert opened.metadata["best"] == 0.5
    assert opened.metadata["classes"] == ["cat", "dog"]
    assert any(f"under “{wrapper}”" in note for note in opened.notes)
    assert any("“optimizer” holds 6 more tensors" in note for note in opened.notes)


def test_a_wrapper_in_a_wrapper(tmp_path):
    path = torch_file(tmp_path / "m.pt", {"model": {"state_dict": {"w": torch.ones(2)}, "version": 3}})
    opened = lrp.open_weights(path)
    assert list(opened.tensors) == ["w"]
    assert opened.metadata["version"] == 3


def test_a_state_dict_whose_layer_is_called_model(tmp_path):
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", {"model": torch.ones(2), "weights": torch.ones(3)}))
    assert list(opened.tensors) == ["model", "weights"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_prefixes(prefix, tmp_path):
    state = {prefix + name: value for name, value in torch.nn.Linear(2, 3).state_dict().items()}
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", state))
    assert list(opened.tensors) == ["weight", "bias"]
    assert opened.tensors["weight"].name == "weight"
    assert any("taken off" in note for note in opened.notes)


def test_a_prefix_of_some_names_stays(tmp_path):
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", {"module.w": torch.ones(2), "w": torch.ones(3)}))
    assert list(opened.tensors) == ["module.w", "w"]


def test_nested_dictionaries_get_dotted_names(tmp_path):
    value = {"encoder": {"w": torch.ones(2)}, "decoder": [torch.ones(3), torch.ones(4)]}
    assert list(tensors(torch_file(tmp_path / "m.pt", value))) == ["encoder.w", "decoder.0", "decoder.1"]


def test_two_tensors_of_one_dotted_name(tmp_path):
    path = torch_file(tmp_path / "m.pt", {"a": {"b": torch.ones(2)}, "a.b": torch.ones(3)})
    with pytest.raises(lrp.FormatError, match=r"two tensors called “a\.b”"):
        lrp.open_weights(path)


def test_parameters_and_attributes(tmp_path):
    value = torch.nn.Parameter(torch.ones(2))
    value.note = "mine"
    np.testing.assert_array_equal(tensors(torch_file(tmp_path / "m.pt", {"w": value}))["w"].read(), np.ones(2))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_without_numbers_are_named(tmp_path):
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.strided)
    value = {"w": torch.ones(2), "n": nested, "m": torch.ones(2, device="meta")}
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", value))
    assert list(opened.tensors) == ["w"]
    assert any("“n” (nested), “m” (empty (meta))" in note for note in opened.notes)


def test_without_tensors(tmp_path):
    with pytest.raises(lrp.FormatError, match="no tensors"):
        lrp.open_weights(torch_file(tmp_path / "m.pt", OrderedDict(epoch=1)))


def test_older_protocols(tmp_path):
    for protocol in (1, 2, 3, 4, 5):
        path = tmp_path / f"m{protocol}.pt"
        torch.save(torch.nn.Linear(2, 3).state_dict(), path, pickle_protocol=protocol)
        assert list(tensors(path)) == ["weight", "bias"]


def test_big_endian(tmp_path):
    source = torch_file(tmp_path / "little.pt", {"w": torch.tensor([1.5, -2.0])})
    swapped = np.frombuffer(member(source, "data/0"), dtype="<f4").astype(">f4").tobytes()
    path = repacked(source, tmp_path / "big.pt", {"data/0": swapped, "byteorder": b"big"})
    np.testing.assert_array_equal(tensors(path)["w"].read(), [1.5, -2.0])
    np.testing.assert_array_equal(torch.load(path)["w"].numpy(), [1.5, -2.0])


def test_an_unknown_byte_order(tmp_path):
    source = torch_file(tmp_path / "little.pt", {"w": torch.ones(2)})
    with pytest.raises(lrp.FormatError, match="byte order"):
        lrp.open_weights(repacked(source, tmp_path / "odd.pt", {"byteorder": b"middle"}))


def test_a_storage_of_the_wrong_size(tmp_path):
    source = torch_file(tmp_path / "good.pt", {"w": torch.ones(10)})
    for content in (b"", b"\0" * 39, b"\0" * 41):
        path = repacked(source, tmp_path / "bad.pt", {"data/0": content})
        with pytest.raises(lrp.FormatError, match="instead of 40"):
            lrp.open_weights(path)


def test_a_storage_that_is_missing(tmp_path):
    source = torch_file(tmp_path / "good.pt", {"w": torch.ones(10)})
    with pytest.raises(lrp.FormatError, match="data/0"):
        lrp.open_weights(repacked(source, tmp_path / "bad.pt", {"data/0": None}))


LINE = b"((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI10\ntQ"


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (b"I0\n(I11\nt(I1\nt", "needs 44 bytes"),
        (b"I5\n(I6\nt(I1\nt", "needs 44 bytes"),
        (b"I0\n(I2\nI5\nt(I9\nI1\nt", "needs 56 bytes"),
        (b"I-1\n(I2\nt(I1\nt", "impossible place"),
        (b"I0\n(I-2\nt(I1\nt", "impossible shape"),
        (b"I0\n(I2\nt(I-1\nt", "impossible place"),
        (b"I0\n(I2\nt(I1\nI1\nt", "impossible place"),
        (b"I0\n(I9999999\nI9999999\nI9999999\nt(I0\nI0\nI0\nt", "impossible shape"),
        (b"I0\n(S'2'\nt(I1\nt", "impossible shape"),
        (b"F0.5\n(I2\nt(I1\nt", "impossible place"),
    ],
)
def test_tensors_that_leave_their_storage(place, what, tmp_path):
    pickled = b"}S'w'\nctorch._utils\n_rebuild_tensor_v2\n" + LINE + place + b"I00\n}tRs."
    path = torch_file_with_pickle(tmp_path / "m.pt", pickled)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/0", b"\0" * 40)
    with pytest.raises(lrp.FormatError, match=what):
        lrp.open_weights(path)


def test_hash_is_that_of_the_bytes():
    assert lrp.open_weights(DIABETES).sha256() == hashlib.sha256(DIABETES.read_bytes()).hexdigest()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_is_not_imported(tmp_path):
    """Neither by importing the package, nor by opening and reading each format and a table."""
    code = (
        "import sys, lrp_engine as lrp\n"
        "from lrp_engine.files import read_pt2\n"
        "from lrp_engine.files.table import read_table\n"
        "assert 'numpy' not in sys.modules\n"
        "kinds = []\n"
        "for path in sys.argv[2:]:\n"
        "    opened = lrp.open_weights(path)\n"
        "    kinds.append(opened.kind)\n"
        "    opened.tree(), opened.nodes, opened.sha256()\n"
        "    for info in opened.tensors.values(): info.read()\n"
        "read_pt2(sys.argv[3]); read_table(sys.argv[1])\n"
        "bad = {'torch', 'polars', 'PySide6', 'pickle5', 'onnx', 'safetensors'} & set(sys.modules)\n"
        "assert not bad, bad\n"
        "print(*kinds, sep=',')\n"
    )
    network = torch.nn.Sequential(torch.nn.Linear(2, 3))
    torch.save(network.state_dict(), tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(network, tmp_path / "whole.pth")
    torch.jit.trace(network, torch.ones(1, 2)).save(str(tmp_path / "script.pt"))
    np.savez(tmp_path / "arrays.npz", w=np.ones(2))
    safetensors_file(tmp_path / "model.safetensors", {"w": np.ones(2)})
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"w": "model.safetensors"}}')
    made = ("legacy.pth", "whole.pth", "script.pt", "arrays.npz", "model.safetensors", "model.safetensors.index.json")
    table = DIGITS.with_name("digits.csv")
    paths = list(map(str, (table, DIABETES, DIGITS, *(tmp_path / name for name in made))))
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kinds = "state dict,pt2,legacy,pickled module,torchscript,npz,safetensors,safetensors"
    assert done.stdout.strip() == kinds
