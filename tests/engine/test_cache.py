"""Networks that were dear to make are kept: the second opening is the same network, at once, and as safe."""

from __future__ import annotations

import copy
import functools
import json
import logging
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks import cache, stored
from tests.engine.nets import Cnn, Residual


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embed(x))[0][:, -1])


class Tied(nn.Module):
    """Weights that share memory, a transposed one, a mask with −∞, and an attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.one = nn.Linear(8, 8)
        self.other = nn.Linear(8, 8)
        self.other.weight = self.one.weight
        self.turned = nn.Parameter(torch.randn(8, 4).t())
        self.register_buffer("mask", torch.full((5, 5), float("-inf")).triu(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(x, x, x, attn_mask=self.mask)[0]
        return torch.nn.functional.linear(torch.relu(self.other(torch.relu(self.one(x)))), self.turned).mean(1)


NETWORKS = {
    "cnn": (Cnn, lambda: torch.randn(3, 2, 8, 8)),
    "residual": (Residual, lambda: torch.randn(3, 6)),
    "recurrent": (Recurrent, lambda: torch.randint(0, 11, (3, 7))),
    "attention": (Tied, lambda: torch.randn(3, 5, 8)),
}


def captured(name: str) -> tuple[lrp.Network, torch.Tensor]:
    """A network and inputs, each made once."""
    network, x = _captured(name)
    return copy.deepcopy(network), x


@functools.cache
def _captured(name: str) -> tuple[lrp.Network, torch.Tensor]:
    torch.manual_seed(4)
    module, x = (part() for part in NETWORKS[name])
    return lrp.capture(module.float().eval(), x), x


def described(network: lrp.Network) -> list:
    return [(n.op, n.name, str(n.target), repr(n.args), repr(n.kwargs), n.meta) for n in network.graph.nodes]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_kept_network_is_the_same_and_explains_bit_for_bit(name: str) -> None:
    network, x = captured(name)
    assert cache.store("a", network)
    again = cache.restore("a")
    assert again is not None
    keys = ("layer", "module", "source", "shape", "dtype", "samples")
    first = [(*node[:5], {key: node[5][key] for key in keys if key in node[5]}) for node in described(network)]
    assert described(again) == first
    for part in ("inputs", "outputs", "layers", "notes", "name", "parameters", "metadata"):
        assert getattr(again, part) == getattr(network, part), part
    assert again.tensors.keys() == network.tensors.keys()
    for key, tensor in network.tensors.items():
        assert again.tensors[key].stride() == tensor.stride(), key
        assert torch.equal(again.tensors[key], tensor), key
    for composite in ("epsilon", "epsilon_plus", "attn_lrp"):
        one, other = (lrp.explain(n, x, 0, composite, keep="nodes") for n in (network, again))
        for key, value in one.nodes.items():
            assert torch.equal(value, other.nodes[key]), (composite, key)


def test_the_second_opening_is_much_faster(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"numbers")
    torch.manual_seed(0)
    module = nn.Sequential(*[part for _ in range(12) for part in (nn.Linear(128, 128), nn.ReLU())]).eval()
    made = []

    def make_it() -> lrp.Network:
        made.append(1)
        return lrp.capture(module, torch.randn(2, 128))

    make_it()  # torch's own first time
    times = []
    for _ in range(3):
        began = time.process_time()
        cache.kept(make_it, [path], sizes={"x": (None, 128)})
        times.append(time.process_time() - began)
    assert len(made) == 2
    assert min(times[1:]) * 5 < times[0], times


def test_another_content_option_or_name_is_another_network(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    keys = {
        cache.key([one]),
        cache.key([other]),
        cache.key([one, other]),
        cache.key([one], sizes={"x": (None, 3)}),
        cache.key([one], sizes={"x": (None, 4)}),
        cache.key([one], name="one"),
    }
    assert len(keys) == 6
    assert cache.key([one], sizes={"x": (None, 3)}) == cache.key([one], sizes={"x": [None, 3]})
    one.write_bytes(b"2")
    assert cache.key([one]) == cache.key([other])


def test_what_was_made_in_no_time_is_not_kept(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"1")
    network, _ = captured("residual")
    cache.kept(lambda: network, [path], at_least=5.0)
    assert not folder.exists()
    cache.kept(lambda: network, [path], use=False)
    assert not folder.exists()
    assert cache.kept(lambda: network, [path]) is network
    assert cache.kept(lambda: pytest.fail("made again"), [path]) is not network


def test_a_network_is_made_again_when_a_file_behind_it_changes(tmp_path: Path) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("1")
    network, _ = captured("residual")
    assert cache.store("a", network, depends=[helper])
    assert cache.restore("a") is not None
    helper.write_text("2")
    assert cache.restore("a") is None
    helper.write_text("1")
    assert cache.restore("a") is None  # it was removed


def changed(folder: Path, change) -> None:
    """The one entry with its graph's JSON changed, otherwise as it was."""
    (path,) = folder.glob("*.network")
    tensors = load_file(path)
    graph = json.loads(tensors[stored.GRAPH].tobytes())
    change(graph)
    text = json.dumps(graph).replace('"DEEP"', '{"type": "list", "items": [' * 3000 + "]}" * 3000)
    tensors[stored.GRAPH] = np.frombuffer(text.encode(), np.uint8)
    save_file(tensors, path)


def call(graph: dict, target: str, *args) -> None:
    """The last operation of the graph calls something else."""
    node = [node for node in graph["nodes"] if node["op"] == "call_function"][-1]
    node.update(target=target, args=list(args), kwargs={})


TAMPERED = {
    "a function of the system": lambda g: call(g, "os.system", "touch ran"),
    "a builtin": lambda g: call(g, "eval", "open('ran', 'w')"),
    "an operation that reads files": lambda g: call(g, "aten.from_file.default", "/etc/passwd", False, 10),
    "another namespace": lambda g: call(g, "torch.ops.aten.relu.default"),
    "a path through attributes": lambda g: call(g, "aten.relu.__class__"),
    "a method": lambda g: g["nodes"][-2].update(op="call_method", target="__reduce__"),
    "a module": lambda g: g["nodes"][-2].update(op="call_module", target="x"),
    "a later node": lambda g: call(g, "aten.relu.default", {"type": "node", "number": 10_000}),
    "an unknown argument": lambda g: call(g, "aten.relu.default", {"type": "pickle", "data": "x"}),
    "an unknown number format": lambda g: call(g, "aten.relu.default", {"type": "torch", "name": "load"}),
    "deep lists": lambda g: call(g, "aten.relu.default", "DEEP"),
    "an unknown field": lambda g: g.update(code="print(1)"),
    "another version": lambda g: g.update(version=99),
    "a tensor that there is not": lambda g: next(iter(g["tensors"].values())).update(stored="t99"),
    "axes that do not fit": lambda g: next(iter(g["tensors"].values())).update(order=[0, 1, 2, 3, 4, 5]),
    "a name twice": lambda g: g["nodes"][-2].update(name=g["nodes"][0]["name"]),
    "no output": lambda g: g["nodes"].pop(),
    "no inputs": lambda g: g["inputs"].clear(),
    "one output more": lambda g: g["outputs"].append(g["outputs"][0]),
    "a layer of nothing": lambda g: g["layers"][0].update(nodes=["nothing"]),
    "another checksum": lambda g: g.update(checksum=1),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_changed_entry_runs_nothing_and_is_made_anew(
    how: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    network, _ = captured("residual")
    cache.store("a", network)
    changed(folder, TAMPERED[how])
    with caplog.at_level(logging.WARNING):
        assert cache.restore("a") is None
    assert "A kept network is not used" in caplog.text
    assert not list(folder.glob("*.network"))
    assert not (tmp_path / "ran").exists()


def test_an_unchanged_entry_passes_through_the_same_hands(folder: Path) -> None:
    """Rewriting alone is no damage: the cases above fail for what they change."""
    network, _ = captured("residual")
    cache.store("a", network)
    changed(folder, lambda graph: None)
    assert cache.restore("a") is not None


def test_an_entry_cut_off_anywhere_or_with_another_byte_is_not_used(folder: Path) -> None:
    network, _ = captured("residual")
    cache.store("a", network)
    (path,) = folder.glob("*.network")
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    whole = cache.restore("a")
    assert whole is not None
    for size in np.linspace(0, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:size])
        assert cache.restore("a") is None, size
    start = 8 + int.from_bytes(content[:8], "little")
    length = len(content) - start
    weights = sum(t.nbytes for t in network.tensors.values())
    for place in start + length - 1 - rng.integers(0, weights, 40):  # the numbers lie at the end
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        assert cache.restore("a") is None, place


def test_what_has_no_form_is_not_kept(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    network, _ = captured("residual")
    node = next(n for n in network.graph.nodes if n.op == "call_function")
    node.target = torch.ops.aten.from_file.default
    with caplog.at_level(logging.INFO):
        assert not cache.store("a", network)
    assert "is not in the table" in caplog.text
    assert not list(folder.glob("*"))


def test_the_least_recently_used_give_way(folder: Path) -> None:
    network, _ = captured("residual")
    for number, name in enumerate("abc"):
        cache.store(name, network)
        os.utime(folder / f"{name}.network", (number, number))
    size = (folder / "a.network").stat().st_size
    assert cache.restore("a") is not None  # used: now b is the oldest
    cache.store("d", network, limit=3 * size + 10)
    assert {path.stem for path in folder.glob("*.network")} == {"a", "c", "d"}
    assert not cache.store("e", network, limit=10)
    assert cache.restore("e") is None
    cache.clear()
    assert not list(folder.glob("*"))


def test_what_a_dead_process_left_is_swept_away(folder: Path) -> None:
    network, _ = captured("residual")
    folder.mkdir()
    old, young = folder / "half-1.tmp", folder / "half-2.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    cache.store("a", network)
    assert not old.exists()
    assert young.exists()


def test_a_cache_that_cannot_be_written_is_none(folder: Path, tmp_path: Path) -> None:
    folder.write_text("a file stands where the folder should be")
    network, _ = captured("residual")
    path = tmp_path / "weights"
    path.write_bytes(b"1")
    assert cache.kept(lambda: network, [path]) is network


def test_an_empty_place_means_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, _ = captured("residual")
    path = tmp_path / "weights"
    path.write_bytes(b"1")
    assert cache.kept(lambda: network, [path]) is network
    assert cache.kept(lambda: network, [path]) is network
    assert not (tmp_path / "lrp-explorer").exists()


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LRP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for platform, expected in {
        "linux": tmp_path,
        "win32": tmp_path / "local",
        "darwin": tmp_path / "home" / "Library" / "Caches",
    }.items():
        monkeypatch.setattr("sys.platform", platform)
        assert cache.directory() == expected / "lrp-explorer" / "networks"
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says: to be ignored
    assert cache.directory() == tmp_path / "home" / ".cache" / "lrp-explorer" / "networks"


def _busy(seed: int) -> int:
    """In a process of its own: store, restore and make room, many times over."""
    torch.set_num_threads(1)
    torch.manual_seed(4)
    network = lrp.capture(Residual(), torch.randn(2, 6))
    good = 0
    for step in range(60):
        name = "abcd"[(seed + step) % 4]
        cache.store(name, network, limit=40_000)
        found = cache.restore(name)
        good += found is None or torch.equal(found.tensors["head.weight"], network.tensors["head.weight"])
    return good


def test_two_processes_at_once_never_see_a_part(caplog: pytest.LogCaptureFixture) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_busy, [0, 1]) == [60, 60]
