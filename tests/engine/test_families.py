"""Known families: built by their installed package, filled with the file's tensors, and nothing fetched or run."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.captured import families
from lrp_engine.networks.captured.families import candidates, load_family
from lrp_engine.networks.graphs.running import outputs_of
from tests.engine.captured import one_thread  # noqa: F401


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and no network."""
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was made"))


# ------------------------------------------------------------------------------------------------ transformers

transformers = pytest.importorskip("transformers")
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
MODELS = {
    "BertForSequenceClassification": (
        "BertConfig",
        {**SMALL, "vocab_size": 50, "max_position_embeddings": 40, "id2label": {0: "bad", 1: "good", 2: "so-so"}},
        "input_ids",
        (16,),
    ),
    "GPT2LMHeadModel": (
        "GPT2Config",
        {
            "vocab_size": 50,
            "n_embd": 16,
            "n_layer": 1,
            "n_head": 2,
            "n_positions": 12,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
        "input_ids",
        (12,),
    ),
    "ViTForImageClassification": (
        "ViTConfig",
        {**SMALL, "image_size": 12, "patch_size": 4, "num_labels": 3},
        "pixel_values",
        (3, 12, 12),
    ),
    "LlamaForCausalLM": (
        "LlamaConfig",
        {**SMALL, "vocab_size": 40, "max_position_embeddings": 64, "num_key_value_heads": 1},
        "input_ids",
        (16,),
    ),
}


def folder(tmp_path: Path, name: str, *, change=None, config=None) -> tuple[nn.Module, Path]:
    """A model's folder as the library writes it: config.json and model.safetensors."""
    kind, settings, _, _ = MODELS[name]
    torch.manual_seed(1)
    made = getattr(transformers, kind)(**settings)
    module = getattr(transformers, name)(made).eval()
    described = {**json.loads(made.to_json_string()), "architectures": [name], **(config or {})}
    (tmp_path / "config.json").write_text(json.dumps(described))
    state = {key: value.clone() for key, value in module.state_dict().items()}
    for tied in (
        (getattr(module, "_tied_weights_keys", None) or ()) if getattr(made, "tie_word_embeddings", True) else ()
    ):
        state.pop(tied, None)
    if change:
        change(state)
    save_file(state, tmp_path / "model.safetensors")
    return module, tmp_path / "model.safetensors"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_transformers_by_its_config(tmp_path: Path, name: str) -> None:
    module, path = folder(tmp_path, name)
    weights = lrp.open_weights(path)
    (found, *_) = candidates(weights)
    assert (found.kind, found.problems) == ("family", ())
    assert found.title == f"{name} (transformers)"
    network = lrp.load(path, found)
    _, settings, key, shape = MODELS[name]
    (entry,) = network.inputs
    assert (entry.name, entry.shape) == (key, (None, *shape))
    x = torch.randn(3, *shape) if key == "pixel_values" else torch.randint(0, settings["vocab_size"], (3, *shape))
    with torch.no_grad():
        wanted = module(**{key: x}).logits
    torch.testing.assert_close(outputs_of(network, {key: x})["logits"], wanted, rtol=1e-4, atol=1e-5)
    assert any(note.startswith(f"Built as {name} by transformers") for note in network.notes)
    assert any("Assumed: the input" in note for note in network.notes)
    if "id2label" in settings:
        assert network.outputs[0].classes == ("bad", "good", "so-so")


def test_the_length_of_sequences_can_be_given(tmp_path: Path) -> None:
    _, path = folder(tmp_path, "BertForSequenceClassification")
    weights = lrp.open_weights(path)
    (found, *_) = candidates(weights)
    assert load_family(weights, found, sizes={"sequence": 5}).inputs[0].shape == (None, 5)
    both = load_family(weights, found, sizes={"input_ids": (None, 7), "attention_mask": (None, 7)})
    assert {entry.name: entry.shape for entry in both.inputs} == {"input_ids": (None, 7), "attention_mask": (None, 7)}
    for wrong in ({"sequence": 0}, {"input_ids": (None, -1)}):
        with pytest.raises(lrp.NeedsSizes):
            load_family(weights, found, sizes=wrong)


def test_what_does_not_fit_transformers_is_said(tmp_path: Path) -> None:
    def change(state: dict) -> None:
        state["classifier.bias"] = torch.zeros(7)
        del state["bert.pooler.dense.weight"]
        state["unknown"] = torch.zeros(2)

    _, path = folder(tmp_path, "BertForSequenceClassification", change=change)
    weights = lrp.open_weights(path)
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_family(weights, candidates(weights)[0])
    assert "“classifier.bias” is 7 in the file, but 3 in the model" in str(caught.value)
    assert "“bert.pooler.dense.weight” is missing in the file" in str(caught.value)


def test_tensors_that_the_model_has_no_place_for_are_noted(tmp_path: Path) -> None:
    _, path = folder(tmp_path, "BertForSequenceClassification", change=lambda s: s.update(unknown=torch.zeros(2)))
    weights = lrp.open_weights(path)
    network = load_family(weights, candidates(weights)[0])
    assert any("leaves 1 tensors unused: unknown" in note for note in network.notes)


def test_a_config_of_another_model_is_a_poor_candidate(tmp_path: Path) -> None:
    folder(tmp_path, "BertForSequenceClassification")
    torch.save(nn.Linear(3, 3).state_dict(), tmp_path / "other.pth")
    (found,) = candidates(lrp.open_weights(tmp_path / "other.pth"))
    assert found.score < 0.3
    assert "no tensor has its width of 16" in found.reason


HOSTILE = {
    "auto_map": {"AutoModelForSequenceClassification": "evil.Model"},  # code in the folder
    "_attn_implementation": "kernels-community/evil",  # kernels that would be fetched
    "attn_implementation": "someone/evil",
    "use_kernels": True,
    "transformers_weights": "/etc/passwd",
    "_name_or_path": "someone/evil",
}


def test_nothing_from_elsewhere_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('ran', 'w')")
    _, path = folder(tmp_path, "BertForSequenceClassification", config=HOSTILE)
    weights = lrp.open_weights(path)
    network = load_family(weights, candidates(weights)[0])
    assert network.outputs[0].units == 3
    assert not Path("ran").exists()


REFUSED = {
    "no class": ({"architectures": ["os.system"]}, "has no model “os.system”"),
    "a class of another kind": ({"architectures": ["BertConfig"]}, "has no model “BertConfig”"),
    "no family": ({"model_type": "evil"}, "knows no family “evil”"),
    "quantised": ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantised weights"),
    "layers without end": ({"num_hidden_layers": 10**9}, "asks for 1000000000 num_hidden_layers"),
    "more memory than there is": ({"vocab_size": 10**12}, "belongs to another file"),
    "a number beyond all numbers": ({"hidden_size": 10**30}, "which no network has"),
    "impossible sizes": ({"num_attention_heads": 7}, "cannot build BertForSequenceClassification"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_config_that_the_library_cannot_follow_is_a_sentence(tmp_path: Path, how: str) -> None:
    config, said = REFUSED[how]
    _, path = folder(tmp_path, "BertForSequenceClassification", config=config)
    weights = lrp.open_weights(path)
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_family(weights, candidates(weights)[0])
    assert said in str(caught.value)


def test_the_library_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from huggingface_hub import constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    _, path = folder(tmp_path, "ViTForImageClassification")
    weights = lrp.open_weights(path)
    load_family(weights, candidates(weights)[0])
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == (verbosity, bars)
    assert constants.HF_HUB_OFFLINE is False
    assert "HF_HUB_OFFLINE" not in os.environ


def test_candidates_need_neither_torch_nor_a_package(tmp_path: Path) -> None:
    _, path = folder(tmp_path, "BertForSequenceClassification")
    code = (
        "import sys; from lrp_engine import open_weights\n"
        "from lrp_engine.networks.captured.families import candidates\n"
        f"print(candidates(open_weights({str(path)!r}))[0].title)\n"
        "assert not {'torch', 'transformers', 'torchvision', 'timm'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "BertForSequenceClassification (transformers)"


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"model_type": 3}', '{"architectures": {}}', "[" * 100_000, "null"])
def test_a_config_that_is_none_is_left_alone(tmp_path: Path, text: str) -> None:
    torch.save(nn.Linear(3, 3).state_dict(), tmp_path / "weights.pth")
    (tmp_path / "config.json").write_text(text)
    assert candidates(lrp.open_weights(tmp_path / "weights.pth")) == []


# ------------------------------------------------------------------------------------------------ torchvision, timm

# A package of the same interface, as torchvision itself does not run beside this torch.
MODELS_PY = """
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)

        def forward(self, x):
            return torch.relu(self.bn1(self.conv1(x)) + x)

    class ResNet(nn.Module):
        def __init__(self, width, blocks, num_classes=1000):
            super().__init__()
            self.conv1 = nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)
            self.layer1 = nn.Sequential(*[Block(width) for _ in range(blocks)])
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(width, num_classes)
            self.register_buffer("table", torch.arange(float(width)), persistent=False)

        def forward(self, x):
            return self.fc(self.avgpool(self.layer1(self.conv1(x))).flatten(1) + self.table)

    MADE = []
    _MODELS = {"resnet18": (8, 1), "resnet34": (8, 2), "wide_resnet50_2": (12, 1), "vgg11": (3, 1)}

    def list_models(module=None):
        return sorted(_MODELS)

    def get_model(name, weights="DEFAULT", **settings):
        assert weights is None, "weights would be fetched"
        return ResNet(*_MODELS[name], **settings)

    def create_model(name, pretrained=True, **settings):
        assert pretrained is False, "weights would be fetched"
        return ResNet(*_MODELS[name], **settings)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install packages of these names and texts for a test."""
    root = tmp_path / "site"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    monkeypatch.setattr(families, "_version", lambda _: "1")

    def install(name: str, text: str = MODELS_PY, module: str = "models") -> None:
        (root / name).mkdir()
        (root / name / "__init__.py").write_text("" if module else textwrap.dedent(text))
        if module:
            (root / name / f"{module}.py").write_text(textwrap.dedent(text))

    known = set(sys.modules)
    yield install
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in {"torchvision", "timm"}:
            del sys.modules[name]


def residual(tmp_path: Path, width: int = 8, blocks: int = 2, classes: int = 4, **state) -> tuple[nn.Module, Path]:
    space: dict = {"__name__": "made"}
    exec(compile(textwrap.dedent(MODELS_PY), "models.py", "exec"), space)
    torch.manual_seed(3)
    module = space["ResNet"](width, blocks, classes).eval()
    path = tmp_path / "resnet34-b627a593.pth"
    torch.save({**module.state_dict(), **state}, path)
    return module, path


@pytest.mark.parametrize("name", ["torchvision", "timm"])
def test_a_model_of_a_zoo_by_its_tensors(tmp_path: Path, package, name: str) -> None:
    package(name, module="models" if name == "torchvision" else "")
    module, path = residual(tmp_path)
    weights = lrp.open_weights(path)
    found = next(one for one in candidates(weights) if one.source.package == name)
    assert found.problems == ()
    network = load_family(weights, found)
    assert network.notes[0].startswith(f"Built as resnet34 of {name}")
    assert network.inputs[0].shape == (None, 3, 32, 32)
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(outputs_of(network, {"x": x})["output"], module(x).detach(), rtol=1e-4, atol=1e-5)
    assert [layer.path for layer in network.layers][:2] == ["conv1", "layer1.0.conv1"]


def test_the_closest_model_is_compared_tensor_by_tensor(tmp_path: Path, package) -> None:
    package("torchvision")
    _, path = residual(tmp_path, extra=torch.zeros(5))
    weights = lrp.open_weights(path)
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_family(weights, candidates(weights)[0])
    assert "No model of torchvision fits; the closest, resnet34," in str(caught.value)
    assert "“extra” (5) has no place in the model" in str(caught.value)


def test_a_package_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "_installed", lambda name: False)
    _, path = residual(tmp_path)
    weights = lrp.open_weights(path)
    (found,) = candidates(weights)
    assert found.score < 0.2
    assert "torchvision is not installed" in found.problems[0]
    with pytest.raises(lrp.ArchitectureError, match="torchvision is not installed"):
        load_family(weights, found)


def test_a_package_that_is_broken_is_said(tmp_path: Path, package) -> None:
    package("torchvision", "raise RuntimeError('operator torchvision::nms does not exist')")
    _, path = residual(tmp_path)
    weights = lrp.open_weights(path)
    with pytest.raises(lrp.ArchitectureError, match=r"cannot be used here: operator torchvision::nms does not exist"):
        load_family(weights, candidates(weights)[0])


def test_a_timm_model_by_its_config(tmp_path: Path, package) -> None:
    package("timm", module="")
    _, path = residual(tmp_path)
    config = {"architecture": "resnet34", "num_classes": 4, "pretrained_cfg": {"input_size": [3, 20, 20]}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = lrp.open_weights(path)
    found = candidates(weights)[0]
    assert found.title == "resnet34 (timm)"
    network = load_family(weights, found)
    assert network.inputs[0].shape == (None, 3, 20, 20)
    for name in ("hf-hub:someone/evil", "local-dir:/tmp", "../evil", "Res Net"):
        (tmp_path / "config.json").write_text(json.dumps({"architecture": name}))
        assert all(one.source.name != name for one in candidates(weights))


def test_the_second_opening_comes_from_the_cache(tmp_path: Path, package, monkeypatch: pytest.MonkeyPatch) -> None:
    package("torchvision")
    _, path = residual(tmp_path)
    weights = lrp.open_weights(path)
    found = candidates(weights)[0]
    first = load_family(weights, found)
    monkeypatch.setattr("lrp_engine.networks.captured.family_images.build", lambda *_: pytest.fail("made again"))
    assert load_family(weights, found).notes == first.notes
