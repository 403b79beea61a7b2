"""The same network in every format that the program opens, so that each can be tried and tested."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors.torch
import torch
from torch import Tensor, nn

DESCRIPTION = "lrp.json"  # names of features and classes, inside formats that can carry a text
STAMP = (1980, 1, 1, 0, 0, 0)  # the date of every member of a zip, so that its bytes do not tell the day


def write_state_dicts(network: nn.Module, folder: Path, name: str) -> None:
    """Write the weights alone: torch's zip, torch's format before 1.6, safetensors and numpy's zip."""
    state = network.state_dict()
    torch.save(state, folder / f"{name}.pth")
    torch.save(state, folder / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(state, folder / f"{name}.safetensors")
    _write_npz({key: value.numpy() for key, value in state.items()}, folder / f"{name}.npz")


def write_programs(
    network: nn.Module, folder: Path, name: str, example: Tensor, input_name: str, description: dict[str, Any]
) -> None:
    """Write weights with their graph: ONNX and TorchScript, both for any number of samples.

    Parameters
    ----------
    example : Tensor
        (samples, …), two samples or more.
    input_name : str
        The name of the one input.
    description : dict
        What `lrp.json` holds: names of features and classes.
    """
    text = json.dumps(description, ensure_ascii=False)
    output_name = description["outputs"][0]["name"]
    path = folder / f"{name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises its other exporters, which need a library more
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=False,
            input_names=[input_name],
            output_names=[output_name],
            dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}},
        )
        model = onnx.load(path)
        model.metadata_props.add(key=DESCRIPTION, value=text)
        onnx.save(model, path)
        path = folder / f"{name}_torchscript.pt"
        torch.jit.save(torch.jit.script(network), path, _extra_files={DESCRIPTION: text})
    _leave_out_source_paths(path)


def _leave_out_source_paths(path: Path) -> None:
    """Write a TorchScript archive again without what it remembers of this machine's files."""
    with zipfile.ZipFile(path) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if not name.endswith(".debug_pkl"):
                archive.writestr(zipfile.ZipInfo(name, STAMP), content)


def _write_npz(arrays: dict[str, np.ndarray], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", STAMP), content.getvalue())
