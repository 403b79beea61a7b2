"""Files that torch wrote before version 1.6 are opened without reading their numbers."""

from __future__ import annotations

import pickle
import struct

import numpy as np
import pytest
import torch

import lrp_engine as lrp


def old_file(path, value, **options):
    torch.save(value, path, _use_new_zipfile_serialization=False, **options)
    return path


def test_an_old_state_dict_is_read_as_torch_reads_it(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    opened = lrp.open_weights(old_file(tmp_path / "old.pth", network.state_dict()))
    assert opened.kind == "legacy"
    assert list(opened.tensors) == list(network.state_dict())
    assert opened.roles["1.running_mean"] == "buffer"
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(opened.tensors[name].read(), value.numpy())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(protocol, tmp_path):
    opened = lrp.open_weights(old_file(tmp_path / "old.pth", {"w": torch.ones(2)}, pickle_protocol=protocol))
    np.testing.assert_array_equal(opened.tensors["w"].read(), [1, 1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.bool, torch.int16, torch.complex64], ids=str)
def test_number_formats(dtype, tmp_path):
    value = torch.tensor([0, 1, 1]).to(dtype)
    info = lrp.open_weights(old_file(tmp_path / "old.pth", {"w": value, "x": torch.ones(3)})).tensors["w"]
    assert info.dtype == str(dtype).removeprefix("torch.")
    np.testing.assert_array_equal(info.read(), (value.float() if dtype == torch.bfloat16 else value).numpy())


def test_number_formats_without_a_storage_class(tmp_path):
    value = torch.tensor([1, 2, 3]).to(torch.uint16)
    info = lrp.open_weights(old_file(tmp_path / "old.pth", {"w": value})).tensors["w"]
    np.testing.assert_array_equal(info.read(), [1, 2, 3])


def test_views_and_shared_numbers(tmp_path):
    base = torch.arange(12.0)
    value = {"a": base.view(3, 4).t(), "b": base[4:], "c": torch.zeros(0, 3)}
    opened = lrp.open_weights(old_file(tmp_path / "old.pth", value))
    for name, tensor in value.items():
        np.testing.assert_array_equal(opened.tensors[name].read(), tensor.numpy())
    assert opened.metadata["shared storage"] == [["a", "b"]]


def test_numbers_are_mapped_not_loaded(tmp_path):
    array = lrp.open_weights(old_file(tmp_path / "old.pth", {"w": torch.ones(1000)})).tensors["w"].read()
    assert isinstance(array.base, np.memmap) or isinstance(array, np.memmap)


def test_an_old_checkpoint(tmp_path):
    network = torch.nn.Linear(2, 3)
    optimizer = torch.optim.SGD(network.parameters(), momentum=0.9)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    value = {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    opened = lrp.open_weights(old_file(tmp_path / "old.tar", value))
    assert list(opened.weights) == ["weight", "bias"]
    assert opened.metadata["epoch"] == 3
    assert opened.roles["optimizer.state.0.momentum_buffer"] == "optimizer"


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
def test_an_old_pickled_model(tmp_path):
    """Here classes are named by persistent identifiers."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    opened = lrp.open_weights(old_file(tmp_path / "old.pth", network))
    assert opened.kind == "pickled module"
    assert opened.modules is not None
    assert [module.kind.rpartition(".")[2] for _, module in opened.modules.walk()] == ["Sequential", "Linear", "ReLU"]
    np.testing.assert_array_equal(opened.tensors["0.weight"].read(), network[0].weight.detach().numpy())


def made_by_hand(path, identifier, *, little=True, count=6, keys=("7",)):
    """An old file with one tensor of the numbers 0 to 5, in a storage that this identifier names."""

    class Storage:
        pass

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            return identifier if isinstance(value, Storage) else None

        def save_global(self, value, name=None):
            self.write(b"ctorch._utils\n_rebuild_tensor_v2\n" if value is rebuild else b"ctorch\nFloatStorage\n")

    def rebuild():
        """Stand for torch's function."""

    class Tensor:
        def __reduce__(self):
            return rebuild, (Storage(), 0, (3,), (1,), False, None)

    Pickler.dispatch = dict.fromkeys((type, type(rebuild)), Pickler.save_global) | {
        kind: save for kind, save in pickle._Pickler.dispatch.items() if kind not in (type, type(rebuild))
    }
    with path.open("wb") as stream:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": little}):
            pickle.dump(value, stream, protocol=2)
        Pickler(stream, protocol=2).dump({"w": Tensor()})
        pickle.dump(list(keys), stream, protocol=2)
        stream.write(struct.pack("<q", count))
        stream.write(np.arange(6, dtype="<f4" if little else ">f4").tobytes())
    return path


def test_a_storage_that_is_part_of_another(tmp_path):
    """Torch before 0.4 let storages share their numbers."""
    identifier = ("storage", int, "7", "cpu", 6, ("8", 2, 4))
    path = made_by_hand(tmp_path / "old.pth", identifier)
    info = lrp.open_weights(path).tensors["w"]
    np.testing.assert_array_equal(info.read(), [2, 3, 4])
    np.testing.assert_array_equal(torch.load(path)["w"].numpy(), [2, 3, 4])


def test_big_endian(tmp_path):
    path = made_by_hand(tmp_path / "old.pth", ("storage", int, "7", "cpu", 6, None), little=False)
    np.testing.assert_array_equal(lrp.open_weights(path).tensors["w"].read(), [0, 1, 2])


@pytest.mark.parametrize(
    ("identifier", "options", "says"),
    [
        (("storage", int, "7", "cpu", 7, None), {"count": 7}, "not the 28 bytes"),
        (("storage", int, "7", "cpu", 6, None), {"count": 5}, "not the 24 bytes"),
        (("storage", int, "7", "cpu", 6, None), {"count": -1}, "not the 24 bytes"),
        (("storage", int, "7", "cpu", 6, None), {"keys": ()}, "lacks the storage of the tensor “w”"),
        (("storage", int, "7", "cpu", 6, None), {"keys": ("7", "7")}, "no tensor has or another one is"),
        (("storage", int, "7", "cpu", 6, None), {"keys": ("9",)}, "no tensor has"),
        (("storage", int, "7", "cpu", 6, ("8", 4, 4)), {}, "damaged pickle"),
        (("storage", int, "7", "cpu", 6, ("8", 4, 2)), {}, "needs 12 bytes, but the file holds 8"),
        (("storage", int, "7", "cpu", 2**62, None), {"count": 2**62}, "bytes that its tensors need"),
    ],
)
def test_storages_that_do_not_fit(identifier, options, says, tmp_path):
    with pytest.raises(lrp.FormatError, match=says):
        lrp.open_weights(made_by_hand(tmp_path / "old.pth", identifier, **options))


def test_cut_off_anywhere(tmp_path):
    content = old_file(tmp_path / "old.pth", {"w": torch.ones(20), "v": torch.ones(3)}).read_bytes()
    path = tmp_path / "cut.pth"
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(lrp.FormatError):
            lrp.open_weights(path)
