"""Quantised, sparse, shared and repeated tensors are shown for what they are."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch

import lrp_engine as lrp

from .making import torch_file, torch_file_with_pickle

pytestmark = [
    pytest.mark.filterwarnings("ignore:torch.quantize"),
    pytest.mark.filterwarnings("ignore:Sparse"),
    pytest.mark.filterwarnings("ignore:ComplexHalf"),
]

VALUES = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(3))
AFFINE = torch.tensor([0.1, 0.2, 0.05]), torch.tensor([1, -2, 3])


def opened(tmp_path, value, **options):
    path = tmp_path / "m.pt"
    torch.save({"w": value}, path, **options)
    return lrp.open_weights(path).tensors["w"]


@pytest.mark.parametrize("dtype", [torch.qint8, torch.quint8, torch.qint32], ids=str)
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_one_scale(dtype, legacy, tmp_path):
    value = torch.quantize_per_tensor(VALUES, 0.1, 3, dtype)
    info = opened(tmp_path, value, _use_new_zipfile_serialization=not legacy)
    assert info.dtype == str(dtype).removeprefix("torch.")
    assert info.detail == "quantised, scale 0.1, zero point 3"
    assert info.nbytes == value.int_repr().nbytes
    assert info.read().dtype == np.float32
    np.testing.assert_allclose(info.read(), value.dequantize().numpy(), atol=1e-7)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_scale_for_each_channel(axis, legacy, tmp_path):
    scales, zero_points = (each.repeat(2)[: VALUES.shape[axis]] for each in AFFINE)
    value = torch.quantize_per_channel(VALUES, scales, zero_points, axis, torch.qint8)
    info = opened(tmp_path, value, _use_new_zipfile_serialization=not legacy)
    assert info.detail == f"quantised, a scale for each place along axis {axis}"
    assert info.quantization is not None
    np.testing.assert_allclose(info.quantization.scales(), scales.numpy())
    np.testing.assert_allclose(info.read(), value.dequantize().numpy(), atol=1e-6)
    for block in (1, 2, 4, 7, 1000):
        blocks = np.concatenate(list(info.blocks(block)))
        np.testing.assert_array_equal(np.sort(blocks), np.sort(info.read(), axis=None))


def test_a_transposed_quantised_tensor(tmp_path):
    value = torch.quantize_per_tensor(VALUES, 0.1, 3, torch.qint8).permute(2, 0, 1)
    info = opened(tmp_path, value)
    assert "a view with steps 1×15×5" in info.detail
    np.testing.assert_allclose(info.read(), value.dequantize().numpy(), atol=1e-7)


SPARSE = torch.tensor([[0.0, 2, 0], [0, 0, 0], [3, 0, 4]])


@pytest.mark.parametrize("made", ["to_sparse", "to_sparse_csr", "to_sparse_csc"])
def test_sparse(made, tmp_path):
    info = opened(tmp_path, getattr(SPARSE, made)())
    assert info.shape == (3, 3)
    assert info.dtype == "float32"
    assert info.detail.startswith("sparse (")
    assert "3 of 9 numbers" in info.detail
    np.testing.assert_array_equal(info.read(), SPARSE.numpy())
    assert sum(block.sum() for block in info.blocks(2)) == 9


def test_sparse_with_dense_axes_and_repeated_places(tmp_path):
    value = torch.sparse_coo_tensor([[0, 2, 0]], torch.arange(6.0).reshape(3, 2), (4, 2), check_invariants=True)
    np.testing.assert_array_equal(opened(tmp_path, value).read(), value.to_dense().numpy())


def test_sparse_in_blocks_is_named_and_not_read(tmp_path):
    info = opened(tmp_path, torch.eye(4).to_sparse_bsr((2, 2)))
    assert "BSR" in info.detail
    with pytest.raises(lrp.FormatError, match="BSR"):
        info.read()


def test_a_sparse_tensor_as_large_as_no_memory(tmp_path):
    value = torch.sparse_coo_tensor([[0], [5]], [1.0], (10**6, 10**7), check_invariants=True)
    info = opened(tmp_path, value)
    with pytest.raises(lrp.FormatError, match="too many to read"):
        info.read()


def sparse_by_hand(path, indices, shape):
    """A sparse tensor of two numbers, whose places nobody has checked."""

    def tensor(key, storage, count, dimensions):
        sizes = "".join(f"I{size}\n" for size in dimensions)
        steps = "".join(f"I{step}\n" for step in ([2, 1] if len(dimensions) == 2 else [1]))
        held = f"((S'storage'\nctorch\n{storage}\nS'{key}'\nS'cpu'\nI{count}\ntQ"
        return f"ctorch._utils\n_rebuild_tensor_v2\n{held}I0\n({sizes}t({steps}tI00\n}}tR"

    size = "".join(f"I{one}\n" for one in shape)
    parts = tensor(0, "LongStorage", 4, (2, 2)) + tensor(1, "FloatStorage", 2, (2,))
    content = (
        "}S'w'\nctorch._utils\n_rebuild_sparse_tensor\n(ctorch.serialization\n_get_layout\n(S'torch.sparse_coo'\ntR"
        f"({parts}({size}ttttRs."
    ).replace("ttttRs.", "tttRs.")
    torch_file_with_pickle(path, content.encode())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/0", np.array(indices, dtype="<i8").tobytes())
        archive.writestr("archive/data/1", np.array([5, 6], dtype="<f4").tobytes())
    return path


@pytest.mark.parametrize(
    ("indices", "shape", "says"),
    [
        ([0, 9, 0, 0], (3, 3), "outside"),
        ([0, -1, 0, 0], (3, 3), "outside"),
        ([0, 1, 0, 0], (3, 3, 3), "do not fit together"),
        ([0, 1, 0, 0], (3,), "do not fit together|outside|cannot be filled in"),
    ],
)
def test_sparse_places_that_are_none(indices, shape, says, tmp_path):
    path = sparse_by_hand(tmp_path / "m.pt", indices, shape)
    info = lrp.open_weights(path).tensors["w"]
    with pytest.raises(lrp.FormatError, match=says):
        info.read()


def test_sparse_places_by_hand(tmp_path):
    info = lrp.open_weights(sparse_by_hand(tmp_path / "m.pt", [0, 1, 2, 0], (2, 3))).tensors["w"]
    np.testing.assert_array_equal(info.read(), [[0, 0, 5], [6, 0, 0]])


def test_tied_weights_are_named(tmp_path):
    embedding = torch.nn.Embedding(5, 3)
    head = torch.nn.Linear(3, 5, bias=False)
    head.weight = embedding.weight
    network = torch.nn.ModuleDict({"embedding": embedding, "other": torch.nn.Linear(2, 2), "head": head})
    found = lrp.open_weights(torch_file(tmp_path / "m.pt", network.state_dict()))
    assert found.metadata["shared storage"] == [["embedding.weight", "head.weight"]]
    assert "One tensor shares its numbers with another one." in found.notes


def test_a_part_of_a_large_storage_says_so(tmp_path):
    info = opened(tmp_path, torch.arange(1000.0)[10:14])
    assert info.detail == "4 of the 1000 numbers of its storage"
    np.testing.assert_array_equal(info.read(), [10, 11, 12, 13])


def test_complex_halves(tmp_path):
    value = torch.tensor([1 + 2j, -3j]).to(torch.complex32)
    info = opened(tmp_path, value)
    assert info.dtype == "complex32"
    np.testing.assert_array_equal(info.read(), np.array([1 + 2j, -3j], dtype=np.complex64))


def test_numbers_repeated_beyond_reason_are_not_read(tmp_path):
    """A few bytes may say that they are a tensor of terabytes."""
    info = opened(tmp_path, torch.ones(1, dtype=torch.bfloat16).expand(2**20, 2**20))
    assert info.shape == (2**20, 2**20)
    with pytest.raises(lrp.FormatError, match="too many to read"):
        info.read()
    with pytest.raises(lrp.FormatError, match="too many to read"):
        next(info.blocks())


def test_blocks_of_views_do_not_map_what_lies_between(tmp_path):
    value = torch.arange(100_000.0).reshape(100, 1000)[:, :1]
    info = opened(tmp_path, value)
    blocks = list(info.blocks(1000))
    np.testing.assert_array_equal(np.concatenate(blocks), value.flatten().numpy())
    assert max(block.size for block in blocks) <= 5
